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
use crate::webauthn::metadata::{Date, Entry};
use crate::webauthn::trust::{Reported, certification, reported};
use serde_json::{Map, Value};

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
    /// Whether what the FIDO metadata says of the model counts.
    pub uses_metadata: bool,
    rules: fn(&Candidate<'_>) -> Vec<Finding>,
}

/// Every profile that is known.
pub const PROFILES: [Profile; 5] =
    [entra::PROFILE, entra::ATTESTED, nhsmail::PROFILE, passkey::PROFILE, second_factor::PROFILE];

/// A key that is held against a profile.
#[derive(Clone, Debug)]
pub(super) struct Candidate<'a> {
    pub(super) key: &'a KeyFacts<'a>,
    pub(super) metadata: &'a MetadataFacts,
}

/// What is known from the FIDO metadata.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MetadataFacts {
    /// What it says of the model.
    pub model: ModelEntry,
    /// Since when a newer release is to be had, if the one at hand is old.
    pub overdue_since: Option<Date>,
}

/// What the FIDO metadata says of a model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ModelEntry {
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
        /// What else is reported of it.
        reported: Reported,
        /// Whether it can prove its model by certificates that lead to roots in the metadata.
        has_roots: bool,
        /// What the model cannot do by its entry, of what services ask for, by getInfo's names.
        lacks: Vec<&'static str>,
    },
}

impl ModelEntry {
    /// What the metadata's entry for the model, or that there is none, says on a day of a key with this
    /// firmware version.
    pub fn of(entry: Option<&Entry>, today: Date, firmware: Option<u64>) -> Self {
        let Some(entry) = entry else { return Self::NotListed };
        let mut reports = entry.status_reports.iter();
        let revoked = reports.any(|report| {
            report.status == REVOKED && report.effective_date.is_none_or(|date| date <= today)
        });
        Self::Listed {
            description: entry.description.clone(),
            certification: certification(entry, today),
            withdrawn: revoked.then(|| REVOKED.to_owned()),
            reported: reported(entry, today, firmware),
            has_roots: !entry.attestation_roots.is_empty(),
            lacks: entry.authenticator_get_info.as_ref().map(lacks).unwrap_or_default(),
        }
    }
}

/// The status of a model of which no key is to be trusted any more.
const REVOKED: &str = "REVOKED";

/// What a key cannot do that says this of itself, as JSON of getInfo's members. Statements that leave a
/// member out are many, and Microsoft admits their models: what is not said is not held against them.
fn lacks(info: &Value) -> Vec<&'static str> {
    let texts = |name: &str, fits: fn(&str) -> bool| {
        let list = info.get(name).and_then(Value::as_array);
        list.is_none_or(|list| list.iter().filter_map(Value::as_str).any(fits))
    };
    let options = info.get("options").and_then(Value::as_object);
    let option = |fits: &dyn Fn(&Map<String, Value>) -> bool| options.is_none_or(fits);
    let verifies = |options: &Map<String, Value>| {
        options.contains_key("uv") || options.contains_key("clientPin")
    };
    let able = [
        (texts("versions", |version| version.starts_with("FIDO_2_")), "FIDO2"),
        (option(&|options| options.get("rk") == Some(&Value::Bool(true))), "rk"),
        (option(&verifies), "uv or clientPin"),
        (texts("extensions", |name| name == "hmac-secret"), "hmac-secret"),
    ];
    able.into_iter().filter(|(able, _)| !able).map(|(_, name)| name).collect()
}

impl Profile {
    /// The profile of this name.
    ///
    /// Upper and lower case make no difference: NHSmail is written so.
    pub fn named(name: &str) -> Option<&'static Self> {
        PROFILES.iter().find(|profile| profile.name.eq_ignore_ascii_case(name))
    }

    /// Holds the profile against a key.
    pub fn check(&self, key: &KeyFacts<'_>, metadata: &MetadataFacts) -> Findings {
        Findings((self.rules)(&Candidate { key, metadata }))
    }
}
