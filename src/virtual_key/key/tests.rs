use super::*;
use crate::transport::{Clock, KeyPath};
use crate::virtual_key::testing::{
    Answer, CANCEL, CBOR, Host, PATIENCE, get_assertion, make_credential,
};
use crate::virtual_key::{
    Attestation, AttestationKey, ManualClock, Nobody, Randomness, RandomnessError,
    SeededRandomness, TouchButton, TouchSource, VirtualBus,
};
use std::time::Instant;

const SELECTION: &[u8] = &[0x0b];
const GET_INFO: &[u8] = &[0x04];
const RESET: &[u8] = &[0x07];

fn surroundings(clock: &Arc<ManualClock>) -> Surroundings {
    Surroundings {
        clock: clock.clone(),
        randomness: SeededRandomness::new(1),
        touch_source: Arc::new(Nobody),
    }
}

fn key_in(touch: Touch, surroundings: Surroundings) -> VirtualKey {
    let description = VirtualBus::describe("virtual");
    VirtualKey::volatile(description, KeySettings::default(), touch, surroundings)
}

fn key(touch: Touch, clock: &Arc<ManualClock>) -> VirtualKey {
    key_in(touch, surroundings(clock))
}

fn key_with(settings: KeySettings) -> VirtualKey {
    let description = VirtualBus::describe("virtual");
    let clock = ManualClock::standing();
    VirtualKey::volatile(description, settings, Touch::Auto, surroundings(&clock))
}

fn host(key: &VirtualKey) -> Host {
    Host::new(key.open().unwrap())
}

/// Whether `part` is somewhere in `whole`.
fn contains(whole: &[u8], part: &[u8]) -> bool {
    whole.windows(part.len()).any(|window| window == part)
}

#[test]
fn it_says_what_it_is() {
    let key = key(Touch::Auto, &ManualClock::standing());
    let info = host(&key).cbor(GET_INFO);
    assert_eq!(info[0], 0);
    assert!(contains(&info, b"hFIDO_2_1"));
    assert!(contains(&info, &[0x06, 0x82, 0x02, 0x01]), "protocols two and one");
}

#[test]
fn it_is_what_it_was_set_to_be() {
    let settings = KeySettings {
        aaguid: *b"a model of a key",
        allows_pin_protocol_one: false,
        max_credential_count_in_list: Some(3),
        min_pin_length: 6,
        always_uv: true,
        ..KeySettings::default()
    };
    let key = key_with(settings);
    let info = host(&key).cbor(GET_INFO);
    assert!(contains(&info, b"a model of a key"));
    assert!(contains(&info, &[0x06, 0x81, 0x02]), "protocol two alone");
    assert!(contains(&info, &[0x07, 0x03]));
    assert!(contains(&info, &[0x0d, 0x06]));
    assert!(contains(&info, b"halwaysUv\xf5"));
}

#[test]
fn it_holds_as_many_credentials_as_it_was_set_to() {
    let key = key_with(KeySettings { max_resident_keys: 2, ..KeySettings::default() });
    let mut host = host(&key);
    let mut register = |user: u8| host.status(&make_credential("example.org", &[user], true));
    assert_eq!([register(1), register(2), register(3)], [0, 0, 0x28]);
    assert_eq!(key.contents().unwrap().credentials, 2);
}

#[test]
fn the_longest_message_comes_back_as_it_was() {
    let key = key(Touch::Auto, &ManualClock::standing());
    let ping: Vec<u8> = (0..7609_u32).map(|number| number.to_le_bytes()[0]).collect();
    let answer = host(&key).transact(0x01, &ping).unwrap();
    assert_eq!(answer, Answer { command: 0x01, payload: ping, keepalives: 0 });
}

#[test]
fn the_same_randomness_makes_the_same_credentials() {
    let registered = |seed| {
        let mut surroundings = surroundings(&ManualClock::standing());
        surroundings.randomness = SeededRandomness::new(seed);
        host(&key_in(Touch::Auto, surroundings)).cbor(&make_credential("example.org", b"me", true))
    };
    assert_eq!(registered(1), registered(1));
    assert_ne!(registered(1), registered(2));
}

#[test]
fn touched_at_once() {
    let answer = host(&key(Touch::Auto, &ManualClock::standing())).transact(CBOR, SELECTION);
    assert_eq!(answer.unwrap(), Answer { command: CBOR, payload: vec![0], keepalives: 0 });
}

#[test]
fn a_person_who_declines() {
    let answer = host(&key(Touch::Refuse, &ManualClock::standing())).transact(CBOR, SELECTION);
    assert_eq!(answer.unwrap(), Answer { command: CBOR, payload: vec![0x27], keepalives: 0 });
}

#[test]
fn a_touch_that_never_comes_ends_by_the_time_limit_of_the_key() {
    let clock = ManualClock::leaping();
    let answer = host(&key(Touch::Never, &clock)).transact(CBOR, SELECTION).unwrap();
    assert_eq!(answer, Answer { command: CBOR, payload: vec![0x2f], keepalives: 300 });
    assert_eq!(clock.now(), Duration::from_secs(30));
}

#[test]
fn a_touch_after_a_while() {
    let clock = ManualClock::leaping();
    let key = key(Touch::After(Duration::from_millis(250)), &clock);
    let mut host = host(&key);
    let answer = host.transact(CBOR, SELECTION).unwrap();
    assert_eq!(answer, Answer { command: CBOR, payload: vec![0], keepalives: 2 });
    assert_eq!(clock.now(), Duration::from_millis(250));
    host.transact(CBOR, SELECTION).unwrap();
    assert_eq!(clock.now(), Duration::from_millis(500), "each wait begins anew");
}

#[test]
fn keepalives_come_while_it_waits_and_a_press_ends_the_wait() {
    let clock = ManualClock::standing();
    let button = TouchButton::new();
    let surroundings = Surroundings { touch_source: button.clone(), ..surroundings(&clock) };
    let mut host = host(&key_in(Touch::Enter, surroundings));
    host.send(CBOR, SELECTION).unwrap();
    for _ in 0..3 {
        assert!(clock.advance_to_sleeper(PATIENCE));
        assert_eq!(host.report().unwrap()[4..8], [0xbb, 0, 1, 2]);
    }
    button.press();
    assert_eq!(host.receive().unwrap().payload, [0]);
}

#[test]
fn keepalives_keep_real_time() {
    let mut host = host(&key_in(Touch::Never, Surroundings::real()));
    let start = Instant::now();
    host.send(CBOR, SELECTION).unwrap();
    for _ in 0..3 {
        assert_eq!(host.report().unwrap()[4], 0xbb);
    }
    assert!(start.elapsed() >= Duration::from_millis(300));
}

#[test]
fn a_cancel_is_heard_while_it_waits() {
    let mut host = host(&key(Touch::Never, &ManualClock::standing()));
    host.send(CBOR, SELECTION).unwrap();
    host.send(CANCEL, &[]).unwrap();
    let answer = host.receive().unwrap();
    assert_eq!(answer, Answer { command: CBOR, payload: vec![0x2d], keepalives: 0 });
    assert_eq!(host.status(GET_INFO), 0, "the next command is served");
}

#[test]
fn another_channel_is_told_that_it_is_busy() {
    let mut host = host(&key(Touch::Never, &ManualClock::standing()));
    let (own, other) = (host.channel, host.allocate());
    host.send(CBOR, SELECTION).unwrap();
    host.channel = other;
    host.send(CBOR, GET_INFO).unwrap();
    assert_eq!(host.report().unwrap()[..8], [&other[..], &[0xbf, 0, 1, 6]].concat());
    host.channel = own;
    assert_eq!(host.report().unwrap()[4], 0xbb);
    host.send(CANCEL, &[]).unwrap();
    assert_eq!(host.receive().unwrap().payload, [0x2d]);
}

#[test]
fn closing_ends_a_wait_and_the_key_stays_on() {
    let clock = ManualClock::standing();
    let key = key(Touch::Never, &clock);
    let mut first = host(&key);
    first.send(CBOR, SELECTION).unwrap();
    let start = Instant::now();
    drop(first);
    assert!(start.elapsed() < PATIENCE / 3);
    let mut second = host(&key);
    assert_eq!(second.channel, [0, 0, 0, 2], "it still counts its channels");
    assert_eq!(second.status(GET_INFO), 0);
}

#[test]
fn it_is_opened_once_at_a_time() {
    let key = key(Touch::Auto, &ManualClock::standing());
    let open = key.open().unwrap();
    let in_use =
        |error| matches!(error, OpenError::InUse { path } if path == KeyPath("virtual".into()));
    assert!(key.open().is_err_and(in_use));
    assert!(key.power_cycle().is_err_and(in_use));
    drop(open);
    assert!(key.open().is_ok());
}

#[test]
fn pulled_out_while_it_waits() {
    let key = key(Touch::Never, &ManualClock::standing());
    let mut before = host(&key);
    before.send(CBOR, SELECTION).unwrap();
    key.unplug();
    assert!(matches!(before.receive(), Err(ConnectionError::Unplugged)));
    assert!(matches!(before.send(CBOR, GET_INFO), Err(ConnectionError::Unplugged)));
    drop(before);
    assert_eq!(host(&key).channel, [0, 0, 0, 1], "it was switched on again");
}

#[test]
fn a_reset_is_taken_for_ten_seconds() {
    let clock = ManualClock::standing();
    let key = key(Touch::Auto, &clock);
    assert_eq!(host(&key).status(RESET), 0);
    key.power_cycle().unwrap();
    clock.advance(Duration::from_secs(10));
    assert_eq!(host(&key).status(RESET), 0x30);
    key.power_cycle().unwrap();
    assert_eq!(host(&key).status(RESET), 0);
}

#[test]
fn three_wrong_pins_block_it_until_it_is_replugged() {
    let key = key(Touch::Auto, &ManualClock::standing());
    assert_eq!(host(&key).set_pin("1234"), 0);
    let wrong = || host(&key).pin_token("4321").unwrap_err();
    assert_eq!([wrong(), wrong(), wrong(), wrong()], [0x31, 0x31, 0x34, 0x34]);
    assert_eq!(host(&key).pin_token("1234"), Err(0x34), "over connections");
    key.power_cycle().unwrap();
    assert_eq!(host(&key).pin_retries(), 5);
    assert_eq!(host(&key).pin_token("1234").unwrap().len(), 32);
    let contents = Contents { credentials: 0, pin_is_set: true, pin_retries: 8 };
    assert_eq!(key.contents(), Some(contents));
}

#[test]
fn credentials_are_kept_over_a_power_cycle() {
    let key = key(Touch::Auto, &ManualClock::standing());
    assert_eq!(host(&key).status(&make_credential("example.org", b"me", true)), 0);
    key.power_cycle().unwrap();
    assert_eq!(host(&key).status(&get_assertion("example.org")), 0);
    assert_eq!(host(&key).status(&get_assertion("example.com")), 0x2e);
}

/// A private key and something that the firmware takes for a certificate: it never looks into it.
fn attestation_key() -> AttestationKey {
    AttestationKey { private_key: [0x42; 32], certificate: b"a certificate".to_vec() }
}

#[test]
fn it_attests_as_its_batch_even_after_a_reset() {
    let attestation = Attestation::Batch(attestation_key());
    let key = key_with(KeySettings { attestation, ..KeySettings::default() });
    let mut host = host(&key);
    let request = make_credential("example.org", b"me", false);
    assert!(contains(&host.cbor(&request), b"a certificate"));
    assert_eq!(host.status(RESET), 0);
    assert!(contains(&host.cbor(&request), b"a certificate"));
}

#[test]
fn a_u2f_client_asks_until_there_was_a_touch() {
    let attestation = Attestation::Batch(attestation_key());
    let key = key_with(KeySettings { attestation, ..KeySettings::default() });
    let mut host = host(&key);
    let mut register = || {
        let apdu = [&[0, 1, 3, 0, 0, 0, 64][..], &[0x33; 64], &[0, 0]].concat();
        let payload = host.transact(0x03, &apdu).unwrap().payload;
        payload[payload.len() - 2..].to_vec()
    };
    assert_eq!(register(), [0x69, 0x85]);
    assert_eq!(register(), [0x90, 0x00]);
    key.set_touch(Touch::Never);
    assert_eq!(register(), [0x69, 0x85]);
    assert_eq!(register(), [0x69, 0x85]);
}

struct Exhausted;

impl Randomness for Exhausted {
    fn fill(&self, _bytes: &mut [u8]) -> Result<(), RandomnessError> {
        Err(RandomnessError("none left".to_owned()))
    }
}

#[test]
fn without_randomness_it_does_not_start() {
    let surroundings =
        Surroundings { randomness: Arc::new(Exhausted), ..surroundings(&ManualClock::standing()) };
    let error = key_in(Touch::Auto, surroundings).open().err().unwrap();
    assert!(error.to_string().ends_with("gave no randomness: none left"), "{error}");
}

#[derive(Default)]
struct SoonExhausted(std::sync::atomic::AtomicUsize);

impl Randomness for SoonExhausted {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomnessError> {
        let drawn = self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        if drawn >= 20 { Exhausted.fill(bytes) } else { SeededRandomness::new(1).fill(bytes) }
    }
}

#[test]
fn without_randomness_it_says_nothing_more() {
    let surroundings = Surroundings {
        randomness: Arc::new(SoonExhausted::default()),
        ..surroundings(&ManualClock::standing())
    };
    let key = key_in(Touch::Auto, surroundings);
    let mut host = host(&key);
    let error = (0..20).find_map(|user| {
        let answer = host.transact(CBOR, &make_credential("example.org", &[user], true));
        answer.err()
    });
    assert!(error.unwrap().to_string().ends_with("gave no randomness: none left"));
}

/// Somebody whose hand breaks the firmware.
struct Clumsy;

impl TouchSource for Clumsy {
    fn touched(&self) -> bool {
        panic!("this panic is part of a test")
    }
}

#[test]
fn a_firmware_that_panics_is_a_key_that_is_gone() {
    let mut surroundings = surroundings(&ManualClock::standing());
    surroundings.touch_source = Arc::new(Clumsy);
    let key = key_in(Touch::Enter, surroundings);
    let mut host = host(&key);
    assert!(matches!(host.transact(CBOR, SELECTION), Err(ConnectionError::Unplugged)));
    drop(host);
    assert_eq!(self::host(&key).status(GET_INFO), 0, "it works when it is plugged in again");
}

#[test]
fn a_report_of_another_size_is_refused() {
    let mut open = key(Touch::Auto, &ManualClock::standing()).open().unwrap();
    for length in [0, 63, 65] {
        let error = open.send(&vec![0; length]).unwrap_err();
        assert!(matches!(error, ConnectionError::Refused { act: "write", .. }));
    }
}

#[test]
fn nothing_to_read_is_no_error() {
    let mut open = key(Touch::Auto, &ManualClock::standing()).open().unwrap();
    let mut report = [0; 64];
    assert!(open.receive(&mut report, Duration::ZERO).unwrap().is_none());
    assert!(open.receive(&mut report, Duration::from_millis(1)).unwrap().is_none());
}

#[test]
fn hostile_packets_do_not_end_it() {
    let random = SeededRandomness::new(99);
    let key = key(Touch::Auto, &ManualClock::standing());
    let mut host = host(&key);
    for round in 0..2000 {
        let mut packet = [0; 64];
        random.fill(&mut packet).unwrap();
        if round % 2 == 0 {
            packet[..4].copy_from_slice(&host.channel);
        }
        if round % 4 == 0 {
            // A whole CTAP2 message with rubbish in it.
            (packet[4], packet[5]) = (0x90, 0);
            (packet[6], packet[7]) = (packet[6] % 50, packet[7] % 16);
        }
        host.connection.send(&packet).unwrap();
        while host.connection.receive(&mut packet, Duration::from_micros(200)).unwrap().is_some() {}
    }
}
