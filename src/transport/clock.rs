//! Monotonic time, as an argument.

use std::time::Duration;

/// A clock that never goes back.
pub trait Clock: Send + Sync {
    /// The time since some fixed moment in the past, the same moment for every call.
    fn now(&self) -> Duration;
}
