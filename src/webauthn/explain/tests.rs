//! Each rule, where it holds and where it does not.

mod broken;
mod profiles;

use super::*;
use crate::ctap::extensions::CredentialProtection;
use crate::ctap::get_info::{GetInfo, Info, Options};
use crate::ctap::read_reply;
use crate::webauthn::json::options::{
    AuthenticatorAttachment, ResidentKeyRequirement, UserVerificationRequirement,
};
use crate::webauthn::origin::Origin;
use crate::wire::authenticator_data::Aaguid;
use crate::wire::cbor::{Encoded, MapBuilder};
use crate::wire::cose::Algorithm;
use std::time::Duration;

fn texts(texts: &[&str]) -> Option<Vec<String>> {
    Some(texts.iter().map(|text| (*text).to_owned()).collect())
}

/// A key of today with a PIN, to which nothing is unknown.
fn able() -> Info {
    let map = MapBuilder::new()
        .member(0x01, Encoded::array(["U2F_V2", "FIDO_2_0", "FIDO_2_1"].map(Encoded::text)))
        .member(0x03, Encoded::bytes(&[0xa3; 16]));
    let mut info = read_reply(&GetInfo, &[&[0], map.build().as_bytes()].concat()).unwrap();
    info.extensions = texts(&[
        "credProtect",
        "hmac-secret",
        "hmac-secret-mc",
        "credBlob",
        "largeBlobKey",
        "minPinLength",
    ]);
    info.options = Some(options(&[
        ("rk", true),
        ("clientPin", true),
        ("ep", true),
        ("largeBlobs", true),
        ("credMgmt", true),
        ("makeCredUvNotRqd", true),
    ]));
    info.algorithms = Some(vec![Algorithm::ES256, Algorithm::EDDSA]);
    info.remaining_discoverable_credentials = Some(25);
    info.max_credential_count_in_list = Some(8);
    info.max_credential_id_length = Some(128);
    info.max_cred_blob_length = Some(32);
    info.attestation_formats = texts(&["packed"]);
    info
}

fn options(set: &[(&str, bool)]) -> Options {
    Options::new(set.iter().map(|(id, value)| ((*id).to_owned(), *value)))
}

/// The key with one option changed, or left out.
fn with_option(mut info: Info, id: &str, value: Option<bool>) -> Info {
    let old = info.options();
    let rest = old.iter().filter(|(other, _)| *other != id);
    let rest = rest.map(|(id, value)| (id.to_owned(), value));
    info.options = Some(Options::new(rest.chain(value.map(|value| (id.to_owned(), value)))));
    info
}

/// A registration that asks for everything there is, of which the able key can do all.
fn demanding() -> Wishes {
    let id = |id: &[u8]| ListedCredential { id: id.to_vec(), transports: vec!["usb".into()] };
    Wishes {
        rp_id: Some("example.com".into()),
        origin: Some(Origin::parse("https://login.example.com").unwrap()),
        related: false,
        user_verification: UserVerificationRequirement::Required,
        listed: vec![id(&[1; 64])],
        extensions: vec![
            ExtensionWish::CredentialProtection {
                level: CredentialProtection::REQUIRED,
                enforced: true,
            },
            ExtensionWish::Prf { evaluated: true },
            ExtensionWish::HmacSecret,
            ExtensionWish::LargeBlob { required: true },
            ExtensionWish::LargeBlobKey,
            ExtensionWish::CredBlob { length: 32 },
            ExtensionWish::MinPinLength,
            ExtensionWish::CredentialProperties,
            ExtensionWish::AppIdExclude("https://example.com".into()),
        ],
        hints: vec!["client-device".into(), "security-key".into()],
        timeout: Some(Duration::from_secs(60)),
        registration: Some(RegistrationWishes {
            algorithms: vec![Algorithm::ES384, Algorithm::EDDSA],
            resident_key: ResidentKeyRequirement::Required,
            attachment: Some(AuthenticatorAttachment::CrossPlatform),
            user_id_length: 64,
            names: vec![("the account's name", "a".repeat(64))],
            attestation: AttestationWish::Enterprise { required: true },
            attestation_formats: vec!["tpm".into(), "packed".into()],
        }),
    }
}

/// An assertion with one credential that will do.
fn asserting() -> Wishes {
    Wishes {
        extensions: vec![
            ExtensionWish::GetCredBlob,
            ExtensionWish::AppId("https://example.com".into()),
        ],
        registration: None,
        ..demanding()
    }
}

fn registration(wishes: &mut Wishes) -> &mut RegistrationWishes {
    wishes.registration.as_mut().unwrap()
}

fn held(info: &Info, held: Held) -> KeyFacts<'_> {
    KeyFacts { info: Some(info), speaks_u2f: true, pin_tries: tries(8), held }
}

fn tries(left: u64) -> Option<PinTries> {
    Some(PinTries { left, blocked_until_replug: false })
}

/// How the key stands to a rule.
#[track_caller]
fn of(findings: &Findings, id: &str) -> Finding {
    findings.get(id).unwrap_or_else(|| panic!("no rule {id}")).clone()
}

#[test]
fn a_key_that_can_do_everything_passes_every_rule() {
    let info = able();
    for (wishes, state) in [(demanding(), Held::No), (asserting(), Held::Yes)] {
        let findings = explain(&wishes, &held(&info, state));
        // What hides until the PIN is given cannot be told.
        for finding in findings.all().iter().filter(|finding| finding.id != "exclude_list") {
            assert_eq!(finding.standing, Standing::Pass, "{finding:?}");
            assert!(finding.why.is_none() && finding.remedies.is_empty(), "{finding:?}");
            assert!(!finding.expected.is_empty() && !finding.seen.is_empty(), "{finding:?}");
        }
        assert_eq!(findings.standing(), Standing::Pass);
    }
}

#[test]
fn a_credential_that_is_listed_is_there_or_not() {
    let (mut info, wishes) = (able(), asserting());
    let standing =
        |info: &Info, state: Held| of(&explain(&wishes, &held(info, state)), "allow_list");
    let hidden = standing(&info, Held::No);
    assert_eq!(hidden.standing, Standing::Warn, "it may hide until the PIN is given");
    assert_eq!(hidden.remedies, [Remedy::KeyThatHoldsIt]);
    info = with_option(info, "clientPin", Some(false));
    assert_eq!(standing(&info, Held::No).standing, Standing::Fail, "nothing can hide");
    let why = Held::Unknown { why: "it is busy".into() };
    let unknown = standing(&info, why);
    assert_eq!(
        (unknown.standing, unknown.why.as_deref()),
        (Standing::NotChecked, Some("it is busy"))
    );
    let registering = demanding();
    let hiding = of(&explain(&registering, &held(&able(), Held::No)), "exclude_list");
    assert_eq!(hiding.standing, Standing::NotChecked, "it may hide until the PIN is given");
    let excluded = |state| of(&explain(&registering, &held(&info, state)), "exclude_list").standing;
    assert_eq!(excluded(Held::Yes), Standing::Fail);
    assert_eq!(excluded(Held::No), Standing::Pass);
    assert_eq!(excluded(Held::NotAsked), Standing::NotChecked);
    assert_eq!(excluded(Held::Unknown { why: String::new() }), Standing::NotChecked);
}

#[test]
fn a_long_list_is_looked_for_in_parts() {
    let (info, mut wishes) = (able(), asserting());
    wishes.listed = vec![wishes.listed[0].clone(); 9];
    let long = of(&explain(&wishes, &held(&info, Held::Yes)), "list_length");
    assert_eq!((long.standing, long.expected.as_str()), (Standing::Pass, "at most 8 at once"));
    assert!(long.seen.contains("9 credentials") && long.seen.contains("parts"), "{}", long.seen);
    // Few of them, and yet more bytes than a message has.
    let mut info = info;
    info.max_msg_size = Some(1200);
    wishes.listed = vec![ListedCredential { id: vec![7; 300], transports: Vec::new() }; 4];
    let long = of(&explain(&wishes, &held(&info, Held::Yes)), "list_length");
    assert!(long.seen.starts_with("4 credentials, of 1308 bytes, which"), "{}", long.seen);
}

#[test]
fn a_pin_without_tries_is_no_pin() {
    let (info, wishes) = (able(), demanding());
    let standing = |pin_tries| {
        let key = KeyFacts { info: Some(&info), speaks_u2f: true, pin_tries, held: Held::No };
        explain(&wishes, &key).get("pin_tries").map(|finding| finding.standing)
    };
    for (left, expected) in [
        (0, Standing::Fail),
        (1, Standing::Warn),
        (3, Standing::Warn),
        (4, Standing::Pass),
        (u64::MAX, Standing::Pass),
    ] {
        assert_eq!(standing(tries(left)), Some(expected), "{left}");
    }
    let blocked = Some(PinTries { left: 5, blocked_until_replug: true });
    assert_eq!(standing(blocked), Some(Standing::Fail));
    assert_eq!(standing(None), None, "the key does not say");
}

#[test]
fn a_key_that_speaks_only_u2f_fails_one_rule_and_is_held_against_no_other_of_its_own() {
    for (speaks_u2f, seen) in [(true, "U2F only"), (false, "neither FIDO2 nor U2F")] {
        let key = KeyFacts { info: None, speaks_u2f, pin_tries: None, held: Held::NotAsked };
        let findings = explain(&demanding(), &key);
        let failed: Vec<_> = findings.with(Standing::Fail).collect();
        assert_eq!(
            (failed.len(), failed[0].id.as_ref(), failed[0].seen.as_str()),
            (1, "protocol", seen)
        );
        assert!(findings.get("algorithm").is_none());
    }
}

#[test]
fn what_is_about_u2f_needs_a_key_that_speaks_it() {
    let info = able();
    let key = KeyFacts { info: Some(&info), speaks_u2f: false, pin_tries: None, held: Held::Yes };
    assert_eq!(of(&explain(&asserting(), &key), "extension_appid").standing, Standing::Warn);
    let excluding = of(&explain(&demanding(), &key), "extension_appid_exclude");
    assert_eq!(excluding.standing, Standing::Pass);
    assert!(excluding.seen.contains("nothing to exclude"));
}

#[test]
fn verification_is_needed_when_somebody_insists_and_not_otherwise() {
    let pinless = with_option(able(), "clientPin", Some(false));
    let ask = |info: &Info, wanted, resident_key| {
        let mut wishes = demanding();
        wishes.user_verification = wanted;
        registration(&mut wishes).resident_key = resident_key;
        wishes.extensions.clear();
        of(&explain(&wishes, &held(info, Held::No)), "user_verification")
    };
    use ResidentKeyRequirement as Rk;
    use UserVerificationRequirement as Uv;
    for (wanted, standing) in [
        (Uv::Required, Standing::Fail),
        (Uv::Preferred, Standing::Pass),
        (Uv::Discouraged, Standing::Pass),
    ] {
        assert_eq!(ask(&pinless, wanted, Rk::Discouraged).standing, standing, "{wanted:?}");
    }
    // A key with a PIN may want it all the same.
    let spared = ask(&able(), Uv::Discouraged, Rk::Discouraged);
    assert_eq!(
        (spared.standing, spared.seen.as_str()),
        (Standing::Pass, "nobody is asked for a PIN")
    );
    let kept = ask(&able(), Uv::Discouraged, Rk::Required);
    assert_eq!(kept.expected, "discouraged; the key wants it for this registration");
    assert_eq!(kept.seen, "a PIN is set");
    let old = with_option(able(), "makeCredUvNotRqd", None);
    assert_eq!(ask(&old, Uv::Discouraged, Rk::Discouraged).seen, "a PIN is set");
    let own = with_option(able(), "uv", Some(true));
    assert_eq!(ask(&own, Uv::Required, Rk::Required).standing, Standing::Pass);
    // A PIN that must be changed is in nobody's way when a fingerprint does.
    let mut own = own;
    own.force_pin_change = Some(true);
    let findings = explain(&demanding(), &held(&own, Held::No));
    assert!(findings.get("pin_change").is_none());
}

#[test]
fn the_secrets_of_prf_need_a_person_who_was_verified() {
    let pinless = with_option(able(), "clientPin", Some(false));
    let mut wishes = asserting();
    wishes.user_verification = UserVerificationRequirement::Discouraged;
    let of_prf = |wishes: &Wishes, info: &Info| {
        of(&explain(wishes, &held(info, Held::Yes)), "user_verification").standing
    };
    assert_eq!(of_prf(&wishes, &pinless), Standing::Pass);
    wishes.extensions = vec![ExtensionWish::Prf { evaluated: true }];
    assert_eq!(of_prf(&wishes, &pinless), Standing::Fail);
    wishes.registration = demanding().registration;
    assert_eq!(of_prf(&wishes, &pinless), Standing::Fail);
    // A key that derives nothing in a registration does not need it there.
    let mut older = pinless;
    older.extensions.as_mut().unwrap().retain(|name| name != "hmac-secret-mc");
    registration(&mut wishes).resident_key = ResidentKeyRequirement::Discouraged;
    assert_eq!(of_prf(&wishes, &older), Standing::Pass);
}

#[test]
fn a_related_origin_may_ask() {
    let (info, mut wishes) = (able(), demanding());
    wishes.rp_id = Some("example.net".into());
    wishes.related = true;
    let finding = of(&explain(&wishes, &held(&info, Held::No)), "rp_id");
    assert_eq!(finding.standing, Standing::Pass);
    assert!(finding.seen.contains("related origins"));
}

#[test]
fn a_key_of_ctap_2_0_knows_es256_although_it_does_not_say_so() {
    let mut info = able();
    info.algorithms = None;
    let mut wishes = demanding();
    registration(&mut wishes).algorithms = vec![Algorithm::RS256, Algorithm::ES256];
    let finding = of(&explain(&wishes, &held(&info, Held::No)), "algorithm");
    assert_eq!(finding.standing, Standing::Pass);
}
