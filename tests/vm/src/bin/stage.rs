//! Plays one job inside the virtual machine; see `tests/vm/README.md`.

use std::process::ExitCode;

use fidokey_lab::job::Job;

fn main() -> ExitCode {
    let Some(path) = std::env::args().nth(1) else {
        eprintln!("stage: which job?");
        return ExitCode::FAILURE;
    };
    let read = std::fs::read_to_string(&path).map_err(|error| error.to_string());
    match read.and_then(|text| Job::parse(&text).map_err(|error| error.to_string())) {
        Ok(job) => {
            println!("stage: hello; {} steps to play", job.steps.len());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("stage: {path}: {error}");
            ExitCode::FAILURE
        }
    }
}
