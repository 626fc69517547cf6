//! A key from before CTAP2: what the firmware can do beyond U2F is hidden from the host.
//!
//! CTAPHID as in U2F HID: INIT without the capability CBOR (CTAP 2.2, 11.2.9.1.3), and CBOR is no
//! command.

use firmware_contract::Report;

/// What it is asked for by.
pub const U2F_ONLY: &str = "--u2f-only";

const INIT: u8 = 0x86;
const CBOR: u8 = 0x90;
const ERROR: u8 = 0xbf;
const INVALID_COMMAND: u8 = 0x01;

/// Where the command stands in a report.
const COMMAND: usize = 4;
/// Where the capabilities stand in an answer to INIT.
const CAPABILITIES: usize = 23;
const CAPABILITY_CBOR: u8 = 0x04;

/// What becomes of a report.
pub enum Taken {
    /// The firmware gets it.
    Passed,
    /// The host gets this answer.
    Refused(Report),
    /// It belongs to a refused message.
    Ignored,
}

/// The guise of such a key.
#[derive(Default)]
pub struct U2fOnly {
    /// The channel whose message was refused last, while more of it may come.
    refused: Option<[u8; 4]>,
}

impl U2fOnly {
    /// Looks at a report from the host.
    pub fn take(&mut self, report: &Report) -> Taken {
        let [a, b, c, d, kind, ..] = *report;
        let channel = [a, b, c, d];
        if kind & 0x80 == 0 && self.refused == Some(channel) {
            return Taken::Ignored;
        }
        self.refused = None;
        if kind != CBOR {
            return Taken::Passed;
        }
        self.refused = Some(channel);
        let mut answer = [0; firmware_contract::REPORT];
        answer[..COMMAND].copy_from_slice(&channel);
        answer[COMMAND..COMMAND + 4].copy_from_slice(&[ERROR, 0, 1, INVALID_COMMAND]);
        Taken::Refused(answer)
    }
}

/// Takes what such a key cannot do out of an answer.
pub fn hide(answer: &mut Report) {
    if answer[COMMAND] == INIT {
        answer[CAPABILITIES] &= !CAPABILITY_CBOR;
    }
}
