//! Words that several views and messages share.

use super::text::escape;
use crate::authenticator::Act;
use crate::transport::{KeyDescription, KeyKind};
use std::path::Path;
use std::time::Duration;

/// What a person calls a key: its product name and where it is, escaped.
pub fn key_name(key: &KeyDescription) -> String {
    let path = escape(&key.path.0);
    if key.kind == KeyKind::Virtual {
        return format!("the virtual key {path}");
    }
    match key.product.as_deref().map(str::trim).filter(|name| !name.is_empty()) {
        Some(product) => format!("{} ({path})", escape(product)),
        None => format!("the key at {path}"),
    }
}

/// A path as a person may read it, escaped.
pub fn path(path: &Path) -> String {
    escape(&path.display().to_string())
}

/// Makes the first letter a capital one.
pub fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}

/// A duration as a person says it: whole seconds, below one second milliseconds.
pub fn duration(duration: Duration) -> String {
    match duration.as_secs() {
        0 => format!("{} ms", duration.as_millis()),
        seconds => format!("{seconds} s"),
    }
}

/// A moment in seconds since the Unix epoch, in universal time; `None` beyond the year 9999.
pub fn moment(seconds: u64) -> Option<String> {
    let moment = der::DateTime::from_unix_duration(Duration::from_secs(seconds)).ok()?;
    Some(moment.to_string())
}

/// What has to be done by hand now, as one line.
pub fn act(key: &KeyDescription, act: &Act) -> String {
    let name = key_name(key);
    match act {
        Act::Touch { within } => format!("Touch {name} now ({} s).", within.as_secs()),
        Act::LongTouch { within } => format!(
            "Touch {name} and keep the finger on it for 5 seconds ({} s).",
            within.as_secs()
        ),
        Act::VerifyOnKey { within } => {
            format!("Put your finger on {name} now ({} s).", within.as_secs())
        }
        Act::TouchOne { count, within } => {
            format!("Touch the key that you mean, one of {count} ({} s).", within.as_secs())
        }
        Act::Unplug => format!("Unplug {name} now."),
        Act::PlugIn { within } => {
            format!("Plug the same key in again ({} s).", within.as_secs())
        }
    }
}

/// As [`act`], where the Enter key of the terminal is what touches the key.
pub fn act_by_enter(key: &KeyDescription, act: &Act) -> String {
    match act {
        Act::Touch { within } | Act::LongTouch { within } | Act::VerifyOnKey { within } => {
            format!("Press Enter to touch {} ({} s).", key_name(key), within.as_secs())
        }
        Act::TouchOne { .. } | Act::Unplug | Act::PlugIn { .. } => self::act(key, act),
    }
}
