//! Documents of every algorithm and attestation format, made by OpenSSL and, as to the structures
//! around its signatures, by hand in `tests/judges/formats.py`: what is right is verified, what has
//! one thing wrong fails on the check that is meant and on no other, and the judges that know the
//! algorithm or format agree.

use crate::harness::{Desk, Outcome};
use crate::judges::{Ceremony, FOLDER, Judges, Request, Verdict, python};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fidokey::cli::exit::Exit;
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeSet;

/// A line of `formats.py`.
#[derive(Deserialize)]
struct Fixture {
    name: String,
    wrong: BTreeSet<String>,
    judges: Vec<String>,
    request: Request,
}

fn fixtures() -> Vec<Fixture> {
    let output = python().arg(format!("{FOLDER}/formats.py")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What `fidokey verify` says of it.
fn verify(desk: &Desk, request: &Request) -> Outcome {
    let response = desk.file("response.json", request.response.to_string());
    let Request { challenge, origin, rp_id, .. } = request;
    let line = format!("{response} --challenge {challenge} --origin {origin} --rp {rp_id} --json");
    match &request.ceremony {
        Ceremony::Registration { algorithms, .. } => {
            let algorithms: String =
                algorithms.iter().map(|algorithm| format!(" --algorithm {algorithm}")).collect();
            desk.run(&format!("verify registration {line}{algorithms}"))
        }
        Ceremony::Authentication(registered) => {
            let key = URL_SAFE_NO_PAD.decode(&registered.public_key).unwrap();
            let key = desk.file("key", key);
            let handle = registered.user_handle.as_ref().unwrap();
            desk.run(&format!(
                "verify assertion {line} --public-key {key} --sign-count {} --user-handle {handle} \
                 --allow {}",
                registered.sign_count, registered.credential_id
            ))
        }
    }
}

/// The names of the checks with this outcome.
fn with_outcome(report: &serde_json::Value, outcome: &str) -> BTreeSet<String> {
    let checks = report["checks"].as_array().unwrap().iter();
    let checks = checks.filter(|check| check["outcome"] == outcome);
    checks.map(|check| check["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_is_wrong_fails_on_its_own_check_and_the_judges_agree() {
    let Some(mut judges) = Judges::start("formats") else { return };
    let desk = Desk::empty();
    let fixtures = fixtures();
    let mut asked = 0;
    for Fixture { name, wrong, judges: named, request } in &fixtures {
        let outcome = verify(&desk, request);
        let exit = if wrong.is_empty() { Exit::Done } else { Exit::Rejected };
        assert_eq!(outcome.exit, exit, "{name}: {outcome}");
        let report = outcome.json();
        assert_eq!(&with_outcome(&report, "failed"), wrong, "{name}: {outcome}");
        // The signatures themselves were looked at, those of ML-DSA too.
        let unchecked = with_outcome(&report, "not_checked");
        let signatures = ["signature", "attestation_signature", "attestation_algorithm"];
        let unseen = signatures.iter().any(|id| unchecked.contains(*id));
        // A statement inside a statement inside a statement is not looked into.
        assert_eq!(unseen, wrong.contains("attestation_format"), "{name}: {outcome}");
        if named.is_empty() {
            continue;
        }
        for Verdict { judge, outcome } in judges.ask(request) {
            if named.iter().any(|name| judge.trim_start_matches('@').starts_with(name.as_str())) {
                asked += 1;
                let agrees = outcome.is_ok() == wrong.is_empty();
                assert!(agrees, "{name}: {judge} says {outcome:?}");
            }
        }
    }
    assert!(fixtures.len() >= 130 && asked >= 250, "{} fixtures, {asked}", fixtures.len());
}

#[test]
fn what_an_enterprise_certificate_says_is_shown() {
    if Judges::start("formats").is_none() {
        return;
    }
    let desk = Desk::empty();
    let fixtures = fixtures();
    let named = |name: &str| &fixtures.iter().find(|one| one.name == name).unwrap().request;
    let report = verify(&desk, named("packed, enterprise")).json();
    let kind = &report["facts"]["attestation"]["kind"];
    assert_eq!(kind["device_serial_number"], "534e30303031");
    assert_eq!(kind["firmware_version"], 258);
    assert_eq!(kind["transports"], json!(["usb", "nfc"]));
    assert_eq!(kind["aaguid"], "01020304-0506-0708-090a-0b0c0d0e0f10");
    let response = desk.file("response.json", named("packed, enterprise").response.to_string());
    let text = desk.run(&format!("verify registration {response} --rp example.org"));
    for line in ["Key's serial   534e30303031", "Firmware       258", "Issued by      CN=root"] {
        assert!(text.stdout.contains(line), "{text}");
    }

    let compound = verify(&desk, named("compound, second")).json();
    let failed = compound["checks"].as_array().unwrap().iter();
    let failed: Vec<_> = failed.filter(|check| check["outcome"] == "failed").collect();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0]["statement"], 2);
    let statements = &compound["facts"]["attestation"]["statements"];
    assert_eq!(statements[0]["format"], "fido-u2f");
    assert_eq!(statements[1]["format"], "packed");
    let response = desk.file("response.json", named("compound, second").response.to_string());
    let text = desk.run(&format!("verify registration {response} --rp example.org"));
    assert!(text.stdout.contains("FAILED          statement 2: the attestation sig"), "{text}");
}
