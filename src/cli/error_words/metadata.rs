//! Metadata and roots that cannot be used, in words.

use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::kept_metadata::Unusable;
use crate::output::text::escape;
use crate::output::words;
use crate::webauthn::metadata::{BlobError, Date, KeptError};
use crate::webauthn::trust::RootsError;
use std::path::Path;

/// Where the metadata is to be had.
const DOWNLOAD: &str =
    "Download it from https://mds3.fidoalliance.org and give the file unchanged.";

/// Explains why a file is not believed as metadata; `name` is what errors call it, and `root_flag` the
/// flag that names other roots.
pub fn metadata_blob(error: &BlobError, name: &str, root_flag: &str) -> CliError {
    let malformed = || {
        let message = format!("{name} is no FIDO metadata. Nothing was changed.");
        CliError::new(Exit::Usage, "metadata_malformed", message).cause(escape(&error.to_string()))
    };
    let untrusted = || {
        let message = format!("{name} cannot be believed. Nothing was changed.");
        CliError::new(Exit::Failed, "metadata_untrusted", message).cause(escape(&error.to_string()))
    };
    match error {
        BlobError::NotSigned
        | BlobError::NotAToken
        | BlobError::Header(_)
        | BlobError::NoChain
        | BlobError::Payload(_) => malformed().hint(DOWNLOAD),
        BlobError::Unsigned
        | BlobError::Algorithm(_)
        | BlobError::Elsewhere
        | BlobError::Signature => untrusted().hint(DOWNLOAD),
        BlobError::Chain(_) | BlobError::OtherHost { .. } => {
            untrusted().hint(DOWNLOAD).hint(format!(
                "`{root_flag} PEM` believes a signer of your own, such as that of a test service."
            ))
        }
        BlobError::RootExpired { .. } => {
            untrusted().hint("Look for a newer version of fidokey, which may know the next root.")
        }
    }
}

/// Explains that a newer release was due.
pub fn metadata_expired(next_update: Date, name: &str, hint: &str) -> CliError {
    CliError::new(
        Exit::Failed,
        "metadata_expired",
        format!(
            "{name} has expired: a newer release was due on {next_update}. Nothing was changed."
        ),
    )
    .hint("Download the newest from https://mds3.fidoalliance.org.")
    .hint(hint)
}

/// Explains that newer metadata is kept already.
pub fn metadata_older(number: u64, kept: u64, name: &str) -> CliError {
    CliError::new(
        Exit::Failed,
        "metadata_older",
        format!(
            "{name} is number {number}, older than number {kept}, which is kept. Nothing was \
             changed."
        ),
    )
    .hint("Download the newest from https://mds3.fidoalliance.org.")
    .hint("`--allow-older` keeps the older one in its place.")
}

/// Explains why what is kept cannot be used.
pub(in crate::cli) fn kept_metadata(unusable: &Unusable, path: &Path) -> CliError {
    let cause = match unusable {
        Unusable::Unreadable(error) => error.to_string(),
        Unusable::Damaged(error) => error.to_string(),
    };
    CliError::new(
        Exit::Failed,
        "metadata_damaged",
        format!("The FIDO metadata that is kept in {} cannot be used.", words::path(path)),
    )
    .cause(escape(&cause))
    .hint("`fidokey metadata import FILE` puts the metadata in that file in its place.")
}

/// Explains that there is no metadata.
pub fn no_metadata() -> CliError {
    CliError::new(Exit::NoMatch, "no_metadata", "No FIDO metadata has been imported.").hint(
        "Download https://mds3.fidoalliance.org to a file, then `fidokey metadata import FILE`.",
    )
}

/// Explains that no model in the metadata fits.
pub fn no_such_model(wanted: &str, number: u64) -> CliError {
    CliError::new(
        Exit::NoMatch,
        "no_match",
        format!("The FIDO metadata, number {number}, has no model that fits {wanted}."),
    )
    .hint("Give an AAGUID, a part of a name, or `--status` with a status such as REVOKED.")
}

/// Explains that there is no place to keep metadata.
pub fn no_place_for_metadata() -> CliError {
    CliError::new(
        Exit::Failed,
        "no_data_directory",
        "There is no place for the metadata: this user has no home directory. Nothing was changed.",
    )
    .hint("Set HOME or XDG_DATA_HOME.")
}

/// Explains why a file gives no roots.
pub fn roots(error: &RootsError, flag: &str, path: &Path) -> CliError {
    let name = words::path(path);
    CliError::usage(format!(
        "`{flag}` needs certificates, and {name} has none that can be used. Nothing was changed."
    ))
    .cause(error.to_string())
    .hint("`openssl x509 -inform der -in FILE -out PEM` makes such a file from one in DER.")
}

/// Explains why metadata cannot be kept that was read.
pub fn metadata_too_long(error: &KeptError) -> CliError {
    let message = "The metadata cannot be kept. Nothing was changed.";
    CliError::new(Exit::Usage, "metadata", message).cause(error.to_string()).hint(DOWNLOAD)
}

/// Explains why an input file cannot be read; `name` is what errors call it.
pub fn unreadable_input(name: &str, cause: &str) -> CliError {
    CliError::new(Exit::Usage, "input_file", format!("{name} cannot be read. Nothing was changed."))
        .cause(escape(cause))
        .hint("Check the name of the file, and that you may read it.")
}
