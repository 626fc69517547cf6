//! A command line cut into words, without a shell where none is needed: to start one costs the
//! virtual machine as much time as the command itself.

use anyhow::{Context, Result, bail};

const SHELL: &str = "/bin/sh";

/// What has a meaning to a shell outside quotes.
const SYNTAX: &[char] = &['|', '&', ';', '<', '>', '(', ')', '$', '`', '*', '?', '[', '~', '#'];

/// The program and arguments that a line means.
///
/// # Errors
///
/// When the line is empty or a quote has no end.
pub fn split(line: &str) -> Result<Vec<String>> {
    if needs_shell(line) {
        return Ok([SHELL, "-c", line].map(String::from).to_vec());
    }
    let words =
        shell_words::split(line).with_context(|| format!("a quote has no end in {line:?}"))?;
    if words.is_empty() {
        bail!("a command without a program");
    }
    Ok(words)
}

fn needs_shell(line: &str) -> bool {
    let mut characters = line.chars();
    let mut is_quoted = false;
    while let Some(character) = characters.next() {
        match character {
            '\\' => {
                characters.next();
            }
            '\'' if !is_quoted => {
                characters.find(|other| *other == '\'');
            }
            '"' => is_quoted = !is_quoted,
            '$' | '`' => return true,
            other if !is_quoted && SYNTAX.contains(&other) => return true,
            _ => {}
        }
    }
    // An assignment before a program.
    line.split_whitespace().next().is_some_and(|word| word.contains('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_words_need_no_shell() {
        assert_eq!(split("fidokey list --json").unwrap(), ["fidokey", "list", "--json"]);
        assert_eq!(split("a 'b | c' \"d > e\" f\\&").unwrap(), ["a", "b | c", "d > e", "f&"]);
        assert_eq!(split("a --id=b").unwrap(), ["a", "--id=b"]);
    }

    #[test]
    fn syntax_goes_to_the_shell() {
        for line in ["a | b", "a > b", "a \"$HOME\"", "A=1 b", "a *", "a && b"] {
            assert_eq!(split(line).unwrap(), ["/bin/sh", "-c", line]);
        }
    }

    #[test]
    fn nothing_is_no_command() {
        assert!(split("  ").is_err());
        assert!(split("a 'b").is_err());
    }
}
