//! `fidokey pin`.

use crate::authenticator::{Key, PinState, change_pin, pin_state, set_pin, verify_pin};
use crate::cli::app::App;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::pin_source::PinSource;
use crate::output::pin::{FEW_TRIES, PinActView, PinStatusView};
use crate::output::words::key_name;
use crate::virtual_key::THROW_AWAY;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Shows, sets, changes or verifies the PIN of a key.
#[derive(Debug, Args)]
pub struct PinArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: PinCommand,
}

/// What to do with a PIN.
#[derive(Debug, Subcommand)]
pub enum PinCommand {
    /// Show whether a PIN is set, how many tries are left, and what a new one must be like.
    ///
    /// No PIN is needed for it, and no try is used.
    Status,
    /// Set the PIN of a key that has none.
    ///
    /// The PIN can be changed later, but only a reset removes it again.
    Set(NewPinArgs),
    /// Change the PIN.
    ///
    /// The current PIN is asked for on the terminal or read from --pin-file or --pin-fd.
    Change(NewPinArgs),
    /// Check that the PIN is right, which gives all tries back.
    ///
    /// A wrong PIN uses up a try.
    Verify,
}

/// Where a new PIN comes from.
#[derive(Debug, Args)]
pub struct NewPinArgs {
    /// Read the new PIN from a file, or from standard input with `-`.
    #[arg(long, value_name = "FILE", conflicts_with = "new_pin_fd")]
    pub new_pin_file: Option<PathBuf>,
    /// Read the new PIN from this file descriptor.
    #[arg(long, value_name = "NUMBER")]
    pub new_pin_fd: Option<i32>,
}

impl NewPinArgs {
    fn source(&self) -> Option<PinSource> {
        PinSource::from_flags(self.new_pin_file.as_deref(), self.new_pin_fd)
    }
}

/// Does what was asked for.
///
/// # Errors
///
/// When the flags are wrong, or the key or the person refuses.
pub fn run(app: &mut App<'_>, args: &PinArgs) -> Result<Exit, CliError> {
    match &args.command {
        PinCommand::Status => status(app),
        PinCommand::Set(args) => set(app, args),
        PinCommand::Change(args) => change(app, args),
        PinCommand::Verify => verify(app),
    }
}

fn status(app: &mut App<'_>) -> Result<Exit, CliError> {
    let mut key = app.open_key()?;
    let state = app.on_key(&mut key, pin_state)?;
    let path = &key.description().path;
    app.print(&PinStatusView::of(path, &state), |view| view.text())?;
    if let Some(hint) = next_step(&state) {
        app.ui.hint(hint);
    }
    Ok(Exit::Done)
}

/// What somebody who looks at the state of a PIN may want to do now.
fn next_step(state: &PinState) -> Option<&'static str> {
    match (state.set, state.retries) {
        (None, _) => None,
        (Some(false), _) => Some("Set one with `fidokey pin set`."),
        (Some(true), Some(0)) => Some(
            "Only `fidokey reset` helps, which erases every account on the key. First remove the \
             key at each service.",
        ),
        (Some(true), _) if state.blocked_until_replug == Some(true) => {
            Some("Unplug the key and plug it in again.")
        }
        (Some(true), _) if state.must_be_changed => Some("Change it with `fidokey pin change`."),
        (Some(true), Some(1)) => Some(
            "If you are sure of the PIN, `fidokey pin verify --last-try` gives all tries back.",
        ),
        (Some(true), Some(few)) if few <= FEW_TRIES => {
            Some("`fidokey pin verify` with the right PIN gives all tries back.")
        }
        (Some(true), _) => None,
    }
}

fn set(app: &mut App<'_>, args: &NewPinArgs) -> Result<Exit, CliError> {
    if app.global.pin_file.is_some() || app.global.pin_fd.is_some() {
        return Err(CliError::usage(
            "`pin set` needs no current PIN: it is for keys that have none. Nothing was sent.",
        )
        .hint("Give the new PIN with `--new-pin-file` or `--new-pin-fd`.")
        .hint("To change a PIN, use `fidokey pin change`."));
    }
    app.new_pin_source = args.source();
    let mut key = app.open_key()?;
    app.on_key(&mut key, set_pin)?;
    let view = PinActView::set(&key.description().path);
    say(app, &key, view)?;
    if key.description().path.0 == THROW_AWAY {
        app.warn_of_throw_away(key.description());
    } else if app.new_pin_source.is_some() {
        // At a terminal it was said before the PIN was typed.
        app.ui.status("The PIN can be changed, but only a reset removes it again.");
    }
    Ok(Exit::Done)
}

fn change(app: &mut App<'_>, args: &NewPinArgs) -> Result<Exit, CliError> {
    let new = args.source();
    let current = PinSource::from_flags(app.global.pin_file.as_deref(), app.global.pin_fd);
    if let (Some(current), Some(new)) = (&current, &new)
        && current.is_same_as(new)
    {
        return Err(CliError::usage(format!(
            "The current and the new PIN cannot both come from {new}. Nothing was sent."
        ))
        .hint("Give them in two files, or in two file descriptors."));
    }
    app.new_pin_source = new;
    let mut key = app.open_key()?;
    let changed = app.on_key(&mut key, change_pin)?;
    let view = PinActView::changed(&key.description().path, changed.same_as_before);
    say(app, &key, view)?;
    Ok(Exit::Done)
}

fn verify(app: &mut App<'_>) -> Result<Exit, CliError> {
    let mut key = app.open_key()?;
    let retries = app.on_key(&mut key, verify_pin)?;
    let view = PinActView::verified(&key.description().path, retries);
    say(app, &key, view)?;
    Ok(Exit::Done)
}

fn say(app: &mut App<'_>, key: &Key, view: PinActView) -> Result<(), CliError> {
    let name = key_name(key.description());
    app.print(&view, |view| view.text(&name))
}
