//! Why the relying party does not do something.

use crate::ctap::RandomError;
use crate::relying_party::accounts::{Full, NameError};
use thiserror::Error;

/// Why the relying party does not do something. That a response was judged and refused is none of
/// these.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Refusal {
    /// There is no randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// There are too many of something.
    #[error(transparent)]
    Full(#[from] Full),
    /// The text cannot name an account.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The person's name is too long.
    #[error("the display name is longer than 256 bytes")]
    DisplayNameTooLong,
    /// No session goes with the cookie.
    #[error("there is no session, or it has ended; ask for options first, and keep the cookie")]
    NoSession,
    /// No options were sent, or a response came already.
    #[error(
        "no options wait for a response in this session; each challenge is good for one response"
    )]
    NoOffer,
    /// The response came too late.
    #[error("the options have expired; ask for new ones")]
    Expired,
    /// There is no such user, or the user has no credential; which, is not told.
    #[error("there is no such user, or the user has no credential here")]
    NoCredential,
    /// The state file cannot be written.
    #[error("it could not be kept in the state file, so nothing was changed: {0}")]
    NotKept(String),
}
