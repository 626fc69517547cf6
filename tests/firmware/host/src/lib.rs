//! The other end of a firmware process, for tests: a host of the simplest kind, and the person.
//!
//! It panics where the firmware does not behave.

#![forbid(unsafe_code)]

mod process;
pub mod smoke;

pub use process::Firmware;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Longer than anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The channel on which channels are asked for.
pub const BROADCAST: Channel = [0xff; 4];

/// Commands and status bytes of CTAPHID and CTAP2, by their numbers in the specification.
pub mod number {
    #![allow(missing_docs)]

    pub const PING: u8 = 0x01;
    pub const INIT: u8 = 0x06;
    pub const CBOR: u8 = 0x10;
    pub const CANCEL: u8 = 0x11;
    pub const KEEPALIVE: u8 = 0x3b;
    pub const ERROR: u8 = 0x3f;

    pub const CHANNEL_BUSY: u8 = 0x06;
    pub const KEEPALIVE_CANCEL: u8 = 0x2d;

    pub const MAKE_CREDENTIAL: u8 = 0x01;
    pub const GET_INFO: u8 = 0x04;
    pub const CLIENT_PIN: u8 = 0x06;
    pub const SELECTION: u8 = 0x0b;
}

/// A CTAPHID channel.
pub type Channel = [u8; 4];

/// A message on a channel.
#[derive(Debug, PartialEq, Eq)]
pub struct Message {
    /// The channel.
    pub channel: Channel,
    /// The command, without its upper bit.
    pub command: u8,
    /// What it carries.
    pub payload: Vec<u8>,
}

/// A host with a key plugged in.
pub struct Host {
    firmware: Firmware,
    /// Reports that were read while something else was waited for.
    kept: VecDeque<[u8; 64]>,
}

impl Host {
    /// Uses a key.
    pub fn new(firmware: Firmware) -> Self {
        Self { firmware, kept: VecDeque::new() }
    }

    /// The key's process.
    pub fn firmware(&mut self) -> &mut Firmware {
        &mut self.firmware
    }

    /// Leaves the key alone.
    pub fn into_firmware(self) -> Firmware {
        self.firmware
    }

    /// Gets a channel.
    pub fn channel(&mut self) -> Channel {
        let nonce = *b"a nonce!";
        self.send(BROADCAST, number::INIT, &nonce);
        let answer = self.receive(BROADCAST);
        assert_eq!(answer.command, number::INIT);
        assert_eq!(answer.payload[..8], nonce);
        answer.payload[8..12].try_into().expect("four bytes")
    }

    /// Sends a message.
    pub fn send(&mut self, channel: Channel, command: u8, payload: &[u8]) {
        let (first, rest) = payload.split_at(payload.len().min(57));
        let length = u16::try_from(payload.len()).expect("it fits in a message").to_be_bytes();
        let start = [&[command | 0x80], &length[..], first].concat();
        let further = rest.chunks(59).enumerate().map(|(number, part)| {
            [&[u8::try_from(number).expect("no more than 128")], part].concat()
        });
        for part in std::iter::once(start).chain(further) {
            let mut report = [0; 64];
            let whole = [&channel[..], &part].concat();
            report[..whole.len()].copy_from_slice(&whole);
            self.firmware.send(report);
        }
    }

    /// Receives a message on a channel; keepalives are messages, too.
    pub fn receive(&mut self, channel: Channel) -> Message {
        let first = self.report(channel);
        let length = usize::from(u16::from_be_bytes([first[5], first[6]]));
        let mut payload = first[7..].to_vec();
        while payload.len() < length {
            payload.extend_from_slice(&self.report(channel)[5..]);
        }
        payload.truncate(length);
        Message { channel, command: first[4] & 0x7f, payload }
    }

    /// Receives the next message on a channel that is no keepalive.
    pub fn answer(&mut self, channel: Channel) -> Message {
        loop {
            let message = self.receive(channel);
            if message.command != number::KEEPALIVE {
                return message;
            }
        }
    }

    /// Sends a CTAP2 request and gives the answer, status first.
    pub fn cbor(&mut self, channel: Channel, request: &[u8]) -> Vec<u8> {
        self.send(channel, number::CBOR, request);
        let answer = self.answer(channel);
        assert_eq!(answer.command, number::CBOR);
        answer.payload
    }

    fn report(&mut self, channel: Channel) -> [u8; 64] {
        let until = Instant::now() + PATIENCE;
        let mut place = 0;
        loop {
            if place == self.kept.len() {
                self.kept.push_back(self.firmware.receive(until));
            }
            if self.kept[place][..4] == channel {
                return self.kept.remove(place).expect("it is there");
            }
            place += 1;
        }
    }
}
