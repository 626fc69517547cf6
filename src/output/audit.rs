//! What an audit of a relying party found.

use super::text::{Table, count, escape};
use crate::relying_party::audit::report::Answer;
use crate::relying_party::audit::{
    AuditReport, Case, CaseResult, Ceremony, Control, Severity, Verdict,
};
use crate::relying_party::forge::ForgeError;
use crate::relying_party::forge::certificate::Maker;
use quick_junit::{NonSuccessKind, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};
use serde::Serialize;

/// What a relying party did that said no and did not mean it.
const KEPT: &str = "refused, and kept all the same";

/// What an audit found.
#[derive(Debug, Serialize)]
pub struct AuditView<'a> {
    url: &'a str,
    origin: &'a str,
    passed: bool,
    interrupted: bool,
    counts: Counts,
    controls: ControlsView<'a>,
    cases: Vec<CaseView<'a>>,
}

#[derive(Debug, Serialize)]
struct Counts {
    rejected: usize,
    /// Of those that were rejected, how many by an error of the server.
    failed_to_answer: usize,
    accepted_must: usize,
    accepted_should: usize,
    not_applicable: usize,
    inconclusive: usize,
    not_tried: usize,
}

#[derive(Debug, Serialize)]
struct ControlsView<'a> {
    opening: ControlView<'a>,
    closing: Option<ControlView<'a>>,
}

#[derive(Debug, Serialize)]
struct ControlView<'a> {
    accepted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<&'a Answer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

impl<'a> From<&'a Control> for ControlView<'a> {
    fn from(control: &'a Control) -> Self {
        let (answer, reason) = match control {
            Control::Accepted => (None, None),
            Control::Refused(answer) => (Some(answer), None),
            Control::NoAnswer(reason) => (None, Some(reason.as_str())),
        };
        Self { accepted: control.is_accepted(), answer, reason }
    }
}

#[derive(Debug, Serialize)]
struct CaseView<'a> {
    #[serde(flatten)]
    named: NamedCase,
    expected: &'static str,
    #[serde(flatten)]
    verdict: &'a Verdict,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct NamedCase {
    id: &'static str,
    ceremony: Ceremony,
    severity: Severity,
    section: &'static str,
    lie: &'static str,
}

impl From<&'static Case> for NamedCase {
    fn from(case: &'static Case) -> Self {
        let Case { id, ceremony, severity, section, lie, .. } = case;
        Self { id, ceremony: *ceremony, severity: *severity, section, lie }
    }
}

impl<'a> AuditView<'a> {
    /// Takes what was found.
    pub fn of(report: &'a AuditReport) -> Self {
        let counted = |holds: fn(&Verdict) -> bool| report.count(holds);
        Self {
            url: &report.url,
            origin: &report.origin,
            passed: report.is_passed(),
            interrupted: report.interrupted,
            counts: Counts {
                rejected: counted(|verdict| matches!(verdict, Verdict::Rejected { .. })),
                failed_to_answer: report.count_failures(),
                accepted_must: report.count_accepted(Severity::Must),
                accepted_should: report.count_accepted(Severity::Should),
                not_applicable: counted(|verdict| matches!(verdict, Verdict::NotApplicable { .. })),
                inconclusive: counted(|verdict| matches!(verdict, Verdict::Inconclusive { .. })),
                not_tried: counted(|verdict| matches!(verdict, Verdict::NotTried { .. })),
            },
            controls: ControlsView {
                opening: (&report.opening).into(),
                closing: report.closing.as_ref().map(Into::into),
            },
            cases: report.cases.iter().map(CaseView::of).collect(),
        }
    }

    /// The whole, as text: a line for each case, and the sum.
    pub fn text(&self) -> String {
        let mut table = Table::new(&["VERDICT", "CASE", "EXPECTED", "GOT", "WHAT WAS WRONG"]);
        for one in &self.cases {
            let case = &one.named;
            table.row([
                one.verdict_word().to_owned(),
                case.id.to_owned(),
                format!("rejected ({} {})", case.severity.word(), case.section),
                one.got(),
                one.what(),
            ]);
        }
        let mut text = table.render();
        text.push('\n');
        let opening = honest("at the start", &self.controls.opening);
        text.push_str(&opening);
        if let Some(closing) = &self.controls.closing {
            text.push_str(&honest("at the end", closing));
        }
        text.push_str(&format!("{}.\n", self.sum()));
        let result = match (self.passed, self.interrupted) {
            (true, _) => "passed",
            (false, true) => "INTERRUPTED",
            (false, false) => "FAILED",
        };
        text.push_str(&format!("Audit of {}: {result}.\n", escape(self.url)));
        text
    }

    /// How many cases ended how, in words.
    fn sum(&self) -> String {
        let Counts { accepted_must: must, accepted_should: should, .. } = self.counts;
        let mut parts = vec![match (self.counts.rejected, self.counts.failed_to_answer) {
            (rejected, 0) => format!("{rejected} rejected"),
            (rejected, failed) => {
                format!("{rejected} rejected ({failed} by an error of the server)")
            }
        }];
        match (must, should) {
            (0, 0) => {}
            (must, 0) => parts.push(format!("{must} ACCEPTED that must be rejected")),
            (0, should) => parts.push(format!("{should} ACCEPTED that should be rejected")),
            (must, should) => parts
                .push(format!("{must} ACCEPTED that must be rejected and {should} that should")),
        }
        for (number, words) in [
            (self.counts.not_applicable, "not applicable"),
            (self.counts.inconclusive, "unclear"),
            (self.counts.not_tried, "not tried"),
        ] {
            if number > 0 {
                parts.push(format!("{number} {words}"));
            }
        }
        format!("{}: {}", count(self.cases.len(), "lie", "lies"), parts.join(", "))
    }

    /// The whole as JUnit XML.
    ///
    /// # Errors
    ///
    /// When it cannot be written, which is a defect.
    pub fn junit(&self) -> Result<String, SerializeError> {
        let mut suite = TestSuite::new("controls");
        let controls = [
            ("opening", Some(&self.controls.opening)),
            ("closing", self.controls.closing.as_ref()),
        ];
        for (name, control) in controls {
            let Some(control) = control else { continue };
            let status = if control.accepted {
                TestCaseStatus::success()
            } else {
                failure(NonSuccessKind::Failure, honest("", control).trim())
            };
            suite.add_test_case(TestCase::new(name, status));
        }
        let mut report = Report::new(format!("fidokey rp audit {}", self.url));
        report.add_test_suite(suite);
        for (ceremony, name) in
            [(Ceremony::Registration, "registration"), (Ceremony::Assertion, "assertion")]
        {
            let mut suite = TestSuite::new(name);
            for one in self.cases.iter().filter(|one| one.named.ceremony == ceremony) {
                let mut case = TestCase::new(one.named.id, one.junit());
                case.set_classname(format!("webauthn.{}", one.named.severity.word()));
                if let Verdict::Rejected { answer } = one.verdict
                    && answer.is_failure()
                {
                    case.set_system_out(format!(
                        "rejected by an error of the server ({})",
                        said(answer)
                    ));
                }
                suite.add_test_case(case);
            }
            report.add_test_suite(suite);
        }
        report.to_string()
    }
}

/// How an honest ceremony went, as a line.
fn honest(when: &str, control: &ControlView<'_>) -> String {
    let went = match (control.accepted, control.answer, control.reason) {
        (true, ..) => "accepted".to_owned(),
        (false, Some(answer), _) => format!("REFUSED ({})", said(answer)),
        (false, None, reason) => format!("NO ANSWER ({})", escape(reason.unwrap_or_default())),
    };
    format!("{}: {went}.\n", format!("Honest ceremony {when}").trim_end())
}

/// What a relying party said with its no.
fn said(answer: &Answer) -> String {
    match &answer.message {
        Some(message) => format!("HTTP {}: {}", answer.http_status, escape(message)),
        None => format!("HTTP {}", answer.http_status),
    }
}

impl<'a> CaseView<'a> {
    fn of(one: &'a CaseResult) -> Self {
        Self { named: one.case.into(), expected: "rejected", verdict: &one.verdict }
    }

    fn verdict_word(&self) -> &'static str {
        match self.verdict {
            Verdict::Rejected { .. } => "passed",
            Verdict::Accepted { .. } => "FAILED",
            Verdict::NotApplicable { .. } => "-",
            Verdict::Inconclusive { .. } => "UNCLEAR",
            Verdict::NotTried { .. } => "NOT TRIED",
        }
    }

    fn got(&self) -> String {
        match self.verdict {
            Verdict::Rejected { answer } if answer.is_failure() => {
                format!("error {}", answer.http_status)
            }
            Verdict::Rejected { .. } => "rejected".to_owned(),
            Verdict::Accepted { .. } => "ACCEPTED".to_owned(),
            Verdict::NotApplicable { .. } => "not applicable".to_owned(),
            Verdict::Inconclusive { .. } => "no verdict".to_owned(),
            Verdict::NotTried { .. } => "-".to_owned(),
        }
    }

    /// What was wrong, and why nothing is said of it.
    fn what(&self) -> String {
        match self.verdict {
            Verdict::NotApplicable { reason }
            | Verdict::Inconclusive { reason }
            | Verdict::NotTried { reason } => format!("{} ({})", self.named.lie, escape(reason)),
            Verdict::Accepted { answer: Some(_) } => format!("{} ({KEPT})", self.named.lie),
            Verdict::Rejected { .. } | Verdict::Accepted { answer: None } => {
                self.named.lie.to_owned()
            }
        }
    }

    fn junit(&self) -> TestCaseStatus {
        let case = &self.named;
        match self.verdict {
            Verdict::Rejected { .. } => TestCaseStatus::success(),
            Verdict::Accepted { answer } => failure(
                NonSuccessKind::Failure,
                &format!(
                    "{}, and {} be rejected (WebAuthn Level 3 section {}): {}",
                    if answer.is_some() { KEPT } else { "accepted" },
                    case.severity.word(),
                    case.section,
                    case.lie
                ),
            ),
            Verdict::NotApplicable { reason } => {
                let mut skipped = TestCaseStatus::skipped();
                skipped.set_message(escape(reason));
                skipped
            }
            Verdict::Inconclusive { reason } | Verdict::NotTried { reason } => {
                failure(NonSuccessKind::Error, &escape(reason))
            }
        }
    }
}

fn failure(kind: NonSuccessKind, message: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_message(message);
    status
}

/// The cases that there are.
#[derive(Debug, Serialize)]
pub struct CasesView {
    cases: Vec<NamedCase>,
}

impl CasesView {
    /// Takes these cases.
    pub fn of(cases: &[&'static Case]) -> Self {
        Self { cases: cases.iter().map(|case| NamedCase::from(*case)).collect() }
    }

    /// A line for each.
    pub fn text(&self) -> String {
        let mut table = Table::new(&["CASE", "REJECT", "SECTION", "WHAT IS WRONG"]);
        for case in &self.cases {
            table.row([case.id, case.severity.word(), case.section, case.lie]);
        }
        table.render()
    }
}

/// The root of a forging maker of keys.
#[derive(Debug, Serialize)]
pub struct MakerView {
    /// The certificate in PEM.
    root: String,
}

impl MakerView {
    /// Takes the maker's root.
    ///
    /// # Errors
    ///
    /// When it cannot be encoded, which is a defect.
    pub fn of(maker: &Maker) -> Result<Self, ForgeError> {
        Ok(Self { root: maker.root_pem()? })
    }

    /// The certificate as it is written into a file.
    pub fn text(&self) -> String {
        self.root.clone()
    }
}
