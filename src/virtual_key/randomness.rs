//! The randomness that a key makes its private keys from.

use super::locked;
use opensk::api::rng::Rng;
use rand_core_06::{CryptoRng, RngCore};
use sha2::{Digest, Sha256};
use std::sync::{Arc, Mutex};
use thiserror::Error;

/// No randomness could be had.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the operating system gave no randomness: {0}")]
pub struct RandomnessError(pub String);

/// A source of random bytes, which keys may share.
pub trait Randomness: Send + Sync {
    /// Fills `bytes`.
    ///
    /// # Errors
    ///
    /// When there is no randomness. The key then answers nothing more.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomnessError>;
}

/// The randomness of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsRandomness;

impl Randomness for OsRandomness {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomnessError> {
        getrandom::fill(bytes).map_err(|error| RandomnessError(error.to_string()))
    }
}

/// Bytes that follow from a seed, for tests that compare what a key says with what it said
/// yesterday: SHA-256 over the seed and a counter.
pub struct SeededRandomness {
    seed: u64,
    block: Mutex<u64>,
}

impl SeededRandomness {
    /// Starts over from `seed`.
    pub fn new(seed: u64) -> Arc<Self> {
        Arc::new(Self { seed, block: Mutex::default() })
    }
}

impl Randomness for SeededRandomness {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomnessError> {
        let mut block = locked(&self.block);
        for chunk in bytes.chunks_mut(32) {
            let digest = Sha256::new()
                .chain_update(self.seed.to_be_bytes())
                .chain_update(block.to_be_bytes())
                .finalize();
            chunk.iter_mut().zip(digest).for_each(|(byte, random)| *byte = random);
            *block = block.wrapping_add(1);
        }
        Ok(())
    }
}

/// Randomness as the firmware sees it, which cannot fail.
///
/// A failure is kept in `fault` instead, and no packet leaves the key after it.
pub(super) struct KeyRng {
    pub(super) source: Arc<dyn Randomness>,
    pub(super) fault: Option<RandomnessError>,
}

impl RngCore for KeyRng {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.fill_bytes(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.fill_bytes(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        if let Err(error) = self.source.fill(bytes) {
            // Not zero: a private key is drawn again and again until it is not zero.
            bytes.fill(1);
            self.fault = Some(error);
        }
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rand_core_06::Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

impl CryptoRng for KeyRng {}

impl Rng for KeyRng {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_bytes_and_another_seed_does_not() {
        let drawn = |seed| {
            let mut bytes = [0; 80];
            SeededRandomness::new(seed).fill(&mut bytes).unwrap();
            bytes
        };
        assert_eq!(drawn(1), drawn(1));
        assert_ne!(drawn(1), drawn(2));
        assert_ne!(drawn(1)[..32], drawn(1)[32..64]);
    }
}
