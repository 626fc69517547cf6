//! Versioned JSON.
//!
//! `schema_version` is the first member of every document. It grows when a member is removed or
//! changes its meaning; new members may come without that.

use crate::wire::text::escape_json;
use serde::Serialize;

/// The version of every document that this program prints now.
pub const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize)]
struct Versioned<'a, T> {
    schema_version: u32,
    #[serde(flatten)]
    body: &'a T,
}

/// Writes a view as one indented document with a line end.
///
/// # Errors
///
/// When the view cannot be written as JSON, which is a defect.
pub fn document<T: Serialize>(body: &T) -> serde_json::Result<String> {
    bare(&Versioned { schema_version: SCHEMA_VERSION, body })
}

/// Writes a view as one line, for programs that read a stream of them.
///
/// # Errors
///
/// When the view cannot be written as JSON, which is a defect.
pub fn line<T: Serialize>(body: &T) -> serde_json::Result<String> {
    let versioned = Versioned { schema_version: SCHEMA_VERSION, body };
    let mut text = escape_json(&serde_json::to_string(&versioned)?);
    text.push('\n');
    Ok(text)
}

/// Writes a document of another specification, such as WebAuthn's, with nothing added.
///
/// Characters that would do something to a terminal, or mislead a reader, are written as JSON's own
/// escapes: a reader of JSON gets them as they were.
///
/// # Errors
///
/// When the value cannot be written as JSON, which is a defect.
pub fn bare<T: Serialize>(value: &T) -> serde_json::Result<String> {
    let mut text = escape_json(&serde_json::to_string_pretty(value)?);
    text.push('\n');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_drive_a_terminal_is_escaped_and_reads_back_as_it_was() {
        let hostile = "a\u{1b}\u{9b}\u{7f}\n\u{202e}\u{e0041}\u{1f511}é";
        let text = bare(&[hostile]).unwrap();
        assert_eq!(text, "[\n  \"a\\u001b\\u009b\\u007f\\n\\u202e\\udb40\\udc41\u{1f511}é\"\n]\n");
        assert_eq!(serde_json::from_str::<Vec<String>>(&text).unwrap(), [hostile]);
    }
}
