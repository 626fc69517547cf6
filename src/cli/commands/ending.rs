//! How `register` and `assert` end: what was made is kept, printed and told.
//!
//! Everything is tried before a failure is told, and the answer comes before it: what exists is never
//! hidden behind a file that could not be written. With JSON an error's document stands alone on stderr,
//! so that a verdict is told there only when nothing failed.

use super::result_files::{is_stdout, put_report};
use crate::cli::app::App;
use crate::cli::error::CliError;
use crate::cli::files::{write, write_secret};
use crate::ctap::SecretBytes;
use crate::output::secrets;
use crate::output::words;
use serde::Serialize;
use std::path::Path;

/// What was made, and where it goes.
pub(super) struct Ending<'a, V> {
    /// What exists now, such as `The credential`.
    pub(super) made: &'static str,
    /// What is printed.
    pub(super) answer: String,
    /// Whether a program reads it, so that the verdict is not in it.
    pub(super) is_for_program: bool,
    /// The verdict in words.
    pub(super) verdict: String,
    /// What a person was warned of already, and a program is told beside the verdict.
    pub(super) notes: Vec<String>,
    /// What `--save` keeps, and where.
    pub(super) saved: Option<(&'a Path, String)>,
    /// How what was made goes again, in a hint, where it stays on the key although a file failed.
    pub(super) undo: Option<String>,
    /// The verdict and where `--report` puts it.
    pub(super) report: Option<&'a Path>,
    /// The verdict.
    pub(super) view: &'a V,
    /// Where `--secret-out` puts the secrets.
    pub(super) secret_out: Option<&'a Path>,
    /// The secrets that the key gave, by their names.
    pub(super) secrets: Vec<(&'static str, &'a SecretBytes)>,
}

/// The verdict, and what a person is warned of besides.
#[derive(Serialize)]
struct Report<'a, V> {
    #[serde(flatten)]
    view: &'a V,
    /// The tries that the key had left before it was given the PIN; null where none was given.
    pin_retries_before: Option<u64>,
}

impl<V: Serialize> Ending<'_, V> {
    /// Keeps, prints and tells.
    ///
    /// # Errors
    ///
    /// When a file or standard output cannot be written; what was made exists all the same.
    pub(super) fn carry_out(mut self, app: &mut App<'_>) -> Result<(), CliError> {
        let secret_to_stdout = self.secret_out.is_some_and(is_stdout);
        let no_secret = self.no_secret();
        let kept = self.keep(app);
        let printed =
            if secret_to_stdout { self.print_secrets(app) } else { app.print_raw(&self.answer) };
        let ended = printed.and(kept);
        let is_beside = self.report.is_none() && (secret_to_stdout || self.is_for_program);
        if app.global.json && ended.is_err() {
            return ended;
        }
        if is_beside {
            app.ui.beside_answer(self.verdict.trim_end());
        }
        if app.ui.warns_nobody() {
            self.notes.extend(no_secret);
            if is_beside && !self.notes.is_empty() {
                app.ui.beside_answer(&self.notes.join("\n"));
            }
        } else if let Some(no_secret) = no_secret {
            app.ui.warning(&no_secret);
        }
        ended
    }

    /// What is said where `--secret-out` names a place and there is nothing to put there.
    fn no_secret(&self) -> Option<String> {
        let path = self.secret_out.filter(|_| self.secrets.is_empty())?;
        Some(match is_stdout(path) {
            true => "The key gave no secret.".to_owned(),
            false => format!("The key gave no secret; {} was not written.", words::path(path)),
        })
    }

    /// Writes every file, and gives the first failure.
    fn keep(&self, app: &App<'_>) -> Result<(), CliError> {
        let saved = self.saved.as_ref().map_or(Ok(()), |(path, text)| write(path, text.as_bytes()));
        let report = Report { view: self.view, pin_retries_before: app.pin_retries };
        let reported = put_report(self.report, &report);
        let secret = match self.secret_out.filter(|path| !is_stdout(path)) {
            Some(_) if self.secrets.is_empty() => Ok(()),
            Some(path) => write_secret(path, &secrets::document(&self.secrets)),
            None => Ok(()),
        };
        saved.and(secret).and(reported).map_err(|mut error| {
            error.message.push_str(&format!(" {} was made all the same.", self.made));
            error.hints.extend(self.undo.clone());
            error
        })
    }

    /// Prints the secrets in place of the answer.
    fn print_secrets(&self, app: &mut App<'_>) -> Result<(), CliError> {
        if self.secrets.is_empty() {
            return Ok(());
        }
        let document = secrets::document(&self.secrets);
        let text = std::str::from_utf8(&document).map_err(|error| CliError::defect(&error))?;
        app.print_raw(text)
    }
}
