//! The randomness of the operating system, as the firmware wants it.

use opensk::api::rng::Rng;
use rand_core::{CryptoRng, Error, OsRng, RngCore};

/// The operating system's randomness.
pub struct Randomness;

impl RngCore for Randomness {
    fn next_u32(&mut self) -> u32 {
        OsRng.next_u32()
    }

    fn next_u64(&mut self) -> u64 {
        OsRng.next_u64()
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        OsRng.fill_bytes(bytes);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        OsRng.try_fill_bytes(bytes)
    }
}

impl CryptoRng for Randomness {}

impl Rng for Randomness {}
