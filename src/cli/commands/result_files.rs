//! The files that `register` and `assert` write besides their answer.

mod standing;

use crate::cli::app::App;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::files::{check_writable, write};
use crate::ctap::SecretBytes;
use crate::ctap::hmac_secret::HmacOutputs;
use crate::output::words;
use standing::Standing;
use std::path::{Path, PathBuf};

/// Whether standard output is meant.
pub(super) fn is_stdout(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Makes sure, before anything is sent, that what is made can be kept: each in a file of its own, and
/// none in a file that is read, the PIN's among them, which is read for nothing else, or in the trace.
/// Of the flags that write only `--secret-out` knows `-`.
///
/// What another program wrote is never replaced, and an earlier registration only after a yes: of a
/// credential that is not on the key, the file may be all that there is.
///
/// # Errors
///
/// When it cannot, or the person says no.
pub(super) fn check_files<'a, const N: usize>(
    app: &mut App<'_>,
    read: impl IntoIterator<Item = (&'a str, &'a Path)>,
    files: [(&'a str, &'a Option<PathBuf>); N],
) -> Result<(), CliError> {
    let (pin, trace) = (app.global.pin_file.clone(), app.global.trace.clone());
    let mut taken: Vec<(&str, &Path)> = read.into_iter().collect();
    if let Some(pin) = pin.as_deref() {
        // No PIN try is spent on what a file for something else says.
        if let Some((other, _)) = taken.iter().find(|(_, taken)| is_same_file(taken, pin)) {
            return Err(same_file(other, "--pin-file"));
        }
        taken.push(("--pin-file", pin));
    }
    taken.extend(given([("--trace", &trace)]));
    let mut replaced = Vec::new();
    for (flag, path) in files {
        let Some(path) = path.as_deref() else { continue };
        if is_stdout(path) {
            if flag == "--secret-out" {
                continue;
            }
            return Err(CliError::usage(format!(
                "`{flag}` needs a file: standard output carries the answer. Nothing was sent."
            ))
            .hint("A file with this name is written as `./-`."));
        }
        if let Some((other, _)) = taken.iter().find(|(_, taken)| is_same_file(taken, path)) {
            return Err(same_file(other, flag));
        }
        check_writable(path, flag == "--secret-out")?;
        match Standing::of(flag, path) {
            Standing::Replaceable => {}
            Standing::Registration(whose) => replaced.push((path, whose)),
            Standing::Foreign => return Err(foreign(path)),
        }
        taken.push((flag, path));
    }
    for (path, whose) in replaced {
        let name = words::path(path);
        let what = format!("{name} holds the registration of {whose}, which is lost if replaced");
        app.confirm(&format!("{what}. Replace it?")).map_err(|error| match error.kind {
            "confirmation_needed" => error.cause(what).hint("Or name another file."),
            _ => error,
        })?;
    }
    Ok(())
}

fn same_file(one: &str, other: &str) -> CliError {
    CliError::usage(format!("`{one}` and `{other}` name the same file. Nothing was sent."))
        .hint("Give each a file of its own.")
}

/// Explains that a file is not replaced.
fn foreign(path: &Path) -> CliError {
    let name = words::path(path);
    let message = format!(
        "{name} is there and holds something else. It was not overwritten, and nothing was sent."
    );
    CliError::new(Exit::Usage, "output_file", message)
        .hint("Name another file, or delete this one.")
}

/// The files among these that a flag names.
pub(super) fn given<'a, const N: usize>(
    files: [(&'a str, &'a Option<PathBuf>); N],
) -> impl Iterator<Item = (&'a str, &'a Path)> {
    files.into_iter().filter_map(|(flag, path)| Some((flag, path.as_deref()?)))
}

/// Whether two paths name one file, which would be lost or written twice. A stream, such as
/// /dev/stderr, may be named twice.
fn is_same_file(one: &Path, other: &Path) -> bool {
    place(one) == place(other) && !std::fs::metadata(one).is_ok_and(|metadata| !metadata.is_file())
}

/// Where a file is, or will be, however its path is written.
fn place(path: &Path) -> PathBuf {
    let there = path.canonicalize();
    let will_be = || {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new(".")).canonicalize().ok()?;
        Some(folder.join(path.file_name()?))
    };
    there.ok().or_else(will_be).unwrap_or_else(|| path.to_owned())
}

/// Writes the verdict as one JSON document where `--report` asks for it.
pub(super) fn put_report<V: serde::Serialize>(
    path: Option<&Path>,
    view: &V,
) -> Result<(), CliError> {
    let Some(path) = path else { return Ok(()) };
    let text = crate::output::json::document(view).map_err(|error| CliError::defect(&error))?;
    write(path, text.as_bytes())
}

/// What `prf` gave, by the names that it has in a file of secrets.
pub(super) fn prf_secrets(
    outputs: &HmacOutputs,
) -> impl Iterator<Item = (&'static str, &SecretBytes)> {
    let second = outputs.second.as_ref().map(|second| ("prf_second", second));
    [("prf_first", &outputs.first)].into_iter().chain(second)
}
