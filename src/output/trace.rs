//! A trace, for people and for programs. Whatever stands in it may have been written by anybody.

mod block;
mod summary;
mod values;

use super::text::escape;
use crate::trace::{Damage, Entry, Event, Header, Line};
use serde::Serialize;
use std::collections::BTreeMap;
use summary::{KeySummary, Summary};

/// How many keys' keepalives are held back at a time; no trace of ours has more keys.
const MOST_KEYS: usize = 64;

/// Puts the entries of a run of keepalives together: its beginning and its end are one.
#[derive(Debug, Default)]
struct Runs {
    /// By key: where the beginning stands, and the beginning.
    begun: BTreeMap<u32, (u64, Entry)>,
}

impl Runs {
    /// Takes an entry; gives what is complete now, in order.
    fn add(&mut self, number: u64, entry: Entry) -> Vec<(u64, Entry)> {
        let key = key_of(&entry.event);
        let mut complete = Vec::new();
        let before = key.and_then(|key| self.begun.remove(&key));
        if let Some((at, before)) = before
            && !is_continued(&before.event, &entry.event)
        {
            complete.push((at, before));
        }
        match key {
            Some(key)
                if matches!(entry.event, Event::Keepalive { .. })
                    && self.begun.len() < MOST_KEYS =>
            {
                self.begun.insert(key, (number, entry));
            }
            _ => complete.push((number, entry)),
        }
        complete
    }

    /// Gives what is left at the end.
    fn finish(&mut self) -> Vec<(u64, Entry)> {
        std::mem::take(&mut self.begun).into_values().collect()
    }
}

fn key_of(event: &Event) -> Option<u32> {
    match event {
        Event::Opened(opened) => Some(opened.key),
        Event::Message(message) => Some(message.key),
        Event::Keepalive { key, .. }
        | Event::NotAMessage { key, .. }
        | Event::Unanswered { key, .. }
        | Event::Failed { key, .. }
        | Event::Closed { key } => Some(*key),
        Event::NotOpened { .. }
        | Event::Replugged { .. }
        | Event::Full { .. }
        | Event::Ended { .. } => None,
    }
}

/// Whether the second entry tells the same run of keepalives as the first, and more of it.
fn is_continued(first: &Event, second: &Event) -> bool {
    let run = |event: &Event| match event {
        Event::Keepalive { channel, status, count, since, .. } => {
            Some((channel.clone(), status.clone(), *since, *count))
        }
        _ => None,
    };
    match (run(first), run(second)) {
        (Some((channel, status, since, count)), Some(later)) => {
            (&channel, &status, &since) == (&later.0, &later.1, &later.2) && count <= later.3
        }
        _ => false,
    }
}

/// A trace as text, piece by piece as it is read.
#[derive(Debug, Default)]
pub struct TraceText {
    runs: Runs,
    summary: Summary,
    damaged: usize,
}

impl TraceText {
    /// Begins with nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// What stands above everything else.
    pub fn head(header: &Header) -> String {
        format!(
            "Trace of `fidokey {}`, fidokey {}, begun {}\n",
            escape(&header.command),
            escape(&header.fidokey),
            escape(&header.started_at),
        )
    }

    /// Takes a line; gives what can be shown now.
    pub fn add(&mut self, line: Line) -> String {
        // A blank line below the head.
        let start = if line.number == 2 { "\n" } else { "" };
        match line.entry {
            Ok(entry) => {
                let complete = self.runs.add(line.number, entry);
                format!("{start}{}", self.show(complete))
            }
            Err(damage) => {
                self.damaged = self.damaged.saturating_add(1);
                let reason = escape(&damage.to_string());
                format!("{start}              line {} cannot be read: {reason}\n", line.number)
            }
        }
    }

    /// What is left at the end, and the summary.
    pub fn finish(&mut self) -> String {
        let left = self.runs.finish();
        format!("{}\n{}", self.show(left), self.summary.text())
    }

    /// How many lines could not be read.
    pub fn damaged(&self) -> usize {
        self.damaged
    }

    fn show(&mut self, entries: Vec<(u64, Entry)>) -> String {
        let mut text = String::new();
        for (_, entry) in entries {
            self.summary.add(&entry);
            text.push_str(&block::text(&entry));
        }
        text
    }
}

/// A trace as one document.
#[derive(Debug, Serialize)]
pub struct TraceDocument {
    trace: Header,
    entries: Vec<Numbered>,
    damaged_lines: Vec<DamagedLine>,
    keys: Vec<KeySummary>,
    /// Whether the trace goes on to the end of the command.
    complete: bool,
    exit_code: Option<u8>,
    #[serde(skip)]
    runs: Runs,
    #[serde(skip)]
    summary: Summary,
}

#[derive(Debug, Serialize)]
struct Numbered {
    line: u64,
    #[serde(flatten)]
    entry: Entry,
}

#[derive(Debug, Serialize)]
struct DamagedLine {
    line: u64,
    reason: String,
}

impl TraceDocument {
    /// Begins with the header.
    pub fn new(header: Header) -> Self {
        Self {
            trace: header,
            entries: Vec::new(),
            damaged_lines: Vec::new(),
            keys: Vec::new(),
            complete: false,
            exit_code: None,
            runs: Runs::default(),
            summary: Summary::default(),
        }
    }

    /// Takes a line.
    pub fn add(&mut self, line: Line) {
        match line.entry {
            Ok(entry) => {
                let complete = self.runs.add(line.number, entry);
                self.keep(complete);
            }
            Err(damage) => self.damaged(line.number, &damage),
        }
    }

    /// Completes the document.
    #[must_use]
    pub fn finish(mut self) -> Self {
        let left = self.runs.finish();
        self.keep(left);
        self.complete = self.summary.is_complete();
        self.exit_code = self.summary.exit_code();
        self.keys = self.summary.take_keys();
        self
    }

    /// How many lines could not be read.
    pub fn damaged_lines(&self) -> usize {
        self.damaged_lines.len()
    }

    fn keep(&mut self, entries: Vec<(u64, Entry)>) {
        for (line, entry) in entries {
            self.summary.add(&entry);
            self.entries.push(Numbered { line, entry });
        }
    }

    fn damaged(&mut self, line: u64, damage: &Damage) {
        self.damaged_lines.push(DamagedLine { line, reason: damage.to_string() });
    }
}
