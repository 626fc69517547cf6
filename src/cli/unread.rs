//! Command lines that name nothing to be done: mistakes, and requests for help and the version.

use super::error::CliError;
use super::exit::Exit;
use super::ui::Ui;
use super::world::World;
use super::{report, usage};
use clap::error::ErrorKind;
use std::ffi::OsString;
use std::io::{self, Write};

/// Whether a program reads what goes wrong, also where the command line cannot be read.
pub(super) fn asks_for_json<'a>(arguments: impl IntoIterator<Item = &'a OsString>) -> bool {
    arguments.into_iter().any(|argument| argument == "--json")
}

/// Help and version go to stdout; a mistake on the command line goes to stderr.
pub(super) fn answer(error: &clap::Error, arguments: &[OsString], world: World<'_>) -> Exit {
    let json = asks_for_json(arguments);
    let text = error.render().to_string();
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        let written = world.stdout.write_all(text.as_bytes()).and_then(|()| world.stdout.flush());
        return match written {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                let refused = CliError::no_output(&error);
                put(world.stderr, &refused, json);
                refused.exit
            }
            // A closed pipe is nothing to complain about.
            _ => Exit::Done,
        };
    }
    #[cfg(not(feature = "relying-party"))]
    if let Some(missing) = not_built(error) {
        put(world.stderr, &missing, json);
        return missing.exit;
    }
    let mut ui = Ui::before_flags(world.stdout, world.stderr, &world.setting);
    if !json && error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        // Whoever names a command that has commands of its own is shown them.
        ui.line(text.trim_end());
        return Exit::Usage;
    }
    let mut explained = usage::explain(error, arguments);
    if let Some(hint) = id_like_a_flag(error, arguments) {
        // What looks like the flag that was typed is only the first letter of the ID.
        explained.hints = vec![hint.to_owned()];
    }
    if let Some(hint) = number_after_wait(arguments) {
        explained.hints.insert(0, hint);
    }
    report(&mut ui, json, &explained);
    Exit::Usage
}

/// Says of a command that documents tell of and that this program was built without. Nothing of it is
/// in the help, and whatever stands after its name is as unknown as the name.
#[cfg(not(feature = "relying-party"))]
fn not_built(error: &clap::Error) -> Option<CliError> {
    use clap::error::{ContextKind, ContextValue};
    let named = error.get(ContextKind::InvalidSubcommand)?;
    let is_missing = matches!(named, ContextValue::String(name) if name == "rp");
    let message = "This fidokey was built without `rp`. Nothing was done.";
    let hint = "Build it with cargo's default features.";
    is_missing.then(|| CliError::new(Exit::Usage, "not_built", message).hint(hint))
}

/// What helps when a credential's ID was taken for flags: one in 64 in base64url begins with `-`.
fn id_like_a_flag(error: &clap::Error, arguments: &[OsString]) -> Option<&'static str> {
    let words: Vec<&str> = arguments.iter().filter_map(|word| word.to_str()).collect();
    let hint = |command: &str| match command {
        "show" => Some(
            "An ID that begins with `-` goes after `--`, last: `fidokey credential show -- ID`.",
        ),
        "delete" => Some(
            "An ID that begins with `-` goes after `--`, last: `fidokey credential delete -- ID`.",
        ),
        "rename" => Some(
            "An ID that begins with `-` goes after `--`, last: \
             `fidokey credential rename --name NAME -- ID`.",
        ),
        _ => None,
    };
    if error.kind() != ErrorKind::UnknownArgument || !words.contains(&"credential") {
        return None;
    }
    words.into_iter().find_map(hint)
}

/// What helps when the seconds of `--wait`, which may be left out, were taken for something else.
fn number_after_wait(arguments: &[OsString]) -> Option<String> {
    let mut words = arguments.iter().filter_map(|word| word.to_str());
    words.find(|word| *word == "--wait")?;
    let seconds: u64 = words.next()?.parse().ok()?;
    Some(format!("The seconds of `--wait` are written behind `=`: `--wait={seconds}`."))
}

/// Writes an error where nothing of the command line is known but whether a program reads it.
fn put(stderr: &mut dyn Write, error: &CliError, json: bool) {
    // Nothing better can be done when even this fails.
    let _ = stderr.write_all(alone(error, json).as_bytes());
}

/// An error as it stands on stderr: one JSON document, or words and hints.
pub(super) fn alone(error: &CliError, json: bool) -> String {
    if json && let Ok(document) = crate::output::json::document(&error.json()) {
        return document;
    }
    let hints: String = error.hints.iter().map(|hint| format!("Hint: {hint}\n")).collect();
    format!("Error: {}\n{hints}", error.text())
}
