//! The options of getInfo: what a key supports and what is configured (CTAP 2.3 section 6.4).

use crate::wire::cbor::{CborError, Item, Key};

/// A key's options in the order received.
///
/// Each has three states. Absent means not supported, unless the option has a default. For
/// `clientPin`, `uv`, `ep`, `bioEnroll` and their like, `false` means supported but not configured
/// and `true` means configured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options(Vec<(String, bool)>);

macro_rules! options {
    ($($method:ident = $id:literal, $meaning:literal;)*) => {
        impl Options {
            $(
                #[doc = concat!("`", $id, "`: ", $meaning)]
                pub fn $method(&self) -> Option<bool> {
                    self.get($id)
                }
            )*

            /// Every option that the specification defines, and the previews before it.
            pub const KNOWN: &'static [&'static str] = &[$($id),*];
        }
    };
}

options! {
    plat = "plat", "built into a device; absent means false.";
    rk = "rk", "can hold resident credentials; absent means false.";
    client_pin = "clientPin", "has a PIN set.";
    up = "up", "can ask for a touch; absent means true.";
    uv = "uv", "has a built-in user verification set up.";
    uv_token = "uvToken", "gives a token for built-in user verification (preview of 2.1).";
    pin_uv_auth_token = "pinUvAuthToken", "gives tokens with permissions.";
    no_mc_ga_permissions_with_client_pin = "noMcGaPermissionsWithClientPin",
        "gives no token for making or using credentials in exchange for the PIN.";
    large_blobs = "largeBlobs", "keeps large blobs.";
    ep = "ep", "has enterprise attestation enabled.";
    bio_enroll = "bioEnroll", "has a fingerprint enrolled.";
    user_verification_mgmt_preview = "userVerificationMgmtPreview",
        "has a fingerprint enrolled, by the preview of 2.1.";
    uv_bio_enroll = "uvBioEnroll", "gives a token for fingerprints by built-in verification.";
    authnr_cfg = "authnrCfg", "can be configured.";
    uv_acfg = "uvAcfg", "gives a token for configuration by built-in verification.";
    cred_mgmt = "credMgmt", "manages credentials.";
    per_cred_mgmt_ro = "perCredMgmtRO", "gives a lasting token that lists credentials.";
    credential_mgmt_preview = "credentialMgmtPreview",
        "manages credentials by the preview of 2.1, command 0x41.";
    set_min_pin_length = "setMinPINLength", "can be told a minimum PIN length.";
    make_cred_uv_not_rqd = "makeCredUvNotRqd",
        "makes credentials that are not resident without user verification; absent means false.";
    always_uv = "alwaysUv", "wants user verification for everything.";
}

impl Options {
    pub(super) const EMPTY: Self = Self(Vec::new());

    /// Collects options.
    pub fn new(options: impl IntoIterator<Item = (String, bool)>) -> Self {
        Self(options.into_iter().collect())
    }

    /// The value of an option, or `None` where the key does not list it.
    pub fn get(&self, id: &str) -> Option<bool> {
        self.0.iter().find(|(candidate, _)| candidate == id).map(|(_, value)| *value)
    }

    /// Every option in the order received.
    pub fn iter(&self) -> impl Iterator<Item = (&str, bool)> {
        self.0.iter().map(|(id, value)| (id.as_str(), *value))
    }

    /// Reads the map; an option that is not a text with true or false is left out, and the flag
    /// beside the result is false then.
    pub(super) fn from_item(item: Item<'_>) -> Result<(Self, bool), CborError> {
        let map = item.map()?;
        let mut whole = true;
        let mut options = Vec::new();
        for (key, value) in map.members() {
            match (key, value.boolean()) {
                (Key::Text(id), Ok(value)) => options.push(((*id).to_owned(), value)),
                _ => whole = false,
            }
        }
        Ok((Self(options), whole))
    }
}
