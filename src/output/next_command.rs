//! The next command that a text names, on the key that this one was about.
//!
//! Texts name commands in backticks, without a device: `fidokey pin set`. Where a person named the key
//! with `--device`, the same command without it could act on another one, or on none.

use super::remedy::shell_word;
use crate::virtual_key::THROW_AWAY;

/// The commands that act on one key.
const ON_A_KEY: [&str; 8] =
    ["assert", "check", "credential", "info", "pin", "register", "reset", "wink"];

/// What stands in a command line that names its device, needs none, or tells where something came from
/// rather than what to do next.
const NOT_NEXT: [&str; 5] = ["-d", "--device", "--list", "--options", "--save"];

/// The text, with `--device` added to each command in it that acts on one key.
///
/// Without a device the text stays as it is, and so does a command that names one itself.
pub fn on_device(text: &str, device: Option<&str>) -> String {
    let Some(device) = device else { return text.to_owned() };
    let mut named = String::with_capacity(text.len());
    // What stands in backticks is every second piece.
    for (index, piece) in text.split('`').enumerate() {
        if index > 0 {
            named.push('`');
        }
        if index % 2 == 1 {
            named.push_str(&command_on_device(piece, Some(device)));
        } else {
            named.push_str(piece);
        }
    }
    named
}

/// What is said in place of a next command on a key that is gone by then.
const LASTING_INSTEAD: &str = "The key `virtual` is thrown away when the command ends; \
                               `fidokey virtual create NAME` makes one that lasts.";

/// A hint, with its commands as [`on_device`] has them. On a key that is thrown away when the command
/// ends, a next command finds nothing of what it is about.
pub fn hint_on_device(hint: &str, device: Option<&str>) -> String {
    let thrown_away = device == Some(THROW_AWAY);
    if thrown_away && hint.split('`').skip(1).step_by(2).any(is_about_a_state) {
        return LASTING_INSTEAD.to_owned();
    }
    on_device(hint, device)
}

/// Whether this is a command line on a key that is about what was done to it before.
fn is_about_a_state(line: &str) -> bool {
    let command = line.split(' ').nth(1).unwrap_or_default();
    acts_on_a_key(line) && !["check", "info", "wink"].contains(&command)
}

/// The command line, with `--device` added where it acts on one key and does not say which.
pub fn command_on_device(line: &str, device: Option<&str>) -> String {
    match device {
        Some(device) if acts_on_a_key(line) => format!("{line} --device {}", shell_word(device)),
        _ => line.to_owned(),
    }
}

/// Whether this is a command line of ours that takes a key and does not say which.
fn acts_on_a_key(line: &str) -> bool {
    let mut words = line.split(' ');
    words.next() == Some("fidokey")
        && words.next().is_some_and(|command| ON_A_KEY.contains(&command))
        && !words.any(|word| NOT_NEXT.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_on_a_key_name_it() {
        let text = "Set one with `fidokey pin set`, or run `fidokey reset` again: `--yes` does.";
        assert_eq!(
            on_device(text, Some("virtual:work")),
            "Set one with `fidokey pin set --device virtual:work`, or run `fidokey reset --device \
             virtual:work` again: `--yes` does."
        );
        assert_eq!(on_device(text, None), text);
        assert_eq!(on_device("`fidokey info`", Some("My Key")), "`fidokey info --device 'My Key'`");
    }

    #[test]
    fn a_key_that_is_thrown_away_has_no_next_command() {
        let hint = "Set one with `fidokey pin set`.";
        assert_eq!(hint_on_device(hint, Some("virtual")), LASTING_INSTEAD);
        assert_eq!(
            hint_on_device(hint, Some("virtual:work")),
            on_device(hint, Some("virtual:work"))
        );
        for hint in ["`fidokey info` shows what it supports.", "Unplug the key.", "`fidokey list`"]
        {
            assert_eq!(hint_on_device(hint, Some("virtual")), on_device(hint, Some("virtual")));
        }
    }

    #[test]
    fn other_commands_stay_as_they_are() {
        for text in [
            "`fidokey list` shows the keys.",
            "`fidokey virtual delete work` removes it.",
            "`fidokey check --list` explains them.",
            "`fidokey info --device virtual:home`",
            "Give the file that `fidokey register --save` wrote.",
            "fidokey info",
            "Unpaired: `fidokey",
        ] {
            assert_eq!(on_device(text, Some("virtual:work")), text);
        }
    }
}
