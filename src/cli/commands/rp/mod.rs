//! `fidokey rp`.

mod serve;

use crate::cli::app::App;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use clap::{Args, Subcommand};

/// Runs a local relying party, to try keys with a browser or a program.
#[derive(Debug, Args)]
pub struct RpArgs {
    /// What to do.
    #[command(subcommand)]
    command: RpCommand,
}

#[derive(Debug, Subcommand)]
enum RpCommand {
    /// Serve a relying party on this computer until Ctrl-C.
    ///
    /// Programs use it through the FIDO2 conformance interface (/attestation/options and so on). It
    /// listens on this computer alone, and answers to no other name or page. Standard output gets its
    /// address as soon as it is ready; with --json, one line of JSON.
    Serve(serve::ServeArgs),
}

/// Runs a subcommand of `fidokey rp`.
///
/// # Errors
///
/// The subcommand's.
pub fn run(app: &mut App<'_>, args: &RpArgs) -> Result<Exit, CliError> {
    match &args.command {
        RpCommand::Serve(args) => serve::run(app, args),
    }
}
