use super::super::testing::{hex, no_change_panics};
use super::super::{PinProtocol, ReplyError, read_reply};
use super::*;
use crate::wire::status::Status;

/// python-fido2, `tests/test_ctap2.py`.
const REPLY: &str = "
    a3
    01 a2
        626964 5840
            fe3aac036d14c1e1c65518b698dd1da8f596bc33e11072813466c6bf38456915
            09b80fb76d59309b8d39e0a93452688f6ca3a39a76f3fc52744fb73948b15783
        6474797065 6a7075626c69632d6b6579
    02 5825
        0021f5fc0b85cd22e60623bcd7d1ca48948909249b4776eb515154e57b66ae12 01 0000001d
    03 5846
        304402206765cbf6e871d3af7f01ae96f06b13c90f26f54b905c5166a2c791274fc23971
        02200b143893586cc799fba4da83b119eaea1bd80ac3ce88fcedb3efbd596a1f4f63";

/// The reply with more members behind.
fn with(more: &str, count: u8) -> Vec<u8> {
    let mut body = hex(REPLY);
    body[0] += count;
    body.extend(hex(more));
    body
}

fn read(body: &[u8]) -> Result<AssertionResponse, ReplyError> {
    read_reply(&GetNextAssertion, &[&[0], body].concat())
}

fn request() -> GetAssertion {
    GetAssertion {
        rp_id: "example.com".into(),
        client_data_hash: [0x11; 32],
        ..GetAssertion::default()
    }
}

#[test]
fn a_full_request_has_every_member_in_canonical_order() {
    let request = GetAssertion {
        allow_list: vec![CredentialDescriptor::new([0xaa, 0xbb])],
        extensions: AssertionExtensions {
            get_cred_blob: true,
            large_blob_key: true,
            ..AssertionExtensions::default()
        },
        up: Some(false),
        pin_uv_auth: Some(PinUvAuth::new(PinProtocol::One, vec![0x22; 16])),
        ..request()
    };
    let expected = hex("
        02 a7
        01 6b6578616d706c652e636f6d
        02 5820 1111111111111111111111111111111111111111111111111111111111111111
        03 81 a2 626964 42aabb 6474797065 6a7075626c69632d6b6579
        04 a2 6863726564426c6f62 f5 6c6c61726765426c6f624b6579 f5
        05 a1 627570 f4
        06 50 22222222222222222222222222222222
        07 01");
    assert_eq!(request.encode(), expected);
}

#[test]
fn what_is_not_asked_for_is_not_sent() {
    let expected = hex("
        02 a2
        01 6b6578616d706c652e636f6d
        02 5820 1111111111111111111111111111111111111111111111111111111111111111");
    assert_eq!(request().encode(), expected);
    assert_eq!(GetNextAssertion.encode(), [0x08]);
}

#[test]
fn a_reply_is_read() {
    let response = read(&hex(REPLY)).unwrap();
    assert_eq!(response.credential.unwrap().id.len(), 64);
    assert_eq!(response.parsed.sign_count, 29);
    assert_eq!(response.parsed.flags.to_string(), "UP");
    assert_eq!(response.signature.len(), 0x46);
    assert_eq!((response.user, response.number_of_credentials), (None, None));
    assert_eq!(response.mistyped, []);
}

#[test]
fn a_resident_credential_comes_with_its_user() {
    let key = "77".repeat(32);
    let user = "a3 626964 420102 646e616d65 63616e6e 6b646973706c61794e616d65 63416e6e";
    let body = with(&format!("04 {user} 05 03 06 f5 07 5820 {key} 08 a0"), 5);
    let response = read(&body).unwrap();
    let user = response.user.unwrap();
    assert_eq!(user.id, [1, 2]);
    assert_eq!((user.name.as_deref(), user.display_name.as_deref()), (Some("ann"), Some("Ann")));
    assert_eq!(response.number_of_credentials, Some(3));
    assert_eq!(response.user_selected, Some(true));
    assert_eq!(response.large_blob_key.unwrap().expose(), [0x77; 32]);
    assert_eq!(response.unsigned_extension_outputs, Some(Value::Map(Vec::new())));
}

#[test]
fn a_name_cut_inside_a_character_is_mended() {
    let response = read(&with("04 a2 626964 4101 646e616d65 6361 62c3", 1)).unwrap();
    assert_eq!(response.user.unwrap().name.as_deref(), Some("ab\u{fffd}"));
}

#[test]
fn mistyped_optional_members_count_as_absent() {
    let response = read(&with("04 01 05 20 06 00 07 f5", 4)).unwrap();
    assert!(response.user.is_none() && response.number_of_credentials.is_none());
    let names: Vec<&str> = response.mistyped.iter().map(|member| member.name).collect();
    assert_eq!(names, ["user", "numberOfCredentials", "userSelected", "largeBlobKey"]);
}

#[test]
fn the_credential_may_only_be_left_out_when_one_was_named() {
    let data = format!("{} 01 00000001", "00".repeat(32));
    let bytes = hex(&format!("00 a2 02 5825 {data} 03 4101"));
    let naming = |count| GetAssertion {
        allow_list: vec![CredentialDescriptor::new([1]); count],
        ..request()
    };
    assert_eq!(read_reply(&naming(1), &bytes).unwrap().credential, None);
    for count in [0, 2] {
        assert!(read_reply(&naming(count), &bytes).is_err(), "{count}");
    }
    assert!(read_reply(&GetNextAssertion, &bytes).is_err());
    let without_signature = hex(&format!("00 a1 02 5825 {data}"));
    assert!(read_reply(&naming(1), &without_signature).is_err());
}

#[test]
fn a_refusal_is_told_whatever_follows_the_status() {
    let refused = read_reply(&request(), &[0x2e, 0xff, 0xff]).unwrap_err();
    assert_eq!(refused, ReplyError::Refused(Status::NO_CREDENTIALS));
    assert_eq!(refused.to_string(), "the key holds no matching credential [NO_CREDENTIALS, 0x2E]");
    assert_eq!(read_reply(&request(), &[]).unwrap_err(), ReplyError::Empty);
}

#[test]
fn no_change_of_a_reply_panics() {
    let user = "a2 626964 420102 646e616d65 63616e6e";
    no_change_panics(&request(), &with(&format!("04 {user} 05 03 07 42aabb"), 3));
}
