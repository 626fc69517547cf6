//! One thing changed, and exactly the check that is meant fails; every check of a verdict has such a
//! change, here or where its attestation format is tested.

use super::*;
use crate::wire::attestation_object::AttestationObject;
use crate::wire::cbor::{Encoded, MapBuilder};
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::json;
use std::collections::BTreeSet;

/// The place of the flags in authenticator data.
const FLAGS: usize = 32;

/// Checks of attestation formats, whose failures are in `attestation/tests.rs` and in
/// `tests/suite/formats.rs`, and of trust, in `trust/tests.rs`.
const ELSEWHERE: &[&str] = &[
    "attestation_signature",
    "attestation_algorithm",
    "attestation_certificate",
    "attestation_aaguid",
    "attestation_trust",
];

/// A registration without attestation, with its document, in parts.
struct RegistrationParts {
    client_data: String,
    object: AttestationObject,
    /// In place of what `object` becomes.
    bytes: Option<Vec<u8>>,
    document: RegistrationResponseJson,
    expected: Expected,
}

/// Changes a registration; names the checks that failed.
fn registered(change: impl FnOnce(&mut RegistrationParts)) -> Vec<String> {
    let vector = named("none.ES256");
    let mut parts = RegistrationParts {
        client_data: String::from_utf8(vector.get("create_client_data").to_vec()).unwrap(),
        object: vector.object(),
        bytes: None,
        document: registration_document(&vector),
        expected: Expected {
            cross_origin: false,
            top_origins: vec![],
            ..expected(vector.get("create_challenge"))
        },
    };
    change(&mut parts);
    let object = parts.bytes.unwrap_or_else(|| parts.object.encode().unwrap());
    let response = &mut parts.document.response;
    // What repeats the authenticator data repeats what became of it.
    if response.authenticator_data == registration_document(&vector).response.authenticator_data {
        response.authenticator_data = None;
        response.public_key = None;
    }
    let verdict = registration(&RegistrationInput {
        client_data: ClientData::Json(parts.client_data.as_bytes()),
        attestation_object: &object,
        document: Some(&parts.document),
        expected: &parts.expected,
    });
    failed(&verdict).into_iter().map(str::to_owned).collect()
}

fn outputs(name: &str) -> Vec<u8> {
    MapBuilder::new().text_member(name, Encoded::boolean(true)).build().into_bytes()
}

#[test]
fn of_a_registration() {
    type Change = fn(&mut RegistrationParts);
    let table: &[(&str, Change)] = &[
        ("client_data", |one| one.client_data.push('}')),
        ("client_data_type", |one| one.client_data = one.client_data.replace(".create", ".get")),
        ("challenge", |one| one.expected.challenge = Some(vec![7; 32])),
        ("origin", |one| one.expected.origins = vec!["https://example.org:444".into()]),
        ("cross_origin", |one| {
            one.client_data = one.client_data.replace("Origin\":false", "Origin\":true");
        }),
        ("top_origin", |one| {
            let top = "\"topOrigin\":\"https://example.com\",\"crossOrigin\"";
            one.client_data = one.client_data.replace("\"crossOrigin\"", top);
        }),
        ("attestation_object", |one| one.bytes = Some(vec![0xa0])),
        ("authenticator_data", |one| one.object.authenticator_data.push(0)),
        ("rp_id_hash", |one| one.object.authenticator_data[0] ^= 1),
        ("user_present", |one| one.object.authenticator_data[FLAGS] &= !0x01),
        ("user_verified", |one| {
            one.object.authenticator_data[FLAGS] &= !0x04;
            one.expected.user_verification = true;
        }),
        ("backup_flags", |one| {
            let flags = &mut one.object.authenticator_data[FLAGS];
            *flags = *flags & !0x08 | 0x10;
        }),
        ("backup_policy", |one| {
            one.object.authenticator_data[FLAGS] |= 0x08;
            one.expected.backup = Some(BackupPolicy::DeviceBound);
        }),
        ("extensions", |one| {
            one.object.authenticator_data[FLAGS] |= 0x80;
            one.object.authenticator_data.extend(outputs("hmac-secret"));
        }),
        ("client_extensions", |one| {
            one.document.client_extension_results.insert("prf".into(), json!({}));
        }),
        ("attested_credential", |one| {
            one.object.authenticator_data[FLAGS] &= !0x40;
            one.object.authenticator_data.truncate(37);
        }),
        ("algorithm", |one| one.expected.algorithms = vec![Algorithm::EDDSA]),
        ("public_key", |one| *one.object.authenticator_data.last_mut().unwrap() ^= 1),
        ("credential_id_length", |one| {
            let data = &mut one.object.authenticator_data;
            data[53..55].copy_from_slice(&1024_u16.to_be_bytes());
            data.splice(55..87, [1; 1024]);
            one.document.id = crate::webauthn::base64url::encode(&[1; 1024]);
            one.document.raw_id = vec![1; 1024].into();
        }),
        ("credential_new", |one| {
            one.expected.taken = Some(vec![one.document.raw_id.as_bytes().to_vec()]);
        }),
        ("credential_id", |one| one.document.kind = "password".into()),
        ("response_members", |one| one.document.response.public_key_algorithm = Some(-8)),
        ("attestation_format", |one| one.object.format = "packet".into()),
        ("attestation_statement", |one| one.object.statement = outputs("alg")),
    ];
    assert_eq!(registered(|_| {}), [""; 0]);
    let mut changed: BTreeSet<&str> = BTreeSet::new();
    for (id, change) in table {
        assert_eq!(registered(change), [*id]);
        changed.insert(id);
    }
    for vector in all().iter().filter(|vector| vector.object().format.as_str() != "android-key") {
        for check in Registration::of(vector).verdict().checks() {
            let known = changed.contains(check.id) || ELSEWHERE.contains(&check.id);
            let of_format = ["attestation_key", "attestation_nonce", "tpm_certify_info"];
            assert!(known || of_format.contains(&check.id), "{} has no change", check.id);
        }
    }
}

/// An assertion, in parts; it is signed after the change.
struct AssertionParts {
    client_data: String,
    data: Vec<u8>,
    document: AuthenticationResponseJson,
    user_handle: Option<&'static [u8]>,
    credential_id: Vec<u8>,
    known_id: Vec<u8>,
    known_handle: &'static [u8],
    allowed: Vec<Vec<u8>>,
    count: u32,
    eligible: bool,
    spoil: bool,
    expected: Expected,
}

fn asserted(change: impl FnOnce(&mut AssertionParts)) -> Vec<String> {
    let vector = named("none.ES256");
    let key = SigningKey::from_slice(&[7; 32]).unwrap();
    let id = vector.credential().credential_id;
    let mut parts = AssertionParts {
        client_data: String::from_utf8(vector.get("get_client_data").to_vec()).unwrap(),
        data: vector.get("authenticator_data").to_vec(),
        document: assertion_document(&vector),
        user_handle: Some(b"alice"),
        credential_id: id.clone(),
        known_id: id.clone(),
        known_handle: b"alice",
        allowed: vec![id],
        count: 0,
        eligible: true,
        spoil: false,
        expected: Expected {
            cross_origin: false,
            top_origins: vec![],
            ..expected(vector.get("get_challenge"))
        },
    };
    change(&mut parts);
    let hash = crate::webauthn::client_data::hash(parts.client_data.as_bytes());
    let signature: Signature = key.sign(&[parts.data.as_slice(), &hash].concat());
    let mut signature = signature.to_der().to_bytes().to_vec();
    if parts.spoil {
        *signature.last_mut().unwrap() ^= 1;
    }
    let spki = p256::pkcs8::EncodePublicKey::to_public_key_der(key.verifying_key()).unwrap();
    let public_key = PublicKey::from_spki_der(spki.as_bytes());
    let verdict = assertion(&AssertionInput {
        client_data: ClientData::Json(parts.client_data.as_bytes()),
        authenticator_data: &parts.data,
        signature: &signature,
        credential_id: &parts.credential_id,
        user_handle: parts.user_handle,
        allowed: &parts.allowed,
        known: KnownCredential {
            id: Some(&parts.known_id),
            key: CredentialKey::from(&public_key),
            sign_count: Some(parts.count),
            user_handle: Some(parts.known_handle),
            backup_eligible: Some(parts.eligible),
            backed_up: Some(true),
        },
        document: Some(&parts.document),
        expected: &parts.expected,
    });
    failed(&verdict).into_iter().map(str::to_owned).collect()
}

#[test]
fn of_an_assertion() {
    type Change = fn(&mut AssertionParts);
    let table: &[(&str, Change)] = &[
        ("credential_id", |one| one.document.id.push('A')),
        ("allowed_credential", |one| one.allowed = vec![vec![1, 2, 3]]),
        ("known_credential", |one| one.known_id = vec![1, 2, 3]),
        ("user_handle", |one| one.known_handle = b"bob"),
        ("user_handle", |one| {
            one.user_handle = None;
            one.expected.discoverable = Some(true);
        }),
        ("client_data", |one| one.client_data.push('}')),
        ("client_data_type", |one| one.client_data = one.client_data.replace(".get", ".create")),
        ("challenge", |one| one.expected.challenge = Some(vec![7; 32])),
        ("origin", |one| one.expected.origins = vec!["https://example.net".into()]),
        ("cross_origin", |one| {
            one.client_data = one.client_data.replace("Origin\":false", "Origin\":true");
        }),
        ("top_origin", |one| {
            let top = "\"topOrigin\":\"https://example.com\",\"crossOrigin\"";
            one.client_data = one.client_data.replace("\"crossOrigin\"", top);
        }),
        ("authenticator_data", |one| one.data.push(0)),
        ("rp_id_hash", |one| one.data[0] ^= 1),
        // The AppID is only looked for where the client says that it was used.
        ("rp_id_hash", |one| {
            one.document.client_extension_results.insert("appid".into(), json!(true));
            one.expected.extensions = Some(vec!["appid".into()]);
            one.expected.app_id = Some("https://example.org/appid.json".into());
        }),
        ("user_present", |one| one.data[FLAGS] &= !0x01),
        ("user_verified", |one| {
            one.data[FLAGS] &= !0x04;
            one.expected.user_verification = true;
        }),
        ("backup_policy", |one| {
            one.data[FLAGS] = one.data[FLAGS] & !0x10 | 0x08;
            one.expected.backup = Some(BackupPolicy::BackedUp);
        }),
        ("backup_flags", |one| {
            one.data[FLAGS] = one.data[FLAGS] & !0x08 | 0x10;
            one.eligible = false;
        }),
        ("extensions", |one| {
            one.data[FLAGS] |= 0x80;
            one.data.extend(outputs("hmac-secret"));
        }),
        ("client_extensions", |one| {
            one.document.client_extension_results.insert("prf".into(), json!({}));
        }),
        ("backup_eligible_unchanged", |one| one.eligible = false),
        ("signature", |one| one.spoil = true),
        ("signature_counter", |one| one.count = 7),
    ];
    assert_eq!(asserted(|_| {}), [""; 0]);
    for (id, change) in table {
        assert_eq!(asserted(change), [*id]);
    }
    let app_id = asserted(|one| {
        one.document.client_extension_results.insert("appid".into(), json!(true));
        one.expected.extensions = Some(vec!["appid".into()]);
        one.expected.app_id = Some("https://example.org".into());
        let hash: [u8; 32] = sha2::Digest::finalize(
            <sha2::Sha256 as sha2::Digest>::new_with_prefix(b"https://example.org"),
        )
        .into();
        one.data[..32].copy_from_slice(&hash);
    });
    assert_eq!(app_id, [""; 0]);
    for vector in all() {
        for check in Assertion::of(&vector).verdict().checks() {
            // That the state of the backup changed is said, and is no fault.
            let known = table.iter().any(|(id, _)| *id == check.id) || check.id == "backup_state";
            assert!(known, "{} has no change", check.id);
        }
    }
}

#[test]
fn a_backup_that_came_or_went_is_said() {
    let said = |then: Option<bool>, now: u8| {
        let mut bytes = Assertion::of(&named("none.ES256"));
        bytes.authenticator_data[FLAGS] = now;
        let mut input = bytes.input();
        input.known.key = CredentialKey::Unknown;
        input.known.backed_up = then;
        let verdict = assertion(&input);
        verdict.check("backup_state").unwrap().outcome.to_string()
    };
    assert_eq!(said(Some(false), 0x19), "not applicable: it was backed up since; that is allowed");
    assert_eq!(
        said(Some(true), 0x09),
        "not applicable: it was backed up then and is not now; that is allowed"
    );
    assert_eq!(said(Some(true), 0x19), "passed");
    assert_eq!(said(None, 0x19), "not applicable: the flag at registration is not known");
}
