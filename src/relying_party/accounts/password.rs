//! Passwords, hashed with Argon2id (RFC 9106).

use crate::ctap::{Random, RandomError};
use argon2::password_hash::phc::{Output, ParamsString, PasswordHash as Phc, Salt as PhcSalt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use serde::{Deserialize, Serialize};
use std::fmt;
use thiserror::Error;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

/// The shortest password, in characters (NIST SP 800-63B section 3.1.1.2 asks for 8 beside a second
/// factor).
const MIN_LENGTH: usize = 8;

/// The longest password, in bytes.
pub const MAX_LENGTH: usize = 256;

/// How many random bytes a salt has (RFC 9106 section 3.1).
const SALT: usize = 16;

/// Why a password cannot be set.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum PasswordError {
    /// Too short.
    #[error("the password is shorter than {MIN_LENGTH} characters")]
    TooShort,
    /// Too long.
    #[error("the password is longer than {MAX_LENGTH} bytes")]
    TooLong,
    /// There is no randomness for its salt.
    #[error(transparent)]
    Random(#[from] RandomError),
}

/// A password as somebody typed it, in Normalization Form C; it wipes itself.
pub struct Password(Zeroizing<String>);

impl Password {
    /// Takes a password.
    pub fn new(text: &str) -> Self {
        Self(Zeroizing::new(text.nfc().collect()))
    }

    /// Whether it may be set.
    ///
    /// # Errors
    ///
    /// [`PasswordError`] names the rule that is broken.
    pub fn check(&self) -> Result<(), PasswordError> {
        if self.0.chars().count() < MIN_LENGTH {
            return Err(PasswordError::TooShort);
        }
        if self.0.len() > MAX_LENGTH {
            return Err(PasswordError::TooLong);
        }
        Ok(())
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Password(…)")
    }
}

/// A salt.
#[derive(Clone, Copy, Debug)]
pub struct Salt([u8; SALT]);

impl Salt {
    /// Makes a fresh one.
    ///
    /// # Errors
    ///
    /// [`RandomError`] when there is no randomness.
    pub fn fresh(random: &mut dyn Random) -> Result<Self, RandomError> {
        let mut salt = [0; SALT];
        random.fill(&mut salt)?;
        Ok(Self(salt))
    }
}

/// The hash of a password, in the PHC string format.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PasswordHash(String);

/// A text that is not the hash of a password, or one that would take too long to check.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("a password's hash is not one that this program makes")]
pub struct NotAHash;

/// RFC 9106 leaves the cost to the application; this is the first choice of OWASP's cheat sheet, and
/// the crate's default: 19 MiB, two passes, one lane.
fn argon2() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT)
}

/// How many bytes a hash has.
const HASH: usize = Params::DEFAULT_OUTPUT_LEN;

/// The memory in which a hash is computed, to be used again: what is given back to the system's
/// allocator is not always given back to the system.
#[derive(Default)]
pub struct Memory(Vec<Block>);

impl Memory {
    /// The blocks; `None` when the computer has no memory for them.
    fn blocks(&mut self) -> Option<&mut [Block]> {
        let count = Params::DEFAULT.block_count();
        self.0.try_reserve_exact(count.saturating_sub(self.0.len())).ok()?;
        self.0.resize(count, Block::default());
        Some(&mut self.0)
    }

    /// Hashes into as many bytes as there are.
    fn hash(&mut self, password: &[u8], salt: &[u8], hash: &mut [u8]) -> Option<()> {
        argon2().hash_password_into_with_memory(password, salt, hash, self.blocks()?).ok()
    }
}

impl PasswordHash {
    /// Hashes a password. Takes long, by intention.
    ///
    /// `None` when the computer has no memory for it.
    pub fn of(password: &Password, salt: Salt, memory: &mut Memory) -> Option<Self> {
        let mut hash = [0; HASH];
        memory.hash(password.0.as_bytes(), &salt.0, &mut hash)?;
        let phc = Phc {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(Params::DEFAULT).ok()?,
            salt: Some(PhcSalt::new(&salt.0).ok()?),
            hash: Some(Output::new(&hash).ok()?),
        };
        Some(Self(phc.to_string()))
    }

    /// The hash of no password, to be checked for users that there are not: the answer must not come
    /// sooner for them.
    pub fn of_nobody() -> Self {
        let hash = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        Self(format!("$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA${hash}"))
    }

    /// Whether it is the hash of this password. Takes long, by intention.
    pub fn is_of(&self, password: &Password, memory: &mut Memory) -> bool {
        // Longer ones are never set.
        let bytes = password.0.as_bytes().get(..MAX_LENGTH).unwrap_or(password.0.as_bytes());
        let Ok(phc) = Phc::new(&self.0) else { return false };
        let (Some(salt), Some(wanted)) = (phc.salt, phc.hash) else { return false };
        let mut hash = vec![0; wanted.len()];
        if memory.hash(bytes, salt.as_ref(), &mut hash).is_none() {
            return false;
        }
        // Their comparison takes the same time for every difference.
        Output::new(&hash).is_ok_and(|hash| hash == wanted) && bytes.len() == password.0.len()
    }
}

impl TryFrom<String> for PasswordHash {
    type Error = NotAHash;

    /// Takes a hash from a file. Its cost must be that of this program: a hash with another one
    /// could keep the computer busy for ever.
    fn try_from(text: String) -> Result<Self, NotAHash> {
        let hash = Phc::new(&text).map_err(|_| NotAHash)?;
        let params = Params::try_from(&hash).map_err(|_| NotAHash)?;
        let ours = Params::DEFAULT;
        let same = params.m_cost() == ours.m_cost()
            && params.t_cost() == ours.t_cost()
            && params.p_cost() == ours.p_cost();
        let same = same && hash.algorithm == Algorithm::Argon2id.ident();
        if same && hash.hash.is_some() && hash.salt.is_some() {
            Ok(Self(text))
        } else {
            Err(NotAHash)
        }
    }
}

impl From<PasswordHash> for String {
    fn from(hash: PasswordHash) -> Self {
        hash.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PasswordHash(…)")
    }
}
