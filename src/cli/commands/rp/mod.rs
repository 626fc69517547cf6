//! `fidokey rp`.

mod audit;
mod run;
mod serve;
mod server;

use crate::cli::app::App;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use clap::{Args, Subcommand};

/// Tries keys against relying parties, and relying parties against keys.
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
    /// Open its address in a browser to try a key: beside a password, or in place of one. Programs use
    /// it through the FIDO2 conformance interface (/attestation/options and so on). It listens on
    /// this computer alone, and answers to no other name or page. Standard output gets its address as
    /// soon as it is ready; with --json, one line of JSON.
    Serve(serve::ServeArgs),
    /// Register or sign in with a key at a relying party elsewhere.
    ///
    /// The server speaks the FIDO2 conformance interface, as `fidokey rp serve` does. Its options are
    /// carried out on the key as a browser would do it, in the name of the page at its address, and
    /// it is told the result. Ends with 8 if it refuses that.
    Run(run::RunArgs),
    /// Find out whether a relying party rejects what it must.
    ///
    /// A forging authenticator registers and asserts at a server that speaks the FIDO2 conformance
    /// interface, and tells one lie each time. Between the lies it is honest, and must be accepted.
    /// No key is used. Ends with 0 if every lie was rejected, and with 8 if one was accepted. Audit
    /// only servers that you may test: accounts named fidokey-audit-… stay there.
    Audit(audit::AuditArgs),
}

/// Runs a subcommand of `fidokey rp`.
///
/// # Errors
///
/// The subcommand's.
pub fn run(app: &mut App<'_>, args: &RpArgs) -> Result<Exit, CliError> {
    match &args.command {
        RpCommand::Serve(args) => serve::run(app, args),
        RpCommand::Run(args) => run::run(app, args),
        RpCommand::Audit(args) => audit::run(app, args),
    }
}
