//! What a person sees on a terminal, from the bytes that were written to it.

use std::num::NonZero;
use vt100::Parser;
use vte::Perform;

/// Lines that are kept; no command of a play writes more.
const ROWS: NonZero<u16> = NonZero::new(1500).unwrap();

/// Characters in a line: enough for any sentence, since where one is broken depends on the name of the
/// key, and jobs are played with keys of several names.
pub const COLUMNS: NonZero<u16> = NonZero::new(500).unwrap();

/// The text that stands on the terminal at the end: without control sequences, a line that was
/// written again shown once, a line that was wrapped in one piece.
pub fn at_the_end(bytes: &[u8]) -> String {
    let mut parser = Parser::new(ROWS, COLUMNS, 0);
    parser.process(bytes);
    let contents = parser.screen().contents();
    contents.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// The text in the order in which it was written, without control sequences.
#[derive(Default)]
pub struct Written {
    parser: vte::Parser,
    text: Text,
}

#[derive(Default)]
struct Text(String);

impl Written {
    /// Takes bytes that were written.
    pub fn push(&mut self, bytes: &[u8]) {
        self.parser.advance(&mut self.text, bytes);
    }

    /// The text so far.
    pub fn text(&self) -> &str {
        &self.text.0
    }
}

impl Perform for Text {
    fn print(&mut self, character: char) {
        self.0.push(character);
    }

    fn execute(&mut self, byte: u8) {
        if byte == b'\n' {
            self.0.push('\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redrawn_line_is_shown_once() {
        let bytes = b"Touch the key. 60 s\r\x1b[KTouch the key. 59 s\r\n\x1b[1mDone.\x1b[0m\r\n";
        assert_eq!(at_the_end(bytes), "Touch the key. 59 s\nDone.\n");
    }

    #[test]
    fn a_long_line_stays_in_one_piece() {
        let line = "x".repeat(usize::from(COLUMNS.get()) + 20);
        assert_eq!(at_the_end(format!("{line}\r\nend\r\n").as_bytes()), format!("{line}\nend\n"));
    }

    #[test]
    fn what_was_written_is_text_even_in_pieces() {
        let mut written = Written::default();
        for byte in "PIN\u{e9}: \x1b[1;31mno\x1b[0m\r\n".bytes() {
            written.push(&[byte]);
        }
        assert_eq!(written.text(), "PIN\u{e9}: no\n");
    }
}
