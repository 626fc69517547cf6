//! Bytes that nobody may see: wiped when dropped, never shown, not copied by habit.

use std::fmt;
use std::hint::black_box;
use zeroize::{Zeroize, Zeroizing};

/// Secret bytes on the heap, so that moving them leaves no copy behind.
///
/// `Debug` shows the length only; there is no `Clone`.
#[derive(PartialEq, Eq)]
pub struct SecretBytes(Zeroizing<Vec<u8>>);

impl SecretBytes {
    /// Copies the bytes; the original is the caller's to wipe.
    pub fn copy_of(bytes: &[u8]) -> Self {
        Self(Zeroizing::new(bytes.to_vec()))
    }

    /// The secret itself.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// How many bytes there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Zeroizing<Vec<u8>>> for SecretBytes {
    fn from(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SecretBytes({} bytes)", self.0.len())
    }
}

/// More stack than the cryptography uses: all of it runs on a thread with 16 KiB, also without
/// optimisation.
const STACK: usize = 24 * 1024;

/// Runs `act` in a frame of its own and overwrites the stack that it used.
///
/// Cryptographic code moves keys and blocks through the stack, where no destructor wipes them.
/// What `act` returns must hold its secrets on the heap.
#[inline(never)]
pub(super) fn scrubbed<T>(act: impl FnOnce() -> T) -> T {
    let result = in_own_frame(act);
    overwrite_stack();
    result
}

#[inline(never)]
fn in_own_frame<T>(act: impl FnOnce() -> T) -> T {
    act()
}

#[inline(never)]
fn overwrite_stack() {
    let mut stack = [0xffu8; STACK];
    black_box(&mut stack);
    stack.zeroize();
    black_box(&mut stack);
}

#[cfg(test)]
mod tests;
