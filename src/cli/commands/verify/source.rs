//! The documents that `verify` reads, and what is said of those that it cannot use.

use crate::cli::app::App;
use crate::cli::commands::input_files::{hint_of_bytes, is_stdin, read_input, source_name};
use crate::cli::error::CliError;
use crate::client::SavedRegistrationError;
use crate::webauthn::json::{AuthenticationResponseJson, DocumentKind, recognise};
use std::path::Path;

/// Reads files, of which one may be standard input.
pub(super) fn read<const N: usize>(
    app: &mut App<'_>,
    paths: [Option<&Path>; N],
) -> Result<[Option<Vec<u8>>; N], CliError> {
    if paths.iter().flatten().filter(|path| is_stdin(path)).count() > 1 {
        return Err(CliError::usage(
            "Two files cannot both come from standard input. Nothing was verified.",
        )
        .hint("Give one of them by its name."));
    }
    let mut read = [const { None }; N];
    for (slot, path) in read.iter_mut().zip(paths) {
        if let Some(path) = path {
            *slot = Some(read_input(app, path)?);
        }
    }
    Ok(read)
}

/// A file that is not what was meant.
fn unusable(path: &Path, wanted: &str, cause: impl Into<String>) -> CliError {
    let name = source_name(path);
    CliError::usage(format!("{name} is not {wanted}. Nothing was verified.")).cause(cause)
}

/// Says of a file that is no registration what it is, and what takes it.
pub(super) fn no_registration(path: &Path, error: &SavedRegistrationError) -> CliError {
    let refused = unusable(path, "a registration's response that can be read", error.to_string());
    match error {
        SavedRegistrationError::Other(kind) => hint(refused, *kind, "registration"),
        SavedRegistrationError::NotJson(error) => hint_of_bytes(refused, error),
        SavedRegistrationError::Newer(_) => {
            refused.hint("Use the version of fidokey that wrote it, or a newer one.")
        }
        _ => refused.hint(
            "A RegistrationResponseJSON is what a browser's `credential.toJSON()` gives, and what \
             `fidokey register --json` prints.",
        ),
    }
}

/// Reads an AuthenticationResponseJSON.
pub(super) fn assertion(path: &Path, bytes: &[u8]) -> Result<AuthenticationResponseJson, CliError> {
    const WANTED: &str = "an assertion's response that can be read";
    match recognise(bytes) {
        Err(error) => Err(hint_of_bytes(unusable(path, WANTED, error.to_string()), &error)),
        Ok(DocumentKind::Assertion) => AuthenticationResponseJson::parse(bytes).map_err(|error| {
            unusable(path, WANTED, format!("a member of it is missing or wrong: {error}")).hint(
                "An AuthenticationResponseJSON is what a browser's `credential.toJSON()` gives, \
                 and what `fidokey assert --json` prints.",
            )
        }),
        Ok(other) => {
            let cause = format!("it is {other}, and not an assertion's response");
            Err(hint(unusable(path, WANTED, cause), other, "assertion"))
        }
    }
}

fn hint(error: CliError, kind: DocumentKind, wanted: &str) -> CliError {
    match kind {
        DocumentKind::Assertion => {
            error.hint("`fidokey verify assertion` verifies an assertion's response.")
        }
        DocumentKind::Registration | DocumentKind::SavedRegistration => error.hint(
            "`fidokey verify registration` verifies a registration's response; beside an \
             assertion, it is given with `--registration`.",
        ),
        DocumentKind::CreationOptions | DocumentKind::RequestOptions => error.hint(
            "Options are what the server asks for; give what the key or the browser answered.",
        ),
        DocumentKind::ClientData => {
            error.hint("Give the whole response, which holds the client data.")
        }
        DocumentKind::GraphRequest => error.hint(
            "It holds a registration: `fidokey verify registration` takes it, and `--registration`.",
        ),
        DocumentKind::Verdict => error.hint(format!(
            "A verdict says what was checked; give the response itself, as `fidokey {} --json` \
             prints it.",
            if wanted == "registration" { "register" } else { "assert" }
        )),
        DocumentKind::List => error.hint("Give one response in a file of its own."),
        DocumentKind::Error | DocumentKind::Other => {
            error.hint("Look at the file: a response has the members id, response and type.")
        }
    }
}
