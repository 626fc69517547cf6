//! Several accounts that fit an assertion, what is known of the credential from elsewhere, and what
//! is said of extensions.

use crate::harness::Desk;
use fidokey::cli::exit::Exit;

/// Names are given only to who knows the PIN, so that there is one.
fn desk_with_three_accounts() -> (Desk, String) {
    let (desk, _key) = Desk::with_key();
    desk.set_pin("1234");
    let assert = format!("assert --rp example.com --pin-file {}", desk.file("pin", "1234"));
    for user in ["alice", "bob", "carol"] {
        let pin = desk.path("pin");
        let register = format!("register --rp example.com --user {user} --resident --pin-file");
        desk.command(&register).arg(pin.to_str().unwrap()).run().succeeded();
    }
    (desk, assert)
}

#[test]
fn a_person_chooses_and_is_asked_again_after_a_slip() {
    let (desk, assert) = desk_with_three_accounts();
    let slip = desk.command(&format!("{assert} -q")).typing(["9", "x", "2"]).run();
    slip.succeeded();
    assert!(slip.stdout.contains("bob"), "{slip}");
    assert!(slip.prompts[0].contains("  3  alice"), "{slip}");
    let never = desk.command(&assert).typing(["9", "0", "4"]).run();
    never.ended(Exit::NotConfirmed);
    let nothing = desk.command(&assert).typing([""]).run();
    nothing.ended(Exit::NotConfirmed);
    insta::assert_snapshot!(format!("{never}\n{nothing}"));
}

#[test]
fn without_a_person_the_newest_is_taken_or_the_one_that_was_named() {
    let (desk, assert) = desk_with_three_accounts();
    let newest = desk.run(&assert);
    newest.succeeded();
    assert!(newest.stdout.contains("carol"), "{newest}");
    let no_such = desk.run(&format!("{assert} --choose 9"));
    no_such.ended(Exit::NoMatch);
    insta::assert_snapshot!(format!("{}\n{no_such}", newest.stderr));
}

#[test]
fn a_registration_comes_from_standard_input_too() {
    let (desk, _key) = Desk::with_key();
    let registered = desk.run("register --rp example.com --user alice --json");
    registered.succeeded();
    let asserted =
        desk.command("assert --rp example.com --registration -").stdin(&registered.stdout).run();
    asserted.succeeded();
    assert!(!asserted.stdout.contains("not checked"), "{asserted}");
}

#[test]
fn a_registration_at_another_relying_party_is_noticed_before_a_touch() {
    let (desk, _key) = Desk::with_key();
    let saved = desk.path("saved");
    let saved = saved.to_str().unwrap();
    desk.run(&format!("register --rp example.com --user alice --save {saved}")).succeeded();
    desk.record.take();
    let outcome = desk.run(&format!("assert --rp example.org --registration {saved}"));
    outcome.ended(Exit::Usage);
    assert_eq!(desk.record.take(), [""; 0], "{outcome}");
    insta::assert_snapshot!(outcome);
}

#[test]
fn what_became_of_the_extensions_is_said() {
    let (desk, _key) = Desk::with_key();
    let pin = desk.file("pin", "1234");
    desk.run(&format!("pin set --new-pin-file {pin}")).succeeded();
    let line = format!(
        "register --rp example.com --user alice --resident --cred-blob AQID --hmac-secret \
         --min-pin-length --cred-protect required --large-blob-key --pin-file {pin}"
    );
    let outcome = desk.run(&line);
    outcome.succeeded();
    let facts = outcome.stdout.split("\n\n").next().unwrap();
    let extensions = facts.split_once("Extensions").unwrap().1;
    let enterprise =
        desk.run("register --rp a.example --user alice --enterprise-attestation vendor");
    enterprise.ended(Exit::Unsupported);
    insta::assert_snapshot!(format!("Extensions{extensions}\n\n{enterprise}"));
}

/// The report says what a person reads, and of secrets only that they were given.
#[test]
fn what_became_of_the_extensions_is_in_the_report() {
    let (desk, _key) = Desk::with_key();
    let path = |name: &str| desk.path(name).to_str().unwrap().to_owned();
    let (report, secret) = (path("report"), path("secret"));
    let read = || -> serde_json::Value {
        serde_json::from_str(&std::fs::read_to_string(&report).unwrap()).unwrap()
    };
    desk.run(&format!(
        "register --rp example.com --user alice --resident --cred-blob AQID --hmac-secret \
         --cred-protect optional --large-blob-key --secret-out {secret} --report {report}"
    ))
    .succeeded();
    let registered = read();
    desk.run(&format!(
        "assert --rp example.com --hmac-salt {} --large-blob-key --get-cred-blob \
         --secret-out {secret} --report {report}",
        "11".repeat(32)
    ))
    .succeeded();
    let asserted = read();
    let secrets = std::fs::read_to_string(&secret).unwrap();
    let secrets: serde_json::Value = serde_json::from_str(&secrets).unwrap();
    for name in ["hmac_secret", "large_blob_key", "cred_blob"] {
        let secret = secrets[name].as_str().unwrap();
        assert!(!registered.to_string().contains(secret), "{name}");
        assert!(!asserted.to_string().contains(secret), "{name}");
    }
    let [registered, asserted] =
        [registered, asserted].map(|report| format!("{:#}", report["extensions"]));
    insta::assert_snapshot!(format!("{registered}\n{asserted}"));
}

/// Keys may keep no more than 64 bytes of a name.
#[test]
fn a_name_that_a_key_may_cut_is_warned_of() {
    let (desk, _key) = Desk::with_key();
    let report = desk.path("report");
    let report = report.to_str().unwrap();
    let may_be_cut = || -> serde_json::Value {
        let text = std::fs::read_to_string(report).unwrap();
        serde_json::from_str::<serde_json::Value>(&text).unwrap()["names_may_be_cut"].clone()
    };
    let long = |with: &str| format!("{with}{}", "\u{e9}".repeat(32));
    let register = format!("register --rp example.com --resident --report {report} --user");
    let fits = desk.command(&register).arg(&long("")).run();
    assert!(!fits.succeeded().stderr.contains("Warning"), "{fits}");
    assert_eq!(may_be_cut(), false);
    let cut = desk
        .command(&register)
        .arg(&long("a"))
        .arg("--rp-name")
        .arg(&long("\u{1b}b"))
        .arg("--display-name")
        .arg(&long("a"))
        .run();
    assert_eq!(cut.succeeded().stderr.matches("Warning").count(), 2, "the same name is told once");
    assert_eq!(may_be_cut(), true);
    insta::assert_snapshot!(cut.stderr);
}
