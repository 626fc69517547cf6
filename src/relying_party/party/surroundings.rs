//! What the relying party is given: time, randomness, and a place for its state.

use crate::ctap::Random;
use crate::transport::Clock;
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Where the state is kept.
pub trait Store {
    /// Replaces what is kept, in one step.
    ///
    /// # Errors
    ///
    /// What the operating system says; what was kept before is then still there.
    fn save(&mut self, bytes: &[u8]) -> io::Result<()>;
}

/// What the relying party is given.
pub struct Surroundings<'w> {
    /// Unpredictable bytes.
    pub random: &'w mut dyn Random,
    /// Monotonic time.
    pub clock: Arc<dyn Clock>,
    /// The time of day when the clock showed `began`.
    pub now: SystemTime,
    /// What the clock showed at `now`.
    pub began: Duration,
    /// Where the state is kept; `None` for memory alone.
    pub store: Option<Box<dyn Store + 'w>>,
}

impl Surroundings<'_> {
    /// The time of day, in seconds since 1970.
    pub fn unix_time(&self) -> u64 {
        let passed = self.clock.now().saturating_sub(self.began);
        let at_start = self.now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        at_start.saturating_add(passed).as_secs()
    }
}
