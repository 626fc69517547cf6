//! `RegistrationResponseJSON` (WebAuthn Level 3 sections 5.1.8 and 5.2.1).

use super::{CROSS_PLATFORM, DocumentError, ExtensionResults, PUBLIC_KEY, null_is_default, parse};
use crate::webauthn::base64url::{Base64Url, encode};
use crate::webauthn::public_key::PublicKey;
use crate::wire::attestation_object::AttestationObject;
use crate::wire::authenticator_data::{AuthenticatorData, AuthenticatorDataError};
use crate::wire::cbor::CborError;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A registration's response.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RegistrationResponseJson {
    /// The credential ID, base64url.
    pub id: String,
    /// The credential ID.
    #[serde(rename = "rawId")]
    pub raw_id: Base64Url,
    /// What the key said.
    pub response: AuthenticatorAttestationResponseJson,
    /// How the key was attached; what is unknown counts as absent.
    #[serde(rename = "authenticatorAttachment", default, skip_serializing_if = "Option::is_none")]
    pub authenticator_attachment: Option<String>,
    /// Extension outputs.
    #[serde(rename = "clientExtensionResults", default, deserialize_with = "null_is_default")]
    pub client_extension_results: ExtensionResults,
    /// `public-key`.
    #[serde(rename = "type")]
    pub kind: String,
}

/// The member `response` of a registration's response.
///
/// `authenticatorData`, `publicKeyAlgorithm` and `transports` are always written, and may be absent
/// in what older libraries wrote.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuthenticatorAttestationResponseJson {
    /// The client data; absent when only its hash is known.
    #[serde(rename = "clientDataJSON", default, skip_serializing_if = "Option::is_none")]
    pub client_data_json: Option<Base64Url>,
    /// The authenticator data, as in the attestation object.
    #[serde(rename = "authenticatorData", default, skip_serializing_if = "Option::is_none")]
    pub authenticator_data: Option<Base64Url>,
    /// How the key can be reached, without duplicates, in lexicographic order.
    #[serde(default, deserialize_with = "null_is_default")]
    pub transports: Vec<String>,
    /// The public key as SubjectPublicKeyInfo in DER, where this program can express it.
    #[serde(rename = "publicKey", default, skip_serializing_if = "Option::is_none")]
    pub public_key: Option<Base64Url>,
    /// The COSE algorithm.
    #[serde(rename = "publicKeyAlgorithm", default, skip_serializing_if = "Option::is_none")]
    pub public_key_algorithm: Option<i64>,
    /// The attestation object.
    #[serde(rename = "attestationObject")]
    pub attestation_object: Base64Url,
}

/// Why there is no response to write.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ResponseError {
    /// The authenticator data cannot be read.
    #[error(transparent)]
    AuthenticatorData(#[from] AuthenticatorDataError),
    /// The authenticator data holds no credential.
    #[error("the key's answer holds no credential")]
    NoCredential,
    /// The attestation object, or its statement, is not CBOR.
    #[error("the attestation object cannot be read: {0}")]
    AttestationObject(#[from] CborError),
}

/// What a registration gave, from which its response is written.
#[derive(Clone, Copy, Debug)]
pub struct RegistrationFacts<'a> {
    /// The client data; `None` when only its hash is known.
    pub client_data_json: Option<&'a [u8]>,
    /// The attestation object.
    pub attestation_object: &'a AttestationObject,
    /// The transports that the key names, in any order.
    pub transports: &'a [String],
    /// Extension outputs by their WebAuthn names.
    pub extension_results: &'a ExtensionResults,
}

impl RegistrationResponseJson {
    /// Writes the response of a registration with a key that can be unplugged.
    ///
    /// # Errors
    ///
    /// [`ResponseError`] when the attestation object holds no credential that could be named.
    pub fn new(facts: RegistrationFacts<'_>) -> Result<Self, ResponseError> {
        let object = facts.attestation_object;
        let data = AuthenticatorData::parse(&object.authenticator_data)?;
        let credential = data.attested_credential.ok_or(ResponseError::NoCredential)?;
        let public_key = PublicKey::from_cose(&credential.public_key).ok();
        let mut transports = facts.transports.to_vec();
        transports.sort_unstable();
        transports.dedup();
        Ok(Self {
            id: encode(&credential.credential_id),
            raw_id: credential.credential_id.into(),
            response: AuthenticatorAttestationResponseJson {
                client_data_json: facts.client_data_json.map(Base64Url::from),
                authenticator_data: Some(object.authenticator_data.as_slice().into()),
                transports,
                public_key: public_key.and_then(|key| key.to_spki_der()).map(Base64Url),
                public_key_algorithm: Some(credential.public_key.algorithm.0),
                attestation_object: object.encode()?.into(),
            },
            authenticator_attachment: Some(CROSS_PLATFORM.into()),
            client_extension_results: facts.extension_results.clone(),
            kind: PUBLIC_KEY.into(),
        })
    }

    /// Reads a response, whichever program wrote it.
    ///
    /// # Errors
    ///
    /// [`DocumentError`] with the place in the document.
    pub fn parse(bytes: &[u8]) -> Result<Self, DocumentError> {
        parse(bytes)
    }
}
