//! Words and quoted text in the lines of a job.

/// Splits a line at white space; double quotes keep it, and hold the escapes of [`quoted`].
///
/// # Errors
/// A sentence, if a quotation is not closed or an escape is unknown.
pub fn words(line: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while !rest.is_empty() {
        let mut word = String::new();
        while let Some(next) = rest.chars().next().filter(|next| !next.is_whitespace()) {
            if next == '"' {
                let (text, after) = quoted(rest)?;
                word.push_str(&text);
                rest = after;
            } else {
                word.push(next);
                rest = &rest[next.len_utf8()..];
            }
        }
        words.push(word);
        rest = rest.trim_start();
    }
    Ok(words)
}

/// Reads one quoted text at the start of a line and gives what follows it too.
///
/// Escapes: `\n`, `\r`, `\t`, `\e`, `\\`, `\"`, `\xNN` (a byte below 128) and `\u{NNNN}`.
///
/// # Errors
/// A sentence, if there is no quotation, it is not closed, or an escape is unknown.
pub fn quoted(line: &str) -> Result<(String, &str), String> {
    let mut text = String::new();
    let mut chars = line.chars();
    if chars.next() != Some('"') {
        return Err(format!("a text in double quotes is wanted, not {line}"));
    }
    loop {
        match chars.next() {
            None => return Err("a quotation is not closed".to_owned()),
            Some('"') => return Ok((text, chars.as_str())),
            Some('\\') => text.push(escaped(&mut chars)?),
            Some(other) => text.push(other),
        }
    }
}

fn escaped(chars: &mut std::str::Chars<'_>) -> Result<char, String> {
    let number = |digits: &str| u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
    match chars.next() {
        Some('n') => Ok('\n'),
        Some('r') => Ok('\r'),
        Some('t') => Ok('\t'),
        Some('e') => Ok('\u{1b}'),
        Some(same @ ('\\' | '"')) => Ok(same),
        Some('x') => {
            let digits: String = chars.take(2).collect();
            number(&digits)
                .filter(char::is_ascii)
                .ok_or_else(|| format!("\\x{digits} is not a byte below 128"))
        }
        Some('u') => {
            let digits: String = chars.take_while(|next| *next != '}').collect();
            let bare = digits.strip_prefix('{').unwrap_or("");
            number(bare).ok_or_else(|| format!("\\u{digits}}} is not a character"))
        }
        other => Err(format!("\\{} is not an escape", other.map_or(String::new(), String::from))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_at_white_space_and_quotes_keep_it() {
        let line = r#"key  work product="YubiKey 5" serial="" x"#;
        assert_eq!(words(line).unwrap(), ["key", "work", "product=YubiKey 5", "serial=", "x"]);
        assert_eq!(words("  ").unwrap(), [""; 0]);
    }

    #[test]
    fn escapes_are_read_and_what_follows_is_given() {
        let (text, rest) = quoted(r#""1234\n\x03\u{e4}\\\"" and more"#).unwrap();
        assert_eq!(text, "1234\n\u{3}\u{e4}\\\"");
        assert_eq!(rest, " and more");
    }

    #[test]
    fn what_is_not_a_quotation_is_refused() {
        for line in ["", "bare", "\"open", r#""\q""#, r#""\xff""#, r#""\u{110000}""#, r#""\u""#] {
            assert!(quoted(line).is_err(), "{line}");
        }
    }
}
