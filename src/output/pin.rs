//! What a key says of its PIN, and what became of it.

use super::text::{count, escape};
use crate::authenticator::PinState;
use crate::ctap::MAX_PIN_BYTES;
use crate::transport::KeyPath;
use serde::Serialize;

/// From how many PIN tries left on a person is told that they are few.
pub const FEW_TRIES: u64 = 3;

/// What a key says of its PIN to anybody who asks.
#[derive(Debug, Serialize)]
pub struct PinStatusView<'a> {
    path: &'a str,
    /// Null where the key has no notion of a PIN.
    pin_set: Option<bool>,
    /// Null where no PIN is set.
    retries_left: Option<u64>,
    /// Null where the key does not say.
    blocked_until_replug: Option<bool>,
    blocked_for_good: bool,
    force_pin_change: bool,
    min_length: u64,
    max_length: u64,
    max_bytes: usize,
    complexity_policy: Option<bool>,
    complexity_policy_url: Option<&'a str>,
    /// Null where the key has no verification of its own.
    user_verification_set: Option<bool>,
    user_verification_retries_left: Option<u64>,
    /// Null where the key has no such option.
    always_uv: Option<bool>,
}

impl<'a> PinStatusView<'a> {
    /// Takes what was learned of the key at `path`.
    pub fn of(path: &'a KeyPath, state: &'a PinState) -> Self {
        Self {
            path: &path.0,
            pin_set: state.set,
            retries_left: state.retries,
            blocked_until_replug: state.blocked_until_replug,
            blocked_for_good: state.retries == Some(0),
            force_pin_change: state.must_be_changed,
            min_length: state.policy.min_code_points,
            max_length: state.policy.max_code_points,
            max_bytes: MAX_PIN_BYTES,
            complexity_policy: state.policy.complexity,
            complexity_policy_url: state.policy.complexity_url.as_deref(),
            user_verification_set: state.built_in.map(|built_in| built_in.set_up),
            user_verification_retries_left: state.built_in.and_then(|built_in| built_in.retries),
            always_uv: state.always_uv,
        }
    }

    /// The whole, as text.
    pub fn text(&self) -> String {
        let mut lines = vec![format!("PIN             {}", self.state())];
        if let Some(retries) = self.retries_left {
            lines.push(format!("Tries left      {}", tries(retries)));
        }
        if self.pin_set.is_some() {
            lines.push(format!(
                "Length          {} to {} characters, {} bytes at most",
                self.min_length, self.max_length, self.max_bytes
            ));
            lines.push(format!("Further rules   {}", self.rules()));
        }
        lines.push(format!("Fingerprint     {}", self.own_verification()));
        lines.push(format!(
            "Always asked    {}",
            match self.always_uv {
                Some(true) => "yes: every use needs the PIN or the fingerprint",
                Some(false) => "no: only where a service or the key wants it",
                None => "the key has no such option",
            }
        ));
        lines.push(String::new());
        lines.join("\n")
    }

    fn state(&self) -> &'static str {
        match self.pin_set {
            None => "not supported by this key",
            Some(false) => "not set",
            Some(true) if self.blocked_for_good => "set, and blocked for good: only a reset helps",
            Some(true) if self.blocked_until_replug == Some(true) => {
                "set, and blocked until the key is unplugged and plugged in again"
            }
            Some(true) if self.force_pin_change => "set, and must be changed before it can be used",
            Some(true) => "set",
        }
    }

    fn rules(&self) -> String {
        let url = self.complexity_policy_url.map(escape);
        match (self.complexity_policy, url) {
            (Some(true), Some(url)) => format!("simple PINs are refused; see {url}"),
            (Some(true), None) => "simple PINs are refused".to_owned(),
            (Some(false), _) => "none".to_owned(),
            (None, Some(url)) => format!("see {url}"),
            (None, None) => "none that the key tells".to_owned(),
        }
    }

    fn own_verification(&self) -> String {
        match (self.user_verification_set, self.user_verification_retries_left) {
            (None, _) => "the key cannot recognise a person".to_owned(),
            (Some(false), _) => "possible, not set up".to_owned(),
            (Some(true), None) => "set up".to_owned(),
            (Some(true), Some(0)) => "set up, and blocked until the PIN is used".to_owned(),
            (Some(true), Some(retries)) => format!("set up, {} left", tries_in_words(retries)),
        }
    }
}

fn tries_in_words(retries: u64) -> String {
    count(usize::try_from(retries).unwrap_or(usize::MAX), "try", "tries")
}

/// A number of tries, with a word of warning when they are few.
fn tries(retries: u64) -> String {
    match retries {
        0 => "none".to_owned(),
        1 => "1 only: a wrong PIN now blocks it for good".to_owned(),
        few if few <= FEW_TRIES => format!("{few} only: after these just a reset helps"),
        many => many.to_string(),
    }
}

/// What became of a PIN.
#[derive(Debug, Serialize)]
pub struct PinActView {
    path: String,
    pin: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    same_as_before: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retries_left: Option<u64>,
}

impl PinActView {
    /// A PIN was set on the key at `path`.
    pub fn set(path: &KeyPath) -> Self {
        Self { path: path.0.clone(), pin: "set", same_as_before: None, retries_left: None }
    }

    /// A PIN was changed, perhaps to what it was before.
    pub fn changed(path: &KeyPath, same_as_before: bool) -> Self {
        Self { pin: "changed", same_as_before: Some(same_as_before), ..Self::set(path) }
    }

    /// A PIN was proved; the tries that the key gives now.
    pub fn verified(path: &KeyPath, retries_left: Option<u64>) -> Self {
        Self { pin: "verified", retries_left, ..Self::set(path) }
    }

    /// One sentence about the key called `name`.
    pub fn text(&self, name: &str) -> String {
        let more = match (self.same_as_before, self.retries_left) {
            (Some(true), _) => " The new PIN is the same as the old one.".to_owned(),
            (_, Some(retries)) => format!(" All {} are there again.", tries_in_words(retries)),
            _ => String::new(),
        };
        match self.pin {
            "set" => format!("The PIN of {name} is set.\n"),
            "changed" => format!("The PIN of {name} is changed.{more}\n"),
            _ => format!("The PIN of {name} is right.{more}\n"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_tries_carry_a_warning() {
        assert_eq!(tries(8), "8");
        assert_eq!(tries(2), "2 only: after these just a reset helps");
        assert!(tries(1).contains("blocks it for good"));
        assert_eq!(tries(0), "none");
    }
}
