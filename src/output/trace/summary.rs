//! What a trace comes to: how much was said to each key, and how long a touch was waited for.

use super::super::text::{Table, count};
use super::block::{key_name, seconds};
use super::{MOST_KEYS, key_of};
use crate::trace::{Direction, Entry, Event, Message, Seconds};
use serde::Serialize;
use std::collections::BTreeMap;

/// The CTAPHID status that says that a person is waited for.
const UPNEEDED: i64 = 2;

/// What one key was told and said.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct KeySummary {
    key: u32,
    name: Option<String>,
    messages_to_key: u64,
    packets_to_key: u64,
    messages_from_key: u64,
    packets_from_key: u64,
    keepalives: u64,
    waited_for_touch: Seconds,
    unanswered: u64,
    /// When the wait for a touch began that is going on.
    #[serde(skip)]
    touch_awaited: Option<Seconds>,
}

/// What the entries so far come to.
#[derive(Debug, Default)]
pub(super) struct Summary {
    keys: BTreeMap<u32, KeySummary>,
    ended: Option<(Seconds, u8)>,
    full: bool,
}

impl Summary {
    /// Counts an entry.
    pub(super) fn add(&mut self, entry: &Entry) {
        let Entry { time, event } = entry;
        match event {
            Event::Ended { exit_code } => self.ended = Some((*time, *exit_code)),
            Event::Full { .. } => self.full = true,
            _ => {}
        }
        let Some(number) = key_of(event) else { return };
        // A trace that names more keys than there can be is not counted to its end.
        if self.keys.len() >= MOST_KEYS && !self.keys.contains_key(&number) {
            return;
        }
        let key = self.keys.entry(number).or_default();
        key.key = number;
        key.add(*time, event);
    }

    /// Whether the trace goes on to the end of its command.
    pub(super) fn is_complete(&self) -> bool {
        self.ended.is_some() && !self.full
    }

    /// How the command ended, if it did by itself.
    pub(super) fn exit_code(&self) -> Option<u8> {
        self.ended.map(|(_, code)| code)
    }

    /// The keys, in the order of their numbers.
    pub(super) fn take_keys(&mut self) -> Vec<KeySummary> {
        std::mem::take(&mut self.keys).into_values().collect()
    }

    /// A table of the keys, and how it ended.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        if !self.keys.is_empty() {
            let mut table =
                Table::new(&["KEY", "TO KEY", "FROM KEY", "KEEPALIVES", "TOUCH", "NAME"]);
            for key in self.keys.values() {
                table.row(key.row());
            }
            text.push_str(&table.render());
            text.push('\n');
        }
        text.push_str(&match self.ended {
            Some((time, code)) => {
                format!("The command ended after {} with code {code}.", seconds(time))
            }
            None => "The trace does not go on to the end of the command.".to_owned(),
        });
        if self.full {
            text.push_str(" The trace became too long; what came after is not in it.");
        }
        text.push('\n');
        text
    }
}

impl KeySummary {
    fn add(&mut self, time: Seconds, event: &Event) {
        match event {
            Event::Opened(opened) => self.name = Some(key_name(opened)),
            Event::Message(message) => self.add_message(message),
            Event::Keepalive { count, status, since, .. } => {
                self.keepalives = self.keepalives.saturating_add(*count);
                self.packets_from_key = self.packets_from_key.saturating_add(*count);
                if status.number == UPNEEDED {
                    self.touch_awaited.get_or_insert(*since);
                    return;
                }
            }
            Event::NotAMessage { packets, .. } => {
                self.packets_from_key = self.packets_from_key.saturating_add(number(*packets));
            }
            Event::Unanswered { .. } => self.unanswered = self.unanswered.saturating_add(1),
            _ => {}
        }
        // A person is waited for until the key says something else; what it is told ends nothing.
        let is_told =
            matches!(event, Event::Message(message) if message.direction == Direction::ToKey);
        if !is_told && let Some(since) = self.touch_awaited.take() {
            self.waited_for_touch.0 += time.since(since).0;
        }
    }

    fn add_message(&mut self, message: &Message) {
        let (messages, packets) = match message.direction {
            Direction::ToKey => (&mut self.messages_to_key, &mut self.packets_to_key),
            Direction::FromKey => (&mut self.messages_from_key, &mut self.packets_from_key),
        };
        *messages = messages.saturating_add(1);
        *packets = packets.saturating_add(number(message.packets));
    }

    fn row(&self) -> Vec<String> {
        let said = |messages, packets| {
            let in_packets = count(size(packets), "packet", "packets");
            format!("{messages} in {in_packets}")
        };
        let touch = match self.waited_for_touch {
            Seconds(waited) if waited > 0.0 => seconds(self.waited_for_touch),
            _ => "-".to_owned(),
        };
        vec![
            self.key.to_string(),
            said(self.messages_to_key, self.packets_to_key),
            said(self.messages_from_key, self.packets_from_key),
            self.keepalives.to_string(),
            touch,
            self.name.clone().unwrap_or_default(),
        ]
    }
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

fn size(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
