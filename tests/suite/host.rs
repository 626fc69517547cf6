//! Keys that may not be opened, why, and what mends it, on fake machines.

use crate::fake_machine::{Device, FakeMachine};
use fidokey::host::{
    Access, Account, Admission, Container, Denial, Holder, Host, HostKey, Hypervisor, LateRules,
    Membership, Obstacle, OwnRules, Probe, Refusal, Remedy, SuspectReason, Udev, UdevRecord, User,
    udev_rules,
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

/// Looks at every key.
fn survey(host: &Host) -> io::Result<Vec<HostKey>> {
    Ok(host.nodes()?.into_iter().map(|node| host.look_at(node)).collect())
}

fn look(machine: &FakeMachine, user: u32, probe: impl Probe + 'static) -> HostKey {
    let user = User { id: user, groups: vec![user] };
    let keys = survey(&Host::new(machine.root(), user, Box::new(probe))).unwrap();
    assert_eq!(keys.len(), 1, "{keys:?}");
    keys.into_iter().next().unwrap()
}

fn remedy(machine: &FakeMachine) -> Option<Remedy> {
    look(machine, ALICE, Refuses(EACCES)).remedy
}

fn obstacle(machine: &FakeMachine) -> Option<Obstacle> {
    look(machine, ALICE, Refuses(EACCES)).obstacle
}

fn alice() -> Account {
    Account { id: ALICE, name: Some("alice".to_owned()) }
}

/// What Alice needs on this machine, where she is in no group.
fn admission(machine: &FakeMachine) -> Admission {
    let groups = fs::read_to_string(machine.path("etc/group")).unwrap_or_default();
    Admission { user: alice(), make_group: !groups.contains("plugdev:"), join: true }
}

fn sit(active_user: Option<Account>, admission: Admission) -> Option<Remedy> {
    Some(Remedy::SitAtSeat { active_user, admission })
}

fn pass_on(container: Option<Container>) -> Option<Remedy> {
    Some(Remedy::PassDeviceToContainer { container })
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
    assert_eq!(look(ENODEV), (Access::NoNode, pass_on(None)));
    let (Access::Other { reason }, None) = look(EMFILE) else { panic!() };
    assert!(reason.contains("os error 24"), "{reason}");
}

#[test]
fn a_container_without_the_node_is_told_from_no_key() {
    let mut key = Device::key(0);
    key.node = false;
    let machine = FakeMachine::with(&[key]);
    let key = look(&machine, ALICE, Opens);
    assert_eq!((key.access, key.obstacle), (Access::NoNode, Some(Obstacle::Container)));
    assert_eq!(key.remedy, pass_on(None));
}

#[test]
fn a_container_s_own_rules_are_told_from_the_node_s_mode() {
    let key = look(&desktop(), ALICE, Refuses(EPERM));
    let Access::Denied(denial) = key.access else { panic!() };
    assert_eq!(denial.refusal, Refusal::ByPolicy);
    assert_eq!(key.remedy, pass_on(None));
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
    assert_eq!(denial.seat.active_user, Some(Account { id: BOB, name: None }));
    assert_eq!(denial.user, alice());
    assert!(denial.rules.fido_id && denial.rules.uaccess && denial.rules.key_is_listed);
    assert_eq!(denial.rules.own, OwnRules::Absent);
    assert!(!denial.is_on_seat && !denial.is_root && denial.container.is_none());
}

#[test]
fn someone_else_sits_there_or_nobody() {
    let machine = desktop();
    udev_record(&machine, TAGGED);
    assert_eq!(obstacle(&machine), Some(Obstacle::NobodyAtSeat));
    assert_eq!(remedy(&machine), sit(None, admission(&machine)));
    seat_of(&machine, BOB);
    machine.write("etc/group", "root:x:0:\nplugdev:x:46:alice\n");
    assert_eq!(obstacle(&machine), Some(Obstacle::SomebodyElseAtSeat));
    let bob = Account { id: BOB, name: None };
    let needs_rules_alone = Admission { user: alice(), make_group: false, join: false };
    assert_eq!(remedy(&machine), sit(Some(bob), needs_rules_alone));
}

#[test]
fn a_group_is_shut_out_by_the_access_list_of_who_sits_there() {
    // As a kernel has it when rules let a group in while the key is plugged in: the mode shows the
    // list's mask, and the group's own part of the list stays empty.
    let machine = desktop();
    udev_record(&machine, TAGGED);
    seat_of(&machine, BOB);
    let rules = udev_rules::render(&udev_rules::parse(udev_rules::TABLE).unwrap());
    machine.write("etc/udev/rules.d/70-fidokey.rules", rules);
    machine.write("etc/group", "root:x:0:\nplugdev:x:46:alice\n");
    assert_eq!(obstacle(&machine), Some(Obstacle::RuleNotApplied));
    assert_eq!(remedy(&machine), Some(Remedy::Replug), "udev would not change the list's group");
    // As root the tests may give the node to any group; others have one that is not root's.
    let _ = std::os::unix::fs::chown(machine.path("dev/hidraw0"), None, Some(46));
    set_mode(&machine, 0o660);
    let user = User { id: ALICE, groups: vec![group_of_node(&machine)] };
    let host = Host::new(machine.root(), user, Box::new(Refuses(EACCES)));
    let key = survey(&host).unwrap().into_iter().next().unwrap();
    assert_eq!((key.obstacle, key.remedy), (Some(Obstacle::AccessList), Some(Remedy::Replug)));
}

#[test]
fn rules_are_missing() {
    let machine = desktop();
    for file in ["60-fido-id.rules", "70-uaccess.rules"] {
        fs::remove_file(machine.path(&format!("usr/lib/udev/rules.d/{file}"))).unwrap();
    }
    udev_record(&machine, UNTAGGED);
    seat_of(&machine, ALICE);
    let install = Some(Remedy::InstallRules { admission: None });
    assert_eq!(remedy(&machine), install);
    // fido_id alone recognises the key, and nothing gives it to anybody.
    machine.write("lib/udev/rules.d/60-fido-id.rules", FIDO_ID_RULES);
    assert_eq!(remedy(&machine), install);
    assert_eq!(obstacle(&machine), Some(Obstacle::NoRule));
    // Without a seat, the group is needed too.
    fs::remove_file(machine.path("run/systemd/seats/seat0")).unwrap();
    let admission = Some(admission(&machine));
    assert_eq!(remedy(&machine), Some(Remedy::InstallRules { admission }));
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
    // Without a seat they help only through the group.
    machine.write("etc/group", "root:x:0:\n");
    assert_eq!(obstacle(&machine), Some(Obstacle::NobodyAtSeat));
    machine.write("etc/group", "root:x:0:\nplugdev:x:46:\n");
    assert_eq!(remedy(&machine), Some(Remedy::TriggerRules));
    machine.write("etc/group", "root:x:0:\n");
    seat_of(&machine, ALICE);
    assert_eq!(remedy(&machine), Some(Remedy::TriggerRules));
    // A link to /dev/null masks too.
    let ours = machine.path("etc/udev/rules.d/70-fidokey.rules");
    fs::remove_file(&ours).unwrap();
    symlink("/dev/null", &ours).unwrap();
    assert!(matches!(remedy(&machine), Some(Remedy::InstallRules { .. })));
}

#[test]
fn the_group_of_our_rules_was_lost_or_never_given() {
    // Access lists that stock rules set before and that went with the seat leave mode 0600 behind.
    let machine = desktop();
    udev_record(&machine, TAGGED);
    let ours = "ENV{ID_FIDO_TOKEN}==\"1\", TAG+=\"uaccess\", GROUP=\"plugdev\"\n";
    machine.write("etc/udev/rules.d/70-fidokey.rules", ours);
    machine.write("etc/group", "root:x:0:\n");
    let without_group = Admission { user: alice(), make_group: true, join: true };
    assert_eq!(remedy(&machine), sit(None, without_group));
    machine.write("etc/group", "root:x:0:\nplugdev:x:46:\n");
    assert_eq!(remedy(&machine), Some(Remedy::TriggerRules));
}

#[test]
fn a_tag_from_a_rule_that_sorts_too_late_gives_nothing() {
    let machine = desktop();
    fs::remove_file(machine.path("usr/lib/udev/rules.d/60-fido-id.rules")).unwrap();
    udev_record(&machine, "I:1\nG:uaccess\nQ:uaccess\nV:1\n");
    seat_of(&machine, ALICE);
    let late = "KERNELS==\"0003:1050:0407.*\", TAG+=\"uaccess\"\n";
    machine.write("etc/udev/rules.d/99-my-key.rules", late);
    let moved = |file: &str, better: &str, is_own| {
        let (file, better) = (file.to_owned(), better.to_owned());
        Some(Remedy::MoveRules(LateRules { file, better, is_own }))
    };
    assert_eq!(obstacle(&machine), Some(Obstacle::RuleTooLate));
    let better = "/etc/udev/rules.d/70-my-key.rules";
    assert_eq!(remedy(&machine), moved("/etc/udev/rules.d/99-my-key.rules", better, true));
    fs::rename(
        machine.path("etc/udev/rules.d/99-my-key.rules"),
        machine.path("usr/lib/udev/rules.d/99-my-key.rules"),
    )
    .unwrap();
    assert_eq!(remedy(&machine), moved("/usr/lib/udev/rules.d/99-my-key.rules", better, false));
    // In time, and not applied yet.
    machine.write("etc/udev/rules.d/70-my-key.rules", late);
    assert_eq!(obstacle(&machine), Some(Obstacle::RuleNotApplied));
    assert_eq!(remedy(&machine), Some(Remedy::TriggerRules));
}

/// Without systemd's rules, udev's record as given, and this project's rules in a file of this name.
fn with_our_rules_as(name: &str, record: &str) -> FakeMachine {
    let machine = desktop();
    for file in ["60-fido-id.rules", "70-uaccess.rules"] {
        machine.write(&format!("etc/udev/rules.d/{file}"), "");
    }
    udev_record(&machine, record);
    machine.write(&format!("etc/udev/rules.d/{name}"), udev_rules::rules_with([]));
    machine
}

/// Moves `99-keys.rules` to where it has an effect.
fn moved() -> Option<Remedy> {
    let (file, better) = ("/etc/udev/rules.d/99-keys.rules", "/etc/udev/rules.d/70-keys.rules");
    let late = LateRules { file: file.to_owned(), better: better.to_owned(), is_own: true };
    Some(Remedy::MoveRules(late))
}

#[test]
fn our_rules_under_a_name_that_sorts_too_late() {
    let machine = with_our_rules_as("99-keys.rules", "I:1\nG:uaccess\nQ:uaccess\nV:1\n");
    seat_of(&machine, ALICE);
    assert_eq!(denial(&machine).rules.own, OwnRules::Absent, "none that is read in time");
    assert_eq!((obstacle(&machine), remedy(&machine)), (Some(Obstacle::RuleTooLate), moved()));
    // Their group has an effect all the same; at the seat the name is what has to be mended.
    machine.write("etc/group", "root:x:0:\nplugdev:x:46:\n");
    let _ = std::os::unix::fs::chown(machine.path("dev/hidraw0"), None, Some(46));
    set_mode(&machine, 0o660);
    if group_of_node(&machine) != 0 {
        assert_eq!((obstacle(&machine), remedy(&machine)), (Some(Obstacle::RuleTooLate), moved()));
        fs::remove_file(machine.path("run/systemd/seats/seat0")).unwrap();
        assert_eq!(obstacle(&machine), Some(Obstacle::NotInGroup));
    }
}

#[test]
fn our_rules_under_another_name_that_were_not_applied() {
    let machine = with_our_rules_as("71-keys.rules", UNTAGGED);
    machine.write("etc/group", "root:x:0:\nplugdev:x:46:\n");
    assert_eq!(denial(&machine).rules.own, OwnRules::WithKey);
    assert_eq!(remedy(&machine), Some(Remedy::TriggerRules), "the group needs no seat");
    seat_of(&machine, ALICE);
    assert_eq!(remedy(&machine), Some(Remedy::TriggerRules));
}

#[test]
fn a_tag_without_access_at_the_seat_came_too_late_whoever_set_it() {
    let machine = with_our_rules_as("99-keys.rules", "I:1\nG:uaccess\nQ:uaccess\nV:1\n");
    seat_of(&machine, ALICE);
    machine.write("etc/udev/rules.d/99-keys.rules", "LABEL=\"x\"\nTAG+=\"uaccess\"\n");
    assert_eq!(denial(&machine).rules.late, None);
    assert_eq!(obstacle(&machine), Some(Obstacle::RuleTooLate));
    assert_eq!(remedy(&machine), Some(Remedy::InstallRules { admission: None }));
}

#[test]
fn a_rule_that_sorts_too_late_gives_nothing_to_a_seat_either() {
    let machine = with_our_rules_as("99-keys.rules", "I:1\nG:uaccess\nQ:uaccess\nV:1\n");
    let late = "KERNELS==\"0003:1050:0407.*\", TAG+=\"uaccess\"\n";
    machine.write("etc/udev/rules.d/99-keys.rules", late);
    assert_eq!(obstacle(&machine), Some(Obstacle::NoRule));
    let admission = Some(admission(&machine));
    assert_eq!(remedy(&machine), Some(Remedy::InstallRules { admission }));
}

#[test]
fn a_key_that_no_rule_knows_needs_a_rule_of_its_own() {
    let mut key = Device::key(0);
    (key.vendor_id, key.product_id) = (0xDEAD, 0xBEEF);
    let machine = machine(&key);
    fs::remove_file(machine.path("usr/lib/udev/rules.d/60-fido-id.rules")).unwrap();
    let admission = Some(admission(&machine));
    let add = Some(Remedy::AddRule { vendor_id: 0xDEAD, product_id: 0xBEEF, admission });
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
    assert_eq!(remedy(&machine), Some(Remedy::ChangeNode { user: alice() }));
    machine.write("run/.containerenv", "");
    assert_eq!(remedy(&machine), pass_on(Some(Container::Podman)));
}

#[test]
fn a_group_that_may_open_it_is_named() {
    let machine = desktop();
    let group = group_of_node(&machine);
    set_mode(&machine, 0o660);
    udev_record(&machine, TAGGED);
    if group == 0 {
        // Root's own group is no way in: its bits are the mask of an access list.
        assert_eq!(remedy(&machine), sit(None, admission(&machine)));
        std::os::unix::fs::chown(machine.path("dev/hidraw0"), None, Some(46)).unwrap();
    }
    let group = group_of_node(&machine);
    let named = |name: &str| name.to_owned();
    let join = |group| Some(Remedy::JoinGroup { group, user: alice() });
    machine.write("etc/group", "");
    assert_eq!(remedy(&machine), join(group.to_string()));
    machine.write("etc/group", format!("plugdev:x:{group}:\n"));
    assert_eq!(remedy(&machine), join(named("plugdev")));
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
    assert_eq!(key.remedy, pass_on(Some(Container::Docker)));
}

#[test]
fn one_key_among_several_is_looked_at_by_its_path() {
    let machine = FakeMachine::with(&[Device::keyboard(0), Device::key(1), Device::uhid(2)]);
    let user = User { id: ALICE, groups: Vec::new() };
    let host = Host::new(machine.root(), user, Box::new(Opens));
    let nodes = host.nodes().unwrap();
    let node = |path: &str| nodes.iter().find(|node| node.description.path.0 == path);
    assert_eq!(host.look_at(node("/dev/hidraw2").unwrap().clone()).node, nodes[1]);
    assert_eq!(nodes[1].description.product_id, Some(0x5070));
    assert!(node("/dev/hidraw0").is_none() && nodes.len() == 2);
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
    assert!(survey(&Host::this_machine()).is_ok());
}

/// A USB device without a hidraw device, with the classes of its interfaces.
fn usb_device(machine: &FakeMachine, port: &str, ids: (u16, u16), interfaces: &[(&str, bool)]) {
    let device = format!("sys/bus/usb/devices/{port}");
    machine.write(&format!("{device}/idVendor"), format!("{:04x}\n", ids.0));
    machine.write(&format!("{device}/idProduct"), format!("{:04x}\n", ids.1));
    machine.write(&format!("{device}/product"), "Thing\n");
    machine.write(&format!("{device}/authorized"), "1\n");
    for (number, (class, has_driver)) in interfaces.iter().enumerate() {
        for place in [format!("{device}/{port}:1.{number}"), format!("{device}:1.{number}")] {
            machine.write(&format!("{place}/bInterfaceClass"), format!("{class}\n"));
            if *has_driver {
                machine.write(&format!("{place}/driver/module"), "");
            }
        }
    }
}

#[test]
fn usb_devices_that_may_be_keys_are_found() {
    let machine = desktop();
    let host = || Host::new(machine.root(), User { id: ALICE, groups: vec![] }, Box::new(Opens));
    assert_eq!(host().suspects(&[]), []);
    assert!(!host().has_unserved_hid_interface());
    machine.write("sys/bus/usb/drivers/usbhid/module", "");
    // A YubiKey without its FIDO side, a keyboard, the key that is known, and a listed model.
    usb_device(&machine, "1-1", (0x1050, 0x0405), &[("03", true), ("0b", false)]);
    usb_device(&machine, "1-4", (0x046d, 0xc31c), &[("03", true)]);
    usb_device(&machine, "1-2.3", (0x1050, 0x0407), &[("03", true)]);
    usb_device(&machine, "1-3", (0x349e, 0x0010), &[("03", true), ("03", false)]);
    usb_device(&machine, "1-5", (0x096e, 0x0850), &[]);
    machine.write("sys/bus/usb/devices/1-5/authorized", "0\n");
    machine.write("sys/bus/usb/devices/usb1/idVendor", "1050\n");
    let keys = host().nodes().unwrap();
    let suspects = host().suspects(&keys);
    let seen: Vec<_> = suspects.iter().map(|it| (it.port.as_str(), &it.reason)).collect();
    let no_driver = SuspectReason::NoDriver { interface: "1-3:1.1".to_owned(), is_loaded: true };
    assert_eq!(
        seen,
        [
            ("1-1", &SuspectReason::NoFidoInterface),
            ("1-3", &no_driver),
            ("1-5", &SuspectReason::NotAuthorized),
        ]
    );
    assert_eq!(suspects[0].product.as_deref(), Some("Thing"));
    assert!(host().has_unserved_hid_interface());
}

#[test]
fn machines_are_told_apart() {
    let machine = |files: &[(&str, &str)]| {
        let machine = FakeMachine::new();
        files.iter().for_each(|(path, text)| machine.write(path, text));
        let user = User { id: ALICE, groups: vec![] };
        Host::new(machine.root(), user, Box::new(Opens)).machine()
    };
    let bare = machine(&[]);
    assert_eq!((&bare.container, bare.hypervisor), (&None, None));
    assert!(bare.has_hidraw && !bare.has_usb && !bare.has_usbhid);
    let container = |files| machine(files).container.unwrap();
    assert_eq!(container(&[(".dockerenv", "")]), Container::Docker);
    assert_eq!(container(&[("run/.containerenv", "")]), Container::Podman);
    assert_eq!(container(&[("run/systemd/container", "docker\n")]), Container::Docker);
    assert_eq!(container(&[("run/systemd/container", "lxc-libvirt")]), Container::Lxc);
    assert_eq!(container(&[("run/systemd/container", "rkt")]), Container::Other("rkt".to_owned()));
    let release = "5.15.153.1-microsoft-standard-WSL2\n";
    assert_eq!(container(&[("proc/sys/kernel/osrelease", release)]), Container::Wsl);
    let hypervisor = |vendor: &str, product: &str| {
        let files =
            [("sys/class/dmi/id/sys_vendor", vendor), ("sys/class/dmi/id/product_name", product)];
        machine(&files).hypervisor
    };
    assert_eq!(hypervisor("QEMU\n", "Standard PC\n"), Some(Hypervisor::Qemu));
    assert_eq!(hypervisor("innotek GmbH\n", "VirtualBox\n"), Some(Hypervisor::VirtualBox));
    assert_eq!(hypervisor("Microsoft Corporation", "Virtual Machine"), Some(Hypervisor::HyperV));
    assert_eq!(hypervisor("Microsoft Corporation", "Surface Pro"), None);
    assert_eq!(hypervisor("Amazon EC2\n", "t3.micro\n"), Some(Hypervisor::Cloud));
    assert_eq!(hypervisor("LENOVO\n", "20XW\n"), None);
    let flags = "processor : 0\nflags\t\t: fpu sse hypervisor lm\n";
    assert_eq!(machine(&[("proc/cpuinfo", flags)]).hypervisor, Some(Hypervisor::Other));
    assert_eq!(machine(&[("sys/hypervisor/type", "xen\n")]).hypervisor, Some(Hypervisor::Xen));
}

#[test]
fn who_has_a_key_open_is_found() {
    let machine = desktop();
    let user = User { id: ALICE, groups: vec![] };
    let host = Host::new(machine.root(), user, Box::new(Opens));
    let key = KeyPath("/dev/hidraw0".to_owned());
    assert_eq!(host.holders(&key), []);
    let open = |process: u32, target: &str| {
        machine.write(&format!("proc/{process}/comm"), format!("prog{process}\n"));
        fs::create_dir_all(machine.path(&format!("proc/{process}/fd"))).unwrap();
        symlink(target, machine.path(&format!("proc/{process}/fd/3"))).unwrap();
    };
    open(7001, "/dev/hidraw0");
    open(7002, "/dev/hidraw1");
    open(300, "/dev/hidraw0");
    open(std::process::id(), "/dev/hidraw0");
    machine.write("proc/version", "Linux");
    let holder = |process| Holder { process, name: format!("prog{process}") };
    assert_eq!(host.holders(&key), [holder(300), holder(7001)]);
}
