//! Rows of a label and a value, aligned; with a title, a section.

use super::text::pad;
use std::borrow::Cow;

/// A title and rows below it.
pub(super) struct Section<'a> {
    title: &'static str,
    rows: Vec<(&'static str, Cow<'a, str>)>,
}

impl<'a> Section<'a> {
    pub(super) fn new(title: &'static str) -> Self {
        // Hardly any section has more rows.
        Self { title, rows: Vec::with_capacity(11) }
    }

    pub(super) fn row(&mut self, label: &'static str, value: impl Into<Cow<'a, str>>) {
        self.rows.push((label, value.into()));
    }

    pub(super) fn render(&self) -> String {
        let mut text = String::with_capacity(512);
        text.push_str(self.title);
        text.push('\n');
        append(&mut text, "  ", &self.rows);
        text
    }
}

/// Rows without a title, each after this indent.
pub(super) fn rows(indent: &str, rows: &[(&str, impl AsRef<str>)]) -> String {
    let mut text = String::new();
    append(&mut text, indent, rows);
    text
}

fn append(text: &mut String, indent: &str, rows: &[(&str, impl AsRef<str>)]) {
    let width = rows.iter().map(|(label, _)| label.len()).max().unwrap_or_default();
    for (label, value) in rows {
        text.push_str(indent);
        text.push_str(label);
        let value = value.as_ref();
        if !value.is_empty() {
            pad(text, width.saturating_sub(label.len()).saturating_add(2));
            text.push_str(value);
        }
        text.push('\n');
    }
}
