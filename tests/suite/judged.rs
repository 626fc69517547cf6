//! What the command line makes on a virtual key, before other people's verifiers.

use crate::harness::Desk;
use crate::judges::{Ceremony, FOLDER, Judges, Registered, Request, python};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fidokey::virtual_key::{Attestation, AttestationKey, KeySettings};
use serde_json::{Value, json};

const RP_ID: &str = "example.com";
const ORIGIN: &str = "https://login.example.com";

fn decode(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A batch attestation key, and the certificate of the authority above it.
pub fn attestation() -> (KeySettings, String) {
    let output = python().arg(format!("{FOLDER}/attestation.py")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let made: Value = serde_json::from_slice(&output.stdout).unwrap();
    let bytes = |name: &str| decode(made[name].as_str().unwrap());
    let settings = KeySettings {
        aaguid: bytes("aaguid").try_into().unwrap(),
        attestation: Attestation::Batch(AttestationKey {
            private_key: bytes("private_key").try_into().unwrap(),
            certificate: bytes("certificate"),
        }),
        ..KeySettings::default()
    };
    (settings, made["root"].as_str().unwrap().to_owned())
}

/// One way of registering and asserting.
struct Way {
    algorithm: &'static str,
    protocol_one: bool,
    resident: bool,
    verified: bool,
    certificate: bool,
}

impl Way {
    fn name(&self) -> String {
        format!(
            "{}, protocol {}, {}resident, {}verified, {}",
            self.algorithm,
            if self.protocol_one { "one" } else { "two" },
            if self.resident { "" } else { "not " },
            if self.verified { "" } else { "not " },
            if self.certificate { "certificate" } else { "self" }
        )
    }

    fn all() -> Vec<Self> {
        let mut ways = Vec::new();
        for bits in 0..32u8 {
            let bit = |place: u8| bits >> place & 1 == 1;
            let way = Self {
                algorithm: if bit(0) { "EdDSA" } else { "ES256" },
                protocol_one: bit(1),
                resident: bit(2),
                verified: bit(3),
                certificate: bit(4),
            };
            // OpenSK signs with its batch key as ES256, whatever the credential's algorithm is.
            if !(way.certificate && way.algorithm == "EdDSA") {
                ways.push(way);
            }
        }
        ways
    }
}

/// The document with one byte of one part changed.
fn spoilt(response: &Value, part: &str) -> Value {
    let mut changed = response.clone();
    let member = &mut changed["response"][part];
    let mut bytes = decode(member.as_str().unwrap());
    let at = match part {
        // In the challenge.
        "clientDataJSON" => bytes.windows(9).position(|w| w == b"challenge").unwrap() + 14,
        // In the public key: the last byte of the authenticator data.
        "attestationObject" => bytes.len() - 1,
        // In the counter.
        "authenticatorData" => 36,
        _ => bytes.len() - 1,
    };
    bytes[at] ^= 1;
    *member = Value::String(encode(&bytes));
    changed
}

#[test]
fn other_peoples_verifiers_accept_what_is_made_and_reject_it_with_a_byte_changed() {
    let Some(mut judges) = Judges::start("judged") else { return };
    let (with_certificate, root) = attestation();
    for way in Way::all() {
        let name = way.name();
        let desk = Desk::empty();
        let settings =
            if way.certificate { with_certificate.clone() } else { KeySettings::default() };
        desk.plug(0, settings);
        if way.verified {
            desk.set_pin("1234");
        }
        if way.protocol_one {
            desk.offer_protocol_one_alone();
        }
        let verification = if way.verified {
            format!("--user-verification required --pin-file {}", desk.file("pin", "1234"))
        } else {
            "--user-verification discouraged".to_owned()
        };
        let resident = if way.resident { "--resident" } else { "" };
        let challenge = encode(format!("registration {name}").as_bytes());
        let user_handle = encode(b"the user handle");
        let saved = desk.path("saved.json");
        let saved = saved.to_str().unwrap();
        let registration = desk.run(&format!(
            "register --rp {RP_ID} --origin {ORIGIN} --challenge {challenge} --user alice \
             --user-id {user_handle} --algorithm {} {resident} {verification} --save {saved} --json",
            way.algorithm
        ));
        let response = registration.succeeded().json();
        let request = Request {
            response: response.clone(),
            challenge,
            origin: ORIGIN.into(),
            rp_id: RP_ID.into(),
            require_user_verification: way.verified,
            ceremony: Ceremony::Registration {
                algorithms: vec![if way.algorithm == "EdDSA" { -8 } else { -7 }],
                roots: if way.certificate { vec![root.clone()] } else { Vec::new() },
            },
        };
        let facts = judges.accept(&name, &request);
        assert_eq!(facts.user_verified, way.verified, "{name}");
        for part in ["clientDataJSON", "attestationObject"] {
            let changed = Request { response: spoilt(&response, part), ..request.clone() };
            judges.reject(&format!("{name}, {part}"), &changed);
        }

        let registered = facts.registration.as_ref().unwrap();
        assert_eq!(registered.fmt, "packed", "{name}");
        let challenge = encode(format!("assertion {name}").as_bytes());
        let assertion = desk.run(&format!(
            "assert --rp {RP_ID} --origin {ORIGIN} --challenge {challenge} --registration {saved} \
             {verification} --json"
        ));
        let response = assertion.succeeded().json();
        let request = Request {
            response: response.clone(),
            challenge,
            origin: ORIGIN.into(),
            rp_id: RP_ID.into(),
            require_user_verification: way.verified,
            ceremony: Ceremony::Authentication(Registered {
                credential_id: facts.credential_id.clone(),
                public_key: registered.public_key.clone(),
                sign_count: facts.sign_count,
                user_handle: way.resident.then_some(user_handle),
            }),
        };
        let facts = judges.accept(&name, &request);
        assert_eq!(facts.user_verified, way.verified, "{name}");
        for part in ["clientDataJSON", "authenticatorData", "signature"] {
            let changed = Request { response: spoilt(&response, part), ..request.clone() };
            judges.reject(&format!("{name}, {part}"), &changed);
        }
    }
}

/// What a relying party's server asks for with options, in several ways.
#[test]
fn other_peoples_verifiers_accept_what_options_ask_for() {
    let Some(mut judges) = Judges::start("judged") else { return };
    let (certified, root) = attestation();
    let everything = json!({
        "credProps": true,
        "prf": {},
        "hmacCreateSecret": true,
        "largeBlob": {"support": "preferred"},
        "credentialProtectionPolicy": "userVerificationOptionalWithCredentialIDList",
        "enforceCredentialProtectionPolicy": true,
        "credBlob": "AQID",
        "minPinLength": true
    });
    for (algorithm, attestation, resident, extensions, format) in [
        (-7, "none", "required", json!({}), "none"),
        (-7, "direct", "required", everything.clone(), "packed"),
        (-7, "indirect", "preferred", json!({"credProps": true}), "packed"),
        (-7, "enterprise", "discouraged", json!({"prf": {}}), "packed"),
        (-7, "none", "preferred", everything.clone(), "none"),
        // OpenSK signs with its batch key as ES256, so that this one attests itself; that names
        // nobody, and is given in any case.
        (-8, "direct", "required", everything.clone(), "packed"),
        (-8, "none", "preferred", everything, "packed"),
    ] {
        let name = format!("{algorithm}, {attestation}, {resident}, {extensions}");
        let certifies = algorithm == -7;
        let desk = Desk::empty();
        desk.plug(0, if certifies { certified.clone() } else { KeySettings::default() });
        desk.set_pin("1234");
        let pin = desk.file("pin", "1234");
        let challenge = encode(format!("registration {name}").as_bytes());
        let options = json!({"publicKey": {
            "rp": {"id": RP_ID, "name": "Example"},
            "user": {"id": encode(name.as_bytes().get(..12).unwrap()), "name": name, "displayName": ""},
            "challenge": challenge,
            "pubKeyCredParams": [
                {"type": "public-key", "alg": -257},
                {"type": "public-key", "alg": algorithm},
            ],
            "authenticatorSelection": {"residentKey": resident, "userVerification": "required"},
            "attestation": attestation,
            "attestationFormats": ["packed"],
            "extensions": extensions
        }});
        let line = format!("--options - --origin {ORIGIN} --json --pin-file {pin}");
        let registration = desk.command(&format!("register {line}")).stdin(options.to_string());
        let request = Request {
            response: registration.run().succeeded().json(),
            challenge,
            origin: ORIGIN.into(),
            rp_id: RP_ID.into(),
            require_user_verification: true,
            ceremony: Ceremony::Registration {
                algorithms: vec![-257, algorithm],
                roots: if certifies && format != "none" { vec![root.clone()] } else { Vec::new() },
            },
        };
        let facts = judges.accept(&name, &request);
        let changed = spoilt(&request.response, "clientDataJSON");
        judges.reject(&name, &Request { response: changed, ..request.clone() });
        let registered = facts.registration.as_ref().unwrap();
        assert_eq!(registered.fmt, format, "{name}");

        let challenge = encode(format!("assertion {name}").as_bytes());
        let options = json!({
            "rpId": RP_ID,
            "challenge": challenge,
            "allowCredentials": [{"type": "public-key", "id": facts.credential_id}],
            "userVerification": "required",
            "extensions": {
                "prf": {"eval": {"first": "AQ"}},
                "largeBlob": {"write": "AQ"},
                "getCredBlob": true
            }
        });
        let assertion = desk.command(&format!("assert {line} --prf-in-response"));
        let request = Request {
            response: assertion.stdin(options.to_string()).run().succeeded().json(),
            challenge,
            ceremony: Ceremony::Authentication(Registered {
                credential_id: facts.credential_id.clone(),
                public_key: registered.public_key.clone(),
                sign_count: facts.sign_count,
                user_handle: None,
            }),
            ..request
        };
        judges.accept(&name, &request);
        let changed = spoilt(&request.response, "authenticatorData");
        judges.reject(&name, &Request { response: changed, ..request });
    }
}
