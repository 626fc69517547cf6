//! Values that options of both ceremonies are made of (WebAuthn Level 3 sections 5.3 to 5.8).

use super::OptionsError;
use super::place::Place;
use crate::webauthn::base64url::Base64Url;
use crate::webauthn::json::PUBLIC_KEY;
use serde::Serialize;

/// An enumeration of texts, of which unknown ones count as absent.
macro_rules! texts {
    ($(#[$about:meta])* $name:ident { $($(#[$of:meta])* $value:ident = $text:literal,)+ }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
        pub enum $name {
            $($(#[$of])* #[serde(rename = $text)] $value,)+
        }

        impl $name {
            /// The value with this text, if it is known.
            pub fn from_text(text: &str) -> Option<Self> {
                match text {
                    $($text => Some(Self::$value),)+
                    _ => None,
                }
            }

            /// The text in options.
            pub fn text(self) -> &'static str {
                match self {
                    $(Self::$value => $text,)+
                }
            }
        }
    };
}
pub(super) use texts;

texts! {
    /// How a key is attached (section 5.4.5).
    AuthenticatorAttachment {
        /// Part of the computer.
        Platform = "platform",
        /// One that can be unplugged, such as every key here.
        CrossPlatform = "cross-platform",
    }
}

texts! {
    /// Whether the credential is kept on the key (section 5.4.6).
    ResidentKeyRequirement {
        /// Rather not.
        Discouraged = "discouraged",
        /// Where the key can.
        Preferred = "preferred",
        /// The ceremony fails without it.
        Required = "required",
    }
}

texts! {
    /// Whether the person is verified (section 5.8.6).
    UserVerificationRequirement {
        /// The ceremony fails without it.
        Required = "required",
        /// Where the key can.
        Preferred = "preferred",
        /// Rather not.
        Discouraged = "discouraged",
    }
}

texts! {
    /// Whether and how the relying party wants to know what key it is (section 5.4.7).
    AttestationConveyance {
        /// Not at all.
        None = "none",
        /// By a statement that the client may have anonymised.
        Indirect = "indirect",
        /// By the key's own statement.
        Direct = "direct",
        /// By a statement that may name this one key.
        Enterprise = "enterprise",
    }
}

/// One acceptable kind of credential (section 5.3); always of the type `public-key`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct CredentialParameterJson {
    #[serde(rename = "type")]
    kind: &'static str,
    /// The COSE algorithm.
    pub alg: i64,
}

impl CredentialParameterJson {
    /// A public key with this COSE algorithm.
    pub fn new(alg: i64) -> Self {
        Self { kind: PUBLIC_KEY, alg }
    }
}

/// A credential that is named (section 5.8.3); always of the type `public-key`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DescriptorJson {
    #[serde(rename = "type")]
    kind: &'static str,
    /// The credential's ID.
    pub id: Base64Url,
    /// How its key can be reached, where the relying party knows; unknown words too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub transports: Vec<String>,
}

impl DescriptorJson {
    /// Names a public key credential.
    pub fn new(id: impl Into<Base64Url>, transports: Vec<String>) -> Self {
        Self { kind: PUBLIC_KEY, id: id.into(), transports }
    }
}

/// The entries of a list that have the type `public-key`, each read by `read`; the others are
/// dropped, but not all of them (sections 5.1.3 and 5.1.4).
fn of_known_type<T>(
    list: &Place<'_>,
    read: impl Fn(&Place<'_>) -> Result<T, OptionsError>,
) -> Result<Vec<T>, OptionsError> {
    let entries = list.list()?;
    let mut known = Vec::new();
    for entry in &entries {
        entry.object()?;
        if entry.required("type")?.text()? == PUBLIC_KEY {
            known.push(read(entry)?);
        }
    }
    if known.is_empty() && !entries.is_empty() {
        return Err(list.none_known());
    }
    Ok(known)
}

/// A list of credentials that may be absent.
pub(super) fn descriptors(
    options: &Place<'_>,
    name: &str,
) -> Result<Vec<DescriptorJson>, OptionsError> {
    let Some(list) = options.member(name) else { return Ok(Vec::new()) };
    of_known_type(&list, |entry| {
        let id = entry.required("id")?.bytes()?;
        Ok(DescriptorJson::new(id, entry.optional_texts("transports")?))
    })
}

/// Acceptable kinds of credentials; what an empty list stands for is filled in.
pub(super) fn parameters(
    options: &Place<'_>,
) -> Result<Vec<CredentialParameterJson>, OptionsError> {
    let list = options.required("pubKeyCredParams")?;
    let mut parameters = of_known_type(&list, |entry| {
        Ok(CredentialParameterJson::new(entry.required("alg")?.integer()?))
    })?;
    if parameters.is_empty() {
        // ES256 and RS256 (section 5.1.3).
        parameters = vec![CredentialParameterJson::new(-7), CredentialParameterJson::new(-257)];
    }
    Ok(parameters)
}
