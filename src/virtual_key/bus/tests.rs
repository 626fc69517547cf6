use super::*;
use crate::transport::ConnectionError;
use crate::virtual_key::testing::{CBOR, Host, PATIENCE, get_assertion, make_credential};
use crate::virtual_key::{Contents, KeyName, ManualClock, Nobody, SeededRandomness};
use std::fs;
use std::sync::Arc;
use std::time::Instant;
use tempfile::TempDir;

const GET_INFO: &[u8] = &[0x04];
const RESET: &[u8] = &[0x07];

fn path(text: &str) -> KeyPath {
    KeyPath(text.to_owned())
}

fn work() -> KeyName {
    "work".parse().unwrap()
}

/// A directory with one lasting key, `work`.
fn lasting(touch: Touch) -> (TempDir, LastingKeys) {
    let place = tempfile::tempdir().unwrap();
    let keys = LastingKeys::new(place.path());
    keys.create(&work(), touch, None).unwrap();
    (place, keys)
}

fn surroundings(clock: &Arc<ManualClock>) -> Surroundings {
    Surroundings {
        clock: clock.clone(),
        randomness: SeededRandomness::new(5),
        touch_source: Arc::new(Nobody),
    }
}

/// A bus as a new process has it.
fn bus_over(keys: &LastingKeys) -> VirtualBus {
    VirtualBus::new(Some(keys.clone()), surroundings(&ManualClock::standing()), Touch::Auto)
}

fn empty_bus() -> VirtualBus {
    VirtualBus::new(None, surroundings(&ManualClock::standing()), Touch::Auto)
}

fn host(bus: &VirtualBus, at: &str) -> Host {
    Host::new(bus.open(&path(at)).unwrap())
}

fn contents(keys: &LastingKeys) -> Contents {
    keys.list().unwrap()[0].summary.as_ref().unwrap().contents
}

#[test]
fn lasting_keys_are_listed_and_marked_for_what_they_are() {
    let (_place, keys) = lasting(Touch::Auto);
    keys.create(&"home".parse().unwrap(), Touch::Auto, None).unwrap();
    let listed = bus_over(&keys).keys().unwrap();
    assert_eq!(
        listed,
        [VirtualBus::describe("virtual:home"), VirtualBus::describe("virtual:work")]
    );
    assert_eq!(listed[0].kind, KeyKind::Virtual);
    assert_eq!(
        listed[0].product.as_deref(),
        Some("OpenSK virtual key (not for protecting accounts)")
    );
    assert_eq!(empty_bus().keys().unwrap(), []);
}

#[test]
fn a_path_that_leads_nowhere() {
    let (_place, keys) = lasting(Touch::Auto);
    let bus = bus_over(&keys);
    for nowhere in ["", "virtual:", "virtual:none", "virtual:../work", "work", "/dev/hidraw0"] {
        let opened = bus.open(&path(nowhere)).err().unwrap();
        assert!(matches!(opened, OpenError::NotFound(at) if at == path(nowhere)), "{nowhere}");
        assert!(matches!(bus.replug(&path(nowhere)), Err(OpenError::NotFound(_))));
    }
    assert!(matches!(empty_bus().open(&path("virtual:work")), Err(OpenError::NotFound(_))));
}

#[test]
fn the_throw_away_key_lasts_as_long_as_the_bus() {
    let bus = empty_bus();
    assert_eq!(host(&bus, "virtual").status(&make_credential("example.org", b"me", true)), 0);
    assert_eq!(host(&bus, "virtual").status(&get_assertion("example.org")), 0);
    assert_eq!(bus.replug(&path("virtual")).unwrap(), Replug::Done);
    assert_eq!(host(&bus, "virtual").status(&get_assertion("example.org")), 0);
    assert_eq!(host(&empty_bus(), "virtual").status(&get_assertion("example.org")), 0x2e);
}

#[test]
fn a_lasting_key_lasts() {
    let (_place, keys) = lasting(Touch::Auto);
    let registered =
        host(&bus_over(&keys), "virtual:work").status(&make_credential("example.org", b"me", true));
    assert_eq!(registered, 0);
    assert_eq!(contents(&keys).credentials, 1);
    let bus = bus_over(&keys);
    assert_eq!(host(&bus, "virtual:work").status(&get_assertion("example.org")), 0);
    assert_eq!(bus.replug(&path("virtual:work")).unwrap(), Replug::Done);
    assert_eq!(host(&bus, "virtual:work").status(RESET), 0);
    drop(bus);
    assert_eq!(contents(&keys).credentials, 0);
    let asserted = host(&bus_over(&keys), "virtual:work").status(&get_assertion("example.org"));
    assert_eq!(asserted, 0x2e);
}

#[test]
fn a_lasting_key_is_touched_as_its_state_says() {
    let (_place, keys) = lasting(Touch::Refuse);
    assert_eq!(host(&bus_over(&keys), "virtual:work").status(&[0x0b]), 0x27);
}

#[test]
fn a_lasting_key_is_held_until_the_bus_is_dropped() {
    let (_place, keys) = lasting(Touch::Auto);
    let (first, second) = (bus_over(&keys), bus_over(&keys));
    drop(host(&first, "virtual:work"));
    assert!(matches!(second.open(&path("virtual:work")), Err(OpenError::InUse { .. })));
    first.replug(&path("virtual:work")).unwrap();
    assert!(matches!(second.open(&path("virtual:work")), Err(OpenError::InUse { .. })));
    drop(first);
    assert!(second.open(&path("virtual:work")).is_ok());
}

#[test]
fn what_was_told_is_on_disk() {
    let (_place, keys) = lasting(Touch::Auto);
    let bus = bus_over(&keys);
    let mut host = host(&bus, "virtual:work");
    assert_eq!(host.set_pin("1234"), 0);
    assert!(contents(&keys).pin_is_set);
    assert_eq!(host.pin_token("4321"), Err(0x31));
    assert_eq!(contents(&keys).pin_retries, 7);
    assert_eq!(host.pin_token("4321"), Err(0x31));
    assert_eq!(contents(&keys).pin_retries, 6);
    assert!(host.pin_token("1234").is_ok());
    assert_eq!(contents(&keys).pin_retries, 8);
}

#[test]
fn retries_never_rise_over_new_processes() {
    let (_place, keys) = lasting(Touch::Auto);
    assert_eq!(host(&bus_over(&keys), "virtual:work").set_pin("1234"), 0);
    for left in (0..8).rev() {
        let bus = bus_over(&keys);
        let mut host = host(&bus, "virtual:work");
        let status = if left == 0 { 0x32 } else { 0x31 };
        assert_eq!(host.pin_token("4321"), Err(status));
        assert_eq!(contents(&keys).pin_retries, left);
        drop(host);
        drop(bus);
        assert_eq!(self::host(&bus_over(&keys), "virtual:work").pin_retries(), left);
    }
    let blocked = host(&bus_over(&keys), "virtual:work").pin_token("1234");
    assert_eq!(blocked, Err(0x32), "the right PIN is too late");
}

#[test]
fn only_changes_are_written() {
    use std::os::unix::fs::MetadataExt;
    let (_place, keys) = lasting(Touch::Auto);
    let bus = bus_over(&keys);
    let mut host = host(&bus, "virtual:work");
    // Every write is a new file.
    let file = || fs::metadata(keys.state_path(&work())).unwrap().ino();
    let before = file();
    for _ in 0..3 {
        assert_eq!(host.status(GET_INFO), 0);
        assert_eq!(host.pin_retries(), 8);
    }
    assert_eq!(file(), before);
    assert_eq!(host.status(&make_credential("example.org", b"me", true)), 0);
    assert_ne!(file(), before);
}

#[test]
fn a_state_that_cannot_be_written_is_told_and_nothing_else_is() {
    let (_place, keys) = lasting(Touch::Auto);
    let bus = bus_over(&keys);
    assert_eq!(host(&bus, "virtual:work").set_pin("1234"), 0);
    let mut host = host(&bus, "virtual:work");
    // Not even root can write a file where a directory is.
    let obstacle = keys.directory().join(".work.new");
    fs::create_dir(&obstacle).unwrap();
    let error = host.transact(CBOR, &make_credential("example.org", b"me", false)).unwrap_err();
    assert!(matches!(error, ConnectionError::Refused { .. }));
    assert!(error.to_string().contains("its state could not be written"), "{error}");
    drop(host);
    fs::remove_dir(&obstacle).unwrap();
    let mut host = self::host(&bus, "virtual:work");
    assert_eq!(host.status(&make_credential("example.org", b"me", false)), 0);
    assert_eq!(contents(&keys), Contents { credentials: 0, pin_is_set: true, pin_retries: 8 });
}

#[test]
fn no_guess_is_free_when_the_state_cannot_be_written() {
    let (_place, keys) = lasting(Touch::Auto);
    let bus = bus_over(&keys);
    assert_eq!(host(&bus, "virtual:work").set_pin("1234"), 0);
    fs::create_dir(keys.directory().join(".work.new")).unwrap();
    for guess in ["1234", "4321"] {
        let mut host = host(&bus, "virtual:work");
        let (_, request) = host.pin_token_request(guess);
        let error = host.transact(CBOR, &request).unwrap_err();
        assert!(error.to_string().contains("could not be written"), "{error}");
    }
}

#[test]
fn a_damaged_state_is_an_error_with_a_reason() {
    let (_place, keys) = lasting(Touch::Auto);
    fs::write(keys.state_path(&work()), b"{}").unwrap();
    let bus = bus_over(&keys);
    let error = bus.open(&path("virtual:work")).err().unwrap();
    assert!(matches!(&error, OpenError::State { .. }), "{error}");
    assert!(error.to_string().starts_with(
        "the state of virtual:work cannot be used: it is damaged, or not the state of a key"
    ));
    assert_eq!(fs::read(keys.state_path(&work())).unwrap(), b"{}");
    assert_eq!(bus.keys().unwrap().len(), 1, "it is still listed");
}

fn plugged_key(clock: &Arc<ManualClock>) -> VirtualKey {
    let description = KeyDescription {
        kind: KeyKind::Hid,
        serial_number: Some("A1".to_owned()),
        ..VirtualBus::describe("/dev/hidraw7")
    };
    VirtualKey::volatile(description, KeySettings::default(), Touch::Auto, surroundings(clock))
}

#[test]
fn a_key_plugged_in_by_hand_is_what_it_says() {
    let clock = ManualClock::standing();
    let key = plugged_key(&clock);
    let bus = VirtualBus::new(None, surroundings(&clock), Touch::Auto);
    bus.plug(&key).unwrap();
    assert_eq!(bus.keys().unwrap(), [key.description().clone()]);
    assert_eq!(host(&bus, "/dev/hidraw7").status(GET_INFO), 0);
    clock.advance(std::time::Duration::from_secs(11));
    assert_eq!(host(&bus, "/dev/hidraw7").status(RESET), 0x30, "plugged in too long ago");
    bus.replug(&path("/dev/hidraw7")).unwrap();
    assert_eq!(host(&bus, "/dev/hidraw7").status(RESET), 0);
    bus.unplug(&path("/dev/hidraw7"));
    assert_eq!(bus.keys().unwrap(), []);
    assert!(matches!(bus.open(&path("/dev/hidraw7")), Err(OpenError::NotFound(_))));
}

#[test]
fn plugging_in_ends_the_wait_for_a_change() {
    let clock = ManualClock::standing();
    let bus = Arc::new(VirtualBus::new(None, surroundings(&clock), Touch::Auto));
    let start = Instant::now();
    let waiting = std::thread::spawn({
        let bus = bus.clone();
        move || bus.wait_for_change(PATIENCE)
    });
    bus.plug(&plugged_key(&clock)).unwrap();
    waiting.join().unwrap();
    assert!(start.elapsed() < PATIENCE);
    let start = Instant::now();
    bus.wait_for_change(Duration::from_millis(20));
    assert!(start.elapsed() >= Duration::from_millis(20), "there was no other change");
}

/// Where the victim of the kills finds its key.
const KILLED_KEYS: &str = "FIDOKEY_TEST_KILLED_KEYS";

/// Uses a lasting key without end, and says what the key said.
///
/// Run and killed by `a_kill_at_any_moment_loses_nothing_that_was_told`; without its word, nothing
/// happens.
#[test]
fn victim_of_kills() {
    let Some(directory) = std::env::var_os(KILLED_KEYS) else {
        return;
    };
    let keys = LastingKeys::new(directory);
    let user = contents(&keys).credentials.to_be_bytes();
    let surroundings = Surroundings::real();
    let bus = VirtualBus::new(Some(keys), surroundings, Touch::Auto);
    let mut host = host(&bus, "virtual:work");
    println!("\nretries {}", host.pin_retries());
    if host.pin_token("4321").is_err() {
        println!("\nretries {}", host.pin_retries());
    }
    for number in 0..30_u32 {
        let user = [&user[..], &number.to_be_bytes()].concat();
        if host.status(&make_credential("example.org", &user, true)) == 0 {
            println!("\nmade");
        }
    }
}

#[test]
fn a_kill_at_any_moment_loses_nothing_that_was_told() {
    use std::io::Read;
    use std::process::{Command, Stdio};

    let (place, keys) = lasting(Touch::Auto);
    let random = SeededRandomness::new(11);
    let mut made = 0;
    let mut pin_was_set = false;
    for round in 0..24 {
        let mut victim = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "virtual_key::bus::tests::victim_of_kills"])
            .arg("--nocapture")
            .env(KILLED_KEYS, place.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut drawn = [0; 1];
        crate::virtual_key::Randomness::fill(&*random, &mut drawn).unwrap();
        std::thread::sleep(Duration::from_millis(2 + u64::from(drawn[0]) / 3));
        victim.kill().unwrap();
        victim.wait().unwrap();
        let mut said = String::new();
        victim.stdout.take().unwrap().read_to_string(&mut said).unwrap();

        made += said.lines().filter(|line| *line == "made").count();
        let retries = said.lines().filter_map(|line| line.strip_prefix("retries ")).next_back();
        let found = contents(&keys);
        assert!(found.credentials >= made, "round {round}: {found:?}, {made} were told");
        made = found.credentials;
        if let Some(retries) = retries {
            assert!(found.pin_retries <= retries.parse().unwrap(), "round {round}: {found:?}");
        }
        let bus = bus_over(&keys);
        let mut host = host(&bus, "virtual:work");
        assert_eq!(host.status(GET_INFO), 0);
        if !pin_was_set && round == 4 {
            // Registering then needs a PIN; what is left to kill are wrong PINs.
            assert_eq!(host.set_pin("1234"), 0);
            pin_was_set = true;
        }
    }
    assert!(made > 0, "no victim lived long enough");
    assert!(contents(&keys).pin_retries < 8, "no victim lived long enough");
}
