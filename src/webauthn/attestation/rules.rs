//! The rules of attestation statements, and checks that several formats share.

use super::certificate::{Leaf, Shortcoming};
use super::{AttestationKind, CertificateError, Examined, Subject};
use crate::webauthn::check::{Check, Rule};
use crate::webauthn::public_key::{PublicKey, PublicKeyError};
use crate::wire::cose::Algorithm;

pub(super) const FORMAT: Rule =
    Rule::new("attestation_format", "the attestation format is a registered one", "7.1");
pub(super) const STATEMENT: Rule = Rule::new(
    "attestation_statement",
    "the attestation statement has the members that its format prescribes",
    "7.1",
);
pub(super) const ALGORITHM: Rule =
    Rule::new("attestation_algorithm", "the attestation's algorithm is that of its key", "7.1");
pub(super) const SIGNATURE: Rule =
    Rule::new("attestation_signature", "the attestation signature is valid", "7.1");
pub(super) const CERTIFICATE: Rule = Rule::new(
    "attestation_certificate",
    "the attestation certificate has the contents that its format prescribes",
    "7.1",
);
pub(super) const AAGUID: Rule = Rule::new(
    "attestation_aaguid",
    "the AAGUID in the attestation certificate is the key's",
    "7.1",
);
pub(super) const TRUST: Rule =
    Rule::new("attestation_trust", "the attestation certificate leads to a trusted root", "7.1");
/// Of the formats in which another key than the credential's is described, or the credential's own
/// is certified.
pub(super) const KEY: Rule =
    Rule::new("attestation_key", "the attestation is about the credential's own key", "7.1");
/// Of the formats that hold a hash of the ceremony, or its client data hash.
pub(super) const NONCE: Rule =
    Rule::new("attestation_nonce", "the attestation was made for this registration", "7.1");

/// Checks a signature and words the outcome; a key that this program cannot use is no refusal.
pub(super) fn signature_check(
    key: Result<&PublicKey, &PublicKeyError>,
    message: &[u8],
    signature: &[u8],
) -> Check {
    match key {
        Ok(key) => match key.verify(message, signature) {
            Ok(()) => SIGNATURE.passed_with(key.algorithm().to_string()),
            Err(error) => SIGNATURE.failed("a valid signature", error.to_string()),
        },
        Err(error) if error.is_unsupported() => SIGNATURE.not_checked(error.to_string()),
        Err(error) => SIGNATURE.failed("a usable attestation key", error.to_string()),
    }
}

/// Whether a certificate's key is one for the algorithm that the statement names.
pub(super) fn algorithm_check(
    key: Result<&PublicKey, &PublicKeyError>,
    algorithm: Algorithm,
) -> Check {
    match key {
        Ok(_) => ALGORITHM.passed_with(algorithm.to_string()),
        Err(error) if error.is_unsupported() => ALGORITHM.not_checked(error.to_string()),
        Err(error) => ALGORITHM
            .failed(format!("a certificate whose key is one for {algorithm}"), error.to_string()),
    }
}

/// Whether the certificate has what its format prescribes.
pub(super) fn certificate_check(shortcoming: Option<Shortcoming>) -> Check {
    match shortcoming {
        None => CERTIFICATE.passed(),
        Some(Shortcoming { expected, seen }) => CERTIFICATE.failed(expected, seen),
    }
}

/// Whether the AAGUID in the certificate, if there is one, is the key's.
pub(super) fn aaguid_check(leaf: &Leaf, subject: &Subject<'_>) -> Check {
    let expected = subject.credential.aaguid;
    match leaf.aaguid() {
        None => AAGUID.not_applicable("the certificate names no AAGUID"),
        Some(Ok(aaguid)) => {
            AAGUID.judge(aaguid == expected, || expected.to_string(), || aaguid.to_string())
        }
        Some(Err(seen)) => AAGUID.failed(expected.to_string(), seen),
    }
}

/// Whether the certificate is one for the credential's own key.
pub(super) fn certified_key_check(leaf: &Leaf, subject: &Subject<'_>) -> Check {
    let cose = &subject.credential.public_key;
    let expected = || "the credential's public key".to_owned();
    match (PublicKey::from_cose(cose), leaf.public_key(cose.algorithm)) {
        (Ok(own), Ok(certified)) => {
            KEY.judge(own == certified, expected, || "another public key".into())
        }
        (Err(error), _) | (_, Err(error)) if error.is_unsupported() => {
            KEY.not_checked(error.to_string())
        }
        (Err(error), _) | (_, Err(error)) => KEY.failed(expected(), error.to_string()),
    }
}

/// What is said when the certificate cannot be read.
pub(super) fn no_certificate(error: &CertificateError) -> Examined {
    let checks = vec![
        STATEMENT.passed(),
        CERTIFICATE.failed("a certificate", error.to_string()),
        SIGNATURE.not_checked("the attestation certificate cannot be read"),
    ];
    (AttestationKind::Unknown, checks)
}
