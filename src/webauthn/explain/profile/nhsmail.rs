//! NHSmail: a FIDO2 token as a second factor.

use super::rules::{self, WithoutPin};
use super::{Candidate, Profile};
use crate::webauthn::explain::finding::{Finding, Rule, Source};

/// A FIDO2 token beside the password.
pub(super) const PROFILE: Profile = Profile {
    name: "nhsmail",
    service: "NHSmail",
    variant: None,
    about: "A FIDO2 token as the second factor beside the password.",
    uses_metadata: false,
    rules: check,
};

/// What users do.
const USERS: Source =
    Source { document: "NHSmail support, Getting started with FIDO2", date: None };

/// What local administrators do.
const ADMINISTRATORS: Source =
    Source { document: "NHSmail support, FIDO2 admin guide", date: None };

/// The shortest PIN that the guides name, in characters.
const SHORTEST_PIN: u64 = 4;

fn check(candidate: &Candidate<'_>) -> Vec<Finding> {
    let (spoken, info) = rules::fido2(candidate, USERS);
    let Some(info) = info else { return vec![spoken] };
    let mut findings = vec![spoken];
    findings.extend(rules::verification(candidate, info, WithoutPin::SetThen(USERS), USERS));
    let rule = Rule::new(
        "pin_length",
        "A PIN of 4 characters or more will do",
        format!("at least {SHORTEST_PIN} characters"),
    );
    let shortest = info.min_pin_length();
    let seen = format!("the key wants at least {shortest}");
    findings.push(
        if info.options().client_pin().is_none() {
            rule.pass("the key has no PIN, and verifies people in another way")
        } else if shortest > SHORTEST_PIN {
            let why = format!("this key takes only PINs of {shortest} characters or more");
            rule.warn(seen, why)
        } else {
            rule.pass(seen)
        }
        .from(USERS),
    );
    let rule = Rule::new(
        "model_list",
        "The guides name no list of models",
        "any model, as far as the guides say",
    );
    let seen = info.aaguid.map_or_else(|| "no AAGUID".to_owned(), |id| format!("AAGUID {id}"));
    findings.push(rule.pass(seen).from(ADMINISTRATORS));
    findings
}
