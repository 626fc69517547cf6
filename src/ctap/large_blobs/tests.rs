use super::*;
use crate::ctap::testing::{Counting, Fixed, hex, no_change_panics};
use crate::ctap::{PinProtocol, SecretBytes, read_reply};

fn key(byte: u8) -> SecretBytes {
    SecretBytes::copy_of(&[byte; 32])
}

/// What is in a store after a reset (CTAP 2.1 section 6.10.2).
const INITIAL: &str = "80 76be8b528d0075f7aae98d6fa57a6d3c";

/// Written by python-fido2 2.2.1 (`LargeBlobs.put_blob`) with 32 bytes 0x01 as the key: "hello" and
/// then, with 32 bytes 0x02, 100 times "a".
const BY_PYTHON_FIDO2: &str = include_str!("python-fido2.hex");

#[test]
fn a_fragment_is_asked_for_and_read() {
    let get = GetLargeBlobs { offset: 0, count: 960 };
    assert_eq!(get.encode(), hex("0c a2 01 1903c0 03 00"));
    let body = [hex("a1 01 51"), hex(INITIAL)].concat();
    let reply = [vec![0], body.clone()].concat();
    assert_eq!(read_reply(&get, &reply), Ok(hex(INITIAL)));
    no_change_panics(&get, &body);
    assert_eq!((max_fragment(1024), max_fragment(7609)), (960, 7545));
    // Less than every key takes: the store would be moved byte by byte.
    assert_eq!((max_fragment(0), max_fragment(65), max_fragment(1023)), (960, 960, 960));
}

#[test]
fn a_fragment_is_written_with_what_authenticates_it() {
    let mut set =
        SetLargeBlobs { offset: 960, fragment: vec![0xaa, 0xbb], length: None, pin_uv_auth: None };
    assert_eq!(set.encode(), hex("0c a2 02 42aabb 03 1903c0"));
    set.offset = 0;
    set.length = Some(17);
    assert_eq!(set.encode(), hex("0c a3 02 42aabb 03 00 04 11"));
    set.offset = 0x0102;
    let token = PinUvAuthToken::new(PinProtocol::Two, key(7)).unwrap();
    set.authenticate(&token);
    let digest = Sha256::digest([0xaa, 0xbb]);
    let message = [&[0xff; 32], hex("0c00 02010000").as_slice(), &digest].concat();
    assert_eq!(set.pin_uv_auth, Some(token.authenticate(&message)));
    assert!(set.encode().ends_with(&hex("06 02")));
    assert_eq!(read_reply(&set, &[0]), Ok(()));
}

#[test]
fn the_store_after_a_reset_is_empty_and_so_is_a_damaged_one() {
    assert_eq!(LargeBlobArray::parse(&hex(INITIAL)), LargeBlobArray::default());
    assert_eq!(LargeBlobArray::default().to_store(), hex(INITIAL));
    let store = hex(BY_PYTHON_FIDO2);
    assert_eq!(LargeBlobArray::parse(&store).len(), 2);
    for at in 0..store.len() {
        let mut damaged = store.clone();
        damaged[at] ^= 1;
        assert!(LargeBlobArray::parse(&damaged).is_empty(), "{at}");
        assert!(LargeBlobArray::parse(&store[..at]).is_empty(), "{at}");
    }
}

#[test]
fn what_python_fido2_wrote_is_read_and_kept() {
    let store = hex(BY_PYTHON_FIDO2);
    let mut array = LargeBlobArray::parse(&store);
    assert_eq!(array.to_store(), store);
    assert_eq!(array.find(&key(1)), Some(SecretBytes::copy_of(b"hello")));
    assert_eq!(array.find(&key(2)), Some(SecretBytes::copy_of(&[b'a'; 100])));
    assert_eq!(array.find(&key(3)), None);
    array.put(&key(1), b"changed", &mut Counting::default()).unwrap();
    assert_eq!(array.len(), 2);
    assert_eq!(array.find(&key(2)), Some(SecretBytes::copy_of(&[b'a'; 100])));
    let again = LargeBlobArray::parse(&array.to_store());
    assert_eq!(again.find(&key(1)), Some(SecretBytes::copy_of(b"changed")));
    assert!(array.remove(&key(2)) && !array.remove(&key(2)));
    assert!(array.remove(&key(1)) && !array.remove(&key(2)));
}

/// Entries that are none, damaged inside, or bombs: passed over, and kept.
#[test]
fn what_makes_no_sense_is_passed_over_and_kept() {
    let entry = |text: &str| hex(text);
    let entries =
        [entry("00"), entry("a0"), entry("a3 01 40 02 40 03 00"), entry("a3 01 20 02 20 03 20")];
    let mut store = vec![0x84];
    store.extend(entries.concat());
    let digest = Sha256::digest(&store);
    store.extend(&digest[..16]);
    let mut array = LargeBlobArray::parse(&store);
    assert_eq!(array.len(), 4);
    assert_eq!(array.find(&key(1)), None);
    array.put(&key(1), b"", &mut Counting::default()).unwrap();
    assert_eq!(array.find(&key(1)), Some(SecretBytes::copy_of(b"")));
    assert_eq!(array.len(), 5);
    assert_eq!(array.find(&SecretBytes::copy_of(&[1; 31])), None);
}

#[test]
fn what_cannot_be_sealed_changes_nothing() {
    let mut array = LargeBlobArray::parse(&hex(BY_PYTHON_FIDO2));
    let before = array.clone();
    let short = SecretBytes::copy_of(&[1; 31]);
    let random = &mut Counting::default();
    assert_eq!(array.put(&short, b"", random), Err(LargeBlobError::Key { length: 31 }));
    let long = vec![0; MAX_BLOB + 1];
    let too_long = LargeBlobError::TooLong { length: MAX_BLOB + 1 };
    assert_eq!(array.put(&key(1), &long, random), Err(too_long));
    let none = &mut Fixed(Vec::new());
    assert!(matches!(array.put(&key(1), b"", none), Err(LargeBlobError::Random(_))));
    assert_eq!(array, before);
    let zeros = vec![0; MAX_BLOB];
    array.put(&key(1), &zeros, random).unwrap();
    assert_eq!(array.find(&key(1)), Some(SecretBytes::copy_of(&zeros)));
    assert!(array.to_store().len() < 4096);
}
