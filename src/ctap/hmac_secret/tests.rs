use super::super::extensions::AssertionExtensions;
use super::super::pin_protocol::{KeyAgreementKey, PlatformKey};
use super::super::testing::Counting;
use super::*;
use crate::wire::cbor;
use crate::wire::cose::CoseKey;

fn secret(protocol: PinProtocol) -> SharedSecret {
    let random = &mut Counting::default();
    let first = PlatformKey::generate(random).unwrap().agree(protocol, &base_point());
    assert_eq!(first.protocol(), protocol);
    first
}

/// The curve's base point (SEC 2, section 2.4.2), which is as good a key as any for a test.
fn base_point() -> KeyAgreementKey {
    let hex = super::super::testing::hex;
    let x = hex("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296");
    let y = hex("4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5");
    let key = CoseKey::encode_key_agreement(&x.try_into().unwrap(), &y.try_into().unwrap());
    KeyAgreementKey::from_item(cbor::parse(key.as_bytes()).unwrap()).unwrap()
}

#[test]
fn the_input_is_what_the_specification_prescribes() {
    for (protocol, overhead, code) in [(PinProtocol::One, 0, 16), (PinProtocol::Two, 16, 32)] {
        for second in [None, Some(&[2; SALT])] {
            let secret = secret(protocol);
            let salts = HmacSalts::new(&[1; SALT], second);
            let input = HmacSecretInput::new(&secret, &salts, &mut Counting::default()).unwrap();
            let encoded = input.encode();
            let map = cbor::parse(encoded.as_bytes()).unwrap().map().unwrap();
            assert_eq!(map.get(1).unwrap().raw(), secret.platform_key().as_bytes());
            let encrypted = map.get(2).unwrap().bytes().unwrap();
            assert_eq!(encrypted.len(), overhead + if second.is_some() { 64 } else { 32 });
            assert_eq!(secret.decrypt(encrypted).unwrap().expose()[..SALT], [1; SALT]);
            let auth = map.get(3).unwrap().bytes().unwrap();
            assert_eq!(auth, secret.authenticate(encrypted).param());
            assert_eq!(auth.len(), code);
            // Keys of CTAP 2.0 know no protocol here.
            let number = map.get(4).map(|item| item.unsigned().unwrap());
            assert_eq!(number, (protocol == PinProtocol::Two).then_some(2));
        }
    }
}

#[test]
fn outputs_are_as_many_as_the_salts() {
    let random = &mut Counting::default();
    for protocol in [PinProtocol::One, PinProtocol::Two] {
        let secret = secret(protocol);
        let one = HmacSalts::new(&[1; SALT], None);
        let two = HmacSalts::new(&[1; SALT], Some(&[2; SALT]));
        let one = HmacSecretInput::new(&secret, &one, random).unwrap();
        let two = HmacSecretInput::new(&secret, &two, random).unwrap();
        let outputs = [[0xaa; 32], [0xbb; 32]].concat();
        let short = secret.encrypt(&outputs[..32], random).unwrap();
        let long = secret.encrypt(&outputs, random).unwrap();
        let read = one.decrypt(&secret, &short).unwrap();
        assert_eq!((read.first.expose(), read.second), ([0xaa; 32].as_slice(), None));
        let read = two.decrypt(&secret, &long).unwrap();
        assert_eq!(read.first.expose(), [0xaa; 32]);
        assert_eq!(read.second.as_ref().unwrap().expose(), [0xbb; 32]);
        assert_eq!(
            one.decrypt(&secret, &long).unwrap_err(),
            CryptoError::OutputLength { expected: 32, found: 64 }
        );
        assert!(two.decrypt(&secret, &short).is_err());
        assert!(two.decrypt(&secret, &[]).is_err());
    }
}

#[test]
fn salts_and_inputs_are_not_shown() {
    let secret = secret(PinProtocol::Two);
    let salts = HmacSalts::new(&[1; SALT], None);
    assert_eq!(format!("{salts:?}"), "HmacSalts(32 bytes)");
    let input = HmacSecretInput::new(&secret, &salts, &mut Counting::default()).unwrap();
    let extensions = AssertionExtensions { hmac_secret: Some(input), ..Default::default() };
    assert!(!format!("{extensions:?}").contains("[1, 1"));
}
