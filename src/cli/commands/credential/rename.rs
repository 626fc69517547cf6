//! `fidokey credential rename`.

use super::{explained_for, find, listing, typed_ids};
use crate::authenticator::{check_can_rename, rename_credential};
use crate::cli::app::App;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::client::CredentialIndex;
use crate::ctap::UserEntity;
use crate::output::credentials::RenamedView;
use crate::output::text::escape;
use crate::output::words::{capitalized, key_name};
use clap::{ArgGroup, Args};

/// Changes the names of a credential's account on the key.
///
/// Only what the key shows when one account of several is chosen is changed; the service knows
/// nothing of it.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("change")
    .args(["name", "no_name", "display_name", "no_display_name"])
    .required(true)
    .multiple(true))]
pub struct RenameArgs {
    /// The credential's ID, or its beginning, as `fidokey credential list` shows it; base64url is
    /// understood too, and goes after `--`, last, where it begins with `-`.
    #[arg(value_name = "ID")]
    pub id: String,
    /// The account's new name, such as `alice@example.com`.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Take the account's name away.
    #[arg(long, conflicts_with = "name")]
    pub no_name: bool,
    /// The person's new name.
    #[arg(long, value_name = "NAME")]
    pub display_name: Option<String>,
    /// Take the person's name away.
    #[arg(long, conflicts_with = "display_name")]
    pub no_display_name: bool,
}

/// Changes an account's names.
///
/// # Errors
///
/// When the ID means no single credential, or the ceremony fails.
pub(super) fn run(app: &mut App<'_>, args: &RenameArgs) -> Result<Exit, CliError> {
    check_name("--name", args.name.as_deref())?;
    check_name("--display-name", args.display_name.as_deref())?;
    let ids = typed_ids(std::slice::from_ref(&args.id))?;
    let mut key = app.open_key()?;
    app.on_key(&mut key, check_can_rename)?;
    let stored = listing(app, &mut key)?;
    let index = CredentialIndex::new(&stored);
    let name = capitalized(&key_name(key.description()));
    for id in &ids {
        let one = find(&index, id, key.description())?;
        let Some(previous) = &one.credential.user else {
            return Err(CliError::new(
                Exit::Failed,
                "no_user",
                format!(
                    "{name} does not say whose credential {} is, so that it cannot be renamed. \
                     Nothing was changed.",
                    one.short_id
                ),
            )
            .hint("`fidokey credential show ID` shows what the key does say of it."));
        };
        let user = UserEntity {
            id: previous.id.clone(),
            name: new_name(args.name.as_ref(), args.no_name, previous.name.as_ref()),
            display_name: new_name(
                args.display_name.as_ref(),
                args.no_display_name,
                previous.display_name.as_ref(),
            ),
        };
        let given = [&args.name, &args.display_name].into_iter().flatten();
        let may_be_cut = app.warn_of_long_names(key.description(), given);
        let credential = &one.credential.credential;
        for kept in [&user.name, &user.display_name].into_iter().flatten() {
            if kept.contains(char::REPLACEMENT_CHARACTER) {
                app.ui.warning(&format!(
                    "\"{}\" is not Unicode on the key. It becomes what is shown here.",
                    escape(kept)
                ));
            }
        }
        app.ceremony(|context| rename_credential(&mut key, context, credential, &user))
            .map_err(|error| app.failed(explained_for(&error, one, key.description())))?;
        let view = RenamedView::of(one, previous, &user, may_be_cut);
        app.print(&view, RenamedView::text)?;
    }
    Ok(Exit::Done)
}

/// The name that is sent: the new one, none, or the old one where nothing was said of it.
fn new_name(new: Option<&String>, none: bool, old: Option<&String>) -> Option<String> {
    if none { None } else { new.or(old).filter(|name| !name.is_empty()).cloned() }
}

/// Refuses an empty name: most likely it is a variable of the shell that is not set.
fn check_name(flag: &str, name: Option<&str>) -> Result<(), CliError> {
    if name != Some("") {
        return Ok(());
    }
    let no_flag = flag.replace("--", "--no-");
    Err(CliError::usage(format!("`{flag}` is empty. Nothing was sent."))
        .hint(format!("`{no_flag}` takes the name away.")))
}
