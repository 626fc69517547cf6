//! Text for people: escaping of what keys say, and tables.

use crate::wire::text::is_unsafe;
use std::borrow::Cow;
use std::fmt::Write;
use unicode_width::UnicodeWidthStr;

/// Escapes everything in a text from a key that could do something to a terminal or mislead a
/// reader: control characters, line ends, and invisible or direction-changing characters.
pub fn escape(text: &str) -> String {
    escaped(text).into_owned()
}

/// Whether a backslash before this character cannot be taken for one of [`escape`]'s own, as in names of
/// certificates: `O=Example\, Inc.`.
fn is_plain(next: char) -> bool {
    next.is_ascii_punctuation() && next != '\\'
}

/// What [`escape`] makes of a text; the text itself where there is nothing to escape.
pub fn escaped(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| matches!(byte, 0x20..=0x7e) && byte != b'\\') {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        if is_unsafe(c) {
            // Writing to a string cannot fail.
            let _ = write!(escaped, "\\u{{{:x}}}", u32::from(c));
        } else if c == '\\' && !characters.peek().is_some_and(|next| is_plain(*next)) {
            escaped.push_str("\\\\");
        } else {
            escaped.push(c);
        }
    }
    Cow::Owned(escaped)
}

/// Words with commas between them.
pub fn listed(words: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let mut text = String::new();
    let mut comma = "";
    for word in words {
        text.push_str(comma);
        text.push_str(word.as_ref());
        comma = ", ";
    }
    text
}

/// `1 credential`, `2 credentials`: a number with its noun.
pub fn count(number: usize, singular: &str, plural: &str) -> String {
    format!("{number} {}", if number == 1 { singular } else { plural })
}

/// A table: a header, columns two spaces apart, no boxes.
///
/// Columns are as wide as their widest cell on a terminal, whatever the script.
#[derive(Debug)]
pub struct Table<'a> {
    columns: usize,
    /// Row by row, the header first.
    cells: Vec<Cow<'a, str>>,
    indent: usize,
}

impl<'a> Table<'a> {
    /// Starts a table with its header.
    pub fn new(header: &[&'a str]) -> Self {
        let cells = header.iter().map(|cell| Cow::Borrowed(*cell)).collect();
        Self { columns: header.len(), cells, indent: 0 }
    }

    /// Moves the whole table to the right.
    pub fn indented(mut self, columns: usize) -> Self {
        self.indent = columns;
        self
    }

    /// Adds a row, of as many cells as the header has; those left out at its end are empty. Cells
    /// must be escaped already.
    pub fn row(&mut self, cells: impl IntoIterator<Item = impl Into<Cow<'a, str>>>) {
        self.cells.extend(cells.into_iter().map(Into::into));
        let whole = self.cells.len().next_multiple_of(self.columns.max(1));
        self.cells.resize(whole, Cow::Borrowed(""));
    }

    /// Writes the table; every line ends with a line end and without trailing spaces.
    pub fn render(&self) -> String {
        let rows = self.cells.chunks(self.columns.max(1));
        let mut widths = vec![0; self.columns];
        for row in rows.clone() {
            for (widest, cell) in widths.iter_mut().zip(row) {
                *widest = width(cell).max(*widest);
            }
        }
        let mut text = String::with_capacity(rows.len().saturating_mul(80));
        for row in rows {
            // Only what stands before a cell is padded, so that no line ends in spaces.
            let mut due = self.indent;
            for (cell, widest) in row.iter().zip(&widths) {
                let taken = width(cell);
                if taken > 0 {
                    pad(&mut text, due);
                    text.push_str(cell);
                    due = 0;
                }
                due = due.saturating_add(widest.saturating_sub(taken)).saturating_add(2);
            }
            let end = text.trim_end_matches(' ').len();
            text.truncate(end);
            text.push('\n');
        }
        text
    }
}

/// Appends spaces.
pub(super) fn pad(text: &mut String, columns: usize) {
    const SPACES: &str = "                                ";
    let mut due = columns;
    while due > 0 {
        let some = SPACES.get(..due).unwrap_or(SPACES);
        text.push_str(some);
        due = due.saturating_sub(some.len());
    }
}

/// How many columns of a terminal a text takes.
pub(super) fn width(text: &str) -> usize {
    // Nearly every cell; the tables of all scripts are not asked for it.
    if text.is_ascii() { text.len() } else { text.width() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_drive_a_terminal_is_escaped() {
        assert_eq!(escape("a\x1b[2Jb\nc\u{202e}d\\"), "a\\u{1b}[2Jb\\u{a}c\\u{202e}d\\\\");
        assert_eq!(escape("Zoë 日本 🔑"), "Zoë 日本 🔑");
        assert_eq!(escape("\u{9b}31m"), "\\u{9b}31m");
        // As names of certificates are written.
        assert_eq!(escape("O=Example\\, Inc."), "O=Example\\, Inc.");
        assert_eq!(escape("\\u{1b}\\\u{1b}"), "\\\\u{1b}\\\\\\u{1b}");
    }

    #[test]
    fn words_are_listed_with_commas() {
        assert_eq!(listed([""; 0]), "");
        assert_eq!(listed(["usb", "nfc"]), "usb, nfc");
        assert_eq!(listed(["", ""]), ", ");
    }

    #[test]
    fn columns_fit_wide_characters() {
        let mut table = Table::new(&["ID", "NAME"]);
        table.row(["日本", "x"]);
        table.row(["a"]);
        table.row(["", "y"]);
        assert_eq!(table.render(), "ID    NAME\n日本  x\na\n      y\n");
    }
}
