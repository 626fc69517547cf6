use super::super::pin_protocol::PlatformKey;
use super::super::testing::{Counting, Fixed, hex, no_change_panics};
use super::super::{MemberError, ReplyError, read_reply};
use super::*;
use crate::wire::cbor;

const X: &str = "0501d5bc78da9252560a26cb08fcc60cbe0b6d3b8e1d1fcee514fac0af675168";
const Y: &str = "d551b3ed46f665731f95b4532939c25d91db7eb844bd96d4abd4083785f8df47";

fn key_agreement() -> Vec<u8> {
    hex(&format!("a1 01 a5 0102 033818 2001 215820 {X} 225820 {Y}"))
}

/// The agreement of python-fido2's tests, whose values follow from it below.
fn secret() -> SharedSecret {
    let request = GetKeyAgreement { protocol: PinProtocol::One };
    let key = read_reply(&request, &[&[0], key_agreement().as_slice()].concat()).unwrap();
    let private = hex("7452e599fee739d8a653f6a507343d12d382249108a651402520b72f24fe7684");
    PlatformKey::generate(&mut Fixed(private)).unwrap().agree(PinProtocol::One, &key)
}

const PLATFORM_KEY: &str = "
    a5 0102 033818 2001
    215820 44d78d7989b97e62ea993496c9ef6e8fd58b8b00715f9a89153ddd9c4657e47f
    225820 ec802ee7d22bd4e100f12e48537eb4e7e96ed3a47a0a3bd5f5eeab65001664f9";

fn pin(text: &str) -> Pin {
    Pin::new(text.as_bytes(), false).unwrap()
}

#[test]
fn subcommands_without_a_secret() {
    let protocol = PinProtocol::Two;
    assert_eq!(GetPinRetries { protocol }.encode(), hex("06 a2 01 02 02 01"));
    assert_eq!(GetKeyAgreement { protocol }.encode(), hex("06 a2 01 02 02 02"));
    assert_eq!(GetUvRetries { protocol }.encode(), hex("06 a2 01 02 02 07"));
}

/// The encrypted and authenticated values are python-fido2's, `test_set_pin`.
#[test]
fn set_pin() {
    let request = SetPin::new(&secret(), &pin("1234"), &mut Counting::default()).unwrap();
    let expected = hex(&format!(
        "
        06 a5 01 01 02 03 03 {PLATFORM_KEY}
        04 50 7b40c084ccc5794194189ab57836475f
        05 5840
            0222fc42c6dd76a274a7057858b9b29d98e8a722ec2dc6668476168c5320473c
            ec9907b4cd76ce7943c96ba5683943211d84471e64d9c51e54763488cd66526a"
    ));
    assert_eq!(request.encode(), expected);
    assert_eq!(read_reply(&request, &[0]), Ok(()));
}

/// python-fido2, `test_change_pin`.
#[test]
fn change_pin() {
    let random = &mut Counting::default();
    let request = ChangePin::new(&secret(), &pin("1234"), &pin("4321"), random).unwrap();
    let expected = hex(&format!(
        "
        06 a6 01 01 02 04 03 {PLATFORM_KEY}
        04 50 fb97e92f3724d7c85e001d7f93e6490a
        05 5840
            4280e14aac4fcbf02dd079985f0c0ffc9ea7d5f9c173fd1a4c843826f7590cb3
            c2d080c6923e2fe6d7a52c31ea1309d3fcca3dedae8a2ef14b6330cafc79339e
        06 50 afe8327ce416da8ee3d057589c2ce1a9"
    ));
    assert_eq!(request.encode(), expected);
}

/// python-fido2, `test_get_pin_token`.
#[test]
fn get_pin_token() {
    let secret = secret();
    let request = GetPinToken::new(&secret, &pin("1234"), &mut Counting::default()).unwrap();
    let expected = hex(&format!(
        "
        06 a4 01 01 02 05 03 {PLATFORM_KEY} 06 50 afe8327ce416da8ee3d057589c2ce1a9"
    ));
    assert_eq!(request.encode(), expected);
    let reply = hex("00 a1 02 50 7a9f98e31b77be90f9c64d12e9635040");
    let token = read_reply(&request, &reply).unwrap().decrypt(&secret).unwrap();
    assert_eq!(token.expose(), hex("aff12c6dcfbf9df52f7a09211e8865cd"));
}

#[test]
fn tokens_with_permissions() {
    let secret = secret();
    let random = &mut Counting::default();
    let both = Permissions::MAKE_CREDENTIAL | Permissions::GET_ASSERTION;
    let request =
        GetPinUvAuthTokenUsingPin::new(&secret, &pin("1234"), both, Some("a.b"), random).unwrap();
    let expected = hex(&format!(
        "
        06 a6 01 01 02 09 03 {PLATFORM_KEY} 06 50 afe8327ce416da8ee3d057589c2ce1a9
        09 03 0a 63612e62"
    ));
    assert_eq!(request.encode(), expected);
    let manage = Permissions::CREDENTIAL_MANAGEMENT;
    let request = GetPinUvAuthTokenUsingUv::new(&secret, manage, None);
    let expected = hex(&format!("06 a4 01 01 02 06 03 {PLATFORM_KEY} 09 04"));
    assert_eq!(request.encode(), expected);
}

#[test]
fn a_pin_that_does_not_fit_is_not_sent() {
    let random = &mut Counting::default();
    let error = SetPin::new(&secret(), &pin(&"1".repeat(64)), random).unwrap_err();
    assert_eq!(error, CryptoError::PinTooLong { length: 64 });
    assert!(SetPin::new(&secret(), &pin(&"1".repeat(63)), random).is_ok());
}

#[test]
fn no_randomness_is_an_error_with_protocol_two() {
    let private = hex(&"11".repeat(32));
    let key = key_agreement();
    let key = KeyAgreementKey::from_item(cbor::parse(&key[2..]).unwrap());
    let secret =
        PlatformKey::generate(&mut Fixed(private)).unwrap().agree(PinProtocol::Two, &key.unwrap());
    let error = SetPin::new(&secret, &pin("1234"), &mut Fixed(Vec::new())).unwrap_err();
    assert!(matches!(error, CryptoError::Random(_)));
}

#[test]
fn retries_are_read() {
    let request = GetPinRetries { protocol: PinProtocol::One };
    let retries = read_reply(&request, &hex("00 a2 03 08 04 f4")).unwrap();
    assert_eq!((retries.remaining, retries.power_cycle_state), (8, Some(false)));
    let retries = read_reply(&request, &hex("00 a1 03 00")).unwrap();
    assert_eq!((retries.remaining, retries.power_cycle_state), (0, None));
    assert!(read_reply(&request, &hex("00 a1 03 20")).is_err());
    assert!(read_reply(&request, &hex("00")).is_err());
    let request = GetUvRetries { protocol: PinProtocol::One };
    assert_eq!(read_reply(&request, &hex("00 a1 05 03")).unwrap().remaining, 3);
}

#[test]
fn a_key_that_is_not_on_the_curve_is_refused() {
    let mut reply = vec![0];
    reply.extend(key_agreement());
    *reply.last_mut().unwrap() ^= 1;
    let request = GetKeyAgreement { protocol: PinProtocol::Two };
    let error = read_reply(&request, &reply).unwrap_err();
    let ReplyError::Malformed { member, source, .. } = error else { panic!("{error}") };
    assert_eq!(member, Some(KEY_AGREEMENT));
    assert!(matches!(source, MemberError::KeyAgreement(_)));
}

/// A change that was made must not look like one that was not.
#[test]
fn a_body_behind_the_success_of_a_change_is_not_looked_at() {
    let request = SetPin::new(&secret(), &pin("1234"), &mut Counting::default()).unwrap();
    assert_eq!(read_reply(&request, &[0, 0xff, 0x00]), Ok(()));
}

#[test]
fn no_change_of_a_reply_panics() {
    let protocol = PinProtocol::One;
    no_change_panics(&GetPinRetries { protocol }, &hex("a2 03 08 04 f4"));
    no_change_panics(&GetUvRetries { protocol }, &hex("a1 05 03"));
    no_change_panics(&GetKeyAgreement { protocol }, &key_agreement());
    let token = hex("a1 02 50 7a9f98e31b77be90f9c64d12e9635040");
    let request = GetPinUvAuthTokenUsingUv::new(&secret(), Permissions::default(), None);
    no_change_panics(&request, &token);
}
