//! Who sits at the machine, as systemd-logind or elogind says.

use super::Host;
use super::accounts::{Account, Accounts};

/// The first seat, which is the one that device access follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// The user whose session is the active one.
    pub active_user: Option<Account>,
}

impl Host {
    pub(super) fn seat(&self, accounts: &Accounts) -> Seat {
        let text = self.text("run/systemd/seats/seat0");
        let active = text.lines().find_map(|line| line.strip_prefix("ACTIVE_UID="));
        let number = active.and_then(|number| number.trim().parse().ok());
        Seat { active_user: number.map(|number| accounts.owner(number)) }
    }
}
