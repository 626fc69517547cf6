//! Certificates and the FIDO metadata.

use super::{NOW, hex, members, texts};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use fidokey::webauthn::metadata::{BlobTrust, Kept, Metadata};
use fidokey::webauthn::trust::{Roots, path_to_root};
use fidokey::wire::attestation_object::AttestationObject;
use fidokey::wire::cbor::{self, Item};
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::json;

/// A certificate whose key is [`signer`]: made by OpenSSL, valid from 2026-11-24 for 9000 days.
const SERVICE: &[u8] = include_bytes!("service.der");

/// The private key of [`SERVICE`], for everyone to see.
fn signer() -> SigningKey {
    SigningKey::from_slice(&[7; 32]).unwrap()
}

/// A certificate, before itself and before another root.
pub fn certificates(bytes: &[u8]) {
    let roots = Roots::from_der([bytes, SERVICE]);
    for chain in [vec![bytes], vec![bytes; 8], vec![SERVICE, bytes], vec![bytes; 9]] {
        let _ = path_to_root(&chain, &roots, NOW);
        let _ = path_to_root(&chain, &Roots::from_der([SERVICE]), NOW);
    }
}

pub fn chain_seeds() -> Vec<Vec<u8>> {
    let chain = |object: Vec<u8>| -> Option<Vec<Vec<u8>>> {
        let statement = AttestationObject::parse(&object).ok()?.statement;
        let map = cbor::parse(&statement).and_then(Item::map).ok()?;
        let list = map.get_text("x5c")?.array().ok()?;
        list.into_iter().map(|one| one.bytes().ok().map(<[u8]>::to_vec)).collect()
    };
    let mut seeds: Vec<Vec<u8>> =
        members("attestation_object").into_iter().filter_map(chain).flatten().collect();
    seeds.push(SERVICE.to_vec());
    seeds
}

/// PEM, as `--roots` takes it.
pub fn roots(bytes: &[u8]) {
    if let Ok(roots) = Roots::from_pem(&String::from_utf8_lossy(bytes)) {
        let _ = (roots.names(), path_to_root(&[SERVICE], &roots, NOW));
    }
}

pub fn root_seeds() -> Vec<Vec<u8>> {
    let text = STANDARD.encode(SERVICE);
    texts(&[&format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")])
}

fn trust() -> BlobTrust {
    BlobTrust::Roots(Roots::from_der([SERVICE]))
}

/// The payload, signed.
fn sign(payload: &[u8]) -> Vec<u8> {
    let header = json!({"alg": "ES256", "x5c": [STANDARD.encode(SERVICE)]}).to_string();
    let header = URL_SAFE_NO_PAD.encode(header);
    let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(payload));
    let signature: Signature = signer().sign(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes())).into_bytes()
}

/// A whole file of the metadata.
pub fn blob(bytes: &[u8]) {
    let _ = Metadata::read(bytes, &trust(), NOW);
    let _ = Metadata::read(bytes, &BlobTrust::Service, NOW);
}

pub fn blob_seeds() -> Vec<Vec<u8>> {
    payload_seeds().iter().map(|payload| sign(payload)).collect()
}

/// What is in a file whose signature is right; what is read is kept, and found again.
pub fn payload(bytes: &[u8]) {
    let Ok(metadata) = Metadata::read(&sign(bytes), &trust(), NOW) else { return };
    let kept = Kept::of(&metadata, NOW).unwrap();
    let kept = Kept::from_bytes(&kept.to_bytes().unwrap()).unwrap();
    assert_eq!(kept.all().unwrap().len(), metadata.entries.len());
    for entry in &metadata.entries {
        let key = entry.aaguid.as_ref().or(entry.certificate_key_identifiers.first()).unwrap();
        assert_eq!(kept.by_key(key).unwrap().as_ref(), Some(entry));
    }
}

pub fn payload_seeds() -> Vec<Vec<u8>> {
    let statement = json!({
        "description": "Model",
        "authenticatorVersion": 7,
        "protocolFamily": "fido2",
        "attestationTypes": ["basic_full"],
        "attestationRootCertificates": [STANDARD.encode(SERVICE)],
        "userVerificationDetails": [[{"userVerificationMethod": "presence_internal"}]],
        "authenticationAlgorithms": ["secp256r1_ecdsa_sha256_raw"],
        "keyProtection": ["hardware"],
        "authenticatorGetInfo": {"versions": ["FIDO_2_0"], "options": {"rk": true}}
    });
    let reports = json!([
        {"status": "FIDO_CERTIFIED_L1", "effectiveDate": "2021-01-02", "certificateNumber": "1"},
        {"status": "REVOKED", "effectiveDate": "2022-01-02", "url": "https://example.com"}
    ]);
    let entries = json!([
        {
            "aaguid": "01020304-0506-0708-090a-0b0c0d0e0f10",
            "metadataStatement": statement,
            "statusReports": reports,
            "timeOfLastStatusChange": "2021-01-02"
        },
        {
            "attestationCertificateKeyIdentifiers": ["0123456789abcdef0123456789abcdef01234567"],
            "metadataStatement": statement
        },
        {"aaid": "4e4e#4005"}
    ]);
    let payload = json!({"no": 291, "nextUpdate": "2027-12-01", "entries": entries});
    vec![payload.to_string().into_bytes()]
}

/// The kept form: damage is told, and never more.
pub fn kept(bytes: &[u8]) {
    let Ok(kept) = Kept::from_bytes(bytes) else { return };
    let _ = (kept.all(), kept.by_name("model"), kept.head().names().count());
    let _ = kept.by_key("01020304-0506-0708-090a-0b0c0d0e0f10");
    let _ =
        kept.by_key_identifier(hex("0123456789abcdef0123456789abcdef01234567").try_into().unwrap());
}

pub fn kept_seeds() -> Vec<Vec<u8>> {
    let read = |blob: &Vec<u8>| Metadata::read(blob, &trust(), NOW).unwrap();
    let kept = |blob| Kept::of(&read(blob), NOW).unwrap().to_bytes().unwrap();
    blob_seeds().iter().map(kept).collect()
}
