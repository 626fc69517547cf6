//! Whole registration responses (WebAuthn Level 3 sections 5.1 and 6.3.2), right or wrong.

use super::ForgeError;
use super::attestation::{AttestationPlan, Statement, Subject};
use super::authenticator_data::{AuthenticatorDataPlan, CredentialPlan};
use super::certificate::Maker;
use super::client_data::ClientDataPlan;
use super::key::ForgedKey;
use crate::ctap::Random;
use crate::webauthn::base64url;
use crate::webauthn::client_data::ClientDataType;
use crate::wire::authenticator_data::Aaguid;
use serde_json::{Value, json};

/// The AAGUID of forged keys: no maker's.
pub const AAGUID: Aaguid = Aaguid(*b"fidokey forgery!");

/// Bytes in the ID of a forged credential.
const ID_LENGTH: usize = 32;

/// A registration to be forged.
pub struct RegistrationPlan {
    /// The credential's key.
    pub key: ForgedKey,
    /// The client data.
    pub client_data: ClientDataPlan,
    /// The authenticator data.
    pub authenticator_data: AuthenticatorDataPlan,
    /// The attestation.
    pub attestation: AttestationPlan,
    /// The member `id`, where it differs from the credential's.
    pub id: Option<Vec<u8>>,
    /// The member `rawId`, where it differs from the credential's.
    pub raw_id: Option<Vec<u8>>,
    /// The member `type`.
    pub kind: &'static str,
}

impl RegistrationPlan {
    /// What an honest client and an honest key answer to this challenge.
    ///
    /// # Errors
    ///
    /// When there is no randomness.
    pub fn honest(
        key: ForgedKey,
        (challenge, origin, rp_id): (&[u8], &str, &str),
        statement: Statement,
        random: &mut dyn Random,
    ) -> Result<Self, ForgeError> {
        let mut id = vec![0; ID_LENGTH];
        random.fill(&mut id)?;
        let aaguid = match statement {
            // What section 8.6 says of U2F keys: they have none.
            Statement::FidoU2f(..) => Aaguid([0; 16]),
            _ => AAGUID,
        };
        let credential = CredentialPlan { aaguid, id, public_key: key.cose() };
        Ok(Self {
            key,
            client_data: ClientDataPlan::honest(ClientDataType::Create, challenge, origin),
            authenticator_data: AuthenticatorDataPlan::honest(rp_id, 0, Some(credential)),
            attestation: AttestationPlan::honest(statement),
            id: None,
            raw_id: None,
            kind: "public-key",
        })
    }

    /// The ID of the credential in the authenticator data.
    pub fn credential_id(&self) -> &[u8] {
        self.authenticator_data.credential.as_ref().map_or(&[], |credential| &credential.id)
    }

    /// Changes the credential in the authenticator data, if it is there.
    pub fn change_credential(&mut self, change: impl FnOnce(&mut CredentialPlan)) {
        if let Some(credential) = &mut self.authenticator_data.credential {
            change(credential);
        }
    }

    /// Writes the RegistrationResponseJSON.
    ///
    /// # Errors
    ///
    /// When there is no randomness, or a certificate cannot be built.
    pub fn forge(&self, maker: &Maker, random: &mut dyn Random) -> Result<Value, ForgeError> {
        let client_data = self.client_data.bytes();
        let authenticator_data = self.authenticator_data.bytes();
        let subject = Subject {
            key: &self.key,
            rp_id_hash: self.authenticator_data.rp_id_hash,
            credential_id: self.credential_id(),
            authenticator_data: &authenticator_data,
            client_data: &client_data,
        };
        let object = self.attestation.bytes(&subject, maker, random)?;
        let own = self.credential_id();
        Ok(json!({
            "id": base64url::encode(self.id.as_deref().unwrap_or(own)),
            "rawId": base64url::encode(self.raw_id.as_deref().unwrap_or(own)),
            "type": self.kind,
            "response": {
                "clientDataJSON": base64url::encode(&client_data),
                "attestationObject": base64url::encode(&object),
                "transports": ["usb"],
            },
            "authenticatorAttachment": "cross-platform",
            "clientExtensionResults": {},
        }))
    }
}
