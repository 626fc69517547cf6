//! What is known of a key without a touch and without its PIN.

use crate::ctap::get_info::Info;

/// What is known of a key without a touch and without its PIN.
#[derive(Clone, Debug)]
pub struct KeyFacts<'a> {
    /// What it says of itself; `None` for a key that speaks only U2F.
    pub info: Option<&'a Info>,
    /// Whether it speaks U2F.
    pub speaks_u2f: bool,
    /// The tries that its PIN has left; `None` where none is set, and where it was not asked or did
    /// not tell.
    pub pin_tries: Option<PinTries>,
    /// Whether it holds one of the credentials that are listed.
    pub held: Held,
}

/// The tries that a PIN has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PinTries {
    /// Wrong PINs before the PIN is blocked for good.
    pub left: u64,
    /// Whether the key takes no PIN before it is plugged in again.
    pub blocked_until_replug: bool,
}

impl KeyFacts<'_> {
    /// What is seen of a key that does not speak FIDO2, and half a sentence about it.
    pub(super) fn instead_of_fido2(&self) -> (&'static str, &'static str) {
        if self.speaks_u2f {
            ("U2F only", "the key speaks only U2F, the older protocol")
        } else {
            ("neither FIDO2 nor U2F", "the key speaks neither FIDO2 nor the older U2F")
        }
    }
}

/// Whether a key holds one of the credentials that are listed, as far as it shows without a touch
/// and without its PIN.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Held {
    /// Nobody asked.
    #[default]
    NotAsked,
    /// It holds one.
    Yes,
    /// It shows none.
    No,
    /// It did not tell.
    Unknown {
        /// Why not: half a sentence.
        why: String,
    },
}

/// How a key can verify a person, as it stands now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verification {
    /// Its own verification, such as a fingerprint, is set up.
    Own,
    /// A PIN is set and does.
    Pin,
    /// A PIN can be set and is not.
    PinNotSet,
    /// Only its own verification does, and that is not set up.
    OwnNotSetUp,
    /// It cannot.
    Impossible,
}

impl Verification {
    /// How the key can verify a person when it makes or uses a credential.
    pub(super) fn of(info: &Info) -> Self {
        let options = info.options();
        let pin_does = options.no_mc_ga_permissions_with_client_pin() != Some(true);
        match (options.uv(), options.client_pin()) {
            (Some(true), _) => Self::Own,
            (_, Some(true)) if pin_does => Self::Pin,
            (_, Some(false)) if pin_does => Self::PinNotSet,
            (Some(false), _) | (None, Some(_)) => Self::OwnNotSetUp,
            (None, None) => Self::Impossible,
        }
    }

    /// What is there, in words.
    pub(super) fn seen(self) -> &'static str {
        match self {
            Self::Own => "the key verifies people itself, as by a fingerprint",
            Self::Pin => "a PIN is set",
            Self::PinNotSet => "no PIN is set",
            Self::OwnNotSetUp => "the key's own verification is not set up",
            Self::Impossible => "the key has neither PIN nor fingerprint",
        }
    }
}

/// Texts in one line, or a word for none.
pub(super) fn list<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> String {
    let texts: Vec<String> = texts.into_iter().map(|text| text.as_ref().to_owned()).collect();
    if texts.is_empty() { "none".to_owned() } else { texts.join(", ") }
}
