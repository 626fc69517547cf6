//! Client extensions: what WebAuthn's inputs become on one key, and what its outputs become for the
//! relying party (WebAuthn Level 3 section 10.1; CTAP 2.3 section 12).
//!
//! An extension that the key does not have is left out, unless the relying party insists on it.

use super::ExtensionError;
use crate::authenticator::AuthenticatorError;
use crate::ctap::SecretBytes;
use crate::ctap::extensions::{CredentialProtection, RegistrationExtensions, RegistrationOutputs};
use crate::ctap::get_info::Info;
use crate::ctap::hmac_secret::{HmacOutputs, HmacSalts};
use crate::webauthn::app_id::check_app_id;
use crate::webauthn::base64url::encode;
use crate::webauthn::json::ExtensionResults;
use crate::webauthn::json::options::{
    CredentialProtectionPolicy, ExtensionInputsJson, LargeBlobSupport, PrfValuesJson,
};
use crate::webauthn::origin::Origin;
use crate::webauthn::prf;
use serde_json::{Map, Value, json};

/// Checks the rules that hold for every key, in a registration.
pub(super) fn check_registration(
    inputs: &ExtensionInputsJson,
    origin: Option<&Origin>,
) -> Result<(), ExtensionError> {
    let large_blob = inputs.large_blob.as_ref();
    let foreign = [
        (inputs.app_id.is_some(), "appid"),
        (
            inputs.prf.as_ref().is_some_and(|prf| !prf.eval_by_credential.is_empty()),
            "prf.evalByCredential",
        ),
        (large_blob.is_some_and(|blob| blob.read.is_some()), "largeBlob.read"),
        (large_blob.is_some_and(|blob| blob.write.is_some()), "largeBlob.write"),
    ];
    none_of(foreign, "an assertion")?;
    check_app("appidExclude", inputs.app_id_exclude.as_deref(), origin)
}

/// Checks the rules that hold for every key, in an assertion.
pub(super) fn check_assertion(
    inputs: &ExtensionInputsJson,
    allow: &[Vec<u8>],
    origin: Option<&Origin>,
) -> Result<(), ExtensionError> {
    let large_blob = inputs.large_blob.as_ref();
    let foreign = [
        (inputs.app_id_exclude.is_some(), "appidExclude"),
        (large_blob.is_some_and(|blob| blob.support.is_some()), "largeBlob.support"),
    ];
    none_of(foreign, "a registration")?;
    let by_credential = inputs.prf.iter().flat_map(|prf| &prf.eval_by_credential);
    for (id, _) in by_credential {
        if !allow.iter().any(|allowed| *allowed == id.as_bytes()) {
            return Err(ExtensionError::EvalByCredential);
        }
    }
    if let Some(blob) = large_blob.filter(|blob| blob.write.is_some()) {
        if blob.read.is_some() {
            return Err(ExtensionError::LargeBlobReadAndWrite);
        }
        if allow.len() != 1 {
            return Err(ExtensionError::LargeBlobWrite);
        }
    }
    check_app("appid", inputs.app_id.as_deref(), origin)
}

fn none_of<const N: usize>(
    foreign: [(bool, &'static str); N],
    ceremony: &'static str,
) -> Result<(), ExtensionError> {
    match foreign.into_iter().find(|(there, _)| *there) {
        Some((_, member)) => Err(ExtensionError::OtherCeremony { member, ceremony }),
        None => Ok(()),
    }
}

fn check_app(
    member: &'static str,
    app_id: Option<&str>,
    origin: Option<&Origin>,
) -> Result<(), ExtensionError> {
    match (app_id, origin) {
        // A page may always name itself.
        (Some(app_id), Some(origin)) if *app_id == origin.to_string() => Ok(()),
        (Some(app_id), Some(origin)) => {
            check_app_id(app_id, origin).map_err(|source| ExtensionError::AppId { member, source })
        }
        _ => Ok(()),
    }
}

/// What a verifier has to expect outputs of: what the key and what the client was asked for.
pub(super) fn expected(asked: &[String], inputs: &ExtensionInputsJson) -> Vec<String> {
    asked.iter().cloned().chain(inputs.names().into_iter().map(str::to_owned)).collect()
}

/// Whether a key keeps large blobs.
pub(super) fn keeps_large_blobs(info: &Info) -> bool {
    info.supports_extension("largeBlobKey") && info.options().large_blobs() == Some(true)
}

/// The salts that stand for values of `prf`.
pub(super) fn salts(values: &PrfValuesJson) -> HmacSalts {
    let second = values.second.as_ref().map(|second| prf::salt(second.as_bytes()));
    HmacSalts::new(&prf::salt(values.first.as_bytes()), second.as_ref())
}

/// An extension that the relying party asked for, and for which the key was not asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Its WebAuthn name.
    pub name: &'static str,
    /// Why.
    pub reason: LeftOutReason,
}

/// Why an extension was left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftOutReason {
    /// The key does not have it.
    Lacking,
    /// What was to be kept is longer than the key keeps, in bytes.
    TooLong {
        /// How long it is.
        length: usize,
        /// How much the key keeps.
        most: usize,
    },
}

impl LeftOut {
    /// Those that were asked for and that the key lacks.
    pub(super) fn lacking<const N: usize>(wanted: [(&'static str, bool, bool); N]) -> Vec<Self> {
        let lacking = wanted.into_iter().filter(|(_, asked, has)| *asked && !*has);
        lacking.map(|(name, ..)| Self { name, reason: LeftOutReason::Lacking }).collect()
    }
}

/// What is asked of the key in a registration.
pub(super) struct RegistrationPlan {
    pub(super) extensions: RegistrationExtensions,
    /// What is left out, but for `prf` and `largeBlob`, whose results say so.
    pub(super) left_out: Vec<LeftOut>,
    /// Salts to evaluate right away.
    pub(super) salts: Option<HmacSalts>,
}

/// Adds what the relying party's inputs become on this key to what was asked of it directly.
pub(super) fn registration(
    inputs: &ExtensionInputsJson,
    mut extensions: RegistrationExtensions,
    info: &Info,
    resident: bool,
) -> Result<RegistrationPlan, AuthenticatorError> {
    let lacks = |what: &str| AuthenticatorError::Unsupported { what: what.to_owned() };
    if let Some(policy) = inputs.credential_protection_policy {
        if info.supports_extension("credProtect") {
            extensions.cred_protect = Some(match policy {
                CredentialProtectionPolicy::Optional => CredentialProtection::OPTIONAL,
                CredentialProtectionPolicy::OptionalWithCredentialIdList => {
                    CredentialProtection::OPTIONAL_WITH_CREDENTIAL_ID_LIST
                }
                CredentialProtectionPolicy::Required => CredentialProtection::REQUIRED,
            });
        } else if inputs.enforce_credential_protection_policy
            && policy != CredentialProtectionPolicy::Optional
        {
            return Err(lacks("the protection of credentials that the options insist on"));
        }
    }
    let derives = info.supports_extension("hmac-secret");
    extensions.hmac_secret |= derives && (inputs.hmac_create_secret || inputs.prf.is_some());
    let evaluates = derives && info.supports_extension("hmac-secret-mc");
    let values = inputs.prf.as_ref().and_then(|prf| prf.eval.as_ref());
    let salts = values.filter(|_| evaluates).map(salts);
    if let Some(blob) = &inputs.large_blob {
        let able = resident && keeps_large_blobs(info);
        if blob.support == Some(LargeBlobSupport::Required) && !able {
            return Err(lacks(if resident {
                "large blobs, which the options insist on"
            } else {
                "large blobs for a credential that is not kept on it"
            }));
        }
        extensions.large_blob_key |= able;
    }
    let tells = info.supports_extension("minPinLength");
    extensions.min_pin_length |= inputs.min_pin_length && tells;
    let protects = info.supports_extension("credProtect");
    let mut left_out = LeftOut::lacking([
        ("credentialProtectionPolicy", inputs.credential_protection_policy.is_some(), protects),
        ("hmacCreateSecret", inputs.hmac_create_secret, derives),
        ("minPinLength", inputs.min_pin_length, tells),
    ]);
    if let Some(blob) = &inputs.cred_blob {
        let most = info.max_cred_blob_length.and_then(|most| usize::try_from(most).ok());
        let length = blob.as_bytes().len();
        let reason = match most.filter(|_| info.supports_extension("credBlob")) {
            Some(most) if length <= most => None,
            Some(most) => Some(LeftOutReason::TooLong { length, most }),
            None => Some(LeftOutReason::Lacking),
        };
        match reason {
            None => extensions.cred_blob = Some(SecretBytes::copy_of(blob.as_bytes())),
            Some(reason) => left_out.push(LeftOut { name: "credBlob", reason }),
        }
    }
    Ok(RegistrationPlan { extensions, left_out, salts })
}

/// What a registration's outputs become for the relying party; without what `prf` gave, which is
/// secret.
pub(super) fn registration_results(
    inputs: &ExtensionInputsJson,
    asked_directly: bool,
    outputs: &RegistrationOutputs,
    resident: bool,
    large_blob_key: bool,
) -> ExtensionResults {
    let mut results = ExtensionResults::new();
    let created = outputs.hmac_secret;
    if inputs.hmac_create_secret || (asked_directly && created.is_some()) {
        results.insert("hmacCreateSecret".to_owned(), created.unwrap_or(false).into());
    }
    if inputs.cred_blob.is_some() || outputs.cred_blob.is_some() {
        results.insert("credBlob".to_owned(), outputs.cred_blob.unwrap_or(false).into());
    }
    if inputs.cred_props {
        results.insert("credProps".to_owned(), json!({"rk": resident}));
    }
    if inputs.prf.is_some() {
        results.insert("prf".to_owned(), json!({"enabled": created.unwrap_or(false)}));
    }
    if inputs.large_blob.is_some() {
        results.insert("largeBlob".to_owned(), json!({"supported": large_blob_key}));
    }
    if inputs.app_id_exclude.is_some() {
        results.insert("appidExclude".to_owned(), true.into());
    }
    results
}

/// Puts the outputs of `prf` into a response.
pub(super) fn put_prf(results: &mut ExtensionResults, outputs: &HmacOutputs) {
    let mut values = Map::new();
    values.insert("first".to_owned(), encode(outputs.first.expose()).into());
    if let Some(second) = &outputs.second {
        values.insert("second".to_owned(), encode(second.expose()).into());
    }
    let prf = results.entry("prf").or_insert_with(|| json!({}));
    if let Value::Object(prf) = prf {
        prf.insert("results".to_owned(), values.into());
    }
}
