//! Who the relying party is.

use crate::webauthn::origin::Origin;
use crate::webauthn::rp_id::{RpId, RpIdError};

/// The name under which the relying party is shown to people.
const NAME: &str = "fidokey test service";

/// Whose options are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// This service's own.
    #[default]
    Plain,
    /// Those that Microsoft Entra ID sends, but for the RP ID.
    Entra,
}

impl Profile {
    /// How many random bytes a challenge has; section 13.4.3 of WebAuthn Level 3 wants at least 16.
    /// Entra's were seen to have several thousand characters.
    pub fn challenge_length(self) -> usize {
        match self {
            Self::Plain => 32,
            Self::Entra => 3000,
        }
    }

    /// What a user handle begins with, and how many random bytes follow. Entra's were seen to have
    /// about 51 bytes.
    pub fn user_handle(self) -> (&'static [u8], usize) {
        match self {
            Self::Plain => (b"", 32),
            Self::Entra => (b"OF:", 48),
        }
    }
}

/// Who the relying party is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The RP ID.
    pub rp_id: RpId,
    /// Its name.
    pub name: String,
    /// The one origin from which ceremonies may come.
    pub origin: Origin,
    /// Whose options are sent.
    pub profile: Profile,
}

impl Identity {
    /// The relying party of an origin: its RP ID is the origin's host.
    ///
    /// # Errors
    ///
    /// [`RpIdError`] when that host cannot be one, such as a public suffix.
    pub fn of(origin: Origin, profile: Profile) -> Result<Self, RpIdError> {
        let rp_id = RpId::parse(origin.host())?;
        rp_id.check_origin(&origin)?;
        let name = match profile {
            Profile::Plain => NAME,
            // What Entra calls itself.
            Profile::Entra => "Microsoft",
        };
        Ok(Self { rp_id, name: name.to_owned(), origin, profile })
    }
}
