//! The `packed` format (WebAuthn Level 3 section 8.2).

use super::certificate::Leaf;
use super::{
    AAGUID, ALGORITHM, AttestationKind, CERTIFICATE, CertificateError, SIGNATURE, STATEMENT,
    Subject, algorithm, certificates, signature,
};
use crate::webauthn::check::Check;
use crate::webauthn::public_key::{PublicKey, PublicKeyError};
use crate::wire::cbor::CborError;
use crate::wire::cose::Algorithm;

type Examined = (AttestationKind, Vec<Check>);

pub(super) fn examine(subject: &Subject<'_>) -> Result<Examined, CborError> {
    let algorithm = algorithm(&subject.statement)?;
    let signature = signature(&subject.statement)?;
    match certificates(&subject.statement)? {
        None => Ok(self_attested(subject, algorithm, signature)),
        Some(chain) => Ok(certified(subject, algorithm, signature, &chain)),
    }
}

/// Checks a signature and words the outcome; a key that this program cannot use is no refusal.
pub(super) fn signature_check(
    key: Result<&PublicKey, &PublicKeyError>,
    message: &[u8],
    signature: &[u8],
) -> Check {
    match key {
        Ok(key) => match key.verify(message, signature) {
            Ok(()) => SIGNATURE.passed(),
            Err(error) => SIGNATURE.failed("a valid signature", error.to_string()),
        },
        Err(error) if error.is_unsupported() => SIGNATURE.not_checked(error.to_string()),
        Err(error) => SIGNATURE.failed("a usable attestation key", error.to_string()),
    }
}

fn self_attested(subject: &Subject<'_>, algorithm: Algorithm, signature: &[u8]) -> Examined {
    let cose = &subject.credential.public_key;
    let key = PublicKey::from_cose(cose);
    let checks = vec![
        STATEMENT.passed(),
        ALGORITHM.judge(
            algorithm == cose.algorithm,
            || format!("{}, the credential's", cose.algorithm),
            || algorithm.to_string(),
        ),
        signature_check(key.as_ref(), &subject.signed, signature),
        CERTIFICATE.not_applicable("the credential attests itself, without a certificate"),
        AAGUID.not_applicable("the credential attests itself, without a certificate"),
    ];
    (AttestationKind::SelfAttested, checks)
}

fn certified(
    subject: &Subject<'_>,
    algorithm: Algorithm,
    signature: &[u8],
    chain: &[&[u8]],
) -> Examined {
    let leaf = chain.first().ok_or(CertificateError::Missing).and_then(|der| Leaf::parse(der));
    let leaf = match leaf {
        Ok(leaf) => leaf,
        Err(error) => {
            let checks = vec![
                STATEMENT.passed(),
                CERTIFICATE.failed("a certificate", error.to_string()),
                SIGNATURE.not_checked("the attestation certificate cannot be read"),
            ];
            return (AttestationKind::Unknown, checks);
        }
    };
    let key = leaf.public_key(algorithm);
    let fits = match &key {
        Ok(_) => ALGORITHM.passed(),
        Err(error) if error.is_unsupported() => ALGORITHM.not_checked(error.to_string()),
        Err(error) => ALGORITHM
            .failed(format!("a certificate whose key is one for {algorithm}"), error.to_string()),
    };
    let certificate = match leaf.packed_shortcoming() {
        None => CERTIFICATE.passed(),
        Some(shortcoming) => CERTIFICATE.failed(shortcoming.expected, shortcoming.seen),
    };
    let expected = subject.credential.aaguid;
    let aaguid = match leaf.aaguid() {
        None => AAGUID.not_applicable("the certificate names no AAGUID"),
        Some(Ok(aaguid)) => {
            AAGUID.judge(aaguid == expected, || expected.to_string(), || aaguid.to_string())
        }
        Some(Err(seen)) => AAGUID.failed(expected.to_string(), seen),
    };
    let checks = vec![
        STATEMENT.passed(),
        fits,
        signature_check(key.as_ref(), &subject.signed, signature),
        certificate,
        aaguid,
    ];
    (AttestationKind::Certificate(Box::new(leaf.facts(chain))), checks)
}
