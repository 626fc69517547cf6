//! Who touches a virtual key, and when.

use super::{Wake, locked};
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;
use thiserror::Error;

/// What happens when a key asks for a touch.
///
/// As text, in a state file and on the command line: `auto`, `enter`, `never`, `refuse`, or a
/// number of milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Touch {
    /// It is touched at once.
    #[default]
    Auto,
    /// It is touched when the [`TouchSource`] says so, such as by a person who presses Enter.
    Enter,
    /// It is never touched, and the key's own time limit ends the wait.
    Never,
    /// The person declines.
    Refuse,
    /// It is touched when it has waited for this long.
    After(Duration),
}

/// The text is no touch policy.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("a touch policy is auto, enter, never, refuse, or a number of milliseconds")]
pub struct TouchError;

impl fmt::Display for Touch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => formatter.write_str("auto"),
            Self::Enter => formatter.write_str("enter"),
            Self::Never => formatter.write_str("never"),
            Self::Refuse => formatter.write_str("refuse"),
            Self::After(span) => write!(formatter, "{}", span.as_millis()),
        }
    }
}

impl FromStr for Touch {
    type Err = TouchError;

    fn from_str(text: &str) -> Result<Self, TouchError> {
        match text {
            "auto" => Ok(Self::Auto),
            "enter" => Ok(Self::Enter),
            "never" => Ok(Self::Never),
            "refuse" => Ok(Self::Refuse),
            // `parse` alone would take `+5`, too, which does not read back as it was written.
            _ if text.bytes().all(|byte| byte.is_ascii_digit()) => text
                .parse::<u32>()
                .map(|milliseconds| Self::After(Duration::from_millis(milliseconds.into())))
                .map_err(|_| TouchError),
            _ => Err(TouchError),
        }
    }
}

/// Where touches come from under [`Touch::Enter`].
pub trait TouchSource: Send + Sync {
    /// A key begins to wait for a touch. What was pressed earlier may be forgotten.
    fn begin(&self) {}

    /// Whether the key has been touched since the last call that said so.
    ///
    /// Asked at the start of a wait, about every 100 ms of the key's time, and when woken. Must
    /// not block, and must not call into the key.
    fn touched(&self) -> bool;

    /// Has `sleeper` woken by a touch; a source that cannot do so is found out at the next asking.
    fn wake_on_touch(&self, sleeper: Weak<dyn Wake>) {
        drop(sleeper);
    }
}

/// Nobody there to touch anything.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nobody;

impl TouchSource for Nobody {
    fn touched(&self) -> bool {
        false
    }
}

/// A button that a test presses.
///
/// A press is kept until a key takes it, so that it does not matter whether the test or the key is
/// first.
#[derive(Default)]
pub struct TouchButton {
    presses: Mutex<u32>,
    sleepers: Mutex<Vec<Weak<dyn Wake>>>,
}

impl TouchButton {
    /// Makes a button that is not pressed.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Touches the key once.
    pub fn press(&self) {
        {
            let mut presses = locked(&self.presses);
            *presses = presses.saturating_add(1);
        }
        // No lock is held while others are woken: they ask this button under locks of their own.
        let sleepers: Vec<_> = locked(&self.sleepers).clone();
        for sleeper in sleepers.iter().filter_map(Weak::upgrade) {
            sleeper.wake();
        }
    }
}

impl TouchSource for TouchButton {
    fn touched(&self) -> bool {
        let mut presses = locked(&self.presses);
        let pressed = *presses > 0;
        *presses = presses.saturating_sub(1);
        pressed
    }

    fn wake_on_touch(&self, sleeper: Weak<dyn Wake>) {
        let mut sleepers = locked(&self.sleepers);
        sleepers.retain(|known| known.strong_count() > 0);
        sleepers.push(sleeper);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_reads_back_as_it_was_written() {
        for touch in [
            Touch::Auto,
            Touch::Enter,
            Touch::Never,
            Touch::Refuse,
            Touch::After(Duration::ZERO),
            Touch::After(Duration::from_millis(250)),
        ] {
            assert_eq!(touch.to_string().parse(), Ok(touch));
        }
    }

    #[test]
    fn anything_else_is_no_policy() {
        for text in ["", "Auto", "-1", "+5", "1.5", "99999999999", "5ms", " 5"] {
            assert_eq!(text.parse::<Touch>(), Err(TouchError), "{text:?}");
        }
    }

    #[test]
    fn a_press_is_taken_once() {
        let button = TouchButton::new();
        button.press();
        assert!(button.touched());
        assert!(!button.touched());
    }
}
