//! The program's world, as every run of the suite in process has it.

use super::now;
use fidokey::cli::exit::Exit;
use fidokey::cli::terminal::Terminal;
use fidokey::cli::world::{Setting, World};
use fidokey::ctap::{Random, RandomError};
use fidokey::host::Host;
use fidokey::transport::{Bus, Clock, Interrupt};
use fidokey::virtual_key::{Randomness, SeededRandomness};
use std::ffi::OsString;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

/// What differs from run to run. Nothing is piped in, nobody is at a terminal, and this person has no
/// place for data, unless that is said.
pub struct Surrounded<'w> {
    pub stdin: &'w mut dyn Read,
    pub stdin_is_terminal: bool,
    pub terminal: Option<Box<dyn Terminal + 'w>>,
    pub columns: Option<usize>,
    pub data_directory: Option<PathBuf>,
    pub host: Host,
    pub bus: Arc<dyn Bus>,
    pub clock: Arc<dyn Clock>,
    pub random: &'w mut dyn Random,
    pub interrupt: Interrupt,
}

/// What a run said, and how it ended.
pub struct Ran {
    pub exit: Exit,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

impl Surrounded<'_> {
    /// Runs the program with these arguments. Its stderr is a terminal if it is said to be.
    pub fn run<A: Into<OsString>>(
        self,
        arguments: impl IntoIterator<Item = A>,
        is_terminal: bool,
    ) -> Ran {
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let world = World {
            stdout: &mut stdout,
            stderr: &mut stderr,
            stdin: self.stdin,
            terminal: self.terminal,
            setting: Setting {
                stdin_is_terminal: self.stdin_is_terminal,
                stderr_is_terminal: is_terminal,
                stderr_columns: self.columns,
                no_color: true,
                data_directory: self.data_directory,
            },
            host: self.host,
            bus: self.bus,
            clock: self.clock,
            now: now(),
            random: self.random,
            interrupt: self.interrupt,
        };
        let program = std::iter::once(OsString::from("fidokey"));
        let exit = fidokey::cli::run(program.chain(arguments.into_iter().map(Into::into)), world);
        Ran { exit, stdout, stderr }
    }
}

/// The program's randomness: the same in every run of the tests.
pub struct SeededRandom(pub Arc<SeededRandomness>);

impl Random for SeededRandom {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RandomError> {
        self.0.fill(bytes).map_err(|error| RandomError(error.to_string()))
    }
}
