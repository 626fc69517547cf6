//! What a relying party keeps of a registration (WebAuthn Level 3 section 4, "credential record").

use super::{CredentialKey, KnownCredential};
use crate::webauthn::json::{RegistrationResponseJson, ResponseError};
use crate::webauthn::public_key::{PublicKey, PublicKeyError};
use crate::wire::attestation_object::AttestationObject;
use crate::wire::authenticator_data::AuthenticatorData;

/// A credential as its registration made it.
#[derive(Clone, Debug)]
pub struct RegisteredCredential {
    /// The credential ID.
    pub id: Vec<u8>,
    /// The public key, or why it cannot be used.
    pub key: Result<PublicKey, PublicKeyError>,
    /// The signature counter.
    pub sign_count: u32,
    /// Whether the credential may be backed up.
    pub backup_eligible: bool,
    /// Whether the credential is backed up.
    pub backed_up: bool,
}

impl RegisteredCredential {
    /// Takes the credential from a registration's response, which is not judged here.
    ///
    /// # Errors
    ///
    /// [`ResponseError`] when its attestation object holds no credential.
    pub fn of_document(document: &RegistrationResponseJson) -> Result<Self, ResponseError> {
        let object = AttestationObject::parse(document.response.attestation_object.as_bytes())?;
        let data = AuthenticatorData::parse(&object.authenticator_data)?;
        let credential = data.attested_credential.ok_or(ResponseError::NoCredential)?;
        Ok(Self {
            key: PublicKey::from_cose(&credential.public_key),
            id: credential.credential_id,
            sign_count: data.sign_count,
            backup_eligible: data.flags.backup_eligible(),
            backed_up: data.flags.backed_up(),
        })
    }

    /// What an assertion is held against. The user handle is not part of a registration's response.
    pub fn known(&self) -> KnownCredential<'_> {
        KnownCredential {
            id: Some(&self.id),
            key: CredentialKey::from(&self.key),
            sign_count: Some(self.sign_count),
            user_handle: None,
            backup_eligible: Some(self.backup_eligible),
            backed_up: Some(self.backed_up),
        }
    }
}
