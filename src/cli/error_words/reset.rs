//! Why a key was not reset, in words.

use crate::authenticator::{Difference, ResetError};
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::output::text::escape;
use crate::output::words::{capitalized, key_name};
use crate::wire::status::Status;

/// Explains why the key called `name` was not reset, or not for certain.
pub(super) fn explain(error: &ResetError, name: &str) -> CliError {
    let the = capitalized(name);
    let failed = |kind, message: String| CliError::new(Exit::Failed, kind, message);
    match error {
        ResetError::NotUnplugged { waited } => CliError::new(
            Exit::NotConfirmed,
            "not_unplugged",
            format!("Nobody unplugged {name} within {} s. Nothing was changed.", waited.as_secs()),
        )
        .hint("Run `fidokey reset` again and unplug the key when you are asked to."),
        ResetError::NotPluggedIn { waited } => CliError::new(
            Exit::NotConfirmed,
            "not_plugged_in",
            format!("No key was plugged in within {} s. Nothing was changed.", waited.as_secs()),
        )
        .hint("Plug the key in and run `fidokey reset` again."),
        ResetError::AnotherKey { found, difference } => CliError::new(
            Exit::NoKey,
            "another_key",
            format!(
                "The key that was plugged in, {}, is not the one that was unplugged. Neither was \
                 changed.",
                key_name(found)
            ),
        )
        .cause(match difference {
            Difference::Model => "it is of another model".to_owned(),
            Difference::SerialNumber => format!(
                "it has the serial number {}",
                escape(found.serial_number.as_deref().unwrap_or_default())
            ),
            Difference::State => {
                "it does not say the same of itself as the one that was unplugged".to_owned()
            }
        })
        .hint("Unplug it, plug in the key that is to be reset, and run `fidokey reset` again."),
        ResetError::Transport { allowed } => {
            let allowed: Vec<String> = allowed.iter().map(|name| escape(name)).collect();
            let message = if allowed.is_empty() {
                format!("{the} cannot be reset over USB. Nothing was changed.")
            } else {
                format!(
                    "{the} can be reset only over {}, not over USB. Nothing was changed.",
                    allowed.join(" or ")
                )
            };
            CliError::new(Exit::Unsupported, "reset_transport", message)
                .hint("Reset it with its vendor's app over that connection.")
        }
        ResetError::TooLate { status } => failed(
            "reset_too_late",
            format!(
                "{the} refused the reset, because it came too late: a key allows one only within \
                 10 seconds after it is plugged in. Nothing was changed."
            ),
        )
        .status(*status)
        .hint("Run `fidokey reset` again, and do each step as soon as you are asked to."),
        ResetError::Denied { status } => denied(*status, &the),
    }
}

/// Explains a refusal that may have several reasons, which the key does not tell.
fn denied(status: Status, the: &str) -> CliError {
    let error = |exit, message: String| CliError::new(exit, "reset_denied", message).status(status);
    match status {
        Status::INVALID_COMMAND => {
            error(Exit::Unsupported, format!("{the} knows no reset. Nothing was changed."))
                .hint("Its vendor's app may have another way to reset it.")
        }
        Status::OPERATION_DENIED => error(
            Exit::NotConfirmed,
            format!("{the} refused the reset. Nothing was changed."),
        )
        .cause(
            "somebody said no on the key, or it allows a reset only over another connection, or \
             its smart-card part has a PIN that forbids it",
        )
        .hint("If nobody said no on the key, reset it with its vendor's app."),
        _ => error(
            Exit::Failed,
            format!("{the} refused the reset: {}. Nothing was changed.", status.meaning()),
        )
        .hint("Run `fidokey reset` again. If it fails again, use its vendor's app."),
    }
}
