//! PIN problems, in words for somebody who is tired and in a hurry.

use crate::authenticator::{PinError, PinPolicy};
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::pin_source::PinSource;
use crate::ctap::PinPolicyError;
use crate::output::text::{count, escape};
use crate::output::words::capitalized;
use crate::wire::status::Status;

/// What somebody checks whose PIN was wrong.
const CHECK_KEYBOARD: &str = "Check Caps Lock and the keyboard layout, then run the command again.";

/// Explains a PIN problem. Five of them look alike to a person and need different steps.
pub(super) fn explain(error: &PinError, name: &str) -> CliError {
    let the = capitalized(name);
    let tries = |retries: u64| {
        let number = usize::try_from(retries).unwrap_or(usize::MAX);
        count(number, "try is", "tries are")
    };
    let new = |kind, message: String| CliError::new(Exit::Pin, kind, message);
    match error {
        PinError::Wrong { retries } => {
            let left = retries.map(|n| format!(" {} left.", capitalized(&tries(n))));
            new("pin_wrong", format!("The PIN for {name} is wrong.{}", left.unwrap_or_default()))
                .status(Status::PIN_INVALID)
                .retries(*retries)
                .hint(match retries {
                    Some(1) => {
                        "Stop here unless you are sure of the PIN: one more wrong PIN and only a \
                         reset helps. The last try needs `--last-try`."
                    }
                    _ => CHECK_KEYBOARD,
                })
        }
        PinError::BlockedUntilReplug { retries } => {
            let left = retries.map(|n| format!(" {} left after that.", capitalized(&tries(n))));
            new(
                "pin_blocked_until_replug",
                format!(
                    "{the} takes no PIN until it is unplugged and plugged in again, because the \
                     PIN was wrong several times in a row.{}",
                    left.unwrap_or_default()
                ),
            )
            .status(Status::PIN_AUTH_BLOCKED)
            .retries(*retries)
            .hint("Unplug the key, plug it in again, and run the command again.")
        }
        PinError::BlockedForGood => new(
            "pin_blocked",
            format!("The PIN of {name} is blocked for good, because no tries are left."),
        )
        .status(Status::PIN_BLOCKED)
        .retries(Some(0))
        .hint(
            "Only a reset helps, and it erases every account on the key. First sign in to each \
             service in another way and remove the key there.",
        )
        .hint("Then run `fidokey reset`, set a PIN, and register the key again."),
        PinError::NotSet => {
            new("pin_not_set", format!("{the} has no PIN yet. Nothing was changed."))
                .status(Status::PIN_NOT_SET)
                .hint("Set one with `fidokey pin set`.")
        }
        PinError::AlreadySet => {
            new("pin_already_set", format!("{the} has a PIN already. Nothing was changed."))
                .hint("Change it with `fidokey pin change`, which asks for the PIN that it has.")
                .hint("If nobody knows it, only `fidokey reset` helps, which erases every account on the key.")
        }
        PinError::MustBeChanged => new(
            "pin_must_be_changed",
            format!(
                "The PIN of {name} must be changed before it can be used: whoever set the key up \
                 wants that. Nothing was changed."
            ),
        )
        .hint("Change it with `fidokey pin change`."),
        PinError::LastTry => new(
            "pin_last_try",
            format!(
                "Only one PIN try is left on {name}. A wrong PIN now would block it for good. \
                 Nothing was sent."
            ),
        )
        .retries(Some(1))
        .hint("If you are sure of the PIN, run the command again with `--last-try`.")
        .hint(
            "If you are not, look for it first: a key whose PIN is blocked for good can only be \
             reset, which erases every account on it.",
        ),
        PinError::CannotBe(PinPolicyError::ContainsControl) => new(
            "pin_impossible",
            format!(
                "This will not be the PIN of {name}: {}. Nothing was sent, and no PIN try was used.",
                PinPolicyError::ContainsControl
            ),
        )
        .hint("Run the command again with the PIN of this key.")
        .hint("If it really has one, `--pin-as-typed` sends it."),
        PinError::CannotBe(reason) => new(
            "pin_impossible",
            format!(
                "This cannot be the PIN of {name}: {}. Nothing was sent, and no PIN try was used.",
                match reason {
                    PinPolicyError::TooShort { found, .. } => {
                        let found = usize::try_from(*found).unwrap_or(usize::MAX);
                        format!("it has {}", count(found, "character", "characters"))
                    }
                    other => other.to_string(),
                }
            ),
        )
        .hint("Run the command again with the PIN of this key."),
        PinError::Policy(policy) => pin_policy(policy, name),
        PinError::RefusedByPolicy { policy, same_as_before } => {
            refused_by_policy(policy, *same_as_before, &the)
        }
        PinError::Unsupported => CliError::new(
            Exit::Unsupported,
            "pin_unsupported",
            format!("{the} does not support a PIN. Nothing was changed."),
        )
        .hint("Where a service asks for a PIN, use another key."),
        PinError::NotRecognised { retries } => {
            let left = retries.map(|n| format!(" {} left.", capitalized(&tries(n))));
            new(
                "not_recognised",
                format!(
                    "{the} did not recognise you.{} Nothing was changed.",
                    left.unwrap_or_default()
                ),
            )
            .status(Status::UV_INVALID)
            .hint("Dry the finger and run the command again.")
        }
        PinError::TokenRefused => new(
            "token_refused",
            format!(
                "{the} does not accept what proves the PIN; another program may be using the key. \
                 The PIN was not found wrong. Nothing was changed."
            ),
        )
        .status(Status::PIN_AUTH_INVALID)
        .hint("Close other programs that use the key and run the command again."),
    }
}

/// Says of a wrong PIN that nobody typed where to look for the right one.
pub fn read_from(source: &PinSource, mut error: CliError) -> CliError {
    for hint in error.hints.iter_mut().filter(|hint| *hint == CHECK_KEYBOARD) {
        *hint = format!("Check that the first line of {source} is the PIN of this key.");
    }
    error
}

/// Adds to a refusal of a PIN that was sent otherwise than typed that it may be right as typed.
pub fn not_as_typed(error: CliError) -> CliError {
    match error.kind {
        "pin_wrong" | "pin_blocked_until_replug" => error.hint(
            "If another tool set the PIN, it may have sent it as it was typed: then add \
             `--pin-as-typed`.",
        ),
        _ => error,
    }
}

/// Explains why a key does not like a new PIN that fits its length.
fn refused_by_policy(policy: &PinPolicy, same_as_before: bool, the: &str) -> CliError {
    let error = |reason: &str| {
        CliError::new(
            Exit::Pin,
            "pin_policy",
            format!("{the} does not accept the new PIN{reason}. The PIN was not changed."),
        )
        .status(Status::PIN_POLICY_VIOLATION)
    };
    if same_as_before {
        return error(", which is the same as the old one").hint("Choose another new PIN.");
    }
    let error = error(&format!(
        ": it needs at least {} characters, and the key may refuse simple ones",
        policy.min_code_points
    ));
    match &policy.complexity_url {
        Some(url) => error.hint(format!("Its vendor explains the rules at {}", escape(url))),
        None => error.hint("Choose a longer PIN without repeated or counted digits."),
    }
}

fn pin_policy(policy: &PinPolicyError, name: &str) -> CliError {
    CliError::new(
        Exit::Pin,
        "pin_policy",
        format!("This PIN cannot be used with {name}: {policy}. Nothing was sent."),
    )
    .hint("Choose another PIN and run the command again.")
}
