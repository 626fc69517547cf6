//! PINs that are missing, wrong or blocked where something else is wanted: registering, signing in,
//! listing.

use crate::harness::get_info::Edit;
use crate::harness::{Desk, MessageFault, Reaction, Typed};
use fidokey::cli::exit::Exit;
use fidokey::virtual_key::{KeySettings, VirtualKey};
use fidokey::wire::cbor::Encoded;
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
    let pins: [(&str, &[u8]); 7] = [
        ("short", b"123"),
        ("long", &[b'7'; 64]),
        ("zero", b"12\x0034"),
        ("arrow", b"12\x1b[D34"),
        ("paste", b"\x1b[200~1234\x1b[201~"),
        ("not-utf8", b"\xe4123"),
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

/// Whoever names standard input and sits at it is asked where the PIN is not shown.
#[test]
fn a_pin_is_not_shown_on_the_terminal_that_is_standard_input() {
    let (desk, _key, _) = desk_with_pin();
    let verify = desk.command("pin verify --pin-file -").stdin_at_terminal();
    let asked = verify.typing(["1234"]).run();
    asked.succeeded();
    let change =
        "pin change --pin-file FILE --new-pin-fd 0".replace("FILE", &desk.file("p", "1234"));
    let changed = desk.command(&change).stdin_at_terminal().typing(["12345", "12345"]).run();
    changed.succeeded();
    let verify = desk.command("pin verify --pin-file - --no-input").stdin("12345\n");
    let refused = verify.stdin_at_terminal().run();
    refused.ended(Exit::Usage);
    assert_eq!(retries(&desk), 8);
    insta::assert_snapshot!(format!("{asked}\n{changed}\n{refused}"));
}

/// An arrow key at a prompt becomes no part of a PIN.
#[test]
fn keys_that_are_no_characters_are_no_part_of_a_pin() {
    let (desk, _key, _) = desk_with_pin();
    let arrow = "12\u{1b}[D34";
    let typed = desk.command("pin verify").typing([arrow]).run();
    typed.ended(Exit::Pin);
    let really = desk.command("pin verify --pin-as-typed").typing([arrow]).run();
    assert!(really.stderr.contains("7 tries are left"), "{really}");
    let change = desk.command("pin change").typing(["1234", arrow, "12345", "12345"]).run();
    change.succeeded();
    insta::assert_snapshot!(format!("{typed}\n{change}"));
}

/// A PIN file that is not there is named, whatever the PIN is wanted for.
#[test]
fn a_pin_that_cannot_be_read_is_why_credentials_are_not_managed() {
    let (desk, _key, pin) = desk_with_pin();
    let id = desk.run(&format!("{LIST} --json {pin}")).json();
    let id = id["credentials"][0]["id"].as_str().unwrap().to_owned();
    let missing = format!("--pin-file {}", desk.path("missing").display());
    let empty = format!("--pin-file {}", desk.file("none", "\n"));
    let mut text = String::new();
    for line in [
        LIST.to_owned(),
        format!("credential show {id}"),
        format!("credential delete {id} --yes"),
        format!("credential rename {id} --name al"),
    ] {
        let outcome = desk.run(&format!("{line} {missing}"));
        outcome.ended(Exit::Usage);
        assert!(outcome.stderr.contains("could not be read from the file"), "{outcome}");
        let outcome = desk.run(&format!("{line} {empty}"));
        outcome.ended(Exit::Pin);
        if line == LIST {
            text = outcome.to_string();
        }
        let wrong = format!("--pin-file {}", desk.file("wrong", "4321"));
        if line == LIST {
            let outcome = desk.run(&format!("{line} {wrong}"));
            assert!(outcome.stderr.contains("Check that the first line of the file"), "{outcome}");
        }
    }
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

/// What is missing is named by what the key can verify a person by.
#[test]
fn what_is_to_be_set_up_is_what_the_key_has() {
    let (desk, _key) = Desk::with_key();
    let mut text = String::new();
    let mut told = |edit: Edit, what: &str, exit| {
        edit.install(&desk.faults);
        let outcome = desk.run(&format!("{REGISTER} --user-verification required"));
        outcome.ended(exit);
        writeln!(text, "# {what}\n{}", outcome.stderr).unwrap();
    };
    let managing = |edit: Edit| edit.option("noMcGaPermissionsWithClientPin", Some(true));
    let edit = |pin, own| Edit::new().option("clientPin", pin).option("uv", own);
    told(edit(Some(false), None), "a PIN", Exit::Pin);
    told(edit(None, Some(false)), "a fingerprint alone", Exit::Pin);
    told(edit(Some(false), Some(false)), "either", Exit::Pin);
    told(managing(edit(Some(true), Some(false))), "a PIN for managing, a fingerprint", Exit::Pin);
    told(managing(edit(Some(true), None)), "a PIN for managing", Exit::Unsupported);
    told(edit(None, None), "nothing", Exit::Unsupported);
    let forced = edit(Some(true), Some(false)).member(0x0c, Encoded::boolean(true));
    told(forced, "a PIN that must be changed", Exit::Pin);
    insta::assert_snapshot!(text);
}

/// A key that refuses in the middle of a ceremony: its words, unless it is known what is missing.
#[test]
fn a_refusal_for_want_of_verification_says_what_helps() {
    struct Refusing(Edit, u8);
    impl MessageFault for Refusing {
        fn request(&mut self, request: &[u8]) -> Reaction {
            match request {
                [0x01 | 0x02, ..] | [0x06, 0xa4 | 0xa5, 1, 2, 2, 6, ..] => {
                    Reaction::Answer(vec![self.1])
                }
                _ => Reaction::Forward,
            }
        }
        fn reply(&mut self, request: &[u8], good: Vec<u8>) -> Vec<u8> {
            if request == [0x04] { self.0.apply(&good) } else { good }
        }
    }
    let (desk, _key) = Desk::with_key();
    let kind = |edit: Edit, status, line: &str| {
        desk.faults.messages(Refusing(edit, status));
        let outcome = desk.run(&format!("{line} --json"));
        let error = outcome.error_json()["error"].clone();
        (error["kind"].as_str().unwrap().to_owned(), outcome.exit)
    };
    let edit = |pin, own| {
        let edit = Edit::new().option("clientPin", pin).option("uv", own).option("rk", Some(true));
        edit.option("pinUvAuthToken", None).option("makeCredUvNotRqd", Some(true))
    };
    let forced = |edit: Edit| edit.member(0x0c, Encoded::boolean(true));
    let puat = 0x36;
    let blocked = 0x3c;
    for line in ["register --rp example.com --user alice", ASSERT] {
        let discouraged = format!("{line} --user-verification discouraged");
        let pin = |kind: &str| (kind.to_owned(), Exit::Pin);
        assert_eq!(kind(edit(Some(false), None), puat, &discouraged), pin("no_user_verification"));
        assert_eq!(kind(edit(None, Some(false)), puat, line), pin("no_user_verification"));
        let must_change = forced(edit(Some(true), None));
        assert_eq!(kind(must_change, puat, &discouraged), pin("pin_must_be_changed"));
        let must_change = forced(edit(Some(true), Some(true)));
        assert_eq!(kind(must_change, blocked, line), pin("pin_must_be_changed"));
        // With a token of the key's own.
        let must_change = forced(edit(Some(true), Some(true))).option("pinUvAuthToken", Some(true));
        assert_eq!(kind(must_change, blocked, line), pin("pin_must_be_changed"));
        assert_eq!(kind(edit(None, Some(true)), blocked, line), pin("verification_blocked"));
        let managing =
            edit(Some(true), Some(true)).option("noMcGaPermissionsWithClientPin", Some(true));
        assert_eq!(kind(managing, blocked, line), pin("verification_blocked"));
    }
}

/// A flag that reads a file from standard input, and a PIN that would be read from it, too.
#[test]
fn no_pin_try_is_spent_on_what_a_file_says() {
    let (desk, _key, _) = desk_with_pin();
    let pem = "-----BEGIN PUBLIC KEY-----\n";
    let names = ["-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"];
    let pins = names.map(|name| format!("--pin-file {name}"));
    for pin in pins.into_iter().chain(["--pin-fd 0".to_owned()]) {
        for file in names {
            for line in [
                format!("{ASSERT} --public-key {file} {pin}"),
                format!("{REGISTER} --related-origins {file} {pin}"),
                format!("{REGISTER} --roots {file} {pin}"),
            ] {
                if file == "-" && line.contains("--roots") {
                    continue;
                }
                desk.record.take();
                let refused = desk.command(&line).stdin(pem).run();
                refused.ended(Exit::Usage);
                assert!(refused.stderr.contains("cannot both take standard input"), "{refused}");
                assert_eq!(desk.record.take(), [""; 0]);
            }
        }
    }
    assert_eq!(retries(&desk), 8);
    let pem = desk.file("key.pem", pem);
    for pin in ["--pin-fd 0", "--pin-file /dev/stdin"] {
        let line = format!("pin verify {pin}");
        desk.command(&line).stdin("1234\n").run().succeeded();
        let both = format!("pin change {pin} --new-pin-file -");
        desk.command(&both).stdin("1234\n").run().ended(Exit::Usage);
        let other = format!("{ASSERT} --public-key {pem} {pin}");
        assert!(!desk.command(&other).stdin("1234\n").run().stderr.contains("standard input"));
    }
}

/// What Windows' editors put at the start of a file.
#[test]
fn a_byte_order_mark_is_no_part_of_a_pin() {
    let (desk, _key, _) = desk_with_pin();
    let marked = desk.file("marked", "\u{feff}1234\r\n");
    let verified = desk.run(&format!("pin verify --pin-file {marked}"));
    verified.succeeded();
    let utf_16 = desk.file("utf-16", b"\xff\xfe1\x002\x003\x004\x00");
    let refused = desk.run(&format!("pin verify --pin-file {utf_16}"));
    refused.ended(Exit::Pin);
    let change = format!("pin change --pin-file {marked} --new-pin-file");
    let new = desk.file("new", "\u{feff}4321");
    desk.run(&format!("{change} {new}")).succeeded();
    let plain = desk.file("plain", "4321");
    desk.run(&format!("pin verify --pin-file {plain}")).succeeded();
    insta::assert_snapshot!(format!("{verified}\n{refused}"));
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
