//! `fidokey credential`: what a key holds.

mod delete;
mod list;
mod rename;
mod show;

use crate::authenticator::{
    AuthenticatorError, Key, PinError, StoredCredentials, list_credentials,
};
use crate::cli::app::App;
use crate::cli::error::CliError;
use crate::cli::error_words;
use crate::cli::exit::Exit;
use crate::client::{CredentialIndex, FindError, IdError, IndexedCredential, TypedId};
use crate::output::credentials::{line, relying_party};
use crate::output::remedy::shell_word;
use crate::output::text::{count, escape};
use crate::output::words::{capitalized, key_name};
use crate::transport::KeyDescription;
use crate::wire::status::Status;
use clap::{Args, Subcommand};

/// Lists, shows, deletes and renames the credentials that a key holds.
///
/// Only resident credentials (discoverable credentials, passkeys) are on the key. Where a key is a
/// second factor beside a password, it often keeps nothing, and there is nothing to list.
#[derive(Debug, Args)]
pub struct CredentialArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: CredentialCommand,
}

/// What to do with credentials.
#[derive(Debug, Subcommand)]
pub enum CredentialCommand {
    /// List all relying parties and accounts on a key.
    List(list::ListArgs),
    /// Show everything about one credential.
    Show(show::ShowArgs),
    /// Delete credentials from a key.
    Delete(delete::DeleteArgs),
    /// Change the names of a credential's account on the key.
    Rename(rename::RenameArgs),
}

/// Runs one of them.
///
/// # Errors
///
/// When the flags are wrong, or the ceremony fails.
pub fn run(app: &mut App<'_>, args: &CredentialArgs) -> Result<Exit, CliError> {
    match &args.command {
        CredentialCommand::List(args) => list::run(app, args),
        CredentialCommand::Show(args) => show::run(app, args),
        CredentialCommand::Delete(args) => delete::run(app, args),
        CredentialCommand::Rename(args) => rename::run(app, args),
    }
}

/// Lists everything on a key.
fn listing(app: &mut App<'_>, key: &mut Key) -> Result<StoredCredentials, CliError> {
    let stored = app
        .ceremony(|context| list_credentials(key, context))
        .map_err(|error| app.failed(explained(&error, key.description())))?;
    let listed = u64::try_from(stored.count()).unwrap_or(u64::MAX);
    match stored.metadata {
        Some(metadata) if metadata.existing != listed => app.ui.warning(&format!(
            "{} says that it holds {}, but lists {listed}. Run the command again; another program \
             may have changed something meanwhile.",
            capitalized(&key_name(key.description())),
            metadata.existing,
        )),
        _ => {}
    }
    Ok(stored)
}

/// Explains an error, with what is special to credentials.
fn explained(error: &AuthenticatorError, key: &KeyDescription) -> CliError {
    let explained = error_words::authenticator(error, key);
    match error {
        AuthenticatorError::Pin(PinError::NotSet) => explained.hint(
            "A key shows its credentials only to who knows its PIN. Setting one keeps them as \
             they are.",
        ),
        AuthenticatorError::Unsupported { .. } => explained.hint(
            "Keys older than CTAP 2.1 often cannot say what they hold. \
             `fidokey assert --rp ID` shows whether there is a credential for one relying party.",
        ),
        _ => explained,
    }
}

/// Reads the IDs that were typed, before anything is sent to a key.
fn typed_ids(ids: &[String]) -> Result<Vec<(&str, TypedId)>, CliError> {
    ids.iter()
        .map(|text| match TypedId::parse(text) {
            Ok(typed) => Ok((text.as_str(), typed)),
            Err(error) => {
                let refused = match error {
                    IdError::Empty => CliError::usage("The credential ID is empty."),
                    IdError::TooShort => {
                        CliError::usage(format!("\"{}\" is too short.", escape(text)))
                            .cause(error.to_string())
                    }
                    IdError::NotAnId => {
                        CliError::usage(format!("\"{}\" is no credential ID.", escape(text)))
                            .cause(error.to_string())
                    }
                };
                let looks_like_rp_id = text.contains(['.', ':']);
                Err(if looks_like_rp_id {
                    let word = shell_word(text);
                    refused.hint(format!(
                        "`fidokey credential list --rp {word}` shows a relying party's."
                    ))
                } else {
                    refused.hint("`fidokey credential list` shows the IDs.")
                })
            }
        })
        .collect()
}

/// Finds the credential that an ID means.
fn find<'i, 'a>(
    index: &'i CredentialIndex<'a>,
    (text, typed): &(&str, TypedId),
    key: &KeyDescription,
) -> Result<&'i IndexedCredential<'a>, CliError> {
    let text = escape(text);
    let name = key_name(key);
    let no_match = |kind, message| CliError::new(Exit::NoMatch, kind, message);
    index.find(typed).map_err(|error| match error {
        FindError::Unknown => no_match(
            "unknown_credential",
            format!("No credential on {name} has the ID {text}. Nothing was changed."),
        )
        .hint("`fidokey credential list` shows the IDs. Only resident credentials are on the key."),
        FindError::Ambiguous(several) => {
            let number = count(several.len(), "credential", "credentials");
            let message =
                format!("{number} on {name} have IDs that begin in {text}. Nothing was changed.");
            candidates(no_match("ambiguous_credential", message), several.iter())
        }
        FindError::RelyingPartyHash(entry) => {
            let message = format!(
                "{text} is the hash of the relying party {}, not a credential ID. Nothing was \
                 changed.",
                relying_party(entry)
            );
            let own = index.credentials().iter().filter(|one| one.relying_party == entry);
            candidates(no_match("rp_id_hash", message), own)
        }
    })
}

/// How many credentials are named that may be meant.
const MOST_CANDIDATES: usize = 10;

/// Names the credentials that may be meant.
fn candidates<'i, 'a: 'i>(
    mut error: CliError,
    several: impl Iterator<Item = &'i IndexedCredential<'a>>,
) -> CliError {
    let several: Vec<_> = several.collect();
    for one in several.iter().take(MOST_CANDIDATES) {
        error = error.hint(line(one));
    }
    match several.len().saturating_sub(MOST_CANDIDATES) {
        0 => error,
        more => error.hint(format!("{more} more; `fidokey credential list` shows them.")),
    }
}

/// Explains an error after a credential was found on the key.
fn explained_for(
    error: &AuthenticatorError,
    one: &IndexedCredential<'_>,
    key: &KeyDescription,
) -> CliError {
    match error {
        AuthenticatorError::Refused { status: Status::NO_CREDENTIALS, .. } => CliError::new(
            Exit::NoMatch,
            "credential_gone",
            format!(
                "{} has listed the credential {}, but now says that it does not hold it. Nothing \
                 was changed.",
                capitalized(&key_name(key)),
                one.short_id
            ),
        )
        .status(Status::NO_CREDENTIALS)
        .hint("Another program may have deleted it: `fidokey credential list` shows what is left."),
        _ => error_words::authenticator(error, key),
    }
}
