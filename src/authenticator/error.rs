//! Why a ceremony ended without its result.

use super::interaction::PinPolicy;
use crate::ctap::{CommandCode, CryptoError, Effect, PinPolicyError, RandomError, ReplyError};
use crate::transport::channel::ChannelError;
use crate::transport::{BusError, KeyDescription, OpenError};
use crate::wire::status::Status;
use std::time::Duration;
use thiserror::Error;

/// What a person would have been asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// The PIN.
    Pin,
    /// A new PIN.
    NewPin,
    /// Whether a key is the same as before.
    SameKey,
}

/// A PIN problem; each has its own next step.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum PinError {
    /// The PIN was wrong.
    #[error("the PIN is wrong")]
    Wrong {
        /// Tries left before it is blocked for good, where known.
        retries: Option<u64>,
    },
    /// Three wrong PINs in a row: blocked until the key is unplugged.
    #[error("the PIN is blocked until the key is unplugged and plugged in again")]
    BlockedUntilReplug {
        /// Tries left after the replug, where known.
        retries: Option<u64>,
    },
    /// No tries left.
    #[error("the PIN is blocked for good")]
    BlockedForGood,
    /// The key has no PIN.
    #[error("the key has no PIN")]
    NotSet,
    /// The key has a PIN already.
    #[error("the key has a PIN already")]
    AlreadySet,
    /// The PIN must be changed before it can be used.
    #[error("the PIN must be changed before it can be used")]
    MustBeChanged,
    /// One try is left and nobody said that it may be used.
    #[error("only one PIN try is left")]
    LastTry,
    /// No key can have this PIN, found before it was sent.
    #[error(transparent)]
    CannotBe(PinPolicyError),
    /// The PIN does not fit the rules, found before it was sent.
    #[error(transparent)]
    Policy(PinPolicyError),
    /// The key refused a new PIN.
    #[error("the key does not accept the new PIN")]
    RefusedByPolicy {
        /// The rules, as far as the key states them.
        policy: PinPolicy,
        /// Whether the new PIN is the old one.
        same_as_before: bool,
    },
    /// The key has no notion of a PIN.
    #[error("the key does not support a PIN")]
    Unsupported,
    /// The key did not recognise the person and there is no PIN to fall back to.
    #[error("the key did not recognise you")]
    NotRecognised {
        /// Tries of the key's own verification left, where known.
        retries: Option<u64>,
    },
    /// What proves the PIN is refused, though not as a wrong PIN: another program interfered.
    #[error("the key does not accept the proof of the PIN")]
    TokenRefused,
}

/// What a key can verify a person by, and what is not set up on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotSetUp {
    /// Its PIN, the only way.
    Pin,
    /// A way of its own, such as a fingerprint; a PIN does not do.
    OwnVerification,
    /// Neither of the two, of which one does.
    PinAndOwnVerification,
}

/// How it was seen that two keys are not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// They are of two models.
    Model,
    /// They have two serial numbers.
    SerialNumber,
    /// They say different things of themselves when they are asked.
    State,
}

/// Why a key was not reset.
#[derive(Debug, Error)]
pub enum ResetError {
    /// The key allows no reset over USB.
    #[error("the key allows a reset only over {}", allowed.join(", "))]
    Transport {
        /// The transports that the key names.
        allowed: Vec<String>,
    },
    /// The key was not unplugged in time.
    #[error("the key was not unplugged within {} seconds", waited.as_secs())]
    NotUnplugged {
        /// How long this program waited.
        waited: Duration,
    },
    /// The key was not plugged in again in time.
    #[error("no key was plugged in within {} seconds", waited.as_secs())]
    NotPluggedIn {
        /// How long this program waited.
        waited: Duration,
    },
    /// Another key came back.
    #[error("another key was plugged in")]
    AnotherKey {
        /// The one that came back.
        found: Box<KeyDescription>,
        /// How that was seen.
        difference: Difference,
    },
    /// It came too late after the key was plugged in, or something else was said to it before.
    #[error("the key no longer accepts a reset")]
    TooLate {
        /// The key's reason.
        status: Status,
    },
    /// The key refused for a reason of its own.
    #[error("the key denied the reset")]
    Denied {
        /// The key's reason.
        status: Status,
    },
}

/// Why a ceremony ended without its result.
#[derive(Debug, Error)]
pub enum AuthenticatorError {
    /// Keys could not be looked for.
    #[error(transparent)]
    Bus(#[from] BusError),
    /// The key could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The channel to the key failed.
    #[error(transparent)]
    Channel(#[from] ChannelError),
    /// The key's reply makes no sense.
    #[error("the key's reply to {command} cannot be understood")]
    Malformed {
        /// The command.
        command: CommandCode,
        /// What is wrong with the reply.
        #[source]
        source: ReplyError,
    },
    /// The key refused a command.
    #[error("{}", status.meaning())]
    Refused {
        /// The command.
        command: CommandCode,
        /// The key's reason.
        status: Status,
    },
    /// The key speaks only U2F.
    #[error("the key speaks only U2F (CTAP1), not FIDO2")]
    U2fOnly,
    /// The key lacks something that was asked for.
    #[error("the key does not support {what}")]
    Unsupported {
        /// What it lacks, in words.
        what: String,
    },
    /// The key does something only after it has verified the person, which was not asked for.
    #[error("the key does not do {what} without user verification")]
    OnlyVerified {
        /// What it does not do, in words.
        what: &'static str,
        /// The key's reason.
        status: Status,
    },
    /// User verification is required and the key has none set up.
    #[error("user verification is required, and the key has no PIN or fingerprint set up")]
    NoUserVerification(NotSetUp),
    /// A PIN problem.
    #[error(transparent)]
    Pin(#[from] PinError),
    /// Nobody could be asked.
    #[error("nobody could be asked")]
    CannotAsk(Question),
    /// The person said no.
    #[error("cancelled")]
    Declined(Question),
    /// The person asked to stop (Ctrl-C), and the key was told.
    #[error("interrupted")]
    Interrupted,
    /// Nobody touched the key.
    #[error("nobody touched the key in time")]
    NotTouched,
    /// The person at the key said no there, or the key refused on its own.
    #[error("the key denied the operation")]
    Denied {
        /// The key's reason.
        status: Status,
    },
    /// A reset that was not carried out.
    #[error(transparent)]
    Reset(#[from] ResetError),
    /// The operating system gives no randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// Encryption or decryption failed, for example because a reply has a wrong length.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    /// It failed after the request was sent, and nobody knows whether the key carried it out.
    #[error("the key may have carried out the request all the same")]
    Uncertain {
        /// What it would have changed.
        effect: Effect,
        /// What failed.
        source: Box<AuthenticatorError>,
    },
    /// A limit of this program, against keys that never come to an end.
    #[error("the key claims {claimed} {what}, more than this program accepts")]
    TooMany {
        /// What is counted.
        what: &'static str,
        /// The number claimed.
        claimed: u64,
    },
}
