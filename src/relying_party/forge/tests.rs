use super::assertion::AssertionPlan;
use super::attestation::{ObjectFault, SignatureFault, Statement};
use super::certificate::{CertificatePlan, DAY, Maker};
use super::client_data::ClientDataPlan;
use super::kept_maker::MakerError;
use super::key::{ALGORITHMS, ForgedKey};
use super::registration::{AAGUID, RegistrationPlan};
use crate::ctap::{Random, RandomError};
use crate::webauthn::client_data::{ClientDataType, CollectedClientData};
use crate::webauthn::json::{AuthenticationResponseJson, RegistrationResponseJson};
use crate::webauthn::public_key::PublicKey;
use crate::webauthn::verify::{
    self, AssertionInput, ClientData, CredentialKey, Expected, KnownCredential, RegistrationInput,
    Verdict,
};
use crate::wire::authenticator_data::Aaguid;
use crate::wire::cose::Algorithm;
use sha2::{Digest, Sha256};
use std::time::{Duration, SystemTime};

const CHALLENGE: &[u8] = b"a challenge of 24 bytes!";
const ORIGIN: &str = "https://login.example.com";
const RP_ID: &str = "example.com";

/// The hash of a number that grows.
struct Counting(u64);

impl Random for Counting {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RandomError> {
        for chunk in bytes.chunks_mut(32) {
            self.0 += 1;
            chunk.copy_from_slice(&Sha256::digest(self.0.to_be_bytes())[..chunk.len()]);
        }
        Ok(())
    }
}

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_478_400)
}

fn expected() -> Expected {
    Expected {
        challenge: Some(CHALLENGE.to_vec()),
        origins: vec![ORIGIN.to_owned()],
        user_verification: true,
        algorithms: ALGORITHMS.to_vec(),
        ..Expected::new(RP_ID)
    }
}

fn plan(algorithm: Algorithm, statement: Statement, random: &mut Counting) -> RegistrationPlan {
    let key = ForgedKey::generate(algorithm, random).unwrap().unwrap();
    let party = (CHALLENGE, ORIGIN, RP_ID);
    RegistrationPlan::honest(key, party, statement, random).unwrap()
}

fn judged(plan: &RegistrationPlan, random: &mut Counting) -> Verdict {
    let maker = Maker::new(now(), random).unwrap();
    let value = plan.forge(&maker, random).unwrap();
    let document: RegistrationResponseJson = serde_json::from_value(value).unwrap();
    verify::registration(&RegistrationInput::of_document(&document, &expected()).unwrap())
}

fn failed(verdict: &Verdict) -> Vec<&str> {
    verdict.failed().map(|check| check.id).collect()
}

fn statements() -> Vec<Statement> {
    let certificate = |aaguid| CertificatePlan::honest(aaguid, now());
    vec![
        Statement::None,
        Statement::PackedSelf(Algorithm::ES256),
        Statement::PackedCertificate(certificate(Some(AAGUID))),
        Statement::PackedCertificate(certificate(None)),
        Statement::FidoU2f(certificate(None), 1),
    ]
}

#[test]
fn what_is_honest_is_accepted() {
    let mut random = Counting(0);
    for statement in statements() {
        let plan = plan(Algorithm::ES256, statement.clone(), &mut random);
        let verdict = judged(&plan, &mut random);
        assert_eq!(failed(&verdict), [""; 0], "{statement:?}: {verdict:#?}");
    }
    for algorithm in ALGORITHMS {
        let plan = plan(*algorithm, Statement::PackedSelf(*algorithm), &mut random);
        let verdict = judged(&plan, &mut random);
        assert_eq!(failed(&verdict), [""; 0], "{algorithm}: {verdict:#?}");
    }
}

#[test]
fn client_data_has_the_bytes_that_are_prescribed() {
    for kind in [ClientDataType::Create, ClientDataType::Get] {
        let plan = ClientDataPlan::honest(kind, CHALLENGE, ORIGIN);
        let prescribed = CollectedClientData {
            kind,
            challenge: CHALLENGE.to_vec(),
            origin: ORIGIN.to_owned(),
            cross_origin: false,
            top_origin: None,
        };
        assert_eq!(plan.bytes(), prescribed.to_json());
    }
}

#[test]
fn each_lie_is_the_only_one() {
    type Lie = (&'static str, Statement, fn(&mut RegistrationPlan));
    let certificate = CertificatePlan::honest(Some(AAGUID), now());
    let other = CertificatePlan { aaguid: Some(Aaguid([1; 16])), ..certificate.clone() };
    let authority = CertificatePlan { is_authority: true, ..certificate.clone() };
    let own = Statement::PackedSelf(Algorithm::ES256);
    let lies: Vec<Lie> = vec![
        ("challenge", own.clone(), |plan| plan.client_data.challenge = Some(b"another".to_vec())),
        ("origin", own.clone(), |plan| plan.client_data.origin = "https://a.example".into()),
        ("client_data_type", own.clone(), |plan| plan.client_data.kind = "webauthn.get".into()),
        ("rp_id_hash", own.clone(), |plan| plan.authenticator_data.rp_id_hash = [0; 32]),
        ("user_present", own.clone(), |plan| plan.authenticator_data.flags ^= 1),
        ("user_verified", own.clone(), |plan| plan.authenticator_data.flags ^= 4),
        ("attestation_signature", own.clone(), |plan| {
            plan.attestation.signature = SignatureFault::BitChanged;
        }),
        ("attestation_signature", own, |plan| {
            plan.attestation.signature = SignatureFault::OtherBytes;
        }),
        ("attestation_aaguid", Statement::PackedCertificate(other), |_| {}),
        ("attestation_certificate", Statement::PackedCertificate(authority), |_| {}),
        ("attestation_object", Statement::None, |plan| {
            plan.attestation.fault = ObjectFault::DuplicateKey;
        }),
        ("attestation_object", Statement::None, |plan| {
            plan.attestation.fault = ObjectFault::Trailing;
        }),
    ];
    let mut random = Counting(0);
    for (id, statement, lie) in lies {
        let mut plan = plan(Algorithm::ES256, statement, &mut random);
        lie(&mut plan);
        assert_eq!(failed(&judged(&plan, &mut random)), [id]);
    }
}

#[test]
fn certificates_expire_when_they_are_told_to() {
    use der::Decode;
    let mut random = Counting(0);
    let maker = Maker::new(now(), &mut random).unwrap();
    let key = ForgedKey::p256(&mut random).unwrap();
    let mut plan = CertificatePlan::honest(Some(AAGUID), now());
    plan.not_after = now() - DAY;
    let der = maker.issue(&plan, key.verifying_key(), &mut random).unwrap();
    let certificate = x509_cert::Certificate::from_der(&der).unwrap();
    let validity = certificate.tbs_certificate().validity();
    assert_eq!(validity.not_after.to_system_time(), now() - DAY);
    assert!(x509_cert::Certificate::from_der(maker.root()).is_ok());
}

#[test]
fn an_honest_assertion_is_accepted_and_a_wrong_signature_is_not() {
    let mut random = Counting(0);
    for algorithm in ALGORITHMS {
        let key = ForgedKey::generate(*algorithm, &mut random).unwrap().unwrap();
        let party = (CHALLENGE, ORIGIN, RP_ID);
        let mut plan = AssertionPlan::honest(&key, b"credential", party, 7);
        plan.user_handle = Some(b"user".to_vec());
        for fault in [
            SignatureFault::None,
            SignatureFault::BitChanged,
            SignatureFault::OtherBytes,
            SignatureFault::OtherKey,
            SignatureFault::Empty,
        ] {
            plan.signature = fault;
            let value = plan.forge(&mut random).unwrap();
            let document: AuthenticationResponseJson = serde_json::from_value(value).unwrap();
            let response = &document.response;
            let public_key = PublicKey::from_cose_bytes(&key.cose());
            let Ok(public_key) = public_key else { continue };
            let verdict = verify::assertion(&AssertionInput {
                client_data: ClientData::Json(
                    response.client_data_json.as_ref().unwrap().as_bytes(),
                ),
                authenticator_data: response.authenticator_data.as_bytes(),
                signature: response.signature.as_bytes(),
                credential_id: document.raw_id.as_bytes(),
                user_handle: Some(b"user"),
                allowed: &[b"credential".to_vec()],
                known: KnownCredential {
                    key: CredentialKey::Known(&public_key),
                    sign_count: Some(6),
                    user_handle: Some(b"user"),
                    backup_eligible: Some(false),
                    ..KnownCredential::default()
                },
                document: Some(&document),
                expected: &expected(),
            });
            let wrong: &[&str] = if fault == SignatureFault::None { &[] } else { &["signature"] };
            assert_eq!(failed(&verdict), wrong, "{algorithm} {fault:?}");
        }
    }
}

#[test]
fn without_randomness_nothing_is_forged() {
    struct Dry;
    impl Random for Dry {
        fn fill(&mut self, _: &mut [u8]) -> Result<(), RandomError> {
            Err(RandomError("dry".into()))
        }
    }
    assert!(ForgedKey::generate(Algorithm::ES256, &mut Dry).is_err());
    assert!(Maker::new(now(), &mut Dry).is_err());
}

#[test]
fn a_maker_is_kept_and_is_the_same_afterwards() {
    let mut random = Counting(7);
    let maker = Maker::new(now(), &mut random).unwrap();
    let kept = maker.to_pem().unwrap();
    let again = Maker::from_pem(kept.as_bytes()).unwrap();
    assert_eq!(again.root(), maker.root());
    assert_eq!(*again.to_pem().unwrap(), *kept);
    // Its root alone is what a relying party reads.
    let root = maker.root_pem().unwrap();
    assert!(!root.contains("PRIVATE"));
    let read = crate::relying_party::remote::roots::roots_from_pem(root.as_bytes()).unwrap();
    assert_eq!(read, [maker.root()]);
    assert_eq!(Maker::from_pem(root.as_bytes()).err(), Some(MakerError::Form));
    assert_eq!(Maker::from_pem(b"\xff").err(), Some(MakerError::Form));
    let other = Maker::new(now(), &mut random).unwrap();
    let mixed = kept.replace(&root, &other.root_pem().unwrap());
    assert_eq!(Maker::from_pem(mixed.as_bytes()).err(), Some(MakerError::OtherKey));
}
