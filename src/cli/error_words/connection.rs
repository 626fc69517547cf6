//! Keys that cannot be found, opened or spoken to, in words.

use super::REPLUG;
use super::virtual_key::USE_NEWER;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::output::text::escape;
use crate::output::words::{capitalized, duration, key_name};
use crate::transport::channel::ChannelError;
use crate::transport::{BusError, ConnectionError, KeyDescription, KeyKind, KeyPath, OpenError};
use crate::wire::ctaphid::{HidErrorCode, SplitError};

/// What helps when somebody else has the key.
fn close_others(key: &KeyDescription) -> &'static str {
    match key.kind {
        KeyKind::Hid => {
            "Close the other program, such as a browser, or wait until it has finished, and run \
             the command again."
        }
        KeyKind::Virtual => {
            "Wait until the other run of fidokey has finished, and run the command again."
        }
    }
}

/// Who else can have the key.
fn somebody_else(key: &KeyDescription) -> &'static str {
    match key.kind {
        KeyKind::Hid => "another program",
        KeyKind::Virtual => "another run of fidokey",
    }
}

fn busy(key: &KeyDescription, message: String) -> CliError {
    let error = CliError::new(Exit::Failed, "busy", message).hint(close_others(key));
    match key.kind {
        KeyKind::Hid => error.hint(
            "If no program uses it, unplug the key and plug it in again: a request that was broken \
             off may still occupy it.",
        ),
        KeyKind::Virtual => error,
    }
}

/// Explains why keys could not be looked for.
pub(super) fn bus(error: &BusError) -> CliError {
    let BusError::Enumerate(reason) = error;
    CliError::new(
        Exit::Failed,
        "enumeration",
        "The operating system did not say which keys are plugged in.",
    )
    .cause(escape(reason))
    .hint("In a container or a sandbox, give it access to the computer's HID devices.")
}

/// Explains why a key could not be opened.
pub fn open(error: &OpenError, key: &KeyDescription) -> CliError {
    let name = key_name(key);
    let the = capitalized(&name);
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
                .hint("`fidokey doctor` says why, and what mends it.")
        }
        OpenError::InUse { .. } => {
            no_key("in_use", format!("{the} is in use by {}.", somebody_else(key)))
                .hint(close_others(key))
        }
        OpenError::State { path, reason, is_newer } => {
            virtual_state(&name, path, reason, *is_newer)
        }
        OpenError::Other { reason, .. } => {
            let error = no_key("open", format!("{the} cannot be opened.")).cause(escape(reason));
            match key.kind {
                KeyKind::Virtual => {
                    error.hint("`fidokey virtual list` shows what can be told of it.")
                }
                // Somebody named it, and nobody has seen it to be a key.
                KeyKind::Hid if key.vendor_id.is_none() && key.product.is_none() => error
                    .hint("`fidokey list` shows the keys that are plugged in, with their paths."),
                KeyKind::Hid => error.hint(REPLUG),
            }
        }
    }
}

fn virtual_state(name: &str, path: &KeyPath, reason: &str, is_newer: bool) -> CliError {
    let message = format!("The state of {name} cannot be used; it was left as it is.");
    let error = CliError::new(Exit::Failed, "virtual_state", message).cause(escape(reason));
    match path.0.strip_prefix("virtual:") {
        Some(_) if is_newer => error.hint(USE_NEWER),
        Some(named) => {
            let named = escape(named);
            error.hint(format!("`fidokey virtual delete {named}` removes it.")).hint(format!(
                "`fidokey virtual create {named}` then makes a new one of that name."
            ))
        }
        None => error.hint("Please report it, with what you did."),
    }
}

/// Explains a failure between this program and a key; `after` says in which state the key is.
pub(super) fn between(error: &ChannelError, key: &KeyDescription, after: &str) -> CliError {
    let name = key_name(key);
    let the = capitalized(&name);
    let failed = |kind, message: String| CliError::new(Exit::Failed, kind, message);
    match error {
        ChannelError::Connection(error) => connection(error, key, after),
        ChannelError::Interrupted => {
            CliError::new(Exit::Interrupted, "interrupted", format!("Interrupted. {after}"))
        }
        ChannelError::Busy { waited } => {
            let waited = duration(*waited);
            busy(key, format!("{the} was busy with another request for {waited}. {after}"))
        }
        ChannelError::Refused(HidErrorCode::CHANNEL_BUSY) => {
            busy(key, format!("{the} is busy with another request. {after}"))
        }
        ChannelError::Refused(code) => failed(
            "refused",
            format!("{the} refused the message. {after} [{}, 0x{:02X}]", code.name(), code.0),
        )
        .hint(REPLUG),
        ChannelError::MessageTooLong(SplitError::TooLong { length, most }) => CliError::new(
            Exit::Unsupported,
            "message_too_long",
            format!(
                "The request has {length} bytes, and {name} takes at most {most}. Nothing was sent."
            ),
        )
        .hint("Use shorter names or fewer credential IDs."),
        ChannelError::MessageTooLong(SplitError::ReportTooSmall(size)) => CliError::new(
            Exit::Unsupported,
            "report_too_small",
            format!(
                "{the} says that it takes only {size} bytes at a time, which is too few for any \
                 FIDO message. Nothing was sent."
            ),
        )
        .hint("The key may be broken. Try it on another computer."),
        ChannelError::NoAnswer { waited, doing } => {
            failed("no_answer", format!("{the} gave no answer in {}. {after}", duration(*waited)))
                .cause(format!("nothing came back after {doing}"))
                .hint(REPLUG)
        }
        ChannelError::TimedOut { waited, waiting_for_touch: false } => failed(
            "no_answer",
            format!("{the} did not finish in {} and was told to stop. {after}", duration(*waited)),
        )
        .hint(REPLUG),
        ChannelError::TimedOut { waiting_for_touch: true, .. } => not_touched(&name, after),
        ChannelError::Malformed(error) => failed(
            "malformed_reply",
            format!("{the} sent an answer that cannot be understood. {after}"),
        )
        .cause(error.to_string())
        .hint(REPLUG),
    }
}

/// Explains that nobody touched a key.
pub(super) fn not_touched(name: &str, after: &str) -> CliError {
    let message = format!("Nobody touched {name} in time. {after}");
    CliError::new(Exit::NotConfirmed, "not_touched", message)
        .hint("Run the command again and touch the key when you are asked to.")
}

fn connection(error: &ConnectionError, key: &KeyDescription, after: &str) -> CliError {
    let name = key_name(key);
    let the = capitalized(&name);
    match error {
        ConnectionError::Unplugged => {
            CliError::new(Exit::Failed, "unplugged", format!("{the} was unplugged. {after}"))
                .hint("Plug it in and run the command again.")
        }
        ConnectionError::InUse => CliError::new(
            Exit::NoKey,
            "in_use",
            format!("{the} is in use by {}. {after}", somebody_else(key)),
        )
        .hint(close_others(key)),
        ConnectionError::Refused { act, reason } => CliError::new(
            Exit::Failed,
            "connection",
            format!("The connection to {name} failed. {after}"),
        )
        .cause(format!("the operating system refused to {act}: {}", escape(reason)))
        .hint(REPLUG),
    }
}
