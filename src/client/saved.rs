//! A registration kept in a file, so that later assertions can be held against it.

use super::{KnownRegistration, Registered};
use crate::webauthn::base64url::Base64Url;
use crate::webauthn::json::RegistrationResponseJson;
use crate::webauthn::public_key::PublicKey;
use crate::wire::attestation_object::AttestationObject;
use crate::wire::authenticator_data::{AuthenticatorData, AuthenticatorDataError};
use crate::wire::cbor::CborError;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The newest version of the file that this program writes and reads.
const VERSION: u32 = 1;

/// Why a file is not a registration.
#[derive(Debug, Error)]
pub enum SavedRegistrationError {
    /// It is not JSON, or not of this form.
    #[error("it is neither a saved registration nor a RegistrationResponseJSON: {0}")]
    Json(#[from] serde_json::Error),
    /// It was written by a newer version.
    #[error("it has version {0}, which is newer than this program knows ({VERSION})")]
    Newer(u32),
    /// Its attestation object cannot be read.
    #[error("its attestation object cannot be read: {0}")]
    AttestationObject(#[from] CborError),
    /// Its authenticator data cannot be read.
    #[error("its authenticator data cannot be read: {0}")]
    AuthenticatorData(#[from] AuthenticatorDataError),
    /// It holds no credential.
    #[error("its authenticator data holds no credential")]
    NoCredential,
}

/// What `register --save` writes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SavedRegistration {
    schema_version: u32,
    /// The relying party's ID.
    pub rp_id: String,
    /// The account's ID.
    pub user_id: Base64Url,
    /// The account's name.
    pub user_name: Option<String>,
    /// The response, as a relying party gets it.
    pub response: RegistrationResponseJson,
}

impl SavedRegistration {
    /// Keeps what a later assertion is held against.
    pub fn of(registered: &Registered) -> Self {
        Self {
            schema_version: VERSION,
            rp_id: registered.rp_id.clone(),
            user_id: registered.user.id.as_slice().into(),
            user_name: registered.user.name.clone(),
            response: registered.response.clone(),
        }
    }
}

impl KnownRegistration {
    /// Reads a file that `register --save` wrote, or a bare RegistrationResponseJSON.
    ///
    /// # Errors
    ///
    /// [`SavedRegistrationError`] when it is something else.
    pub fn from_file(bytes: &[u8]) -> Result<Self, SavedRegistrationError> {
        let value: serde_json::Value = serde_json::from_slice(bytes)?;
        let (response, user_handle, rp_id) = if value.get("schema_version").is_some() {
            let version = value.get("schema_version").and_then(serde_json::Value::as_u64);
            match version.map(u32::try_from) {
                Some(Ok(version)) if version <= VERSION => {}
                Some(Ok(version)) => return Err(SavedRegistrationError::Newer(version)),
                _ => return Err(SavedRegistrationError::Newer(u32::MAX)),
            }
            let saved: SavedRegistration = serde_json::from_value(value)?;
            (saved.response, Some(saved.user_id.as_bytes().to_vec()), Some(saved.rp_id))
        } else {
            (serde_json::from_value::<RegistrationResponseJson>(value)?, None, None)
        };
        let object = AttestationObject::parse(response.response.attestation_object.as_bytes())?;
        let data = AuthenticatorData::parse(&object.authenticator_data)?;
        let credential = data.attested_credential.ok_or(SavedRegistrationError::NoCredential)?;
        Ok(Self {
            rp_id,
            public_key: PublicKey::from_cose(&credential.public_key),
            credential_id: Some(credential.credential_id),
            sign_count: Some(data.sign_count),
            backup_eligible: Some(data.flags.backup_eligible()),
            user_handle,
        })
    }
}
