//! Which document somebody gave, where another one may have been meant.
//!
//! People mix up the files of a ceremony: options and response, registration and assertion, a
//! verdict and what it is about. A document is told by the members that only it has.

use super::{DocumentError, MAX_DOCUMENT, syntax_error};
use serde_json::Value;
use std::fmt;
use thiserror::Error;

/// What a JSON document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentKind {
    /// A RegistrationResponseJSON.
    Registration,
    /// An AuthenticationResponseJSON.
    Assertion,
    /// A registration with what belongs to it, as `fidokey register --save` writes it.
    SavedRegistration,
    /// PublicKeyCredentialCreationOptionsJSON, bare or under `publicKey`.
    CreationOptions,
    /// PublicKeyCredentialRequestOptionsJSON, bare or under `publicKey`.
    RequestOptions,
    /// Client data.
    ClientData,
    /// The body of a request to Microsoft Graph that registers a key.
    GraphRequest,
    /// A verdict of this program.
    Verdict,
    /// An error of this program or of a server.
    Error,
    /// A list of anything.
    List,
    /// None of these.
    Other,
}

impl DocumentKind {
    /// Tells what a document is.
    pub fn of(document: &Value) -> Self {
        if document.is_array() {
            return Self::List;
        }
        let response = document.get("response");
        let in_response = |member: &str| response.and_then(|value| value.get(member)).is_some();
        let options = match document.get("publicKey") {
            Some(options) if options.is_object() => options,
            _ => document,
        };
        let kind = document.get("type").and_then(Value::as_str).unwrap_or_default();
        if document.get("schema_version").is_some() && in_response("response") {
            Self::SavedRegistration
        } else if in_response("attestationObject") {
            Self::Registration
        } else if in_response("signature") {
            Self::Assertion
        } else if document.get("publicKeyCredential").is_some() {
            Self::GraphRequest
        } else if document.get("checks").is_some() && document.get("accepted").is_some() {
            Self::Verdict
        } else if kind.starts_with("webauthn.") {
            Self::ClientData
        } else if options.get("pubKeyCredParams").is_some() {
            Self::CreationOptions
        } else if options.get("challenge").is_some() {
            Self::RequestOptions
        } else if document.get("error").is_some() {
            Self::Error
        } else {
            Self::Other
        }
    }
}

impl fmt::Display for DocumentKind {
    /// Names it with its article.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Registration => "a registration's response",
            Self::Assertion => "an assertion's response",
            Self::SavedRegistration => "a registration that `fidokey register --save` wrote",
            Self::CreationOptions => "the options of a registration",
            Self::RequestOptions => "the options of an assertion",
            Self::ClientData => "client data alone",
            Self::GraphRequest => "the body of a request to Microsoft Graph",
            Self::Verdict => "a verdict of fidokey",
            Self::Error => "an error",
            Self::List => "a list",
            Self::Other => "another JSON document",
        })
    }
}

/// Why bytes are no JSON document.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum NotJson {
    /// Nothing, or white space.
    #[error("it is empty")]
    Empty,
    /// A page or another document in angle brackets.
    #[error("it is HTML or XML, and not JSON")]
    Markup,
    /// Text in another encoding, as Windows PowerShell's `>` writes it.
    #[error("it is UTF-16, and JSON is UTF-8")]
    Utf16,
    /// Malformed, or too long.
    #[error("it cannot be read as JSON: {0}")]
    Document(#[from] DocumentError),
}

/// Takes off the byte order mark that some editors write before UTF-8.
pub fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// Reads a document to see what it is.
///
/// # Errors
///
/// [`NotJson`], with the place where that helps.
pub fn recognise(bytes: &[u8]) -> Result<DocumentKind, NotJson> {
    if bytes.len() > MAX_DOCUMENT {
        return Err(DocumentError::TooLong { length: bytes.len() }.into());
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(NotJson::Utf16);
    }
    let bytes = without_mark(bytes);
    match bytes.trim_ascii_start().first() {
        None => return Err(NotJson::Empty),
        Some(b'<') => return Err(NotJson::Markup),
        Some(_) => {}
    }
    let document: Value = serde_json::from_slice(bytes).map_err(|error| syntax_error(&error))?;
    Ok(DocumentKind::of(&document))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str) -> DocumentKind {
        recognise(text.as_bytes()).unwrap()
    }

    #[test]
    fn documents_are_told_apart() {
        for (text, expected) in [
            (
                r#"{"response":{"attestationObject":"","clientDataJSON":""}}"#,
                DocumentKind::Registration,
            ),
            (r#"{"response":{"signature":""},"id":""}"#, DocumentKind::Assertion),
            (
                r#"{"schema_version":1,"rp_id":"a","response":{"response":{}}}"#,
                DocumentKind::SavedRegistration,
            ),
            (
                r#"{"publicKey":{"challenge":"","pubKeyCredParams":[]}}"#,
                DocumentKind::CreationOptions,
            ),
            (r#"{"challenge":"","pubKeyCredParams":[]}"#, DocumentKind::CreationOptions),
            (r#"{"publicKey":{"challenge":""}}"#, DocumentKind::RequestOptions),
            (r#"{"challenge":"","rpId":"a"}"#, DocumentKind::RequestOptions),
            (r#"{"type":"webauthn.get","challenge":"","origin":""}"#, DocumentKind::ClientData),
            (r#"{"displayName":"","publicKeyCredential":{}}"#, DocumentKind::GraphRequest),
            (r#"{"schema_version":1,"accepted":true,"checks":[]}"#, DocumentKind::Verdict),
            (r#"{"error":"expired"}"#, DocumentKind::Error),
            ("[{}]", DocumentKind::List),
            ("{}", DocumentKind::Other),
            ("7", DocumentKind::Other),
            ("null", DocumentKind::Other),
        ] {
            assert_eq!(kind(text), expected, "{text}");
            assert_eq!(kind(&format!("\u{feff}{text}")), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_json_is_named() {
        let words = |bytes: &[u8]| recognise(bytes).unwrap_err().to_string();
        assert_eq!(words(b" \n"), "it is empty");
        assert_eq!(words(b"\n<!DOCTYPE html>"), "it is HTML or XML, and not JSON");
        assert_eq!(words(b"\xff\xfe{\0}\0"), "it is UTF-16, and JSON is UTF-8");
        assert_eq!(
            words(b"{\n \"a\": x}"),
            "it cannot be read as JSON: line 2, column 7: expected value"
        );
        assert!(words(&[b'['; 1000]).contains("recursion limit"));
    }
}
