//! Where this layer gets its randomness from: its caller.

use thiserror::Error;

/// The source of randomness failed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("there is no randomness to be had: {0}")]
pub struct RandomError(
    /// What the source said.
    pub String,
);

/// A source of cryptographic randomness.
pub trait Random {
    /// Overwrites every byte with randomness.
    ///
    /// # Errors
    ///
    /// [`RandomError`] when the source fails; `bytes` must not be used then.
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RandomError>;
}
