//! Will this service accept this key? What is known of services, held against a key.
//!
//! Each rule names where it stands. A rule that no document states is not here: what a service does
//! beyond its documents nobody can tell from outside.

mod entra;
mod nhsmail;
mod passkey;
mod rules;
mod second_factor;

use super::facts::KeyFacts;
use super::finding::{Finding, Findings};

/// What a service, or a kind of service, wants of a key.
#[derive(Clone, Copy, Debug)]
pub struct Profile {
    /// What it is called on the command line.
    pub name: &'static str,
    /// The service, to stand within a sentence.
    pub service: &'static str,
    /// What tells it from other profiles of the service, in words.
    pub variant: Option<&'static str>,
    /// What the key is used for there, as a sentence.
    pub about: &'static str,
    rules: fn(&Candidate<'_>) -> Vec<Finding>,
}

/// Every profile that is known.
pub const PROFILES: [Profile; 5] =
    [entra::PROFILE, entra::ATTESTED, nhsmail::PROFILE, passkey::PROFILE, second_factor::PROFILE];

/// A key that is held against a profile.
#[derive(Clone, Debug)]
pub(super) struct Candidate<'a> {
    pub(super) key: &'a KeyFacts<'a>,
    pub(super) model: &'a ModelFacts,
}

/// What the FIDO metadata says of a model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ModelFacts {
    /// No metadata was imported.
    #[default]
    NoMetadata,
    /// The metadata has no entry for the model.
    NotListed,
    /// The metadata has an entry.
    Listed {
        /// What the model is called there.
        description: String,
        /// Its certification, such as `FIDO_CERTIFIED_L1`, if it has one.
        certification: Option<String>,
        /// The status that speaks against it, such as `REVOKED`, if there is one.
        withdrawn: Option<String>,
        /// Whether it can prove its model by certificates that lead to roots in the metadata.
        has_roots: bool,
    },
}

impl Profile {
    /// The profile of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        PROFILES.iter().find(|profile| profile.name == name)
    }

    /// Holds the profile against a key.
    pub fn check(&self, key: &KeyFacts<'_>, model: &ModelFacts) -> Findings {
        Findings((self.rules)(&Candidate { key, model }))
    }
}
