//! The checks of the backup flags (WebAuthn Level 3 sections 6.1.3, 7.1 and 7.2): whether a
//! credential may be copied to other devices (BE), and whether it was (BS).

use super::{Ceremony, Expected, SharedRule};
use crate::webauthn::check::{Check, Rule};
use crate::wire::authenticator_data::Flags;

pub(super) const CONSISTENT: SharedRule =
    SharedRule::new("backup_flags", "a credential that is backed up (BS) is one that may be (BE)");
pub(super) const POLICY: SharedRule =
    SharedRule::new("backup_policy", "the backup flags are those that the policy wants");
const UNCHANGED: Rule = Rule::new(
    "backup_eligible_unchanged",
    "whether the credential may be backed up (BE) did not change since its registration",
    "7.2",
);
const STATE: Rule = Rule::new(
    "backup_state",
    "whether the credential is backed up (BS) is as it was when last seen",
    "7.2",
);

/// What a relying party wants of the backup flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackupPolicy {
    /// The credential stays on its device: BE is not set.
    DeviceBound,
    /// The credential may be backed up: BE is set.
    Eligible,
    /// The credential is backed up: BE and BS are set.
    BackedUp,
}

/// The flags in words.
fn words(flags: Flags) -> &'static str {
    match (flags.backup_eligible(), flags.backed_up()) {
        (false, false) => "BE and BS not set",
        (true, false) => "BE set, BS not set",
        (true, true) => "BE and BS set",
        (false, true) => "BS set, BE not set",
    }
}

/// Checks the flags for themselves.
pub(super) fn check(flags: Flags, expected: &Expected, ceremony: Ceremony) -> [Check; 2] {
    let consistent = CONSISTENT.of(ceremony).judge(
        flags.backup_eligible() || !flags.backed_up(),
        || "BS only together with BE".into(),
        || words(flags).into(),
    );
    let rule = POLICY.of(ceremony);
    let policy = match expected.backup {
        None => rule.not_applicable(format!("there is no policy; {}", words(flags))),
        Some(policy) => {
            let (holds, wanted) = match policy {
                BackupPolicy::DeviceBound => (!flags.backup_eligible(), "BE not set"),
                BackupPolicy::Eligible => (flags.backup_eligible(), "BE set"),
                BackupPolicy::BackedUp => {
                    (flags.backup_eligible() && flags.backed_up(), "BE and BS set")
                }
            };
            rule.judge(holds, || wanted.into(), || words(flags).into())
        }
    };
    [consistent, policy]
}

/// Checks the flags of an assertion against those before. That BS changes is no fault in itself: it
/// is said, and the policy decides.
pub(super) fn changes(
    flags: Flags,
    eligible_then: Option<bool>,
    backed_up_then: Option<bool>,
) -> [Check; 2] {
    let now = flags.backup_eligible();
    let unchanged = match eligible_then {
        None => UNCHANGED.not_checked("the flag at registration is not known"),
        Some(then) => {
            let word = |flag: bool| if flag { "BE set" } else { "BE not set" };
            UNCHANGED.judge(now == then, || word(then).into(), || word(now).into())
        }
    };
    let state = match (backed_up_then, flags.backed_up()) {
        (None, _) => STATE.not_applicable("the flag at registration is not known"),
        (Some(true), true) => STATE.passed_with("backed up"),
        (Some(false), false) => STATE.passed_with("not backed up"),
        (Some(false), true) => STATE.not_applicable("it was backed up since; that is allowed"),
        (Some(true), false) => {
            STATE.not_applicable("it was backed up then and is not now; that is allowed")
        }
    };
    [unchanged, state]
}
