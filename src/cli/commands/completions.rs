//! `fidokey completions`.

use crate::cli::app::App;
use crate::cli::args::Cli;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::webauthn::explain::profile::PROFILES;
use crate::webauthn::trust::STATUSES;
use crate::wire::cose::Algorithm;
use clap::builder::PossibleValuesParser;
use clap::{Args, Command, CommandFactory, ValueHint};
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
    clap_complete::generate(args.shell, &mut completed(), "fidokey", &mut script);
    let script = String::from_utf8(script).map_err(|error| CliError::defect(&error))?;
    let view = CompletionsView { shell: args.shell.to_string(), script };
    app.print(&view, |view| view.script.clone())?;
    Ok(Exit::Done)
}

/// The command line with the values that can be offered, which for most flags are more than clap knows:
/// these flags take other values too.
fn completed() -> Command {
    let mut root = Cli::command();
    root.build();
    let commands = command_names(&root);
    with_values(root, &commands)
}

fn with_values(command: Command, commands: &[&'static str]) -> Command {
    let is_check = command.get_name() == "check";
    let is_man = command.get_name() == "man";
    command
        .mut_args(|argument| {
            let values: Vec<&'static str> = match argument.get_id().as_str() {
                "algorithm" | "algorithms" => Algorithm::names().collect(),
                "touch" => ["auto", "enter", "never", "refuse"].to_vec(),
                "status" => STATUSES.to_vec(),
                "profile" if is_check => PROFILES.iter().map(|profile| profile.name).collect(),
                "command" if is_man => commands.to_vec(),
                _ => Vec::new(),
            };
            if !values.is_empty() {
                return argument.value_parser(PossibleValuesParser::new(values));
            }
            match argument.get_value_hint() {
                // Only paths are names of files.
                ValueHint::Unknown => argument.value_hint(ValueHint::Other),
                _ => argument,
            }
        })
        .mut_subcommands(|inner| with_values(inner, commands))
}

/// The names of all commands, each once. clap wants such names for as long as the program runs, which
/// is not long here.
fn command_names(command: &Command) -> Vec<&'static str> {
    let mut names: Vec<&'static str> = command
        .get_subcommands()
        .filter(|inner| inner.get_name() != "help")
        .flat_map(|inner| {
            let name: &'static str = Box::leak(inner.get_name().to_owned().into_boxed_str());
            std::iter::once(name).chain(command_names(inner))
        })
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}
