use super::*;
use crate::transport::KeyPath;
use crate::virtual_key::testing::{Host, encoded, get_assertion, make_credential};
use crate::virtual_key::{
    KeySettings, ManualClock, Nobody, OsRandomness, SeededRandomness, Surroundings, VirtualBus,
    VirtualKey,
};
use opensk::api::persist::keys;
use std::sync::Arc;
use std::time::Duration;

/// A key that has a bit of everything: two credentials, a PIN, a counter, a key store.
fn used_state() -> KeyState {
    let surroundings = Surroundings {
        clock: ManualClock::standing(),
        randomness: SeededRandomness::new(7),
        touch_source: Arc::new(Nobody),
    };
    let description = VirtualBus::describe("virtual");
    let key = VirtualKey::volatile(description, KeySettings::default(), Touch::Auto, surroundings);
    let mut host = Host::new(key.open().unwrap());
    assert_eq!(host.status(&make_credential("example.org", b"one", true)), 0);
    assert_eq!(host.status(&make_credential("example.com", b"two", true)), 0);
    assert_eq!(host.status(&make_credential("example.com", b"two", false)), 0);
    assert_eq!(host.set_pin("1234"), 0);
    assert_eq!(host.pin_token("4321"), Err(0x31));
    let touch = Touch::After(Duration::from_millis(20));
    KeyState { touch, created_at: Some(1_767_225_600), entries: key.entries() }
}

/// Writes a state without looking at what it says.
fn forged(state: &KeyState) -> Vec<u8> {
    encode(state).unwrap()
}

#[test]
fn a_state_reads_back_as_it_was_written() {
    for state in [KeyState::default(), used_state()] {
        assert_eq!(decode(&encode(&state).unwrap()).unwrap(), state);
    }
}

#[test]
fn the_format_stays_what_it_is() {
    let mut state = KeyState { created_at: Some(1_767_225_600), ..KeyState::default() };
    state.entries.insert(keys::PIN_RETRIES, vec![3]);
    insta::assert_snapshot!(String::from_utf8(encode(&state).unwrap()).unwrap(), @r#"{"format":"fidokey virtual key","version":1,"notice":"A key for trying things out. Its private keys are in this file, in plain text: not for protecting accounts.","created_at":1767225600,"touch":"auto","entries":{"2044":"Aw"},"checksum":"pr6FopgyVXHleWlxtSMoNafwODKxPR7h9ipXdwW3gco"}"#);
}

#[test]
fn a_summary_tells_what_is_in_it() {
    let state = used_state();
    let contents = Contents { credentials: 2, pin_is_set: true, pin_retries: 7 };
    let expected = KeySummary { touch: state.touch, created_at: state.created_at, contents };
    assert_eq!(state.summary(), expected);
}

#[test]
fn no_changed_byte_goes_unnoticed() {
    let state = used_state();
    let bytes = encode(&state).unwrap();
    for place in 0..bytes.len() {
        for change in [0x01, 0x20, 0x80, 0xff] {
            let mut damaged = bytes.clone();
            damaged[place] ^= change;
            // A space in place of the line's end is no damage.
            if let Ok(read) = decode(&damaged) {
                assert_eq!(read, state);
            }
        }
    }
}

#[test]
fn no_state_that_was_cut_short_is_taken() {
    let bytes = encode(&used_state()).unwrap();
    let whole = bytes.len() - 1;
    for length in 0..whole {
        let error = decode(&bytes[..length]).unwrap_err();
        assert!(matches!(error, StateError::Malformed(_)), "{length}: {error}");
    }
    assert!(decode(&bytes[..whole]).is_ok(), "without its line's end it is whole");
}

#[test]
fn a_newer_format_is_told_from_damage() {
    let text = r#"{"format":"fidokey virtual key","version":7,"anything":{"may":["be","here"]}}"#;
    let error = decode(text.as_bytes()).unwrap_err();
    assert_eq!(error, StateError::Newer { found: 7 });
    assert_eq!(
        error.to_string(),
        "it was written by a newer version of this program (format 7; this version reads format 1)"
    );
}

#[test]
fn something_else_is_not_taken() {
    let deep = "[".repeat(100_000);
    for text in [
        "",
        "null",
        "{}",
        "\u{feff}{}",
        &deep,
        r#"{"format":"another thing","version":1}"#,
        r#"{"format":"fidokey virtual key","version":-1}"#,
        r#"{"format":"fidokey virtual key","version":1e400}"#,
        r#"{"format":"fidokey virtual key","version":1}"#,
        r#"{"format":"fidokey virtual key","version":1,"version":1}"#,
    ] {
        let error = decode(text.as_bytes()).unwrap_err();
        assert!(matches!(error, StateError::Malformed(_)), "{text:.40}: {error}");
    }
    assert!(decode(&[0xff; 100]).is_err());
}

#[test]
fn a_whole_file_with_a_member_more_is_not_taken() {
    let text = String::from_utf8(encode(&KeyState::default()).unwrap()).unwrap();
    let more = text.replacen('{', r#"{"more":1,"#, 1);
    assert!(matches!(decode(more.as_bytes()), Err(StateError::Malformed(_))));
    let less = text.replacen(r#""touch":"auto","#, "", 1);
    assert!(matches!(decode(less.as_bytes()), Err(StateError::Malformed(_))));
    let other = text.replacen("auto", "enter", 1);
    assert_eq!(decode(other.as_bytes()), Err(StateError::Checksum));
}

#[test]
fn an_entry_that_the_firmware_would_not_write_is_refused() {
    let credential = used_state().entries[&keys::CREDENTIALS.start].clone();
    let cases: &[(usize, &[u8])] = &[
        (0, &[]),
        (5, &[1]),
        (999, &[1]),
        (2048, &[1]),
        (usize::MAX, &[]),
        (keys::ATTESTATION_PRIVATE_KEY, &[1; 32]),
        (keys::ATTESTATION_ID, &[3]),
        (keys::AAGUID, &[1; 15]),
        (keys::RESET_COMPLETION, &[1]),
        (keys::CREDENTIALS.start, &[]),
        (keys::CREDENTIALS.start, &[0xa0]),
        (keys::CREDENTIALS.start, &credential[..credential.len() - 1]),
        (keys::LARGE_BLOB_SHARDS.start, &[]),
        (keys::LARGE_BLOB_SHARDS.start, &[1; 1024]),
        (keys::ALWAYS_UV, &[1]),
        (keys::ENTERPRISE_ATTESTATION, &[1]),
        (keys::FORCE_PIN_CHANGE, &[1]),
        (keys::MIN_PIN_LENGTH_RP_IDS, &[]),
        (keys::MIN_PIN_LENGTH_RP_IDS, &[0x81, 0x01]),
        (keys::MIN_PIN_LENGTH, &[3]),
        (keys::MIN_PIN_LENGTH, &[64]),
        (keys::PIN_RETRIES, &[]),
        (keys::PIN_PROPERTIES, &[1; 16]),
        (keys::KEY_STORE, &[1; 127]),
        (keys::GLOBAL_SIGNATURE_COUNTER, &[1; 3]),
    ];
    for &(key, value) in cases {
        let mut state = KeyState::default();
        state.entries.insert(key, value.to_vec());
        let result = decode(&forged(&state));
        assert!(matches!(result, Err(StateError::Entry { .. })), "{key} {value:?}: {result:?}");
    }
}

#[test]
fn a_private_key_that_is_none_is_refused() {
    // COSE's ES256 (-7) and 32 bytes, in an array.
    const BEFORE_KEY: [u8; 4] = [0x82, 0x26, 0x58, 0x20];
    for byte in [0x00, 0xff] {
        let mut state = used_state();
        let credential = state.entries.get_mut(&keys::CREDENTIALS.start).unwrap();
        let before = credential.windows(4).position(|four| four == BEFORE_KEY).unwrap();
        credential[before + 4..before + 36].fill(byte);
        let expected =
            StateError::Entry { entry: keys::CREDENTIALS.start, reason: "not a credential" };
        assert_eq!(decode(&forged(&state)), Err(expected), "{byte:02x}");
    }
}

#[test]
fn a_credential_twice_is_refused() {
    let mut state = used_state();
    let credential = state.entries[&keys::CREDENTIALS.start].clone();
    state.entries.insert(keys::CREDENTIALS.end - 1, credential);
    let expected = StateError::Entry {
        entry: keys::CREDENTIALS.end - 1,
        reason: "a credential that is there twice",
    };
    assert_eq!(decode(&forged(&state)), Err(expected));
}

/// Whoever forges a state with a right checksum gets an error, or a key that answers.
#[test]
fn a_forged_state_never_breaks_the_firmware() {
    let state = used_state();
    let random = SeededRandomness::new(3);
    let draw = || {
        let mut bytes = [0; 8];
        crate::virtual_key::Randomness::fill(&*random, &mut bytes).unwrap();
        usize::try_from(u64::from_be_bytes(bytes) >> 1).unwrap()
    };
    let mut taken = 0;
    for _ in 0..400 {
        let mut forgery = state.clone();
        let place = draw() % forgery.entries.len();
        let (&key, value) = forgery.entries.iter_mut().nth(place).unwrap();
        match draw() % 4 {
            0 => value.truncate(draw() % value.len().max(1)),
            1 => value.push(0),
            _ => {
                let place = draw() % value.len();
                value[place] ^= 1 << (draw() % 8);
            }
        }
        let Ok(read) = decode(&forged(&forgery)) else {
            continue;
        };
        taken += 1;
        let mut host = Host::new(boot(read).open().unwrap());
        assert_eq!(host.status(&[0x04]), 0, "entry {key}");
        host.status(&get_assertion("example.org"));
        host.status(&get_assertion("example.com"));
        host.status(&make_credential("example.org", b"one", true));
        let _ = host.pin_token("1234");
        // Credential management without a token: an error, but after looking at what there is.
        host.status(&encoded(0x0a, |cbor| cbor.map(1)?.u8(1)?.u8(1)?.ok()));
    }
    assert!(taken > 50, "only {taken} forgeries were taken, which tests little");
}

fn boot(state: KeyState) -> VirtualKey {
    let surroundings = Surroundings {
        clock: ManualClock::standing(),
        randomness: Arc::new(OsRandomness),
        touch_source: Arc::new(Nobody),
    };
    let description = VirtualBus::describe("virtual");
    assert_eq!(description.path, KeyPath("virtual".to_owned()));
    VirtualKey::with_state(description, state, surroundings)
}
