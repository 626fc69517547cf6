//! Status codes of a key that no ceremony has taken care of, in words.

use super::REPLUG;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::ctap::CommandCode;
use crate::wire::status::Status;

/// Explains why a key refused a command. A command that was refused has changed nothing.
pub(super) fn refused(the: &str, command: CommandCode, status: Status) -> CliError {
    let error = |exit, kind, what: String| {
        CliError::new(exit, kind, format!("{the} {what}. Nothing was changed.")).status(status)
    };
    match status {
        Status::CREDENTIAL_EXCLUDED => error(
            Exit::Failed,
            "excluded",
            "already holds one of the excluded credentials".to_owned(),
        )
        .hint("Use another key, or leave the credential out of `--exclude` or the options."),
        Status::NO_CREDENTIALS => {
            let error =
                error(Exit::NoMatch, "no_credentials", "holds no credential that fits".to_owned());
            let error = if command == CommandCode::GET_ASSERTION {
                error.hint(
                    "A credential that is not kept on the key is found only by its ID: give it \
                     with `--allow ID`, `--registration FILE`, or in the options.",
                )
            } else {
                error
            };
            error.hint("`fidokey credential list` shows what is kept on it.")
        }
        Status::KEY_STORE_FULL => error(
            Exit::Failed,
            "key_store_full",
            "has no room for another passkey (resident credential)".to_owned(),
        )
        .hint("Delete one that is no longer needed with `fidokey credential delete`."),
        Status::UNSUPPORTED_ALGORITHM => {
            error(Exit::Unsupported, "algorithm", "supports none of the algorithms".to_owned())
                .hint("`fidokey info` shows the algorithms that it supports.")
        }
        Status::UNSUPPORTED_OPTION | Status::INVALID_OPTION | Status::UNSUPPORTED_EXTENSION => {
            error(
                Exit::Unsupported,
                "option",
                "does not support something that was asked for".to_owned(),
            )
            .cause(status.meaning())
            .hint("`fidokey info` shows what it supports.")
        }
        Status::INVALID_COMMAND | Status::INVALID_SUBCOMMAND => {
            error(Exit::Unsupported, "command", "cannot do this".to_owned())
                .cause(format!("it does not know {command}"))
                .hint("`fidokey info` shows what it supports.")
        }
        Status::PUAT_REQUIRED => error(
            Exit::Pin,
            "no_user_verification",
            "wants its PIN or another verification for this".to_owned(),
        )
        .hint("`fidokey pin status` shows whether it has a PIN."),
        Status::UV_BLOCKED => error(
            Exit::Pin,
            "verification_blocked",
            "did not recognise its user too often and takes only its PIN now".to_owned(),
        )
        .hint("`fidokey pin verify` with the right PIN lets it try again."),
        Status::NOT_ALLOWED => {
            error(Exit::Failed, "not_allowed", "does not allow this now".to_owned())
                .hint("Close other programs that use the key and run the command again.")
        }
        Status::REQUEST_TOO_LARGE | Status::LIMIT_EXCEEDED | Status::INVALID_LENGTH => {
            error(Exit::Unsupported, "too_large", "finds the request too large".to_owned())
                .hint("Use shorter names or fewer credential IDs.")
        }
        Status::PIN_AUTH_INVALID | Status::PIN_TOKEN_EXPIRED | Status::UNAUTHORIZED_PERMISSION => {
            error(
                Exit::Pin,
                "token_refused",
                "does not accept what proves the PIN or another verification".to_owned(),
            )
            .cause(asked(status.meaning(), command))
            .hint("Close other programs that use the key and run the command again.")
        }
        Status::PROCESSING
        | Status::USER_ACTION_PENDING
        | Status::OPERATION_PENDING
        | Status::CHANNEL_BUSY => {
            error(Exit::Failed, "busy", "is still busy with another request".to_owned())
                .hint("Close other programs that use the key and run the command again.")
        }
        Status::UP_REQUIRED => {
            error(Exit::NotConfirmed, "touch_required", "wants to be touched for this".to_owned())
                .hint("Run the command again without `--no-user-presence`.")
        }
        Status::INVALID_PARAMETER
        | Status::CBOR_UNEXPECTED_TYPE
        | Status::INVALID_CBOR
        | Status::MISSING_PARAMETER => error(
            Exit::Failed,
            "refused",
            "refused the request".to_owned(),
        )
        .cause(asked(status.meaning(), command))
        .hint(
            "It may not know something that was asked for: `fidokey info` shows what it supports.",
        ),
        _ => error(Exit::Failed, "refused", "refused the request".to_owned())
            .cause(asked(status.meaning(), command))
            .hint(REPLUG),
    }
}

fn asked(meaning: &str, command: CommandCode) -> String {
    format!("{meaning}; it was asked for {command}")
}
