//! Other people's WebAuthn verifiers as judges of what we make: python-fido2, py_webauthn and
//! @simplewebauthn/server, each a process that answers one JSON line with another.
//!
//! `tests/judges/judge.py` describes the lines, `tests/judges/setup` installs the verifiers. Bytes
//! are base64url without padding throughout, as in WebAuthn JSON.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::skipped::skip;

pub const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/judges");
pub const INSTALLED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/judges");

/// No judge takes longer, however busy the machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// What a judge is asked: a response, and what its relying party expects.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Request {
    /// The RegistrationResponseJSON or AuthenticationResponseJSON.
    pub response: Value,
    pub challenge: String,
    pub origin: String,
    pub rp_id: String,
    pub require_user_verification: bool,
    #[serde(flatten)]
    pub ceremony: Ceremony,
}

/// What a relying party knows besides, which differs by ceremony.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "ceremony", rename_all = "lowercase")]
pub enum Ceremony {
    Registration {
        /// The COSE algorithms that were offered.
        algorithms: Vec<i64>,
        /// In DER. With any, an attestation certificate must chain to one of them; a root that is
        /// itself in the attestation is refused by @simplewebauthn/server.
        roots: Vec<String>,
    },
    Authentication(Registered),
}

/// What a relying party keeps of a registration.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Registered {
    pub credential_id: String,
    /// A COSE key.
    pub public_key: String,
    pub sign_count: u32,
    pub user_handle: Option<String>,
}

/// What a judge read in a response that it accepts.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Facts {
    pub credential_id: String,
    pub sign_count: u32,
    pub user_verified: bool,
    /// What only a registration says.
    #[serde(flatten)]
    pub registration: Option<RegistrationFacts>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct RegistrationFacts {
    pub public_key: String,
    pub aaguid: String,
    pub fmt: String,
    /// "none", "self" or "basic", from python-fido2; the others do not say.
    pub attestation_type: Option<String>,
}

/// Why a judge rejects a response.
#[derive(Clone, Debug, Deserialize)]
pub struct Rejection {
    pub reason: String,
    /// "library", or "relying party" for a rule that the library leaves to its caller.
    pub rejected_by: String,
}

#[derive(Clone, Debug)]
pub struct Verdict {
    pub judge: String,
    pub outcome: Result<Facts, Rejection>,
}

/// The three judges, ready to be asked.
pub struct Judges(Vec<Judge>);

impl Judges {
    /// Starts the judges for `test`.
    ///
    /// `None` where they are not installed: the test is then skipped, loudly; in continuous
    /// integration it fails.
    pub fn start(test: &str) -> Option<Judges> {
        let check = Command::new("bash").arg(format!("{FOLDER}/setup")).arg("--check").output();
        if !check.is_ok_and(|output| output.status.success()) {
            skip(test, "the judges are not installed; tests/judges/setup installs them");
            return None;
        }
        let python = |package| {
            let mut command = python();
            command.arg(format!("{FOLDER}/judge.py")).arg(package);
            command
        };
        let mut node = Command::new("node");
        node.arg(format!("{FOLDER}/judge.mjs")).env("JUDGES_NODE", format!("{INSTALLED}/node"));
        Some(Judges([python("fido2"), python("webauthn"), node].map(Judge::start).into()))
    }

    /// Asks all judges, at the same time.
    pub fn ask(&mut self, request: &Request) -> Vec<Verdict> {
        for judge in &mut self.0 {
            judge.send(request);
        }
        self.0.iter().map(Judge::verdict).collect()
    }

    /// Fails unless all judges accept and read the same. Returns what they read.
    pub fn accept(&mut self, what: &str, request: &Request) -> Facts {
        let verdicts = self.ask(request);
        let mut read = verdicts.iter().map(|Verdict { judge, outcome }| match outcome {
            Ok(facts) => facts.clone(),
            Err(Rejection { reason, .. }) => panic!("{what}: {judge} rejects it: {reason}"),
        });
        // python-fido2, which is first, says the most.
        let facts = read.next().unwrap();
        for mut other in read {
            if let (Some(other), Some(first)) = (&mut other.registration, &facts.registration) {
                other.attestation_type.clone_from(&first.attestation_type);
            }
            assert_eq!(facts, other, "{what}: judges read different things");
        }
        facts
    }

    /// Fails unless all judges reject.
    pub fn reject(&mut self, what: &str, request: &Request) -> Vec<Rejection> {
        let verdicts = self.ask(request).into_iter();
        verdicts
            .map(|Verdict { judge, outcome }| match outcome {
                Ok(_) => panic!("{what}: {judge} accepts it"),
                Err(rejection) => rejection,
            })
            .collect()
    }
}

struct Judge {
    name: String,
    process: Child,
    requests: ChildStdin,
    replies: Receiver<String>,
}

impl Judge {
    fn start(mut command: Command) -> Judge {
        let mut process =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a judge starts");
        let requests = process.stdin.take().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let (sender, replies) = channel();
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let mut judge = Judge { name: format!("{command:?}"), process, requests, replies };
        let greeting = judge.reply();
        judge.name = format!("{} {}", greeting["judge"], greeting["version"]).replace('"', "");
        judge
    }

    fn send(&mut self, request: &Request) {
        writeln!(self.requests, "{}", json!(request)).expect("a judge listens");
    }

    fn reply(&self) -> Value {
        match self.replies.recv_timeout(PATIENCE) {
            Ok(line) => serde_json::from_str(&line).expect("a judge answers in JSON"),
            Err(error) => panic!("no answer from {}: {error}", self.name),
        }
    }

    fn verdict(&self) -> Verdict {
        let reply = self.reply();
        let outcome = match reply["accepted"].as_bool() {
            Some(true) => Ok(serde_json::from_value(reply).unwrap()),
            Some(false) => Err(serde_json::from_value(reply).unwrap()),
            None => panic!("{} did not understand the question: {reply}", self.name),
        };
        Verdict { judge: self.name.clone(), outcome }
    }
}

impl Drop for Judge {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// The Python that has the judges.
pub fn python() -> Command {
    Command::new(format!("{INSTALLED}/venv/bin/python"))
}

/// A line of `tests/judges/fixtures.py`.
#[derive(Deserialize)]
struct Fixture {
    name: String,
    accepted: bool,
    request: Request,
}

fn fixtures() -> Vec<Fixture> {
    let output = python().arg(format!("{FOLDER}/fixtures.py")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = output.stdout.lines().map(Result::unwrap);
    lines.map(|line| serde_json::from_str(&line).unwrap()).collect()
}

#[test]
fn judges_accept_what_is_right_and_reject_each_single_fault() {
    let Some(mut judges) = Judges::start("judges") else { return };
    let fixtures = fixtures();
    for Fixture { name, accepted, request } in &fixtures {
        if *accepted {
            let facts = judges.accept(name, request);
            assert_eq!(facts.credential_id, request.response["id"], "{name}");
        } else {
            let rejections = judges.reject(name, request);
            // What was changed behind a signature, the libraries themselves must notice.
            if name.contains("bit changed") {
                for Rejection { reason, rejected_by } in rejections {
                    assert_eq!(rejected_by, "library", "{name}: {reason}");
                }
            }
        }
    }
    let accepted = fixtures.iter().filter(|fixture| fixture.accepted).count();
    assert!(accepted >= 18 && fixtures.len() >= 250, "{accepted} of {}", fixtures.len());
}
