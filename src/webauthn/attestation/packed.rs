//! The `packed` format (WebAuthn Level 3 section 8.2).

use super::certificate::Leaf;
use super::rules::{
    AAGUID, ALGORITHM, CERTIFICATE, STATEMENT, aaguid_check, algorithm_check, certificate_check,
    no_certificate, signature_check,
};
use super::{
    AttestationKind, CertificateError, Examined, Subject, algorithm, certificates, signature,
};
use crate::webauthn::public_key::PublicKey;
use crate::wire::cbor::CborError;
use crate::wire::cose::Algorithm;

pub(super) fn examine(subject: &Subject<'_>) -> Result<Examined, CborError> {
    let algorithm = algorithm(&subject.statement)?;
    let signature = signature(&subject.statement)?;
    match certificates(&subject.statement)? {
        None => Ok(self_attested(subject, algorithm, signature)),
        Some(chain) => Ok(certified(subject, algorithm, signature, &chain)),
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
        signature_check(key.as_ref(), &subject.ceremony.signed, signature),
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
        Err(error) => return no_certificate(&error),
    };
    let key = leaf.public_key(algorithm);
    let checks = vec![
        STATEMENT.passed(),
        algorithm_check(key.as_ref(), algorithm),
        signature_check(key.as_ref(), &subject.ceremony.signed, signature),
        certificate_check(leaf.packed_shortcoming()),
        aaguid_check(&leaf, subject),
    ];
    (AttestationKind::Certificate(Box::new(leaf.facts(chain))), checks)
}
