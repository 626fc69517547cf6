//! The checks of extension outputs (WebAuthn Level 3 sections 7.1, 7.2 and 9): nothing came that
//! was not asked for.
//!
//! An extension may have one name before the client and another behind it: `prf` is `hmac-secret`
//! to a key. Either names it here.

use super::{Ceremony, Expected, SharedRule, quoted};
use crate::webauthn::check::Check;
use crate::webauthn::json::ExtensionResults;
use crate::wire::authenticator_data::AuthenticatorData;
use crate::wire::cbor::{self, Key};

pub(super) const AUTHENTICATOR: SharedRule =
    SharedRule::new("extensions", "the key gave no extension outputs that were not asked for");
const CLIENT: SharedRule = SharedRule::new(
    "client_extensions",
    "the client gave no extension outputs that were not asked for",
);

/// The extension that a key applies, and names, by a setting of its own (CTAP 2.3 section 12.1).
const CRED_PROTECT: &str = "credProtect";

/// Names of the same extension: of WebAuthn (section 10), and of CTAP 2.3 section 12.
const SAME: &[&[&str]] = &[
    &[CRED_PROTECT, "credentialProtectionPolicy", "enforceCredentialProtectionPolicy"],
    &["hmac-secret", "hmac-secret-mc", "prf", "hmacCreateSecret", "hmacGetSecret"],
    &["credBlob", "getCredBlob"],
    &["largeBlobKey", "largeBlob"],
    &["thirdPartyPayment", "payment"],
];

/// Whether an output of this name belongs to what was asked for.
fn was_asked_for(asked: &[String], name: &str) -> bool {
    let same = |one: &str| {
        one == name || SAME.iter().any(|names| names.contains(&one) && names.contains(&name))
    };
    asked.iter().any(|one| same(one))
}

fn wanted(asked: &[String]) -> String {
    match asked {
        [] => "no extension outputs".to_owned(),
        names => format!("outputs of {} only", names.join(", ")),
    }
}

/// Checks the outputs in authenticator data.
pub(super) fn authenticator(
    data: &AuthenticatorData,
    expected: &Expected,
    ceremony: Ceremony,
) -> Check {
    let rule = AUTHENTICATOR.of(ceremony);
    let Some(bytes) = &data.extensions else {
        return rule.passed_with("no extension outputs");
    };
    let outputs = match cbor::parse(bytes).and_then(cbor::Item::map) {
        Ok(map) => map,
        Err(error) => return rule.failed("a map of extension outputs", error.to_string()),
    };
    let mut names = Vec::new();
    for (key, _) in outputs.members() {
        match key {
            Key::Text(name) => names.push(*name),
            _ => return rule.failed("outputs with a name", "a name that is no text"),
        }
    }
    let Some(asked) = &expected.extensions else {
        let names: Vec<String> = names.into_iter().map(quoted).collect();
        let names = names.join(", ");
        return rule.not_checked(format!("what was asked for is not known; there is {names}"));
    };
    let foreign = |name: &&&str| **name != CRED_PROTECT && !was_asked_for(asked, name);
    match names.iter().find(foreign) {
        None => rule.passed_with(names.join(", ")),
        Some(name) => rule.failed(wanted(asked), quoted(name)),
    }
}

/// Checks the outputs of the client, in `clientExtensionResults`; `None` where there is no document.
pub(super) fn client(
    results: Option<&ExtensionResults>,
    expected: &Expected,
    ceremony: Ceremony,
) -> Check {
    let rule = CLIENT.of(ceremony);
    let Some(results) = results else {
        return rule.not_applicable("there is no response document");
    };
    if results.is_empty() {
        return rule.passed_with("no extension outputs");
    }
    let names: Vec<&str> = results.keys().map(String::as_str).collect();
    let listed = || names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ");
    let Some(asked) = &expected.extensions else {
        let names = listed();
        return rule.not_checked(format!("what was asked for is not known; there is {names}"));
    };
    match names.iter().find(|name| !was_asked_for(asked, name)) {
        None => rule.passed_with(listed()),
        Some(name) => rule.failed(wanted(asked), quoted(name)),
    }
}
