//! The FIDO metadata (FIDO Metadata Service version 3; FIDO Metadata Statement version 3): what
//! vendors and the FIDO Alliance say of models of keys.
//!
//! | module | what it does | section |
//! |---|---|---|
//! | [`blob`] | the signed file as the service hands it out | Metadata Service 3.1.7, 3.2 |
//! | [`payload`] | what is in it: a number, a date, entries | 3.1.6 |
//! | [`entry`] | one model: statement and status reports | 3.1.1 to 3.1.5 |
//! | [`kept`] | the checked metadata in a form that is searched without reading it whole | |
//!
//! Real files deviate from the specification: an entry lacks a member, a root has bytes after its
//! end. So each member is read by itself, and one entry that cannot be read never loses the others;
//! what was lost, and why, is in the [`Summary`].

pub mod blob;
pub mod date;
pub mod entry;
pub mod kept;
pub mod payload;

pub use blob::{BlobError, BlobTrust, Metadata};
pub use date::Date;
pub use entry::{Entry, StatusReport};
pub use kept::{Kept, KeptError, KeptHead};
pub use payload::{Lost, Summary};

#[cfg(test)]
mod tests;
