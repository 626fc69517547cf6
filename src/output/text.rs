//! Text for people: escaping of what keys say, and tables.

use std::fmt::Write;
use unicode_width::UnicodeWidthStr;

/// Escapes everything in a text from a key that could do something to a terminal or mislead a
/// reader: control characters, line ends, and invisible or direction-changing characters.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if is_unsafe(c) {
            // Writing to a string cannot fail.
            let _ = write!(escaped, "\\u{{{:x}}}", u32::from(c));
        } else if c == '\\' {
            escaped.push_str("\\\\");
        } else {
            escaped.push(c);
        }
    }
    escaped
}

/// Control characters, and format characters that are invisible or change the direction.
pub(super) fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(u32::from(c),
            0xad | 0x61c | 0x180e
            | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f
            | 0xfeff | 0xfff9..=0xfffb | 0xe0000..=0xe007f)
}

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len().saturating_mul(2)), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// `1 credential`, `2 credentials`: a number with its noun.
pub fn count(number: usize, singular: &str, plural: &str) -> String {
    format!("{number} {}", if number == 1 { singular } else { plural })
}

/// A table: a header, columns two spaces apart, no boxes.
///
/// Columns are as wide as their widest cell on a terminal, whatever the script.
#[derive(Debug)]
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Starts a table with its header.
    pub fn new(header: &[&str]) -> Self {
        Self { rows: vec![header.iter().map(|cell| (*cell).to_owned()).collect()] }
    }

    /// Adds a row. Cells must be escaped already.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// Writes the table; every line ends with a line end and without trailing spaces.
    pub fn render(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let widths: Vec<usize> = (0..columns)
            .map(|column| {
                let cells = self.rows.iter().filter_map(|row| row.get(column));
                cells.map(|cell| cell.width()).max().unwrap_or_default()
            })
            .collect();
        let mut text = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                line.push_str(cell);
                let padding = width.saturating_sub(cell.width()).saturating_add(2);
                line.extend(std::iter::repeat_n(' ', padding));
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_drive_a_terminal_is_escaped() {
        assert_eq!(escape("a\x1b[2Jb\nc\u{202e}d\\"), "a\\u{1b}[2Jb\\u{a}c\\u{202e}d\\\\");
        assert_eq!(escape("Zoë 日本 🔑"), "Zoë 日本 🔑");
        assert_eq!(escape("\u{9b}31m"), "\\u{9b}31m");
    }

    #[test]
    fn columns_fit_wide_characters() {
        let mut table = Table::new(&["ID", "NAME"]);
        table.row(vec!["日本".into(), "x".into()]);
        table.row(vec!["a".into(), "".into()]);
        assert_eq!(table.render(), "ID    NAME\n日本  x\na\n");
    }
}
