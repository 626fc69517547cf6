//! Packets that are lost, doubled, out of order, somebody else's, or never come.

use crate::harness::{Desk, Outcome, Reaction, request_name};
use fidokey::cli::exit::Exit;
use fidokey::transport::Clock;
use fidokey::virtual_key::KeySettings;
use fidokey::wire::ctaphid::{Command, Packet, PacketKind, split};
use std::fmt::Write;
use std::time::Duration;

const REGISTER: &str = "register --rp example.com --user alice";
const ASSERT: &str = "assert --rp example.com";

/// Runs a command with a fault in packets, then a good one on the same key.
fn with_packets(
    desk: &Desk,
    fault: impl FnMut(Vec<u8>) -> Vec<Vec<u8>> + Send + 'static,
) -> Outcome {
    let mut fault = fault;
    desk.faults.packets(move |packet| Ok(fault(packet)));
    let outcome = desk.run(REGISTER);
    desk.faults.mend();
    desk.run(REGISTER).succeeded();
    outcome
}

fn is_cbor(packet: &[u8]) -> bool {
    matches!(Packet::parse(packet).unwrap().kind, PacketKind::Init { command: Command::CBOR, .. })
}

fn sequence(packet: &[u8]) -> Option<u8> {
    match Packet::parse(packet).unwrap().kind {
        PacketKind::Continuation { sequence } => Some(sequence),
        PacketKind::Init { .. } => None,
    }
}

#[test]
fn packets_of_other_channels_are_passed_over() {
    let (desk, _key) = Desk::with_key();
    let outcome = with_packets(&desk, |packet| {
        let mut others = packet.clone();
        others[3] ^= 0x55;
        let error = split(0x0bad_cafe, Command::ERROR, &[0x7f], packet.len()).unwrap();
        let answer = split(0x0bad_cafe, Command::CBOR, &[0x27], packet.len()).unwrap();
        [others.clone()].into_iter().chain(error).chain(answer).chain([packet, others]).collect()
    });
    outcome.succeeded();
}

#[test]
fn packets_too_short_to_be_any_are_passed_over() {
    let (desk, _key) = Desk::with_key();
    with_packets(&desk, |packet| vec![vec![], vec![1, 2, 3], packet]).succeeded();
}

/// What breaks an answer, each with what is said of it.
#[test]
fn answers_that_fall_apart() {
    let (desk, _key) = Desk::with_key();
    let mut text = String::new();
    type Fault = fn(Vec<u8>) -> Vec<Vec<u8>>;
    let faults: [(&str, Fault); 9] = [
        ("a packet is lost in the middle", |packet| match sequence(&packet) {
            Some(1) => vec![],
            _ => vec![packet],
        }),
        ("the last packets are lost", |packet| match sequence(&packet) {
            Some(2..) => vec![],
            _ => vec![packet],
        }),
        ("the first packet is lost", |packet| if is_cbor(&packet) { vec![] } else { vec![packet] }),
        ("a packet comes twice", |packet| match sequence(&packet) {
            Some(0) => vec![packet.clone(), packet],
            _ => vec![packet],
        }),
        ("a later packet comes first", |packet| match sequence(&packet) {
            Some(0) => {
                let mut later = packet.clone();
                later[4] = 1;
                vec![later, packet]
            }
            _ => vec![packet],
        }),
        ("the answer begins again in the middle", |mut packet| match sequence(&packet) {
            Some(1) => {
                packet[4] = 0x90;
                vec![packet]
            }
            _ => vec![packet],
        }),
        ("the answer claims 65535 bytes", |mut packet| {
            if is_cbor(&packet) {
                packet[5] = 0xff;
                packet[6] = 0xff;
            }
            vec![packet]
        }),
        ("the answer is one to another command", |mut packet| {
            if is_cbor(&packet) {
                packet[4] = 0x83;
            }
            vec![packet]
        }),
        ("an error without its code", |packet| {
            if !is_cbor(&packet) {
                return vec![packet];
            }
            let channel = Packet::parse(&packet).unwrap().channel;
            split(channel, Command::ERROR, &[], packet.len()).unwrap()
        }),
    ];
    for (what, fault) in faults {
        let outcome = with_packets(&desk, fault);
        outcome.ended(Exit::Failed);
        writeln!(text, "# {what}\n{outcome}").unwrap();
    }
    insta::assert_snapshot!(text);
}

#[test]
fn every_error_of_the_channel() {
    let (desk, _key) = Desk::with_key();
    let mut text = String::new();
    for code in [0x01, 0x02, 0x03, 0x04, 0x05, 0x0a, 0x0b, 0x7f, 0x42] {
        desk.faults.requests(move |asked| match request_name(asked).as_str() {
            "01" => Reaction::Refuse(code),
            _ => Reaction::Forward,
        });
        let outcome = desk.run(&format!("{REGISTER} --resident"));
        desk.faults.mend();
        desk.run(REGISTER).succeeded();
        writeln!(text, "{outcome}").unwrap();
    }
    insta::assert_snapshot!(text);
}

#[test]
fn answers_to_init_that_are_no_good() {
    let (desk, _key) = Desk::with_key();
    let mut text = String::new();
    type Fault = fn(Vec<u8>) -> Vec<Vec<u8>>;
    let faults: [(&str, Fault); 5] = [
        ("another nonce", |mut packet| {
            packet[7] ^= 1;
            vec![packet]
        }),
        ("too short", |mut packet| {
            packet[6] = 16;
            vec![packet]
        }),
        ("the reserved channel", |mut packet| {
            packet[15..19].fill(0xff);
            vec![packet]
        }),
        ("an error", |packet| split(u32::MAX, Command::ERROR, &[0x7f], packet.len()).unwrap()),
        ("nothing", |_| vec![]),
    ];
    for (what, fault) in faults {
        let outcome = with_packets(&desk, fault);
        outcome.ended(Exit::Failed);
        writeln!(text, "# {what}\n{outcome}").unwrap();
    }
    insta::assert_snapshot!(text);
}

#[test]
fn a_key_that_says_nothing() {
    let (desk, _key) = Desk::with_key();
    let mut text = String::new();
    for (request, line) in [
        ("04", REGISTER.to_owned()),
        ("01", REGISTER.to_owned()),
        ("01", format!("{REGISTER} --resident")),
        ("02", ASSERT.to_owned()),
    ] {
        desk.faults.requests(move |asked| match request_name(asked) == request {
            true => Reaction::Silence,
            false => Reaction::Forward,
        });
        let begun = desk.clock.now();
        let outcome = desk.run(&line);
        assert!(desk.clock.now() - begun < Duration::from_secs(5));
        outcome.ended(Exit::Failed);
        desk.faults.mend();
        desk.run(&format!("{REGISTER} --resident")).succeeded();
        writeln!(text, "# silent at {request}\n{outcome}").unwrap();
    }
    insta::assert_snapshot!(text);
}

/// Keepalives for ever are bounded by the time for a touch, after which the key is told to cancel.
#[test]
fn keepalives_for_ever() {
    let (desk, _key) = Desk::with_key();
    let mut text = String::new();
    for (what, status, last_word) in [
        ("waits for somebody, and stops when it is told to", 2, Some(vec![0x2d])),
        ("waits for somebody, and falls silent", 2, None),
        ("works, and stops when it is told to", 1, Some(vec![0x2d])),
        ("works, and falls silent", 1, None),
        ("says something unknown, and falls silent", 0x77, None),
    ] {
        desk.faults.requests(move |asked| match request_name(asked).as_str() {
            "01" => Reaction::KeepAlive(status, last_word.clone()),
            _ => Reaction::Forward,
        });
        let begun = desk.clock.now();
        desk.record.take();
        let outcome = desk.run(&format!("{REGISTER} --resident"));
        let waited = desk.clock.now() - begun;
        assert!((60..70).contains(&waited.as_secs()), "{what}: {waited:?}");
        assert_eq!(desk.record.take(), ["INIT", "04", "01", "CANCEL"], "{what}");
        desk.faults.mend();
        desk.run(&format!("{REGISTER} --resident")).succeeded();
        writeln!(text, "# a key that {what}\n{outcome}").unwrap();
    }
    insta::assert_snapshot!(text);
}

/// A success that crosses the CANCEL is a success: the credential exists.
#[test]
fn an_answer_that_comes_with_the_cancel_counts() {
    let (desk, _key) = Desk::with_key();
    desk.faults.requests(|asked| match request_name(asked).as_str() {
        "04" => Reaction::KeepAlive(1, Some(vec![0x00])),
        _ => Reaction::Forward,
    });
    // An empty success is no getInfo, but it is taken for the answer.
    let outcome = desk.run(REGISTER);
    outcome.ended(Exit::Failed);
    assert!(outcome.stderr.contains("cannot be understood"), "{outcome}");
}

/// Any report size that the descriptor states (CTAP 2.3 section 11.2.4).
#[test]
fn report_sizes_from_8_to_64() {
    for size in [8, 9, 10, 13, 16, 31, 32, 63, 64] {
        let desk = Desk::with_report_size(size);
        let _key = desk.plug(0, KeySettings::default());
        desk.run("pin status").succeeded();
        if size < 10 {
            // This key's answer to a registration is longer than such reports can carry.
            continue;
        }
        let save = desk.path("saved");
        let save = save.to_str().unwrap();
        desk.run(&format!("{REGISTER} --save {save}")).succeeded();
        desk.run(&format!("{ASSERT} --registration {save}")).succeeded();
    }
}

#[test]
fn reports_that_are_too_small_for_anything() {
    let desk = Desk::with_report_size(7);
    let _key = desk.plug(0, KeySettings::default());
    insta::assert_snapshot!(desk.run(REGISTER));
}

#[test]
fn a_request_that_the_reports_cannot_carry() {
    let desk = Desk::with_report_size(8);
    let _key = desk.plug(0, KeySettings::default());
    let name = "n".repeat(400);
    let outcome = desk.run(&format!("{REGISTER} --display-name {name}"));
    desk.run("pin status").succeeded();
    insta::assert_snapshot!(outcome.stderr);
}
