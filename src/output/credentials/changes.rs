//! What was done to credentials.

use super::{UserView, line, relying_party};
use crate::client::IndexedCredential;
use crate::ctap::UserEntity;
use crate::output::verdict::account;
use crate::webauthn::base64url;
use crate::wire::text::hex;
use serde::Serialize;

/// Credentials that were deleted.
#[derive(Debug, Serialize)]
pub struct DeletedView<'a> {
    deleted: Vec<DeletedCredential<'a>>,
    #[serde(skip)]
    lines: Vec<String>,
}

#[derive(Debug, Serialize)]
struct DeletedCredential<'a> {
    id: String,
    id_hex: String,
    rp_id: Option<&'a str>,
    rp_id_hash: String,
    user: Option<UserView<'a>>,
}

impl<'a> DeletedView<'a> {
    /// Takes what was done.
    pub fn of(deleted: &[&'a IndexedCredential<'a>]) -> Self {
        let deleted_credential = |one: &&'a IndexedCredential<'a>| DeletedCredential {
            id: base64url::encode(&one.credential.credential.id),
            id_hex: hex(&one.credential.credential.id),
            rp_id: one.relying_party.id.as_deref(),
            rp_id_hash: base64url::encode(&one.relying_party.rp_id_hash),
            user: one.credential.user.as_ref().map(UserView::of),
        };
        Self {
            deleted: deleted.iter().map(deleted_credential).collect(),
            lines: deleted.iter().map(|one| line(one)).collect(),
        }
    }

    /// A line for each.
    pub fn text(&self) -> String {
        self.lines.iter().map(|line| format!("Deleted {line}\n")).collect()
    }
}

/// A credential whose account got other names.
#[derive(Debug, Serialize)]
pub struct RenamedView<'a> {
    id: String,
    id_hex: String,
    rp_id: Option<&'a str>,
    rp_id_hash: String,
    user: UserView<'a>,
    previous_user: UserView<'a>,
    /// Whether a new name is so long that a key may keep only its beginning.
    may_be_cut: bool,
    #[serde(skip)]
    line: String,
}

impl<'a> RenamedView<'a> {
    /// Takes what was done.
    pub fn of(
        one: &'a IndexedCredential<'a>,
        previous: &'a UserEntity,
        user: &'a UserEntity,
        may_be_cut: bool,
    ) -> Self {
        Self {
            id: base64url::encode(&one.credential.credential.id),
            id_hex: hex(&one.credential.credential.id),
            rp_id: one.relying_party.id.as_deref(),
            rp_id_hash: base64url::encode(&one.relying_party.rp_id_hash),
            user: UserView::of(user),
            previous_user: UserView::of(previous),
            may_be_cut,
            line: renamed(one, previous, user),
        }
    }

    /// One line.
    pub fn text(&self) -> String {
        format!("{}\n", self.line)
    }
}

/// What became of the names. What both accounts are called by may be the same: then it is said which
/// name was taken away or changed.
fn renamed(one: &IndexedCredential<'_>, previous: &UserEntity, user: &UserEntity) -> String {
    let (before, now) = (account(Some(previous)), account(Some(user)));
    let place = relying_party(one.relying_party);
    if before != now {
        return format!("Renamed {}  {before} is now {now} at {place}", one.short_id);
    }
    let what = match (previous.name == user.name, previous.display_name == user.display_name) {
        (true, true) => "has the names that it had",
        (false, _) if user.name.is_none() => "has no account name of its own any more",
        (_, false) if user.display_name.is_none() => "has no name of the person any more",
        _ => "has another name of the person",
    };
    format!("Renamed {}  {now} at {place} {what}", one.short_id)
}
