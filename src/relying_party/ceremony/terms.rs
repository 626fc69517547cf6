//! What both ceremonies are made of.

use crate::ctap::{Random, RandomError};
use crate::relying_party::identity::Profile;
use crate::webauthn::base64url::encode_standard;
use crate::webauthn::json::options::DescriptorJson;
use serde_json::{Map, Value, json};

/// How long the client should wait, in milliseconds: what section 15.1 recommends.
pub const TIMEOUT: u64 = 300_000;

/// A challenge, to be used once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge(pub Vec<u8>);

impl Challenge {
    /// Makes a fresh one, as long as it is with this profile.
    ///
    /// # Errors
    ///
    /// [`RandomError`] when there is no randomness.
    pub fn fresh(profile: Profile, random: &mut dyn Random) -> Result<Self, RandomError> {
        let mut bytes = vec![0; profile.challenge_length()];
        random.fill(&mut bytes)?;
        Ok(Self(bytes))
    }
}

/// Completes options: extensions by their WebAuthn names as they were asked for, and what Microsoft
/// Entra ID writes in another way than WebAuthn does.
pub(super) fn finish(
    mut options: Value,
    profile: Profile,
    (list, descriptors): (&str, &[DescriptorJson]),
    timeout: u64,
    extensions: &Map<String, Value>,
) -> Value {
    let Value::Object(members) = &mut options else { return options };
    members.insert("timeout".into(), timeout.into());
    if !extensions.is_empty() {
        members.insert("extensions".into(), Value::Object(extensions.clone()));
    }
    if profile == Profile::Entra {
        // Padded standard base64, and transports that are there and empty.
        let descriptors = descriptors.iter().map(|descriptor| {
            let id = encode_standard(descriptor.id.as_bytes());
            json!({"type": "public-key", "id": id, "transports": []})
        });
        members.insert(list.into(), descriptors.collect());
    }
    options
}

/// The names of extensions that were asked for.
pub(super) fn names(extensions: &Map<String, Value>) -> Option<Vec<String>> {
    Some(extensions.keys().cloned().collect())
}
