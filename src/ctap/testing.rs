//! What the tests of this layer share.

use super::message::{Request, read_reply};
use super::random::{Random, RandomError};

/// Randomness that counts: 1, 2, 3 and so on.
#[derive(Default)]
pub(super) struct Counting(u8);

impl Random for Counting {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RandomError> {
        for byte in bytes {
            self.0 = self.0.wrapping_add(1);
            *byte = self.0;
        }
        Ok(())
    }
}

/// The bytes given, once.
pub(super) struct Fixed(pub(super) Vec<u8>);

impl Random for Fixed {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RandomError> {
        if self.0.len() < bytes.len() {
            return Err(RandomError("used up".into()));
        }
        let rest = self.0.split_off(bytes.len());
        bytes.copy_from_slice(&self.0);
        self.0 = rest;
        Ok(())
    }
}

pub(super) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .chars()
        .filter(|character| !character.is_whitespace())
        .map(|character| character.to_digit(16).unwrap().try_into().unwrap())
        .collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// Reads every prefix of a reply and every change of one byte: none may panic.
#[expect(dead_code, reason = "the tests of single commands follow")]
pub(super) fn no_change_panics<R: Request>(request: &R, body: &[u8]) {
    let mut reply = vec![0];
    reply.extend_from_slice(body);
    assert!(read_reply(request, &reply).is_ok());
    for end in 0..reply.len() {
        let _ = read_reply(request, &reply[..end]);
    }
    for at in 0..reply.len() {
        for byte in 0..=255 {
            let mut changed = reply.clone();
            changed[at] = byte;
            let _ = read_reply(request, &changed);
        }
    }
}
