//! Has every `fidokey` of a play keep a trace, without a word about it in the job.
//!
//! A link of that name, which is found before the program itself, leads to the stage; called so, the
//! stage becomes the program, with `--trace` before its arguments. The process stays the same, so that
//! signals reach it.

use crate::layout;
use anyhow::{Context, Error, Result};
use std::env;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// In the environment of commands that do not run in the machine: the program, the folder of traces, and
/// the file with the line of the job.
const ELSEWHERE: [&str; 3] = ["FIDOKEY_LAB_PROGRAM", "FIDOKEY_LAB_TRACES", "FIDOKEY_LAB_LINE"];

/// Makes the link in the machine, and `traces` in each home, for commands that name their trace.
///
/// # Errors
///
/// When it cannot be made.
pub fn begin<'h>(homes: impl IntoIterator<Item = &'h Path>) -> Result<()> {
    let link = Path::new(layout::TRACED_FIDOKEY);
    fs::create_dir_all(link.parent().unwrap_or(link))?;
    symlink(layout::INIT, link)?;
    for home in homes {
        symlink(layout::TRACE_FOLDER, home.join(layout::TRACES))?;
    }
    Ok(())
}

/// What commands need whose `fidokey`, which is `program`, is to keep traces in a job's folder: a folder
/// with the link, to look for commands in first, and what is to be in the environment. The home is in
/// that folder.
///
/// # Errors
///
/// When they cannot be made.
pub fn begin_in(
    folder: &Path,
    home: &Path,
    program: &Path,
) -> Result<(PathBuf, impl Iterator<Item = (String, OsString)> + use<>)> {
    let (links, traces) = (folder.join("bin"), folder.join(layout::TRACES));
    for folder in [&links, &traces] {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    symlink(&traces, home.join(layout::TRACES))?;
    let name = Path::new(layout::TRACED_FIDOKEY).file_name().context("a link without a name")?;
    symlink(env::current_exe()?, links.join(name))?;
    let values = [program.to_owned(), traces, line_in(folder)].map(OsString::from);
    Ok((links, ELSEWHERE.map(str::to_owned).into_iter().zip(values)))
}

/// Where a job that is not played in the machine has its line noted.
fn line_in(folder: &Path) -> PathBuf {
    folder.join("line")
}

/// Notes which line of the job is being played. Traces have less telling names without that.
pub fn at_line(line: usize) {
    let _ = fs::write(layout::LINE, line.to_string());
}

/// The same for a job that is played in this folder.
pub fn at_line_in(folder: &Path, line: usize) {
    let _ = fs::write(line_in(folder), line.to_string());
}

/// Whether this process was started through the link.
pub fn is_called_as_fidokey() -> bool {
    let name = env::args_os().next().unwrap_or_default();
    Path::new(&name).file_name() == Path::new(layout::TRACED_FIDOKEY).file_name()
}

/// Becomes `fidokey`; returns only if that fails.
pub fn run_fidokey() -> Error {
    let machine = [layout::FIDOKEY, layout::TRACE_FOLDER, layout::LINE];
    let [program, traces, line] = match ELSEWHERE.map(env::var_os) {
        [Some(program), Some(traces), Some(line)] => [program, traces, line].map(PathBuf::from),
        _ => machine.map(PathBuf::from),
    };
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    let mut command = Command::new(program);
    command.arg0("fidokey");
    if wants_trace(&arguments) {
        let line = fs::read_to_string(line).unwrap_or_default();
        command.arg("--trace").arg(traces.join(named(&line, std::process::id())));
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

fn named(line: &str, process: u32) -> String {
    format!("line-{line:0>3}-{process}.jsonl")
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
    fn a_job_that_is_not_played_in_the_machine_has_its_own_link() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("home");
        fs::create_dir(&home).unwrap();
        let (links, environment) = begin_in(folder.path(), &home, Path::new("/x/fidokey")).unwrap();
        assert_eq!(fs::read_link(home.join("traces")).unwrap(), folder.path().join("traces"));
        assert_eq!(fs::read_link(links.join("fidokey")).unwrap(), env::current_exe().unwrap());
        let environment: Vec<_> = environment.collect();
        assert_eq!(environment[0], (ELSEWHERE[0].to_owned(), "/x/fidokey".into()));
        assert_eq!(environment[1].1, folder.path().join("traces").as_os_str());
        at_line_in(folder.path(), 7);
        assert_eq!(fs::read_to_string(&environment[2].1).unwrap(), "7");
    }

    #[test]
    fn a_trace_is_named_by_its_line() {
        assert_eq!(named("7", 123), "line-007-123.jsonl");
    }
}
