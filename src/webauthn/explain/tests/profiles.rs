//! Each service's profile, where a key fits it and where it does not.

use super::*;
use crate::webauthn::explain::profile::PROFILES;

fn certified() -> ModelFacts {
    ModelFacts::Listed {
        description: "Example Key".into(),
        certification: Some("FIDO_CERTIFIED_L1".into()),
        withdrawn: None,
        has_roots: true,
    }
}

fn check(profile: &str, info: &Info, model: &ModelFacts) -> Findings {
    Profile::named(profile).unwrap().check(&held(info, Held::NotAsked), model)
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
    let listed =
        |certification: Option<&str>, withdrawn: Option<&str>, has_roots| ModelFacts::Listed {
            description: "Example Key".into(),
            certification: certification.map(str::to_owned),
            withdrawn: withdrawn.map(str::to_owned),
            has_roots,
        };
    let level = Some("FIDO_CERTIFIED");
    for (model, standing, why) in [
        (certified(), Standing::Pass, ""),
        (ModelFacts::NoMetadata, Standing::NotChecked, "no metadata was imported"),
        (ModelFacts::NotListed, Standing::Fail, "has no entry"),
        (listed(level, Some("REVOKED"), true), Standing::Fail, "says REVOKED"),
        (listed(None, None, true), Standing::Fail, "without a FIDO2 certification"),
        (listed(level, None, false), Standing::Fail, "no root certificate"),
    ] {
        let info = able();
        let finding = of(&check("entra-attested", &info, &model), "metadata");
        assert_eq!(finding.standing, standing, "{model:?}");
        assert!(finding.why.unwrap_or_default().contains(why));
        // Where it is not enforced, nobody looks.
        assert!(check("entra", &info, &model).get("metadata").is_none());
    }
}

#[test]
fn a_u2f_key_is_a_second_factor_and_nothing_else() {
    let key = KeyFacts { info: None, speaks_u2f: true, held: Held::NotAsked };
    for profile in &PROFILES {
        let findings = profile.check(&key, &ModelFacts::NoMetadata);
        let standing = if profile.name == "u2f" { Standing::Pass } else { Standing::Fail };
        assert_eq!(findings.standing(), standing, "{}", profile.name);
        assert_eq!(findings.all().len(), 1);
    }
    let mute = KeyFacts { info: None, speaks_u2f: false, held: Held::NotAsked };
    let findings = Profile::named("u2f").unwrap().check(&mute, &ModelFacts::NoMetadata);
    assert_eq!(findings.standing(), Standing::Fail);
}
