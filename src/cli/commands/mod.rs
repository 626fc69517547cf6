//! One file per command: its flags, and what it does.

pub mod assert;
pub mod check;
mod client_data;
pub mod completions;
pub mod credential;
pub mod demo;
pub mod doctor;
mod ending;
mod flag_values;
pub mod info;
mod input_files;
pub mod list;
pub mod man;
pub mod metadata;
mod options;
pub mod pin;
pub mod register;
pub mod reset;
mod result_files;
#[cfg(feature = "relying-party")]
pub mod rp;
pub mod select;
pub mod trace;
mod trust;
pub mod verify;
pub mod virtual_key;
pub mod wink;
