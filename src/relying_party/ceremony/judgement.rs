//! A relying party's decision: the verdict of the rules, and the checks that only a server can make.

use crate::webauthn::check::{Check, Outcome};
use crate::webauthn::verify::{Facts, Verdict};
use serde::Serialize;

/// The checks whose outcome may be open although the response is accepted: trust needs roots and
/// metadata, which not every relying party has.
const MAY_BE_OPEN: &[&str] = &[
    "attestation_trust",
    "metadata_fresh",
    "metadata_entry",
    "metadata_attestation",
    "metadata_agreement",
];

/// The decision on one response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Judgement {
    /// Whether the response is accepted.
    pub accepted: bool,
    /// Every check, the server's own before those of the verdict.
    pub checks: Vec<Check>,
    /// What was learned.
    pub facts: Facts,
}

impl Judgement {
    /// Decides: every check must have passed or not apply. A check that could not be made counts
    /// against the response, unlike in the verdict, since a server lets somebody in.
    pub(super) fn of(verdict: Verdict, own: Option<Check>) -> Self {
        let facts = verdict.facts().clone();
        let checks: Vec<Check> = own.into_iter().chain(verdict.checks().iter().cloned()).collect();
        let accepted = !checks.iter().any(stands_against);
        Self { accepted, checks, facts }
    }

    /// The checks because of which the response is refused.
    pub fn against(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| stands_against(check))
    }

    /// Why the response is refused, in one line: the first check that stands against it.
    pub fn reason(&self) -> Option<String> {
        let first = self.against().next()?;
        let rule = first.rule;
        Some(match &first.outcome {
            Outcome::Failed { expected, seen } => {
                format!("this is not so: {rule} (expected {expected}, seen {seen})")
            }
            Outcome::NotChecked { reason } => format!("this cannot be checked: {rule} ({reason})"),
            Outcome::Passed { .. } | Outcome::NotApplicable { .. } => rule.to_owned(),
        })
    }
}

fn stands_against(check: &Check) -> bool {
    match check.outcome {
        Outcome::Failed { .. } => true,
        Outcome::NotChecked { .. } => !MAY_BE_OPEN.contains(&check.id),
        _ => false,
    }
}

/// A rule that only a server can hold a response against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ServerCheck {
    /// The rule's name.
    pub(super) id: &'static str,
    /// The rule in words.
    pub(super) rule: &'static str,
    /// The section of WebAuthn Level 3.
    pub(super) section: &'static str,
}

impl ServerCheck {
    /// Passed when `holds`; otherwise failed with what was expected and seen.
    pub(super) fn judge(self, holds: bool, expected: &str, seen: &str) -> Check {
        let outcome = if holds {
            Outcome::Passed { expected: None, seen: None }
        } else {
            Outcome::Failed { expected: expected.to_owned(), seen: seen.to_owned() }
        };
        Check { id: self.id, rule: self.rule, section: self.section, statement: None, outcome }
    }
}
