//! A registration kept in a file, so that later assertions can be held against it.

use super::{KnownRegistration, Registered};
use crate::webauthn::base64url::Base64Url;
use crate::webauthn::json::graph::GraphFido2Method;
use crate::webauthn::json::{
    self, DocumentError, DocumentKind, NotJson, RegistrationResponseJson, recognise,
};
use crate::webauthn::public_key::{PublicKey, PublicKeyError};
use crate::webauthn::verify::{CredentialKey, KnownCredential};
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
    /// It is not JSON.
    #[error(transparent)]
    NotJson(#[from] NotJson),
    /// It is something else.
    #[error("it is {0}, and not a registration's response")]
    Other(DocumentKind),
    /// A member of it is missing or wrong.
    #[error("a member of it is missing or wrong: {0}")]
    Json(#[from] DocumentError),
    /// It was written by a newer version.
    #[error("it has version {0}, which is newer than this program knows ({VERSION})")]
    Newer(u64),
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

/// A registration's response, and what is known besides where `register --save` wrote it.
#[derive(Clone, Debug)]
pub struct ReadRegistration {
    /// The relying party's ID.
    pub rp_id: Option<String>,
    /// The account's ID.
    pub user_id: Option<Vec<u8>>,
    /// The response.
    pub response: RegistrationResponseJson,
}

/// Only the version of a file, to be read before its other members.
#[derive(Deserialize)]
struct Version {
    schema_version: u64,
}

impl ReadRegistration {
    /// Reads a file that `register --save` wrote, a bare RegistrationResponseJSON, or the body of a request
    /// to Microsoft Graph.
    ///
    /// # Errors
    ///
    /// [`SavedRegistrationError`] when it is something else.
    pub fn from_file(bytes: &[u8]) -> Result<Self, SavedRegistrationError> {
        let kind = recognise(bytes)?;
        if let Ok(Version { schema_version }) = json::parse(bytes)
            && schema_version > u64::from(VERSION)
        {
            return Err(SavedRegistrationError::Newer(schema_version));
        }
        match kind {
            DocumentKind::Registration => {
                let response = RegistrationResponseJson::parse(bytes)?;
                Ok(Self { rp_id: None, user_id: None, response })
            }
            DocumentKind::SavedRegistration => {
                let saved: SavedRegistration = json::parse(bytes)?;
                Ok(Self {
                    rp_id: Some(saved.rp_id),
                    user_id: Some(saved.user_id.as_bytes().to_vec()),
                    response: saved.response,
                })
            }
            DocumentKind::GraphRequest => {
                let response = GraphFido2Method::parse(bytes)?.into_registration();
                Ok(Self { rp_id: None, user_id: None, response })
            }
            other => Err(SavedRegistrationError::Other(other)),
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
        let read = ReadRegistration::from_file(bytes)?;
        let object = read.response.response.attestation_object.as_bytes();
        let object = AttestationObject::parse(object)?;
        let data = AuthenticatorData::parse(&object.authenticator_data)?;
        let credential = data.attested_credential.ok_or(SavedRegistrationError::NoCredential)?;
        Ok(Self {
            rp_id: read.rp_id,
            public_key: PublicKey::from_cose(&credential.public_key),
            is_bare_key: false,
            credential_id: Some(credential.credential_id),
            sign_count: Some(data.sign_count),
            backup_eligible: Some(data.flags.backup_eligible()),
            backed_up: Some(data.flags.backed_up()),
            user_handle: read.user_id,
        })
    }

    /// Knows a public key in PEM, DER or COSE, or that this program cannot verify with it, and nothing
    /// else.
    ///
    /// # Errors
    ///
    /// [`PublicKeyError`] when it is none, or a wrong one.
    pub fn from_key_file(bytes: &[u8]) -> Result<Self, PublicKeyError> {
        let public_key = match PublicKey::from_file_bytes(bytes) {
            Err(error) if !error.is_unsupported() => return Err(error),
            known => known,
        };
        Ok(Self {
            rp_id: None,
            credential_id: None,
            public_key,
            is_bare_key: !PublicKey::is_cose_file(bytes),
            sign_count: None,
            user_handle: None,
            backup_eligible: None,
            backed_up: None,
        })
    }

    /// What an assertion is held against.
    pub fn known(&self) -> KnownCredential<'_> {
        KnownCredential {
            id: self.credential_id.as_deref(),
            key: match &self.public_key {
                Ok(key) if self.is_bare_key => CredentialKey::Bare(key),
                key => CredentialKey::from(key),
            },
            sign_count: self.sign_count,
            user_handle: self.user_handle.as_deref(),
            backup_eligible: self.backup_eligible,
            backed_up: self.backed_up,
        }
    }
}
