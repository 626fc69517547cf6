//! Verdicts on responses that were saved.

use super::text::{count, escape};
use super::verdict::{fact_lines, model, rule};
use crate::webauthn::check::Outcome;
use crate::webauthn::model_names::ModelNames;
use crate::webauthn::verify::Verdict;
use serde::Serialize;

/// Where the relying party's ID came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RpIdSource {
    /// Somebody named it.
    Flag,
    /// The options name it.
    Options,
    /// The registration was made for it.
    Registration,
    /// The origin may ask for it.
    Origin,
}

/// A verdict with everything that it rests on.
#[derive(Debug, Serialize)]
pub struct VerificationView<'a> {
    ceremony: &'static str,
    rp_id: &'a str,
    rp_id_from: RpIdSource,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    #[serde(flatten)]
    verdict: &'a Verdict,
    /// The names of the checks that could not be made.
    unchecked: Vec<&'static str>,
}

impl<'a> VerificationView<'a> {
    /// The verdict on a registration.
    pub fn of_registration(verdict: &'a Verdict, rp_id: &'a str, from: RpIdSource) -> Self {
        Self::of("registration", verdict, rp_id, from)
    }

    /// The verdict on an assertion.
    pub fn of_assertion(verdict: &'a Verdict, rp_id: &'a str, from: RpIdSource) -> Self {
        Self::of("authentication", verdict, rp_id, from)
    }

    fn of(
        ceremony: &'static str,
        verdict: &'a Verdict,
        rp_id: &'a str,
        rp_id_from: RpIdSource,
    ) -> Self {
        let unchecked = verdict.unchecked().map(|check| check.id).collect();
        Self { ceremony, rp_id, rp_id_from, model: None, verdict, unchecked }
    }

    /// Names the key's model.
    #[must_use]
    pub fn naming_model(mut self, names: &ModelNames) -> Self {
        self.model = model(self.verdict, names);
        self
    }

    /// The whole, as text: what was learned, a line for every check, and the sum.
    pub fn text(&self) -> String {
        let from = match self.rp_id_from {
            RpIdSource::Flag => "",
            RpIdSource::Options => " (of the options)",
            RpIdSource::Registration => " (of the registration; `--rp` was not given)",
            RpIdSource::Origin => " (taken from the origin; `--rp` was not given)",
        };
        let mut lines = vec![format!("Relying party  {}{from}", escape(self.rp_id))];
        if let Some(id) = &self.verdict.facts().credential_id {
            lines.push(format!("Credential ID  {id}"));
        }
        lines.extend(fact_lines(self.verdict, self.model.as_deref()));
        lines.push(String::new());
        lines.extend(self.verdict.checks().iter().map(|check| {
            let (mark, detail) = match &check.outcome {
                Outcome::Passed { seen: Some(seen), .. } => ("passed", escape(seen)),
                Outcome::Passed { .. } => ("passed", String::new()),
                Outcome::Failed { expected, seen } => {
                    let (expected, seen) = (escape(expected), escape(seen));
                    ("FAILED", format!("expected {expected}, seen {seen}"))
                }
                Outcome::NotChecked { reason } => ("not checked", escape(reason)),
                Outcome::NotApplicable { reason } => ("not applicable", escape(reason)),
            };
            let line = format!("  {mark:14}  {}", rule(check));
            if detail.is_empty() { line } else { format!("{line}: {detail}") }
        }));
        lines.push(String::new());
        format!("{}\n{}", lines.join("\n"), self.sum())
    }

    fn sum(&self) -> String {
        let (what, section) = match self.ceremony {
            "registration" => ("Registration", "7.1"),
            _ => ("Assertion", "7.2"),
        };
        let rules = format!("by WebAuthn Level 3 section {section}");
        let failed = self.verdict.failed().count();
        let far = if self.unchecked.is_empty() { "" } else { ", as far as it was checked" };
        let mut text = match failed {
            0 => format!("{what} verified {rules}{far}.\n"),
            failed => {
                let failed = count(failed, "check", "checks");
                format!("{what} NOT VERIFIED {rules}: {failed} failed.\n")
            }
        };
        let unchecked = self.unchecked.len();
        if unchecked > 0 {
            let were = if unchecked == 1 { "was" } else { "were" };
            let unchecked = count(unchecked, "check", "checks");
            text.push_str(&format!("{unchecked} {were} not made, for the reasons above.\n"));
            let mut flags: Vec<&str> =
                self.unchecked.iter().filter_map(|id| self.flag_for(id)).collect();
            flags.dedup();
            if let Some((last, before)) = flags.split_last() {
                let listed = match before {
                    [] => format!("`{last}`"),
                    before => format!("`{}` and `{last}`", before.join("`, `")),
                };
                text.push_str(&format!("Say what was expected with {listed}.\n"));
            }
        }
        text
    }

    /// The flag that lets a check be made; none where nobody can see what it is about.
    fn flag_for(&self, check: &str) -> Option<&'static str> {
        let unseen = ["challenge", "origin"].contains(&check);
        flag_for(check).filter(|_| !unseen || !self.unchecked.contains(&"client_data"))
    }
}

/// The flag that lets a check be made.
fn flag_for(check: &str) -> Option<&'static str> {
    Some(match check {
        "challenge" => "--challenge",
        "origin" => "--origin",
        "algorithm" => "--algorithm",
        "extensions" | "client_extensions" => "--extension",
        "credential_new" => "--exclude",
        "user_handle" => "--user-handle",
        "signature_counter" => "--sign-count",
        "backup_eligible_unchanged" => "--registration",
        _ => return None,
    })
}
