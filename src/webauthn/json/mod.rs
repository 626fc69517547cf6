//! The JSON forms of responses and options (WebAuthn Level 3 sections 5.1.8 to 5.1.10).
//!
//! Member names, order and encodings are WebAuthn's own; nothing is added. Documents of other
//! programs are read with tolerance: padded or standard base64, members that older libraries leave
//! out, and members that nobody knows. Whether a document is true is decided in
//! [`verify`](super::verify). Options are in [`options`].
//!
//! A ceremony that was given only the hash of the client data has no `clientDataJSON` that could be
//! written down: the member is then absent, which is the one departure from WebAuthn's forms.

mod assertion;
pub mod graph;
mod kind;
pub mod options;
mod registration;

pub use assertion::{AuthenticationResponseJson, AuthenticatorAssertionResponseJson};
pub use kind::{DocumentKind, NotJson, recognise, without_mark};
pub use registration::{
    AuthenticatorAttestationResponseJson, RegistrationFacts, RegistrationResponseJson,
    ResponseError,
};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

/// The value of `type` of every response, and of `authenticatorAttachment` for keys that can be
/// unplugged (sections 5.8.2 and 5.4.5).
pub(super) const PUBLIC_KEY: &str = "public-key";
const CROSS_PLATFORM: &str = "cross-platform";

/// The longest document that is read. Certificates make responses of a few thousand bytes.
pub const MAX_DOCUMENT: usize = 1024 * 1024;

/// Extension outputs by their WebAuthn names.
pub type ExtensionResults = serde_json::Map<String, serde_json::Value>;

/// Why bytes are not a response.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum DocumentError {
    /// Longer than [`MAX_DOCUMENT`].
    #[error("the document is {length} bytes long; at most {MAX_DOCUMENT} are read")]
    TooLong {
        /// The length found, in bytes.
        length: usize,
    },
    /// Not JSON, or not with the members that a response has.
    #[error("line {line}, column {column}: {message}")]
    Json {
        /// Counted from 1; 0 when the place is not known.
        line: usize,
        /// Counted from 1; 0 when the place is not known.
        column: usize,
        /// What is wrong there.
        message: String,
    },
}

/// Reads a value from a whole document.
///
/// # Errors
///
/// [`DocumentError`] with the place in the document.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DocumentError> {
    if bytes.len() > MAX_DOCUMENT {
        return Err(DocumentError::TooLong { length: bytes.len() });
    }
    serde_json::from_slice(without_mark(bytes)).map_err(|error| syntax_error(&error))
}

/// What is wrong with JSON, and where.
fn syntax_error(error: &serde_json::Error) -> DocumentError {
    // serde_json ends its message with the place.
    let place = format!(" at line {} column {}", error.line(), error.column());
    let message = error.to_string();
    let message = message.strip_suffix(&place).unwrap_or(&message).to_owned();
    DocumentError::Json { line: error.line(), column: error.column(), message }
}

/// Reads a member that may be absent or `null` as its default.
fn null_is_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

#[cfg(test)]
mod tests;
