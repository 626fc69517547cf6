//! Everything that the command line takes from the process it runs in, as arguments.
//!
//! Tests build a world of their own and run the same code in process.

use super::terminal::Terminal;
use crate::ctap::Random;
use crate::host::Host;
use crate::transport::{Bus, Clock, Interrupt};
use crate::virtual_key::LastingKeys;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

/// The world outside the program.
pub struct World<'w> {
    /// Where the answer goes.
    pub stdout: &'w mut dyn Write,
    /// Where everything else goes.
    pub stderr: &'w mut dyn Write,
    /// What was piped in. Unbuffered, so that a PIN read from it leaves no copy behind.
    pub stdin: &'w mut dyn Read,
    /// The person's terminal, if there is one. Prompts go there even when the streams are pipes.
    pub terminal: Option<Box<dyn Terminal + 'w>>,
    /// What is known about the streams and the environment.
    pub setting: Setting,
    /// What the operating system says of keys.
    pub host: Host,
    /// Where keys are found.
    pub bus: Arc<dyn Bus>,
    /// Monotonic time.
    pub clock: Arc<dyn Clock>,
    /// The time of day.
    pub now: SystemTime,
    /// Unpredictable bytes.
    pub random: &'w mut dyn Random,
    /// Set by Ctrl-C.
    pub interrupt: Interrupt,
}

/// What is known about the streams and the environment, as plain values.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Whether stdin is a terminal, which shows what is typed.
    pub stdin_is_terminal: bool,
    /// Whether stderr is a terminal, so that a line on it can be rewritten.
    pub stderr_is_terminal: bool,
    /// How many columns that terminal has, where it says so.
    pub stderr_columns: Option<usize>,
    /// Whether the environment asks for no colour (`NO_COLOR`, or `TERM=dumb`).
    pub no_color: bool,
    /// Where this user's data is kept; virtual keys live below it.
    pub data_directory: Option<PathBuf>,
}

impl Setting {
    /// The virtual keys that last, where this user has a place for them.
    pub(super) fn lasting_keys(&self) -> Option<LastingKeys> {
        Some(LastingKeys::new(self.data_directory.as_deref()?.join("virtual-keys")))
    }
}
