//! The body of Microsoft Graph's `POST /users/{id}/authentication/fido2Methods`, by which a key that
//! was registered on behalf of somebody is handed in (Microsoft Graph, "Create fido2AuthenticationMethod").

use super::{
    AuthenticatorAttestationResponseJson, DocumentError, ExtensionResults, PUBLIC_KEY,
    RegistrationResponseJson, null_is_default, parse,
};
use crate::webauthn::base64url::{Base64Url, decode};
use serde::{Deserialize, Serialize};

/// The longest name that Graph is known to take, in characters (DSInternals.Passkeys).
pub const MAX_DISPLAY_NAME: usize = 30;

/// The body of the request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GraphFido2Method {
    /// What the person's list of sign-in methods calls the key.
    #[serde(default)]
    pub display_name: String,
    /// The registration.
    pub public_key_credential: GraphCredential,
}

/// A registration as Graph takes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GraphCredential {
    /// The credential ID, base64url.
    pub id: String,
    /// What the key said.
    pub response: GraphResponse,
    /// Extension outputs.
    #[serde(default, deserialize_with = "null_is_default")]
    pub client_extension_results: ExtensionResults,
}

/// The member `response` of a registration as Graph takes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GraphResponse {
    /// The client data; absent when only its hash is known.
    #[serde(rename = "clientDataJSON", default, skip_serializing_if = "Option::is_none")]
    pub client_data_json: Option<Base64Url>,
    /// The attestation object.
    #[serde(rename = "attestationObject")]
    pub attestation_object: Base64Url,
}

impl GraphFido2Method {
    /// Reads the body of such a request.
    ///
    /// # Errors
    ///
    /// [`DocumentError`] with the place in the document.
    pub fn parse(bytes: &[u8]) -> Result<Self, DocumentError> {
        parse(bytes)
    }

    /// The registration in WebAuthn's own form. Graph leaves out what the attestation object says
    /// again; an ID that is not base64url becomes an empty one, which names no credential.
    pub fn into_registration(self) -> RegistrationResponseJson {
        let GraphCredential { id, response, client_extension_results } = self.public_key_credential;
        RegistrationResponseJson {
            raw_id: decode(&id).unwrap_or_default().into(),
            id,
            response: AuthenticatorAttestationResponseJson {
                client_data_json: response.client_data_json,
                authenticator_data: None,
                transports: Vec::new(),
                public_key: None,
                public_key_algorithm: None,
                attestation_object: response.attestation_object,
            },
            authenticator_attachment: None,
            client_extension_results,
            kind: PUBLIC_KEY.to_owned(),
        }
    }

    /// Takes what Graph wants of a registration.
    pub fn new(display_name: impl Into<String>, registration: &RegistrationResponseJson) -> Self {
        Self {
            display_name: display_name.into(),
            public_key_credential: GraphCredential {
                id: registration.id.clone(),
                response: GraphResponse {
                    client_data_json: registration.response.client_data_json.clone(),
                    attestation_object: registration.response.attestation_object.clone(),
                },
                client_extension_results: registration.client_extension_results.clone(),
            },
        }
    }
}
