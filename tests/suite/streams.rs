//! Streams of a real process: a closed pipe is no failure, and a full disk is one.
#![cfg(target_os = "linux")]

use std::fs::OpenOptions;
use std::io::Read;
use std::process::{Command, Stdio};

fn fidokey(home: &std::path::Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fidokey"));
    command.env("XDG_DATA_HOME", home).env("HOME", home).stdin(Stdio::null());
    command
}

#[test]
fn a_full_disk_loses_the_answer_and_says_so() {
    let home = tempfile::tempdir().unwrap();
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = fidokey(home.path())
        .args(["info", "--device", "virtual", "--no-input"])
        .stdout(full)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("the answer could not be written"), "{stderr}");
}

#[test]
fn a_closed_pipe_is_quiet_success() {
    let home = tempfile::tempdir().unwrap();
    let mut child = fidokey(home.path())
        .args(["info", "--device", "virtual", "--no-input"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{stderr}");
    assert_eq!(stderr, "");
}

/// A directory of virtual keys that is none keeps nobody from a real key.
#[test]
fn virtual_keys_that_cannot_be_read_are_no_matter_to_real_ones() {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join("fidokey")).unwrap();
    std::fs::write(home.path().join("fidokey/virtual-keys"), "").unwrap();
    let run = |line: &str| {
        let output = fidokey(home.path()).args(line.split(' ')).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    for (line, code) in [
        ("list --no-input", 0),
        ("demo", 0),
        ("info --device /dev/hidraw199", 3),
        ("info --device virtual", 0),
        ("virtual list", 1),
    ] {
        let (ended, stderr) = run(line);
        assert_eq!(ended, Some(code), "{line}: {stderr}");
        assert!(!stderr.contains("container"), "{line}: {stderr}");
        let hinted = stderr.contains("`fidokey virtual list` says why");
        assert_eq!(hinted, line.starts_with("list"), "{line}: {stderr}");
    }
}

/// With JSON, the error's document is all that stands on stderr.
#[test]
fn an_answer_that_cannot_be_written_leaves_one_document() {
    let home = tempfile::tempdir().unwrap();
    for line in ["register --rp example.com --user alice", "info"] {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let line = format!("{line} --device virtual --json --no-input");
        let output = fidokey(home.path()).args(line.split(' ')).stdout(full).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{line}");
        let error: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
        assert_eq!(error["error"]["kind"], "output", "{line}");
    }
}

#[test]
fn help_that_cannot_be_written_is_no_success() {
    let home = tempfile::tempdir().unwrap();
    for (line, json) in [("--help", false), ("--version --json", true)] {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = fidokey(home.path()).args(line.split(' ')).stdout(full).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{line}");
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.contains("could not be written"), "{stderr}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&stderr).is_ok(), json, "{stderr}");
    }
}

/// Whoever closed stderr does not hear of an error, and sees it in the exit code.
#[test]
fn without_stderr_the_exit_code_is_left() {
    let home = tempfile::tempdir().unwrap();
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let status = fidokey(home.path())
        .args(["info", "--device", "virtual:nosuch", "--no-input"])
        .stdout(Stdio::null())
        .stderr(full)
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(3));
}
