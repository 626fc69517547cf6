//! `AuthenticationResponseJSON` (WebAuthn Level 3 sections 5.1.8 and 5.2.2).

use super::{CROSS_PLATFORM, DocumentError, ExtensionResults, PUBLIC_KEY, null_is_default, parse};
use crate::webauthn::base64url::{Base64Url, encode};
use serde::{Deserialize, Serialize};

/// An assertion's response.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuthenticationResponseJson {
    /// The credential ID, base64url.
    pub id: String,
    /// The credential ID.
    #[serde(rename = "rawId")]
    pub raw_id: Base64Url,
    /// What the key said.
    pub response: AuthenticatorAssertionResponseJson,
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

/// The member `response` of an assertion's response.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuthenticatorAssertionResponseJson {
    /// The client data; absent when only its hash is known.
    #[serde(rename = "clientDataJSON", default, skip_serializing_if = "Option::is_none")]
    pub client_data_json: Option<Base64Url>,
    /// The authenticator data.
    #[serde(rename = "authenticatorData")]
    pub authenticator_data: Base64Url,
    /// The signature over authenticator data and client data hash.
    pub signature: Base64Url,
    /// The user handle, if the key gave one.
    #[serde(rename = "userHandle", default, skip_serializing_if = "Option::is_none")]
    pub user_handle: Option<Base64Url>,
}

impl AuthenticationResponseJson {
    /// Writes the response of an assertion with a key that can be unplugged.
    pub fn new(
        credential_id: &[u8],
        response: AuthenticatorAssertionResponseJson,
        extension_results: ExtensionResults,
    ) -> Self {
        Self {
            id: encode(credential_id),
            raw_id: credential_id.into(),
            response,
            authenticator_attachment: Some(CROSS_PLATFORM.into()),
            client_extension_results: extension_results,
            kind: PUBLIC_KEY.into(),
        }
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
