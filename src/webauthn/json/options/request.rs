//! `PublicKeyCredentialRequestOptionsJSON` (WebAuthn Level 3 sections 5.1.10 and 5.5).

use super::extensions::ExtensionInputsJson;
use super::place::Place;
use super::values::{DescriptorJson, UserVerificationRequirement, descriptors};
use super::{Ceremony, OptionsError, challenge, duration, read, timeout};
use crate::webauthn::base64url::Base64Url;
use serde::Serialize;
use serde_json::Value;
use std::time::Duration;

/// What a relying party asks of an assertion.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestOptionsJson {
    /// What must be signed.
    pub challenge: Base64Url,
    /// How long it may take, in milliseconds, if it is said; see [`Self::duration`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<u64>,
    /// Who asks; absent means the host of the origin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rp_id: Option<String>,
    /// Acceptable credentials; empty for any that the key holds.
    pub allow_credentials: Vec<DescriptorJson>,
    /// Whether the person is verified; see [`Self::user_verification`].
    #[serde(rename = "userVerification", skip_serializing_if = "Option::is_none")]
    pub stated_user_verification: Option<UserVerificationRequirement>,
    /// What kind of key the relying party expects, most likely first; unknown words too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<String>,
    /// Extension inputs.
    #[serde(skip_serializing_if = "ExtensionInputsJson::is_empty")]
    pub extensions: ExtensionInputsJson,
}

impl RequestOptionsJson {
    /// Options that ask for no more than an assertion with any credential.
    pub fn new(rp_id: Option<String>, challenge: impl Into<Base64Url>) -> Self {
        Self {
            challenge: challenge.into(),
            timeout: None,
            rp_id,
            allow_credentials: Vec::new(),
            stated_user_verification: None,
            hints: Vec::new(),
            extensions: ExtensionInputsJson::default(),
        }
    }

    /// Reads options, bare or in a wrapper.
    ///
    /// # Errors
    ///
    /// [`OptionsError`] with the place in the document.
    pub fn parse(bytes: &[u8]) -> Result<Self, OptionsError> {
        read(bytes, Ceremony::Assertion, Self::read)
    }

    fn read(options: &Place<'_>) -> Result<Self, OptionsError> {
        Ok(Self {
            challenge: challenge(options)?,
            timeout: timeout(options)?,
            rp_id: options.optional_text("rpId")?,
            allow_credentials: descriptors(options, "allowCredentials")?,
            stated_user_verification: options
                .choice("userVerification", UserVerificationRequirement::from_text)?,
            hints: options.optional_texts("hints")?,
            extensions: ExtensionInputsJson::of_options(options)?,
        })
    }

    /// How long the ceremony may take.
    pub fn duration(&self) -> Duration {
        duration(self.timeout)
    }

    /// Whether the person is verified; preferred when nothing is said.
    pub fn user_verification(&self) -> UserVerificationRequirement {
        self.stated_user_verification.unwrap_or(UserVerificationRequirement::Preferred)
    }

    /// The standard form, bare.
    pub fn to_json(&self) -> Value {
        // Every member has a JSON form, so there is no error that could be met.
        serde_json::to_value(self).unwrap_or_default()
    }
}
