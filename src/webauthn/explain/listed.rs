//! Credentials that are listed: those that the key must not hold, and those that will do (WebAuthn
//! Level 3 sections 5.1.3 and 5.1.4; CTAP 2.3 sections 6.1.2 and 6.2.2).

use super::facts::{Held, Verification};
use super::finding::{Finding, Remedy, Rule};
use super::wishes::Wishes;
use crate::ctap::get_info::Info;

/// Bytes of a descriptor besides the credential ID: its map, the names and the lengths.
const DESCRIPTOR: usize = 27;

/// The transport of every key here.
const USB: &str = "usb";

/// What is said of the credentials that are listed.
pub(super) fn rules(wishes: &Wishes, info: &Info, held: &Held) -> Vec<Finding> {
    match (wishes.registration.is_some(), wishes.listed.is_empty()) {
        (true, true) => Vec::new(),
        (true, false) => vec![excluded(wishes, info, held), list_length(wishes, info)],
        (false, true) => vec![any_passkey(info)],
        (false, false) => {
            let mut findings = vec![allowed(wishes, info, held), list_length(wishes, info)];
            findings.extend(transports(wishes));
            findings
        }
    }
}

/// The key holds none of the credentials that are excluded.
fn excluded(wishes: &Wishes, info: &Info, held: &Held) -> Finding {
    let rule = Rule::new(
        "exclude_list",
        "The account has no credential on this key yet",
        format!("none of {}", count(wishes.listed.len())),
    );
    match held {
        Held::Yes => rule
            .fail("the key holds one of them", "this key is registered for the account already")
            .help(Remedy::OtherKey { that: "that is not registered there yet".into() }),
        Held::No if may_hide(info) => rule.not_checked(
            "the key shows none of them without its PIN",
            "only one that hides until the PIN is given would not show, and would exclude the key",
        ),
        Held::No => rule.pass("the key shows none of them"),
        Held::Unknown { why } => rule.not_checked("", why.clone()),
        Held::NotAsked => rule.not_checked("", "the key was not asked"),
    }
}

/// The key holds one of the credentials that will do.
fn allowed(wishes: &Wishes, info: &Info, held: &Held) -> Finding {
    let rule = Rule::new(
        "allow_list",
        "The key holds one of the allowed credentials",
        format!("one of {}", count(wishes.listed.len())),
    );
    let fits = |id: &[u8]| {
        let longest = info.max_credential_id_length.and_then(|most| usize::try_from(most).ok());
        longest.is_none_or(|longest| id.len() <= longest)
    };
    if !wishes.listed.iter().any(|one| fits(&one.id)) {
        return rule
            .fail("their IDs are longer than any on this key", "they are on another key")
            .help(Remedy::KeyThatHoldsIt);
    }
    match held {
        Held::Yes => rule.pass("the key holds one of them"),
        Held::No if may_hide(info) => rule
            .warn(
                "the key shows none of them without its PIN",
                "most likely this is not the key that was registered: it shows none of them, and \
                 only one that hides until the PIN is given would not show",
            )
            .help(Remedy::KeyThatHoldsIt),
        Held::No => rule
            .fail("the key holds none of them", "this is not the key that was registered")
            .help(Remedy::KeyThatHoldsIt),
        Held::Unknown { why } => rule.not_checked("", why.clone()),
        Held::NotAsked => rule.not_checked("", "the key was not asked"),
    }
}

/// Whether the key may hold a credential that does not show: one of level 3 does not exist for somebody
/// who was not verified (CTAP 2.3 section 12.1).
fn may_hide(info: &Info) -> bool {
    info.supports_extension("credProtect")
        && matches!(Verification::of(info), Verification::Own | Verification::Pin)
}

/// Nothing is listed, so that the key must have kept a credential.
fn any_passkey(info: &Info) -> Finding {
    let rule = Rule::new(
        "passkey",
        "The key holds a passkey for this service",
        "any passkey, since no credential is listed",
    );
    if info.options().rk() != Some(true) {
        return rule
            .fail(
                "the key cannot keep passkeys",
                "no credential is listed, and the key cannot keep passkeys",
            )
            .help(Remedy::AskOtherwise { how: "List the credential's ID".into() })
            .help(Remedy::OtherKey { that: "that can keep passkeys".into() });
    }
    rule.not_checked("", "that shows only after the touch, or in the key's list of passkeys")
        .help(Remedy::ListCredentials)
}

/// The list is no longer than the key takes.
fn list_length(wishes: &Wishes, info: &Info) -> Finding {
    let listed = wishes.listed.len();
    let stated = info.max_credential_count_in_list.filter(|most| *most > 0);
    let most = stated.and_then(|most| usize::try_from(most).ok());
    let message = info.max_msg_size.filter(|most| *most > 0);
    let expected = match (most, message) {
        (Some(most), _) => format!("at most {most} at once"),
        (None, Some(message)) => format!("as many as {message} bytes have room for"),
        (None, None) => "as many as the key takes".to_owned(),
    };
    let rule = Rule::new("list_length", "The list is short enough for the key", expected);
    let seen = count(listed);
    let lengths = wishes.listed.iter().map(|one| one.id.len().saturating_add(DESCRIPTOR));
    let length = lengths.fold(0, usize::saturating_add);
    let length = u64::try_from(length).unwrap_or(u64::MAX);
    if most.is_some_and(|most| listed > most) {
        return rule.pass(format!("{seen}, which are looked for in several parts"));
    }
    match message {
        Some(message) if length > message => rule.pass(format!(
            "{seen}, of {length} bytes, which are looked for in several parts: the key takes \
             {message} at a time"
        )),
        _ => rule.pass(seen),
    }
}

/// A credential can be reached over USB, as far as the service knows.
fn transports(wishes: &Wishes) -> Option<Finding> {
    let stated = wishes.listed.iter().filter(|one| !one.transports.is_empty());
    let stated: Vec<_> = stated.collect();
    if stated.is_empty() {
        return None;
    }
    let rule = Rule::new("transports", "The credentials can be reached over USB", USB);
    let mut named: Vec<&str> = Vec::new();
    for transport in stated.iter().flat_map(|one| &one.transports) {
        if !named.contains(&transport.as_str()) {
            named.push(transport);
        }
    }
    let seen = named.join(", ");
    if stated.len() < wishes.listed.len() || named.contains(&USB) {
        return Some(rule.pass(seen));
    }
    let why = "the service knows its credentials only by other ways than USB, so that a browser may \
               not ask a key that is plugged in";
    Some(rule.warn(seen, why).help(Remedy::AskOtherwise {
        how: "Keep the transports that the registration gave, or leave them out".into(),
    }))
}

/// `1 credential`, `2 credentials`.
fn count(number: usize) -> String {
    format!("{number} {}", if number == 1 { "credential" } else { "credentials" })
}
