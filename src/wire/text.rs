//! Texts from outside: which of their characters could do something to whoever reads them. And bytes
//! as digits.

use std::fmt::Write;

/// Control characters, and format characters that are invisible or change the direction.
pub fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(u32::from(c),
            0xad | 0x61c | 0x180e
            | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f
            | 0xfeff | 0xfff9..=0xfffb | 0xe0000..=0xe007f)
}

/// Writes the unsafe characters in a JSON text as JSON's own escapes: a reader of JSON gets them as
/// they were. Line ends are left: in a JSON text they only stand between values.
pub fn escape_json(json: &str) -> String {
    let mut text = String::with_capacity(json.len().saturating_add(1));
    for c in json.chars() {
        if c == '\n' || !is_unsafe(c) {
            text.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            // Writing to a string cannot fail.
            let _ = write!(text, "\\u{unit:04x}");
        }
    }
    text
}

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len().saturating_mul(2)), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
