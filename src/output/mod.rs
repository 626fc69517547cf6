//! What was learned, as text for people or versioned JSON for programs.
//!
//! One struct per view; both forms are made from it. Text is not stable, JSON is: see
//! `docs/json.md`. Nothing in here talks to a key or to a person.

pub mod access;
#[cfg(feature = "relying-party")]
pub mod audit;
pub mod credentials;
pub mod demo;
pub mod doctor;
pub mod explanation;
mod extensions;
mod identity;
pub mod info_members;
pub mod info_options;
pub mod json;
pub mod key_info;
pub mod key_words;
pub mod list;
#[cfg(feature = "relying-party")]
pub mod local_service;
pub mod metadata;
pub mod next_command;
pub mod pin;
pub mod remedy;
#[cfg(feature = "relying-party")]
pub mod remote_ceremony;
pub mod reset;
pub mod secrets;
mod section;
pub mod select;
pub mod text;
pub mod trace;
pub mod udev_rules;
pub mod verdict;
pub mod verification;
pub mod virtual_keys;
pub mod words;
pub mod wrap;
