//! The checks of authenticator data that both ceremonies share (WebAuthn Level 3 sections 7.1
//! and 7.2).

use super::{Ceremony, Expected, SharedRule, quoted, shown};
use crate::webauthn::check::Check;
use crate::wire::authenticator_data::{AuthenticatorData, AuthenticatorDataError};
use crate::wire::cbor::{self, Key};
use sha2::{Digest, Sha256};

const READABLE: SharedRule =
    SharedRule::new("authenticator_data", "the authenticator data can be read, every byte of it");
const RP_ID_HASH: SharedRule =
    SharedRule::new("rp_id_hash", "the authenticator data is for this RP ID");
const USER_PRESENT: SharedRule = SharedRule::new("user_present", "somebody was there (UP)");
const USER_VERIFIED: SharedRule = SharedRule::new("user_verified", "it was the right person (UV)");
const BACKUP: SharedRule =
    SharedRule::new("backup_flags", "a credential that is backed up (BS) is one that may be (BE)");
const EXTENSIONS: SharedRule =
    SharedRule::new("extensions", "the key gave no extension outputs that were not asked for");

/// The extension that a key applies, and names, by a setting of its own (CTAP 2.3 section 12.1).
const CRED_PROTECT: &str = "credProtect";

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
pub(super) fn unseen(ceremony: Ceremony, reason: &str) -> [Check; 5] {
    [RP_ID_HASH, USER_PRESENT, USER_VERIFIED, BACKUP, EXTENSIONS]
        .map(|rule| rule.of(ceremony).not_checked(reason))
}

/// Checks RP ID hash, flags and extensions.
pub(super) fn check(
    data: &AuthenticatorData,
    expected: &Expected,
    ceremony: Ceremony,
) -> [Check; 5] {
    let hash: [u8; 32] = Sha256::digest(expected.rp_id.as_bytes()).into();
    let rp_id_hash = RP_ID_HASH.of(ceremony).judge(
        data.rp_id_hash == hash,
        || format!("{}, the SHA-256 of {}", shown(&hash), quoted(&expected.rp_id)),
        || shown(&data.rp_id_hash),
    );
    let flag = |rule: SharedRule, wanted: bool, set: bool, name: &str| match wanted {
        true => rule.of(ceremony).judge(set, || format!("{name} set"), || "not set".into()),
        false => rule.of(ceremony).not_applicable("not required"),
    };
    let flags = data.flags;
    [
        rp_id_hash,
        flag(USER_PRESENT, expected.user_presence, flags.user_present(), "UP"),
        flag(USER_VERIFIED, expected.user_verification, flags.user_verified(), "UV"),
        BACKUP.of(ceremony).judge(
            flags.backup_eligible() || !flags.backed_up(),
            || "BS only together with BE".into(),
            || "BS without BE".into(),
        ),
        extensions(data, expected, ceremony),
    ]
}

fn extensions(data: &AuthenticatorData, expected: &Expected, ceremony: Ceremony) -> Check {
    let rule = EXTENSIONS.of(ceremony);
    let Some(bytes) = &data.extensions else {
        return rule.passed();
    };
    let Some(asked) = &expected.extensions else {
        return rule.not_checked("the extensions that were asked for are not known");
    };
    let names = match cbor::parse(bytes).and_then(cbor::Item::map) {
        Ok(map) => map,
        Err(error) => return rule.failed("a map of extension outputs", error.to_string()),
    };
    let foreign = names.members().iter().find(|(key, _)| match key {
        Key::Text(name) => {
            *name != CRED_PROTECT && !asked.iter().any(|extension| extension == name)
        }
        _ => true,
    });
    match foreign {
        None => rule.passed(),
        Some((key, _)) => rule.failed(
            match asked.as_slice() {
                [] => "no extension outputs".to_owned(),
                names => format!("outputs of {} only", names.join(", ")),
            },
            match key {
                Key::Text(name) => quoted(name),
                _ => "a name that is no text".into(),
            },
        ),
    }
}
