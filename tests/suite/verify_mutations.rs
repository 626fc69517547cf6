//! Mutated documents before `verify`: it never panics, never takes long, and always says something
//! that can be read.

use crate::fuzz_targets::targets::vectors;
use crate::harness::{Desk, time_on_processor};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fidokey::cli::exit::Exit;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::Duration;

/// The most that one case may take, on the processor: how busy the machine is does not matter.
const MOST_TIME: Duration = Duration::from_secs(5);
/// How many cases there are for each document.
const CASES: usize = 60;

/// Numbers that look random, the same for the same seed.
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(limit.max(1)).unwrap()).unwrap()
    }
}

/// A registration and an assertion of each vector.
fn documents() -> Vec<(Value, Value)> {
    let text = |bytes: &Vec<u8>| URL_SAFE_NO_PAD.encode(bytes);
    vectors()
        .iter()
        .map(|vector| {
            let whole = |response: Value| {
                json!({
                    "id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": response,
                    "clientExtensionResults": {}
                })
            };
            let registration = json!({
                "clientDataJSON": text(&vector["create_client_data"]),
                "attestationObject": text(&vector["attestation_object"]),
                "transports": ["usb"]
            });
            let assertion = json!({
                "clientDataJSON": text(&vector["get_client_data"]),
                "authenticatorData": text(&vector["authenticator_data"]),
                "signature": text(&vector["signature"])
            });
            (whole(registration), whole(assertion))
        })
        .collect()
}

/// Changes bytes, or their number.
pub fn damage(bytes: &mut Vec<u8>, dice: &mut Dice) {
    for _ in 0..=dice.below(3) {
        let at = dice.below(bytes.len());
        match dice.below(4) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, u8::try_from(dice.below(256)).unwrap()),
            2 if !bytes.is_empty() => bytes[at] ^= 1 << dice.below(8),
            _ => {
                let end = (at + dice.below(9)).min(bytes.len());
                let with: Vec<u8> =
                    (0..dice.below(9)).map(|_| u8::try_from(dice.below(256)).unwrap()).collect();
                bytes.splice(at..end, with);
            }
        }
    }
}

/// Changes a document: its bytes, a member of it, or the bytes that a member stands for.
fn mutate(document: &Value, dice: &mut Dice) -> Vec<u8> {
    let mut document = document.clone();
    let whole = document.as_object_mut().unwrap();
    let inside = dice.below(3) > 0;
    let members = if inside { whole["response"].as_object_mut().unwrap() } else { whole };
    let names: Vec<String> = members.keys().cloned().collect();
    let name = &names[dice.below(names.len())];
    match dice.below(4) {
        0 => {
            let mut bytes = document.to_string().into_bytes();
            damage(&mut bytes, dice);
            return bytes;
        }
        1 => drop(members.remove(name)),
        2 => {
            let odd = [json!(null), json!(7), json!([]), json!({}), json!("\u{1b}[2J"), json!("")];
            members[name] = odd[dice.below(odd.len())].clone();
        }
        _ => {
            let text = members[name].as_str().unwrap_or_default().to_owned();
            let mut bytes = URL_SAFE_NO_PAD.decode(text).unwrap_or_default();
            damage(&mut bytes, dice);
            members[name] = URL_SAFE_NO_PAD.encode(bytes).into();
        }
    }
    document.to_string().into_bytes()
}

#[test]
fn mutated_responses_get_a_verdict_or_an_error() {
    let desk = Desk::empty();
    let mut dice = Dice(0x5eed_0001);
    let mut ends: HashMap<u8, usize> = HashMap::new();
    let documents = documents();
    assert_eq!(documents.len(), 21);
    for (registration, assertion) in &documents {
        let good = desk.file("good.json", registration.to_string());
        for case in 0..CASES {
            let (line, document) = match case % 3 {
                0 => (format!("verify assertion CHANGED --registration {good}"), assertion),
                1 => (format!("verify assertion {good} --registration CHANGED"), registration),
                _ => ("verify registration CHANGED".to_owned(), registration),
            };
            let changed = mutate(document, &mut dice);
            let file = desk.file("changed.json", &changed);
            let line = line.replace("CHANGED", &file);
            let line = format!("{line} --rp example.org --origin https://example.org");
            let before = time_on_processor();
            let text = desk.run(&line);
            let json = desk.run(&format!("{line} --json"));
            let said = String::from_utf8_lossy(&changed).into_owned();
            assert!(time_on_processor() - before < 2 * MOST_TIME, "{said}");
            assert!(matches!(text.exit, Exit::Done | Exit::Usage | Exit::Rejected), "{text}{said}");
            assert_eq!(text.exit, json.exit);
            match text.exit {
                Exit::Usage => assert_eq!(json.error_json()["schema_version"], 1),
                exit => assert_eq!(json.json()["accepted"], exit == Exit::Done),
            }
            for stream in [&text.stdout, &text.stderr, &json.stdout, &json.stderr] {
                assert!(!stream.contains('\u{1b}'), "{text}{said}");
            }
            *ends.entry(text.exit.code()).or_default() += 1;
        }
    }
    // Most are refused, one way or the other.
    assert!(ends[&8] > 200 && ends[&2] > 200, "{ends:?}");
}
