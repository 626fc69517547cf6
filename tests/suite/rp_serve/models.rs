//! What a record says of the key's model, and of whether its attestation is trusted.

use super::{Seeded, Service, Setup};
use crate::harness::now;
use fidokey::relying_party::forge::assertion::AssertionPlan;
use fidokey::relying_party::forge::attestation::Statement;
use fidokey::relying_party::forge::certificate::{CertificatePlan, Maker};
use fidokey::relying_party::forge::key::ForgedKey;
use fidokey::relying_party::forge::registration::{AAGUID, RegistrationPlan};
use fidokey::relying_party::trust::Trust;
use fidokey::virtual_key::SeededRandomness;
use fidokey::webauthn::base64url;
use fidokey::webauthn::model_names::ModelNames;
use fidokey::webauthn::trust::Roots;
use fidokey::wire::cose::Algorithm;
use serde_json::{Value, json};

/// The bytes of a challenge.
fn challenge(options: &Value) -> Vec<u8> {
    base64url::decode(options["challenge"].as_str().unwrap()).unwrap()
}

/// Registers a key with a certificate of `maker`, and signs in with it; gives both records.
fn records(trust: Trust, maker: &Maker, random: &mut Seeded) -> [Value; 2] {
    let service = Service::trusting(Setup::default(), trust);
    let mut client = service.client();
    client.post("/api/sign-up", &json!({"username": "a", "password": "correct horse"})).ok();
    let asked = json!({"nickname": "blue", "purpose": "second_factor"});
    let options = client.post("/api/tokens/options", &asked).ok()["options"].clone();
    let key = ForgedKey::generate(Algorithm::ES256, random).unwrap().unwrap();
    let statement = Statement::PackedCertificate(CertificatePlan::honest(Some(AAGUID), now()));
    let party = (&challenge(&options)[..], service.origin.as_str(), "localhost");
    let plan = RegistrationPlan::honest(key, party, statement, random).unwrap();
    let made = plan.forge(maker, random).unwrap();
    let answer = client.post("/api/tokens/result", &json!({ "response": made }));
    let registration = answer.json()["record"].clone();
    let mut record =
        |number: &Value| client.get(&format!("/api/records/{number}")).ok()["record"].clone();
    let registration = record(&registration);
    if registration["accepted"] == false {
        return [registration, Value::Null];
    }
    client.post("/api/sign-out", &json!({})).ok();
    client.post("/api/sign-in", &json!({"username": "a", "password": "correct horse"})).ok();
    let options = client.post("/api/sign-in/key/options", &json!({})).ok()["options"].clone();
    let party = (&challenge(&options)[..], service.origin.as_str(), "localhost");
    let signed = AssertionPlan::honest(&plan.key, plan.credential_id(), party, 7);
    let signed = signed.forge(random).unwrap();
    let answer = client.post("/api/sign-in/key/result", &json!({ "response": signed }));
    let number = answer.ok()["record"].clone();
    let sign_in = client.get(&format!("/api/records/{number}")).ok()["record"].clone();
    [registration, sign_in]
}

fn outcome<'a>(record: &'a Value, id: &str) -> &'a Value {
    let mut checks = record["checks"].as_array().unwrap().iter();
    &checks.find(|check| check["id"] == id).unwrap()["outcome"]
}

#[test]
fn a_record_names_the_model_and_says_whether_its_attestation_is_trusted() {
    let mut random = Seeded(SeededRandomness::new(5));
    let maker = Maker::new(now(), &mut random).unwrap();
    let stranger = Maker::new(now(), &mut random).unwrap();
    let cases = [
        (vec![maker.root()], "passed", true),
        (vec![], "not_checked", true),
        (vec![stranger.root()], "failed", false),
    ];
    for (roots, trusted, accepted) in cases {
        let trust = Trust {
            roots: Roots::from_der(roots),
            names: ModelNames::with([(AAGUID, "Forged Key 5".to_owned())]),
            ..Trust::default()
        };
        let [registration, sign_in] = records(trust, &maker, &mut random);
        let what = format!("{trusted}: {registration:#}");
        assert_eq!(registration["accepted"], accepted, "{what}");
        assert_eq!(registration["model"], "Forged Key 5", "{what}");
        assert_eq!(outcome(&registration, "attestation_trust"), trusted, "{what}");
        if accepted {
            assert_eq!(sign_in["accepted"], true, "{sign_in:#}");
            assert_eq!(sign_in["model"], "Forged Key 5", "{sign_in:#}");
            assert_eq!(sign_in["aaguid"], AAGUID.to_string());
        }
    }
}
