//! `fidokey select`.

use crate::authenticator::{Choice, Selected, selector};
use crate::cli::app::App;
use crate::cli::connect::Found;
use crate::cli::error::CliError;
use crate::cli::error_words;
use crate::cli::exit::Exit;
use crate::output::select::SelectView;
use crate::transport::KeyKind;
use clap::Args;

/// Finds out which of several keys is meant.
#[derive(Debug, Args)]
pub struct SelectArgs {}

/// Finds out which key is meant.
///
/// # Errors
///
/// When there is no key, or none is chosen.
pub fn run(app: &mut App<'_>, _: &SelectArgs) -> Result<Exit, CliError> {
    if app.global.device.is_some() {
        return Err(CliError::usage(
            "`select` finds out which key is which, and `--device` says it already.",
        )
        .hint("Leave `--device` out."));
    }
    let found = app.find(None)?;
    let all = app.bus.keys().map_err(|error| error_words::choose(&error.into()))?;
    let all: Vec<_> = all.into_iter().filter(|key| key.kind == KeyKind::Hid).collect();
    let (description, by, left_out) = match found {
        Found::Several(keys) => {
            let Selected { key, by, left_out } = app.select(&keys)?;
            (key.description().clone(), Some(by), left_out)
        }
        Found::Choice(Choice::One(key)) => {
            app.ui.status("Only one FIDO key is plugged in.");
            (key, None, Vec::new())
        }
        // Only a selector leads to keys that have to be asked.
        Found::Choice(Choice::AskThese(_)) => return Err(CliError::usage("no selector was given")),
    };
    let view = SelectView::of(&description, selector(&description, &all), by, &left_out);
    app.print(&view, SelectView::text)?;
    Ok(Exit::Done)
}
