//! Who sits at the machine, as systemd-logind or elogind says.

use super::Host;

/// The first seat, which is the one that device access follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat {
    /// The number of the user whose session is the active one.
    pub active_user: Option<u32>,
}

impl Host {
    pub(super) fn seat(&self) -> Seat {
        let text = self.text("run/systemd/seats/seat0");
        let active = text.lines().find_map(|line| line.strip_prefix("ACTIVE_UID="));
        Seat { active_user: active.and_then(|number| number.trim().parse().ok()) }
    }
}
