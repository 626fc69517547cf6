//! A second factor beside a password, by U2F or by FIDO2 without a passkey.

use super::rules;
use super::{Candidate, Profile};
use crate::webauthn::explain::finding::{Finding, Remedy, Rule, Source};
use crate::wire::cose::Algorithm;

/// A second factor alone.
pub(super) const PROFILE: Profile = Profile {
    name: "u2f",
    service: "a service with security keys as a second factor",
    variant: None,
    about: "A touch of the key beside a password; nothing is kept on the key.",
    uses_metadata: false,
    rules: check,
};

/// U2F in FIDO2's own words.
const U2F: Source = Source {
    document: "FIDO Alliance, Client to Authenticator Protocol 2.3, interoperating with U2F",
    date: Some("2026-02-26"),
};

fn check(candidate: &Candidate<'_>) -> Vec<Finding> {
    let key = candidate.key;
    let rule = Rule::new("protocol", "The key speaks U2F or FIDO2", "U2F, or FIDO 2.0 or later");
    let both = match (key.info.is_some(), key.speaks_u2f) {
        (true, true) => "FIDO2 and U2F",
        (true, false) => "FIDO2",
        (false, true) => "U2F only",
        (false, false) => "neither",
    };
    let Some(info) = key.info else {
        let finding = if key.speaks_u2f {
            rule.pass(both)
        } else {
            rule.fail(both, "the key speaks neither of them")
                .help(Remedy::OtherKey { that: "that speaks U2F or FIDO2".into() })
        };
        return vec![finding.from(U2F)];
    };
    let mut findings = vec![rule.pass(both).from(U2F)];
    findings.push(rules::algorithm(&[Algorithm::ES256], info, rules::WEBAUTHN));
    let rule = Rule::new("touch_only", "A touch is enough", "no PIN at every use");
    findings.push(
        if info.always_verifies() {
            let why = "the key wants its PIN or a fingerprint at every use (alwaysUv), and then \
                       may speak no U2F";
            rule.warn("alwaysUv is on", why).help(Remedy::ShowInfo)
        } else {
            rule.pass("yes")
        }
        .from(rules::CTAP),
    );
    findings
}
