//! What is wrong with virtual keys that last, in words.

use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::output::text::escape;
use crate::virtual_key::LastingError;

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
        .hint(format!("`fidokey virtual delete {name}` removes it.")),
        LastingError::Refused { .. } => CliError::new(
            Exit::Failed,
            "virtual_directory",
            "The virtual keys cannot be read or written.",
        )
        .cause(escape(&error.to_string()))
        .hint("See that you may write to that directory, and that the disk is not full."),
    }
}
