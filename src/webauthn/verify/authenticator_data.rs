//! The checks of authenticator data that both ceremonies share (WebAuthn Level 3 sections 7.1
//! and 7.2).

use super::{Ceremony, Expected, SharedRule, backup, extensions, quoted, shown};
use crate::webauthn::check::Check;
use crate::webauthn::origin::Origin;
use crate::wire::authenticator_data::{AuthenticatorData, AuthenticatorDataError};
use sha2::{Digest, Sha256};

const READABLE: SharedRule =
    SharedRule::new("authenticator_data", "the authenticator data can be read, every byte of it");
const RP_ID_HASH: SharedRule =
    SharedRule::new("rp_id_hash", "the authenticator data is for this RP ID");
const USER_PRESENT: SharedRule = SharedRule::new("user_present", "somebody was there (UP)");
const USER_VERIFIED: SharedRule = SharedRule::new("user_verified", "it was the right person (UV)");
/// Reads authenticator data and adds the check that says so.
pub(super) fn read(
    bytes: &[u8],
    ceremony: Ceremony,
    checks: &mut Vec<Check>,
) -> Option<AuthenticatorData> {
    match AuthenticatorData::parse(bytes) {
        Ok(data) => {
            checks.push(READABLE.of(ceremony).passed());
            Some(data)
        }
        Err(error) => {
            checks.extend(unreadable(&error, ceremony));
            None
        }
    }
}

fn unreadable(error: &AuthenticatorDataError, ceremony: Ceremony) -> Vec<Check> {
    let mut checks = vec![READABLE.of(ceremony).failed("authenticator data", error.to_string())];
    checks.extend(unseen(ceremony, "the authenticator data cannot be read"));
    checks
}

/// The checks of authenticator data when there is none to look at.
pub(super) fn unseen(ceremony: Ceremony, reason: &str) -> [Check; 6] {
    let [consistent, policy] = [backup::CONSISTENT, backup::POLICY];
    [RP_ID_HASH, USER_PRESENT, USER_VERIFIED, consistent, policy, extensions::AUTHENTICATOR]
        .map(|rule| rule.of(ceremony).not_checked(reason))
}

/// Checks RP ID hash, flags and extensions. `app_id_used` is what the client says of the extension
/// `appid`: then it is the AppID whose hash must be there (section 10.1.1).
pub(super) fn check(
    data: &AuthenticatorData,
    expected: &Expected,
    ceremony: Ceremony,
    app_id_used: bool,
) -> [Check; 6] {
    let flag = |rule: SharedRule, wanted: bool, set: bool, name: &str| {
        let word = |set: bool| format!("{name} {}", if set { "set" } else { "not set" });
        let rule = rule.of(ceremony);
        match wanted {
            true => rule.judge(set, || word(true), || word(set)),
            false => rule.not_applicable(format!("not required; {}", word(set))),
        }
    };
    let flags = data.flags;
    let [consistent, policy] = backup::check(flags, expected, ceremony);
    [
        rp_id_hash(data, expected, ceremony, app_id_used),
        flag(USER_PRESENT, expected.user_presence, flags.user_present(), "UP"),
        flag(USER_VERIFIED, expected.user_verification, flags.user_verified(), "UV"),
        consistent,
        policy,
        extensions::authenticator(data, expected, ceremony),
    ]
}

fn rp_id_hash(
    data: &AuthenticatorData,
    expected: &Expected,
    ceremony: Ceremony,
    app_id_used: bool,
) -> Check {
    let name = match &expected.app_id {
        Some(app_id) if app_id_used => app_id,
        _ => &expected.rp_id,
    };
    let hash = |name: &str| -> [u8; 32] { Sha256::digest(name.as_bytes()).into() };
    let wanted = hash(name);
    RP_ID_HASH.of(ceremony).judge(
        data.rp_id_hash == wanted,
        || format!("{}, the SHA-256 of {}", shown(&wanted), quoted(name)),
        || {
            let seen = shown(&data.rp_id_hash);
            let names = [name.clone(), expected.rp_id.clone()];
            let mut names = names.into_iter().chain(names_above(expected));
            match names.find(|name| hash(name) == data.rp_id_hash) {
                Some(other) => format!("{seen}, the SHA-256 of {}", quoted(&other)),
                None => seen,
            }
        },
    )
}

/// What an RP ID could be: the hosts of the expected origins, and the domains above them.
fn names_above(expected: &Expected) -> impl Iterator<Item = String> {
    let hosts = expected.origins.iter().filter_map(|origin| Origin::parse(origin).ok());
    hosts.flat_map(|origin| {
        let host = origin.host().to_owned();
        let dots: Vec<usize> = host.match_indices('.').map(|(at, _)| at).collect();
        let above: Vec<String> = dots
            .into_iter()
            .filter_map(|at| host.get(at..)?.strip_prefix('.').map(str::to_owned))
            .collect();
        [host].into_iter().chain(above)
    })
}
