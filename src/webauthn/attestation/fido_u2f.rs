//! The `fido-u2f` format (WebAuthn Level 3 section 8.6).

use super::certificate::Leaf;
use super::rules::{ALGORITHM, CERTIFICATE, SIGNATURE, STATEMENT, no_certificate, signature_check};
use super::{AttestationKind, Examined, Subject, certificates, signature};
use crate::wire::cbor::CborError;
use crate::wire::cose::{Algorithm, KeyMaterial};

pub(super) fn examine(subject: &Subject<'_>) -> Result<Examined, CborError> {
    let signature = signature(&subject.statement)?;
    let chain = certificates(&subject.statement)?.ok_or(CborError::Missing("x5c"))?;
    let [der] = chain.as_slice() else {
        let checks = vec![
            STATEMENT.failed("exactly one certificate", format!("{} certificates", chain.len())),
            SIGNATURE.not_checked("the attestation statement cannot be read"),
        ];
        return Ok((AttestationKind::Unknown, checks));
    };
    let leaf = match Leaf::parse(der) {
        Ok(leaf) => leaf,
        Err(error) => return Ok(no_certificate(&error)),
    };
    let key = leaf.public_key(Algorithm::ES256);
    let certificate = match &key {
        Ok(_) => CERTIFICATE.passed(),
        Err(error) => CERTIFICATE.failed("a key on P-256", error.to_string()),
    };
    let (algorithm, signed) = match signed_bytes(subject) {
        Some(signed) => {
            (ALGORITHM.passed_with("ES256"), signature_check(key.as_ref(), &signed, signature))
        }
        None => (
            ALGORITHM.failed(
                "a credential for ES256 on P-256",
                subject.credential.public_key.algorithm.to_string(),
            ),
            SIGNATURE.not_checked("the credential is none that U2F could have made"),
        ),
    };
    let checks = vec![STATEMENT.passed(), algorithm, signed, certificate];
    Ok((AttestationKind::Certificate(Box::new(leaf.facts(&chain))), checks))
}

/// What a U2F key signs: a zero byte, RP ID hash, client data hash, credential ID and the public
/// key as an uncompressed point (FIDO U2F Raw Message Formats section 4.3).
fn signed_bytes(subject: &Subject<'_>) -> Option<Vec<u8>> {
    let key = &subject.credential.public_key;
    match &key.material {
        KeyMaterial::Ec2 { curve: 1, x, y }
            if key.algorithm == Algorithm::ES256 && x.len() == 32 && y.len() == 32 =>
        {
            Some(
                [
                    &[0],
                    subject.ceremony.authenticator_data.rp_id_hash.as_slice(),
                    subject.ceremony.client_data_hash,
                    &subject.credential.credential_id,
                    &[4],
                    x,
                    y,
                ]
                .concat(),
            )
        }
        _ => None,
    }
}
