//! Exit codes, documented in the README and in every manual page.

/// How the program ended, for the program that called it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done,
    /// Failed for a reason that has no code of its own.
    Failed,
    /// The command line, or a value in it, is wrong.
    Usage,
    /// No key, several keys, or no permission to use one.
    NoKey,
    /// The PIN is missing, wrong, blocked or against the policy.
    Pin,
    /// Nobody touched the key, or somebody said no.
    NotConfirmed,
    /// The key does not support it.
    Unsupported,
    /// Nothing matched.
    NoMatch,
    /// A check or verification said no.
    Rejected,
    /// A defect of this program.
    Defect,
    /// Interrupted, after the key was told to cancel.
    Interrupted,
}

impl Exit {
    /// Every way to end, with what it means.
    pub const MEANINGS: [(Self, &str); 11] = [
        (Self::Done, "done"),
        (Self::Failed, "failed"),
        (Self::Usage, "the command line is wrong"),
        (Self::NoKey, "no key, several keys, or no permission"),
        (Self::Pin, "the PIN: missing, wrong, blocked, or against the policy"),
        (Self::NotConfirmed, "nobody touched the key, or somebody said no"),
        (Self::Unsupported, "the key does not support it"),
        (Self::NoMatch, "nothing matched"),
        (Self::Rejected, "a check or verification said no"),
        (Self::Defect, "a defect of fidokey"),
        (Self::Interrupted, "interrupted, after the key was told to cancel"),
    ];

    /// The number that the operating system gets.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::NoKey => 3,
            Self::Pin => 4,
            Self::NotConfirmed => 5,
            Self::Unsupported => 6,
            Self::NoMatch => 7,
            Self::Rejected => 8,
            Self::Defect => 70,
            Self::Interrupted => 130,
        }
    }
}
