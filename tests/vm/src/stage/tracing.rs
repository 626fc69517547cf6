//! Has every `fidokey` of a play keep a trace, without a word about it in the job.
//!
//! A link of that name, which is found before the program itself, leads to the stage; called so, the
//! stage becomes the program, with `--trace` before its arguments. The process stays the same, so that
//! signals reach it.

use crate::layout;
use anyhow::{Error, Result};
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Makes the link.
///
/// # Errors
///
/// When it cannot be made.
pub fn begin() -> Result<()> {
    let link = Path::new(layout::TRACED_FIDOKEY);
    fs::create_dir_all(link.parent().unwrap_or(link))?;
    Ok(symlink(layout::INIT, link)?)
}

/// Notes which line of the job is being played. Traces have less telling names without that.
pub fn at_line(line: usize) {
    let _ = fs::write(layout::LINE, line.to_string());
}

/// Whether this process was started through the link.
pub fn is_called_as_fidokey() -> bool {
    let name = std::env::args_os().next().unwrap_or_default();
    Path::new(&name).file_name() == Path::new(layout::TRACED_FIDOKEY).file_name()
}

/// Becomes `fidokey`; returns only if that fails.
pub fn run_fidokey() -> Error {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let mut command = Command::new(layout::FIDOKEY);
    command.arg0("fidokey");
    if wants_trace(&arguments) {
        command.arg("--trace").arg(trace_file());
    }
    command.args(arguments).exec().into()
}

/// Whether a trace can be kept, and is not kept already.
fn wants_trace(arguments: &[OsString]) -> bool {
    // The command `trace` reads traces, and refuses to keep one.
    !arguments.iter().any(|word| {
        word == "trace" || word == "--trace" || word.as_encoded_bytes().starts_with(b"--trace=")
    })
}

fn trace_file() -> PathBuf {
    let line = fs::read_to_string(layout::LINE).unwrap_or_default();
    named(&line, std::process::id())
}

fn named(line: &str, process: u32) -> PathBuf {
    Path::new(layout::TRACE_FOLDER).join(format!("line-{line:0>3}-{process}.jsonl"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_kept_unless_there_is_one() {
        let wants =
            |line: &str| wants_trace(&line.split(' ').map(OsString::from).collect::<Vec<_>>());
        assert!(wants("list --json"));
        assert!(wants("--device x pin status"));
        for line in ["trace show x", "list --trace x", "--trace=x list"] {
            assert!(!wants(line), "{line}");
        }
    }

    #[test]
    fn a_trace_is_named_by_its_line() {
        assert_eq!(named("7", 123), Path::new("/lab/traces/line-007-123.jsonl"));
    }
}
