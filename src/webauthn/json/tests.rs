use super::*;
use crate::webauthn::base64url::{Base64Url, encode};
use crate::webauthn::test_vectors::{Vector, all, named};
use serde_json::json;

fn registration(vector: &Vector, transports: &[&str]) -> RegistrationResponseJson {
    let transports: Vec<String> = transports.iter().map(|name| (*name).to_owned()).collect();
    RegistrationResponseJson::new(RegistrationFacts {
        client_data_json: Some(vector.get("create_client_data")),
        attestation_object: &vector.object(),
        transports: &transports,
        extension_results: &ExtensionResults::new(),
    })
    .unwrap()
}

#[test]
fn a_registration_has_the_members_of_the_specification_in_its_order() {
    let vector = named("packed.EdDSA");
    let document = registration(&vector, &["usb", "nfc", "usb"]);
    let id = encode(&vector.credential().credential_id);
    let object = vector.object();
    let text = format!(
        r#"{{"id":"{id}","rawId":"{id}","response":{{"clientDataJSON":"{}","authenticatorData":"{}","transports":["nfc","usb"],"publicKey":"{}","publicKeyAlgorithm":-8,"attestationObject":"{}"}},"authenticatorAttachment":"cross-platform","clientExtensionResults":{{}},"type":"public-key"}}"#,
        encode(vector.get("create_client_data")),
        encode(&object.authenticator_data),
        encode(vector.get("public_key_spki")),
        encode(vector.get("attestation_object")),
    );
    assert_eq!(serde_json::to_string(&document).unwrap(), text);
    assert_eq!(RegistrationResponseJson::parse(text.as_bytes()), Ok(document));
}

#[test]
fn every_vector_reads_back_and_has_its_public_key() {
    for vector in all() {
        let document = registration(&vector, &[]);
        let response = &document.response;
        let spki = response.public_key.as_ref().map(Base64Url::as_bytes);
        assert_eq!(spki, Some(vector.get("public_key_spki")));
        let algorithm = vector.credential().public_key.algorithm.0;
        assert_eq!(response.public_key_algorithm, Some(algorithm));
        let text = serde_json::to_vec(&document).unwrap();
        assert_eq!(RegistrationResponseJson::parse(&text), Ok(document));
    }
}

#[test]
fn without_client_data_the_member_is_absent() {
    let vector = named("none.ES256");
    let mut document = registration(&vector, &[]);
    document.response.client_data_json = None;
    let value = serde_json::to_value(&document).unwrap();
    assert_eq!(value["response"].get("clientDataJSON"), None);
    assert_eq!(serde_json::from_value::<RegistrationResponseJson>(value).unwrap(), document);
}

#[test]
fn an_assertion_has_the_members_of_the_specification_in_its_order() {
    let response = AuthenticatorAssertionResponseJson {
        client_data_json: Some(vec![1].into()),
        authenticator_data: vec![2].into(),
        signature: vec![3].into(),
        user_handle: Some(vec![4].into()),
    };
    let results = json!({"appid": true}).as_object().unwrap().clone();
    let mut document = AuthenticationResponseJson::new(&[0xfb, 0xff], response, results);
    let text = r#"{"id":"-_8","rawId":"-_8","response":{"clientDataJSON":"AQ","authenticatorData":"Ag","signature":"Aw","userHandle":"BA"},"authenticatorAttachment":"cross-platform","clientExtensionResults":{"appid":true},"type":"public-key"}"#;
    assert_eq!(serde_json::to_string(&document).unwrap(), text);
    assert_eq!(AuthenticationResponseJson::parse(text.as_bytes()), Ok(document.clone()));
    document.response.user_handle = None;
    document.response.client_data_json = None;
    let value = serde_json::to_value(&document).unwrap();
    assert_eq!(value["response"], json!({"authenticatorData": "Ag", "signature": "Aw"}));
}

/// What browsers and libraries add, leave out, pad or set to null.
#[test]
fn documents_of_other_programs_are_read() {
    let registration: RegistrationResponseJson = serde_json::from_value(json!({
        "type": "public-key",
        "rawId": "+/8=",
        "id": "-_8",
        "response": {
            "attestationObject": "AQ==",
            "clientDataJSON": "Ag==",
            "publicKey": null,
            "transports": null
        },
        "authenticatorAttachment": null,
        "@odata.type": "#microsoft.graph"
    }))
    .unwrap();
    assert_eq!(registration.raw_id.as_bytes(), [0xfb, 0xff]);
    assert_eq!(registration.response.transports, [""; 0]);
    assert_eq!(registration.client_extension_results, ExtensionResults::new());
    let assertion: AuthenticationResponseJson = serde_json::from_value(json!({
        "id": "-_8",
        "rawId": "-_8",
        "type": "public-key",
        "response": {
            "authenticatorData": "Ag", "signature": "Aw", "clientDataJSON": "AQ", "userHandle": null
        },
        "clientExtensionResults": null
    }))
    .unwrap();
    assert_eq!(assertion.response.user_handle, None);
}

#[test]
fn a_wrong_document_is_refused_with_its_place() {
    let error = AuthenticationResponseJson::parse(b"{\n  \"id\": 7\n}").unwrap_err();
    assert_eq!(error.to_string(), "line 2, column 9: invalid type: integer `7`, expected a string");
    let error = AuthenticationResponseJson::parse(b"{\"id\":\"\",\"id\":\"\"}").unwrap_err();
    assert!(error.to_string().contains("duplicate field `id`"), "{error}");
    let error = AuthenticationResponseJson::parse(b"{\"rawId\":\"!\"}").unwrap_err();
    assert!(error.to_string().contains("neither base64url nor standard base64"), "{error}");
    assert_eq!(
        RegistrationResponseJson::parse(&vec![b' '; MAX_DOCUMENT + 1]),
        Err(DocumentError::TooLong { length: MAX_DOCUMENT + 1 })
    );
    // Deeply nested: refused, without a stack overflow.
    let deep = format!("{{\"clientExtensionResults\":{}", "[".repeat(100_000));
    assert!(RegistrationResponseJson::parse(deep.as_bytes()).is_err());
    let text = serde_json::to_vec(&registration(&named("none.ES256"), &["usb"])).unwrap();
    for end in 0..text.len() {
        assert!(RegistrationResponseJson::parse(&text[..end]).is_err());
    }
}

#[test]
fn an_attestation_object_without_a_credential_has_no_response() {
    let mut object = named("none.ES256").object();
    object.authenticator_data.truncate(37);
    let results = ExtensionResults::new();
    let mut respond = |flags: u8| {
        object.authenticator_data[32] = flags;
        RegistrationResponseJson::new(RegistrationFacts {
            client_data_json: None,
            attestation_object: &object,
            transports: &[],
            extension_results: &results,
        })
    };
    assert_eq!(respond(0x01), Err(ResponseError::NoCredential));
    assert!(matches!(respond(0x41), Err(ResponseError::AuthenticatorData(_))));
}
