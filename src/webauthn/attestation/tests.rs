//! Statements of real keys, of the test vectors, and of certificates made here with one fault each.

mod certificates;
mod real_keys;

use super::*;
use crate::webauthn::check::Outcome;
use crate::webauthn::test_vectors::{hex, named};
use crate::wire::cbor::{Encoded, MapBuilder};
use certificates::Template;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use real_keys::Statement;

const HASH: [u8; 32] = [5; 32];

fn failed(checks: &[Check]) -> Vec<&str> {
    let failed = |check: &&Check| matches!(check.outcome, Outcome::Failed { .. });
    checks.iter().filter(failed).map(|check| check.id).collect()
}

fn outcome(checks: &[Check], id: &str) -> String {
    checks.iter().find(|check| check.id == id).unwrap().outcome.to_string()
}

fn examine_bytes(
    format: &str,
    statement: Encoded,
    authenticator_data: &[u8],
    hash: &[u8; 32],
) -> (AttestationVerdict, Vec<Check>) {
    let object = AttestationObject {
        format: format.into(),
        statement: statement.into_bytes(),
        authenticator_data: authenticator_data.to_vec(),
    };
    examine(&object, &AuthenticatorData::parse(authenticator_data).unwrap(), hash)
}

fn statement(algorithm: Option<i64>, signature: &[u8], chain: &[&[u8]]) -> Encoded {
    let mut map = MapBuilder::new().text_member("sig", Encoded::bytes(signature));
    if let Some(algorithm) = algorithm {
        map = map.text_member("alg", Encoded::integer(algorithm));
    }
    let chain = chain.iter().map(|der| Encoded::bytes(der));
    map.text_member("x5c", Encoded::array(chain)).build()
}

/// A `packed` statement over the authenticator data of a test vector, with a certificate made here
/// and a signature by its key.
fn packed(template: &Template) -> Vec<Check> {
    let key = SigningKey::from_slice(&[7; 32]).unwrap();
    let data = named("packed.ES256").object().authenticator_data;
    let signature: Signature = key.sign(&[data.as_slice(), &HASH].concat());
    let statement = statement(Some(-7), &signature.to_der().to_bytes(), &[&template.der(&key)]);
    examine_bytes("packed", statement, &data, &HASH).1
}

#[test]
fn statements_of_real_keys_are_valid() {
    for (format, algorithm, real) in
        [("fido-u2f", None, &real_keys::FIDO_U2F), ("packed", Some(-7), &real_keys::PACKED)]
    {
        let Statement { signature, certificate, authenticator_data, client_data_hash } = real;
        let der = hex(certificate);
        let made = |signature: &[u8]| statement(algorithm, signature, &[&der]);
        let hash: [u8; 32] = hex(client_data_hash).try_into().unwrap();
        let data = hex(authenticator_data);
        let (verdict, checks) = examine_bytes(format, made(&hex(signature)), &data, &hash);
        assert_eq!(failed(&checks), [""; 0], "{checks:#?}");
        assert_eq!(
            outcome(&checks, "attestation_trust"),
            "not checked: no roots were given, so trust is not checked"
        );
        let AttestationKind::Certificate(facts) = verdict.kind else { panic!("no certificate") };
        assert_eq!(facts.chain[0].as_bytes(), der);
        if format == "packed" {
            assert_eq!(facts.aaguid.as_deref(), Some("f8a011f3-8c0a-4d15-8006-17111f9edc7d"));
            assert_eq!(facts.issuer, "CN=Yubico Preview FIDO Attestation");
            assert_eq!(outcome(&checks, "attestation_aaguid"), "passed");
        }
        let (_, checks) = examine_bytes(format, made(&[b'a'; 70]), &data, &hash);
        assert_eq!(failed(&checks), ["attestation_signature"]);
        let (_, checks) = examine_bytes(format, made(&hex(signature)), &data, &HASH);
        assert_eq!(failed(&checks), ["attestation_signature"]);
    }
}

#[test]
fn a_packed_certificate_must_have_the_prescribed_contents() {
    let aaguid = hex("876ca4f52071c3e9b25509ef2cdf7ed6");
    let good = Template { aaguid: Some((aaguid.clone(), false)), ..Template::default() };
    let checks = packed(&good);
    assert_eq!(failed(&checks), [""; 0], "{checks:#?}");
    assert_eq!(outcome(&checks, "attestation_aaguid"), "passed");

    let certificate = |change: &dyn Fn(&mut Template)| {
        let mut template = Template::default();
        change(&mut template);
        let checks = packed(&template);
        assert_eq!(failed(&checks), ["attestation_certificate"]);
        outcome(&checks, "attestation_certificate")
    };
    assert_eq!(
        certificate(&|template| template.version = 1),
        "failed: expected X.509 version 3, seen V2"
    );
    assert_eq!(
        certificate(&|template| template.country = Some("Sweden")),
        "failed: expected a subject with a country of two letters (C), seen \"Sweden\""
    );
    assert_eq!(
        certificate(&|template| template.country = None),
        "failed: expected a subject with a country of two letters (C), seen none"
    );
    assert_eq!(
        certificate(&|template| template.organization = Some("")),
        "failed: expected a subject with an organization (O), seen \"\""
    );
    assert_eq!(
        certificate(&|template| template.unit = Some("Attestation\n")),
        "failed: expected a subject with OU \"Authenticator Attestation\", seen \"Attestation\\n\""
    );
    assert_eq!(
        certificate(&|template| template.name = None),
        "failed: expected a subject with a common name (CN), seen none"
    );
    assert_eq!(
        certificate(&|template| template.ca = Some(true)),
        "failed: expected basic constraints that say CA false, seen CA true"
    );
    assert_eq!(
        certificate(&|template| template.ca = None),
        "failed: expected basic constraints that say CA false, seen none"
    );
}

#[test]
fn the_aaguid_of_the_certificate_must_be_the_keys() {
    let aaguid = hex("876ca4f52071c3e9b25509ef2cdf7ed6");
    let with = |aaguid: &[u8], critical: bool| {
        let aaguid = Some((aaguid.to_vec(), critical));
        let checks = packed(&Template { aaguid, ..Template::default() });
        assert_eq!(failed(&checks), ["attestation_aaguid"]);
        outcome(&checks, "attestation_aaguid")
    };
    let expected = "failed: expected 876ca4f5-2071-c3e9-b255-09ef2cdf7ed6, seen ";
    assert_eq!(with(&[0; 16], false), format!("{expected}00000000-0000-0000-0000-000000000000"));
    assert_eq!(
        with(&aaguid, true),
        format!("{expected}an AAGUID extension that is marked critical")
    );
    assert_eq!(
        with(&aaguid[1..], false),
        format!("{expected}an AAGUID extension that is not 16 bytes")
    );
    let checks = packed(&Template::default());
    assert_eq!(
        outcome(&checks, "attestation_aaguid"),
        "not applicable: the certificate names no AAGUID"
    );
}

#[test]
fn the_algorithm_must_be_that_of_the_key() {
    let key = SigningKey::from_slice(&[7; 32]).unwrap();
    let der = Template::default().der(&key);
    let data = named("packed.ES256").object().authenticator_data;
    let signature: Signature = key.sign(&[data.as_slice(), &HASH].concat());
    let signature = signature.to_der().to_bytes();
    let with = |algorithm: i64| {
        examine_bytes("packed", statement(Some(algorithm), &signature, &[&der]), &data, &HASH).1
    };
    for algorithm in [-257, -35, -37, 0] {
        let checks = with(algorithm);
        assert_eq!(failed(&checks), ["attestation_algorithm", "attestation_signature"]);
    }
    // What this program cannot verify is unknown, not failed.
    let rsa = crate::webauthn::test_vectors::named("packed.RS256");
    let der = Template::default().with_spki(rsa.get("public_key_spki"));
    let made = statement(Some(-38), &signature, &[&der]);
    let checks = examine_bytes("packed", made, &data, &HASH).1;
    assert_eq!(failed(&checks), [""; 0]);
    let words = "not checked: this program cannot verify algorithm -38";
    assert_eq!(outcome(&checks, "attestation_algorithm"), words);
    assert_eq!(outcome(&checks, "attestation_signature"), words);
}

#[test]
fn self_attestation_is_with_the_credentials_own_algorithm() {
    let object = named("packed-self.ES256").object();
    let parsed = cbor::parse(&object.statement).unwrap().map().unwrap();
    let signature = parsed.get_text("sig").unwrap().bytes().unwrap();
    let made = MapBuilder::new()
        .text_member("alg", Encoded::integer(-9))
        .text_member("sig", Encoded::bytes(signature))
        .build();
    let vector = named("packed-self.ES256");
    let hash = crate::webauthn::client_data::hash(vector.get("create_client_data"));
    let (verdict, checks) = examine_bytes("packed", made, &object.authenticator_data, &hash);
    assert_eq!(verdict.kind, AttestationKind::SelfAttested);
    assert_eq!(failed(&checks), ["attestation_algorithm"]);
    assert_eq!(
        outcome(&checks, "attestation_algorithm"),
        "failed: expected ES256, the credential's, seen ESP256"
    );
}

#[test]
fn a_u2f_statement_has_one_certificate_on_p256_for_an_es256_credential() {
    let vector = named("fido-u2f.ES256");
    let object = vector.object();
    let parsed = cbor::parse(&object.statement).unwrap().map().unwrap();
    let signature = parsed.get_text("sig").unwrap().bytes().unwrap();
    let der = parsed.get_text("x5c").unwrap().array().unwrap()[0].bytes().unwrap();
    let hash = crate::webauthn::client_data::hash(vector.get("create_client_data"));
    let with = |chain: &[&[u8]], data: &[u8]| {
        examine_bytes("fido-u2f", statement(None, signature, chain), data, &hash).1
    };
    let data = &object.authenticator_data;
    assert_eq!(failed(&with(&[der], data)), [""; 0]);
    assert_eq!(
        outcome(&with(&[der, der], data), "attestation_statement"),
        "failed: expected exactly one certificate, seen 2 certificates"
    );
    assert_eq!(failed(&with(&[], data)), ["attestation_statement"]);
    let foreign = named("packed.EdDSA").object().authenticator_data;
    assert_eq!(failed(&with(&[der], &foreign)), ["attestation_algorithm"]);
    // A certificate that anybody else's key signed for.
    let other = Template::default().der(&SigningKey::from_slice(&[7; 32]).unwrap());
    assert_eq!(failed(&with(&[&other], data)), ["attestation_signature"]);
}

#[test]
fn damaged_statements_are_refused() {
    let data = named("packed.ES256").object().authenticator_data;
    let refused = |format: &str, statement: Encoded| {
        let (verdict, checks) = examine_bytes(format, statement, &data, &HASH);
        assert_eq!(verdict.format, format);
        failed(&checks).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let empty = || MapBuilder::new().build();
    let no_statement = ["attestation_statement"];
    assert_eq!(refused("packed", empty()), no_statement);
    assert_eq!(refused("fido-u2f", empty()), no_statement);
    assert_eq!(refused("none", empty()), [""; 0]);
    let one = || MapBuilder::new().text_member("sig", Encoded::bytes(&[1])).build();
    assert_eq!(refused("none", one()), no_statement);
    assert_eq!(refused("packed", one()), no_statement);
    assert_eq!(refused("packed", Encoded::bytes(&[])), no_statement);
    assert_eq!(refused("packed", statement(Some(-7), &[1], &[])), ["attestation_certificate"]);
    let malformed = statement(Some(-7), &[1], &[&[0x30, 0]]);
    assert_eq!(refused("packed", malformed), ["attestation_certificate"]);
    let malformed = statement(None, &[1], &[&[0x30, 0]]);
    assert_eq!(refused("fido-u2f", malformed), ["attestation_certificate"]);
}

#[test]
fn a_format_that_nobody_makes_any_more_is_not_checked_and_an_unknown_one_is_refused() {
    let data = named("packed.ES256").object().authenticator_data;
    let (verdict, checks) = examine_bytes(SAFETY_NET, MapBuilder::new().build(), &data, &HASH);
    assert_eq!(verdict.kind, AttestationKind::Unknown);
    assert_eq!(failed(&checks), [""; 0]);
    let words = "not checked: android-safetynet is deprecated: the service behind it was switched \
                 off, and nobody can make it any more";
    assert_eq!(outcome(&checks, "attestation_format"), words);
    assert_eq!(outcome(&checks, "attestation_signature"), words);
    for format in ["Packed", "\u{1b}[2J", ""] {
        let (_, checks) = examine_bytes(format, MapBuilder::new().build(), &data, &HASH);
        assert_eq!(failed(&checks), ["attestation_format"]);
        let words = format!("failed: expected a registered format, seen {format:?}");
        assert_eq!(outcome(&checks, "attestation_format"), words);
    }
}

#[test]
fn no_damage_of_a_certificate_panics() {
    let real = &real_keys::PACKED;
    let (der, data) = (hex(real.certificate), hex(real.authenticator_data));
    for at in 0..der.len() {
        for bit in [0x01, 0x20, 0x80] {
            let mut der = der.clone();
            der[at] ^= bit;
            let statement = statement(Some(-7), &[1], &[&der]);
            assert_ne!(failed(&examine_bytes("packed", statement, &data, &HASH).1), [""; 0]);
        }
        let statement = statement(Some(-7), &[1], &[&der[..at]]);
        let checks = examine_bytes("packed", statement, &data, &HASH).1;
        assert_eq!(failed(&checks), ["attestation_certificate"]);
    }
}
