//! A HID report as CTAPHID cuts it (CTAP 2.3 section 11.2.4), read as far as the stage must know it:
//! who speaks, what is asked, whether a touch is waited for. It is not `fidokey`'s own reader, so
//! that a fault there does not hide itself here.

use std::fmt;

/// Bytes of one report, both ways.
pub const LENGTH: usize = 64;

/// One report, without a report number.
pub type Report = [u8; LENGTH];

/// Payload bytes of the first packet of a message.
const FIRST_PAYLOAD: u16 = 57;

/// Payload bytes of each further packet.
pub const FURTHER_PAYLOAD: u16 = 59;

/// What a command byte asks or answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    Ping,
    Msg,
    Lock,
    Init,
    Wink,
    Cbor,
    Cancel,
    Error,
    Keepalive,
    Other(u8),
}

impl From<u8> for Command {
    fn from(byte: u8) -> Self {
        match byte {
            0x01 => Self::Ping,
            0x03 => Self::Msg,
            0x04 => Self::Lock,
            0x06 => Self::Init,
            0x08 => Self::Wink,
            0x10 => Self::Cbor,
            0x11 => Self::Cancel,
            0x3f => Self::Error,
            0x3b => Self::Keepalive,
            other => Self::Other(other),
        }
    }
}

/// One packet of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packet {
    First { channel: u32, command: Command, length: u16, byte: u8 },
    Further { channel: u32, sequence: u8 },
}

impl Packet {
    /// Reads a report; every 64 bytes are some packet.
    pub fn of(report: &Report) -> Self {
        let [a, b, c, d, kind, high, low, byte, ..] = *report;
        let channel = u32::from_be_bytes([a, b, c, d]);
        if kind & 0x80 == 0 {
            return Self::Further { channel, sequence: kind };
        }
        let length = u16::from_be_bytes([high, low]);
        Self::First { channel, command: Command::from(kind & 0x7f), length, byte }
    }

    /// Payload bytes that packets after this one still bring; nothing for a further packet.
    pub fn outstanding(self) -> u16 {
        match self {
            Self::First { length, .. } => length.saturating_sub(FIRST_PAYLOAD),
            Self::Further { .. } => 0,
        }
    }
}

impl fmt::Display for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::First { channel, command: Command::Keepalive, byte, .. } => {
                let status = match byte {
                    1 => "processing",
                    2 => "up needed",
                    _ => "unknown",
                };
                write!(f, "{channel:08x} keepalive {status}")
            }
            Self::First { channel, command: Command::Error, byte, .. } => {
                write!(f, "{channel:08x} error {byte:02x}")
            }
            Self::First { channel, command, length, .. } => {
                let name = format!("{command:?}").to_lowercase();
                write!(f, "{channel:08x} {name} {length}")
            }
            Self::Further { channel, sequence } => write!(f, "{channel:08x} +{sequence}"),
        }
    }
}

#[cfg(test)]
pub mod testing {
    use super::*;

    /// The report that begins with `bytes`.
    pub fn report(bytes: &[u8]) -> Report {
        let mut report = [0; LENGTH];
        report[..bytes.len()].copy_from_slice(bytes);
        report
    }

    /// The first packet of a message on channel 1.
    pub fn first(command: u8, payload: &[u8]) -> Report {
        let mut bytes = vec![0, 0, 0, 1, command | 0x80, 0, u8::try_from(payload.len()).unwrap()];
        bytes.extend(payload.iter().take(57));
        report(&bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::testing::report;
    use super::*;

    #[test]
    fn first_and_further_packets_are_told_apart() {
        let init = report(&[0xff, 0xff, 0xff, 0xff, 0x86, 0, 8, 1, 2]);
        let packet = Packet::of(&init);
        let expected =
            Packet::First { channel: 0xffff_ffff, command: Command::Init, length: 8, byte: 1 };
        assert_eq!(packet, expected);
        assert_eq!(packet.to_string(), "ffffffff init 8");
        let further = Packet::of(&report(&[0, 0, 0, 1, 3]));
        assert_eq!(further, Packet::Further { channel: 1, sequence: 3 });
        assert_eq!(further.to_string(), "00000001 +3");
    }

    #[test]
    fn statuses_are_named() {
        let keepalive = report(&[0, 0, 0, 1, 0xbb, 0, 1, 2]);
        assert_eq!(Packet::of(&keepalive).to_string(), "00000001 keepalive up needed");
        let busy = report(&[0, 0, 0, 1, 0xbf, 0, 1, 6]);
        assert_eq!(Packet::of(&busy).to_string(), "00000001 error 06");
    }

    #[test]
    fn a_message_is_complete_after_its_last_packet() {
        assert_eq!(Packet::of(&report(&[0, 0, 0, 1, 0x90, 0, 57])).outstanding(), 0);
        assert_eq!(Packet::of(&report(&[0, 0, 0, 1, 0x90, 0, 58])).outstanding(), 1);
    }
}
