//! Why a message could not be exchanged, in words that a person understands.

use crate::transport::ConnectionError;
use crate::wire::ctaphid::{AssembleError, Command, HidErrorCode, SplitError};
use std::time::Duration;
use thiserror::Error;

/// Why a message could not be exchanged with a key.
#[derive(Debug, Error)]
pub enum ChannelError {
    /// The connection failed. It stays failed: every later call gives this error again.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    /// The key said nothing at all for too long.
    #[error("the key gave no answer to {doing} within {}", in_words(*waited))]
    NoAnswer {
        /// How long it was silent.
        waited: Duration,
        /// What was asked of it, as words that follow "to".
        doing: &'static str,
    },
    /// The key said again and again that it was not ready, until the time was up. It was told to
    /// cancel.
    #[error("{}", timed_out_in_words(*waited, *waiting_for_touch))]
    TimedOut {
        /// How long it was waited for: for a touch, from the moment when the key asked for it.
        waited: Duration,
        /// Whether it was a person that the key waited for.
        waiting_for_touch: bool,
    },
    /// Somebody asked to stop, and nothing was done or the key gave up what it was doing.
    #[error("interrupted")]
    Interrupted,
    /// The key served somebody else the whole time.
    #[error("the key was busy with another program for {}", in_words(*waited))]
    Busy {
        /// How long it was tried.
        waited: Duration,
    },
    /// The key refused the message at the level of CTAPHID.
    #[error("the key refused the message: {} (0x{:02x})", .0.name(), .0.0)]
    Refused(HidErrorCode),
    /// What the key sent is not an answer.
    #[error("the key's answer is malformed: {0}")]
    Malformed(#[from] Malformed),
    /// The message cannot be sent with this key's reports. Nothing was sent.
    #[error(transparent)]
    MessageTooLong(#[from] SplitError),
}

/// What is wrong with an answer.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Malformed {
    /// Its packets do not make a message.
    #[error(transparent)]
    Packets(#[from] AssembleError),
    /// Only later packets of a message came, and never its first.
    #[error("the first packet of a message is missing")]
    NoFirstPacket,
    /// Another message began before one was complete.
    #[error("a message broke off and another began")]
    BrokenOff,
    /// It answers something that was not asked.
    #[error("command 0x{:02x} was answered with 0x{:02x}", .sent.0, .answered.0)]
    OtherCommand {
        /// The command that was sent.
        sent: Command,
        /// The command that came back.
        answered: Command,
    },
    /// A CTAPHID_ERROR without its code.
    #[error("an error without its code")]
    NoErrorCode,
    /// A CTAPHID_KEEPALIVE without its status.
    #[error("a keepalive without its status")]
    NoKeepaliveStatus,
    /// A CTAP2 answer without its status byte.
    #[error("an empty answer to a CTAP2 command")]
    Empty,
    /// An answer to CTAPHID_INIT shorter than 17 bytes.
    #[error("an answer of {length} bytes to CTAPHID_INIT, which needs 17")]
    InitTooShort {
        /// Its bytes.
        length: usize,
    },
    /// The key gave out a channel that is nobody's (0) or everybody's (0xffffffff).
    #[error("the reserved channel 0x{0:08x} was given out")]
    ReservedChannel(u32),
}

impl From<AssembleError> for ChannelError {
    fn from(error: AssembleError) -> Self {
        Self::Malformed(error.into())
    }
}

fn timed_out_in_words(waited: Duration, waiting_for_touch: bool) -> String {
    let waited = in_words(waited);
    if waiting_for_touch {
        format!("nobody touched the key within {waited}, and the request was cancelled")
    } else {
        format!("the key was still working after {waited}, and the request was cancelled")
    }
}

/// A duration as a person says it: whole seconds, below one second milliseconds.
fn in_words(duration: Duration) -> String {
    match duration.as_secs() {
        0 => format!("{} ms", duration.as_millis()),
        seconds => format!("{seconds} s"),
    }
}
