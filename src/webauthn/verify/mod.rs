//! Verdicts on registrations (WebAuthn Level 3 section 7.1) and assertions (section 7.2), as a
//! relying party would reach them.
//!
//! A verdict is a list of checks in a fixed order, each with what was expected and what was seen,
//! and the facts learned on the way. Nothing stops at the first failure, and nothing that a key or
//! a file sends makes it an error: what cannot be read is a failed check. What the caller does not
//! know is not checked, and said so.

mod agreement;
mod assertion;
mod authenticator_data;
mod backup;
mod client_data;
mod extensions;
mod registered;
mod registration;

pub use assertion::{AssertionInput, CredentialKey, KnownCredential, assertion};
pub use backup::BackupPolicy;
pub use registered::RegisteredCredential;
pub use registration::{RegistrationInput, registration};

use super::attestation::AttestationVerdict;
use super::base64url::Base64Url;
use super::check::{Check, Outcome, Rule};
use super::trust::TrustFacts;
use crate::wire::authenticator_data::{AttestedCredentialData, AuthenticatorData, Flags};
use crate::wire::cose::Algorithm;
use serde::Serialize;

/// What is known of the client data.
#[derive(Clone, Copy, Debug)]
pub enum ClientData<'a> {
    /// The client data, byte for byte.
    Json(&'a [u8]),
    /// Only its hash, so that nothing in it can be checked.
    Hash([u8; 32]),
}

/// What a relying party expects of a ceremony.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The challenge that was sent; `None` when it is not known.
    pub challenge: Option<Vec<u8>>,
    /// The origins that may ask, in canonical form; empty when they are not known.
    pub origins: Vec<String>,
    /// The RP ID.
    pub rp_id: String,
    /// Whether the ceremony may run in a frame of another origin.
    pub cross_origin: bool,
    /// The origins of pages in whose frames it may run.
    pub top_origins: Vec<String>,
    /// Whether somebody must have been there.
    pub user_presence: bool,
    /// Whether it must have been the right person.
    pub user_verification: bool,
    /// The algorithms that were asked for, in a registration; empty when they are not known.
    pub algorithms: Vec<Algorithm>,
    /// The extensions that were asked for, by the names that keys or clients use; `None` when they
    /// are not known.
    pub extensions: Option<Vec<String>>,
    /// What the backup flags must be; `None` for any.
    pub backup: Option<BackupPolicy>,
    /// Credential IDs that are registered already, in a registration; `None` when they are not
    /// known.
    pub taken: Option<Vec<Vec<u8>>>,
    /// Whether no credential was named, so that the user handle must name the account, in an
    /// assertion; `None` when the list of allowed ones tells.
    pub discoverable: Option<bool>,
    /// The AppID of the extension `appid`, in an assertion.
    pub app_id: Option<String>,
}

impl Expected {
    /// Expects a ceremony of this RP ID with somebody present; the rest is not known yet.
    pub fn new(rp_id: impl Into<String>) -> Self {
        Self {
            challenge: None,
            origins: Vec::new(),
            rp_id: rp_id.into(),
            cross_origin: false,
            top_origins: Vec::new(),
            user_presence: true,
            user_verification: false,
            algorithms: Vec::new(),
            extensions: None,
            backup: None,
            taken: None,
            discoverable: None,
            app_id: None,
        }
    }
}

/// Which of the two ceremonies is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ceremony {
    Registration,
    Assertion,
}

impl Ceremony {
    fn section(self) -> &'static str {
        match self {
            Self::Registration => "7.1",
            Self::Assertion => "7.2",
        }
    }
}

/// A rule of both ceremonies.
#[derive(Clone, Copy)]
struct SharedRule {
    id: &'static str,
    words: &'static str,
}

impl SharedRule {
    const fn new(id: &'static str, words: &'static str) -> Self {
        Self { id, words }
    }

    fn of(self, ceremony: Ceremony) -> Rule {
        Rule::new(self.id, self.words, ceremony.section())
    }
}

/// The flags of authenticator data, one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct FlagFacts {
    /// UP: somebody was there.
    pub user_present: bool,
    /// UV: it was the right person.
    pub user_verified: bool,
    /// BE: the credential may be backed up.
    pub backup_eligible: bool,
    /// BS: the credential is backed up.
    pub backed_up: bool,
}

impl From<Flags> for FlagFacts {
    fn from(flags: Flags) -> Self {
        Self {
            user_present: flags.user_present(),
            user_verified: flags.user_verified(),
            backup_eligible: flags.backup_eligible(),
            backed_up: flags.backed_up(),
        }
    }
}

/// What was learned while judging; `None` where it could not be read or does not occur.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Facts {
    /// SHA-256 of the client data.
    pub client_data_hash: Option<Base64Url>,
    /// The flags.
    pub flags: Option<FlagFacts>,
    /// The signature counter.
    pub sign_count: Option<u32>,
    /// The credential's ID.
    pub credential_id: Option<Base64Url>,
    /// The key's model, in a registration.
    pub aaguid: Option<String>,
    /// The COSE algorithm number of the credential.
    pub algorithm: Option<i64>,
    /// The credential's public key in COSE's form, as received.
    pub public_key_cose: Option<Base64Url>,
    /// The credential's public key as SubjectPublicKeyInfo, where it can be expressed.
    pub public_key_spki: Option<Base64Url>,
    /// The user handle, in an assertion.
    pub user_handle: Option<Base64Url>,
    /// The attestation, in a registration.
    pub attestation: Option<AttestationVerdict>,
    /// Whether it can be believed, where that was judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust: Option<TrustFacts>,
}

impl Facts {
    fn learn(&mut self, data: &AuthenticatorData) {
        self.flags = Some(data.flags.into());
        self.sign_count = Some(data.sign_count);
    }

    fn learn_credential(&mut self, credential: &AttestedCredentialData) {
        self.credential_id = Some(credential.credential_id.as_slice().into());
        self.aaguid = Some(credential.aaguid.to_string());
        self.algorithm = Some(credential.public_key.algorithm.0);
        self.public_key_cose = Some(credential.public_key.raw.as_slice().into());
    }
}

/// A verdict: every check, and what was learned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    accepted: bool,
    checks: Vec<Check>,
    facts: Facts,
}

impl Verdict {
    fn new(checks: Vec<Check>, facts: Facts) -> Self {
        let accepted = !checks.iter().any(|check| check.outcome.is_failed());
        Self { accepted, checks, facts }
    }

    /// Puts checks in the place of those with the same names, or at the end.
    pub(super) fn with_trust(self, checks: Vec<Check>, trust: TrustFacts) -> Self {
        let mut all = self.checks;
        for check in checks {
            match all.iter_mut().find(|known| known.id == check.id) {
                Some(known) => *known = check,
                None => all.push(check),
            }
        }
        Self::new(all, Facts { trust: Some(trust), ..self.facts })
    }

    /// Whether no check failed. What could not be checked does not count against it; see
    /// [`Verdict::unchecked`].
    pub fn is_accepted(&self) -> bool {
        self.accepted
    }

    /// Every check, in the order of the specification.
    pub fn checks(&self) -> &[Check] {
        &self.checks
    }

    /// The check of this name.
    pub fn check(&self, id: &str) -> Option<&Check> {
        self.checks.iter().find(|check| check.id == id)
    }

    /// The checks that failed.
    pub fn failed(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| check.outcome.is_failed())
    }

    /// The checks that could not be made.
    pub fn unchecked(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| matches!(check.outcome, Outcome::NotChecked { .. }))
    }

    /// What was learned.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }
}

/// Writes a text that somebody sent so that it can stand in a sentence: quoted, control characters
/// escaped, long ones cut.
fn quoted(text: &str) -> String {
    const MOST: usize = 200;
    match text.char_indices().nth(MOST) {
        Some((at, _)) => format!("{:?}…", text.get(..at).unwrap_or_default()),
        None => format!("{text:?}"),
    }
}

/// Writes bytes so that they can stand in a sentence: base64url, long ones cut.
fn shown(bytes: &[u8]) -> String {
    const MOST: usize = 64;
    match bytes.get(..MOST) {
        Some(start) if bytes.len() > MOST => {
            format!("{}… ({} bytes)", super::base64url::encode(start), bytes.len())
        }
        _ if bytes.is_empty() => "nothing".into(),
        _ => super::base64url::encode(bytes),
    }
}

#[cfg(test)]
mod tests;
