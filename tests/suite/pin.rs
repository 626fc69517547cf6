//! `fidokey pin`: what is asked, what is said, what is sent.

use crate::harness::get_info::Edit;
use crate::harness::{Desk, MessageFault, Reaction, Typed};
use fidokey::cli::exit::Exit;
use fidokey::virtual_key::KeySettings;
use fidokey::wire::cbor::Encoded;
use insta::assert_snapshot;

/// Answers one clientPIN subcommand in the key's place.
struct AnswerTo(u8, Vec<u8>);

impl MessageFault for AnswerTo {
    fn request(&mut self, request: &[u8]) -> Reaction {
        // A clientPIN map begins with the protocol, then the subcommand: 06 ax 01 pp 02 ss.
        match request {
            [0x06, _, 1, _, 2, subcommand, ..] if *subcommand == self.0 => {
                Reaction::Answer(self.1.clone())
            }
            _ => Reaction::Forward,
        }
    }
}

#[test]
fn the_status_of_a_key_without_a_pin_and_with_one() {
    let (desk, _) = Desk::with_key();
    assert_snapshot!("status_not_set", desk.run("pin status"));
    assert_eq!(desk.record.take(), ["INIT", "04"]);
    desk.set_pin("1234");
    desk.record.take();
    assert_snapshot!("status_set", desk.run("pin status"));
    assert_eq!(desk.record.take(), ["INIT", "04", "06/01"]);
    assert_snapshot!("status_json", desk.run("pin status --json"));
}

#[test]
fn the_status_of_a_key_that_tells_more() {
    let (desk, _) = Desk::with_pin();
    let url = Encoded::bytes(b"https://example.com/pin?\x1b[2J");
    let edit = Edit::new()
        .option("uv", Some(true))
        .option("alwaysUv", Some(true))
        .member(0x0c, Encoded::boolean(true))
        .member(0x0d, Encoded::unsigned(6))
        .member(0x1b, Encoded::boolean(true))
        .member(0x1c, url)
        .member(0x1d, Encoded::unsigned(32));
    struct Telling(Edit);
    impl MessageFault for Telling {
        fn request(&mut self, request: &[u8]) -> Reaction {
            AnswerTo(0x07, vec![0, 0xa1, 5, 3]).request(request)
        }
        fn reply(&mut self, request: &[u8], reply: Vec<u8>) -> Vec<u8> {
            if request == [0x04] { self.0.apply(&reply) } else { reply }
        }
    }
    desk.faults.messages(Telling(edit));
    assert_snapshot!("status_that_tells_more", desk.run("pin status"));
    assert_snapshot!("status_that_tells_more_json", desk.run("pin status --json"));
}

#[test]
fn the_status_of_a_key_that_knows_no_pin_or_no_uv_tries() {
    let (desk, _) = Desk::with_key();
    Edit::new().option("clientPin", None).option("alwaysUv", None).install(&desk.faults);
    assert_snapshot!("status_unsupported", desk.run("pin status"));
    for command in ["pin set", "pin change", "pin verify"] {
        let outcome = desk.run(command);
        assert_eq!(outcome.exit, Exit::Unsupported, "{outcome}");
        assert!(outcome.stderr.contains("does not support a PIN"), "{outcome}");
    }
    // OpenSK without fingerprints refuses getUVRetries, as keys of CTAP 2.0 do.
    Edit::new().option("uv", Some(true)).install(&desk.faults);
    assert_snapshot!("status_without_uv_tries", desk.run("pin status"));
    Edit::new().option("uv", Some(false)).install(&desk.faults);
    assert_snapshot!("status_uv_not_set_up", desk.run("pin status"));
}

#[test]
fn a_first_pin_is_typed_twice_after_the_rules_were_told() {
    let (desk, _) = Desk::with_key();
    let outcome = desk.command("pin set").typing(["1234", "1234"]).run();
    assert_snapshot!("set_at_a_terminal", outcome);
    assert_eq!(desk.record.take(), ["INIT", "04", "06/02", "06/03"]);
    let (desk, _) = Desk::with_key();
    let file = desk.file("new", "pässwört\r\nnot this\n");
    assert_snapshot!("set_from_a_file", desk.run(&format!("pin set --new-pin-file {file}")));
    let pin = desk.file("pin", "pässwört");
    desk.run(&format!("pin verify --pin-file {pin}")).succeeded();
    let (desk, _) = Desk::with_key();
    let outcome = desk.command("pin set --new-pin-file - --json").stdin("123456\n").run();
    assert_snapshot!("set_from_stdin_json", outcome);
}

#[test]
fn rules_of_the_key_are_told_before_typing() {
    let desk = Desk::empty();
    desk.plug(0, KeySettings { min_pin_length: 6, ..KeySettings::default() });
    Edit::new()
        .member(0x1b, Encoded::boolean(true))
        .member(0x1c, Encoded::bytes(b"https://example.com/pins"))
        .member(0x1d, Encoded::unsigned(12))
        .install(&desk.faults);
    // Too short, then too long, then two that differ: the key hears of none of them.
    let typed = ["12345", "1234567890123", "123456", "123465"];
    assert_snapshot!("set_with_three_mistakes", desk.command("pin set").typing(typed).run());
    assert_eq!(desk.record.take(), ["INIT", "04"]);
    let typed = ["12345", "123456", "123456"];
    desk.command("pin set").typing(typed).run().succeeded();
}

#[test]
fn a_new_pin_from_a_file_is_checked_before_it_is_sent() {
    let (desk, _) = Desk::with_key();
    let contents: [(&str, &[u8]); 6] = [
        ("short", b"123"),
        ("long", &[b'1'; 64]),
        ("endless", &[b'1'; 5000]),
        ("latin1", b"p\xe4ssword"),
        ("empty", b"\n1234\n"),
        ("zero", b"1234\0"),
    ];
    for (name, content) in contents {
        let file = desk.file(name, content);
        let outcome = desk.run(&format!("pin set --new-pin-file {file}"));
        assert_snapshot!(format!("new_pin_file_{name}"), outcome);
        assert_eq!(desk.record.take(), ["INIT", "04"]);
    }
    let missing = desk.path("missing");
    let missing = missing.to_str().unwrap();
    assert_snapshot!(
        "new_pin_file_missing",
        desk.run(&format!("pin set --new-pin-file {missing}"))
    );
    assert_snapshot!("new_pin_fd_closed", desk.run("pin set --new-pin-fd 4095"));
    let dir = desk.data_directory();
    std::fs::create_dir_all(&dir).unwrap();
    let dir = dir.to_str().unwrap();
    assert_snapshot!("new_pin_file_directory", desk.run(&format!("pin set --new-pin-file {dir}")));
    assert_snapshot!("new_pin_nobody_to_ask", desk.run("pin set"));
    assert_snapshot!("new_pin_no_input", desk.command("pin set --no-input").typing([]).run());
    assert_eq!(desk.run("pin status --json").json()["pin_set"], false);
}

#[test]
fn an_existing_pin_file_is_checked_too_and_costs_no_try() {
    let (desk, _) = Desk::with_pin();
    for (name, content) in [("latin1", &b"p\xe4ss"[..]), ("empty", b""), ("endless", &[b'1'; 5000])]
    {
        let file = desk.file(name, content);
        let outcome = desk.run(&format!("pin verify --pin-file {file}"));
        assert_snapshot!(format!("pin_file_{name}"), outcome);
    }
    assert_snapshot!("pin_fd_closed", desk.run("pin verify --pin-fd 4095"));
    assert_snapshot!("pin_nobody_to_ask_json", desk.run("pin verify --json"));
    let outcome = desk.command("pin verify").stdin("").arg("--pin-file").arg("-").run();
    assert_snapshot!("pin_stdin_empty", outcome);
    assert!(desk.record.take().iter().all(|message| message != "06/09"));
    assert_eq!(desk.run("pin status --json").json()["retries_left"], 8);
}

#[test]
fn set_and_change_are_told_apart_by_the_key() {
    let (desk, pin) = Desk::with_pin();
    assert_snapshot!("set_although_set", desk.command("pin set").typing([]).run());
    assert_snapshot!("set_although_set_json", desk.run("pin set --json"));
    assert_snapshot!("set_with_a_current_pin", desk.run(&format!("pin set {pin}")));
    let (desk, _) = Desk::with_key();
    assert_snapshot!("change_although_not_set", desk.command("pin change").typing([]).run());
    assert_snapshot!("verify_although_not_set", desk.command("pin verify").typing([]).run());
    assert_eq!(desk.record.take(), ["INIT", "04", "INIT", "04"]);
    // Another program was faster: the key says so in its own way.
    desk.faults.messages(AnswerTo(0x03, vec![0x33]));
    let new = desk.file("new", "1234");
    let outcome = desk.run(&format!("pin set --new-pin-file {new}"));
    assert!(outcome.stderr.contains("has a PIN already"), "{outcome}");
    assert_eq!(outcome.exit, Exit::Pin);
}

#[test]
fn a_pin_is_changed_at_a_terminal_and_from_files() {
    let (desk, pin) = Desk::with_pin();
    let outcome = desk.command("pin change").typing(["1234", "abcd", "abcd"]).run();
    assert_snapshot!("change_at_a_terminal", outcome);
    assert_eq!(desk.record.take(), ["INIT", "04", "06/01", "06/02", "06/04"]);
    let abcd = desk.file("abcd", "abcd");
    let outcome = desk
        .command(&format!("pin change --pin-file {abcd} --new-pin-file - --json"))
        .stdin("1234")
        .run();
    assert_snapshot!("change_from_a_file_and_stdin_json", outcome);
    desk.run(&format!("pin verify {pin}")).succeeded();
    let outcome = desk.command("pin change").typing(["1234", "1234", "1234"]).run();
    assert_snapshot!("change_to_the_same", outcome);
}

#[test]
fn one_line_cannot_be_the_old_and_the_new_pin() {
    let (desk, pin) = Desk::with_pin();
    let both = "pin change --pin-file - --new-pin-file -";
    assert_snapshot!("stdin_claimed_twice", desk.command(both).stdin("1234\n5678\n").run());
    assert_snapshot!(
        "stdin_claimed_twice_json",
        desk.run("pin change --pin-fd 0 --new-pin-file - --json")
    );
    let outcome = desk.run(&format!("pin change {pin} {}", pin.replace("--pin", "--new-pin")));
    assert_snapshot!("one_file_twice", outcome);
    assert_snapshot!("two_sources_of_one_pin", desk.run("pin set --new-pin-file a --new-pin-fd 3"));
    assert_eq!(desk.record.take(), [""; 0], "nothing was sent");
}

#[test]
fn a_wrong_pin_is_told_with_the_tries_left_and_the_old_one_stays() {
    let (desk, pin) = Desk::with_pin();
    let outcome = desk.command("pin change").typing(["4321", "abcd", "abcd"]).run();
    assert_snapshot!("change_with_a_wrong_pin", outcome);
    // The old PIN's try was read before, and is read again: nothing else was tried.
    assert_eq!(desk.record.take(), ["INIT", "04", "06/01", "06/02", "06/04", "06/01"]);
    assert_snapshot!("verify", desk.run(&format!("pin verify {pin}")));
    let wrong = desk.file("wrong", "4321");
    let outcome = desk.run(&format!("pin verify --json --pin-file {wrong}"));
    assert_snapshot!("verify_wrong_json", outcome);
    assert_snapshot!("verify_json", desk.run(&format!("pin verify {pin} --json")));
}

#[test]
fn verifying_costs_six_messages_and_keeps_no_right_worth_having() {
    let (desk, pin) = Desk::with_pin();
    desk.run(&format!("pin verify {pin}")).succeeded();
    assert_eq!(desk.record.take(), ["INIT", "04", "06/01", "06/02", "06/09", "06/01"]);
    // A key that gives no such tokens for the PIN, and one that only has tokens of the old kind.
    Edit::new().option("noMcGaPermissionsWithClientPin", Some(true)).install(&desk.faults);
    desk.run(&format!("pin verify {pin}")).succeeded();
    Edit::new().option("pinUvAuthToken", None).install(&desk.faults);
    desk.record.take();
    desk.run(&format!("pin verify {pin}")).succeeded();
    assert_eq!(desk.record.take(), ["INIT", "04", "06/01", "06/02", "06/05", "06/01"]);
}

#[test]
fn from_the_first_wrong_pin_to_the_last() {
    let (desk, key) = Desk::with_key();
    desk.set_pin("1234");
    let verify = |typed| desk.command("pin verify").typing([typed]).run();
    assert_snapshot!("wrong_1", verify("0000"));
    assert_snapshot!("wrong_2", verify("0000"));
    assert_snapshot!("wrong_3_blocks_until_replug", verify("0000"));
    desk.record.take();
    // Not even the right PIN is asked for now.
    let right = desk.command("pin verify").typing(["1234"]).run();
    assert_snapshot!("blocked_until_replug", right);
    assert_eq!(desk.record.take(), ["INIT", "04", "06/01"]);
    assert_snapshot!("status_blocked_until_replug", desk.run("pin status"));
    desk.keys.plug(&key).unwrap();
    assert_snapshot!("wrong_4", verify("0000"));
    assert_snapshot!("wrong_5_few_left", verify("0000"));
    assert_snapshot!("status_few_left", desk.run("pin status"));
    assert_snapshot!("wrong_6_blocks_again", verify("0000"));
    desk.keys.plug(&key).unwrap();
    assert_snapshot!("wrong_7_leaves_one", verify("0000"));
    assert_snapshot!("last_try_needs_a_word", desk.command("pin verify").typing(["1234"]).run());
    assert_snapshot!("last_try_json", desk.run("pin change --json"));
    assert_snapshot!("status_last_try", desk.run("pin status"));
    // The right PIN on the last try gives all of them back.
    let outcome = desk.command("pin verify --last-try").typing(["1234"]).run();
    assert_snapshot!("last_try_was_right", outcome);
    for _ in 0..4 {
        assert_eq!(verify("0000").exit, Exit::Pin);
        assert_eq!(verify("0000").exit, Exit::Pin);
        desk.keys.plug(&key).unwrap();
    }
    let outcome = desk.command("pin verify --last-try").typing(["0000"]).run();
    assert_snapshot!("last_try_was_wrong", outcome);
    assert_snapshot!("blocked_for_good", desk.command("pin change").typing([]).run());
    assert_snapshot!("blocked_for_good_json", desk.run("pin verify --json"));
    assert_snapshot!("status_blocked_for_good", desk.run("pin status"));
    // Plugging it in again changes nothing, and setting one is not a way round.
    desk.keys.plug(&key).unwrap();
    assert_eq!(desk.run("pin verify").exit, Exit::Pin);
    assert_eq!(desk.run("pin set").exit, Exit::Pin);
}

#[test]
fn few_tries_are_told_when_the_pin_comes_from_a_file() {
    let (desk, pin) = Desk::with_pin();
    desk.faults.messages(AnswerTo(0x01, vec![0, 0xa1, 3, 2]));
    assert_snapshot!("few_tries_and_a_file", desk.run(&format!("pin verify {pin}")));
}

#[test]
fn a_pin_that_must_be_changed_is_good_for_that_alone() {
    let (desk, pin) = Desk::with_pin();
    let forced = Edit::new().member(0x0c, Encoded::boolean(true));
    forced.clone().install(&desk.faults);
    assert_snapshot!("must_be_changed", desk.run(&format!("pin verify {pin}")));
    assert_eq!(desk.record.take(), ["INIT", "04"], "no try was used");
    let register = format!("register --rp example.com --user alice {pin}");
    let outcome = desk.run(&register);
    assert!(outcome.stderr.contains("must be changed"), "{outcome}");
    // Such a key takes every new PIN but the old one.
    struct Forced(Edit);
    impl MessageFault for Forced {
        fn request(&mut self, request: &[u8]) -> Reaction {
            AnswerTo(0x04, vec![0x37]).request(request)
        }
        fn reply(&mut self, request: &[u8], reply: Vec<u8>) -> Vec<u8> {
            if request == [0x04] { self.0.apply(&reply) } else { reply }
        }
    }
    desk.faults.messages(Forced(forced.clone()));
    let outcome = desk.command("pin change").typing(["1234", "1234", "1234"]).run();
    assert_snapshot!("must_be_changed_to_another", outcome);
    forced.install(&desk.faults);
    desk.command("pin change").typing(["1234", "abcd", "abcd"]).run().succeeded();
}

#[test]
fn a_pin_that_the_key_finds_too_simple() {
    let (desk, _) = Desk::with_key();
    desk.faults.messages(AnswerTo(0x03, vec![0x37]));
    let new = desk.file("new", "1111");
    let set = format!("pin set --new-pin-file {new}");
    assert_snapshot!("refused_by_policy", desk.run(&set));
    struct Complex;
    impl MessageFault for Complex {
        fn request(&mut self, request: &[u8]) -> Reaction {
            AnswerTo(0x03, vec![0x37]).request(request)
        }
        fn reply(&mut self, request: &[u8], reply: Vec<u8>) -> Vec<u8> {
            let url = Encoded::bytes(b"https://example.com/pins\x07");
            let edit = Edit::new().member(0x1b, Encoded::boolean(true)).member(0x1c, url);
            if request == [0x04] { edit.apply(&reply) } else { reply }
        }
    }
    desk.faults.messages(Complex);
    assert_snapshot!("refused_by_policy_with_a_url", desk.run(&set));
    assert_snapshot!("refused_by_policy_json", desk.run(&format!("{set} --json")));
}

#[test]
fn a_key_that_says_only_with_its_state_that_it_is_blocked() {
    let (desk, _) = Desk::with_pin();
    struct Third;
    impl MessageFault for Third {
        fn request(&mut self, request: &[u8]) -> Reaction {
            AnswerTo(0x09, vec![0x31]).request(request)
        }
        fn reply(&mut self, request: &[u8], reply: Vec<u8>) -> Vec<u8> {
            // retries 5, powerCycleState, after the first of the two readings
            if request.starts_with(&[0x06]) && request[5] == 0x01 {
                return vec![0, 0xa2, 3, 5, 4, 0xf5];
            }
            reply
        }
    }
    desk.faults.messages(Third);
    let wrong = desk.file("wrong", "0000");
    let outcome = desk.run(&format!("pin verify --pin-file {wrong}"));
    assert!(outcome.stderr.contains("unplugged and plugged in again"), "{outcome}");
    // And one that says with a status what others say with a number.
    desk.faults.messages(AnswerTo(0x01, vec![0x32]));
    assert_eq!(desk.run("pin status --json").json()["blocked_for_good"], true);
    let outcome = desk.run(&format!("pin verify --pin-file {wrong}"));
    assert!(outcome.stderr.contains("blocked for good"), "{outcome}");
    desk.faults.messages(AnswerTo(0x04, vec![0x33]));
    let outcome = desk.command("pin change").typing(["1234", "abcd", "abcd"]).run();
    assert_snapshot!("change_disturbed", outcome);
}

#[test]
fn what_is_not_composed_is_said_and_can_be_sent_as_typed() {
    let (desk, _) = Desk::with_key();
    let decomposed = desk.file("decomposed", "Cafe\u{301}123");
    let composed = desk.file("composed", "Caf\u{e9}123");
    assert_snapshot!("composed_form", desk.run(&format!("pin set --new-pin-file {decomposed}")));
    desk.run(&format!("pin verify --pin-file {composed}")).succeeded();
    desk.run(&format!("pin verify --pin-file {decomposed}")).succeeded();
    let outcome = desk.run(&format!("pin verify --pin-as-typed --pin-file {decomposed}"));
    assert_snapshot!("as_typed_is_another_pin", outcome);
    // Before it is sent, the person says how: a PIN of another tool would cost a try.
    desk.record.take();
    let outcome = desk.command("pin verify").typing(["Cafe\u{301}123", ""]).run();
    outcome.ended(Exit::NotConfirmed);
    assert!(desk.record.take().iter().all(|message| message != "06/09"), "{outcome}");
    assert_snapshot!("not_composed_is_asked", outcome);
    desk.command("pin verify").typing(["Cafe\u{301}123", "y"]).run().succeeded();
    desk.command("pin verify --yes").typing(["Cafe\u{301}123"]).run().succeeded();
}

#[test]
fn a_refused_pin_that_was_not_sent_as_typed_may_be_right_as_typed() {
    let (desk, _) = Desk::with_key();
    let decomposed = desk.file("decomposed", "Cafe\u{301}123");
    let composed = desk.file("composed", "Caf\u{e9}123");
    desk.run(&format!("pin set --pin-as-typed --new-pin-file {decomposed}")).succeeded();
    let refused = desk.run(&format!("pin verify --pin-file {decomposed}"));
    refused.ended(Exit::Pin);
    assert_snapshot!("refused_in_composed_form", refused);
    let register = format!("register --rp example.com --user alice --pin-file {decomposed}");
    let refused = desk.run(&format!("{register} --json"));
    let hints = refused.error_json()["error"]["hints"].to_string();
    assert!(hints.contains("--pin-as-typed"), "{refused}");
    desk.run(&format!("pin verify --pin-as-typed --pin-file {decomposed}")).succeeded();
    // There is nothing to be typed otherwise.
    let refused = desk.run(&format!("pin verify --pin-file {composed}"));
    assert!(!refused.stderr.contains("--pin-as-typed"), "{refused}");
}

#[test]
fn breaking_off_sends_nothing() {
    let (desk, _) = Desk::with_key();
    let at = |line, typed: Vec<Typed>| desk.command(line).at_terminal(typed).run();
    assert_snapshot!("set_interrupted", at("pin set", vec![Typed::Interrupt]));
    assert_snapshot!("set_ended", at("pin set", vec![Typed::End]));
    let first = Typed::Line("1234".into());
    assert_eq!(at("pin set", vec![first.clone(), Typed::Interrupt]).exit, Exit::Interrupted);
    assert_eq!(at("pin set", vec![first.clone(), Typed::End]).exit, Exit::NotConfirmed);
    assert_eq!(desk.run("pin status --json").json()["pin_set"], false);
    desk.set_pin("1234");
    desk.record.take();
    assert_snapshot!("verify_interrupted", at("pin verify", vec![Typed::Interrupt]));
    assert_snapshot!("verify_nothing_typed", at("pin verify", vec![Typed::Line(String::new())]));
    assert_eq!(at("pin change", vec![first, Typed::Interrupt]).exit, Exit::Interrupted);
    assert!(desk.record.take().iter().all(|message| message != "06/04" && message != "06/09"));
}
