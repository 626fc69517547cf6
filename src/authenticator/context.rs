//! What a ceremony is given besides a key.

use super::interaction::Interaction;
use crate::ctap::Random;
use crate::transport::channel::Timing;
use crate::transport::{Bus, Clock, Interrupt};
use std::sync::Arc;

/// What the person who started the program allows and how long they wait.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How long a key may take.
    pub timing: Timing,
    /// Whether the last PIN try may be used.
    pub last_try: bool,
}

/// What a ceremony needs besides a key.
pub struct Context<'a> {
    /// Where keys are found.
    pub bus: &'a dyn Bus,
    /// Unpredictable bytes.
    pub random: &'a mut dyn Random,
    /// The person.
    pub interaction: &'a mut dyn Interaction,
    /// Monotonic time.
    pub clock: Arc<dyn Clock>,
    /// The person's wish to stop.
    pub interrupt: Interrupt,
    /// What is allowed.
    pub settings: Settings,
}
