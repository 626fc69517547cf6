use super::*;
use crate::relying_party::identity::{Identity, Profile};
use crate::relying_party::trust::Trust;
use crate::webauthn::json::options::{
    AttestationConveyance, ResidentKeyRequirement, UserEntityJson, UserVerificationRequirement,
};
use crate::webauthn::json::{AuthenticationResponseJson, RegistrationResponseJson};
use crate::webauthn::origin::Origin;
use serde_json::{Map, json};

fn identity(profile: Profile) -> Identity {
    Identity::of(Origin::parse("https://example.org").unwrap(), profile).unwrap()
}

fn registration(profile: Profile) -> RegistrationOffer {
    let terms = RegistrationTerms {
        user: UserEntityJson {
            id: vec![1].into(),
            name: "alice".into(),
            display_name: "Alice".into(),
        },
        exclude: Vec::new(),
        user_verification: UserVerificationRequirement::Preferred,
        resident_key: ResidentKeyRequirement::Preferred,
        attachment: None,
        attestation: AttestationConveyance::None,
        algorithms: RegistrationTerms::usual_algorithms(),
        timeout: TIMEOUT,
        extensions: Map::new(),
        hints: Vec::new(),
    };
    let terms = if profile == Profile::Entra { terms.as_entra() } else { terms };
    terms.offer(&identity(profile), Challenge(vec![7; 32]))
}

fn judge(offer: &RegistrationOffer, response: serde_json::Value) -> (Judgement, bool) {
    let response = RegistrationResponseJson::parse(response.to_string().as_bytes()).unwrap();
    let trust = Trust::default();
    let (judgement, credential) = offer.judge(&response, |_| false, &trust.source(0));
    (judgement, credential.is_some())
}

#[test]
fn what_is_expected_is_what_was_sent() {
    let offer = registration(Profile::Plain);
    assert_eq!(offer.expected.challenge.as_deref(), Some(&[7; 32][..]));
    assert_eq!(offer.expected.origins, ["https://example.org"]);
    assert_eq!(offer.expected.rp_id, "example.org");
    assert_eq!(offer.options["rp"]["id"], "example.org");
    assert!(!offer.expected.user_verification);
    assert_eq!(offer.expected.extensions.as_deref(), Some(&[][..]));
    let offer = registration(Profile::Entra);
    assert!(offer.expected.user_verification);
    assert_eq!(offer.options["timeout"], 0);
    assert_eq!(
        offer.expected.extensions.unwrap(),
        ["hmacCreateSecret", "enforceCredentialProtectionPolicy", "credentialProtectionPolicy"]
    );
}

#[test]
fn what_cannot_be_read_is_refused_and_nothing_is_kept() {
    let offer = registration(Profile::Plain);
    for object in ["", "AA", "oA", "o2NmbXRkbm9uZQ"] {
        let (judgement, kept) = judge(
            &offer,
            json!({
                "id": "AA", "rawId": "AA", "type": "public-key",
                "response": {"clientDataJSON": "e30", "attestationObject": object},
            }),
        );
        assert!(!judgement.accepted && !kept);
        assert!(judgement.reason().unwrap().starts_with("this is not so: "));
    }
    // Without client data, too.
    let (judgement, kept) = judge(
        &offer,
        json!({"id": "AA", "rawId": "AA", "type": "x", "response": {"attestationObject": "oA"}}),
    );
    assert!(!judgement.accepted && !kept);
}

/// A verdict lets pass what it cannot check; a server does not.
#[test]
fn what_cannot_be_checked_is_a_no() {
    let terms = AssertionTerms {
        allow: Vec::new(),
        user_verification: UserVerificationRequirement::Preferred,
        timeout: TIMEOUT,
        extensions: Map::new(),
    };
    let offer = terms.offer(&identity(Profile::Plain), Challenge(vec![7; 32]));
    let response = json!({
        "id": "AA", "rawId": "AA", "type": "public-key",
        "response": {"clientDataJSON": "e30", "authenticatorData": "", "signature": "", "userHandle": "AA"},
    });
    let response = AuthenticationResponseJson::parse(response.to_string().as_bytes()).unwrap();
    let judgement = offer.judge(&response, None);
    assert!(!judgement.accepted);
    let against: Vec<&str> = judgement.against().map(|check| check.id).collect();
    assert!(against.contains(&"credential_of_account"), "{against:?}");
    assert!(against.contains(&"user_handle"), "{against:?}");
    assert!(against.contains(&"signature"), "{against:?}");
    // A public key that is none at all.
    let kept = Kept {
        id: &[0],
        public_key: b"no key",
        sign_count: 0,
        backup_eligible: false,
        backed_up: false,
        user_handle: &[0],
    };
    let judgement = offer.judge(&response, Some(kept));
    assert!(judgement.against().any(|check| check.id == "signature"));
}
