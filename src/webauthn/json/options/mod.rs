//! The JSON forms of options (WebAuthn Level 3 sections 5.1.9 and 5.1.10): what a relying party asks
//! of a registration or an assertion.
//!
//! Read as relying parties really send them: bare, under `publicKey`, or in Microsoft Graph's
//! wrapper; base64url or standard base64, padded or not. Members that nobody knows are ignored, and
//! unknown values of enumerations count as absent, as Level 3 says. Written bare and in the standard
//! form. Nothing here decides whether a key can do what is asked.

mod creation;
mod extensions;
mod place;
mod request;
mod values;

pub use creation::{AuthenticatorSelectionJson, CreationOptionsJson, RpEntityJson, UserEntityJson};
pub use extensions::{
    CredentialProtectionPolicy, ExtensionInputsJson, LargeBlobInputsJson, LargeBlobSupport,
    PrfInputsJson, PrfValuesJson,
};
pub use request::RequestOptionsJson;
pub use values::{
    AttestationConveyance, AuthenticatorAttachment, CredentialParameterJson, DescriptorJson,
    ResidentKeyRequirement, UserVerificationRequirement,
};

use super::DocumentError;
use place::Place;
use serde_json::Value;
use std::time::Duration;
use thiserror::Error;

/// How long a ceremony may take when the relying party does not say (section 15.1).
const DEFAULT_TIMEOUT: Duration = Duration::from_millis(300_000);

/// The least that a challenge has (section 13.4.3).
const MIN_CHALLENGE: usize = 16;

/// Why bytes are no options. A member is named by its path from the document's root.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum OptionsError {
    /// Not JSON, nested too deeply, or too long.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// Options for the other ceremony.
    #[error("these are the options of {found}, and not of {expected}")]
    OtherCeremony {
        /// What was to be read.
        expected: &'static str,
        /// What is there.
        found: &'static str,
    },
    /// A member that must be there is not.
    #[error("the member `{path}` is missing")]
    Missing {
        /// Where.
        path: String,
    },
    /// A value of another type.
    #[error("{} is {found} and must be {expected}", named(path))]
    Type {
        /// Where; empty for the whole document.
        path: String,
        /// What must be there, with its article.
        expected: &'static str,
        /// What is there, with its article.
        found: &'static str,
    },
    /// Text that is no bytes.
    #[error("`{path}` is neither base64url nor standard base64")]
    Base64 {
        /// Where.
        path: String,
    },
    /// Too few or too many bytes.
    #[error("`{path}` has {length} {} and must have {allowed}", if *length == 1 { "byte" } else { "bytes" })]
    Length {
        /// Where.
        path: String,
        /// How many bytes are there.
        length: usize,
        /// How many may be there, such as `1 to 64`.
        allowed: &'static str,
    },
    /// A list that is not empty, of which nothing has a type that is known.
    #[error("no entry of `{path}` has the type `public-key`")]
    NoneKnown {
        /// Where.
        path: String,
    },
}

fn named(path: &str) -> String {
    if path.is_empty() { "the document".to_owned() } else { format!("`{path}`") }
}

/// Which options are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ceremony {
    Registration,
    Assertion,
}

impl Ceremony {
    fn name(self) -> &'static str {
        match self {
            Self::Registration => "a registration",
            Self::Assertion => "an assertion",
        }
    }
}

/// Parses a whole document and hands the options in it, out of their wrapper, to `read`.
fn read<T>(
    bytes: &[u8],
    expected: Ceremony,
    read: impl FnOnce(&Place<'_>) -> Result<T, OptionsError>,
) -> Result<T, OptionsError> {
    let document: Value = super::parse(bytes)?;
    let root = Place::root(&document);
    root.object()?;
    let options = match root.member("publicKey") {
        // A wrapper has no challenge of its own: navigator.credentials' argument, or Graph's.
        Some(inner) if root.member("challenge").is_none() => inner,
        _ => root,
    };
    options.object()?;
    let has = |name| options.member(name).is_some();
    let found = if has("rp") || has("user") || has("pubKeyCredParams") {
        Ceremony::Registration
    } else if has("rpId") || has("allowCredentials") || has("userVerification") {
        Ceremony::Assertion
    } else {
        expected
    };
    if found != expected {
        return Err(OptionsError::OtherCeremony { expected: expected.name(), found: found.name() });
    }
    read(&options)
}

/// The bytes that must be signed.
fn challenge(options: &Place<'_>) -> Result<crate::webauthn::base64url::Base64Url, OptionsError> {
    let place = options.required("challenge")?;
    let bytes = place.bytes()?;
    if bytes.as_bytes().len() < MIN_CHALLENGE {
        return Err(place.length(bytes.as_bytes().len(), "at least 16"));
    }
    Ok(bytes)
}

/// How long the ceremony may take, in milliseconds; zero counts as absent.
fn timeout(options: &Place<'_>) -> Result<Option<u64>, OptionsError> {
    let stated = options.member("timeout").map(|place| place.unsigned()).transpose()?;
    Ok(stated.filter(|milliseconds| *milliseconds != 0))
}

/// How long the ceremony may take.
fn duration(timeout: Option<u64>) -> Duration {
    timeout.filter(|milliseconds| *milliseconds != 0).map_or(DEFAULT_TIMEOUT, Duration::from_millis)
}

#[cfg(test)]
mod tests;
