//! Metadata in the form in which it is kept: what is searched first, and one line for each model.
//!
//! ```text
//! fidokey-metadata 1 0000061234      what follows: the length of the head, in bytes
//! {"summary":…,"models":[…]}         the head: keys of models, their names, where their lines are
//! {"aaguid":…}                       the body: one model each
//! ```
//!
//! So a name is found by reading the head, and a model by reading its line besides.

use super::blob::Metadata;
use super::entry::Entry;
use super::payload::Summary;
use crate::wire::authenticator_data::Aaguid;
use crate::wire::text::hex;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What the first line begins with, up to the version of the form.
const MAGIC: &str = "fidokey-metadata 1 ";

/// How many digits the length of the head has.
const DIGITS: usize = 10;

/// The length of the first line, with its end.
pub const FIRST_LINE: usize = 30;

/// The longest head that is read.
const MAX_HEAD: usize = 16 * 1024 * 1024;

/// The kept metadata cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum KeptError {
    /// It is damaged, or was never such a file.
    #[error("it is damaged")]
    Damaged,
    /// It cannot be written in this form, which is a defect.
    #[error("the metadata cannot be written")]
    Unwritable,
    /// It names more models than would be read again.
    #[error("it names too many models")]
    TooMany,
}

/// The head: enough to say what there is and what models are called.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptHead {
    /// What is said of the metadata as a whole.
    pub summary: Summary,
    /// When it was imported, in seconds since the Unix epoch.
    pub imported_at: u64,
    models: Vec<Place>,
}

/// Where a model is: its AAGUID or one of its key identifiers, where its line begins in the body, how
/// long that is, and the model's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Place(String, usize, usize, String);

/// Metadata that is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    head: KeptHead,
    body: Vec<u8>,
}

impl KeptHead {
    /// Reads the first line: the length of the head, which follows.
    ///
    /// # Errors
    ///
    /// [`KeptError::Damaged`].
    pub fn length(first_line: &[u8]) -> Result<usize, KeptError> {
        let line = std::str::from_utf8(first_line).map_err(|_| KeptError::Damaged)?;
        let digits = line.strip_prefix(MAGIC).and_then(|rest| rest.strip_suffix('\n'));
        let digits = digits.filter(|digits| digits.len() == DIGITS).ok_or(KeptError::Damaged)?;
        let length = digits.parse().map_err(|_| KeptError::Damaged)?;
        if length > MAX_HEAD { Err(KeptError::Damaged) } else { Ok(length) }
    }

    /// Reads the head.
    ///
    /// # Errors
    ///
    /// [`KeptError::Damaged`].
    pub fn read(bytes: &[u8]) -> Result<Self, KeptError> {
        serde_json::from_slice(bytes).map_err(|_| KeptError::Damaged)
    }

    /// The names of models of FIDO2.
    pub fn names(&self) -> impl Iterator<Item = (Aaguid, &str)> {
        self.models.iter().filter_map(|Place(key, _, _, name)| {
            Some((key.parse().ok()?, name.as_str())).filter(|(_, name)| !name.is_empty())
        })
    }
}

impl Kept {
    /// Puts metadata into this form.
    ///
    /// # Errors
    ///
    /// [`KeptError::Unwritable`], which cannot happen.
    pub fn of(metadata: &Metadata, imported_at: u64) -> Result<Self, KeptError> {
        let mut body = Vec::new();
        let mut models = Vec::new();
        for entry in &metadata.entries {
            let begin = body.len();
            serde_json::to_writer(&mut body, entry).map_err(|_| KeptError::Unwritable)?;
            let length = body.len().saturating_sub(begin);
            body.push(b'\n');
            for key in entry.aaguid.iter().chain(&entry.certificate_key_identifiers) {
                models.push(Place(key.clone(), begin, length, entry.description.clone()));
            }
        }
        models.sort_by(|Place(one, ..), Place(other, ..)| one.cmp(other));
        let head = KeptHead { summary: metadata.summary.clone(), imported_at, models };
        Ok(Self { head, body })
    }

    /// Writes it as a file has it.
    ///
    /// # Errors
    ///
    /// [`KeptError::TooMany`].
    pub fn to_bytes(&self) -> Result<Vec<u8>, KeptError> {
        let mut head = serde_json::to_vec(&self.head).map_err(|_| KeptError::Unwritable)?;
        head.push(b'\n');
        if head.len() > MAX_HEAD {
            return Err(KeptError::TooMany);
        }
        let first_line = format!("{MAGIC}{:0width$}\n", head.len(), width = DIGITS);
        Ok([first_line.as_bytes(), &head, &self.body].concat())
    }

    /// Reads it as a file has it.
    ///
    /// # Errors
    ///
    /// [`KeptError::Damaged`]. A damaged line in the body is only noticed when it is read.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeptError> {
        let (first_line, rest) = bytes.split_at_checked(FIRST_LINE).ok_or(KeptError::Damaged)?;
        let length = KeptHead::length(first_line)?;
        let (head, body) = rest.split_at_checked(length).ok_or(KeptError::Damaged)?;
        Ok(Self { head: KeptHead::read(head)?, body: body.to_vec() })
    }

    /// The head.
    pub fn head(&self) -> &KeptHead {
        &self.head
    }

    /// What is said of the metadata as a whole.
    pub fn summary(&self) -> &Summary {
        &self.head.summary
    }

    /// Finds the model with this AAGUID.
    ///
    /// # Errors
    ///
    /// [`KeptError::Damaged`] when its line cannot be read.
    pub fn by_aaguid(&self, aaguid: Aaguid) -> Result<Option<Entry>, KeptError> {
        self.by_key(&aaguid.to_string())
    }

    /// Finds the model with an attestation certificate of this key identifier.
    ///
    /// # Errors
    ///
    /// [`KeptError::Damaged`] when its line cannot be read.
    pub fn by_key_identifier(&self, identifier: [u8; 20]) -> Result<Option<Entry>, KeptError> {
        self.by_key(&hex(&identifier))
    }

    /// Finds the models whose name holds this text, in any case; each once.
    ///
    /// # Errors
    ///
    /// [`KeptError::Damaged`] when a line cannot be read.
    pub fn by_name(&self, text: &str) -> Result<Vec<Entry>, KeptError> {
        let wanted = text.to_lowercase();
        self.matching(|name| name.to_lowercase().contains(&wanted))
    }

    /// Reads all models, by AAGUID and key identifier; each once.
    ///
    /// # Errors
    ///
    /// [`KeptError::Damaged`] when a line cannot be read.
    pub fn all(&self) -> Result<Vec<Entry>, KeptError> {
        self.matching(|_| true)
    }

    fn matching(&self, is_meant: impl Fn(&str) -> bool) -> Result<Vec<Entry>, KeptError> {
        let mut seen = std::collections::HashSet::new();
        let mut entries = Vec::new();
        for place in &self.head.models {
            let Place(_, begin, _, name) = place;
            if is_meant(name) && seen.insert(*begin) {
                entries.push(self.at(place)?);
            }
        }
        Ok(entries)
    }

    /// Finds the model with this AAGUID in the form of a UUID, or with this key identifier.
    ///
    /// # Errors
    ///
    /// [`KeptError::Damaged`] when its line cannot be read.
    pub fn by_key(&self, key: &str) -> Result<Option<Entry>, KeptError> {
        let found = self.head.models.binary_search_by(|Place(known, ..)| known.as_str().cmp(key));
        match found.ok().and_then(|index| self.head.models.get(index)) {
            Some(place) => self.at(place).map(Some),
            None => Ok(None),
        }
    }

    fn at(&self, Place(_, begin, length, _): &Place) -> Result<Entry, KeptError> {
        let line = begin.checked_add(*length).and_then(|end| self.body.get(*begin..end));
        let line = line.ok_or(KeptError::Damaged)?;
        serde_json::from_slice(line).map_err(|_| KeptError::Damaged)
    }
}
