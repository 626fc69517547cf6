//! A person's wish to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A flag that Ctrl-C sets and that the thread owning a connection polls.
///
/// Clones share the flag. Nothing is sent to a key from a signal handler: the thread that waits
/// for the key sees the flag and sends CTAPHID_CANCEL itself.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Makes a flag that is not set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Wraps a flag that something else, such as a signal handler, sets.
    pub fn from_flag(flag: Arc<AtomicBool>) -> Self {
        Self(flag)
    }

    /// Sets the flag.
    pub fn request(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether somebody asked to stop.
    pub fn is_requested(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}
