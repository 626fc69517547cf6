//! Mutated traffic: what a key said in real conversations, changed and said again, through channel,
//! decoder, ceremony and view.
//!
//! Conversations of every command with the virtual key are recorded as packets. A case replays one
//! of them with a change in one reply: in a packet, in the bytes of a message, or in the tree of its
//! CBOR. The program's randomness is the same in every replay, so everything before the change is
//! accepted, PIN tokens included, and the change arrives where it was aimed at.
//!
//! The suite runs a few thousand cases. A million:
//!
//! ```sh
//! FIDOKEY_MUTATIONS=1000000 cargo test --release --test suite mutations -- --nocapture
//! ```

use fidokey::cli::exit::Exit;
use fidokey::cli::world::{Setting, World};
use fidokey::ctap::{Random, RandomError};
use fidokey::transport::{
    Bus, BusError, Clock, Connection, ConnectionError, Interrupt, KeyDescription, KeyKind, KeyPath,
    OpenError, Replug, ReportSizes,
};
use fidokey::virtual_key::{
    KeySettings, ManualClock, Nobody, Randomness, SeededRandomness, Surroundings, Touch,
    VirtualBus, VirtualKey,
};
use fidokey::webauthn::base64url;
use fidokey::wire::cbor::{self, Value};
use fidokey::wire::ctaphid::{Assembler, Command, Packet, PacketKind, split};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, VecDeque};
use std::ffi::OsString;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

/// The most that one case may take, in real time on a busy machine.
const MOST_TIME: Duration = Duration::from_secs(5);
/// The most that one case may have in memory at once, in bytes.
const MOST_MEMORY: u64 = 16 * 1024 * 1024;

const PATH: &str = "/dev/hidraw0";
const REPORT: usize = 64;

/// What a key said after each message of the program.
#[derive(Clone, Default)]
struct Conversation {
    turns: Vec<Vec<Vec<u8>>>,
}

/// A command line and the conversation that it had.
struct Job {
    line: String,
    conversation: Conversation,
}

fn description() -> KeyDescription {
    KeyDescription {
        path: KeyPath(PATH.into()),
        kind: KeyKind::Hid,
        vendor_id: Some(1),
        product_id: Some(2),
        manufacturer: None,
        product: Some("Recorded".into()),
        serial_number: Some("R1".into()),
        port: Some("1-1".into()),
    }
}

/// Numbers that look random, the same for the same seed.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit.max(1)).unwrap()).unwrap()
    }

    fn byte(&mut self) -> u8 {
        const INTERESTING: [u8; 16] = [
            0x00, 0x01, 0x17, 0x18, 0x1b, 0x20, 0x3b, 0x40, 0x5b, 0x5f, 0x7b, 0x80, 0x9f, 0xa0,
            0xbf, 0xff,
        ];
        if self.below(2) == 0 {
            INTERESTING[self.below(INTERESTING.len())]
        } else {
            u8::try_from(self.below(256)).unwrap()
        }
    }
}

/// The program's randomness, the same in recording and replay.
struct ProgramRandom(Arc<SeededRandomness>);

impl Random for ProgramRandom {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RandomError> {
        self.0.fill(bytes).map_err(|error| RandomError(error.to_string()))
    }
}

struct Ran {
    exit: Exit,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

fn run(line: &str, bus: Arc<dyn Bus>, clock: Arc<dyn Clock>) -> Ran {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let mut stdin: &[u8] = b"";
    let mut random = ProgramRandom(SeededRandomness::new(5));
    let world = World {
        stdout: &mut stdout,
        stderr: &mut stderr,
        stdin: &mut stdin,
        terminal: None,
        setting: Setting {
            stderr_is_terminal: false,
            stdout_is_terminal: false,
            no_color: true,
            data_directory: None,
        },
        host: fidokey::host::Host::this_machine(),
        bus,
        clock,
        now: SystemTime::UNIX_EPOCH,
        random: &mut random,
        interrupt: Interrupt::new(),
    };
    let arguments = ["fidokey"].into_iter().chain(line.split_whitespace()).map(OsString::from);
    let exit = fidokey::cli::run(arguments, world);
    Ran { exit, stdout, stderr }
}

// Recording.

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
        Ok(Box::new(RecordingConnection { inner, conversation, pending: None }))
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
    pending: Option<Assembler>,
}

/// Follows what the program sends; true when a message is complete.
fn completes(pending: &mut Option<Assembler>, report: &[u8]) -> bool {
    let packet = Packet::parse(report).unwrap();
    match packet.kind {
        PacketKind::Init { command, length } => {
            *pending = Some(Assembler::start(command, length, packet.data, report.len()).unwrap());
        }
        PacketKind::Continuation { sequence } => {
            if let Some(message) = pending {
                message.push(sequence, packet.data).unwrap();
            }
        }
    }
    pending.take_if(|message| message.is_complete()).is_some()
}

impl Connection for RecordingConnection {
    fn report_sizes(&self) -> ReportSizes {
        ReportSizes::USUAL
    }

    fn send(&mut self, report: &[u8]) -> Result<(), ConnectionError> {
        if completes(&mut self.pending, report) {
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
fn record(home: &std::path::Path) -> Vec<Job> {
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
        "register --rp a.example --user al --user-id YWxh --resident --pin-file {pin} --save {saved} --cred-protect 2 --hmac-secret"
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

// Replay.

struct ReplayBus {
    turns: Arc<Mutex<VecDeque<Vec<Vec<u8>>>>>,
    clock: Arc<ManualClock>,
}

impl Bus for ReplayBus {
    fn keys(&self) -> Result<Vec<KeyDescription>, BusError> {
        Ok(vec![description()])
    }

    fn open(&self, _: &KeyPath) -> Result<Box<dyn Connection>, OpenError> {
        Ok(Box::new(ReplayConnection {
            turns: self.turns.clone(),
            clock: self.clock.clone(),
            pending: None,
            arriving: VecDeque::new(),
        }))
    }

    fn wait_for_change(&self, timeout: Duration) {
        self.clock.advance(timeout);
    }

    fn replug(&self, _: &KeyPath) -> Result<Replug, OpenError> {
        Ok(Replug::Done)
    }
}

struct ReplayConnection {
    turns: Arc<Mutex<VecDeque<Vec<Vec<u8>>>>>,
    clock: Arc<ManualClock>,
    pending: Option<Assembler>,
    arriving: VecDeque<Vec<u8>>,
}

impl Connection for ReplayConnection {
    fn report_sizes(&self) -> ReportSizes {
        ReportSizes::USUAL
    }

    fn send(&mut self, report: &[u8]) -> Result<(), ConnectionError> {
        if completes(&mut self.pending, report) {
            self.arriving.extend(self.turns.lock().unwrap().pop_front().unwrap_or_default());
        }
        Ok(())
    }

    fn receive(
        &mut self,
        report: &mut [u8],
        timeout: Duration,
    ) -> Result<Option<usize>, ConnectionError> {
        match self.arriving.pop_front() {
            Some(packet) => {
                let length = packet.len().min(report.len());
                report[..length].copy_from_slice(&packet[..length]);
                Ok(Some(length))
            }
            None => {
                self.clock.advance(timeout.max(Duration::from_millis(1)));
                Ok(None)
            }
        }
    }
}

// Mutation.

/// Changes one turn of a conversation.
fn mutate(turn: &mut Vec<Vec<u8>>, dice: &mut Dice) {
    if turn.is_empty() {
        return;
    }
    match dice.below(8) {
        0 => mutate_packets(turn, dice),
        1..=3 => mutate_message(turn, dice, mutate_bytes),
        _ => mutate_message(turn, dice, mutate_tree),
    }
}

fn mutate_packets(turn: &mut Vec<Vec<u8>>, dice: &mut Dice) {
    let at = dice.below(turn.len());
    match dice.below(6) {
        0 => drop(turn.remove(at)),
        1 => turn.insert(at, turn[at].clone()),
        2 => turn.swap(at, dice.below(at + 1)),
        3 => {
            let length = dice.below(REPORT);
            turn[at].truncate(length);
        }
        _ => {
            for _ in 0..=dice.below(3) {
                let (place, byte) = (dice.below(turn[at].len()), dice.byte());
                if let Some(old) = turn[at].get_mut(place) {
                    *old = byte;
                }
            }
        }
    }
}

/// Puts the last message of a turn together, changes its payload, and cuts it into packets again.
fn mutate_message(
    turn: &mut Vec<Vec<u8>>,
    dice: &mut Dice,
    change: fn(Vec<u8>, &mut Dice) -> Vec<u8>,
) {
    let mut first = None;
    let mut message: Option<(u32, Assembler)> = None;
    for (at, report) in turn.iter().enumerate() {
        let packet = Packet::parse(report).unwrap();
        match packet.kind {
            PacketKind::Init { command: Command::KEEPALIVE, .. } => {}
            PacketKind::Init { command, length } => {
                first = Some(at);
                let started = Assembler::start(command, length, packet.data, REPORT).unwrap();
                message = Some((packet.channel, started));
            }
            PacketKind::Continuation { sequence } => {
                message.as_mut().unwrap().1.push(sequence, packet.data).unwrap();
            }
        }
    }
    let (Some(first), Some((channel, message))) = (first, message) else { return };
    let command = message.command();
    let mut payload = change(message.into_payload(), dice);
    payload.truncate(7609);
    turn.truncate(first);
    turn.extend(split(channel, command, &payload, REPORT).unwrap());
}

fn mutate_bytes(mut payload: Vec<u8>, dice: &mut Dice) -> Vec<u8> {
    for _ in 0..=dice.below(3) {
        let at = dice.below(payload.len() + 1);
        match dice.below(8) {
            0 => payload.truncate(at),
            1 => payload.insert(at, dice.byte()),
            2 if at < payload.len() => drop(payload.remove(at)),
            3 => {
                let byte = dice.byte();
                payload.splice(at..at, vec![byte; dice.below(3000)]);
            }
            4 => {
                payload.splice(at..at, [0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
            }
            5 if dice.below(4) == 0 => {
                if let Some(status) = payload.first_mut() {
                    *status = dice.byte();
                }
            }
            _ => {
                let byte = dice.byte();
                if let Some(old) = payload.get_mut(at) {
                    *old = byte;
                }
            }
        }
    }
    payload
}

/// Changes the CBOR after the status byte as a tree, and writes it down again without any rule.
fn mutate_tree(payload: Vec<u8>, dice: &mut Dice) -> Vec<u8> {
    let Some((status, body)) = payload.split_first() else { return payload };
    let Ok(mut tree) = cbor::parse(body).and_then(|item| item.value()) else {
        return mutate_bytes(payload, dice);
    };
    for _ in 0..=dice.below(2) {
        change_somewhere(&mut tree, dice, 0);
    }
    let mut bytes = vec![*status];
    write_loosely(&tree, &mut bytes);
    bytes
}

fn change_somewhere(value: &mut Value, dice: &mut Dice, depth: usize) {
    if depth < 6 && dice.below(4) > 0 {
        match value {
            Value::Map(members) if !members.is_empty() => {
                let at = dice.below(members.len());
                return match dice.below(8) {
                    0 => drop(members.remove(at)),
                    1 => members.insert(at, members[at].clone()),
                    2 => members.swap(at, 0),
                    3 => members[at].0 = any_value(dice),
                    _ => change_somewhere(&mut members[at].1, dice, depth + 1),
                };
            }
            Value::Array(items) if !items.is_empty() => {
                let at = dice.below(items.len());
                return match dice.below(6) {
                    0 => drop(items.remove(at)),
                    1 => {
                        let one = items[at].clone();
                        items.extend(std::iter::repeat_n(one, dice.below(600)));
                    }
                    _ => change_somewhere(&mut items[at], dice, depth + 1),
                };
            }
            Value::Bytes(bytes) => {
                let changed = mutate_bytes(std::mem::take(bytes), dice);
                *bytes = changed;
                return;
            }
            Value::Text(text) => {
                *text = match dice.below(4) {
                    0 => "\u{1b}[2J\u{202e}\r\n\u{0}".into(),
                    1 => text.repeat(dice.below(200)),
                    2 => String::new(),
                    _ => "…".repeat(dice.below(40)),
                };
                return;
            }
            _ => {}
        }
    }
    *value = any_value(dice);
}

fn any_value(dice: &mut Dice) -> Value {
    match dice.below(12) {
        0 => Value::Integer(0),
        1 => Value::Integer(i128::from(dice.next())),
        2 => Value::Integer(-i128::from(dice.next())),
        3 => Value::Bytes(vec![dice.byte(); dice.below(200)]),
        4 => Value::Text("x".repeat(dice.below(100))),
        5 => Value::Array(Vec::new()),
        6 => Value::Map(Vec::new()),
        7 => (0..dice.below(40)).fold(Value::Null, |inner, _| Value::Array(vec![inner])),
        8 => Value::Bool(dice.below(2) == 0),
        9 => Value::Float(f64::NAN),
        10 => Value::Undefined,
        _ => Value::Tag(dice.next(), Box::new(Value::Null)),
    }
}

/// Unlike [`Value::encode`], keeps the order of members and doubles.
fn write_loosely(value: &Value, bytes: &mut Vec<u8>) {
    let head = |bytes: &mut Vec<u8>, major: u8, length: usize| match u8::try_from(length) {
        Ok(short @ 0..=23) => bytes.push(major << 5 | short),
        Ok(byte) => bytes.extend([major << 5 | 24, byte]),
        Err(_) => {
            bytes.push(major << 5 | 25);
            bytes.extend(u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes());
        }
    };
    match value {
        Value::Array(items) => {
            head(bytes, 4, items.len());
            items.iter().for_each(|item| write_loosely(item, bytes));
        }
        Value::Map(members) => {
            head(bytes, 5, members.len());
            for (key, value) in members {
                write_loosely(key, bytes);
                write_loosely(value, bytes);
            }
        }
        other => bytes.extend(other.encode().into_bytes()),
    }
}

/// How far a case came, by how it ended.
fn layer(ran: &Ran, line: &str) -> &'static str {
    let words = String::from_utf8_lossy(&ran.stderr);
    let kind = serde_json::from_str::<serde_json::Value>(&words)
        .ok()
        .and_then(|error| error["error"]["kind"].as_str().map(str::to_owned));
    match (ran.exit, kind.as_deref()) {
        (Exit::Done, _) => "view, unharmed",
        (Exit::Rejected, _) => "view, rejected by verification",
        (_, Some("no_answer" | "busy" | "connection" | "unplugged")) => "channel",
        (_, Some("malformed_reply")) => "decoder",
        (_, Some(_)) => "ceremony",
        (exit, None) => panic!("{line}: exit {exit:?} without one JSON error: {words}"),
    }
}

#[test]
fn mutated_replies_are_survived() {
    let cases: usize = std::env::var("FIDOKEY_MUTATIONS")
        .map_or(3000, |text| text.parse().expect("FIDOKEY_MUTATIONS is a number"));
    let home = tempfile::tempdir().unwrap();
    let mut jobs = record(home.path());
    for job in &mut jobs {
        // Errors as JSON, so that each can be told by its kind.
        if !job.line.contains("--json") {
            job.line.push_str(" --json");
        }
        if let Some((before, after)) = job.line.clone().split_once(" -- ") {
            job.line = format!("{before} --json -- {}", after.trim_end_matches(" --json"));
        }
        // The replay itself works: unchanged, everything ends as it did.
        let ran = replay(job, job.conversation.turns.clone().into());
        let words = String::from_utf8_lossy(&ran.stderr);
        assert_eq!(ran.exit, Exit::Done, "{}: {words}", job.line);
    }
    let mut dice = Dice(0x5eed);
    let mut reached: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut slowest, mut largest) = (Duration::ZERO, 0);
    for case in 0..cases {
        let job = &jobs[dice.below(jobs.len())];
        let mut turns = job.conversation.turns.clone();
        let at = dice.below(turns.len());
        mutate(&mut turns[at], &mut dice);
        let start = Instant::now();
        let mut ran = None;
        let memory = allocation_counter::measure(|| ran = Some(replay(job, turns.into())));
        let (ran, taken) = (ran.unwrap(), start.elapsed());
        assert!(taken < MOST_TIME, "case {case} of {} took {taken:?}", job.line);
        assert!(
            memory.bytes_max < MOST_MEMORY,
            "case {case} of {} had {} bytes in memory",
            job.line,
            memory.bytes_max
        );
        (slowest, largest) = (slowest.max(taken), largest.max(memory.bytes_max));
        for text in [&ran.stdout, &ran.stderr] {
            assert!(!text.contains(&0x1b), "case {case} of {} lets an escape through", job.line);
            assert!(std::str::from_utf8(text).is_ok());
        }
        assert_ne!(ran.exit, Exit::Defect, "case {case} of {}", job.line);
        *reached.entry(layer(&ran, &job.line)).or_default() += 1;
    }
    println!("{cases} cases over {} conversations", jobs.len());
    for (layer, count) in &reached {
        println!("{:5.1} %  {layer}", 100.0 * *count as f64 / cases as f64);
    }
    println!("slowest {slowest:?}, most memory {largest} bytes");
    // A run that dies at the first byte proves nothing.
    for layer in ["channel", "decoder", "ceremony", "view, unharmed"] {
        let count = reached.get(layer).copied().unwrap_or_default();
        assert!(count * 100 >= cases * 2, "only {count} of {cases} cases reached: {layer}");
    }
}

fn replay(job: &Job, turns: VecDeque<Vec<Vec<u8>>>) -> Ran {
    let clock = ManualClock::standing();
    let bus = ReplayBus { turns: Arc::new(Mutex::new(turns)), clock: clock.clone() };
    run(&job.line, Arc::new(bus), clock)
}
