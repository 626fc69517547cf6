//! `fidokey verify`: the verdict on a response that was saved, by any browser or program. No key is
//! touched.

mod asked;
mod assertion;
mod expectation;
mod registration;
mod source;

use crate::cli::app::App;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use clap::{Args, Subcommand};

/// Verifies a response that was saved.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// What to do.
    #[command(subcommand)]
    command: VerifyCommand,
}

#[derive(Debug, Subcommand)]
enum VerifyCommand {
    /// Verify the response of a registration.
    ///
    /// Every check of WebAuthn Level 3 section 7.1 is shown with its outcome. Ends with 0 if none
    /// failed, and with 8 if one did. What you do not say, such as the challenge, is not checked, and
    /// said so.
    Registration(registration::RegistrationArgs),
    /// Verify the response of an assertion.
    ///
    /// Every check of WebAuthn Level 3 section 7.2 is shown with its outcome. Ends with 0 if none
    /// failed, and with 8 if one did. What you do not say, such as the challenge, is not checked, and
    /// said so.
    Assertion(assertion::AssertionArgs),
}

/// Verifies a response.
///
/// # Errors
///
/// When a flag or a file cannot be used.
pub fn run(app: &mut App<'_>, args: &VerifyArgs) -> Result<Exit, CliError> {
    let result = match &args.command {
        VerifyCommand::Registration(args) => registration::run(app, args),
        VerifyCommand::Assertion(args) => assertion::run(app, args),
    };
    // There is no key that anything could be sent to, and none that could be changed.
    let of_a_key = |text: &str| {
        let text = text.replace("Nothing was sent.", "Nothing was verified.");
        text.replace("Nothing was changed.", "Nothing was verified.")
    };
    result.map_err(|error| error.map_texts(of_a_key))
}
