//! `fidokey wink`.

use crate::cli::app::App;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::output::words::{capitalized, key_name};
use clap::Args;
use serde::Serialize;

/// Makes a key blink.
#[derive(Debug, Args)]
pub struct WinkArgs {}

#[derive(Debug, Serialize)]
struct WinkView<'a> {
    path: &'a str,
    asked_to_blink: bool,
}

/// Makes a key blink.
///
/// # Errors
///
/// When no single key is meant, it cannot blink, or it does not answer.
pub fn run(app: &mut App<'_>, _: &WinkArgs) -> Result<Exit, CliError> {
    let mut key = app.connect_key()?;
    app.on_key(&mut key, |key, context| key.wink(context))?;
    let name = capitalized(&key_name(key.description()));
    app.ui.status(&format!("{name} blinks now."));
    let view = WinkView { path: &key.description().path.0, asked_to_blink: true };
    app.print(&view, |_| String::new())?;
    Ok(Exit::Done)
}
