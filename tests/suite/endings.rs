//! How `register` and `assert` end: what is told of accounts, tries, extensions and secrets, and what
//! stands on stderr when something could not be written.

use crate::harness::Desk;
use fidokey::cli::exit::Exit;
use serde_json::{Value, json};
use std::path::Path;

const REGISTER: &str = "register --rp example.com --user alice --resident";
const ASSERT: &str = "assert --rp example.com";

fn desk_with_pin() -> (Desk, String) {
    let (desk, _key) = Desk::with_key();
    desk.set_pin("1234");
    let pin = format!("--pin-file {}", desk.file("pin", "1234"));
    (desk, pin)
}

fn document(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// What a person is warned of is in the report, or stands beside the answer.
#[test]
fn several_accounts_and_few_tries_are_told_to_programs_too() {
    let (desk, pin) = desk_with_pin();
    for user in ["alice", "bob"] {
        desk.run(&format!("register --rp example.com --user {user} --resident {pin}")).succeeded();
    }
    let report = desk.path("report");
    let reported = |line: &str| {
        let line = format!("{ASSERT} {pin} --json --report {} {line}", report.display());
        let outcome = desk.run(&line);
        outcome.succeeded();
        assert_eq!(outcome.stderr, "", "{outcome}");
        document(&report)
    };
    let newest = reported("");
    assert_eq!((&newest["accounts"], &newest["account_number"]), (&json!(2), &json!(1)));
    assert_eq!(
        (&newest["account_chosen_by"], &newest["pin_retries_before"]),
        (&json!("newest"), &json!(8))
    );
    let named = reported("--choose 2");
    assert_eq!(
        (&named["account_number"], &named["account_chosen_by"]),
        (&json!(2), &json!("flag"))
    );
    let allowed = format!(
        "--allow {}",
        desk.run(&format!("{ASSERT} {pin} --json")).json()["id"].as_str().unwrap()
    );
    let only = reported(&allowed);
    assert_eq!((&only["accounts"], &only["account_chosen_by"]), (&json!(1), &json!("only_one")));

    let beside = desk.run(&format!("{ASSERT} {pin} --json"));
    assert!(beside.stderr.contains("2 accounts fit, and the newest was taken."), "{beside}");
    assert!(beside.json()["response"]["signature"].is_string());
}

#[test]
fn few_tries_are_told_beside_the_answer_and_in_the_report() {
    let (desk, key) = Desk::with_key();
    desk.set_pin("1234");
    let pin = format!("--pin-file {}", desk.file("pin", "1234"));
    let wrong = format!("pin verify --pin-file {}", desk.file("wrong", "4321"));
    let tries = |number: u32| {
        for one in 0..number {
            if one % 2 == 0 {
                desk.keys.plug(&key).unwrap();
            }
            desk.run(&wrong).ended(Exit::Pin);
        }
    };
    tries(5);
    let beside = desk.run(&format!("{REGISTER} {pin} --json"));
    assert!(beside.succeeded().stderr.contains("3 tries left."), "{beside}");
    tries(6);
    let report = desk.path("report");
    desk.run(&format!("{ASSERT} {pin} --json --report {}", report.display())).succeeded();
    assert_eq!(document(&report)["pin_retries_before"], 2);
    let discouraged = format!("{ASSERT} --user-verification discouraged --json --report");
    desk.run(&format!("{discouraged} {}", report.display())).succeeded();
    assert_eq!(document(&report)["pin_retries_before"], Value::Null);
}

#[test]
fn a_file_of_secrets_has_one() {
    let (desk, _key) = Desk::with_key();
    desk.run(REGISTER).succeeded();
    let secret = desk.path("secret");
    let out = format!("--secret-out {}", secret.display());
    let unasked = desk.run(&format!("{ASSERT} {out}"));
    unasked.ended(Exit::Usage);
    let none = desk.run(&format!("{ASSERT} --large-blob-key {out}"));
    none.succeeded();
    let json = desk.run(&format!("{ASSERT} --large-blob-key {out} --json"));
    let stdout = desk.run(&format!("{ASSERT} --large-blob-key --secret-out -"));
    assert_eq!(stdout.succeeded().stdout, "");
    assert!(stdout.stderr.contains("The key gave no secret."), "{stdout}");
    assert!(!secret.exists());
    insta::assert_snapshot!(format!("{unasked}\n{none}\n{}", json.stderr));
}

#[test]
fn what_each_extension_gave_is_said() {
    let (desk, pin) = desk_with_pin();
    let asked = "--hmac-secret --cred-blob AQID --large-blob-key --min-pin-length";
    let made = desk.run(&format!("{REGISTER} {asked} {pin}"));
    let salt = "11".repeat(32);
    let secret = desk.path("secret");
    let line = format!(
        "{ASSERT} --get-cred-blob --large-blob-key --hmac-salt {salt} --secret-out {} {pin}",
        secret.display()
    );
    let given = desk.run(&line);
    let json = desk.run(&format!("{line} --json"));
    assert_eq!(json.succeeded().json()["clientExtensionResults"], json!({"getCredBlob": "AQID"}));
    assert!(json.stderr.contains("No check failed; the signature was not checked."), "{json}");
    desk.run(&format!("register --rp example.net --user bob --resident {pin}")).succeeded();
    let empty = desk.run(&format!("assert --rp example.net --get-cred-blob {pin}"));
    let lines = |text: &str| {
        let wanted =
            ["Extensions", "  hmac", "  cred", "  large", "  minPin", "Stored", "No check"];
        let lines = text.lines().filter(|line| wanted.iter().any(|start| line.starts_with(start)));
        lines.map(|line| format!("{line}\n")).collect::<String>()
    };
    let [made, given, empty] =
        [made, given, empty].map(|outcome| lines(&outcome.succeeded().stdout));
    insta::assert_snapshot!(format!("{made}\n{given}\n{empty}"));
}

/// With JSON, an error is all that stands on stderr.
#[test]
#[cfg(target_os = "linux")]
fn an_error_stands_alone_for_programs() {
    let (desk, _key) = Desk::with_key();
    let kept = desk.path("kept");
    for line in [
        format!("{REGISTER} --large-blob-key --secret-out /dev/full"),
        format!("{REGISTER} --report /dev/full"),
        format!("{REGISTER} --save /dev/full"),
        format!(
            "{REGISTER} --large-blob-key --secret-out - --save {} --report /dev/full",
            kept.display()
        ),
        format!("{ASSERT} --large-blob-key --secret-out /dev/full"),
        format!("{ASSERT} --report /dev/full"),
    ] {
        let outcome = desk.run(&format!("{line} --json"));
        outcome.ended(Exit::Failed);
        outcome.json();
        let message = outcome.error_json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.starts_with("/dev/full cannot be written. The "), "{outcome}");
        assert!(message.ends_with(" was made all the same."), "{outcome}");
    }
}

/// A list that was given is not to be given.
#[test]
fn a_key_that_shows_none_of_a_list() {
    let (desk, pin) = desk_with_pin();
    let line = format!("{REGISTER} --cred-protect required {pin} --json");
    let made = desk.run(&line).json();
    let allow = format!("{ASSERT} --allow {}", made["id"].as_str().unwrap());
    let hidden = desk.run(&format!("{allow} --user-verification discouraged"));
    hidden.ended(Exit::NoMatch);
    let verified = desk.run(&format!("{ASSERT} --allow AAAA --user-verification required {pin}"));
    desk.run(&format!("{allow} --user-verification required {pin}")).succeeded();
    insta::assert_snapshot!(format!("{}\n{}", hidden.stderr, verified.stderr));
}

#[test]
fn a_passkey_may_have_taken_the_place_of_another() {
    let (desk, _key) = Desk::with_key();
    let told = |line: &str| {
        let outcome = desk.run(line);
        outcome.succeeded();
        outcome.stderr.contains("this one has taken its place")
    };
    assert!(told(&format!("{REGISTER} --user-id AAAA")));
    assert!(!told(REGISTER));
    assert!(!told("register --rp example.com --user alice --user-id AAAA"));
    desk.run("register --rp example.com --resident --user").ended(Exit::Usage);
    desk.command("register --rp example.com --resident --user").arg("").run().ended(Exit::Usage);
}
