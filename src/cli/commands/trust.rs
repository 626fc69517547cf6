//! The flags that say which attestations are believed.

use super::result_files::given;
use crate::cli::app::App;
use crate::cli::error::CliError;
use crate::cli::error_words;
use crate::cli::files::{self, read_up_to};
use crate::ctap::get_info::Info;
use crate::output::words;
use crate::transport::Interrupt;
use crate::webauthn::metadata::{self, BlobTrust, Kept, Metadata};
#[cfg(feature = "relying-party")]
use crate::webauthn::model_names::ModelNames;
use crate::webauthn::trust::{self, Roots, TrustSource};
use crate::webauthn::verify::Verdict;
use clap::Args;
use std::path::{Path, PathBuf};

/// Which attestations are believed.
#[derive(Debug, Args)]
pub struct TrustArgs {
    /// Trust the certificates in this PEM file for attestations (can be repeated).
    #[arg(long, value_name = "PEM")]
    pub roots: Vec<PathBuf>,
    /// Use the FIDO metadata in this file, as the metadata service hands it out, in place of what
    /// `fidokey metadata import` kept.
    #[arg(long, value_name = "FILE")]
    pub mds: Option<PathBuf>,
    /// Believe the signature of that file under the roots in this PEM file, in place of the FIDO
    /// service's root.
    #[arg(long, value_name = "PEM", requires = "mds")]
    pub mds_root: Option<PathBuf>,
    /// Reject an attestation that leads to no trusted root.
    #[arg(long)]
    pub require_trust: bool,
}

impl TrustArgs {
    /// The files that are read.
    pub(super) fn files(&self) -> impl Iterator<Item = (&str, &Path)> {
        let roots = self.roots.iter().map(|path| ("--roots", path.as_path()));
        let metadata = [("--mds", &self.mds), ("--mds-root", &self.mds_root)];
        roots.chain(given(metadata))
    }
}

/// Which attestations are believed, read from where the flags say.
pub(super) struct Trust {
    roots: Roots,
    metadata: Option<Kept>,
    required: bool,
    at: u64,
}

impl TrustArgs {
    /// Reads what the flags name.
    ///
    /// # Errors
    ///
    /// When a file cannot be read, has no certificates or is no metadata that can be believed.
    pub(super) fn read(&self, app: &mut App<'_>) -> Result<Trust, CliError> {
        let mut roots = Roots::default();
        for path in &self.roots {
            roots.extend(read_roots("--roots", path, &app.interrupt)?);
        }
        let at = app.now_in_seconds();
        let metadata = match &self.mds {
            None => app.kept_metadata(),
            Some(path) => {
                let name = words::path(path);
                let blob = read_blob(path, &app.interrupt)?;
                let kept = check(
                    &blob,
                    &name,
                    self.mds_root.as_deref(),
                    "--mds-root",
                    at,
                    &app.interrupt,
                )?;
                let summary = kept.summary();
                if summary.is_due(at) {
                    let root = if self.mds_root.is_some() { " --root PEM" } else { "" };
                    let hint = format!(
                        "`fidokey metadata import --allow-stale{root} FILE` keeps it all the same; \
                         then leave `--mds` out."
                    );
                    return Err(error_words::metadata_expired(summary.next_update, &name, &hint));
                }
                Some(kept)
            }
        };
        Ok(Trust { roots, metadata, required: self.require_trust, at })
    }
}

impl Trust {
    /// The same for the local relying party, with what models are called.
    #[cfg(feature = "relying-party")]
    pub(super) fn of_service(self, names: ModelNames) -> crate::relying_party::trust::Trust {
        let Self { roots, metadata, required, .. } = self;
        crate::relying_party::trust::Trust { roots, metadata, required, names }
    }

    /// Adds to a verdict on a registration whether its attestation can be believed. `info` is what
    /// the key says of itself, where it is at hand.
    pub(super) fn judge(&self, verdict: Verdict, info: Option<&Info>) -> Verdict {
        let source = TrustSource {
            roots: &self.roots,
            metadata: self.metadata.as_ref(),
            info,
            required: self.required,
            in_date: false,
            at: self.at,
        };
        trust::judge(verdict, &source)
    }
}

/// Reads roots from a PEM file.
fn read_roots(flag: &str, path: &Path, interrupt: &Interrupt) -> Result<Roots, CliError> {
    let name = words::path(path);
    let bytes = read_up_to(path, files::MAX_FILE, interrupt)
        .map_err(|cause| error_words::unreadable_input(&name, &cause))?;
    let text = String::from_utf8_lossy(&bytes);
    Roots::from_pem(&text).map_err(|error| error_words::roots(&error, flag, path))
}

/// Reads a file that may be metadata.
pub(super) fn read_blob(path: &Path, interrupt: &Interrupt) -> Result<Vec<u8>, CliError> {
    let longest = u64::try_from(metadata::blob::MAX_LENGTH).unwrap_or(u64::MAX);
    read_up_to(path, longest, interrupt)
        .map_err(|cause| error_words::unreadable_input(&words::path(path), &cause))
}

/// Checks metadata and puts it into the form in which it is searched.
pub(super) fn check(
    blob: &[u8],
    name: &str,
    root: Option<&Path>,
    root_flag: &str,
    at: u64,
    interrupt: &Interrupt,
) -> Result<Kept, CliError> {
    let trust = match root {
        Some(path) => BlobTrust::Roots(read_roots(root_flag, path, interrupt)?),
        None => BlobTrust::Service,
    };
    let metadata = Metadata::read(blob, &trust, at)
        .map_err(|error| error_words::metadata_blob(&error, name, root_flag))?;
    Kept::of(&metadata, at).map_err(|error| CliError::defect(&error))
}
