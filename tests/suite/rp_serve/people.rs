//! What the page asks for, with a key's real answers: accounts, the two steps of signing in, keys.

use super::{Client, Reply, Service, assert, register};
use crate::harness::Desk;
use serde_json::{Value, json};
use std::time::Duration;

const PASSWORD: &str = "correct horse battery";

fn sign_up(client: &mut Client, name: &str) {
    client.post("/api/sign-up", &json!({"username": name, "password": PASSWORD})).ok();
}

fn sign_in(client: &mut Client, name: &str, password: &str) -> Reply {
    client.post("/api/sign-in", &json!({"username": name, "password": password}))
}

/// Registers the desk's key for the account that is signed in; gives the credential's ID.
fn register_token(
    desk: &Desk,
    service: &Service,
    client: &mut Client,
    nickname: &str,
    purpose: &str,
    more: &str,
) -> String {
    let asked = json!({"nickname": nickname, "purpose": purpose});
    let options = client.post("/api/tokens/options", &asked).ok()["options"].clone();
    let response = register(desk, &service.origin, &options, more);
    client.post("/api/tokens/result", &json!({"response": response})).ok();
    response["id"].as_str().unwrap().to_owned()
}

/// Does the second step with the desk's key.
fn second_step(desk: &Desk, service: &Service, client: &mut Client, remember: bool) -> Reply {
    let options = client.post("/api/sign-in/key/options", &json!({})).ok()["options"].clone();
    let response = assert(desk, &service.origin, &options, "");
    client.post("/api/sign-in/key/result", &json!({"response": response, "remember": remember}))
}

fn account(client: &mut Client) -> Value {
    client.get("/api/session").ok()["account"].clone()
}

#[test]
fn a_key_stands_beside_a_password() {
    let (desk, _key) = Desk::with_key();
    let service = Service::start();
    let mut client = service.client();
    sign_up(&mut client, "Alice");
    assert_eq!(account(&mut client)["second_factor"], false);
    register_token(&desk, &service, &mut client, "blue", "second_factor", "");
    assert_eq!(account(&mut client)["second_factor"], true);

    // Another browser: after the password nobody is signed in yet.
    let mut other = service.client();
    assert_eq!(sign_in(&mut other, "alice", PASSWORD).ok()["key_awaited"], true);
    let session = other.get("/api/session").ok();
    assert_eq!((&session["account"], &session["key_awaited"]), (&Value::Null, &"alice".into()));
    let asked = json!({"nickname": "x", "purpose": "second_factor"});
    other.post("/api/tokens/options", &asked).failed();
    other.post("/api/second-factor", &json!({"on": false})).failed();
    second_step(&desk, &service, &mut other, false).ok();
    assert_eq!(account(&mut other)["name"], "alice");
    // The other session is untouched by that, and ends by itself.
    client.post("/api/sign-out", &json!({})).ok();
    assert_eq!(account(&mut client), Value::Null);
    assert_eq!(account(&mut other)["name"], "alice");
}

#[test]
fn the_token_of_a_session_changes_with_every_step() {
    let (desk, _key) = Desk::with_key();
    let service = Service::start();
    let mut client = service.client();
    sign_up(&mut client, "alice");
    register_token(&desk, &service, &mut client, "blue", "second_factor", "");
    client.post("/api/sign-out", &json!({})).ok();
    // Somebody planted a session in this browser before.
    let mut mallory = service.client();
    mallory.post("/api/passkey/sign-in/options", &json!({})).ok();
    let mut victim = mallory.clone();
    sign_in(&mut victim, "alice", PASSWORD).ok();
    let mut after_password = victim.clone();
    second_step(&desk, &service, &mut victim, false).ok();
    assert_eq!(account(&mut victim)["name"], "alice");
    assert_eq!(account(&mut mallory), Value::Null);
    assert_eq!(account(&mut after_password), Value::Null);
}

#[test]
fn a_wrong_name_and_a_wrong_password_get_the_same_answer() {
    let service = Service::start();
    let mut client = service.client();
    sign_up(&mut client, "alice");
    let mut other = service.client();
    let wrong = sign_in(&mut other, "alice", "wrong");
    let nobody = sign_in(&mut other, "nobody", PASSWORD);
    let unusable = sign_in(&mut other, "\u{7}", PASSWORD);
    let long = sign_in(&mut other, "alice", &"x".repeat(10_000));
    for reply in [&nobody, &unusable, &long] {
        assert_eq!((reply.status, &reply.body), (wrong.status, &wrong.body));
    }
    insta::assert_snapshot!(wrong.failed(), @"403 the user name or the password is wrong");
}

#[test]
fn wrong_passwords_are_counted_for_everybody_alike() {
    let service = Service::start();
    let mut client = service.client();
    sign_up(&mut client, "alice");
    for name in ["alice", "nobody"] {
        for _ in 0..10 {
            assert_eq!(sign_in(&mut client, name, "wrong").status, 403);
        }
        let refused = sign_in(&mut client, name, PASSWORD).failed();
        assert!(refused.starts_with("429 too many wrong passwords"), "{refused}");
    }
    service.clock.advance(Duration::from_secs(301));
    sign_in(&mut client, "alice", PASSWORD).ok();
}

#[test]
fn a_computer_is_not_asked_again_until_it_is() {
    let (desk, _key) = Desk::with_key();
    let service = Service::start();
    let mut client = service.client();
    sign_up(&mut client, "alice");
    let id = register_token(&desk, &service, &mut client, "blue", "second_factor", "");
    let mut computer = service.client();
    sign_in(&mut computer, "alice", PASSWORD).ok();
    let reply = second_step(&desk, &service, &mut computer, true);
    let cookie = reply.head.lines().find(|line| line.contains("fidokey_computer_")).unwrap();
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict; Max-Age=2592000"), "{cookie}");
    assert_eq!(account(&mut computer)["remembered"], 1);
    // It is not asked, and it is no substitute for the password.
    assert_eq!(sign_in(&mut computer, "alice", PASSWORD).ok()["key_awaited"], false);
    sign_in(&mut computer, "alice", "wrong").failed();
    // Another account at the same computer is asked.
    let mut bob = service.client();
    sign_up(&mut bob, "bob");
    register_token(&desk, &service, &mut bob, "blue", "second_factor", "");
    assert_eq!(sign_in(&mut computer, "bob", PASSWORD).ok()["key_awaited"], true);
    // After 30 days, it is asked again.
    service.clock.advance(Duration::from_secs(30 * 24 * 60 * 60));
    assert_eq!(sign_in(&mut computer, "alice", PASSWORD).ok()["key_awaited"], true);
    second_step(&desk, &service, &mut computer, true).ok();
    assert_eq!(sign_in(&mut computer, "alice", PASSWORD).ok()["key_awaited"], false);
    // And when a key was removed while another one is left.
    register_token(&desk, &service, &mut computer, "red", "second_factor", "");
    computer.post("/api/tokens/remove", &json!({"id": id})).ok();
    assert_eq!(sign_in(&mut computer, "alice", PASSWORD).ok()["key_awaited"], true);
}

#[test]
fn a_key_that_was_removed_opens_nothing() {
    let (desk, _key) = Desk::with_key();
    let service = Service::start();
    let mut client = service.client();
    sign_up(&mut client, "alice");
    let removed = register_token(&desk, &service, &mut client, "lost", "second_factor", "");
    register_token(&desk, &service, &mut client, "kept", "second_factor", "");
    // Options that were sent while it was still there.
    let mut thief = service.client();
    sign_in(&mut thief, "alice", PASSWORD).ok();
    let options = thief.post("/api/sign-in/key/options", &json!({})).ok()["options"].clone();
    let mut only = options.clone();
    only["allowCredentials"] = json!([{"type": "public-key", "id": removed}]);
    let response = assert(&desk, &service.origin, &only, "");
    client.post("/api/tokens/remove", &json!({"id": removed})).ok();
    let refused = thief.post("/api/sign-in/key/result", &json!({"response": response}));
    assert!(refused.json()["record"].is_u64());
    insta::assert_snapshot!(refused.failed(), @"400 the key's answer was refused, since this is not so: an account here has the credential, and it may be used for this (expected a credential that is registered here, seen none such)");
    assert_eq!(account(&mut thief), Value::Null);
    client.post("/api/tokens/remove", &json!({"id": removed})).failed();
}

#[test]
fn the_second_step_takes_no_key_of_somebody_else() {
    let (desk, _key) = Desk::with_key();
    let service = Service::start();
    let (mut alice, mut bob) = (service.client(), service.client());
    sign_up(&mut alice, "alice");
    register_token(&desk, &service, &mut alice, "blue", "second_factor", "");
    sign_up(&mut bob, "bob");
    let bobs = register_token(&desk, &service, &mut bob, "blue", "second_factor", "");
    let mut thief = service.client();
    sign_in(&mut thief, "alice", PASSWORD).ok();
    let mut options = thief.post("/api/sign-in/key/options", &json!({})).ok()["options"].clone();
    options["allowCredentials"] = json!([{"type": "public-key", "id": bobs}]);
    let response = assert(&desk, &service.origin, &options, "");
    thief.post("/api/sign-in/key/result", &json!({"response": response})).failed();
    // Nor does one kind of options serve for the other.
    let options = thief.post("/api/passkey/sign-in/options", &json!({})).ok()["options"].clone();
    assert_eq!(options["allowCredentials"], json!([]));
    thief.post("/api/sign-in/key/result", &json!({"response": response})).failed();
    assert_eq!(account(&mut thief), Value::Null);
}

#[test]
fn a_passkey_signs_in_alone() {
    let (desk, _key) = Desk::with_key();
    desk.set_pin("1234");
    let more = format!("--user-verification required --pin-file {}", desk.file("pin", "1234"));
    let resident = format!("--resident {more}");
    let service = Service::start();
    let mut client = service.client();
    let asked = json!({"username": "carol"});
    let options = client.post("/api/passkey/sign-up/options", &asked).ok()["options"].clone();
    assert_eq!(options["authenticatorSelection"]["residentKey"], "required");
    assert_eq!(options["authenticatorSelection"]["userVerification"], "required");
    let response = register(&desk, &service.origin, &options, &resident);
    client.post("/api/passkey/sign-up/result", &json!({"response": response})).ok();
    assert_eq!(account(&mut client)["name"], "carol");
    assert_eq!(account(&mut client)["password"], false);
    // There is no password that could be right.
    sign_in(&mut client, "carol", "").failed();
    let only = json!({"id": response["id"]});
    let refused = client.post("/api/tokens/remove", &only).failed();
    assert!(refused.contains("only way into this account"), "{refused}");
    client.post("/api/second-factor", &json!({"on": true})).failed();

    let mut other = service.client();
    let options = other.post("/api/passkey/sign-in/options", &json!({})).ok()["options"].clone();
    let response = assert(&desk, &service.origin, &options, &more);
    other.post("/api/passkey/sign-in/result", &json!({"response": response})).ok();
    assert_eq!(account(&mut other)["name"], "carol");
}

#[test]
fn a_second_factor_does_not_sign_in_alone() {
    let (desk, _key) = Desk::with_key();
    desk.set_pin("1234");
    let more = format!("--user-verification required --pin-file {}", desk.file("pin", "1234"));
    let service = Service::start();
    let mut client = service.client();
    sign_up(&mut client, "alice");
    // Kept on the key all the same, so that it answers.
    let resident = format!("--resident {more}");
    register_token(&desk, &service, &mut client, "blue", "second_factor", &resident);
    let mut thief = service.client();
    let options = thief.post("/api/passkey/sign-in/options", &json!({})).ok()["options"].clone();
    let response = assert(&desk, &service.origin, &options, &more);
    let refused = thief.post("/api/passkey/sign-in/result", &json!({"response": response}));
    insta::assert_snapshot!(refused.failed(), @"400 the key's answer was refused, since this is not so: an account here has the credential, and it may be used for this (expected a credential that is registered here, seen none such)");
    assert_eq!(account(&mut thief), Value::Null);
}

#[test]
fn what_is_asked_for_wrongly_is_refused() {
    let (desk, _key) = Desk::with_key();
    let service = Service::start();
    let mut client = service.client();
    let mut said = Vec::new();
    let mut refuse = |client: &mut Client, what: &str, path: &str, body: Value| {
        said.push(format!("{what}: {}", client.post(path, &body).failed()));
    };
    let account = |name: &str, password: &str| json!({"username": name, "password": password});
    let token = |name: &str| json!({"nickname": name, "purpose": "second_factor"});
    refuse(&mut client, "a short password", "/api/sign-up", account("alice", "short"));
    refuse(&mut client, "a long password", "/api/sign-up", account("alice", &"x".repeat(257)));
    refuse(&mut client, "no name", "/api/sign-up", account("", PASSWORD));
    refuse(&mut client, "nobody is signed in", "/api/tokens/options", token("blue"));
    refuse(&mut client, "no first step", "/api/sign-in/key/options", json!({}));
    refuse(&mut client, "no options", "/api/gave-up", json!({"kind": "assertion", "error": "x"}));
    sign_up(&mut client, "alice");
    refuse(&mut service.client(), "a taken name", "/api/sign-up", account("ALICE ", PASSWORD));
    let name = json!({"username": "alice"});
    refuse(&mut service.client(), "a taken name", "/api/passkey/sign-up/options", name);
    refuse(&mut client, "no nickname", "/api/tokens/options", token("  "));
    refuse(&mut client, "a long nickname", "/api/tokens/options", token(&"é".repeat(41)));
    refuse(
        &mut client,
        "no purpose",
        "/api/tokens/options",
        json!({"nickname": "a", "purpose": "x"}),
    );
    refuse(&mut client, "nothing to ask for", "/api/second-factor", json!({"on": true}));
    refuse(&mut client, "no such key", "/api/tokens/remove", json!({"id": "AAAA"}));
    register_token(&desk, &service, &mut client, "blue", "second_factor", "");
    refuse(&mut client, "a taken nickname", "/api/tokens/options", token(" blue "));
    said.push(format!("no such record: {}", client.get("/api/records/999").failed()));
    said.push(format!("no number: {}", client.get("/api/records/..%2f1").failed()));
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn records_are_for_who_made_them() {
    let (desk, _key) = Desk::with_key();
    let service = Service::start();
    let mut alice = service.client();
    sign_up(&mut alice, "alice");
    register_token(&desk, &service, &mut alice, "blue", "second_factor", "");
    // A program's are for everybody.
    let user = json!({"username": "robot", "displayName": "Robot"});
    let mut robot = service.client();
    let options = robot.post("/attestation/options", &user).ok();
    let response = register(&desk, &service.origin, &options, "");
    robot.post("/attestation/result", &response).ok();

    let numbers = |client: &mut Client| {
        let records = client.get("/api/records").ok()["records"].clone();
        records
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["number"].as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    let mut other = service.client();
    sign_up(&mut other, "bob");
    assert_eq!(numbers(&mut alice), [2, 1]);
    assert_eq!(numbers(&mut other), [2]);
    other.get("/api/records/1").failed();
    // Who was refused may look at it, and so may who made it, signed in or not.
    alice.post("/api/sign-out", &json!({})).ok();
    assert_eq!(numbers(&mut alice), [2]);
    let mut elsewhere = service.client();
    sign_in(&mut elsewhere, "alice", PASSWORD).ok();
    assert_eq!(numbers(&mut elsewhere), [2]);
    second_step(&desk, &service, &mut elsewhere, false).ok();
    assert_eq!(numbers(&mut elsewhere), [3, 2, 1]);
}

#[test]
fn a_record_tells_everything() {
    let (desk, _key) = Desk::with_key();
    let service = Service::start();
    let mut client = service.client();
    sign_up(&mut client, "alice");
    let asked = json!({"nickname": "blue", "purpose": "second_factor"});
    let options = client.post("/api/tokens/options", &asked).ok()["options"].clone();
    let response = register(&desk, &service.origin, &options, "");
    let number =
        client.post("/api/tokens/result", &json!({"response": response})).ok()["record"].clone();
    let record = client.get(&format!("/api/records/{number}")).ok()["record"].clone();
    assert_eq!(record["options"], options);
    assert_eq!(record["response"]["response"], response["response"]);
    assert_eq!((&record["accepted"], &record["user"]), (&true.into(), &"alice".into()));
    let client_data: Value = serde_json::from_str(record["client_data"].as_str().unwrap()).unwrap();
    assert_eq!(client_data["challenge"], options["challenge"]);
    let data = &record["authenticator_data"];
    assert_eq!(data["flags"], "UP AT");
    assert!(data["public_key"].as_str().unwrap().starts_with("{1: 2, 3: -7, -1: 1, -2: h'"));
    assert!(data.get("owner").is_none());
    let outcomes: Vec<String> = record["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|check| {
            format!("{}: {}", check["outcome"].as_str().unwrap(), check["id"].as_str().unwrap())
        })
        .collect();
    insta::assert_snapshot!(outcomes.join("\n"));
    // One that the browser ended has its reason, and no more of it than a name.
    client.post("/api/tokens/options", &json!({"nickname": "x", "purpose": "second_factor"})).ok();
    for (error, kept) in [("NotAllowedError", "NotAllowedError"), ("<b>\u{1b}", "Error")] {
        let token = json!({"nickname": "x", "purpose": "passwordless"});
        client.post("/api/tokens/options", &token).ok();
        let end = json!({"kind": "registration", "error": error});
        let number = client.post("/api/gave-up", &end).ok()["record"].clone();
        let record = client.get(&format!("/api/records/{number}")).ok()["record"].clone();
        assert_eq!(record["browser_error"], kept);
        assert_eq!((&record["accepted"], &record["flow"]), (&false.into(), &"passwordless".into()));
    }
}

#[test]
fn the_state_file_holds_no_secret_and_reads_back() {
    use fidokey::relying_party::accounts::state::State;
    let (desk, _key) = Desk::with_key();
    let service = Service::start();
    let mut client = service.client();
    sign_up(&mut client, "alice");
    register_token(&desk, &service, &mut client, "blue", "second_factor", "");
    let mut computer = service.client();
    sign_in(&mut computer, "alice", PASSWORD).ok();
    let reply = second_step(&desk, &service, &mut computer, true);
    let bytes = service.kept.0.lock().unwrap().clone().unwrap();
    let text = String::from_utf8(bytes.clone()).unwrap();
    assert!(!text.contains(PASSWORD));
    assert!(text.contains("$argon2id$v=19$m=19456,t=2,p=1$"), "{text}");
    for line in reply.head.lines().filter(|line| line.starts_with("set-cookie: ")) {
        let value = line.split(['=', ';']).nth(1).unwrap();
        assert!(value.len() > 40 && !text.contains(value), "{line}");
    }
    let state = State::from_bytes(&bytes, "localhost").unwrap();
    assert_eq!(state.to_bytes("localhost").unwrap(), bytes);
    // Another service goes on with it.
    let service = Service::with(super::Setup { state, ..Default::default() });
    let mut client = service.client();
    assert_eq!(sign_in(&mut client, "alice", PASSWORD).ok()["key_awaited"], true);
    second_step(&desk, &service, &mut client, false).ok();
}

/// Whoever may not have a password looked at has not tried one.
#[test]
fn a_try_that_is_turned_away_does_not_count() {
    let service = Service::start();
    let mut client = service.client();
    client.post("/api/sign-up", &json!({"username": "alice", "password": PASSWORD})).ok();
    let ask = |port: u16, name: String| {
        std::thread::spawn(move || {
            let mut client = super::Client { port, cookies: Vec::new() };
            client.post("/api/sign-in", &json!({"username": name, "password": "wrong"})).status
        })
    };
    // More at once than may wait.
    let many: Vec<_> = (0..60).map(|_| ask(service.port, "alice".to_owned())).collect();
    let answers: Vec<u16> = many.into_iter().map(|one| one.join().unwrap()).collect();
    let with = |status: u16| answers.iter().filter(|answer| **answer == status).count();
    assert_eq!(with(403) + with(429) + with(503), 60, "{answers:?}");
    assert!(with(403) <= 10, "{answers:?}");
    assert!(with(403) == 10 || with(429) == 0, "only tries that were looked at count: {answers:?}");
}
