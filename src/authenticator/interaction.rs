//! How ceremonies speak with a person, without knowing how.

use crate::ctap::{CommandCode, Pin};
use crate::transport::KeyDescription;
use crate::wire::status::Status;
use std::time::Duration;

/// A person's answer to a question.
#[derive(Debug)]
pub enum Answer<T> {
    /// The person answered.
    Given(T),
    /// The person was asked and said no, or broke off.
    Declined,
    /// There is nobody to ask, or asking is forbidden. Not the same as a no.
    CannotAsk,
}

/// What a ceremony asks the PIN for.
#[derive(Debug)]
pub struct PinRequest<'a> {
    /// The key that the PIN belongs to.
    pub key: &'a KeyDescription,
    /// Tries left before the PIN is blocked for good, as the key says.
    pub retries: u64,
}

/// What a new PIN must be like on this key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinPolicy {
    /// The least number of Unicode code points.
    pub min_code_points: u64,
    /// The greatest number of Unicode code points.
    pub max_code_points: u64,
    /// Whether the key refuses PINs that it finds too simple; `None` when it does not say.
    pub complexity: Option<bool>,
    /// Where the vendor explains that, if the key says.
    pub complexity_url: Option<String>,
}

/// What a ceremony asks a new PIN for.
#[derive(Debug)]
pub struct NewPinRequest<'a> {
    /// The key that gets the PIN.
    pub key: &'a KeyDescription,
    /// What the PIN must be like.
    pub policy: &'a PinPolicy,
    /// Whether the key has had none: then only a reset takes it away again.
    pub is_first: bool,
}

/// Something that a person has to do with their hands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Touch the key, within this time.
    Touch {
        /// How long the key or this program waits.
        within: Duration,
    },
    /// Hold the touch for at least five seconds (CTAP 2.3, longTouchForReset).
    LongTouch {
        /// How long the key or this program waits.
        within: Duration,
    },
    /// Put the finger on the key's sensor, or do whatever else it verifies people by.
    VerifyOnKey {
        /// How long the key or this program waits.
        within: Duration,
    },
    /// Touch the one of several keys that is meant, within this time.
    TouchOne {
        /// How many keys wait for it.
        count: usize,
        /// How long the keys or this program wait.
        within: Duration,
    },
    /// Unplug the key.
    Unplug,
    /// Plug the same key in again, within this time.
    PlugIn {
        /// How long this program waits.
        within: Duration,
    },
}

impl Act {
    /// The same act with another time left.
    #[must_use]
    pub fn within(&self, left: Duration) -> Self {
        match self {
            Self::Touch { .. } => Self::Touch { within: left },
            Self::LongTouch { .. } => Self::LongTouch { within: left },
            Self::VerifyOnKey { .. } => Self::VerifyOnKey { within: left },
            Self::TouchOne { count, .. } => Self::TouchOne { count: *count, within: left },
            Self::PlugIn { .. } => Self::PlugIn { within: left },
            Self::Unplug => Self::Unplug,
        }
    }
}

/// Something that a person should know while a ceremony goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The key did not recognise the person.
    NotRecognised {
        /// Tries of the key's own verification left, if it says.
        retries: Option<u64>,
    },
    /// The PIN is used instead of the key's own verification.
    PinInsteadOfVerification {
        /// Whether the key's own verification is blocked until a PIN was right.
        blocked: bool,
    },
    /// The typed PIN is sent in Unicode Normalization Form C, which differs from what was typed.
    PinNormalized,
    /// The PIN from a file or descriptor is used and few tries are left.
    FewRetries {
        /// Tries left.
        retries: u64,
    },
    /// The key is busy with a request of another program, or of one that is gone; this one keeps
    /// trying.
    Busy {
        /// For how long at most.
        within: Duration,
    },
    /// The key cannot be used now and is not among those that may be chosen.
    LeftOut {
        /// Why.
        reason: String,
    },
    /// More time has passed since the key was plugged in than it allows for a reset: it has to be
    /// plugged in once more.
    PlugInOnceMore,
    /// The person has asked to stop; the key was told and has carried the request out before.
    TooLateToCancel,
}

/// How far a long job has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Relying parties are being read.
    RelyingParties {
        /// Read so far.
        done: usize,
        /// There are so many.
        total: usize,
    },
    /// Credentials are being read.
    Credentials {
        /// Read so far.
        done: usize,
        /// There are so many, as far as the key has said.
        total: Option<usize>,
    },
    /// Large blobs are being read or written.
    LargeBlobs {
        /// So many bytes so far.
        done: usize,
        /// There are so many; `None` while they are read.
        total: Option<usize>,
    },
    /// It is done.
    Finished,
}

/// A person, as ceremonies see one.
///
/// Methods that only tell must not block. Methods that ask block until there is an answer.
pub trait Interaction {
    /// Asks for the PIN of a key.
    fn pin(&mut self, request: &PinRequest<'_>) -> Answer<Pin>;

    /// Asks for a new PIN, twice.
    fn new_pin(&mut self, request: &NewPinRequest<'_>) -> Answer<Pin>;

    /// Says that the key that came back after a replug cannot be told from another of its model,
    /// and asks whether it is the same one. It may be in `another_port` than before, which proves
    /// nothing either way.
    fn same_key(&mut self, key: &KeyDescription, another_port: bool) -> Answer<()>;

    /// Asks whether this is the key that is meant; it may be `blinking`.
    fn this_one(&mut self, key: &KeyDescription, blinking: bool) -> Answer<()>;

    /// Says what has to be done by hand now. Called again with each change only.
    fn act(&mut self, key: &KeyDescription, act: &Act);

    /// Says how long the last [`Act`] may still take; at most once a second.
    fn act_goes_on(&mut self, key: &KeyDescription, act: &Act, left: Duration);

    /// Says that the last [`Act`] is over, done or not.
    fn act_over(&mut self);

    /// Tells that a command was sent and how the key answered; `None` when it gave no answer.
    fn exchanged(&mut self, key: &KeyDescription, command: CommandCode, status: Option<Status>);

    /// Tells something.
    fn notice(&mut self, key: &KeyDescription, notice: &Notice);

    /// Shows how far a long job has come.
    fn progress(&mut self, progress: Progress);
}
