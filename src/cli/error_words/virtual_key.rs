//! What is wrong with virtual keys that last, in words.

use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::output::text::escape;
use crate::virtual_key::{KeyName, LastingError, StateError};
use std::io::ErrorKind;

/// Explains what is wrong with a virtual key that lasts.
pub fn lasting(error: &LastingError) -> CliError {
    match error {
        LastingError::Exists(name) => CliError::new(
            Exit::Failed,
            "virtual_exists",
            format!("There is a virtual key {name} already. It was left as it is."),
        )
        .hint("Choose another name; `fidokey virtual list` shows those that are taken.")
        .hint(format!("`fidokey virtual delete {name}` removes it.")),
        LastingError::NotFound(name) => CliError::new(
            Exit::NoMatch,
            "virtual_not_found",
            format!("There is no virtual key {name}."),
        )
        .hint("`fidokey virtual list` shows those that there are."),
        LastingError::InUse(name) => CliError::new(
            Exit::NoKey,
            "in_use",
            format!(
                "The virtual key {name} is in use by another run of fidokey. Nothing was changed."
            ),
        )
        .hint("Wait until the other run has finished."),
        LastingError::State { name, reason } => CliError::new(
            Exit::Failed,
            "virtual_state",
            format!("The state of the virtual key {name} cannot be used; it was left as it is."),
        )
        .cause(escape(&reason.to_string()))
        .hint(unusable(name, reason)),
        LastingError::Refused { reason, .. } => CliError::new(
            Exit::Failed,
            "virtual_directory",
            "The virtual keys cannot be read or written.",
        )
        .cause(escape(&error.to_string()))
        .hint(match reason.kind() {
            ErrorKind::DirectoryNotEmpty => {
                "It is no virtual key but a directory with something in it: look at it, and remove \
                 it by hand if it is not needed."
            }
            _ => "See that you may write to that directory, and that the disk is not full.",
        }),
    }
}

/// What helps with a state from a newer version, in which nothing is lost.
pub(super) const USE_NEWER: &str = "Use the version of fidokey that wrote it, or a newer one.";

/// What helps with a key whose state cannot be used.
pub fn unusable(name: &KeyName, reason: &StateError) -> String {
    match reason {
        StateError::Newer { .. } => USE_NEWER.to_owned(),
        _ => format!("`fidokey virtual delete {name}` removes it."),
    }
}
