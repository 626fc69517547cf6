use super::*;
use crate::webauthn::attestation::AttestationKind;
use crate::webauthn::public_key::PublicKey;
use crate::webauthn::test_vectors::{ALL, Vector, hex};
use crate::wire::attestation_object::AttestationObject;

/// What the relying party of the test vectors expects.
fn expected(challenge: &str) -> Expected {
    Expected {
        challenge: Some(hex(challenge)),
        origins: vec!["https://example.org".into()],
        algorithms: [-7, -8, -35, -257].map(Algorithm).to_vec(),
        extensions: Some(vec![]),
        ..Expected::new("example.org")
    }
}

/// The key and the credential ID that a vector's registration made.
fn credential(vector: &Vector) -> AttestedCredentialData {
    let object = AttestationObject::parse(&hex(vector.attestation_object)).unwrap();
    AuthenticatorData::parse(&object.authenticator_data).unwrap().attested_credential.unwrap()
}

/// The bytes of a registration, which a test may change.
struct Registration {
    client_data: Vec<u8>,
    object: Vec<u8>,
    expected: Expected,
}

impl Registration {
    fn of(vector: &Vector) -> Self {
        Self {
            client_data: hex(vector.create_client_data),
            object: hex(vector.attestation_object),
            expected: expected(vector.create_challenge),
        }
    }

    fn verdict(&self) -> Verdict {
        registration(&RegistrationInput {
            client_data: ClientData::Json(&self.client_data),
            attestation_object: &self.object,
            document: None,
            expected: &self.expected,
        })
    }
}

/// The bytes of an assertion, which a test may change.
struct Assertion {
    client_data: Vec<u8>,
    authenticator_data: Vec<u8>,
    signature: Vec<u8>,
    allowed: Vec<Vec<u8>>,
    key: PublicKey,
    expected: Expected,
}

impl Assertion {
    fn of(vector: &Vector) -> Self {
        let credential = credential(vector);
        Self {
            client_data: hex(vector.get_client_data),
            authenticator_data: hex(vector.authenticator_data),
            signature: hex(vector.signature),
            key: PublicKey::from_cose(&credential.public_key).unwrap(),
            allowed: vec![credential.credential_id],
            expected: expected(vector.get_challenge),
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
                key: CredentialKey::Known(&self.key),
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

fn failures(verdict: &Verdict) -> Vec<&str> {
    verdict.failed().map(|check| check.id).collect()
}

#[test]
fn the_test_vectors_are_accepted() {
    for vector in ALL {
        let verdict = Registration::of(vector).verdict();
        assert_eq!(failures(&verdict), [""; 0], "{} {verdict:#?}", vector.name);
        let kind = &verdict.facts().attestation.as_ref().unwrap().kind;
        let unchecked: Vec<&str> = verdict.unchecked().map(|check| check.id).collect();
        match kind {
            AttestationKind::Certificate(_) => assert_eq!(unchecked, ["attestation_trust"]),
            _ => assert_eq!(unchecked, [""; 0], "{}", vector.name),
        }
        let verdict = Assertion::of(vector).verdict();
        assert_eq!(failures(&verdict), [""; 0], "{} {verdict:#?}", vector.name);
    }
}
