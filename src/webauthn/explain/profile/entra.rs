//! Microsoft Entra ID: passkeys (FIDO2), with attestation enforced or not.

use super::rules::{self, WithoutPin};
use super::{Candidate, Profile};
use crate::webauthn::explain::facts::list;
use crate::webauthn::explain::finding::{Finding, Remedy, Rule, Source};
use crate::wire::cose::Algorithm;

/// Where attestation is not enforced.
pub(super) const PROFILE: Profile = Profile {
    name: "entra",
    service: "Microsoft Entra ID",
    variant: Some("attestation not enforced"),
    about: "Signing in without a password, by a passkey on the key.",
    uses_metadata: false,
    rules: |candidate| check(candidate, false),
};

/// Where attestation is enforced.
pub(super) const ATTESTED: Profile = Profile {
    name: "entra-attested",
    service: "Microsoft Entra ID",
    variant: Some("attestation enforced"),
    about: "Signing in without a password, by a passkey on a key of a certified model.",
    uses_metadata: true,
    rules: |candidate| check(candidate, true),
};

/// What keys must be able to do, and what is asked of their vendors.
const VENDORS: Source = Source {
    document: "Microsoft, Entra ID attestation for passkey (FIDO2) vendors",
    date: Some("2026-10-06"),
};

/// What administrators set.
const POLICY: Source = Source {
    document: "Microsoft, How to enable passkeys (FIDO2) in Microsoft Entra ID",
    date: Some("2026-03-08"),
};

/// What a person goes through.
const REGISTRATION: Source =
    Source { document: "Microsoft, Register a passkey", date: Some("2025-03-04") };

/// The options that Entra really sends.
const OPTIONS: Source = Source {
    document: "Options of Entra ID as recorded in MichaelGrafnetter/webauthn-interop",
    date: Some("2024-06"),
};

fn check(candidate: &Candidate<'_>, attested: bool) -> Vec<Finding> {
    let (spoken, info) = rules::fido2(candidate, VENDORS);
    let Some(info) = info else { return vec![spoken] };
    let mut findings = vec![spoken];
    findings.extend(rules::passkeys(info, VENDORS));
    findings.extend(rules::verification(
        candidate,
        info,
        WithoutPin::SetThen(REGISTRATION),
        VENDORS,
    ));
    findings.push(rules::algorithm(&[Algorithm::ES256, Algorithm::RS256], info, OPTIONS));
    let has_secret = info.supports_extension("hmac-secret");
    let rule = Rule::new("hmac_secret", "The key derives secrets", "extension hmac-secret");
    let why = "Windows cannot be unlocked with the key while it is offline (no hmac-secret)";
    findings.push(
        match (has_secret, attested) {
            (true, _) => rule.pass("yes, by hmac-secret"),
            (false, true) => rule
                .fail("not supported", "the key does not support hmac-secret, which is required")
                .help(Remedy::OtherKey { that: "that supports hmac-secret".into() }),
            (false, false) => rule.warn("not supported", why),
        }
        .from(VENDORS),
    );
    if attested {
        let known = info.attestation_formats();
        let rule = Rule::new("attestation_format", "The key proves its model", "packed");
        let formats = list(&known);
        findings.push(
            if known.contains(&"packed") {
                rule.pass(formats)
            } else {
                let why = "the key gives no attestation in the format packed";
                rule.fail(formats, why)
                    .help(Remedy::OtherKey { that: "that gives packed attestation".into() })
            }
            .from(VENDORS),
        );
        findings.extend(rules::metadata(candidate.metadata, info, VENDORS));
    }
    findings.push(rules::model_list(info, POLICY));
    findings
}
