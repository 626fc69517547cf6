//! Bytes in JSON (WebAuthn Level 3 section 3, "Base64url Encoding").
//!
//! Written without padding, as prescribed. Read with or without padding, in the URL-safe or the
//! standard alphabet, since documents of other programs come in all of these. The bits of the last
//! character that belong to no byte are left out of account, as browsers do (the Infra Standard's
//! forgiving-base64 decode).

use base64::alphabet;
use base64::engine::general_purpose::{
    GeneralPurpose, GeneralPurposeConfig, STANDARD, URL_SAFE_NO_PAD,
};
use base64::engine::{DecodePaddingMode, Engine};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use thiserror::Error;

/// Text that is neither base64url nor standard base64.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the text is neither base64url nor standard base64")]
pub struct NotBase64;

const FORGIVING: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD_FORGIVING: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, FORGIVING);
const URL_SAFE_FORGIVING: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, FORGIVING);

/// Encodes without padding in the URL-safe alphabet.
pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Encodes in the standard alphabet with padding, as some programs do outside WebAuthn's rule.
pub fn encode_standard(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Decodes either alphabet, padded or not.
///
/// # Errors
///
/// [`NotBase64`] for other characters, a mixture of the alphabets, wrong padding, or a length that no
/// bytes have.
pub fn decode(text: &str) -> Result<Vec<u8>, NotBase64> {
    let engine = if text.contains(['+', '/']) { &STANDARD_FORGIVING } else { &URL_SAFE_FORGIVING };
    engine.decode(text).map_err(|_| NotBase64)
}

/// Decodes exactly what [`encode`] writes.
///
/// # Errors
///
/// [`NotBase64`] for anything else.
pub fn decode_strict(text: &str) -> Result<Vec<u8>, NotBase64> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| NotBase64)
}

/// Bytes that are base64url in JSON.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Base64Url(pub Vec<u8>);

impl Base64Url {
    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for Base64Url {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl From<&[u8]> for Base64Url {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

impl From<Vec<u8>> for Base64Url {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for Base64Url {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&encode(&self.0))
    }
}

impl fmt::Debug for Base64Url {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl Serialize for Base64Url {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Base64Url {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        decode(&text).map(Self).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_alphabets_are_read_padded_or_not() {
        for text in ["-_8", "-_8=", "+/8", "+/8="] {
            assert_eq!(decode(text), Ok(vec![0xfb, 0xff]), "{text}");
        }
        assert_eq!(encode(&[0xfb, 0xff]), "-_8");
        assert_eq!(decode(""), Ok(vec![]));
    }

    #[test]
    fn what_is_not_canonical_is_refused() {
        // A mixture, a wrong length, white space, padding that does not fit.
        for text in ["-/8", "A", "-_8\n", "-_8==", "====", "ä"] {
            assert_eq!(decode(text), Err(NotBase64), "{text}");
        }
        for text in ["-_8=", "-_9"] {
            assert_eq!(decode_strict(text), Err(NotBase64), "{text}");
        }
        assert_eq!(decode_strict("+/8"), Err(NotBase64));
    }

    #[test]
    fn bits_that_belong_to_no_byte_are_left_out_of_account() {
        for text in ["-_8", "-_9", "-_-", "-__", "+/9=", "+/+"] {
            assert_eq!(decode(text), Ok(vec![0xfb, 0xff]), "{text}");
        }
        assert_eq!(decode("AB"), Ok(vec![0]));
    }

    #[test]
    fn every_length_reads_back() {
        for length in 0..70_u8 {
            let bytes: Vec<u8> = (0..length).map(|byte| byte.wrapping_mul(37)).collect();
            assert_eq!(decode(&encode(&bytes)), Ok(bytes.clone()));
            assert_eq!(decode_strict(&encode(&bytes)), Ok(bytes));
        }
    }
}
