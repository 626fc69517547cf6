//! Why no single key is meant, in words.

use super::connection::bus;
use super::{authenticator, random};
use crate::authenticator::{ChooseError, SelectError};
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::ctap::RandomError;
use crate::output::text::escape;
use crate::output::words::key_name;
use crate::transport::{KeyDescription, KeyKind};

/// Explains why no single key is meant.
pub fn choose(error: &ChooseError) -> CliError {
    let no_key = |kind, message: String| CliError::new(Exit::NoKey, kind, message);
    match error {
        ChooseError::Bus(error) => bus(error),
        ChooseError::NoKey => no_key("no_key", "No FIDO key is plugged in.".to_owned())
            .hint("Plug one in; `--wait=SECONDS` waits for it.")
            .hint("`fidokey doctor` finds out why a key is not seen, or may not be opened.")
            .hint("`--device virtual` tries things out without a key."),
        ChooseError::Several(keys) => listed(
            no_key(
                "several_keys",
                format!("{} FIDO keys are plugged in, and none was named.", keys.len()),
            ),
            keys,
        ),
        ChooseError::NoMatch { selector, keys } => {
            let error = no_key("no_match", format!("No key matches \"{}\".", escape(selector)));
            // Virtual keys are found by their whole names alone.
            let (real, virtual_ones): (Vec<_>, Vec<_>) =
                keys.iter().cloned().partition(|key| key.kind == KeyKind::Hid);
            let named = format!("virtual:{selector}");
            let error = if virtual_ones.iter().any(|key| key.path.0 == named) {
                error
                    .hint(format!("`--device {}` is the virtual key of that name.", escape(&named)))
            } else if virtual_ones.is_empty() {
                error
            } else {
                error.hint("`fidokey virtual list` shows the virtual keys, which are named whole.")
            };
            if real.is_empty() {
                error.hint("No FIDO key is plugged in. Plug it in and run the command again.")
            } else {
                listed(error, &real)
            }
            .hint("`fidokey doctor` finds out why a key is not seen, or may not be opened.")
        }
        ChooseError::Ambiguous { selector, keys } => listed(
            no_key("ambiguous", format!("{} keys match \"{}\".", keys.len(), escape(selector))),
            keys,
        ),
    }
}

/// Explains why none of several keys was chosen.
pub fn select(error: &SelectError, keys: &[KeyDescription]) -> CliError {
    let error = match error {
        SelectError::NoneUsable { key, source } => return authenticator(source, key),
        SelectError::Random(RandomError(reason)) => return random(reason),
        SelectError::Interrupted => {
            return CliError::new(
                Exit::Interrupted,
                "interrupted",
                "Interrupted; the keys were told to cancel. Nothing was changed.",
            );
        }
        SelectError::NotTouched => CliError::new(
            Exit::NotConfirmed,
            "not_touched",
            "Nobody touched any of the keys in time. Nothing was changed.",
        ),
        SelectError::NoneMeant => CliError::new(
            Exit::NotConfirmed,
            "declined",
            "None of the keys is the one that is meant. Nothing was changed.",
        ),
        SelectError::CannotAsk => CliError::new(
            Exit::NoKey,
            "several_keys",
            "These keys are too old to be chosen by a touch, and nobody can be asked.",
        ),
    };
    listed(error, keys)
}

/// How many keys are named in an error.
const MOST_NAMED: usize = 10;

/// Adds how each of several keys is named.
fn listed(mut error: CliError, keys: &[KeyDescription]) -> CliError {
    for key in keys.iter().take(MOST_NAMED) {
        error = error.hint(format!("`--device {}` is {}.", escape(&key.path.0), key_name(key)));
    }
    match keys.len().saturating_sub(MOST_NAMED) {
        0 => error,
        more => error.hint(format!("{more} more; `fidokey list` shows them.")),
    }
}
