//! PINs that are missing, wrong or blocked where something else is wanted: registering, signing in,
//! listing.

use crate::harness::{Desk, MessageFault, Reaction, Typed};
use fidokey::cli::exit::Exit;
use fidokey::virtual_key::{KeySettings, VirtualKey};
use std::fmt::Write;

const REGISTER: &str = "register --rp example.com --user alice --resident";
const ASSERT: &str = "assert --rp example.com";
const LIST: &str = "credential list";

/// A desk with a key that has the PIN `1234` and a credential, and the flag for the PIN.
fn desk_with_pin() -> (Desk, VirtualKey, String) {
    let (desk, key) = Desk::with_key();
    desk.set_pin("1234");
    let pin = format!("--pin-file {}", desk.file("pin", "1234"));
    desk.run(&format!("{REGISTER} {pin}")).succeeded();
    (desk, key, pin)
}

fn retries(desk: &Desk) -> u64 {
    desk.run("pin status --json").json()["retries_left"].as_u64().unwrap()
}

#[test]
fn nobody_to_ask_or_nobody_who_answers() {
    let (desk, _key, _) = desk_with_pin();
    let mut text = String::new();
    for line in [REGISTER, ASSERT, LIST] {
        desk.record.take();
        let alone = desk.run(line);
        alone.ended(Exit::Pin);
        let declined = desk.command(line).typing([""]).run();
        declined.ended(Exit::NotConfirmed);
        let ended = desk.command(line).at_terminal([Typed::End]).run();
        ended.ended(Exit::NotConfirmed);
        let interrupted = desk.command(line).at_terminal([Typed::Interrupt]).run();
        interrupted.ended(Exit::Interrupted);
        let forbidden = desk.command(line).arg("--no-input").typing([]).run();
        forbidden.ended(Exit::Pin);
        // Only what is free was asked of the key.
        assert!(
            desk.record.take().iter().all(|name| ["INIT", "04", "06/01"].contains(&name.as_str()))
        );
        writeln!(text, "{alone}\n{declined}\n{interrupted}").unwrap();
    }
    assert_eq!(retries(&desk), 8);
    insta::assert_snapshot!(text);
}

/// No key can have them: no try is wasted on them.
#[test]
fn pins_that_no_key_can_have_are_not_sent() {
    let (desk, _key, _) = desk_with_pin();
    let mut text = String::new();
    let pins: [(&str, &[u8]); 5] = [
        ("short", b"123"),
        ("long", &[b'7'; 64]),
        ("zero", b"12\x0034"),
        ("not-utf8", b"\xff\xfe12"),
        ("empty", b""),
    ];
    for (name, pin) in pins {
        let file = desk.file(name, pin);
        for line in [REGISTER, ASSERT, LIST, "pin verify"] {
            let outcome = desk.run(&format!("{line} --pin-file {file}"));
            assert!(matches!(outcome.exit, Exit::Pin | Exit::Usage), "{outcome}");
            if line == ASSERT {
                writeln!(text, "{outcome}").unwrap();
            }
        }
    }
    assert_eq!(retries(&desk), 8);
    insta::assert_snapshot!(text);
}

/// The whole way down, in a ceremony: wrong, wrong, blocked until replug, few left, the last try,
/// blocked for good.
#[test]
fn from_the_first_wrong_pin_to_the_last() {
    let (desk, key, pin) = desk_with_pin();
    let wrong = format!("--pin-file {}", desk.file("wrong", "4321"));
    let replug = || {
        desk.keys.unplug(&key.description().path);
        desk.keys.plug(&key).unwrap();
    };
    let mut text = String::new();
    let mut lines = [REGISTER, ASSERT, LIST].iter().cycle();
    let mut left = 8;
    while left > 1 {
        for _ in 0..3 {
            if left == 1 {
                break;
            }
            let outcome = desk.run(&format!("{} {wrong}", lines.next().unwrap()));
            outcome.ended(Exit::Pin);
            left -= 1;
            writeln!(text, "{outcome}").unwrap();
        }
        assert_eq!(retries(&desk), left);
        if left > 1 {
            // Without a replug even the right PIN is not tried.
            let outcome = desk.run(&format!("{ASSERT} {pin}"));
            outcome.ended(Exit::Pin);
            assert_eq!(retries(&desk), left);
            writeln!(text, "{outcome}").unwrap();
        }
        replug();
    }
    let refused = desk.run(&format!("{ASSERT} {wrong}"));
    refused.ended(Exit::Pin);
    assert_eq!(retries(&desk), 1);
    let last = desk.run(&format!("{ASSERT} --last-try {wrong}"));
    last.ended(Exit::Pin);
    assert_eq!(retries(&desk), 0);
    let blocked = desk.run(&format!("{ASSERT} --last-try {pin}"));
    blocked.ended(Exit::Pin);
    writeln!(text, "{refused}\n{last}\n{blocked}").unwrap();
    // What the hints say helps.
    desk.run("reset --yes").succeeded();
    desk.set_pin("1234");
    desk.run(&format!("{REGISTER} {pin}")).succeeded();
    insta::assert_snapshot!(text);
}

#[test]
fn a_pin_is_wanted_and_there_is_none() {
    let desk = Desk::empty();
    let always = KeySettings { always_uv: true, ..KeySettings::default() };
    let _key = desk.plug(0, always);
    let (_, plain) = (desk.run(REGISTER), Desk::with_key().0);
    let mut text = String::new();
    writeln!(text, "{}", desk.run(REGISTER)).unwrap();
    for line in [format!("{REGISTER} --user-verification required"), LIST.to_owned()] {
        let outcome = plain.run(&line);
        outcome.ended(Exit::Pin);
        writeln!(text, "{outcome}").unwrap();
    }
    insta::assert_snapshot!(text);
}

/// The key stops to accept a token in the middle: another program has fetched one.
#[test]
fn a_token_that_the_key_no_longer_accepts_is_no_wrong_pin() {
    struct Forgetful(u8);
    impl MessageFault for Forgetful {
        fn request(&mut self, request: &[u8]) -> Reaction {
            match request[0] {
                0x01 | 0x02 | 0x0a => Reaction::Answer(vec![self.0]),
                _ => Reaction::Forward,
            }
        }
    }
    let (desk, _key, pin) = desk_with_pin();
    for status in [0x33, 0x38] {
        desk.faults.messages(Forgetful(status));
        for line in [REGISTER, ASSERT, LIST] {
            let outcome = desk.run(&format!("{line} {pin} --json"));
            outcome.ended(Exit::Pin);
            assert_eq!(outcome.error_json()["error"]["kind"], "token_refused", "{outcome}");
        }
    }
    assert_eq!(retries(&desk), 8);
    desk.faults.messages(Forgetful(0x33));
    insta::assert_snapshot!(desk.run(&format!("{ASSERT} {pin}")));
}
