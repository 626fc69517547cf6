//! The members of a message as indented lines. Where they come from is not known here: anything may
//! stand in them, and only their size is certain.

use super::super::text::escape;
use serde_json::{Map, Value};

/// The most that a value may take to stand on the line of its name, in characters.
const LINE: usize = 90;

/// The most hexadecimal digits of a byte string that are shown.
const DIGITS: usize = 64;

/// The most characters of a text that are shown.
const CHARACTERS: usize = 256;

/// The deepest level that is indented any further.
const DEEPEST: usize = 16;

/// Writes lines that are indented.
pub(super) struct Indented<'t> {
    indent: usize,
    text: &'t mut String,
}

impl<'t> Indented<'t> {
    /// Begins with so many spaces.
    pub(super) fn new(indent: usize, text: &'t mut String) -> Self {
        Self { indent, text }
    }

    /// One line, which is escaped already.
    pub(super) fn line(&mut self, line: &str) {
        self.text.extend(std::iter::repeat_n(' ', self.indent));
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// The members of an object, a line or more each.
    pub(super) fn members(&mut self, members: &Value) {
        match members {
            Value::Object(members) => {
                for (name, value) in members {
                    self.named(&format!("{}:", escape(name)), value, 0);
                }
            }
            other => self.named("it is:", other, 0),
        }
    }

    fn named(&mut self, name: &str, value: &Value, level: usize) {
        if let Some(inline) = inline(value) {
            return self.line(&format!("{name} {inline}"));
        }
        self.line(name);
        let deeper = if level < DEEPEST { 2 } else { 0 };
        self.indent = self.indent.saturating_add(deeper);
        let below = level.saturating_add(1);
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    self.named(&format!("{}:", escape(name)), value, below);
                }
            }
            Value::Array(items) => {
                for item in items {
                    self.named("-", item, below);
                }
            }
            _ => {}
        }
        self.indent = self.indent.saturating_sub(deeper);
    }
}

/// A value on one line; `None` when it takes more room than there is.
pub(super) fn inline(value: &Value) -> Option<String> {
    let joined = |parts: Option<Vec<String>>, open, close| {
        let joined = parts?.join(", ");
        (joined.len() <= LINE).then(|| format!("{open}{joined}{close}"))
    };
    match value {
        Value::Null => Some("null".to_owned()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(quoted(text)),
        // What is too long for one line is not looked at to its end, at any level.
        Value::Array(items) if items.len() > LINE => None,
        Value::Array(items) => joined(items.iter().map(inline).collect(), "[", "]"),
        Value::Object(members) => special(members).or_else(|| {
            let parts = members.iter().take(LINE).map(|(name, value)| {
                inline(value).map(|value| format!("{}: {value}", escape(name)))
            });
            joined(parts.collect(), "{", "}")
        }),
    }
}

/// The objects that stand for what JSON has no form for.
fn special(members: &Map<String, Value>) -> Option<String> {
    let mut members = members.iter();
    let (first, second) = (members.next()?, members.next());
    if members.next().is_some() {
        return None;
    }
    match (first, second) {
        ((name, Value::String(digits)), None) if name == "hex" => Some(bytes(digits)),
        ((name, Value::Number(length)), None) if name == "masked" => {
            Some(format!("(masked, {length} B)"))
        }
        ((name, Value::String(notation)), None) if name == "cbor" => Some(cut(notation)),
        ((name, Value::String(text)), Some((number, Value::Number(value))))
            if name == "name" && number == "number" =>
        {
            Some(format!("{} ({value})", cut(text)))
        }
        ((name, Value::Array(names)), Some((number, Value::Number(value))))
            if name == "names" && number == "number" && names.len() <= LINE =>
        {
            let names: Vec<String> = names.iter().filter_map(Value::as_str).map(cut).collect();
            Some(format!(
                "{} ({value})",
                if names.is_empty() { "none".into() } else { names.join(" ") }
            ))
        }
        _ => None,
    }
}

fn bytes(digits: &str) -> String {
    let length = digits.len() / 2;
    let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    match digits.get(..DIGITS).filter(|_| digits.len() > DIGITS) {
        _ if !is_hex => quoted(digits),
        Some(beginning) => format!("{beginning}... ({length} B)"),
        None if digits.is_empty() => "(0 B)".to_owned(),
        None => digits.to_owned(),
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", cut(text))
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(CHARACTERS) {
        Some((end, _)) => format!("{}...", escape(text.get(..end).unwrap_or_default())),
        None => escape(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shown(value: &Value) -> String {
        let mut text = String::new();
        Indented::new(2, &mut text).members(value);
        text
    }

    #[test]
    fn what_json_has_no_form_for_reads_as_what_it_is() {
        let value = json!({
            "hash": { "hex": "00ff" },
            "blob": { "hex": "ab".repeat(40) },
            "none": { "hex": "" },
            "token": { "masked": 32 },
            "alg": { "name": "ES256", "number": -7 },
            "permissions": { "names": ["mc", "ga"], "number": 3 },
            "flags": { "names": [], "number": 0 },
            "odd": { "cbor": "undefined" },
            "list": [1, "two", null],
            "rp": { "id": "example.com", "name": "Example" },
        });
        let blob = "ab".repeat(32);
        let expected = format!(
            "  hash: 00ff\n  blob: {blob}... (40 B)\n  none: (0 B)\n  token: (masked, 32 B)\n  \
             alg: ES256 (-7)\n  permissions: mc ga (3)\n  flags: none (0)\n  odd: undefined\n  \
             list: [1, \"two\", null]\n  rp: {{id: \"example.com\", name: \"Example\"}}\n"
        );
        assert_eq!(shown(&value), expected);
    }

    #[test]
    fn what_does_not_fit_on_a_line_is_indented() {
        let long = "x".repeat(80);
        let value = json!({ "list": [{ "a": long, "b": [long, 1] }] });
        let expected = format!("  list:\n    -\n      a: \"{long}\"\n      b: [\"{long}\", 1]\n");
        assert_eq!(shown(&value), expected);
    }

    #[test]
    fn what_somebody_made_up_cannot_drive_a_terminal_or_go_on_for_ever() {
        let hostile = "\u{1b}[2J\n\u{9b}\u{202e}";
        let mut deep = json!(1);
        for _ in 0..100 {
            deep = json!({ hostile: [deep, "y".repeat(100)] });
        }
        let value = json!({
            hostile: hostile,
            "hex": { "hex": hostile },
            "name": { "name": hostile, "number": 1 },
            "text": "é".repeat(100_000),
            "deep": deep,
        });
        let text = shown(&value);
        assert!(!text.contains(['\u{1b}', '\u{9b}', '\u{202e}', '\r']));
        assert!(text.len() < 100_000, "{}", text.len());
        assert!(!text.lines().any(|line| line.starts_with(&" ".repeat(80))));
    }
}
