//! The rules of WebAuthn Level 3, as values.
//!
//! | module | what it does | section |
//! |---|---|---|
//! | [`base64url`] | bytes in JSON | 3 |
//! | [`client_data`] | client data, written byte for byte and read | 5.8.1 |
//! | [`origin`], [`rp_id`], [`related_origins`] | who asks, and for whom they may ask | 5.1.3, 5.1.4, 5.11 |
//! | [`app_id`], [`prf`] | rules of single extensions | 10.1 |
//! | [`json`] | the JSON forms of responses and options | 5.1, 5.1.8 to 5.1.10 |
//! | [`public_key`] | credential public keys and signatures | 5.8.5, 6.5.6 |
//! | [`attestation`] | attestation statements | 8 |
//! | [`metadata`] | the FIDO metadata | |
//! | [`model_names`] | what a model is called | |
//! | [`check`] | one line of a verdict | |
//! | [`trust`] | whether an attestation can be believed | 7.1 |
//! | [`explain`] | what is asked, held against what a key says, before a touch | 5.1.3, 5.1.4 |
//! | [`verify`] | verdicts on registrations and assertions | 7.1, 7.2 |
//!
//! Pure: no I/O, clock, randomness or logging. Every byte that comes from a key, a file or a server
//! is hostile until it was checked; none makes this layer panic. Whether an attestation
//! certificate leads to a root that somebody trusts is not decided here.

pub mod app_id;
pub mod attestation;
pub mod base64url;
pub mod check;
pub mod client_data;
pub mod explain;
pub mod json;
pub mod metadata;
pub mod model_names;
pub mod origin;
pub mod prf;
pub mod public_key;
pub mod related_origins;
pub mod rp_id;
pub mod trust;
pub mod verify;

mod distinguished_name;
#[cfg(test)]
mod test_vectors;
