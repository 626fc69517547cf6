//! `fidokey credential list`.

use super::listing;
use crate::cli::app::App;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::client::{CredentialIndex, IndexedCredential};
use crate::ctap::credential_management::{CredsMetadata, RelyingPartyEntry};
use crate::output::credentials::CredentialListView;
use crate::output::text::{count, escape};
use crate::output::words::{capitalized, key_name};
use clap::Args;
use sha2::{Digest, Sha256};

/// Lists all relying parties and accounts on a key.
///
/// The first column is the beginning of the credential's ID in hexadecimal, as far as no other ID
/// on the key begins so; `show`, `delete` and `rename` take it. Where a credential is protected or
/// is not for ES256, columns say so: PROTECTION is `PIN` where nothing goes without PIN or
/// fingerprint, and `hidden` where only who knows the ID can use it without.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// List only relying parties whose ID or name contains this. A whole ID is also found where
    /// the key has cut it.
    #[arg(long = "rp", value_name = "FILTER")]
    pub rp: Option<String>,
}

/// Lists credentials.
///
/// # Errors
///
/// When the ceremony fails, or no relying party fits the filter.
pub(super) fn run(app: &mut App<'_>, args: &ListArgs) -> Result<Exit, CliError> {
    let mut key = app.open_key()?;
    let stored = listing(app, &mut key)?;
    let index = CredentialIndex::new(&stored);
    let name = key_name(key.description());
    let fits = |one: &&IndexedCredential<'_>| {
        args.rp.as_deref().is_none_or(|filter| fits(filter, one.relying_party))
    };
    let chosen: Vec<_> = index.credentials().iter().filter(fits).collect();
    if let (Some(filter), true) = (&args.rp, chosen.is_empty()) {
        let others = match stored.count() {
            0 => "It holds none at all.".to_owned(),
            others => format!("It holds {} for others.", others),
        };
        return Err(CliError::new(
            Exit::NoMatch,
            "no_credentials",
            format!(
                "{} holds no credential for \"{}\". {others}",
                capitalized(&name),
                escape(filter)
            ),
        )
        .hint("`fidokey credential list` without `--rp` lists everything."));
    }
    let view = CredentialListView::of(stored.metadata, stored.count(), chosen);
    app.print(&view, CredentialListView::text)?;
    app.ui.status(&sum(&capitalized(&name), stored.count(), stored.metadata));
    if stored.count() == 0 {
        app.ui.hint(
            "Where a key is a second factor beside a password, it often keeps nothing; it works \
             all the same.",
        );
    }
    Ok(Exit::Done)
}

/// Whether a relying party is meant by the filter.
fn fits(filter: &str, entry: &RelyingPartyEntry) -> bool {
    let wanted = filter.to_lowercase();
    let contains = |text: &Option<String>| {
        text.as_ref().is_some_and(|text| text.to_lowercase().contains(&wanted))
    };
    let is_whole_id = || <[u8; 32]>::from(Sha256::digest(filter)) == entry.rp_id_hash;
    contains(&entry.id) || contains(&entry.name) || is_whole_id()
}

/// How full the key is.
fn sum(key: &str, listed: usize, metadata: Option<CredsMetadata>) -> String {
    let holds = match listed {
        0 => format!("{key} holds no credentials"),
        _ => format!("{key} holds {}", count(listed, "credential", "credentials")),
    };
    match metadata {
        // What is too much for a sum cannot be believed anyway.
        Some(CredsMetadata { existing, max_remaining }) => {
            let places = existing.saturating_add(max_remaining);
            format!("{holds} ({existing} of {places} places used).")
        }
        None => format!("{holds}."),
    }
}
