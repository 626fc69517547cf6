//! What became of a model: status reports (FIDO Metadata Service version 3, section 3.1.4).

use super::{CertificateFacts, TrustSource};
use crate::webauthn::check::{Check, Rule};
use crate::webauthn::metadata::{Date, Entry, StatusReport};

/// No key of the model is to be trusted any more.
const REVOKED: &str = "REVOKED";

/// The keys that attest the model are known to others; may be limited to one certificate.
const ATTESTATION_KEY_COMPROMISE: &str = "ATTESTATION_KEY_COMPROMISE";

/// What newer firmware may mend.
const MENDABLE: [&str; 3] =
    ["USER_VERIFICATION_BYPASS", "USER_KEY_REMOTE_COMPROMISE", "USER_KEY_PHYSICAL_COMPROMISE"];

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

/// Is there a report that speaks against the model?
pub(super) fn check(
    rule: Rule,
    entry: &Entry,
    certificates: &[&CertificateFacts],
    source: &TrustSource<'_>,
) -> Check {
    let today = Date::of_moment(source.at);
    let reports: Vec<&StatusReport> = entry
        .status_reports
        .iter()
        .filter(|report| report.effective_date.is_none_or(|date| date <= today))
        .collect();
    let firmware = source.info.and_then(|info| info.firmware_version);
    let mut unsure = Vec::new();
    for report in &reports {
        let status = report.status.as_str();
        let stands_against = match status {
            REVOKED => true,
            ATTESTATION_KEY_COMPROMISE => concerns(report, certificates),
            _ if MENDABLE.contains(&status) => match (mended_in(report, &reports), firmware) {
                (None, _) => true,
                (Some(update), Some(firmware)) => firmware < update,
                (Some(update), None) => {
                    unsure.push(format!(
                        "{}, which firmware version {update} mends; the key's is not known",
                        words(report)
                    ));
                    false
                }
            },
            _ => false,
        };
        if stands_against {
            return rule.failed("no such report", words(report));
        }
    }
    if !unsure.is_empty() {
        return rule.not_checked(unsure.join("; "));
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
