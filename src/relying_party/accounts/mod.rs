//! Accounts of the test relying party and what they keep.
//!
//! In memory, bounded in every direction. [`state`] is the form in which they are kept in a file;
//! [`password`] hashes and checks passwords.

mod account;
mod name;
pub mod password;
pub mod state;

pub use account::{Account, Credential, Purpose};
pub use name::{AccountName, NameError};

use std::collections::BTreeMap;
use thiserror::Error;

/// How many accounts there can be of each kind.
pub const MAX_ACCOUNTS: usize = 1000;

/// How many credentials an account can have.
pub const MAX_CREDENTIALS: usize = 50;

/// Why something cannot be added.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Full {
    /// There are [`MAX_ACCOUNTS`].
    #[error("there are {MAX_ACCOUNTS} accounts already, and no more can be made")]
    Accounts,
    /// The account has [`MAX_CREDENTIALS`].
    #[error("the account has {MAX_CREDENTIALS} credentials already, and takes no more")]
    Credentials,
}

/// The accounts of one kind, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accounts(BTreeMap<AccountName, Account>);

impl Accounts {
    /// The account of this name.
    pub fn get(&self, name: &AccountName) -> Option<&Account> {
        self.0.get(name)
    }

    /// The account of this name, to be changed.
    pub fn get_mut(&mut self, name: &AccountName) -> Option<&mut Account> {
        self.0.get_mut(name)
    }

    /// Adds an account, or replaces the one of this name.
    ///
    /// # Errors
    ///
    /// [`Full`] when there are too many.
    pub fn put(&mut self, account: Account) -> Result<(), Full> {
        if self.0.len() >= MAX_ACCOUNTS && !self.0.contains_key(&account.name) {
            return Err(Full::Accounts);
        }
        self.0.insert(account.name.clone(), account);
        Ok(())
    }

    /// As [`Accounts::put`]; when there are too many, the account goes that was unused the longest.
    pub fn put_in_turn(&mut self, account: Account) {
        if self.0.len() >= MAX_ACCOUNTS
            && !self.0.contains_key(&account.name)
            && let Some(oldest) = self.0.values().min_by_key(|account| account.last_used())
        {
            let oldest = oldest.name.clone();
            self.0.remove(&oldest);
        }
        self.0.insert(account.name.clone(), account);
    }

    /// Removes an account.
    pub fn remove(&mut self, name: &AccountName) {
        self.0.remove(name);
    }

    /// Every account, in the order of names.
    pub fn iter(&self) -> impl Iterator<Item = &Account> {
        self.0.values()
    }

    /// The account that has a credential, and the credential.
    pub fn find(&self, credential_id: &[u8]) -> Option<(&Account, &Credential)> {
        self.0.values().find_map(|account| Some((account, account.credential(credential_id)?)))
    }
}

#[cfg(test)]
mod tests;
