//! A line being typed, kept in memory that is wiped.

use zeroize::{Zeroize, Zeroizing};

/// The longest line that is accepted, in bytes. A PIN has at most 63.
pub const MAX_INPUT: usize = 1024;

/// Collects typed bytes into a line.
///
/// The buffer is allocated once, so that no copy of a secret is left behind by growing.
pub struct LineEditor {
    bytes: Zeroizing<Vec<u8>>,
}

/// What a typed byte did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typed {
    /// The line goes on.
    More,
    /// The line is complete.
    Complete,
    /// The person ended the input.
    Ended,
    /// There is no room for the byte.
    TooLong,
}

impl LineEditor {
    /// Starts an empty line.
    pub fn new() -> Self {
        Self { bytes: Zeroizing::new(Vec::with_capacity(MAX_INPUT)) }
    }

    /// Takes one byte as the terminal gives it in its line mode or from a pipe.
    pub fn push(&mut self, byte: u8) -> Typed {
        match byte {
            b'\n' => Typed::Complete,
            b'\r' => Typed::More,
            0x04 if self.bytes.is_empty() => Typed::Ended,
            _ if self.bytes.len() >= MAX_INPUT => Typed::TooLong,
            _ => {
                self.bytes.push(byte);
                Typed::More
            }
        }
    }

    /// The line.
    pub fn finish(mut self) -> Zeroizing<Vec<u8>> {
        std::mem::replace(&mut self.bytes, Zeroizing::new(Vec::new()))
    }
}

impl Default for LineEditor {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for LineEditor {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_ends_at_its_end_and_never_grows() {
        let mut editor = LineEditor::new();
        for byte in b"12\r" {
            assert_eq!(editor.push(*byte), Typed::More);
        }
        assert_eq!(editor.push(b'\n'), Typed::Complete);
        assert_eq!(**editor.finish(), *b"12");
        let mut editor = LineEditor::new();
        assert_eq!(editor.push(4), Typed::Ended);
        for _ in 0..MAX_INPUT {
            assert_eq!(editor.push(b'x'), Typed::More);
        }
        assert_eq!(editor.push(b'x'), Typed::TooLong);
    }
}
