//! Secrets that were asked for, as bytes that are wiped.

use super::json::SCHEMA_VERSION;
use crate::ctap::SecretBytes;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

/// Room for one name, its secret of up to a few hundred bytes, and the signs around them.
const ROOM: usize = 2048;

/// The names that secrets have.
pub const NAMES: [&str; 6] =
    ["cred_blob", "hmac_secret", "hmac_secret_2", "large_blob_key", "prf_first", "prf_second"];

/// How many bytes of a document [`begins_like`] wants to see, at most.
pub const LONGEST_BEGINNING: usize = 48;

/// Whether a file that begins so is what [`document`] writes.
pub fn begins_like(beginning: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(beginning) else { return false };
    let start = format!("{{\n  \"schema_version\": {SCHEMA_VERSION}");
    let Some(rest) = text.strip_prefix(&start) else { return false };
    match rest.strip_prefix(",\n  \"") {
        Some(name) => NAMES.iter().any(|known| {
            name.strip_prefix(known).is_some_and(|after| after.is_empty() || after.starts_with('"'))
        }),
        None => rest == "\n}\n",
    }
}

/// Writes secrets as one JSON document whose members are base64url without padding.
///
/// Built by hand in memory that is allocated once and wiped; names must need no escaping.
pub fn document(secrets: &[(&str, &SecretBytes)]) -> Zeroizing<Vec<u8>> {
    let room = ROOM.saturating_mul(secrets.len().saturating_add(1));
    let mut text = Zeroizing::new(Vec::with_capacity(room));
    text.extend_from_slice(format!("{{\n  \"schema_version\": {SCHEMA_VERSION}").as_bytes());
    for (name, secret) in secrets {
        text.extend_from_slice(b",\n  \"");
        text.extend_from_slice(name.as_bytes());
        text.extend_from_slice(b"\": \"");
        let encoded = Zeroizing::new(URL_SAFE_NO_PAD.encode(secret.expose()));
        text.extend_from_slice(encoded.as_bytes());
        text.push(b'"');
    }
    text.extend_from_slice(b"\n}\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_json() {
        let one = SecretBytes::copy_of(&[0xff; 32]);
        let text = document(&[("hmac_secret", &one)]);
        let value: serde_json::Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(value["schema_version"], 1);
        assert_eq!(value["hmac_secret"], crate::webauthn::base64url::encode(&[0xff; 32]));
        assert!(begins_like(&text[..LONGEST_BEGINNING]));
        assert!(begins_like(&document(&[])));
        assert!(!begins_like(b"{\n  \"schema_version\": 1,\n  \"path\": \"virtual\""));
    }
}
