//! `fidokey reset`.

use crate::authenticator::{reset, reset_outlook};
use crate::cli::app::App;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::output::reset::{ResetView, losses};
use crate::output::words::{capitalized, key_name};
use clap::Args;

/// Erases everything on a key: every account, the PIN and the fingerprints.
///
/// A key allows this only just after it was plugged in, so that you are asked to unplug it and to
/// plug it in again. Before that you are asked to type a word, unless you add --yes. There is no
/// way back.
#[derive(Debug, Args)]
pub struct ResetArgs {}

/// The word that says yes.
const WORD: &str = "reset";

/// Erases everything on a key.
///
/// # Errors
///
/// When nobody says yes, another key comes back, or the key refuses.
pub fn run(app: &mut App<'_>, _: &ResetArgs) -> Result<Exit, CliError> {
    let mut key = app.open_key()?;
    let outlook = app.on_key(&mut key, reset_outlook)?;
    let description = key.description().clone();
    let name = key_name(&description);
    let mut warning = format!(
        "A reset of {name} cannot be undone. The key can then no longer sign in anywhere. It loses"
    );
    for loss in losses(&outlook) {
        warning.push_str(&format!("\n  - {loss}"));
    }
    app.ui.warning(&warning);
    if outlook.pin && outlook.resident_credentials && !app.global.yes {
        app.ui.hint("`fidokey credential list` shows the passkeys on it.");
    }
    app.confirm_word(&format!("Type \"{WORD}\" to erase {name}: "), WORD)?;
    app.on_description(&description, |context| reset(key, context))?;
    app.print(&ResetView::of(&description), |_| ResetView::text(&capitalized(&name)))?;
    app.ui.hint("Remove the key at each service where it was registered, and register it again.");
    app.ui.hint("Set a new PIN with `fidokey pin set`.");
    Ok(Exit::Done)
}
