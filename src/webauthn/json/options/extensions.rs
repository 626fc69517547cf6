//! Extension inputs by their WebAuthn names (WebAuthn Level 3 sections 5.7.1 and 10; CTAP 2.3
//! section 12).

use super::OptionsError;
use super::place::Place;
use super::values::texts;
use crate::webauthn::base64url::{Base64Url, decode, encode};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

/// Inputs of the extensions that are known, and the names of the others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExtensionInputsJson {
    /// A U2F AppID under which a credential may have been made (assertion).
    #[serde(rename = "appid", skip_serializing_if = "Option::is_none")]
    pub app_id: Option<String>,
    /// A U2F AppID under which excluded credentials may have been made (registration).
    #[serde(rename = "appidExclude", skip_serializing_if = "Option::is_none")]
    pub app_id_exclude: Option<String>,
    /// Whether to report the credential's properties (registration).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cred_props: bool,
    /// The pseudo-random function of the credential.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prf: Option<PrfInputsJson>,
    /// A large blob.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub large_blob: Option<LargeBlobInputsJson>,
    /// Who may use or see the credential later (registration).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential_protection_policy: Option<CredentialProtectionPolicy>,
    /// Whether the registration fails on a key that cannot protect it so.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub enforce_credential_protection_policy: bool,
    /// Whether to report the key's minimum PIN length (registration).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub min_pin_length: bool,
    /// A few bytes to keep with the credential (registration).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cred_blob: Option<Base64Url>,
    /// Whether to return the bytes kept with the credential (assertion).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub get_cred_blob: bool,
    /// Whether the credential is to derive secrets (registration).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub hmac_create_secret: bool,
    /// The names of extensions that are not known, as they came; not written.
    #[serde(skip)]
    pub unknown: Vec<String>,
}

texts! {
    /// Who may use or see a credential later (CTAP 2.3 section 12.1).
    CredentialProtectionPolicy {
        /// Anybody who holds the key.
        Optional = "userVerificationOptional",
        /// Without user verification, only who knows the credential's ID.
        OptionalWithCredentialIdList = "userVerificationOptionalWithCredentialIDList",
        /// Only with user verification.
        Required = "userVerificationRequired",
    }
}

texts! {
    /// Whether a credential must be able to have a large blob (WebAuthn Level 3 section 10.1.5).
    LargeBlobSupport {
        /// The registration fails on a key that cannot.
        Required = "required",
        /// Where the key can.
        Preferred = "preferred",
    }
}

/// Inputs of `largeBlob` (section 10.1.5).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LargeBlobInputsJson {
    /// Whether the credential must be able to have one (registration).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub support: Option<LargeBlobSupport>,
    /// Whether to read it (assertion).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read: Option<bool>,
    /// What to write (assertion).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub write: Option<Base64Url>,
}

/// Inputs of `prf` (section 10.1.4).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PrfInputsJson {
    /// What to evaluate for any credential.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eval: Option<PrfValuesJson>,
    /// What to evaluate for these credentials instead, by credential ID, in the document's order.
    #[serde(serialize_with = "by_credential", skip_serializing_if = "Vec::is_empty")]
    pub eval_by_credential: Vec<(Base64Url, PrfValuesJson)>,
}

/// One or two values to evaluate, of any length.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PrfValuesJson {
    /// The first.
    pub first: Base64Url,
    /// The second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second: Option<Base64Url>,
}

fn by_credential<S: Serializer>(
    values: &[(Base64Url, PrfValuesJson)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(values.len()))?;
    for (id, value) in values {
        map.serialize_entry(&encode(id.as_bytes()), value)?;
    }
    map.end()
}

/// Every extension that is known, by the name in options.
const KNOWN: [&str; 11] = [
    "appid",
    "appidExclude",
    "credProps",
    "prf",
    "largeBlob",
    "credentialProtectionPolicy",
    "enforceCredentialProtectionPolicy",
    "minPinLength",
    "credBlob",
    "getCredBlob",
    "hmacCreateSecret",
];

impl ExtensionInputsJson {
    /// Whether nothing that is known is asked for.
    pub fn is_empty(&self) -> bool {
        Self { unknown: Vec::new(), ..self.clone() } == Self::default()
    }

    /// The names of the extensions that are asked for and known.
    pub fn names(&self) -> Vec<&'static str> {
        let asked = [
            self.app_id.is_some(),
            self.app_id_exclude.is_some(),
            self.cred_props,
            self.prf.is_some(),
            self.large_blob.is_some(),
            self.credential_protection_policy.is_some(),
            self.enforce_credential_protection_policy,
            self.min_pin_length,
            self.cred_blob.is_some(),
            self.get_cred_blob,
            self.hmac_create_secret,
        ];
        KNOWN.into_iter().zip(asked).filter(|(_, asked)| *asked).map(|(name, _)| name).collect()
    }

    pub(super) fn of_options(options: &Place<'_>) -> Result<Self, OptionsError> {
        let Some(place) = options.member("extensions") else { return Ok(Self::default()) };
        let members = place.object()?.iter().filter(|(_, value)| !value.is_null());
        // Notes of the protocol by which Microsoft Graph speaks are no extensions.
        let unknown = members
            .map(|(name, _)| name)
            .filter(|name| !KNOWN.contains(&name.as_str()) && !name.contains("@odata."));
        Ok(Self {
            app_id: place.optional_text("appid")?,
            app_id_exclude: place.optional_text("appidExclude")?,
            cred_props: place.flag("credProps")?,
            prf: place.member("prf").map(|place| PrfInputsJson::read(&place)).transpose()?,
            large_blob: place
                .member("largeBlob")
                .map(|place| LargeBlobInputsJson::read(&place))
                .transpose()?,
            credential_protection_policy: place
                .choice("credentialProtectionPolicy", CredentialProtectionPolicy::from_text)?,
            enforce_credential_protection_policy: place
                .flag("enforceCredentialProtectionPolicy")?,
            min_pin_length: place.flag("minPinLength")?,
            cred_blob: place.member("credBlob").map(|place| place.bytes()).transpose()?,
            get_cred_blob: place.flag("getCredBlob")?,
            hmac_create_secret: place.flag("hmacCreateSecret")?,
            unknown: unknown.cloned().collect(),
        })
    }
}

impl LargeBlobInputsJson {
    fn read(place: &Place<'_>) -> Result<Self, OptionsError> {
        place.object()?;
        Ok(Self {
            support: place.choice("support", LargeBlobSupport::from_text)?,
            read: place.member("read").map(|place| place.boolean()).transpose()?,
            write: place.member("write").map(|place| place.bytes()).transpose()?,
        })
    }
}

impl PrfInputsJson {
    fn read(place: &Place<'_>) -> Result<Self, OptionsError> {
        place.object()?;
        let entries = place.member("evalByCredential").map(|place| place.entries()).transpose()?;
        let mut eval_by_credential = Vec::new();
        for (id, values) in entries.unwrap_or_default() {
            // An empty name is no credential's (section 10.1.4).
            let id = decode(id).ok().filter(|id| !id.is_empty());
            let id = id.ok_or_else(|| values.not_base64())?;
            eval_by_credential.push((id.into(), PrfValuesJson::read(&values)?));
        }
        let eval = place.member("eval").map(|place| PrfValuesJson::read(&place)).transpose()?;
        Ok(Self { eval, eval_by_credential })
    }
}

impl PrfValuesJson {
    fn read(place: &Place<'_>) -> Result<Self, OptionsError> {
        place.object()?;
        Ok(Self {
            first: place.required("first")?.bytes()?,
            second: place.member("second").map(|place| place.bytes()).transpose()?,
        })
    }
}
