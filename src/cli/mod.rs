//! The command line: the only layer that knows flags, terminals and exit codes.

pub mod app;
pub mod args;
mod atomic_file;
mod buses;
pub mod commands;
mod connect;
mod encoded_value;
pub mod error;
pub mod error_words;
pub mod exit;
mod files;
mod foresight;
pub mod global;
mod inlet;
mod kept_metadata;
mod long_names;
mod person;
mod pin_source;
mod plugged;
mod process;
mod standard_input;
pub mod terminal;
mod tracing;
pub mod ui;
mod unread;
mod usage;
pub mod world;

pub use process::main;

use crate::output::remedy::shell_word;
use app::App;
use args::{Cli, Command};
use error::CliError;
use exit::Exit;
use std::ffi::OsString;
use ui::Ui;
use world::World;

/// Runs one command line in a world and says how it ended.
pub fn run(arguments: impl IntoIterator<Item = OsString>, world: World<'_>) -> Exit {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let cli = match Cli::read(&arguments) {
        Ok(cli) => cli,
        Err(error) => return unread::answer(&error, &arguments, world),
    };
    let mut app = App::new(world, cli.global);
    app.program = program(&arguments);
    let result = app
        .begin_trace(|| Cli::command_name(&arguments))
        .and_then(|()| dispatch(&mut app, cli.command));
    // Whatever was missing then, it was because somebody did not want to wait for it.
    let result = result.map_err(|error| match error.exit {
        Exit::Usage if app.interrupt.is_requested() => CliError::interrupted(),
        _ => error,
    });
    app.ui.end_line();
    let exit = result.as_ref().map_or_else(|error| error.exit, |exit| *exit);
    app.end_trace(exit);
    if let Err(error) = result {
        report(&mut app.ui, app.global.json, &error);
    }
    exit
}

/// How this program is called, as one word of a shell command.
fn program(arguments: &[OsString]) -> String {
    match arguments.first().and_then(|name| name.to_str()) {
        // Called by a path: it may not be where a shell looks for commands.
        Some(path) if path.contains('/') => shell_word(path),
        _ => "fidokey".to_owned(),
    }
}

fn dispatch(app: &mut App<'_>, command: Command) -> Result<Exit, CliError> {
    match command {
        Command::Demo(args) => commands::demo::run(app, &args),
        Command::Register(args) => commands::register::run(app, &args),
        Command::Assert(args) => commands::assert::run(app, &args),
        Command::Verify(args) => commands::verify::run(app, &args),
        Command::Credential(args) => commands::credential::run(app, &args),
        Command::Pin(args) => commands::pin::run(app, &args),
        Command::Reset(args) => commands::reset::run(app, &args),
        Command::Info(args) => commands::info::run(app, &args),
        Command::Doctor(args) => commands::doctor::run(app, &args),
        Command::Check(args) => commands::check::run(app, &args),
        Command::Wink(args) => commands::wink::run(app, &args),
        Command::Select(args) => commands::select::run(app, &args),
        Command::List(args) => commands::list::run(app, &args),
        #[cfg(feature = "relying-party")]
        Command::Rp(args) => commands::rp::run(app, &args),
        Command::Metadata(args) => commands::metadata::run(app, &args),
        Command::Trace(args) => commands::trace::run(app, &args),
        Command::Virtual(args) => commands::virtual_key::run(app, &args),
        Command::Completions(args) => commands::completions::run(app, &args),
        Command::Man(args) => commands::man::run(app, &args),
    }
}

/// Puts an error on stderr: as text with hints, or as one JSON document.
fn report(ui: &mut Ui<'_>, json: bool, error: &CliError) {
    if error.exit == Exit::Interrupted {
        ui.clear_echo();
    }
    let mut error = error.clone();
    for hint in &mut error.hints {
        *hint = ui.hint_on_device(hint);
    }
    error.hints.dedup();
    if json {
        // What names its device already stays as it is.
        let error = error.map_texts(|text| ui.on_device(text));
        if let Ok(document) = crate::output::json::document(&error.json()) {
            ui.line(document.trim_end());
        }
        return;
    }
    ui.error(&error.text());
    for hint in &error.hints {
        ui.hint(hint);
    }
}
