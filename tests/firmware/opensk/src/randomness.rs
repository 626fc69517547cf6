//! The randomness of the operating system, as the firmware wants it.

use opensk::api::rng::Rng;
use rand_core::{CryptoRng, Error, OsRng, RngCore};

/// The length of a PIN token in bytes.
const SECRET: usize = 32;

/// What it is told by.
pub const TELL_SECRETS: &str = "--tell-secrets";

/// The operating system's randomness.
pub struct Randomness {
    /// Whether the log has what may be a secret.
    pub is_told: bool,
}

impl RngCore for Randomness {
    fn next_u32(&mut self) -> u32 {
        OsRng.next_u32()
    }

    fn next_u64(&mut self) -> u64 {
        OsRng.next_u64()
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        OsRng.fill_bytes(bytes);
        self.tell(bytes);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        OsRng.try_fill_bytes(bytes)?;
        self.tell(bytes);
        Ok(())
    }
}

impl CryptoRng for Randomness {}

impl Rng for Randomness {
    /// What credentials are known by, which is no secret, and so not told.
    fn gen_uniform_u8x32(&mut self) -> [u8; 32] {
        let mut bytes = [0; 32];
        OsRng.fill_bytes(&mut bytes);
        bytes
    }
}

impl Randomness {
    /// Tells the log what was drawn, if it may be a secret, in one write.
    fn tell(&self, bytes: &[u8]) {
        if self.is_told && bytes.len() == SECRET {
            let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            let line = format!("drew {digits}\n");
            eprint!("{line}");
        }
    }
}
