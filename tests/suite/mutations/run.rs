//! A run of the whole program beside a key that is recorded or replayed.

use crate::harness::{Ran, SeededRandom, Surrounded};
use fidokey::transport::{Bus, Clock, Interrupt, KeyDescription, KeyKind, KeyPath};
use fidokey::virtual_key::SeededRandomness;
use std::sync::Arc;

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

pub(super) fn run(line: &str, bus: Arc<dyn Bus>, clock: Arc<dyn Clock>) -> Ran {
    let surrounded = Surrounded {
        stdin: &mut std::io::empty(),
        stdin_is_terminal: false,
        terminal: None,
        columns: None,
        data_directory: None,
        host: fidokey::host::Host::this_machine(),
        bus,
        clock,
        random: &mut SeededRandom(SeededRandomness::new(5)),
        interrupt: Interrupt::new(),
    };
    surrounded.run(line.split_whitespace(), false)
}
