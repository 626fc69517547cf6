//! The time as the firmware sees it.

use opensk::api::clock::Clock;
use std::time::{Duration, Instant};

/// The time of the operating system.
pub struct RealClock;

/// A moment to come; none is one that has passed.
#[derive(Default)]
pub struct Timer(Option<Instant>);

/// The time in milliseconds that the firmware allows between two packets of one message.
const PACKET_GAP: usize = 100;

/// The time in milliseconds that this key allows instead: on an emulated processor that has other
/// things to do, a process may well not run for longer than the firmware's limit.
const PATIENT_PACKET_GAP: usize = 2_000;

impl Clock for RealClock {
    type Timer = Timer;

    fn make_timer(&mut self, milliseconds: usize) -> Timer {
        let milliseconds =
            if milliseconds == PACKET_GAP { PATIENT_PACKET_GAP } else { milliseconds };
        Timer(Some(Instant::now() + span(milliseconds)))
    }

    fn is_elapsed(&mut self, timer: &Timer) -> bool {
        timer.0.is_none_or(|end| Instant::now() >= end)
    }
}

/// Converts the firmware's way of counting time.
pub fn span(milliseconds: usize) -> Duration {
    Duration::from_millis(milliseconds as u64)
}
