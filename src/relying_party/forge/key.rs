//! Credential key pairs (WebAuthn Level 3 sections 5.8.5 and 6.5.5).

use super::ForgeError;
use crate::ctap::Random;
use crate::wire::cbor::{Encoded, MapBuilder};
use crate::wire::cose::Algorithm;
use p256::ecdsa::signature::Signer;
use zeroize::Zeroizing;

/// The algorithms that keys can be made for, the most usual first.
pub const ALGORITHMS: &[Algorithm] =
    &[Algorithm::ES256, Algorithm::EDDSA, Algorithm::ES384, Algorithm::ES256K];

/// How often randomness is drawn again when it is no private key. Once is very unlikely already.
const DRAWS: usize = 16;

enum Private {
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
    Secp256k1(k256::ecdsa::SigningKey),
    Ed25519(Box<ed25519_dalek::SigningKey>),
}

/// A key pair of a forged credential.
pub struct ForgedKey(Private);

impl ForgedKey {
    /// Makes a key pair for an algorithm; `None` for one that is not in [`ALGORITHMS`].
    ///
    /// # Errors
    ///
    /// When there is no randomness.
    pub fn generate(
        algorithm: Algorithm,
        random: &mut dyn Random,
    ) -> Result<Option<Self>, ForgeError> {
        for _ in 0..DRAWS {
            let private = match algorithm {
                Algorithm::ES256 => {
                    let bytes = draw::<32>(random)?;
                    p256::ecdsa::SigningKey::from_slice(&*bytes).ok().map(Private::P256)
                }
                Algorithm::ES384 => {
                    let bytes = draw::<48>(random)?;
                    p384::ecdsa::SigningKey::from_slice(&*bytes).ok().map(Private::P384)
                }
                Algorithm::ES256K => {
                    let bytes = draw::<32>(random)?;
                    k256::ecdsa::SigningKey::from_slice(&*bytes).ok().map(Private::Secp256k1)
                }
                Algorithm::EDDSA => {
                    let bytes = draw::<32>(random)?;
                    let key = ed25519_dalek::SigningKey::from_bytes(&bytes);
                    Some(Private::Ed25519(Box::new(key)))
                }
                _ => return Ok(None),
            };
            if let Some(private) = private {
                return Ok(Some(Self(private)));
            }
        }
        Ok(None)
    }

    /// Makes a key pair on P-256.
    ///
    /// # Errors
    ///
    /// When there is no randomness.
    pub fn p256(random: &mut dyn Random) -> Result<p256::ecdsa::SigningKey, ForgeError> {
        for _ in 0..DRAWS {
            if let Ok(key) = p256::ecdsa::SigningKey::from_slice(&*draw::<32>(random)?) {
                return Ok(key);
            }
        }
        let reason = "it gives no number that is a private key";
        Err(ForgeError::Random(crate::ctap::RandomError(reason.to_owned())))
    }

    /// The algorithm that the key is for.
    pub fn algorithm(&self) -> Algorithm {
        match &self.0 {
            Private::P256(_) => Algorithm::ES256,
            Private::P384(_) => Algorithm::ES384,
            Private::Secp256k1(_) => Algorithm::ES256K,
            Private::Ed25519(_) => Algorithm::EDDSA,
        }
    }

    /// The public key in COSE's form.
    pub fn cose(&self) -> Vec<u8> {
        match self.point() {
            (Some(y), x, curve) => ec2(self.algorithm(), curve, &x, &y),
            (None, x, curve) => okp(self.algorithm(), curve, &x),
        }
    }

    /// The coordinates of the public key: y where there is one, x, and COSE's number of the curve.
    pub fn point(&self) -> (Option<Vec<u8>>, Vec<u8>, i64) {
        let (sec1, curve) = match &self.0 {
            Private::P256(key) => (key.verifying_key().to_sec1_point(false).as_bytes().to_vec(), 1),
            Private::P384(key) => (key.verifying_key().to_sec1_point(false).as_bytes().to_vec(), 2),
            Private::Secp256k1(key) => {
                (key.verifying_key().to_sec1_point(false).as_bytes().to_vec(), 8)
            }
            Private::Ed25519(key) => return (None, key.verifying_key().as_bytes().to_vec(), 6),
        };
        // 0x04, then both coordinates (SEC 1 section 2.3.3).
        let coordinates = sec1.get(1..).unwrap_or_default();
        let (x, y) = coordinates.split_at(coordinates.len() / 2);
        (Some(y.to_vec()), x.to_vec(), curve)
    }

    /// Signs as WebAuthn prescribes: DER for ECDSA, 64 bytes for Ed25519.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        match &self.0 {
            Private::P256(key) => sign_p256(key, message),
            Private::P384(key) => {
                let signature: p384::ecdsa::Signature = key.sign(message);
                signature.to_der().as_bytes().to_vec()
            }
            Private::Secp256k1(key) => {
                let signature: k256::ecdsa::Signature = key.sign(message);
                signature.to_der().as_bytes().to_vec()
            }
            Private::Ed25519(key) => key.sign(message).to_bytes().to_vec(),
        }
    }
}

/// Signs with a key on P-256, in DER.
pub fn sign_p256(key: &p256::ecdsa::SigningKey, message: &[u8]) -> Vec<u8> {
    let signature: p256::ecdsa::Signature = key.sign(message);
    signature.to_der().as_bytes().to_vec()
}

/// Writes an elliptic-curve key in COSE's form, whatever it says.
pub fn ec2(algorithm: Algorithm, curve: i64, x: &[u8], y: &[u8]) -> Vec<u8> {
    MapBuilder::new()
        .member(1, Encoded::unsigned(2))
        .member(3, Encoded::integer(algorithm.0))
        .member(-1, Encoded::integer(curve))
        .member(-2, Encoded::bytes(x))
        .member(-3, Encoded::bytes(y))
        .build()
        .into_bytes()
}

/// Writes an octet key pair in COSE's form, whatever it says.
pub fn okp(algorithm: Algorithm, curve: i64, x: &[u8]) -> Vec<u8> {
    MapBuilder::new()
        .member(1, Encoded::unsigned(1))
        .member(3, Encoded::integer(algorithm.0))
        .member(-1, Encoded::integer(curve))
        .member(-2, Encoded::bytes(x))
        .build()
        .into_bytes()
}

/// Writes an RSA key in COSE's form, whatever it says.
pub fn rsa(modulus: &[u8]) -> Vec<u8> {
    MapBuilder::new()
        .member(1, Encoded::unsigned(3))
        .member(3, Encoded::integer(Algorithm::RS256.0))
        .member(-1, Encoded::bytes(modulus))
        .member(-2, Encoded::bytes(&[1, 0, 1]))
        .build()
        .into_bytes()
}

fn draw<const N: usize>(random: &mut dyn Random) -> Result<Zeroizing<[u8; N]>, ForgeError> {
    let mut bytes = Zeroizing::new([0; N]);
    random.fill(&mut *bytes)?;
    Ok(bytes)
}
