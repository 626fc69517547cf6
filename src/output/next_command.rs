//! The next command that a text names, on the key that this one was about.
//!
//! Texts name commands in backticks, without a device: `fidokey pin set`. Where a person named the key
//! with `--device`, the same command without it could act on another one, or on none.

use super::remedy::shell_word;

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
