//! `fidokey rp serve`: the service on a real socket, asked as programs and browsers ask it.

mod command;
mod conformance;
mod models;
mod people;
mod refusals;
mod words;

use crate::harness::{Desk, now};
use fidokey::ctap::{Random, RandomError};
use fidokey::relying_party::accounts::state::State;
use fidokey::relying_party::identity::{Identity, Profile};
use fidokey::relying_party::party::{RelyingParty, Store, Surroundings};
use fidokey::relying_party::service::{Bound, Limits, serve};
use fidokey::relying_party::trust::Trust;
use fidokey::transport::{Clock, Interrupt};
use fidokey::virtual_key::{Randomness, SeededRandomness};
use fidokey::webauthn::origin::Origin;
use serde_json::Value;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// No answer takes longer, however busy the machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A clock that stands until it is moved.
#[derive(Clone, Default)]
pub struct HandClock(Arc<AtomicU64>);

impl HandClock {
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(by.as_secs(), Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::SeqCst))
    }
}

struct Seeded(Arc<SeededRandomness>);

impl Random for Seeded {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RandomError> {
        self.0.fill(bytes).map_err(|error| RandomError(error.to_string()))
    }
}

/// What was kept last, or a disk that is full.
#[derive(Clone, Default)]
pub struct Kept(pub Arc<Mutex<Option<Vec<u8>>>>, pub Arc<Mutex<bool>>);

impl Store for Kept {
    fn save(&mut self, bytes: &[u8]) -> io::Result<()> {
        if *self.1.lock().unwrap() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        *self.0.lock().unwrap() = Some(bytes.to_vec());
        Ok(())
    }
}

/// How a service is set up.
#[derive(Clone, Default)]
pub struct Setup {
    pub profile: Profile,
    pub limits: Limits,
    pub origin: Option<&'static str>,
    pub state: State,
}

/// A service that runs until it is dropped.
pub struct Service {
    pub port: u16,
    pub origin: String,
    pub clock: HandClock,
    pub kept: Kept,
    interrupt: Interrupt,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl Service {
    pub fn start() -> Self {
        Self::with(Setup::default())
    }

    pub fn with(setup: Setup) -> Self {
        Self::trusting(setup, Trust::default())
    }

    /// One that believes somebody about the models of keys.
    pub fn trusting(setup: Setup, trust: Trust) -> Self {
        let bound = Bound::bind(&[], 0).unwrap();
        let port = bound.port();
        let origin = setup.origin.map_or(format!("http://localhost:{port}"), str::to_owned);
        let identity = Identity::of(Origin::parse(&origin).unwrap(), setup.profile).unwrap();
        let (clock, kept, interrupt) = (HandClock::default(), Kept::default(), Interrupt::new());
        let thread = std::thread::spawn({
            let (clock, kept, interrupt) = (clock.clone(), kept.clone(), interrupt.clone());
            move || {
                let mut random = Seeded(SeededRandomness::new(11));
                let surroundings = Surroundings {
                    random: &mut random,
                    clock: Arc::new(clock),
                    now: now(),
                    began: Duration::ZERO,
                    store: Some(Box::new(kept)),
                };
                let party = RelyingParty::new(identity, surroundings, trust, setup.state);
                serve(bound, party, setup.limits, &interrupt)
            }
        });
        Self { port, origin, clock, kept, interrupt, thread: Some(thread) }
    }

    pub fn client(&self) -> Client {
        Client { port: self.port, cookies: Vec::new() }
    }

    /// Opens a connection and says this.
    pub fn connection(&self) -> TcpStream {
        connect(self.port)
    }

    /// Says this on a connection of its own; gives the answer.
    pub fn raw(&self, request: impl AsRef<[u8]>) -> Reply {
        let mut stream = self.connection();
        stream.write_all(request.as_ref()).unwrap();
        Reply::read(&mut stream)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.interrupt.request();
        let ended = self.thread.take().unwrap().join();
        if !std::thread::panicking() {
            ended.unwrap().unwrap();
        }
    }
}

fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Reply {
    fn read(stream: &mut TcpStream) -> Self {
        let mut bytes = Vec::new();
        // A connection that is reset after the answer has given it all the same.
        let read = stream.read_to_end(&mut bytes);
        assert!(read.is_ok() || !bytes.is_empty(), "no answer: {read:?}");
        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).unwrap_or("0").parse().unwrap();
        Self { status, head: head.to_owned(), body: body.to_owned() }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (at, value) = line.split_once(':')?;
            at.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// Fails the test unless it was done; gives the members.
    #[track_caller]
    pub fn ok(&self) -> Value {
        let json = self.json();
        assert_eq!(
            (self.status, &json["status"], &json["errorMessage"]),
            (200, &"ok".into(), &"".into()),
            "{self:?}"
        );
        json
    }

    /// Fails the test if it was done; gives the message.
    #[track_caller]
    pub fn failed(&self) -> String {
        let json = self.json();
        assert_eq!(json["status"], "failed", "{self:?}");
        assert!(self.status >= 400, "{self:?}");
        format!("{} {}", self.status, json["errorMessage"].as_str().unwrap())
    }
}

/// A program that keeps cookies.
#[derive(Clone)]
pub struct Client {
    port: u16,
    cookies: Vec<(String, String)>,
}

impl Client {
    pub fn post(&mut self, path: &str, body: &Value) -> Reply {
        self.send("POST", path, "Content-Type: application/json\r\n", &body.to_string())
    }

    pub fn get(&mut self, path: &str) -> Reply {
        self.send("GET", path, "", "")
    }

    /// Sends a request with these header lines.
    pub fn send(&mut self, method: &str, path: &str, lines: &str, body: &str) -> Reply {
        let pairs: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cookie = if pairs.is_empty() {
            String::new()
        } else {
            format!("Cookie: {}\r\n", pairs.join("; "))
        };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost:{}\r\nConnection: close\r\n\
             Content-Length: {}\r\n{lines}{cookie}\r\n{body}",
            self.port,
            body.len()
        );
        let mut stream = connect(self.port);
        stream.write_all(request.as_bytes()).unwrap();
        let reply = Reply::read(&mut stream);
        for line in reply.head.lines() {
            if let Some(cookie) = line.strip_prefix("set-cookie: ") {
                let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
                self.cookies.retain(|(at, _)| at != name);
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        reply
    }

    /// Forgets every cookie.
    pub fn forget(&mut self) {
        self.cookies.clear();
    }
}

/// Has the desk's key answer creation options.
pub fn register(desk: &Desk, origin: &str, options: &Value, more: &str) -> Value {
    let text = |path: &str| options.pointer(path).unwrap().as_str().unwrap().to_owned();
    let line = format!(
        "register --json --rp {} --user {} --user-id {} --challenge {} --origin {origin} {more}",
        text("/rp/id"),
        text("/user/name"),
        text("/user/id"),
        text("/challenge"),
    );
    let outcome = desk.run(&line);
    outcome.succeeded();
    outcome.json()
}

/// Has the desk's key answer request options.
pub fn assert(desk: &Desk, origin: &str, options: &Value, more: &str) -> Value {
    let text = |path: &str| options.pointer(path).unwrap().as_str().unwrap().to_owned();
    let mut line = format!(
        "assert --json --rp {} --challenge {} --origin {origin} {more}",
        text("/rpId"),
        text("/challenge"),
    );
    for allowed in options["allowCredentials"].as_array().unwrap() {
        line.push_str(&format!(" --allow {}", allowed["id"].as_str().unwrap()));
    }
    let outcome = desk.run(&line);
    outcome.succeeded();
    outcome.json()
}
