//! The project's tests that go through more than one module, as one binary.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::string_slice, clippy::as_conversions, clippy::print_stdout, clippy::print_stderr)]
#![allow(clippy::disallowed_methods)]

mod accounts;
mod bad_flags;
mod bad_replies;
mod busy;
mod check;
mod cli_reference;
mod client_extensions;
mod command_line;
mod credential_changes;
mod credential_interference;
mod credential_quirks;
mod credentials;
mod demo;
mod doctor;
mod endings;
#[macro_use]
mod errors;
mod explain;
mod fake_machine;
mod firmware;
mod formats;
mod fuzz_targets;
mod handed_over;
mod harness;
mod hid_bus;
mod host;
mod hostile_names;
mod info;
mod interrupts;
mod job_control;
mod judged;
mod judges;
mod kills;
mod layering;
#[cfg(not(feature = "relying-party"))]
mod lean;
mod list;
mod long_lists;
mod man;
mod memory;
mod message_counts;
mod metadata;
mod mutations;
mod named_commands;
mod options;
mod other_clients;
mod packets;
mod pin;
mod pin_problems;
mod protocol_quirks;
mod quirks;
mod reset;
mod result_files;
#[cfg(feature = "relying-party")]
mod rp_audit;
#[cfg(feature = "relying-party")]
mod rp_bad_servers;
#[cfg(feature = "relying-party")]
mod rp_errors;
#[cfg(feature = "relying-party")]
mod rp_run;
#[cfg(feature = "relying-party")]
mod rp_serve;
mod secrets;
mod select;
mod selectors;
#[cfg(feature = "relying-party")]
mod servers;
mod skipped;
mod streams;
mod trace;
mod trace_secrets;
mod trust;
mod udev_rules;
mod unplug;
mod verify;
mod verify_mutations;
mod verify_options;
mod virtual_keys;
