//! The form in which accounts are kept in a file.
//!
//! The file holds hashes of passwords and public keys: nothing with which somebody could sign in
//! elsewhere, but nothing for other people's eyes either.

use super::{Account, Accounts, Full};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What a file of this form calls itself.
const FORMAT: &str = "fidokey-relying-party";

/// The version of the form that this program writes.
const VERSION: u32 = 1;

/// The longest file that is read, in bytes.
pub const MAX_FILE: usize = 64 * 1024 * 1024;

/// Why a file is not the state of this relying party.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum StateError {
    /// Longer than [`MAX_FILE`].
    #[error("it is longer than {MAX_FILE} bytes")]
    TooLong,
    /// Not such a file at all.
    #[error("it is not a file that `fidokey rp serve` wrote")]
    Foreign,
    /// From a later version of this program.
    #[error("a later version of fidokey wrote it (form {version}; this one knows form {VERSION})")]
    Newer {
        /// The version of its form.
        version: u64,
    },
    /// Such a file, but not whole.
    #[error("it is damaged: {0}")]
    Damaged(String),
    /// Credentials are bound to an RP ID.
    #[error("its accounts are for {found}, and this service is {wanted}")]
    OtherRpId {
        /// The RP ID in the file.
        found: String,
        /// The RP ID of this service.
        wanted: String,
    },
}

/// What is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// The accounts of people, who sign in on the page.
    pub people: Accounts,
    /// The accounts that programs make through the conformance interface.
    pub programs: Accounts,
}

/// The file, without what tells its form.
#[derive(Deserialize)]
struct Head {
    format: Option<String>,
    version: Option<u64>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format: String,
    version: u32,
    rp_id: String,
    people: Vec<Account>,
    programs: Vec<Account>,
}

impl State {
    /// Writes the file's content.
    ///
    /// # Errors
    ///
    /// What the JSON library says, which is a defect.
    pub fn to_bytes(&self, rp_id: &str) -> serde_json::Result<Vec<u8>> {
        let all = |accounts: &Accounts| accounts.iter().cloned().collect();
        let document = Document {
            format: FORMAT.to_owned(),
            version: VERSION,
            rp_id: rp_id.to_owned(),
            people: all(&self.people),
            programs: all(&self.programs),
        };
        let mut bytes = serde_json::to_vec_pretty(&document)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Reads the file's content.
    ///
    /// # Errors
    ///
    /// [`StateError`] when it is something else, damaged, or of another service.
    pub fn from_bytes(bytes: &[u8], rp_id: &str) -> Result<Self, StateError> {
        if bytes.len() > MAX_FILE {
            return Err(StateError::TooLong);
        }
        let head: Head = serde_json::from_slice(bytes).map_err(|error| {
            if error.is_eof() {
                StateError::Damaged("it ends too early".into())
            } else {
                StateError::Foreign
            }
        })?;
        match (head.format.as_deref(), head.version) {
            (Some(FORMAT), Some(version)) if version == u64::from(VERSION) => {}
            (Some(FORMAT), Some(version)) => return Err(StateError::Newer { version }),
            _ => return Err(StateError::Foreign),
        }
        let damaged = |error: &dyn std::fmt::Display| StateError::Damaged(error.to_string());
        let document: Document = serde_json::from_slice(bytes).map_err(|error| damaged(&error))?;
        if document.rp_id != rp_id {
            let wanted = rp_id.to_owned();
            return Err(StateError::OtherRpId { found: document.rp_id, wanted });
        }
        let mut state = Self::default();
        for (accounts, read) in
            [(&mut state.people, document.people), (&mut state.programs, document.programs)]
        {
            for account in read {
                if accounts.get(&account.name).is_some() {
                    return Err(StateError::Damaged("two accounts have one name".into()));
                }
                if account.credentials.len() > super::MAX_CREDENTIALS {
                    return Err(damaged(&Full::Credentials));
                }
                accounts.put(account).map_err(|full| damaged(&full))?;
            }
        }
        Ok(state)
    }
}
