//! Why the local relying party does not begin, in words.

use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::output::text::escape;
use crate::output::words;
use crate::relying_party::service::BindError;
use std::io::ErrorKind;
use std::path::Path;

/// Explains that an address cannot be listened at.
pub fn bind(error: &BindError) -> CliError {
    let address = error.address;
    let message = format!("The service cannot listen at {address}.");
    let explained = CliError::new(Exit::Failed, "bind", message).cause(error.source.to_string());
    match error.source.kind() {
        ErrorKind::AddrInUse => explained.hint(
            "Another program listens there. Choose another port with `--port`; `--port 0` takes a \
             free one.",
        ),
        ErrorKind::PermissionDenied => {
            explained.hint("Ports below 1024 are for the administrator. Choose another `--port`.")
        }
        _ => explained.hint("See that `--bind` names an address of this computer."),
    }
}

/// Explains that an origin will not do.
pub fn service_origin(reason: &str) -> CliError {
    CliError::usage("`--origin` cannot be the origin of a relying party. Nothing was begun.")
        .cause(escape(reason))
        .hint("Write it as `https://host`, or `http://localhost:PORT` on this computer.")
}

/// Explains that a state file cannot be used.
pub fn state_file(path: &Path, reason: &str) -> CliError {
    let message =
        format!("{} cannot be used as the state file; it was left as it is.", words::path(path));
    CliError::new(Exit::Failed, "state_file", message)
        .cause(escape(reason))
        .hint("Name another file with `--state`; one that is not there is made.")
}
