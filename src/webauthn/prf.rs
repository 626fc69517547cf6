//! The `prf` extension on top of hmac-secret (WebAuthn Level 3 section 10.1.4).

use sha2::{Digest, Sha256};

/// The salt of hmac-secret that stands for an input of `prf`.
pub fn salt(input: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(b"WebAuthn PRF\0").chain_update(input).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SHA-256 of "WebAuthn PRF", a zero byte, and the input, by coreutils' sha256sum.
    #[test]
    fn an_input_becomes_a_salt() {
        assert_eq!(salt(b"")[..4], EMPTY);
        assert_eq!(salt(b"input")[..4], INPUT);
    }

    const EMPTY: [u8; 4] = [0x6a, 0x7e, 0x64, 0xb2];
    const INPUT: [u8; 4] = [0x9a, 0xbb, 0xfb, 0x4a];
}
