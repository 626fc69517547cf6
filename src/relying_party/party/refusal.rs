//! Why the relying party does not do something.

use crate::ctap::RandomError;
use crate::relying_party::accounts::password::PasswordError;
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
    /// The extensions are too long.
    #[error("the extensions are longer than 4096 bytes")]
    ExtensionsTooLong,
    /// The password cannot be set.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The computer has no memory for the hash of a password.
    #[error("the password could not be hashed; this computer has too little memory left")]
    NoMemory,
    /// Somebody has this name.
    #[error("there is an account of this name already")]
    NameTaken,
    /// The name or the password is wrong; which, is not told.
    #[error("the user name or the password is wrong")]
    WrongPassword,
    /// The name or the password was wrong too often.
    #[error("too many wrong passwords for this user name; try again in {seconds} seconds")]
    TooManyTries {
        /// When the next one is looked at.
        seconds: u64,
    },
    /// No session goes with the cookie.
    #[error("there is no session, or it has ended; ask for options first, and keep the cookie")]
    NoSession,
    /// Nobody is signed in.
    #[error("you are not signed in, or the session has ended; sign in again")]
    NotSignedIn,
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
    /// The key's nickname is empty, too long, or has characters that cannot be seen.
    #[error("a nickname has 1 to 40 characters, all of which can be seen")]
    Nickname,
    /// Another key of the account is called so.
    #[error("another key of this account has this nickname already")]
    NicknameTaken,
    /// The account has no such key.
    #[error("this account has no such key; it may have been removed already")]
    NoSuchToken,
    /// Without it nobody could sign in.
    #[error("it is the only way into this account, which has no password")]
    LastWayIn,
    /// There is nothing to ask for.
    #[error("this account has no key to ask for; register one first")]
    NoToken,
    /// There is no such record, or it is somebody else's.
    #[error("there is no such record, or it is not kept any more")]
    NoRecord,
    /// The state file cannot be written.
    #[error("it could not be kept in the state file, so nothing was changed: {0}")]
    NotKept(String),
}
