//! What the reports seen so far say of a key: whether it works on a request, waits for a touch, was
//! told to cancel, how many reports went each way. Pure: reports in, answers out.

use super::report::{Command, FURTHER_PAYLOAD, Packet, Report};
use std::collections::BTreeMap;

/// Reports each way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub to_key: u64,
    pub from_key: u64,
}

/// What is to be done with a report on its way to the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    Pass,
    /// The key loses power before it sees this report.
    Cut,
}

/// What is known of one key.
#[derive(Debug, Default)]
pub struct Exchange {
    /// Requests that have no complete answer yet, by channel.
    pending: BTreeMap<u32, Pending>,
    /// The CANCELs seen, and how many of them were waited for.
    cancels: u64,
    cancels_taken: u64,
    counts: Counts,
    counts_taken: Counts,
    /// The report to the key, counted from the first of all, that it does not live to see.
    cut_at: Option<u64>,
}

#[derive(Debug, Default)]
struct Pending {
    /// Payload bytes of the answer that have still to come, once it has begun.
    answer: Option<u16>,
    touch: Touch,
}

#[derive(Debug, Default)]
enum Touch {
    #[default]
    NotNeeded,
    Needed,
    /// It was touched. Keepalives that were on their way then still ask for a touch; this many are
    /// believed to be such.
    Given {
        late: u8,
    },
}

/// Keepalives that may have been on their way when a key was touched.
const LATE: u8 = 5;

impl Exchange {
    /// Takes note of a report to the key.
    pub fn outgoing(&mut self, report: &Report) -> Delivery {
        self.counts.to_key += 1;
        match Packet::of(report) {
            Packet::First { command: Command::Cancel, .. } => self.cancels += 1,
            Packet::First { channel, .. } => {
                self.pending.insert(channel, Pending::default());
            }
            Packet::Further { .. } => {}
        }
        match self.cut_at {
            Some(at) if self.counts.to_key >= at => {
                self.cut_at = None;
                Delivery::Cut
            }
            _ => Delivery::Pass,
        }
    }

    /// Takes note of a report from the key.
    pub fn incoming(&mut self, report: &Report) {
        self.counts.from_key += 1;
        let packet = Packet::of(report);
        let (Packet::First { channel, .. } | Packet::Further { channel, .. }) = packet;
        let Some(pending) = self.pending.get_mut(&channel) else { return };
        let left = match packet {
            Packet::First { command: Command::Keepalive, byte, .. } => {
                pending.keepalive(byte);
                return;
            }
            Packet::First { .. } => packet.outstanding(),
            Packet::Further { .. } => match pending.answer {
                Some(left) => left.saturating_sub(FURTHER_PAYLOAD),
                None => return,
            },
        };
        pending.answer = Some(left);
        pending.touch = Touch::NotNeeded;
        if left == 0 {
            self.pending.remove(&channel);
        }
    }

    /// Forgets what was under way: the key lost its power.
    pub fn power_lost(&mut self) {
        self.pending.clear();
        self.cut_at = None;
    }

    /// Whether the key waits for a touch.
    pub fn needs_touch(&self) -> bool {
        self.pending.values().any(|pending| matches!(pending.touch, Touch::Needed))
    }

    /// Takes note that the key was touched.
    pub fn touched(&mut self) {
        for pending in self.pending.values_mut() {
            if matches!(pending.touch, Touch::Needed) {
                pending.touch = Touch::Given { late: LATE };
            }
        }
    }

    /// Whether every request was answered.
    pub fn is_idle(&self) -> bool {
        self.pending.is_empty()
    }

    /// Whether a CANCEL was seen that nobody waited for yet. It counts as waited for from now on.
    pub fn take_cancel(&mut self) -> bool {
        let new = self.cancels > self.cancels_taken;
        self.cancels_taken = self.cancels;
        new
    }

    /// The reports since this was asked last.
    pub fn take_counts(&mut self) -> Counts {
        let before = std::mem::replace(&mut self.counts_taken, self.counts);
        Counts {
            to_key: self.counts.to_key - before.to_key,
            from_key: self.counts.from_key - before.from_key,
        }
    }

    /// Has the power fail when the `reports`th further report goes to the key.
    pub fn cut_after(&mut self, reports: u64) {
        self.cut_at = Some(self.counts.to_key + reports.max(1));
    }
}

impl Pending {
    fn keepalive(&mut self, status: u8) {
        self.touch = match (status, &self.touch) {
            (2, Touch::Given { late: 1.. }) => match self.touch {
                Touch::Given { late } => Touch::Given { late: late - 1 },
                _ => Touch::Needed,
            },
            (2, _) => Touch::Needed,
            _ => Touch::NotNeeded,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::report::testing::{first, report};
    use super::*;

    const CBOR: u8 = 0x10;

    #[test]
    fn reports_say_of_a_key_what_the_table_says() {
        let mut exchange = Exchange::default();
        let mut asked = 0;
        for (index, line) in include_str!("../../../umockdev/exchange.txt").lines().enumerate() {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            let bytes = || -> Vec<u8> {
                let digit = |at: usize| u8::from_str_radix(&rest[at..at + 2], 16).unwrap();
                (0..rest.len()).step_by(2).map(digit).collect()
            };
            let holds = match word {
                "" => {
                    exchange = Exchange::default();
                    continue;
                }
                "#" => continue,
                ">" => {
                    exchange.outgoing(&report(&bytes()));
                    continue;
                }
                "<" => {
                    exchange.incoming(&report(&bytes()));
                    continue;
                }
                "touched" => {
                    exchange.touched();
                    continue;
                }
                "touch" => exchange.needs_touch(),
                "idle" => exchange.is_idle(),
                "cancel" => exchange.take_cancel(),
                other => panic!("line {}: {other}", index + 1),
            };
            assert_eq!(if holds { "yes" } else { "no" }, rest, "line {}: {word}", index + 1);
            asked += 1;
        }
        assert!(asked > 20, "the table is played");
    }

    #[test]
    fn reports_are_counted_since_the_last_count() {
        let mut exchange = Exchange::default();
        exchange.outgoing(&first(CBOR, &[4]));
        exchange.incoming(&first(CBOR, &[0]));
        assert_eq!(exchange.take_counts(), Counts { to_key: 1, from_key: 1 });
        exchange.outgoing(&first(CBOR, &[4]));
        assert_eq!(exchange.take_counts(), Counts { to_key: 1, from_key: 0 });
    }

    #[test]
    fn the_power_fails_at_the_report_that_was_named() {
        let mut exchange = Exchange::default();
        exchange.outgoing(&first(CBOR, &[4]));
        exchange.cut_after(2);
        assert_eq!(exchange.outgoing(&first(CBOR, &[4])), Delivery::Pass);
        assert_eq!(exchange.outgoing(&first(CBOR, &[4])), Delivery::Cut);
        exchange.power_lost();
        assert!(exchange.is_idle());
        assert_eq!(exchange.outgoing(&first(CBOR, &[4])), Delivery::Pass);
    }
}
