//! Errors of the layers below, in words, with the next step and the exit code.

mod pin;
mod reset;

use super::error::CliError;
use super::exit::Exit;
use crate::authenticator::{AuthenticatorError, ChooseError, Question};
use crate::client::ClientError;
use crate::ctap::{CommandCode, Effect, ReplyError};
use crate::output::text::escape;
use crate::output::words::{capitalized, key_name};
use crate::transport::channel::ChannelError;
use crate::transport::{ConnectionError, KeyDescription, OpenError};
use crate::wire::ctaphid::HidErrorCode;
use crate::wire::status::Status;
use std::error::Error;

impl CliError {
    /// A defect of this program.
    pub fn defect(error: &dyn Error) -> Self {
        Self::new(Exit::Defect, "defect", "fidokey has a defect and cannot go on")
            .cause(error.to_string())
            .hint("Please report it, with what you did.")
    }

    /// Ctrl-C.
    pub fn interrupted() -> Self {
        Self::new(Exit::Interrupted, "interrupted", "Interrupted. Nothing was changed.")
    }

    /// A no to a question.
    pub fn declined() -> Self {
        Self::new(Exit::NotConfirmed, "declined", "Cancelled. Nothing was changed.")
    }

    /// A confirmation was due and nobody could be asked.
    pub fn cannot_confirm() -> Self {
        Self::new(
            Exit::Usage,
            "confirmation_needed",
            "This needs a confirmation, and nobody can be asked. Nothing was changed.",
        )
        .hint("Add `--yes` if you are sure.")
    }

    /// The terminal failed.
    pub fn terminal(error: &std::io::Error) -> Self {
        Self::new(Exit::Failed, "terminal", "The terminal cannot be used. Nothing was changed.")
            .cause(error.to_string())
    }
}

/// Explains why a request came to nothing.
pub fn client(error: &ClientError, key: &KeyDescription) -> CliError {
    match error {
        ClientError::RpId(error) => {
            CliError::usage("`--rp` does not fit `--origin`. Nothing was sent.")
                .cause(error.to_string())
        }
        ClientError::Authenticator(error) => authenticator(error, key),
        ClientError::Response(error) => CliError::new(
            Exit::Failed,
            "malformed_reply",
            format!("{} made a credential that cannot be understood.", capitalized(&key_name(key))),
        )
        .cause(escape(&error.to_string()))
        .hint("If it was kept on the key, `fidokey credential list` shows it."),
    }
}

/// Explains an error of a ceremony on a key.
pub fn authenticator(error: &AuthenticatorError, key: &KeyDescription) -> CliError {
    match error {
        AuthenticatorError::Uncertain { effect, source } => {
            let (doubt, hint) = doubt(*effect);
            ceremony(source, key, doubt).hint(hint)
        }
        error => ceremony(error, key, UNCHANGED),
    }
}

/// What is said of the key's state when a request certainly was not carried out.
const UNCHANGED: &str = "Nothing was changed.";

/// What is said when nobody knows whether a request was carried out, and how to find out.
fn doubt(effect: Effect) -> (&'static str, &'static str) {
    match effect {
        Effect::CredentialKept => (
            "The key may have kept the new credential all the same.",
            "`fidokey credential list` shows whether it did.",
        ),
        Effect::CredentialDeleted => (
            "The key may have deleted the credential all the same.",
            "`fidokey credential list` shows whether it did.",
        ),
        Effect::NamesChanged => (
            "The key may have changed the names all the same.",
            "`fidokey credential list` shows whether it did.",
        ),
        Effect::PinTried => (
            "If the PIN was wrong, it may have cost a try.",
            "`fidokey pin status` shows the tries left.",
        ),
        Effect::PinSet => (
            "The key may have set the new PIN all the same.",
            "`fidokey pin status` shows whether it has one now.",
        ),
        Effect::PinChanged => (
            "The key may have changed the PIN all the same.",
            "`fidokey pin verify` shows which PIN is in force; try the new one first.",
        ),
        Effect::Reset => (
            "The key may have been reset all the same.",
            "`fidokey pin status` shows whether it still has its PIN. Another `fidokey reset` does \
             no harm to a key that was reset.",
        ),
    }
}

fn ceremony(error: &AuthenticatorError, key: &KeyDescription, after: &str) -> CliError {
    let name = key_name(key);
    let the = capitalized(&name);
    let failed = |kind, message: String| CliError::new(Exit::Failed, kind, message);
    match error {
        AuthenticatorError::Bus(error) => failed("enumeration", capitalized(&error.to_string())),
        AuthenticatorError::Open(error) => open(error, key),
        AuthenticatorError::Channel(error) => between(error, key, after),
        AuthenticatorError::Malformed { source, .. } => malformed(&the, source, after),
        AuthenticatorError::Refused { command, status } => refused(&the, *command, *status),
        AuthenticatorError::U2fOnly => CliError::new(
            Exit::Unsupported,
            "u2f_only",
            format!("{the} speaks only U2F, the older protocol; this needs FIDO2."),
        )
        .hint("Use a FIDO2 key. The key still works as a second factor where U2F is offered."),
        AuthenticatorError::Unsupported { what } => CliError::new(
            Exit::Unsupported,
            "unsupported",
            format!("{the} does not support {what}. Nothing was changed."),
        )
        .hint("`fidokey info` shows what it supports."),
        AuthenticatorError::NoUserVerification => CliError::new(
            Exit::Pin,
            "no_user_verification",
            format!("This needs the PIN of {name}, and it has none yet. Nothing was changed."),
        )
        .hint("Set one with `fidokey pin set`."),
        AuthenticatorError::Pin(error) => pin::explain(error, &name),
        AuthenticatorError::CannotAsk(question) => cannot_ask(*question, &name),
        AuthenticatorError::Declined(Question::Pin | Question::NewPin) => CliError::new(
            Exit::NotConfirmed,
            "declined",
            "No PIN was given. Nothing was changed, and no PIN try was used.",
        ),
        AuthenticatorError::Declined(Question::SameKey) => CliError::declined()
            .hint("Find the key that is to be reset and run `fidokey reset` again."),
        AuthenticatorError::Interrupted => CliError::new(
            Exit::Interrupted,
            "interrupted",
            format!("Interrupted; {name} was told to stop. {after}"),
        ),
        AuthenticatorError::NotTouched => CliError::new(
            Exit::NotConfirmed,
            "not_touched",
            format!("Nobody touched {name} in time. {after}"),
        )
        .hint("Run the command again and touch the key when it blinks."),
        AuthenticatorError::Denied { status } => CliError::new(
            Exit::NotConfirmed,
            "denied",
            format!("{the} denied the request. Nothing was changed."),
        )
        .status(*status)
        .hint("If nobody touched the key, run the command again and touch it when it blinks."),
        AuthenticatorError::Reset(error) => reset::explain(error, &name),
        AuthenticatorError::Random(error) => failed("random", capitalized(&error.to_string())),
        AuthenticatorError::Crypto(error) => {
            failed("crypto", format!("The exchange with {name} failed. Nothing was changed."))
                .cause(error.to_string())
        }
        AuthenticatorError::TooMany { what, claimed } => failed(
            "too_many",
            format!("{the} claims to have {claimed} {what}, more than fidokey accepts."),
        ),
        AuthenticatorError::Uncertain { source, .. } => ceremony(source, key, after),
    }
}

fn malformed(the: &str, source: &ReplyError, after: &str) -> CliError {
    let mut error = CliError::new(
        Exit::Failed,
        "malformed_reply",
        format!("{the} sent an answer that cannot be understood. {after}"),
    )
    .hint("Unplug the key, plug it in again and try once more.");
    let mut source: Option<&dyn Error> = Some(source);
    while let Some(cause) = source {
        error = error.cause(escape(&cause.to_string()));
        source = cause.source();
    }
    error
}

fn cannot_ask(question: Question, name: &str) -> CliError {
    match question {
        Question::Pin => CliError::new(
            Exit::Pin,
            "pin_missing",
            format!("This needs the PIN of {name}, and nobody can be asked. Nothing was changed."),
        )
        .hint("Give it with `--pin-file FILE`, `--pin-file -` or `--pin-fd NUMBER`."),
        Question::NewPin => CliError::new(
            Exit::Pin,
            "new_pin_missing",
            format!(
                "This needs a new PIN for {name}, and nobody can be asked. Nothing was changed."
            ),
        )
        .hint("Give it with `--new-pin-file FILE`, `--new-pin-file -` or `--new-pin-fd NUMBER`."),
        Question::SameKey => CliError::new(
            Exit::NoKey,
            "same_key_unproven",
            format!(
                "It cannot be told whether {name} is the key that was unplugged, and nobody can \
                 be asked. Nothing was changed."
            ),
        )
        .hint("Add `--yes` if only one key is at hand."),
    }
}

/// Explains why a key could not be opened.
pub fn open(error: &OpenError, key: &KeyDescription) -> CliError {
    let name = key_name(key);
    let no_key = |kind, message: String| CliError::new(Exit::NoKey, kind, message);
    match error {
        OpenError::NotFound(path) => {
            let error = no_key("not_found", format!("There is no key at {}.", escape(&path.0)));
            if path.0.starts_with("virtual:") {
                error.hint("`fidokey virtual list` shows the virtual keys.")
            } else {
                error.hint("`fidokey list` shows the keys that are plugged in.")
            }
        }
        OpenError::NoPermission(_) => {
            no_key("no_permission", format!("You are not allowed to use {name}."))
                .hint("`fidokey list` shows why and what mends it.")
        }
        OpenError::InUse { .. } => {
            no_key("in_use", format!("{} is in use by another program.", capitalized(&name)))
                .hint("Close the other program, or wait until it has finished.")
        }
        OpenError::State { reason, .. } => CliError::new(
            Exit::Failed,
            "virtual_state",
            format!("The state of {name} cannot be used; it was left as it is."),
        )
        .cause(escape(reason))
        .hint("`fidokey virtual delete NAME` removes it; `fidokey virtual create NAME` makes a new one."),
        OpenError::Other { reason, .. } => {
            no_key("open", format!("{} cannot be opened.", capitalized(&name)))
                .cause(escape(reason))
                .hint("Unplug the key, plug it in again and try once more.")
        }
    }
}

/// Explains a failure between this program and a key, before anything was asked of it that would
/// change it.
pub fn channel(error: &ChannelError, key: &KeyDescription) -> CliError {
    between(error, key, UNCHANGED)
}

fn between(error: &ChannelError, key: &KeyDescription, after: &str) -> CliError {
    let name = key_name(key);
    let the = capitalized(&name);
    let failed = |kind, message: String| CliError::new(Exit::Failed, kind, message);
    match error {
        ChannelError::Connection(ConnectionError::Unplugged) => {
            failed("unplugged", format!("{the} was unplugged. {after}"))
                .hint("Plug it in and run the command again.")
        }
        ChannelError::Connection(ConnectionError::InUse) => CliError::new(
            Exit::NoKey,
            "in_use",
            format!("{the} is in use by another program. {after}"),
        )
        .hint("Close the other program, or wait until it has finished."),
        ChannelError::Connection(error @ ConnectionError::Refused { .. }) => {
            failed("connection", format!("The connection to {name} failed. {after}"))
                .cause(escape(&error.to_string()))
                .hint("Unplug the key, plug it in again and try once more.")
        }
        ChannelError::Interrupted => CliError::new(
            Exit::Interrupted,
            "interrupted",
            format!("Interrupted; {name} was told to stop. {after}"),
        ),
        ChannelError::Busy { .. } | ChannelError::Refused(HidErrorCode::CHANNEL_BUSY) => {
            failed("busy", format!("{the} is busy with another program's request. {after}"))
                .cause(error.to_string())
                .hint("Close the other program, or wait until it has finished.")
        }
        ChannelError::MessageTooLong(_) => CliError::new(
            Exit::Unsupported,
            "message_too_long",
            format!("The request is too long for {name}. Nothing was sent."),
        )
        .cause(error.to_string()),
        ChannelError::NoAnswer { .. } | ChannelError::TimedOut { .. } => {
            failed("no_answer", format!("{the} does not answer. {after}"))
                .cause(error.to_string())
                .hint("Unplug the key, plug it in again and try once more.")
        }
        ChannelError::Refused(_) => {
            failed("refused", format!("{the} did not take the message. {after}"))
                .cause(error.to_string())
                .hint("Unplug the key, plug it in again and try once more.")
        }
        ChannelError::Malformed(_) => failed(
            "malformed_reply",
            format!("{the} sent an answer that cannot be understood. {after}"),
        )
        .cause(error.to_string())
        .hint("Unplug the key, plug it in again and try once more."),
    }
}

/// Explains a status code that no ceremony has taken care of.
fn refused(the: &str, command: CommandCode, status: Status) -> CliError {
    let error = |exit, kind, message: String| CliError::new(exit, kind, message).status(status);
    match status {
        Status::CREDENTIAL_EXCLUDED => error(
            Exit::Failed,
            "excluded",
            format!("{the} already holds one of the excluded credentials. Nothing was changed."),
        )
        .hint("Use another key, or leave the credential out of `--exclude`."),
        Status::NO_CREDENTIALS => {
            error(Exit::NoMatch, "no_credentials", format!("{the} holds no credential that fits."))
                .hint("`fidokey credential list` shows what it holds.")
        }
        Status::KEY_STORE_FULL => error(
            Exit::Failed,
            "key_store_full",
            format!("{the} has no room for another resident credential. Nothing was changed."),
        )
        .hint("Delete one that is no longer needed with `fidokey credential delete`."),
        Status::UNSUPPORTED_ALGORITHM => error(
            Exit::Unsupported,
            "algorithm",
            format!("{the} supports none of the algorithms. Nothing was changed."),
        )
        .hint("`fidokey info` shows the algorithms that it supports."),
        Status::UNSUPPORTED_OPTION | Status::INVALID_OPTION | Status::UNSUPPORTED_EXTENSION => {
            error(
                Exit::Unsupported,
                "option",
                format!("{the} does not support an option of the request. Nothing was changed."),
            )
            .hint("`fidokey info` shows what it supports.")
        }
        Status::INVALID_COMMAND | Status::INVALID_SUBCOMMAND => error(
            Exit::Unsupported,
            "command",
            format!("{the} does not know this command. Nothing was changed."),
        )
        .cause(format!("it was asked for {command}")),
        Status::PUAT_REQUIRED => error(
            Exit::Pin,
            "no_user_verification",
            format!("{the} wants its PIN or another verification for this. Nothing was changed."),
        )
        .hint("`fidokey pin status` shows whether it has a PIN."),
        Status::NOT_ALLOWED => error(
            Exit::Failed,
            "not_allowed",
            format!("{the} does not allow this now. Nothing was changed."),
        )
        .hint("Close other programs that use the key and run the command again."),
        Status::REQUEST_TOO_LARGE | Status::LIMIT_EXCEEDED | Status::INVALID_LENGTH => error(
            Exit::Unsupported,
            "too_large",
            format!("The request is too large: {}. Nothing was changed.", status.meaning()),
        )
        .hint("Use shorter names or fewer credential IDs."),
        _ => error(
            Exit::Failed,
            "refused",
            format!("{the} refused the request: {}.", status.meaning()),
        )
        .cause(format!("it was asked for {command}")),
    }
}

/// Explains why no single key is meant.
pub fn choose(error: &ChooseError) -> CliError {
    let no_key = |kind, message: String| CliError::new(Exit::NoKey, kind, message);
    let listed = |mut error: CliError, keys: &[KeyDescription]| {
        for key in keys {
            error = error.hint(format!("`--device {}` is {}.", escape(&key.path.0), key_name(key)));
        }
        error
    };
    match error {
        ChooseError::Bus(error) => {
            CliError::new(Exit::Failed, "enumeration", capitalized(&error.to_string()))
        }
        ChooseError::NoKey => no_key("no_key", "No FIDO key is plugged in.".to_owned())
            .hint("Plug one in, or add `--wait`.")
            .hint("`fidokey list` also shows keys that may not be opened, and why.")
            .hint("`--device virtual` tries things out without a key."),
        ChooseError::Several(keys) => listed(
            no_key("several_keys", format!("{} FIDO keys are plugged in.", keys.len())),
            keys,
        ),
        ChooseError::NoMatch { selector, keys } => {
            let error = no_key("no_match", format!("No key matches \"{}\".", escape(selector)));
            if keys.is_empty() {
                error.hint("No FIDO key is plugged in.")
            } else {
                listed(error, keys)
            }
        }
        ChooseError::Ambiguous { selector, keys } => listed(
            no_key("ambiguous", format!("{} keys match \"{}\".", keys.len(), escape(selector))),
            keys,
        ),
    }
}
