use super::super::testing::{hex, no_change_panics};
use super::super::{MemberError, ReplyError, read_reply};
use super::*;
use crate::wire::cbor::CborError;

/// python-fido2, `tests/test_ctap2.py`: `_INFO`, of a key of CTAP 2.0.
const OLD: &str = "
    a6
    01 82 665532465f5632 684649444f5f325f30
    02 82 6375766d 6b686d61632d736563726574
    03 50 f8a011f38c0a4d15800617111f9edc7d
    04 a4 62726b f5 627570 f5 64706c6174 f4 69636c69656e7450696e f4
    05 1904b0
    06 81 01";

/// Every member of CTAP 2.3, put together by hand.
const FULL: &str = "
    b81f
    01 82 684649444f5f325f31 684649444f5f325f33
    02 81 6863726564426c6f62
    03 50 000102030405060708090a0b0c0d0e0f
    04 a3 62726b f5 68616c776179735576 f4 68637265644d676d74 f5
    05 190400
    06 82 02 01
    07 08
    08 1880
    09 82 63757362 636e6663
    0a 81 a2 63616c67 26 6474797065 6a7075626c69632d6b6579
    0b 190400
    0c f5
    0d 06
    0e 1a00050800
    0f 1820
    10 02
    11 03
    12 02
    13 a1 644649444f 02
    14 1819
    15 82 1bffffffffffffffff 01
    16 82 667061636b6564 646e6f6e65
    17 00
    1818 f5
    1819 44 01020304
    181a 81 63555342
    181b f4
    181c 49 68747470733a2f2f78
    181d 1820
    181e 44 05060708
    181f 82 02 03";

fn read(body: &[u8]) -> Result<Info, ReplyError> {
    read_reply(&GetInfo, &[&[0], body].concat())
}

fn mistyped(info: &Info) -> Vec<i64> {
    info.mistyped.iter().map(|member| member.number).collect()
}

#[test]
fn the_request_is_one_byte() {
    assert_eq!(GetInfo.encode(), [0x04]);
}

#[test]
fn a_key_of_ctap_2_0_is_read() {
    let info = read(&hex(OLD)).unwrap();
    assert_eq!(info.versions, ["U2F_V2", "FIDO_2_0"]);
    assert!(info.supports_version("FIDO_2_0") && !info.supports_version("FIDO_2_1"));
    assert!(info.supports_extension("hmac-secret") && !info.supports_extension("credBlob"));
    assert_eq!(info.aaguid.unwrap().to_string(), "f8a011f3-8c0a-4d15-8006-17111f9edc7d");
    let options: Vec<(&str, bool)> = info.options().iter().collect();
    assert_eq!(options, [("rk", true), ("up", true), ("plat", false), ("clientPin", false)]);
    assert_eq!(info.max_msg_size(), 1200);
    assert_eq!(info.pin_uv_auth_protocols, Some(vec![1]));
    assert_eq!(info.raw, hex(OLD));
    assert_eq!((info.unknown.len(), info.mistyped.len()), (0, 0));
}

#[test]
fn every_member_of_ctap_2_3_is_read() {
    let info = read(&hex(FULL)).unwrap();
    assert_eq!((info.unknown.as_slice(), info.mistyped.as_slice()), ([].as_slice(), [].as_slice()));
    assert_eq!(info.versions, ["FIDO_2_1", "FIDO_2_3"]);
    assert_eq!(info.extensions, Some(vec!["credBlob".into()]));
    assert_eq!(
        info.aaguid,
        Some(Aaguid(*b"\0\x01\x02\x03\x04\x05\x06\x07\x08\t\n\x0b\x0c\r\x0e\x0f"))
    );
    assert_eq!(info.options().rk(), Some(true));
    assert_eq!(info.options().always_uv(), Some(false));
    assert_eq!(info.options().cred_mgmt(), Some(true));
    assert_eq!(info.options().client_pin(), None);
    assert_eq!(info.max_msg_size, Some(1024));
    assert_eq!(info.pin_protocols(), [2, 1]);
    assert_eq!(info.pin_protocol(), Some(PinProtocol::Two));
    assert_eq!(info.max_credential_count_in_list, Some(8));
    assert_eq!(info.max_credential_id_length, Some(128));
    assert_eq!(info.transports, Some(vec!["usb".into(), "nfc".into()]));
    assert_eq!(info.algorithms, Some(vec![Algorithm::ES256]));
    assert_eq!(info.max_serialized_large_blob_array, Some(1024));
    assert!(info.force_pin_change());
    assert_eq!(info.min_pin_length(), 6);
    assert_eq!(info.firmware_version, Some(0x0005_0800));
    assert_eq!(info.max_cred_blob_length, Some(32));
    assert_eq!(info.max_rpids_for_set_min_pin_length, Some(2));
    assert_eq!(info.preferred_platform_uv_attempts, Some(3));
    assert_eq!(info.uv_modality, Some(2));
    assert_eq!(info.certifications, Some(vec![("FIDO".into(), 2)]));
    assert_eq!(info.remaining_discoverable_credentials, Some(25));
    assert_eq!(info.vendor_prototype_config_commands, Some(vec![u64::MAX, 1]));
    assert_eq!(info.attestation_formats(), ["packed", "none"]);
    assert_eq!(info.uv_count_since_last_pin_entry, Some(0));
    assert!(info.long_touch_for_reset());
    assert_eq!(info.enc_identifier, Some(vec![1, 2, 3, 4]));
    assert!(info.may_be_reset_over("usb") && !info.may_be_reset_over("nfc"));
    assert_eq!(info.pin_complexity_policy, Some(false));
    assert_eq!(info.pin_complexity_policy_url.as_deref(), Some("https://x"));
    assert_eq!(info.max_pin_length(), 32);
    assert_eq!(info.enc_cred_store_state, Some(vec![5, 6, 7, 8]));
    assert_eq!(info.authenticator_config_commands, Some(vec![2, 3]));
}

#[test]
fn absent_members_have_the_meaning_that_the_specification_gives_them() {
    let info = read(&hex("a1 01 81 684649444f5f325f30")).unwrap();
    assert_eq!((info.aaguid, info.options.as_ref(), info.max_msg_size), (None, None, None));
    assert_eq!((info.max_msg_size(), info.min_pin_length(), info.max_pin_length()), (1024, 4, 63));
    assert_eq!(info.pin_protocols(), [1]);
    assert_eq!(info.attestation_formats(), ["packed"]);
    assert!(!info.force_pin_change() && !info.long_touch_for_reset());
    assert!(info.may_be_reset_over("usb"));
    assert_eq!(info.options().iter().count(), 0);
    assert_eq!(info.option("rk"), None);
}

#[test]
fn a_key_without_versions_is_no_ctap2_key() {
    let error = read(&hex("a0")).unwrap_err();
    let ReplyError::Malformed { member, source, .. } = error else { panic!("{error}") };
    assert_eq!(member.unwrap().to_string(), "versions (0x01)");
    assert_eq!(source, MemberError::Cbor(CborError::Missing("versions")));
    assert!(read(&[]).is_err());
}

/// Each member in turn is replaced by one of a type that none of them has.
#[test]
fn a_mistyped_member_loses_nothing_but_itself() {
    let body = hex(FULL);
    let map = crate::wire::cbor::parse(&body).unwrap().map().unwrap();
    for wrong in MEMBERS.iter().filter(|member| member.number > 1) {
        let mut changed = MapBuilder::new();
        for (key, item) in map.members() {
            let Key::Integer(number) = *key else { panic!("{key}") };
            let mistyped = number == wrong.number;
            let value = if mistyped { Encoded::null() } else { Encoded::from_item(*item) };
            changed = changed.member(number, value);
        }
        let info = read(changed.build().as_bytes()).unwrap();
        assert_eq!(mistyped(&info), [wrong.number], "{wrong}");
        assert_eq!(info.versions, ["FIDO_2_1", "FIDO_2_3"]);
        assert_eq!(info.max_msg_size.is_none(), wrong.number == 5);
        assert_eq!(info.authenticator_config_commands.is_none(), wrong.number == 0x1f);
    }
}

#[test]
fn one_mistyped_option_loses_nothing_but_itself() {
    let info = read(&hex("a2 01 80 04 a3 62726b f5 627570 01 01 f5")).unwrap();
    assert_eq!(info.options().iter().collect::<Vec<_>>(), [("rk", true)]);
    assert_eq!(mistyped(&info), [4]);
}

#[test]
fn unknown_members_are_kept() {
    let info = read(&hex("a5 01 80 1863 1904d2 38c7 f5 6178 a1 01 02 4101 62c328")).unwrap();
    let shown: Vec<String> = info.unknown.iter().map(|(key, _)| key.to_string()).collect();
    assert_eq!(shown, ["0x63", "-200", "\"x\"", "h'[41, 01]'"]);
    assert_eq!(info.unknown[0].1, Value::Integer(1234));
    assert_eq!(info.unknown[1].1, Value::Bool(true));
    // Text that is not UTF-8 is no readable tree.
    assert_eq!(info.unknown[3].1, Value::Bytes(hex("62c328")));
    assert_eq!(info.mistyped, []);
}

/// Nitrokey FIDO2, Solo 2.1.0 and GoTrust Idem send their members in another order.
#[test]
fn the_order_of_members_does_not_matter() {
    let ordered = read(&hex("a3 01 81 684649444f5f325f30 05 1904b0 0d 06")).unwrap();
    let other = read(&hex("a3 0d 06 05 1904b0 01 81 684649444f5f325f30")).unwrap();
    assert_eq!(other.min_pin_length(), 6);
    assert_eq!(ordered.fingerprint(), other.fingerprint());
}

#[test]
fn the_fingerprint_ignores_what_is_new_in_every_reply() {
    let base = read(&hex(FULL)).unwrap().fingerprint();
    let same = FULL.replace("44 01020304", "44 01020305").replace("44 05060708", "44 05060709");
    assert_eq!(read(&hex(&same)).unwrap().fingerprint(), base);
    for (from, to) in [("14 1819", "14 1818"), ("0d 06", "0d 08"), ("0c f5", "0c f4")] {
        let other = read(&hex(&FULL.replace(from, to))).unwrap();
        assert_ne!(other.fingerprint(), base, "{from}");
    }
}

#[test]
fn the_policys_address_may_be_text() {
    let info = read(&hex("a2 01 80 181c 69 68747470733a2f2f78")).unwrap();
    assert_eq!(info.pin_complexity_policy_url.as_deref(), Some("https://x"));
}

#[test]
fn a_protocol_that_is_not_known_is_passed_over() {
    let info = read(&hex("a2 01 80 06 83 09 01 02")).unwrap();
    assert_eq!(info.pin_protocol(), Some(PinProtocol::One));
    let info = read(&hex("a2 01 80 06 81 09")).unwrap();
    assert_eq!(info.pin_protocol(), None);
}

#[test]
fn no_change_of_a_reply_panics() {
    no_change_panics(&GetInfo, &hex(FULL));
}
