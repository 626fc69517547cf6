//! Names of accounts.

use crate::wire::text::is_unsafe;
use serde::{Deserialize, Serialize};
use std::fmt;
use thiserror::Error;
use unicode_normalization::UnicodeNormalization;

/// The longest name, in characters. Keys keep 64 bytes of a name.
const MAX_LENGTH: usize = 64;

/// Why a text cannot name an account.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum NameError {
    /// Nothing but spaces.
    #[error("the user name is empty")]
    Empty,
    /// Too long.
    #[error("the user name is longer than {MAX_LENGTH} characters")]
    TooLong,
    /// With a character that cannot be seen, or that changes the direction of others: two names that
    /// differ in it alone look the same.
    #[error("the user name has a character in it that cannot be seen")]
    Unseen,
}

/// The name of an account, such that two which a person takes for the same are the same: without
/// spaces around it, in lower case, in Normalization Form C.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountName(String);

impl AccountName {
    /// Reads a name as somebody typed it.
    ///
    /// # Errors
    ///
    /// [`NameError`] names the rule that is broken.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        // Looked at first, so that a long text costs nothing.
        if text.len() > 8 * MAX_LENGTH {
            return Err(NameError::TooLong);
        }
        let name: String = text.trim().to_lowercase().nfc().collect();
        if name.is_empty() {
            return Err(NameError::Empty);
        }
        if name.chars().count() > MAX_LENGTH {
            return Err(NameError::TooLong);
        }
        if name.chars().any(is_unsafe) {
            return Err(NameError::Unseen);
        }
        Ok(Self(name))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for AccountName {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        Self::parse(&text)
    }
}

impl From<AccountName> for String {
    fn from(name: AccountName) -> Self {
        name.0
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for AccountName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, formatter)
    }
}
