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

/// What a gateway answers in place of a server that it does not reach (RFC 9110 sections 15.6.3 to
/// 15.6.5): the server itself has said nothing.
const GATEWAY: std::ops::RangeInclusive<u16> = 502..=504;

impl Answer {
    /// What an error says of a no, if it is one. An answer that is not JSON is none: nobody knows
    /// who gave it, and why.
    pub fn of(error: &RemoteError) -> Option<Self> {
        match error {
            RemoteError::Refused { status, message, .. } if !GATEWAY.contains(status) => {
                Some(Self { http_status: *status, message: message.clone() })
            }
            _ => None,
        }
    }

    /// Why there is no verdict, where an error is no answer.
    pub(super) fn missing(error: &RemoteError) -> String {
        match error {
            RemoteError::Refused { status, .. } => {
                format!("a gateway answered in place of the server (HTTP status {status})")
            }
            other => other.to_string(),
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
    Accepted {
        /// The no that was said to it, where the credential was kept all the same.
        #[serde(skip_serializing_if = "Option::is_none")]
        answer: Option<Answer>,
    },
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
    /// The honest ceremony at the end; `None` when the first was refused, or somebody asked to stop.
    pub closing: Option<Control>,
    /// Every case, in the order in which they were tried.
    pub cases: Vec<CaseResult>,
    /// Whether the person asked to stop before all were tried.
    pub interrupted: bool,
}

impl AuditReport {
    pub(super) fn new(audit: &Audit<'_>, opening: Control) -> Self {
        Self {
            url: audit.url.to_string(),
            origin: audit.origin.to_string(),
            opening,
            closing: None,
            cases: Vec::new(),
            interrupted: false,
        }
    }

    /// The cases in which a lie was accepted.
    pub fn accepted(&self) -> impl Iterator<Item = &CaseResult> {
        self.cases.iter().filter(|one| matches!(one.verdict, Verdict::Accepted { .. }))
    }

    /// How many lies of this severity were accepted.
    pub fn count_accepted(&self, severity: Severity) -> usize {
        self.accepted().filter(|one| one.case.severity == severity).count()
    }

    /// How many cases have a verdict that satisfies this.
    pub fn count(&self, holds: impl Fn(&Verdict) -> bool) -> usize {
        self.cases.iter().filter(|one| holds(&one.verdict)).count()
    }

    /// How many lies were rejected by an error of the relying party.
    pub fn count_failures(&self) -> usize {
        self.count(|verdict| match verdict {
            Verdict::Rejected { answer } => answer.is_failure(),
            _ => false,
        })
    }

    /// Whether every lie that was told was rejected, every honest ceremony accepted, and no case
    /// left without a result.
    pub fn is_passed(&self) -> bool {
        !self.interrupted
            && self.opening.is_accepted()
            && self.closing.as_ref().is_some_and(Control::is_accepted)
            && self.cases.iter().all(|one| {
                matches!(one.verdict, Verdict::Rejected { .. } | Verdict::NotApplicable { .. })
            })
    }
}
