//! `fidokey info`.

use crate::authenticator::{AuthenticatorError, pin_state};
use crate::cli::app::App;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::output::key_info::InfoView;
use crate::output::text::escape;
use clap::Args;

/// Shows one key in depth.
#[derive(Debug, Args)]
pub struct InfoArgs {}

/// Shows one key.
///
/// # Errors
///
/// When no single key is meant, or it does not answer.
pub fn run(app: &mut App<'_>, _: &InfoArgs) -> Result<Exit, CliError> {
    let mut key = app.connect_key()?;
    let pin = if app.speaks_ctap2(&mut key)? {
        let state = app.on_key(&mut key, |key, context| match pin_state(key, context) {
            // The rest of what is known is shown all the same.
            Err(
                error @ (AuthenticatorError::Refused { .. }
                | AuthenticatorError::Malformed { .. }
                | AuthenticatorError::Unsupported { .. }
                | AuthenticatorError::Pin(_)),
            ) => Ok(Err(escape(&error.to_string()))),
            other => other.map(Ok),
        })?;
        Some(state)
    } else {
        None
    };
    let names = app.model_names();
    app.print(&InfoView::of(&key, pin.as_ref(), &names), InfoView::text)?;
    Ok(Exit::Done)
}
