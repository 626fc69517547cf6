//! Finding keys in a fake `/sys`.

use crate::fake_machine::{Device, FIDO, FakeMachine, Usb};
use fidokey::transport::{
    Bus, ConnectionError, HidBus, KeyDescription, KeyKind, KeyPath, OpenError, ReportSizes, sysfs,
};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

fn keys(machine: &FakeMachine) -> Vec<KeyDescription> {
    HidBus::with_root(machine.root()).keys().unwrap()
}

/// Goes on when something is so; that it never is, is said after a minute.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(60), "it is never so that {what}");
        std::thread::yield_now();
    }
}

/// Where the kernel tells of this thread.
fn this_thread() -> PathBuf {
    Path::new("/proc").join(fs::read_link("/proc/thread-self").unwrap())
}

/// Whether a thread waits for something.
fn sleeps(thread: &Path) -> bool {
    let told = fs::read_to_string(thread.join("stat")).unwrap();
    // The state stands after the name, which is in parentheses and may hold anything.
    told.rsplit_once(") ").is_some_and(|(_, after)| after.starts_with('S'))
}

fn key_path(path: &str) -> KeyPath {
    KeyPath(path.to_owned())
}

#[test]
fn a_usb_key_is_described_by_its_parents() {
    let mut key = Device::key(3);
    key.usb.as_mut().unwrap().serial = "12345678";
    let machine = FakeMachine::with(&[key]);
    assert_eq!(
        keys(&machine),
        [KeyDescription {
            path: key_path("/dev/hidraw3"),
            kind: KeyKind::Hid,
            vendor_id: Some(0x1050),
            product_id: Some(0x0407),
            manufacturer: Some("Yubico".to_owned()),
            product: Some("YubiKey OTP+FIDO+CCID".to_owned()),
            serial_number: Some("12345678".to_owned()),
            port: Some("1-2.3".to_owned()),
        }]
    );
}

#[test]
fn a_key_that_is_also_a_keyboard_is_found_once() {
    let machine = FakeMachine::with(&[Device::keyboard(0), Device::key(1)]);
    let found = keys(&machine);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].path, key_path("/dev/hidraw1"));
}

#[test]
fn a_uhid_key_has_a_name_and_no_port() {
    let machine = FakeMachine::with(&[Device::uhid(0)]);
    let found = keys(&machine);
    assert_eq!(found[0].product.as_deref(), Some("Soft Key"));
    assert_eq!(found[0].manufacturer, None);
    assert_eq!(found[0].serial_number, None);
    assert_eq!(found[0].port, None);
    assert_eq!((found[0].vendor_id, found[0].product_id), (Some(0x1209), Some(0x5070)));
}

#[test]
fn keys_stand_in_the_order_of_their_numbers() {
    let machine = FakeMachine::with(&[Device::uhid(10), Device::uhid(9), Device::uhid(2)]);
    let paths: Vec<_> = keys(&machine).into_iter().map(|key| key.path.0).collect();
    assert_eq!(paths, ["/dev/hidraw2", "/dev/hidraw9", "/dev/hidraw10"]);
}

#[test]
fn a_machine_without_hid_has_no_keys() {
    let machine = FakeMachine::new();
    assert_eq!(keys(&machine), []);
    fs::remove_dir_all(machine.path("sys")).unwrap();
    assert_eq!(keys(&machine), []);
}

#[test]
fn a_key_without_a_node_is_known_to_sysfs_alone() {
    let mut key = Device::key(0);
    key.node = false;
    let machine = FakeMachine::with(&[key]);
    assert_eq!(keys(&machine), []);
    assert_eq!(sysfs::fido_nodes(machine.root()).unwrap().len(), 1);
}

#[test]
fn missing_files_leave_gaps_and_no_error() {
    let key = Device::key(0);
    let machine = FakeMachine::with(std::slice::from_ref(&key));
    let hid = FakeMachine::hid_directory(&key);
    fs::remove_file(machine.path(&format!("{hid}/uevent"))).unwrap();
    fs::remove_file(machine.path(&format!("{hid}/hidraw/hidraw0/dev"))).unwrap();
    let nodes = sysfs::fido_nodes(machine.root()).unwrap();
    assert_eq!(nodes[0].device_number, None);
    assert_eq!(nodes[0].description.vendor_id, None);
    assert_eq!(nodes[0].description.product.as_deref(), Some("YubiKey OTP+FIDO+CCID"));
    fs::remove_file(machine.path(&format!("{hid}/report_descriptor"))).unwrap();
    assert_eq!(keys(&machine), []);
}

#[test]
fn hostile_files_are_bounded_and_harmless() {
    let mut key = Device::key(0);
    key.descriptor = [FIDO, &[0xFF; 1_000_000]].concat();
    // A name that forges lines, with bytes that are no text and no end.
    key.name = b"\xFF\xFE\x1b[31m\nHID_ID=0003:0000DEAD:0000BEEF\nDEVTYPE=usb_device\n".to_vec();
    key.name.extend([b'A'; 100_000]);
    key.usb = Some(Usb { port: "1-2; rm", product: "\x1b]0;evil\x07", ..key.usb.unwrap() });
    let mut bad_numbers = Device::uhid(1);
    bad_numbers.descriptor = FIDO[..7].to_vec();
    let machine = FakeMachine::with(&[key, bad_numbers.clone()]);
    let hid = FakeMachine::hid_directory(&bad_numbers);
    machine.write(&format!("{hid}/uevent"), "HID_ID=0003:FFFFFFFFFF:-1\nHID_UNIQ=\0\0\n");
    machine.write(&format!("{hid}/hidraw/hidraw1/dev"), "many:few");
    for name in ["hidraw", "hidraw-1", "hidrawx", "hidraw99999999999", "other"] {
        machine.write(&format!("sys/class/hidraw/{name}/device/report_descriptor"), FIDO);
    }
    let nodes = sysfs::fido_nodes(machine.root()).unwrap();
    assert_eq!(nodes.len(), 2, "{nodes:?}");
    assert_eq!(nodes[0].description.vendor_id, Some(0x1050));
    assert_eq!(nodes[0].description.port, None);
    assert_eq!(nodes[1].description.vendor_id, None);
    assert_eq!(nodes[1].description.serial_number, None);
    assert_eq!(nodes[1].device_number, None);
    assert_eq!(nodes[1].reports.output, None);
}

#[test]
fn a_path_that_is_not_there_is_not_found() {
    let machine = FakeMachine::new();
    let bus = HidBus::with_root(machine.root());
    for path in ["/dev/hidraw7", "/dev/hid\0raw"] {
        let opened = bus.open(&key_path(path));
        assert!(matches!(opened, Err(OpenError::NotFound(_))), "{path}: {:?}", opened.err());
    }
}

#[test]
fn a_path_that_is_no_hid_device_is_refused_in_words() {
    let bus = HidBus::with_root("/");
    let Err(OpenError::Other { reason, .. }) = bus.open(&key_path("/dev/null")) else { panic!() };
    assert_eq!(reason, "it is not a HID device");
}

#[test]
fn waiting_ends_when_a_key_comes_or_goes_or_lets_users_in() {
    let machine = FakeMachine::new();
    let bus = HidBus::with_root(machine.root());
    let wait = |timeout| {
        let start = Instant::now();
        bus.wait_for_change(timeout);
        start.elapsed()
    };
    let long = Duration::from_secs(20);
    assert_eq!(bus.keys().unwrap(), []);
    // Nothing changes.
    assert!(wait(Duration::from_millis(60)) >= Duration::from_millis(60));
    // It comes between the look and the wait.
    let key = Device::key(0);
    machine.plug_in(&key);
    assert!(wait(long) < long);
    assert_eq!(bus.keys().unwrap().len(), 1);
    // udev changes the node, at a moment that the file system tells from the one before.
    let node = machine.path("dev/hidraw0");
    let changed = || fs::metadata(&node).map(|node| (node.ctime(), node.ctime_nsec())).unwrap();
    let before = changed();
    until("the node has changed", || {
        fs::set_permissions(&node, fs::Permissions::from_mode(0o660)).unwrap();
        changed() != before
    });
    assert!(wait(long) < long);
    // It goes while somebody waits.
    let waiter = this_thread();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            until("somebody waits", || sleeps(&waiter));
            machine.unplug(&key);
        });
        assert!(wait(long) < long);
    });
    assert_eq!(bus.keys().unwrap(), []);
}

/// A machine whose one key has a pseudo-terminal as its device node, and the terminal's other end.
fn key_on_a_terminal(key: &Device) -> (FakeMachine, File) {
    let machine = FakeMachine::with(&[Device { node: false, ..key.clone() }]);
    let other_end = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&other_end).unwrap();
    unlockpt(&other_end).unwrap();
    let mut mode = tcgetattr(&other_end).unwrap();
    mode.make_raw();
    tcsetattr(&other_end, OptionalActions::Now, &mode).unwrap();
    let terminal = ptsname(&other_end, Vec::new()).unwrap();
    symlink(terminal.to_str().unwrap(), machine.path(&format!("dev/hidraw{}", key.number)))
        .unwrap();
    (machine, File::from(other_end))
}

#[test]
fn reports_go_through_the_device_node_with_their_number_in_front() {
    let (machine, mut key) = key_on_a_terminal(&Device::key(0));
    let bus = HidBus::with_root(machine.root());
    let mut connection = bus.open(&key_path("/dev/hidraw0")).unwrap();
    assert_eq!(connection.report_sizes(), ReportSizes::USUAL);

    connection.send(&[7; 64]).unwrap();
    let mut sent = [9; 65];
    key.read_exact(&mut sent).unwrap();
    assert_eq!((sent[0], &sent[1..]), (0, &[7; 64][..]));

    let mut report = [0; 64];
    assert_eq!(connection.receive(&mut report, Duration::ZERO).unwrap(), None);
    let begun = Instant::now();
    assert_eq!(connection.receive(&mut report, Duration::from_millis(30)).unwrap(), None);
    assert!(begun.elapsed() >= Duration::from_millis(30));
    key.write_all(&[5; 64]).unwrap();
    assert_eq!(connection.receive(&mut report, Duration::from_secs(20)).unwrap(), Some(64));
    assert_eq!(report, [5; 64]);
}

#[test]
fn a_key_that_goes_is_unplugged_for_whoever_waits_for_it() {
    let (machine, key) = key_on_a_terminal(&Device::key(0));
    let bus = HidBus::with_root(machine.root());
    let mut connection = bus.open(&key_path("/dev/hidraw0")).unwrap();
    let waiter = this_thread();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            until("somebody waits", || sleeps(&waiter));
            drop(key);
        });
        let received = connection.receive(&mut [0; 64], Duration::from_secs(20));
        assert!(matches!(received, Err(ConnectionError::Unplugged)), "{received:?}");
    });
    let sent = connection.send(&[0; 64]);
    assert!(matches!(sent, Err(ConnectionError::Unplugged)), "{sent:?}");
}

#[test]
fn reports_with_a_number_of_their_own_lose_it() {
    // Report 3 in both directions, between usage and the first item.
    let descriptor = [&FIDO[..7], &[0x85, 0x03], &FIDO[7..]].concat();
    let (machine, mut key) = key_on_a_terminal(&Device { descriptor, ..Device::key(0) });
    let bus = HidBus::with_root(machine.root());
    let mut connection = bus.open(&key_path("/dev/hidraw0")).unwrap();
    connection.send(&[7; 64]).unwrap();
    let mut sent = [0; 65];
    key.read_exact(&mut sent).unwrap();
    assert_eq!((sent[0], sent[64]), (3, 7));
    let mut report = [0; 64];
    let long = Duration::from_secs(20);
    key.write_all(&[[4; 1].as_slice(), &[5; 64]].concat()).unwrap();
    assert_eq!(connection.receive(&mut report, long).unwrap(), None, "of another collection");
    key.write_all(&[[3; 1].as_slice(), &[6; 64]].concat()).unwrap();
    assert_eq!(connection.receive(&mut report, long).unwrap(), Some(64));
    assert_eq!(report, [6; 64]);
}

#[test]
fn a_device_node_may_be_named_by_a_link() {
    let machine = FakeMachine::with(&[Device::key(0)]);
    symlink("hidraw0", machine.path("dev/my-key")).unwrap();
    let bus = HidBus::with_root(machine.root());
    assert!(bus.open(&key_path("/dev/my-key")).is_ok());
}
