//! PINs, tokens and derived secrets are in no stream and in nobody's `Debug`.

use crate::harness::{Desk, Outcome, Reaction};
use fidokey::cli::exit::Exit;
use fidokey::ctap::client_pin::{
    ChangePin, GetPinToken, GetPinUvAuthTokenUsingPin, GetPinUvAuthTokenUsingUv, SetPin,
};
use fidokey::ctap::extensions::RegistrationExtensions;
use fidokey::ctap::hmac_secret::{HmacSalts, HmacSecretInput};
use fidokey::ctap::make_credential::MakeCredential;
use fidokey::ctap::pin_protocol::PlatformKey;
use fidokey::ctap::{
    Permissions, Pin, PinProtocol, PinUvAuthToken, Random, RandomError, SecretBytes,
};
use fidokey::wire::cbor;
use fidokey::wire::cose::CoseKey;
use sha2::{Digest, Sha256};
use std::fmt::Debug;

const PIN: &str = "Wachtmeister-93";
const NEW_PIN: &str = "Kaffeetasse-41";
const WRONG_PIN: &str = "Regenschirm-17";

/// A secret in the forms in which it might stand somewhere.
fn forms(secret: &[u8]) -> Vec<String> {
    let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let base64url = fidokey::webauthn::base64url::encode(secret);
    let list = format!("{secret:?}");
    let list = list.trim_matches(['[', ']']).to_owned();
    let mut forms = vec![hex.clone(), hex.to_uppercase(), base64url, list];
    forms.extend(std::str::from_utf8(secret).map(str::to_owned));
    forms
}

#[track_caller]
fn hides(text: &str, secrets: &[&[u8]]) {
    for secret in secrets {
        for form in forms(secret) {
            assert!(!text.contains(&form), "{form} is in\n{text}");
        }
    }
}

#[track_caller]
fn run_hides(outcome: &Outcome, secrets: &[&[u8]]) {
    hides(&outcome.stdout, secrets);
    hides(&outcome.stderr, secrets);
    for prompt in &outcome.prompts {
        hides(prompt, secrets);
    }
}

/// What is kept of a PIN, besides itself.
fn of_pin(pin: &str) -> [Vec<u8>; 2] {
    let hash = Sha256::digest(pin);
    [pin.as_bytes().to_vec(), hash[..16].to_vec()]
}

#[test]
fn no_stream_has_a_pin_in_it() {
    let (desk, _key) = Desk::with_key();
    let secrets: Vec<Vec<u8>> =
        [PIN, NEW_PIN, WRONG_PIN].iter().flat_map(|pin| of_pin(pin)).collect();
    let secrets: Vec<&[u8]> = secrets.iter().map(Vec::as_slice).collect();
    let (pin, new) = (desk.file("pin", PIN), desk.file("new", NEW_PIN));
    let wrong = desk.file("wrong", WRONG_PIN);
    let lines = [
        format!("pin set --new-pin-file {pin}"),
        format!("register --rp example.com --user alice --resident --pin-file {pin}"),
        format!("assert --rp example.com --pin-file {pin}"),
        format!("credential list --pin-file {pin}"),
        format!("pin verify --pin-file {wrong}"),
        format!("pin verify --pin-file {pin}"),
        format!("assert --rp example.com --pin-file {wrong}"),
        format!("pin verify --pin-file {pin}"),
        format!("pin change --pin-file {wrong} --new-pin-file {new}"),
        format!("pin change --pin-file {pin} --new-pin-file {new}"),
        format!("pin change --pin-file {new} --new-pin-file {pin}"),
    ];
    for line in &lines {
        for flags in ["-v", "-v --json"] {
            run_hides(&desk.run(&format!("{line} {flags}")), &secrets);
        }
    }
    desk.run(&format!("pin verify --pin-file {pin}")).succeeded();
    let typed = desk.command("pin change -v").typing([PIN, NEW_PIN, NEW_PIN]).run();
    run_hides(typed.succeeded(), &secrets);
    run_hides(&desk.command("pin verify -v").typing([WRONG_PIN]).run(), &secrets);
    // Also when the key makes no sense of it, or nobody of the key.
    for reply in [vec![0x31], vec![0x00], vec![0xf1], vec![0, 0xa1, 2, 0x41, 0]] {
        desk.faults.requests(move |request| match request[0] {
            0x06 => Reaction::Answer(reply.clone()),
            _ => Reaction::Forward,
        });
        run_hides(&desk.run(&format!("pin verify -v --pin-file {new}")), &secrets);
        run_hides(&desk.run(&format!("pin verify -v --json --pin-file {new}")), &secrets);
    }
}

#[test]
fn derived_secrets_go_where_they_were_asked_for_and_nowhere_else() {
    let (desk, _key) = Desk::with_key();
    let register =
        "register --rp example.com --user alice --resident --hmac-secret --large-blob-key";
    let kept = desk.path("kept");
    desk.run(&format!("{register} --secret-out {}", kept.to_str().unwrap())).succeeded();
    let salt = "5a".repeat(32);
    let file = desk.path("secret");
    let assert = format!("assert --rp example.com --hmac-salt {salt} --large-blob-key -v");
    let mut secrets: Vec<Vec<u8>> = Vec::new();
    let read = |path: &std::path::Path| {
        let text = std::fs::read_to_string(path).unwrap();
        let document: serde_json::Value = serde_json::from_str(&text).unwrap();
        let members = document.as_object().unwrap().iter();
        let secrets = members.filter(|(name, _)| *name != "schema_version");
        secrets
            .map(|(_, secret)| {
                fidokey::webauthn::base64url::decode(secret.as_str().unwrap()).unwrap()
            })
            .collect::<Vec<_>>()
    };
    secrets.extend(read(&kept));
    for flags in ["", "--json"] {
        let line = format!("{assert} {flags} --secret-out {}", file.to_str().unwrap());
        let outcome = desk.run(&line);
        outcome.succeeded();
        secrets.extend(read(&file));
        let secrets: Vec<&[u8]> = secrets.iter().map(Vec::as_slice).collect();
        assert!(secrets.len() >= 3 && secrets.iter().all(|secret| secret.len() == 32));
        run_hides(&outcome, &secrets);
    }
    let secrets: Vec<&[u8]> = secrets.iter().map(Vec::as_slice).collect();
    let to_stdout = desk.run(&format!("{assert} --secret-out -"));
    to_stdout.succeeded();
    hides(&to_stdout.stderr, &secrets);
    let listed = desk.run("credential list --json");
    run_hides(&listed, &secrets);
}

struct Counting(u8);

impl Random for Counting {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RandomError> {
        for byte in bytes {
            self.0 = self.0.wrapping_mul(5).wrapping_add(77);
            *byte = self.0;
        }
        Ok(())
    }
}

#[test]
fn nothing_that_holds_a_secret_shows_it() {
    let mut random = Counting(3);
    let pin = Pin::new(PIN.as_bytes(), false).unwrap();
    let token_bytes: Vec<u8> = (100..132).collect();
    let secret = SecretBytes::copy_of(&token_bytes);
    let mut shown: Vec<String> = Vec::new();
    let mut show = |value: &dyn Debug| {
        shown.push(format!("{value:?}"));
        shown.push(format!("{value:#?}"));
    };
    show(&pin);
    show(&secret);
    for protocol in [PinProtocol::One, PinProtocol::Two] {
        let (mut x, mut y) = ([0; 32], [0; 32]);
        // The base point of P-256 stands for a key's half.
        x.copy_from_slice(&hex("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"));
        y.copy_from_slice(&hex("4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"));
        let cose = CoseKey::encode_key_agreement(&x, &y);
        let item = cbor::parse(cose.as_bytes()).unwrap();
        let half = fidokey::ctap::pin_protocol::KeyAgreementKey::from_item(item).unwrap();
        let shared = PlatformKey::generate(&mut random).unwrap().agree(protocol, &half);
        show(&shared);
        show(&SetPin::new(&shared, &pin, &mut random).unwrap());
        show(&ChangePin::new(&shared, &pin, &pin, &mut random).unwrap());
        show(&GetPinToken::new(&shared, &pin, &mut random).unwrap());
        let permissions = Permissions::MAKE_CREDENTIAL;
        let by_pin = GetPinUvAuthTokenUsingPin::new(
            &shared,
            &pin,
            permissions,
            Some("a.example"),
            &mut random,
        );
        show(&by_pin.unwrap());
        show(&GetPinUvAuthTokenUsingUv::new(&shared, permissions, None));
        let token = PinUvAuthToken::new(protocol, SecretBytes::copy_of(&token_bytes)).unwrap();
        show(&token);
        let proof = token.authenticate(b"message");
        show(&proof);
        let salts = HmacSalts::new(&token_bytes.clone().try_into().unwrap(), None);
        show(&salts);
        show(&HmacSecretInput::new(&shared, &salts, &mut random).unwrap());
        show(&MakeCredential {
            pin_uv_auth: Some(proof),
            extensions: RegistrationExtensions {
                cred_blob: Some(SecretBytes::copy_of(&token_bytes)),
                ..RegistrationExtensions::default()
            },
            ..MakeCredential::default()
        });
    }
    for text in &shown {
        let [pin, hash] = of_pin(PIN);
        hides(text, &[&pin, &hash, &token_bytes, &token_bytes[..16]]);
    }
}

fn hex(digits: &str) -> Vec<u8> {
    (0..digits.len() / 2)
        .map(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap())
        .collect()
}

/// With `--json`, whoever reads stderr finds one document there, whatever was warned of before.
#[test]
fn an_error_in_json_stands_alone() {
    let (desk, key) = Desk::with_key();
    desk.set_pin(PIN);
    let wrong = desk.file("wrong", WRONG_PIN);
    for left in (0..8).rev() {
        let line = format!("pin verify --json --last-try --pin-file {wrong}");
        let outcome = desk.run(&line);
        outcome.ended(Exit::Pin);
        assert_eq!(outcome.stdout, "");
        assert_eq!(outcome.error_json()["error"]["retries_left"], left, "{outcome}");
        desk.keys.unplug(&Desk::description(0).path);
        desk.keys.plug(&key).unwrap();
    }
}
