//! Public keys as SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7; RFC 5480; RFC 8410; RFC 8017).

use super::{Family, Key, PublicKey, PublicKeyError, rsa_key};
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
/// id-Ed25519 (RFC 8410 section 3).
const ED25519_OID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
/// rsaEncryption (RFC 8017 appendix A).
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo in DER. The algorithm is the one that WebAuthn uses with such a
    /// key: ES256, ES384, EdDSA or RS256.
    ///
    /// # Errors
    ///
    /// [`PublicKeyError::UnsupportedType`] for a key type or curve that cannot be verified here;
    /// another [`PublicKeyError`] when the bytes or numbers are wrong.
    pub fn from_spki_der(bytes: &[u8]) -> Result<Self, PublicKeyError> {
        let info = SubjectPublicKeyInfoOwned::from_der(bytes).map_err(|_| PublicKeyError::Spki)?;
        let oid = info.algorithm.oid;
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
                    other => {
                        let oid = format!("{oid} on {other}");
                        return Err(PublicKeyError::UnsupportedType { oid });
                    }
                }
            }
            ED25519_OID => {
                let point = info.subject_public_key.as_bytes().ok_or(PublicKeyError::Spki)?;
                (Algorithm::EDDSA, Key::Ed25519(super::ed25519(point)?))
            }
            RSA => {
                let key = info.subject_public_key.as_bytes().ok_or(PublicKeyError::Spki)?;
                let key =
                    rsa::pkcs1::RsaPublicKeyRef::from_der(key).map_err(|_| PublicKeyError::Spki)?;
                let key = rsa_key(key.modulus.as_bytes(), key.public_exponent.as_bytes())?;
                (Algorithm::RS256, Key::Rsa(Box::new(key)))
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

    fn family(&self) -> Family {
        match self.key {
            Key::P256(_) => Family::P256,
            Key::P384(_) => Family::P384,
            Key::Ed25519(_) => Family::Ed25519,
            Key::Rsa(_) => Family::Rsa,
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
            Key::Ed25519(key) => key.to_public_key_der(),
            Key::Rsa(key) => key.to_public_key_der(),
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
