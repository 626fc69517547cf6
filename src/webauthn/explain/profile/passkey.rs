//! Passkeys in general: signing in by the key alone.

use super::rules::{self, WithoutPin};
use super::{Candidate, Profile};
use crate::webauthn::explain::finding::{Finding, Rule};
use crate::wire::cose::Algorithm;

/// Discoverable credentials with user verification.
pub(super) const PROFILE: Profile = Profile {
    name: "passkey",
    service: "a service with passkeys",
    variant: None,
    about: "Signing in without a password, by a passkey on the key and its PIN or a fingerprint.",
    uses_metadata: false,
    rules: check,
};

/// What services are advised to accept (WebAuthn Level 3 section 5.4).
const ACCEPTED: [Algorithm; 3] = [Algorithm::EDDSA, Algorithm::ES256, Algorithm::RS256];

fn check(candidate: &Candidate<'_>) -> Vec<Finding> {
    let (spoken, info) = rules::fido2(candidate, rules::CTAP);
    let Some(info) = info else { return vec![spoken] };
    let mut findings = vec![spoken];
    findings.extend(rules::passkeys(info, rules::WEBAUTHN));
    findings.extend(rules::verification(candidate, info, WithoutPin::Unknown, rules::WEBAUTHN));
    findings.push(rules::algorithm(&ACCEPTED, info, rules::WEBAUTHN));
    let options = info.options();
    let managed =
        options.cred_mgmt() == Some(true) || options.credential_mgmt_preview() == Some(true);
    let rule = Rule::new(
        "credential_management",
        "Passkeys can be listed and deleted one by one",
        "credential management (credMgmt)",
    );
    findings.push(
        if managed {
            rule.pass("yes")
        } else {
            let why = "passkeys cannot be listed or deleted on this key; only a reset removes them, \
                       all at once";
            rule.warn("the key cannot", why)
        }
        .from(rules::CTAP),
    );
    findings
}
