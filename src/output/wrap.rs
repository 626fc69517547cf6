//! Prose broken into lines of a terminal's width.

use super::text::width;

/// The narrowest terminal that prose is broken for; below it every line would be one word.
const NARROWEST: usize = 20;

/// Breaks each line of a text at spaces, so that no word stands in two lines of a terminal with so many
/// columns. What follows a break is as far to the right as its line begins.
///
/// What stands in backticks is a command to copy, and stays whole: one that is wider than the terminal
/// gets a line of its own, which the terminal itself then breaks.
pub fn wrap(text: &str, columns: usize) -> String {
    if columns < NARROWEST {
        return text.to_owned();
    }
    let mut wrapped = String::with_capacity(text.len().saturating_add(16));
    for (index, line) in text.split('\n').enumerate() {
        if index > 0 {
            wrapped.push('\n');
        }
        wrap_line(&mut wrapped, line, columns);
    }
    wrapped
}

fn wrap_line(wrapped: &mut String, line: &str, columns: usize) {
    let words = line.trim_start_matches(' ');
    let indent = line.len().saturating_sub(words.len());
    super::text::pad(wrapped, indent);
    let (mut column, mut is_first) = (indent, true);
    for (spaces, word) in pieces(words) {
        let (gap, length) = (spaces.len(), visible_width(word));
        let end = column.saturating_add(gap).saturating_add(length);
        if end > columns && !is_first && !word.is_empty() {
            wrapped.push('\n');
            super::text::pad(wrapped, indent);
            column = indent.saturating_add(length);
        } else {
            wrapped.push_str(spaces);
            column = end;
        }
        wrapped.push_str(word);
        is_first = false;
    }
}

/// The words of a line, each with the spaces before it. What stands in backticks belongs to one word.
fn pieces(line: &str) -> Vec<(&str, &str)> {
    let mut pieces = Vec::new();
    let mut rest = line;
    while !rest.is_empty() {
        let after = rest.trim_start_matches(' ');
        let spaces = rest.get(..rest.len().saturating_sub(after.len())).unwrap_or_default();
        let mut in_backticks = false;
        let end = after.find(|c| {
            in_backticks ^= c == '`';
            c == ' ' && !in_backticks
        });
        // A backtick without its other one is none.
        let end = if in_backticks { after.find(' ') } else { end };
        let (word, left) =
            after.split_at_checked(end.unwrap_or(after.len())).unwrap_or((after, ""));
        pieces.push((spaces, word));
        rest = left;
    }
    pieces
}

/// How many columns a word takes, without the signs that colour it.
fn visible_width(word: &str) -> usize {
    let mut visible = 0_usize;
    for (index, part) in word.split('\x1b').enumerate() {
        let shown =
            if index == 0 { part } else { part.split_once('m').map_or(part, |(_, rest)| rest) };
        visible = visible.saturating_add(width(shown));
    }
    visible
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_spaces() {
        assert_eq!(wrap("one two three four five six", 20), "one two three four\nfive six");
        assert_eq!(wrap("short", 20), "short");
        assert_eq!(wrap("", 20), "");
        // A prompt keeps the space at its end.
        assert_eq!(
            wrap("a question of many words? [y/N] ", 20),
            "a question of many\nwords? [y/N] "
        );
        // 日本 takes four columns.
        assert_eq!(wrap("日本日本日本 日本日本", 20), "日本日本日本\n日本日本");
    }

    #[test]
    fn what_is_to_the_right_stays_there() {
        let text = "Error: it failed\n  because of one reason or another";
        assert_eq!(wrap(text, 20), "Error: it failed\n  because of one\n  reason or another");
        assert_eq!(wrap("  passed  rule", 20), "  passed  rule");
    }

    #[test]
    fn a_command_stays_whole() {
        assert_eq!(
            wrap("Set one with `fidokey pin set`, then go on.", 30),
            "Set one with\n`fidokey pin set`, then go on."
        );
        assert_eq!(
            wrap("Run `fidokey credential list --rp example.com` now", 20),
            "Run\n`fidokey credential list --rp example.com`\nnow"
        );
        assert_eq!(wrap("an odd ` backtick in a text", 20), "an odd ` backtick in\na text");
    }

    #[test]
    fn colour_takes_no_room() {
        let text = "\x1b[31mError:\x1b[0m one two three";
        assert_eq!(wrap(text, 20), text);
    }

    #[test]
    fn a_terminal_that_is_too_narrow_breaks_lines_itself() {
        assert_eq!(wrap("one two three four five six", 5), "one two three four five six");
    }
}
