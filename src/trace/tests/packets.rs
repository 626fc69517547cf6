//! From packets to messages, and what becomes of those that make none.

use super::*;
use crate::trace::Direction;
use serde_json::json;

fn keepalive(status: u8) -> Vec<u8> {
    split(CHANNEL, Command::KEEPALIVE, &[status], 64).unwrap().remove(0)
}

#[test]
fn the_channel_is_asked_for_and_given_out() {
    let said = Said::begun();
    let [Event::Message(asked), Event::Message(given)] = said.events.as_slice() else {
        panic!("{:?}", said.events)
    };
    assert_eq!((asked.direction, given.direction), (Direction::ToKey, Direction::FromKey));
    assert_eq!(asked.members, Some(json!({ "nonce": { "hex": "01".repeat(8) } })));
    let expected = json!({
        "nonce": { "hex": "01".repeat(8) },
        "channel": "00000007",
        "protocolVersion": 2,
        "deviceVersion": "5.7.1",
        "capabilities": { "names": ["CBOR", "NMSG"], "number": 0x0c },
    });
    assert_eq!(given.members, Some(expected));
}

#[test]
fn a_run_of_keepalives_is_told_when_it_begins_and_when_it_ends() {
    let mut said = Said::begun();
    said.ask(CHANNEL, Command::CBOR, &[0x0b]);
    said.events.clear();
    said.hear(&keepalive(1));
    for _ in 0..50 {
        said.hear(&keepalive(2));
    }
    assert_eq!(said.events.len(), 2);
    said.answer(CHANNEL, Command::CBOR, &[0]);
    let told: Vec<(i64, u64)> = said
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Keepalive { status, count, .. } => Some((status.number, *count)),
            _ => None,
        })
        .collect();
    assert_eq!(told, [(1, 1), (2, 1), (2, 50)]);
    assert_eq!(said.events.len(), 4);
}

#[test]
fn a_cancelled_request_is_answered_all_the_same() {
    let mut said = Said::begun();
    said.ask(CHANNEL, Command::CBOR, &[0x0b]);
    said.ask(CHANNEL, Command::CANCEL, &[]);
    assert_eq!(said.last().command.name.as_deref(), Some("CTAPHID_CANCEL"));
    said.answer(CHANNEL, Command::CBOR, &[0x2d]);
    let answer = said.last();
    assert_eq!(answer.ctap_command.as_ref().unwrap().number, 0x0b);
    assert_eq!(answer.ctap_status.as_ref().unwrap().name.as_deref(), Some("KEEPALIVE_CANCEL"));
    said.ask(CHANNEL, Command::CBOR, &[4]);
    assert!(!said.text().contains("unanswered"), "{}", said.text());
}

#[test]
fn a_request_without_an_answer_is_told_with_the_next_or_at_the_end() {
    let mut said = Said::begun();
    said.ask(CHANNEL, Command::CBOR, &[7]);
    said.now = 3.0;
    said.ask(CHANNEL, Command::INIT, &[3; 8]);
    let unanswered: Vec<&Event> =
        said.events.iter().filter(|event| matches!(event, Event::Unanswered { .. })).collect();
    let [Event::Unanswered { ctap_command: Some(command), waited, .. }] = unanswered.as_slice()
    else {
        panic!("{:?}", said.events)
    };
    assert_eq!(command.number, 7);
    assert!(waited.0 > 2.9, "{waited:?}");
    // An answer with another nonce is somebody else's.
    said.answer(CHANNEL, Command::INIT, &[9; 17]);
    let end = said.conversation.closed(Seconds(9.0));
    assert!(matches!(end.as_slice(), [Event::Unanswered { .. }, Event::Closed { key: 1 }]));
}

#[test]
fn a_refusal_ends_a_request() {
    let mut said = Said::begun();
    said.ask(CHANNEL, Command::CBOR, &[4]);
    said.answer(CHANNEL, Command::ERROR, &[6]);
    let error = said.last().members.clone().unwrap();
    assert_eq!(error, json!({ "error": { "name": "ERR_CHANNEL_BUSY", "number": 6 } }));
    said.answer(CHANNEL, Command::ERROR, &[0x42]);
    assert_eq!(said.last().members, Some(json!({ "error": 0x42 })));
    said.answer(CHANNEL, Command::ERROR, &[]);
    assert!(said.last().undecodable.is_some());
    assert!(matches!(said.conversation.closed(Seconds(1.0)).as_slice(), [Event::Closed { .. }]));
}

#[test]
fn packets_that_make_no_message_are_told() {
    let reasons = |said: &Said| -> Vec<(String, usize, usize)> {
        let told = said.events.iter().filter_map(|event| match event {
            Event::NotAMessage { reason, length, packets, .. } => {
                Some((reason.clone(), *length, *packets))
            }
            _ => None,
        });
        told.collect()
    };
    let reply: Vec<Vec<u8>> = split(CHANNEL, Command::CBOR, &[0; 200], 64).unwrap();
    let mut said = Said::begun();
    said.ask(CHANNEL, Command::CBOR, &[4]);
    // The second packet is missing, then the first, then all but the first; then a packet too short
    // to be one, and a message longer than any.
    said.hear(&reply[0]);
    said.hear(&reply[2]);
    said.hear(&reply[3]);
    said.hear(&reply[0]);
    said.hear(&reply[0]);
    said.hear(&[0, 0]);
    said.hear(&[&CHANNEL.to_be_bytes()[..], &[0x90, 0xff, 0xff]].concat());
    said.hear(&[&CHANNEL.to_be_bytes()[..], &[0xbb, 0, 0]].concat());
    let told = reasons(&said);
    assert_eq!(told.len(), 7, "{told:?}");
    assert!(told[0].0.contains("packet 1") && told[0].1 == 57 && told[0].2 == 2, "{told:?}");
    assert!(told[1].0.contains("without its first"), "{told:?}");
    assert!(told[2].0.contains("another message"), "{told:?}");
    assert!(told[3].0.contains("no packet"), "{told:?}");
    assert!(told[4].0.contains("another message"), "{told:?}");
    assert!(told[5].0.contains("65535 bytes"), "{told:?}");
    assert!(told[6].0.contains("keepalive"), "{told:?}");
}

#[test]
fn a_broken_connection_is_told_with_what_was_under_way() {
    let mut said = Said::begun();
    said.ask(CHANNEL, Command::CBOR, &[4]);
    let told = said.conversation.failed("receive", "the key was unplugged".to_owned());
    let [Event::Failed { act, ctap_command: Some(command), .. }] = told.as_slice() else {
        panic!("{told:?}")
    };
    assert_eq!((act.as_ref(), command.number), ("receive", 4));
    // In the middle of a request of several packets.
    let first = split(CHANNEL, Command::CBOR, &[1; 100], 64).unwrap().remove(0);
    assert!(said.conversation.sent(&first, Seconds(1.0)).is_empty());
    let told = said.conversation.failed("send", "the key was unplugged".to_owned());
    let [Event::Failed { ctap_command: Some(command), .. }] = told.as_slice() else {
        panic!("{told:?}")
    };
    assert_eq!(command.number, 1);
}

#[test]
fn u2f_is_told_by_its_instruction() {
    let mut said = Said::begun();
    said.ask(CHANNEL, Command::MSG, &[0, 3, 0, 0]);
    let members = said.last().members.clone().unwrap();
    assert_eq!(members["instruction"], json!({ "name": "U2F_VERSION", "number": 3 }));
    said.answer(CHANNEL, Command::MSG, b"U2F_V2\x90\x00");
    let expected = json!({ "status": { "hex": "9000" }, "data": { "masked": 6 } });
    assert_eq!(said.last().members, Some(expected));
    said.ask(CHANNEL, Command::PING, &[1, 2]);
    said.answer(CHANNEL, Command::PING, &[1, 2]);
    assert_eq!(said.last().members, Some(json!({ "data": { "hex": "0102" } })));
    said.ask(CHANNEL, Command::WINK, &[]);
    said.answer(CHANNEL, Command::WINK, &[]);
    assert_eq!(said.last().members, None);
}
