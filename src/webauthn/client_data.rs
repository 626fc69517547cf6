//! Client data (WebAuthn Level 3 section 5.8.1): what the key signs of the world outside it.
//!
//! [`CollectedClientData`] writes the exact bytes that section 5.8.1.2 prescribes;
//! [`ReceivedClientData`] reads what any client wrote. Whether what was read is right is decided in
//! [`verify`](super::verify).

use super::base64url;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::fmt;
use thiserror::Error;

/// The longest client data that is read. Browsers write a few hundred bytes.
pub const MAX_CLIENT_DATA: usize = 65_536;

/// Which ceremony client data is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientDataType {
    /// A registration.
    Create,
    /// An assertion.
    Get,
}

impl ClientDataType {
    /// The value of the member `type`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "webauthn.create",
            Self::Get => "webauthn.get",
        }
    }
}

impl fmt::Display for ClientDataType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Client data to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollectedClientData {
    /// The ceremony.
    pub kind: ClientDataType,
    /// The relying party's challenge.
    pub challenge: Vec<u8>,
    /// The origin that asks, in its ASCII form; see [`Origin`](super::origin::Origin).
    pub origin: String,
    /// Whether it asks from a frame inside a page of another origin.
    pub cross_origin: bool,
    /// The origin of that page; written only when [`cross_origin`](Self::cross_origin) is set.
    pub top_origin: Option<String>,
}

impl CollectedClientData {
    /// Writes `clientDataJSON`, byte for byte as section 5.8.1.2 prescribes.
    pub fn to_json(&self) -> Vec<u8> {
        let mut json = String::from("{\"type\":");
        push_string(&mut json, self.kind.as_str());
        json.push_str(",\"challenge\":");
        push_string(&mut json, &base64url::encode(&self.challenge));
        json.push_str(",\"origin\":");
        push_string(&mut json, &self.origin);
        json.push_str(",\"crossOrigin\":");
        json.push_str(if self.cross_origin { "true" } else { "false" });
        if let (true, Some(top_origin)) = (self.cross_origin, &self.top_origin) {
            json.push_str(",\"topOrigin\":");
            push_string(&mut json, top_origin);
        }
        json.push('}');
        json.into_bytes()
    }
}

/// Computes the hash of client data: SHA-256 of exactly these bytes.
pub fn hash(client_data_json: &[u8]) -> [u8; 32] {
    Sha256::digest(client_data_json).into()
}

/// Appends a string as the function `CCDToString` of section 5.8.1.2 does: only `"`, `\` and the
/// characters below U+0020 are escaped.
fn push_string(json: &mut String, text: &str) {
    json.push('"');
    for character in text.chars() {
        match character {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\0'..='\x1f' => json.push_str(&format!("\\u{:04x}", u32::from(character))),
            _ => json.push(character),
        }
    }
    json.push('"');
}

/// Why bytes are not client data.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ClientDataError {
    /// Longer than [`MAX_CLIENT_DATA`].
    #[error("the client data is {length} bytes long; at most {MAX_CLIENT_DATA} are read")]
    TooLong {
        /// The length found, in bytes.
        length: usize,
    },
    /// Not UTF-8.
    #[error("the client data is not UTF-8")]
    NotUtf8,
    /// Not a JSON object with the members `type`, `challenge` and `origin`.
    #[error("the client data is not the JSON that it should be: {0}")]
    Json(String),
    /// The challenge is not base64url.
    #[error("the challenge in the client data is not base64url without padding")]
    Challenge,
}

/// Client data as received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedClientData {
    /// The member `type`, whatever it says.
    pub kind: String,
    /// The challenge, decoded.
    pub challenge: Vec<u8>,
    /// The origin, as written.
    pub origin: String,
    /// Whether the ceremony ran in a frame of another origin, if the client says.
    pub cross_origin: Option<bool>,
    /// The origin of the page around that frame, if the client says.
    pub top_origin: Option<String>,
}

/// The members that are read; others are allowed and ignored, as section 5.8.1 asks.
#[derive(Deserialize)]
struct Members {
    #[serde(rename = "type")]
    kind: String,
    challenge: String,
    origin: String,
    #[serde(rename = "crossOrigin", default)]
    cross_origin: Option<bool>,
    #[serde(rename = "topOrigin", default)]
    top_origin: Option<String>,
}

impl ReceivedClientData {
    /// Reads client data of any client.
    ///
    /// A byte order mark is skipped, as section 7.1 decodes it; unknown members are ignored;
    /// a member that is there twice is refused.
    ///
    /// # Errors
    ///
    /// [`ClientDataError`] when the bytes are something else.
    pub fn parse(bytes: &[u8]) -> Result<Self, ClientDataError> {
        if bytes.len() > MAX_CLIENT_DATA {
            return Err(ClientDataError::TooLong { length: bytes.len() });
        }
        let text = std::str::from_utf8(bytes).map_err(|_| ClientDataError::NotUtf8)?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let members: Members =
            serde_json::from_str(text).map_err(|error| ClientDataError::Json(error.to_string()))?;
        let challenge =
            base64url::decode_strict(&members.challenge).map_err(|_| ClientDataError::Challenge)?;
        Ok(Self {
            kind: members.kind,
            challenge,
            origin: members.origin,
            cross_origin: members.cross_origin,
            top_origin: members.top_origin,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collected() -> CollectedClientData {
        CollectedClientData {
            kind: ClientDataType::Get,
            challenge: vec![0xfb, 0xff, 0],
            origin: "https://example.org".into(),
            cross_origin: false,
            top_origin: None,
        }
    }

    #[test]
    fn the_bytes_are_those_of_the_specification() {
        let mut data = collected();
        assert_eq!(
            data.to_json(),
            br#"{"type":"webauthn.get","challenge":"-_8A","origin":"https://example.org","crossOrigin":false}"#
        );
        // Without crossOrigin there is no topOrigin (section 5.8.1).
        data.top_origin = Some("https://example.com".into());
        assert!(!String::from_utf8(data.to_json()).unwrap().contains("topOrigin"));
        data.cross_origin = true;
        data.kind = ClientDataType::Create;
        assert_eq!(
            data.to_json(),
            br#"{"type":"webauthn.create","challenge":"-_8A","origin":"https://example.org","crossOrigin":true,"topOrigin":"https://example.com"}"#
        );
    }

    #[test]
    fn only_quotes_backslashes_and_control_characters_are_escaped() {
        let mut json = String::new();
        push_string(&mut json, "a\"b\\c/\u{8}\n\t\u{1f}\u{7f}\u{2028}ä€😀\0");
        assert_eq!(json, "\"a\\\"b\\\\c/\\u0008\\u000a\\u0009\\u001f\u{7f}\u{2028}ä€😀\\u0000\"");
    }

    #[test]
    fn what_is_written_reads_back() {
        let mut data = collected();
        data.origin = "https://\"\\\u{1}😀".into();
        data.cross_origin = true;
        data.top_origin = Some("https://top.example".into());
        let read = ReceivedClientData::parse(&data.to_json()).unwrap();
        assert_eq!(read.kind, data.kind.as_str());
        assert_eq!(read.challenge, data.challenge);
        assert_eq!(read.origin, data.origin);
        assert_eq!(read.cross_origin, Some(true));
        assert_eq!(read.top_origin, data.top_origin);
    }

    #[test]
    fn unknown_members_and_a_byte_order_mark_are_skipped() {
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        for text in [
            "\u{feff}{\"type\":\"t\",\"challenge\":\"AA\",\"origin\":\"o\"}".to_owned(),
            "{\"extra\":{\"a\":[1]},\"origin\":\"o\",\"challenge\":\"AA\",\"type\":\"t\"}".into(),
            "{\"type\":\"t\",\"challenge\":\"AA\",\"origin\":\"o\",\"tokenBinding\":null}".into(),
        ] {
            let read = ReceivedClientData::parse(text.as_bytes()).unwrap();
            assert_eq!((read.cross_origin, read.top_origin), (None, None));
        }
        // Nested without end: refused or skipped, but never a stack overflow.
        let text = format!("{{\"x\":{deep},\"type\":\"t\",\"challenge\":\"AA\",\"origin\":\"o\"}}");
        let _ = ReceivedClientData::parse(text.as_bytes());
    }

    #[test]
    fn other_things_are_refused() {
        let refused = |bytes: &[u8]| ReceivedClientData::parse(bytes).unwrap_err();
        assert!(matches!(refused(b"{}"), ClientDataError::Json(_)));
        assert!(matches!(refused(b"[]"), ClientDataError::Json(_)));
        assert_eq!(refused(b"\xff"), ClientDataError::NotUtf8);
        assert_eq!(
            refused(&vec![b' '; MAX_CLIENT_DATA + 1]),
            ClientDataError::TooLong { length: MAX_CLIENT_DATA + 1 }
        );
        let padded = br#"{"type":"t","challenge":"AA==","origin":"o"}"#;
        assert_eq!(refused(padded), ClientDataError::Challenge);
        let twice = br#"{"type":"t","type":"u","challenge":"AA","origin":"o"}"#;
        assert!(matches!(refused(twice), ClientDataError::Json(_)));
        let bytes = collected().to_json();
        for end in 0..bytes.len() {
            assert!(ReceivedClientData::parse(&bytes[..end]).is_err());
        }
    }
}
