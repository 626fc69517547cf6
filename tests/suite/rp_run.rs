//! `fidokey rp run`: whole ceremonies with virtual keys and relying parties whose verification others
//! wrote.

use crate::harness::Desk;
use crate::servers::{Library, Server, are_installed};
use fidokey::cli::exit::Exit;
use serde_json::Value;

const LIBRARIES: [Library; 3] = [Library::Fido2, Library::Webauthn, Library::SimpleWebauthn];

/// What differs from run to run.
fn steady(text: &str, server: &Server) -> String {
    let text = text.replace(&server.url, "http://localhost:PORT");
    let lines = text.lines().map(|line| match line.split_once("Credential ID  ") {
        Some((before, _)) => format!("{before}Credential ID  …"),
        None => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

#[test]
fn a_key_registers_and_signs_in_at_each_library() {
    if !are_installed("rp_run") {
        return;
    }
    for library in LIBRARIES {
        let server = Server::start(library, None);
        let (desk, _key) = Desk::with_key();
        desk.set_pin("123456");
        let pin = desk.file("pin", "123456");
        for flags in ["", "--attestation direct", "--resident", "--user-verification required"] {
            let user = format!("alice{}", flags.len());
            let run = |more: &str| {
                let line = format!("rp run {} --user {user} --pin-file {pin}", server.url);
                let outcome = desk.run(&format!("{line} --json {more}"));
                outcome.succeeded();
                outcome.json()
            };
            let registered = run(flags);
            assert_eq!(registered["accepted"], true, "{library:?} {flags}");
            assert_eq!(registered["kept_on_key"], flags == "--resident", "{library:?} {flags}");
            for _ in 0..2 {
                let asserted = run("--assert");
                assert_eq!(asserted["credential_id"], registered["credential_id"]);
                assert_eq!(asserted["kept_on_key"], Value::Null);
            }
        }
    }
}

#[test]
fn it_is_told_as_text_and_as_json() {
    if !are_installed("rp_run") {
        return;
    }
    let server = Server::start(Library::Webauthn, None);
    let (desk, _key) = Desk::with_key();
    let register = desk.run(&format!("rp run {} --user alice --display-name Alice", server.url));
    register.succeeded();
    let assert = desk.run(&format!("rp run {} --user alice --assert", server.url));
    assert.succeeded();
    let again = desk.run(&format!("rp run {} --user alice", server.url));
    let json = desk.run(&format!("rp run {} --user alice --assert --json", server.url));
    let mut document = json.json();
    document["verdict"]["checks"] = "…".into();
    document["verdict"]["facts"] = "…".into();
    document["credential_id"] = "…".into();
    // The options are for localhost.
    let line = format!("rp run {} --user alice --origin https://example.org", server.url);
    let strangers = [desk.run(&line), desk.run(&format!("{line} --assert"))];
    let [one, other] = &strangers;
    let nobody = desk.run(&format!("rp run {} --user nobody --assert", server.url));
    let text = format!("{register}\n{assert}\n{again}\n{one}\n{other}\n{nobody}\n{document:#}");
    insta::assert_snapshot!(steady(&text, &server));
}

/// A credential that the server refused: what the key keeps of it, and the command that deletes it.
#[test]
fn what_a_refusal_leaves_on_the_key_is_said() {
    if !are_installed("rp_run") {
        return;
    }
    let server = Server::start(Library::Webauthn, None);
    let (desk, _key) = Desk::with_key();
    desk.set_pin("123456");
    let pin = desk.file("pin", "123456");
    let refused = |flags: &str| {
        let url = &server.url;
        let wrong = "--origin http://localhost:1";
        let line = format!("rp run {url} --user alice {wrong} --pin-file {pin} {flags}");
        let outcome = desk.run(&line);
        outcome.ended(Exit::Rejected);
        outcome
    };
    let (passing, kept, json) = (refused(""), refused("--resident"), refused("--resident --json"));
    let json = json.json();
    assert_eq!((&json["accepted"], &json["kept_on_key"]), (&false.into(), &true.into()));
    // The command is run as it is printed.
    let command = json["delete_command"].as_str().unwrap().strip_prefix("fidokey ").unwrap();
    desk.run(&format!("{command} --yes --pin-file {pin}")).succeeded();
    let text = steady(&format!("{passing}\n{kept}"), &server);
    let text = text.lines().map(|line| match line.split_once("credential delete ") {
        Some((before, _)) => format!("{before}credential delete ID"),
        None => line.to_owned(),
    });
    let text: Vec<String> = text.collect();
    insta::assert_snapshot!(text.join("\n"));
}

#[test]
fn a_key_registers_and_signs_in_at_our_own_relying_party() {
    let server = Server::ours();
    let (desk, _key) = Desk::with_key();
    for user in ["alice", "bob"] {
        let line = format!("rp run {} --user {user} --json", server.url);
        let registered = desk.run(&format!("{line} --attestation direct"));
        registered.succeeded();
        let asserted = desk.run(&format!("{line} --assert"));
        asserted.succeeded();
        assert_eq!(asserted.json()["credential_id"], registered.json()["credential_id"]);
    }
    // The key has a credential for her.
    desk.run(&format!("rp run {} --user alice", server.url)).ended(Exit::Failed);
}
