//! Whether the key can make the credential: algorithm, room, lengths (WebAuthn Level 3 section
//! 5.1.3; CTAP 2.3 section 6.1.2).

use super::facts::list;
use super::finding::{Finding, Remedy, Rule, bytes};
use crate::ctap::get_info::Info;
use crate::webauthn::json::options::ResidentKeyRequirement;
use crate::wire::cose::Algorithm;

/// The bytes of a name that every key keeps (WebAuthn Level 3 section 6.4.1).
const NAME_LIMIT: usize = 64;

/// From how little room on a person is told of it.
const LITTLE_ROOM: u64 = 3;

/// The key knows an algorithm that is acceptable.
pub(super) fn algorithm(accepted: &[Algorithm], info: &Info) -> Finding {
    let expected = format!("one of {}", list(accepted.iter().map(ToString::to_string)));
    let rule = Rule::new("algorithm", "An algorithm that both know", expected);
    let known = info.algorithms.as_deref().unwrap_or_default();
    if let Some(chosen) = accepted.iter().find(|algorithm| known.contains(algorithm)) {
        return rule.pass(chosen.to_string());
    }
    // Keys of CTAP 2.0 do not say. All of them know ES256, and hardly one anything else.
    if info.algorithms.is_none() {
        if accepted.contains(&Algorithm::ES256) {
            return rule.pass("not stated; every key is expected to know ES256");
        }
        let why = "the key does not say which algorithms it knows, and only ES256 is common to all";
        return rule.warn("not stated", why).help(Remedy::AskOtherwise {
            how: "Accept ES256 (-7) as well, which every key knows".into(),
        });
    }
    let known = list(known.iter().map(ToString::to_string));
    let why = format!("the key knows {known} and none of the algorithms that are accepted");
    let how = format!("Accept one that the key knows: {known}").into();
    rule.fail(known, why)
        .help(Remedy::AskOtherwise { how })
        .help(Remedy::OtherKey { that: "that knows one of them".into() })
}

/// The key can keep the credential, and has room for it. Nothing when it need not.
pub(super) fn resident(wanted: ResidentKeyRequirement, info: &Info) -> Vec<Finding> {
    if wanted == ResidentKeyRequirement::Discouraged {
        return Vec::new();
    }
    let required = wanted == ResidentKeyRequirement::Required;
    let rule = Rule::new("resident_key", "The key can keep passkeys", wanted.text());
    if info.options().rk() == Some(true) {
        return vec![rule.pass("yes"), room(info)];
    }
    let why = "the key cannot keep passkeys (resident credentials)";
    let finding = if required {
        rule.fail("the key cannot", why)
            .help(Remedy::OtherKey { that: "that can keep passkeys".into() })
    } else {
        let why = format!("{why}, so that signing in needs the account's name first");
        rule.warn("the key cannot", why)
    };
    vec![finding]
}

/// The key has room for another credential.
pub(super) fn room(info: &Info) -> Finding {
    let rule = Rule::new("room", "There is room for another passkey", "room for 1");
    match info.remaining_discoverable_credentials {
        None => rule.pass("the key does not say how much"),
        Some(0) => rule
            .fail("none", "the key has no room for another passkey")
            .help(Remedy::DeleteCredential),
        Some(few) if few <= LITTLE_ROOM => {
            rule.warn(few.to_string(), format!("the key has room for only {few} more"))
        }
        Some(many) => rule.pass(format!("room for {many}")),
    }
}

/// The account's ID has a length that keys take (WebAuthn Level 3 section 5.4.3).
pub(super) fn user_id(length: usize) -> Finding {
    let rule = Rule::new("user_id", "The account's ID can be kept", "1 to 64 bytes");
    let seen = bytes(length);
    if (1..=64).contains(&length) {
        return rule.pass(seen);
    }
    let why = format!("the account's ID has {seen}, and keys take 1 to 64");
    rule.fail(seen, why)
        .help(Remedy::AskOtherwise { how: "Send a user.id of 1 to 64 bytes".into() })
}

/// Names are short enough to be kept whole.
pub(super) fn names(names: &[(&'static str, String)]) -> Finding {
    let rule = Rule::new("names", "Names are kept whole", "at most 64 bytes each");
    let long = names.iter().filter(|(_, name)| name.len() > NAME_LIMIT);
    let long = long.map(|(what, name)| format!("{what} has {}", bytes(name.len())));
    let long: Vec<String> = long.collect();
    if long.is_empty() {
        let longest = names.iter().map(|(_, name)| name.len()).max().unwrap_or_default();
        return rule.pass(format!("the longest has {}", bytes(longest)));
    }
    let seen = long.join(", ");
    let why = format!("{seen}, of which a key may keep only the first {NAME_LIMIT}");
    rule.warn(seen, why).help(Remedy::AskOtherwise { how: "Use shorter names".into() })
}
