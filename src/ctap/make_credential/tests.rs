use super::super::extensions::CredentialProtection;
use super::super::testing::{hex, no_change_panics};
use super::super::{MemberError, PinProtocol, ReplyError, read_reply};
use super::*;

/// python-fido2, `tests/test_ctap2.py`: the reply of a test key with a certificate.
pub(in crate::ctap) const REPLY: &str = "
    a3
    01 66 7061636b6564
    02 58c4
        0021f5fc0b85cd22e60623bcd7d1ca48948909249b4776eb515154e57b66ae12 41 0000001c
        f8a011f38c0a4d15800617111f9edc7d 0040
        fe3aac036d14c1e1c65518b698dd1da8f596bc33e11072813466c6bf38456915
        09b80fb76d59309b8d39e0a93452688f6ca3a39a76f3fc52744fb73948b15783
        a5 0102 0326 2001
        215820 643566c206dd00227005fa5de69320616ca268043a38f08bde2e9dc45a5cafaf
        225820 171353b2932434703726aae579fa6542432861fe591e481ea22d63997e1a5290
    03 a3
        63616c67 26
        63736967 5848
            3046022100cc1ef43edf07de8f208c21619c78a565ddcf4150766ad58781193be8e0a742
            ed022100f1ed7c7243e45b7d8e5bda6b1abf10af7391789d1ef21b70bd69fed48dba4cb1
        63783563 81 590197
            3082019330820138a003020102020900859b726cb24b4c29300a06082a8648ce3d040302
            3047310b300906035504061302555331143012060355040a0c0b59756269636f20546573
            7431223020060355040b0c1941757468656e74696361746f72204174746573746174696f
            6e301e170d3136313230343131353530305a170d3236313230323131353530305a304731
            0b300906035504061302555331143012060355040a0c0b59756269636f20546573743122
            3020060355040b0c1941757468656e74696361746f72204174746573746174696f6e3059
            301306072a8648ce3d020106082a8648ce3d03010703420004ad11eb0e8852e53ad5dfed
            86b41e6134a18ec4e1af8f221a3c7d6e636c80ea13c3d504ff2e76211bb44525b196c44c
            b4849979cf6f896ecd2bb860de1bf4376ba30d300b30090603551d1304023000300a0608
            2a8648ce3d0403020349003046022100e9a39f1b03197525f7373e10ce77e78021731b94
            d0c03f3fda1fd22db3d030e7022100c4faec3445a820cf43129cdb00aabefd9ae2d874f9
            c5d343cb2f113da23723f3";

fn request() -> MakeCredential {
    MakeCredential {
        client_data_hash: [0x11; 32],
        rp: RelyingPartyEntity { id: "example.com".into(), name: None },
        user: UserEntity { id: vec![1, 2], ..UserEntity::default() },
        algorithms: vec![Algorithm::ES256],
        ..MakeCredential::default()
    }
}

fn read(body: &[u8]) -> Result<MakeCredentialResponse, ReplyError> {
    read_reply(&request(), &[&[0], body].concat())
}

/// Every member present, so that its number and place are pinned.
#[test]
fn a_full_request_has_every_member_in_canonical_order() {
    let request = MakeCredential {
        rp: RelyingPartyEntity { id: "example.com".into(), name: Some("Example".into()) },
        user: UserEntity {
            id: vec![1, 2],
            name: Some("ann".into()),
            display_name: Some("Ann".into()),
        },
        algorithms: vec![Algorithm::ES256, Algorithm::EDDSA],
        exclude_list: vec![CredentialDescriptor::new([0xaa, 0xbb])],
        extensions: RegistrationExtensions {
            cred_protect: Some(CredentialProtection::OPTIONAL_WITH_CREDENTIAL_ID_LIST),
            hmac_secret: true,
            cred_blob: Some(SecretBytes::copy_of(&[5])),
            large_blob_key: true,
            min_pin_length: true,
            third_party_payment: true,
            ..RegistrationExtensions::default()
        },
        rk: Some(true),
        pin_uv_auth: Some(PinUvAuth::new(PinProtocol::Two, vec![0x22; 32])),
        enterprise_attestation: Some(EnterpriseAttestation::VendorFacilitated),
        attestation_formats: vec!["packed".into(), "none".into()],
        ..request()
    };
    let expected = hex("
        01 ab
        01 5820 1111111111111111111111111111111111111111111111111111111111111111
        02 a2 626964 6b6578616d706c652e636f6d 646e616d65 674578616d706c65
        03 a3 626964 420102 646e616d65 63616e6e 6b646973706c61794e616d65 63416e6e
        04 82 a2 63616c67 26 6474797065 6a7075626c69632d6b6579
              a2 63616c67 27 6474797065 6a7075626c69632d6b6579
        05 81 a2 626964 42aabb 6474797065 6a7075626c69632d6b6579
        06 a6 6863726564426c6f62 4105
              6b6372656450726f74656374 02
              6b686d61632d736563726574 f5
              6c6c61726765426c6f624b6579 f5
              6c6d696e50696e4c656e677468 f5
              71746869726450617274795061796d656e74 f5
        07 a1 62726b f5
        08 5820 2222222222222222222222222222222222222222222222222222222222222222
        09 02
        0a 01
        0b 82 667061636b6564 646e6f6e65");
    assert_eq!(request.encode(), expected);
}

#[test]
fn what_is_not_asked_for_is_not_sent() {
    let expected = hex("
        01 a4
        01 5820 1111111111111111111111111111111111111111111111111111111111111111
        02 a1 626964 6b6578616d706c652e636f6d
        03 a1 626964 420102
        04 81 a2 63616c67 26 6474797065 6a7075626c69632d6b6579");
    assert_eq!(request().encode(), expected);
}

#[test]
fn a_reply_is_read() {
    let response = read(&hex(REPLY)).unwrap();
    assert_eq!(response.fmt, "packed");
    assert_eq!(response.parsed.sign_count, 28);
    let credential = response.parsed.attested_credential.as_ref().unwrap();
    assert_eq!(credential.credential_id.len(), 64);
    assert_eq!(credential.aaguid.to_string(), "f8a011f3-8c0a-4d15-8006-17111f9edc7d");
    assert_eq!(response.auth_data.len(), 0xc4);
    assert_eq!(response.att_stmt[..6], hex("a363616c6726"));
    assert!(response.ep_att.is_none() && response.large_blob_key.is_none());
    assert_eq!(response.mistyped, []);
}

/// The reply without its first byte, so that members can be added.
fn with(more: &str, count: u8) -> Vec<u8> {
    let mut body = hex(REPLY);
    body[0] += count;
    body.extend(hex(more));
    body
}

#[test]
fn later_members_are_read_and_unknown_ones_are_ignored() {
    let key = "77".repeat(32);
    let body = with(&format!("04f5 055820{key} 06a16161f5 1863 40 617840"), 5);
    let response = read(&body).unwrap();
    assert_eq!(response.ep_att, Some(true));
    assert_eq!(response.large_blob_key.as_ref().unwrap().expose(), [0x77; 32]);
    assert!(matches!(response.unsigned_extension_outputs, Some(Value::Map(_))));
    assert!(!format!("{response:?}").contains("119, 119"), "a secret is shown");
}

#[test]
fn a_mistyped_optional_member_counts_as_absent() {
    let response = read(&with("0401 05f5", 2)).unwrap();
    assert_eq!((response.ep_att, response.large_blob_key), (None, None));
    let numbers: Vec<i64> = response.mistyped.iter().map(|member| member.number).collect();
    assert_eq!(numbers, [4, 5]);
}

#[test]
fn a_missing_or_mistyped_required_member_is_named() {
    let malformed = |body: &[u8]| match read(body).unwrap_err() {
        ReplyError::Malformed { command: CommandCode::MAKE_CREDENTIAL, member, source } => {
            (member.map(|member| member.name), source)
        }
        other => panic!("{other}"),
    };
    let (member, source) = malformed(&hex("a0"));
    assert_eq!(member, Some("fmt"));
    assert_eq!(source, MemberError::Cbor(CborError::Missing("fmt")));
    let (member, source) = malformed(&hex("a2 01 66 7061636b6564 02 41 00"));
    assert_eq!(member, Some("authData"));
    assert!(matches!(source, MemberError::AuthenticatorData(_)));
    let (member, source) = malformed(&hex("01"));
    assert_eq!(member, None);
    assert!(matches!(source, MemberError::Cbor(_)));
    // Authenticator data of an assertion.
    let data = format!("{} 01 00000001", "00".repeat(32));
    let (member, source) = malformed(&hex(&format!("a2 01 646e6f6e65 02 5825 {data}")));
    assert_eq!(member, Some("authData"));
    assert_eq!(source, MemberError::Cbor(CborError::Missing("attestedCredentialData")));
}

#[test]
fn the_format_none_needs_no_statement() {
    let whole = hex(REPLY);
    let data = &whole[10..10 + 2 + 0xc4];
    let body = [hex("a2 01 646e6f6e65 02").as_slice(), data].concat();
    assert_eq!(read(&body).unwrap().att_stmt, [0xa0]);
    let body = [hex("a2 01 667061636b6564 02").as_slice(), data].concat();
    assert!(matches!(read(&body), Err(ReplyError::Malformed { .. })));
}

#[test]
fn no_change_of_a_reply_panics() {
    no_change_panics(&request(), &with("04f5 0542aabb 06a16161f5", 3));
}
