//! The files that `register` and `assert` read, of which one may be standard input.

use crate::cli::app::App;
use crate::cli::error::CliError;
use crate::cli::files::{read, read_all};
pub(super) use crate::cli::standard_input::is_stdin;
use crate::output::words;
use crate::webauthn::json::NotJson;
use std::path::Path;

/// Makes sure that at most one of these flags, and of those by which a PIN comes, takes standard
/// input.
///
/// # Errors
///
/// When two do.
pub(super) fn check_stdin<'a>(
    app: &App<'_>,
    files: impl IntoIterator<Item = (&'a str, &'a Path)>,
) -> Result<(), CliError> {
    let files = files.into_iter().filter(|(_, path)| is_stdin(path)).map(|(flag, _)| flag);
    let mut takers = files.chain(app.pin_flag_of_stdin());
    if let (Some(first), Some(second)) = (takers.next(), takers.next()) {
        return Err(CliError::usage(format!(
            "`{first}` and `{second}` cannot both take standard input. Nothing was sent."
        ))
        .hint("Give one of them a file."));
    }
    Ok(())
}

/// Reads a whole file, or standard input for `-`.
///
/// # Errors
///
/// When it cannot be read or is too long.
pub(super) fn read_input(app: &mut App<'_>, path: &Path) -> Result<Vec<u8>, CliError> {
    if is_stdin(path) {
        return read_all(app.read_stdin(), &source_name(path));
    }
    read(path, &app.interrupt)
}

/// What errors call the place that something is read from.
pub(super) fn source_name(path: &Path) -> String {
    if is_stdin(path) { "Standard input".to_owned() } else { words::path(path) }
}

/// Says of bytes that are no JSON what they may be.
pub(super) fn hint_of_bytes(error: CliError, problem: &NotJson) -> CliError {
    match problem {
        NotJson::Empty => error.hint("See whether the program that should have written it failed."),
        NotJson::Markup => {
            error.hint("A server may have answered with an error page; look at the file.")
        }
        NotJson::Utf16 => {
            error.hint("In PowerShell, write it with `| Out-File -Encoding utf8 FILE`.")
        }
        NotJson::Document(_) => {
            error.hint("Look at that place in the file; it must be whole JSON.")
        }
    }
}
