use super::*;
use crate::webauthn::json::MAX_DOCUMENT;
use serde_json::json;

fn creation(options: &Value) -> Result<CreationOptionsJson, OptionsError> {
    CreationOptionsJson::parse(options.to_string().as_bytes())
}

fn request(options: &Value) -> Result<RequestOptionsJson, OptionsError> {
    RequestOptionsJson::parse(options.to_string().as_bytes())
}

/// The least that a registration's options have.
fn least() -> Value {
    json!({
        "rp": {"name": "Example"},
        "user": {"id": "AQ", "name": "alice", "displayName": ""},
        "challenge": "AAECAwQFBgcICQoLDA0ODw",
        "pubKeyCredParams": []
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut options = least();
    options[name] = value;
    options
}

/// What Microsoft Graph sends, as in the tests of DSInternals.Passkeys and in Yubico's enrolment
/// script; its challenge is longer and its identifiers are others.
const GRAPH: &str = r##"{
  "@odata.context": "https://graph.microsoft.com/beta/$metadata#microsoft.graph.webauthnCredentialCreationOptions",
  "@odata.type": "#microsoft.graph.webauthnCredentialCreationOptions",
  "challengeTimeoutDateTime": "2026-06-01T10:00:00.0000000Z",
  "publicKey": {
    "challenge": "ZXlKaGJHY2lPaUpTVTBFdA",
    "timeout": 0,
    "attestation": "direct",
    "rp": {"@odata.type": "#x", "id": "login.microsoft.com", "name": "Microsoft"},
    "user": {"id": "T0Y6-_8", "displayName": "Alice", "name": "alice@example.com"},
    "pubKeyCredParams": [{"type": "public-key", "alg": -7}, {"type": "public-key", "alg": -257}],
    "excludeCredentials": [{"id": "+/8=", "type": "public-key", "transports": []}],
    "authenticatorSelection": {
      "authenticatorAttachment": "cross-platform",
      "requireResidentKey": true,
      "userVerification": "required"
    },
    "extensions": {
      "hmacCreateSecret": true,
      "enforceCredentialProtectionPolicy": true,
      "credentialProtectionPolicy": "userVerificationOptional"
    }
  }
}"##;

#[test]
fn what_microsoft_graph_sends_is_read() {
    let options = CreationOptionsJson::parse(GRAPH.as_bytes()).unwrap();
    assert_eq!(options.rp.id.as_deref(), Some("login.microsoft.com"));
    assert_eq!(options.user.id.as_bytes(), b"OF:\xfb\xff");
    assert_eq!(options.exclude_credentials[0].id.as_bytes(), [0xfb, 0xff]);
    assert_eq!((options.timeout, options.duration()), (None, DEFAULT_TIMEOUT));
    assert_eq!(options.authenticator_selection.resident_key(), ResidentKeyRequirement::Required);
    assert_eq!(options.attestation(), AttestationConveyance::Direct);
    assert!(options.extensions.hmac_create_secret);
    assert!(options.extensions.enforce_credential_protection_policy);
    // Written in the standard form, and read again as the same.
    let written = options.to_json();
    assert_eq!(written["excludeCredentials"], json!([{"type": "public-key", "id": "-_8"}]));
    assert_eq!(written.get("timeout"), None);
    assert_eq!(creation(&written), Ok(options));
}

#[test]
fn everything_that_level_3_has_is_read_and_written() {
    let full = json!({
        "rp": {"id": "example.com", "name": "Example"},
        "user": {"id": "AQ", "name": "alice", "displayName": "Alice"},
        "challenge": "AAECAwQFBgcICQoLDA0ODw",
        "pubKeyCredParams": [{"type": "public-key", "alg": -8}, {"type": "public-key", "alg": -7}],
        "timeout": 60000,
        "excludeCredentials": [{"type": "public-key", "id": "-_8", "transports": ["nfc", "usb"]}],
        "authenticatorSelection": {
            "authenticatorAttachment": "cross-platform",
            "residentKey": "preferred",
            "requireResidentKey": true,
            "userVerification": "discouraged"
        },
        "hints": ["security-key"],
        "attestation": "enterprise",
        "attestationFormats": ["packed", "tpm"],
        "extensions": {
            "appidExclude": "https://example.com/u2f",
            "credProps": true,
            "prf": {"eval": {"first": "AQ", "second": "Ag"}},
            "largeBlob": {"support": "required"},
            "credentialProtectionPolicy": "userVerificationRequired",
            "enforceCredentialProtectionPolicy": true,
            "minPinLength": true,
            "credBlob": "AwQ",
            "hmacCreateSecret": true
        }
    });
    let options = creation(&full).unwrap();
    assert_eq!(options.to_json(), full);
    let mut names: Vec<&str> =
        full["extensions"].as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    let mut known = options.extensions.names();
    known.sort_unstable();
    assert_eq!(known, names);
    assert_eq!(options.duration(), Duration::from_secs(60));
    let full = json!({
        "challenge": "AAECAwQFBgcICQoLDA0ODw",
        "timeout": 1,
        "rpId": "example.com",
        "allowCredentials": [{"type": "public-key", "id": "-_8", "transports": ["usb"]}],
        "userVerification": "required",
        "hints": ["hybrid"],
        "extensions": {
            "appid": "https://example.com/u2f",
            "prf": {"evalByCredential": {"-_8": {"first": "AQ"}}},
            "largeBlob": {"read": true, "write": "AQI"},
            "getCredBlob": true
        }
    });
    assert_eq!(request(&full).unwrap().to_json(), full);
}

#[test]
fn what_is_absent_or_null_has_its_default() {
    let mut options = least();
    for name in ["timeout", "excludeCredentials", "attestation", "extensions", "hints"] {
        options[name] = Value::Null;
    }
    assert_eq!(creation(&options), creation(&least()));
    let options = creation(&least()).unwrap();
    let algorithms: Vec<i64> = options.pub_key_cred_params.iter().map(|one| one.alg).collect();
    assert_eq!(algorithms, [-7, -257]);
    assert_eq!(options.attestation(), AttestationConveyance::None);
    let selection = options.authenticator_selection;
    assert_eq!(selection.resident_key(), ResidentKeyRequirement::Discouraged);
    assert_eq!(selection.user_verification(), UserVerificationRequirement::Preferred);
    let options = request(&json!({"challenge": "AAECAwQFBgcICQoLDA0ODw"})).unwrap();
    assert_eq!((options.rp_id.clone(), options.allow_credentials.len()), (None, 0));
    assert_eq!(options.duration(), Duration::from_secs(300));
}

#[test]
fn all_wrappers_hold_the_same() {
    for options in [
        least(),
        json!({"publicKey": least()}),
        json!({"publicKey": least(), "mediation": "conditional", "signal": null}),
        json!({"@odata.type": "#x", "challengeTimeoutDateTime": "", "publicKey": least()}),
        json!({"status": "ok", "errorMessage": "", "publicKey": least()}),
        with("status", json!("ok")),
        with("publicKey", json!("of another sense")),
    ] {
        assert_eq!(creation(&options), creation(&least()), "{options}");
    }
}

#[test]
fn unknown_members_and_values_are_passed_over() {
    let unknown = with("authenticatorSelection", json!({"residentKey": "maybe", "new": [1]}));
    assert!(creation(&unknown).unwrap().authenticator_selection.is_empty());
    // An unknown residentKey leaves the older member to decide.
    let older = json!({"residentKey": "maybe", "requireResidentKey": true});
    let options = creation(&with("authenticatorSelection", older)).unwrap();
    assert_eq!(options.authenticator_selection.resident_key(), ResidentKeyRequirement::Required);
    assert_eq!(creation(&with("attestation", json!("full"))).unwrap().attestation, None);
    let mixed = json!([
        {"type": "password", "id": 7},
        {"type": "public-key", "id": "AQ", "transports": ["smoke-signals"], "more": 1}
    ]);
    let options = creation(&with("excludeCredentials", mixed)).unwrap();
    assert_eq!(options.exclude_credentials.len(), 1);
    assert_eq!(options.exclude_credentials[0].transports, ["smoke-signals"]);
    let extensions = json!({"uvm": true, "payment": {}, "credProps": false, "gone": null});
    let options = creation(&with("extensions", extensions)).unwrap();
    assert_eq!(options.extensions.unknown, ["uvm", "payment"]);
    assert!(options.extensions.is_empty());
}

#[test]
fn lists_of_which_nothing_is_known_are_refused() {
    let foreign = json!([{"type": "password", "id": "AQ", "alg": 1}]);
    let refused = |path: &str| OptionsError::NoneKnown { path: path.into() };
    for name in ["excludeCredentials", "pubKeyCredParams"] {
        assert_eq!(creation(&with(name, foreign.clone())), Err(refused(name)));
    }
    let options =
        json!({"publicKey": {"challenge": "AAECAwQFBgcICQoLDA0ODw", "allowCredentials": foreign}});
    assert_eq!(request(&options), Err(refused("publicKey.allowCredentials")));
}

#[test]
fn an_error_names_the_member() {
    let told = |options: Value| creation(&options).unwrap_err().to_string();
    let mut options = least();
    options["user"]["id"] = json!("no base64!");
    assert_eq!(told(options.clone()), "`user.id` is neither base64url nor standard base64");
    options["user"]["id"] = json!("");
    assert_eq!(told(options.clone()), "`user.id` has 0 bytes and must have 1 to 64");
    options["user"] = json!({"id": "AQ", "name": "a"});
    assert_eq!(
        told(json!({"publicKey": options})),
        "the member `publicKey.user.displayName` is missing"
    );
    assert_eq!(
        told(with("challenge", json!("AQID"))),
        "`challenge` has 3 bytes and must have at least 16"
    );
    assert_eq!(
        told(with(
            "excludeCredentials",
            json!([{"type": "public-key", "id": "AQ"}, {"type": "public-key", "id": 1}])
        )),
        "`excludeCredentials[1].id` is a number and must be text"
    );
    assert_eq!(
        told(with("timeout", json!(-1))),
        "`timeout` is a number and must be a whole number, zero or more"
    );
    assert_eq!(
        told(with(
            "extensions",
            json!({"prf": {"evalByCredential": {"AQ": {"first": "AQ"}, "": {}}}})
        )),
        "`extensions.prf.evalByCredential[1]` is neither base64url nor standard base64"
    );
    assert_eq!(told(json!([])), "the document is a list and must be an object");
    assert_eq!(told(json!({"publicKey": 1})), "`publicKey` is a number and must be an object");
    let assertion = json!({"challenge": "AAECAwQFBgcICQoLDA0ODw", "rpId": "example.com"});
    assert_eq!(told(assertion), "these are the options of an assertion, and not of a registration");
    assert_eq!(
        request(&least()).unwrap_err().to_string(),
        "these are the options of a registration, and not of an assertion"
    );
}

#[test]
fn malformed_json_is_refused_with_its_line_and_column() {
    let error = CreationOptionsJson::parse(b"{\n  \"rp\": {,}\n}").unwrap_err();
    assert_eq!(error.to_string(), "line 2, column 10: key must be a string");
    let deep = format!("{{\"x\":{}", "[".repeat(100_000));
    let error = RequestOptionsJson::parse(deep.as_bytes()).unwrap_err();
    assert!(error.to_string().contains("recursion limit"), "{error}");
    assert!(matches!(RequestOptionsJson::parse(b"\xff"), Err(OptionsError::Document(_))));
    assert_eq!(
        CreationOptionsJson::parse(&vec![b' '; MAX_DOCUMENT + 1]),
        Err(OptionsError::Document(DocumentError::TooLong { length: MAX_DOCUMENT + 1 }))
    );
    for end in 0..GRAPH.len() {
        assert!(CreationOptionsJson::parse(&GRAPH.as_bytes()[..end]).is_err());
    }
}

/// A browser reads numbers as JavaScript has them, and skips the mark at the start of UTF-8.
#[test]
fn what_a_browser_takes_for_the_same_is_the_same() {
    for (written, milliseconds) in [("60000", 60_000), ("60000.0", 60_000), ("6e4", 60_000)] {
        let text = least().to_string().replacen('{', &format!("{{\"timeout\":{written},"), 1);
        let options = CreationOptionsJson::parse(format!("\u{feff}{text}").as_bytes()).unwrap();
        assert_eq!(options.timeout, Some(milliseconds), "{written}");
    }
    for written in ["0.5", "-1", "1e30", "\"60000\""] {
        let text = least().to_string().replacen('{', &format!("{{\"timeout\":{written},"), 1);
        let error = CreationOptionsJson::parse(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("must be a whole number"), "{written}: {error}");
    }
    let algorithm = json!([{"type": "public-key", "alg": -7.0}]);
    let options = creation(&with("pubKeyCredParams", algorithm)).unwrap();
    assert_eq!(options.pub_key_cred_params, [CredentialParameterJson::new(-7)]);
}

/// Microsoft Graph's notes, wherever they stand, are no extensions.
#[test]
fn notes_of_odata_are_no_extensions() {
    let inputs = json!({"@odata.type": "#x", "credProps@odata.type": "#y", "odd": 1});
    let options = creation(&with("extensions", inputs)).unwrap();
    assert_eq!(options.extensions.unknown, ["odd"]);
}

/// Every single member of another type is an error or is passed over, and never a panic.
#[test]
fn every_member_of_another_type_is_met() {
    let original: Value = serde_json::from_str(GRAPH).unwrap();
    let mut pointers = vec![String::new()];
    let mut at = 0;
    while let Some(pointer) = pointers.get(at).cloned() {
        match original.pointer(&pointer).unwrap() {
            Value::Object(members) => pointers.extend(
                members.keys().map(|name| format!("{pointer}/{}", name.replace('/', "~1"))),
            ),
            Value::Array(list) => {
                pointers.extend((0..list.len()).map(|position| format!("{pointer}/{position}")));
            }
            _ => {}
        }
        at += 1;
    }
    for pointer in pointers {
        for other in [json!(null), json!(1.5), json!("\u{1b}"), json!([[]]), json!({"a": {}})] {
            let mut changed = original.clone();
            *changed.pointer_mut(&pointer).unwrap() = other;
            if let Ok(options) = creation(&changed) {
                assert_eq!(
                    creation(&options.to_json()).map(|again| again.to_json()),
                    Ok(options.to_json())
                );
            }
        }
    }
}
