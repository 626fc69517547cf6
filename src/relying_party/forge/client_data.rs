//! `clientDataJSON` (WebAuthn Level 3 section 5.8.1), right or wrong.

use crate::webauthn::base64url;
use crate::webauthn::client_data::{ClientDataType, hash};
use serde_json::{Map, Value};

/// What becomes of the bytes of client data after they were written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientDataFault {
    /// Nothing.
    #[default]
    None,
    /// The closing brace is missing.
    NotJson,
    /// A member holds a byte that does not occur in UTF-8.
    NotUtf8,
}

/// Client data to be written.
#[derive(Clone, Debug)]
pub struct ClientDataPlan {
    /// The member `type`.
    pub kind: String,
    /// The challenge; the member is left out without one.
    pub challenge: Option<Vec<u8>>,
    /// The member `origin`.
    pub origin: String,
    /// The member `crossOrigin`.
    pub cross_origin: bool,
    /// The member `topOrigin`.
    pub top_origin: Option<String>,
    /// What becomes of the bytes.
    pub fault: ClientDataFault,
}

impl ClientDataPlan {
    /// What an honest client writes.
    pub fn honest(kind: ClientDataType, challenge: &[u8], origin: &str) -> Self {
        Self {
            kind: kind.as_str().to_owned(),
            challenge: Some(challenge.to_vec()),
            origin: origin.to_owned(),
            cross_origin: false,
            top_origin: None,
            fault: ClientDataFault::None,
        }
    }

    /// The bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let mut members = Map::new();
        members.insert("type".to_owned(), self.kind.clone().into());
        if let Some(challenge) = &self.challenge {
            members.insert("challenge".to_owned(), base64url::encode(challenge).into());
        }
        members.insert("origin".to_owned(), self.origin.clone().into());
        members.insert("crossOrigin".to_owned(), self.cross_origin.into());
        if let Some(top) = &self.top_origin {
            members.insert("topOrigin".to_owned(), top.clone().into());
        }
        let mut bytes = Value::Object(members).to_string().into_bytes();
        match self.fault {
            ClientDataFault::None => {}
            ClientDataFault::NotJson => drop(bytes.pop()),
            ClientDataFault::NotUtf8 => {
                bytes.pop();
                bytes.extend_from_slice(b",\"extra\":\"\xff\"}");
            }
        }
        bytes
    }
}

/// What is signed: authenticator data, then the hash of the client data (section 6.3.3).
pub fn signed(authenticator_data: &[u8], client_data: &[u8]) -> Vec<u8> {
    [authenticator_data, &hash(client_data)].concat()
}
