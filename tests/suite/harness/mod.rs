//! A desk with virtual keys on it, at which the command line runs in process.
//!
//! Keys stay plugged in between two runs. Time is one manual clock for the keys and the program:
//! a touch that never comes is over at once. Every message is recorded at the key.
#![allow(dead_code)]

mod assembly;
mod fault_bus;
mod faults;
pub mod get_info;
mod hands;
mod outcome;
mod prepared;
mod processor;
mod record;
mod replies;
mod reports;
mod stocked;
mod terminal;
mod world;

pub use assembly::{Assembly, Message};
pub use faults::{MessageFault, Reaction};
pub use hands::{Deed, Hands};
pub use outcome::Outcome;
pub use prepared::Prepared;
pub use processor::time_on_processor;
pub use record::{Record, RecordingBus, request_name};
pub use replies::{edit, edited, member, members, reply_of};
pub use stocked::{Stocked, manages};
pub use terminal::Typed;
pub use world::{Ran, SeededRandom, Surrounded};

use crate::fake_machine::FakeMachine;
use fault_bus::FaultBus;
use faults::Faults;
use fidokey::host::{Host, Probe, User};
use fidokey::transport::{Bus, Interrupt, KeyDescription, KeyKind, KeyPath};
use fidokey::virtual_key::{
    KeySettings, LastingKeys, ManualClock, Nobody, SeededRandomness, Surroundings, Touch,
    VirtualBus, VirtualKey,
};
use hands::HandsBus;
use reports::ReportSizeBus;
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

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

    /// A desk with one key of the usual kind whose PIN is 1234, and the flag that gives it.
    pub fn with_pin() -> (Self, String) {
        let (desk, _) = Self::with_key();
        desk.set_pin("1234");
        let flag = format!("--pin-file {}", desk.file("pin", "1234"));
        desk.record.take();
        (desk, flag)
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
            stdin_is_terminal: false,
            terminal: None,
            homeless: false,
            columns: None,
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
