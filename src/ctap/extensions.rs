//! Extensions of makeCredential and getAssertion, in and out (CTAP 2.3 section 12).
//!
//! hmac-secret has its own module, [`hmac_secret`](super::hmac_secret).

use super::hmac_secret::HmacSecretInput;
use super::secret::SecretBytes;
use crate::wire::authenticator_data::AuthenticatorData;
use crate::wire::cbor::{self, Encoded, Item, Key, MapBuilder};
use std::fmt;

const CRED_PROTECT: &str = "credProtect";
const CRED_BLOB: &str = "credBlob";
const HMAC_SECRET: &str = "hmac-secret";
const HMAC_SECRET_MC: &str = "hmac-secret-mc";
const LARGE_BLOB_KEY: &str = "largeBlobKey";
const MIN_PIN_LENGTH: &str = "minPinLength";
const PIN_COMPLEXITY_POLICY: &str = "pinComplexityPolicy";
const THIRD_PARTY_PAYMENT: &str = "thirdPartyPayment";

/// credProtect: when a credential may be found and used (CTAP 2.3 section 12.1). Any number is
/// kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CredentialProtection(pub u64);

impl CredentialProtection {
    /// Level 1: user verification is optional.
    pub const OPTIONAL: Self = Self(1);
    /// Level 2: user verification is optional for who knows the credential ID.
    pub const OPTIONAL_WITH_CREDENTIAL_ID_LIST: Self = Self(2);
    /// Level 3: without user verification the credential does not exist.
    pub const REQUIRED: Self = Self(3);

    /// WebAuthn's name of the level.
    pub fn name(self) -> Option<&'static str> {
        match self.0 {
            1 => Some("userVerificationOptional"),
            2 => Some("userVerificationOptionalWithCredentialIDList"),
            3 => Some("userVerificationRequired"),
            _ => None,
        }
    }

    pub(super) fn from_item(item: Item<'_>) -> Result<Self, cbor::CborError> {
        item.unsigned().map(Self)
    }
}

impl fmt::Display for CredentialProtection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => formatter.write_str(name),
            None => write!(formatter, "level {}", self.0),
        }
    }
}

/// Extension inputs of makeCredential; nothing is asked for by default.
#[derive(Debug, Default)]
pub struct RegistrationExtensions {
    /// credProtect: the level wanted.
    pub cred_protect: Option<CredentialProtection>,
    /// hmac-secret: whether the credential is to have a secret.
    pub hmac_secret: bool,
    /// hmac-secret-mc: salts to evaluate right away (CTAP 2.2).
    pub hmac_secret_mc: Option<HmacSecretInput>,
    /// credBlob: bytes to keep with the credential.
    pub cred_blob: Option<SecretBytes>,
    /// largeBlobKey: whether the credential is to have a key for large blobs.
    pub large_blob_key: bool,
    /// minPinLength: whether to report the key's minimum PIN length.
    pub min_pin_length: bool,
    /// pinComplexityPolicy: whether to report the key's rules for PINs (CTAP 2.3).
    pub pin_complexity_policy: bool,
    /// thirdPartyPayment: whether others may ask for payments with the credential (CTAP 2.2).
    pub third_party_payment: bool,
    /// Any others: identifier and input.
    pub other: Vec<(String, Encoded)>,
}

/// Extension inputs of getAssertion; nothing is asked for by default.
#[derive(Debug, Default)]
pub struct AssertionExtensions {
    /// hmac-secret: the salts to evaluate.
    pub hmac_secret: Option<HmacSecretInput>,
    /// credBlob: whether to return what is kept with the credential.
    pub get_cred_blob: bool,
    /// largeBlobKey: whether to return the credential's key for large blobs.
    pub large_blob_key: bool,
    /// thirdPartyPayment: whether to report if payments are allowed (CTAP 2.2).
    pub third_party_payment: bool,
    /// Any others: identifier and input.
    pub other: Vec<(String, Encoded)>,
}

/// Builds the map of inputs; `None` when nothing is asked for.
fn inputs<const N: usize>(
    known: [(&str, Option<Encoded>); N],
    other: &[(String, Encoded)],
) -> Option<Encoded> {
    let mut map = MapBuilder::new();
    for (id, input) in known {
        if let Some(input) = input {
            map = map.text_member(id, input);
        }
    }
    for (id, input) in other {
        map = map.text_member(id, input.clone());
    }
    (!map.is_empty()).then(|| map.build())
}

fn flag(wanted: bool) -> Option<Encoded> {
    wanted.then(|| Encoded::boolean(true))
}

impl RegistrationExtensions {
    pub(super) fn encode(&self) -> Option<Encoded> {
        let blob = self.cred_blob.as_ref().map(|blob| Encoded::bytes(blob.expose()));
        let known = [
            (CRED_PROTECT, self.cred_protect.map(|level| Encoded::unsigned(level.0))),
            (HMAC_SECRET, flag(self.hmac_secret)),
            (HMAC_SECRET_MC, self.hmac_secret_mc.as_ref().map(HmacSecretInput::encode)),
            (CRED_BLOB, blob),
            (LARGE_BLOB_KEY, flag(self.large_blob_key)),
            (MIN_PIN_LENGTH, flag(self.min_pin_length)),
            (PIN_COMPLEXITY_POLICY, flag(self.pin_complexity_policy)),
            (THIRD_PARTY_PAYMENT, flag(self.third_party_payment)),
        ];
        inputs(known, &self.other)
    }
}

impl AssertionExtensions {
    pub(super) fn encode(&self) -> Option<Encoded> {
        let known = [
            (HMAC_SECRET, self.hmac_secret.as_ref().map(HmacSecretInput::encode)),
            (CRED_BLOB, flag(self.get_cred_blob)),
            (LARGE_BLOB_KEY, flag(self.large_blob_key)),
            (THIRD_PARTY_PAYMENT, flag(self.third_party_payment)),
        ];
        inputs(known, &self.other)
    }
}

/// Extension outputs in a registration's authenticator data. An output of another type counts as
/// absent and is named in `mistyped`.
#[derive(Debug, Default)]
pub struct RegistrationOutputs {
    /// credProtect: the level given.
    pub cred_protect: Option<CredentialProtection>,
    /// hmac-secret: whether the credential has a secret.
    pub hmac_secret: Option<bool>,
    /// hmac-secret-mc: the outputs, encrypted.
    pub hmac_secret_mc: Option<Vec<u8>>,
    /// credBlob: whether the bytes were kept.
    pub cred_blob: Option<bool>,
    /// minPinLength: the key's minimum PIN length in code points.
    pub min_pin_length: Option<u64>,
    /// pinComplexityPolicy: whether the key has rules for PINs.
    pub pin_complexity_policy: Option<bool>,
    /// thirdPartyPayment: whether payments are allowed.
    pub third_party_payment: Option<bool>,
    /// Outputs that this program does not know, by identifier.
    pub unknown: Vec<String>,
    /// Outputs that were there, but of another type.
    pub mistyped: Vec<String>,
}

/// Extension outputs in an assertion's authenticator data. An output of another type counts as
/// absent and is named in `mistyped`.
#[derive(Debug, Default)]
pub struct AssertionOutputs {
    /// hmac-secret: the outputs, encrypted.
    pub hmac_secret: Option<Vec<u8>>,
    /// credBlob: what is kept with the credential; empty where nothing is.
    pub cred_blob: Option<SecretBytes>,
    /// thirdPartyPayment: whether payments are allowed.
    pub third_party_payment: Option<bool>,
    /// Outputs that this program does not know, by identifier.
    pub unknown: Vec<String>,
    /// Outputs that were there, but of another type.
    pub mistyped: Vec<String>,
}

/// Goes through the outputs; `read` stores one and says whether its identifier is known and its
/// type right.
fn outputs(
    data: &AuthenticatorData,
    mut read: impl FnMut(&str, Item<'_>) -> Option<Result<(), cbor::CborError>>,
) -> (Vec<String>, Vec<String>) {
    let (mut unknown, mut mistyped) = (Vec::new(), Vec::new());
    let bytes = data.extensions.as_deref().unwrap_or_default();
    let map = cbor::parse(bytes).and_then(Item::map).ok();
    for (key, item) in map.iter().flat_map(|map| map.members()) {
        let id = match key {
            Key::Text(id) => (*id).to_owned(),
            Key::Integer(_) | Key::Other(_) => key.to_string(),
        };
        match read(&id, *item) {
            Some(Ok(())) => {}
            Some(Err(_)) => mistyped.push(id),
            None => unknown.push(id),
        }
    }
    (unknown, mistyped)
}

fn store<T>(
    place: &mut Option<T>,
    value: Result<T, cbor::CborError>,
) -> Option<Result<(), cbor::CborError>> {
    Some(value.map(|value| *place = Some(value)))
}

impl RegistrationOutputs {
    /// Reads the outputs of a registration.
    pub fn of(data: &AuthenticatorData) -> Self {
        let mut out = Self::default();
        let (unknown, mistyped) = outputs(data, |id, item| match id {
            CRED_PROTECT => store(&mut out.cred_protect, CredentialProtection::from_item(item)),
            HMAC_SECRET => store(&mut out.hmac_secret, item.boolean()),
            HMAC_SECRET_MC => store(&mut out.hmac_secret_mc, item.bytes().map(<[u8]>::to_vec)),
            CRED_BLOB => store(&mut out.cred_blob, item.boolean()),
            MIN_PIN_LENGTH => store(&mut out.min_pin_length, item.unsigned()),
            PIN_COMPLEXITY_POLICY => store(&mut out.pin_complexity_policy, item.boolean()),
            THIRD_PARTY_PAYMENT => store(&mut out.third_party_payment, item.boolean()),
            _ => None,
        });
        Self { unknown, mistyped, ..out }
    }
}

impl AssertionOutputs {
    /// Reads the outputs of an assertion.
    pub fn of(data: &AuthenticatorData) -> Self {
        let mut out = Self::default();
        let (unknown, mistyped) = outputs(data, |id, item| match id {
            HMAC_SECRET => store(&mut out.hmac_secret, item.bytes().map(<[u8]>::to_vec)),
            CRED_BLOB => store(&mut out.cred_blob, item.bytes().map(SecretBytes::copy_of)),
            THIRD_PARTY_PAYMENT => store(&mut out.third_party_payment, item.boolean()),
            _ => None,
        });
        Self { unknown, mistyped, ..out }
    }
}

#[cfg(test)]
mod tests;
