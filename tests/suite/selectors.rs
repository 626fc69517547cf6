//! Which key is meant: none, one, several, one that may not be opened.

use crate::harness::{Deed, Desk, Outcome, Reaction};
use fidokey::cli::exit::Exit;
use fidokey::transport::{KeyDescription, OpenError};
use fidokey::virtual_key::{KeySettings, Touch};
use fidokey::wire::authenticator_data::Aaguid;
use std::fmt::Write;

const REGISTER: &str = "register --rp example.com --user alice";

fn with_device(desk: &Desk, selector: &str) -> Outcome {
    desk.command(REGISTER).arg("--device").arg(selector).run()
}

/// A key with a name and a model of its own.
fn plug(desk: &Desk, number: u8, product: &str) {
    let description =
        KeyDescription { product: Some(product.to_owned()), ..Desk::description(number) };
    let settings = KeySettings { aaguid: [number; 16], ..KeySettings::default() };
    drop(desk.plug_described(description, settings, Touch::Auto));
}

#[test]
fn without_a_key() {
    let desk = Desk::empty();
    let outcome = desk.run(REGISTER);
    outcome.ended(Exit::NoKey);
    let json = desk.run(&format!("{REGISTER} --json"));
    let named = with_device(&desk, "yubi");
    named.ended(Exit::NoKey);
    insta::assert_snapshot!(format!("{outcome}\n{json}\n{named}"));
}

#[test]
fn a_key_is_waited_for() {
    let desk = Desk::empty();
    desk.hands.will([]);
    let in_vain = desk.run(&format!("{REGISTER} --wait=5"));
    in_vain.ended(Exit::NoKey);
    let typing = desk.command(REGISTER).typing([]).run();
    typing.ended(Exit::NoKey);
    let key = desk.plug(0, KeySettings::default());
    desk.keys.unplug(&key.description().path);
    for line in [format!("{REGISTER} --wait"), format!("{REGISTER} --wait --device v1.0")] {
        let wait = || Deed::Wait(std::time::Duration::from_secs(3));
        for plug in [Deed::Plug(key.clone()), Deed::PlugClosed(key.clone(), 20)] {
            desk.hands.will([wait(), plug]);
            desk.run(&line).succeeded();
            desk.keys.unplug(&key.description().path);
        }
    }
    desk.keys.plug(&key).unwrap();
    desk.hands.have_just_plugged_in(5);
    desk.run(&format!("{REGISTER} --wait")).succeeded();
    desk.keys.unplug(&key.description().path);
    // It never may be opened: that is said after a moment, not after the whole wait.
    desk.hands.will([Deed::PlugClosed(key.clone(), 100)]);
    let closed = desk.run(&format!("{REGISTER} --wait"));
    closed.ended(Exit::NoKey);
    assert!(closed.stderr.contains("not allowed"), "{closed}");
    desk.keys.unplug(&key.description().path);
    desk.hands.will([Deed::Interrupt]);
    desk.run(&format!("{REGISTER} --wait")).ended(Exit::Interrupted);
    insta::assert_snapshot!(format!("{in_vain}\n{typing}"));
}

/// Virtual keys are no keys that a selector may mean, however many there are.
#[test]
fn a_selector_is_judged_by_real_keys() {
    let desk = Desk::empty();
    for name in ["work", "spare", "third"] {
        desk.run(&format!("virtual create {name}")).succeeded();
    }
    let none = with_device(&desk, "zzz");
    let named = with_device(&desk, "work");
    for number in 0..12 {
        plug(&desk, number, "Security Key");
    }
    let many = with_device(&desk, "zzz");
    let node = with_device(&desk, "/dev/null");
    insta::assert_snapshot!(format!("{none}\n{named}\n{many}\n{node}"));
}

/// `list` with a selector shows the key that is meant, or fails as every command.
#[test]
fn a_list_of_the_key_that_is_named() {
    let desk = Desk::empty();
    plug(&desk, 1, "Security Key");
    plug(&desk, 2, "Other Key");
    desk.run("virtual create work").succeeded();
    let listed = |selector: &str| desk.command("list --json --device").arg(selector).run();
    for (selector, path) in [
        ("/dev/hidraw2", "/dev/hidraw2"),
        ("v1.1", "/dev/hidraw1"),
        ("other", "/dev/hidraw2"),
        (&"02".repeat(16), "/dev/hidraw2"),
        ("virtual:work", "virtual:work"),
    ] {
        let view = listed(selector).succeeded().json();
        let keys = view["keys"].as_array().unwrap();
        assert_eq!((keys.len(), keys[0]["path"].as_str()), (1, Some(path)), "{selector}");
    }
    for selector in ["zzz", "key", "/dev/hidraw9", "virtual:nobody", &"07".repeat(16)] {
        let outcome = listed(selector);
        outcome.ended(Exit::NoKey);
        assert_eq!(outcome.stdout, "", "{outcome}");
    }
}

#[test]
fn seconds_behind_a_space_are_no_seconds() {
    let desk = Desk::empty();
    let before = desk.run("--wait 3 list");
    let after = desk.run("info --wait 3 --json");
    insta::assert_snapshot!(format!("{before}\n{after}"));
}

#[test]
fn two_keys_and_nobody_to_ask() {
    let desk = Desk::empty();
    plug(&desk, 1, "Security Key");
    plug(&desk, 2, "Security Key NFC");
    let outcome = desk.run(REGISTER);
    outcome.ended(Exit::NoKey);
    let json = desk.run(&format!("{REGISTER} --json"));
    insta::assert_snapshot!(format!("{outcome}\n{json}"));
    // What the hints say works.
    desk.run(&format!("{REGISTER} --device /dev/hidraw2")).succeeded();
}

#[test]
fn selectors_that_mean_no_single_key() {
    let desk = Desk::empty();
    plug(&desk, 1, "Security Key");
    plug(&desk, 2, "Security Key NFC");
    let mut text = String::new();
    for (selector, exit) in [
        ("security", Exit::NoKey),
        ("v1.", Exit::NoKey),
        ("yubikey", Exit::NoKey),
        ("/dev/hidraw7", Exit::NoKey),
        ("virtual:nosuch", Exit::NoKey),
        ("virtual:no/such", Exit::NoKey),
        ("03030303", Exit::NoKey),
        ("a\u{1b}[2J\u{202e}b", Exit::NoKey),
        ("", Exit::Usage),
    ] {
        let outcome = with_device(&desk, selector);
        outcome.ended(exit);
        writeln!(text, "{}", outcome.to_string().replace('\u{202e}', "\u{fffd}")).unwrap();
    }
    insta::assert_snapshot!(text.replace('\u{1b}', "^["));
    for selector in ["nfc", "v1.2", "02020202-0202-0202", "02020202020202020202020202020202"] {
        desk.record.take();
        with_device(&desk, selector).succeeded();
    }
}

/// A key of a model that is in the table of names.
fn plug_yubikey(desk: &Desk, number: u8) {
    let aaguid: Aaguid = "cb69481e-8ff7-4039-93ec-0a2729a154a8".parse().unwrap();
    let settings = KeySettings { aaguid: aaguid.0, ..KeySettings::default() };
    drop(desk.plug(number, settings));
}

#[test]
fn a_key_is_named_by_its_model() {
    let desk = Desk::empty();
    plug(&desk, 1, "Security Key");
    plug_yubikey(&desk, 2);
    with_device(&desk, "yubikey 5").succeeded();
    let other = with_device(&desk, "Nitrokey 3");
    other.ended(Exit::NoKey);
    plug_yubikey(&desk, 3);
    let two = with_device(&desk, "yubikey 5");
    two.ended(Exit::NoKey);
    // What is no model's name is not asked for.
    desk.record.take();
    with_device(&desk, "no such model").ended(Exit::NoKey);
    assert!(desk.record.take().is_empty());
    let list = desk.run("list");
    let info = desk.run("info --device /dev/hidraw2");
    let (head, _) = info.stdout.split_once("PIN").unwrap();
    let doctor = desk.run("doctor --device /dev/hidraw2");
    let doctor_by_model = desk.command("doctor").arg("-d").arg("5 Series").run();
    insta::assert_snapshot!(format!("{other}\n{two}\n{list}\n{head}\n{doctor}\n{doctor_by_model}"));
}

/// A key that cannot be asked for its model may be the one that is meant.
#[test]
fn a_key_that_cannot_be_asked_for_its_model_is_named() {
    let desk = Desk::empty();
    plug(&desk, 1, "Security Key");
    plug(&desk, 2, "Security Key NFC");
    desk.faults.requests(|_| Reaction::Silence);
    insta::assert_snapshot!(with_device(&desk, "02020202"));
}

#[test]
fn a_key_that_may_not_be_opened() {
    let (desk, _key) = Desk::with_key();
    let mut text = String::new();
    let faults: [fn() -> OpenError; 4] = [
        || OpenError::NoPermission(Desk::description(0).path),
        || OpenError::InUse { path: Desk::description(0).path },
        || OpenError::NotFound(Desk::description(0).path),
        || OpenError::Other { path: Desk::description(0).path, reason: "an\u{7} error".into() },
    ];
    for fault in faults {
        desk.faults.opening(move |_| fault());
        let outcome = desk.run(REGISTER);
        outcome.ended(Exit::NoKey);
        writeln!(text, "{outcome}").unwrap();
    }
    desk.faults.mend();
    desk.faults.enumeration("udev: \u{1b}no such device");
    let outcome = desk.run(REGISTER);
    outcome.ended(Exit::Failed);
    writeln!(text, "{outcome}").unwrap();
    desk.faults.mend();
    desk.run(REGISTER).succeeded();
    insta::assert_snapshot!(text);
}

#[test]
fn the_command_that_is_suggested_names_the_same_key() {
    let (desk, _key) = Desk::with_key();
    let path = Desk::description(0).path.0;
    let mut text = String::new();
    for line in [
        "pin status",
        "pin change --no-input",
        "pin change --no-input --json",
        "credential list",
        "register --rp example.com --user alice --user-verification required --explain",
        "register --rp example.com --user alice --user-verification required --explain --json",
    ] {
        writeln!(text, "{}", desk.run(&format!("{line} --device {path}"))).unwrap();
    }
    insta::assert_snapshot!(text);
}
