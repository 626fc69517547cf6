//! What a key says of its PIN, and what became of it.

use super::text::{count, escape};
use crate::authenticator::PinState;
use serde::Serialize;

/// From how many PIN tries left on a person is told that they are few.
pub const FEW_TRIES: u64 = 3;

/// What a key says of its PIN to anybody who asks.
#[derive(Debug, Serialize)]
pub struct PinStatusView<'a> {
    /// Whether the key has a notion of a PIN.
    pin_supported: bool,
    pin_set: bool,
    /// Absent where no PIN is set.
    retries_left: Option<u64>,
    /// Absent where the key does not say.
    blocked_until_replug: Option<bool>,
    blocked_for_good: bool,
    must_be_changed: bool,
    min_length: u64,
    max_length: u64,
    max_bytes: usize,
    complexity_policy: Option<bool>,
    complexity_policy_url: Option<&'a str>,
    /// Absent where the key has no verification of its own.
    built_in_verification: Option<BuiltInView>,
    /// Absent where the key does not say.
    always_uv: Option<bool>,
}

#[derive(Debug, Serialize)]
struct BuiltInView {
    set_up: bool,
    retries_left: Option<u64>,
}

impl<'a> PinStatusView<'a> {
    /// Takes what was learned.
    pub fn of(state: &'a PinState) -> Self {
        Self {
            pin_supported: state.set.is_some(),
            pin_set: state.set == Some(true),
            retries_left: state.retries,
            blocked_until_replug: state.blocked_until_replug,
            blocked_for_good: state.retries == Some(0),
            must_be_changed: state.must_be_changed,
            min_length: state.policy.min_code_points,
            max_length: state.policy.max_code_points,
            max_bytes: crate::ctap::MAX_PIN_BYTES,
            complexity_policy: state.policy.complexity,
            complexity_policy_url: state.policy.complexity_url.as_deref(),
            built_in_verification: state.built_in.map(|built_in| BuiltInView {
                set_up: built_in.set_up,
                retries_left: built_in.retries,
            }),
            always_uv: state.always_uv,
        }
    }

    /// The whole, as text.
    pub fn text(&self) -> String {
        let mut lines = vec![format!("PIN             {}", self.state())];
        if let Some(retries) = self.retries_left {
            lines.push(format!("Tries left      {}", tries(retries)));
        }
        if self.pin_supported {
            lines.push(format!(
                "Length          {} to {} characters, {} bytes at most",
                self.min_length, self.max_length, self.max_bytes
            ));
            lines.push(format!("Further rules   {}", self.rules()));
        }
        lines.push(format!("Fingerprint     {}", self.built_in()));
        lines.push(format!(
            "Always asked    {}",
            match self.always_uv {
                Some(true) => "yes: every use needs the PIN or the key's own verification",
                Some(false) => "no: only where a service or the key wants it",
                None => "the key has no such setting",
            }
        ));
        lines.push(String::new());
        lines.join("\n")
    }

    fn state(&self) -> &'static str {
        if !self.pin_supported {
            "not supported by this key"
        } else if !self.pin_set {
            "not set"
        } else if self.blocked_for_good {
            "set, and blocked for good: only a reset helps"
        } else if self.blocked_until_replug == Some(true) {
            "set, and blocked until the key is unplugged and plugged in again"
        } else if self.must_be_changed {
            "set, and must be changed before it can be used"
        } else {
            "set"
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

    fn built_in(&self) -> String {
        match &self.built_in_verification {
            None => "the key has no verification of its own".to_owned(),
            Some(BuiltInView { set_up: false, .. }) => "possible, not set up".to_owned(),
            Some(BuiltInView { retries_left: None, .. }) => "set up".to_owned(),
            Some(BuiltInView { retries_left: Some(0), .. }) => {
                "set up, and blocked until the PIN is used".to_owned()
            }
            Some(BuiltInView { retries_left: Some(retries), .. }) => {
                format!("set up, {} left", tries_in_words(*retries))
            }
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
    pin: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    same_as_before: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retries_left: Option<u64>,
}

impl PinActView {
    /// A PIN was set.
    pub fn set() -> Self {
        Self { pin: "set", same_as_before: None, retries_left: None }
    }

    /// A PIN was changed, perhaps to what it was before.
    pub fn changed(same_as_before: bool) -> Self {
        Self { pin: "changed", same_as_before: Some(same_as_before), retries_left: None }
    }

    /// A PIN was proved; the tries that the key gives now.
    pub fn verified(retries_left: Option<u64>) -> Self {
        Self { pin: "verified", same_as_before: None, retries_left }
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
