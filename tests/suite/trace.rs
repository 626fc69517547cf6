//! `--trace` and `trace show`: what is written, what is not, and what is read of it.

use crate::harness::{Desk, Outcome, Reaction};
use fidokey::cli::exit::Exit;
use fidokey::trace::{Entry, Event};
use fidokey::virtual_key::{KeySettings, Touch};
use std::fmt::Write;
use std::fs;
use std::time::Duration;

/// A trace as JSON, line by line.
fn lines(desk: &Desk, name: &str) -> Vec<serde_json::Value> {
    let text = fs::read_to_string(desk.path(name)).unwrap();
    assert!(text.ends_with('\n'), "{text}");
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The entries of a trace, in the types that programs may use.
fn entries(desk: &Desk, name: &str) -> Vec<Entry> {
    let text = fs::read_to_string(desk.path(name)).unwrap();
    text.lines().skip(1).map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Runs a command with a trace; gives what it did, and the flag's file.
fn traced(desk: &Desk, line: &str) -> (Outcome, String) {
    let file = desk.path("trace").to_str().unwrap().to_owned();
    (desk.run(&format!("{line} --trace {file}")), file)
}

/// What of a text is the same in every run: without random digits, of which only the number is kept,
/// without times, and without numbers that depend on them.
fn stable(text: &str) -> String {
    let mut kept = String::new();
    let mut in_summary = false;
    for line in text.lines() {
        in_summary = (in_summary || line.starts_with("KEY ")) && !line.is_empty();
        let line = match in_summary {
            true => line.split_whitespace().collect::<Vec<_>>().join(" "),
            false => line.to_owned(),
        };
        for word in line.split_inclusive(|c: char| !c.is_ascii_alphanumeric() && c != '.') {
            let (word, end) = match word.char_indices().next_back() {
                Some((at, c)) if !c.is_ascii_alphanumeric() && c != '.' => word.split_at(at),
                _ => (word, ""),
            };
            let is_number = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
            let is_time = word.split_once('.').is_some_and(|(seconds, rest)| {
                [seconds, rest].iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit()))
                    && !rest.is_empty()
            });
            if word.len() >= 16 && word.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                write!(kept, "<{}>", word.len() / 2).unwrap();
            } else if is_time || (is_number && in_summary) {
                kept.push('T');
            } else {
                kept.push_str(word);
            }
            kept.push_str(end);
        }
        kept.push('\n');
    }
    // As many keepalives as there was time for.
    let parts: Vec<&str> = kept.split(" times from").collect();
    let (last, before) = parts.split_last().unwrap();
    let without = before.iter().map(|part| part.trim_end_matches(|c: char| c.is_ascii_digit()));
    without.map(|part| format!("{part}N times from")).chain([(*last).to_owned()]).collect()
}

#[test]
fn what_is_said_is_shown() {
    let desk = Desk::empty();
    desk.run("virtual create work").succeeded();
    let pin = desk.file("pin", "right-pin");
    let secret = desk.path("secret").to_str().unwrap().to_owned();
    let salt = "5a".repeat(32);
    for (name, line) in [
        ("pin_set", format!("pin set --new-pin-file {pin}")),
        (
            "register",
            "register --rp example.com --user alice --resident --hmac-secret --cred-blob c2VjcmV0"
                .to_owned(),
        ),
        ("assert", format!("assert --rp example.com --hmac-salt {salt} --secret-out {secret}")),
        ("credential_list", "credential list".to_owned()),
        ("reset", "reset --yes".to_owned()),
    ] {
        let pin = if name == "pin_set" { String::new() } else { format!("--pin-file {pin}") };
        let (outcome, file) = traced(&desk, &format!("{line} -d virtual:work {pin}"));
        outcome.succeeded();
        let shown = desk.run(&format!("trace show {file}"));
        shown.succeeded();
        insta::assert_snapshot!(format!("show_{name}"), stable(&shown.to_string()));
        if name == "register" {
            let text = fs::read_to_string(&file).unwrap();
            insta::assert_snapshot!("lines_of_a_registration", stable(&text));
            let document = desk.run(&format!("trace show --json {file}"));
            let document = document.succeeded().json();
            assert_eq!((&document["complete"], &document["exit_code"]), (&true.into(), &0.into()));
            assert_eq!(document["keys"][0]["messages_to_key"], 6);
            let entries = document["entries"].as_array().unwrap();
            assert_eq!(entries.len() + 1, text.lines().count());
            assert_eq!(entries[0]["line"], 2);
            assert_eq!(document["trace"], lines(&desk, "trace")[0]);
        }
    }
}

#[test]
fn a_wait_for_a_touch_is_one_line_and_counted() {
    let (desk, _key) = Desk::with_key();
    desk.faults.requests(|request| match request[0] {
        0x01 => Reaction::AfterTouchWait(Duration::from_secs(5), vec![0x27]),
        _ => Reaction::Forward,
    });
    let (outcome, file) = traced(&desk, "register --rp example.com --user alice");
    outcome.ended(Exit::NotConfirmed);
    let shown = desk.run(&format!("trace show {file}"));
    assert_eq!(shown.stdout.matches("keepalive UPNEEDED").count(), 1, "{shown}");
    let document = desk.run(&format!("trace show --json {file}")).json();
    let waited = document["keys"][0]["waited_for_touch"].as_f64().unwrap();
    assert!((4.8..5.3).contains(&waited), "{waited}");
    insta::assert_snapshot!(stable(&shown.to_string()));
}

#[test]
fn a_trace_costs_no_message() {
    let (desk, _key) = Desk::with_key();
    desk.set_pin("right-pin");
    let pin = desk.file("pin", "right-pin");
    for line in [
        format!("register --rp example.com --user alice --resident --pin-file {pin}"),
        format!("assert --rp example.com --pin-file {pin}"),
        format!("credential list --pin-file {pin}"),
        "info".to_owned(),
        "wink".to_owned(),
        "list".to_owned(),
    ] {
        desk.record.take();
        desk.run(&line).succeeded();
        let without = desk.record.take();
        let (outcome, _) = traced(&desk, &line);
        outcome.succeeded();
        assert_eq!(desk.record.take(), without, "{line}");
        let sent = entries(&desk, "trace").into_iter().filter(|entry| {
            matches!(&entry.event, Event::Message(message)
                if message.direction == fidokey::trace::Direction::ToKey)
        });
        assert_eq!(sent.count(), without.len(), "{line}");
    }
}

#[test]
fn several_keys_share_one_trace() {
    let desk = Desk::empty();
    for number in 0..5 {
        desk.plug(number, KeySettings::default());
    }
    let (outcome, file) = traced(&desk, "list");
    outcome.succeeded();
    let entries = entries(&desk, "trace");
    let mut paths = Vec::new();
    for entry in &entries {
        if let Event::Opened(opened) = &entry.event {
            assert_eq!(usize::try_from(opened.key).unwrap(), paths.len() + 1);
            paths.push(opened.path.clone());
        }
    }
    paths.sort();
    let expected: Vec<String> = (0..5).map(|number| format!("/dev/hidraw{number}")).collect();
    assert_eq!(paths, expected);
    assert!(entries.is_sorted_by_key(|entry| entry.time.0.to_bits()));
    let document = desk.run(&format!("trace show --json {file}")).json();
    for key in document["keys"].as_array().unwrap() {
        assert_eq!((&key["messages_to_key"], &key["messages_from_key"]), (&2.into(), &2.into()));
    }
    // The serial number says whose key it is.
    assert!(!fs::read_to_string(file).unwrap().contains("v1.0"));
}

#[test]
fn what_goes_wrong_is_in_the_trace() {
    let (desk, key) = Desk::with_key();
    let mut text = String::new();
    let mut show = |what: &str, outcome: Outcome, file: String| {
        let shown = desk.run(&format!("trace show {file}")).stdout;
        let from = shown.find("-> ").unwrap_or_default();
        let from = shown[..from].rfind('\n').unwrap_or_default();
        writeln!(text, "# {what} (exit {})\n{}\n", outcome.exit.code(), &shown[from + 1..])
            .unwrap();
    };
    desk.faults.requests(|_| Reaction::Silence);
    let (outcome, file) = traced(&desk, "info");
    show("silence", outcome, file);
    desk.faults.requests(|_| Reaction::Unplug);
    let (outcome, file) = traced(&desk, "info");
    show("unplugged", outcome, file);
    desk.keys.plug(&key).unwrap();
    desk.faults.requests(|_| Reaction::Refuse(0x0b));
    let (outcome, file) = traced(&desk, "info");
    show("refused", outcome, file);
    desk.faults.requests(|_| Reaction::Answer(vec![0, 0xa1, 1, 0x81, 0x62, 0x41]));
    let (outcome, file) = traced(&desk, "info");
    show("garbage", outcome, file);
    desk.faults.mend();
    key.set_touch(Touch::Never);
    desk.faults.requests(|request| match request[0] {
        1 => Reaction::KeepAlive(2, Some(vec![0x2d])),
        _ => Reaction::Forward,
    });
    let (outcome, file) = traced(&desk, "register --rp example.com --user alice --timeout 5");
    show("not touched", outcome, file);
    insta::assert_snapshot!(stable(&text));
}

#[test]
fn a_key_that_cannot_be_opened_is_in_the_trace() {
    let (desk, _key) = Desk::with_key();
    desk.faults.opening(|path| fidokey::transport::OpenError::InUse { path: path.clone() });
    let (outcome, file) = traced(&desk, "info");
    outcome.ended(Exit::NoKey);
    let shown = desk.run(&format!("trace show {file}"));
    insta::assert_snapshot!(shown);
}

#[test]
fn a_trace_that_cannot_be_written_is_found_before_anything_is_sent() {
    let (desk, _key) = Desk::with_key();
    let notes = desk.file("notes", "not to be lost\n");
    let nowhere = desk.path("no/such/trace");
    let mut text = String::new();
    for (trace, exit) in [
        (notes.as_str(), Exit::Usage),
        (nowhere.to_str().unwrap(), Exit::Failed),
        ("-", Exit::Usage),
        #[cfg(target_os = "linux")]
        ("/dev/full", Exit::Failed),
    ] {
        let outcome = desk.run(&format!("info --trace {trace}"));
        outcome.ended(exit);
        assert_eq!(desk.record.take(), [""; 0], "{outcome}");
        writeln!(text, "{outcome}").unwrap();
    }
    let (read, file) = traced(&desk, "trace show trace");
    read.ended(Exit::Usage);
    writeln!(text, "{read}").unwrap();
    assert!(!std::path::Path::new(&file).exists());
    assert_eq!(fs::read_to_string(notes).unwrap(), "not to be lost\n");
    insta::assert_snapshot!(text);
}

/// Whoever reads the trace goes away in the middle of it.
#[cfg(unix)]
#[test]
fn a_trace_that_breaks_off_ends_no_command() {
    use std::io::{BufRead, BufReader};
    use std::sync::Mutex;
    let (desk, _key) = Desk::with_key();
    let pipe = desk.path("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    let from = pipe.clone();
    let reader = std::thread::spawn(move || {
        let mut header = String::new();
        BufReader::new(fs::File::open(from).unwrap()).read_line(&mut header).unwrap();
        header
    });
    let reader = Mutex::new(Some(reader));
    desk.faults.requests(move |_| {
        if let Some(reader) = reader.lock().unwrap().take() {
            assert!(reader.join().unwrap().contains("fidokey trace"));
        }
        Reaction::Forward
    });
    let outcome = desk.run(&format!("info -q --trace {}", pipe.to_str().unwrap()));
    outcome.succeeded();
    assert_eq!(outcome.stderr.matches("Warning:").count(), 1, "{outcome}");
    assert!(outcome.stderr.contains("The trace in HOME/pipe is not whole"), "{outcome}");
}

#[test]
fn what_is_no_trace_or_a_damaged_one_is_told() {
    let (desk, _key) = Desk::with_key();
    let (outcome, file) = traced(&desk, "wink");
    outcome.succeeded();
    let whole = fs::read_to_string(&file).unwrap();
    let (header, rest) = whole.split_once('\n').unwrap();
    let hostile = "{\"time\":-1e300,\"event\":\"failed\",\"key\":4294967295,\"act\":\"\\u001b[2J\",\
                   \"reason\":\"a\\nb\\u202e\"}";
    let nested = format!(
        "{{\"time\":1e300,\"event\":\"message\",\"key\":1,\"direction\":\"from_key\",\
         \"channel\":\"\\u0007\",\"command\":{{\"name\":null,\"number\":-1}},\"length\":0,\
         \"packets\":0,\"members\":{}1{}}}",
        "{\"\\u009b\":[".repeat(40),
        "]}".repeat(40)
    );
    let deep = format!("{{\"time\":1,\"x\":{}1{}}}", "[".repeat(5000), "]".repeat(5000));
    let long = format!("\"{}\"", "x".repeat(2_000_000));
    let damaged = format!("{header}\n{hostile}\nnonsense\n{nested}\n{deep}\n{long}\n{rest}");
    let cut = &whole[..whole.len() - 20];
    let newer = whole.replacen("\"schema_version\":1", "\"schema_version\":7", 1);
    let mut text = String::new();
    for (name, content) in [
        ("damaged", damaged.as_str()),
        ("cut", cut),
        ("header_alone", header),
        ("newer", &newer),
        ("empty", ""),
        ("notes", "not a trace\n"),
    ] {
        let path = desk.file(name, content);
        let outcome = desk.run(&format!("trace show {path}"));
        assert!(!outcome.to_string().contains(['\u{1b}', '\u{9b}', '\u{7}', '\u{202e}']));
        let piped = desk.command("trace show -").stdin(content).run();
        assert_eq!(piped.stdout, outcome.stdout);
        let json = desk.run(&format!("trace show --json {path}"));
        assert_eq!((piped.exit, json.exit), (outcome.exit, outcome.exit));
        if name == "damaged" {
            let document = json.json();
            assert_eq!(document["damaged_lines"].as_array().unwrap().len(), 3);
            assert_eq!(document["damaged_lines"][0]["line"], 3);
        }
        writeln!(text, "{outcome}").unwrap();
    }
    writeln!(text, "{}", desk.run("trace show nowhere")).unwrap();
    insta::assert_snapshot!(stable(&text));
}

#[test]
fn a_trace_that_is_too_long_for_one_document_is_shown_as_text() {
    let (desk, _key) = Desk::with_key();
    let (_, file) = traced(&desk, "wink");
    let whole = fs::read_to_string(file).unwrap();
    let (header, rest) = whole.split_once('\n').unwrap();
    let path = desk.file("long", format!("{header}\n{}", rest.repeat(20_000)));
    assert!(fs::metadata(&path).unwrap().len() > 16 * 1024 * 1024);
    let outcome = desk.run(&format!("trace show --json {path}"));
    outcome.ended(Exit::Usage);
    assert_eq!(outcome.stdout, "");
    insta::assert_snapshot!(outcome);
    desk.run(&format!("trace show {path}")).succeeded();
}

/// The program as a process of its own.
#[cfg(unix)]
mod process {
    use super::*;
    use std::io::{BufRead, BufReader, Read};
    use std::process::{Child, Command, Stdio};
    use std::time::Instant;

    fn fidokey(home: &std::path::Path) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fidokey"));
        command.env("XDG_DATA_HOME", home).env("HOME", home).current_dir(home).stdin(Stdio::null());
        command
    }

    /// Waits until the trace says something, for a minute at most.
    fn wait_for(trace: &std::path::Path, words: &str, child: &mut Child) {
        let begun = Instant::now();
        while !fs::read_to_string(trace).is_ok_and(|text| text.contains(words)) {
            assert!(begun.elapsed() < Duration::from_secs(60), "{words} is not in the trace");
            assert!(child.try_wait().unwrap().is_none(), "the command has ended");
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_command_that_is_killed_leaves_what_was_said_until_then() {
        let home = tempfile::tempdir().unwrap();
        let run = |line: &str| {
            let mut command = fidokey(home.path());
            command.args(line.split(' ')).stdout(Stdio::piped()).stderr(Stdio::piped());
            command
        };
        assert!(run("virtual create work --touch never").status().unwrap().success());
        let register = "register --rp example.com --user alice -d virtual:work --trace trace";
        let mut child = run(register).spawn().unwrap();
        wait_for(&home.path().join("trace"), "UPNEEDED", &mut child);
        child.kill().unwrap();
        child.wait().unwrap();
        let shown = run("trace show trace").output().unwrap();
        let text = String::from_utf8(shown.stdout).unwrap();
        assert!(shown.status.success(), "{text}");
        for words in ["-> MakeCredential", "it waits for a touch", "does not go on to the end"] {
            assert!(text.contains(words), "{words} is not in\n{text}");
        }
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(home.path().join("trace")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_closed_pipe_is_quiet_success() {
        let home = tempfile::tempdir().unwrap();
        let trace = home.path().join("trace");
        let made = fidokey(home.path()).args(["demo", "--trace", "trace"]).output().unwrap();
        assert!(made.status.success());
        let text = fs::read_to_string(&trace).unwrap();
        let (header, rest) = text.split_once('\n').unwrap();
        fs::write(&trace, format!("{header}\n{}", rest.repeat(200))).unwrap();
        let mut child = fidokey(home.path())
            .args(["trace", "show", "trace"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        assert!(first.starts_with("Trace of `fidokey demo`"), "{first}");
        let mut stderr = String::new();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        assert_eq!((child.wait().unwrap().code(), stderr.as_str()), (Some(0), ""));
    }
}
