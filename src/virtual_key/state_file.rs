//! The file of a lasting key: bytes to values and back.
//!
//! A JSON object with a format version, a sentence for whoever opens it, the touch policy, and the
//! firmware's entries in base64url. Its checksum is the SHA-256 of the same object, without
//! superfluous space and with an empty checksum. It tells damage, not forgery: whoever can write
//! the file has the keys anyway. Entries are checked for what they are after that.

use super::entries::{self, Contents};
use super::store::Entries;
use super::touch::Touch;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use thiserror::Error;

/// Everything that a key is when it is switched off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct KeyState {
    pub(super) touch: Touch,
    /// Seconds since the Unix epoch.
    pub(super) created_at: Option<u64>,
    pub(super) entries: Entries,
}

/// What is told of a key that is switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeySummary {
    /// Who touches it.
    pub touch: Touch,
    /// When it was made, in seconds since the Unix epoch, if its maker said so.
    pub created_at: Option<u64>,
    /// What is in its memory.
    pub contents: Contents,
}

/// Why a state file cannot be used. It is left as it is.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StateError {
    /// It could not be read.
    #[error("it could not be read: {0}")]
    Read(String),
    /// It is a directory, a link, or something else that no key is kept in.
    #[error("it is not a regular file")]
    NotAFile,
    /// It is far longer than any key.
    #[error("it is too long for the state of a key")]
    TooLong,
    /// It is empty, cut short, or something else altogether.
    #[error("it is damaged, or not the state of a key: {0}")]
    Malformed(String),
    /// It was written by a newer version.
    #[error(
        "it was written by a newer version of this program (format {found}; this version reads \
         format {VERSION})"
    )]
    Newer {
        /// The format of the file.
        found: u64,
    },
    /// Something in it has changed since it was written.
    #[error("it is damaged: its checksum does not match")]
    Checksum,
    /// It says something that the firmware would never have written.
    #[error("it is damaged: entry {entry} is {reason}")]
    Entry {
        /// The firmware's number for the entry.
        entry: usize,
        /// What it is instead.
        reason: &'static str,
    },
}

/// The longest file that is read, several times what the fullest key needs.
pub(super) const MAX_LENGTH: usize = 16 * 1024 * 1024;

const FORMAT: &str = "fidokey virtual key";
const VERSION: u64 = 1;
const NOTICE: &str = "A key for trying things out. Its private keys are in this file, in plain \
                      text: not for protecting accounts.";

/// What every version of the format begins with.
#[derive(Deserialize)]
struct Envelope {
    format: String,
    version: u64,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: String,
    version: u64,
    notice: String,
    created_at: Option<u64>,
    touch: String,
    entries: BTreeMap<usize, String>,
    checksum: String,
}

/// Writes a state.
///
/// # Errors
///
/// Never in practice: there is nothing in a state that JSON cannot say.
pub(super) fn encode(state: &KeyState) -> Result<Vec<u8>, serde_json::Error> {
    let encoded = |(key, value): (&usize, &Vec<u8>)| (*key, URL_SAFE_NO_PAD.encode(value));
    let mut file = File {
        format: FORMAT.to_owned(),
        version: VERSION,
        notice: NOTICE.to_owned(),
        created_at: state.created_at,
        touch: state.touch.to_string(),
        entries: state.entries.iter().map(encoded).collect(),
        checksum: String::new(),
    };
    file.checksum = checksum(&file)?;
    let mut bytes = serde_json::to_vec(&file)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Reads a state and checks everything in it.
///
/// # Errors
///
/// When any byte of it cannot have been written by [`encode`], or the firmware would not have
/// written what it holds.
pub(super) fn decode(bytes: &[u8]) -> Result<KeyState, StateError> {
    let malformed = |error: serde_json::Error| StateError::Malformed(error.to_string());
    let envelope: Envelope = serde_json::from_slice(bytes).map_err(malformed)?;
    if envelope.format != FORMAT {
        return Err(StateError::Malformed("its format is unknown".to_owned()));
    }
    if envelope.version > VERSION {
        return Err(StateError::Newer { found: envelope.version });
    }
    let mut file: File = serde_json::from_slice(bytes).map_err(malformed)?;
    let stated = std::mem::take(&mut file.checksum);
    if checksum(&file).map_err(malformed)? != stated {
        return Err(StateError::Checksum);
    }
    let touch = file.touch.parse().map_err(|error| StateError::Malformed(format!("{error}")))?;
    let mut decoded = Entries::new();
    for (&entry, value) in &file.entries {
        let value = URL_SAFE_NO_PAD
            .decode(value)
            .map_err(|_| StateError::Entry { entry, reason: "not in base64url" })?;
        decoded.insert(entry, value);
    }
    entries::check(&decoded).map_err(|(entry, reason)| StateError::Entry { entry, reason })?;
    Ok(KeyState { touch, created_at: file.created_at, entries: decoded })
}

impl KeyState {
    pub(super) fn summary(&self) -> KeySummary {
        KeySummary {
            touch: self.touch,
            created_at: self.created_at,
            contents: Contents::of(&self.entries),
        }
    }
}

/// The checksum of `file`, whose own checksum is empty.
fn checksum(file: &File) -> Result<String, serde_json::Error> {
    Ok(URL_SAFE_NO_PAD.encode(Sha256::digest(serde_json::to_vec(file)?)))
}

#[cfg(test)]
mod tests;
