//! What came out of an audit.

use super::Audit;
use super::case::{Case, Severity};
use crate::relying_party::remote::RemoteError;
use serde::Serialize;

/// How a relying party said no.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// The HTTP status.
    pub http_status: u16,
    /// What it said, as it said it.
    pub message: Option<String>,
}

impl Answer {
    /// What an error says of a no, if it is one.
    pub fn of(error: &RemoteError) -> Option<Self> {
        match error {
            RemoteError::Refused { status, message, .. } => {
                Some(Self { http_status: *status, message: message.clone() })
            }
            // A page that tells of an error is a no as well.
            RemoteError::NotJson { status, .. } if *status >= 400 => {
                Some(Self { http_status: *status, message: None })
            }
            _ => None,
        }
    }

    /// Whether the relying party failed rather than refused.
    pub fn is_failure(&self) -> bool {
        self.http_status >= 500
    }
}

/// What became of an honest ceremony.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Control {
    /// It was accepted, as it must be.
    Accepted,
    /// It was refused.
    Refused(Answer),
    /// There was no answer, and why.
    NoAnswer(String),
}

impl Control {
    /// Whether it was accepted.
    pub fn is_accepted(&self) -> bool {
        matches!(self, Self::Accepted)
    }
}

/// What became of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// The lie was rejected, as it should be.
    Rejected {
        /// How.
        answer: Answer,
    },
    /// The lie was accepted.
    Accepted,
    /// The case does not concern this relying party.
    NotApplicable {
        /// Why not.
        reason: String,
    },
    /// It was tried, and nothing can be said.
    Inconclusive {
        /// Why not.
        reason: String,
    },
    /// It was not tried.
    NotTried {
        /// Why not.
        reason: String,
    },
}

/// A case and what became of it.
#[derive(Clone, Debug)]
pub struct CaseResult {
    /// The case.
    pub case: &'static Case,
    /// What became of it.
    pub verdict: Verdict,
}

/// What came out of an audit.
#[derive(Clone, Debug)]
pub struct AuditReport {
    /// The relying party's address.
    pub url: String,
    /// The origin that was claimed.
    pub origin: String,
    /// The honest ceremony at the start.
    pub opening: Control,
    /// The honest ceremony at the end; `None` when the first was refused.
    pub closing: Option<Control>,
    /// Every case, in the order in which they were tried.
    pub cases: Vec<CaseResult>,
}

impl AuditReport {
    pub(super) fn new(audit: &Audit<'_>, opening: Control) -> Self {
        Self {
            url: audit.url.to_string(),
            origin: audit.origin.to_string(),
            opening,
            closing: None,
            cases: Vec::new(),
        }
    }

    /// The cases in which a lie was accepted.
    pub fn accepted(&self) -> impl Iterator<Item = &CaseResult> {
        self.cases.iter().filter(|one| one.verdict == Verdict::Accepted)
    }

    /// How many lies of this severity were accepted.
    pub fn count_accepted(&self, severity: Severity) -> usize {
        self.accepted().filter(|one| one.case.severity == severity).count()
    }

    /// How many cases have a verdict that satisfies this.
    pub fn count(&self, holds: impl Fn(&Verdict) -> bool) -> usize {
        self.cases.iter().filter(|one| holds(&one.verdict)).count()
    }

    /// Whether every lie that was told was rejected, every honest ceremony accepted, and no case
    /// left without a result.
    pub fn is_passed(&self) -> bool {
        self.opening.is_accepted()
            && self.closing.as_ref().is_some_and(Control::is_accepted)
            && self.cases.iter().all(|one| {
                matches!(one.verdict, Verdict::Rejected { .. } | Verdict::NotApplicable { .. })
            })
    }
}
