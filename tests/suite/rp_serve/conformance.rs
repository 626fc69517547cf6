//! The FIDO2 conformance interface, with a key's real answers and with wrong ones.

use super::{Client, Service, Setup, assert, register};
use crate::harness::Desk;
use fidokey::relying_party::identity::Profile;
use serde_json::{Value, json};
use std::time::Duration;

fn user(name: &str) -> Value {
    json!({"username": name, "displayName": "Alice of the Pharmacy", "attestation": "direct"})
}

/// Registers a name with the desk's key.
fn registered(desk: &Desk, service: &Service, client: &mut Client, name: &str) -> Value {
    let options = client.post("/attestation/options", &user(name)).ok();
    let response = register(desk, &service.origin, &options, "");
    client.post("/attestation/result", &response).ok();
    response
}

#[test]
fn a_key_is_registered_and_asserted() {
    let (desk, _key) = Desk::with_key();
    let service = Service::start();
    let mut client = service.client();
    let options = client.post("/attestation/options", &user("Alice@Example.com")).ok();
    insta::assert_snapshot!("creation_options", masked(&options, &["/challenge", "/user/id"]));
    let response = register(&desk, &service.origin, &options, "");
    client.post("/attestation/result", &response).ok();

    let request = json!({"username": "alice@example.com", "userVerification": "discouraged"});
    let options = client.post("/assertion/options", &request).ok();
    assert_eq!(options["allowCredentials"][0]["id"], response["id"]);
    insta::assert_snapshot!(
        "request_options",
        masked(&options, &["/challenge", "/allowCredentials/0/id"])
    );
    let response = assert(&desk, &service.origin, &options, "");
    client.post("/assertion/result", &response).ok();
    // The counter went up, and what was kept says so.
    let kept = service.kept.0.lock().unwrap().clone().unwrap();
    let state: Value = serde_json::from_slice(&kept).unwrap();
    assert_eq!(state["programs"][0]["name"], "alice@example.com");
    assert!(state["programs"][0]["credentials"][0]["sign_count"].as_u64().unwrap() > 1);
}

#[test]
fn the_options_of_entra_are_sent() {
    let (desk, _key) = Desk::with_key();
    desk.set_pin("1234");
    let origin = "https://login.microsoft.com";
    let setup = Setup { profile: Profile::Entra, origin: Some(origin), ..Setup::default() };
    let service = Service::with(setup);
    let mut client = service.client();
    let options = client.post("/attestation/options", &user("alice")).ok();
    let pin = desk.file("pin", "1234");
    let more = format!("--resident --hmac-secret --pin-file {pin}");
    let response = register(&desk, origin, &options, &more);
    client.post("/attestation/result", &response).ok();
    // As long as they were seen to be: "OF:" and 48 bytes, and several thousand characters.
    assert!(options["user"]["id"].as_str().unwrap().starts_with("T0Y6"), "{options}");
    assert_eq!(options["user"]["id"].as_str().unwrap().len(), 68);
    assert_eq!(options["challenge"].as_str().unwrap().len(), 4000);
    // The second time with something to exclude.
    let options = client.post("/attestation/options", &user("alice")).ok();
    insta::assert_snapshot!(
        "entra_creation_options",
        masked(&options, &["/challenge", "/user/id", "/excludeCredentials/0/id"])
    );
}

#[test]
fn an_audit_finds_nothing() {
    let service = Service::start();
    let outcome = Desk::empty().run(&format!("rp audit {} --json", service.origin));
    outcome.succeeded();
    let report = outcome.json();
    assert_eq!(report["passed"], true, "{outcome}");
    let cases = report["cases"].as_array().unwrap();
    let not_rejected: Vec<String> = cases
        .iter()
        .filter(|case| case["verdict"] != "rejected")
        .map(|case| format!("{}: {}", case["id"], case["verdict"]))
        .collect();
    insta::assert_snapshot!(not_rejected.join("\n"));
    assert!(cases.len() > 80, "{outcome}");
}

#[test]
fn a_challenge_is_good_for_one_response_in_one_session() {
    let (desk, _key) = Desk::with_key();
    let service = Service::start();
    let mut client = service.client();
    let response = registered(&desk, &service, &mut client, "alice");
    let mut said = vec![client.post("/attestation/result", &response).failed()];

    // Another session's options.
    let mut other = service.client();
    said.push(other.post("/attestation/result", &response).failed());
    other.post("/attestation/options", &user("mallory")).ok();
    said.push(other.post("/attestation/result", &response).failed());
    // A refused response uses the challenge up too.
    said.push(other.post("/attestation/result", &response).failed());

    let request = json!({"username": "alice"});
    let options = client.post("/assertion/options", &request).ok();
    let response = assert(&desk, &service.origin, &options, "");
    client.post("/assertion/result", &response).ok();
    said.push(client.post("/assertion/result", &response).failed());
    // Replayed against new options.
    client.post("/assertion/options", &request).ok();
    said.push(client.post("/assertion/result", &response).failed());
    insta::assert_snapshot!(said.join("\n").replace(challenge(&options), "CHALLENGE"));
}

/// A document without what is different each time.
fn masked(document: &Value, pointers: &[&str]) -> String {
    let mut document = document.clone();
    for pointer in pointers {
        let bytes = document.pointer(pointer).unwrap().as_str().unwrap().len();
        *document.pointer_mut(pointer).unwrap() = format!("({bytes} characters)").into();
    }
    serde_json::to_string_pretty(&document).unwrap()
}

fn challenge(options: &Value) -> &str {
    options["challenge"].as_str().unwrap()
}

#[test]
fn options_and_sessions_end() {
    let (desk, _key) = Desk::with_key();
    let service = Service::start();
    let mut client = service.client();
    let options = client.post("/attestation/options", &user("alice")).ok();
    let response = register(&desk, &service.origin, &options, "");
    service.clock.advance(Duration::from_secs(301));
    let mut said = vec![client.post("/attestation/result", &response).failed()];
    client.post("/attestation/options", &user("alice")).ok();
    service.clock.advance(Duration::from_secs(3601));
    said.push(client.post("/attestation/result", &response).failed());
    client.forget();
    said.push(client.post("/attestation/result", &response).failed());
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn what_only_a_server_knows_is_checked() {
    let (desk, _key) = Desk::with_key();
    let service = Service::start();
    let mut client = service.client();
    let response = registered(&desk, &service, &mut client, "alice");
    let mut said = Vec::new();

    // The key is excluded, and a client that registers it all the same makes another credential.
    let options = client.post("/attestation/options", &user("alice")).ok();
    assert_eq!(options["excludeCredentials"][0]["id"], response["id"]);

    // The same credential for another user: the response is right in every other way.
    let mut mallory = service.client();
    let options = mallory.post("/attestation/options", &user("mallory")).ok();
    let mut forged = register(&desk, &service.origin, &options, "");
    for member in ["id", "rawId"] {
        forged[member] = response[member].clone();
    }
    forged["response"]["attestationObject"] = response["response"]["attestationObject"].clone();
    said.push(mallory.post("/attestation/result", &forged).failed());

    // Nobody, and somebody without a credential: the same answer.
    for name in ["nobody", "mallory"] {
        said.push(mallory.post("/assertion/options", &json!({"username": name})).failed());
    }

    // Alice's options, answered with Bob's credential.
    let bob = registered(&desk, &service, &mut service.client(), "bob");
    let mut options = client.post("/assertion/options", &json!({"username": "alice"})).ok();
    options["allowCredentials"][0]["id"] = bob["id"].clone();
    let response = assert(&desk, &service.origin, &options, "");
    said.push(client.post("/assertion/result", &response).failed());
    let text = said.join("\n");
    let text = text.replace(bob["id"].as_str().unwrap().get(..86).unwrap(), "BOB");
    insta::assert_snapshot!(text);
}

#[test]
fn a_counter_that_does_not_go_up_is_refused() {
    let (desk, _key) = Desk::with_key();
    let service = Service::start();
    let mut client = service.client();
    registered(&desk, &service, &mut client, "alice");
    let request = json!({"username": "alice"});
    let mut last = Value::Null;
    // Two sessions, so that two options wait at the same time; the later answer comes first.
    let mut early = service.client();
    let early_options = early.post("/assertion/options", &request).ok();
    let early_response = assert(&desk, &service.origin, &early_options, "");
    for _ in 0..2 {
        let options = client.post("/assertion/options", &request).ok();
        last = assert(&desk, &service.origin, &options, "");
        client.post("/assertion/result", &last).ok();
    }
    assert!(last["response"]["signature"].is_string());
    let said = early.post("/assertion/result", &early_response).failed();
    assert!(said.contains("the signature counter went up"), "{said}");
}

#[test]
fn what_cannot_be_kept_is_not_promised() {
    let (desk, _key) = Desk::with_key();
    let service = Service::start();
    let mut client = service.client();
    let options = client.post("/attestation/options", &user("alice")).ok();
    let response = register(&desk, &service.origin, &options, "");
    *service.kept.1.lock().unwrap() = true;
    insta::assert_snapshot!(client.post("/attestation/result", &response).failed(), @"500 it could not be kept in the state file, so nothing was changed: no storage space");
    *service.kept.1.lock().unwrap() = false;
    client.post("/assertion/options", &json!({"username": "alice"})).failed();
}
