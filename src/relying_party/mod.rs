//! The test relying party: keys against relying parties, and relying parties against keys.
//!
//! | module | what it does |
//! |---|---|
//! | [`ceremony`] | the server's side of a ceremony: options with a fresh challenge, and the verdict on the response; pure |
//! | [`accounts`] | accounts, their credentials, and the state file's form |
//! | [`record`] | what a ceremony leaves behind, to be looked at |
//! | [`party`] | what a relying party does for one browser or program at a time; knows no HTTP |
//! | [`service`] | the same over HTTP, with its limits |
//! | [`forge`] | an authenticator that makes real keys and tells one lie at a time |
//! | [`remote`] | a relying party elsewhere, over HTTP |
//! | [`audit`] | whether a relying party elsewhere rejects what it must |
//!
//! What is asynchronous in this program (axum, tokio) stays inside this layer. Clock, randomness
//! and the place for files are given to it.

pub mod accounts;
pub mod audit;
pub mod ceremony;
pub mod forge;
pub mod identity;
pub mod party;
pub mod record;
pub mod remote;
pub mod service;
pub mod trust;
