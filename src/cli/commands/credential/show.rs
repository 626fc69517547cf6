//! `fidokey credential show`.

use super::{find, listing, typed_ids};
use crate::cli::app::App;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::client::CredentialIndex;
use crate::output::credentials::CredentialDetailView;
use clap::Args;

/// Shows everything about one credential, with its public key.
///
/// For a credential of OpenSSH the line for `authorized_keys` is shown too.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The credential's ID, or its beginning, as `fidokey credential list` shows it; base64url is
    /// understood too, and goes after `--`, last, where it begins with `-`.
    #[arg(value_name = "ID")]
    pub id: String,
}

/// Shows a credential.
///
/// # Errors
///
/// When the ID means no single credential, or the ceremony fails.
pub(super) fn run(app: &mut App<'_>, args: &ShowArgs) -> Result<Exit, CliError> {
    let ids = typed_ids(std::slice::from_ref(&args.id))?;
    let mut key = app.open_key()?;
    let stored = listing(app, &mut key)?;
    let index = CredentialIndex::new(&stored);
    for id in &ids {
        let view = CredentialDetailView::of(find(&index, id, key.description())?);
        app.print(&view, CredentialDetailView::text)?;
    }
    Ok(Exit::Done)
}
