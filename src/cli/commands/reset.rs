//! `fidokey reset`.

use crate::authenticator::{reset, reset_outlook};
use crate::cli::app::App;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::output::reset::{ResetView, losses};
use crate::output::words::{capitalized, key_name};
use clap::Args;

/// Erases everything on a key.
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
    let losses = losses(&outlook);
    if app.global.yes {
        app.ui.warning(&warning(&name, &losses));
    } else if app.can_ask() {
        // A part of the question, so that nobody answers it without having seen it.
        let mut question = warning(&name, &losses);
        if outlook.pin && outlook.resident_credentials {
            question.push('\n');
            question.push_str(
                &app.ui.on_device("With its PIN, `fidokey credential list` shows its passkeys."),
            );
        }
        app.confirm_word(&format!("{question}\nType \"{WORD}\" to erase it: "), WORD)?;
    } else {
        let loss = losses.join("; ");
        return Err(CliError::cannot_confirm()
            .cause(format!("a reset of {name} cannot be undone, and the key loses {loss}")));
    }
    app.on_description(&description, |context| reset(key, context))?;
    app.print(&ResetView::of(&description), |_| ResetView::text(&capitalized(&name)))?;
    app.ui.hint("Remove the key at each service where it was registered, and register it again.");
    app.ui.hint("Set a new PIN with `fidokey pin set`.");
    Ok(Exit::Done)
}

fn warning(name: &str, losses: &[&str]) -> String {
    let mut text = format!(
        "A reset of {name} cannot be undone. The key can then no longer sign in anywhere. It loses"
    );
    for loss in losses {
        text.push_str(&format!("\n  - {loss}"));
    }
    text
}
