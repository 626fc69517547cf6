//! Bytes to values and back.
//!
//! Pure and total: no I/O, clock, randomness or logging, and no input makes it panic, recurse
//! without limit or allocate more than a small multiple of its length.

pub mod attestation_object;
pub mod authenticator_data;
pub mod cbor;
pub mod cose;
pub mod ctaphid;
pub mod report_descriptor;
pub mod status;
pub mod text;
