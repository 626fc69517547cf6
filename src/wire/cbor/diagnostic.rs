//! CBOR for people: diagnostic notation (RFC 8949 section 8).

use super::Value;
use std::fmt::{self, Write};

impl fmt::Display for Value {
    /// Writes the tree in diagnostic notation: `{1: h'00ff', "a": [true, null]}`.
    ///
    /// Texts are escaped as in JSON, which leaves characters beyond ASCII as they are.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(number) => write!(formatter, "{number}"),
            Self::Bytes(bytes) => {
                formatter.write_str("h'")?;
                bytes.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))?;
                formatter.write_str("'")
            }
            Self::Text(text) => quoted(text, formatter),
            Self::Array(items) => {
                formatter.write_str("[")?;
                for (position, item) in items.iter().enumerate() {
                    separated(position, formatter)?;
                    write!(formatter, "{item}")?;
                }
                formatter.write_str("]")
            }
            Self::Map(members) => {
                formatter.write_str("{")?;
                for (position, (key, value)) in members.iter().enumerate() {
                    separated(position, formatter)?;
                    write!(formatter, "{key}: {value}")?;
                }
                formatter.write_str("}")
            }
            Self::Tag(tag, inner) => write!(formatter, "{tag}({inner})"),
            Self::Bool(flag) => write!(formatter, "{flag}"),
            Self::Float(number) if number.is_nan() => formatter.write_str("NaN"),
            Self::Float(number) if number.is_infinite() => {
                formatter.write_str(if *number > 0.0 { "Infinity" } else { "-Infinity" })
            }
            Self::Float(number) => write!(formatter, "{number:?}"),
            Self::Null => formatter.write_str("null"),
            Self::Undefined => formatter.write_str("undefined"),
        }
    }
}

fn separated(position: usize, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    if position > 0 { formatter.write_str(", ") } else { Ok(()) }
}

fn quoted(text: &str, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    formatter.write_char('"')?;
    for character in text.chars() {
        match character {
            '"' | '\\' => write!(formatter, "\\{character}")?,
            '\n' => formatter.write_str("\\n")?,
            '\r' => formatter.write_str("\\r")?,
            '\t' => formatter.write_str("\\t")?,
            control if control < ' ' => write!(formatter, "\\u{:04x}", u32::from(control))?,
            other => formatter.write_char(other)?,
        }
    }
    formatter.write_char('"')
}

#[cfg(test)]
mod tests {
    use crate::wire::cbor::parse;

    /// Examples of RFC 8949, appendix A.
    #[test]
    fn it_reads_as_the_specification_s_examples() {
        for (bytes, text) in [
            (&[0x00][..], "0"),
            (&[0x38, 0x63], "-100"),
            (&[0x3b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], "-18446744073709551616"),
            (&[0x44, 1, 2, 3, 4], "h'01020304'"),
            (&[0x62, 0x22, 0x5c], "\"\\\"\\\\\""),
            (&[0x62, 0xc3, 0xbc], "\"ü\""),
            (&[0x83, 0x01, 0x82, 2, 3, 0x82, 4, 5], "[1, [2, 3], [4, 5]]"),
            (&[0xa2, 0x61, 0x61, 1, 0x61, 0x62, 0x82, 2, 3], "{\"a\": 1, \"b\": [2, 3]}"),
            (&[0xc1, 0x1a, 0x51, 0x4b, 0x67, 0xb0], "1(1363896240)"),
            (&[0xf4], "false"),
            (&[0xf6], "null"),
            (&[0xf7], "undefined"),
            (&[0xf9, 0x3e, 0x00], "1.5"),
            (&[0xf9, 0x7c, 0x00], "Infinity"),
            (&[0xf9, 0xfc, 0x00], "-Infinity"),
            (&[0xf9, 0x7e, 0x00], "NaN"),
        ] {
            assert_eq!(parse(bytes).unwrap().value().unwrap().to_string(), text);
        }
    }

    #[test]
    fn control_characters_are_escaped() {
        let value = super::Value::Text("a\n\u{1b}".into());
        assert_eq!(value.to_string(), "\"a\\n\\u001b\"");
    }
}
