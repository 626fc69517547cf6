//! Each rule, broken alone.

use super::*;
use crate::wire::attestation_object::AttestationObject;
use crate::wire::cbor::{Encoded, MapBuilder};
use serde_json::json;

/// A registration without attestation, so that its authenticator data can be changed freely.
fn unsigned() -> (Registration, AttestationObject) {
    let vector = named("none.ES256");
    (Registration::of(&vector), vector.object())
}

/// The verdict when the authenticator data is changed.
fn with_data(change: impl FnOnce(&mut Vec<u8>, &mut Expected)) -> Verdict {
    let (mut registration, mut object) = unsigned();
    change(&mut object.authenticator_data, &mut registration.expected);
    registration.object = object.encode().unwrap();
    registration.verdict()
}

/// The place of the flags in authenticator data.
const FLAGS: usize = 32;

#[test]
fn client_data_of_another_ceremony_challenge_or_origin_is_refused() {
    let break_with = |change: &dyn Fn(&mut Registration)| {
        let mut registration = Registration::of(&named("none.ES256.topOrigin"));
        change(&mut registration);
        let verdict = registration.verdict();
        failed(&verdict).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(break_with(&|_| {}), [""; 0]);
    assert_eq!(break_with(&|one| one.expected.challenge = Some(vec![1])), ["challenge"]);
    assert_eq!(
        break_with(&|one| one.expected.origins = vec!["https://example.net".into()]),
        ["origin"]
    );
    assert_eq!(
        break_with(&|one| one.expected.cross_origin = false),
        ["cross_origin", "top_origin"]
    );
    assert_eq!(break_with(&|one| one.expected.top_origins.clear()), ["top_origin"]);
    assert_eq!(break_with(&|one| one.client_data = b"{}".to_vec()), ["client_data"]);
    let text = |one: &mut Registration, from: &str, to: &str| {
        let text = String::from_utf8(one.client_data.clone()).unwrap();
        assert!(text.contains(from));
        one.client_data = text.replace(from, to).into_bytes();
    };
    assert_eq!(
        break_with(&|one| text(one, "webauthn.create", "webauthn.get")),
        ["client_data_type"]
    );
    // A topOrigin without crossOrigin (section 5.8.1).
    assert_eq!(
        break_with(&|one| text(one, "\"crossOrigin\":true", "\"crossOrigin\":false")),
        ["top_origin"]
    );
}

#[test]
fn an_assertion_in_a_foreign_frame_is_refused_unless_it_may() {
    let mut assertion = Assertion::of(&named("none.ES256.crossOrigin"));
    assertion.expected.cross_origin = false;
    assert_eq!(failed(&assertion.verdict()), ["cross_origin"]);
    assertion.expected.rp_id = "example.com".into();
    assert_eq!(failed(&assertion.verdict()), ["cross_origin", "rp_id_hash"]);
}

#[test]
fn flags_are_held_against_what_is_expected() {
    assert_eq!(failed(&with_data(|data, _| data[FLAGS] &= !0x01)), ["user_present"]);
    let verdict = with_data(|data, expected| {
        data[FLAGS] &= !0x01;
        expected.user_presence = false;
    });
    assert_eq!(failed(&verdict), [""; 0]);
    let verdict = with_data(|data, expected| {
        data[FLAGS] &= !0x04;
        expected.user_verification = true;
    });
    assert_eq!(failed(&verdict), ["user_verified"]);
    let verdict = with_data(|data, expected| {
        data[FLAGS] |= 0x04;
        expected.user_verification = true;
    });
    assert_eq!(failed(&verdict), [""; 0]);
    let verdict = with_data(|data, _| data[FLAGS] = data[FLAGS] & !0x08 | 0x10);
    assert_eq!(failed(&verdict), ["backup_flags"]);
    assert_eq!(failed(&with_data(|data, _| data[0] ^= 1)), ["rp_id_hash"]);
}

#[test]
fn a_credential_must_be_there_and_fit() {
    let verdict = with_data(|data, _| {
        data[FLAGS] &= !0x40;
        data.truncate(37);
    });
    assert_eq!(failed(&verdict), ["attested_credential"]);
    // What was asked for decides, whatever the key can do.
    let verdict = with_data(|_, expected| expected.algorithms = vec![Algorithm::EDDSA]);
    assert_eq!(failed(&verdict), ["algorithm"]);
    let outcome = &verdict.check("algorithm").unwrap().outcome;
    assert_eq!(outcome.to_string(), "failed: expected EdDSA, seen ES256");
    // The last byte is part of y.
    let verdict = with_data(|data, _| *data.last_mut().unwrap() ^= 1);
    assert_eq!(failed(&verdict), ["public_key"]);
    let long = |length: usize| {
        with_data(move |data, _| {
            let id = u16::from_be_bytes([data[53], data[54]]);
            data.splice(55..55 + usize::from(id), vec![1; length]);
            data[53..55].copy_from_slice(&u16::try_from(length).unwrap().to_be_bytes());
        })
    };
    assert_eq!(failed(&long(1023)), [""; 0]);
    assert_eq!(failed(&long(1024)), ["credential_id_length"]);
    assert_eq!(failed(&long(0)), ["credential_id_length"]);
}

#[test]
fn extension_outputs_must_have_been_asked_for() {
    let with_output = |name: &str, asked: Option<&[&str]>| {
        let output = MapBuilder::new().text_member(name, Encoded::unsigned(2)).build();
        let asked = asked.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
        with_data(move |data, expected| {
            data[FLAGS] |= 0x80;
            data.extend(output.into_bytes());
            expected.extensions = asked;
        })
    };
    assert_eq!(failed(&with_output("minPinLength", Some(&[]))), ["extensions"]);
    assert_eq!(failed(&with_output("minPinLength", Some(&["minPinLength"]))), [""; 0]);
    // A key may apply credProtect by itself, and then says so (CTAP 2.3 section 12.1).
    assert_eq!(failed(&with_output("credProtect", Some(&[]))), [""; 0]);
    assert_eq!(ids(with_output("minPinLength", None).unchecked()), ["extensions"]);
}

#[test]
fn only_the_hash_is_known() {
    let vector = named("packed.ES256");
    let (registration_bytes, assertion_bytes) = (Registration::of(&vector), Assertion::of(&vector));
    let hash = crate::webauthn::client_data::hash(&registration_bytes.client_data);
    let mut input = registration_bytes.input();
    input.client_data = ClientData::Hash(hash);
    let verdict = registration(&input);
    assert!(verdict.is_accepted());
    for id in ["client_data", "client_data_type", "challenge", "origin", "cross_origin"] {
        let outcome = &verdict.check(id).unwrap().outcome;
        assert_eq!(outcome.to_string(), "not checked: only the hash of the client data is known");
    }
    input.client_data = ClientData::Hash([0; 32]);
    assert_eq!(failed(&registration(&input)), ["attestation_signature"]);
    let mut input = assertion_bytes.input();
    input.client_data = ClientData::Hash([0; 32]);
    assert_eq!(failed(&assertion(&input)), ["signature"]);
}

#[test]
fn what_is_not_known_is_not_checked() {
    let vector = named("none.ES256");
    let mut bytes = Registration::of(&vector);
    bytes.expected = Expected::new("example.org");
    let verdict = bytes.verdict();
    assert!(verdict.is_accepted());
    assert_eq!(ids(verdict.unchecked()), ["challenge", "origin", "algorithm", "credential_new"]);

    let bytes = Assertion::of(&vector);
    let mut input = bytes.input();
    input.known = KnownCredential::default();
    let verdict = assertion(&input);
    assert!(verdict.is_accepted());
    let outcome = &verdict.check("signature").unwrap().outcome;
    assert_eq!(outcome.to_string(), "not checked: no public key");
    let unchecked = ["backup_eligible_unchanged", "signature", "signature_counter"];
    assert_eq!(ids(verdict.unchecked()), unchecked);
}

#[test]
fn an_assertion_is_by_an_allowed_credential_of_the_account() {
    let bytes = Assertion::of(&named("none.ES256"));
    let verdict = |change: &dyn Fn(&mut AssertionInput<'_>)| {
        let mut input = bytes.input();
        change(&mut input);
        let verdict = assertion(&input);
        failed(&verdict).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let other = vec![vec![1, 2, 3]];
    assert_eq!(
        failed(&assertion(&AssertionInput { allowed: &other, ..bytes.input() })),
        ["allowed_credential"]
    );
    assert_eq!(
        verdict(&|input| {
            input.user_handle = Some(b"alice");
            input.known.user_handle = Some(b"bob");
        }),
        ["user_handle"]
    );
    assert_eq!(
        verdict(&|input| {
            input.user_handle = Some(b"alice");
            input.known.user_handle = Some(b"alice");
        }),
        [""; 0]
    );
    // Without a list the user handle names the account (section 7.2).
    assert_eq!(verdict(&|input| input.allowed = &[]), ["user_handle"]);
    assert_eq!(
        verdict(&|input| {
            input.allowed = &[];
            input.user_handle = Some(b"alice");
        }),
        [""; 0]
    );
    let eligible = |flag| {
        move |input: &mut AssertionInput<'_>| {
            input.known.backup_eligible = Some(flag);
        }
    };
    // This vector's flags are UP, BE and BS.
    assert_eq!(verdict(&eligible(true)), [""; 0]);
    assert_eq!(verdict(&eligible(false)), ["backup_eligible_unchanged"]);
}

#[test]
fn the_counter_goes_up_or_stays_zero() {
    let verdict = |before: Option<u32>, now: u32| {
        let mut bytes = Assertion::of(&named("none.ES256"));
        bytes.authenticator_data[33..37].copy_from_slice(&now.to_be_bytes());
        let mut input = bytes.input();
        input.known.key = CredentialKey::Unknown;
        input.known.sign_count = before;
        assertion(&input).check("signature_counter").unwrap().outcome.to_string()
    };
    assert_eq!(verdict(Some(0), 0), "passed");
    assert_eq!(verdict(Some(0), 1), "passed");
    assert_eq!(verdict(Some(7), 8), "passed");
    assert_eq!(verdict(Some(7), 7), "failed: expected more than 7, seen 7");
    assert_eq!(verdict(Some(7), 0), "failed: expected more than 7, seen 0");
    assert_eq!(verdict(Some(u32::MAX), 0), "failed: expected more than 4294967295, seen 0");
    assert_eq!(verdict(None, 7), "not checked: no earlier counter is known");
}

#[test]
fn a_document_must_agree_with_what_was_signed() {
    let vector = named("packed-self.ES256");
    let expected = expected(vector.get("create_challenge"));
    let verdict = |change: &dyn Fn(&mut RegistrationResponseJson)| {
        let mut document = registration_document(&vector);
        change(&mut document);
        let verdict = registration(&RegistrationInput::of_document(&document, &expected).unwrap());
        failed(&verdict).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(verdict(&|_| {}), [""; 0]);
    assert_eq!(verdict(&|one| one.id.push('A')), ["credential_id"]);
    assert_eq!(verdict(&|one| one.raw_id.0.push(0)), ["credential_id"]);
    assert_eq!(verdict(&|one| one.kind = "password".into()), ["credential_id"]);
    let members = ["response_members"];
    assert_eq!(verdict(&|one| one.response.authenticator_data = Some(vec![0].into())), members);
    assert_eq!(verdict(&|one| one.response.public_key = Some(vec![0].into())), members);
    assert_eq!(verdict(&|one| one.response.public_key_algorithm = Some(-8)), members);
    // Nothing is signed that would say in which order they are.
    assert_eq!(verdict(&|one| one.response.transports.reverse()), [""; 0]);
    // Older libraries leave these out.
    assert_eq!(
        verdict(&|one| {
            one.response.authenticator_data = None;
            one.response.public_key = None;
            one.response.public_key_algorithm = None;
            one.response.transports.clear();
        }),
        [""; 0]
    );
    let mut document = registration_document(&vector);
    document.response.client_data_json = None;
    assert!(RegistrationInput::of_document(&document, &expected).is_none());
}

#[test]
fn the_report_is_stable() {
    let vector = named("packed.ES256");
    let report = serde_json::to_value(Registration::of(&vector).verdict()).unwrap();
    let names: Vec<&String> = report.as_object().unwrap().keys().collect();
    assert_eq!(names, ["accepted", "checks", "facts"]);
    assert_eq!(report["accepted"], json!(true));
    assert_eq!(
        report["checks"][2],
        json!({
            "id": "challenge",
            "rule": "the challenge is the one that was sent",
            "section": "7.1",
            "outcome": "passed",
            "expected": "wRhKX934BF4T3Ef1S2H1pla2ZrWQGPFthw6SVumVIBI",
            "seen": "wRhKX934BF4T3Ef1S2H1pla2ZrWQGPFthw6SVumVIBI"
        })
    );
    let facts = &report["facts"];
    assert_eq!(facts["aaguid"], json!("876ca4f5-2071-c3e9-b255-09ef2cdf7ed6"));
    assert_eq!(facts["algorithm"], json!(-7));
    assert_eq!(facts["credential_id"], json!("yab1s0YtAoc_6gxWhiI0-Z8IFygITlEbt3YCAaiQVKU"));
    assert_eq!(
        facts["flags"],
        json!({
            "user_present": true,
            "user_verified": true,
            "backup_eligible": true,
            "backed_up": false
        })
    );
    assert_eq!(facts["user_handle"], json!(null));
    let attestation = &facts["attestation"];
    assert_eq!(attestation["format"], json!("packed"));
    assert_eq!(attestation["kind"]["type"], json!("certificate"));
    assert_eq!(
        attestation["kind"]["subject"],
        json!("C=AA,OU=Authenticator Attestation,O=W3C,CN=WebAuthn test vectors")
    );
    assert_eq!(attestation["kind"]["serial_number"], json!("0088c220f83c8ef1feafe94deae45faad0"));
    assert_eq!(attestation["kind"]["not_after"], json!("3024-01-01T00:00:00Z"));
    let outcome = |verdict: &Verdict| serde_json::to_value(verdict.check("origin")).unwrap();
    let mut bytes = Registration::of(&vector);
    bytes.expected.origins = vec!["https://example.net".into()];
    let failed = outcome(&bytes.verdict());
    assert_eq!(failed["expected"], json!("\"https://example.net\""));
    assert_eq!(failed["seen"], json!("\"https://example.org\""));
}

#[test]
fn what_somebody_sent_is_shown_without_control_characters() {
    assert_eq!(quoted("a\u{1b}[2J"), "\"a\\u{1b}[2J\"");
    assert_eq!(quoted(&"x".repeat(300)).chars().count(), 203);
    assert_eq!(shown(&[]), "nothing");
    assert_eq!(shown(&[0; 65]), format!("{}… (65 bytes)", "A".repeat(86)));
}
