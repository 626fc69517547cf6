//! Texts from a key that would drive a terminal, break JSON, or mislead a reader: none of them
//! reaches a stream as it is.

use crate::harness::{Desk, Outcome};
use fidokey::transport::KeyDescription;
use fidokey::virtual_key::{KeySettings, Touch};
use fidokey::wire::cbor::{self, Encoded, Item, Key};

/// An escape sequence, a bell, a line end that forges a line, an 8-bit CSI, a change of direction,
/// an invisible character, a backslash and quotes.
const HOSTILE: &str = "x\u{1b}[2J\u{7}\r\nError: y\u{9b}31m\u{202e}z\u{200b}\\\"'`";

fn is_hostile(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202e}' | '\u{200b}')
}

/// Fails when something in the output could do more than be read. Line ends are ours, and so are the
/// sequences that rewrite a line on a terminal.
fn is_harmless(outcome: &Outcome) {
    let ours = outcome.stderr.replace("\r\u{1b}[K", "");
    let ours = ours.replace("\u{1b}[?7l", "").replace("\u{1b}[?7h", "");
    for text in [&outcome.stdout, &ours].into_iter().chain(&outcome.prompts) {
        let hostile: Vec<char> = text.chars().filter(|c| is_hostile(*c) && *c != '\n').collect();
        assert!(hostile.is_empty(), "{hostile:?} in {text:?}");
        assert!(!text.lines().any(|line| line.starts_with("Error: y")), "{text}");
    }
}

/// A key whose product, manufacturer and serial number are hostile.
fn desk_with_hostile_key() -> Desk {
    let desk = Desk::empty();
    let description = KeyDescription {
        manufacturer: Some(HOSTILE.into()),
        product: Some(HOSTILE.into()),
        serial_number: Some(HOSTILE.into()),
        port: Some(HOSTILE.into()),
        ..Desk::description(0)
    };
    drop(desk.plug_described(description, KeySettings::default(), Touch::Auto));
    desk
}

#[test]
fn names_of_keys_accounts_and_relying_parties() {
    let desk = desk_with_hostile_key();
    is_harmless(
        desk.run(&format!("pin set --new-pin-file {}", desk.file("pin", "1234"))).succeeded(),
    );
    let pin = format!("--pin-file {}", desk.file("pin", "1234"));
    let register = desk
        .command(&format!("register --rp example.com --resident {pin}"))
        .arg("--user")
        .arg(HOSTILE)
        .arg("--display-name")
        .arg(HOSTILE)
        .arg("--rp-name")
        .arg(HOSTILE)
        .run();
    is_harmless(register.succeeded());
    for user in ["bob", "carol"] {
        desk.run(&format!("register --rp example.com --user {user} --resident {pin}")).succeeded();
    }
    let listed = desk.run(&format!("credential list --json {pin}"));
    is_harmless(&listed);
    let ids: Vec<String> = listed.json()["credentials"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["id_hex"].as_str().unwrap().to_owned())
        .collect();
    for line in [
        "list".to_owned(),
        "info".to_owned(),
        "pin status".to_owned(),
        format!("pin verify {pin}"),
        format!("assert --rp example.com {pin}"),
        format!("credential list {pin}"),
        format!("credential show {} {pin}", ids[0]),
        format!("credential show {} {pin}", ids[2]),
        format!("credential list --rp nosuch {pin}"),
        "register --rp example.com --user alice".to_owned(),
        "wink".to_owned(),
    ] {
        let text = desk.run(&line);
        is_harmless(&text);
        let json = desk.run(&format!("{line} --json"));
        is_harmless(&json);
        assert_eq!(text.exit, json.exit, "{json}");
        if json.exit.code() == 0 {
            drop(json.json());
        } else {
            drop(json.error_json());
        }
    }
    let at_terminal = desk.command("assert --rp example.com").typing(["1234", "2"]).run();
    is_harmless(&at_terminal);
    assert!(at_terminal.prompts.len() == 2, "{at_terminal}");
    let deleted =
        desk.command(&format!("credential delete {}", ids[2])).typing(["1234", "y"]).run();
    is_harmless(deleted.succeeded());
    is_harmless(&desk.command("reset").typing(["reset"]).run());
}

/// The same for errors, which name the key and sometimes what it said.
#[test]
fn errors_of_a_key_with_a_hostile_name() {
    let desk = desk_with_hostile_key();
    for (status, line) in [(0x27, "info"), (0x31, "info"), (0xf5, "info"), (0x2d, "pin status")] {
        desk.faults.replies(move |_, _| vec![status]);
        is_harmless(&desk.run(line));
        is_harmless(&desk.run(&format!("{line} --json")));
    }
}

/// Replaces every text in a reply, keys of maps included, by one that is hostile.
fn spoiled(item: Item<'_>) -> Encoded {
    if item.text_lossy().is_ok() {
        return Encoded::text(HOSTILE);
    }
    if let Ok(items) = item.array() {
        return Encoded::array(items.into_iter().map(spoiled));
    }
    let Ok(map) = item.map() else { return Encoded::from_item(item) };
    let mut bytes = vec![0xb8, u8::try_from(map.members().len()).unwrap()];
    for (number, (key, value)) in map.members().iter().enumerate() {
        let key = match key {
            Key::Integer(number) => Encoded::integer(*number),
            Key::Text(text) => Encoded::text(&format!("{text}{HOSTILE}{number}")),
            Key::Other(other) => Encoded::bytes(other),
        };
        bytes.extend_from_slice(key.as_bytes());
        bytes.extend_from_slice(spoiled(*value).as_bytes());
    }
    Encoded::from_item(cbor::parse(&bytes).unwrap())
}

#[test]
fn every_text_that_getinfo_says() {
    let desk = desk_with_hostile_key();
    for text_keys_too in [false, true] {
        desk.faults.replies(move |request, good| {
            if request != [0x04] {
                return good;
            }
            let map = cbor::parse(&good[1..]).unwrap().map().unwrap();
            let count = map.members().len() + 5;
            let mut bytes = vec![0, 0xb8, u8::try_from(count).unwrap()];
            for (key, value) in map.members() {
                let Key::Integer(number) = key else { panic!("{key}") };
                bytes.extend_from_slice(Encoded::integer(*number).as_bytes());
                let keep = *number == 4 && !text_keys_too;
                let value = if keep { Encoded::from_item(*value) } else { spoiled(*value) };
                bytes.extend_from_slice(value.as_bytes());
            }
            let texts = Encoded::array([Encoded::text(HOSTILE)]);
            for (key, value) in [
                (Encoded::unsigned(0x16), texts.clone()),
                (Encoded::unsigned(0x1a), texts),
                (Encoded::unsigned(0x1c), Encoded::bytes(HOSTILE.as_bytes())),
                (Encoded::unsigned(0x7f), Encoded::text(HOSTILE)),
                (Encoded::text(HOSTILE), Encoded::text(HOSTILE)),
            ] {
                bytes.extend_from_slice(key.as_bytes());
                bytes.extend_from_slice(value.as_bytes());
            }
            bytes
        });
        for line in [
            "info",
            "info -v",
            "list",
            "pin status",
            "register --rp example.com --user a",
            "reset --yes",
        ] {
            is_harmless(&desk.run(line));
            is_harmless(&desk.run(&format!("{line} --json")));
        }
        is_harmless(&desk.command("pin set").typing(["123"; 3]).run());
    }
}

/// An attestation format that nobody knows, and outputs of extensions that nobody asked for.
#[test]
fn what_a_registration_says() {
    let desk = desk_with_hostile_key();
    desk.faults.replies(|request, good| {
        if request[0] != 0x01 {
            return good;
        }
        let map = cbor::parse(&good[1..]).unwrap().map().unwrap();
        let mut bytes = vec![0, 0xa0 | u8::try_from(map.members().len()).unwrap()];
        for (key, value) in map.members() {
            let Key::Integer(number) = key else { panic!("{key}") };
            bytes.extend_from_slice(Encoded::integer(*number).as_bytes());
            let value = if *number == 2 { Encoded::from_item(*value) } else { spoiled(*value) };
            bytes.extend_from_slice(value.as_bytes());
        }
        bytes
    });
    for flags in ["", "--json", "--report /dev/null"] {
        let outcome = desk.run(&format!("register --rp example.com --user a {flags}"));
        is_harmless(&outcome);
        assert_eq!(outcome.exit.code(), 8, "{outcome}");
    }
}

/// Names that are not UTF-8, as keys cut them in the middle of a character.
#[test]
fn names_that_are_not_utf8_are_shown_all_the_same() {
    let desk = desk_with_hostile_key();
    for user in ["alic\u{e9}", "bo\u{e9}"] {
        let line = format!("register --rp example.com --user {user} --resident");
        desk.run(&line).succeeded();
    }
    desk.set_pin("1234");
    let pin = format!("--pin-file {}", desk.file("pin", "1234"));
    desk.faults.replies(|_, mut good| {
        // The second byte of an é is lost, and something else stands there.
        for name in ["alic\u{e9}", "bo\u{e9}"] {
            let name = name.as_bytes();
            while let Some(at) = good.windows(name.len()).position(|bytes| bytes == name) {
                good[at + name.len() - 1] = b'!';
            }
        }
        good
    });
    for line in [
        format!("assert --rp example.com {pin}"),
        format!("assert --rp example.com --json {pin}"),
        format!("credential list {pin}"),
        format!("credential list --json {pin}"),
    ] {
        let outcome = desk.run(&line);
        is_harmless(outcome.succeeded());
        if line.starts_with("credential") || !line.contains("json") {
            let shown = format!("{}{}", outcome.stdout, outcome.stderr);
            assert!(shown.contains("alic\u{fffd}!"), "{outcome}");
        }
    }
}
