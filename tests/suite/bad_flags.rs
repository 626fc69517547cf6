//! Values on the command line that cannot be meant: each is an error before anything is sent.

use crate::harness::Desk;
use fidokey::cli::exit::Exit;
use std::fmt::Write;

#[test]
fn of_register_and_assert() {
    let (desk, _key) = Desk::with_key();
    let register = "register --rp example.com --user alice";
    let assert = "assert --rp example.com";
    let long = "Q".repeat(1368);
    let broken = desk.file("broken", "{");
    let newer = desk.file("newer", "{\"schema_version\": 99}");
    let missing = desk.path("missing");
    let missing = missing.to_str().unwrap();
    let not_a_key = desk.file("no-key", "hello");
    let mut text = String::new();
    for (line, flag, value) in [
        (assert, "--allow", ""),
        (assert, "--allow", "%%%"),
        (assert, "--allow", &long),
        (register, "--exclude", ""),
        (register, "--exclude", &long),
        (register, "--user-id", ""),
        (register, "--user-id", &"A".repeat(87)),
        (register, "--challenge", "!"),
        (register, "--challenge", ""),
        (register, "--save", "-"),
        (register, "--report", "-"),
        (register, "--client-data-hash", "00"),
        (assert, "--choose", "0"),
        (register, "--client-data-hash", "AAAA"),
        (register, "--origin", "https://example.org"),
        (register, "--origin", "http://example.com"),
        (register, "--algorithm", "ES999"),
        (register, "--cred-protect", "4"),
        (register, "--cred-blob", "%"),
        (register, "--timeout", "0"),
        (assert, "--hmac-salt", "AAAA"),
        (assert, "--registration", &broken),
        (assert, "--registration", &newer),
        (assert, "--registration", missing),
        (assert, "--public-key", &not_a_key),
        ("assert", "--rp", ""),
        ("assert", "--rp", "Example.com"),
        ("assert", "--rp", "192.0.2.1"),
        ("assert --origin https://nhs.co.uk", "--rp", "co.uk"),
        ("register --user alice", "--rp", "a\u{1b}[2J.example"),
    ] {
        desk.record.take();
        let outcome = desk.command(line).arg(flag).arg(value).run();
        outcome.ended(Exit::Usage);
        assert_eq!(outcome.stdout, "", "{outcome}");
        let json = desk.command(line).arg(flag).arg(value).arg("--json").run();
        assert_eq!(json.error_json()["error"]["exit_code"], 2, "{json}");
        assert_eq!(desk.record.take(), [""; 0], "{outcome}");
        let shown = outcome.to_string().replace(&long, "QQQ…").replace('\u{1b}', "^[");
        writeln!(text, "{shown}").unwrap();
    }
    insta::assert_snapshot!(text);
}

#[test]
fn clap_s_own_errors_cannot_drive_a_terminal_and_are_whole_in_json() {
    let desk = Desk::empty();
    let hostile = "--a\u{1b}[2J\u{9b}1m";
    let text = desk.command("info").arg(hostile).run();
    text.ended(Exit::Usage);
    assert!(!text.stderr.contains(['\u{1b}', '\u{9b}']), "{text}");
    let json = desk.command("info --json").arg(hostile).run();
    let missing = desk.run("assert --rp example.com --hmac-salt AAAA --json");
    let nothing = desk.run("--json");
    nothing.ended(Exit::Usage);
    let shown = format!("{text}\n{json}\n{missing}");
    insta::assert_snapshot!(shown.replace('\u{1b}', "^[").replace('\u{9b}', "^"));
}

/// RP IDs that are not written as services write them.
#[test]
fn an_rp_id_that_cannot_be_is_mended_by_the_hint() {
    let desk = Desk::empty();
    let hash = "00".repeat(32);
    let mut text = String::new();
    for (line, rp) in [
        ("register --user alice", "EXAMPLE.com"),
        ("register --user alice", "exämple.com"),
        ("register --user alice", "ssh:"),
        ("assert", ""),
        (&format!("assert --client-data-hash {hash}"), ""),
    ] {
        let outcome = desk.command(line).arg("--rp").arg(rp).run();
        outcome.ended(Exit::Usage);
        writeln!(text, "{outcome}").unwrap();
    }
    insta::assert_snapshot!(text.replace(&hash, "HASH"));
}

/// One in 64 texts in base64url begins with `-`.
#[test]
fn bytes_that_begin_with_a_hyphen_are_no_flags() {
    let (desk, _key) = Desk::with_key();
    let minus = |length| fidokey::webauthn::base64url::encode(&vec![0xfb; length]);
    let (short, hash) = (minus(16), minus(32));
    assert!(short.starts_with('-') && hash.starts_with('-'));
    let saved = desk.path("saved");
    let saved = saved.to_str().unwrap();
    let response = desk.path("response");
    let response = response.to_str().unwrap();
    let secret = desk.path("secret");
    let secret = secret.to_str().unwrap();
    let register = "register --rp example.com --user alice --resident";
    for line in [
        format!(
            "{register} --challenge {short} --user-id {short} --exclude {short} --cred-blob {short} \
             --hmac-secret --save {saved}"
        ),
        format!("{register} --client-data-hash {hash}"),
        format!(
            "assert --rp example.com --challenge {short} --hmac-salt {hash} --hmac-salt2 {hash} \
             --secret-out {secret} --registration {saved} --save {response}"
        ),
        format!(
            "verify assertion {response} --registration {saved} --challenge {short} --user-handle \
             {short} --origin https://example.com --user-verification discouraged"
        ),
    ] {
        desk.run(&line).succeeded();
    }
    desk.run(&format!("assert --rp example.com --allow {short} --client-data-hash {hash}"))
        .ended(Exit::NoMatch);
    let verify = format!("verify assertion {response} --registration {saved} --challenge");
    desk.run(&format!("{verify} {short} --allow {short}")).ended(Exit::Rejected);
    // A flag is none of them: the value is missing, as of an empty variable.
    let mut text = String::new();
    for line in [
        format!("{register} --challenge --json"),
        format!("{register} --cred-blob -q"),
        format!("{verify} --yes"),
    ] {
        writeln!(text, "{}", desk.run(&line)).unwrap();
    }
    for line in [
        format!("credential show {short}"),
        format!("credential delete ab {short} --yes --json"),
        format!("credential rename {short} --name bob"),
    ] {
        writeln!(text, "{}", desk.run(&line)).unwrap();
    }
    desk.set_pin("1234");
    let pin = format!("--pin-file {}", desk.file("pin", "1234"));
    for line in [
        format!("credential show {pin} -- {short}"),
        format!("credential delete --yes {pin} -- {short} {hash}"),
        format!("credential rename --name bob {pin} -- {short}"),
    ] {
        desk.run(&line).ended(Exit::NoMatch);
    }
    insta::assert_snapshot!(text.replace(saved, "SAVED").replace(response, "RESPONSE"));
}

/// What is made is not lost when it cannot be kept: that is seen before the key is touched.
#[test]
fn files_that_cannot_be_written_are_found_before_anything_is_sent() {
    let (desk, _key) = Desk::with_key();
    let nowhere = desk.path("no/such/file");
    let nowhere = nowhere.to_str().unwrap();
    let directory = desk.path("");
    let directory = directory.to_str().unwrap();
    let register = "register --rp example.com --user alice --resident --large-blob-key";
    let kept = desk.path("kept");
    let kept = kept.to_str().unwrap();
    let salt = "11".repeat(32);
    let assert = format!("assert --rp example.com --hmac-salt {salt}");
    let read = desk.file("read", desk.run("register --rp example.com --user alice --json").stdout);
    desk.record.take();
    // The same file by another path.
    std::fs::create_dir(desk.path("below")).unwrap();
    let again = desk.path("below/../kept");
    let again = again.to_str().unwrap();
    let mut text = String::new();
    for (line, exit) in [
        (format!("{register} --save {nowhere}"), Exit::Failed),
        (format!("{register} --save {directory}"), Exit::Failed),
        (format!("{register} --report {nowhere}"), Exit::Failed),
        (format!("{register} --secret-out {nowhere}"), Exit::Failed),
        (format!("{register} --secret-out -"), Exit::Usage),
        (format!("{register} --save {kept} --report {kept}"), Exit::Usage),
        (format!("{assert} --report {kept} --secret-out {kept}"), Exit::Usage),
        ("assert --rp example.com --registration - --pin-file -".to_owned(), Exit::Usage),
        (format!("{assert} --secret-out {nowhere}"), Exit::Failed),
        (format!("{assert} --secret-out {kept} --save {nowhere}"), Exit::Failed),
        (format!("assert --rp example.com --registration {read} --save {read}"), Exit::Usage),
        (format!("assert --rp example.com --pin-file {again} --save {kept}"), Exit::Usage),
        (format!("assert --rp example.com --registration {read} --pin-file {read}"), Exit::Usage),
        (format!("{register} --save {again} --report {kept}"), Exit::Usage),
        (format!("{register} --roots {read} --save {read}"), Exit::Usage),
    ] {
        let outcome = desk.run(&line);
        outcome.ended(exit);
        assert_eq!(desk.record.take(), [""; 0], "{outcome}");
        writeln!(text, "{outcome}").unwrap();
    }
    insta::assert_snapshot!(text.replace(&salt, "SALT"));
    let secret = desk.run(&format!("{register} --secret-out - --save {kept}"));
    secret.succeeded();
    assert!(secret.json()["large_blob_key"].is_string(), "{secret}");
    assert!(
        std::fs::read_dir(desk.path(""))
            .unwrap()
            .all(|entry| { !entry.unwrap().file_name().to_string_lossy().starts_with('.') })
    );
}

/// A credential that exists is never hidden behind a file that could not be written.
#[test]
#[cfg(target_os = "linux")]
fn a_file_that_fails_after_the_credential_was_made() {
    let (desk, _key) = Desk::with_key();
    let outcome = desk.run("register --rp example.com --user alice --json --save /dev/full");
    outcome.ended(Exit::Failed);
    assert!(outcome.json()["rawId"].is_string(), "{outcome}");
    let message = &outcome.error_json()["error"]["message"];
    assert_eq!(message, "/dev/full cannot be written. The credential was made all the same.");

    let allow =
        format!("assert --rp example.com --allow {}", outcome.json()["rawId"].as_str().unwrap());
    for flag in ["--save", "--report"] {
        let outcome = desk.run(&format!("{allow} {flag} /dev/full --json"));
        outcome.ended(Exit::Failed);
        assert!(outcome.json()["response"]["signature"].is_string(), "{outcome}");
        let message = &outcome.error_json()["error"]["message"];
        assert_eq!(message, "/dev/full cannot be written. The assertion was made all the same.");
    }
}
