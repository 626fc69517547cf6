//! What the service does not let anybody do.

use super::{Service, Setup};
use fidokey::relying_party::service::Limits;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::time::{Duration, Instant};

/// A request that would be done, with these lines in its head.
fn post(service: &Service, host: &str, lines: &str) -> String {
    let body = r#"{"username":"alice","displayName":"Alice"}"#;
    let port = service.port;
    let request = format!(
        "POST /attestation/options HTTP/1.1\r\n{host}Connection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n{lines}\r\n{body}",
        body.len()
    );
    let reply = service.raw(request);
    let said = if reply.status == 200 { "200".to_owned() } else { reply.failed() };
    said.replace(&port.to_string(), "PORT")
}

#[test]
fn other_hosts_and_origins_are_refused() {
    let service = Service::start();
    let port = service.port;
    let host = format!("Host: localhost:{port}\r\n");
    let origin = &service.origin;
    let cases = [
        ("the right name", host.clone(), String::new()),
        ("an address of this computer", format!("Host: 127.0.0.1:{port}\r\n"), String::new()),
        ("the address in IPv6", format!("Host: [::1]:{port}\r\n"), String::new()),
        ("in capitals", format!("Host: LOCALHOST:{port}\r\n"), String::new()),
        ("no name", String::new(), String::new()),
        ("somebody else's name", "Host: evil.example\r\n".into(), String::new()),
        ("with the right port", format!("Host: evil.example:{port}\r\n"), String::new()),
        ("a name below", format!("Host: localhost.evil.example:{port}\r\n"), String::new()),
        ("another port", "Host: localhost:1\r\n".into(), String::new()),
        ("no port", "Host: localhost\r\n".into(), String::new()),
        ("two names", format!("{host}Host: evil.example\r\n"), String::new()),
        (
            "its own page",
            host.clone(),
            format!("Origin: {origin}\r\nSec-Fetch-Site: same-origin\r\n"),
        ),
        ("another page", host.clone(), "Origin: https://evil.example\r\n".into()),
        ("a page at another port", host.clone(), "Origin: http://localhost:1\r\n".into()),
        ("a page at the address", host.clone(), format!("Origin: http://127.0.0.1:{port}\r\n")),
        ("a page over TLS", host.clone(), format!("Origin: https://localhost:{port}\r\n")),
        ("no page", host.clone(), "Origin: null\r\n".into()),
        ("two pages", host.clone(), format!("Origin: {origin}\r\nOrigin: {origin}\r\n")),
        ("another site", host.clone(), "Sec-Fetch-Site: cross-site\r\n".into()),
        ("a site beside", host.clone(), "Sec-Fetch-Site: same-site\r\n".into()),
        ("typed by hand", host, "Sec-Fetch-Site: none\r\n".into()),
    ];
    let said: Vec<String> = cases
        .iter()
        .map(|(what, host, lines)| format!("{what}: {}", post(&service, host, lines)))
        .collect();
    insta::assert_snapshot!(said.join("\n"));
}

/// Keys work at the origin alone: whoever types the address of the loopback interface is sent there.
#[test]
fn a_browser_is_led_to_the_origin() {
    let service = Service::start();
    let ask = |service: &Service, method: &str, host: &str, path: &str| {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}:{}\r\nConnection: close\r\n\r\n",
            service.port
        );
        let reply = service.raw(request);
        (reply.status, reply.header("location").map(str::to_owned))
    };
    let origin = format!("{}/", service.origin);
    for host in ["127.0.0.1", "[::1]"] {
        for method in ["GET", "HEAD"] {
            assert_eq!(ask(&service, method, host, "/"), (302, Some(origin.clone())), "{host}");
        }
        assert_eq!(ask(&service, "GET", host, "/page.css").0, 200);
    }
    assert_eq!(ask(&service, "GET", "localhost", "/"), (200, None));
    assert_eq!(ask(&service, "GET", "evil.example", "/").0, 421);
    // A proxy may ask by this name: it would be led to itself.
    let behind = Service::with(Setup { origin: Some("https://rp.example"), ..Setup::default() });
    assert_eq!(ask(&behind, "GET", "127.0.0.1", "/"), (200, None));
}

/// Cookies know no ports.
#[test]
fn two_services_do_not_share_their_cookies() {
    let (one, other) = (Service::start(), Service::start());
    let user = json!({"username": "a", "password": "correct horse battery"});
    let name = |service: &Service| {
        let reply = service.client().post("/api/sign-up", &user);
        reply.ok();
        reply.header("set-cookie").unwrap().split('=').next().unwrap().to_owned()
    };
    assert_eq!(name(&one), format!("fidokey_session_{}", one.port));
    assert_eq!(name(&other), format!("fidokey_session_{}", other.port));
}

#[test]
fn a_preflight_gives_no_leave() {
    let service = Service::start();
    let reply = service.client().send(
        "OPTIONS",
        "/attestation/options",
        "Origin: https://evil.example\r\nAccess-Control-Request-Method: POST\r\n",
        "",
    );
    assert_eq!(reply.status, 403);
    assert_eq!(reply.header("access-control-allow-origin"), None);
    let reply = service.client().send("OPTIONS", "/attestation/options", "", "");
    assert_eq!(reply.status, 405);
}

#[test]
fn bodies_are_json_of_a_bounded_length() {
    let service = Service::start();
    let mut client = service.client();
    let json = "Content-Type: application/json\r\n";
    let mut said = Vec::new();
    let mut send = |what: &str, path: &str, lines: &str, body: &str| {
        said.push(format!("{what}: {}", client.send("POST", path, lines, body).failed()));
    };
    let user = r#"{"username":"alice","displayName":"Alice"}"#;
    send("no type", "/attestation/options", "", user);
    send("a form", "/attestation/options", "Content-Type: text/plain\r\n", user);
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    send("another form", "/attestation/options", form, "username=alice");
    send("nothing", "/attestation/options", json, "");
    send("no JSON", "/attestation/options", json, "{\"username\":\n  alice}");
    send("a list", "/attestation/options", json, "[]");
    send("no name", "/attestation/options", json, "{}");
    send("a number", "/attestation/options", json, r#"{"username":1,"displayName":""}"#);
    send("an empty name", "/attestation/options", json, r#"{"username":" ","displayName":""}"#);
    let long = json!({"username": "a".repeat(65), "displayName": ""}).to_string();
    send("a long name", "/attestation/options", json, &long);
    let long = json!({"username": "a", "displayName": "a".repeat(257)}).to_string();
    send("a long display name", "/attestation/options", json, &long);
    let control = json!({"username": "a\u{7}b", "displayName": ""}).to_string();
    send("a control character", "/attestation/options", json, &control);
    for unseen in ["alice\u{202e}", "al\u{200b}ice"] {
        let unseen = json!({"username": unseen, "displayName": ""}).to_string();
        send("a character that cannot be seen", "/attestation/options", json, &unseen);
    }
    let extensions =
        json!({"username": "alice", "displayName": "", "extensions": {"a": "a".repeat(4096)}});
    send("long extensions", "/attestation/options", json, &extensions.to_string());
    let huge = json!({"username": "a".repeat(300_000), "displayName": ""}).to_string();
    send("too long", "/attestation/options", json, &huge);
    send("nested", "/attestation/options", json, &"[".repeat(100_000));
    send("no response", "/attestation/result", json, "{}");
    send(
        "no base64",
        "/attestation/result",
        json,
        r#"{"id":"a","rawId":"%","response":{},"type":""}"#,
    );
    send("no response", "/assertion/result", json, "{\n\"id\": 3}");
    insta::assert_snapshot!(said.join("\n"));
    // The service still answers.
    client.send("POST", "/attestation/options", json, user).ok();
}

#[test]
fn other_paths_and_methods_lead_nowhere() {
    let service = Service::start();
    let mut client = service.client();
    let mut said = Vec::new();
    for (method, path) in [
        ("GET", "/no/such"),
        ("GET", "/../../etc/passwd"),
        ("GET", "/%2e%2e/%2e%2e/etc/passwd"),
        ("GET", "/..%2f..%2fetc%2fpasswd"),
        ("GET", "//etc/passwd"),
        ("GET", "/attestation/options"),
        ("DELETE", "/attestation/options"),
        ("POST", "/attestation"),
    ] {
        let reply = client.send(method, path, "", "");
        assert!(!reply.body.contains("root:"), "{reply:?}");
        said.push(format!("{method} {path}: {}", reply.failed()));
    }
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn every_answer_tells_browsers_to_be_strict() {
    let service = Service::start();
    let mut client = service.client();
    for reply in [
        client.post("/attestation/options", &json!({"username": "a", "displayName": ""})),
        client.get("/no/such"),
        service.raw("GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"),
    ] {
        let policy = reply.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(reply.header(name), Some(value), "{reply:?}");
        }
        assert_eq!(reply.header("access-control-allow-origin"), None);
    }
}

#[test]
fn a_session_cookie_is_kept_from_scripts_and_other_sites() {
    let service = Service::start();
    let user = json!({"username": "a", "displayName": ""});
    let mut client = service.client();
    let reply = client.post("/attestation/options", &user);
    let cookie = reply.header("set-cookie").unwrap();
    assert!(cookie.starts_with("fidokey_session_"), "{cookie}");
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict"), "{cookie}");
    // It is set once.
    assert_eq!(client.post("/attestation/options", &user).header("set-cookie"), None);
    // Behind a proxy that speaks TLS it is for TLS alone.
    let setup = Setup { origin: Some("https://rp.example"), ..Setup::default() };
    let service = Service::with(setup);
    let body = user.to_string();
    let request = format!(
        "POST /attestation/options HTTP/1.1\r\nHost: rp.example\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let reply = service.raw(request);
    assert!(reply.header("set-cookie").unwrap().ends_with("; Secure"), "{reply:?}");
}

#[test]
fn slow_clients_are_let_go() {
    let limits = Limits {
        head: Duration::from_millis(300),
        body: Duration::from_millis(300),
        ..Limits::default()
    };
    let service = Service::with(Setup { limits, ..Setup::default() });
    let began = Instant::now();
    // A head that never ends.
    let mut head = service.connection();
    head.write_all(b"POST /attestation/options HTTP/1.1\r\nHost: localhost\r\nX-Slow: ").unwrap();
    let mut answer = String::new();
    head.read_to_string(&mut answer).unwrap();
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
    // A body that never ends.
    let mut body = service.connection();
    let request = format!(
        "POST /attestation/options HTTP/1.1\r\nHost: localhost:{}\r\n\
         Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{",
        service.port
    );
    body.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    body.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.ends_with(r#""errorMessage":"the body came too slowly"}"#), "{answer}");
    // Nothing at all, and an idle connection after an answer.
    let mut silent = service.connection();
    assert_eq!(silent.read(&mut [0; 1]).unwrap(), 0);
    assert!(began.elapsed() < Duration::from_secs(30));
}

#[test]
fn connections_beyond_the_most_wait_their_turn() {
    let limits = Limits { connections: 2, head: Duration::from_millis(500), ..Limits::default() };
    let service = Service::with(Setup { limits, ..Setup::default() });
    let silent: Vec<_> = (0..4).map(|_| service.connection()).collect();
    // When the silent ones have been let go, it is this one's turn.
    service
        .client()
        .post("/attestation/options", &json!({"username": "a", "displayName": ""}))
        .ok();
    drop(silent);
}

#[test]
fn requests_beyond_the_rate_are_refused() {
    let limits = Limits { burst: 3, rate: 1, ..Limits::default() };
    let service = Service::with(Setup { limits, ..Setup::default() });
    let user: Value = json!({"username": "a", "displayName": ""});
    let mut client = service.client();
    let refused = (0..4).find_map(|_| {
        let reply = client.post("/attestation/options", &user);
        (reply.status == 429).then_some(reply)
    });
    let refused = refused.unwrap();
    assert_eq!(refused.header("retry-after"), Some("1"));
    insta::assert_snapshot!(refused.failed(), @"429 too many requests at once; wait a moment");
    service.clock.advance(Duration::from_secs(1));
    assert_eq!(client.post("/attestation/options", &user).status, 200);
}
