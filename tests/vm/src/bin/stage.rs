//! Plays one job inside the virtual machine, as its first process; or, on any machine, puts one key
//! behind a HID device, or plays jobs without a virtual machine. Called as `fidokey`, it has that keep a
//! trace. See `tests/vm/README.md`.

use anyhow::Error;
use fidokey_lab::{desk, stage};
use std::ffi::OsString;
use std::process::ExitCode;

fn main() -> ExitCode {
    if stage::is_first_process() {
        stage::play_job_and_end();
        return ExitCode::FAILURE;
    }
    if stage::is_called_as_fidokey() {
        eprintln!("stage: {:#}", stage::run_fidokey());
        return ExitCode::FAILURE;
    }
    let mut arguments = std::env::args_os().skip(1);
    match arguments.next().as_deref().and_then(|word| word.to_str()) {
        Some("key") => key(arguments),
        Some("play") => play(arguments),
        _ => {
            eprintln!("{}\n\n{}", stage::USAGE, desk::USAGE);
            ExitCode::from(2)
        }
    }
}

fn key(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    match stage::Options::parse(arguments) {
        Ok(options) => match stage::run_key(options) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => failed(&error),
        },
        Err(error) => misused(&error, stage::USAGE),
    }
}

fn play(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    match desk::Options::parse(arguments) {
        Ok(options) => match desk::run(&options) {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::FAILURE,
            Err(error) => failed(&error),
        },
        Err(error) => misused(&error, desk::USAGE),
    }
}

fn failed(error: &Error) -> ExitCode {
    eprintln!("stage: {error:#}");
    ExitCode::FAILURE
}

fn misused(error: &Error, usage: &str) -> ExitCode {
    eprintln!("stage: {error:#}\n{usage}");
    ExitCode::from(2)
}
