//! The FIDO metadata that this person imported: one file below their data.

use super::app::App;
use super::error::CliError;
use super::error_words;
use super::files;
use crate::webauthn::metadata::kept::FIRST_LINE;
use crate::webauthn::metadata::{Kept, KeptError, KeptHead};
use crate::webauthn::model_names::ModelNames;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The longest file that is read, in bytes.
const MAX_LENGTH: u64 = 128 * 1024 * 1024;

/// Why the metadata that is kept cannot be used.
#[derive(Debug)]
pub(super) enum Unusable {
    /// It cannot be read.
    Unreadable(io::Error),
    /// It is damaged.
    Damaged(KeptError),
}

impl App<'_> {
    /// The file in which metadata is kept; `None` where this person has no place for data.
    pub(super) fn metadata_file(&self) -> Option<PathBuf> {
        let directory = self.setting.data_directory.as_deref()?;
        Some(directory.join("metadata").join("fido-metadata"))
    }

    /// What models are called: by the metadata that was imported, else by the program's own table.
    pub fn model_names(&mut self) -> ModelNames {
        let Some(path) = self.metadata_file() else { return ModelNames::default() };
        match head(&path) {
            Ok(Some(head)) => {
                ModelNames::with(head.names().map(|(aaguid, name)| (aaguid, name.to_owned())))
            }
            Ok(None) => ModelNames::default(),
            Err(unusable) => {
                self.warn_of_metadata(&unusable, &path);
                ModelNames::default()
            }
        }
    }

    /// The metadata that was imported, if there is some that can be used; what cannot is warned of.
    pub(super) fn kept_metadata(&mut self) -> Option<Kept> {
        let path = self.metadata_file()?;
        match whole(&path) {
            Ok(kept) => kept,
            Err(unusable) => {
                self.warn_of_metadata(&unusable, &path);
                None
            }
        }
    }

    /// As [`App::kept_metadata`]; what cannot be used is an error.
    pub(super) fn needed_metadata(&mut self) -> Result<Option<Kept>, CliError> {
        let Some(path) = self.metadata_file() else { return Ok(None) };
        whole(&path).map_err(|unusable| error_words::kept_metadata(&unusable, &path))
    }

    /// Explains that the metadata that was imported is damaged.
    pub(super) fn damaged_metadata(&self, error: KeptError) -> CliError {
        let path = self.metadata_file().unwrap_or_default();
        error_words::kept_metadata(&Unusable::Damaged(error), &path)
    }

    /// Keeps metadata.
    pub(super) fn keep_metadata(&mut self, kept: &Kept) -> Result<(), CliError> {
        let path = self.metadata_file().ok_or_else(error_words::no_place_for_metadata)?;
        let bytes = kept.to_bytes().map_err(|error| match error {
            KeptError::TooMany => error_words::metadata_too_long(&error),
            _ => CliError::defect(&error),
        })?;
        if let Some(directory) = path.parent() {
            // What is wrong with it is said when the file cannot be written.
            let _ = fs::create_dir_all(directory);
        }
        files::write(&path, &bytes)
    }

    fn warn_of_metadata(&mut self, unusable: &Unusable, path: &Path) {
        if std::mem::replace(&mut self.warned_of_metadata, true) {
            return;
        }
        let error = error_words::kept_metadata(unusable, path);
        self.ui.warning(&error.text());
        error.hints.iter().for_each(|hint| self.ui.hint(hint));
    }
}

/// Opens the file; `None` where there is none.
fn open(path: &Path) -> Result<Option<File>, Unusable> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Unusable::Unreadable(error)),
    }
}

/// Reads the head alone.
fn head(path: &Path) -> Result<Option<KeptHead>, Unusable> {
    let Some(mut file) = open(path)? else { return Ok(None) };
    let mut read = |length: usize| {
        let mut bytes = vec![0; length];
        match file.read_exact(&mut bytes) {
            Ok(()) => Ok(bytes),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(Unusable::Damaged(KeptError::Damaged))
            }
            Err(error) => Err(Unusable::Unreadable(error)),
        }
    };
    let length = KeptHead::length(&read(FIRST_LINE)?).map_err(Unusable::Damaged)?;
    KeptHead::read(&read(length)?).map(Some).map_err(Unusable::Damaged)
}

/// Reads all of it.
fn whole(path: &Path) -> Result<Option<Kept>, Unusable> {
    let Some(file) = open(path)? else { return Ok(None) };
    let mut bytes = Vec::new();
    file.take(MAX_LENGTH).read_to_end(&mut bytes).map_err(Unusable::Unreadable)?;
    Kept::from_bytes(&bytes).map(Some).map_err(Unusable::Damaged)
}
