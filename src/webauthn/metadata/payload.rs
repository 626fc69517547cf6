//! The payload of the BLOB: its number, the date of the next one, and the entries.

use super::date::Date;
use super::entry::{self, Entry, Read};
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use std::fmt;
use thiserror::Error;

/// The most entries that are read. The service had 520 in 2026.
const MOST_ENTRIES: usize = 10_000;

/// What is said of metadata as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// The number; each release has a higher one.
    pub number: u64,
    /// When the next release is due at the latest.
    pub next_update: Date,
    /// How many models of FIDO2 it has.
    pub fido2: usize,
    /// How many models of U2F it has.
    pub u2f: usize,
    /// How many models of UAF it has, which are not kept.
    pub uaf: usize,
    /// How many different attestation roots its models have.
    pub roots: usize,
    /// How many models deviate somewhere from the specification and are kept all the same.
    pub deviating: usize,
    /// The entries that could not be read.
    pub lost: Vec<Lost>,
}

impl Summary {
    /// Whether the next release is due: it is after the day that was announced.
    pub fn is_due(&self, now: u64) -> bool {
        Date::of_moment(now) > self.next_update
    }
}

/// An entry that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lost {
    /// Which one, counted from 1.
    pub position: usize,
    /// Why.
    pub reason: String,
}

/// Why a payload cannot be used at all.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum PayloadError {
    /// Not JSON, or not an object.
    #[error("the metadata is not a JSON object: {0}")]
    Json(String),
    /// A member that everything depends on is absent or of another type.
    #[error("the metadata has no usable member {0:?}")]
    Member(&'static str),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    #[serde(borrow)]
    no: Option<&'a RawValue>,
    #[serde(borrow)]
    next_update: Option<&'a RawValue>,
    #[serde(borrow)]
    entries: Option<RawEntries<'a>>,
}

/// Entries as they stand in the text: the first ones, and how many more there are.
#[derive(Default)]
struct RawEntries<'a> {
    first: Vec<&'a RawValue>,
    more: usize,
}

impl<'de: 'a, 'a> Deserialize<'de> for RawEntries<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = RawEntries<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a list of entries")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut entries = RawEntries::default();
                while entries.first.len() < MOST_ENTRIES {
                    let Some(entry) = list.next_element()? else { return Ok(entries) };
                    entries.first.push(entry);
                }
                while list.next_element::<IgnoredAny>()?.is_some() {
                    entries.more = entries.more.saturating_add(1);
                }
                Ok(entries)
            }
        }
        deserializer.deserialize_seq(List)
    }
}

/// Tells a document whose entries are no list from what is no such document.
fn what_is_wrong(text: &str, error: &serde_json::Error) -> PayloadError {
    if error.is_data() && text.trim_start().starts_with('{') {
        PayloadError::Member("entries")
    } else {
        PayloadError::Json(error.to_string())
    }
}

/// Reads a payload: what it is, and the models that could be read.
///
/// # Errors
///
/// [`PayloadError`] when it is no such document. An entry that cannot be read is no error.
pub(super) fn read(bytes: &[u8]) -> Result<(Summary, Vec<Entry>), PayloadError> {
    let text =
        std::str::from_utf8(bytes).map_err(|_| PayloadError::Json("it is not UTF-8".to_owned()))?;
    let document: Document<'_> = match serde_json::from_str(text) {
        Ok(document) => document,
        Err(error) => return Err(what_is_wrong(text, &error)),
    };
    let member = |name, raw: Option<&RawValue>| -> Result<Value, PayloadError> {
        let value = raw.and_then(|raw| serde_json::from_str(raw.get()).ok());
        value.ok_or(PayloadError::Member(name))
    };
    let number = member("no", document.no)?.as_u64().ok_or(PayloadError::Member("no"))?;
    let next_update = member("nextUpdate", document.next_update)?;
    let next_update = next_update.as_str().and_then(|text| text.parse().ok());
    let next_update = next_update.ok_or(PayloadError::Member("nextUpdate"))?;
    let raw = document.entries.ok_or(PayloadError::Member("entries"))?;

    let mut summary = Summary {
        number,
        next_update,
        fido2: 0,
        u2f: 0,
        uaf: 0,
        roots: 0,
        deviating: 0,
        lost: Vec::new(),
    };
    let mut entries: Vec<Entry> = Vec::with_capacity(raw.first.len());
    let mut known = std::collections::HashSet::new();
    let mut roots = std::collections::HashSet::new();
    for (index, raw) in raw.first.into_iter().enumerate() {
        let position = index.saturating_add(1);
        let entry = match entry::read(raw) {
            Ok(Read::Model(entry)) => entry,
            Ok(Read::Uaf) => {
                summary.uaf = summary.uaf.saturating_add(1);
                continue;
            }
            Err(reason) => {
                summary.lost.push(Lost { position, reason });
                continue;
            }
        };
        let keys: Vec<&String> =
            entry.aaguid.iter().chain(&entry.certificate_key_identifiers).collect();
        if keys.iter().any(|key| known.contains(*key)) {
            let reason = "an earlier entry is for the same model".to_owned();
            summary.lost.push(Lost { position, reason });
            continue;
        }
        known.extend(keys.into_iter().cloned());
        let count = if entry.aaguid.is_some() { &mut summary.fido2 } else { &mut summary.u2f };
        *count = count.saturating_add(1);
        if !entry.deviations.is_empty() {
            summary.deviating = summary.deviating.saturating_add(1);
        }
        roots.extend(entry.attestation_roots.iter().map(|root| root.as_bytes().to_vec()));
        entries.push(*entry);
    }
    if raw.more > 0 {
        let reason = format!("it and all after it: no more than {MOST_ENTRIES} are read");
        summary.lost.push(Lost { position: MOST_ENTRIES.saturating_add(1), reason });
    }
    summary.roots = roots.len();
    Ok((summary, entries))
}
