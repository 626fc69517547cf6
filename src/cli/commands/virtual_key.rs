//! `fidokey virtual`.

use crate::cli::app::App;
use crate::cli::error::CliError;
use crate::cli::error_words;
use crate::cli::exit::Exit;
use crate::output::text::{count, escape};
use crate::output::virtual_keys::{
    CreatedView, DeletedView, VirtualKeyView, VirtualKeysView, selector,
};
use crate::virtual_key::{
    KeyName, LastingError, LastingKey, LastingKeys, NameError, StateError, Touch,
};
use clap::{Args, Subcommand};

/// Manages virtual keys that last.
#[derive(Debug, Args)]
pub struct VirtualArgs {
    /// What to do.
    #[command(subcommand)]
    command: VirtualCommand,
}

#[derive(Debug, Subcommand)]
enum VirtualCommand {
    /// Make a virtual key that lasts.
    ///
    /// It is used with `--device virtual:NAME`. Its private keys are in a plain file: it is not for
    /// protecting accounts.
    Create(CreateArgs),
    /// List the virtual keys that last, also those that cannot be used.
    List(ListArgs),
    /// Delete a virtual key and every credential on it.
    ///
    /// Before that you are asked, unless you add --yes. Nothing brings the key back.
    Delete(DeleteArgs),
}

/// Makes a virtual key that lasts.
#[derive(Debug, Args)]
struct CreateArgs {
    /// The key's name: 1 to 32 letters (a to z), digits, `-` or `_`.
    #[arg(value_parser = parse_name)]
    name: KeyName,
    /// Who touches the key when it asks for it: it is touched at once (`auto`), by the Enter key of
    /// the terminal (`enter`), never (`never`), by somebody who says no (`refuse`), or after so
    /// many milliseconds.
    #[arg(long, value_name = "auto|enter|never|refuse|MILLISECONDS", default_value = "auto")]
    touch: Touch,
}

/// Lists the virtual keys that last, also those that cannot be used.
#[derive(Debug, Args)]
struct ListArgs {}

/// Deletes a virtual key and every credential on it.
#[derive(Debug, Args)]
struct DeleteArgs {
    /// The key's name.
    #[arg(value_parser = parse_name)]
    name: KeyName,
}

/// Takes a name, also where somebody writes the whole selector.
fn parse_name(text: &str) -> Result<KeyName, NameError> {
    text.strip_prefix("virtual:").unwrap_or(text).parse()
}

/// Manages virtual keys.
///
/// # Errors
///
/// When there is no place for them, a name is taken or unknown, a key is in use, or the operating
/// system refuses.
pub fn run(app: &mut App<'_>, args: &VirtualArgs) -> Result<Exit, CliError> {
    let Some(keys) = app.setting.lasting_keys() else {
        return Err(CliError::new(
            Exit::Failed,
            "no_data_directory",
            "There is no place for virtual keys: this user has no home directory.",
        )
        .hint("Set HOME or XDG_DATA_HOME."));
    };
    match &args.command {
        VirtualCommand::Create(args) => create(app, &keys, args),
        VirtualCommand::List(_) => list(app, &keys),
        VirtualCommand::Delete(args) => delete(app, &keys, &args.name),
    }
}

fn create(app: &mut App<'_>, keys: &LastingKeys, args: &CreateArgs) -> Result<Exit, CliError> {
    let CreateArgs { name, touch } = args;
    keys.create(name, *touch, Some(app.now_in_seconds()))
        .map_err(|error| error_words::lasting(&error))?;
    app.ui.status(&format!("Created the virtual key {name}."));
    app.ui.warning("It is not for protecting accounts: its private keys are in a plain file.");
    app.ui.hint(&format!("Use it with `--device {}`.", selector(name)));
    app.print(&CreatedView::of(name, *touch), |_| String::new())?;
    Ok(Exit::Done)
}

fn list(app: &mut App<'_>, keys: &LastingKeys) -> Result<Exit, CliError> {
    let found = keys.list().map_err(|error| error_words::lasting(&error))?;
    let view = VirtualKeysView {
        directory: keys.directory().display().to_string(),
        virtual_keys: found.iter().map(VirtualKeyView::of).collect(),
    };
    app.print(&view, VirtualKeysView::text)?;
    if view.virtual_keys.is_empty() {
        app.ui.status("There is no virtual key.");
        app.ui.hint("`fidokey virtual create NAME` makes one.");
    }
    for LastingKey { name, summary } in &found {
        let Err(problem) = summary else { continue };
        let why = escape(&problem.to_string());
        app.ui.warning(&format!("The virtual key {name} cannot be used: {why}."));
        app.ui.hint(&error_words::unusable(name, problem));
    }
    Ok(Exit::Done)
}

fn delete(app: &mut App<'_>, keys: &LastingKeys, name: &KeyName) -> Result<Exit, CliError> {
    let found = keys.list().map_err(|error| error_words::lasting(&error))?;
    let Some(LastingKey { summary, .. }) = found.into_iter().find(|key| key.name == *name) else {
        return Err(error_words::lasting(&LastingError::NotFound(name.clone())));
    };
    let is_newer = matches!(summary, Err(StateError::Newer { .. }));
    let lost = summary.ok().map(|summary| summary.contents.credentials);
    app.confirm(&match lost {
        Some(0) => format!("Delete the virtual key {name}? There is no credential on it."),
        Some(lost) => format!(
            "Delete the virtual key {name} and the {} on it? Nothing brings them back.",
            count(lost, "credential", "credentials")
        ),
        None if is_newer => format!(
            "Delete the virtual key {name} and everything on it? A newer version of fidokey wrote \
             it and can still use it. Nothing brings it back."
        ),
        None => format!(
            "Delete the virtual key {name}? Its state cannot be read, so nobody can tell what is \
             on it."
        ),
    })?;
    keys.delete(name).map_err(|error| error_words::lasting(&error))?;
    app.ui.status(&match lost {
        Some(0) | None => format!("Deleted the virtual key {name}."),
        Some(lost) => format!(
            "Deleted the virtual key {name} and {}.",
            count(lost, "credential", "credentials")
        ),
    });
    app.print(&DeletedView { name: name.to_string(), credentials_lost: lost }, |_| String::new())?;
    Ok(Exit::Done)
}
