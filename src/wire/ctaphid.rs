//! CTAPHID packets and messages (CTAP 2.3 section 11.2.4).
//!
//! A message is a command byte and up to 7609 bytes for 64-byte reports, cut into one
//! initialization packet (channel, command, length, data) and up to 128 continuation packets
//! (channel, sequence number, data).

mod init;

pub use init::{Capabilities, InitReply};

use thiserror::Error;
use zeroize::Zeroizing;

/// The channel that every key listens on before one is allocated.
pub const BROADCAST_CHANNEL: u32 = 0xffff_ffff;

/// The longest message that 64-byte reports can carry.
pub const MAX_MESSAGE: usize = 7609;

const INIT_HEADER: usize = 7;
const CONTINUATION_HEADER: usize = 5;
const MAX_CONTINUATIONS: usize = 128;
const INIT_FLAG: u8 = 0x80;

/// A CTAPHID command number, without the initialization bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Command(pub u8);

impl Command {
    /// Echo.
    pub const PING: Self = Self(0x01);
    /// A CTAP1/U2F message.
    pub const MSG: Self = Self(0x03);
    /// Lock the channel.
    pub const LOCK: Self = Self(0x04);
    /// Allocate or resynchronise a channel.
    pub const INIT: Self = Self(0x06);
    /// Make the key noticeable.
    pub const WINK: Self = Self(0x08);
    /// A CTAP2 message.
    pub const CBOR: Self = Self(0x10);
    /// Abort the pending request.
    pub const CANCEL: Self = Self(0x11);
    /// Sent by the key while it works or waits.
    pub const KEEPALIVE: Self = Self(0x3b);
    /// Sent by the key when it refuses a message.
    pub const ERROR: Self = Self(0x3f);
}

/// A refusal of a key at the level of CTAPHID (section 11.2.9.1.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HidErrorCode(pub u8);

impl HidErrorCode {
    /// Another channel is being served.
    pub const CHANNEL_BUSY: Self = Self(0x06);
    /// The channel is not known, for example after a replug.
    pub const INVALID_CHANNEL: Self = Self(0x0b);

    /// The specification's name of the code.
    pub fn name(self) -> &'static str {
        match self.0 {
            0x01 => "ERR_INVALID_CMD",
            0x02 => "ERR_INVALID_PAR",
            0x03 => "ERR_INVALID_LEN",
            0x04 => "ERR_INVALID_SEQ",
            0x05 => "ERR_MSG_TIMEOUT",
            0x06 => "ERR_CHANNEL_BUSY",
            0x0a => "ERR_LOCK_REQUIRED",
            0x0b => "ERR_INVALID_CHANNEL",
            0x7f => "ERR_OTHER",
            _ => "an unknown CTAPHID error",
        }
    }
}

/// What a key says while it keeps a request open (section 11.2.9.1.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keepalive {
    /// It is working.
    Processing,
    /// It waits for a touch or another act of a person.
    UserPresenceNeeded,
    /// Something that the specification does not define.
    Other(u8),
}

impl Keepalive {
    /// Reads the status byte of a keepalive.
    pub fn from_byte(byte: u8) -> Self {
        match byte {
            1 => Self::Processing,
            2 => Self::UserPresenceNeeded,
            other => Self::Other(other),
        }
    }
}

/// Why a message cannot be cut into packets.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum SplitError {
    /// The reports are too small to carry a header and a byte.
    #[error("reports of {0} bytes cannot carry CTAPHID")]
    ReportTooSmall(usize),
    /// The message is longer than its packets can number.
    #[error(
        "a message of {length} bytes is longer than the {most} that this key's reports can carry"
    )]
    TooLong {
        /// Bytes in the message.
        length: usize,
        /// Bytes that would fit.
        most: usize,
    },
}

/// The longest message that reports of `report_size` bytes can carry.
///
/// Never more than a 16-bit length can state. `None` when the reports are too small for CTAPHID.
pub fn max_message(report_size: usize) -> Option<usize> {
    let first = report_size.checked_sub(INIT_HEADER).filter(|room| *room > 0)?;
    let more = report_size.checked_sub(CONTINUATION_HEADER)?.checked_mul(MAX_CONTINUATIONS)?;
    Some(first.checked_add(more)?.min(usize::from(u16::MAX)))
}

/// Cuts a message into reports of `report_size` bytes, padded with zeros.
///
/// # Errors
///
/// [`SplitError`] when the reports are too small or the message is too long for them.
pub fn split(
    channel: u32,
    command: Command,
    payload: &[u8],
    report_size: usize,
) -> Result<Vec<Vec<u8>>, SplitError> {
    let most = max_message(report_size).ok_or(SplitError::ReportTooSmall(report_size))?;
    let length = match u16::try_from(payload.len()) {
        Ok(length) if payload.len() <= most => length,
        _ => return Err(SplitError::TooLong { length: payload.len(), most }),
    };
    let room = report_size.saturating_sub(INIT_HEADER);
    let (first, rest) = payload.split_at_checked(room).unwrap_or((payload, &[]));
    let packet = |header: &[u8], data: &[u8]| {
        let mut report = Vec::with_capacity(report_size);
        report.extend_from_slice(header);
        report.extend_from_slice(data);
        report.resize(report_size, 0);
        report
    };
    let [c0, c1, c2, c3] = channel.to_be_bytes();
    let [l0, l1] = length.to_be_bytes();
    let mut reports = vec![packet(&[c0, c1, c2, c3, command.0 | INIT_FLAG, l0, l1], first)];
    let chunks = rest.chunks(report_size.saturating_sub(CONTINUATION_HEADER).max(1));
    for (sequence, chunk) in (0..0x80u8).zip(chunks) {
        reports.push(packet(&[c0, c1, c2, c3, sequence], chunk));
    }
    Ok(reports)
}

/// One packet, read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'b> {
    /// The channel it belongs to.
    pub channel: u32,
    /// What it is.
    pub kind: PacketKind,
    /// Its data, with the padding of the last packet still on it.
    pub data: &'b [u8],
}

/// The two kinds of packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketKind {
    /// The first packet of a message.
    Init {
        /// The message's command.
        command: Command,
        /// The length of the whole message in bytes.
        length: usize,
    },
    /// A packet that goes on with a message.
    Continuation {
        /// 0 to 127.
        sequence: u8,
    },
}

impl<'b> Packet<'b> {
    /// Reads a report; `None` when it is too short to be a packet.
    pub fn parse(report: &'b [u8]) -> Option<Self> {
        let (channel, rest) = report.split_first_chunk::<4>()?;
        let channel = u32::from_be_bytes(*channel);
        let (kind, rest) = rest.split_first()?;
        if kind & INIT_FLAG == 0 {
            let kind = PacketKind::Continuation { sequence: *kind };
            return Some(Self { channel, kind, data: rest });
        }
        let (length, data) = rest.split_first_chunk::<2>()?;
        let kind = PacketKind::Init {
            command: Command(kind & !INIT_FLAG),
            length: u16::from_be_bytes(*length).into(),
        };
        Some(Self { channel, kind, data })
    }
}

/// Why packets do not make a message.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum AssembleError {
    /// A continuation packet is missing, doubled or out of order.
    #[error("the key sent packet {found} of a message where packet {expected} was due")]
    Sequence {
        /// The sequence number due.
        expected: u8,
        /// The sequence number found.
        found: u8,
    },
    /// The message claims to be longer than its packets can carry.
    #[error("the key announced a message of {length} bytes, more than its packets can carry")]
    TooLong {
        /// The length claimed.
        length: usize,
    },
}

/// A message being put together from its packets.
#[derive(Debug)]
pub struct Assembler {
    command: Command,
    length: usize,
    /// Wiped, and never moved: answers hold keys for large blobs in the clear.
    payload: Zeroizing<Vec<u8>>,
    next_sequence: u8,
}

impl Assembler {
    /// Starts with the data of an initialization packet.
    ///
    /// # Errors
    ///
    /// When the length cannot be reached with reports of this size.
    pub fn start(
        command: Command,
        length: usize,
        data: &[u8],
        report_size: usize,
    ) -> Result<Self, AssembleError> {
        if max_message(report_size).is_none_or(|most| length > most) {
            return Err(AssembleError::TooLong { length });
        }
        let mut payload = Zeroizing::new(Vec::with_capacity(length));
        payload.extend_from_slice(data.get(..length).unwrap_or(data));
        Ok(Self { command, length, payload, next_sequence: 0 })
    }

    /// Adds a continuation packet's data.
    ///
    /// # Errors
    ///
    /// When it is not the packet that is due.
    pub fn push(&mut self, sequence: u8, data: &[u8]) -> Result<(), AssembleError> {
        if sequence != self.next_sequence {
            return Err(AssembleError::Sequence { expected: self.next_sequence, found: sequence });
        }
        self.next_sequence = self.next_sequence.saturating_add(1);
        let missing = self.length.saturating_sub(self.payload.len());
        self.payload.extend_from_slice(data.get(..missing).unwrap_or(data));
        Ok(())
    }

    /// Whether every byte is there.
    pub fn is_complete(&self) -> bool {
        self.payload.len() >= self.length
    }

    /// The message's command.
    pub fn command(&self) -> Command {
        self.command
    }

    /// The message's bytes.
    pub fn into_payload(self) -> Zeroizing<Vec<u8>> {
        self.payload
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Split then assemble is the identity for every length and report size.
    #[test]
    fn split_then_assemble_is_the_identity() {
        for report_size in [8usize, 9, 16, 31, 32, 63, 64, 65, 255] {
            let most = max_message(report_size).unwrap();
            let step = if report_size == 64 { 1 } else { 37 };
            for length in (0..=most.min(7700)).step_by(step).chain([most]) {
                let payload: Vec<u8> =
                    (0..length).map(|i| u8::try_from(i % 251).unwrap()).collect();
                let reports = split(7, Command::CBOR, &payload, report_size).unwrap();
                let mut assembler = None;
                for report in &reports {
                    assert_eq!(report.len(), report_size);
                    let packet = Packet::parse(report).unwrap();
                    assert_eq!(packet.channel, 7);
                    match packet.kind {
                        PacketKind::Init { command, length } => {
                            assembler = Some(
                                Assembler::start(command, length, packet.data, report_size)
                                    .unwrap(),
                            );
                        }
                        PacketKind::Continuation { sequence } => {
                            assembler.as_mut().unwrap().push(sequence, packet.data).unwrap();
                        }
                    }
                }
                let assembler = assembler.unwrap();
                assert!(assembler.is_complete());
                assert_eq!(assembler.command(), Command::CBOR);
                assert_eq!(*assembler.into_payload(), payload);
            }
        }
    }

    #[test]
    fn the_longest_message_of_64_byte_reports_is_7609() {
        assert_eq!(max_message(64), Some(MAX_MESSAGE));
        assert_eq!(max_message(7), None);
        assert_eq!(
            split(1, Command::CBOR, &[0; 7610], 64),
            Err(SplitError::TooLong { length: 7610, most: 7609 })
        );
        assert_eq!(split(1, Command::CBOR, &[], 7), Err(SplitError::ReportTooSmall(7)));
    }

    #[test]
    fn a_packet_out_of_order_is_refused() {
        let mut assembler = Assembler::start(Command::CBOR, 200, &[0; 57], 64).unwrap();
        assembler.push(0, &[0; 59]).unwrap();
        assert_eq!(
            assembler.push(2, &[0; 59]),
            Err(AssembleError::Sequence { expected: 1, found: 2 })
        );
        assert!(Assembler::start(Command::CBOR, 7610, &[], 64).is_err());
    }

    /// An INIT reply as OpenSK sends it, written out by the table of section 11.2.9.1.3.
    #[test]
    fn an_init_reply_is_read() {
        let bytes = [1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 9, 2, 0, 1, 5, 5, 0xaa];
        let reply = InitReply::parse(&bytes).unwrap();
        assert_eq!(reply.channel, 9);
        assert_eq!(reply.device_version, [0, 1, 5]);
        assert!(reply.capabilities.wink() && reply.capabilities.cbor());
        assert!(reply.capabilities.u2f() && !reply.capabilities.lock());
        assert_eq!(InitReply::parse(&bytes[..16]), None);
        assert!(Packet::parse(&[0, 0, 0, 1]).is_none());
        assert!(Packet::parse(&[0, 0, 0, 1, 0x80, 0]).is_none());
    }
}
