//! `fidokey doctor`: every reason why a key cannot be used, in words, as JSON, and with what mends it.

use crate::fake_machine::{Device, FakeMachine};
use crate::harness::get_info::Edit;
use crate::harness::{Deed, Desk, Outcome, Reaction};
use fidokey::cli::exit::Exit;
use fidokey::host::udev_rules;
use fidokey::transport::{Bus, KeyPath};
use fidokey::virtual_key::{KeySettings, LastingKeys};
use fidokey::wire::cbor::Encoded;
use fidokey::wire::ctaphid::Command;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::time::Duration;

const EPERM: i32 = 1;
const EACCES: i32 = 13;
const EMFILE: i32 = 24;
const CHANNEL_BUSY: u8 = 0x06;

const FIDO_ID_RULES: &str = "SUBSYSTEM==\"hidraw\", IMPORT{program}=\"fido_id\"\n";
const UACCESS_RULES: &str = "ENV{ID_SECURITY_TOKEN}==\"?*\", TAG+=\"uaccess\"\n";
const TAGGED: &str = "I:1\nE:ID_FIDO_TOKEN=1\nE:ID_SECURITY_TOKEN=1\nG:uaccess\nQ:uaccess\nV:1\n";
const UNTAGGED: &str = "I:1\nV:1\n";

/// A machine with systemd's rules, two users, and one key whose node is closed to Pat (1000).
fn closed(device: &Device) -> Desk {
    let desk = Desk::empty();
    let machine = &desk.machine;
    machine.write("usr/lib/udev/rules.d/60-fido-id.rules", FIDO_ID_RULES);
    machine.write("usr/lib/udev/rules.d/70-uaccess.rules", UACCESS_RULES);
    machine.write(
        "etc/passwd",
        "root:x:0:0::/:/bin/sh\npat:x:1000:1000::/:/bin/sh\nsam:x:1001:1001::/:/bin/sh\n",
    );
    machine.write("etc/group", "root:x:0:\nplugdev:x:46:\n");
    machine.write("run/udev/data/c242:0", TAGGED);
    machine.plug_in(device);
    mode(machine, 0o600);
    desk.refuse("dev/hidraw0", EACCES);
    desk
}

fn mode(machine: &FakeMachine, mode: u32) {
    let node = machine.path("dev/hidraw0");
    fs::set_permissions(node, fs::Permissions::from_mode(mode)).unwrap();
}

fn seat(machine: &FakeMachine, user: u32) {
    machine.write("run/systemd/seats/seat0", format!("IS_SEAT0=1\nACTIVE=c1\nACTIVE_UID={user}\n"));
}

fn without_systemd_s_rules(machine: &FakeMachine) {
    fs::remove_dir_all(machine.path("usr/lib/udev")).unwrap();
}

/// The text and the JSON of a run that says no, without what differs with who runs the tests: whom
/// the node belongs to.
fn findings(desk: &Desk) -> String {
    let text = desk.run("doctor");
    text.ended(Exit::Rejected);
    assert_eq!(text.stderr, "", "the report is the answer");
    let json = desk.run("doctor --json");
    json.ended(Exit::Rejected);
    assert!(json.json()["keys"].is_array(), "{json}");
    format!("{}\n{}", ownerless(&text), ownerless(&json))
}

fn ownerless(outcome: &Outcome) -> String {
    let mut lines = Vec::new();
    for line in outcome.to_string().lines() {
        if ["\"owner\"", "\"group\"", "\"mode\""].iter().any(|name| line.contains(name)) {
            continue;
        }
        match line.split_once("ts device node belongs to ") {
            Some((before, after)) => {
                let (_, after) = after.split_once("), ").unwrap();
                lines.push(format!("{before}ts device node belongs to …, {after}"));
            }
            None => lines.push(line.to_owned()),
        }
    }
    lines.join("\n")
}

#[test]
fn a_key_that_can_be_used() {
    let (desk, _key) = Desk::with_key();
    desk.set_pin("1234");
    desk.record.take();
    let text = desk.run("doctor");
    text.succeeded();
    assert_eq!(desk.record.take(), ["INIT", "04", "06/01"], "no touch, no PIN try");
    insta::assert_snapshot!(format!("{text}\n{}", desk.run("doctor --json")));
}

#[test]
fn nobody_sits_there() {
    insta::assert_snapshot!(findings(&closed(&Device::key(0))));
}

#[test]
fn somebody_else_sits_there() {
    let desk = closed(&Device::key(0));
    seat(&desk.machine, 1001);
    // The group has to be made first; Pat will be its member.
    desk.machine.write("etc/group", "root:x:0:\n");
    insta::assert_snapshot!(findings(&desk));
}

#[test]
fn a_group_that_pat_is_not_in_or_will_be_in_after_the_next_login() {
    let desk = closed(&Device::key(0));
    let node = desk.machine.path("dev/hidraw0");
    // Whoever runs the tests has one group at least; root may give the node to any.
    let _ = chown(&node, None, Some(46));
    let group = std::os::unix::fs::MetadataExt::gid(&node.metadata().unwrap());
    mode(&desk.machine, 0o660);
    desk.machine.write("etc/group", format!("root:x:0:\nplugdev:x:{group}:\n"));
    let joining = findings(&desk);
    desk.machine.write("etc/group", format!("root:x:0:\nplugdev:x:{group}:sam,pat\n"));
    insta::assert_snapshot!(format!("{joining}\n{}", findings(&desk)));
}

#[test]
fn an_access_list_that_shuts_the_group_out() {
    let desk = closed(&Device::key(0));
    let node = desk.machine.path("dev/hidraw0");
    let _ = chown(&node, None, Some(1000));
    if std::os::unix::fs::MetadataExt::gid(&node.metadata().unwrap()) != 1000 {
        return; // Only root may give the node to Pat's group.
    }
    mode(&desk.machine, 0o660);
    seat(&desk.machine, 1001);
    insta::assert_snapshot!(findings(&desk));
}

#[test]
fn no_rule() {
    let desk = closed(&Device::key(0));
    without_systemd_s_rules(&desk.machine);
    desk.machine.write("run/udev/data/c242:0", UNTAGGED);
    seat(&desk.machine, 1000);
    insta::assert_snapshot!(findings(&desk));
}

#[test]
fn a_model_that_no_rule_knows() {
    let stranger = Device { vendor_id: 0xdead, product_id: 0xbeef, ..Device::key(0) };
    let desk = closed(&stranger);
    without_systemd_s_rules(&desk.machine);
    desk.machine.write("run/udev/data/c242:0", UNTAGGED);
    seat(&desk.machine, 1000);
    insta::assert_snapshot!(findings(&desk));
}

#[test]
fn a_rule_that_sorts_too_late() {
    let desk = closed(&Device::uhid(0));
    without_systemd_s_rules(&desk.machine);
    let line = "KERNELS==\"0003:1209:5070.*\", TAG+=\"uaccess\"\n";
    desk.machine.write("etc/udev/rules.d/99-my key.rules", line);
    desk.machine.write("run/udev/data/c242:0", "I:1\nG:uaccess\nQ:uaccess\nV:1\n");
    seat(&desk.machine, 1000);
    insta::assert_snapshot!(findings(&desk));
}

#[test]
fn a_rule_of_unknown_name_that_sorts_too_late() {
    let desk = closed(&Device::key(0));
    without_systemd_s_rules(&desk.machine);
    desk.machine.write("run/udev/data/c242:0", "I:1\nG:uaccess\nQ:uaccess\nV:1\n");
    seat(&desk.machine, 1000);
    insta::assert_snapshot!(findings(&desk));
}

#[test]
fn a_rule_that_was_not_applied() {
    let desk = closed(&Device::key(0));
    desk.machine.write("run/udev/data/c242:0", UNTAGGED);
    seat(&desk.machine, 1000);
    insta::assert_snapshot!(findings(&desk));
}

#[test]
fn no_udev() {
    let desk = closed(&Device::key(0));
    fs::remove_dir_all(desk.machine.path("run/udev")).unwrap();
    insta::assert_snapshot!(findings(&desk));
}

#[test]
fn containers() {
    let mut cases = Vec::new();
    for (mark, text) in [
        ("run/systemd/container", "docker"),
        ("run/.containerenv", ""),
        ("run/systemd/container", "lxc"),
        ("run/systemd/container", "systemd-nspawn"),
        ("run/systemd/container", "\u{1b}[2J"),
    ] {
        let desk = closed(&Device::key(0));
        desk.machine.write(mark, text);
        desk.refuse("dev/hidraw0", EPERM);
        let text = desk.run("doctor");
        text.ended(Exit::Rejected);
        cases.push(ownerless(&text));
    }
    let desk = Desk::empty();
    desk.machine.write(".dockerenv", "");
    desk.machine.plug_in(&Device { node: false, ..Device::key(0) });
    cases.push(findings(&desk));
    insta::assert_snapshot!(cases.join("\n"));
}

#[test]
fn a_key_that_is_busy_and_who_has_it_open() {
    let (desk, _key) = Desk::with_key();
    desk.faults.requests(|_| Reaction::Refuse(CHANNEL_BUSY));
    let nobody = findings(&desk);
    desk.machine.write("proc/7001/comm", "firefox-esr\n");
    fs::create_dir_all(desk.machine.path("proc/7001/fd")).unwrap();
    symlink("/dev/hidraw0", desk.machine.path("proc/7001/fd/40")).unwrap();
    let somebody = findings(&desk);
    desk.faults.mend();
    desk.faults.others(|command| match command {
        Command::INIT => Reaction::Refuse(CHANNEL_BUSY),
        _ => Reaction::Forward,
    });
    insta::assert_snapshot!(format!("{nobody}\n{somebody}\n{}", desk.run("doctor")));
}

#[test]
fn a_key_that_is_busy_for_a_moment_is_asked_again() {
    let (desk, _key) = Desk::with_key();
    let mut left = 10;
    desk.faults.requests(move |_| {
        if left > 0 {
            left -= 1;
            return Reaction::Refuse(CHANNEL_BUSY);
        }
        Reaction::Forward
    });
    desk.run("doctor").succeeded();
}

#[test]
fn a_key_that_speaks_only_u2f() {
    let (desk, _key) = Desk::with_key();
    desk.faults.packets(|mut packet| {
        if packet[4] == 0x86 {
            packet[23] &= !0x04;
        }
        Ok(vec![packet])
    });
    insta::assert_snapshot!(findings(&desk));
}

#[test]
fn a_key_that_does_not_answer() {
    let (desk, _key) = Desk::with_key();
    desk.faults.packets(|_| Ok(Vec::new()));
    let silent = findings(&desk);
    desk.faults.mend();
    // It answers at first, and then no more.
    desk.set_pin("1234");
    desk.faults.requests(|request| match request.first() {
        Some(0x06) => Reaction::Silence,
        _ => Reaction::Forward,
    });
    insta::assert_snapshot!(format!("{silent}\n{}", findings(&desk)));
}

#[test]
fn a_key_that_is_unplugged_meanwhile_or_talks_nonsense() {
    let (desk, _key) = Desk::with_key();
    desk.faults.requests(|_| Reaction::Unplug);
    let unplugged = findings(&desk);
    desk.faults.mend();
    desk.faults.replies(|_, mut reply| {
        reply.truncate(40);
        reply
    });
    let nonsense = findings(&desk);
    let desk = closed(&Device::key(0));
    desk.refuse("dev/hidraw0", EMFILE);
    insta::assert_snapshot!(format!("{unplugged}\n{nonsense}\n{}", findings(&desk)));
}

#[test]
fn a_pin_that_is_blocked_or_nearly() {
    let (desk, key) = Desk::with_key();
    desk.set_pin("1234");
    let wrong = desk.file("wrong", "4321");
    let mut cases = Vec::new();
    for tries in 1..=8 {
        if tries == 4 || tries == 7 {
            key.power_cycle().unwrap();
        }
        let _ = desk.run(&format!("pin verify --last-try --pin-file {wrong}"));
        if [3, 5, 7, 8].contains(&tries) {
            cases.push(format!("after {tries} wrong PINs:\n{}", desk.run("doctor")));
        }
    }
    cases.push(desk.run("doctor --json").to_string());
    insta::assert_snapshot!(cases.join("\n"));
}

#[test]
fn what_is_worth_knowing_of_a_key_that_works() {
    let (desk, _key) = Desk::with_key();
    let mut cases = vec![desk.run("doctor").to_string()];
    let mut with = |edit: Edit| {
        edit.install(&desk.faults);
        let outcome = desk.run("doctor");
        outcome.succeeded();
        cases.push(outcome.to_string());
        desk.faults.mend();
    };
    with(Edit::new().option("alwaysUv", Some(true)).member(0x0c, Encoded::boolean(true)));
    with(Edit::new().option("clientPin", None).member(0x14, Encoded::unsigned(0)));
    with(Edit::new().member(0x01, Encoded::array([Encoded::text("U2F_V2")])));
    with(Edit::new().member(0x05, Encoded::text("much")).member(0x03, Encoded::bytes(&[7; 16])));
    desk.set_pin("1234");
    desk.faults.replies(|request, reply| match request.first() {
        Some(0x06) => vec![0x7f],
        _ => reply,
    });
    cases.push(desk.run("doctor").to_string());
    cases.push(desk.run("doctor --json").to_string());
    insta::assert_snapshot!(cases.join("\n"));
}

#[test]
fn several_keys_of_which_one_is_closed() {
    let desk = closed(&Device::key(0));
    desk.plug(1, KeySettings::default());
    desk.plug(2, KeySettings { aaguid: [0x22; 16], ..KeySettings::default() });
    let all = desk.run("doctor");
    all.ended(Exit::Rejected);
    let one = desk.run("doctor -d /dev/hidraw1");
    one.succeeded();
    let by_serial = desk.run("doctor --device v1.2");
    by_serial.succeeded();
    let by_model = desk.run("doctor -d 22222222");
    by_model.succeeded();
    assert_eq!(by_serial.stdout, by_model.stdout);
    let closed = desk.run("doctor -d /dev/hidraw0");
    closed.ended(Exit::Rejected);
    let none = desk.run("doctor -d 33333333");
    none.ended(Exit::NoKey);
    let missing = desk.run("doctor -d /dev/hidraw7");
    missing.ended(Exit::NoKey);
    let cases = [ownerless(&all), one.to_string(), by_serial.to_string(), ownerless(&closed)];
    insta::assert_snapshot!(format!("{}\n{none}\n{missing}", cases.join("\n")));
}

#[test]
fn virtual_keys_are_examined_when_named() {
    let desk = Desk::empty();
    desk.run("virtual create work").succeeded();
    let well = desk.run("doctor -d virtual:work");
    well.succeeded();
    let held = desk.keys.open(&KeyPath("virtual:work".to_owned())).unwrap();
    let busy = desk.run("doctor -d virtual:work");
    drop(held);
    let missing = desk.run("doctor -d virtual:none");
    missing.ended(Exit::NoKey);
    let keys = LastingKeys::new(desk.data_directory().join("virtual-keys"));
    fs::write(keys.state_path(&"work".parse().unwrap()), "nonsense").unwrap();
    let damaged = desk.restarted().run("doctor -d virtual:work");
    damaged.ended(Exit::Rejected);
    insta::assert_snapshot!(format!("{well}\n{busy}\n{missing}\n{damaged}"));
}

/// A USB device that shows no hidraw device.
fn usb_device(machine: &FakeMachine, port: &str, ids: [&str; 2], interface: Option<bool>) {
    let device = format!("sys/bus/usb/devices/{port}");
    machine.write(&format!("{device}/idVendor"), ids[0]);
    machine.write(&format!("{device}/idProduct"), ids[1]);
    machine.write(&format!("{device}/product"), "Security Key\u{1b}[2J\n");
    if let Some(has_driver) = interface {
        for place in [format!("{device}/{port}:1.0"), format!("{device}:1.0")] {
            machine.write(&format!("{place}/bInterfaceClass"), "03\n");
            if has_driver {
                machine.write(&format!("{place}/driver/module"), "");
            }
        }
    }
}

#[test]
fn usb_devices_that_may_be_keys() {
    let desk = Desk::empty();
    let machine = &desk.machine;
    machine.write("sys/bus/usb/drivers/usbhid/module", "");
    usb_device(machine, "1-1", ["1050", "0405"], Some(true));
    let off = findings(&desk);
    usb_device(machine, "1-2", ["096e", "0850"], Some(true));
    usb_device(machine, "1-3", ["349e", "0010"], Some(false));
    usb_device(machine, "1-4", ["1ea8", "fc25"], None);
    machine.write("sys/bus/usb/devices/1-4/authorized", "0\n");
    let several = findings(&desk);
    fs::remove_dir_all(machine.path("sys/bus/usb/drivers")).unwrap();
    let no_driver = desk.run("doctor");
    insta::assert_snapshot!(format!("{off}\n{several}\n{no_driver}"));
}

#[test]
fn another_device_of_a_vendor_of_keys_is_shown_and_does_not_count() {
    let (desk, _key) = Desk::with_key();
    usb_device(&desk.machine, "1-9", ["1050", "0030"], None);
    let outcome = desk.run("doctor");
    outcome.succeeded();
    assert!(outcome.stdout.contains("may be a key"), "{outcome}");
    usb_device(&desk.machine, "1-9", ["1050", "0407"], None);
    desk.run("doctor").ended(Exit::Rejected);
}

#[test]
fn no_key_at_all() {
    let run = |files: &[(&str, &str)]| {
        let desk = Desk::empty();
        desk.machine.write("sys/bus/usb/drivers/usbhid/module", "");
        files.iter().for_each(|(path, text)| desk.machine.write(path, text));
        let outcome = desk.run("doctor");
        outcome.ended(Exit::NoKey);
        assert_eq!(outcome.stdout, "");
        outcome.to_string()
    };
    let mut cases = vec![run(&[])];
    for kind in ["docker", "podman", "lxc", "systemd-nspawn", "wsl", "\u{1b}[2J"] {
        cases.push(run(&[("run/systemd/container", kind)]));
    }
    for maker in ["QEMU", "innotek GmbH", "VMware, Inc.", "Xen", "Parallels", "Amazon EC2"] {
        cases.push(run(&[("sys/class/dmi/id/sys_vendor", maker)]));
    }
    cases.push(run(&[
        ("sys/class/dmi/id/sys_vendor", "Microsoft Corporation"),
        ("sys/class/dmi/id/product_name", "Virtual Machine"),
    ]));
    cases.push(run(&[("proc/cpuinfo", "flags : hypervisor\n")]));
    let desk = Desk::empty();
    cases.push(desk.run("doctor").to_string());
    usb_device(&desk.machine, "1-1", ["046d", "c31c"], Some(false));
    cases.push(desk.run("doctor").to_string());
    cases.push(desk.run("doctor --json").to_string());
    insta::assert_snapshot!(cases.join("\n"));
}

#[test]
fn a_key_is_waited_for_when_that_was_asked() {
    let desk = Desk::empty();
    let key = desk.plug(0, KeySettings::default());
    desk.keys.unplug(&key.description().path);
    desk.hands.will([Deed::Wait(Duration::from_secs(3)), Deed::Plug(key)]);
    desk.run("doctor --wait").succeeded();
}

#[test]
fn the_rules_are_printed_for_the_keys_that_are_plugged_in_too() {
    let desk = Desk::empty();
    let plain = desk.run("doctor --print-rules");
    plain.succeeded();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/udev/70-fidokey.rules");
    assert_eq!(plain.stdout, fs::read_to_string(file).unwrap());
    let json = desk.run("doctor --print-rules --json").json();
    assert_eq!(
        (&json["file_name"], json["rules"].as_str().unwrap()),
        (&udev_rules::FILE_NAME.into(), plain.stdout.as_str())
    );
    desk.machine.plug_in(&Device::key(1));
    assert_eq!(desk.run("doctor --print-rules").stdout, plain.stdout, "it is known already");
    let name = b"evil\nRUN+=\"x\"".to_vec();
    desk.machine.plug_in(&Device {
        vendor_id: 0xdead,
        product_id: 0xbeef,
        name,
        ..Device::uhid(0)
    });
    let added = desk.run("doctor --print-rules").stdout;
    assert!(added.contains("KERNELS==\"0003:DEAD:BEEF.*\", GOTO=\"fidokey_open\"\n"), "{added}");
    assert!(!added.contains("evil"), "{added}");
    assert_eq!(added.lines().count(), plain.stdout.lines().count() + 2);
    desk.run("doctor --print-rules -d x").ended(Exit::Usage);
}
