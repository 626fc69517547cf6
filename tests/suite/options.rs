//! `register` and `assert` with the options that a relying party's server sends.

use crate::harness::{Desk, Outcome};
use fidokey::cli::exit::Exit;
use fidokey::virtual_key::KeySettings;
use fidokey::webauthn::base64url;
use serde_json::{Value, json};

/// What every server here wants signed.
pub const CHALLENGE: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

/// What a server sends for a registration, with these members changed.
pub fn creation(changes: Value) -> Value {
    let options = json!({
        "rp": {"id": "example.com", "name": "Example"},
        "user": {"id": "dXNlcg", "name": "alice@example.com", "displayName": "Alice"},
        "challenge": CHALLENGE,
        "pubKeyCredParams": [{"type": "public-key", "alg": -7}],
        "authenticatorSelection": {"userVerification": "discouraged"},
        "attestation": "direct"
    });
    with(options, changes)
}

/// What a server sends for an assertion, with these members changed.
pub fn request(changes: Value) -> Value {
    let options = json!({
        "challenge": CHALLENGE,
        "rpId": "example.com",
        "userVerification": "discouraged"
    });
    with(options, changes)
}

fn with(mut options: Value, changes: Value) -> Value {
    let Value::Object(changes) = changes else { panic!("{changes}") };
    for (name, value) in changes {
        options[name] = value;
    }
    options
}

/// Runs a command with options on standard input.
pub fn run(desk: &Desk, line: &str, options: &Value) -> Outcome {
    desk.command(line).stdin(options.to_string()).run()
}

pub fn descriptors(ids: &[&str]) -> Value {
    ids.iter().map(|id| json!({"type": "public-key", "id": id})).collect()
}

/// Registers, and gives the response.
pub fn registered(desk: &Desk, changes: Value) -> Value {
    run(desk, "register --options - --json", &creation(changes)).succeeded().json()
}

#[test]
fn a_ceremony_with_a_servers_options() {
    let (desk, _key) = Desk::with_key();
    let line = "register --options - --origin https://login.example.com --json";
    let registration = run(&desk, line, &creation(json!({"extensions": {"credProps": true}})));
    let response = registration.succeeded().json();
    assert_eq!(response["clientExtensionResults"], json!({"credProps": {"rk": false}}));
    assert_eq!(response["response"]["transports"], json!(["usb"]));
    assert_eq!(response["response"]["publicKeyAlgorithm"], -7);
    let client_data = base64url::decode(response["response"]["clientDataJSON"].as_str().unwrap());
    assert_eq!(
        String::from_utf8(client_data.unwrap()).unwrap(),
        format!(
            r#"{{"type":"webauthn.create","challenge":"{CHALLENGE}","origin":"https://login.example.com","crossOrigin":false}}"#
        )
    );
    let saved = desk.file("registration", &registration.stdout);
    let id = response["id"].as_str().unwrap();
    let options = request(json!({"allowCredentials": descriptors(&[id])}));
    let (kept, report) = (desk.path("kept"), desk.path("report"));
    let (kept, report) = (kept.to_str().unwrap(), report.to_str().unwrap());
    let line = format!("assert --options - --registration {saved} --save {kept} --report {report}");
    let assertion = run(&desk, &line, &json!({"publicKey": options}));
    assertion.succeeded();
    let report: Value = serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap();
    assert_eq!(report["accepted"], true);
    let line = format!(
        "verify assertion {kept} --registration {saved} --rp example.com \
         --origin https://example.com --challenge {CHALLENGE}"
    );
    desk.run(&line).succeeded();
    insta::assert_snapshot!(format!("{}\n{assertion}", registration.stderr));
    // Without credProps and the like there is nothing about them.
    assert_eq!(registered(&desk, json!({}))["clientExtensionResults"], json!({}));
}

#[test]
fn client_data_says_in_whose_frame_the_page_is() {
    let (desk, _key) = Desk::with_key();
    let line = "register --options - --json --cross-origin --top-origin https://shop.example:8443";
    let response = run(&desk, line, &creation(json!({}))).succeeded().json();
    let client_data = base64url::decode(response["response"]["clientDataJSON"].as_str().unwrap());
    assert_eq!(
        String::from_utf8(client_data.unwrap()).unwrap(),
        format!(
            r#"{{"type":"webauthn.create","challenge":"{CHALLENGE}","origin":"https://example.com","crossOrigin":true,"topOrigin":"https://shop.example:8443"}}"#
        )
    );
    let line = "assert --rp example.com --cross-origin --json --allow AAAA";
    desk.run(line).ended(Exit::NoMatch);
    desk.run("assert --rp example.com --top-origin https://a.example").ended(Exit::Usage);
}

#[test]
fn a_resident_key_is_as_the_options_and_the_key_have_it() {
    let (desk, _key) = Desk::with_key();
    let kept = |selection: Value| {
        let changes =
            json!({"authenticatorSelection": selection, "extensions": {"credProps": true}});
        registered(&desk, changes)["clientExtensionResults"]["credProps"]["rk"].clone()
    };
    assert_eq!(kept(json!({"residentKey": "required"})), true);
    assert_eq!(kept(json!({"residentKey": "preferred"})), true);
    assert_eq!(kept(json!({"residentKey": "discouraged", "requireResidentKey": true})), false);
    assert_eq!(kept(json!({"requireResidentKey": true})), true);
    assert_eq!(kept(json!({})), false);
    // A key without rk: the option's text becomes another one.
    desk.faults.replies(|request, mut good| {
        if request == [0x04] {
            let at = good.windows(4).position(|part| part == [0x62, b'r', b'k', 0xf5]).unwrap();
            good[at + 3] = 0xf4;
        }
        good
    });
    assert_eq!(kept(json!({"residentKey": "preferred"})), false);
    let options = creation(json!({"authenticatorSelection": {"residentKey": "required"}}));
    run(&desk, "register --options -", &options).ended(Exit::Unsupported);
}

#[test]
fn attestation_is_conveyed_as_it_was_asked_for() {
    let (desk, _key) = Desk::with_key();
    let certificate = vec![0x30, 0x03, 0x02, 0x01, 0x01];
    let attestation = fidokey::virtual_key::AttestationKey { private_key: [1; 32], certificate };
    let settings = KeySettings {
        aaguid: [7; 16],
        attestation: fidokey::virtual_key::Attestation::Batch(attestation),
        ..KeySettings::default()
    };
    desk.plug(1, settings);
    let conveyed = |device: &str, attestation: Value| {
        let line = format!("register --options - --json --device {device}");
        let outcome = run(&desk, &line, &creation(json!({"attestation": attestation})));
        let object = outcome.json()["response"]["attestationObject"].clone();
        let object = base64url::decode(object.as_str().unwrap()).unwrap();
        let object = fidokey::wire::attestation_object::AttestationObject::parse(&object).unwrap();
        (object.format, object.statement.len() > 1, object.authenticator_data[37])
    };
    // A self attestation names nobody, and stays.
    let own = ("packed".to_owned(), true, 0);
    assert_eq!(conveyed("/dev/hidraw0", json!("none")), own);
    assert_eq!(conveyed("/dev/hidraw0", json!("direct")), own);
    // A certificate goes; the model stays (Level 3).
    assert_eq!(conveyed("/dev/hidraw1", json!("none")), ("none".to_owned(), false, 7));
    assert_eq!(conveyed("/dev/hidraw1", Value::Null), ("none".to_owned(), false, 7));
    assert_eq!(conveyed("/dev/hidraw1", json!("unheard-of")), ("none".to_owned(), false, 7));
    for wanted in ["direct", "indirect", "enterprise"] {
        assert_eq!(conveyed("/dev/hidraw1", json!(wanted)), ("packed".to_owned(), true, 7));
    }
}

#[test]
fn an_origin_may_ask_for_what_is_above_it_or_related() {
    let (desk, _key) = Desk::with_key();
    let list = desk.file(
        "related",
        r#"{"origins": ["https://example.de", "https://a.net", "https://b.net", "https://c.net", "https://d.net", "https://e.net"]}"#,
    );
    let asks = |flags: &str, id: Value| {
        let options = creation(json!({"rp": {"id": id, "name": "x"}}));
        run(&desk, &format!("register --options - {flags}"), &options)
    };
    asks("--origin http://localhost:8080", json!("localhost")).succeeded();
    asks("--origin http://localhost:8080", Value::Null).succeeded();
    asks("--origin https://www.example.com", json!("example.com")).succeeded();
    let related = format!("--related-origins {list} --origin");
    asks(&format!("{related} https://example.de"), json!("example.com")).succeeded();
    asks(&format!("{related} https://login.example.com"), json!("example.com")).succeeded();
    desk.record.take();
    let refused = [
        asks("", Value::Null),
        asks("", json!("192.0.2.1")),
        asks("--origin https://evil.example", json!("example.com")),
        asks("--origin https://example.co.uk", json!("co.uk")),
        asks("--origin https://192.0.2.1", json!("example.com")),
        asks(&format!("{related} https://f.net"), json!("example.com")),
        asks(&format!("{related} https://e.net"), json!("example.com")),
        asks("--related-origins HOME/no-such-file", json!("example.com")),
        asks(&format!("--related-origins {}", desk.file("bad", "[1]")), json!("example.com")),
    ];
    let mut text = String::new();
    for outcome in &refused {
        outcome.ended(Exit::Usage);
        text.push_str(&format!("{outcome}\n"));
    }
    insta::assert_snapshot!(text);
    assert_eq!(desk.record.take(), [""; 0], "nothing was sent");
    // With flags, too.
    desk.run(&format!("register --rp example.com --user alice {related} https://example.de"))
        .succeeded();
}

#[test]
fn options_that_cannot_be_used_are_refused_before_anything_is_sent() {
    let (desk, _key) = Desk::with_key();
    let mut text = String::new();
    let mut refused = |line: &str, stdin: &str| {
        let outcome = desk.command(line).stdin(stdin).run();
        outcome.ended(Exit::Usage);
        text.push_str(&format!("{outcome}\n"));
    };
    refused("register --options -", "{\n  \"rp\": {,}\n}");
    refused("register --options -", "");
    refused("register --options -", "<!DOCTYPE html><title>502</title>");
    refused("register --options -", &request(json!({})).to_string());
    refused("assert --options -", &creation(json!({})).to_string());
    refused("register --options -", &creation(json!({"challenge": "AQID"})).to_string());
    refused(
        "register --options -",
        &creation(json!({"user": {"id": "*", "name": "\u{1b}[2J"}})).to_string(),
    );
    refused("assert --options - --registration -", &request(json!({})).to_string());
    refused("register --options - --pin-file -", "");
    refused("register --options HOME/none", "");
    refused("register --options - --rp example.com", "");
    refused("register --options - --display-name Key", "");
    refused("register --options - --graph", "");
    refused("register --rp example.com", "");
    refused("assert", "");
    let extension = |inputs: Value| request(json!({"extensions": inputs})).to_string();
    refused("assert --options -", &extension(json!({"prf": {"eval": {"first": "AQ"}}})));
    let by_credential = json!({"prf": {"evalByCredential": {"AQ": {"first": "AQ"}}}});
    refused("assert --options - --prf-in-response", &extension(by_credential));
    refused("assert --options -", &extension(json!({"largeBlob": {"write": "AQ"}})));
    refused("assert --options -", &extension(json!({"largeBlob": {"support": "required"}})));
    refused("assert --options -", &extension(json!({"appid": "https://other.example"})));
    insta::assert_snapshot!(text);
    assert_eq!(desk.record.take(), [""; 0], "nothing was sent");
}

/// As Windows PowerShell writes what Microsoft Graph gave it: with a mark before UTF-8.
#[test]
fn a_mark_before_the_options_is_skipped() {
    let (desk, _key) = Desk::with_key();
    let marked = |options: Value| format!("\u{feff}{options}");
    let extensions = json!({"@odata.type": "#x", "credProps": true});
    let made = desk.command("register --options - --json");
    let made = made.stdin(marked(creation(json!({"extensions": extensions})))).run();
    let response = made.succeeded().json();
    assert_eq!(response["clientExtensionResults"], json!({"credProps": {"rk": false}}));
    assert!(!made.stderr.contains("Warning"), "{}", made.stderr);
    let options =
        request(json!({"allowCredentials": descriptors(&[response["id"].as_str().unwrap()])}));
    desk.command("assert --options - --json").stdin(marked(options)).run().succeeded();
}

#[test]
fn what_the_options_ask_for_in_vain_is_warned_of() {
    let (desk, _key) = Desk::with_key();
    let extensions = json!({"uvm": true, "\u{1b}x": 1, "a": 1, "b": 1, "c": 1, "d": 1, "e": 1});
    let selection = json!({"authenticatorAttachment": "platform"});
    let options = creation(json!({"extensions": extensions, "authenticatorSelection": selection}));
    let outcome = run(&desk, "register --options -", &options);
    outcome.succeeded();
    insta::assert_snapshot!(outcome.stderr);
}

#[test]
fn a_relying_party_says_how_long_a_touch_may_take() {
    let desk = Desk::empty();
    desk.plug_described(
        Desk::description(0),
        KeySettings::default(),
        fidokey::virtual_key::Touch::Never,
    );
    let told = |line: &str, timeout: Value| {
        let outcome = run(&desk, line, &creation(json!({"timeout": timeout})));
        outcome.ended(Exit::NotConfirmed);
        outcome.stderr.lines().next().unwrap_or_default().to_owned()
    };
    let lines = [
        told("register --options -", json!(20_000)),
        told("register --options -", json!(0)),
        told("register --options -", json!(1)),
        told("register --options -", json!(u64::MAX)),
        told("register --options - --timeout 5", json!(20_000)),
    ];
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn microsoft_graph_gets_the_body_that_it_takes() {
    let (desk, _key) = Desk::with_key();
    desk.set_pin("1234");
    let options = json!({
        "@odata.type": "#microsoft.graph.webauthnCredentialCreationOptions",
        "challengeTimeoutDateTime": "2026-06-01T10:00:00Z",
        "publicKey": creation(json!({
            "rp": {"id": "login.microsoft.com", "name": "Microsoft"},
            "timeout": 0,
            "excludeCredentials": [{"type": "public-key", "id": "+/8=", "transports": []}],
            "authenticatorSelection": {
                "authenticatorAttachment": "cross-platform",
                "requireResidentKey": true,
                "userVerification": "required"
            },
            "extensions": {
                "hmacCreateSecret": true,
                "enforceCredentialProtectionPolicy": true,
                "credentialProtectionPolicy": "userVerificationOptional"
            }
        }))
    });
    let pin = desk.file("pin", "1234");
    let line = format!("register --options - --graph --pin-file {pin} --display-name");
    let command = desk.command(&line).arg("Key of Alice, desk 3");
    let outcome = command.stdin(options.to_string()).run();
    let body = outcome.succeeded().json();
    let members =
        |value: &Value| -> Vec<String> { value.as_object().unwrap().keys().cloned().collect() };
    assert_eq!(members(&body), ["displayName", "publicKeyCredential"]);
    assert_eq!(body["displayName"], "Key of Alice, desk 3");
    let credential = &body["publicKeyCredential"];
    assert_eq!(members(credential), ["id", "response", "clientExtensionResults"]);
    assert_eq!(members(&credential["response"]), ["clientDataJSON", "attestationObject"]);
    assert_eq!(credential["clientExtensionResults"], json!({"hmacCreateSecret": true}));
    let long = desk.command(&line).arg("A name that is longer than it may be");
    let long = long.stdin(options.to_string()).run();
    insta::assert_snapshot!(long.succeeded().stderr);
}
