//! The time that a key lives in.

use super::locked;
use crate::transport::Clock;
use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

/// Something that sleeps until it is woken, and then looks at the world again.
pub trait Wake: Send + Sync {
    /// Ends the sleep. Must not block.
    fn wake(&self);
}

/// A clock that a sleeping key can wait for.
pub trait KeyClock: Clock {
    /// How long, in real time, a key may sleep until [`now`](Clock::now) can have reached `until`.
    ///
    /// `None` means that time stands still until somebody moves it; the key then sleeps until it
    /// is woken. Called only when a key has nothing else to wait for.
    fn sleep_limit(&self, until: Duration) -> Option<Duration>;

    /// Has `sleeper` woken whenever time jumps.
    ///
    /// A clock that runs by itself need not do anything.
    fn wake_on_jump(&self, sleeper: Weak<dyn Wake>);
}

/// Time as the operating system counts it, from the making of this clock on.
#[derive(Clone, Copy, Debug)]
pub struct MonotonicClock {
    start: Instant,
}

impl MonotonicClock {
    /// Starts the clock.
    #[allow(clippy::disallowed_methods, reason = "this is the clock that is given")]
    pub fn start() -> Self {
        Self { start: Instant::now() }
    }
}

impl Clock for MonotonicClock {
    fn now(&self) -> Duration {
        self.start.elapsed()
    }
}

impl KeyClock for MonotonicClock {
    fn sleep_limit(&self, until: Duration) -> Option<Duration> {
        Some(until.saturating_sub(self.now()))
    }

    fn wake_on_jump(&self, _sleeper: Weak<dyn Wake>) {}
}

/// Time that is moved by hand, for tests.
///
/// It also serves as a [`transport::Clock`](Clock), so that both ends of a conversation can live
/// in the same time.
pub struct ManualClock {
    time: Mutex<ManualTime>,
    awaited: Condvar,
    sleepers: Mutex<Vec<Weak<dyn Wake>>>,
    leaps: bool,
}

#[derive(Default)]
struct ManualTime {
    now: Duration,
    /// The moment for which a key has begun to sleep since time was last moved.
    awaited: Option<Duration>,
}

impl ManualClock {
    /// Makes a clock that stands still until it is [advanced](Self::advance).
    pub fn standing() -> Arc<Self> {
        Arc::new(Self::new(false))
    }

    /// Makes a clock that leaps to the moment for which a key waits, as soon as the key has
    /// nothing but that moment to wait for.
    ///
    /// A touch that never comes is then over at once, with all its keepalives.
    pub fn leaping() -> Arc<Self> {
        Arc::new(Self::new(true))
    }

    fn new(leaps: bool) -> Self {
        let (time, awaited, sleepers) = (Mutex::default(), Condvar::new(), Mutex::default());
        Self { time, awaited, sleepers, leaps }
    }

    /// Moves time on by `span`.
    ///
    /// A key that has yet to begin its wait begins it after that; see
    /// [`advance_to_sleeper`](Self::advance_to_sleeper).
    pub fn advance(&self, span: Duration) {
        Self::advance_to(&mut locked(&self.time), |now| now.saturating_add(span));
        self.wake_sleepers();
    }

    /// Waits until a key sleeps, and moves time to when it wants to wake up.
    ///
    /// Tells whether one went to sleep within `patience`, which is real time.
    pub fn advance_to_sleeper(&self, patience: Duration) -> bool {
        let awaited = {
            let time = locked(&self.time);
            let (mut time, _) = self
                .awaited
                .wait_timeout_while(time, patience, |time| time.awaited.is_none())
                .unwrap_or_else(PoisonError::into_inner);
            let awaited = time.awaited;
            Self::advance_to(&mut time, |now| awaited.unwrap_or(now));
            awaited
        };
        self.wake_sleepers();
        awaited.is_some()
    }

    /// Moves time on, and never back.
    fn advance_to(time: &mut ManualTime, to: impl FnOnce(Duration) -> Duration) {
        time.now = to(time.now).max(time.now);
        time.awaited = None;
    }

    /// To be called without a lock: who is woken reads this clock under locks of its own.
    fn wake_sleepers(&self) {
        let sleepers = locked(&self.sleepers).clone();
        for sleeper in sleepers.iter().filter_map(Weak::upgrade) {
            sleeper.wake();
        }
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Duration {
        locked(&self.time).now
    }
}

impl KeyClock for ManualClock {
    fn sleep_limit(&self, until: Duration) -> Option<Duration> {
        let mut time = locked(&self.time);
        if self.leaps {
            Self::advance_to(&mut time, |_| until);
            return Some(Duration::ZERO);
        }
        time.awaited = Some(until);
        self.awaited.notify_all();
        None
    }

    fn wake_on_jump(&self, sleeper: Weak<dyn Wake>) {
        let mut sleepers = locked(&self.sleepers);
        sleepers.retain(|known| known.strong_count() > 0);
        sleepers.push(sleeper);
    }
}

/// The clock as the firmware sees it.
pub(super) struct FirmwareClock(pub(super) Arc<dyn KeyClock>);

/// The time in milliseconds that the firmware allows between two packets of one message.
const PACKET_GAP_MS: usize = 100;

/// The time in milliseconds that this key allows instead.
///
/// A USB controller takes packets in whenever they come; a thread on a busy machine may not run for
/// longer than the firmware's limit, which would turn a slow machine into a broken message.
const PATIENT_PACKET_GAP_MS: usize = 2_000;

impl opensk::api::clock::Clock for FirmwareClock {
    /// The moment at which the timer runs out; the default has always run out.
    type Timer = Duration;

    fn make_timer(&mut self, milliseconds: usize) -> Duration {
        let milliseconds =
            if milliseconds == PACKET_GAP_MS { PATIENT_PACKET_GAP_MS } else { milliseconds };
        self.0.now().saturating_add(milliseconds_long(milliseconds))
    }

    fn is_elapsed(&mut self, timer: &Duration) -> bool {
        self.0.now() >= *timer
    }
}

/// Converts the firmware's way of counting time.
pub(super) fn milliseconds_long(milliseconds: usize) -> Duration {
    Duration::from_millis(u64::try_from(milliseconds).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use opensk::api::clock::Clock as _;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[derive(Default)]
    struct Count(AtomicU32);

    impl Wake for Count {
        fn wake(&self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn a_default_timer_has_run_out_and_others_run_out_on_the_moment() {
        let clock = ManualClock::standing();
        let mut firmware = FirmwareClock(clock.clone());
        assert!(firmware.is_elapsed(&Duration::default()));
        let timer = firmware.make_timer(30);
        clock.advance(Duration::from_millis(29));
        assert!(!firmware.is_elapsed(&timer));
        clock.advance(Duration::from_millis(1));
        assert!(firmware.is_elapsed(&timer));
    }

    #[test]
    fn a_jump_wakes_those_who_still_sleep() {
        let clock = ManualClock::standing();
        let wake_on_jump = || {
            let sleeper = Arc::new(Count::default());
            let woken: Arc<dyn Wake> = sleeper.clone();
            clock.wake_on_jump(Arc::downgrade(&woken));
            sleeper
        };
        let goes = wake_on_jump();
        clock.advance(Duration::from_secs(1));
        assert_eq!(goes.0.load(Ordering::SeqCst), 1);
        drop(goes);
        let stays = wake_on_jump();
        clock.advance(Duration::from_secs(1));
        assert_eq!(stays.0.load(Ordering::SeqCst), 1);
        assert_eq!(locked(&clock.sleepers).len(), 1, "the one who went is forgotten");
    }

    #[test]
    fn a_leaping_clock_is_there_at_once() {
        let clock = ManualClock::leaping();
        assert_eq!(clock.sleep_limit(Duration::from_secs(30)), Some(Duration::ZERO));
        assert_eq!(clock.now(), Duration::from_secs(30));
        clock.sleep_limit(Duration::from_secs(10));
        assert_eq!(clock.now(), Duration::from_secs(30), "time never goes back");
    }
}
