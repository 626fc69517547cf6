//! What browsers, servers and people write: names, options, responses, and what is in them.

use super::{NOW, members, texts, vectors};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fidokey::client::ReadRegistration;
use fidokey::webauthn::app_id::check_app_id;
use fidokey::webauthn::base64url;
use fidokey::webauthn::client_data::ReceivedClientData;
use fidokey::webauthn::json::options::{CreationOptionsJson, RequestOptionsJson};
use fidokey::webauthn::json::{AuthenticationResponseJson, RegistrationResponseJson, recognise};
use fidokey::webauthn::metadata::Date;
use fidokey::webauthn::origin::Origin;
use fidokey::webauthn::public_key::PublicKey;
use fidokey::webauthn::related_origins::RelatedOrigins;
use fidokey::webauthn::rp_id::RpId;
use fidokey::webauthn::trust::{Roots, TrustSource, judge};
use fidokey::webauthn::verify::{
    self, AssertionInput, ClientData, CredentialKey, Expected, KnownCredential, RegistrationInput,
};
use fidokey::wire::attestation_object::AttestationObject;
use fidokey::wire::authenticator_data::{Aaguid, AuthenticatorData};
use fidokey::wire::cose::Algorithm;
use serde_json::json;

/// COSE, SubjectPublicKeyInfo or PEM; what is read is written, read again, and given a signature.
pub fn public_key(bytes: &[u8]) {
    let Ok(key) = PublicKey::from_file_bytes(bytes) else { return };
    if let Some(der) = key.to_spki_der() {
        let again = PublicKey::from_file_bytes(&der).unwrap();
        assert_eq!(again.to_spki_der().unwrap(), der);
    }
    assert!(key.verify(b"message", bytes).is_err());
}

pub fn public_key_seeds() -> Vec<Vec<u8>> {
    let key = |object: Vec<u8>| {
        let object = AttestationObject::parse(&object).ok()?;
        let data = AuthenticatorData::parse(&object.authenticator_data).ok()?;
        let cose = data.attested_credential?.public_key;
        let spki = PublicKey::from_cose(&cose).ok().and_then(|key| key.to_spki_der());
        Some([Some(cose.raw), spki])
    };
    let keys = members("attestation_object").into_iter().filter_map(key);
    keys.flatten().flatten().collect()
}

pub fn client_data(bytes: &[u8]) {
    let _ = ReceivedClientData::parse(bytes);
}

pub fn client_data_seeds() -> Vec<Vec<u8>> {
    [members("create_client_data"), members("get_client_data")].concat()
}

/// Short texts that a person or a server gives.
pub fn names(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let origin = Origin::parse(&text);
    let id = RpId::parse(&text);
    for origin in [origin.as_ref().ok(), Origin::parse("https://a.example.com").as_ref().ok()] {
        let Some(origin) = origin else { continue };
        assert_eq!(Origin::parse(&origin.to_string()).as_ref(), Ok(origin));
        let _ = check_app_id(&text, origin);
        if let Ok(id) = &id {
            let _ = id.check_origin(origin);
        }
        let list = json!({"origins": [&*text, "https://b.example.org"]}).to_string();
        let _ = RelatedOrigins::parse(list.as_bytes()).unwrap().relation(origin);
    }
    if let Ok(aaguid) = text.parse::<Aaguid>() {
        assert_eq!(aaguid.to_string().parse::<Aaguid>(), Ok(aaguid));
    }
    if let Ok(date) = text.parse::<Date>() {
        assert_eq!(date.to_string().parse::<Date>(), Ok(date));
    }
    if let Ok(bytes) = base64url::decode(&text) {
        assert_eq!(base64url::decode_strict(&base64url::encode(&bytes)).unwrap(), bytes);
    }
    let _ = Algorithm::from_name_or_number(&text);
}

pub fn name_seeds() -> Vec<Vec<u8>> {
    texts(&[
        "https://login.example.co.uk:8443",
        "http://localhost:8080",
        "xn--bcher-kva.example",
        "https://[::1]/x",
        "2cd2f727-f6ca-44da-8f48-5c2e5da000a2",
        "2026-11-01",
        "AAEC_-8=",
        "ES256",
    ])
}

pub fn options(bytes: &[u8]) {
    let _ = CreationOptionsJson::parse(bytes);
    let _ = RequestOptionsJson::parse(bytes);
    let _ = RelatedOrigins::parse(bytes);
    let _ = recognise(bytes);
}

pub fn option_seeds() -> Vec<Vec<u8>> {
    let creation = json!({
        "rp": {"id": "example.com", "name": "x"},
        "user": {"id": "AAEC", "name": "al", "displayName": "Al"},
        "challenge": "AAECAwQFBgcICQoLDA0ODw",
        "pubKeyCredParams": [{"type": "public-key", "alg": -7}, {"type": "new", "alg": 9}],
        "timeout": 60000,
        "excludeCredentials": [{"type": "public-key", "id": "AAEC", "transports": ["usb"]}],
        "authenticatorSelection": {"residentKey": "required", "userVerification": "preferred"},
        "hints": ["security-key"],
        "attestation": "direct",
        "attestationFormats": ["packed"],
        "extensions": {
            "credProps": true, "prf": {"eval": {"first": "AAEC"}},
            "largeBlob": {"support": "preferred"}, "minPinLength": true,
            "credentialProtectionPolicy": "userVerificationRequired"
        }
    });
    let request = json!({
        "challenge": "AAECAwQFBgcICQoLDA0ODw",
        "rpId": "example.com",
        "allowCredentials": [{"type": "public-key", "id": "AAEC"}],
        "extensions": {"prf": {"evalByCredential": {"AAEC": {"first": "AA", "second": "AA"}}}}
    });
    let wrapped = json!({
        "@odata.context": "https://graph.microsoft.com/", "challengeTimeoutDateTime": "2026",
        "publicKey": creation
    });
    let related = json!({"origins": ["https://example.com"]});
    [creation, request, wrapped, related].iter().map(|one| one.to_string().into_bytes()).collect()
}

fn expected() -> Expected {
    let mut expected = Expected::new("example.org");
    expected.challenge = Some(vec![0; 32]);
    expected.origins = vec!["https://example.org".to_owned()];
    expected.extensions = Some(vec!["credProtect".to_owned()]);
    expected.algorithms = vec![Algorithm::ES256];
    expected
}

/// A document of a registration or an assertion, and what is in it.
pub fn responses(bytes: &[u8]) {
    let _ = ReadRegistration::from_file(bytes);
    let expected = expected();
    if let Ok(document) = RegistrationResponseJson::parse(bytes)
        && let Some(input) = RegistrationInput::of_document(&document, &expected)
    {
        let _ = serde_json::to_vec(&verify::registration(&input)).unwrap();
    }
    if let Ok(document) = AuthenticationResponseJson::parse(bytes)
        && let Some(input) = AssertionInput::of_document(&document, &expected)
    {
        let _ = serde_json::to_vec(&verify::assertion(&input)).unwrap();
    }
}

pub fn response_seeds() -> Vec<Vec<u8>> {
    let text = |bytes: &Vec<u8>| URL_SAFE_NO_PAD.encode(bytes);
    let whole = |response| {
        json!({
            "id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": response,
            "clientExtensionResults": {"credProps": {"rk": true}}
        })
    };
    let both = |vector: &super::Vector| {
        let registration = whole(json!({
            "clientDataJSON": text(&vector["create_client_data"]),
            "attestationObject": text(&vector["attestation_object"]),
            "transports": ["usb"]
        }));
        let assertion = whole(json!({
            "clientDataJSON": text(&vector["get_client_data"]),
            "authenticatorData": text(&vector["authenticator_data"]),
            "signature": text(&vector["signature"])
        }));
        let saved = json!({
            "schema_version": 1, "rp_id": "example.org", "user_id": "AAEC", "user_name": null,
            "response": registration
        });
        [registration, assertion, saved].map(|one| one.to_string().into_bytes())
    };
    vectors().iter().flat_map(both).collect()
}

/// An attestation object, with every check that there is.
pub fn registration(bytes: &[u8]) {
    let input = RegistrationInput {
        client_data: ClientData::Hash([7; 32]),
        attestation_object: bytes,
        document: None,
        expected: &expected(),
    };
    let verdict = verify::registration(&input);
    let roots = Roots::default();
    let source = TrustSource {
        roots: &roots,
        metadata: None,
        info: None,
        required: true,
        in_date: true,
        at: NOW,
    };
    let verdict = judge(verdict, &source);
    assert!(!verdict.is_accepted());
    let _ = serde_json::to_vec(&verdict).unwrap();
    if let Ok(object) = AttestationObject::parse(bytes) {
        assert_eq!(AttestationObject::parse(&object.encode().unwrap()).unwrap(), object);
    }
}

/// Authenticator data, and a signature behind it: the last two bytes say how long that is.
pub fn assertion(bytes: &[u8]) {
    let Some((bytes, length)) = bytes.split_last_chunk::<2>() else { return };
    let length = usize::from(u16::from_be_bytes(*length)).min(bytes.len());
    let (data, signature) = bytes.split_at(bytes.len() - length);
    let expected = expected();
    for key in keys() {
        let input = AssertionInput {
            client_data: ClientData::Hash([7; 32]),
            authenticator_data: data,
            signature,
            credential_id: b"id",
            user_handle: None,
            allowed: &[],
            known: KnownCredential { key: CredentialKey::Known(key), ..Default::default() },
            document: None,
            expected: &expected,
        };
        assert!(!verify::assertion(&input).is_accepted());
    }
}

/// One key of every algorithm.
fn keys() -> &'static [PublicKey] {
    static KEYS: std::sync::OnceLock<Vec<PublicKey>> = std::sync::OnceLock::new();
    KEYS.get_or_init(|| {
        let mut known = std::collections::BTreeSet::new();
        let keys = public_key_seeds().into_iter();
        let keys = keys.filter_map(|bytes| PublicKey::from_cose_bytes(&bytes).ok());
        keys.filter(|key| known.insert(key.algorithm().0)).collect()
    })
}

pub fn assertion_seeds() -> Vec<Vec<u8>> {
    let seed = |vector: &super::Vector| {
        let signature = &vector["signature"];
        let length = u16::try_from(signature.len()).unwrap().to_be_bytes();
        [vector["authenticator_data"].as_slice(), signature, &length].concat()
    };
    vectors().iter().map(seed).collect()
}
