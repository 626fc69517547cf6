//! Whether the person can be verified (WebAuthn Level 3 section 5.8.6; CTAP 2.3 sections 6.1.2 and
//! 6.2.2).

use super::facts::{PinTries, Verification};
use super::finding::{Finding, Remedy, Rule};
use super::wishes::{ExtensionWish, Wishes};
use crate::ctap::get_info::Info;
use crate::webauthn::json::options::UserVerificationRequirement;

/// The person can be verified as far as that is needed.
pub(super) fn rules(wishes: &Wishes, info: &Info, tries: Option<PinTries>) -> Vec<Finding> {
    let wanted = wishes.user_verification;
    let verification = Verification::of(info);
    let by = insists(wishes, info);
    let possible = matches!(verification, Verification::Own | Verification::Pin);
    let needed = match wanted {
        UserVerificationRequirement::Required => true,
        UserVerificationRequirement::Preferred => by.is_some() || possible,
        UserVerificationRequirement::Discouraged => by.is_some(),
    };
    let expected = match by {
        Some(by) if wanted != UserVerificationRequirement::Required => {
            format!("{}; {by}", wanted.text())
        }
        _ => wanted.text().to_owned(),
    };
    let rule = Rule::new("user_verification", "The person can be verified", expected);
    if !needed {
        let seen = match wanted {
            // The store of large blobs is protected where somebody can be verified (CTAP 2.3 section
            // 6.10.2).
            _ if possible && wishes.extensions.contains(&ExtensionWish::LargeBlobWrite) => {
                format!("{}, which is needed only to write the large blob", verification.seen())
            }
            UserVerificationRequirement::Discouraged => "nobody is asked for a PIN".to_owned(),
            _ => format!("{}, and it goes without", verification.seen()),
        };
        return vec![rule.pass(seen)];
    }
    let reason = match wanted {
        UserVerificationRequirement::Required => "verification is required",
        _ => by.unwrap_or_default(),
    };
    let failed =
        |what: &str| rule.clone().fail(verification.seen(), format!("{reason}, and {what}"));
    match verification {
        Verification::Own => vec![rule.pass(verification.seen())],
        Verification::Pin => {
            let mut findings = vec![rule.pass(verification.seen())];
            findings.extend(pin_tries(tries));
            findings.push(pin_change(info));
            findings
        }
        Verification::PinNotSet => vec![failed("the key has no PIN yet").help(Remedy::SetPin)],
        Verification::OwnNotSetUp => vec![
            failed("the key's own verification, such as a fingerprint, is not set up")
                .help(Remedy::SetUpOwnVerification),
        ],
        Verification::Impossible => vec![
            failed("the key can have neither a PIN nor a fingerprint")
                .help(Remedy::OtherKey { that: "that can have a PIN".into() }),
        ],
    }
}

/// Why the key wants the person verified whatever is asked for.
fn insists(wishes: &Wishes, info: &Info) -> Option<&'static str> {
    if info.always_verifies() {
        return Some("the key wants it every time (alwaysUv)");
    }
    // What prf gives is the function for who was verified (WebAuthn Level 3 section 10.1.4).
    let extension = match wishes.registration {
        Some(_) => "hmac-secret-mc",
        None => "hmac-secret",
    };
    if wishes.extensions.contains(&ExtensionWish::Prf { evaluated: true })
        && info.supports_extension("hmac-secret")
        && info.supports_extension(extension)
    {
        return Some("the secrets of prf are only for a person who was verified");
    }
    let resident = wishes.registration.as_ref()?.keeps(info);
    info.verifies_to_register(resident).then_some("the key wants it for this registration")
}

/// From how many tries left on a person is told that they are few.
const FEW: u64 = 3;

/// The PIN can be given. Nothing where it is not known how often.
pub(super) fn pin_tries(tries: Option<PinTries>) -> Option<Finding> {
    let PinTries { left, blocked_until_replug } = tries?;
    let rule = Rule::new("pin_tries", "The PIN has tries left", "more than a few");
    Some(match left {
        0 => rule
            .fail("none", "the PIN is blocked for good: no try is left, and only a reset helps")
            .help(Remedy::Reset),
        _ if blocked_until_replug => rule
            .fail(
                format!("{left}, after it is plugged in again"),
                "the PIN was wrong several times in a row, and the key takes none until it is \
                 plugged in again",
            )
            .help(Remedy::Replug),
        1 => rule
            .warn("1", "only 1 try is left, and a wrong PIN would block it for good")
            .help(Remedy::BeSureOfPin { last_try: true }),
        few if few <= FEW => rule
            .warn(
                few.to_string(),
                format!("only {few} tries are left, after which just a reset helps"),
            )
            .help(Remedy::BeSureOfPin { last_try: false }),
        many => rule.pass(many.to_string()),
    })
}

/// The PIN may be used as it is.
pub(super) fn pin_change(info: &Info) -> Finding {
    let rule = Rule::new("pin_change", "The PIN may be used as it is", "no change is due");
    if info.force_pin_change() {
        return rule
            .fail("it must be changed first", "the PIN must be changed before it can be used")
            .help(Remedy::ChangePin);
    }
    rule.pass("no change is due")
}
