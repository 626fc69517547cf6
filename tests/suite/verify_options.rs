//! `verify --options`: what was expected comes from the options that the server sent.

use crate::harness::Desk;
use crate::options::{creation, request, run};
use fidokey::cli::exit::Exit;
use serde_json::{Value, json};
use std::fmt::Write;

const ORIGIN: &str = "--origin https://login.example.com";

/// A desk, the options of both ceremonies and what the key answered.
struct Ceremonies {
    desk: Desk,
    creation: String,
    registration: String,
    request: String,
    assertion: String,
}

impl Ceremonies {
    fn carry_out() -> Self {
        let (desk, _key) = Desk::with_key();
        let options = creation(json!({"extensions": {"credProps": true}}));
        let line = format!("register --options - --json --quiet {ORIGIN}");
        let made = run(&desk, &line, &options);
        let id = made.succeeded().json()["id"].clone();
        let creation = desk.file("creation.json", json!({"publicKey": options}).to_string());
        let registration = desk.file("registration.json", &made.stdout);
        let options = request(json!({"allowCredentials": [{"type": "public-key", "id": id}]}));
        let line =
            format!("assert --options - --json --quiet {ORIGIN} --registration {registration}");
        let signed = run(&desk, &line, &options);
        signed.succeeded();
        let request = desk.file("request.json", options.to_string());
        let assertion = desk.file("assertion.json", &signed.stdout);
        Self { desk, creation, registration, request, assertion }
    }

    /// Options with members changed, in another file.
    fn changed(&self, file: &str, change: impl FnOnce(&mut Value)) -> String {
        let mut options: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        let inner = options.get_mut("publicKey").is_some();
        change(if inner { &mut options["publicKey"] } else { &mut options });
        self.desk.file("changed.json", options.to_string())
    }

    /// The checks that failed.
    fn failed(&self, line: &str) -> Vec<String> {
        let report = self.desk.run(&format!("{line} --json")).json();
        let checks = report["checks"].as_array().unwrap().iter();
        let failed = checks.filter(|check| check["outcome"] == "failed");
        failed.map(|check| check["id"].as_str().unwrap().to_owned()).collect()
    }
}

#[test]
fn everything_that_was_asked_for_is_taken_from_the_options() {
    let all = Ceremonies::carry_out();
    let mut text = String::new();
    for line in [
        format!("verify registration {} --options {} {ORIGIN}", all.registration, all.creation),
        format!(
            "verify assertion {} --registration {} --options {} {ORIGIN}",
            all.assertion, all.registration, all.request
        ),
    ] {
        let outcome = all.desk.run(&line);
        outcome.succeeded();
        writeln!(text, "{outcome}").unwrap();
        let report = all.desk.run(&format!("{line} --json")).succeeded().json();
        assert_eq!(report["rp_id_from"], "options");
    }
    insta::assert_snapshot!(text);
}

#[test]
fn options_that_asked_for_something_else_fail_their_check() {
    let all = Ceremonies::carry_out();
    let id: Value = serde_json::from_slice(&std::fs::read(&all.registration).unwrap()).unwrap();
    let id = id["id"].clone();
    let cases: [(&str, Value, &str); 7] = [
        ("challenge", json!("AAAAAAAAAAAAAAAAAAAAAA"), "challenge"),
        ("rp", json!({"id": "login.example.com", "name": "x"}), "rp_id_hash"),
        ("pubKeyCredParams", json!([{"type": "public-key", "alg": -8}]), "algorithm"),
        ("excludeCredentials", json!([{"type": "public-key", "id": id}]), "credential_new"),
        ("authenticatorSelection", json!({"userVerification": "required"}), "user_verified"),
        ("extensions", json!({}), "client_extensions"),
        ("extensions", json!({"credProps": true}), ""),
    ];
    for (member, value, check) in cases {
        let options = all.changed(&all.creation, |options| options[member] = value);
        let line = format!("verify registration {} --options {options} {ORIGIN}", all.registration);
        let expected: Vec<&str> =
            Some(check).filter(|check| !check.is_empty()).into_iter().collect();
        assert_eq!(all.failed(&line), expected, "{member}");
    }
    let listed = json!([{"type": "public-key", "id": "AAAA"}]);
    for (member, value, check) in [
        ("challenge", json!("AAAAAAAAAAAAAAAAAAAAAA"), "challenge"),
        ("rpId", json!("login.example.com"), "rp_id_hash"),
        ("allowCredentials", listed, "allowed_credential"),
        ("allowCredentials", json!([]), "user_handle"),
        ("userVerification", json!("required"), "user_verified"),
    ] {
        let options = all.changed(&all.request, |options| options[member] = value);
        let line = format!(
            "verify assertion {} --registration {} --options {options} {ORIGIN}",
            all.assertion, all.registration
        );
        assert_eq!(all.failed(&line), [check], "{member}");
    }
}

/// A flag that says what the options say already is refused, and so are other files.
#[test]
fn flags_and_files_that_do_not_go_with_options() {
    let all = Ceremonies::carry_out();
    let Ceremonies { desk, creation, registration, request, assertion } = &all;
    let mut text = String::new();
    for flag in ["--rp example.com", "--challenge AAAA", "--algorithm ES256"].into_iter().chain([
        "--extension prf",
        "--user-verification required",
        "--client-data-hash AAAA",
    ]) {
        let line = format!("verify registration {registration} --options {creation} {flag}");
        desk.run(&line).ended(Exit::Usage);
    }
    for flag in ["--allow AAAA", "--discoverable", "--appid https://example.com"] {
        let line = format!(
            "verify assertion {assertion} --registration {registration} --options {request} {flag}"
        );
        desk.run(&line).ended(Exit::Usage);
    }
    let bad = all.changed(creation, |options| options["rp"]["id"] = "Example.com".into());
    let bad = desk.file("bad.json", std::fs::read(bad).unwrap());
    for line in [
        format!("verify registration {registration} --options {request}"),
        format!("verify registration {registration} --options {registration}"),
        format!("verify registration {registration} --options {bad}"),
        format!("verify registration {registration} --options nosuch.json"),
        format!("verify assertion {assertion} --registration {registration} --options {creation}"),
        "verify registration - --options -".to_owned(),
    ] {
        let outcome = desk.run(&line);
        outcome.ended(Exit::Usage);
        assert!(outcome.stderr.contains("Nothing was verified."), "{outcome}");
        writeln!(text, "{outcome}").unwrap();
    }
    insta::assert_snapshot!(text);
}
