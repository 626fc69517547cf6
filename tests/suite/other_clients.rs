//! python-fido2's WebAuthn client on the same key: what one writes the other reads, and what one
//! derives the other derives.

use crate::firmware::FirmwareBus;
use crate::harness::Desk;
use crate::judged::attestation;
use crate::judges::{Ceremony, FOLDER, Judges, Registered, Request, python};
use crate::options::{CHALLENGE, creation, request, run};
use fidokey::cli::exit::Exit;
use fidokey::transport::{Bus, Connection, KeyPath};
use fidokey::webauthn::base64url;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

const ORIGIN: &str = "https://example.com";
const PIN: &str = "1234";

/// Whether the other client is there.
fn installed(test: &str) -> bool {
    Judges::start(test).is_some()
}

/// Has python-fido2's client carry out a ceremony on the desk's key, and gives the response.
fn by_python(desk: &Desk, ceremony: &str, options: &Value) -> Value {
    by_python_on(desk, desk.keys.as_ref(), ceremony, options)
}

/// The same with a key on another bus.
fn by_python_on(desk: &Desk, bus: &dyn Bus, ceremony: &str, options: &Value) -> Value {
    let result = desk.path("result.json");
    let job = json!({
        "ceremony": ceremony, "options": options, "origin": ORIGIN, "pin": PIN, "result": &result,
    });
    let job = desk.file("job.json", job.to_string());
    let mut client = python();
    client.arg(format!("{FOLDER}/client.py")).arg(job);
    let mut process = client.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut to_client = process.stdin.take().unwrap();
    let mut from_client = process.stdout.take().unwrap();
    let cable = bus.open(&KeyPath("/dev/hidraw0".into())).unwrap();
    let cable: Arc<Mutex<Box<dyn Connection>>> = Arc::new(Mutex::new(cable));
    let over = Arc::new(AtomicBool::new(false));
    let answers = {
        let (cable, over) = (cable.clone(), over.clone());
        thread::spawn(move || {
            let mut report = [0; 64];
            while !over.load(Ordering::SeqCst) {
                // Not long, since the lock is held meanwhile.
                let wait = Duration::from_millis(1);
                let heard = cable.lock().unwrap().receive(&mut report, wait);
                match heard {
                    Ok(Some(length)) if to_client.write_all(&report[..length]).is_ok() => {
                        to_client.flush().ok();
                    }
                    Ok(None) => thread::yield_now(),
                    _ => break,
                }
            }
        })
    };
    let mut report = [0; 64];
    while from_client.read_exact(&mut report).is_ok() {
        cable.lock().unwrap().send(&report).unwrap();
    }
    over.store(true, Ordering::SeqCst);
    answers.join().unwrap();
    assert!(process.wait().unwrap().success(), "python-fido2's client failed");
    serde_json::from_slice(&std::fs::read(result).unwrap()).unwrap()
}

/// The same by fidokey.
fn by_fidokey(desk: &Desk, command: &str, options: &Value) -> Value {
    let pin = desk.file("pin", PIN);
    let line = format!("{command} --options - --json --prf-in-response --pin-file {pin}");
    run(desk, &line, options).succeeded().json()
}

fn desk() -> Desk {
    let (desk, _key) = Desk::with_key();
    desk.set_pin(PIN);
    desk
}

/// Each for an account of its own: a second one for the same replaces the first.
fn resident(account: &str, extensions: Value) -> Value {
    creation(json!({
        "user": {"id": account, "name": account, "displayName": account},
        "authenticatorSelection": {"residentKey": "required", "userVerification": "required"},
        "extensions": extensions
    }))
}

fn assertion(id: &Value, extensions: Value) -> Value {
    request(json!({
        "allowCredentials": [{"type": "public-key", "id": id}],
        "userVerification": "required",
        "extensions": extensions
    }))
}

#[test]
fn a_large_blob_is_read_and_written_by_both() {
    if !installed("other_clients") {
        return;
    }
    let desk = desk();
    let asked = json!({"largeBlob": {"support": "required"}});
    let ours = by_fidokey(&desk, "register", &resident("b3Vycw", asked.clone()));
    let theirs = by_python(&desk, "registration", &resident("dGhlaXJz", asked));
    for registration in [&ours, &theirs] {
        let results = &registration["clientExtensionResults"];
        assert_eq!(results["largeBlob"], json!({"supported": true}));
    }
    let blob = |response: &Value| response["clientExtensionResults"]["largeBlob"].clone();
    let write = |text: &str| json!({"largeBlob": {"write": text}});
    let read = json!({"largeBlob": {"read": true}});
    // "by fidokey" and "by python", each with the credential that the other client made.
    let (of_fidokey, of_python) = ("YnkgZmlkb2tleQ", "YnkgcHl0aG9u");
    let written = by_fidokey(&desk, "assert", &assertion(&theirs["id"], write(of_fidokey)));
    assert_eq!(blob(&written), json!({"written": true}));
    let written = by_python(&desk, "authentication", &assertion(&ours["id"], write(of_python)));
    assert_eq!(blob(&written), json!({"written": true}));
    for (id, text) in [(&theirs["id"], of_fidokey), (&ours["id"], of_python)] {
        let options = assertion(id, read.clone());
        assert_eq!(blob(&by_python(&desk, "authentication", &options)), json!({"blob": text}));
        assert_eq!(blob(&by_fidokey(&desk, "assert", &options)), json!({"blob": text}));
    }
    // Written again, by the other one: in place of what was there.
    by_python(&desk, "authentication", &assertion(&theirs["id"], write("AQ")));
    let long = "A".repeat(4 * 1000);
    by_fidokey(&desk, "assert", &assertion(&ours["id"], write(&long)));
    for (id, text) in [(&theirs["id"], "AQ"), (&ours["id"], long.as_str())] {
        let options = assertion(id, read.clone());
        assert_eq!(blob(&by_python(&desk, "authentication", &options)), json!({"blob": text}));
        assert_eq!(blob(&by_fidokey(&desk, "assert", &options)), json!({"blob": text}));
    }
}

#[test]
fn both_derive_the_same_secrets() {
    if !installed("other_clients") {
        return;
    }
    let desk = desk();
    let ours = by_fidokey(&desk, "register", &resident("b3Vycw", json!({"prf": {}})));
    let theirs = by_python(&desk, "registration", &resident("dGhlaXJz", json!({"prf": {}})));
    let enabled = json!({"prf": {"enabled": true}});
    assert_eq!(ours["clientExtensionResults"], enabled);
    assert_eq!(theirs["clientExtensionResults"]["prf"], enabled["prf"]);
    for id in [&ours["id"], &theirs["id"]] {
        let name = id.as_str().unwrap();
        let one = json!({"eval": {"first": "b25l"}});
        let two = json!({"eval": {"first": "b25l", "second": "dHdv"}});
        let own = json!({"eval": {"first": "AA"}, "evalByCredential": {name: {"first": "dHdv"}}});
        let mut derived = Vec::new();
        for prf in [one, two, own] {
            let options = assertion(id, json!({"prf": prf}));
            let results =
                |response: Value| response["clientExtensionResults"]["prf"]["results"].clone();
            let by_us = results(by_fidokey(&desk, "assert", &options));
            assert_eq!(by_us["first"].as_str().unwrap().len(), 43);
            let by_them = results(by_python(&desk, "authentication", &options));
            // It writes an empty list for the second where there is none.
            for which in ["first", "second"] {
                assert_eq!(by_us[which].as_str(), by_them[which].as_str(), "{prf}");
            }
            derived.push(by_us);
        }
        assert_eq!(derived[0]["first"], derived[1]["first"]);
        assert_eq!(derived[1]["second"], derived[2]["first"]);
        assert_ne!(derived[0]["first"], derived[2]["first"]);
    }
}

/// The other extensions, in what both clients give the relying party.
#[test]
fn both_give_the_relying_party_the_same() {
    if !installed("other_clients") {
        return;
    }
    let desk = desk();
    let asked = json!({
        "credProps": true,
        "credBlob": "c21hbGw",
        "credentialProtectionPolicy": "userVerificationRequired",
        "enforceCredentialProtectionPolicy": true,
        "minPinLength": true
    });
    let ours = by_fidokey(&desk, "register", &resident("b3Vycw", asked.clone()));
    let theirs = by_python(&desk, "registration", &resident("dGhlaXJz", asked));
    assert_eq!(
        ours["clientExtensionResults"],
        json!({"credBlob": true, "credProps": {"rk": true}})
    );
    assert_eq!(
        ours["clientExtensionResults"]["credProps"],
        theirs["clientExtensionResults"]["credProps"]
    );
    for id in [&ours["id"], &theirs["id"]] {
        let options = assertion(id, json!({"getCredBlob": true}));
        let response = by_fidokey(&desk, "assert", &options);
        assert_eq!(response["clientExtensionResults"], json!({"getCredBlob": "c21hbGw"}));
        by_python(&desk, "authentication", &options);
    }
}

/// Google's firmware answers to U2F, too; so do both of its clients.
#[test]
fn a_credential_made_with_u2f_is_used_under_its_app_id() {
    let Some(mut judges) = Judges::start("other_clients") else { return };
    let desk = Desk::empty();
    // U2F always attests.
    desk.plug(0, attestation().0);
    let app_id = "https://www.example.com/u2f.json";
    let made = by_python(&desk, "u2f", &json!({"appid": app_id}));
    let public_key = base64url::decode(made["public_key"].as_str().unwrap()).unwrap();
    let public_key = desk.file("public-key", public_key);
    let listed = json!([{"type": "public-key", "id": made["id"]}]);
    let assert = |extensions: Value| {
        let options = json!({"allowCredentials": listed, "extensions": extensions});
        let line = format!("assert --options - --json --public-key {public_key}");
        run(&desk, &line, &request(options))
    };
    assert(json!({})).ended(Exit::NoMatch);
    let asserted = assert(json!({"appid": app_id}));
    let response = asserted.succeeded().json();
    assert_eq!(response["clientExtensionResults"], json!({"appid": true}));
    assert_eq!(response["id"], made["id"]);
    assert!(asserted.stderr.contains("the signature was made with the credential's key"));
    let judged = Request {
        response,
        challenge: CHALLENGE.into(),
        origin: ORIGIN.into(),
        rp_id: app_id.into(),
        require_user_verification: false,
        ceremony: Ceremony::Authentication(Registered {
            credential_id: made["id"].as_str().unwrap().into(),
            public_key: made["public_key"].as_str().unwrap().into(),
            sign_count: 0,
            user_handle: None,
        }),
    };
    judges.accept("appid", &judged);
    judges.reject("appid", &Request { rp_id: "https://example.com".into(), ..judged });

    // The key has it, whichever way it is asked; with another AppID it does not.
    let register = |extensions: Value| {
        let options = json!({"excludeCredentials": listed, "extensions": extensions});
        run(&desk, "register --options - --json", &creation(options))
    };
    let results = register(json!({})).succeeded().json();
    assert_eq!(results["clientExtensionResults"], json!({}));
    let excluded = register(json!({"appidExclude": app_id}));
    assert_eq!(excluded.ended(Exit::Failed).error_json()["error"]["kind"], "excluded");
    let other = register(json!({"appidExclude": "https://example.com"})).succeeded().json();
    assert_eq!(other["clientExtensionResults"], json!({"appidExclude": true}));

    // A credential that was made with WebAuthn is found by the RP ID, as ever.
    let ours = register(json!({})).json();
    let options = json!({
        "allowCredentials": [{"type": "public-key", "id": ours["id"]}],
        "extensions": {"appid": app_id}
    });
    let response = run(&desk, "assert --options - --json", &request(options)).succeeded().json();
    assert_eq!(response["clientExtensionResults"], json!({"appid": false}));
}

/// hmac-secret-mc: the firmware of the Nitrokey 3 and the Solo 2 evaluates `prf` in a registration.
#[test]
fn secrets_are_derived_in_a_registration() {
    let Some(mut judges) = Judges::start("other_clients") else { return };
    let desk = Desk::empty();
    let state = desk.path("state");
    let Some(bus) = FirmwareBus::start("other_clients", "trussed-key", &state) else { return };
    let desk = desk.on_bus(bus.clone());
    desk.set_pin(PIN);
    let eval = json!({"prf": {"eval": {"first": "b25l", "second": "dHdv"}}});
    let saved = desk.path("saved");
    let line = format!("register --save {}", saved.display());
    let ours = by_fidokey(&desk, &line, &resident("b3Vycw", eval.clone()));
    let secret = ours["clientExtensionResults"]["prf"]["results"]["first"].as_str().unwrap();
    let saved = std::fs::read_to_string(saved).unwrap();
    assert!(saved.contains("enabled") && !saved.contains(secret), "{saved}");
    let theirs = by_python_on(&desk, &bus, "registration", &resident("dGhlaXJz", eval.clone()));
    for registration in [&ours, &theirs] {
        let prf = &registration["clientExtensionResults"]["prf"];
        assert_eq!(prf["enabled"], true);
        let judged = Request {
            response: registration.clone(),
            challenge: CHALLENGE.into(),
            origin: ORIGIN.into(),
            rp_id: "example.com".into(),
            require_user_verification: true,
            ceremony: Ceremony::Registration { algorithms: vec![-7], roots: Vec::new() },
        };
        judges.accept("hmac-secret-mc", &judged);
        let options = assertion(&registration["id"], eval.clone());
        for response in [
            by_fidokey(&desk, "assert", &options),
            by_python_on(&desk, &bus, "authentication", &options),
        ] {
            assert_eq!(response["clientExtensionResults"]["prf"]["results"], prf["results"]);
        }
    }
    assert_ne!(
        ours["clientExtensionResults"]["prf"]["results"],
        theirs["clientExtensionResults"]["prf"]["results"]
    );
}
