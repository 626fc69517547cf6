//! Traces that cannot be written or read, in words.

use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::files::where_to_write;
use crate::output::text::escape;
use crate::output::words;
use crate::trace::{ReadError, TraceFileError};
use std::path::Path;

/// Explains why no trace can be written to `path`.
pub fn trace_file(error: &TraceFileError, path: &Path) -> CliError {
    let name = words::path(path);
    let failed = |exit, message| CliError::new(exit, "output_file", message);
    match error {
        TraceFileError::NotATrace => failed(
            Exit::Usage,
            format!(
                "{name} is there and is no trace. It was not overwritten, and nothing was sent."
            ),
        )
        .hint("Name another file with `--trace FILE`, or delete this one."),
        TraceFileError::InUse => failed(
            Exit::Failed,
            format!("Another run of fidokey writes its trace to {name}. Nothing was sent."),
        )
        .hint("Give each run a file of its own."),
        TraceFileError::Refused(error) => failed(
            Exit::Failed,
            format!("The trace cannot be written to {name}. Nothing was sent."),
        )
        .cause(escape(&error.to_string()))
        .hint(where_to_write(error)),
    }
}

/// Explains why `name`, as errors call it, cannot be read as a trace.
pub fn trace_read(error: &ReadError, name: &str) -> CliError {
    let failed = |message| CliError::new(Exit::Usage, "input_file", message);
    match error {
        ReadError::NotATrace => failed(format!("{name} is no trace."))
            .cause(error.to_string())
            .hint("Any command writes one with `--trace FILE`."),
        ReadError::Newer { .. } => failed(format!("{name} is the trace of a newer fidokey."))
            .cause(error.to_string())
            .hint("Read it with the version of fidokey that wrote it, or a newer one."),
        ReadError::Refused(error) => failed(format!("{name} cannot be read."))
            .cause(escape(&error.to_string()))
            .hint("Check the name of the file, and that you may read it."),
    }
}
