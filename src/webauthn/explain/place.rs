//! What the client looks at before any key: who asks, which kind of key, how long (WebAuthn Level 3
//! sections 5.1.3, 5.4.5, 5.8.7 and 15.1).

use super::facts::list;
use super::finding::{Finding, Remedy, Rule};
use super::wishes::{RegistrationWishes, Wishes};
use crate::webauthn::json::options::AuthenticatorAttachment;
use crate::webauthn::rp_id::RpId;
use std::time::Duration;

/// Below this somebody who has to find the key and type its PIN is likely to be too late.
const SHORT: Duration = Duration::from_secs(30);

/// What is recommended (WebAuthn Level 3 section 15.1).
const RECOMMENDED: &str = "5 to 10 minutes";

/// The hint that means keys such as these (section 5.8.7).
const SECURITY_KEY: &str = "security-key";

/// Who asks may ask for this relying party. Nothing where nobody knows who asks.
pub(super) fn rp_id(wishes: &Wishes) -> Option<Finding> {
    let origin = wishes.origin.as_ref()?;
    let rule = Rule::new(
        "rp_id",
        "The origin may ask for this relying party",
        format!("{} or a domain above it", origin.host()),
    );
    // Without one, it is the host of the origin (section 5.1.3).
    let Some(text) = &wishes.rp_id else { return Some(rule.pass(origin.host())) };
    let fits = RpId::parse(text).and_then(|rp_id| rp_id.check_origin(origin));
    Some(match fits {
        Ok(()) => rule.pass(text.clone()),
        Err(_) if wishes.related => rule.pass(format!("{text}, by its list of related origins")),
        Err(error) => rule.fail(text.clone(), error.to_string()).help(Remedy::AskOtherwise {
            how: "Change the RP ID or the origin, so that they fit each other".into(),
        }),
    })
}

/// The service does not want a key that is built into the computer.
pub(super) fn attachment(wishes: &RegistrationWishes) -> Option<Finding> {
    let wanted = wishes.attachment?;
    let rule = Rule::new("attachment", "The service takes keys that are plugged in", wanted.text());
    Some(match wanted {
        AuthenticatorAttachment::CrossPlatform => rule.pass("cross-platform"),
        AuthenticatorAttachment::Platform => rule
            .warn(
                "cross-platform, as every USB key",
                "the service wants a key that is built into the computer (platform), so that a \
                 browser would not offer this one",
            )
            .help(Remedy::AskOtherwise {
                how: "Ask for `cross-platform`, or leave authenticatorAttachment out".into(),
            }),
    })
}

/// The service expects a key such as these. Nothing where it does not say.
pub(super) fn hints(wishes: &Wishes) -> Option<Finding> {
    if wishes.hints.is_empty() {
        return None;
    }
    let rule = Rule::new("hints", "The service expects a security key", list(&wishes.hints));
    if wishes.hints.iter().any(|hint| hint == SECURITY_KEY) {
        return Some(rule.pass(SECURITY_KEY));
    }
    let why = "the service expects something else, so that a browser may offer the key last or not \
               at all";
    let how = "Put `security-key` among the hints";
    Some(rule.warn(SECURITY_KEY, why).help(Remedy::AskOtherwise { how: how.into() }))
}

/// There is time enough. Nothing where no time is said.
pub(super) fn timeout(wishes: &Wishes) -> Option<Finding> {
    let timeout = wishes.timeout?;
    let rule = Rule::new("timeout", "There is time enough", RECOMMENDED);
    let seen = format!("{} s", timeout.as_secs());
    if timeout >= SHORT {
        return Some(rule.pass(seen));
    }
    let why = format!(
        "{seen} are little for somebody who has to find the key, type its PIN and touch it"
    );
    let how = format!("Set a timeout of {RECOMMENDED}").into();
    Some(rule.warn(seen, why).help(Remedy::AskOtherwise { how }))
}
