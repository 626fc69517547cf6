//! Keys that may not be opened, why, and what mends it, on fake machines.

use crate::fake_machine::{Device, FakeMachine};
use fidokey::host::{
    Access, Account, Denial, Host, HostKey, Membership, OwnRules, Probe, Refusal, Remedy, Udev,
    UdevRecord, User, udev_rules,
};
use fidokey::transport::KeyPath;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::{fs, io};

const ALICE: u32 = 1000;
const BOB: u32 = 1001;

/// Refuses to open with one error number.
struct Refuses(i32);

impl Probe for Refuses {
    fn open(&self, node: &Path) -> io::Result<()> {
        // A real kernel looks for the node first.
        node.metadata()?;
        Err(io::Error::from_raw_os_error(self.0))
    }
}

/// Opens anything that is there.
struct Opens;

impl Probe for Opens {
    fn open(&self, node: &Path) -> io::Result<()> {
        node.metadata().map(drop)
    }
}

const EPERM: i32 = 1;
const EACCES: i32 = 13;
const EBUSY: i32 = 16;
const ENODEV: i32 = 19;
const EMFILE: i32 = 24;

const FIDO_ID_RULES: &str = "SUBSYSTEM==\"hidraw\", IMPORT{program}=\"fido_id\"\n";
const UACCESS_RULES: &str = "# FIDO\nENV{ID_SECURITY_TOKEN}==\"?*\", TAG+=\"uaccess\"\n";

/// A desktop with systemd, its rules, one key on `/dev/hidraw0`, and two users.
fn desktop() -> FakeMachine {
    machine(&Device::key(0))
}

fn machine(key: &Device) -> FakeMachine {
    let machine = FakeMachine::with(std::slice::from_ref(key));
    machine.write("usr/lib/udev/rules.d/60-fido-id.rules", FIDO_ID_RULES);
    machine.write("usr/lib/udev/rules.d/70-uaccess.rules", UACCESS_RULES);
    machine.write("etc/passwd", "root:x:0:0::/root:/bin/sh\nalice:x:1000:1000::/:/bin/sh\n");
    set_mode(&machine, 0o600);
    // The group of files that these tests make; root's own when they run as root.
    let group = group_of_node(&machine);
    if group != 0 {
        machine.write("etc/group", format!("root:x:0:\nplugdev:x:{group}:\n"));
    }
    machine
}

fn set_mode(machine: &FakeMachine, mode: u32) {
    let node = machine.path("dev/hidraw0");
    fs::set_permissions(node, fs::Permissions::from_mode(mode)).unwrap();
}

fn group_of_node(machine: &FakeMachine) -> u32 {
    machine.path("dev/hidraw0").metadata().unwrap().gid()
}

fn udev_record(machine: &FakeMachine, record: &str) {
    machine.write("run/udev/data/c242:0", record);
}

const TAGGED: &str = "I:1\nE:ID_FIDO_TOKEN=1\nE:ID_SECURITY_TOKEN=1\nG:uaccess\nQ:uaccess\nV:1\n";
const UNTAGGED: &str = "I:1\nV:1\n";

fn seat_of(machine: &FakeMachine, user: u32) {
    let seat = format!("# This is private data.\nIS_SEAT0=1\nACTIVE=c1\nACTIVE_UID={user}\n");
    machine.write("run/systemd/seats/seat0", seat);
}

fn look(machine: &FakeMachine, user: u32, probe: impl Probe + 'static) -> HostKey {
    let user = User { id: user, groups: vec![user] };
    let keys = Host::new(machine.root(), user, Box::new(probe)).survey().unwrap();
    assert_eq!(keys.len(), 1, "{keys:?}");
    keys.into_iter().next().unwrap()
}

fn remedy(machine: &FakeMachine) -> Option<Remedy> {
    look(machine, ALICE, Refuses(EACCES)).remedy
}

fn denial(machine: &FakeMachine) -> Denial {
    match look(machine, ALICE, Refuses(EACCES)).access {
        Access::Denied(denial) => *denial,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_key_that_opens_needs_nothing() {
    let key = look(&desktop(), ALICE, Opens);
    assert_eq!((key.access, key.remedy), (Access::Permitted, None));
    assert_eq!(key.node.description.path, KeyPath("/dev/hidraw0".to_owned()));
}

#[test]
fn opening_has_other_ends() {
    let machine = desktop();
    let look = |errno| {
        let key = look(&machine, ALICE, Refuses(errno));
        (key.access, key.remedy)
    };
    assert_eq!(look(EBUSY), (Access::Busy, Some(Remedy::EndOtherProgram)));
    assert_eq!(look(ENODEV), (Access::NoNode, Some(Remedy::PassDeviceToContainer)));
    let (Access::Other { reason }, None) = look(EMFILE) else { panic!() };
    assert!(reason.contains("os error 24"), "{reason}");
}

#[test]
fn a_container_without_the_node_is_told_from_no_key() {
    let mut key = Device::key(0);
    key.node = false;
    let machine = FakeMachine::with(&[key]);
    let key = look(&machine, ALICE, Opens);
    assert_eq!(key.access, Access::NoNode);
    assert_eq!(key.remedy, Some(Remedy::PassDeviceToContainer));
}

#[test]
fn a_container_s_own_rules_are_told_from_the_node_s_mode() {
    let key = look(&desktop(), ALICE, Refuses(EPERM));
    let Access::Denied(denial) = key.access else { panic!() };
    assert_eq!(denial.refusal, Refusal::ByPolicy);
    assert_eq!(key.remedy, Some(Remedy::PassDeviceToContainer));
}

#[test]
fn the_facts_of_a_denial_are_gathered() {
    let machine = desktop();
    udev_record(&machine, TAGGED);
    seat_of(&machine, BOB);
    let denial = denial(&machine);
    assert_eq!(denial.refusal, Refusal::ByMode);
    assert_eq!(denial.rights.as_ref().unwrap().mode, 0o600);
    assert_eq!(denial.udev, Udev::Record(UdevRecord { fido_token: true, uaccess: true }));
    assert_eq!(denial.seat.active_user, Some(BOB));
    assert!(denial.rules.fido_id && denial.rules.uaccess && denial.rules.key_is_listed);
    assert_eq!(denial.rules.own, OwnRules::Absent);
    assert!(!denial.is_on_seat && !denial.is_root && !denial.in_container);
}

#[test]
fn someone_else_sits_there_or_nobody() {
    let machine = desktop();
    udev_record(&machine, TAGGED);
    assert_eq!(remedy(&machine), Some(Remedy::SitAtSeat { active_user: None }));
    seat_of(&machine, BOB);
    assert_eq!(remedy(&machine), Some(Remedy::SitAtSeat { active_user: Some(BOB) }));
}

#[test]
fn rules_are_missing() {
    let machine = desktop();
    for file in ["60-fido-id.rules", "70-uaccess.rules"] {
        fs::remove_file(machine.path(&format!("usr/lib/udev/rules.d/{file}"))).unwrap();
    }
    udev_record(&machine, UNTAGGED);
    seat_of(&machine, ALICE);
    assert_eq!(remedy(&machine), Some(Remedy::InstallRules));
    // fido_id alone recognises the key, and nothing gives it to anybody.
    machine.write("lib/udev/rules.d/60-fido-id.rules", FIDO_ID_RULES);
    assert_eq!(remedy(&machine), Some(Remedy::InstallRules));
}

#[test]
fn rules_are_there_and_were_not_applied() {
    let machine = desktop();
    seat_of(&machine, ALICE);
    // udev has not looked at it, or did before the rules came.
    assert_eq!(denial(&machine).udev, Udev::NoRecord);
    assert_eq!(remedy(&machine), Some(Remedy::TriggerRules));
    udev_record(&machine, UNTAGGED);
    assert_eq!(remedy(&machine), Some(Remedy::TriggerRules));
}

#[test]
fn our_rules_are_there_and_were_not_applied() {
    let machine = desktop();
    let rules = udev_rules::render(&udev_rules::parse(udev_rules::TABLE).unwrap());
    machine.write("etc/udev/rules.d/70-fidokey.rules", rules);
    for file in ["60-fido-id.rules", "70-uaccess.rules"] {
        machine.write(&format!("etc/udev/rules.d/{file}"), "");
    }
    udev_record(&machine, UNTAGGED);
    let denial = denial(&machine);
    assert!(!denial.rules.fido_id && !denial.rules.uaccess, "masked by empty files");
    assert_eq!(denial.rules.own, OwnRules::WithKey);
    assert_eq!(remedy(&machine), Some(Remedy::TriggerRules));
    // A link to /dev/null masks too.
    let ours = machine.path("etc/udev/rules.d/70-fidokey.rules");
    fs::remove_file(&ours).unwrap();
    symlink("/dev/null", &ours).unwrap();
    assert_eq!(remedy(&machine), Some(Remedy::InstallRules));
}

#[test]
fn the_group_of_our_rules_was_lost_or_never_given() {
    // Access lists that stock rules set before and that went with the seat leave mode 0600 behind.
    let machine = desktop();
    udev_record(&machine, TAGGED);
    machine.write("etc/udev/rules.d/70-fidokey.rules", "ENV{ID_FIDO_TOKEN}==\"1\"\n");
    machine.write("etc/group", "root:x:0:\n");
    assert_eq!(remedy(&machine), Some(Remedy::SitAtSeat { active_user: None }));
    machine.write("etc/group", "root:x:0:\nplugdev:x:46:\n");
    assert_eq!(remedy(&machine), Some(Remedy::TriggerRules));
}

#[test]
fn a_tag_from_a_rule_that_sorts_too_late_gives_nothing() {
    let machine = desktop();
    udev_record(&machine, TAGGED);
    seat_of(&machine, ALICE);
    assert_eq!(remedy(&machine), Some(Remedy::InstallRules));
    machine.write("etc/udev/rules.d/70-fidokey.rules", "ENV{ID_FIDO_TOKEN}==\"1\"\n");
    assert_eq!(remedy(&machine), Some(Remedy::TriggerRules));
}

#[test]
fn a_key_that_no_rule_knows_needs_a_rule_of_its_own() {
    let mut key = Device::key(0);
    (key.vendor_id, key.product_id) = (0xDEAD, 0xBEEF);
    let machine = machine(&key);
    fs::remove_file(machine.path("usr/lib/udev/rules.d/60-fido-id.rules")).unwrap();
    let add = Some(Remedy::AddRule { vendor_id: 0xDEAD, product_id: 0xBEEF });
    assert_eq!(remedy(&machine), add);
    machine.write("etc/udev/rules.d/70-fidokey.rules", "KERNELS==\"0003:1050:0407.*\"\n");
    assert_eq!(denial(&machine).rules.own, OwnRules::WithoutKey);
    assert_eq!(remedy(&machine), add);
}

#[test]
fn without_udev_rules_are_of_no_use() {
    let machine = desktop();
    fs::remove_dir_all(machine.path("run/udev")).unwrap();
    assert_eq!(denial(&machine).udev, Udev::Absent);
    assert_eq!(remedy(&machine), Some(Remedy::ChangeNode));
    machine.write("run/.containerenv", "");
    assert_eq!(remedy(&machine), Some(Remedy::PassDeviceToContainer));
}

#[test]
fn a_group_that_may_open_it_is_named() {
    let machine = desktop();
    let group = group_of_node(&machine);
    set_mode(&machine, 0o660);
    udev_record(&machine, TAGGED);
    if group == 0 {
        // Root's own group is no way in: its bits are the mask of an access list.
        assert_eq!(remedy(&machine), Some(Remedy::SitAtSeat { active_user: None }));
        std::os::unix::fs::chown(machine.path("dev/hidraw0"), None, Some(46)).unwrap();
    }
    let group = group_of_node(&machine);
    let named = |name: &str| name.to_owned();
    assert_eq!(remedy(&machine), Some(Remedy::JoinGroup { group: group.to_string() }));
    machine.write("etc/group", format!("plugdev:x:{group}:\n"));
    assert_eq!(remedy(&machine), Some(Remedy::JoinGroup { group: named("plugdev") }));
    machine.write("etc/group", format!("plugdev:x:{group}:bob,alice\n"));
    assert_eq!(remedy(&machine), Some(Remedy::LogInAgain { group: named("plugdev") }));
    let denial = denial(&machine);
    assert_eq!(denial.membership, Membership::AfterNextLogin);
    let group = Account { id: group, name: Some(named("plugdev")) };
    assert_eq!(denial.rights.unwrap().group, group);
}

#[test]
fn root_is_only_helped_in_a_container() {
    let machine = desktop();
    assert_eq!(look(&machine, 0, Refuses(EACCES)).remedy, None);
    machine.write(".dockerenv", "");
    let key = look(&machine, 0, Refuses(EACCES));
    assert_eq!(key.remedy, Some(Remedy::PassDeviceToContainer));
}

#[test]
fn one_key_among_several_is_looked_at_by_its_path() {
    let machine = FakeMachine::with(&[Device::keyboard(0), Device::key(1), Device::uhid(2)]);
    let user = User { id: ALICE, groups: Vec::new() };
    let host = Host::new(machine.root(), user, Box::new(Opens));
    let look = |path: &str| host.look_at_path(&KeyPath(path.to_owned())).unwrap();
    assert_eq!(look("/dev/hidraw2").unwrap().node.description.product_id, Some(0x5070));
    assert_eq!(look("/dev/hidraw0"), None);
    assert_eq!(host.nodes().unwrap().len(), 2);
}

#[test]
fn hostile_files_are_harmless() {
    let machine = desktop();
    let garbage: Vec<u8> = (0..=255).cycle().take(3_000_000).collect();
    for file in [
        "etc/passwd",
        "etc/group",
        "run/systemd/seats/seat0",
        "run/udev/data/c242:0",
        "usr/lib/udev/rules.d/60-fido-id.rules",
        "etc/udev/rules.d/70-fidokey.rules",
    ] {
        machine.write(file, &garbage);
        remedy(&machine);
        fs::remove_file(machine.path(file)).unwrap();
        remedy(&machine);
        fs::create_dir_all(machine.path(file)).unwrap();
        remedy(&machine);
    }
}

#[test]
fn the_real_probe_opens_and_never_writes() {
    let machine = desktop();
    machine.write("dev/hidraw0", "untouched");
    let probe = fidokey::host::OpenNode;
    probe.open(&machine.path("dev/hidraw0")).unwrap();
    assert_eq!(fs::read(machine.path("dev/hidraw0")).unwrap(), b"untouched");
    let missing = probe.open(&machine.path("dev/hidraw1")).unwrap_err();
    assert_eq!(missing.kind(), io::ErrorKind::NotFound);
    assert!(Host::this_machine().survey().is_ok());
}
