//! The messages of a key, put together again from the file of its reports.
//!
//! CTAP 2.2, 11.2.4: a message is one packet with a command, then packets with numbers.

use std::collections::BTreeMap;

/// Bytes of a report; those at its end that are zero are left out in the file.
const REPORT: usize = 64;

/// A CTAP2 request and the answer that it got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Exchange {
    /// The command, then its parameters.
    pub(super) request: Vec<u8>,
    /// The status, then what was asked for.
    pub(super) answer: Vec<u8>,
}

const CBOR: u8 = 0x90;

/// Reads every exchange that came to its end.
pub(super) fn exchanges(file: &str) -> Vec<Exchange> {
    let mut exchanges = Vec::new();
    let mut underway: BTreeMap<([u8; 4], bool), Message> = BTreeMap::new();
    let mut asked: BTreeMap<[u8; 4], Vec<u8>> = BTreeMap::new();
    for (to_key, report) in file.lines().filter_map(report) {
        let [a, b, c, d, kind, high, low, ..] = report;
        let channel = [a, b, c, d];
        let message = underway.entry((channel, to_key)).or_default();
        if kind & 0x80 == 0 {
            message.payload.extend_from_slice(&report[5..]);
        } else {
            let length = usize::from(u16::from_be_bytes([high, low]));
            *message = Message { command: kind, length, payload: report[7..].to_vec() };
        }
        if message.command != CBOR || message.payload.len() < message.length {
            continue;
        }
        message.payload.truncate(message.length);
        let payload = std::mem::take(message).payload;
        if to_key {
            asked.insert(channel, payload);
        } else if let Some(request) = asked.remove(&channel) {
            exchanges.push(Exchange { request, answer: payload });
        }
    }
    exchanges
}

#[derive(Default)]
struct Message {
    command: u8,
    length: usize,
    payload: Vec<u8>,
}

/// Reads a line: whether the report went to the key, and the report.
fn report(line: &str) -> Option<(bool, [u8; REPORT])> {
    let (_, rest) = line.trim_start().split_once(' ')?;
    let to_key = match rest.chars().next()? {
        '>' => true,
        '<' => false,
        _ => return None,
    };
    let (_, digits) = rest.rsplit_once("  ")?;
    let mut report = [0; REPORT];
    let bytes = bytes(digits)?;
    report.get_mut(..bytes.len())?.copy_from_slice(&bytes);
    Some((to_key, report))
}

/// Reads hexadecimal digits.
pub(super) fn bytes(digits: &str) -> Option<Vec<u8>> {
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    digits.trim().as_bytes().chunks(2).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exchange_is_put_together_from_its_reports() {
        let part = "aa".repeat(57);
        let file = format!(
            "   0.000001 - plugged in\n\
             0.1 > 00000001 cbor 59  0000000190003b{part}\n\
             0.2 > 00000001 +0  0000000100bbcc\n\
             0.3 < 00000001 keepalive processing  00000001bb000101\n\
             0.4 < 00000001 cbor 2  0000000190000200\n"
        );
        let request = [&[0xaa; 57][..], &[0xbb, 0xcc]].concat();
        assert_eq!(exchanges(&file), [Exchange { request, answer: vec![0, 0] }]);
    }

    #[test]
    fn what_got_no_answer_is_no_exchange() {
        assert_eq!(exchanges("0.1 > 00000001 cbor 1  00000001900001 04\n"), []);
        assert_eq!(exchanges("0.1 > 00000001 cbor 1  0000000190000104\n0.2 - cut\n"), []);
    }
}
