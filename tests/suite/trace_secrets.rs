//! No trace has a PIN, a token or a derived secret in it, in any form.
//!
//! Every byte string at a place of a secret is taken from the messages themselves, as the key got
//! and gave them; what a person typed, and what the key drew at random, is known too. That the search
//! would find them is shown with a trace that is not masked: the same messages as digits.

use crate::harness::{Desk, with_protocol_one_alone};
use fidokey::virtual_key::{
    KeySettings, ManualClock, Nobody, Randomness, RandomnessError, SeededRandomness, Surroundings,
    Touch, VirtualKey,
};
use fidokey::wire::authenticator_data::AuthenticatorData;
use fidokey::wire::cbor::{self, Item, Map};
use sha2::{Digest, Sha256};
use std::fs;
use std::sync::{Arc, Mutex};

const PIN: &str = "Wachtmeister-93";
const NEW_PIN: &str = "Kaffeetasse-41";
const WRONG_PIN: &str = "Regenschirm-17";
const BLOB: &[u8] = b"a blob that is kept with it";
const SALT: [u8; 32] = [0x5a; 32];

/// Randomness that remembers what it gave: tokens and the secrets of credentials are among it.
struct Remembering(Arc<SeededRandomness>, Arc<Mutex<Vec<Vec<u8>>>>);

impl Randomness for Remembering {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomnessError> {
        self.0.fill(bytes)?;
        self.1.lock().unwrap().push(bytes.to_vec());
        Ok(())
    }
}

/// A request and its reply.
type Exchange = (Vec<u8>, Vec<u8>);

/// Everything that was said, as bytes.
#[derive(Clone, Default)]
struct Messages(Arc<Mutex<Vec<Exchange>>>);

impl Messages {
    /// Listens to a key that offers both PIN/UV auth protocols, or one alone.
    fn listen(&self, desk: &Desk, protocol_one: bool) {
        let messages = self.0.clone();
        desk.faults.replies(move |request, mut reply| {
            if protocol_one {
                reply = with_protocol_one_alone(request, reply);
            }
            messages.lock().unwrap().push((request.to_vec(), reply.clone()));
            reply
        });
    }

    /// What a trace would be if nothing in it were masked.
    fn unmasked(&self) -> String {
        let messages = self.0.lock().unwrap();
        messages
            .iter()
            .map(|(request, reply)| format!("{}\n{}\n", hex(request), hex(reply)))
            .collect()
    }

    /// What stands at the places of secrets.
    fn secrets(&self) -> Vec<(&'static str, Vec<u8>)> {
        let mut found = Vec::new();
        for (request, reply) in self.0.lock().unwrap().iter() {
            let command = request[0];
            if let Some(parameters) = map(&request[1..]) {
                of_request(command, &parameters, &mut found);
            }
            if let (0, Some(body)) = (reply[0], map(&reply[1..])) {
                of_reply(command, &body, &mut found);
            }
        }
        found
    }
}

fn map(bytes: &[u8]) -> Option<Map<'_>> {
    cbor::parse(bytes).and_then(Item::map).ok()
}

type Found = Vec<(&'static str, Vec<u8>)>;

fn take(name: &'static str, item: Option<Item<'_>>, found: &mut Found) {
    if let Some(bytes) = item.and_then(|item| item.bytes().ok()) {
        found.push((name, bytes.to_vec()));
    }
}

fn of_request(command: u8, parameters: &Map<'_>, found: &mut Found) {
    let (proof, extensions) = match command {
        0x01 => (8, Some(6)),
        0x02 => (6, Some(4)),
        0x06 | 0x0a => (4, None),
        0x0c => (5, None),
        _ => return,
    };
    take("pinUvAuthParam", parameters.get(proof), found);
    if command == 0x0c {
        take("large blobs, set", parameters.get(2), found);
    }
    if command == 0x06 {
        take("newPinEnc", parameters.get(5), found);
        take("pinHashEnc", parameters.get(6), found);
    }
    let Some(extensions) = extensions.and_then(|at| parameters.get(at)) else { return };
    let extensions = extensions.map().unwrap();
    take("credBlob", extensions.get_text("credBlob"), found);
    if let Some(Ok(hmac)) = extensions.get_text("hmac-secret").map(Item::map) {
        take("saltEnc", hmac.get(2), found);
        take("saltAuth", hmac.get(3), found);
    }
}

fn of_reply(command: u8, body: &Map<'_>, found: &mut Found) {
    match command {
        0x06 => take("pinUvAuthToken", body.get(2), found),
        0x0a => take("largeBlobKey", body.get(0x0b), found),
        0x0c => take("large blobs, config", body.get(1), found),
        0x01 | 0x02 | 0x08 => {
            take("largeBlobKey", body.get(if command == 0x01 { 5 } else { 7 }), found);
            let data = AuthenticatorData::parse(body.get(2).unwrap().bytes().unwrap()).unwrap();
            let outputs = data.extensions.unwrap_or_default();
            let Some(outputs) = map(&outputs) else { return };
            take("hmac-secret", outputs.get_text("hmac-secret"), found);
            take("credBlob", outputs.get_text("credBlob"), found);
        }
        _ => {}
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A secret, whole or any twelve bytes of it, in every form in which it might stand in a file.
fn is_in(text: &str, secret: &[u8]) -> bool {
    use base64::Engine;
    use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
    let list = format!("{secret:?}");
    let forms = [
        hex(secret).to_uppercase(),
        URL_SAFE_NO_PAD.encode(secret),
        STANDARD_NO_PAD.encode(secret),
        list.trim_matches(['[', ']']).to_owned(),
        list.trim_matches(['[', ']']).replace(' ', ""),
    ];
    text.contains(&*String::from_utf8_lossy(secret))
        || forms.iter().any(|form| text.contains(form))
        || secret.windows(secret.len().min(12)).any(|part| text.contains(&hex(part)))
}

#[track_caller]
fn hides(text: &str, name: &str, secret: &[u8]) {
    assert!(!is_in(text, secret), "{name} {} is in\n{text}", hex(secret));
}

/// A desk with a key that remembers what it drew.
fn desk() -> (Desk, VirtualKey, Arc<Mutex<Vec<Vec<u8>>>>) {
    let desk = Desk::empty();
    let drawn = Arc::<Mutex<Vec<Vec<u8>>>>::default();
    let surroundings = Surroundings {
        clock: ManualClock::leaping(),
        randomness: Arc::new(Remembering(SeededRandomness::new(11), drawn.clone())),
        touch_source: Arc::new(Nobody),
    };
    let settings = KeySettings::default();
    let key = VirtualKey::volatile(Desk::description(0), settings, Touch::Auto, surroundings);
    desk.keys.plug(&key).unwrap();
    (desk, key, drawn)
}

fn some_credential(desk: &Desk, pin: &str) -> String {
    let listed = desk.run(&format!("credential list --json --pin-file {pin}"));
    let id = &listed.succeeded().json()["credentials"][0]["id"];
    id.as_str().unwrap().to_owned()
}

#[test]
fn no_trace_has_a_secret_in_it() {
    for protocol_one in [false, true] {
        let (desk, _key, drawn) = desk();
        let messages = Messages::default();
        messages.listen(&desk, protocol_one);
        let (pin, new) = (desk.file("pin", PIN), desk.file("new", NEW_PIN));
        let wrong = desk.file("wrong", WRONG_PIN);
        let path = |name: &str| desk.path(name).to_str().unwrap().to_owned();
        let (secret, kept, options) = (path("secret"), path("kept"), path("options"));
        let register = "register --rp example.com --user alice --resident";
        let blob = fidokey::webauthn::base64url::encode(BLOB);
        let salt = hex(&SALT);
        let lines = [
            "info".to_owned(),
            format!("pin set --new-pin-file {pin}"),
            format!(
                "{register} --hmac-secret --large-blob-key --cred-blob {blob} --secret-out {kept} \
                 --pin-file {pin}"
            ),
            format!(
                "assert --rp example.com --hmac-salt {salt} --large-blob-key --get-cred-blob \
                 --secret-out {secret} --pin-file {pin}"
            ),
            format!("assert --options {options} --prf-in-response --pin-file {pin}"),
            format!("{register} --user-verification discouraged --pin-file {pin}"),
            format!("credential list --pin-file {pin}"),
            format!("pin verify --pin-file {wrong}"),
            format!("pin verify --pin-file {pin}"),
            format!("pin change --pin-file {wrong} --new-pin-file {new}"),
            format!("pin change --pin-file {pin} --new-pin-file {new}"),
            format!("credential delete {{}} --yes --pin-file {new}"),
            "list".to_owned(),
        ];
        let mut traces = String::new();
        for (number, line) in lines.iter().enumerate() {
            let trace = path(&format!("trace{number}"));
            let line = match line.contains("{}") {
                true => line.replace("{}", &some_credential(&desk, &new)),
                false => line.clone(),
            };
            if line.contains(&options) {
                let id = some_credential(&desk, &pin);
                let asked = serde_json::json!({
                    "challenge": "AAECAwQFBgcICQoLDA0ODw",
                    "rpId": "example.com",
                    "allowCredentials": [{"type": "public-key", "id": id}],
                    "extensions": {
                        "prf": {"eval": {"first": "AQ"}},
                        "largeBlob": {"write": blob}
                    }
                });
                desk.file("options", asked.to_string());
            }
            let _ = desk.run(&format!("{line} --trace {trace}"));
            let text = fs::read_to_string(&trace).unwrap();
            assert!(text.contains("\"event\":\"ended\""), "{line}: {text}");
            let shown = desk.run(&format!("trace show {trace}"));
            traces.push_str(&text);
            traces.push_str(&shown.succeeded().stdout);
        }
        let unmasked = messages.unmasked();
        let mut seen = std::collections::BTreeSet::new();
        for (name, secret) in messages.secrets() {
            seen.insert(name);
            hides(&traces, name, &secret);
            assert!(is_in(&unmasked, &secret), "{name} would not be found");
        }
        assert_eq!(
            seen.into_iter().collect::<Vec<_>>(),
            [
                "credBlob",
                "hmac-secret",
                "large blobs, config",
                "large blobs, set",
                "largeBlobKey",
                "newPinEnc",
                "pinHashEnc",
                "pinUvAuthParam",
                "pinUvAuthToken",
                "saltAuth",
                "saltEnc",
            ]
        );
        for pin in [PIN, NEW_PIN, WRONG_PIN] {
            hides(&traces, "a PIN", pin.as_bytes());
            hides(&traces, "a PIN's hash", &Sha256::digest(pin)[..16]);
        }
        hides(&traces, "credBlob", BLOB);
        hides(&traces, "a salt", &SALT);
        for file in [&secret, &kept] {
            let document: serde_json::Value =
                serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
            for (name, value) in document.as_object().unwrap() {
                if let Some(text) = value.as_str() {
                    let secret = fidokey::webauthn::base64url::decode(text).unwrap();
                    hides(&traces, name, &secret);
                }
            }
        }
        // What the key drew: its tokens, keys and the secrets of its credentials. What it gave away
        // itself is none.
        let tokens = drawn.lock().unwrap().iter().filter(|bytes| bytes.len() == 32).count();
        assert!(tokens > 5, "{tokens}");
        for bytes in drawn.lock().unwrap().iter().filter(|bytes| bytes.len() >= 16) {
            if !is_in(&unmasked, bytes) {
                hides(&traces, "what the key drew", bytes);
            }
        }
    }
}
