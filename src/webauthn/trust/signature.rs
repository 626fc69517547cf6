//! Signatures of certificates (RFC 5280 section 4.1.1.2; RFC 5758; RFC 8017; RFC 8410).
//!
//! Here key and hash are chosen apart from each other: a P-384 key may sign with SHA-256. SHA-1 is
//! not accepted.

use super::certificate::Certificate;
use crate::webauthn::public_key::{MAX_RSA_BITS, MIN_RSA_BITS};
use der::asn1::ObjectIdentifier;
use p256::ecdsa::signature::Verifier;
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::pkcs8::DecodePublicKey;
use rsa::BoxedUint;
use sha2::{Digest, Sha256, Sha384, Sha512};

const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

const ECDSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const ECDSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
const ECDSA_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.4");
const RSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const RSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12");
const RSA_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13");

/// The shortest hash that the library takes for P-521; a shorter one is the same number with zeros
/// before it (FIPS 186-5 section 6.4.2).
const SHORTEST_P521_HASH: usize = 33;

/// Why a certificate's signature does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SignatureProblem {
    /// A kind of key or signature that is not accepted here.
    Unsupported,
    /// It is not the issuer's.
    Wrong,
}

#[derive(Clone, Copy)]
enum Scheme {
    Ecdsa,
    Rsa,
}

/// Whether `issuer`'s key made the signature of `certificate`.
pub(super) fn check(
    certificate: &Certificate,
    issuer: &Certificate,
) -> Result<(), SignatureProblem> {
    use SignatureProblem::{Unsupported, Wrong};
    if !certificate.algorithms_agree() {
        return Err(Wrong);
    }
    let signature = certificate.signature().ok_or(Wrong)?;
    let message = certificate.signed();
    let info = issuer.public_key();
    let (kind, algorithm) = (info.algorithm.oid, certificate.signature_algorithm());
    if (kind, algorithm) == (ED25519, ED25519) {
        let key = info.subject_public_key.as_bytes().and_then(|key| key.try_into().ok());
        let key = ed25519_dalek::VerifyingKey::from_bytes(key.ok_or(Wrong)?).map_err(|_| Wrong)?;
        let signature = ed25519_dalek::Signature::from_slice(signature).map_err(|_| Wrong)?;
        return key.verify_strict(message, &signature).map_err(|_| Wrong);
    }
    let (scheme, hash) = match algorithm {
        ECDSA_SHA256 => (Scheme::Ecdsa, Sha256::digest(message).to_vec()),
        ECDSA_SHA384 => (Scheme::Ecdsa, Sha384::digest(message).to_vec()),
        ECDSA_SHA512 => (Scheme::Ecdsa, Sha512::digest(message).to_vec()),
        RSA_SHA256 | RSA_SHA384 | RSA_SHA512 => (Scheme::Rsa, Vec::new()),
        _ => return Err(Unsupported),
    };
    match (scheme, kind) {
        (Scheme::Ecdsa, EC_PUBLIC_KEY) => ecdsa(issuer, &hash, signature),
        (Scheme::Rsa, RSA) => rsa(issuer, algorithm, message, signature),
        _ => Err(Wrong),
    }
}

fn ecdsa(issuer: &Certificate, hash: &[u8], signature: &[u8]) -> Result<(), SignatureProblem> {
    use SignatureProblem::{Unsupported, Wrong};
    let parameters = issuer.public_key().algorithm.parameters.as_ref().ok_or(Unsupported)?;
    let curve: ObjectIdentifier = parameters.decode_as().map_err(|_| Unsupported)?;
    let spki = issuer.public_key_der().ok_or(Wrong)?;
    let verified = match curve {
        P256 => {
            let key = p256::ecdsa::VerifyingKey::from_public_key_der(&spki).map_err(|_| Wrong)?;
            let signature = p256::ecdsa::Signature::from_der(signature).map_err(|_| Wrong)?;
            key.verify_prehash(hash, &signature)
        }
        P384 => {
            let key = p384::ecdsa::VerifyingKey::from_public_key_der(&spki).map_err(|_| Wrong)?;
            let signature = p384::ecdsa::Signature::from_der(signature).map_err(|_| Wrong)?;
            key.verify_prehash(hash, &signature)
        }
        P521 => {
            let key = p521::ecdsa::VerifyingKey::from_public_key_der(&spki).map_err(|_| Wrong)?;
            let signature = p521::ecdsa::Signature::from_der(signature).map_err(|_| Wrong)?;
            let zeros = vec![0; SHORTEST_P521_HASH.saturating_sub(hash.len())];
            key.verify_prehash(&[&zeros, hash].concat(), &signature)
        }
        _ => return Err(Unsupported),
    };
    verified.map_err(|_| Wrong)
}

fn rsa(
    issuer: &Certificate,
    algorithm: ObjectIdentifier,
    message: &[u8],
    signature: &[u8],
) -> Result<(), SignatureProblem> {
    use SignatureProblem::{Unsupported, Wrong};
    let bits = issuer.public_key().subject_public_key.as_bytes().ok_or(Wrong)?;
    let numbers =
        <rsa::pkcs1::RsaPublicKeyRef as der::Decode>::from_der(bits).map_err(|_| Wrong)?;
    let (modulus, exponent) = (numbers.modulus.as_bytes(), numbers.public_exponent.as_bytes());
    // Looked at before any arithmetic, so that a hostile length costs nothing.
    if modulus.len() > MAX_RSA_BITS / 8 || exponent.len() > 8 {
        return Err(Unsupported);
    }
    let key = rsa::PublicKey::new_with_size_limits(
        BoxedUint::from_be_slice_vartime(modulus),
        BoxedUint::from_be_slice_vartime(exponent),
        MIN_RSA_BITS..=MAX_RSA_BITS,
    );
    let key = key.map_err(|_| Unsupported)?;
    let signature = rsa::pkcs1v15::Signature::try_from(signature).map_err(|_| Wrong)?;
    let verified = match algorithm {
        RSA_SHA256 => rsa::pkcs1v15::VerifyingKey::<Sha256>::new(key).verify(message, &signature),
        RSA_SHA384 => rsa::pkcs1v15::VerifyingKey::<Sha384>::new(key).verify(message, &signature),
        _ => rsa::pkcs1v15::VerifyingKey::<Sha512>::new(key).verify(message, &signature),
    };
    verified.map_err(|_| Wrong)
}
