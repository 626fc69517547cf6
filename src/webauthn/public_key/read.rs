//! Public keys from COSE (WebAuthn Level 3 section 5.8.5): key type, curve and numbers must be those
//! of the algorithm.

use super::{Family, Key, MAX_RSA_BITS, MIN_RSA_BITS, PublicKey, PublicKeyError};
use crate::wire::cose::{Algorithm, CoseKey, KeyMaterial};
use ml_dsa::{EncodedVerifyingKey, MlDsaParams, VerifyingKey};
use rsa::BoxedUint;

impl PublicKey {
    /// Takes over a COSE key.
    ///
    /// # Errors
    ///
    /// [`PublicKeyError::Unsupported`] for an algorithm that cannot be verified here; another
    /// [`PublicKeyError`] when key type, curve or numbers do not fit the algorithm.
    pub fn from_cose(cose: &CoseKey) -> Result<Self, PublicKeyError> {
        let algorithm = cose.algorithm;
        let family = Family::of(algorithm).ok_or(PublicKeyError::Unsupported(algorithm))?;
        let key = match (family, &cose.material) {
            (Family::P256, KeyMaterial::Ec2 { curve: 1, x, y }) => {
                let point = uncompressed_point(x, y, 32);
                let key = point.and_then(|p| p256::ecdsa::VerifyingKey::from_sec1_bytes(&p).ok());
                Key::P256(key.ok_or(PublicKeyError::NotOnCurve { curve: "P-256" })?)
            }
            (Family::P384, KeyMaterial::Ec2 { curve: 2, x, y }) => {
                let point = uncompressed_point(x, y, 48);
                let key = point.and_then(|p| p384::ecdsa::VerifyingKey::from_sec1_bytes(&p).ok());
                Key::P384(key.ok_or(PublicKeyError::NotOnCurve { curve: "P-384" })?)
            }
            (Family::P521, KeyMaterial::Ec2 { curve: 3, x, y }) => {
                let point = uncompressed_point(x, y, 66);
                let key = point.and_then(|p| p521::ecdsa::VerifyingKey::from_sec1_bytes(&p).ok());
                Key::P521(Box::new(key.ok_or(PublicKeyError::NotOnCurve { curve: "P-521" })?))
            }
            (Family::Secp256k1, KeyMaterial::Ec2 { curve: 8, x, y }) => {
                let point = uncompressed_point(x, y, 32);
                let key = point.and_then(|p| k256::ecdsa::VerifyingKey::from_sec1_bytes(&p).ok());
                Key::Secp256k1(key.ok_or(PublicKeyError::NotOnCurve { curve: "secp256k1" })?)
            }
            (Family::Ed25519, KeyMaterial::Okp { curve: 6, x }) => Key::Ed25519(ed25519(x)?),
            (Family::Rsa, KeyMaterial::Rsa { n, e }) => Key::Rsa(Box::new(rsa_key(n, e)?)),
            (Family::MlDsa44, KeyMaterial::Akp { public }) => {
                Key::MlDsa44(ml_dsa_key(algorithm, public)?)
            }
            (Family::MlDsa65, KeyMaterial::Akp { public }) => {
                Key::MlDsa65(ml_dsa_key(algorithm, public)?)
            }
            (Family::MlDsa87, KeyMaterial::Akp { public }) => {
                Key::MlDsa87(ml_dsa_key(algorithm, public)?)
            }
            _ => return Err(PublicKeyError::DoesNotFit { algorithm, needed: family.needed() }),
        };
        Ok(Self { algorithm, key })
    }
}

/// A point in SEC 1's uncompressed form, if both coordinates have the curve's length.
fn uncompressed_point(x: &[u8], y: &[u8], length: usize) -> Option<Vec<u8>> {
    (x.len() == length && y.len() == length).then(|| [&[4], x, y].concat())
}

/// Reads a public key of ML-DSA (FIPS 204 section 7.2): every one of the right length is one.
pub(super) fn ml_dsa_key<P: MlDsaParams>(
    algorithm: Algorithm,
    bytes: &[u8],
) -> Result<Box<VerifyingKey<P>>, PublicKeyError> {
    match EncodedVerifyingKey::<P>::try_from(bytes) {
        Ok(encoded) => Ok(Box::new(VerifyingKey::decode(&encoded))),
        Err(_) => Err(PublicKeyError::Length { algorithm, found: bytes.len() }),
    }
}

pub(super) fn ed25519(bytes: &[u8]) -> Result<ed25519_dalek::VerifyingKey, PublicKeyError> {
    let error = PublicKeyError::NotOnCurve { curve: "Ed25519" };
    let Ok(bytes) = bytes.try_into() else { return Err(error) };
    match ed25519_dalek::VerifyingKey::from_bytes(bytes) {
        // A point of small order would accept signatures that nobody made.
        Ok(key) if !key.is_weak() => Ok(key),
        _ => Err(error),
    }
}

pub(super) fn rsa_key(n: &[u8], e: &[u8]) -> Result<rsa::PublicKey, PublicKeyError> {
    // Looked at before any arithmetic, so that a hostile length costs nothing.
    if n.len() > MAX_RSA_BITS / 8 || e.len() > 8 || matches!(e, [0 | 1] | []) {
        return Err(PublicKeyError::Rsa);
    }
    let (n, e) = (BoxedUint::from_be_slice_vartime(n), BoxedUint::from_be_slice_vartime(e));
    rsa::PublicKey::new_with_size_limits(n, e, MIN_RSA_BITS..=MAX_RSA_BITS)
        .map_err(|_| PublicKeyError::Rsa)
}
