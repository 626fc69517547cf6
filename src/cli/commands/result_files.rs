//! The files that `register` and `assert` write besides their answer.

use crate::cli::app::App;
use crate::cli::error::CliError;
use crate::cli::files::{check_writable, write, write_secret};
use crate::ctap::SecretBytes;
use crate::ctap::hmac_secret::HmacOutputs;
use std::path::{Path, PathBuf};

/// Whether standard output is meant.
pub(super) fn is_stdout(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Makes sure, before anything is sent, that what is made can be kept: each in a file of its own, and
/// none in a file that is read. Of the flags that write only `--secret-out` knows `-`.
pub(super) fn check_files<const R: usize, const N: usize>(
    read: [(&str, &Option<PathBuf>); R],
    files: [(&str, &Option<PathBuf>); N],
) -> Result<(), CliError> {
    let mut taken: Vec<(&str, &Path)> = Vec::new();
    taken.extend(read.iter().filter_map(|(flag, path)| Some((*flag, path.as_deref()?))));
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
            return Err(CliError::usage(format!(
                "`{other}` and `{flag}` name the same file. Nothing was sent."
            ))
            .hint("Give each a file of its own."));
        }
        check_writable(path)?;
        taken.push((flag, path));
    }
    Ok(())
}

/// Whether two paths name one file that would be written twice. A stream, such as /dev/stderr, may
/// be.
fn is_same_file(one: &Path, other: &Path) -> bool {
    one == other && !std::fs::metadata(one).is_ok_and(|metadata| !metadata.is_file())
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

/// Writes secrets where `--secret-out` asks for them, as one JSON document of base64url members:
/// to a file that only its owner can read, or to stdout.
pub(super) fn put_secret(
    app: &mut App<'_>,
    path: &Path,
    secrets: &[(&str, &SecretBytes)],
) -> Result<(), CliError> {
    let document = crate::output::secrets::document(secrets);
    if is_stdout(path) {
        let text = std::str::from_utf8(&document).map_err(|error| CliError::defect(&error))?;
        return app.print_raw(text);
    }
    write_secret(path, &document)
}
