//! The virtual key: OpenSK, Google's CTAP 2.1 firmware, behind the transport's traits.
//!
//! Firmware that nobody here wrote answers real packets, so that the tool can be tried and tested
//! without a thing on the desk and without testing its own mirror image. This layer moves packets
//! to the firmware and gives it what a board would give it: memory, time, randomness and somebody
//! who touches it ([`Surroundings`]). It knows nothing of CTAP beyond that.
//!
//! - [`VirtualKey`]: one key. It is switched on when it is first opened (or when it is plugged into
//!   a [`VirtualBus`]) and stays on over any number of connections until it is replugged, dropped,
//!   or its process ends. Every start of a process is therefore a power-up.
//! - [`VirtualBus`]: finds and opens keys: those that last, one that is thrown away when the
//!   process ends, and any that were plugged in by hand, which is how tests keep one key over
//!   several runs of the command line.
//! - [`LastingKeys`]: the directory in which lasting keys are kept.
//!
//! **Not for protecting accounts.** The private keys of a lasting key are in a file, in plain text,
//! and nobody has to touch anything unless its [`Touch`] policy says so.
//!
//! What the firmware cannot do is a fact of the key and not of this layer: it lists the PIN/UV auth
//! protocols as two, one, or as two alone, and never as one alone; it knows ES256 and EdDSA, packed
//! attestation and no fingerprints; with an attestation key it signs ES256, whatever the
//! credential's algorithm.

mod bus;
mod clock;
mod entries;
mod env;
mod firmware;
mod key;
mod lasting;
mod link;
mod lock;
mod pipe;
mod randomness;
mod settings;
mod state_file;
mod store;
mod touch;

#[cfg(test)]
mod testing;

pub use bus::{THROW_AWAY, VirtualBus};
pub use clock::{KeyClock, ManualClock, MonotonicClock, Wake};
pub use entries::Contents;
pub use env::Surroundings;
pub use key::VirtualKey;
pub use lasting::{KeyName, LastingError, LastingKey, LastingKeys, NameError};
pub use randomness::{OsRandomness, Randomness, RandomnessError, SeededRandomness};
pub use settings::{Attestation, AttestationKey, EnterpriseMode, KeySettings};
pub use state_file::{KeySummary, StateError};
pub use touch::{Nobody, Touch, TouchButton, TouchError, TouchSource};

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks a mutex, also after a panic of the firmware in another thread: what the mutexes of this
/// layer guard is valid after every single write.
fn locked<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
