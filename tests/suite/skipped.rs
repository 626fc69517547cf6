//! Tests that need a part of the machine which may be missing.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

/// Whether a missing part is a failure, as it is in continuous integration.
pub fn nothing_may_be_missing() -> bool {
    std::env::var("CI").is_ok_and(|value| !value.is_empty() && value != "false")
}

/// Says loudly that `test` is skipped for want of `part`, or fails where nothing may be missing.
///
/// The test harness counts the test as passed. So the line goes past the harness's capture, and
/// into a file that `tests/run` counts at its end.
pub fn skip(test: &str, part: &str) {
    assert!(!nothing_may_be_missing(), "{test} cannot run: {part}");
    let line = format!("SKIPPED {test}: {part}");
    // `eprintln!` would be captured; a write to stderr is not.
    writeln!(std::io::stderr(), "\n{line}").ok();
    let list = Path::new(env!("CARGO_TARGET_TMPDIR")).join("skipped");
    if let Ok(mut list) = OpenOptions::new().create(true).append(true).open(list) {
        writeln!(list, "{line}").ok();
    }
}
