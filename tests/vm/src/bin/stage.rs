//! Plays one job inside the virtual machine, as its first process; or, on any machine, puts one key
//! behind a HID device. See `tests/vm/README.md`.

use fidokey_lab::stage;
use std::process::ExitCode;

fn main() -> ExitCode {
    if stage::is_first_process() {
        stage::play_job_and_end();
        return ExitCode::FAILURE;
    }
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_none_or(|word| word != "key") {
        eprintln!("{}", stage::USAGE);
        return ExitCode::from(2);
    }
    match stage::Options::parse(arguments) {
        Ok(options) => match stage::run_key(options) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("stage: {error:#}");
                ExitCode::FAILURE
            }
        },
        Err(error) => {
            eprintln!("stage: {error:#}\n{}", stage::USAGE);
            ExitCode::from(2)
        }
    }
}
