use super::*;
use crate::webauthn::attestation::AttestationKind;
use crate::webauthn::json::{
    AuthenticationResponseJson, AuthenticatorAssertionResponseJson, ExtensionResults,
    RegistrationFacts, RegistrationResponseJson,
};
use crate::webauthn::public_key::PublicKey;
use crate::webauthn::test_vectors::{Vector, all, named};

/// What the relying party of the test vectors expects.
fn expected(challenge: &[u8]) -> Expected {
    Expected {
        challenge: Some(challenge.to_vec()),
        origins: vec!["https://example.org".into()],
        cross_origin: true,
        top_origins: vec!["https://example.com".into()],
        algorithms: [-7, -8, -35, -36, -257, -37, -47, -48, -49, -50, -51, -52]
            .map(Algorithm)
            .to_vec(),
        extensions: Some(vec![]),
        taken: Some(vec![]),
        ..Expected::new("example.org")
    }
}

/// A registration that a test may change.
struct Registration {
    client_data: Vec<u8>,
    object: Vec<u8>,
    expected: Expected,
}

impl Registration {
    fn of(vector: &Vector) -> Self {
        Self {
            client_data: vector.get("create_client_data").to_vec(),
            object: vector.get("attestation_object").to_vec(),
            expected: expected(vector.get("create_challenge")),
        }
    }

    fn input(&self) -> RegistrationInput<'_> {
        RegistrationInput {
            client_data: ClientData::Json(&self.client_data),
            attestation_object: &self.object,
            document: None,
            expected: &self.expected,
        }
    }

    fn verdict(&self) -> Verdict {
        registration(&self.input())
    }
}

/// An assertion that a test may change.
struct Assertion {
    client_data: Vec<u8>,
    authenticator_data: Vec<u8>,
    signature: Vec<u8>,
    allowed: Vec<Vec<u8>>,
    key: Result<PublicKey, crate::webauthn::public_key::PublicKeyError>,
    expected: Expected,
}

impl Assertion {
    fn of(vector: &Vector) -> Self {
        let credential = vector.credential();
        Self {
            client_data: vector.get("get_client_data").to_vec(),
            authenticator_data: vector.get("authenticator_data").to_vec(),
            signature: vector.get("signature").to_vec(),
            key: PublicKey::from_cose(&credential.public_key),
            allowed: vec![credential.credential_id],
            expected: expected(vector.get("get_challenge")),
        }
    }

    fn input(&self) -> AssertionInput<'_> {
        AssertionInput {
            client_data: ClientData::Json(&self.client_data),
            authenticator_data: &self.authenticator_data,
            signature: &self.signature,
            credential_id: &self.allowed[0],
            user_handle: None,
            allowed: &self.allowed,
            known: KnownCredential {
                key: CredentialKey::from(&self.key),
                sign_count: Some(0),
                ..KnownCredential::default()
            },
            document: None,
            expected: &self.expected,
        }
    }

    fn verdict(&self) -> Verdict {
        assertion(&self.input())
    }
}

fn ids<'a>(checks: impl Iterator<Item = &'a Check>) -> Vec<&'a str> {
    checks.map(|check| check.id).collect()
}

fn failed(verdict: &Verdict) -> Vec<&str> {
    ids(verdict.failed())
}

/// One byte changed, in one bit that differs from place to place.
fn changed(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at] ^= 1 << (at % 8);
    bytes
}

/// Every how many bytes are changed: all where it is quick, fewer where keys or signatures are
/// long or slow. An odd number, so that every bit has its turn.
fn stride(vector: &Vector) -> usize {
    match vector.name.as_str() {
        "none.ES256" | "packed.EdDSA" | "packed-self.ES256" => 1,
        name if name.contains("512") || name.contains("384") => 29,
        name if name.contains("ML-DSA") => 211,
        _ => 11,
    }
}

/// The document that this project writes of a vector's registration.
fn registration_document(vector: &Vector) -> RegistrationResponseJson {
    RegistrationResponseJson::new(RegistrationFacts {
        client_data_json: Some(vector.get("create_client_data")),
        attestation_object: &vector.object(),
        transports: &["usb".into(), "nfc".into()],
        extension_results: &ExtensionResults::new(),
    })
    .unwrap()
}

fn assertion_document(vector: &Vector) -> AuthenticationResponseJson {
    let response = AuthenticatorAssertionResponseJson {
        client_data_json: Some(vector.get("get_client_data").into()),
        authenticator_data: vector.get("authenticator_data").into(),
        signature: vector.get("signature").into(),
        user_handle: None,
    };
    let id = vector.credential().credential_id;
    AuthenticationResponseJson::new(&id, response, ExtensionResults::new())
}

#[test]
fn the_test_vectors_are_accepted() {
    for vector in all() {
        let verdict = Registration::of(&vector).verdict();
        assert_eq!(failed(&verdict), [""; 0], "{} {verdict:#?}", vector.name);
        let mut unchecked = Vec::new();
        let kind = &verdict.facts().attestation.as_ref().unwrap().kind;
        if vector.name == "android-key.ES256" {
            // Its authorization lists are empty.
            unchecked.push("android_key_origin");
        }
        if matches!(kind, AttestationKind::Certificate(_)) {
            unchecked.push("attestation_trust");
        }
        assert_eq!(ids(verdict.unchecked()), unchecked, "{}", vector.name);

        let verdict = Assertion::of(&vector).verdict();
        assert_eq!(failed(&verdict), [""; 0], "{} {verdict:#?}", vector.name);
        assert!(verdict.check("signature").unwrap().outcome.is_passed(), "{}", vector.name);
    }
}

#[test]
fn every_changed_byte_of_a_signed_registration_is_refused() {
    for vector in all() {
        let good = Registration::of(&vector);
        let format = vector.object().format;
        // The vectors of other algorithms are attested in the same way as that of ES256.
        let stride = match vector.name.as_str() {
            "packed.ES256" | "packed-self.ES256" | "fido-u2f.ES256" => 1,
            // Without attestation nothing is signed: only what is compared can be found wrong.
            _ if format == "none" => continue,
            _ => 11,
        };
        for at in (0..good.client_data.len()).step_by(stride) {
            let client_data = changed(&good.client_data, at);
            let verdict = Registration { client_data, ..Registration::of(&vector) }.verdict();
            assert!(!verdict.is_accepted(), "{} client data {at}", vector.name);
        }
        let position = |part: &[u8]| {
            let at = good.object.windows(part.len()).position(|window| window == part).unwrap();
            at..at + part.len()
        };
        let attestation = good.verdict().facts().attestation.clone();
        let certificate = match &attestation.as_ref().unwrap().kind {
            AttestationKind::Certificate(facts) => position(facts.chain[0].as_bytes()),
            _ => 0..0,
        };
        // A U2F key signs neither flags nor counter nor AAGUID (section 8.6).
        let data = position(&vector.object().authenticator_data).start;
        let unsigned = if format == "fido-u2f" { data + 32..data + 53 } else { 0..0 };
        for at in (0..good.object.len()).step_by(stride) {
            let object = changed(&good.object, at);
            let verdict = Registration { object, ..Registration::of(&vector) }.verdict();
            if certificate.contains(&at) {
                // What it says beside its key is vouched for by its issuer alone.
                let unsure = ids(verdict.unchecked()).contains(&"attestation_trust");
                assert!(!verdict.is_accepted() || unsure, "{} {at}", vector.name);
                assert_ne!(verdict.facts().attestation, attestation);
            } else if !unsigned.contains(&at) {
                assert!(!verdict.is_accepted(), "{} object {at}", vector.name);
            }
        }
    }
}

#[test]
fn every_changed_byte_of_an_assertion_is_refused() {
    for vector in &all() {
        let good = Assertion::of(vector);
        let step = stride(vector);
        for at in (0..good.client_data.len()).step_by(step) {
            let client_data = changed(&good.client_data, at);
            let verdict = Assertion { client_data, ..Assertion::of(vector) }.verdict();
            assert!(!verdict.is_accepted(), "{} client data {at}", vector.name);
        }
        for at in (0..good.authenticator_data.len()).step_by(step) {
            let authenticator_data = changed(&good.authenticator_data, at);
            let verdict = Assertion { authenticator_data, ..Assertion::of(vector) }.verdict();
            assert!(!verdict.is_accepted(), "{} authenticator data {at}", vector.name);
        }
        for at in (0..good.signature.len()).step_by(step) {
            let signature = changed(&good.signature, at);
            let verdict = Assertion { signature, ..Assertion::of(vector) }.verdict();
            assert!(!verdict.is_accepted(), "{} signature {at}", vector.name);
        }
    }
}

#[test]
fn every_truncation_is_refused() {
    for vector in all() {
        let good = Registration::of(&vector);
        let step = stride(&vector);
        for end in (0..good.object.len()).step_by(step) {
            let object = good.object[..end].to_vec();
            let verdict = Registration { object, ..Registration::of(&vector) }.verdict();
            assert!(!verdict.is_accepted(), "{} {end}", vector.name);
        }
        let good = Assertion::of(&vector);
        for end in (0..good.authenticator_data.len()).step_by(step) {
            let authenticator_data = good.authenticator_data[..end].to_vec();
            let verdict = Assertion { authenticator_data, ..Assertion::of(&vector) }.verdict();
            assert!(!verdict.is_accepted(), "{} {end}", vector.name);
        }
        if good.key.is_ok() {
            for end in (0..good.signature.len()).step_by(step) {
                let signature = good.signature[..end].to_vec();
                let verdict = Assertion { signature, ..Assertion::of(&vector) }.verdict();
                assert_eq!(failed(&verdict), ["signature"], "{} {end}", vector.name);
            }
        }
    }
}

/// A document that was changed in one byte is refused, or still says the same in every member that
/// the key vouches for.
#[test]
fn a_changed_byte_of_a_document_changes_nothing_unnoticed() {
    let vector = named("packed-self.ES256");
    let expected_then = expected(vector.get("create_challenge"));
    let document = registration_document(&vector);
    let text = serde_json::to_vec(&document).unwrap();
    let mut refused = 0;
    for at in 0..text.len() {
        let Ok(read) = RegistrationResponseJson::parse(&changed(&text, at)) else {
            refused += 1;
            continue;
        };
        let input = RegistrationInput::of_document(&read, &expected_then);
        if !input.is_some_and(|input| registration(&input).is_accepted()) {
            refused += 1;
            continue;
        }
        let (seen, good) = (&read.response, &document.response);
        assert_eq!((&read.id, &read.raw_id), (&document.id, &document.raw_id));
        assert_eq!(read.kind, document.kind);
        assert_eq!(seen.client_data_json, good.client_data_json);
        assert_eq!(seen.attestation_object, good.attestation_object);
        for (seen, good) in [
            (&seen.authenticator_data, &good.authenticator_data),
            (&seen.public_key, &good.public_key),
        ] {
            assert!(seen.is_none() || seen == good, "{at}");
        }
        assert!(
            seen.public_key_algorithm.is_none_or(|seen| Some(seen) == good.public_key_algorithm)
        );
    }
    // What may change unnoticed are names of optional members and the values that nobody signs.
    assert!(refused * 100 > text.len() * 90, "{refused} of {}", text.len());

    let expected_now = expected(vector.get("get_challenge"));
    let document = assertion_document(&vector);
    let registered = RegisteredCredential::of_document(&registration_document(&vector)).unwrap();
    let allowed = [registered.id.clone()];
    let text = serde_json::to_vec(&document).unwrap();
    for at in 0..text.len() {
        let Ok(read) = AuthenticationResponseJson::parse(&changed(&text, at)) else { continue };
        let input = AssertionInput::of_document(&read, &expected_now);
        let input = input.map(|input| AssertionInput {
            known: registered.known(),
            allowed: &allowed,
            ..input
        });
        if input.is_some_and(|input| assertion(&input).is_accepted()) {
            assert_eq!((&read.id, &read.raw_id), (&document.id, &document.raw_id), "{at}");
            assert_eq!(read.response, document.response, "{at}");
        }
    }
}

#[test]
fn random_damage_never_panics() {
    let mut state = 1_u32;
    let mut random = |below: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        usize::try_from(state >> 8).unwrap() % below
    };
    for vector in all() {
        for _ in 0..60 {
            let mut registration = Registration::of(&vector);
            let mut assertion = Assertion::of(&vector);
            for bytes in [
                &mut registration.object,
                &mut registration.client_data,
                &mut assertion.authenticator_data,
                &mut assertion.client_data,
                &mut assertion.signature,
            ] {
                for _ in 0..random(4) {
                    let (at, length) = (random(bytes.len()), random(9));
                    let end = (at + length).min(bytes.len());
                    let with: Vec<u8> =
                        (0..random(9)).map(|_| u8::try_from(random(256)).unwrap()).collect();
                    bytes.splice(at..end, with);
                    bytes.push(0);
                }
            }
            let _ = registration.verdict();
            let _ = assertion.verdict();
        }
    }
}

mod each;
mod rules;
