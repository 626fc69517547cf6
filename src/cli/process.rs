//! The real world: this process, its streams, its terminal, its keys.

#![allow(clippy::disallowed_methods, reason = "what the others are given is read here")]

use super::buses::Buses;
use super::error::CliError;
use super::exit::Exit;
use super::inlet::Inlet;
use super::terminal::Terminal;
use super::unread;
use super::world::{Setting, World};
use crate::ctap::{Random, RandomError};
use crate::host::Host;
use crate::transport::{Bus, Clock, HidBus, Interrupt};
use crate::virtual_key::{MonotonicClock, Surroundings, Touch, VirtualBus};
use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::SystemTime;

/// Runs the program in this process.
///
/// A panic is a defect: it is said in words, without the panic's own text, which may hold anything,
/// and gets its own exit code.
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let json = unread::asks_for_json(&arguments);
    std::panic::set_hook(Box::new(move |panic| {
        let place = panic.location().map(ToString::to_string);
        // Nothing better can be done when even this cannot be said.
        let _ = io::stderr().write_all(unread::alone(&defect_at(place), json).as_bytes());
    }));
    let exit = std::panic::catch_unwind(|| run_process(arguments));
    ExitCode::from(exit.unwrap_or(Exit::Defect).code())
}

/// What is said of a panic at a place in the source.
fn defect_at(place: Option<String>) -> CliError {
    let place = place.map(|place| format!(" at {place}")).unwrap_or_default();
    let message = format!("fidokey has a defect and cannot go on{place}.");
    CliError::new(Exit::Defect, "defect", message).hint("Please report it, with what you did.")
}

fn run_process(arguments: Vec<OsString>) -> Exit {
    forbid_core_dumps();
    let interrupt = interrupt_on_signals();
    let mut stdout = io::stdout();
    let mut stderr = io::stderr();
    let mut stdin = stdin(&interrupt);
    let mut random = SystemRandom;
    let setting = Setting {
        stdin_is_terminal: io::stdin().is_terminal(),
        stderr_is_terminal: stderr.is_terminal(),
        stderr_columns: super::terminal::columns(&stderr),
        no_color: std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_some_and(|value| value == "dumb"),
        data_directory: data_directory(),
    };
    let clock: Arc<dyn Clock> = Arc::new(MonotonicClock::start());
    let virtual_keys =
        VirtualBus::new(setting.lasting_keys(), surroundings(&arguments), Touch::Auto);
    let bus: Arc<dyn Bus> = Arc::new(Buses::new(HidBus::new(), virtual_keys));
    let world = World {
        stdout: &mut stdout,
        stderr: &mut stderr,
        stdin: &mut stdin,
        terminal: terminal(&interrupt),
        setting,
        host: Host::this_machine(),
        bus,
        clock,
        now: SystemTime::now(),
        random: &mut random,
        interrupt,
    };
    super::run(arguments, world)
}

#[cfg(unix)]
fn terminal(interrupt: &Interrupt) -> Option<Box<dyn Terminal>> {
    let terminal = super::terminal::UnixTerminal::open(interrupt.clone())?;
    Some(Box::new(terminal))
}

#[cfg(not(unix))]
fn terminal(_: &Interrupt) -> Option<Box<dyn Terminal>> {
    None
}

/// Ctrl-C and other requests to end set a flag; the thread that waits for a key tells the key, and a
/// prompt gives echo back to the terminal. A second one ends the process at once.
#[cfg(unix)]
fn interrupt_on_signals() -> Interrupt {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
    use signal_hook::flag;
    let requested = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP, SIGQUIT] {
        // The order matters: the first signal finds the flag unset and only then sets it.
        let armed = flag::register_conditional_shutdown(signal, 130, Arc::clone(&requested));
        if armed.is_ok() {
            // Without this the signal keeps its usual effect, which ends the process.
            let _ = flag::register(signal, Arc::clone(&requested));
        }
    }
    Interrupt::from_flag(requested)
}

#[cfg(not(unix))]
fn interrupt_on_signals() -> Interrupt {
    Interrupt::from_flag(Arc::new(AtomicBool::new(false)))
}

/// What virtual keys live in. Nobody presses Enter for them when nothing may be asked.
#[cfg(unix)]
fn surroundings(arguments: &[OsString]) -> Surroundings {
    let mut surroundings = Surroundings::real();
    if !arguments.iter().any(|argument| argument == "--no-input") {
        surroundings.touch_source = Arc::new(super::terminal::EnterKey::default());
    }
    surroundings
}

#[cfg(not(unix))]
fn surroundings(_: &[OsString]) -> Surroundings {
    Surroundings::real()
}

/// A core dump would hold whatever secret is in memory.
///
/// Where Linux hands dumps to a program, as most distributions have it, a limit of 0 is overlooked: it
/// is 1 that stops it, and no file is so short either (core(5), "Piping core dumps to a program"). Not
/// being dumpable stops both where the limit cannot be raised to 1. It is no more than that resort,
/// since it also hides which key this process has open from others of this user, `doctor` among them.
#[cfg(target_os = "linux")]
fn forbid_core_dumps() {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    if !limit_core_dumps(1) {
        limit_core_dumps(0);
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

#[cfg(all(unix, not(target_os = "linux")))]
fn forbid_core_dumps() {
    limit_core_dumps(0);
}

/// Limits the size of core dumps to so many bytes, if that is permitted: lowering it always is.
#[cfg(unix)]
fn limit_core_dumps(bytes: u64) -> bool {
    use rustix::process::{Resource, Rlimit, setrlimit};
    setrlimit(Resource::Core, Rlimit { current: Some(bytes), maximum: Some(bytes) }).is_ok()
}

#[cfg(not(unix))]
fn forbid_core_dumps() {}

fn data_directory() -> Option<std::path::PathBuf> {
    let directories = directories::ProjectDirs::from("", "", "fidokey")?;
    Some(directories.data_dir().to_owned())
}

/// The operating system's randomness.
struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RandomError> {
        getrandom::fill(bytes).map_err(|error| RandomError(error.to_string()))
    }
}

/// Standard input without a buffer, so that a PIN read from it leaves no copy behind.
#[cfg(unix)]
fn stdin(interrupt: &Interrupt) -> Inlet<rustix::fd::BorrowedFd<'static>> {
    Inlet::new(rustix::stdio::stdin(), interrupt)
}

#[cfg(not(unix))]
fn stdin(interrupt: &Interrupt) -> Inlet<io::Stdin> {
    Inlet::new(io::stdin(), interrupt)
}
