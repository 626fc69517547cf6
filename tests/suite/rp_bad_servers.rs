//! Servers that do not speak the conformance interface, or do not speak at all: what `rp audit` (and
//! `rp run`) say of them, which is over in time and names the address.

use crate::harness::Desk;
use crate::servers::{Library, Server, are_installed};
use fidokey::cli::exit::Exit;
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Answers every connection with the same bytes, whatever it is asked; the thread ends with the
/// process.
fn answering(act: impl Fn(TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            act(stream);
        }
    });
    format!("http://localhost:{port}")
}

/// Reads a request as far as its body, which the answers here do not depend on.
fn hear(stream: &mut TcpStream) -> String {
    let (mut heard, mut buffer) = (Vec::new(), [0; 4096]);
    while !heard.windows(4).any(|window| window == b"\r\n\r\n") {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => break,
            Ok(count) => heard.extend_from_slice(&buffer[..count]),
        }
    }
    String::from_utf8_lossy(&heard).into_owned()
}

fn saying(answer: String) -> String {
    answering(move |mut stream| {
        hear(&mut stream);
        // Whoever asked may have hung up.
        stream.write_all(answer.as_bytes()).ok();
    })
}

fn http(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    )
}

const JSON: &str = "Content-Type: application/json\r\n";

#[test]
fn each_is_named_with_what_it_did() {
    let closed = {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        format!("http://localhost:{}", listener.local_addr().unwrap().port())
    };
    let endless = answering(|mut stream| {
        hear(&mut stream);
        let head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\n\r\n{\"a\":\"";
        let mut going = stream.write_all(head.as_bytes());
        while going.is_ok() {
            going = stream.write_all(&[b'a'; 65536]);
        }
    });
    let silent = answering(std::mem::forget);
    let html = "<!DOCTYPE html><title>Sign in</title>";
    let hostile = r#"{"status":"failed","errorMessage":"no \u001b[2J such \u202e account"}"#;
    let missing = r#"{"status":"failed","errorMessage":"there is nothing at this path"}"#;
    let servers = [
        ("nobody", closed),
        ("a page", saying(http("200 OK", "Content-Type: text/html; charset=utf-8\r\n", html))),
        ("an error page", saying(http("404 Not Found", "Content-Type: text/html\r\n", html))),
        ("elsewhere", saying(http("302 Found", "Location: https://evil.example/\r\n", ""))),
        ("elsewhere again", saying(http("308 Permanent Redirect", "Location: /login\r\n", ""))),
        ("a no", saying(http("200 OK", JSON, hostile))),
        ("a bare no", saying(http("403 Forbidden", JSON, "{}"))),
        ("a path that is wrong", saying(http("404 Not Found", JSON, missing))),
        ("an error in JSON", saying(http("200 OK", JSON, r#"{"error":"no such user"}"#))),
        ("half an object", saying(http("200 OK", JSON, r#"{"status":"ok","rp":{"id":"localho"#))),
        ("a gateway", saying(http("504 Gateway Timeout", JSON, r#"{"error":"upstream"}"#))),
        ("no options", saying(http("200 OK", JSON, r#"{"status":"ok"}"#))),
        ("half of it", saying("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{".to_owned())),
        ("not HTTP", saying("220 mail.example.com ESMTP\r\n".to_owned())),
        ("too much", endless),
        ("too busy", saying(http("429 Too Many Requests", "Retry-After: 3600\r\n", ""))),
        ("silence", silent),
    ];
    let mut text = String::new();
    for (what, url) in servers {
        let desk = Desk::empty();
        let patience = if what == "silence" { " --server-timeout 1" } else { "" };
        let outcome = desk.run(&format!("rp audit {url}{patience}"));
        outcome.ended(Exit::Failed);
        assert_eq!(outcome.stdout, "", "{outcome}");
        let shown = outcome.to_string().replace(&url, "http://localhost:PORT");
        writeln!(text, "# {what}\n{shown}").unwrap();
    }
    insta::assert_snapshot!(text);
}

/// A server that refuses everything is not called good, and says so in the report.
#[test]
fn a_server_that_refuses_everything_fails_the_audit() {
    let url = answering(|mut stream| {
        let options = r#"{"status":"ok","rp":{"name":"a"},"user":{"id":"AAAA","name":"a",
            "displayName":"a"},"challenge":"AAAAAAAAAAAAAAAAAAAAAA",
            "pubKeyCredParams":[{"type":"public-key","alg":-7}]}"#;
        let no = r#"{"status":"failed","errorMessage":"no"}"#;
        let answer = match hear(&mut stream).contains("/options ") {
            true => http("200 OK", JSON, options),
            false => http("400 Bad Request", JSON, no),
        };
        stream.write_all(answer.as_bytes()).ok();
    });
    let outcome = Desk::empty().run(&format!("rp audit {url} --case reg-type"));
    outcome.ended(Exit::Rejected);
    insta::assert_snapshot!(outcome.to_string().replace(&url, "http://localhost:PORT"));
}

#[test]
fn tls_is_verified() {
    if !are_installed("tls_is_verified") {
        return;
    }
    let desk = Desk::empty();
    let root = desk.path("root.pem").to_str().unwrap().to_owned();
    let server = Server::start_tls(Library::Webauthn, &root);
    let line = format!("rp audit {} --case reg-type --case auth-type", server.url);
    let stranger = desk.run(&line);
    stranger.ended(Exit::Failed);
    insta::assert_snapshot!(stranger.to_string().replace(&server.url, "https://localhost:PORT"));
    desk.run(&format!("{line} --ca {root}")).succeeded();
}

/// The server takes long, or says something else, after the key has made a credential.
#[test]
fn a_credential_that_was_made_is_not_left_unmentioned() {
    let options = r#"{"status":"ok","rp":{"id":"localhost","name":"a"},"user":{"id":"AAAA",
        "name":"a","displayName":"a"},"challenge":"AAAAAAAAAAAAAAAAAAAAAA",
        "authenticatorSelection":{"residentKey":"RESIDENT"},
        "pubKeyCredParams":[{"type":"public-key","alg":-7}]}"#;
    let serving = |resident: &'static str, result: Option<String>| {
        answering(move |mut stream| {
            let is_first = hear(&mut stream).contains("/options ");
            let first = || http("200 OK", JSON, &options.replace("RESIDENT", resident));
            match result.clone().filter(|_| !is_first).or_else(|| is_first.then(first)) {
                Some(answer) => drop(stream.write_all(answer.as_bytes())),
                None => std::mem::forget(stream),
            }
        })
    };
    let html = http("502 Bad Gateway", "Content-Type: text/html\r\n", "<h1>Bad Gateway</h1>");
    let page = http("200 OK", "Content-Type: text/html\r\n", "<h1>Welcome</h1>");
    let elsewhere = http("303 See Other", "Location: /account\r\n", "");
    let gateway = http("504 Gateway Timeout", JSON, r#"{"error":"upstream timed out"}"#);
    let failed = http("500 Internal Server Error", JSON, r#"{"error":"the database is away"}"#);
    let mut text = String::new();
    for (what, resident, result) in [
        ("an error page", "discouraged", Some(html)),
        ("a page", "required", Some(page)),
        ("elsewhere", "discouraged", Some(elsewhere)),
        ("a gateway", "required", Some(gateway)),
        ("an error of the server", "discouraged", Some(failed)),
        ("neither yes nor no", "required", Some(http("200 OK", JSON, "{}"))),
        ("silence", "required", None),
    ] {
        let url = serving(resident, result);
        let (desk, _key) = Desk::with_key();
        desk.set_pin("123456");
        let pin = desk.file("pin", "123456");
        let outcome =
            desk.run(&format!("rp run {url} --user a --pin-file {pin} --server-timeout 2"));
        assert_ne!(outcome.exit, Exit::Done);
        let shown = outcome.to_string().replace(&url, "http://localhost:PORT");
        let shown = shown.lines().map(|line| {
            let line = match line.split_once("Credential ID  ") {
                Some((before, _)) => format!("{before}Credential ID  …"),
                None => line.to_owned(),
            };
            match line.split_once("credential delete ") {
                Some((before, after)) => {
                    let after = after.trim_start_matches(|c: char| c.is_ascii_hexdigit());
                    format!("{before}credential delete ID{after}")
                }
                None => line,
            }
        });
        let shown: Vec<String> = shown.collect();
        writeln!(text, "# {what}\n{}\n", shown.join("\n")).unwrap();
    }
    insta::assert_snapshot!(text);
}

/// Ctrl-C ends the wait for a server, although it would go on.
#[test]
fn nobody_has_to_wait_for_a_silent_server() {
    let mut text = String::new();
    for line in ["rp audit URL --server-timeout 600", "rp run URL --user a --server-timeout 600"] {
        let (desk, _key) = Desk::with_key();
        let interrupt = desk.interrupt.clone();
        let url = answering(move |stream| {
            interrupt.lock().unwrap().request();
            std::mem::forget(stream);
        });
        let outcome = desk.run(&line.replace("URL", &url));
        outcome.ended(Exit::Interrupted);
        assert_eq!(desk.record.take_of("/dev/hidraw0"), [""; 0], "no key was asked");
        writeln!(text, "{}", outcome.to_string().replace(&url, "http://localhost:PORT")).unwrap();
    }
    insta::assert_snapshot!(text);
}

/// A server that is reached through us: each client that is played has a connection of its own, and
/// `meet` is called with the number of each before it is let through; not where it gives `false`.
fn through(server: &Server, meet: impl Fn(usize) -> bool + Send + 'static) -> String {
    let target = server.url.strip_prefix("http://").unwrap().to_owned();
    let connections = AtomicUsize::new(0);
    answering(move |mut client| {
        if !meet(connections.fetch_add(1, Ordering::SeqCst)) {
            return;
        }
        let Ok(mut server) = TcpStream::connect(&target) else { return };
        let mut back = (server.try_clone().unwrap(), client.try_clone().unwrap());
        thread::spawn(move || std::io::copy(&mut back.0, &mut back.1).ok());
        thread::spawn(move || std::io::copy(&mut client, &mut server).ok());
    })
}

/// What was found before Ctrl-C is not lost.
#[test]
fn an_audit_that_is_interrupted_says_what_it_found() {
    if !are_installed("an_audit_that_is_interrupted") {
        return;
    }
    let cases =
        "--case reg-user-verification --case reg-type --case auth-type --case auth-rp-id-hash";
    let mut text = String::new();
    for format in ["", " --json"] {
        let server = Server::start(Library::Webauthn, Some("user-verification"));
        let desk = Desk::empty();
        let junit = desk.path("junit.xml");
        let interrupt = desk.interrupt.clone();
        let url = through(&server, move |number| {
            // In the third case: after two connections for the opening, and two for each before.
            if number == 6 {
                interrupt.lock().unwrap().request();
                thread::sleep(std::time::Duration::from_millis(300));
            }
            true
        });
        let (origin, file) = (&server.url, junit.display());
        let line = format!("rp audit {url} --origin {origin} {cases} --junit {file}{format}");
        let outcome = desk.run(&line);
        outcome.ended(Exit::Interrupted);
        let xml = std::fs::read_to_string(junit).unwrap();
        let shown = format!("{outcome}\n{xml}\n").replace(&url, "http://localhost:PORT");
        text.push_str(&shown.replace(&server.url, "http://localhost:ORIGIN"));
    }
    insta::assert_snapshot!(text);
}

/// What a server that goes away does not answer is not called rejected.
#[test]
fn a_server_that_dies_during_an_audit_is_not_called_good() {
    const ANSWERED: usize = 12;
    if !are_installed("a_server_that_dies") {
        return;
    }
    let server = Server::start(Library::Webauthn, None);
    let url = through(&server, |number| number < ANSWERED);
    let outcome = Desk::empty().run(&format!("rp audit {url} --origin {} --json", server.url));
    outcome.ended(Exit::Rejected);
    let report = outcome.json();
    let (counts, closing) = (&report["counts"], &report["controls"]["closing"]);
    assert_eq!(report["controls"]["opening"]["accepted"], true, "{outcome}");
    assert_eq!(counts["inconclusive"], 3, "{outcome}");
    assert!(counts["rejected"].as_u64().unwrap() > 0, "{outcome}");
    assert!(counts["not_tried"].as_u64().unwrap() > 70, "{outcome}");
    assert_eq!((&report["passed"], &closing["accepted"]), (&false.into(), &false.into()));
    assert!(closing["reason"].as_str().unwrap().contains("closed the connection"), "{outcome}");
}
