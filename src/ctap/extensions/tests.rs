use super::super::testing::hex;
use super::*;

/// Authenticator data with nothing but these extension outputs.
fn data(outputs: &str) -> AuthenticatorData {
    let mut bytes = vec![0; 37];
    bytes[32] = 0x80;
    bytes.extend(hex(outputs));
    AuthenticatorData::parse(&bytes).unwrap()
}

#[test]
fn outputs_of_a_registration_are_read() {
    let outputs = RegistrationOutputs::of(&data(
        "a5 6863726564426c6f62 f5
            6b6372656450726f74656374 03
            6b686d61632d736563726574 f5
            6c6d696e50696e4c656e677468 06
            71746869726450617274795061796d656e74 f4",
    ));
    assert_eq!(outputs.cred_protect, Some(CredentialProtection::REQUIRED));
    assert_eq!(outputs.hmac_secret, Some(true));
    assert_eq!(outputs.cred_blob, Some(true));
    assert_eq!(outputs.min_pin_length, Some(6));
    assert_eq!(outputs.third_party_payment, Some(false));
    assert!(outputs.unknown.is_empty() && outputs.mistyped.is_empty());
}

#[test]
fn outputs_of_an_assertion_are_read() {
    let outputs = AssertionOutputs::of(&data(
        "a2 6863726564426c6f62 43010203 6b686d61632d736563726574 42aabb",
    ));
    assert_eq!(outputs.hmac_secret, Some(vec![0xaa, 0xbb]));
    assert_eq!(outputs.cred_blob.as_ref().unwrap().expose(), [1, 2, 3]);
    assert!(!format!("{outputs:?}").contains("1, 2, 3"));
}

#[test]
fn mistyped_and_unknown_outputs_are_named() {
    let outputs = RegistrationOutputs::of(&data("a3 01 02 6863726564426c6f62 00 6178 f5"));
    assert_eq!(outputs.cred_blob, None);
    assert_eq!(outputs.mistyped, ["credBlob"]);
    assert_eq!(outputs.unknown, ["0x01", "x"]);
    let outputs = AssertionOutputs::of(&data("a1 6b686d61632d736563726574 f5"));
    assert_eq!((outputs.hmac_secret, outputs.mistyped), (None, vec!["hmac-secret".to_owned()]));
}

#[test]
fn no_outputs_are_no_error() {
    let data = AuthenticatorData::parse(&[0; 37]).unwrap();
    assert!(RegistrationOutputs::of(&data).unknown.is_empty());
    assert!(AssertionOutputs::of(&data).unknown.is_empty());
}

#[test]
fn other_inputs_take_their_canonical_place() {
    let inputs = AssertionExtensions {
        get_cred_blob: true,
        other: vec![("uvm".into(), Encoded::boolean(true))],
        ..AssertionExtensions::default()
    };
    assert_eq!(inputs.encode().unwrap().as_bytes(), hex("a2 6375766d f5 6863726564426c6f62 f5"));
    assert!(RegistrationExtensions::default().encode().is_none());
}

#[test]
fn levels_of_protection_are_named() {
    assert_eq!(CredentialProtection::REQUIRED.to_string(), "userVerificationRequired");
    assert_eq!(CredentialProtection(9).to_string(), "level 9");
}
