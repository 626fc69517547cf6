//! What a reset takes away, and that it is done.

use crate::authenticator::ResetOutlook;
use serde::Serialize;

/// What a reset takes away, a line each, for somebody who is about to say yes.
pub fn losses(outlook: &ResetOutlook) -> Vec<&'static str> {
    let mut lines =
        vec!["every account that it was registered with, also those that it does not list"];
    if outlook.resident_credentials {
        lines.push("every passkey (resident credential) on it");
    }
    if outlook.pin {
        lines.push("its PIN");
    }
    if outlook.built_in_verification {
        lines.push("its fingerprints");
    }
    if outlook.large_blobs {
        lines.push("whatever large blobs it holds");
    }
    lines
}

/// A key was reset.
#[derive(Debug, Serialize)]
pub struct ResetView<'a> {
    reset: bool,
    path: &'a str,
    serial_number: Option<&'a str>,
}

impl<'a> ResetView<'a> {
    /// The key at `path` was reset.
    pub fn of(key: &'a crate::transport::KeyDescription) -> Self {
        Self { reset: true, path: &key.path.0, serial_number: key.serial_number.as_deref() }
    }

    /// One sentence about the key called `name`.
    pub fn text(name: &str) -> String {
        format!("{name} was reset. It is as new: no accounts, no PIN.\n")
    }
}
