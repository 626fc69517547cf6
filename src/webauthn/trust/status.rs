//! What became of a model: status reports (FIDO Metadata Service version 3, section 3.1.4).

use super::{CertificateFacts, TrustSource};
use crate::webauthn::check::{Check, Rule};
use crate::webauthn::metadata::{Date, Entry, StatusReport};

/// What the FIDO Alliance says of models, in the order of section 3.1.4; what it says one day that is not
/// here is kept as it is.
pub const STATUSES: [&str; 20] = [
    NOT_CERTIFIED,
    "FIDO_CERTIFIED",
    USER_VERIFICATION_BYPASS,
    ATTESTATION_KEY_COMPROMISE,
    USER_KEY_REMOTE_COMPROMISE,
    USER_KEY_PHYSICAL_COMPROMISE,
    UPDATE_AVAILABLE,
    REVOKED,
    "SELF_ASSERTION_SUBMITTED",
    "FIDO_CERTIFIED_L1",
    "FIDO_CERTIFIED_L1plus",
    "FIDO_CERTIFIED_L2",
    "FIDO_CERTIFIED_L2plus",
    "FIDO_CERTIFIED_L3",
    "FIDO_CERTIFIED_L3plus",
    "RETIRED",
    "FIPS140_CERTIFIED_L1",
    "FIPS140_CERTIFIED_L2",
    "FIPS140_CERTIFIED_L3",
    "FIPS140_CERTIFIED_L4",
];

/// No key of the model is to be trusted any more.
const REVOKED: &str = "REVOKED";

/// The keys that attest the model are known to others; may be limited to one certificate.
const ATTESTATION_KEY_COMPROMISE: &str = "ATTESTATION_KEY_COMPROMISE";

/// What newer firmware may mend.
const MENDABLE: [&str; 3] =
    [USER_VERIFICATION_BYPASS, USER_KEY_REMOTE_COMPROMISE, USER_KEY_PHYSICAL_COMPROMISE];
const USER_VERIFICATION_BYPASS: &str = "USER_VERIFICATION_BYPASS";
const USER_KEY_REMOTE_COMPROMISE: &str = "USER_KEY_REMOTE_COMPROMISE";
const USER_KEY_PHYSICAL_COMPROMISE: &str = "USER_KEY_PHYSICAL_COMPROMISE";

/// Newer firmware is to be had.
const UPDATE_AVAILABLE: &str = "UPDATE_AVAILABLE";

/// The model was certified once and is not any more.
const NOT_CERTIFIED: &str = "NOT_FIDO_CERTIFIED";

/// Certifications, from the lowest to the highest.
const CERTIFICATIONS: [&str; 7] = [
    "FIDO_CERTIFIED",
    "FIDO_CERTIFIED_L1",
    "FIDO_CERTIFIED_L1plus",
    "FIDO_CERTIFIED_L2",
    "FIDO_CERTIFIED_L2plus",
    "FIDO_CERTIFIED_L3",
    "FIDO_CERTIFIED_L3plus",
];

/// The highest certification of a model that is in force on a day, as received.
pub fn certification(entry: &Entry, today: Date) -> Option<String> {
    let in_force = |report: &&StatusReport| {
        report.effective_date.is_none_or(|date| date <= today)
            && report.sunset_date.is_none_or(|date| date > today)
    };
    let rank = |report: &StatusReport| CERTIFICATIONS.iter().position(|one| *one == report.status);
    let reports = || entry.status_reports.iter().filter(in_force);
    let best =
        reports().filter(|report| rank(report).is_some()).max_by_key(|report| rank(report))?;
    // A later report may have taken them all back.
    let last = reports()
        .filter(|report| rank(report).is_some())
        .filter_map(|one| one.effective_date)
        .max();
    let taken_back = reports().any(|report| {
        matches!(report.status.as_str(), NOT_CERTIFIED | REVOKED)
            && last.is_some_and(|last| report.effective_date.is_some_and(|date| date > last))
    });
    (!taken_back).then(|| best.status.clone())
}

/// What the reports that are in force on a day say against a model.
struct Against {
    /// The first report that stands against every key that is meant, in words.
    stands: Option<String>,
    /// Those of which it cannot be told whether they concern the key, in words.
    perhaps: Vec<String>,
}

impl Against {
    /// Looks through the reports. `firmware` is the key's version, where it is known; `concerns` says of
    /// a report that may be limited to a certificate whether it is about the key, where that is known.
    fn of(
        reports: &[&StatusReport],
        firmware: Option<u64>,
        concerns: impl Fn(&StatusReport) -> Option<bool>,
    ) -> Self {
        let mut perhaps = Vec::new();
        for report in reports {
            let status = report.status.as_str();
            let stands = match status {
                REVOKED => true,
                ATTESTATION_KEY_COMPROMISE => concerns(report).unwrap_or_else(|| {
                    perhaps.push(format!("{} of some of its keys", words(report)));
                    false
                }),
                _ if MENDABLE.contains(&status) => match (mended_in(report, reports), firmware) {
                    (None, _) => true,
                    (Some(update), Some(firmware)) => firmware < update,
                    (Some(update), None) => {
                        perhaps.push(format!(
                            "{}, which firmware version {update} mends; the key's is not known",
                            words(report)
                        ));
                        false
                    }
                },
                _ => false,
            };
            if stands {
                return Self { stands: Some(words(report)), perhaps };
            }
        }
        Self { stands: None, perhaps }
    }
}

/// The reports of a model that are in force on a day.
fn in_force(entry: &Entry, today: Date) -> Vec<&StatusReport> {
    let reports = entry.status_reports.iter();
    reports.filter(|report| report.effective_date.is_none_or(|date| date <= today)).collect()
}

/// Whether all reports of a model could be read.
fn all_read(entry: &Entry) -> bool {
    !entry.deviations.iter().any(|member| member == "statusReports")
}

/// What the metadata reports of a model, apart from a revocation, before it is known with which certificate
/// a key attests itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reported {
    /// Nothing that speaks against it.
    Nothing,
    /// This, in words.
    Against(String),
    /// Nobody knows: not all of its reports could be read.
    Unreadable,
}

/// What speaks against a model on a day, apart from a revocation, as far as it is known of a key with this
/// firmware version.
pub fn reported(entry: &Entry, today: Date, firmware: Option<u64>) -> Reported {
    let mut reports = in_force(entry, today);
    reports.retain(|report| report.status != REVOKED);
    let limited = |report: &StatusReport| {
        (report.certificate.is_none() && report.batch_certificate.is_none()).then_some(true)
    };
    let against = Against::of(&reports, firmware, limited);
    match against.stands.or_else(|| against.perhaps.into_iter().next()) {
        Some(words) => Reported::Against(words),
        None if all_read(entry) => Reported::Nothing,
        None => Reported::Unreadable,
    }
}

/// Is there a report that speaks against the model?
pub(super) fn check(
    rule: Rule,
    entry: &Entry,
    certificates: &[&CertificateFacts],
    source: &TrustSource<'_>,
) -> Check {
    let today = Date::of_moment(source.at);
    let reports = in_force(entry, today);
    let firmware = source.info.and_then(|info| info.firmware_version);
    let against = Against::of(&reports, firmware, |report| Some(concerns(report, certificates)));
    if let Some(stands) = against.stands {
        return rule.failed("no such report", stands);
    }
    if !all_read(entry) {
        return if source.required {
            rule.failed("status reports that can be read", "some that cannot")
        } else {
            rule.not_checked("its status reports could not all be read")
        };
    }
    if !against.perhaps.is_empty() {
        return rule.not_checked(against.perhaps.join("; "));
    }
    let update = reports.iter().find(|report| {
        report.status == UPDATE_AVAILABLE
            && !matches!((firmware, report.authenticator_version), (Some(has), Some(new)) if has >= new)
    });
    match (update, certification(entry, today)) {
        (Some(update), _) => rule.passed_with(words(update)),
        (None, Some(level)) => rule.passed_with(level),
        (None, None) => rule.passed_with("no certification"),
    }
}

/// Whether a report that may be limited to a certificate concerns one of these.
fn concerns(report: &StatusReport, certificates: &[&CertificateFacts]) -> bool {
    let named = [&report.certificate, &report.batch_certificate];
    let named: Vec<_> = named.into_iter().flatten().collect();
    named.is_empty()
        || named.iter().any(|one| certificates.iter().any(|facts| facts.chain.contains(one)))
}

/// The firmware version that mends what a report says, if a report says so that is not older.
fn mended_in(report: &StatusReport, reports: &[&StatusReport]) -> Option<u64> {
    reports
        .iter()
        .filter(|other| {
            other.status == UPDATE_AVAILABLE && other.effective_date >= report.effective_date
        })
        .filter_map(|other| other.authenticator_version)
        .max()
}

/// A report in words: `REVOKED since 2023-12-20`.
fn words(report: &StatusReport) -> String {
    let mut text = report.status.clone();
    if let Some(version) = report.authenticator_version {
        text.push_str(&format!(" for firmware version {version}"));
    }
    if let Some(date) = report.effective_date {
        text.push_str(&format!(" since {date}"));
    }
    if let Some(url) = &report.url {
        text.push_str(&format!("; see {url}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_certification_is_a_status() {
        assert!(CERTIFICATIONS.iter().all(|status| STATUSES.contains(status)));
    }
}
