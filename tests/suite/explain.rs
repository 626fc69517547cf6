//! `register --explain` and `assert --explain`: what will fail is said before anybody touches the
//! key, and what is said is true.

use crate::harness::get_info::Edit;
use crate::harness::{Desk, Reaction};
use crate::options::{creation, request, run};
use fidokey::cli::exit::Exit;
use fidokey::virtual_key::{KeySettings, Touch};
use fidokey::wire::cbor::{Encoded, MapBuilder};
use fidokey::wire::ctaphid::{Command, Packet, PacketKind};
use serde_json::{Value, json};

const REGISTER: &str = "register --rp example.com --user alice";
const ASSERT: &str = "assert --rp example.com";

/// A desk with a key whose PIN is set, and the flag that gives it.
fn desk_with_pin() -> (Desk, String) {
    let (desk, _) = Desk::with_key();
    desk.set_pin("1234");
    let pin = format!("--pin-file {}", desk.file("pin", "1234"));
    (desk, pin)
}

/// Registers and gives the path of what was saved, and the credential's ID.
fn registered(desk: &Desk, name: &str, flags: &str) -> (String, String) {
    let saved = desk.path(name);
    let saved = saved.to_str().unwrap().to_owned();
    let response = desk.run(&format!("{REGISTER} --save {saved} --json {flags}")).json();
    (saved, response["id"].as_str().unwrap().to_owned())
}

/// Makes the key one that speaks only U2F.
fn speaking_only_u2f(desk: &Desk) {
    desk.faults.packets(|mut packet| {
        let kind = Packet::parse(&packet).unwrap().kind;
        if matches!(kind, PacketKind::Init { command: Command::INIT, .. }) {
            packet[7 + 16] &= !0x04;
        }
        Ok(vec![packet])
    });
}

#[test]
fn a_registration_against_which_nothing_speaks() {
    let (desk, _key) = Desk::with_key();
    insta::assert_snapshot!(desk.run(&format!("{REGISTER} --explain")));
}

#[test]
fn a_registration_that_will_fail_for_many_reasons() {
    let (desk, _key) = Desk::with_key();
    let name = "Ł".repeat(40);
    let line = format!(
        "register --rp example.com --user {name} --resident --user-verification required \
         --algorithm ES384 --algorithm RS256 --cred-protect required --hmac-secret \
         --large-blob-key --min-pin-length --cred-blob {} --enterprise-attestation vendor --explain",
        "A".repeat(60)
    );
    Edit::new()
        .member(0x02, Encoded::array(["hmac-secret", "credBlob"].map(Encoded::text)))
        .member(0x14, Encoded::unsigned(0))
        .option("ep", Some(false))
        .option("setMinPINLength", None)
        .install(&desk.faults);
    let text = desk.run(&line);
    text.ended(Exit::Rejected);
    insta::assert_snapshot!("many_reasons", text);
    let json = desk.run(&format!("{line} --json"));
    json.ended(Exit::Rejected);
    insta::assert_snapshot!("many_reasons_json", json);
}

/// Nobody touches the key, no PIN is sent, and nothing is made.
#[test]
fn it_costs_two_messages_and_one_more_for_a_pin_and_for_a_list() {
    let desk = Desk::empty();
    let settings = KeySettings::default;
    desk.plug_described(Desk::description(0), settings(), Touch::Auto);
    desk.set_pin("1234");
    let pin = format!("--pin-file {}", desk.file("pin", "1234"));
    let (saved, id) = registered(&desk, "saved", &pin);
    desk.record.take();
    for (flags, messages) in [
        (REGISTER.to_owned(), vec!["INIT", "04", "06/01"]),
        (
            format!("{REGISTER} --resident --user-verification required"),
            vec!["INIT", "04", "06/01"],
        ),
        (format!("{REGISTER} --exclude {id} --exclude AAAA"), vec!["INIT", "04", "06/01", "02"]),
        (ASSERT.to_owned(), vec!["INIT", "04", "06/01"]),
        (format!("{ASSERT} --registration {saved}"), vec!["INIT", "04", "06/01", "02"]),
        (format!("{ASSERT} --allow AAAA"), vec!["INIT", "04", "06/01", "02"]),
    ] {
        // The PIN is there for whoever would take it.
        let outcome = desk.run(&format!("{flags} --explain {pin}"));
        assert!([Exit::Done, Exit::Rejected].contains(&outcome.exit), "{outcome}");
        assert!(!outcome.stderr.contains("Touch"), "{outcome}");
        assert_eq!(desk.record.take(), messages, "{flags}");
    }
    let status = desk.run("pin status --json").json();
    assert_eq!(status["retries_left"], 8);
    let listed = desk.run(&format!("credential list --json {pin}")).json();
    assert_eq!(listed["credentials"].as_array().unwrap().len(), 0);
}

/// A key that nobody touches answers all the same.
#[test]
fn nobody_has_to_touch_the_key() {
    let desk = Desk::empty();
    desk.plug_described(Desk::description(0), KeySettings::default(), Touch::Never);
    desk.run(&format!("{REGISTER} --exclude AAAA --explain")).succeeded();
    desk.run(&format!("{ASSERT} --allow AAAA --explain")).ended(Exit::Rejected);
    desk.run(REGISTER).ended(Exit::NotConfirmed);
}

/// What is said beforehand is what happens.
#[test]
fn what_is_said_is_what_happens() {
    let (desk, _key) = Desk::with_key();
    let (saved, id) = registered(&desk, "saved", "");
    let lines = [
        (REGISTER.to_owned(), true),
        (format!("{REGISTER} --resident --hmac-secret --cred-protect required"), true),
        (format!("{REGISTER} --user-verification discouraged"), true),
        (format!("{REGISTER} --user-verification required"), false),
        (format!("{REGISTER} --algorithm ES384"), false),
        (format!("{REGISTER} --algorithm ES384 --algorithm EdDSA"), true),
        (format!("{REGISTER} --enterprise-attestation platform"), false),
        (format!("{REGISTER} --exclude {id}"), false),
        (format!("{REGISTER} --exclude AAAA"), true),
        (format!("{ASSERT} --registration {saved}"), true),
        (format!("{ASSERT} --allow {id} --user-verification required"), false),
        (format!("{ASSERT} --allow AAAA"), false),
        (format!("{ASSERT} --allow AAAA --allow {id}"), true),
    ];
    for (line, goes) in lines {
        let said = desk.run(&format!("{line} --explain"));
        said.ended(if goes { Exit::Done } else { Exit::Rejected });
        let happened = desk.run(&line);
        assert_eq!(happened.exit == Exit::Done, goes, "{said}{happened}");
    }
}

#[test]
fn a_key_that_is_registered_already() {
    let (desk, _key) = Desk::with_key();
    let (_, id) = registered(&desk, "saved", "");
    let outcome = desk.run(&format!("{REGISTER} --exclude {id} --explain"));
    outcome.ended(Exit::Rejected);
    insta::assert_snapshot!(outcome);
}

#[test]
fn a_key_that_was_not_registered() {
    let (desk, _key) = Desk::with_key();
    let outcome = desk.run(&format!("{ASSERT} --allow AAAA --explain"));
    outcome.ended(Exit::Rejected);
    insta::assert_snapshot!(outcome);
}

/// A credential of level 3 does not show before the PIN is given: then nobody can say that it is
/// not there.
#[test]
fn a_credential_that_hides_is_not_said_to_be_missing() {
    let (desk, pin) = desk_with_pin();
    let (saved, _) = registered(&desk, "saved", &format!("--cred-protect required {pin}"));
    let explained = desk.run(&format!("{ASSERT} --registration {saved} --explain"));
    explained.succeeded();
    insta::assert_snapshot!(explained);
    desk.run(&format!("{ASSERT} --registration {saved} {pin}")).succeeded();
}

/// Nor is it said not to be there, where it must not be: the key refuses then.
#[test]
fn a_credential_that_hides_may_exclude_the_key() {
    let (desk, pin) = desk_with_pin();
    let (_, id) = registered(&desk, "saved", &format!("--cred-protect required {pin}"));
    let line = format!("{REGISTER} --exclude {id}");
    let explained = desk.run(&format!("{line} --explain"));
    explained.succeeded();
    insta::assert_snapshot!(explained);
    desk.run(&format!("{line} {pin}")).ended(Exit::Failed);
}

#[test]
fn any_passkey_will_do() {
    let (desk, _key) = Desk::with_key();
    let outcome = desk.run(&format!("{ASSERT} --explain"));
    outcome.succeeded();
    insta::assert_snapshot!(outcome);
}

#[test]
fn a_pin_that_must_be_changed_first() {
    let (desk, pin) = desk_with_pin();
    Edit::new().member(0x0c, Encoded::boolean(true)).install(&desk.faults);
    let line = format!("{REGISTER} --resident --explain {pin}");
    let outcome = desk.run(&line);
    outcome.ended(Exit::Rejected);
    assert!(outcome.stdout.contains("FAIL  The PIN may be used as it is"), "{outcome}");
    assert!(outcome.stdout.contains("`fidokey pin change`"), "{outcome}");
}

#[test]
fn a_key_that_speaks_only_u2f() {
    let (desk, _key) = Desk::with_key();
    speaking_only_u2f(&desk);
    desk.record.take();
    let outcome = desk.run(&format!("{REGISTER} --explain"));
    outcome.ended(Exit::Rejected);
    insta::assert_snapshot!(outcome);
    assert_eq!(desk.record.take(), ["INIT"]);
}

/// The rest is told all the same.
#[test]
fn a_key_that_does_not_say_what_it_holds() {
    let (desk, _key) = Desk::with_key();
    desk.faults.requests(|request| match request[0] {
        0x02 => Reaction::Answer(vec![0x36]),
        _ => Reaction::Forward,
    });
    let outcome = desk.run(&format!("{ASSERT} --allow AAAA --explain"));
    outcome.succeeded();
    insta::assert_snapshot!(outcome);
}

/// A list that is longer than the key takes is asked in parts, and no ID that is longer than any of
/// the key's is asked for.
#[test]
fn long_lists_are_asked_in_parts() {
    let (desk, _key) = Desk::with_key();
    let (_, id) = registered(&desk, "saved", "");
    Edit::new()
        .member(0x07, Encoded::unsigned(2))
        .member(0x08, Encoded::unsigned(300))
        .install(&desk.faults);
    let too_long = "Q".repeat(800);
    let line = format!(
        "{ASSERT} --allow AAAA --allow BBBB --allow {too_long} --allow CCCC --allow {id} --explain"
    );
    desk.record.take();
    desk.run(&line).succeeded();
    assert_eq!(desk.record.take(), ["INIT", "04", "02", "02"]);
    // None of them can be on the key: nothing is asked.
    let outcome = desk.run(&format!("{ASSERT} --allow {too_long} --explain"));
    outcome.ended(Exit::Rejected);
    assert_eq!(desk.record.take(), ["INIT", "04"]);
    // A key that finds two too many, whatever it said.
    desk.faults.requests(|request| {
        let two = request[0] == 0x02 && request.windows(2).filter(|pair| pair == b"id").count() > 1;
        if two { Reaction::Answer(vec![0x39]) } else { Reaction::Forward }
    });
    let outcome = desk.run(&format!("{ASSERT} --allow AAAA --allow {id} --explain"));
    outcome.succeeded();
}

/// Unasked: a refusal carries what speaks against the ceremony, and the key is asked nothing more.
#[test]
fn a_refusal_says_what_may_be_why() {
    let (desk, _key) = Desk::with_key();
    desk.record.take();
    let algorithm = desk.run(&format!("{REGISTER} --algorithm ES384 --algorithm RS256"));
    algorithm.ended(Exit::Unsupported);
    insta::assert_snapshot!("refused_algorithm", algorithm);
    assert_eq!(desk.record.take(), ["INIT", "04", "01"]);
    // A refusal that says little.
    refusing_with(&desk, 0x2b);
    let line = format!("{REGISTER} --cred-protect required --min-pin-length");
    let unclear = desk.run(&line);
    unclear.ended(Exit::Unsupported);
    insta::assert_snapshot!("refused_unclearly", unclear);
    insta::assert_snapshot!("refused_unclearly_json", desk.run(&format!("{line} --json")));
    // What is clear by itself gets no guesses.
    refusing_with(&desk, 0x19);
    let clear = desk.run(&line);
    assert!(!clear.stderr.contains("because"), "{clear}");
}

/// A key without most extensions that refuses every registration with `status`.
fn refusing_with(desk: &Desk, status: u8) {
    struct Refusing(u8);
    impl crate::harness::MessageFault for Refusing {
        fn request(&mut self, request: &[u8]) -> Reaction {
            if request[0] == 0x01 { Reaction::Answer(vec![self.0]) } else { Reaction::Forward }
        }

        fn reply(&mut self, request: &[u8], good: Vec<u8>) -> Vec<u8> {
            if request != [0x04] {
                return good;
            }
            Edit::new()
                .member(0x02, Encoded::array([Encoded::text("hmac-secret")]))
                .option("setMinPINLength", None)
                .apply(&good)
        }
    }
    desk.faults.messages(Refusing(status));
}

/// Words from a key and from whoever asks cannot drive a terminal.
#[test]
fn hostile_words_are_escaped() {
    let (desk, _key) = Desk::with_key();
    let parameters = MapBuilder::new()
        .text_member("alg", Encoded::integer(-65000))
        .text_member("type", Encoded::text("public-key"))
        .build();
    Edit::new()
        .member(0x01, Encoded::array(["FIDO_2_1", "\u{1b}[2Jversion"].map(Encoded::text)))
        .member(0x0a, Encoded::array([parameters]))
        .install(&desk.faults);
    for line in [format!("{REGISTER} --explain"), "check u2f".to_owned()] {
        let outcome = desk.run(&line);
        assert!(!outcome.stdout.contains('\u{1b}'), "{outcome}");
        assert!(outcome.stdout.contains("algorithm -65000"), "{outcome}");
    }
}

#[test]
fn flags_that_have_no_meaning_together() {
    let (desk, _key) = Desk::with_key();
    desk.record.take();
    for flags in ["--save x", "--report x"] {
        desk.run(&format!("{REGISTER} --explain {flags}")).ended(Exit::Usage);
    }
    desk.run(&format!("{ASSERT} --explain --report x")).ended(Exit::Usage);
    assert_eq!(desk.record.take(), [""; 0]);
}

/// The options of a service that wants a great deal, and not a security key.
#[test]
fn options_of_a_server_that_will_fail() {
    let (desk, _key) = Desk::with_key();
    let options = creation(json!({
        "authenticatorSelection": {
            "authenticatorAttachment": "platform",
            "residentKey": "required",
            "userVerification": "required"
        },
        "pubKeyCredParams": [{"type": "public-key", "alg": -35}],
        "excludeCredentials": [{"type": "public-key", "id": "AAAA", "transports": ["internal"]}],
        "timeout": 5000,
        "hints": ["hybrid", "client-device"],
        "attestation": "enterprise",
        "attestationFormats": ["tpm"],
        "extensions": {
            "credentialProtectionPolicy": "userVerificationRequired",
            "enforceCredentialProtectionPolicy": true,
            "prf": {"eval": {"first": "AQ"}},
            "largeBlob": {"support": "required"},
            "credProps": true,
            "minPinLength": true,
            "payment": {"isPayment": true}
        }
    }));
    desk.record.take();
    let text = run(&desk, "register --options - --explain", &options);
    text.ended(Exit::Rejected);
    insta::assert_snapshot!("options", text);
    assert_eq!(desk.record.take(), ["INIT", "04", "02"]);
    let options = request(json!({
        "allowCredentials": [{"type": "public-key", "id": "AAAA", "transports": ["internal"]}],
        "userVerification": "required",
        "extensions": {"prf": {"eval": {"first": "AQ"}}, "largeBlob": {"read": true}}
    }));
    let text = run(&desk, "assert --options - --explain", &options);
    text.ended(Exit::Rejected);
    insta::assert_snapshot!("request_options", text);
}

/// What is said of a server's options beforehand is what happens.
#[test]
fn what_is_said_of_options_is_what_happens() {
    let (desk, _key) = Desk::with_key();
    let selection = |selection: Value| json!({"authenticatorSelection": selection});
    let extensions = |inputs: Value| json!({"extensions": inputs});
    let blob = json!({"largeBlob": {"support": "required"}});
    for (changes, goes) in [
        (json!({}), true),
        (selection(json!({"residentKey": "preferred"})), true),
        (selection(json!({"userVerification": "required"})), false),
        (selection(json!({"authenticatorAttachment": "platform"})), true),
        (json!({"pubKeyCredParams": [{"type": "public-key", "alg": -36}]}), false),
        (json!({"attestation": "enterprise"}), true),
        (json!({"attestation": "none", "attestationFormats": ["tpm"]}), true),
        (extensions(blob.clone()), false),
        (json!({"extensions": blob, "authenticatorSelection": {"residentKey": "required"}}), true),
        (
            extensions(json!({
                "credentialProtectionPolicy": "userVerificationOptionalWithCredentialIDList",
                "enforceCredentialProtectionPolicy": true
            })),
            true,
        ),
        (extensions(json!({"prf": {"eval": {"first": "AQ"}}, "minPinLength": true})), true),
        (extensions(json!({"appidExclude": "https://example.com"})), true),
    ] {
        let options = creation(changes);
        let said = run(&desk, "register --options - --explain", &options);
        said.ended(if goes { Exit::Done } else { Exit::Rejected });
        let happened = run(&desk, "register --options - --prf-in-response", &options);
        assert_eq!(happened.exit == Exit::Done, goes, "{options}\n{said}{happened}");
    }
}

/// A large blob is written only for who was verified, also where the assertion needs nobody to be.
#[test]
fn a_pin_that_is_needed_only_to_write_a_large_blob() {
    let (desk, _key) = Desk::with_key();
    let line = "register --rp example.com --user alice --resident --large-blob-key --json";
    let made = desk.run(line).succeeded().json();
    let seen = |extensions: Value| {
        let listed = json!([{"type": "public-key", "id": made["id"]}]);
        let options = request(json!({"allowCredentials": listed, "extensions": extensions}));
        let said = run(&desk, "assert --options - --explain --json", &options).succeeded().json();
        let rules = said["rules"].as_array().unwrap().clone();
        let rule = rules.into_iter().find(|rule| rule["id"] == "user_verification").unwrap();
        rule["seen"].as_str().unwrap().to_owned()
    };
    let write = json!({"largeBlob": {"write": "AQ"}});
    let nobody = "nobody is asked for a PIN";
    // Without a PIN anybody may write, and `prf` that evaluates nothing needs nobody verified.
    assert_eq!(seen(write.clone()), nobody);
    assert_eq!(seen(json!({"prf": {}})), nobody);
    desk.set_pin("1234");
    assert_eq!(seen(write), "a PIN is set, which is needed only to write the large blob");
    assert_eq!(seen(json!({"largeBlob": {"read": true}})), nobody);
}

/// A page that the RP ID's list names may ask, and one that no list names is refused before any key.
#[test]
fn related_origins_are_heeded() {
    let (desk, _key) = Desk::with_key();
    let list = desk.file("related", r#"{"origins": ["https://example.net"]}"#);
    let line = "register --options - --explain --origin https://example.net";
    run(&desk, line, &creation(json!({}))).ended(Exit::Usage);
    let told = run(&desk, &format!("{line} --related-origins {list}"), &creation(json!({})));
    told.succeeded();
    assert!(told.stdout.contains("example.com, by its list of related origins"), "{told}");
}
