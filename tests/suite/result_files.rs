//! What `--save`, `--report`, `--secret-out` and `--trace` may write over, and what not.

use crate::harness::Desk;
use fidokey::cli::exit::Exit;
use std::fmt::Write;

const REGISTER: &str = "register --rp example.com --user alice";

/// The file is all that there is of a credential that is not kept on the key.
#[test]
fn a_registration_that_was_saved_is_replaced_only_after_a_yes() {
    let (desk, _key) = Desk::with_key();
    let path = desk.path("key.json");
    let line = format!("{REGISTER} --save {}", path.to_str().unwrap());
    desk.run(&line).succeeded();
    let first = std::fs::read(&path).unwrap();
    desk.record.take();
    let alone = desk.run(&line);
    alone.ended(Exit::Usage);
    let refused = desk.command(&line).typing([""]).run();
    refused.ended(Exit::NotConfirmed);
    assert_eq!(desk.record.take(), [""; 0], "{refused}");
    assert_eq!(std::fs::read(&path).unwrap(), first);
    desk.command(&line).typing(["y"]).run().succeeded();
    let second = std::fs::read(&path).unwrap();
    assert_ne!(second, first);
    desk.run(&format!("{line} --yes")).succeeded();
    assert_ne!(std::fs::read(&path).unwrap(), second);
    insta::assert_snapshot!(format!("{alone}\n{refused}"));
}

#[test]
fn what_something_else_wrote_is_never_replaced() {
    let (desk, _key) = Desk::with_key();
    let letter = desk.file("letter", "Dear Alice,");
    let info = desk.file("info", desk.run("info --json").stdout);
    let save = desk.path("save");
    let save = save.to_str().unwrap();
    desk.run(&format!("{REGISTER} --save {save}")).succeeded();
    let salt = "11".repeat(32);
    let derive = format!("{REGISTER} --resident --large-blob-key");
    desk.record.take();
    let mut text = String::new();
    for (line, path) in [
        (format!("{REGISTER} --save"), &letter),
        (format!("{REGISTER} --report"), &info),
        (format!("{derive} --secret-out"), &info),
        (format!("{REGISTER} --report"), &save.to_owned()),
        (format!("assert --rp example.com --hmac-salt {salt} --secret-out"), &save.to_owned()),
    ] {
        let before = std::fs::read(path).unwrap();
        let outcome = desk.run(&format!("{line} {path} --yes"));
        outcome.ended(Exit::Usage);
        assert_eq!(desk.record.take(), [""; 0], "{outcome}");
        assert_eq!(std::fs::read(path).unwrap(), before, "{outcome}");
        writeln!(text, "{outcome}").unwrap();
    }
    insta::assert_snapshot!(text.replace(&salt, "SALT"));
}

/// Who runs a command again wants its new result. An empty file is what `mktemp` makes.
#[test]
fn earlier_results_of_the_same_kind_are_replaced() {
    let (desk, _key) = Desk::with_key();
    let [save, report, secret] = ["save", "report", "secret"].map(|name| desk.file(name, ""));
    let registration = desk.path("registration");
    let registration = registration.to_str().unwrap();
    desk.run(&format!("{REGISTER} --resident --hmac-secret --save {registration}")).succeeded();
    let salt = "11".repeat(32);
    let line = format!(
        "assert --rp example.com --registration {registration} --hmac-salt {salt} \
         --secret-out {secret} --save {save} --report {report}"
    );
    for _ in 0..2 {
        desk.run(&line).succeeded();
    }
}

#[test]
fn a_trace_has_a_file_of_its_own() {
    let (desk, _key) = Desk::with_key();
    let one = desk.path("one");
    let one = one.to_str().unwrap();
    for flag in ["--save", "--report"] {
        let outcome = desk.run(&format!("{REGISTER} {flag} {one} --trace {one}"));
        outcome.ended(Exit::Usage);
        let said = format!("Error: `--trace` and `{flag}` name the same file. Nothing was sent.");
        assert!(outcome.stderr.starts_with(&said), "{outcome}");
    }
    desk.run(&format!("trace show {one}")).succeeded();
}

/// The directory is missing: a file of its name is not what is meant.
#[test]
fn a_directory_that_is_missing_is_seen_before_anything_is_sent() {
    let (desk, _key) = Desk::with_key();
    let missing = format!("{}/", desk.path("missing").to_str().unwrap());
    let outcome = desk.run(&format!("{REGISTER} --resident --save {missing}"));
    outcome.ended(Exit::Failed);
    assert_eq!(desk.record.take(), [""; 0], "{outcome}");
    insta::assert_snapshot!(outcome);
}

#[test]
#[cfg(target_os = "linux")]
fn a_credential_that_stays_although_its_file_failed_comes_with_the_command_that_deletes_it() {
    let (desk, _key) = Desk::with_key();
    desk.set_pin("1234");
    let pin = desk.file("pin", "1234");
    let line = format!("{REGISTER} --resident --save /dev/full --pin-file {pin}");
    let outcome = desk.run(&line);
    outcome.ended(Exit::Failed);
    let command = outcome.stderr.split('`').nth(1).unwrap().to_owned();
    assert!(command.starts_with("fidokey credential delete "), "{outcome}");
    let command = command.trim_start_matches("fidokey ");
    desk.run(&format!("{command} --yes --pin-file {pin}")).succeeded();
}
