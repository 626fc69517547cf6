//! `fidokey rp serve` as a command: its streams, its files, its errors, its end.

use crate::harness::Desk;
use crate::skipped::skip;
use fidokey::cli::exit::Exit;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

/// The service as a process of its own.
pub struct Process {
    child: Child,
    /// What it says when it is ready.
    pub ready: Value,
}

impl Process {
    pub fn start(desk: &Desk, more: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_fidokey"))
            .args(["rp", "serve", "--port", "0", "--json"])
            .args(more)
            .env("XDG_DATA_HOME", desk.data_directory())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let ready = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        Self { child, ready }
    }

    pub fn url(&self) -> &str {
        self.ready["url"].as_str().unwrap()
    }

    /// Ends it as Ctrl-C does; gives its exit code and what is on stderr.
    pub fn interrupt(mut self) -> (Option<i32>, String) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        let mut said = String::new();
        self.child.stderr.as_mut().unwrap().read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap().code(), said)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Posts this to a service; gives the answer.
fn ask(process: &Process, path: &str, body: &str) -> String {
    let host = process.url().strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn it_says_where_it_is_and_ends_with_ctrl_c() {
    let desk = Desk::empty();
    let process = Process::start(&desk, &[]);
    let port = process.ready["port"].to_string();
    let ready = serde_json::to_string_pretty(&process.ready).unwrap().replace(&port, "PORT");
    insta::assert_snapshot!(ready);
    let mut stream = TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
    let request = format!("GET / HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).unwrap();
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{page}");
    // One that is idle does not keep it.
    let _idle = TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
    assert_eq!(process.interrupt(), (Some(0), String::new()));
}

#[test]
fn a_person_reads_an_address() {
    let desk = Desk::empty();
    let mut child = Command::new(env!("CARGO_BIN_EXE_fidokey"))
        .args(["rp", "serve", "--port", "0", "--bind", "0.0.0.0"])
        .args(["--origin", "https://rp.example", "--profile", "entra"])
        .args(["--state", &desk.path("accounts").display().to_string()])
        .env("XDG_DATA_HOME", desk.data_directory())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    // What is said first is all said before the address.
    let ready = Process { child, ready: Value::Null };
    let (exit, said) = ready.interrupt();
    assert_eq!(exit, Some(0));
    let port = said.split_once("localhost:").unwrap().1.split('.').next().unwrap().to_owned();
    insta::assert_snapshot!(format!("{line}--- stderr\n{}", said.replace(&port, "PORT")));
}

#[test]
fn accounts_are_kept_in_a_file_for_its_owner_alone() {
    let desk = Desk::empty();
    let path = desk.path("accounts");
    let file = path.display().to_string();
    for (request, status) in [("sign-up", "ok"), ("sign-in", "ok"), ("sign-up", "failed")] {
        let process = Process::start(&desk, &["--state", &file]);
        let body = r#"{"username":"alice","password":"correct horse battery"}"#;
        let answer = ask(&process, &format!("/api/{request}"), body);
        assert!(answer.contains(&format!(r#""status":"{status}""#)), "{answer}");
        assert_eq!(process.interrupt().0, Some(0));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    // Nothing is left beside it.
    let names: Vec<_> = std::fs::read_dir(path.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .filter(|name| name.to_string_lossy().contains("accounts"))
        .collect();
    assert_eq!(names, ["accounts"]);
}

#[test]
fn what_keeps_it_from_beginning_is_said() {
    let desk = Desk::empty();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let whole = r#"{"format": "fidokey-relying-party", "version": 1, "rp_id": "localhost", "people": [], "programs": []}"#;
    let file = |name: &str, content: &str| desk.file(name, content);
    let account = r#"{"name": "a", "display_name": "", "user_handle": "AA", "password": null, "second_factor": false, "credentials": [], "remembered": []}"#;
    let doubled = whole.replace(r#""people": []"#, &format!(r#""people": [{account}, {account}]"#));
    let costly = account.replace(
        "\"password\": null",
        "\"password\": \"$argon2id$v=19$m=4194304,t=99,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"",
    );
    let costly = whole.replace(r#""people": []"#, &format!(r#""people": [{costly}]"#));
    let states = [
        file("foreign", "hello"),
        file("other.json", "{\"a\": 1}"),
        file("empty", ""),
        file("cut", whole.get(..60).unwrap()),
        file("newer", &whole.replace("\"version\": 1", "\"version\": 7, \"more\": true")),
        file("more", &whole.replace("\"people\"", "\"more\": 1, \"people\"")),
        file("doubled", &doubled),
        file("costly", &costly),
        file("elsewhere", &whole.replace("localhost", "example.org")),
        "/no/such/directory/state".to_owned(),
    ];
    let mut lines: Vec<String> = [
        format!("--port {port}"),
        "--bind 192.0.2.1".into(),
        "--bind nonsense".into(),
        "--port 65536".into(),
        "--origin http://example.com".into(),
        "--origin https://192.0.2.1".into(),
        "--origin nonsense".into(),
        "--profile nonsense".into(),
    ]
    .into();
    lines.extend(states.iter().map(|state| format!("--state {state}")));
    let mut text = String::new();
    for line in lines {
        let port_zero = if line.contains("--port") { "" } else { " --port 0" };
        let outcome = desk.run(&format!("rp serve {line}{port_zero}"));
        assert_ne!(outcome.exit, Exit::Done, "{outcome}");
        text.push_str(&format!("{outcome}\n"));
    }
    insta::assert_snapshot!(text.replace(&port, "PORT"));
    assert_eq!(std::fs::read_to_string(desk.path("foreign")).unwrap(), "hello");
}

/// What `tests/browser` needs: the browser's path. `None` where it is not installed; the test is then
/// skipped.
fn browser(test: &str) -> Option<String> {
    let check = Command::new("bash").arg(format!("{BROWSER}/setup")).arg("--check").output();
    if !check.is_ok_and(|output| output.status.success()) {
        skip(test, "the browser is not installed; tests/browser/setup installs it");
        return None;
    }
    let name = std::env::var("BROWSER").unwrap_or_else(|_| "chromium".into());
    let which = Command::new("which").arg(name).output().unwrap();
    Some(String::from_utf8(which.stdout).unwrap().trim().to_owned())
}

const BROWSER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/browser");

/// Has people use the page of a service with these flags; gives what it said to them.
fn people_use_the_page(browser: &str, more: &[&str]) -> String {
    let desk = Desk::empty();
    let process = Process::start(&desk, more);
    let mut command = Command::new("node");
    command
        .arg(format!("{BROWSER}/run.mjs"))
        .arg(process.url())
        .env("BROWSER_PATH", browser)
        .env("BROWSER_HOME", concat!(env!("CARGO_MANIFEST_DIR"), "/target/browser"))
        // It has profiles and caches of its own.
        .env("HOME", desk.path("."))
        .env("XDG_CONFIG_HOME", desk.path("."));
    if let Some(directory) = std::env::var_os("UPDATE_SCREENSHOTS") {
        command.arg(directory);
    }
    let output = command.output().unwrap();
    let mut text = String::new();
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let error = line["error"].as_str().unwrap_or("");
        assert_eq!(line["ok"], true, "{}\n{error}", line["scenario"]);
        text.push_str(&format!("# {}\n", line["scenario"].as_str().unwrap()));
        for message in line["said"].as_array().unwrap() {
            text.push_str(&format!("{}\n", message.as_str().unwrap()));
        }
        text.push('\n');
    }
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(process.interrupt(), (Some(0), String::new()));
    text
}

#[test]
fn people_use_the_page_in_a_browser() {
    let Some(browser) = browser("rp_serve::command: the page") else { return };
    insta::assert_snapshot!(people_use_the_page(&browser, &[]));
}

#[test]
fn a_browser_takes_the_options_of_entra() {
    let Some(browser) = browser("rp_serve::command: Entra's options") else { return };
    insta::assert_snapshot!(people_use_the_page(&browser, &["--profile", "entra"]));
}

/// Each hash of a password takes 19 MiB: two at a time, in memory that is used again.
#[cfg(target_os = "linux")]
#[test]
fn many_who_sign_in_take_no_more_memory_than_two() {
    let desk = Desk::empty();
    let process = Process::start(&desk, &[]);
    let body = r#"{"username":"alice","password":"correct horse battery"}"#;
    ask(&process, "/api/sign-up", body);
    for _ in 0..6 {
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| ask(&process, "/api/sign-in", body));
            }
        });
    }
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.child.id())).unwrap();
    let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let most: u64 = most.trim().strip_suffix(" kB").unwrap().parse().unwrap();
    assert!(most < 110_000, "{most} kB");
}

/// Two services would overwrite each other's accounts.
#[test]
fn a_state_file_belongs_to_one_service() {
    let desk = Desk::empty();
    let file = desk.path("accounts").display().to_string();
    let (one, other) =
        (Process::start(&desk, &["--state", &file]), Process::start(&desk, &["--state", &file]));
    let ask = |process: &Process, name: &str| {
        let body = format!(r#"{{"username":"{name}","password":"correct horse battery"}}"#);
        ask(process, "/api/sign-up", &body)
    };
    assert!(ask(&one, "alice").contains(r#""status":"ok""#));
    let refused = ask(&other, "bob");
    let refused = refused.split("\r\n\r\n").nth(1).unwrap();
    insta::assert_snapshot!(refused);
    assert!(ask(&one, "carol").contains(r#""status":"ok""#));
}

/// Roots decide which attestations are believed.
#[test]
fn roots_that_are_no_certificates_are_refused() {
    let desk = Desk::empty();
    let file = desk.file("roots.pem", "no certificate");
    insta::assert_snapshot!(desk.run(&format!("rp serve --port 0 --roots {file}")));
}
