//! Rules that several profiles have.

use super::{Candidate, MetadataFacts, ModelEntry};
use crate::ctap::get_info::Info;
use crate::webauthn::explain::facts::{Verification, list};
use crate::webauthn::explain::finding::{Finding, Remedy, Rule, Source};
use crate::webauthn::explain::person;
use crate::webauthn::trust::Reported;
use crate::wire::cose::Algorithm;

/// Web Authentication Level 3.
pub(super) const WEBAUTHN: Source =
    Source { document: "W3C, Web Authentication Level 3", date: Some("2026-08-25") };

/// CTAP 2.3.
pub(super) const CTAP: Source = Source {
    document: "FIDO Alliance, Client to Authenticator Protocol 2.3",
    date: Some("2026-02-26"),
};

/// The key speaks FIDO2, and what it says of itself; nothing more where it does not.
pub(super) fn fido2<'a>(candidate: &Candidate<'a>, source: Source) -> (Finding, Option<&'a Info>) {
    let rule = Rule::new("fido2", "The key speaks FIDO2", "FIDO 2.0 or later");
    let other = Remedy::OtherKey { that: "that speaks FIDO2".into() };
    let Some(info) = candidate.key.info else {
        let (seen, why) = candidate.key.instead_of_fido2();
        return (rule.fail(seen, why).help(other).from(source), None);
    };
    let versions = list(&info.versions);
    let finding = if info.versions.iter().any(|version| version.starts_with("FIDO_2_")) {
        rule.pass(versions)
    } else {
        rule.fail(versions, "the key names no version of FIDO2").help(other)
    };
    (finding.from(source), Some(info))
}

/// The key can keep passkeys and has room for one more.
pub(super) fn passkeys(info: &Info, source: Source) -> Vec<Finding> {
    let rule = Rule::new("resident_key", "The key can keep passkeys", "resident credentials (rk)");
    if info.options().rk() == Some(true) {
        let room = crate::webauthn::explain::credential::room(info);
        return vec![rule.pass("yes").from(source), room.from(CTAP)];
    }
    let why = "the key cannot keep passkeys (resident credentials)";
    let other = Remedy::OtherKey { that: "that can keep passkeys".into() };
    vec![rule.fail("the key cannot", why).help(other).from(source)]
}

/// What a service does about a key that has no PIN yet.
#[derive(Clone, Copy, Debug)]
pub(super) enum WithoutPin {
    /// It has the person set one when the key is registered; where that is written.
    SetThen(Source),
    /// Nobody knows, so that it has to be set before.
    Unknown,
}

/// The key can verify the person, and is set up for it.
pub(super) fn verification(
    candidate: &Candidate<'_>,
    info: &Info,
    without: WithoutPin,
    source: Source,
) -> Vec<Finding> {
    let verification = Verification::of(info);
    let rule =
        Rule::new("user_verification", "A PIN or fingerprint is set up", "a PIN or fingerprint");
    let seen = verification.seen();
    match verification {
        Verification::Own => vec![rule.pass(seen).from(source)],
        Verification::Pin => {
            let tries = person::pin_tries(candidate.key.pin_tries);
            let own = tries.into_iter().chain([person::pin_change(info)]);
            let own = own.map(|finding| finding.from(CTAP));
            [rule.pass(seen).from(source)].into_iter().chain(own).collect()
        }
        Verification::PinNotSet => vec![match without {
            WithoutPin::SetThen(source) => rule
                .warn(
                    seen,
                    "the key has no PIN yet, and you will be asked to make one up when you register \
                     it",
                )
                .help(Remedy::SetPin)
                .from(source),
            WithoutPin::Unknown => {
                rule.fail(seen, "the key has no PIN yet").help(Remedy::SetPin).from(source)
            }
        }],
        Verification::OwnNotSetUp => vec![
            rule.fail(seen, "the key's own verification, such as a fingerprint, is not set up")
                .help(Remedy::SetUpOwnVerification)
                .from(source),
        ],
        Verification::Impossible => vec![
            rule.fail(seen, "the key can have neither a PIN nor a fingerprint")
                .help(Remedy::OtherKey { that: "that can have a PIN".into() })
                .from(source),
        ],
    }
}

/// The key knows one of the algorithms.
pub(super) fn algorithm(accepted: &[Algorithm], info: &Info, source: Source) -> Finding {
    let finding = crate::webauthn::explain::credential::algorithm(accepted, info);
    // Nobody who holds a key can change what a service accepts.
    let remedies = finding.remedies.iter();
    let own = remedies.filter(|remedy| !matches!(remedy, Remedy::AskOtherwise { .. })).cloned();
    Finding { remedies: own.collect(), ..finding }.from(source)
}

/// The key's model, which an organisation may have on a list.
pub(super) fn model_list(info: &Info, source: Source) -> Finding {
    let rule = Rule::new(
        "model_list",
        "The organisation admits this model",
        "not on a list of blocked models, or on the list of admitted ones",
    );
    let Some(aaguid) = info.aaguid.filter(|aaguid| aaguid.0 != [0; 16]) else {
        let why = "the key does not say which model it is (its AAGUID is zero), and an organisation \
                   that admits only certain models refuses it";
        return rule.warn("no model", why).help(Remedy::AskForModel { named: false }).from(source);
    };
    let why = "only the organisation knows which models it admits";
    rule.not_checked(format!("AAGUID {aaguid}"), why)
        .help(Remedy::AskForModel { named: true })
        .from(source)
}

/// The FIDO metadata knows the model, as certified and not withdrawn, and is not out of date.
pub(super) fn metadata(facts: &MetadataFacts, info: &Info, source: Source) -> Vec<Finding> {
    let mut findings = vec![model_entry(&facts.model, info).from(source)];
    if facts.model != ModelEntry::NoMetadata {
        let rule =
            Rule::new("metadata_fresh", "The FIDO metadata is up to date", "the newest release");
        findings.push(
            match facts.overdue_since {
                None => rule.pass("no newer one was due"),
                Some(date) => rule
                    .warn(
                        format!("a newer one was due on {date}"),
                        format!("the metadata that was imported is old: a newer release was due on {date}"),
                    )
                    .help(Remedy::ImportMetadata),
            }
            .from(source),
        );
    }
    findings
}

/// What the FIDO metadata says of the model.
fn model_entry(model: &ModelEntry, info: &Info) -> Finding {
    let rule = Rule::new(
        "metadata",
        "The FIDO metadata lists the model as certified",
        "an entry with a FIDO2 certification and all abilities, and not withdrawn",
    );
    let other = || Remedy::OtherKey { that: "of a certified model".into() };
    if info.aaguid.is_none_or(|aaguid| aaguid.0 == [0; 16]) {
        let why = "the key does not say which model it is (its AAGUID is zero), so that no entry can \
                   be its";
        return rule.fail("no model", why).help(other());
    }
    match model {
        ModelEntry::NoMetadata => {
            rule.not_checked("", "no metadata was imported").help(Remedy::ImportMetadata)
        }
        ModelEntry::NotListed => rule
            .fail("no entry", "the FIDO metadata has no entry for this model")
            .help(other())
            .help(Remedy::ImportMetadata),
        ModelEntry::Listed { description, withdrawn: Some(status), .. } => rule
            .fail(
                format!("{description}: {status}"),
                format!("the FIDO metadata says {status} of this model"),
            )
            .help(other()),
        ModelEntry::Listed { description, certification: None, .. } => rule
            .fail(
                format!("{description}, without certification"),
                "the FIDO metadata lists the model without a FIDO2 certification",
            )
            .help(other()),
        ModelEntry::Listed { description, has_roots: false, .. } => rule
            .fail(
                format!("{description}, without roots"),
                "the FIDO metadata has no root certificate for this model",
            )
            .help(other()),
        ModelEntry::Listed { description, lacks, .. } if !lacks.is_empty() => rule
            .fail(
                format!("{description}, without {}", list(lacks)),
                format!("the FIDO metadata does not say that this model can do {}", list(lacks)),
            )
            .help(other()),
        ModelEntry::Listed {
            description,
            certification: Some(status),
            reported: Reported::Against(report),
            ..
        } => rule.warn(
            format!("{description}: {status}; {report}"),
            format!(
                "the FIDO metadata reports {report}, so that the service may refuse this model"
            ),
        ),
        ModelEntry::Listed {
            description,
            certification: Some(status),
            reported: Reported::Unreadable,
            ..
        } => rule.not_checked(
            format!("{description}: {status}"),
            "not all that the FIDO metadata reports of this model could be read",
        ),
        ModelEntry::Listed { description, certification: Some(status), .. } => {
            rule.pass(format!("{description}: {status}"))
        }
    }
}
