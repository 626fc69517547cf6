//! `fidokey completions`.

use crate::cli::app::App;
use crate::cli::args::Cli;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use clap::{Args, CommandFactory};
use clap_complete::Shell;
use serde::Serialize;

/// Prints a script that completes command lines.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell that runs the script.
    shell: Shell,
}

#[derive(Debug, Serialize)]
struct CompletionsView {
    shell: String,
    script: String,
}

/// Prints the script for a shell.
///
/// # Errors
///
/// When stdout cannot be written to.
pub fn run(app: &mut App<'_>, args: &CompletionsArgs) -> Result<Exit, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "fidokey", &mut script);
    let script = String::from_utf8(script).map_err(|error| CliError::defect(&error))?;
    let view = CompletionsView { shell: args.shell.to_string(), script };
    app.print(&view, |view| view.script.clone())?;
    Ok(Exit::Done)
}
