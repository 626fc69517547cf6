//! Conversations with the virtual key, recorded as packets.

use super::run::{Conversation, Job, description, run};
use crate::harness::Assembly;
use fidokey::cli::exit::Exit;
use fidokey::transport::{
    Bus, BusError, Connection, ConnectionError, KeyDescription, KeyPath, OpenError, Replug,
    ReportSizes,
};
use fidokey::virtual_key::{
    KeySettings, ManualClock, Nobody, SeededRandomness, Surroundings, Touch, VirtualBus, VirtualKey,
};
use fidokey::webauthn::base64url;
use serde_json::{Value as Json, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;

struct RecordingBus {
    inner: Arc<VirtualBus>,
    conversation: Arc<Mutex<Conversation>>,
}

impl Bus for RecordingBus {
    fn keys(&self) -> Result<Vec<KeyDescription>, BusError> {
        self.inner.keys()
    }

    fn open(&self, path: &KeyPath) -> Result<Box<dyn Connection>, OpenError> {
        let inner = self.inner.open(path)?;
        let conversation = self.conversation.clone();
        Ok(Box::new(RecordingConnection { inner, conversation, pending: Assembly::default() }))
    }

    fn wait_for_change(&self, timeout: Duration) {
        self.inner.wait_for_change(timeout);
    }

    fn replug(&self, path: &KeyPath) -> Result<Replug, OpenError> {
        self.inner.replug(path)?;
        Ok(Replug::Done)
    }
}

struct RecordingConnection {
    inner: Box<dyn Connection>,
    conversation: Arc<Mutex<Conversation>>,
    pending: Assembly,
}

impl Connection for RecordingConnection {
    fn report_sizes(&self) -> ReportSizes {
        ReportSizes::USUAL
    }

    fn send(&mut self, report: &[u8]) -> Result<(), ConnectionError> {
        if self.pending.take(report).is_some() {
            self.conversation.lock().unwrap().turns.push(Vec::new());
        }
        self.inner.send(report)
    }

    fn receive(
        &mut self,
        report: &mut [u8],
        timeout: Duration,
    ) -> Result<Option<usize>, ConnectionError> {
        let received = self.inner.receive(report, timeout)?;
        if let Some(length) = received {
            let mut conversation = self.conversation.lock().unwrap();
            conversation.turns.last_mut().unwrap().push(report[..length].to_vec());
        }
        Ok(received)
    }
}

/// Records a conversation for every command that talks to a key.
pub(super) fn record(home: &std::path::Path) -> Vec<Job> {
    let file = |name: &str, content: &[u8]| {
        let path = home.join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let clock = ManualClock::leaping();
    let surroundings = Surroundings {
        clock: clock.clone(),
        randomness: SeededRandomness::new(9),
        touch_source: Arc::new(Nobody),
    };
    let bus = Arc::new(VirtualBus::new(None, surroundings.clone(), Touch::Auto));
    let key =
        VirtualKey::volatile(description(), KeySettings::default(), Touch::Auto, surroundings);
    bus.plug(&key).unwrap();
    let pin = file("pin", b"1234");
    let new_pin = file("new-pin", b"12345");
    let saved = home.join("saved").to_str().unwrap().to_owned();
    let mut jobs = Vec::new();
    let mut job = |line: String| {
        let conversation = Arc::new(Mutex::new(Conversation::default()));
        let recording = RecordingBus { inner: bus.clone(), conversation: conversation.clone() };
        let ran = run(&line, Arc::new(recording), clock.clone());
        let words = String::from_utf8_lossy(&ran.stderr);
        assert_eq!(ran.exit, Exit::Done, "{line}: {words}");
        let conversation = conversation.lock().unwrap().clone();
        jobs.push(Job { line, conversation });
        ran.stdout
    };
    job("info".into());
    job("info --json".into());
    job("list".into());
    //job("wink".into());
    job("register --rp a.example --user al --json".into());
    job(format!("pin set --new-pin-file {pin}"));
    job("pin status".into());
    job(format!(
        "register --rp a.example --user al --user-id YWxh --resident --pin-file {pin} --save {saved} --yes --cred-protect 2 --hmac-secret"
    ));
    // The program's randomness begins anew in every run, so random user IDs would be the same.
    for user in ["bobb", "caro"] {
        job(format!(
            "register --rp a.example --user {user} --user-id {user} --resident --algorithm EdDSA --pin-file {pin} --json"
        ));
    }
    job(format!(
        "register --rp ssh.example --user dave --user-id dave --resident --pin-file {pin} --min-pin-length --cred-blob AAEC"
    ));
    job(format!("assert --rp a.example --registration {saved} --pin-file {pin}"));
    job(format!("assert --rp a.example --pin-file {pin} --choose 3 --json"));
    let secret = home.join("secret").to_str().unwrap().to_owned();
    job(format!(
        "assert --rp a.example --registration {saved} --pin-file {pin} --hmac-salt {} --secret-out {secret} --json",
        "00".repeat(32)
    ));
    // What a server asks for: a large blob is written and read, and a list is longer than the key takes.
    let asked = |extensions: Json| {
        json!({
            "rp": {"id": "b.example", "name": "b"},
            "user": {"id": "ZXZlZQ", "name": "eve", "displayName": "eve"},
            "challenge": "AAECAwQFBgcICQoLDA0ODw",
            "pubKeyCredParams": [],
            "authenticatorSelection": {"residentKey": "required"},
            "extensions": extensions
        })
    };
    let everything =
        asked(json!({"prf": {}, "largeBlob": {}, "credProps": true, "minPinLength": true}));
    let creation = file("creation", everything.to_string().as_bytes());
    let made = job(format!("register --options {creation} --pin-file {pin} --json"));
    let made: Json = serde_json::from_slice(&made).unwrap();
    let mut listed = vec![json!({"type": "public-key", "id": made["id"]})];
    let allowing = |listed: &[Json], extensions: Json| {
        let options = json!({
            "challenge": "AAECAwQFBgcICQoLDA0ODw",
            "rpId": "b.example",
            "allowCredentials": listed,
            "extensions": extensions
        });
        options.to_string()
    };
    let write = allowing(
        &listed,
        json!({"largeBlob": {"write": "AQID"}, "prf": {"eval": {"first": "AQ"}}}),
    );
    let write = file("write", write.as_bytes());
    job(format!("assert --options {write} --pin-file {pin} --prf-in-response --json"));
    let read = file("read", allowing(&listed, json!({"largeBlob": {"read": true}})).as_bytes());
    job(format!("assert --options {read} --pin-file {pin}"));
    let other = base64url::encode(&[7; 96]);
    listed.extend(std::iter::repeat_n(json!({"type": "public-key", "id": other}), 100));
    listed.reverse();
    let long = file("long", allowing(&listed, json!({})).as_bytes());
    job(format!("assert --options {long} --pin-file {pin}"));
    job(format!("credential list --pin-file {pin}"));
    let listed = job(format!("credential list --pin-file {pin} --json"));
    let listed: serde_json::Value = serde_json::from_slice(&listed).unwrap();
    let ids: Vec<String> = listed["credentials"]
        .as_array()
        .unwrap()
        .iter()
        .map(|credential| credential["id"].as_str().unwrap().to_owned())
        .collect();
    job(format!("credential show --pin-file {pin} -- {}", ids[0]));
    job(format!("credential rename --pin-file {pin} --name zoe -- {}", ids[1]));
    job(format!("credential delete --yes --pin-file {pin} -- {}", ids[2]));
    job(format!("pin verify --pin-file {pin}"));
    job(format!("pin change --pin-file {pin} --new-pin-file {new_pin}"));
    job("reset --yes".into());
    jobs
}
