//! The host's side: fetches what the machine is made of, makes its image, starts one machine for each
//! job, and compares what happened with what the job says.
//!
//! Nothing is installed for the machine's sake: packages are downloaded and unpacked below a cache
//! folder, as an ordinary user.

mod cache;
pub(crate) mod compare;
mod emulator;
mod host;
mod image;
mod kernel;
mod libraries;
mod machine;
mod packages;
mod python;
pub(crate) mod report;
pub(crate) mod secrets;
mod tree;
mod wire;

pub mod run;
