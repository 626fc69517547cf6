//! Credential public keys (WebAuthn Level 3 sections 5.8.5 and 6.5.6) and the signatures made with
//! them.
//!
//! A key is read from COSE, as authenticator data has it, or from SubjectPublicKeyInfo (RFC 5280
//! section 4.1.2.7), as certificates and PEM files have it. Algorithm, key type and curve must fit
//! as section 5.8.5 says; points must lie on their curve. Algorithms that this program cannot
//! verify are told apart ([`PublicKeyError::Unsupported`]) from keys that are wrong.

mod openssh;
mod read;
mod spki;

use crate::wire::cbor::CborError;
use crate::wire::cose::{Algorithm, CoseKey};
use ml_dsa::{MlDsa44, MlDsa65, MlDsa87};
use p256::ecdsa::signature::Verifier;
use sha1::Sha1;
use sha2::Sha256;
use std::fmt;
use thiserror::Error;

/// The shortest RSA modulus accepted, in bits.
pub const MIN_RSA_BITS: usize = 2048;
/// The longest RSA modulus accepted, in bits.
pub const MAX_RSA_BITS: usize = 8192;

/// Why a public key cannot be used.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum PublicKeyError {
    /// An algorithm that this program cannot verify. The key may be fine.
    #[error("this program cannot verify {0}")]
    Unsupported(Algorithm),
    /// A SubjectPublicKeyInfo of a type that this program cannot verify. The key may be fine.
    #[error("this program cannot verify keys of the type {oid}")]
    UnsupportedType {
        /// The object identifier of the key type, and of its curve where there is one.
        oid: String,
    },
    /// Key type or curve is not the algorithm's.
    #[error("{algorithm} needs {needed}")]
    DoesNotFit {
        /// The algorithm that the key is said to be for.
        algorithm: Algorithm,
        /// The key type and curve that it needs.
        needed: &'static str,
    },
    /// A public key of another length than its algorithm has.
    #[error("a public key for {algorithm} has another length than {found} bytes")]
    Length {
        /// The algorithm.
        algorithm: Algorithm,
        /// The length found, in bytes.
        found: usize,
    },
    /// The numbers are no point on the curve.
    #[error("the public key is not a point on {curve}")]
    NotOnCurve {
        /// The curve's name.
        curve: &'static str,
    },
    /// An RSA key whose numbers are too small, too large, or even.
    #[error(
        "the RSA key must have {MIN_RSA_BITS} to {MAX_RSA_BITS} bits, be odd, and have an odd \
         exponent from 3 to 2^33 - 1"
    )]
    Rsa,
    /// Not a COSE key.
    #[error("the COSE key cannot be read: {0}")]
    Cose(#[from] CborError),
    /// Not a SubjectPublicKeyInfo in DER.
    #[error("the public key is not a SubjectPublicKeyInfo in DER")]
    Spki,
    /// Not a `PUBLIC KEY` in PEM.
    #[error("the text is not a public key in PEM, which starts with -----BEGIN PUBLIC KEY-----")]
    Pem,
    /// None of the forms that are read.
    #[error("the bytes are not a public key in PEM, DER (SubjectPublicKeyInfo) or COSE")]
    Unrecognised,
}

impl PublicKeyError {
    /// Whether the key may be fine and it is this program that cannot tell.
    pub fn is_unsupported(&self) -> bool {
        matches!(self, Self::Unsupported(_) | Self::UnsupportedType { .. })
    }
}

/// A signature that was not made with this key over this message, or is none at all.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum SignatureError {
    /// Not in the form that WebAuthn prescribes (section 6.5.5).
    #[error("the signature is malformed")]
    Malformed,
    /// Well-formed, but it does not match.
    #[error("the signature does not match")]
    Wrong,
}

#[derive(Clone, PartialEq)]
enum Key {
    P256(p256::ecdsa::VerifyingKey),
    P384(p384::ecdsa::VerifyingKey),
    P521(Box<p521::ecdsa::VerifyingKey>),
    Secp256k1(k256::ecdsa::VerifyingKey),
    Ed25519(ed25519_dalek::VerifyingKey),
    Rsa(Box<rsa::PublicKey>),
    MlDsa44(Box<ml_dsa::VerifyingKey<MlDsa44>>),
    MlDsa65(Box<ml_dsa::VerifyingKey<MlDsa65>>),
    MlDsa87(Box<ml_dsa::VerifyingKey<MlDsa87>>),
}

/// A public key that this program can verify signatures with.
#[derive(Clone, PartialEq)]
pub struct PublicKey {
    algorithm: Algorithm,
    key: Key,
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("PublicKey").field(&self.algorithm).finish()
    }
}

/// ESP256, the fully specified ES256 (RFC 9864).
const ESP256: Algorithm = Algorithm(-9);
/// Ed25519, the fully specified EdDSA (RFC 9864).
const ED25519: Algorithm = Algorithm(-19);
/// ESP384, the fully specified ES384 (RFC 9864).
const ESP384: Algorithm = Algorithm(-51);
/// ESP512, the fully specified ES512 (RFC 9864).
const ESP512: Algorithm = Algorithm(-52);

/// Which key an algorithm needs in WebAuthn.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    P256,
    P384,
    P521,
    Secp256k1,
    Ed25519,
    Rsa,
    MlDsa44,
    MlDsa65,
    MlDsa87,
}

impl Family {
    /// RS1 is not among them: a credential or a certificate that would rely on SHA-1 is refused,
    /// but for the certificate of a TPM, see [`PublicKey::from_tpm_spki_der`].
    fn of(algorithm: Algorithm) -> Option<Self> {
        match algorithm {
            Algorithm::ES256 | ESP256 => Some(Self::P256),
            Algorithm::ES384 | ESP384 => Some(Self::P384),
            Algorithm::ES512 | ESP512 => Some(Self::P521),
            Algorithm::ES256K => Some(Self::Secp256k1),
            Algorithm::EDDSA | ED25519 => Some(Self::Ed25519),
            Algorithm::RS256 | Algorithm::PS256 => Some(Self::Rsa),
            Algorithm::ML_DSA_44 => Some(Self::MlDsa44),
            Algorithm::ML_DSA_65 => Some(Self::MlDsa65),
            Algorithm::ML_DSA_87 => Some(Self::MlDsa87),
            _ => None,
        }
    }

    fn needed(self) -> &'static str {
        match self {
            Self::P256 => "an elliptic-curve key on P-256",
            Self::P384 => "an elliptic-curve key on P-384",
            Self::P521 => "an elliptic-curve key on P-521",
            Self::Secp256k1 => "an elliptic-curve key on secp256k1",
            Self::Ed25519 => "an octet key pair on Ed25519",
            Self::Rsa => "an RSA key",
            Self::MlDsa44 | Self::MlDsa65 | Self::MlDsa87 => "an algorithm key pair of its own",
        }
    }
}

impl PublicKey {
    /// Reads a COSE key from exactly these bytes.
    ///
    /// # Errors
    ///
    /// As [`PublicKey::from_cose`], and [`PublicKeyError::Cose`].
    pub fn from_cose_bytes(bytes: &[u8]) -> Result<Self, PublicKeyError> {
        Self::from_cose(&CoseKey::from_bytes(bytes)?)
    }

    /// Reads a file that a person may have: PEM, SubjectPublicKeyInfo in DER, or COSE.
    ///
    /// # Errors
    ///
    /// [`PublicKeyError`]; [`PublicKeyError::Unrecognised`] when it is none of these forms.
    pub fn from_file_bytes(bytes: &[u8]) -> Result<Self, PublicKeyError> {
        match bytes.trim_ascii_start().first() {
            Some(b'-') => {
                Self::from_pem(std::str::from_utf8(bytes).map_err(|_| PublicKeyError::Pem)?)
            }
            // A DER SEQUENCE.
            Some(0x30) => Self::from_spki_der(bytes),
            // A CBOR map of at most 23 members.
            _ if Self::is_cose_file(bytes) => Self::from_cose_bytes(bytes),
            _ => Err(PublicKeyError::Unrecognised),
        }
    }

    /// Whether the bytes of a file are COSE, the one form that names the algorithm of an RSA key.
    pub fn is_cose_file(bytes: &[u8]) -> bool {
        matches!(bytes.trim_ascii_start().first(), Some(0xa0..=0xb7))
    }

    /// The same RSA key for its other padding: RS256 for PS256, and the other way round. `None` for
    /// any other key.
    #[must_use]
    pub fn with_other_padding(&self) -> Option<Self> {
        let algorithm = match (&self.key, self.algorithm) {
            (Key::Rsa(_), Algorithm::RS256) => Algorithm::PS256,
            (Key::Rsa(_), Algorithm::PS256) => Algorithm::RS256,
            _ => return None,
        };
        Some(Self { algorithm, key: self.key.clone() })
    }

    /// The algorithm that the key is for.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Checks a signature in the form that WebAuthn prescribes (section 6.5.5): DER for ECDSA, 64
    /// bytes for Ed25519, as long as the modulus for RSA, and as FIPS 204 writes it, with an empty
    /// context, for ML-DSA (RFC 9964).
    ///
    /// Ed25519 is checked strictly: no small-order points, no second form of the same signature. On
    /// secp256k1 both forms are taken, as COSE does not say which of them is written.
    ///
    /// # Errors
    ///
    /// [`SignatureError`] when it was not made with this key over `message`.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        let malformed = |_| SignatureError::Malformed;
        let verified = match &self.key {
            Key::P256(key) => {
                let signature = p256::ecdsa::Signature::from_der(signature).map_err(malformed)?;
                key.verify(message, &signature).is_ok()
            }
            Key::P384(key) => {
                let signature = p384::ecdsa::Signature::from_der(signature).map_err(malformed)?;
                key.verify(message, &signature).is_ok()
            }
            Key::P521(key) => {
                let signature = p521::ecdsa::Signature::from_der(signature).map_err(malformed)?;
                key.verify(message, &signature).is_ok()
            }
            Key::Secp256k1(key) => {
                let signature = k256::ecdsa::Signature::from_der(signature).map_err(malformed)?;
                key.verify(message, &signature.normalize_s()).is_ok()
            }
            Key::Ed25519(key) => {
                let signature =
                    ed25519_dalek::Signature::from_slice(signature).map_err(malformed)?;
                key.verify_strict(message, &signature).is_ok()
            }
            Key::Rsa(key) => return self.verify_rsa(key, message, signature),
            Key::MlDsa44(key) => {
                key.verify(message, &signature.try_into().map_err(malformed)?).is_ok()
            }
            Key::MlDsa65(key) => {
                key.verify(message, &signature.try_into().map_err(malformed)?).is_ok()
            }
            Key::MlDsa87(key) => {
                key.verify(message, &signature.try_into().map_err(malformed)?).is_ok()
            }
        };
        if verified { Ok(()) } else { Err(SignatureError::Wrong) }
    }

    /// RSA keys are for one of several paddings and hashes.
    fn verify_rsa(
        &self,
        key: &rsa::PublicKey,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), SignatureError> {
        let malformed = |_| SignatureError::Malformed;
        let key = key.clone();
        let verified = match self.algorithm {
            Algorithm::PS256 => {
                // The salt is as long as the hash (RFC 8230 section 2).
                let signature = rsa::pss::Signature::try_from(signature).map_err(malformed)?;
                rsa::pss::VerifyingKey::<Sha256>::new(key).verify(message, &signature)
            }
            Algorithm::RS1 => {
                let signature = rsa::pkcs1v15::Signature::try_from(signature).map_err(malformed)?;
                rsa::pkcs1v15::VerifyingKey::<Sha1>::new(key).verify(message, &signature)
            }
            _ => {
                let signature = rsa::pkcs1v15::Signature::try_from(signature).map_err(malformed)?;
                rsa::pkcs1v15::VerifyingKey::<Sha256>::new(key).verify(message, &signature)
            }
        };
        verified.map_err(|_| SignatureError::Wrong)
    }
}

#[cfg(test)]
mod tests;
