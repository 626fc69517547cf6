//! Each service's profile, where a key fits it and where it does not.

use super::*;
use crate::webauthn::explain::profile::PROFILES;
use crate::webauthn::trust::Reported;

fn certified() -> ModelEntry {
    ModelEntry::Listed {
        description: "Example Key".into(),
        certification: Some("FIDO_CERTIFIED_L1".into()),
        withdrawn: None,
        reported: Reported::Nothing,
        has_roots: true,
        lacks: Vec::new(),
    }
}

fn check(profile: &str, info: &Info, model: &ModelEntry) -> Findings {
    let facts = MetadataFacts { model: model.clone(), overdue_since: None };
    Profile::named(profile).unwrap().check(&held(info, Held::NotAsked), &facts)
}

/// The rules that do not hold, with how.
fn troubles(findings: &Findings) -> Vec<(&str, Standing)> {
    findings.troubles().map(|finding| (finding.id.as_ref(), finding.standing)).collect()
}

#[test]
fn a_key_of_today_fits_every_profile_and_every_rule_has_a_source() {
    let info = able();
    for profile in &PROFILES {
        let findings = check(profile.name, &info, &certified());
        assert_eq!(troubles(&findings), [], "{}", profile.name);
        for finding in findings.all() {
            assert!(finding.source.is_some(), "{finding:?}");
        }
    }
    assert!(Profile::named("nonsense").is_none());
}

#[test]
fn each_profile_is_broken_by_what_its_service_wants() {
    use Standing::{Fail, Warn};
    type Case = (&'static str, fn(&mut Info), &'static [(&'static str, Standing)]);
    let cases: [Case; 21] = [
        ("entra", |info| info.versions = vec!["U2F_V2".into()], &[("fido2", Fail)]),
        (
            "entra",
            |info| *info = with_option(info.clone(), "rk", Some(false)),
            &[("resident_key", Fail)],
        ),
        ("entra", |info| info.remaining_discoverable_credentials = Some(0), &[("room", Fail)]),
        (
            "entra",
            |info| *info = with_option(info.clone(), "clientPin", Some(false)),
            &[("user_verification", Warn)],
        ),
        (
            "entra",
            |info| *info = with_option(info.clone(), "clientPin", None),
            &[("user_verification", Fail)],
        ),
        ("entra", |info| info.force_pin_change = Some(true), &[("pin_change", Fail)]),
        ("entra", |info| info.algorithms = Some(vec![Algorithm::EDDSA]), &[("algorithm", Fail)]),
        ("entra", |info| info.extensions = None, &[("hmac_secret", Warn)]),
        ("entra", |info| info.aaguid = Some(Aaguid([0; 16])), &[("model_list", Warn)]),
        ("entra-attested", |info| info.extensions = None, &[("hmac_secret", Fail)]),
        (
            "entra-attested",
            |info| info.attestation_formats = texts(&["none"]),
            &[("attestation_format", Fail)],
        ),
        ("entra-attested", |info| info.aaguid = None, &[("metadata", Fail), ("model_list", Warn)]),
        (
            "nhsmail",
            |info| *info = with_option(info.clone(), "clientPin", Some(false)),
            &[("user_verification", Warn)],
        ),
        ("nhsmail", |info| info.min_pin_length = Some(6), &[("pin_length", Warn)]),
        ("nhsmail", |info| info.force_pin_change = Some(true), &[("pin_change", Fail)]),
        (
            "nhsmail",
            |info| {
                *info = with_option(info.clone(), "clientPin", None);
                *info = with_option(info.clone(), "uv", Some(false));
            },
            &[("user_verification", Fail)],
        ),
        (
            "passkey",
            |info| *info = with_option(info.clone(), "clientPin", Some(false)),
            &[("user_verification", Fail)],
        ),
        (
            "passkey",
            |info| *info = with_option(info.clone(), "rk", None),
            &[("resident_key", Fail)],
        ),
        (
            "passkey",
            |info| *info = with_option(info.clone(), "credMgmt", None),
            &[("credential_management", Warn)],
        ),
        (
            "u2f",
            |info| *info = with_option(info.clone(), "alwaysUv", Some(true)),
            &[("touch_only", Warn)],
        ),
        ("u2f", |info| info.algorithms = Some(vec![Algorithm::EDDSA]), &[("algorithm", Fail)]),
    ];
    for (profile, change, expected) in cases {
        let mut info = able();
        change(&mut info);
        let findings = check(profile, &info, &certified());
        assert_eq!(troubles(&findings), expected, "{profile}");
        for finding in findings.troubles() {
            assert!(finding.source.is_some() && finding.why.is_some(), "{finding:?}");
        }
    }
}

#[test]
fn the_metadata_decides_where_attestation_is_enforced() {
    let listed = |certification: Option<&str>, withdrawn: Option<&str>, has_roots, lacks| {
        ModelEntry::Listed {
            description: "Example Key".into(),
            certification: certification.map(str::to_owned),
            withdrawn: withdrawn.map(str::to_owned),
            reported: Reported::Nothing,
            has_roots,
            lacks,
        }
    };
    let none = Vec::new;
    let level = Some("FIDO_CERTIFIED");
    for (model, standing, why) in [
        (certified(), Standing::Pass, ""),
        (ModelEntry::NoMetadata, Standing::NotChecked, "no metadata was imported"),
        (ModelEntry::NotListed, Standing::Fail, "has no entry"),
        (listed(level, Some("REVOKED"), true, none()), Standing::Fail, "says REVOKED"),
        (listed(None, None, true, none()), Standing::Fail, "without a FIDO2 certification"),
        (listed(level, None, false, none()), Standing::Fail, "no root certificate"),
        (
            listed(level, None, true, vec!["rk", "hmac-secret"]),
            Standing::Fail,
            "can do rk, hmac-secret",
        ),
    ] {
        let info = able();
        let finding = of(&check("entra-attested", &info, &model), "metadata");
        assert_eq!(finding.standing, standing, "{model:?}");
        assert!(finding.why.unwrap_or_default().contains(why));
        assert_eq!(
            check("entra-attested", &info, &model).get("metadata_fresh").is_some(),
            model != ModelEntry::NoMetadata
        );
        // Where it is not enforced, nobody looks.
        assert!(check("entra", &info, &model).get("metadata").is_none());
    }
}

#[test]
fn a_u2f_key_is_a_second_factor_and_nothing_else() {
    let key = KeyFacts { info: None, speaks_u2f: true, pin_tries: None, held: Held::NotAsked };
    for profile in &PROFILES {
        let findings = profile.check(&key, &MetadataFacts::default());
        let standing = if profile.name == "u2f" { Standing::Pass } else { Standing::Fail };
        assert_eq!(findings.standing(), standing, "{}", profile.name);
        assert_eq!(findings.all().len(), 1);
    }
    let mute = KeyFacts { info: None, speaks_u2f: false, pin_tries: None, held: Held::NotAsked };
    let findings = Profile::named("u2f").unwrap().check(&mute, &MetadataFacts::default());
    assert_eq!(findings.standing(), Standing::Fail);
}

#[test]
fn metadata_that_is_old_is_warned_of() {
    let date = crate::webauthn::metadata::Date::of_moment(86_400);
    let facts = MetadataFacts { model: certified(), overdue_since: Some(date) };
    let info = able();
    let findings =
        Profile::named("entra-attested").unwrap().check(&held(&info, Held::NotAsked), &facts);
    assert_eq!(troubles(&findings), [("metadata_fresh", Standing::Warn)]);
    assert_eq!(of(&findings, "metadata_fresh").remedies, [Remedy::ImportMetadata]);
}

#[test]
fn an_entry_of_the_metadata_says_what_became_of_a_model() {
    use crate::webauthn::metadata::{Date, Entry, StatusReport};
    let report = |status: &str, since: u64| StatusReport {
        status: status.into(),
        effective_date: Some(Date::of_moment(since)),
        ..StatusReport::default()
    };
    let day = 86_400;
    let get_info = |info: &str| Some(serde_json::from_str(info).unwrap());
    let mut entry = Entry {
        description: "Example Key".into(),
        status_reports: vec![report("FIDO_CERTIFIED_L1", day), report("REVOKED", 20 * day)],
        attestation_roots: vec![vec![1].into()],
        authenticator_get_info: get_info(
            r#"{"versions": ["FIDO_2_0"], "options": {"rk": true, "clientPin": false},
                "extensions": ["hmac-secret"]}"#,
        ),
        ..Entry::default()
    };
    let on =
        |entry: &Entry, days: u64| ModelEntry::of(Some(entry), Date::of_moment(days * day), None);
    assert_eq!(on(&entry, 10), certified());
    let ModelEntry::Listed { withdrawn, .. } = on(&entry, 30) else { panic!() };
    assert_eq!(withdrawn.as_deref(), Some("REVOKED"));
    entry.authenticator_get_info =
        get_info(r#"{"versions": ["U2F_V2"], "options": {}, "extensions": []}"#);
    let ModelEntry::Listed { lacks, .. } = on(&entry, 10) else { panic!() };
    assert_eq!(lacks, ["FIDO2", "rk", "uv or clientPin", "hmac-secret"]);
    // Real statements leave members out.
    entry.authenticator_get_info = get_info(r#"{"versions": ["FIDO_2_0"]}"#);
    assert_eq!(on(&entry, 10), certified());
    // What verdicts are refused for is named, as far as it may concern this key.
    let reported = |entry: &Entry, firmware| {
        let model = ModelEntry::of(Some(entry), Date::of_moment(10 * day), firmware);
        let finding = of(&check("entra-attested", &able(), &model), "metadata");
        (finding.standing, finding.why.unwrap_or_default())
    };
    let compromise = report("ATTESTATION_KEY_COMPROMISE", 2 * day);
    entry.status_reports.push(compromise.clone());
    let (standing, why) = reported(&entry, None);
    assert_eq!(standing, Standing::Warn);
    assert!(why.contains("reports ATTESTATION_KEY_COMPROMISE since 1970-01-03,"), "{why}");
    *entry.status_reports.last_mut().unwrap() =
        StatusReport { certificate: Some(vec![7].into()), ..compromise };
    let (standing, why) = reported(&entry, None);
    assert!(standing == Standing::Warn && why.contains("of some of its keys"), "{why}");
    *entry.status_reports.last_mut().unwrap() = report("USER_VERIFICATION_BYPASS", 2 * day);
    let update =
        StatusReport { authenticator_version: Some(5), ..report("UPDATE_AVAILABLE", 3 * day) };
    entry.status_reports.push(update);
    assert_eq!(reported(&entry, None).0, Standing::Warn);
    assert_eq!(reported(&entry, Some(4)).0, Standing::Warn);
    assert_eq!(reported(&entry, Some(5)).0, Standing::Pass);
    entry.status_reports.truncate(1);
    entry.deviations = vec!["statusReports".into()];
    assert_eq!(reported(&entry, None).0, Standing::NotChecked);
    entry.deviations.clear();
    // A statement that does not say what the key says of itself is not held against it.
    entry.authenticator_get_info = None;
    assert_eq!(on(&entry, 10), certified());
    assert_eq!(ModelEntry::of(None, Date::of_moment(day), None), ModelEntry::NotListed);
}
