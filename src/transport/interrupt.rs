//! A person's wish to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A flag that Ctrl-C sets and that the thread owning a connection polls.
///
/// Clones share the flag. Nothing is sent to a key from a signal handler: the thread that waits
/// for the key sees the flag and sends CTAPHID_CANCEL itself.
#[derive(Clone, Debug)]
pub struct Interrupt {
    own: Arc<AtomicBool>,
    /// Flags that stop this one's owner too.
    inherited: Vec<Arc<AtomicBool>>,
}

impl Interrupt {
    /// Makes a flag that is not set.
    pub fn new() -> Self {
        Self::from_flag(Arc::new(AtomicBool::new(false)))
    }

    /// Wraps a flag that something else, such as a signal handler, sets.
    pub fn from_flag(flag: Arc<AtomicBool>) -> Self {
        Self { own: flag, inherited: Vec::new() }
    }

    /// Makes a flag that is set with this one, or on its own: one of several keys that wait at
    /// the same time can be stopped without the others.
    pub fn child(&self) -> Self {
        let mut inherited = self.inherited.clone();
        inherited.push(Arc::clone(&self.own));
        Self { own: Arc::new(AtomicBool::new(false)), inherited }
    }

    /// Sets the flag.
    pub fn request(&self) {
        self.own.store(true, Ordering::SeqCst);
    }

    /// Whether somebody asked to stop.
    pub fn is_requested(&self) -> bool {
        self.own.load(Ordering::SeqCst)
            || self.inherited.iter().any(|flag| flag.load(Ordering::SeqCst))
    }
}

impl Default for Interrupt {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_is_stopped_with_its_parent_and_on_its_own() {
        let parent = Interrupt::new();
        let (one, two) = (parent.child(), parent.child());
        one.request();
        assert!(one.is_requested() && !two.is_requested() && !parent.is_requested());
        parent.clone().request();
        assert!(two.is_requested() && two.child().is_requested());
    }
}
