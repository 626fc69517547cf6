//! `verify` on saved responses: what it says, what it needs, and what it makes of wrong files.

use crate::harness::Desk;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fidokey::cli::exit::Exit;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::fmt::Write;

const CHALLENGE: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

/// A desk, a saved registration and an assertion with its credential.
struct Saved {
    desk: Desk,
    registration: String,
    bare: String,
    assertion: String,
}

impl Saved {
    fn new() -> Self {
        let (desk, _key) = Desk::with_key();
        let registration = desk.path("registration.json").to_str().unwrap().to_owned();
        let made = desk.run(&format!(
            "register --rp example.com --user alice --resident --json --quiet \
             --origin https://login.example.com --challenge {CHALLENGE} --save {registration}"
        ));
        made.succeeded();
        let bare = desk.file("bare.json", &made.stdout);
        let signed = desk.run(&format!(
            "assert --rp example.com --json --quiet --origin https://login.example.com \
             --challenge {CHALLENGE} --registration {registration}"
        ));
        signed.succeeded();
        let assertion = desk.file("assertion.json", &signed.stdout);
        Self { desk, registration, bare, assertion }
    }

    /// The response of a file, changed and kept in another one.
    fn changed(&self, file: &str, change: impl FnOnce(&mut Value)) -> String {
        let text = std::fs::read(file).unwrap();
        let mut document: Value = serde_json::from_slice(&text).unwrap();
        change(&mut document);
        self.desk.file("changed.json", document.to_string())
    }
}

/// The names of the checks that failed.
fn failed(report: &Value) -> Vec<&str> {
    let checks = report["checks"].as_array().unwrap().iter();
    let failed = checks.filter(|check| check["outcome"] == "failed");
    failed.map(|check| check["id"].as_str().unwrap()).collect()
}

#[test]
fn every_check_is_a_line() {
    let saved = Saved::new();
    let everything = format!(
        "--origin https://login.example.com --challenge {CHALLENGE} --extension credProtect"
    );
    let Saved { desk, registration, bare, assertion } = &saved;
    let mut text = String::new();
    for (line, exit) in [
        (
            format!(
                "verify registration {registration} {everything} --algorithm ES256 --exclude AAAA"
            ),
            Exit::Done,
        ),
        (format!("verify registration {bare} --rp example.com"), Exit::Done),
        (
            format!(
                "verify registration {bare} --rp example.net --origin https://example.com \
                 --challenge AAAAAAAAAAAAAAAAAAAAAA --algorithm EdDSA --user-verification required \
                 --backup backed-up"
            ),
            Exit::Rejected,
        ),
        (
            format!("verify assertion {assertion} {everything} --registration {registration}"),
            Exit::Done,
        ),
        (
            format!(
                "verify assertion {assertion} --registration {bare} --discoverable \
                 --origin https://login.example.com --user-handle AAAA --sign-count 99"
            ),
            Exit::Rejected,
        ),
    ] {
        let outcome = desk.run(&line);
        outcome.ended(exit);
        assert_eq!(outcome.stderr, "");
        let report = desk.run(&format!("{line} --json"));
        report.ended(exit);
        assert_eq!(report.json()["schema_version"], 1);
        assert_eq!(report.json()["accepted"], exit == Exit::Done);
        assert_eq!(failed(&report.json()).is_empty(), exit == Exit::Done);
        writeln!(text, "{outcome}").unwrap();
    }
    insta::assert_snapshot!(text);
}

#[test]
fn the_report_says_where_the_relying_party_came_from() {
    let saved = Saved::new();
    let Saved { desk, registration, bare, assertion } = &saved;
    for (line, from) in [
        (format!("verify registration {registration} --rp example.com"), "flag"),
        (format!("verify registration {registration}"), "registration"),
        // It is the one of the origin's names whose hash is there.
        (format!("verify registration {bare} --origin https://login.example.com"), "origin"),
        (format!("verify assertion {assertion} --registration {registration}"), "registration"),
    ] {
        let report = desk.run(&format!("{line} --json"));
        report.succeeded();
        let report = report.json();
        assert_eq!(report["rp_id"], "example.com");
        assert_eq!(report["rp_id_from"], from, "{line}");
        assert!(report["unchecked"].as_array().unwrap().contains(&json!("challenge")));
    }
}

#[test]
fn a_public_key_alone_does() {
    let saved = Saved::new();
    let Saved { desk, bare, assertion, .. } = &saved;
    let report = desk.run(&format!("verify registration {bare} --rp example.com --json")).json();
    let bytes =
        |name: &str| URL_SAFE_NO_PAD.decode(report["facts"][name].as_str().unwrap()).unwrap();
    for (name, form) in [("spki", "public_key_spki"), ("cose", "public_key_cose")] {
        let key = desk.file(name, bytes(form));
        let line = format!("verify assertion {assertion} --public-key {key} --rp example.com");
        let outcome = desk.run(&line);
        outcome.succeeded();
        assert!(outcome.stdout.contains("passed          the signature was made"), "{outcome}");
    }
    let stranger = "-----BEGIN PUBLIC KEY-----\n\
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt\n\
        6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==\n\
        -----END PUBLIC KEY-----\n";
    let key = desk.file("stranger", stranger);
    let line = format!("verify assertion {assertion} --public-key {key} --rp example.com --json");
    let outcome = desk.run(&line);
    outcome.ended(Exit::Rejected);
    assert_eq!(failed(&outcome.json()), ["signature"]);
}

#[test]
fn a_response_comes_from_standard_input_and_with_a_byte_order_mark() {
    let saved = Saved::new();
    let text = std::fs::read_to_string(&saved.bare).unwrap();
    let marked = format!("\u{feff}{text}");
    let desk = &saved.desk;
    desk.command("verify registration - --rp example.com").stdin(&marked).run().succeeded();
    let line = format!("verify assertion {} --registration - --rp example.com", saved.assertion);
    desk.command(&line).stdin(&marked).run().succeeded();
}

#[test]
fn a_changed_member_fails_its_check() {
    let saved = Saved::new();
    let registration = |change: &dyn Fn(&mut Value), flags: &str| {
        let file = saved.changed(&saved.bare, change);
        let outcome =
            saved.desk.run(&format!("verify registration {file} --rp example.com --json {flags}"));
        failed(&outcome.json()).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(registration(&|_| {}, ""), [""; 0]);
    assert_eq!(registration(&|one| one["type"] = "other".into(), ""), ["credential_id"]);
    assert_eq!(
        registration(&|one| one["clientExtensionResults"] = json!({"prf": {}}), "--extension uvm"),
        ["client_extensions"]
    );
    assert_eq!(
        registration(&|one| one["clientExtensionResults"] = json!({"prf": {}}), "--extension prf"),
        [""; 0]
    );
    let id = |one: &Value| one["id"].as_str().unwrap().to_owned();
    let bare: Value = serde_json::from_slice(&std::fs::read(&saved.bare).unwrap()).unwrap();
    assert_eq!(registration(&|_| {}, &format!("--exclude {}", id(&bare))), ["credential_new"]);
}

/// Files that people mix up, and flags that do not fit them.
#[test]
fn wrong_files_are_told_apart() {
    let saved = Saved::new();
    let Saved { desk, registration, bare, assertion } = &saved;
    let file = |name: &str, content: &str| desk.file(name, content);
    let options = file(
        "options.json",
        r#"{"publicKey":{"challenge":"AAAA","pubKeyCredParams":[],"rp":{"name":"x"}}}"#,
    );
    let verdict = file("verdict.json", r#"{"schema_version":1,"accepted":true,"checks":[]}"#);
    let page = file("page.html", "<!DOCTYPE html><title>502 Bad Gateway</title>");
    let utf16 = desk.file("utf16.json", b"\xff\xfe{\0}\0");
    let empty = file("empty.json", "");
    let cut = file("cut.json", &std::fs::read_to_string(bare).unwrap()[..200]);
    let newer =
        file("newer.json", r#"{"schema_version":99,"rp_id":"a","response":{"response":{}}}"#);
    let lacking = saved.changed(bare, |one| {
        one.as_object_mut().unwrap().remove("rawId");
    });
    let lacking = desk.file("lacking.json", std::fs::read(lacking).unwrap());
    let odd = saved.changed(assertion, |one| one["response"]["signature"] = "%%%".into());
    let odd = desk.file("odd.json", std::fs::read(odd).unwrap());
    let without = saved.changed(bare, |one| {
        one["response"].as_object_mut().unwrap().remove("clientDataJSON");
    });
    let missing = desk.path("missing.json").to_str().unwrap().to_owned();
    let mut text = String::new();
    for line in [
        format!("verify registration {assertion}"),
        format!("verify assertion {registration} --registration {registration}"),
        format!("verify assertion {assertion} --registration {assertion}"),
        format!("verify registration {options}"),
        format!("verify registration {verdict}"),
        format!("verify registration {page}"),
        format!("verify registration {utf16}"),
        format!("verify registration {empty}"),
        format!("verify registration {cut}"),
        format!("verify registration {newer}"),
        format!("verify registration {lacking}"),
        format!("verify assertion {odd} --registration {registration}"),
        format!("verify registration {missing}"),
        format!("verify registration {bare}"),
        format!("verify registration {registration} --rp example.org"),
        format!("verify registration {bare} --rp Example.com"),
        format!("verify registration {bare} --origin example.com"),
        format!("verify registration {bare} --rp example.com --challenge ="),
        format!("verify registration {without} --rp example.com"),
        format!("verify registration {bare} --rp example.com --client-data-hash {CHALLENGE}"),
        format!("verify assertion {assertion} --public-key {bare} --rp example.com"),
        "verify assertion - --registration -".to_owned(),
        format!("verify assertion {assertion}"),
    ] {
        let outcome = desk.run(&line);
        outcome.ended(Exit::Usage);
        assert_eq!(outcome.stdout, "");
        let json = desk.run(&format!("{line} --json"));
        assert_eq!(json.error_json()["error"]["exit_code"], 2, "{json}");
        writeln!(text, "{outcome}").unwrap();
    }
    // A challenge that can be guessed is said, and is no refusal.
    let short = desk.run(&format!("verify registration {bare} --rp example.com --challenge AAAA"));
    short.ended(Exit::Rejected);
    writeln!(text, "{}", short.stderr).unwrap();
    insta::assert_snapshot!(text);
}

#[test]
fn no_key_is_asked() {
    let saved = Saved::new();
    saved.desk.record.take();
    saved.desk.run(&format!("verify registration {}", saved.registration)).succeeded();
    assert_eq!(saved.desk.record.take(), [""; 0]);
}

/// Of client data of which only the hash is known nothing was compared.
#[test]
fn what_only_a_hash_stands_for_was_not_checked() {
    let saved = Saved::new();
    let desk = &saved.desk;
    let without = |file: &str| {
        let mut hash = String::new();
        let file = saved.changed(file, |one| {
            let response = one["response"].as_object_mut().unwrap();
            let text = response.remove("clientDataJSON").unwrap();
            let json = URL_SAFE_NO_PAD.decode(text.as_str().unwrap()).unwrap();
            hash = URL_SAFE_NO_PAD.encode(Sha256::digest(json));
        });
        let text = std::fs::read_to_string(file).unwrap();
        (text, hash)
    };
    let (registration, registration_hash) = without(&saved.bare);
    let registration = desk.file("hash-registration.json", registration);
    let (assertion, assertion_hash) = without(&saved.assertion);
    let assertion = desk.file("hash-assertion.json", assertion);
    let mut text = String::new();
    for line in [
        format!(
            "verify registration {registration} --rp example.com --client-data-hash {registration_hash}"
        ),
        format!(
            "verify assertion {assertion} --rp example.com --registration {} \
             --client-data-hash {assertion_hash}",
            saved.bare
        ),
    ] {
        let outcome = desk.run(&line);
        outcome.succeeded();
        writeln!(text, "{outcome}").unwrap();
        let report = desk.run(&format!("{line} --json")).json();
        for check in ["client_data", "client_data_type", "challenge", "origin", "cross_origin"] {
            assert!(report["unchecked"].as_array().unwrap().contains(&json!(check)), "{check}");
        }
        for flag in [
            &format!("--challenge {CHALLENGE}"),
            "--origin https://login.example.com",
            "--cross-origin",
        ] {
            desk.run(&format!("{line} {flag}")).ended(Exit::Usage);
        }
    }
    insta::assert_snapshot!(text);
}

/// The order of transports is nobody's promise: the list is not signed.
#[test]
fn transports_in_any_order_are_no_lie() {
    let saved = Saved::new();
    let file = saved.changed(&saved.bare, |one| {
        one["response"]["transports"] = json!(["usb", "internal", "hybrid", "usb"]);
    });
    saved.desk.run(&format!("verify registration {file} --rp example.com")).succeeded();
}

/// What `register --graph` printed is a registration, too.
#[test]
fn the_body_for_graph_is_read() {
    let saved = Saved::new();
    let bare: Value = serde_json::from_slice(&std::fs::read(&saved.bare).unwrap()).unwrap();
    let body = json!({
        "displayName": "Key 17",
        "publicKeyCredential": {
            "id": bare["id"],
            "response": {
                "clientDataJSON": bare["response"]["clientDataJSON"],
                "attestationObject": bare["response"]["attestationObject"]
            },
            "clientExtensionResults": {}
        }
    });
    let graph = saved.desk.file("graph.json", body.to_string());
    let line = format!("verify registration {graph} --rp example.com --challenge {CHALLENGE}");
    saved.desk.run(&line).succeeded();
    let line =
        format!("verify assertion {} --rp example.com --registration {graph}", saved.assertion);
    saved.desk.run(&line).succeeded();
    let lacking = saved.desk.file("lacking-graph.json", r#"{"publicKeyCredential": {"id": "AA"}}"#);
    let outcome = saved.desk.run(&format!("verify registration {lacking}"));
    outcome.ended(Exit::Usage);
    insta::assert_snapshot!(outcome);
}

/// An RSA key in PEM is for RS256 or PS256, and does not say which.
#[test]
fn a_bare_rsa_key_is_tried_both_ways() {
    let desk = Desk::empty();
    let key = desk.file("rsa.pem", include_str!("rsa/key.pem"));
    let mut text = String::new();
    for (name, response) in [
        ("rs256.json", include_str!("rsa/rs256.json")),
        ("ps256.json", include_str!("rsa/ps256.json")),
    ] {
        let file = desk.file(name, response);
        let line = format!("verify assertion {file} --public-key {key} --rp example.com");
        let outcome = desk.run(&line);
        outcome.succeeded();
        writeln!(text, "{outcome}").unwrap();
        let broken =
            desk.file("broken", response.replace(r#""signature":""#, r#""signature":"AAAA"#));
        let line = format!("verify assertion {broken} --public-key {key} --rp example.com --json");
        let outcome = desk.run(&line);
        outcome.ended(Exit::Rejected);
        assert_eq!(failed(&outcome.json()), ["signature"]);
    }
    insta::assert_snapshot!(text);
}
