//! A desk with virtual keys on it, at which the command line runs in process.
//!
//! Keys stay plugged in between two runs. Time is one manual clock for the keys and the program:
//! a touch that never comes is over at once. Every message is recorded at the key.
#![allow(dead_code)]

mod faults;
pub mod get_info;
mod hands;
mod record;
mod reports;
mod terminal;

pub use faults::{MessageFault, Reaction};
pub use hands::{Deed, Hands};
pub use record::{Record, RecordingBus, request_name};
pub use terminal::Typed;

use crate::fake_machine::FakeMachine;
use faults::{FaultBus, Faults};
use fidokey::cli::exit::Exit;
use fidokey::cli::terminal::Terminal;
use fidokey::cli::world::{Setting, World};
use fidokey::ctap::{Random, RandomError};
use fidokey::host::{Host, Probe, User};
use fidokey::transport::{Bus, Clock, Interrupt, KeyDescription, KeyKind, KeyPath};
use fidokey::virtual_key::{
    KeySettings, LastingKeys, ManualClock, Nobody, Randomness, SeededRandomness, Surroundings,
    Touch, VirtualBus, VirtualKey,
};
use hands::HandsBus;
use reports::ReportSizeBus;
use std::collections::HashMap;
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};
use terminal::ScriptedTerminal;

/// The time of day in every test, in seconds since 1970: 2026-11-24T00:00:00Z.
pub const NOW: u64 = 1_795_478_400;

/// The time of day in every test.
pub fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(NOW)
}

/// A desk with keys on it.
pub struct Desk {
    /// The time of the keys and of the program.
    pub clock: Arc<ManualClock>,
    /// The keys.
    pub keys: Arc<VirtualBus>,
    /// What is broken between the program and the keys.
    pub faults: Faults,
    /// What a person plugs in and pulls out while the program waits.
    pub hands: Hands,
    /// What was said to the keys.
    pub record: Record,
    /// Set by a simulated Ctrl-C; a new one for each run.
    pub interrupt: Arc<Mutex<Interrupt>>,
    /// The machine that the keys are plugged into, as the operating system shows it.
    pub machine: FakeMachine,
    /// Device nodes that do not open, and the error number that says why.
    pub refused: Arc<Mutex<HashMap<PathBuf, i32>>>,
    randomness: Arc<SeededRandomness>,
    home: tempfile::TempDir,
    bus: Arc<dyn Bus>,
}

impl Desk {
    /// An empty desk.
    pub fn empty() -> Self {
        Self::with_report_size(64)
    }

    /// An empty desk for keys with reports of this size.
    pub fn with_report_size(size: usize) -> Self {
        Self::at(tempfile::tempdir().unwrap(), size)
    }

    /// The same desk after everything on it was switched off; virtual keys that last are still
    /// there.
    pub fn restarted(self) -> Self {
        let Self { home, .. } = self;
        Self::at(home, 64)
    }

    fn at(home: tempfile::TempDir, report_size: usize) -> Self {
        let clock = ManualClock::leaping();
        let randomness = SeededRandomness::new(7);
        let surroundings = Surroundings {
            clock: clock.clone(),
            randomness: randomness.clone(),
            touch_source: Arc::new(Nobody),
        };
        let lasting = LastingKeys::new(home.path().join("data/virtual-keys"));
        let keys = Arc::new(VirtualBus::new(Some(lasting), surroundings, Touch::Auto));
        let record = Record::default();
        let faults = Faults::default();
        let cut: Arc<dyn Bus> = match report_size {
            64 => keys.clone(),
            _ => Arc::new(ReportSizeBus::new(keys.clone(), report_size)),
        };
        let faulty = FaultBus::new(cut, faults.clone(), clock.clone());
        let hands = Hands::default();
        let handled = HandsBus::new(faulty, hands.clone(), keys.clone(), clock.clone());
        let bus = Arc::new(RecordingBus::new(handled, record.clone()));
        let interrupt = Arc::new(Mutex::new(Interrupt::new()));
        let machine = FakeMachine::new();
        let refused = Arc::default();
        Self {
            clock,
            keys,
            faults,
            hands,
            record,
            interrupt,
            machine,
            refused,
            randomness,
            home,
            bus,
        }
    }

    /// A desk with one key of the usual kind, at `/dev/hidraw0`.
    pub fn with_key() -> (Self, VirtualKey) {
        let desk = Self::empty();
        let key = desk.plug(0, KeySettings::default());
        (desk, key)
    }

    /// Plugs in a key that touches itself, at `/dev/hidraw{number}`.
    pub fn plug(&self, number: u8, settings: KeySettings) -> VirtualKey {
        self.plug_described(Self::description(number), settings, Touch::Auto)
    }

    /// Plugs in a key.
    pub fn plug_described(
        &self,
        description: KeyDescription,
        settings: KeySettings,
        touch: Touch,
    ) -> VirtualKey {
        let surroundings = Surroundings {
            clock: self.clock.clone(),
            randomness: self.randomness.clone(),
            touch_source: Arc::new(Nobody),
        };
        let key = VirtualKey::volatile(description, settings, touch, surroundings);
        self.keys.plug(&key).unwrap();
        key
    }

    /// Puts another bus in place of the desk's, without its faults and its record.
    pub fn on_bus(mut self, bus: impl Bus + 'static) -> Self {
        self.bus = Arc::new(bus);
        self
    }

    /// How the key at `/dev/hidraw{number}` describes itself.
    pub fn description(number: u8) -> KeyDescription {
        KeyDescription {
            path: KeyPath(format!("/dev/hidraw{number}")),
            kind: KeyKind::Hid,
            vendor_id: Some(0x1915),
            product_id: Some(0x521f),
            manufacturer: Some("Nordic Semiconductor ASA".into()),
            product: Some("OpenSK".into()),
            serial_number: Some(format!("v1.{number}")),
            port: Some(format!("1-{}", u32::from(number) + 1)),
        }
    }

    /// What the operating system says of keys to an ordinary user.
    fn host(&self) -> Host {
        let user = User { id: 1000, groups: vec![1000] };
        Host::new(self.machine.root(), user, Box::new(ScriptedProbe(self.refused.clone())))
    }

    /// Has the operating system refuse to open a device node such as `dev/hidraw0`.
    pub fn refuse(&self, node: &str, error: i32) {
        self.refused.lock().unwrap().insert(self.machine.path(node), error);
    }

    /// An act that has the operating system open such a node again.
    pub fn permits(&self, node: &str) -> impl FnOnce() + Send + use<> {
        let (refused, node) = (Arc::clone(&self.refused), self.machine.path(node));
        move || {
            refused.lock().unwrap().remove(&node);
        }
    }

    /// Where the program keeps this person's data.
    pub fn data_directory(&self) -> PathBuf {
        self.home.path().join("data")
    }

    /// A path in a directory that goes with the desk.
    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Writes a file and gives its path as a flag's value.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Runs a command line without a terminal; arguments are divided at spaces.
    pub fn run(&self, line: &str) -> Outcome {
        self.command(line).run()
    }

    /// Prepares a command line; arguments are divided at spaces.
    pub fn command(&self, line: &str) -> Prepared<'_> {
        Prepared {
            desk: self,
            arguments: line.split_whitespace().map(str::to_owned).collect(),
            stdin: Vec::new(),
            terminal: None,
            homeless: false,
        }
    }

    /// Makes getInfo offer PIN/UV auth protocol one alone: OpenSK offers two before one.
    pub fn offer_protocol_one_alone(&self) {
        self.faults.replies(with_protocol_one_alone);
    }

    /// Sets a PIN on the key that a run without `--device` uses.
    pub fn set_pin(&self, pin: &str) {
        let file = self.file("new-pin", pin);
        self.run(&format!("pin set --new-pin-file {file}")).succeeded();
    }
}

/// A reply as it would be if the key offered PIN/UV auth protocol one alone.
pub fn with_protocol_one_alone(request: &[u8], mut reply: Vec<u8>) -> Vec<u8> {
    if request == [0x04] {
        // Member 0x06: a list of the numbers 2 and 1.
        let at = reply.windows(4).position(|part| part == [0x06, 0x82, 2, 1]).unwrap();
        reply.splice(at..at + 4, [0x06, 0x81, 1]);
    }
    reply
}

/// Opens what is there, unless it is told otherwise.
struct ScriptedProbe(Arc<Mutex<HashMap<PathBuf, i32>>>);

impl Probe for ScriptedProbe {
    fn open(&self, node: &Path) -> io::Result<()> {
        node.metadata()?;
        match self.0.lock().unwrap().get(node) {
            Some(error) => Err(io::Error::from_raw_os_error(*error)),
            None => Ok(()),
        }
    }
}

/// A command line that is about to run.
pub struct Prepared<'d> {
    desk: &'d Desk,
    arguments: Vec<String>,
    stdin: Vec<u8>,
    terminal: Option<Vec<Typed>>,
    homeless: bool,
}

impl Prepared<'_> {
    /// Adds one argument as it is, spaces included.
    pub fn arg(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    /// Pipes something in.
    pub fn stdin(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.stdin = bytes.as_ref().to_vec();
        self
    }

    /// Puts a person at a terminal who answers prompts in this order.
    pub fn typing<const N: usize>(mut self, answers: [&str; N]) -> Self {
        self.terminal = Some(answers.iter().map(|line| Typed::Line((*line).to_owned())).collect());
        self
    }

    /// Puts a person at a terminal who answers prompts in this order, or breaks off.
    pub fn at_terminal(mut self, answers: impl IntoIterator<Item = Typed>) -> Self {
        self.terminal = Some(answers.into_iter().collect());
        self
    }

    /// Takes away the place for this person's data.
    pub fn homeless(mut self) -> Self {
        self.homeless = true;
        self
    }

    /// Runs it.
    pub fn run(self) -> Outcome {
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let mut stdin = self.stdin.as_slice();
        let interrupt = Interrupt::new();
        *self.desk.interrupt.lock().unwrap() = interrupt.clone();
        self.desk.hands.interrupt_with(interrupt.clone());
        let transcript = Arc::new(Mutex::new(Vec::new()));
        let is_terminal = self.terminal.is_some();
        let terminal = self.terminal.map(|answers| {
            let (transcript, interrupt) = (transcript.clone(), interrupt.clone());
            let clock = self.desk.clock.clone();
            Box::new(ScriptedTerminal::new(answers, transcript, interrupt, clock))
                as Box<dyn Terminal>
        });
        let mut random = TestRandom(self.desk.randomness.clone());
        let clock: Arc<dyn Clock> = self.desk.clock.clone();
        let world = World {
            stdout: &mut stdout,
            stderr: &mut stderr,
            stdin: &mut stdin,
            terminal,
            setting: Setting {
                stderr_is_terminal: is_terminal,
                stdout_is_terminal: is_terminal,
                no_color: true,
                data_directory: (!self.homeless).then(|| self.desk.data_directory()),
            },
            host: self.desk.host(),
            bus: self.desk.bus.clone(),
            clock,
            now: now(),
            random: &mut random,
            interrupt,
        };
        let mut arguments = vec![OsString::from("fidokey")];
        arguments.extend(self.arguments.iter().map(OsString::from));
        let exit = fidokey::cli::run(arguments, world);
        let home = self.desk.home.path().to_str().unwrap().to_owned();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().replace(&home, "HOME");
        let prompts = transcript.lock().unwrap().clone();
        Outcome {
            line: self.arguments.join(" ").replace(&home, "HOME"),
            stdout: text(stdout),
            stderr: text(stderr),
            prompts,
            exit,
        }
    }
}

/// What a run left behind. It prints as one text, for snapshots.
#[must_use]
pub struct Outcome {
    line: String,
    /// The answer.
    pub stdout: String,
    /// Everything else.
    pub stderr: String,
    /// What was asked on the terminal, and what was typed (secrets as stars).
    pub prompts: Vec<String>,
    /// How it ended.
    pub exit: Exit,
}

impl Outcome {
    /// The answer as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}\n{self}"))
    }

    /// The error as JSON.
    pub fn error_json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stderr).unwrap_or_else(|error| panic!("{error}\n{self}"))
    }

    /// Fails the test unless the run ended well.
    pub fn succeeded(&self) -> &Self {
        assert_eq!(self.exit, Exit::Done, "{self}");
        self
    }

    /// Fails the test unless the run ended this way.
    pub fn ended(&self, exit: Exit) -> &Self {
        assert_eq!(self.exit, exit, "{self}");
        self
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "$ fidokey {}", self.line)?;
        formatter.write_str(&self.stdout)?;
        if !self.prompts.is_empty() {
            writeln!(formatter, "--- terminal")?;
            for prompt in &self.prompts {
                writeln!(formatter, "{prompt}")?;
            }
        }
        if !self.stderr.is_empty() {
            writeln!(formatter, "--- stderr")?;
            let shown = self.stderr.replace("\r\x1b[K", "⏎\n");
            let shown = shown.replace("\x1b[?7l", "").replace("\x1b[?7h", "");
            formatter.write_str(&shown)?;
            if !shown.ends_with('\n') {
                writeln!(formatter)?;
            }
        }
        writeln!(formatter, "--- exit {}", self.exit.code())
    }
}

/// The program's randomness: the same in every run of the tests.
struct TestRandom(Arc<SeededRandomness>);

impl Random for TestRandom {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RandomError> {
        self.0.fill(bytes).map_err(|error| RandomError(error.to_string()))
    }
}
