//! Errors of the layers below, in words, with the next step and the exit code.

mod choice;
mod connection;
mod examination;
mod metadata;
mod pin;
mod refusal;
#[cfg(feature = "relying-party")]
mod relying_party;
#[cfg(feature = "relying-party")]
mod remote;
mod reset;
mod trace;
mod virtual_key;

pub use choice::{choose, select};
pub use connection::open;
pub use examination::no_key_to_examine;
pub(super) use metadata::kept_metadata;
pub use metadata::{
    metadata_blob, metadata_expired, metadata_older, metadata_too_long, no_metadata,
    no_place_for_metadata, no_such_model, roots, unreadable_input,
};
pub use pin::{not_as_typed as pin_not_as_typed, read_from as pin_read_from};
#[cfg(feature = "relying-party")]
pub use relying_party::{bind, service_origin, state_file};
#[cfg(feature = "relying-party")]
pub use remote::{audit, remote};
pub use trace::{trace_file, trace_read};
pub use virtual_key::{lasting, unusable};

use super::error::CliError;
use super::exit::Exit;
use super::terminal::MAX_INPUT;
use crate::authenticator::{AuthenticatorError, NotSetUp, Question};
use crate::client::{ClientError, ExtensionError};
use crate::ctap::{CryptoError, Effect, RandomError};
use crate::output::text::escape;
use crate::output::words::{capitalized, key_name};
use crate::transport::KeyDescription;
use crate::webauthn::rp_id::RpIdError;
use std::error::Error;

/// What is said of the key's state when a request certainly was not carried out.
const UNCHANGED: &str = "Nothing was changed.";

/// What often helps a key that does not answer as it should.
const REPLUG: &str = "Unplug the key, plug it in again, and run the command again.";

impl CliError {
    /// A defect of this program.
    pub fn defect(error: &dyn Error) -> Self {
        Self::new(Exit::Defect, "defect", "fidokey has a defect and cannot go on.")
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

    /// Something was typed in place of the word that says yes.
    pub fn another_word(word: &str) -> Self {
        let message = format!("What was typed is not the word \"{word}\". Nothing was changed.");
        Self::new(Exit::NotConfirmed, "declined", message).hint(format!(
            "If you are sure, run the command again and type {word}, as it stands here."
        ))
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
        if error.kind() == std::io::ErrorKind::InvalidInput {
            return Self::new(
                Exit::Failed,
                "line_too_long",
                format!(
                    "The line that was typed is longer than {MAX_INPUT} bytes. Nothing was changed."
                ),
            )
            .hint("Run the command again, and type less.");
        }
        Self::new(Exit::Failed, "terminal", "The terminal cannot be used. Nothing was changed.")
            .cause(error.to_string())
            .hint("Run the command in another terminal, or add `--no-input` and say all by flags.")
    }

    /// Standard output cannot be written to.
    pub fn no_output(error: &std::io::Error) -> Self {
        let message = "What was asked for was done, but the answer could not be written to \
                       standard output.";
        Self::new(Exit::Failed, "output", message)
            .cause(error.to_string())
            .hint("See that the disk is not full and that standard output is open.")
    }
}

/// Explains why a request came to nothing.
pub fn client(error: &ClientError, key: &KeyDescription) -> CliError {
    match error {
        ClientError::RpId(error) => {
            CliError::usage("`--rp` does not fit `--origin`. Nothing was sent.")
                .cause(error.to_string())
                .hint("Change one of the two, or give `--client-data-hash` in place of `--origin`.")
        }
        ClientError::Extension(error) => extension(error),
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

/// A member of options with its text, to stand before what is wrong with it; nothing for one that is not
/// there.
pub fn named(member: &str, text: Option<&str>) -> String {
    text.map(|text| format!("`{member}` is \"{}\": ", escape(text))).unwrap_or_default()
}

/// Explains that options have an RP ID that is none; `named` is its member.
pub fn rp_id(error: &RpIdError, named: &str) -> CliError {
    CliError::usage("The RP ID in the options cannot be used. Nothing was sent.")
        .cause(format!("{named}{}", escape(&error.to_string())))
        .hint("It must be mended where the options are made.")
}

/// Explains which rule a relying party's options break; `named` is the member with the RP ID.
pub fn options(error: &ClientError, named: &str) -> CliError {
    match error {
        ClientError::Extension(error) => extension(error),
        ClientError::RpId(
            error @ (RpIdError::NotADomain(_) | RpIdError::UpperCase { .. } | RpIdError::NotText),
        ) => rp_id(error, named),
        error => {
            let named = if matches!(error, ClientError::RpId(_)) { named } else { "" };
            CliError::usage("The options ask for what this origin may not. Nothing was sent.")
                .cause(format!("{named}{}", escape(&error.to_string())))
                .hint("`--origin` says from which page the options come.")
                .hint("`--related-origins FILE` gives the list of other origins that may ask.")
        }
    }
}

fn extension(error: &ExtensionError) -> CliError {
    CliError::usage("The options break a rule of an extension. Nothing was sent.")
        .cause(format!("extensions: {}", escape(&error.to_string())))
        .hint("A browser refuses them, too: they must be mended where they are made.")
}

/// Explains an error of a ceremony on a key.
pub fn authenticator(error: &AuthenticatorError, key: &KeyDescription) -> CliError {
    match error {
        AuthenticatorError::Uncertain { effect, source } => {
            let (doubt, first_step) = doubt(*effect);
            let mut explained = ceremony(source, key, doubt);
            explained.hints.insert(0, first_step.to_owned());
            explained
        }
        error => ceremony(error, key, UNCHANGED),
    }
}

/// What is said when nobody knows whether a request was carried out, and how to find out.
fn doubt(effect: Effect) -> (&'static str, &'static str) {
    match effect {
        Effect::CredentialKept => (
            "The key may have kept the new credential all the same.",
            "Before you run the command again, look whether it did: `fidokey credential list`.",
        ),
        Effect::CredentialDeleted => (
            "The key may have deleted the credential all the same.",
            "Before you run the command again, look whether it did: `fidokey credential list`.",
        ),
        Effect::NamesChanged => (
            "The key may have changed the names all the same.",
            "Before you run the command again, look whether it did: `fidokey credential list`.",
        ),
        Effect::PinTried => (
            "If the PIN was wrong, it may have cost a try.",
            "`fidokey pin status` shows the tries left.",
        ),
        Effect::PinSet => (
            "The key may have set the new PIN all the same.",
            "Before you run the command again, look whether it did: `fidokey pin status`.",
        ),
        Effect::PinChanged => (
            "The key may have changed the PIN all the same.",
            "Before you run the command again, find out which PIN is in force: `fidokey pin \
             verify`, with the new one. A wrong one costs a try.",
        ),
        Effect::Reset => (
            "The key may have been reset all the same.",
            "Another `fidokey reset` does no harm to a key that was reset.",
        ),
    }
}

fn ceremony(error: &AuthenticatorError, key: &KeyDescription, after: &str) -> CliError {
    let name = key_name(key);
    let the = capitalized(&name);
    match error {
        AuthenticatorError::Bus(error) => connection::bus(error),
        AuthenticatorError::Open(error) => open(error, key),
        AuthenticatorError::Channel(error) => connection::between(error, key, after),
        AuthenticatorError::Malformed { source, .. } => malformed(&the, source, after),
        AuthenticatorError::Refused { command, status } => {
            refusal::refused(&the, *command, *status)
        }
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
        AuthenticatorError::OnlyVerified { what, status } => CliError::new(
            Exit::Unsupported,
            "only_verified",
            format!("{the} refuses {what} without user verification. Nothing was changed."),
        )
        .status(*status)
        .hint("Add `--user-verification required`. The secret is then another one than without."),
        AuthenticatorError::NoUserVerification(missing) => no_user_verification(*missing, &name),
        AuthenticatorError::Pin(error) => pin::explain(error, &name),
        AuthenticatorError::CannotAsk(question) => cannot_ask(*question, &name),
        AuthenticatorError::Declined(question @ (Question::Pin | Question::NewPin)) => {
            let message = "No PIN was given. Nothing was changed, and no PIN try was used.";
            CliError::new(Exit::NotConfirmed, "declined", message).hint(match question {
                Question::NewPin => "Think of a PIN and run the command again.",
                _ => "Run the command again when you have the PIN at hand.",
            })
        }
        AuthenticatorError::Declined(Question::SameKey) => CliError::declined()
            .hint("Find the key that is to be reset and run `fidokey reset` again."),
        AuthenticatorError::Interrupted => {
            CliError::new(Exit::Interrupted, "interrupted", format!("Interrupted. {after}"))
        }
        AuthenticatorError::NotTouched => connection::not_touched(&name, after),
        AuthenticatorError::Denied { status } => CliError::new(
            Exit::NotConfirmed,
            "denied",
            format!("{the} denied the request. Nothing was changed."),
        )
        .status(*status)
        .hint(
            "If nobody touched the key, run the command again and touch it when you are asked to.",
        ),
        AuthenticatorError::Reset(error) => reset::explain(error, &name),
        AuthenticatorError::Random(RandomError(reason))
        | AuthenticatorError::Crypto(CryptoError::Random(RandomError(reason))) => random(reason),
        AuthenticatorError::Crypto(error @ CryptoError::NoPrivateKey) => random(&error.to_string()),
        AuthenticatorError::Crypto(error @ CryptoError::PinTooLong { .. }) => {
            CliError::defect(error)
        }
        AuthenticatorError::Crypto(
            error @ (CryptoError::Length { .. }
            | CryptoError::TokenLength { .. }
            | CryptoError::OutputLength { .. }),
        ) => malformed(&the, error, after),
        AuthenticatorError::TooMany { what, claimed } => CliError::new(
            Exit::Failed,
            "too_many",
            format!("{the} claims to have {claimed} {what}, more than any key has. {after}"),
        )
        .hint(REPLUG),
        AuthenticatorError::Uncertain { source, .. } => ceremony(source, key, after),
    }
}

/// Explains that a person has to be verified by a key on which nothing is set up for it.
fn no_user_verification(missing: NotSetUp, name: &str) -> CliError {
    const SET_PIN: &str = "Set one with `fidokey pin set`.";
    const SET_UP: &str = "Set the fingerprint up with the program of the key's vendor.";
    let (what, hints) = match missing {
        NotSetUp::Pin => (format!("the PIN of {name}, and it has none yet"), [Some(SET_PIN), None]),
        NotSetUp::OwnVerification => (
            format!(
                "a fingerprint, or whatever else {name} recognises people by, and none is set up"
            ),
            [Some(SET_UP), None],
        ),
        NotSetUp::PinAndOwnVerification => (
            format!("the PIN of {name} or a fingerprint, and it has neither yet"),
            [Some("Set a PIN with `fidokey pin set`."), Some(SET_UP)],
        ),
    };
    let message = format!("This needs {what}. Nothing was changed.");
    let error = CliError::new(Exit::Pin, "no_user_verification", message);
    hints.into_iter().flatten().fold(error, CliError::hint)
}

/// Explains an answer that is not what a key may say.
fn malformed(the: &str, error: &dyn Error, after: &str) -> CliError {
    let message = format!("{the} sent an answer that cannot be understood. {after}");
    let mut explained = CliError::new(Exit::Failed, "malformed_reply", message).hint(REPLUG);
    let mut error = Some(error);
    while let Some(cause) = error {
        explained = explained.cause(escape(&cause.to_string()));
        error = cause.source();
    }
    explained
}

/// Explains that the operating system gives no randomness.
pub fn random(reason: &str) -> CliError {
    let message = "The operating system gives no random numbers, which every request needs. \
                   Nothing was changed.";
    CliError::new(Exit::Failed, "random", message)
        .cause(escape(reason))
        .hint("Run the command again. If that fails too, restart the computer.")
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
