use super::super::Pin;
use super::super::testing::{Counting, Fixed, hex};
use super::*;
use crate::wire::cbor;

/// python-fido2, `tests/test_ctap2.py` before version 2: a private key, both public keys, what
/// they agree on, and what is encrypted and authenticated under it.
fn agreed() -> SharedSecret {
    let private = hex("7452e599fee739d8a653f6a507343d12d382249108a651402520b72f24fe7684");
    let platform = PlatformKey::generate(&mut Fixed(private)).unwrap();
    platform.agree(PinProtocol::One, &key().unwrap())
}

const X: &str = "0501d5bc78da9252560a26cb08fcc60cbe0b6d3b8e1d1fcee514fac0af675168";
const Y: &str = "d551b3ed46f665731f95b4532939c25d91db7eb844bd96d4abd4083785f8df47";

fn cose(x: &[u8], y: &[u8]) -> Vec<u8> {
    CoseKey::encode_key_agreement(x.try_into().unwrap(), y.try_into().unwrap()).into_bytes()
}

fn read(bytes: &[u8]) -> Result<KeyAgreementKey, MemberError> {
    KeyAgreementKey::from_item(cbor::parse(bytes).unwrap())
}

fn key() -> Result<KeyAgreementKey, MemberError> {
    read(&cose(&hex(X), &hex(Y)))
}

/// A secret as OpenSK's tests have it: the x-coordinate agreed on is 32 times 0x55.
fn of_fives(protocol: PinProtocol) -> SharedSecret {
    derive(protocol, &[0x55; 32], Encoded::null())
}

#[test]
fn protocol_one_agrees_as_python_fido2_expects() {
    let secret = agreed();
    assert_eq!(
        secret.mac_key[..],
        hex("c42a039d548100dfba521e487debcbbb8b66bb7496f8b1862a7a395ed83e1a1c")
    );
    let x = hex("44d78d7989b97e62ea993496c9ef6e8fd58b8b00715f9a89153ddd9c4657e47f");
    let y = hex("ec802ee7d22bd4e100f12e48537eb4e7e96ed3a47a0a3bd5f5eeab65001664f9");
    assert_eq!(secret.platform_key().as_bytes(), cose(&x, &y));
}

#[test]
fn protocol_one_decrypts_a_token_as_python_fido2_expects() {
    let token = agreed().decrypt_token(&hex("7a9f98e31b77be90f9c64d12e9635040")).unwrap();
    assert_eq!(token.expose(), hex("aff12c6dcfbf9df52f7a09211e8865cd"));
}

#[test]
fn protocol_one_encrypts_pins_as_python_fido2_expects() {
    let secret = agreed();
    let random = &mut Counting::default();
    let pin = Pin::new(b"1234", false).unwrap();
    let hash = pin.hash_encrypted(&secret, random).unwrap();
    assert_eq!(hash, hex("afe8327ce416da8ee3d057589c2ce1a9"));
    let encrypted = pin.encrypted(&secret, random).unwrap();
    assert_eq!(
        encrypted,
        hex("0222fc42c6dd76a274a7057858b9b29d98e8a722ec2dc6668476168c5320473c
             ec9907b4cd76ce7943c96ba5683943211d84471e64d9c51e54763488cd66526a")
    );
    assert_eq!(secret.authenticate(&encrypted).param(), hex("7b40c084ccc5794194189ab57836475f"));
    let encrypted = Pin::new(b"4321", false).unwrap().encrypted(&secret, random).unwrap();
    assert_eq!(
        encrypted,
        hex("4280e14aac4fcbf02dd079985f0c0ffc9ea7d5f9c173fd1a4c843826f7590cb3
             c2d080c6923e2fe6d7a52c31ea1309d3fcca3dedae8a2ef14b6330cafc79339e")
    );
    let both = [encrypted, hash].concat();
    assert_eq!(secret.authenticate(&both).param(), hex("fb97e92f3724d7c85e001d7f93e6490a"));
}

/// OpenSK 2.1, `test_shared_secret_v1_verify` and `_v2_`.
#[test]
fn secrets_authenticate_as_opensk_expects() {
    let one = of_fives(PinProtocol::One).authenticate(&[0xaa]);
    assert_eq!(one.param(), hex("8b60157df344822e54347a01fb0248a6"));
    let two = of_fives(PinProtocol::Two).authenticate(&[0xaa]);
    assert_eq!(
        two.param(),
        hex("c03f2a225cc34e05c10e729c8dd57de5989c6815ece23a95d590e1e93ff01aaf")
    );
}

/// Computed with Python's `hmac` (RFC 5869) and `openssl enc -aes-256-cbc`.
#[test]
fn protocol_two_puts_its_random_vector_in_front() {
    let secret = of_fives(PinProtocol::Two);
    let encrypted = secret.encrypt(&[0xaa; 32], &mut Counting::default()).unwrap();
    assert_eq!(encrypted[..16], hex("0102030405060708090a0b0c0d0e0f10"));
    assert_eq!(encrypted[16..], hex(PROTOCOL_TWO_CIPHERTEXT));
    assert_eq!(secret.decrypt(&encrypted).unwrap().expose(), [0xaa; 32]);
}

const PROTOCOL_TWO_CIPHERTEXT: &str =
    "3cadff1d6a8dae9d1b03283e6a06e5efea8acf83d0eb295666d7c6de71782f1a";

#[test]
fn what_is_encrypted_decrypts_again() {
    for protocol in [PinProtocol::One, PinProtocol::Two] {
        let secret = of_fives(protocol);
        for length in (16..=128).step_by(16) {
            let plaintext: Vec<u8> = (0..length).collect();
            let encrypted = secret.encrypt(&plaintext, &mut Counting::default()).unwrap();
            assert_ne!(encrypted, plaintext);
            assert_eq!(secret.decrypt(&encrypted).unwrap().expose(), plaintext);
        }
    }
}

#[test]
fn lengths_that_are_no_multiple_of_a_block_are_refused() {
    for protocol in [PinProtocol::One, PinProtocol::Two] {
        let secret = of_fives(protocol);
        for length in 0..=66 {
            let bytes = vec![0; length];
            let overhead = if protocol == PinProtocol::Two { 16 } else { 0 };
            let fits = length % 16 == 0 && length > overhead;
            assert_eq!(secret.decrypt(&bytes).is_ok(), fits, "{protocol} {length}");
            let encrypted = secret.encrypt(&bytes, &mut Counting::default());
            assert_eq!(encrypted.is_ok(), length % 16 == 0, "{protocol} {length}");
        }
    }
}

#[test]
fn a_token_of_the_wrong_length_is_refused() {
    let secret = of_fives(PinProtocol::Two);
    let random = &mut Counting::default();
    for (length, fits) in [(16, false), (32, true), (48, false)] {
        let encrypted = secret.encrypt(&vec![7; length], random).unwrap();
        assert_eq!(secret.decrypt_token(&encrypted).is_ok(), fits);
    }
}

#[test]
fn points_that_are_not_on_the_curve_are_refused() {
    let mut y = hex(Y);
    y[31] ^= 1;
    for bytes in [cose(&hex(X), &y), cose(&[0; 32], &[0; 32])] {
        assert_eq!(read(&bytes), Err(KeyAgreementError::NotOnCurve.into()));
    }
}

#[test]
fn keys_of_another_kind_are_refused() {
    let coordinates = format!("215820 {X} 225820 {Y}");
    for labels in ["a4 01 01 20 01", "a4 01 02 20 02", "a4 01 f5 20 01"] {
        let wrong = Err(KeyAgreementError::WrongType.into());
        assert_eq!(read(&hex(&format!("{labels}{coordinates}"))), wrong, "{labels}");
    }
    // As long as two coordinates together, but split in another place.
    let (most, last) = X.split_at(62);
    let split = format!("a2 21581f {most} 225821 {last}{Y}");
    assert!(matches!(read(&hex(&split)), Err(MemberError::Cbor(_))));
    assert_eq!(read(b"\xa0"), Err(CborError::Missing("x").into()));
    assert!(matches!(read(b"\x61a"), Err(MemberError::Cbor(_))));
}

/// Only the coordinates matter, as for python-fido2 and libfido2.
#[test]
fn a_key_without_its_labels_is_read() {
    assert_eq!(read(&hex(&format!("a2 215820 {X} 225820 {Y}"))), key());
}

#[test]
fn randomness_that_is_no_private_key_is_drawn_again() {
    let mut bytes = vec![0; 32];
    bytes.extend([0xff; 32]);
    bytes.extend([0x11; 32]);
    assert!(PlatformKey::generate(&mut Fixed(bytes)).is_ok());
    let none = PlatformKey::generate(&mut Fixed(vec![0; 256])).unwrap_err();
    assert_eq!(none, CryptoError::NoPrivateKey);
    let dry = PlatformKey::generate(&mut Fixed(Vec::new())).unwrap_err();
    assert!(matches!(dry, CryptoError::Random(_)));
}

#[test]
fn both_sides_agree() {
    for protocol in [PinProtocol::One, PinProtocol::Two] {
        let random = &mut Counting::default();
        let ours = PlatformKey::generate(random).unwrap();
        let theirs = PlatformKey::generate(random).unwrap();
        let (ours_public, theirs_public) = (public(&ours), public(&theirs));
        let (ours, theirs) =
            (ours.agree(protocol, &theirs_public), theirs.agree(protocol, &ours_public));
        assert_eq!(*ours.mac_key, *theirs.mac_key);
        assert_eq!(*ours.aes_key, *theirs.aes_key);
        assert_eq!(ours.mac_key == ours.aes_key, protocol == PinProtocol::One);
    }
}

fn public(key: &PlatformKey) -> KeyAgreementKey {
    KeyAgreementKey(key.0.public_key())
}

#[test]
fn nothing_secret_is_shown() {
    let key = PlatformKey::generate(&mut Counting::default()).unwrap();
    assert_eq!(format!("{key:?}"), "PlatformKey");
    assert_eq!(format!("{:?}", of_fives(PinProtocol::One)), "SharedSecret(protocol one)");
}
