//! BLOBs made here, right or with one fault each. A real payload is in the suite
//! (tests/suite/metadata.rs).

use super::*;
use crate::webauthn::base64url;
use crate::webauthn::trust::Roots;
use crate::webauthn::trust::tests::authority::{Issued, TODAY, Template};
use crate::wire::authenticator_data::Aaguid;
use p256::ecdsa::Signature;
use p256::ecdsa::signature::Signer;
use serde_json::{Value, json};

const MODEL: &str = "01020304-0506-0708-090a-0b0c0d0e0f10";

struct Service {
    root: Issued,
    signer: Issued,
}

impl Service {
    fn new() -> Self {
        let root = Issued::root(&Template::authority("Root"), 1);
        let signer = root.issue(&Template::leaf("Signer"), 2);
        Self { root, signer }
    }

    fn trust(&self) -> BlobTrust {
        BlobTrust::Roots(Roots::from_der([self.root.der.as_slice()]))
    }

    fn header(&self) -> Value {
        json!({"alg": "ES256", "typ": "JWT", "x5c": [base64url::encode(&self.signer.der)]})
    }

    fn sign(&self, header: &Value, payload: &[u8]) -> String {
        let part = |bytes: &[u8]| base64url::encode(bytes);
        let signed = format!("{}.{}", part(header.to_string().as_bytes()), part(payload));
        let signature: Signature = self.signer.key.sign(signed.as_bytes());
        format!("{signed}.{}", part(&signature.to_bytes()))
    }

    fn blob(&self, payload: &Value) -> String {
        self.sign(&self.header(), payload.to_string().as_bytes())
    }

    fn read(&self, blob: &str) -> Result<Metadata, BlobError> {
        Metadata::read(blob.as_bytes(), &self.trust(), TODAY)
    }

    fn refusal(&self, blob: &str) -> String {
        self.read(blob).unwrap_err().to_string()
    }
}

fn payload(entries: Value) -> Value {
    json!({"legalHeader": "…", "no": 291, "nextUpdate": "2026-12-01", "entries": entries})
}

fn model() -> Value {
    json!({
        "aaguid": MODEL,
        "metadataStatement": {
            "description": "Model",
            "protocolFamily": "fido2",
            "attestationTypes": ["basic_full"],
            "attestationRootCertificates": ["AAEC", "AA EC\n"],
            "userVerificationDetails": [[{"userVerificationMethod": "presence_internal"}], [{"userVerificationMethod": "passcode_external"}, {"userVerificationMethod": "presence_internal"}]],
            "authenticatorGetInfo": {"versions": ["FIDO_2_0"]},
            "icon": "data:image/png;base64,AAAA"
        },
        "statusReports": [{"status": "FIDO_CERTIFIED_L1", "effectiveDate": "2021-01-02"}],
        "timeOfLastStatusChange": "2021-01-02"
    })
}

#[test]
fn a_signed_blob_is_read() {
    let service = Service::new();
    let blob = service.blob(&payload(json!([model()])));
    for blob in [blob.clone(), format!("{blob}\n")] {
        let metadata = service.read(&blob).unwrap();
        assert_eq!((metadata.summary.number, metadata.summary.fido2), (291, 1));
        assert!(metadata.summary.lost.is_empty() && metadata.summary.deviating == 0);
        let entry = &metadata.entries[0];
        assert_eq!(entry.description, "Model");
        assert_eq!(entry.attestation_roots.len(), 1);
        assert_eq!(entry.user_verification_methods, ["passcode_external", "presence_internal"]);
        assert_eq!(entry.status_reports[0].effective_date.unwrap().to_string(), "2021-01-02");
        assert!(!metadata.summary.is_due(TODAY));
        assert!(metadata.summary.is_due(TODAY + 8 * 86_400));
    }
}

#[test]
fn each_single_fault_has_its_own_words() {
    let service = Service::new();
    let document = payload(json!([model()]));
    let bytes = document.to_string();
    let with = |change: &dyn Fn(&mut Value)| {
        let mut header = service.header();
        change(&mut header);
        service.refusal(&service.sign(&header, bytes.as_bytes()))
    };
    assert_eq!(
        service.refusal(&bytes),
        "it is JSON without a signature; the service hands out a signed file"
    );
    let no_token =
        "it is not a signed file as the metadata service hands it out (a JSON Web Token)";
    for text in ["", "a", "a.b", "é.b.c", "a.b.c.d", "====.AA.AA"] {
        assert_eq!(service.refusal(text), no_token, "{text}");
    }
    assert_eq!(
        with(&|header| header["alg"] = "none".into()),
        "it says itself that it is not signed (`alg` is `none`)"
    );
    assert_eq!(
        with(&|header| header["alg"] = "HS256".into()),
        "its signature is of a kind that is not accepted: \"HS256\"; ES256 and RS256 are"
    );
    assert_eq!(
        with(&|header| header["x5u"] = "https://example.com/chain".into()),
        "it names its certificates by an address (`x5u`), and nothing is fetched from there"
    );
    assert_eq!(with(&|header| header["x5c"] = json!([])), "it has no certificates (`x5c`)");
    assert_eq!(
        with(&|header| header["x5c"] = json!(["AAAA"])),
        "its certificates are not trusted: certificate 1 of the chain is not X.509 in DER"
    );
    assert_eq!(
        with(&|header| header["crit"] = json!(["b64"])),
        "its header cannot be read: it has a critical member that is not understood"
    );
    // RS256 with a key on P-256.
    let wrong = "its signature is wrong: it was changed, or somebody else made it";
    assert_eq!(with(&|header| header["alg"] = "RS256".into()), wrong);

    let blob = service.blob(&document);
    let (signed, signature) = blob.rsplit_once('.').unwrap();
    let (header, _) = signed.split_once('.').unwrap();
    let other = base64url::encode(bytes.replace("291", "292").as_bytes());
    assert_eq!(service.refusal(&format!("{header}.{other}.{signature}")), wrong);
    assert_eq!(service.refusal(&format!("{signed}.")), wrong);
    assert_eq!(service.refusal(&format!("{signed}.{}", base64url::encode(&[1; 64]))), wrong);

    let other = Service { root: Issued::root(&Template::authority("Other"), 9), ..Service::new() };
    assert_eq!(
        other.refusal(&blob),
        "its certificates are not trusted: no root that is trusted issued CN=Signer, which was \
         issued by CN=Root"
    );
    assert!(matches!(
        Metadata::read(blob.as_bytes(), &BlobTrust::Service, TODAY),
        Err(BlobError::Chain(_))
    ));
    let expired = Template { until: "251231235959Z", ..Template::leaf("Signer") };
    let expired = Service { signer: service.root.issue(&expired, 2), ..Service::new() };
    assert_eq!(
        service.refusal(&expired.blob(&document)),
        "its certificates are not trusted: CN=Signer was valid only until 2025-12-31T23:59:59Z"
    );
    let old = Template { until: "251231235959Z", ..Template::authority("Root") };
    let root = Issued::root(&old, 1);
    let old = Service { signer: root.issue(&Template::leaf("Signer"), 2), root };
    assert_eq!(
        old.refusal(&old.blob(&document)),
        "the root CN=Root was valid only until 2025-12-31T23:59:59Z"
    );
}

#[test]
fn a_payload_needs_its_own_members() {
    let service = Service::new();
    let refused = |payload: &[u8]| service.refusal(&service.sign(&service.header(), payload));
    assert!(refused(b"[").starts_with("the metadata is not a JSON object: "));
    assert_eq!(refused(b"\xff"), "the metadata is not a JSON object: it is not UTF-8");
    for (member, wrong) in
        [("no", json!("291")), ("nextUpdate", json!("soon")), ("entries", json!({}))]
    {
        for value in [Some(wrong), None] {
            let mut document = payload(json!([]));
            match value {
                Some(value) => document[member] = value,
                None => drop(document.as_object_mut().unwrap().remove(member)),
            }
            assert_eq!(
                refused(document.to_string().as_bytes()),
                format!("the metadata has no usable member {member:?}")
            );
        }
    }
}

#[test]
fn a_bad_entry_loses_no_other() {
    let service = Service::new();
    let with = |change: &dyn Fn(&mut Value)| {
        let mut entry = model();
        entry["aaguid"] = "ffffffff-ffff-ffff-ffff-ffffffffffff".into();
        change(&mut entry);
        let blob = service.blob(&payload(json!([entry, model()])));
        let metadata = service.read(&blob).unwrap();
        assert!(metadata.entries.iter().any(|entry| entry.aaguid.as_deref() == Some(MODEL)));
        metadata
    };
    let lost = |change: &dyn Fn(&mut Value)| {
        let summary = with(change).summary;
        assert_eq!((summary.lost.len(), summary.lost[0].position, summary.fido2), (1, 1, 1));
        summary.lost[0].reason.clone()
    };
    assert_eq!(lost(&|entry| *entry = json!(7)), "it is not an object, or has a member twice");
    assert_eq!(
        lost(&|entry| entry["aaguid"] = "nonsense".into()),
        "an AAGUID is 32 hexadecimal digits, with or without the dashes of a UUID"
    );
    assert_eq!(
        lost(&|entry| drop(entry.as_object_mut().unwrap().remove("aaguid"))),
        "it names no model"
    );
    assert_eq!(
        with(&|entry| {
            entry.as_object_mut().unwrap().remove("aaguid");
            entry["aaid"] = "4e4e#4005".into();
        })
        .summary
        .uaf,
        1
    );
    let twice = service.read(&service.blob(&payload(json!([model(), model()])))).unwrap().summary;
    assert_eq!(twice.lost[0].position, 2);

    // Every member that is absent or of another type costs itself alone.
    let statement = model()["metadataStatement"].as_object().unwrap().clone();
    for member in
        statement.keys().map(String::as_str).chain(["statusReports", "timeOfLastStatusChange"])
    {
        for value in
            [None, Some(json!(true)), Some(json!({"a": [1]})), Some(json!([[1], {}, null, "x"]))]
        {
            let metadata = with(&|entry| {
                let place = match statement.contains_key(member) {
                    true => &mut entry["metadataStatement"],
                    false => entry,
                };
                match &value {
                    Some(value) => place[member] = value.clone(),
                    None => drop(place.as_object_mut().unwrap().remove(member)),
                }
            });
            assert_eq!(metadata.entries.len(), 2, "{member}: {value:?}");
        }
    }
    let metadata = with(&|entry| entry["metadataStatement"] = json!("none"));
    assert_eq!((metadata.entries.len(), metadata.summary.deviating), (2, 1));
    assert_eq!(metadata.entries[0].deviations, ["metadataStatement"]);
    let metadata = with(&|entry| {
        entry["statusReports"] = json!([{"no": 1}, {"status": "NEW", "effectiveDate": 3}])
    });
    assert_eq!(metadata.entries[0].status_reports.len(), 1);
    assert_eq!(metadata.entries[0].status_reports[0].status, "NEW");
}

/// Lists that are far longer than real ones, in time that grows with their length alone.
#[test]
fn long_lists_cost_no_more_than_their_length() {
    let service = Service::new();
    let begin = std::time::Instant::now();
    let mut many = model();
    let roots = (0..300_000_u32).map(|root| base64url::encode(&root.to_be_bytes()).into());
    many["metadataStatement"]["attestationRootCertificates"] = Value::Array(roots.collect());
    let metadata = service.read(&service.blob(&payload(json!([many])))).unwrap();
    assert_eq!(metadata.entries[0].attestation_roots.len(), 300_000);

    let mut entries = vec![model()];
    entries.resize(10_050, json!(7));
    let mut document = payload(Value::Array(entries));
    let summary = service.read(&service.blob(&document)).unwrap().summary;
    assert_eq!((summary.fido2, summary.lost.len()), (1, 10_000));
    let last = summary.lost.last().unwrap();
    assert_eq!(last.position, 10_001);
    assert_eq!(last.reason, "it and all after it: no more than 10000 are read");

    // Deep where nobody looks is passed over; deep where it is read is noted, and loses nothing else.
    let deep = format!("{}1{}", "[".repeat(1_000_000), "]".repeat(1_000_000));
    document["entries"] = json!([model()]);
    let text = document.to_string();
    let nowhere = text.replacen('{', &format!("{{\"x\":{deep},"), 1);
    let info = text.replacen("[\"FIDO_2_0\"]", &deep, 1);
    for (text, deviating) in [(nowhere, 0), (info, 1)] {
        let blob = service.sign(&service.header(), text.as_bytes());
        let summary = service.read(&blob).unwrap().summary;
        assert_eq!((summary.fido2, summary.deviating), (1, deviating), "{:?}", summary.lost);
    }
    assert!(begin.elapsed() < std::time::Duration::from_secs(60), "{:?}", begin.elapsed());
}

/// Each is kept with a line of its own in the head.
#[test]
fn a_model_with_a_flood_of_key_identifiers_keeps_some_of_them() {
    let service = Service::new();
    let identifiers: Vec<String> = (0..200_000).map(|number| format!("{number:040x}")).collect();
    let mut flooded = model();
    flooded["attestationCertificateKeyIdentifiers"] = json!(identifiers);
    let metadata = service.read(&service.blob(&payload(json!([flooded])))).unwrap();
    assert_eq!((metadata.summary.fido2, metadata.summary.deviating), (1, 1));
    assert_eq!(metadata.entries[0].certificate_key_identifiers.len(), 256);
    Kept::of(&metadata, 5).unwrap().to_bytes().unwrap();
}

#[test]
fn what_is_kept_is_found_again() {
    let service = Service::new();
    let identifier = "0123456789abcdef0123456789abcdef01234567";
    let u2f = json!({
        "attestationCertificateKeyIdentifiers": [identifier.to_uppercase(), "too short"],
        "metadataStatement": {"description": "Zwölf\nLines", "protocolFamily": "u2f"}
    });
    let metadata = service.read(&service.blob(&payload(json!([u2f, model()])))).unwrap();
    assert_eq!((metadata.summary.fido2, metadata.summary.u2f), (1, 1));
    let kept = Kept::of(&metadata, 5).unwrap();
    let bytes = kept.to_bytes().unwrap();
    let again = Kept::from_bytes(&bytes).unwrap();
    assert_eq!(again, kept);
    assert_eq!(again.head().imported_at, 5);
    let aaguid: Aaguid = MODEL.parse().unwrap();
    assert_eq!(again.by_aaguid(aaguid).unwrap().as_ref(), Some(&metadata.entries[1]));
    let digits: Vec<u8> = crate::webauthn::test_vectors::hex(identifier);
    let digits: [u8; 20] = digits.try_into().unwrap();
    assert_eq!(again.by_key_identifier(digits).unwrap().as_ref(), Some(&metadata.entries[0]));
    assert_eq!(again.by_aaguid(Aaguid([9; 16])).unwrap(), None);
    assert_eq!(again.by_name("zWÖLF").unwrap(), [metadata.entries[0].clone()]);
    assert_eq!(again.all().unwrap().len(), 2);
    assert_eq!(again.head().names().collect::<Vec<_>>(), [(aaguid, "Model")]);

    for end in 0..bytes.len() {
        if let Ok(damaged) = Kept::from_bytes(&bytes[..end]) {
            let _ = (damaged.all(), damaged.by_aaguid(aaguid));
        }
    }
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x10;
        if let Ok(damaged) = Kept::from_bytes(&damaged) {
            let _ = (damaged.all(), damaged.by_aaguid(aaguid));
        }
    }
}

#[test]
fn no_changed_byte_of_a_blob_panics_or_is_believed() {
    let service = Service::new();
    let blob = service.blob(&payload(json!([model()]))).into_bytes();
    let known = service.read(std::str::from_utf8(&blob).unwrap()).unwrap();
    for at in (0..blob.len()).step_by(3) {
        let mut changed = blob.clone();
        changed[at] ^= 0x02;
        if let Ok(metadata) = Metadata::read(&changed, &service.trust(), TODAY) {
            assert_eq!(metadata.entries, known.entries, "byte {at}");
        }
    }
}
