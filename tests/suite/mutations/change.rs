//! Changes in what a key says: in packets, in the bytes of messages, in the tree of their CBOR.

use super::run::REPORT;
use crate::harness::{Assembly, Message};
use fidokey::wire::cbor::{self, Value};
use fidokey::wire::ctaphid::{Command, Packet, PacketKind, split};

/// Numbers that look random, the same for the same seed.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(super) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit.max(1)).unwrap()).unwrap()
    }

    fn byte(&mut self) -> u8 {
        const INTERESTING: [u8; 16] = [
            0x00, 0x01, 0x17, 0x18, 0x1b, 0x20, 0x3b, 0x40, 0x5b, 0x5f, 0x7b, 0x80, 0x9f, 0xa0,
            0xbf, 0xff,
        ];
        if self.below(2) == 0 {
            INTERESTING[self.below(INTERESTING.len())]
        } else {
            u8::try_from(self.below(256)).unwrap()
        }
    }
}

/// Changes one turn of a conversation.
pub(super) fn mutate(turn: &mut Vec<Vec<u8>>, dice: &mut Dice) {
    if turn.is_empty() {
        return;
    }
    match dice.below(8) {
        0 => mutate_packets(turn, dice),
        1..=3 => mutate_message(turn, dice, mutate_bytes),
        _ => mutate_message(turn, dice, mutate_tree),
    }
}

fn mutate_packets(turn: &mut Vec<Vec<u8>>, dice: &mut Dice) {
    let at = dice.below(turn.len());
    match dice.below(6) {
        0 => drop(turn.remove(at)),
        1 => turn.insert(at, turn[at].clone()),
        2 => turn.swap(at, dice.below(at + 1)),
        3 => {
            let length = dice.below(REPORT);
            turn[at].truncate(length);
        }
        _ => {
            for _ in 0..=dice.below(3) {
                let (place, byte) = (dice.below(turn[at].len()), dice.byte());
                if let Some(old) = turn[at].get_mut(place) {
                    *old = byte;
                }
            }
        }
    }
}

/// Puts the last message of a turn together, changes its payload, and cuts it into packets again.
fn mutate_message(
    turn: &mut Vec<Vec<u8>>,
    dice: &mut Dice,
    change: fn(Vec<u8>, &mut Dice) -> Vec<u8>,
) {
    let (mut first, mut pending, mut last) = (None, Assembly::default(), None);
    for (at, report) in turn.iter().enumerate() {
        match Packet::parse(report).unwrap().kind {
            PacketKind::Init { command: Command::KEEPALIVE, .. } => continue,
            PacketKind::Init { .. } => (first, last) = (Some(at), None),
            PacketKind::Continuation { .. } => {}
        }
        last = pending.take(report).or(last);
    }
    let (Some(first), Some(Message { channel, command, payload })) = (first, last) else { return };
    let mut payload = change(payload, dice);
    payload.truncate(7609);
    turn.truncate(first);
    turn.extend(split(channel, command, &payload, REPORT).unwrap());
}

fn mutate_bytes(mut payload: Vec<u8>, dice: &mut Dice) -> Vec<u8> {
    for _ in 0..=dice.below(3) {
        let at = dice.below(payload.len() + 1);
        match dice.below(8) {
            0 => payload.truncate(at),
            1 => payload.insert(at, dice.byte()),
            2 if at < payload.len() => drop(payload.remove(at)),
            3 => {
                let byte = dice.byte();
                payload.splice(at..at, vec![byte; dice.below(3000)]);
            }
            4 => {
                payload.splice(at..at, [0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
            }
            5 if dice.below(4) == 0 => {
                if let Some(status) = payload.first_mut() {
                    *status = dice.byte();
                }
            }
            _ => {
                let byte = dice.byte();
                if let Some(old) = payload.get_mut(at) {
                    *old = byte;
                }
            }
        }
    }
    payload
}

/// Changes the CBOR after the status byte as a tree, and writes it down again without any rule.
fn mutate_tree(payload: Vec<u8>, dice: &mut Dice) -> Vec<u8> {
    let Some((status, body)) = payload.split_first() else { return payload };
    let Ok(mut tree) = cbor::parse(body).and_then(|item| item.value()) else {
        return mutate_bytes(payload, dice);
    };
    for _ in 0..=dice.below(2) {
        change_somewhere(&mut tree, dice, 0);
    }
    let mut bytes = vec![*status];
    write_loosely(&tree, &mut bytes);
    bytes
}

fn change_somewhere(value: &mut Value, dice: &mut Dice, depth: usize) {
    if depth < 6 && dice.below(4) > 0 {
        match value {
            Value::Map(members) if !members.is_empty() => {
                let at = dice.below(members.len());
                return match dice.below(8) {
                    0 => drop(members.remove(at)),
                    1 => members.insert(at, members[at].clone()),
                    2 => members.swap(at, 0),
                    3 => members[at].0 = any_value(dice),
                    _ => change_somewhere(&mut members[at].1, dice, depth + 1),
                };
            }
            Value::Array(items) if !items.is_empty() => {
                let at = dice.below(items.len());
                return match dice.below(6) {
                    0 => drop(items.remove(at)),
                    1 => {
                        let one = items[at].clone();
                        items.extend(std::iter::repeat_n(one, dice.below(600)));
                    }
                    _ => change_somewhere(&mut items[at], dice, depth + 1),
                };
            }
            Value::Bytes(bytes) => {
                let changed = mutate_bytes(std::mem::take(bytes), dice);
                *bytes = changed;
                return;
            }
            Value::Text(text) => {
                *text = match dice.below(4) {
                    0 => "\u{1b}[2J\u{202e}\r\n\u{0}".into(),
                    1 => text.repeat(dice.below(200)),
                    2 => String::new(),
                    _ => "…".repeat(dice.below(40)),
                };
                return;
            }
            _ => {}
        }
    }
    *value = any_value(dice);
}

fn any_value(dice: &mut Dice) -> Value {
    match dice.below(12) {
        0 => Value::Integer(0),
        1 => Value::Integer(i128::from(dice.next())),
        2 => Value::Integer(-i128::from(dice.next())),
        3 => Value::Bytes(vec![dice.byte(); dice.below(200)]),
        4 => Value::Text("x".repeat(dice.below(100))),
        5 => Value::Array(Vec::new()),
        6 => Value::Map(Vec::new()),
        7 => (0..dice.below(40)).fold(Value::Null, |inner, _| Value::Array(vec![inner])),
        8 => Value::Bool(dice.below(2) == 0),
        9 => Value::Float(f64::NAN),
        10 => Value::Undefined,
        _ => Value::Tag(dice.next(), Box::new(Value::Null)),
    }
}

/// Unlike [`Value::encode`], keeps the order of members and doubles.
fn write_loosely(value: &Value, bytes: &mut Vec<u8>) {
    let head = |bytes: &mut Vec<u8>, major: u8, length: usize| match u8::try_from(length) {
        Ok(short @ 0..=23) => bytes.push(major << 5 | short),
        Ok(byte) => bytes.extend([major << 5 | 24, byte]),
        Err(_) => {
            bytes.push(major << 5 | 25);
            bytes.extend(u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes());
        }
    };
    match value {
        Value::Array(items) => {
            head(bytes, 4, items.len());
            items.iter().for_each(|item| write_loosely(item, bytes));
        }
        Value::Map(members) => {
            head(bytes, 5, members.len());
            for (key, value) in members {
                write_loosely(key, bytes);
                write_loosely(value, bytes);
            }
        }
        other => bytes.extend(other.encode().into_bytes()),
    }
}
