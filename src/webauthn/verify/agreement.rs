//! Whether the members of a response document say the same as the bytes that were signed (WebAuthn
//! Level 3 sections 5.1 and 5.2.1.1). A relying party that reads the convenient members instead of
//! the signed ones relies on it.

use super::{Ceremony, SharedRule, quoted, shown};
use crate::webauthn::base64url::encode;
use crate::webauthn::check::{Check, Rule};
use crate::webauthn::json::{PUBLIC_KEY, RegistrationResponseJson};
use crate::webauthn::public_key::PublicKey;
use crate::wire::authenticator_data::AttestedCredentialData;

const ID: SharedRule = SharedRule::new(
    "credential_id",
    "id, rawId and type name the same credential as the signed data",
);
const MEMBERS: Rule = Rule::new(
    "response_members",
    "authenticatorData, publicKey and publicKeyAlgorithm agree with the attestation object",
    "5.2.1.1",
);

/// Checks `id`, `rawId` and `type` of a document against the credential ID, where that is known.
pub(super) fn identity(
    (id, raw_id, kind): (&str, &[u8], &str),
    credential_id: Option<&[u8]>,
    ceremony: Ceremony,
) -> Check {
    let rule = ID.of(ceremony);
    let expected = credential_id.unwrap_or(raw_id);
    if kind != PUBLIC_KEY {
        return rule.failed(format!("type {}", quoted(PUBLIC_KEY)), quoted(kind));
    }
    if raw_id != expected {
        return rule.failed(format!("rawId {}", shown(expected)), shown(raw_id));
    }
    if id != encode(expected) {
        return rule.failed(format!("id {}", shown(expected)), quoted(id));
    }
    rule.passed_with(shown(expected))
}

/// The same without a document: there is nothing that could disagree.
pub(super) fn no_document(ceremony: Ceremony) -> Check {
    ID.of(ceremony).not_applicable("there is no response document")
}

/// Checks the members that repeat what is in the attestation object. `transports` repeats nothing, and
/// is not signed: no order of it is wrong (section 7.1).
pub(super) fn members(
    document: Option<&RegistrationResponseJson>,
    authenticator_data: &[u8],
    credential: &AttestedCredentialData,
    key: Option<&PublicKey>,
) -> Check {
    let Some(document) = document else {
        return MEMBERS.not_applicable("there is no response document");
    };
    let response = &document.response;
    let stated = response.authenticator_data.as_ref();
    if let Some(stated) = stated.filter(|stated| stated.as_bytes() != authenticator_data) {
        let expected = format!("authenticatorData {}", shown(authenticator_data));
        return MEMBERS.failed(expected, shown(stated.as_bytes()));
    }
    let algorithm = credential.public_key.algorithm.0;
    if let Some(seen) = response.public_key_algorithm.filter(|seen| *seen != algorithm) {
        return MEMBERS.failed(format!("publicKeyAlgorithm {algorithm}"), seen.to_string());
    }
    if let (Some(stated), Some(spki)) = (&response.public_key, key.and_then(PublicKey::to_spki_der))
        && stated.as_bytes() != spki
    {
        return MEMBERS.failed(format!("publicKey {}", shown(&spki)), shown(stated.as_bytes()));
    }
    MEMBERS.passed()
}
