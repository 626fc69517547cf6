//! Public keys as SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7; RFC 5480; RFC 8410; RFC 8017).

use super::read::{ed25519, ml_dsa_key, rsa_key};
use super::{Family, Key, PublicKey, PublicKeyError};
use crate::wire::cose::Algorithm;
use der::asn1::ObjectIdentifier;
use der::pem::LineEnding;
use der::{Decode, Document};
use p256::pkcs8::{DecodePublicKey, EncodePublicKey};
use x509_cert::spki::SubjectPublicKeyInfoOwned;

/// id-ecPublicKey (RFC 5480 section 2.1.1).
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// secp256r1, which is P-256 (RFC 5480 section 2.1.1.1).
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
/// secp384r1, which is P-384 (RFC 5480 section 2.1.1.1).
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
/// secp521r1, which is P-521 (RFC 5480 section 2.1.1.1).
const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");
/// secp256k1 (SEC 2 section 2.4.1).
const SECP256K1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.10");
/// id-ml-dsa-44, -65 and -87 (RFC 9881 section 2).
const ML_DSA_44: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.17");
const ML_DSA_65: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.18");
const ML_DSA_87: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.19");
/// id-Ed25519 (RFC 8410 section 3).
const ED25519_OID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
/// rsaEncryption (RFC 8017 appendix A).
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo in DER. The algorithm is the one that WebAuthn uses with such a
    /// key: ES256, ES384, ES512, ES256K, EdDSA, RS256 or ML-DSA.
    ///
    /// # Errors
    ///
    /// [`PublicKeyError::UnsupportedType`] for a key type or curve that cannot be verified here;
    /// another [`PublicKeyError`] when the bytes or numbers are wrong.
    pub fn from_spki_der(bytes: &[u8]) -> Result<Self, PublicKeyError> {
        let info = SubjectPublicKeyInfoOwned::from_der(bytes).map_err(|_| PublicKeyError::Spki)?;
        let oid = info.algorithm.oid;
        let raw = || info.subject_public_key.as_bytes().ok_or(PublicKeyError::Spki);
        let (algorithm, key) = match oid {
            EC_PUBLIC_KEY => {
                let parameters = info.algorithm.parameters.as_ref().ok_or(PublicKeyError::Spki)?;
                let curve: ObjectIdentifier =
                    parameters.decode_as().map_err(|_| PublicKeyError::Spki)?;
                let not_on = |curve| move |_| PublicKeyError::NotOnCurve { curve };
                match curve {
                    P256 => {
                        let key = p256::ecdsa::VerifyingKey::from_public_key_der(bytes)
                            .map_err(not_on("P-256"))?;
                        (Algorithm::ES256, Key::P256(key))
                    }
                    P384 => {
                        let key = p384::ecdsa::VerifyingKey::from_public_key_der(bytes)
                            .map_err(not_on("P-384"))?;
                        (Algorithm::ES384, Key::P384(key))
                    }
                    P521 => {
                        let key = p521::ecdsa::VerifyingKey::from_public_key_der(bytes)
                            .map_err(not_on("P-521"))?;
                        (Algorithm::ES512, Key::P521(Box::new(key)))
                    }
                    SECP256K1 => {
                        let key = k256::ecdsa::VerifyingKey::from_public_key_der(bytes)
                            .map_err(not_on("secp256k1"))?;
                        (Algorithm::ES256K, Key::Secp256k1(key))
                    }
                    other => {
                        let oid = format!("{oid} on {other}");
                        return Err(PublicKeyError::UnsupportedType { oid });
                    }
                }
            }
            ED25519_OID => (Algorithm::EDDSA, Key::Ed25519(ed25519(raw()?)?)),
            RSA => {
                let key = rsa::pkcs1::RsaPublicKeyRef::from_der(raw()?)
                    .map_err(|_| PublicKeyError::Spki)?;
                let key = rsa_key(key.modulus.as_bytes(), key.public_exponent.as_bytes())?;
                (Algorithm::RS256, Key::Rsa(Box::new(key)))
            }
            ML_DSA_44 => {
                let algorithm = Algorithm::ML_DSA_44;
                (algorithm, Key::MlDsa44(ml_dsa_key(algorithm, raw()?)?))
            }
            ML_DSA_65 => {
                let algorithm = Algorithm::ML_DSA_65;
                (algorithm, Key::MlDsa65(ml_dsa_key(algorithm, raw()?)?))
            }
            ML_DSA_87 => {
                let algorithm = Algorithm::ML_DSA_87;
                (algorithm, Key::MlDsa87(ml_dsa_key(algorithm, raw()?)?))
            }
            _ => return Err(PublicKeyError::UnsupportedType { oid: oid.to_string() }),
        };
        Ok(Self { algorithm, key })
    }

    /// Reads a `PUBLIC KEY` in PEM.
    ///
    /// # Errors
    ///
    /// [`PublicKeyError::Pem`] when it is none; else as [`PublicKey::from_spki_der`].
    pub fn from_pem(text: &str) -> Result<Self, PublicKeyError> {
        let (label, document) =
            Document::from_pem(text.trim_start()).map_err(|_| PublicKeyError::Pem)?;
        if label != "PUBLIC KEY" {
            return Err(PublicKeyError::Pem);
        }
        Self::from_spki_der(document.as_bytes())
    }

    /// Reads a SubjectPublicKeyInfo that must be a key for this algorithm, as an attestation
    /// statement names one beside its certificate.
    ///
    /// # Errors
    ///
    /// [`PublicKeyError::DoesNotFit`] when it is a key for another algorithm. An error that says
    /// [`is_unsupported`](PublicKeyError::is_unsupported) only where nothing contradicts: the
    /// algorithm cannot be verified here, and the key may be one for it.
    pub fn from_spki_der_for(bytes: &[u8], algorithm: Algorithm) -> Result<Self, PublicKeyError> {
        let needed = Family::of(algorithm).map(Family::needed);
        let does_not_fit = || PublicKeyError::DoesNotFit {
            algorithm,
            needed: needed.unwrap_or("a key of another type"),
        };
        let key = match Self::from_spki_der(bytes) {
            Ok(key) => key,
            Err(PublicKeyError::UnsupportedType { .. }) if needed.is_some() => {
                return Err(does_not_fit());
            }
            Err(error) => return Err(error),
        };
        if Family::of(algorithm) == Some(key.family()) {
            Ok(Self { algorithm, key: key.key })
        } else if needed.is_none() && key.family() == Family::Rsa {
            // One of RSA's other paddings or hashes.
            Err(PublicKeyError::Unsupported(algorithm))
        } else {
            Err(does_not_fit())
        }
    }

    /// As [`PublicKey::from_spki_der_for`], for the certificate of a TPM (section 8.3), where RS1 is
    /// still to be seen.
    ///
    /// # Errors
    ///
    /// As [`PublicKey::from_spki_der_for`].
    pub fn from_tpm_spki_der(bytes: &[u8], algorithm: Algorithm) -> Result<Self, PublicKeyError> {
        if algorithm != Algorithm::RS1 {
            return Self::from_spki_der_for(bytes, algorithm);
        }
        let Self { key, .. } =
            Self::from_spki_der_for(bytes, Algorithm::RS256).map_err(|error| match error {
                PublicKeyError::DoesNotFit { needed, .. } => {
                    PublicKeyError::DoesNotFit { algorithm, needed }
                }
                other => other,
            })?;
        Ok(Self { algorithm, key })
    }

    fn family(&self) -> Family {
        match self.key {
            Key::P256(_) => Family::P256,
            Key::P384(_) => Family::P384,
            Key::P521(_) => Family::P521,
            Key::Secp256k1(_) => Family::Secp256k1,
            Key::Ed25519(_) => Family::Ed25519,
            Key::Rsa(_) => Family::Rsa,
            Key::MlDsa44(_) => Family::MlDsa44,
            Key::MlDsa65(_) => Family::MlDsa65,
            Key::MlDsa87(_) => Family::MlDsa87,
        }
    }

    /// Writes the key as SubjectPublicKeyInfo in DER, the form that section 5.2.1.1 prescribes for
    /// `getPublicKey()`.
    ///
    /// `None` cannot happen for a key that was read here; encoding is fallible in the libraries.
    pub fn to_spki_der(&self) -> Option<Vec<u8>> {
        let document = match &self.key {
            Key::P256(key) => key.to_public_key_der(),
            Key::P384(key) => key.to_public_key_der(),
            Key::P521(key) => key.to_public_key_der(),
            Key::Secp256k1(key) => key.to_public_key_der(),
            Key::Ed25519(key) => key.to_public_key_der(),
            Key::Rsa(key) => key.to_public_key_der(),
            Key::MlDsa44(key) => key.to_public_key_der(),
            Key::MlDsa65(key) => key.to_public_key_der(),
            Key::MlDsa87(key) => key.to_public_key_der(),
        };
        document.ok().map(Document::into_vec)
    }

    /// Writes the key as a `PUBLIC KEY` in PEM, with a line end at the end.
    ///
    /// `None` as for [`PublicKey::to_spki_der`].
    pub fn to_pem(&self) -> Option<String> {
        let document = Document::try_from(self.to_spki_der()?).ok()?;
        document.to_pem("PUBLIC KEY", LineEnding::LF).ok()
    }
}
