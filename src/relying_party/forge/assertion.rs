//! Whole assertion responses (WebAuthn Level 3 sections 5.1 and 6.3.3), right or wrong.

use super::ForgeError;
use super::attestation::SignatureFault;
use super::authenticator_data::AuthenticatorDataPlan;
use super::client_data::{ClientDataPlan, signed};
use super::key::{ForgedKey, sign_p256};
use crate::ctap::Random;
use crate::webauthn::base64url;
use crate::webauthn::client_data::ClientDataType;
use serde_json::{Value, json};

/// An assertion to be forged.
pub struct AssertionPlan<'a> {
    /// The credential's key.
    pub key: &'a ForgedKey,
    /// The client data.
    pub client_data: ClientDataPlan,
    /// The authenticator data.
    pub authenticator_data: AuthenticatorDataPlan,
    /// What is wrong with the signature.
    pub signature: SignatureFault,
    /// The member `id`.
    pub id: Vec<u8>,
    /// The member `rawId`, where it differs from `id`.
    pub raw_id: Option<Vec<u8>>,
    /// The member `userHandle`.
    pub user_handle: Option<Vec<u8>>,
    /// The member `type`.
    pub kind: &'static str,
}

impl<'a> AssertionPlan<'a> {
    /// What an honest client and an honest key answer to this challenge.
    pub fn honest(
        key: &'a ForgedKey,
        id: &[u8],
        (challenge, origin, rp_id): (&[u8], &str, &str),
        sign_count: u32,
    ) -> Self {
        Self {
            key,
            client_data: ClientDataPlan::honest(ClientDataType::Get, challenge, origin),
            authenticator_data: AuthenticatorDataPlan::honest(rp_id, sign_count, None),
            signature: SignatureFault::None,
            id: id.to_vec(),
            raw_id: None,
            user_handle: None,
            kind: "public-key",
        }
    }

    /// Writes the AuthenticationResponseJSON.
    ///
    /// # Errors
    ///
    /// When there is no randomness.
    pub fn forge(&self, random: &mut dyn Random) -> Result<Value, ForgeError> {
        let client_data = self.client_data.bytes();
        let authenticator_data = self.authenticator_data.bytes();
        let message = signed(&authenticator_data, &client_data);
        let other = match ForgedKey::generate(self.key.algorithm(), random)? {
            Some(other) => other.sign(&message),
            None => sign_p256(&ForgedKey::p256(random)?, &message),
        };
        let signature = self.signature.apply(&message, |bytes| self.key.sign(bytes), |_| other);
        let mut response = json!({
            "clientDataJSON": base64url::encode(&client_data),
            "authenticatorData": base64url::encode(&authenticator_data),
            "signature": base64url::encode(&signature),
        });
        if let (Some(handle), Some(members)) = (&self.user_handle, response.as_object_mut()) {
            members.insert("userHandle".to_owned(), base64url::encode(handle).into());
        }
        Ok(json!({
            "id": base64url::encode(&self.id),
            "rawId": base64url::encode(self.raw_id.as_deref().unwrap_or(&self.id)),
            "type": self.kind,
            "response": response,
            "authenticatorAttachment": "cross-platform",
            "clientExtensionResults": {},
        }))
    }
}
