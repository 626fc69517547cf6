//! `fidokey credential delete`.

use super::{explained_for, find, listing, typed_ids};
use crate::authenticator::{AuthenticatorError, delete_credential};
use crate::cli::app::App;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::client::{CredentialIndex, IndexedCredential};
use crate::output::credentials::{DeletedView, line, whose};
use crate::output::words::key_name;
use clap::Args;

/// Deletes credentials from a key.
///
/// All IDs are looked up before anything is deleted. An account whose credential is deleted can no
/// longer be signed in to with this key; the account itself stays.
#[derive(Debug, Args)]
pub struct DeleteArgs {
    /// The credentials' IDs, or their beginnings, as `fidokey credential list` shows them;
    /// base64url is understood too. One that begins with `-` goes after `--`, last.
    #[arg(value_name = "ID", required = true)]
    pub ids: Vec<String>,
}

/// Deletes credentials.
///
/// # Errors
///
/// When an ID means no single credential, nobody confirms, or the ceremony fails. If something was
/// deleted by then, the error says what.
pub(super) fn run(app: &mut App<'_>, args: &DeleteArgs) -> Result<Exit, CliError> {
    let ids = typed_ids(&args.ids)?;
    let mut key = app.open_key()?;
    let stored = listing(app, &mut key)?;
    let index = CredentialIndex::new(&stored);
    let mut chosen: Vec<&IndexedCredential<'_>> = Vec::new();
    for id in &ids {
        let one = find(&index, id, key.description())?;
        let same = |other: &&IndexedCredential<'_>| {
            other.credential.credential == one.credential.credential
        };
        if !chosen.iter().any(same) {
            chosen.push(one);
        }
    }
    app.confirm(&question(&chosen, &key_name(key.description())))?;
    for (position, one) in chosen.iter().enumerate() {
        let credential = &one.credential.credential;
        app.ceremony(|context| delete_credential(&mut key, context, credential)).map_err(
            |error| {
                let (deleted, left) = chosen.split_at(position);
                let explained = app.failed(explained_for(&error, one, key.description()));
                what_became(explained, &error, deleted, left)
            },
        )?;
    }
    let view = DeletedView::of(&chosen);
    app.print(&view, DeletedView::text)?;
    Ok(Exit::Done)
}

/// What is asked before anything is deleted.
fn question(chosen: &[&IndexedCredential<'_>], key: &str) -> String {
    if let [only] = chosen {
        return format!(
            "Delete the credential of {} from {key}? The account can no longer be signed in to \
             with this key.",
            whose(only)
        );
    }
    let lines: String = chosen.iter().map(|one| format!("  {}\n", line(one))).collect();
    format!(
        "{lines}Delete these {} credentials from {key}? The accounts can no longer be signed in to \
         with this key.",
        chosen.len()
    )
}

/// Says in an error what was deleted, and what was not. `left` begins with the one that failed.
fn what_became(
    mut explained: CliError,
    error: &AuthenticatorError,
    deleted: &[&IndexedCredential<'_>],
    left: &[&IndexedCredential<'_>],
) -> CliError {
    if deleted.is_empty() {
        return explained;
    }
    let unknown = matches!(error, AuthenticatorError::Uncertain { .. });
    explained = explained.after_changes();
    let mut say = |beginning: &str, credentials: &[&IndexedCredential<'_>]| {
        if !credentials.is_empty() {
            let named: Vec<String> =
                credentials.iter().map(|one| format!("{}, {}", one.short_id, whose(one))).collect();
            explained.message.push_str(&format!(" {beginning}: {}.", named.join("; ")));
        }
    };
    let (failed, rest) = left.split_at(usize::from(unknown).min(left.len()));
    say("Deleted before that", deleted);
    say("Perhaps deleted", failed);
    say("Not deleted", rest);
    explained
}
