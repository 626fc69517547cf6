//! `fidokey list`: every key that is plugged in, also those that cannot be used.

use crate::fake_machine::{Device, FakeMachine, Usb};
use crate::harness::{Deed, Desk, Outcome};
use fidokey::cli::exit::Exit;
use fidokey::transport::{Bus, BusError, Clock, Connection, KeyDescription, KeyPath, OpenError};
use fidokey::virtual_key::{KeySettings, Surroundings, Touch, VirtualBus, VirtualKey};
use std::fs;
use std::sync::{Condvar, Mutex};
use std::time::Duration;

const EPERM: i32 = 1;
const EACCES: i32 = 13;
const EBUSY: i32 = 16;
const EMFILE: i32 = 24;

/// Where the capabilities stand in the packet that answers CTAPHID_INIT.
const CAPABILITIES: usize = 23;
const CAPABILITY_CBOR: u8 = 0x04;

fn is_init(packet: &[u8]) -> bool {
    packet[4] == 0x86
}

fn is_cbor(packet: &[u8]) -> bool {
    packet[4] == 0x90
}

#[test]
fn without_a_key_there_is_a_hint_and_no_error() {
    let desk = Desk::empty();
    let text = desk.run("list");
    text.succeeded();
    desk.run("virtual create work").succeeded();
    desk.run("virtual create spare").succeeded();
    let json = desk.run("list --json");
    let quiet = desk.run("list -q");
    assert_eq!(desk.record.take(), [""; 0], "virtual keys are not asked");
    insta::assert_snapshot!(format!("{text}\n{json}\n{quiet}"));
}

#[test]
fn one_row_for_each_key_and_two_messages() {
    let (desk, _key) = Desk::with_key();
    desk.set_pin("1234");
    desk.plug(1, KeySettings { aaguid: [0x11; 16], ..KeySettings::default() });
    desk.plug_described(
        KeyDescription { product: None, serial_number: None, ..Desk::description(10) },
        KeySettings::default(),
        Touch::Auto,
    );
    desk.record.take();
    let text = desk.run("list");
    let mut messages = desk.record.take();
    messages.sort();
    assert_eq!(messages, ["04", "04", "04", "INIT", "INIT", "INIT"]);
    insta::assert_snapshot!(format!("{text}\n{}", desk.run("list --json")));
}

#[test]
fn a_key_that_speaks_only_u2f_is_named_as_such() {
    let (desk, _key) = Desk::with_key();
    desk.faults.packets(|mut packet| {
        if is_init(&packet) {
            packet[CAPABILITIES] &= !CAPABILITY_CBOR;
        }
        Ok(vec![packet])
    });
    let text = desk.run("list");
    assert_eq!(desk.record.take(), ["INIT"]);
    insta::assert_snapshot!(format!("{text}\n{}", desk.run("list --json")));
}

#[test]
fn a_busy_key_is_not_waited_for() {
    let (desk, _key) = Desk::with_key();
    desk.faults.packets(|mut packet| {
        if is_cbor(&packet) {
            packet[4..8].copy_from_slice(&[0xbf, 0, 1, 6]);
        }
        Ok(vec![packet])
    });
    let text = desk.run("list");
    assert_eq!(desk.record.take(), ["INIT", "04"]);
    insta::assert_snapshot!(format!("{text}\n{}", desk.run("list --json")));
}

#[test]
fn a_silent_key_is_shown_as_silent_after_a_second() {
    let (desk, _key) = Desk::with_key();
    desk.faults.packets(|_| Ok(Vec::new()));
    insta::assert_snapshot!(desk.run("list"));
}

#[test]
fn a_key_that_another_program_holds_is_in_use() {
    let (desk, key) = Desk::with_key();
    let held = key.open().unwrap();
    let text = desk.run("list");
    drop(held);
    insta::assert_snapshot!(format!("{text}\n{}", desk.run("list")));
}

#[test]
fn a_reply_that_makes_no_sense_is_said() {
    let (desk, _key) = Desk::with_key();
    desk.faults.replies(|_, mut reply| {
        reply.truncate(40);
        reply
    });
    insta::assert_snapshot!(desk.run("list"));
}

#[test]
fn what_a_key_says_cannot_drive_the_terminal() {
    let desk = Desk::empty();
    let hostile = KeyDescription {
        product: Some("\x1b[2JKey\u{202e}\n".into()),
        serial_number: Some("\r9".into()),
        ..Desk::description(0)
    };
    desk.plug_described(hostile, KeySettings::default(), Touch::Auto);
    insta::assert_snapshot!(desk.run("list"));
}

/// A bus on which every key opens only while all the others are being opened.
struct OpensTogether {
    keys: VirtualBus,
    opening: (Mutex<usize>, Condvar),
}

impl Bus for OpensTogether {
    fn keys(&self) -> Result<Vec<KeyDescription>, BusError> {
        self.keys.keys()
    }

    fn open(&self, path: &KeyPath) -> Result<Box<dyn Connection>, OpenError> {
        let all = self.keys.keys().unwrap().len();
        let (count, changed) = &self.opening;
        *count.lock().unwrap() += 1;
        changed.notify_all();
        let patience = Duration::from_secs(20);
        let waiting = count.lock().unwrap();
        let (count, _) = changed.wait_timeout_while(waiting, patience, |n| *n < all).unwrap();
        if *count < all {
            return Err(OpenError::Other { path: path.clone(), reason: "opened alone".into() });
        }
        drop(count);
        self.keys.open(path)
    }

    fn wait_for_change(&self, timeout: Duration) {
        self.keys.wait_for_change(timeout);
    }
}

#[test]
fn keys_are_opened_and_asked_at_the_same_time() {
    let bus = OpensTogether {
        keys: VirtualBus::new(None, Surroundings::real(), Touch::Auto),
        opening: Default::default(),
    };
    for number in 0..5 {
        let description = Desk::description(number);
        let settings = KeySettings::default();
        let key = VirtualKey::volatile(description, settings, Touch::Auto, Surroundings::real());
        bus.keys.plug(&key).unwrap();
    }
    let outcome = Desk::empty().on_bus(bus).run("list --json");
    let keys = outcome.json()["keys"].as_array().unwrap().clone();
    assert_eq!(keys.len(), 5);
    assert!(keys.iter().all(|key| key["status"] == "ready"), "{outcome}");
}

/// A device named after what is wrong with it.
fn named(number: u32, product: &'static str) -> Device {
    let usb = Usb { product, ..Device::key(number).usb.unwrap() };
    let port = ["1-1", "1-2", "1-3", "1-4", "1-5"][number as usize % 5];
    Device { usb: Some(Usb { port, ..usb }), ..Device::key(number) }
}

#[test]
fn keys_that_do_not_open_are_there_with_the_reason_and_what_mends_it() {
    let (desk, _key) = Desk::with_key();
    let devices = [
        // On the bus, too: one row, with what the bus knows.
        Device { number: 0, ..Device::key(0) },
        Device { node: false, ..named(1, "No node") },
        named(2, "Held"),
        named(3, "Forbidden"),
        named(4, "Strange"),
    ];
    devices.iter().for_each(|device| desk.machine.plug_in(device));
    desk.refuse("dev/hidraw2", EBUSY);
    desk.refuse("dev/hidraw3", EPERM);
    desk.refuse("dev/hidraw4", EMFILE);
    let text = desk.run("list");
    text.succeeded();
    // Whom the node belongs to differs with who runs the tests.
    let json = desk.run("list --json").to_string();
    let differs = |line: &&str| ["owner", "group", "mode"].iter().any(|it| line.contains(it));
    let json: Vec<&str> = json.lines().filter(|line| !differs(line)).collect();
    insta::assert_snapshot!(format!("{text}\n{}", json.join("\n")));
}

const FIDO_ID_RULES: &str = "SUBSYSTEM==\"hidraw\", IMPORT{program}=\"fido_id\"\n";
const UACCESS_RULES: &str = "ENV{ID_SECURITY_TOKEN}==\"?*\", TAG+=\"uaccess\"\n";
const TAGGED: &str = "I:1\nE:ID_FIDO_TOKEN=1\nE:ID_SECURITY_TOKEN=1\nG:uaccess\nQ:uaccess\nV:1\n";

/// A machine on which one key's node is closed, changed by `act`; without the two lines that say
/// whom the node belongs to, which differ with who runs the tests.
fn denied(device: Device, act: impl FnOnce(&FakeMachine)) -> String {
    let desk = Desk::empty();
    desk.machine.write("usr/lib/udev/rules.d/60-fido-id.rules", FIDO_ID_RULES);
    desk.machine.write("usr/lib/udev/rules.d/70-uaccess.rules", UACCESS_RULES);
    desk.machine.write("etc/passwd", "root:x:0:0::/root:/bin/sh\nalice:x:1000:1000::/:/bin/sh\n");
    desk.machine.plug_in(&device);
    desk.refuse("dev/hidraw0", EACCES);
    act(&desk.machine);
    let outcome = desk.run("list");
    outcome.ended(Exit::Done);
    without_owner(&outcome)
}

fn without_owner(outcome: &Outcome) -> String {
    let mut lines = Vec::new();
    for line in outcome.stderr.lines() {
        let Some((before, after)) = line.split_once("belongs to ") else {
            lines.push(line.to_owned());
            continue;
        };
        let (_, after) = after.split_once("), ").unwrap();
        lines.push(format!("{before}belongs to …, {after}"));
    }
    lines.join("\n")
}

fn udev_record(machine: &FakeMachine, record: &str) {
    machine.write("run/udev/data/c242:0", record);
}

#[test]
fn every_denial_has_its_own_words() {
    let key = || Device::key(0);
    let stranger = || Device { vendor_id: 0xdead, product_id: 0xbeef, ..Device::key(0) };
    let seat = |machine: &FakeMachine, user: &str| {
        machine.write("run/systemd/seats/seat0", format!("ACTIVE_UID={user}\n"));
    };
    let rules_of_systemd_are_gone = |machine: &FakeMachine| {
        fs::remove_dir_all(machine.path("usr/lib/udev")).unwrap();
    };
    let cases = [
        ("nobody sits there", denied(key(), |machine| udev_record(machine, TAGGED))),
        (
            "somebody else sits there",
            denied(key(), |machine| {
                udev_record(machine, TAGGED);
                seat(machine, "1001");
            }),
        ),
        (
            "rules were not applied",
            denied(key(), |machine| {
                udev_record(machine, "I:1\nV:1\n");
                seat(machine, "1000");
            }),
        ),
        (
            "no rules",
            denied(key(), |machine| {
                udev_record(machine, "I:1\nV:1\n");
                rules_of_systemd_are_gone(machine);
            }),
        ),
        (
            "a model that no rule knows",
            denied(stranger(), |machine| {
                udev_record(machine, "I:1\nV:1\n");
                rules_of_systemd_are_gone(machine);
            }),
        ),
        ("no udev", denied(key(), |machine| fs::remove_dir_all(machine.path("run/udev")).unwrap())),
    ];
    let text: Vec<String> =
        cases.iter().map(|(case, outcome)| format!("{case}:\n{outcome}\n")).collect();
    insta::assert_snapshot!(text.join("\n"));
}

#[test]
fn keys_that_need_the_same_act_get_one_hint() {
    let desk = Desk::empty();
    for number in 0..3 {
        desk.machine.plug_in(&named(number, "Key"));
        desk.refuse(&format!("dev/hidraw{number}"), EACCES);
    }
    let outcome = desk.run("list");
    assert_eq!(outcome.stderr.matches("Warning:").count(), 3, "{outcome}");
    assert_eq!(outcome.stderr.matches("Hint:").count(), 1, "{outcome}");
}

#[test]
fn a_key_is_waited_for_when_that_was_asked() {
    let desk = Desk::empty();
    let key = desk.plug(0, KeySettings::default());
    desk.keys.unplug(&key.description().path);
    let wait = Deed::Wait(std::time::Duration::from_secs(3));
    // As the system does: it may be seen before it may be opened.
    desk.hands.will([wait, Deed::PlugClosed(key, 5)]);
    let outcome = desk.run("list --wait");
    outcome.succeeded();
    assert!(outcome.stdout.contains("/dev/hidraw0"), "{outcome}");
    assert!(outcome.stdout.contains("FIDO 2.1"), "{outcome}");
    assert_eq!(outcome.stderr, "Plug in a FIDO key (30 s).\n");
    desk.hands.have_just_plugged_in(5);
    let outcome = desk.run("list --wait");
    assert!(outcome.stdout.contains("FIDO 2.1") && outcome.stderr.is_empty(), "{outcome}");
}

/// A key that udev has not looked at yet, which lets people in 300 ms from now.
fn just_plugged_in(desk: &Desk) {
    desk.machine.plug_in(&Device::key(0));
    desk.refuse("dev/hidraw0", EACCES);
    desk.hands.have_just_plugged_in(4);
    let record = desk.machine.path("run/udev/data/c242:0");
    let permit = desk.permits("dev/hidraw0");
    let settled = Deed::Meanwhile(Box::new(move || {
        fs::write(record, TAGGED).unwrap();
        permit();
    }));
    desk.hands.will([Deed::Wait(Duration::from_millis(300)), settled]);
    desk.hands.have_just_plugged_in(4);
}

#[test]
fn a_key_that_was_plugged_in_a_moment_ago_is_not_called_closed() {
    for line in ["list", "doctor", "info", "pin status --device /dev/hidraw0"] {
        let (desk, _key) = Desk::with_key();
        just_plugged_in(&desk);
        let begun = desk.clock.now();
        let outcome = desk.run(line);
        outcome.succeeded();
        assert!(!outcome.stderr.contains("Warning:"), "{outcome}");
        assert!(desk.clock.now() - begun < Duration::from_secs(1), "{outcome}");
    }
}

#[test]
fn a_key_that_udev_is_done_with_is_not_waited_for() {
    let (desk, _key) = Desk::with_key();
    just_plugged_in(&desk);
    udev_record(&desk.machine, TAGGED);
    let begun = desk.clock.now();
    let outcome = desk.run("list");
    assert!(outcome.stderr.contains("Warning:"), "{outcome}");
    assert!(desk.clock.now() - begun < Duration::from_millis(100), "{outcome}");
}

#[test]
fn udev_that_never_comes_to_a_key_is_waited_for_three_seconds() {
    let (desk, _key) = Desk::with_key();
    just_plugged_in(&desk);
    desk.hands.will([Deed::Wait(Duration::from_secs(3600))]);
    desk.hands.have_just_plugged_in(u32::MAX);
    let begun = desk.clock.now();
    let outcome = desk.run("list");
    assert!(outcome.stderr.contains("Warning:"), "{outcome}");
    assert!(desk.clock.now() - begun < Duration::from_secs(4), "{outcome}");
}
