//! The form in which a maker of keys is kept: its private key (PKCS#8, RFC 5958) and its root
//! certificate (RFC 5280), one after the other in PEM (RFC 7468).

use super::ForgeError;
use super::certificate::Maker;
use der::pem::LineEnding;
use der::{Decode, DecodePem, Encode, EncodePem};
use p256::ecdsa::SigningKey;
use p256::pkcs8::{DecodePrivateKey, EncodePrivateKey, EncodePublicKey};
use thiserror::Error;
use x509_cert::Certificate;
use zeroize::Zeroizing;

/// What the certificate begins with; the private key stands before it.
const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----";

/// Why a file does not hold a maker.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum MakerError {
    /// The two are not there.
    #[error("it does not hold a private key and a certificate, each in PEM")]
    Form,
    /// The private key is another one's.
    #[error("its private key is not that of its certificate")]
    OtherKey,
}

impl Maker {
    /// The root certificate, in PEM, to be given to a relying party.
    ///
    /// # Errors
    ///
    /// When it cannot be encoded, which is a defect.
    pub fn root_pem(&self) -> Result<String, ForgeError> {
        let failed = |error: der::Error| ForgeError::Certificate(error.to_string());
        let root = Certificate::from_der(self.root()).map_err(failed)?;
        root.to_pem(LineEnding::LF).map_err(failed)
    }

    /// What is kept: whoever has it can make keys of this maker.
    ///
    /// # Errors
    ///
    /// When it cannot be encoded, which is a defect.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, ForgeError> {
        let key = self
            .key()
            .to_pkcs8_pem(LineEnding::LF)
            .map_err(|error| ForgeError::Certificate(error.to_string()))?;
        Ok(Zeroizing::new(format!("{}{}", key.as_str(), self.root_pem()?)))
    }

    /// Reads what was kept.
    ///
    /// # Errors
    ///
    /// [`MakerError`] when it is something else.
    pub fn from_pem(bytes: &[u8]) -> Result<Self, MakerError> {
        let text = std::str::from_utf8(bytes).map_err(|_| MakerError::Form)?;
        let at = text.find(CERTIFICATE).ok_or(MakerError::Form)?;
        let (key, root) = text.split_at(at);
        let key = SigningKey::from_pkcs8_pem(key).map_err(|_| MakerError::Form)?;
        let root = Certificate::from_pem(root).map_err(|_| MakerError::Form)?;
        let certified = root.tbs_certificate().subject_public_key_info().to_der();
        let own = key.verifying_key().to_public_key_der();
        if !matches!((certified, own), (Ok(one), Ok(other)) if one == other.as_bytes()) {
            return Err(MakerError::OtherKey);
        }
        Self::of(key, &root).map_err(|_| MakerError::Form)
    }
}
