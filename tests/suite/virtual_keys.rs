//! `fidokey virtual`: keys that last are made, listed and deleted.

use crate::harness::{Desk, Typed};
use crate::skipped::skip;
use fidokey::cli::exit::Exit;
use fidokey::virtual_key::LastingKeys;
use std::process::Command;

fn transcript<const N: usize>(desk: &Desk, lines: [&str; N]) -> String {
    lines.map(|line| desk.run(line).to_string()).join("\n")
}

#[test]
fn a_key_is_made_used_listed_and_deleted() {
    let desk = Desk::empty();
    let mut text = String::new();
    for line in [
        "virtual list",
        "virtual create work",
        "virtual create spare --touch 250",
        "virtual create virtual:broken --touch refuse",
    ] {
        text.push_str(&format!("{}\n", desk.run(line).succeeded()));
    }
    let register = "register --rp example.com --user alice --resident --device virtual:work";
    desk.run(register).succeeded();
    let desk = desk.restarted();
    for line in [
        "virtual list",
        "virtual delete work --yes",
        "virtual delete spare --yes",
        "virtual delete broken --yes",
        "virtual list",
    ] {
        text.push_str(&format!("{}\n", desk.run(line).succeeded()));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn the_same_as_json() {
    let desk = Desk::empty();
    let lines = [
        "virtual create work --touch enter --json",
        "virtual list --json",
        "virtual delete work --yes --json",
        "virtual list --json",
        "virtual delete work --yes --json",
    ];
    insta::assert_snapshot!(transcript(&desk, lines));
}

#[test]
fn what_cannot_be_done_is_said_and_changes_nothing() {
    let desk = Desk::empty();
    desk.run("virtual create work").succeeded();
    let lines = [
        "virtual create work",
        "virtual create no/slash",
        "virtual create other --touch sometimes",
        "virtual delete nobody",
        "virtual delete work",
        "register --rp example.com --user alice --device virtual:nobody",
        "virtual list",
    ];
    insta::assert_snapshot!(transcript(&desk, lines));
}

#[test]
fn a_deletion_names_what_is_lost_and_takes_no_for_an_answer() {
    let desk = Desk::empty();
    desk.run("virtual create work").succeeded();
    for user in ["alice", "bob"] {
        let line = "register --rp example.com --resident --device virtual:work --user";
        desk.run(&format!("{line} {user}")).succeeded();
    }
    let desk = desk.restarted();
    let no = desk.command("virtual delete work").typing(["no"]).run();
    no.ended(Exit::NotConfirmed);
    let stop = desk.command("virtual delete work").at_terminal([Typed::Interrupt]).run();
    stop.ended(Exit::Interrupted);
    let yes = desk.command("virtual delete work").typing(["y"]).run();
    yes.succeeded();
    insta::assert_snapshot!(format!("{no}\n{stop}\n{yes}"));
}

#[test]
fn a_damaged_key_is_listed_with_the_reason_and_can_be_deleted() {
    let desk = Desk::empty();
    let keys = LastingKeys::new(desk.data_directory().join("virtual-keys"));
    for name in ["cut", "newer", "changed"] {
        desk.run(&format!("virtual create {name}")).succeeded();
        let path = keys.state_path(&name.parse().unwrap());
        let text = std::fs::read_to_string(&path).unwrap();
        let text = match name {
            "cut" => text[..text.len() / 2].to_owned(),
            "newer" => text.replace("\"version\":1", "\"version\":2"),
            _ => text.replace("\"touch\":\"auto\"", "\"touch\":\"never\""),
        };
        std::fs::write(path, text).unwrap();
    }
    let use_it = "register --rp example.com --user alice --device virtual:changed";
    let lines = [
        "virtual list",
        "virtual list --json",
        use_it,
        "virtual create changed",
        "virtual delete changed --yes",
        "virtual delete cut",
    ];
    insta::assert_snapshot!(transcript(&desk, lines));
    let asked = desk.command("virtual delete cut").typing(["y"]).run();
    asked.succeeded();
    insta::assert_snapshot!(asked);
}

/// Nothing of it is lost by a newer fidokey: no hint says to delete it.
#[test]
fn a_key_of_a_newer_version_is_for_that_version() {
    let desk = Desk::empty();
    let keys = LastingKeys::new(desk.data_directory().join("virtual-keys"));
    desk.run("virtual create work").succeeded();
    let path = keys.state_path(&"work".parse().unwrap());
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(path, text.replace("\"version\":1", "\"version\":2")).unwrap();
    let lines = ["virtual list", "info --device virtual:work", "doctor --device virtual:work"];
    let asked = desk.command("virtual delete work").typing(["n"]).run();
    asked.ended(Exit::NotConfirmed);
    let text = format!("{}\n{asked}", transcript(&desk, lines));
    assert!(!text.contains("`fidokey virtual delete"), "{text}");
    insta::assert_snapshot!(text);
}

/// What bears the name of a key and is none.
#[test]
fn a_directory_in_place_of_a_state() {
    let desk = Desk::empty();
    desk.run("virtual create work").succeeded();
    let keys = desk.data_directory().join("virtual-keys");
    std::fs::create_dir(keys.join("empty.json")).unwrap();
    std::fs::create_dir_all(keys.join("full.json/something")).unwrap();
    let full = desk.run("virtual delete full --yes");
    full.ended(Exit::Failed);
    desk.run("virtual delete empty --yes").succeeded();
    assert!(!keys.join("empty.json").exists() && keys.join("full.json/something").exists());
    insta::assert_snapshot!(full);
}

#[test]
fn a_key_that_is_thrown_away_is_said_to_be() {
    let mut text = String::new();
    for line in [
        "pin set --new-pin-file -",
        "credential list",
        "assert --rp example.com",
        "assert --rp example.com --json",
    ] {
        let line = format!("{line} --device virtual");
        let outcome = Desk::empty().command(&line).stdin("1234\n").run();
        text.push_str(&format!("{outcome}\n"));
    }
    let register = "register --rp example.com --user alice --resident --device virtual";
    insta::assert_snapshot!(text);
    let made = Desk::empty().run(register);
    assert!(made.succeeded().stderr.contains("Nothing of it is kept"), "{made}");
}

#[test]
fn a_key_in_use_is_not_deleted() {
    let desk = Desk::empty();
    desk.run("virtual create work").succeeded();
    // The desk's bus switches the key on and so takes its lock, as another program would.
    desk.run("register --rp example.com --user alice --device virtual:work").succeeded();
    let keys = LastingKeys::new(desk.data_directory().join("virtual-keys"));
    assert!(keys.list().unwrap()[0].summary.is_ok(), "it is listed all the same");
    insta::assert_snapshot!(desk.run("virtual delete work --yes"));
}

#[test]
fn without_a_home_there_is_no_place_for_keys() {
    let desk = Desk::empty();
    insta::assert_snapshot!(desk.command("virtual list").homeless().run());
}

#[test]
fn the_enter_key_touches_and_without_a_terminal_nobody_does() {
    let desk = Desk::empty();
    desk.run("virtual create work --touch enter").succeeded();
    let register = "register --rp example.com --user alice --device virtual:work";
    let alone = desk.run(register);
    alone.ended(Exit::NotConfirmed);
    insta::assert_snapshot!(alone);
    // Nobody presses anything on the desk, but the line says what would help.
    let at_terminal = desk.command(register).at_terminal([]).run();
    assert!(
        at_terminal.stderr.contains("Press Enter to touch the virtual key virtual:work (60 s)")
    );
}

/// Runs the real program on a real terminal; types a line before it has begun and, where that is
/// wanted, presses Enter once it asks for that. Prints what the terminal shows.
const ON_A_TERMINAL: &str = r#"
import os, pty, select, sys, time
press, program, arguments = sys.argv[1] == "press", sys.argv[2], sys.argv[3:]
gate, opening = os.pipe()
child, terminal = pty.fork()
if child == 0:
    os.read(gate, 1)
    os.execv(program, [program] + arguments)
os.write(terminal, b"too early\n")
shown, pressed, end = b"", False, time.time() + 60
# Once the terminal shows what was typed, it is there to be read.
while b"too early\r\n" not in shown:
    shown += os.read(terminal, 4096)
os.write(opening, b"!")
while time.time() < end:
    if press and not pressed and b"Press Enter" in shown:
        os.write(terminal, b"\n")
        pressed = True
    if not select.select([terminal], [], [], 0.1)[0]:
        continue
    try:
        read = os.read(terminal, 4096)
    except OSError:
        break
    if not read:
        break
    shown += read
code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
print(shown.decode(), "exit", code)
"#;

#[test]
fn the_enter_key_of_a_real_terminal_touches_a_key() {
    let home = tempfile::tempdir().unwrap();
    let on_a_terminal = |press: &str, arguments: &str| {
        let mut python = Command::new("python3");
        python.args(["-c", ON_A_TERMINAL, press, env!("CARGO_BIN_EXE_fidokey")]);
        python.args(arguments.split_whitespace()).env("XDG_DATA_HOME", home.path());
        python.output().map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let Ok(created) = on_a_terminal("wait", "virtual create work --touch enter") else {
        return skip("the_enter_key_of_a_real_terminal_touches_a_key", "there is no python3");
    };
    assert!(created.contains("exit 0"), "{created}");
    let register = "register --rp example.com --user alice --device virtual:work --timeout 2";
    let touched = on_a_terminal("press", register).unwrap();
    assert!(touched.contains("Registration verified") && touched.contains("exit 0"), "{touched}");
    // What was typed before the key asked for a touch is none.
    let waited = on_a_terminal("wait", register).unwrap();
    assert!(waited.contains("Nobody touched") && waited.contains("exit 5"), "{waited}");
}
