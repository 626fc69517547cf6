//! Verdicts on a registration of the test vectors, with roots and metadata made here.

use super::*;
use crate::ctap::Request;
use crate::ctap::get_info::GetInfo;
use crate::webauthn::check::Outcome;
use crate::webauthn::metadata::{Metadata, Summary};
use crate::webauthn::test_vectors::{hex, named};
use crate::webauthn::verify::{ClientData, Expected, RegistrationInput, registration};
use serde_json::json;

const AAGUID: &str = "01020304-0506-0708-090a-0b0c0d0e0f10";

fn vector_verdict(name: &str) -> Verdict {
    let vector = named(name);
    let expected = Expected::new("example.org");
    registration(&RegistrationInput {
        client_data: ClientData::Json(vector.get("create_client_data")),
        attestation_object: vector.get("attestation_object"),
        document: None,
        expected: &expected,
    })
}

/// The certificate of the vector `packed.ES256`.
fn certificate() -> Vec<u8> {
    let verdict = vector_verdict("packed.ES256");
    let attestation = verdict.facts().attestation.clone().unwrap();
    attestation.certificates()[0].chain[0].as_bytes().to_vec()
}

fn entry() -> Entry {
    Entry {
        aaguid: vector_verdict("packed.ES256").facts().aaguid.clone(),
        description: "Model".into(),
        attestation_types: vec!["basic_full".into()],
        attestation_roots: vec![certificate().as_slice().into()],
        ..Entry::default()
    }
}

fn kept(entry: Entry) -> Kept {
    let summary = Summary {
        number: 7,
        next_update: "2026-12-01".parse().unwrap(),
        fido2: 1,
        u2f: 0,
        uaf: 0,
        roots: 1,
        deviating: 0,
        lost: Vec::new(),
    };
    Kept::of(&Metadata { summary, entries: vec![entry] }, 0).unwrap()
}

fn report(status: &str, date: &str) -> StatusReport {
    StatusReport {
        status: status.into(),
        effective_date: Some(date.parse().unwrap()),
        ..StatusReport::default()
    }
}

fn source<'a>(roots: &'a Roots, metadata: Option<&'a Kept>) -> TrustSource<'a> {
    TrustSource { roots, metadata, info: None, required: false, in_date: false, at: TODAY }
}

fn outcome(verdict: &Verdict, id: &str) -> String {
    match &verdict.check(id).unwrap_or_else(|| panic!("no check {id}")).outcome {
        Outcome::Passed { seen: Some(seen), .. } => format!("passed: {seen}"),
        other => other.to_string(),
    }
}

fn judged(entry: Entry, check: &str) -> String {
    let kept = kept(entry);
    outcome(&judge(vector_verdict("packed.ES256"), &source(&Roots::default(), Some(&kept))), check)
}

#[test]
fn a_given_root_is_enough() {
    let roots = Roots::from_der([certificate().as_slice()]);
    let verdict = judge(vector_verdict("packed.ES256"), &source(&roots, None));
    let said = outcome(&verdict, "attestation_trust");
    assert!(
        said.starts_with("passed: C=AA,OU=Authenticator Attestation,")
            && said.ends_with(", a root that was given"),
        "{said}"
    );
    let root = verdict.facts().trust.as_ref().unwrap().root.as_ref().unwrap();
    assert!(!root.from_metadata);
    assert!(verdict.check("metadata_entry").is_none());

    let other = Issued::root(&Template::authority("Other"), 1);
    let verdict = judge(vector_verdict("packed.ES256"), &source(&super::roots(&[&other]), None));
    assert!(!verdict.is_accepted());
    let said = outcome(&verdict, "attestation_trust");
    assert!(
        said.starts_with("failed: expected a chain to the root that is trusted, seen no root"),
        "{said}"
    );
}

#[test]
fn what_is_not_attested_is_only_refused_where_trust_is_required() {
    for name in ["none.ES256", "packed-self.ES256"] {
        let roots = Roots::default();
        let verdict = judge(vector_verdict(name), &source(&roots, None));
        assert!(outcome(&verdict, "attestation_trust").starts_with("not applicable: "));
        let required = TrustSource { required: true, ..source(&roots, None) };
        let verdict = judge(vector_verdict(name), &required);
        let said = outcome(&verdict, "attestation_trust");
        assert!(
            said.starts_with("failed: expected an attestation that leads to a trusted root"),
            "{said}"
        );
    }
    let roots = Roots::default();
    let required = TrustSource { required: true, ..source(&roots, None) };
    let verdict = judge(vector_verdict("packed.ES256"), &required);
    assert!(outcome(&verdict, "attestation_trust").contains("no roots were given"));
    let verdict = judge(vector_verdict("packed.ES256"), &source(&roots, None));
    assert_eq!(
        outcome(&verdict, "attestation_trust"),
        "not checked: no roots were given, so trust is not checked"
    );
}

#[test]
fn a_certificate_that_is_out_of_date_is_named_without_roots_too() {
    let roots = Roots::default();
    let other = kept(Entry { aaguid: Some(AAGUID.into()), ..entry() });
    for (at, words) in
        [(0, " is valid only from 2024-"), (99_999_999_999, " was valid only until ")]
    {
        // Whether there is metadata that does not know the model makes no difference.
        for (metadata, reason) in [
            (None, "not checked: no roots were given, so trust is not checked; "),
            (Some(&other), "not checked: the FIDO metadata does not know the model, and no roots "),
        ] {
            let now = TrustSource { at, ..source(&roots, metadata) };
            let verdict = judge(vector_verdict("packed.ES256"), &now);
            assert!(verdict.is_accepted());
            let said = outcome(&verdict, "attestation_trust");
            assert!(said.starts_with(reason) && said.contains(words), "{said}");
        }
        let now = TrustSource { at, in_date: true, ..source(&roots, None) };
        let verdict = judge(vector_verdict("packed.ES256"), &now);
        assert!(!verdict.is_accepted());
        let said = outcome(&verdict, "attestation_trust");
        let start = "failed: expected certificates that are valid now, seen ";
        assert!(said.starts_with(start) && said.contains(words), "{said}");
    }
}

#[test]
fn the_metadata_names_the_model_and_its_roots() {
    let said = judged(entry(), "attestation_trust");
    assert!(said.ends_with(", a root that the metadata has for Model"), "{said}");
    assert_eq!(judged(entry(), "metadata_entry"), "passed: Model");
    assert_eq!(
        judged(entry(), "metadata_fresh"),
        "passed: number 7; the next one is due on 2026-12-01"
    );
    assert_eq!(judged(entry(), "metadata_status"), "passed: no certification");
    assert_eq!(judged(entry(), "metadata_agreement"), "not checked: the key is not at hand");
    assert_eq!(
        judged(entry(), "metadata_attestation"),
        "passed: attestation with a certificate (basic_full)"
    );
    let surrogate = Entry { attestation_types: vec!["basic_surrogate".into()], ..entry() };
    assert_eq!(
        judged(surrogate, "metadata_attestation"),
        "failed: expected basic_surrogate, seen attestation with a certificate (basic_full)"
    );
    let other = Entry { aaguid: Some(AAGUID.into()), ..entry() };
    assert_eq!(
        judged(other.clone(), "metadata_entry"),
        "not checked: number 7 has no entry for it"
    );
    assert_eq!(
        judged(other, "attestation_trust"),
        "not checked: the FIDO metadata does not know the model, and no roots were given"
    );
    let kept = kept(entry());
    let none = Roots::default();
    let late = TrustSource { at: TODAY + 30 * 86_400, ..source(&none, Some(&kept)) };
    let said = outcome(&judge(vector_verdict("packed.ES256"), &late), "metadata_fresh");
    assert!(
        said.starts_with("not checked: it is number 7, and a newer one was due on 2026-12-01"),
        "{said}"
    );
}

#[test]
fn a_u2f_key_is_found_by_its_certificate() {
    let verdict = vector_verdict("fido-u2f.ES256");
    let attestation = verdict.facts().attestation.clone().unwrap();
    let der = attestation.certificates()[0].chain[0].as_bytes().to_vec();
    let identifier = Certificate::read(&der, false).unwrap().key_identifier().unwrap();
    let digits: String = identifier.iter().map(|byte| format!("{byte:02x}")).collect();
    let kept = kept(Entry {
        aaguid: None,
        certificate_key_identifiers: vec![digits],
        attestation_roots: vec![der.as_slice().into()],
        ..entry()
    });
    let verdict = judge(verdict, &source(&Roots::default(), Some(&kept)));
    assert_eq!(outcome(&verdict, "metadata_entry"), "passed: Model");
    assert!(outcome(&verdict, "attestation_trust").starts_with("passed: "));
}

#[test]
fn reports_speak_against_a_model() {
    let with = |reports: Vec<StatusReport>| {
        judged(Entry { status_reports: reports, ..entry() }, "metadata_status")
    };
    // As the metadata has it of a real model: the newest first.
    assert_eq!(
        with(vec![report("REVOKED", "2023-12-20"), report("NOT_FIDO_CERTIFIED", "2023-11-07")]),
        "failed: expected no such report, seen REVOKED since 2023-12-20"
    );
    assert_eq!(
        with(vec![
            report("FIDO_CERTIFIED", "2020-01-01"),
            report("FIDO_CERTIFIED_L2", "2021-01-01")
        ]),
        "passed: FIDO_CERTIFIED_L2"
    );
    // Not in force yet.
    assert_eq!(with(vec![report("REVOKED", "2027-01-01")]), "passed: no certification");
    // What cannot be read may be anything.
    let unread = |reports: Vec<StatusReport>| Entry {
        status_reports: reports,
        deviations: vec!["description".into(), "statusReports".into()],
        ..entry()
    };
    assert_eq!(
        judged(unread(Vec::new()), "metadata_status"),
        "not checked: its status reports could not all be read"
    );
    assert!(
        judged(unread(vec![report("REVOKED", "2023-12-20")]), "metadata_status")
            .starts_with("failed: expected no such report, seen REVOKED")
    );
    let kept = kept(unread(vec![report("FIDO_CERTIFIED", "2020-01-01")]));
    let none = Roots::default();
    let required = TrustSource { required: true, ..source(&none, Some(&kept)) };
    assert_eq!(
        outcome(&judge(vector_verdict("packed.ES256"), &required), "metadata_status"),
        "failed: expected status reports that can be read, seen some that cannot"
    );
    // An unknown word is no reason for refusal.
    assert_eq!(with(vec![report("SOMETHING_NEW", "2021-01-01")]), "passed: no certification");
    for status in [
        "USER_VERIFICATION_BYPASS",
        "USER_KEY_REMOTE_COMPROMISE",
        "USER_KEY_PHYSICAL_COMPROMISE",
        "ATTESTATION_KEY_COMPROMISE",
    ] {
        assert_eq!(
            with(vec![report(status, "2021-01-01")]),
            format!("failed: expected no such report, seen {status} since 2021-01-01")
        );
    }
    let update =
        StatusReport { authenticator_version: Some(5), ..report("UPDATE_AVAILABLE", "2022-01-01") };
    assert_eq!(
        with(vec![report("USER_VERIFICATION_BYPASS", "2021-01-01"), update.clone()]),
        "not checked: USER_VERIFICATION_BYPASS since 2021-01-01, which firmware version 5 mends; \
         the key's is not known"
    );
    assert_eq!(
        with(vec![update]),
        "passed: UPDATE_AVAILABLE for firmware version 5 since 2022-01-01"
    );
    let limited = |der: &[u8]| StatusReport {
        certificate: Some(der.into()),
        ..report("ATTESTATION_KEY_COMPROMISE", "2021-01-01")
    };
    assert!(with(vec![limited(&certificate())]).starts_with("failed"));
    assert_eq!(with(vec![limited(b"another")]), "passed: no certification");
    assert_eq!(
        with(vec![
            report("FIDO_CERTIFIED_L1", "2020-01-01"),
            report("NOT_FIDO_CERTIFIED", "2021-01-01")
        ]),
        "passed: no certification"
    );
}

#[test]
fn what_the_key_says_is_held_against_the_statement() {
    // python-fido2, `tests/test_ctap2.py`: `_INFO`, of a key of CTAP 2.0.
    let reply = hex(
        "a60182665532465f5632684649444f5f325f3002826375766d6b686d61632d7365637265740350f8a011f38c0a4d\
         15800617111f9edc7d04a462726bf5627570f564706c6174f469636c69656e7450696ef4051904b0068101",
    );
    let mut info = GetInfo.decode_body(&reply).unwrap();
    info.aaguid = Some(AAGUID.parse().unwrap());
    info.firmware_version = Some(3);
    let stated = json!({
        "versions": ["FIDO_2_0", "FIDO_2_9"],
        "aaguid": AAGUID.replace('-', ""),
        "options": {"rk": true, "up": true, "plat": false, "nonsense": true, "clientPin": true, "odd": 7},
        "maxMsgSize": 999_999,
        "firmwareVersion": 3
    });
    let differences = agreement::differences(&info, &stated).unwrap();
    let members: Vec<&str> = differences.iter().map(|one| one.member.as_str()).collect();
    assert_eq!(members, ["versions", "options.nonsense", "maxMsgSize"], "{differences:?}");
    let entry = |firmware: u64| {
        let mut stated = stated.clone();
        stated["firmwareVersion"] = firmware.into();
        Entry { authenticator_get_info: Some(stated), ..entry() }
    };
    let check = |firmware| {
        agreement::check(AGREEMENT, &entry(firmware), Some(&differences), Some(&info))
            .outcome
            .to_string()
    };
    assert!(check(3).starts_with("failed: expected versions: also FIDO_2_9"), "{}", check(3));
    assert!(check(2).starts_with("not checked: it differs, as another firmware version may: "));
    let none = agreement::check(AGREEMENT, &entry(3), Some(&[]), Some(&info));
    assert!(none.outcome.is_passed());
    let other = agreement::differences(&info, &json!({"aaguid": "00".repeat(16)})).unwrap();
    assert_eq!(other[0].member, "aaguid");
    assert_eq!(agreement::differences(&info, &json!([])), None);
}
