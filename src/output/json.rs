//! Versioned JSON.
//!
//! `schema_version` is the first member of every document. It grows when a member is removed or
//! changes its meaning; new members may come without that.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

/// The version of every document that this program prints now.
pub const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize)]
struct Versioned<'a, T> {
    schema_version: u32,
    #[serde(flatten)]
    body: &'a T,
}

/// Writes a view as one indented document with a line end.
///
/// # Errors
///
/// When the view cannot be written as JSON, which is a defect.
pub fn document<T: Serialize>(body: &T) -> serde_json::Result<String> {
    let mut text =
        serde_json::to_string_pretty(&Versioned { schema_version: SCHEMA_VERSION, body })?;
    text.push('\n');
    Ok(text)
}

/// Writes bytes as base64url without padding.
pub fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Serializes bytes as base64url without padding, for `#[serde(serialize_with)]`.
///
/// # Errors
///
/// When the serializer fails.
pub fn serialize_base64url<S: serde::Serializer>(
    bytes: &[u8],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&base64url(bytes))
}
