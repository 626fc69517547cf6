//! What a trace is made of: a header, then one entry for each thing that happened.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::borrow::Cow;
use std::time::Duration;

/// The version of the form; it grows when a member is removed or changes its meaning.
pub const SCHEMA_VERSION: u32 = 1;

/// What the header says that the file is.
pub const FORMAT: &str = "fidokey trace";

/// The first line of a trace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The version of the form.
    pub schema_version: u32,
    /// [`FORMAT`].
    pub format: String,
    /// The version of the program that wrote it.
    pub fidokey: String,
    /// The moment at which the times of the entries begin, in universal time.
    pub started_at: String,
    /// The command that ran, without its arguments.
    pub command: String,
}

impl Header {
    /// Makes the header of a trace that this version writes.
    pub fn new(started_at: String, command: String) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            format: FORMAT.to_owned(),
            fidokey: env!("CARGO_PKG_VERSION").to_owned(),
            started_at,
            command,
        }
    }
}

/// A time since the beginning of a trace, kept to the microsecond.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seconds(pub f64);

impl Seconds {
    /// Rounds a duration down to microseconds.
    pub fn of(time: Duration) -> Self {
        // Read from its decimal form, which gives the nearest number: it is written as it was.
        let text = format!("{}.{:06}", time.as_secs(), time.subsec_micros());
        Self(text.parse().unwrap_or_default())
    }

    /// How long after `earlier` it is; zero if it is not.
    pub fn since(self, earlier: Self) -> Self {
        Self((self.0 - earlier.0).max(0.0))
    }
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// When, since the beginning of the trace: for a message, when its last packet was through.
    pub time: Seconds,
    /// What.
    #[serde(flatten)]
    pub event: Event,
}

/// What happened. Keys are numbered in the order in which they were opened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A key was opened.
    Opened(Box<Opened>),
    /// A key could not be opened.
    NotOpened {
        /// Where it was thought to be.
        path: String,
        /// Why, in words.
        reason: String,
    },
    /// A whole message.
    Message(Box<Message>),
    /// The key keeps a request open. Written when a run of one status begins, and once more when it
    /// ends if there was more than one.
    Keepalive {
        /// Which key.
        key: u32,
        /// The channel, as eight hexadecimal digits.
        channel: String,
        /// What it says.
        status: Named,
        /// How many there were in this run so far.
        count: u64,
        /// When the run began.
        since: Seconds,
    },
    /// What came from a key makes no message; what it holds is not kept.
    NotAMessage {
        /// Which key.
        key: u32,
        /// The channel, where the packet has one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        channel: Option<String>,
        /// What is wrong.
        reason: String,
        /// How many bytes of it came.
        length: usize,
        /// In how many packets.
        packets: usize,
    },
    /// A request got no answer before the next one was sent, or before the key was closed.
    Unanswered {
        /// Which key.
        key: u32,
        /// The CTAPHID command.
        command: Named,
        /// The CTAP2 command, if it was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ctap_command: Option<Named>,
        /// How long it had been out.
        waited: Seconds,
    },
    /// The operating system did not move a packet.
    Failed {
        /// Which key.
        key: u32,
        /// `send` or `receive`.
        act: Cow<'static, str>,
        /// Why, in words.
        reason: String,
        /// The CTAPHID command that was being sent or waited for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        command: Option<Named>,
        /// The CTAP2 command, if it was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ctap_command: Option<Named>,
    },
    /// A key was closed.
    Closed {
        /// Which key.
        key: u32,
    },
    /// A virtual key was switched off and on.
    Replugged {
        /// Where it is.
        path: String,
    },
    /// The trace grew too long, and what came after is not in it.
    Full {
        /// The longest trace that is written, in bytes.
        most: u64,
    },
    /// The command ended by itself.
    Ended {
        /// With this exit code.
        exit_code: u8,
    },
}

/// A key that was opened. Its serial number is left out: a trace is made to be sent to somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// Its number in this trace.
    pub key: u32,
    /// Where it is.
    pub path: String,
    /// `hid` or `virtual`; absent where nothing is known of the key but its path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Cow<'static, str>>,
    /// USB vendor number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor_id: Option<u16>,
    /// USB product number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_id: Option<u16>,
    /// The manufacturer's name, as the key states it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manufacturer: Option<String>,
    /// The product's name, as the key states it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// The physical place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<String>,
    /// Bytes in a report from the key.
    pub input_report: usize,
    /// Bytes in a report to the key.
    pub output_report: usize,
}

/// Which way a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From this program.
    ToKey,
    /// From the key.
    FromKey,
}

/// A number of the specification with its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// The specification's name; `None` for a number that it does not define.
    pub name: Option<Cow<'static, str>>,
    /// The number.
    pub number: i64,
}

impl Named {
    /// Joins a number with its name.
    pub fn new(number: impl Into<i64>, name: Option<&'static str>) -> Self {
        Self { name: name.map(Cow::Borrowed), number: number.into() }
    }
}

/// A whole message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Which key.
    pub key: u32,
    /// Which way it went.
    pub direction: Direction,
    /// The channel, as eight hexadecimal digits.
    pub channel: String,
    /// The CTAPHID command.
    pub command: Named,
    /// Bytes in the message.
    pub length: usize,
    /// In how many packets it went.
    pub packets: usize,
    /// Whether it belongs to another program, in which case nothing more of it is kept.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub foreign: bool,
    /// The CTAP2 command, or the one that is answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ctap_command: Option<Named>,
    /// Its subcommand, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ctap_subcommand: Option<Named>,
    /// The status of an answer to a CTAP2 command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ctap_status: Option<Named>,
    /// What it holds, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members: Option<Value>,
    /// What of it could not be decoded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undecodable: Option<Undecodable>,
}

/// A part of a message that is not the CBOR that it should be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Undecodable {
    /// What is wrong.
    pub reason: String,
    /// Offset in bytes from the start of the message.
    pub at: usize,
    /// The bytes from there on, or how many they are where a secret may be among them.
    pub data: Value,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_to_the_microsecond() {
        for (time, text) in [
            (Duration::ZERO, "0.0"),
            (Duration::from_micros(1_234), "0.001234"),
            (Duration::from_nanos(60_001_234_999), "60.001234"),
            (Duration::from_micros(3_600_000_001), "3600.000001"),
        ] {
            assert_eq!(serde_json::to_string(&Seconds::of(time)).unwrap(), text);
        }
    }

    #[test]
    fn an_entry_is_read_as_it_was_written() {
        let status = Named::new(2, Some("UPNEEDED"));
        let since = Seconds(0.5);
        let event =
            Event::Keepalive { key: 1, channel: "00000001".into(), status, count: 3, since };
        let entry = Entry { time: Seconds(1.25), event };
        let text = serde_json::to_string(&entry).unwrap();
        assert_eq!(
            text,
            "{\"time\":1.25,\"event\":\"keepalive\",\"key\":1,\"channel\":\"00000001\",\
             \"status\":{\"name\":\"UPNEEDED\",\"number\":2},\"count\":3,\"since\":0.5}"
        );
        assert_eq!(serde_json::from_str::<Entry>(&text).unwrap(), entry);
    }
}
