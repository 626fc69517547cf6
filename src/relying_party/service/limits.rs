//! How much the service lets anybody have of it.

use std::sync::Mutex;
use std::time::Duration;

/// The limits of the service.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// How many connections there are at a time; others wait to be accepted.
    pub connections: usize,
    /// How long a client may take to send the head of a request; also how long a connection may be
    /// idle.
    pub head: Duration,
    /// How long a client may take to send the body of a request.
    pub body: Duration,
    /// How long a connection is kept, however busy.
    pub connection: Duration,
    /// The longest body, in bytes. A registration's response has a few thousand.
    pub body_bytes: usize,
    /// How many requests may come at once.
    pub burst: u32,
    /// How many requests per second are answered in the long run.
    pub rate: u32,
}

/// The longest head of a request, in bytes: what hyper takes as the least size of its buffer.
pub(super) const HEAD_BYTES: usize = 16 * 1024;

/// How many header fields a request may have.
pub(super) const HEADERS: usize = 64;

/// How many passwords are hashed at a time; each takes 19 MiB of memory.
pub(super) const HASHES: usize = 2;

/// How many passwords may be hashed or wait for it.
pub(super) const HASHES_WAITING: usize = 16;

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 64,
            head: Duration::from_secs(15),
            body: Duration::from_secs(15),
            connection: Duration::from_secs(600),
            body_bytes: 256 * 1024,
            // An audit makes several hundred.
            burst: 2000,
            rate: 500,
        }
    }
}

/// Counts requests: a bucket that holds a burst, and fills at a rate.
#[derive(Debug)]
pub(super) struct Bucket {
    burst: f64,
    rate: f64,
    level: Mutex<(f64, Duration)>,
}

impl Bucket {
    /// A bucket that is full when a clock shows `now`.
    pub(super) fn full(limits: &Limits, now: Duration) -> Self {
        let burst = f64::from(limits.burst);
        Self { burst, rate: f64::from(limits.rate), level: Mutex::new((burst, now)) }
    }

    /// Takes a request out; `false` when there is none left.
    pub(super) fn take(&self, now: Duration) -> bool {
        let mut level = match self.level.lock() {
            Ok(level) => level,
            // Two numbers are never half written.
            Err(poisoned) => poisoned.into_inner(),
        };
        let passed = now.saturating_sub(level.1).as_secs_f64();
        let filled = (level.0 + passed * self.rate).min(self.burst);
        let taken = filled >= 1.0;
        *level = (if taken { filled - 1.0 } else { filled }, now);
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_gives_its_burst_and_then_its_rate() {
        let start = Duration::from_secs(7);
        let limits = Limits { burst: 3, rate: 2, ..Limits::default() };
        let bucket = Bucket::full(&limits, start);
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        let taken: Vec<bool> = [0, 0, 0, 0, 400, 500, 600, 9000, 9000, 9000, 9000]
            .map(at)
            .map(|now| bucket.take(now))
            .into();
        assert_eq!(taken, [true, true, true, false, false, true, false, true, true, true, false]);
    }
}
