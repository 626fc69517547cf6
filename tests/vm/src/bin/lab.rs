//! Runs jobs in virtual machines; see `tests/vm/README.md`.

use std::process::ExitCode;

use fidokey_lab::job::Job;

fn main() -> ExitCode {
    for path in std::env::args().skip(1) {
        let read = std::fs::read_to_string(&path).map_err(|error| error.to_string());
        match read.and_then(|text| Job::parse(&text).map_err(|error| error.to_string())) {
            Ok(job) => println!("{path}: {} steps", job.steps.len()),
            Err(error) => {
                eprintln!("{path}: {error}");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}
