//! Each rule, broken.

use super::*;
use std::collections::BTreeSet;

/// One change of the key, or of what is asked, that breaks one rule.
struct Broken {
    rule: &'static str,
    standing: Standing,
    why: &'static str,
    change: fn(&mut Wishes, &mut Info),
}

fn broken(
    rule: &'static str,
    standing: Standing,
    why: &'static str,
    change: fn(&mut Wishes, &mut Info),
) -> Broken {
    Broken { rule, standing, why, change }
}

/// Everything that breaks a registration.
fn broken_registrations() -> Vec<Broken> {
    use Standing::{Fail, Warn};
    vec![
        broken("rp_id", Fail, "public suffix", |wishes, _| {
            wishes.origin = Some(Origin::parse("https://shop.co.uk").unwrap());
            wishes.rp_id = Some("co.uk".into());
        }),
        broken("rp_id", Fail, "the host of the origin, login.example.com", |wishes, _| {
            wishes.rp_id = Some("example.net".into());
        }),
        broken("attachment", Warn, "built into the computer", |wishes, _| {
            registration(wishes).attachment = Some(AuthenticatorAttachment::Platform);
        }),
        broken("algorithm", Fail, "the key knows ES256, EdDSA and none of", |wishes, _| {
            registration(wishes).algorithms = vec![Algorithm::ES384, Algorithm::RS256];
        }),
        broken("algorithm", Warn, "does not say which algorithms", |wishes, info| {
            info.algorithms = None;
            registration(wishes).algorithms = vec![Algorithm::RS256];
        }),
        broken("resident_key", Fail, "cannot keep passkeys", |_, info| {
            *info = with_option(info.clone(), "rk", None);
        }),
        broken("resident_key", Warn, "needs the account's name first", |wishes, info| {
            *info = with_option(info.clone(), "rk", Some(false));
            registration(wishes).resident_key = ResidentKeyRequirement::Preferred;
            wishes.extensions.retain(|wish| !matches!(wish, ExtensionWish::LargeBlob { .. }));
        }),
        broken("room", Fail, "no room for another", |_, info| {
            info.remaining_discoverable_credentials = Some(0);
        }),
        broken("room", Warn, "room for only 2 more", |_, info| {
            info.remaining_discoverable_credentials = Some(2);
        }),
        broken("user_verification", Fail, "is required, and the key has no PIN yet", |_, info| {
            *info = with_option(info.clone(), "clientPin", Some(false));
        }),
        broken("user_verification", Fail, "every time (alwaysUv), and the key", |wishes, info| {
            *info = with_option(info.clone(), "clientPin", Some(false));
            *info = with_option(info.clone(), "alwaysUv", Some(true));
            wishes.user_verification = UserVerificationRequirement::Discouraged;
        }),
        broken("user_verification", Fail, "neither a PIN nor a fingerprint", |_, info| {
            *info = with_option(info.clone(), "clientPin", None);
        }),
        broken("user_verification", Fail, "such as a fingerprint, is not set up", |_, info| {
            *info = with_option(info.clone(), "clientPin", None);
            *info = with_option(info.clone(), "uv", Some(false));
        }),
        broken("user_verification", Fail, "such as a fingerprint, is not set up", |_, info| {
            *info = with_option(info.clone(), "noMcGaPermissionsWithClientPin", Some(true));
        }),
        broken("pin_change", Fail, "must be changed before it can be used", |_, info| {
            info.force_pin_change = Some(true);
        }),
        broken("user_id", Fail, "has 0 bytes", |wishes, _| {
            registration(wishes).user_id_length = 0;
        }),
        broken("user_id", Fail, "has 65 bytes", |wishes, _| {
            registration(wishes).user_id_length = 65;
        }),
        broken("names", Warn, "the service's name has 66 bytes, of which", |wishes, _| {
            registration(wishes).names = vec![("the service's name", "é".repeat(33))];
        }),
        broken("extension_cred_protect", Fail, "does not support credProtect", |_, info| {
            info.extensions.as_mut().unwrap().retain(|name| name != "credProtect");
        }),
        broken("extension_cred_protect", Warn, "without that protection", |wishes, info| {
            info.extensions.as_mut().unwrap().retain(|name| name != "credProtect");
            wishes.extensions[0] = ExtensionWish::CredentialProtection {
                level: CredentialProtection::OPTIONAL,
                enforced: true,
            };
        }),
        broken("extension_prf", Warn, "does not support hmac-secret", |wishes, info| {
            info.extensions.as_mut().unwrap().retain(|name| name != "hmac-secret");
            wishes.extensions.retain(|wish| *wish != ExtensionWish::HmacSecret);
        }),
        broken("extension_prf", Warn, "only when it is used", |_, info| {
            info.extensions.as_mut().unwrap().retain(|name| name != "hmac-secret-mc");
        }),
        broken("extension_hmac_secret", Warn, "derives no secrets", |wishes, info| {
            info.extensions.as_mut().unwrap().retain(|name| name != "hmac-secret");
            wishes.extensions.retain(|wish| !matches!(wish, ExtensionWish::Prf { .. }));
        }),
        broken("extension_large_blob", Fail, "does not support large blobs", |wishes, info| {
            *info = with_option(info.clone(), "largeBlobs", None);
            wishes.extensions.retain(|wish| *wish != ExtensionWish::LargeBlobKey);
        }),
        broken("extension_large_blob", Fail, "only a credential that is kept", |wishes, _| {
            registration(wishes).resident_key = ResidentKeyRequirement::Discouraged;
        }),
        broken("extension_large_blob", Warn, "can keep none there", |wishes, info| {
            *info = with_option(info.clone(), "largeBlobs", None);
            wishes.extensions[3] = ExtensionWish::LargeBlob { required: false };
        }),
        broken("extension_large_blob_key", Warn, "gets nothing", |wishes, info| {
            info.extensions.as_mut().unwrap().retain(|name| name != "largeBlobKey");
            wishes.extensions.retain(|wish| !matches!(wish, ExtensionWish::LargeBlob { .. }));
        }),
        broken(
            "extension_cred_blob",
            Warn,
            "has 33 bytes, and the key keeps at most 32",
            |wishes, _| {
                wishes.extensions[5] = ExtensionWish::CredBlob { length: 33 };
            },
        ),
        broken("extension_cred_blob", Warn, "the bytes are not kept", |_, info| {
            info.extensions.as_mut().unwrap().retain(|name| name != "credBlob");
        }),
        broken("extension_min_pin_length", Warn, "gets nothing", |_, info| {
            info.extensions.as_mut().unwrap().retain(|name| name != "minPinLength");
        }),
        broken("extension_unknown", Warn, "does not know this extension", |wishes, _| {
            wishes.extensions.push(ExtensionWish::Unknown("payment".into()));
        }),
        broken("enterprise_attestation", Fail, "switched off on the key", |_, info| {
            *info = with_option(info.clone(), "ep", Some(false));
        }),
        broken("enterprise_attestation", Warn, "gets an ordinary one", |wishes, info| {
            *info = with_option(info.clone(), "ep", None);
            registration(wishes).attestation = AttestationWish::Enterprise { required: false };
        }),
        broken("attestation_format", Warn, "the key gives packed and none of", |wishes, _| {
            registration(wishes).attestation_formats = vec!["tpm".into()];
        }),
        broken("hints", Warn, "expects something else", |wishes, _| {
            wishes.hints = vec!["hybrid".into()];
        }),
        broken("timeout", Warn, "5 s are little", |wishes, _| {
            wishes.timeout = Some(Duration::from_secs(5));
        }),
    ]
}

/// Everything that breaks an assertion.
fn broken_assertions() -> Vec<Broken> {
    use Standing::{Fail, NotChecked, Warn};
    vec![
        broken("allow_list", Fail, "on another key", |wishes, _| {
            wishes.listed[0].id = vec![1; 129];
        }),
        broken("passkey", Fail, "cannot keep passkeys", |wishes, info| {
            wishes.listed.clear();
            *info = with_option(info.clone(), "rk", None);
        }),
        broken("passkey", NotChecked, "only after the touch", |wishes, _| wishes.listed.clear()),
        broken("transports", Warn, "by other ways than USB", |wishes, _| {
            wishes.listed[0].transports = vec!["internal".into(), "hybrid".into()];
        }),
        broken("extension_get_cred_blob", Warn, "does not support credBlob", |_, info| {
            info.extensions.as_mut().unwrap().retain(|name| name != "credBlob");
        }),
        broken("extension_hmac_secret", Warn, "derives no secret", |wishes, info| {
            info.extensions = None;
            wishes.extensions = vec![ExtensionWish::HmacSecret];
        }),
    ]
}

#[test]
fn each_rule_that_is_broken_says_so_and_no_other_does() {
    let whole = [
        (broken_registrations(), demanding(), Held::No),
        (broken_assertions(), asserting(), Held::Yes),
    ];
    for (all, wishes, state) in whole {
        for Broken { rule, standing, why, change } in all {
            let (mut wishes, mut info) = (wishes.clone(), able());
            change(&mut wishes, &mut info);
            let findings = explain(&wishes, &held(&info, state.clone()));
            let finding = of(&findings, rule);
            assert_eq!(finding.standing, standing, "{finding:?}");
            let said = finding.why.as_deref().unwrap();
            assert!(said.contains(why), "{rule}: {said}");
            assert!(!said.ends_with('.') && !said.starts_with(char::is_uppercase), "{said}");
            if standing == Standing::Fail {
                assert!(!finding.remedies.is_empty(), "{rule} says nothing to do");
            }
            // What hides until the PIN is given cannot be told.
            let others = findings.all().iter().filter(|other| other.id != "exclude_list");
            let others = others.filter(|other| other.id != rule);
            let others: Vec<_> = others.filter(|other| other.standing != Standing::Pass).collect();
            assert!(others.is_empty(), "{rule}: {others:?}");
        }
    }
}

/// A rule that the lists above never break would never be seen to fail.
#[test]
fn every_rule_is_broken_by_something() {
    let mut seen = BTreeSet::new();
    for (wishes, info) in [(demanding(), able()), (asserting(), able())] {
        for finding in explain(&wishes, &held(&info, Held::NotAsked)).all() {
            seen.insert(finding.id.to_string());
        }
    }
    let all = broken_registrations().into_iter().chain(broken_assertions());
    let broken: BTreeSet<&str> = all.map(|broken| broken.rule).collect();
    // These have tests of their own below, or need nothing of the key.
    let elsewhere = [
        "protocol",
        "exclude_list",
        "list_length",
        "pin_tries",
        "extension_cred_props",
        "extension_appid",
        "extension_appid_exclude",
    ];
    for id in seen {
        assert!(broken.contains(id.as_str()) || elsewhere.contains(&id.as_str()), "{id}");
    }
}
