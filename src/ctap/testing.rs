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
///
/// Of a long reply each byte becomes only what differs in one bit, the ends of the range, and the
/// heads of indefinite and of very long items.
pub(super) fn no_change_panics<R: Request>(request: &R, body: &[u8]) {
    let mut reply = vec![0];
    reply.extend_from_slice(body);
    assert!(read_reply(request, &reply).is_ok());
    for end in 0..reply.len() {
        let _ = read_reply(request, &reply[..end]);
    }
    let heads = [0x00, 0xff, 0x5f, 0x7f, 0x9f, 0xbf, 0x5b, 0x7b, 0x9b, 0xbb];
    for at in 0..reply.len() {
        let original = reply[at];
        let changes: Vec<u8> = if reply.len() <= 80 {
            (0..=u8::MAX).collect()
        } else {
            (0..8).map(|bit| original ^ (1 << bit)).chain(heads).collect()
        };
        for byte in changes {
            reply[at] = byte;
            let _ = read_reply(request, &reply);
        }
        reply[at] = original;
    }
}
