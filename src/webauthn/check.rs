//! One line of a verdict: a rule and what became of it.

use serde::Serialize;
use std::fmt;

/// What became of a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// The rule holds.
    Passed {
        /// What the rule asks for, where that says more than the rule.
        #[serde(skip_serializing_if = "Option::is_none")]
        expected: Option<String>,
        /// What was there, where that says more than the rule.
        #[serde(skip_serializing_if = "Option::is_none")]
        seen: Option<String>,
    },
    /// The rule is broken.
    Failed {
        /// What the rule asks for.
        expected: String,
        /// What was there.
        seen: String,
    },
    /// The rule could not be held against anything; that is no refusal.
    NotChecked {
        /// What was missing.
        reason: String,
    },
    /// The rule does not concern this ceremony.
    NotApplicable {
        /// Why not.
        reason: String,
    },
}

impl Outcome {
    /// Whether the rule holds.
    pub fn is_passed(&self) -> bool {
        matches!(self, Self::Passed { .. })
    }

    /// Whether the rule is broken.
    pub fn is_failed(&self) -> bool {
        matches!(self, Self::Failed { .. })
    }
}

impl fmt::Display for Outcome {
    /// Writes it in words: `not checked: no public key`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed { .. } => formatter.write_str("passed"),
            Self::Failed { expected, seen } => {
                write!(formatter, "failed: expected {expected}, seen {seen}")
            }
            Self::NotChecked { reason } => write!(formatter, "not checked: {reason}"),
            Self::NotApplicable { reason } => write!(formatter, "not applicable: {reason}"),
        }
    }
}

/// One rule and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// The rule's name, in `snake_case`; it stays the same between versions.
    pub id: &'static str,
    /// The rule in words, to stand in a list.
    pub rule: &'static str,
    /// The section of WebAuthn Level 3 that asks for it.
    pub section: &'static str,
    /// In a compound attestation (section 8.9), which of its statements it is about, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement: Option<usize>,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// A rule: what a [`Check`] says before anything was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) id: &'static str,
    pub(super) words: &'static str,
    pub(super) section: &'static str,
}

impl Rule {
    pub(super) const fn new(id: &'static str, words: &'static str, section: &'static str) -> Self {
        Self { id, words, section }
    }

    fn with(self, outcome: Outcome) -> Check {
        Check { id: self.id, rule: self.words, section: self.section, statement: None, outcome }
    }

    pub(super) fn passed(self) -> Check {
        self.with(Outcome::Passed { expected: None, seen: None })
    }

    /// Passed, with what was there.
    pub(super) fn passed_with(self, seen: impl Into<String>) -> Check {
        self.with(Outcome::Passed { expected: None, seen: Some(seen.into()) })
    }

    pub(super) fn failed(self, expected: impl Into<String>, seen: impl Into<String>) -> Check {
        self.with(Outcome::Failed { expected: expected.into(), seen: seen.into() })
    }

    pub(super) fn not_checked(self, reason: impl Into<String>) -> Check {
        self.with(Outcome::NotChecked { reason: reason.into() })
    }

    pub(super) fn not_applicable(self, reason: impl Into<String>) -> Check {
        self.with(Outcome::NotApplicable { reason: reason.into() })
    }

    /// Passed when `holds`, otherwise failed; both with what the closures say.
    pub(super) fn judge(
        self,
        holds: bool,
        expected: impl FnOnce() -> String,
        seen: impl FnOnce() -> String,
    ) -> Check {
        let (expected, seen) = (expected(), seen());
        if holds {
            self.with(Outcome::Passed { expected: Some(expected), seen: Some(seen) })
        } else {
            self.failed(expected, seen)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: Rule = Rule::new("signature", "the signature is the credential's", "7.2");

    #[test]
    fn the_words_and_the_json_are_stable() {
        let check = RULE.not_checked("no public key");
        assert_eq!(check.outcome.to_string(), "not checked: no public key");
        assert_eq!(
            serde_json::to_string(&check).unwrap(),
            r#"{"id":"signature","rule":"the signature is the credential's","section":"7.2","outcome":"not_checked","reason":"no public key"}"#
        );
        let check = RULE.judge(false, || "a".into(), || "b".into());
        assert_eq!(check.outcome.to_string(), "failed: expected a, seen b");
        assert_eq!(serde_json::to_value(&check).unwrap()["outcome"], serde_json::json!("failed"));
        let check = RULE.judge(true, || "a".into(), || "a".into());
        assert_eq!(check.outcome.to_string(), "passed");
        let json = serde_json::to_value(&check).unwrap();
        assert_eq!((&json["expected"], &json["seen"]), (&"a".into(), &"a".into()));
    }
}
