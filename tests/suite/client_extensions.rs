//! WebAuthn's client extensions, by what keys have and have not.

use crate::harness::Desk;
use crate::harness::get_info::Edit;
use crate::options::{creation, request, run};
use fidokey::cli::exit::Exit;
use fidokey::virtual_key::KeySettings;
use fidokey::webauthn::base64url;
use fidokey::wire::cbor::{self, Encoded};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::sync::{Arc, Mutex};

const PIN: &str = "1234";
const TOKEN: [&str; 5] = ["INIT", "04", "06/01", "06/02", "06/09"];

fn desk_with_pin() -> (Desk, String) {
    let (desk, _) = Desk::with_key();
    desk.set_pin(PIN);
    let flag = format!("--pin-file {}", desk.file("pin", PIN));
    desk.record.take();
    (desk, flag)
}

fn resident(user: &str, extensions: Value) -> Value {
    creation(json!({
        "user": {"id": user, "name": user, "displayName": user},
        "authenticatorSelection": {"residentKey": "required"},
        "extensions": extensions
    }))
}

fn allowing(ids: &[&Value], extensions: Value) -> Value {
    let listed: Vec<Value> = ids.iter().map(|id| json!({"type": "public-key", "id": id})).collect();
    request(json!({"allowCredentials": listed, "extensions": extensions}))
}

fn results(response: &Value) -> &Value {
    &response["clientExtensionResults"]
}

/// Bytes that nothing compresses.
fn noise(length: usize) -> Vec<u8> {
    let mut noise = Vec::new();
    while noise.len() < length {
        noise.extend_from_slice(&Sha256::digest(noise.len().to_le_bytes()));
    }
    noise.truncate(length);
    noise
}

#[test]
fn secrets_go_where_they_were_asked_for_and_nowhere_else() {
    let (desk, pin) = desk_with_pin();
    let line = format!("register --options - --json {pin}");
    let made = run(&desk, &line, &resident("YQ", json!({"prf": {}}))).succeeded().json();
    assert_eq!(results(&made), &json!({"prf": {"enabled": true}}));
    let eval = json!({"prf": {"eval": {"first": "AQ", "second": "Ag"}}});
    let options = allowing(&[&made["id"]], eval);

    let secret = desk.path("secret");
    let line = format!("assert --options - --json {pin} --secret-out {}", secret.display());
    let to_file = run(&desk, &line, &options);
    assert_eq!(results(&to_file.succeeded().json()), &json!({"prf": {}}));
    let secrets: Value = serde_json::from_slice(&std::fs::read(&secret).unwrap()).unwrap();
    let names: Vec<&String> = secrets.as_object().unwrap().keys().collect();
    assert_eq!(names, ["schema_version", "prf_first", "prf_second"]);
    assert_ne!(secrets["prf_first"], secrets["prf_second"]);

    let (report, saved) = (desk.path("report"), desk.path("saved"));
    let line = format!(
        "assert --options - --json {pin} --prf-in-response --report {} --save {}",
        report.display(),
        saved.display()
    );
    let in_response = run(&desk, &line, &options);
    let in_response_json = in_response.succeeded().json();
    let given = &results(&in_response_json)["prf"]["results"];
    assert_eq!(given, &json!({"first": secrets["prf_first"], "second": secrets["prf_second"]}));

    // The same without JSON: that it was asked for is said, and no secret.
    let line = format!("assert --options - {pin} --prf-in-response");
    let text = run(&desk, &line, &options);
    text.succeeded();
    let [report, saved] = [report, saved].map(|path| std::fs::read_to_string(path).unwrap());
    assert!(saved.contains("signature"), "{saved}");
    for secret in ["prf_first", "prf_second"] {
        let secret = secrets[secret].as_str().unwrap();
        for text in [&to_file.stdout, &to_file.stderr, &in_response.stderr, &text.stdout] {
            assert!(!text.contains(secret), "{text}");
        }
        assert!(!report.contains(secret) && !saved.contains(secret), "{report}{saved}");
    }
    let nowhere = run(&desk, &format!("assert --options - {pin}"), &options);
    nowhere.ended(Exit::Usage);
}

#[test]
fn a_value_belongs_to_the_credential_that_the_key_holds() {
    let (desk, pin) = desk_with_pin();
    let line = format!("register --options - --json {pin}");
    let made = run(&desk, &line, &resident("YQ", json!({"prf": {}}))).succeeded().json();
    let (here, elsewhere) = (made["id"].as_str().unwrap(), base64url::encode(&[7; 32]));
    let derived = |prf: Value| {
        desk.record.take();
        let ids = [&json!(elsewhere), &made["id"]];
        let line = format!("assert --options - --json --prf-in-response {pin}");
        let response = run(&desk, &line, &allowing(&ids, json!({"prf": prf}))).succeeded().json();
        (results(&response)["prf"].clone(), desk.record.take())
    };
    let one = derived(json!({"eval": {"first": "AQ"}}));
    assert_eq!(one.1, [&TOKEN[..], &["02"]].concat());
    let own = derived(json!({
        "eval": {"first": "Ag"},
        "evalByCredential": {here: {"first": "AQ"}, &elsewhere: {"first": "Aw"}}
    }));
    // Which of the two it is, the key is asked first.
    assert_eq!(own.1, [&TOKEN[..], &["02", "02"]].concat());
    assert_eq!(own.0, one.0);
    let other = derived(json!({"evalByCredential": {&elsewhere: {"first": "AQ"}}}));
    assert_eq!(other.0, json!({}), "there is nothing to evaluate for the one that is here");
}

#[test]
fn a_large_blob_costs_one_message_for_each_fragment() {
    let (desk, pin) = desk_with_pin();
    let line = format!("register --options - --json {pin}");
    let asked = json!({"largeBlob": {"support": "required"}});
    let made = run(&desk, &line, &resident("YQ", asked)).succeeded().json();
    desk.record.take();
    let verified = |verification: &str, blob: Value| {
        let line = format!("assert --options - --json {pin}");
        let mut options = allowing(&[&made["id"]], json!({"largeBlob": blob}));
        options["userVerification"] = json!(verification);
        let outcome = run(&desk, &line, &options);
        (outcome, desk.record.take())
    };
    let with = |blob: Value| verified("preferred", blob);
    // One token for both, with the permission that outlasts the assertion.
    let (written, messages) = with(json!({"write": "AQID"}));
    assert_eq!(messages, [&TOKEN[..], &["02", "0c", "0c"]].concat());
    assert_eq!(results(&written.succeeded().json()), &json!({"largeBlob": {"written": true}}));
    // A person who need not be verified for the assertion has to be for the blob.
    let (written, messages) = verified("discouraged", json!({"write": "AQID"}));
    assert_eq!(messages, ["INIT", "04", "02", "0c", "06/01", "06/02", "06/09", "0c"]);
    assert_eq!(results(&written.succeeded().json()), &json!({"largeBlob": {"written": true}}));
    let (read, messages) = verified("discouraged", json!({"read": true}));
    assert_eq!(messages, ["INIT", "04", "02", "0c"]);
    assert_eq!(results(&read.succeeded().json()), &json!({"largeBlob": {"blob": "AQID"}}));
    let (nothing, messages) = verified("discouraged", json!({}));
    assert_eq!(messages, ["INIT", "04", "02"]);
    assert_eq!(results(&nothing.succeeded().json()), &json!({}));

    // What does not fit is not written, and what was there stays.
    let (full, _) = with(json!({"write": base64url::encode(&noise(5000))}));
    assert_eq!(results(&full.succeeded().json()), &json!({"largeBlob": {"written": false}}));
    let (read, _) = with(json!({"read": true}));
    assert_eq!(results(&read.succeeded().json()), &json!({"largeBlob": {"blob": "AQID"}}));
    let told = |blob: Value| {
        let options = allowing(&[&made["id"]], json!({"largeBlob": blob}));
        let outcome = run(&desk, &format!("assert --options - {pin}"), &options);
        outcome.succeeded();
        let (answer, _) = outcome.stdout.split_once("\n\n").unwrap();
        let line = answer.lines().find(|line| line.starts_with("Large blob"));
        format!("{}{}", outcome.stderr, line.unwrap())
    };
    let full = told(json!({"write": base64url::encode(&noise(5000))}));
    insta::assert_snapshot!(format!("{full}\n{}", told(json!({"read": true}))));
}

/// Where several accounts fit, what the key keeps for all of them is read once.
#[test]
fn the_large_blobs_of_several_accounts_are_read_once() {
    let (desk, pin) = desk_with_pin();
    for user in ["YQ", "Yg"] {
        let asked = json!({"largeBlob": {"support": "required"}});
        let line = format!("register --options - --json {pin}");
        let made = run(&desk, &line, &resident(user, asked)).succeeded().json();
        let write = allowing(&[&made["id"]], json!({"largeBlob": {"write": user}}));
        run(&desk, &format!("assert --options - --json {pin}"), &write).succeeded();
    }
    desk.record.take();
    for (number, blob) in [(1, "Yg"), (2, "YQ")] {
        let line = format!("assert --options - --json {pin} --choose {number}");
        let response = run(&desk, &line, &allowing(&[], json!({"largeBlob": {"read": true}})));
        assert_eq!(results(&response.succeeded().json()), &json!({"largeBlob": {"blob": blob}}));
        let messages = desk.record.take();
        assert_eq!(messages.iter().filter(|one| *one == "0c").count(), 1, "{messages:?}");
    }
}

/// A key that takes short messages has short fragments, and needs no PIN where none is set.
#[test]
fn a_large_blob_in_many_fragments_and_without_a_pin() {
    let desk = Desk::empty();
    desk.plug(0, KeySettings { max_message_size: 1024, ..KeySettings::default() });
    let asked = json!({"largeBlob": {"support": "required"}});
    let made = run(&desk, "register --options - --json", &resident("YQ", asked)).json();
    desk.record.take();
    let blob = base64url::encode(&noise(1500));
    let with = |blob: Value| {
        let options = allowing(&[&made["id"]], json!({"largeBlob": blob}));
        let response = run(&desk, "assert --options - --json", &options).succeeded().json();
        (results(&response)["largeBlob"].clone(), desk.record.take())
    };
    let (written, messages) = with(json!({"write": blob}));
    assert_eq!(written, json!({"written": true}));
    assert_eq!(messages, ["INIT", "04", "02", "0c", "0c", "0c"]);
    let (read, messages) = with(json!({"read": true}));
    assert_eq!(read, json!({"blob": blob}));
    assert_eq!(messages, ["INIT", "04", "02", "0c", "0c"]);
}

#[test]
fn a_key_that_lacks_an_extension_is_not_asked_for_it() {
    let (desk, _key) = Desk::with_key();
    let none = Encoded::array([]);
    Edit::new().member(0x02, none).option("largeBlobs", None).install(&desk.faults);
    let register = |user: &str, extensions: Value| {
        run(&desk, "register --options - --json", &resident(user, extensions))
    };
    let asked = json!({
        "prf": {},
        "hmacCreateSecret": true,
        "credBlob": "AQ",
        "largeBlob": {"support": "preferred"},
        "credentialProtectionPolicy": "userVerificationRequired",
        "minPinLength": true
    });
    let made = register("YQ", asked).succeeded().json();
    let expected = json!({
        "hmacCreateSecret": false,
        "credBlob": false,
        "prf": {"enabled": false},
        "largeBlob": {"supported": false}
    });
    assert_eq!(results(&made), &expected);
    let policy = |level: &str| json!({"credentialProtectionPolicy": level, "enforceCredentialProtectionPolicy": true});
    register("Yg", policy("userVerificationOptional")).succeeded();
    let insisted = [
        register("Yg", policy("userVerificationRequired")),
        register("Yg", json!({"largeBlob": {"support": "required"}})),
    ];
    for outcome in &insisted {
        outcome.ended(Exit::Unsupported);
    }
    let extensions =
        json!({"prf": {"eval": {"first": "AQ"}}, "getCredBlob": true, "largeBlob": {"read": true}});
    let line = "assert --options - --json --prf-in-response";
    let asserted = run(&desk, line, &allowing(&[&made["id"]], extensions)).succeeded().json();
    assert_eq!(results(&asserted), &json!({"prf": {}, "largeBlob": {}}));
    desk.faults.mend();
    let loose = creation(json!({"extensions": {"largeBlob": {"support": "required"}}}));
    let loose = run(&desk, "register --options - --json", &loose);
    loose.ended(Exit::Unsupported);
    let [first, second] = insisted;
    insta::assert_snapshot!(format!("{first}\n{second}\n{loose}"));
}

#[test]
fn what_became_of_client_extensions_is_said() {
    let desk = Desk::empty();
    let told = vec!["example.com".to_owned()];
    desk.plug(0, KeySettings { min_pin_length_rp_ids: told, ..KeySettings::default() });
    let asked = json!({
        "credProps": true,
        "prf": {},
        "credBlob": "AQ",
        "largeBlob": {},
        "credentialProtectionPolicy": "userVerificationOptionalWithCredentialIDList",
        "minPinLength": true
    });
    let text = run(&desk, "register --options -", &resident("YQ", asked));
    text.succeeded();
    let (_, extensions) = text.stdout.split_once("Extensions").unwrap();
    let (extensions, _) = extensions.split_once("\n\n").unwrap();
    insta::assert_snapshot!(format!("Extensions{extensions}"));
}

/// What a key is asked for besides: members 0x0a and 0x0b of makeCredential.
#[test]
fn enterprise_attestation_and_formats_are_asked_for_where_the_key_knows_them() {
    let (desk, _key) = Desk::with_key();
    let asked = |attestation: &str, edit: Edit| {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let sent = seen.clone();
        desk.faults.replies(move |request, reply| {
            if request[0] == 0x01 {
                *sent.lock().unwrap() = request.to_vec();
            }
            if request == [0x04] { edit.apply(&reply) } else { reply }
        });
        let options =
            creation(json!({"attestation": attestation, "attestationFormats": ["tpm", "packed"]}));
        let _ = run(&desk, "register --options -", &options);
        let request = seen.lock().unwrap();
        let members = cbor::parse(&request[1..]).unwrap().map().unwrap();
        let formats = members.get(0x0b).map(|formats| {
            let texts = formats.array().unwrap().into_iter();
            texts.map(|text| text.text().unwrap().to_owned()).collect::<Vec<_>>().join(" ")
        });
        (members.get(0x0a).map(|number| number.unsigned().unwrap()), formats)
    };
    let offers = || Edit::new().option("ep", Some(true));
    let names = || Edit::new().member(0x16, Encoded::array([Encoded::text("packed")]));
    assert_eq!(asked("enterprise", Edit::new()), (None, None));
    assert_eq!(asked("enterprise", offers()), (Some(1), None));
    assert_eq!(asked("direct", offers()), (None, None));
    assert_eq!(asked("direct", names()), (None, Some("tpm packed".to_owned())));
    assert_eq!(asked("none", names()), (None, Some("none".to_owned())));
}

/// An extension that is left out is named, with the reason.
#[test]
fn what_is_left_out_is_said() {
    let (desk, _key) = Desk::with_key();
    let inputs = json!({
        "credentialProtectionPolicy": "userVerificationRequired",
        "hmacCreateSecret": true,
        "minPinLength": true,
        "credBlob": "A".repeat(400),
        "prf": {},
        "largeBlob": {"support": "preferred"}
    });
    let options = resident("YQ", inputs);
    let too_long = run(&desk, "register --options -", &options);
    too_long.succeeded();
    let report = desk.path("report");
    Edit::new().member(0x02, Encoded::array([])).install(&desk.faults);
    let line = format!("register --options - --report {}", report.display());
    let lacking = run(&desk, &line, &options);
    lacking.succeeded();
    let report: Value = serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap();
    let request = allowing(&[], json!({"getCredBlob": true, "prf": {"eval": {"first": "AQ"}}}));
    let assertion = run(&desk, "assert --options - --prf-in-response", &request);
    assertion.succeeded();
    let extensions = |text: &str| {
        let lines = text.lines().skip_while(|line| *line != "Extensions");
        lines.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(format!(
        "{}\n\n{}\n\n{:#}\n\n{}",
        extensions(&too_long.stdout),
        extensions(&lacking.stdout),
        report["extensions"]["left_out"],
        extensions(&assertion.stdout)
    ));
}

/// An empty AppID is the origin that asks (FIDO AppID and Facet Specification section 3.1.2).
#[test]
fn an_empty_app_id_is_the_origin() {
    let (desk, _key) = Desk::with_key();
    let made =
        run(&desk, "register --options - --json", &resident("YQ", json!({"appidExclude": ""})));
    let made = made.succeeded().json();
    let request = allowing(&[&made["id"]], json!({"appid": ""}));
    let signed = run(&desk, "assert --options - --json", &request).succeeded().json();
    assert_eq!(results(&signed), &json!({"appid": false}));
}
