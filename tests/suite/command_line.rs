//! Mistakes on the command line, and what is said at a prompt or a terminal beside the ceremonies.

use crate::harness::Desk;
use fidokey::cli::exit::Exit;
use std::fmt::Write;

/// In the words of the house, with a next step, and the same as JSON.
#[test]
fn mistakes_are_explained() {
    let desk = Desk::empty();
    let mut text = String::new();
    for line in [
        "credentials list",
        "lst",
        "credential lst",
        "list --devise virtual",
        "list extra",
        "info --color purple",
        "register --timeout abc",
        "register --timeout 0",
        "rp serve --port abc",
        "rp serve --port 70000",
        "pin verify --pin-fd x",
        "info --device=",
        "info --quiet --verbose",
        "info --timeout 5 --timeout 6",
        "register --graph",
        "register",
        "assert",
        "verify assertion file",
        "credential rename abcd",
        "credential delete",
        "virtual create ünder",
        "virtual create a --touch maybe",
        "assert --rp example.com --choose 0",
    ] {
        let outcome = desk.run(line);
        outcome.ended(Exit::Usage);
        let json = desk.run(&format!("{line} --json")).error_json();
        let (error, message) = (&json["error"], json["error"]["message"].as_str().unwrap());
        assert!(outcome.stderr.starts_with(&format!("Error: {message}\n")), "{outcome}\n{json}");
        assert!(!error["hints"].as_array().unwrap().is_empty(), "{json}");
        for hint in error["hints"].as_array().unwrap() {
            assert!(outcome.stderr.contains(&format!("Hint: {}\n", hint.as_str().unwrap())));
        }
        writeln!(text, "{outcome}").unwrap();
    }
    insta::assert_snapshot!(text);
}

#[test]
fn a_command_without_its_command_is_told_which_there_are() {
    let desk = Desk::empty();
    let mut text = String::new();
    for line in ["--json pin", "--json", "credential --json"] {
        let outcome = desk.run(line);
        outcome.ended(Exit::Usage);
        writeln!(text, "{outcome}").unwrap();
    }
    insta::assert_snapshot!(text);
    // A person is shown the help.
    assert!(desk.run("pin").stderr.contains("Usage: fidokey pin"));
}

/// People come from tools that take it so. It is not repeated either.
#[test]
fn a_pin_is_never_an_argument() {
    let desk = Desk::empty();
    let mut text = String::new();
    for line in [
        "pin verify --pin 48151",
        "register --rp example.com --user alice -P 48151",
        "pin verify -P48151",
        "credential list --pin=48151",
        "pin verify 48151",
        "pin set --new-pin 48151",
        "pin set 48151 --json",
    ] {
        let outcome = desk.run(line);
        outcome.ended(Exit::Usage);
        assert!(outcome.stderr.contains("never an argument"), "{outcome}");
        assert!(!outcome.stderr.contains("48151"), "{outcome}");
        writeln!(text, "{outcome}").unwrap();
    }
    insta::assert_snapshot!(text);
}

/// What is printed of a credential can be copied to where one is asked for.
#[test]
fn credential_ids_are_taken_as_they_are_printed() {
    let (desk, _key) = Desk::with_key();
    let register = "register --rp example.com --user alice";
    let shown = desk.run(&format!("{register} --resident"));
    shown.succeeded();
    let hex = shown.stdout.lines().find_map(|line| line.strip_prefix("Credential ID")).unwrap();
    let hex = hex.trim();
    assert!(hex.len() >= 32 && hex.chars().all(|c| c.is_ascii_hexdigit()), "{shown}");
    let listed = desk.run("credential list --json");
    assert_eq!(listed.exit, Exit::Pin, "without a PIN nothing is listed");
    desk.run(&format!("{register} --exclude {hex}")).ended(Exit::Failed);
    let allowed = desk.run(&format!("assert --rp example.com --allow {hex}"));
    assert!(allowed.succeeded().stdout.contains(hex), "{allowed}");
    desk.record.take();
    let short = desk.run(&format!("{register} --exclude {}", &hex[..8]));
    short.ended(Exit::Usage);
    assert_eq!(desk.record.take(), [""; 0], "{short}");
    insta::assert_snapshot!(short.to_string().replace(&hex[..8], "SHORTID0"));
}

#[test]
fn a_saved_registration_says_its_relying_party() {
    let (desk, _key) = Desk::with_key();
    let saved = desk.path("saved.json");
    let saved = saved.to_str().unwrap();
    let bare = desk.run(&format!("register --rp example.com --user alice --save {saved} --json"));
    let bare = desk.file("bare.json", &bare.stdout);
    desk.run(&format!("assert --registration {saved}")).succeeded();
    let content = std::fs::read(saved).unwrap();
    desk.command("assert --registration -").stdin(content).run().succeeded();
    desk.run(&format!("assert --registration {bare} --rp example.com")).succeeded();
    desk.record.take();
    let unnamed = desk.run(&format!("assert --registration {bare}"));
    unnamed.ended(Exit::Usage);
    let other = desk.run(&format!("assert --registration {saved} --rp example.org"));
    other.ended(Exit::Usage);
    assert_eq!(desk.record.take(), [""; 0]);
    insta::assert_snapshot!(format!("{unnamed}\n{other}"));
}

/// The last digit of base64 may carry bits that belong to no byte; other tools write them.
#[test]
fn base64_with_spare_bits_is_taken() {
    let (desk, _key) = Desk::with_key();
    let line =
        "register --rp example.com --user alice --user-id AB --challenge AAAAAAAAAAAAAAAAAAAAAB";
    desk.run(line).succeeded();
}

#[test]
fn accounts_of_one_name_are_told_apart() {
    let (desk, _key) = Desk::with_key();
    desk.set_pin("1234");
    let pin = desk.file("pin", "1234");
    for user in ["alice", "alice", "bob"] {
        let line = format!("register --rp example.com --user {user} --resident --pin-file {pin}");
        desk.run(&line).succeeded();
    }
    let asked = desk.command(&format!("assert --rp example.com --pin-file {pin}")).typing(["2"]);
    let asked = asked.run();
    let question = &asked.succeeded().prompts[0];
    let ids: Vec<&str> = question
        .lines()
        .filter_map(|line| line.split_once("  alice  ").map(|(_, id)| id))
        .collect();
    assert_eq!(ids.len(), 2, "{asked}");
    assert!(ids[0] != ids[1] && ids.iter().all(|id| id.len() == 8), "{asked}");
    assert!(question.lines().any(|line| line.ends_with("  bob")), "{asked}");
}

/// On a terminal no word stands in two lines, and no command to copy either, where it fits.
#[test]
fn prose_fits_the_terminal() {
    let (desk, _key) = Desk::with_key();
    let mut text = String::new();
    for columns in [60, 30] {
        for line in ["assert --rp example.com", "credential list", "info --device nosuchkey"] {
            let outcome = desk.command(line).typing([]).columns(columns).run();
            for shown in outcome.stderr.replace("\r\x1b[K", "").lines() {
                let is_command =
                    shown.starts_with('`') && !shown.trim_matches(['`', '.', ',']).contains('`');
                assert!(shown.chars().count() <= columns || is_command, "{shown}\n{outcome}");
            }
            writeln!(text, "{columns}\n{outcome}").unwrap();
        }
    }
    insta::assert_snapshot!(text);
    // Programs and files get whole lines.
    let piped = desk.run("credential list");
    assert!(piped.stderr.lines().any(|line| line.len() > 80), "{piped}");
}
