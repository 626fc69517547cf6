//! The `apple` format (WebAuthn Level 3 section 8.8): Apple certifies the credential's own key, for
//! this one registration. There is no signature besides the certificate's.

use super::certificate::Leaf;
use super::rules::{NONCE, SIGNATURE, STATEMENT, certified_key_check, no_certificate};
use super::{AttestationKind, CertificateError, Examined, Subject, certificates};
use crate::webauthn::check::Check;
use crate::wire::cbor::CborError;
use der::asn1::{ObjectIdentifier, OctetString};
use der::{Any, Decode, Tag, TagNumber, Tagged};
use sha2::{Digest, Sha256};

/// The extension that holds the nonce.
const NONCE_EXTENSION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113635.100.8.2");

pub(super) fn examine(subject: &Subject<'_>) -> Result<Examined, CborError> {
    let chain = certificates(&subject.statement)?.ok_or(CborError::Missing("x5c"))?;
    let leaf = chain.first().ok_or(CertificateError::Missing).and_then(|der| Leaf::parse(der));
    let leaf = match leaf {
        Ok(leaf) => leaf,
        Err(error) => return Ok(no_certificate(&error)),
    };
    let checks = vec![
        STATEMENT.passed(),
        nonce(&leaf, subject),
        certified_key_check(&leaf, subject),
        SIGNATURE.not_applicable("it is the certificate that is made for this registration"),
    ];
    Ok((AttestationKind::Certificate(Box::new(leaf.facts(&chain))), checks))
}

fn nonce(leaf: &Leaf, subject: &Subject<'_>) -> Check {
    let expected = Sha256::digest(&subject.ceremony.signed);
    let shown = |bytes: &[u8]| crate::webauthn::base64url::encode(bytes);
    let found = match leaf.extension(NONCE_EXTENSION) {
        None => return NONCE.failed("a certificate with Apple's nonce", "none"),
        Some(Err(())) => return NONCE.failed("Apple's nonce once", "twice"),
        Some(Ok(found)) => found,
    };
    match nonce_in(found.value) {
        Some(nonce) => {
            NONCE.judge(nonce == expected.as_slice(), || shown(&expected), || shown(&nonce))
        }
        None => NONCE.failed(shown(&expected), "a nonce that cannot be read"),
    }
}

/// The nonce is an OCTET STRING with the tag 1, in a SEQUENCE.
fn nonce_in(value: &[u8]) -> Option<Vec<u8>> {
    let members = Vec::<Any>::from_der(value).ok()?;
    let [only] = members.as_slice() else { return None };
    let tag = Tag::ContextSpecific { constructed: true, number: TagNumber(1) };
    (only.tag() == tag).then_some(())?;
    let nonce = OctetString::from_der(only.value()).ok()?;
    Some(nonce.as_bytes().to_vec())
}
