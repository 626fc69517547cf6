//! A run of the whole program beside a key that is recorded or replayed.

use fidokey::cli::exit::Exit;
use fidokey::cli::world::{Setting, World};
use fidokey::ctap::{Random, RandomError};
use fidokey::transport::{Bus, Clock, Interrupt, KeyDescription, KeyKind, KeyPath};
use fidokey::virtual_key::{Randomness, SeededRandomness};
use std::ffi::OsString;
use std::sync::Arc;
use std::time::SystemTime;

const PATH: &str = "/dev/hidraw0";
pub(super) const REPORT: usize = 64;

/// What a key said after each message of the program.
#[derive(Clone, Default)]
pub(super) struct Conversation {
    pub(super) turns: Vec<Vec<Vec<u8>>>,
}

/// A command line and the conversation that it had.
pub(super) struct Job {
    pub(super) line: String,
    pub(super) conversation: Conversation,
}

pub(super) fn description() -> KeyDescription {
    KeyDescription {
        path: KeyPath(PATH.into()),
        kind: KeyKind::Hid,
        vendor_id: Some(1),
        product_id: Some(2),
        manufacturer: None,
        product: Some("Recorded".into()),
        serial_number: Some("R1".into()),
        port: Some("1-1".into()),
    }
}

/// The program's randomness, the same in recording and replay.
struct ProgramRandom(Arc<SeededRandomness>);

impl Random for ProgramRandom {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RandomError> {
        self.0.fill(bytes).map_err(|error| RandomError(error.to_string()))
    }
}

pub(super) struct Ran {
    pub(super) exit: Exit,
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: Vec<u8>,
}

pub(super) fn run(line: &str, bus: Arc<dyn Bus>, clock: Arc<dyn Clock>) -> Ran {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let mut stdin: &[u8] = b"";
    let mut random = ProgramRandom(SeededRandomness::new(5));
    let world = World {
        stdout: &mut stdout,
        stderr: &mut stderr,
        stdin: &mut stdin,
        terminal: None,
        setting: Setting {
            stderr_is_terminal: false,
            stdout_is_terminal: false,
            no_color: true,
            data_directory: None,
        },
        host: fidokey::host::Host::this_machine(),
        bus,
        clock,
        now: SystemTime::UNIX_EPOCH,
        random: &mut random,
        interrupt: Interrupt::new(),
    };
    let arguments = ["fidokey"].into_iter().chain(line.split_whitespace()).map(OsString::from);
    let exit = fidokey::cli::run(arguments, world);
    Ran { exit, stdout, stderr }
}
