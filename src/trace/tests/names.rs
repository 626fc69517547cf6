//! Members have the specification's names, in every message that this program can send and in
//! answers written out by hand after the tables of CTAP 2.3 section 6.

use super::*;
use crate::ctap::credential_management::{
    DeleteCredential, Dialect, EnumerateCredentialsBegin, EnumerateRpsBegin, GetCredsMetadata,
    UpdateUserInformation,
};
use crate::ctap::extensions::{CredentialProtection, RegistrationExtensions};
use crate::ctap::get_info::MEMBERS;
use crate::ctap::make_credential::{EnterpriseAttestation, MakeCredential};
use crate::ctap::{
    CommandCode, CredentialDescriptor, PinProtocol, PinUvAuthToken, RelyingPartyEntity, Request,
    SecretBytes, UserEntity,
};
use crate::wire::cose::{Algorithm, CoseKey};
use serde_json::json;

fn token() -> PinUvAuthToken {
    PinUvAuthToken::new(PinProtocol::Two, SecretBytes::copy_of(&[5; 32])).unwrap()
}

fn sent(request: &impl Request) -> Value {
    members(&request.encode(), &[0]).0
}

/// Every name in a tree.
fn names(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                found.push(name.clone());
                names(value, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| names(item, found)),
        _ => {}
    }
}

#[test]
fn a_registration_is_decoded_whole() {
    let request = MakeCredential {
        client_data_hash: [1; 32],
        rp: RelyingPartyEntity { id: "example.com".into(), name: Some("Example".into()) },
        user: UserEntity {
            id: vec![2],
            name: Some("alice".into()),
            display_name: Some("Alice".into()),
        },
        algorithms: vec![Algorithm::ES256, Algorithm(-65000)],
        exclude_list: vec![CredentialDescriptor::new([3])],
        extensions: RegistrationExtensions {
            cred_protect: Some(CredentialProtection::REQUIRED),
            hmac_secret: true,
            cred_blob: Some(SecretBytes::copy_of(b"blob")),
            ..RegistrationExtensions::default()
        },
        rk: Some(true),
        pin_uv_auth: Some(token().authenticate(&[1; 32])),
        enterprise_attestation: Some(EnterpriseAttestation::PlatformManaged),
        attestation_formats: vec!["packed".into()],
        ..MakeCredential::default()
    };
    let expected = json!({
        "clientDataHash": { "hex": "01".repeat(32) },
        "rp": { "id": "example.com", "name": "Example" },
        "user": { "id": { "hex": "02" }, "name": "alice", "displayName": "Alice" },
        "pubKeyCredParams": [
            { "alg": { "name": "ES256", "number": -7 }, "type": "public-key" },
            { "alg": -65000, "type": "public-key" },
        ],
        "excludeList": [{ "id": { "hex": "03" }, "type": "public-key" }],
        "extensions": {
            "credBlob": { "masked": 4 },
            "credProtect": { "name": "userVerificationRequired", "number": 3 },
            "hmac-secret": true,
        },
        "options": { "rk": true },
        "pinUvAuthParam": { "masked": 32 },
        "pinUvAuthProtocol": 2,
        "enterpriseAttestation": 2,
        "attestationFormatsPreference": ["packed"],
    });
    assert_eq!(sent(&request), expected);
}

#[test]
fn authenticator_data_is_decoded() {
    let key = CoseKey::encode_key_agreement(&[6; 32], &[7; 32]);
    let data = [
        &[9; 32][..],
        &[0xc5, 0, 0, 1, 0],
        &[8; 16],
        &[0, 2, 0xaa, 0xbb],
        key.as_bytes(),
        map().text_member("credProtect", number(2)).build().as_bytes(),
    ]
    .concat();
    let statement = map().text_member("alg", Encoded::integer(-7)).build();
    let reply =
        map().member(1, Encoded::text("packed")).member(2, bytes(&data)).member(3, statement);
    let (_, members) = members(&message(1, map()), &message(0, reply));
    let expected = json!({
        "fmt": "packed",
        "authData": {
            "rpIdHash": { "hex": "09".repeat(32) },
            "flags": { "names": ["UP", "UV", "AT", "ED"], "number": 0xc5 },
            "signCount": 256,
            "aaguid": { "hex": "08".repeat(16) },
            "credentialId": { "hex": "aabb" },
            "credentialPublicKey": {
                "kty": { "name": "EC2", "number": 2 },
                "alg": -25,
                "crv": { "name": "P-256", "number": 1 },
                "x": { "hex": "06".repeat(32) },
                "y": { "hex": "07".repeat(32) },
            },
            "extensions": {
                "credProtect": {
                    "name": "userVerificationOptionalWithCredentialIDList",
                    "number": 2,
                },
            },
        },
        "attStmt": { "alg": { "name": "ES256", "number": -7 } },
    });
    assert_eq!(members, expected);
}

/// Authenticator data that is none is kept where nothing secret was asked for.
#[test]
fn faulty_authenticator_data_is_kept() {
    let (_, members) = members(&[2], &message(0, map().member(2, bytes(&[1, 2, 3]))));
    assert_eq!(members["authData"]["data"], json!({ "hex": "010203" }));
    assert!(members["authData"]["undecodable"].as_str().unwrap().contains("too early"));
}

#[test]
fn no_member_that_this_program_sends_is_without_its_name() {
    let user = UserEntity { id: vec![1], name: Some("a".into()), display_name: None };
    let credential = CredentialDescriptor::new([1]);
    let (standard, token) = (Dialect::Standard, token());
    let rename = UpdateUserInformation::new(standard, &token, &credential, &user).unwrap();
    let requests = [
        sent(&GetCredsMetadata::new(standard, &token)),
        sent(&EnumerateRpsBegin::new(Dialect::Preview, &token)),
        sent(&EnumerateCredentialsBegin::new(standard, &token, &[1; 32])),
        sent(&DeleteCredential::new(standard, &token, &credential)),
        sent(&rename),
    ];
    for request in requests {
        let mut found = Vec::new();
        names(&request, &mut found);
        assert!(found.len() > 3 && !found.iter().any(|name| name.starts_with("0x")), "{request}");
    }
    let renamed = sent(&rename);
    assert_eq!(renamed["subCommand"]["name"], "updateUserInformation");
    assert_eq!(renamed["subCommandParams"]["user"]["name"], "a");
}

/// Every member that a command and its answer have, by number.
#[test]
fn every_member_has_its_name() {
    let all = |numbers: &[i64]| {
        numbers.iter().fold(map(), |map, member| map.member(*member, Encoded::null()))
    };
    let upto = |last: i64| (1..=last).collect::<Vec<_>>();
    let with = |mut list: Vec<i64>, more: &[i64]| {
        list.extend_from_slice(more);
        list
    };
    let cases: [(u8, Vec<i64>, Vec<i64>); 8] = [
        (0x01, upto(11), upto(6)),
        (0x02, upto(9), upto(10)),
        (0x06, with(upto(6), &[9, 10]), upto(5)),
        (0x09, upto(6), upto(8)),
        (0x0a, upto(4), upto(12)),
        (0x0c, upto(6), upto(1)),
        (0x0d, upto(4), vec![]),
        (0x08, vec![], upto(10)),
    ];
    for (command, request, reply) in cases {
        let (asked, answered) = members(&message(command, all(&request)), &message(0, all(&reply)));
        for (members, count) in [(asked, request.len()), (answered, reply.len())] {
            let members = members.as_object().unwrap();
            assert_eq!(members.len(), count);
            assert!(!members.keys().any(|name| name.starts_with("0x")), "{members:?}");
        }
    }
    let info: Vec<i64> = MEMBERS.iter().map(|member| member.number).collect();
    let (_, info) = members(&[4], &message(0, all(&info).member(0x7f, number(1))));
    assert_eq!(info.as_object().unwrap().len(), MEMBERS.len() + 1);
    assert_eq!((info.get("maxPINLength"), info.get("0x7f")), (Some(&json!(null)), Some(&json!(1))));
}

#[test]
fn subcommands_permissions_and_feedback_have_names() {
    let pin = map().member(2, number(9)).member(9, number(0x43));
    let (pin, _) = members(&message(6, pin), &[0]);
    assert_eq!(pin["subCommand"]["name"], "getPinUvAuthTokenUsingPinWithPermissions");
    assert_eq!(pin["permissions"], json!({ "names": ["mc", "ga", "pcmr"], "number": 0x43 }));

    let fingerprint = map().member(2, number(2)).member(3, map().member(3, number(5000)).build());
    let captured = map().member(4, bytes(&[1])).member(5, number(0x0b)).member(6, number(2));
    let (asked, answered) = members(&message(9, fingerprint), &message(0, captured));
    assert_eq!(asked["subCommand"]["name"], "enrollCaptureNextSample");
    assert_eq!(asked["subCommandParams"], json!({ "timeoutMilliseconds": 5000 }));
    assert_eq!(answered["lastEnrollSampleStatus"]["name"], "FP_EXISTS");

    let lengths = map().member(1, number(6)).member(3, Encoded::boolean(true)).build();
    let (config, _) = members(&message(0x0d, map().member(1, number(3)).member(2, lengths)), &[0]);
    assert_eq!(config["subCommand"]["name"], "setMinPINLength");
    assert_eq!(config["subCommandParams"], json!({ "newMinPINLength": 6, "forceChangePin": true }));

    let template = map().member(1, bytes(&[1])).member(2, Encoded::text("left")).build();
    let templates = map().member(7, Encoded::array([template]));
    let (_, found) = members(&message(9, map().member(2, number(4))), &message(0, templates));
    assert_eq!(found["templateInfos"][0]["templateFriendlyName"], "left");
}

#[test]
fn what_json_has_no_form_for_is_kept() {
    let odd = |item: &[u8]| {
        let reply = [&[0, 0xa1, 0x18, 0x77][..], item].concat();
        members(&[4], &reply).1["0x77"].clone()
    };
    assert_eq!(odd(&[0x1b, 255, 255, 255, 255, 255, 255, 255, 255]), json!(u64::MAX));
    assert_eq!(
        odd(&[0x3b, 255, 255, 255, 255, 255, 255, 255, 255]),
        json!({ "cbor": "-18446744073709551616" })
    );
    assert_eq!(odd(&[0xf7]), json!({ "cbor": "undefined" }));
    assert_eq!(odd(&[0xf9, 0x7e, 0]), json!({ "cbor": "NaN" }));
    assert_eq!(odd(&[0xf9, 0x3e, 0]), json!(1.5));
    assert_eq!(odd(&[0xc1, 0x05]), json!({ "cbor": "1(5)" }));
    assert_eq!(odd(&[0x61, 0xff]), json!("\u{fffd}"));
    assert_eq!(odd(&[0xa2, 1, 2, 1, 3]), json!({ "0x01": 2, "0x01 (2)": 3 }));
    let twice = members(&[4], &[0, 0xa2, 4, 2, 4, 3]).1;
    assert_eq!(twice, json!({ "options": 2, "options (2)": 3 }));
}

#[test]
fn statuses_and_commands_have_names() {
    let mut said = Said::new();
    said.exchange(&[7], &[0x30]);
    let message = said.last();
    assert_eq!(message.ctap_command.as_ref().unwrap().name.as_deref(), Some("authenticatorReset"));
    let status = message.ctap_status.as_ref().unwrap();
    assert_eq!((status.name.as_deref(), status.number), (Some("NOT_ALLOWED"), 0x30));
    said.exchange(&[CommandCode::RESET.0], &[0xf3]);
    assert_eq!(said.last().ctap_status.as_ref().unwrap().name, None);
    for garbage in [&[][..], &[0], &[0, 0], &[0xff, 0xff]] {
        said.exchange(&[4], garbage);
        said.exchange(garbage, &[0]);
    }
}

/// Anything at all gives some text, and not much more of it than there were bytes.
#[test]
fn nothing_that_a_key_says_ends_the_trace() {
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        u8::try_from(seed & 0xff).unwrap()
    };
    for round in 0..3000_usize {
        let length = round % 300;
        let mut reply: Vec<u8> = (0..length).map(|_| random()).collect();
        if let [status, map, ..] = reply.as_mut_slice() {
            *status = 0;
            *map = 0xa0 | (*map & 0x07);
        }
        let command = [1, 2, 4, 6, 8, 9, 0x0a, 0x0c, 0x0d, 0x55][round % 10];
        let request = message(command, map().member(1, number(4)).member(2, number(9)));
        let mut said = Said::new();
        said.exchange(&request, &reply);
        assert!(said.text().len() < 2000 + 40 * length, "{}", said.text());
    }
}
