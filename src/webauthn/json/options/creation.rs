//! `PublicKeyCredentialCreationOptionsJSON` (WebAuthn Level 3 sections 5.1.9 and 5.4).

use super::extensions::ExtensionInputsJson;
use super::place::Place;
use super::values::{
    AttestationConveyance, AuthenticatorAttachment, CredentialParameterJson, DescriptorJson,
    ResidentKeyRequirement, UserVerificationRequirement, descriptors, parameters,
};
use super::{Ceremony, OptionsError, challenge, duration, read, timeout};
use crate::webauthn::base64url::Base64Url;
use serde::Serialize;
use serde_json::Value;
use std::time::Duration;

/// What a relying party asks of a registration.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CreationOptionsJson {
    /// Who asks.
    pub rp: RpEntityJson,
    /// Whose account.
    pub user: UserEntityJson,
    /// What must be signed.
    pub challenge: Base64Url,
    /// Acceptable algorithms, best first; never empty when it was read.
    pub pub_key_cred_params: Vec<CredentialParameterJson>,
    /// How long it may take, in milliseconds, if it is said; see [`Self::duration`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<u64>,
    /// Credentials that the key must not hold already.
    pub exclude_credentials: Vec<DescriptorJson>,
    /// What kind of key, and how it is used.
    #[serde(skip_serializing_if = "AuthenticatorSelectionJson::is_empty")]
    pub authenticator_selection: AuthenticatorSelectionJson,
    /// What kind of key the relying party expects, most likely first; unknown words too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<String>,
    /// Whether the relying party wants to know what key it is; absent means `none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attestation: Option<AttestationConveyance>,
    /// Formats of attestation statements, best first; unknown ones too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attestation_formats: Vec<String>,
    /// Extension inputs.
    #[serde(skip_serializing_if = "ExtensionInputsJson::is_empty")]
    pub extensions: ExtensionInputsJson,
}

/// A relying party (sections 5.4.1 and 5.4.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RpEntityJson {
    /// Its ID; absent means the host of the origin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its name.
    pub name: String,
}

/// An account (sections 5.4.1 and 5.4.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UserEntityJson {
    /// The user handle, 1 to 64 bytes.
    pub id: Base64Url,
    /// The account's name.
    pub name: String,
    /// The person's name.
    pub display_name: String,
}

/// What kind of key, and how it is used (section 5.4.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthenticatorSelectionJson {
    /// How the key is attached, if it matters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authenticator_attachment: Option<AuthenticatorAttachment>,
    /// Whether the credential is kept on the key; see [`Self::resident_key`].
    #[serde(rename = "residentKey", skip_serializing_if = "Option::is_none")]
    pub stated_resident_key: Option<ResidentKeyRequirement>,
    /// The same in WebAuthn Level 1.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub require_resident_key: bool,
    /// Whether the person is verified; see [`Self::user_verification`].
    #[serde(rename = "userVerification", skip_serializing_if = "Option::is_none")]
    pub stated_user_verification: Option<UserVerificationRequirement>,
}

impl AuthenticatorSelectionJson {
    fn read(place: &Place<'_>) -> Result<Self, OptionsError> {
        place.object()?;
        Ok(Self {
            authenticator_attachment: place
                .choice("authenticatorAttachment", AuthenticatorAttachment::from_text)?,
            stated_resident_key: place.choice("residentKey", ResidentKeyRequirement::from_text)?,
            require_resident_key: place.flag("requireResidentKey")?,
            stated_user_verification: place
                .choice("userVerification", UserVerificationRequirement::from_text)?,
        })
    }

    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether the credential is kept on the key: as it is said, or by the older member.
    pub fn resident_key(&self) -> ResidentKeyRequirement {
        self.stated_resident_key.unwrap_or(if self.require_resident_key {
            ResidentKeyRequirement::Required
        } else {
            ResidentKeyRequirement::Discouraged
        })
    }

    /// Whether the person is verified; preferred when nothing is said.
    pub fn user_verification(&self) -> UserVerificationRequirement {
        self.stated_user_verification.unwrap_or(UserVerificationRequirement::Preferred)
    }
}

impl CreationOptionsJson {
    /// Options that ask for no more than a credential.
    pub fn new(
        rp: RpEntityJson,
        user: UserEntityJson,
        challenge: impl Into<Base64Url>,
        algorithms: impl IntoIterator<Item = i64>,
    ) -> Self {
        Self {
            rp,
            user,
            challenge: challenge.into(),
            pub_key_cred_params: algorithms.into_iter().map(CredentialParameterJson::new).collect(),
            timeout: None,
            exclude_credentials: Vec::new(),
            authenticator_selection: AuthenticatorSelectionJson::default(),
            hints: Vec::new(),
            attestation: None,
            attestation_formats: Vec::new(),
            extensions: ExtensionInputsJson::default(),
        }
    }

    /// Reads options, bare or in a wrapper.
    ///
    /// # Errors
    ///
    /// [`OptionsError`] with the place in the document.
    pub fn parse(bytes: &[u8]) -> Result<Self, OptionsError> {
        read(bytes, Ceremony::Registration, Self::read)
    }

    fn read(options: &Place<'_>) -> Result<Self, OptionsError> {
        let rp = options.required("rp")?;
        rp.object()?;
        let user = options.required("user")?;
        user.object()?;
        let handle = user.required("id")?;
        let id = handle.bytes()?;
        if !(1..=64).contains(&id.as_bytes().len()) {
            return Err(handle.length(id.as_bytes().len(), "1 to 64"));
        }
        let selection = options.member("authenticatorSelection");
        let selection = selection.map(|place| AuthenticatorSelectionJson::read(&place));
        Ok(Self {
            rp: RpEntityJson {
                id: rp.optional_text("id")?,
                name: rp.required("name")?.text()?.to_owned(),
            },
            user: UserEntityJson {
                id,
                name: user.required("name")?.text()?.to_owned(),
                display_name: user.required("displayName")?.text()?.to_owned(),
            },
            challenge: challenge(options)?,
            pub_key_cred_params: parameters(options)?,
            timeout: timeout(options)?,
            exclude_credentials: descriptors(options, "excludeCredentials")?,
            authenticator_selection: selection.transpose()?.unwrap_or_default(),
            hints: options.optional_texts("hints")?,
            attestation: options.choice("attestation", AttestationConveyance::from_text)?,
            attestation_formats: options.optional_texts("attestationFormats")?,
            extensions: ExtensionInputsJson::of_options(options)?,
        })
    }

    /// How long the ceremony may take.
    pub fn duration(&self) -> Duration {
        duration(self.timeout)
    }

    /// Whether the relying party wants to know what key it is; `none` when it does not say.
    pub fn attestation(&self) -> AttestationConveyance {
        self.attestation.unwrap_or(AttestationConveyance::None)
    }

    /// The standard form, bare.
    pub fn to_json(&self) -> Value {
        // Every member has a JSON form, so there is no error that could be met.
        serde_json::to_value(self).unwrap_or_default()
    }
}
