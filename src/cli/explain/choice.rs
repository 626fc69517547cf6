//! Why no single key is meant, in words.

use super::connection::bus;
use crate::authenticator::ChooseError;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::output::text::escape;
use crate::output::words::key_name;
use crate::transport::KeyDescription;

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
        ChooseError::Bus(error) => bus(error),
        ChooseError::NoKey => no_key("no_key", "No FIDO key is plugged in.".to_owned())
            .hint("Plug one in, or add `--wait`.")
            .hint("`fidokey list` also shows keys that may not be opened, and why.")
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
            if keys.is_empty() {
                error.hint("No FIDO key is plugged in. Plug it in and run the command again.")
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
