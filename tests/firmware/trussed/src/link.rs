//! The link to the host: CTAPHID, as the key's end speaks it (CTAP 2.3 section 11.2).
//!
//! One transaction at a time. While it lasts, other channels are told that the key is busy, except
//! that they may still ask for a channel.

use crate::chip::Chip;
use ctaphid_app::{Command, Error};
use firmware_contract::control::Touch;
use firmware_contract::{Happening, Port, REPORT, Report};
use std::collections::VecDeque;
use std::time::{Duration, Instant};
use trussed_core::InterruptFlag;
use trussed_core::types::consent::Level;

/// The longest message in bytes; a Nitrokey 3 has as much.
pub const MESSAGE: usize = 3072;

/// How often the host is told that a touch is wanted.
const KEEPALIVE_EVERY: Duration = Duration::from_millis(100);

/// How long a message may pause between two packets. A key allows less, but does not run on an
/// emulated processor that has other things to do.
const PACKET_GAP: Duration = Duration::from_secs(2);

const BROADCAST: u32 = 0xffff_ffff;

mod command {
    pub const PING: u8 = 0x01;
    pub const MSG: u8 = 0x03;
    pub const INIT: u8 = 0x06;
    pub const WINK: u8 = 0x08;
    pub const CBOR: u8 = 0x10;
    pub const CANCEL: u8 = 0x11;
    pub const KEEPALIVE: u8 = 0x3b;
    pub const ERROR: u8 = 0x3f;
}

mod error {
    pub const INVALID_COMMAND: u8 = 0x01;
    pub const INVALID_LENGTH: u8 = 0x03;
    pub const INVALID_SEQUENCE: u8 = 0x04;
    pub const MESSAGE_TIMEOUT: u8 = 0x05;
    pub const CHANNEL_BUSY: u8 = 0x06;
    pub const INVALID_CHANNEL: u8 = 0x0b;
    pub const OTHER: u8 = 0x7f;
}

/// A command for the firmware.
pub struct Request {
    channel: u32,
    /// CBOR or MSG.
    pub command: Command,
    /// What it carries.
    pub payload: Vec<u8>,
}

/// What the firmware made of a command.
pub enum Outcome<'a> {
    /// It answers.
    Answered(&'a [u8]),
    /// It does not understand it.
    Refused(Error),
}

/// A message that is still coming in, or has just come in.
struct Message {
    channel: u32,
    command: u8,
    length: usize,
    payload: Vec<u8>,
    next_sequence: u8,
    last_packet: Instant,
}

/// One report, taken apart.
enum Packet<'a> {
    Start { channel: u32, command: u8, length: usize, data: &'a [u8] },
    Further { channel: u32, sequence: u8, data: &'a [u8] },
}

impl<'a> Packet<'a> {
    fn read(report: &'a Report) -> Self {
        let [c0, c1, c2, c3, kind, rest @ ..] = report;
        let channel = u32::from_be_bytes([*c0, *c1, *c2, *c3]);
        let [high, low, data @ ..] = rest;
        match kind {
            0x80.. => Self::Start {
                channel,
                command: kind & 0x7f,
                length: usize::from(u16::from_be_bytes([*high, *low])),
                data,
            },
            sequence => Self::Further { channel, sequence: *sequence, data: rest },
        }
    }
}

/// The state of the link.
pub struct Link {
    port: Port,
    chip: Chip,
    interrupt: &'static InterruptFlag,
    /// Channels are given out by number, from 1 on.
    last_channel: u32,
    incoming: Option<Message>,
    /// Reports that were read while the firmware was busy, and that end its business.
    postponed: VecDeque<Report>,
    /// The transaction that the firmware is busy with.
    current: Option<Current>,
    awaits_touch: bool,
}

#[derive(Clone, Copy)]
struct Current {
    channel: u32,
    /// Whether the host is told that a touch is wanted: U2F knows no keepalives.
    keepalives: bool,
    /// Whether the host no longer wants the answer.
    aborted: bool,
}

impl Link {
    /// Makes a link without channels.
    pub fn new(port: Port, chip: Chip, interrupt: &'static InterruptFlag) -> Self {
        Self {
            port,
            chip,
            interrupt,
            last_channel: 0,
            incoming: None,
            postponed: VecDeque::new(),
            current: None,
            awaits_touch: false,
        }
    }

    /// Answers what is not for the firmware, until something is.
    pub fn request(&mut self) -> Request {
        loop {
            let Some(message) = self.message() else { continue };
            let Message { channel, payload, .. } = message;
            let command = match message.command {
                command::CBOR => Command::Cbor,
                command::MSG => Command::Msg,
                command::INIT => {
                    self.init(channel, &payload);
                    continue;
                }
                command::PING => {
                    self.send(channel, command::PING, &payload);
                    continue;
                }
                command::WINK => {
                    self.send(channel, command::WINK, &[]);
                    continue;
                }
                // There is nothing to cancel, and no answer to that.
                command::CANCEL => continue,
                _ => {
                    self.refuse(channel, error::INVALID_COMMAND);
                    continue;
                }
            };
            let keepalives = command == Command::Cbor;
            if keepalives {
                // A U2F host asks again; this is another one.
                self.end_touch();
            }
            self.current = Some(Current { channel, keepalives, aborted: false });
            return Request { channel, command, payload };
        }
    }

    /// Ends the transaction.
    pub fn answer(&mut self, request: &Request, outcome: &Outcome) {
        let current = self.current.take();
        // A U2F host asks again until there was a touch, so the wait goes on between two askings.
        let asks_again = request.command == Command::Msg
            && matches!(outcome, Outcome::Answered(answer) if answer.ends_with(&[0x69, 0x85]));
        if !asks_again {
            self.end_touch();
        }
        if current.is_some_and(|current| current.aborted) {
            return;
        }
        match outcome {
            Outcome::Answered(answer) => {
                self.send(request.channel, request.command.into_u8(), answer);
            }
            Outcome::Refused(reason) => {
                let code = match reason {
                    Error::InvalidCommand => error::INVALID_COMMAND,
                    Error::InvalidLength => error::INVALID_LENGTH,
                    Error::NoResponse => error::OTHER,
                };
                self.refuse(request.channel, code);
            }
        }
    }

    /// Waits for a touch, not for long, and keeps host and other hosts informed.
    pub fn await_touch(&mut self) -> Level {
        if !self.awaits_touch {
            self.awaits_touch = true;
            self.port.begin_touch();
        }
        match self.port.touch_or_report(KEEPALIVE_EVERY) {
            Happening::Touch(Touch::Short) => return Level::Normal,
            Happening::Touch(Touch::Long) => return Level::Strong,
            Happening::Report(report) => self.take_while_busy(report),
            Happening::Nothing => {
                if let Some(Current { channel, keepalives: true, .. }) = self.current {
                    const TOUCH_WANTED: u8 = 2;
                    self.send(channel, command::KEEPALIVE, &[TOUCH_WANTED]);
                }
            }
        }
        Level::None
    }

    fn end_touch(&mut self) {
        if std::mem::take(&mut self.awaits_touch) {
            self.port.end_touch();
        }
    }

    fn take_while_busy(&mut self, report: Report) {
        let Packet::Start { channel, command, length, data } = Packet::read(&report) else {
            return;
        };
        let own = self.current.as_mut().filter(|current| current.channel == channel);
        match (command, own) {
            (command::CANCEL, Some(_)) => drop(self.interrupt.interrupt()),
            (command::INIT, Some(current)) => {
                current.aborted = true;
                self.interrupt.interrupt();
                self.postponed.push_back(report);
            }
            // It waits its turn, which a host should not ask for.
            (_, Some(_)) | (command::CANCEL, None) => {}
            (command::INIT, None) if channel == BROADCAST => {
                self.init(channel, data.get(..length).unwrap_or(data));
            }
            (_, None) => self.refuse(channel, error::CHANNEL_BUSY),
        }
    }

    /// Gives the next whole message, or nothing if what came in was none.
    fn message(&mut self) -> Option<Message> {
        let report = match (self.postponed.pop_front(), &self.incoming) {
            (Some(report), _) => report,
            (None, None) => self.port.report(),
            (None, Some(incoming)) => {
                let left = PACKET_GAP.saturating_sub(incoming.last_packet.elapsed());
                if let Some(report) = self.port.report_within(left) {
                    report
                } else {
                    let channel = incoming.channel;
                    self.incoming = None;
                    self.refuse(channel, error::MESSAGE_TIMEOUT);
                    return None;
                }
            }
        };
        match Packet::read(&report) {
            Packet::Start { channel, command, length, data } => {
                self.start(channel, command, length, data);
            }
            Packet::Further { channel, sequence, data } => self.further(channel, sequence, data),
        }
        self.incoming.take_if(|message| message.payload.len() == message.length)
    }

    fn start(&mut self, channel: u32, command: u8, length: usize, data: &[u8]) {
        if let Some(incoming) = &self.incoming {
            if incoming.channel != channel {
                self.refuse(channel, error::CHANNEL_BUSY);
                return;
            }
            self.incoming = None;
            if command != command::INIT {
                self.refuse(channel, error::INVALID_SEQUENCE);
                return;
            }
        }
        let known = (1..=self.last_channel).contains(&channel);
        if !known && (channel, command) != (BROADCAST, command::INIT) {
            self.refuse(channel, error::INVALID_CHANNEL);
        } else if length > MESSAGE {
            self.refuse(channel, error::INVALID_LENGTH);
        } else {
            let payload = data.get(..length).unwrap_or(data).to_vec();
            let last_packet = Instant::now();
            let next_sequence = 0;
            let message = Message { channel, command, length, payload, next_sequence, last_packet };
            self.incoming = Some(message);
        }
    }

    fn further(&mut self, channel: u32, sequence: u8, data: &[u8]) {
        // One that belongs to nothing is ignored.
        let Some(incoming) = self.incoming.as_mut().filter(|known| known.channel == channel) else {
            return;
        };
        if sequence != incoming.next_sequence {
            self.incoming = None;
            self.refuse(channel, error::INVALID_SEQUENCE);
            return;
        }
        let missing = incoming.length - incoming.payload.len();
        incoming.payload.extend_from_slice(data.get(..missing).unwrap_or(data));
        incoming.next_sequence += 1;
        incoming.last_packet = Instant::now();
    }

    /// Answers INIT: a new channel where it was broadcast, and otherwise the same one.
    fn init(&mut self, channel: u32, nonce: &[u8]) {
        const PROTOCOL: u8 = 2;
        const WINK_AND_CBOR: u8 = 0x05;
        if nonce.len() != 8 {
            self.refuse(channel, error::INVALID_LENGTH);
            return;
        }
        let given = if channel == BROADCAST {
            self.last_channel += 1;
            self.last_channel
        } else {
            channel
        };
        let version = [PROTOCOL, 1, 0, 0, WINK_AND_CBOR];
        self.send(channel, command::INIT, &[nonce, &given.to_be_bytes(), &version].concat());
    }

    fn refuse(&self, channel: u32, code: u8) {
        self.send(channel, command::ERROR, &[code]);
    }

    fn send(&self, channel: u32, command: u8, payload: &[u8]) {
        self.chip.settle();
        let length = u16::try_from(payload.len()).expect("no answer is longer than a message");
        let (first, rest) = payload.split_at(payload.len().min(REPORT - 7));
        let start = [&[command | 0x80], &length.to_be_bytes()[..], first].concat();
        self.send_packet(channel, &start);
        for (sequence, data) in (0..).zip(rest.chunks(REPORT - 5)) {
            self.send_packet(channel, &[&[sequence], data].concat());
        }
    }

    fn send_packet(&self, channel: u32, packet: &[u8]) {
        let mut report = [0; REPORT];
        let bytes = channel.to_be_bytes().into_iter().chain(packet.iter().copied());
        report.iter_mut().zip(bytes).for_each(|(place, byte)| *place = byte);
        self.port.send(&report);
    }
}
