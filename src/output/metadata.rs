//! The FIDO metadata: what was imported, what is kept, and what it says of models.

use super::section::rows;
use super::text::{Table, count, escape};
use super::words::moment;
use crate::webauthn::metadata::{Date, Entry, Kept, Lost, Summary};
use crate::webauthn::trust::{Roots, certification};
use serde::Serialize;
use std::collections::BTreeMap;

/// What was imported.
#[derive(Debug, Serialize)]
pub struct ImportView<'a> {
    #[serde(flatten)]
    summary: &'a Summary,
    is_due: bool,
    replaced_number: Option<u64>,
}

impl<'a> ImportView<'a> {
    /// Takes what is kept now, and the number of what was kept before.
    pub fn of(kept: &'a Kept, replaced_number: Option<u64>, now: u64) -> Self {
        let summary = kept.summary();
        Self { summary, is_due: summary.is_due(now), replaced_number }
    }

    /// As text.
    pub fn text(&self) -> String {
        let number = self.summary.number;
        let instead = match self.replaced_number {
            Some(before) if before == number => " again".to_owned(),
            Some(before) => format!(", in place of number {before}"),
            None => String::new(),
        };
        let mut text = format!("Imported number {number} of the FIDO metadata{instead}.\n");
        text.push_str(&rows("  ", &summary_rows(self.summary, self.is_due)));
        text.push_str(&lost(&self.summary.lost));
        text
    }
}

/// What is kept, in short.
#[derive(Debug, Serialize)]
pub struct SummaryView<'a> {
    #[serde(flatten)]
    summary: &'a Summary,
    is_due: bool,
    imported_at: Option<String>,
    /// How many models have a report of this status.
    statuses: BTreeMap<String, usize>,
}

impl<'a> SummaryView<'a> {
    /// Takes what is kept, and all models in it.
    pub fn of(kept: &'a Kept, models: &[Entry], now: u64) -> Self {
        let summary = kept.summary();
        let mut statuses: BTreeMap<String, usize> = BTreeMap::new();
        for model in models {
            let mut seen: Vec<&str> =
                model.status_reports.iter().map(|report| report.status.as_str()).collect();
            seen.sort_unstable();
            seen.dedup();
            for status in seen {
                let number = statuses.entry(status.to_owned()).or_default();
                *number = number.saturating_add(1);
            }
        }
        Self {
            summary,
            is_due: summary.is_due(now),
            imported_at: moment(kept.head().imported_at),
            statuses,
        }
    }

    /// As text.
    pub fn text(&self) -> String {
        let mut all = vec![("Number", self.summary.number.to_string())];
        if let Some(at) = &self.imported_at {
            all.push(("Imported", at.clone()));
        }
        all.extend(summary_rows(self.summary, self.is_due));
        let mut text = format!("FIDO metadata\n{}", rows("  ", &all));
        text.push_str(&lost(&self.summary.lost));
        if !self.statuses.is_empty() {
            text.push('\n');
            let mut table = Table::new(&["STATUS", "MODELS"]);
            for (status, number) in &self.statuses {
                table.row([escape(status), number.to_string()]);
            }
            text.push_str(&table.render());
        }
        text
    }
}

/// Models of the metadata.
#[derive(Debug, Serialize)]
pub struct ModelsView<'a> {
    number: u64,
    next_update: Date,
    models: Vec<ModelView<'a>>,
}

#[derive(Debug, Serialize)]
struct ModelView<'a> {
    #[serde(flatten)]
    entry: &'a Entry,
    certification: Option<String>,
}

impl<'a> ModelsView<'a> {
    /// Takes models, and the day on which they are looked at.
    pub fn of(summary: &Summary, models: &'a [Entry], today: Date) -> Self {
        let view = |entry| ModelView { entry, certification: certification(entry, today) };
        Self {
            number: summary.number,
            next_update: summary.next_update,
            models: models.iter().map(view).collect(),
        }
    }

    /// One model in words, several as a table.
    pub fn text(&self) -> String {
        if let [model] = self.models.as_slice() {
            return model.text();
        }
        let mut table = Table::new(&["ID", "MODEL", "CERTIFICATION", "NEWEST REPORT"]);
        for ModelView { entry, certification } in &self.models {
            let newest = entry.status_reports.iter().max_by_key(|report| report.effective_date);
            let dash = || "-".to_owned();
            table.row([
                id(entry).map_or_else(dash, str::to_owned),
                name(entry),
                certification.as_deref().map_or_else(dash, escape),
                newest.map_or_else(dash, |report| escape(&report.status)),
            ]);
        }
        table.render()
    }
}

impl ModelView<'_> {
    fn text(&self) -> String {
        let entry = self.entry;
        let list = |texts: &[String]| match texts {
            [] => "not stated".to_owned(),
            texts => escape(&texts.join(", ")),
        };
        let mut all = Vec::new();
        if let Some(aaguid) = &entry.aaguid {
            all.push(("AAGUID", aaguid.clone()));
        }
        if !entry.certificate_key_identifiers.is_empty() {
            all.push(("Certificates", entry.certificate_key_identifiers.join(", ")));
        }
        all.push((
            "Protocol",
            entry.protocol_family.as_deref().map_or_else(|| "not stated".to_owned(), escape),
        ));
        if let Some(version) = entry.authenticator_version {
            all.push(("Firmware version", version.to_string()));
        }
        all.push((
            "Certification",
            self.certification.as_deref().map_or_else(|| "none".to_owned(), escape),
        ));
        all.push(("Attestation", list(&entry.attestation_types)));
        all.push(("Verifies people by", list(&entry.user_verification_methods)));
        all.push(("Keys protected by", list(&entry.key_protection)));
        all.push(("Attached", list(&entry.attachment_hint)));
        let der = entry.attestation_roots.iter().map(|root| root.as_bytes());
        let roots = Roots::from_der(der).names();
        for (index, (subject, until)) in roots.iter().enumerate() {
            let until = moment(*until).map(|until| format!(", valid until {until}"));
            let label = if index == 0 { "Attestation roots" } else { "" };
            all.push((label, format!("{}{}", escape(subject), until.unwrap_or_default())));
        }
        if !entry.deviations.is_empty() {
            all.push(("Not as specified", list(&entry.deviations)));
        }
        let mut text = format!("{}\n{}\n", name(entry), rows("  ", &all));
        if entry.status_reports.is_empty() {
            text.push_str("No status reports.\n");
            return text;
        }
        let mut table = Table::new(&["SINCE", "STATUS", "FIRMWARE", "CERTIFICATE", "MORE"]);
        for report in &entry.status_reports {
            let dash = || "-".to_owned();
            table.row([
                report.effective_date.map_or_else(dash, |date| date.to_string()),
                escape(&report.status),
                report.authenticator_version.map_or_else(dash, |version| version.to_string()),
                report.certificate_number.as_deref().map_or_else(dash, escape),
                report.url.as_deref().map_or_else(dash, escape),
            ]);
        }
        text.push_str(&table.render());
        text
    }
}

fn summary_rows(summary: &Summary, is_due: bool) -> Vec<(&'static str, String)> {
    let due = if is_due { "was due on" } else { "due by" };
    let models = summary.fido2.saturating_add(summary.u2f);
    let mut rows = vec![
        ("Next release", format!("{due} {}", summary.next_update)),
        ("Models", format!("{models}: {} of FIDO2, {} of U2F", summary.fido2, summary.u2f)),
        ("Attestation roots", summary.roots.to_string()),
    ];
    if summary.deviating > 0 {
        let models = count(summary.deviating, "model deviates", "models deviate");
        rows.push(("Not as specified", format!("{models} somewhere; the rest of each is kept")));
    }
    if summary.uaf > 0 {
        let models = count(summary.uaf, "model", "models");
        rows.push(("Left out", format!("{models} of UAF, another protocol")));
    }
    rows
}

fn lost(lost: &[Lost]) -> String {
    let line = |Lost { position, reason }: &Lost| {
        format!("  Entry {position} could not be read: {}.\n", escape(reason))
    };
    lost.iter().map(line).collect()
}

/// What `metadata show` finds a model by: its AAGUID, or of a U2F model a key identifier.
fn id(entry: &Entry) -> Option<&str> {
    entry.aaguid.as_deref().or(entry.certificate_key_identifiers.first().map(String::as_str))
}

fn name(entry: &Entry) -> String {
    match entry.description.trim() {
        "" => "(no name)".to_owned(),
        name => escape(name),
    }
}
