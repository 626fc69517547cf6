//! What every firmware process does alike, so that whoever drives one can drive them all.
//!
//! `FIRMWARE --state FILE` is a security key that has just been powered up:
//!
//! - **stdin** carries output reports of 64 bytes from the host; its end is the loss of power, upon
//!   which the process ends at once, in the middle of whatever it does.
//! - **stdout** carries input reports of 64 bytes to the host.
//! - **fd 3**, if open, carries control lines from whoever plays the person at the key
//!   ([`control`]). A line that was written before a report is obeyed before it.
//! - **stderr** is its log. `waiting for a touch` and `waiting for a finger` say that a wait began.
//! - **FILE** is its flash, written whole at each change and before the host learns of it.
//!
//! This package knows no CTAP.

#![forbid(unsafe_code)]

pub mod control;
mod flash;
mod port;
mod wires;

pub use flash::Flash;
pub use port::{Happening, Port, REPORT, Report};

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::exit;

/// Reads the command line, and ends the process when it makes no sense. Gives the path of the flash,
/// and those of `switches` that are set.
pub fn command_line(switches: &[&'static str]) -> (PathBuf, Vec<&'static str>) {
    let mut arguments = std::env::args_os();
    let name = arguments.next().unwrap_or_default();
    let state = arguments.next().filter(|word| word == "--state").and_then(|_| arguments.next());
    let known = |word: OsString| switches.iter().find(|switch| word == **switch).copied();
    match (state, arguments.map(known).collect()) {
        (Some(path), Some(set)) => (path.into(), set),
        _ => {
            let switches: String = switches.iter().map(|switch| format!(" [{switch}]")).collect();
            eprintln!("usage: {} --state FILE{switches}", name.to_string_lossy());
            exit(2);
        }
    }
}
