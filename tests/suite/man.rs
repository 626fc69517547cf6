//! `fidokey man` and `fidokey completions`.

use crate::harness::Desk;
use fidokey::cli::exit::Exit;
use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

#[test]
fn a_page_for_a_command_of_a_command() {
    let desk = Desk::empty();
    insta::assert_snapshot!(desk.run("man virtual create"));
}

#[test]
fn the_top_page_names_every_command() {
    let desk = Desk::empty();
    let page = desk.run("man");
    let json = desk.run("man --json").json();
    assert_eq!(json["name"], "fidokey.1");
    assert_eq!(json["page"], page.stdout);
    for name in ["list", "info", "wink", "select", "register", "virtual", "completions", "man"] {
        assert!(page.stdout.contains(&format!("fidokey\\-{name}(1)")), "{name}");
    }
}

#[test]
fn all_pages_go_to_a_directory() {
    let desk = Desk::empty();
    let directory = desk.path("pages/man1");
    let line = format!("man --json --out {}", directory.display());
    let json = desk.run(&line).json();
    let names: Vec<&str> =
        json["pages"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert!(names.contains(&"fidokey.1") && names.contains(&"fidokey-virtual-create.1"));
    for name in names {
        assert!(fs::read_to_string(directory.join(name)).unwrap().contains(".SH NAME"), "{name}");
    }
}

#[test]
fn what_cannot_be_done_is_said() {
    let desk = Desk::empty();
    let unknown = desk.run("man credential fly");
    unknown.ended(Exit::Usage);
    let file = desk.file("file", "");
    let no_directory = desk.run(&format!("man --out {file}/below"));
    no_directory.ended(Exit::Failed);
    let both = desk.run("man list --out .");
    let shell = desk.run("completions tcsh");
    insta::assert_snapshot!(format!("{unknown}\n{no_directory}\n{both}\n{shell}"));
}

#[test]
fn every_shell_has_its_script() {
    let desk = Desk::empty();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = desk.run(&format!("completions {shell}"));
        script.succeeded();
        for word in ["credential", "virtual", "no-input", "device"] {
            assert!(script.stdout.contains(word), "{shell}: {word}");
        }
    }
    let json = desk.run("completions fish --json").json();
    assert_eq!(json["shell"], "fish");
    assert_eq!(json["script"], desk.run("completions fish").stdout);
}

#[test]
fn a_page_says_how_a_command_is_called_and_how_it_ends() {
    let desk = Desk::empty();
    let page = desk.run("man verify assertion").stdout;
    let synopsis = page.split(".SH SYNOPSIS\n").nth(1).unwrap().split(".SH").next().unwrap();
    let synopsis = synopsis.replace('\\', "");
    assert!(synopsis.contains("--public-key <FILE>") && !synopsis.contains("--json"), "{synopsis}");
    for (exit, meaning) in Exit::MEANINGS {
        let entry = format!("\\fB{}\\fR\n{meaning}", exit.code());
        assert!(page.contains(&entry), "{entry}: {page}");
        let row = format!("| {} | {meaning} |", exit.code());
        assert!(include_str!("../../README.md").contains(&row), "{row}");
    }
}

/// What bash really completes, as a person at the keyboard sees it.
#[test]
fn bash_completes_values() {
    let desk = Desk::empty();
    let script = desk.file("script", desk.run("completions bash").stdout);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a-file"), "").unwrap();
    for (line, expected) in [
        ("check n", "nhsmail"),
        ("check --pro", ""),
        ("man cred", "credential"),
        ("virtual create a --touch ne", "never"),
        ("register --algorithm Ed2", "Ed25519"),
        ("register --user-verification req", "required"),
        ("metadata show --status REV", "REVOKED"),
        ("info --device a", "a"),
        ("register --rp a", "a"),
        ("register --options a", "a-file"),
        ("completions fi", "fish"),
    ] {
        let words: Vec<&str> = std::iter::once("fidokey").chain(line.split(' ')).collect();
        let complete = ". \"$1\"; shift; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); \
             _fidokey fidokey \"${COMP_WORDS[COMP_CWORD]}\" \"${COMP_WORDS[COMP_CWORD - 1]}\" \
             2> /dev/null; echo \"${COMPREPLY[*]}\"";
        let bash = Command::new("bash")
            .args(["--norc", "-c", complete, "bash", &script])
            .args(&words)
            .current_dir(folder.path())
            .output();
        let Ok(output) = bash else {
            return crate::skipped::skip("bash_completes_values", "there is no bash");
        };
        assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), expected, "{line}");
    }
}

/// The script for bash is one that bash reads, where there is a bash.
#[test]
fn bash_reads_its_script() {
    let script = Desk::empty().run("completions bash").stdout;
    let bash = Command::new("bash").arg("-n").stdin(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let Ok(mut bash) = bash else {
        return crate::skipped::skip("bash_reads_its_script", "there is no bash");
    };
    bash.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    let outcome = bash.wait_with_output().unwrap();
    assert!(outcome.status.success(), "{}", String::from_utf8_lossy(&outcome.stderr));
}
