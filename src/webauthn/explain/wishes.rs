//! What is asked of a ceremony, whoever asks: options in JSON, or flags.

use crate::ctap::extensions::CredentialProtection;
use crate::ctap::get_info::Info;
use crate::webauthn::json::options::{
    AuthenticatorAttachment, CredentialProtectionPolicy, ExtensionInputsJson, LargeBlobSupport,
    ResidentKeyRequirement, UserVerificationRequirement,
};
use crate::webauthn::origin::Origin;
use crate::wire::cose::Algorithm;
use std::time::Duration;

/// What is asked of a ceremony.
#[derive(Clone, Debug, PartialEq)]
pub struct Wishes {
    /// For whom, where that is said.
    pub rp_id: Option<String>,
    /// Who asks, where that is known.
    pub origin: Option<Origin>,
    /// Whether the RP ID's list of related origins admits who asks.
    pub related: bool,
    /// Whether the person is verified.
    pub user_verification: UserVerificationRequirement,
    /// Credentials that the key must not hold (registration) or that will do (assertion).
    pub listed: Vec<ListedCredential>,
    /// Extensions that are asked for.
    pub extensions: Vec<ExtensionWish>,
    /// What kind of key is expected, most likely first.
    pub hints: Vec<String>,
    /// How long it may take, where that is said.
    pub timeout: Option<Duration>,
    /// What a registration asks for besides; `None` for an assertion.
    pub registration: Option<RegistrationWishes>,
}

/// A credential that is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedCredential {
    /// Its ID.
    pub id: Vec<u8>,
    /// How its key can be reached, as far as the service knows.
    pub transports: Vec<String>,
}

/// What only a registration asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct RegistrationWishes {
    /// Acceptable algorithms, best first.
    pub algorithms: Vec<Algorithm>,
    /// Whether the credential is kept on the key.
    pub resident_key: ResidentKeyRequirement,
    /// How the key is attached, if it matters.
    pub attachment: Option<AuthenticatorAttachment>,
    /// The length of the account's ID in bytes.
    pub user_id_length: usize,
    /// Names that the key is to keep, each with what it is.
    pub names: Vec<(&'static str, String)>,
    /// What kind of attestation is asked for.
    pub attestation: AttestationWish,
    /// Formats of attestation statements, best first.
    pub attestation_formats: Vec<String>,
}

impl RegistrationWishes {
    /// Whether the credential is kept on this key: where the key can, unless that is discouraged.
    pub(super) fn keeps(&self, info: &Info) -> bool {
        match self.resident_key {
            ResidentKeyRequirement::Required => true,
            ResidentKeyRequirement::Preferred => info.options().rk() == Some(true),
            ResidentKeyRequirement::Discouraged => false,
        }
    }
}

/// What kind of attestation is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttestationWish {
    /// None.
    None,
    /// The key's own.
    Direct,
    /// One that names this one key.
    Enterprise {
        /// Whether the ceremony fails without it.
        required: bool,
    },
}

/// One extension that is asked for, under its name in WebAuthn or, where it has none, in CTAP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExtensionWish {
    /// `credentialProtectionPolicy`.
    CredentialProtection {
        /// The level.
        level: CredentialProtection,
        /// Whether the ceremony fails without it.
        enforced: bool,
    },
    /// `prf`.
    Prf {
        /// Whether it is evaluated, or only asked for.
        evaluated: bool,
    },
    /// `largeBlob`: whether it can be had (registration), or it is read.
    LargeBlob {
        /// Whether the ceremony fails without it.
        required: bool,
    },
    /// `largeBlob`, to be written.
    LargeBlobWrite,
    /// `largeBlobKey`, as CTAP has it.
    LargeBlobKey,
    /// `credBlob`.
    CredBlob {
        /// Its length in bytes.
        length: usize,
    },
    /// `getCredBlob`.
    GetCredBlob,
    /// `minPinLength`.
    MinPinLength,
    /// `hmacCreateSecret`, and `hmac-secret` in an assertion.
    HmacSecret,
    /// `credProps`.
    CredentialProperties,
    /// `appid`: the AppID.
    AppId(String),
    /// `appidExclude`: the AppID.
    AppIdExclude(String),
    /// One that nobody here knows.
    Unknown(String),
}

impl Wishes {
    /// The relying parties under which a credential that is listed may be on the key: its own ID,
    /// and a U2F AppID.
    pub fn looked_under(&self) -> Vec<&str> {
        let app_ids = self.extensions.iter().filter_map(|wish| match wish {
            ExtensionWish::AppId(app_id) | ExtensionWish::AppIdExclude(app_id) => Some(app_id),
            _ => None,
        });
        self.rp_id.iter().chain(app_ids).map(String::as_str).collect()
    }
}

impl ExtensionWish {
    /// What the inputs of a registration ask for.
    pub fn of_creation(inputs: &ExtensionInputsJson) -> Vec<Self> {
        let level = inputs.credential_protection_policy.map(|policy| match policy {
            CredentialProtectionPolicy::Optional => CredentialProtection::OPTIONAL,
            CredentialProtectionPolicy::OptionalWithCredentialIdList => {
                CredentialProtection::OPTIONAL_WITH_CREDENTIAL_ID_LIST
            }
            CredentialProtectionPolicy::Required => CredentialProtection::REQUIRED,
        });
        let enforced = inputs.enforce_credential_protection_policy;
        let mut wishes = Vec::new();
        wishes.extend(level.map(|level| Self::CredentialProtection { level, enforced }));
        wishes.extend(inputs.hmac_create_secret.then_some(Self::HmacSecret));
        let prf = inputs.prf.as_ref();
        wishes.extend(prf.map(|prf| Self::Prf { evaluated: prf.eval.is_some() }));
        let support = inputs.large_blob.as_ref().and_then(|blob| blob.support);
        wishes
            .extend(support.map(|support| Self::LargeBlob {
                required: support == LargeBlobSupport::Required,
            }));
        let blob = inputs.cred_blob.as_ref();
        wishes.extend(blob.map(|blob| Self::CredBlob { length: blob.as_bytes().len() }));
        wishes.extend(inputs.min_pin_length.then_some(Self::MinPinLength));
        wishes.extend(inputs.cred_props.then_some(Self::CredentialProperties));
        wishes.extend(inputs.app_id_exclude.clone().map(Self::AppIdExclude));
        wishes.extend(inputs.unknown.iter().cloned().map(Self::Unknown));
        wishes
    }

    /// What the inputs of an assertion ask for.
    pub fn of_request(inputs: &ExtensionInputsJson) -> Vec<Self> {
        let mut wishes = Vec::new();
        wishes.extend(inputs.prf.as_ref().map(|prf| Self::Prf {
            evaluated: prf.eval.is_some() || !prf.eval_by_credential.is_empty(),
        }));
        let blob = inputs.large_blob.as_ref();
        let read = blob.is_some_and(|blob| blob.read == Some(true));
        wishes.extend(read.then_some(Self::LargeBlob { required: false }));
        let written = blob.is_some_and(|blob| blob.write.is_some());
        wishes.extend(written.then_some(Self::LargeBlobWrite));
        wishes.extend(inputs.get_cred_blob.then_some(Self::GetCredBlob));
        wishes.extend(inputs.app_id.clone().map(Self::AppId));
        wishes.extend(inputs.unknown.iter().cloned().map(Self::Unknown));
        wishes
    }
}
