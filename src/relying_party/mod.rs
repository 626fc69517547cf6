//! The test relying party: keys against relying parties, and relying parties against keys.
//!
//! What is asynchronous in this program (axum, tokio) stays inside this layer. Clock, randomness
//! and the place for files are given to it.

pub mod forge;
