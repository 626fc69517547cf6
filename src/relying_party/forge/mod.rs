//! An authenticator in software that can lie.
//!
//! A plan describes what an honest authenticator and an honest client would send, down to the bytes;
//! who wants a lie changes one thing in the plan before it is forged. Keys, signatures and
//! certificates are real, so that what is wrong is what was changed and nothing else. The firmware
//! of a [virtual key](crate::virtual_key) cannot do this: it does not lie.
//!
//! | module | what it makes | section of WebAuthn Level 3 |
//! |---|---|---|
//! | [`key`] | credential key pairs, their COSE form and signatures | 5.8.5, 6.5.5 |
//! | [`client_data`] | `clientDataJSON` | 5.8.1 |
//! | [`authenticator_data`] | authenticator data | 6.1 |
//! | [`certificate`] | attestation certificates, and the makers of keys who issue them | 8.2.1 |
//! | [`kept_maker`] | the form in which a maker is kept | |
//! | [`attestation`] | attestation statements and objects | 6.5, 8 |
//! | [`registration`], [`assertion`] | whole responses | 5.1, 6.3 |
//!
//! Pure: randomness and the time of day are arguments.

pub mod assertion;
pub mod attestation;
pub mod authenticator_data;
pub mod certificate;
pub mod client_data;
pub mod kept_maker;
pub mod key;
pub mod registration;

use crate::ctap::RandomError;
use crate::wire::cose::Algorithm;
use thiserror::Error;

/// Why nothing could be forged. None of these depends on what a server says.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ForgeError {
    /// There is no randomness for keys.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// No keys can be made for this algorithm.
    #[error("no keys can be made for {0}")]
    Algorithm(Algorithm),
    /// A certificate could not be built.
    #[error("a certificate could not be built: {0}")]
    Certificate(String),
}

#[cfg(test)]
mod tests;
