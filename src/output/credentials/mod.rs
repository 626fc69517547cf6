//! The credentials that a key holds.

mod changes;
mod detail;

pub use changes::{DeletedView, RenamedView};
pub use detail::CredentialDetailView;

use crate::client::IndexedCredential;
use crate::ctap::UserEntity;
use crate::ctap::credential_management::{CredentialEntry, CredsMetadata, RelyingPartyEntry};
use crate::ctap::extensions::CredentialProtection;
use crate::output::text::{Table, escape};
use crate::output::verdict::account;
use crate::webauthn::base64url;
use crate::wire::cose::Algorithm;
use crate::wire::text::hex;
use serde::Serialize;

/// The fewest bytes at which a key cuts an RP ID (CTAP 2.3 section 6.8.7 says 32, and a cut may
/// leave out the rest of a character).
const CUT_AT: usize = 29;

/// A relying party in words: its ID, and what has to be known about it.
pub fn relying_party(entry: &RelyingPartyEntry) -> String {
    let Some(id) = entry.id.as_deref().filter(|id| !id.is_empty()) else {
        let hash: String = hex(&entry.rp_id_hash).chars().take(16).collect();
        return format!("{hash}… (hash; the key does not name it)");
    };
    let mut name = escape(id);
    let mut notes = Vec::new();
    if id == "ssh:" || id.starts_with("ssh:") {
        notes.push("OpenSSH");
    }
    if !entry.id_is_whole() {
        if id.contains('…') || id.len() >= CUT_AT {
            if !id.contains('…') {
                name.push('…');
            }
            notes.push("cut by the key");
        } else {
            notes.push("not the ID it was made for");
        }
    }
    if notes.is_empty() { name } else { format!("{name} ({})", notes.join("; ")) }
}

/// A credential in words: whose it is, and where.
pub fn whose(one: &IndexedCredential<'_>) -> String {
    let account = account(one.credential.user.as_ref());
    format!("{account} at {}", relying_party(one.relying_party))
}

/// A credential's ID as it is shown, and whose it is.
pub fn line(one: &IndexedCredential<'_>) -> String {
    format!("{}  {}", one.short_id, whose(one))
}

/// A list of credentials.
#[derive(Debug, Serialize)]
pub struct CredentialListView<'a> {
    /// How many credentials the key holds, as it says itself.
    existing: Option<u64>,
    /// How many more fit, as the key estimates.
    remaining: Option<u64>,
    /// How many the key listed, whatever a filter has left of them.
    listed: usize,
    credentials: Vec<CredentialView<'a>>,
}

impl<'a> CredentialListView<'a> {
    /// Takes what was learned.
    pub fn of(
        metadata: Option<CredsMetadata>,
        listed: usize,
        credentials: impl IntoIterator<Item = &'a IndexedCredential<'a>>,
    ) -> Self {
        Self {
            existing: metadata.map(|metadata| metadata.existing),
            remaining: metadata.map(|metadata| metadata.max_remaining),
            listed,
            credentials: credentials.into_iter().map(CredentialView::of).collect(),
        }
    }

    /// One table; nothing at all for an empty list.
    pub fn text(&self) -> String {
        if self.credentials.is_empty() {
            return String::new();
        }
        // What is the same and usual everywhere would only take up room.
        let protection = self.credentials.iter().any(|one| one.protection() > 1);
        let usual = Some(Algorithm::ES256);
        let algorithm = self.credentials.iter().any(|one| one.entry_algorithm() != usual);
        let mut header = vec!["ID", "RELYING PARTY", "ACCOUNT", "NAME"];
        if protection {
            header.push("PROTECTION");
        }
        if algorithm {
            header.push("ALGORITHM");
        }
        let mut table = Table::new(&header);
        for one in &self.credentials {
            let user = one.entry.user.as_ref();
            let name = user.and_then(|user| user.name.as_deref());
            let display_name = user.and_then(|user| user.display_name.as_deref());
            let account = match (name, user) {
                (Some(name), _) if !name.is_empty() => escape(name),
                (_, Some(user)) => format!("(ID {})", base64url::encode(&user.id)),
                (_, None) => "(not named)".to_owned(),
            };
            let mut row = vec![
                one.short_id.to_owned(),
                relying_party(one.relying_party),
                account,
                escape(display_name.filter(|other| Some(*other) != name).unwrap_or_default()),
            ];
            if protection {
                row.push(protection_word(one.entry.cred_protect).to_owned());
            }
            if algorithm {
                row.push(one.entry_algorithm().map_or("?".to_owned(), |known| known.to_string()));
            }
            table.row(row);
        }
        table.render()
    }
}

/// The level in a word or two, as a column has room for them.
fn protection_word(level: Option<CredentialProtection>) -> &'static str {
    match level {
        None => "?",
        Some(CredentialProtection::OPTIONAL) => "none",
        Some(CredentialProtection::OPTIONAL_WITH_CREDENTIAL_ID_LIST) => "hidden",
        Some(CredentialProtection::REQUIRED) => "PIN",
        Some(_) => "other",
    }
}

/// A credential.
#[derive(Debug, Serialize)]
pub struct CredentialView<'a> {
    id: String,
    id_hex: String,
    short_id: &'a str,
    rp_id: Option<&'a str>,
    rp_id_complete: bool,
    rp_id_hash: String,
    rp_name: Option<&'a str>,
    user: Option<UserView<'a>>,
    algorithm: Option<i64>,
    algorithm_name: Option<&'static str>,
    public_key_cose: Option<String>,
    cred_protect: Option<u64>,
    third_party_payment: Option<bool>,
    has_large_blob_key: bool,
    /// Members of the key's answer that had another type and count as absent.
    mistyped: Vec<&'static str>,
    #[serde(skip)]
    relying_party: &'a RelyingPartyEntry,
    #[serde(skip)]
    entry: &'a CredentialEntry,
}

/// An account.
#[derive(Debug, Serialize)]
pub struct UserView<'a> {
    id: String,
    name: Option<&'a str>,
    display_name: Option<&'a str>,
}

impl<'a> UserView<'a> {
    /// Takes an account as a key has it.
    pub fn of(user: &'a UserEntity) -> Self {
        Self {
            id: base64url::encode(&user.id),
            name: user.name.as_deref(),
            display_name: user.display_name.as_deref(),
        }
    }
}

impl<'a> CredentialView<'a> {
    /// Takes what was learned.
    pub fn of(one: &'a IndexedCredential<'a>) -> Self {
        let (relying_party, entry) = (one.relying_party, one.credential);
        let algorithm = entry.public_key.as_ref().map(|key| key.algorithm);
        let mistyped = relying_party.mistyped.iter().chain(&entry.mistyped);
        Self {
            id: base64url::encode(&entry.credential.id),
            id_hex: hex(&entry.credential.id),
            short_id: &one.short_id,
            rp_id: relying_party.id.as_deref(),
            rp_id_complete: relying_party.id_is_whole(),
            rp_id_hash: base64url::encode(&relying_party.rp_id_hash),
            rp_name: relying_party.name.as_deref(),
            user: entry.user.as_ref().map(UserView::of),
            algorithm: algorithm.map(|algorithm| algorithm.0),
            algorithm_name: algorithm.and_then(Algorithm::name),
            public_key_cose: entry.public_key.as_ref().map(|key| base64url::encode(&key.raw)),
            cred_protect: entry.cred_protect.map(|level| level.0),
            third_party_payment: entry.third_party_payment,
            has_large_blob_key: entry.large_blob_key.is_some(),
            mistyped: mistyped.map(|member| member.name).collect(),
            relying_party,
            entry,
        }
    }

    fn entry_algorithm(&self) -> Option<Algorithm> {
        self.entry.public_key.as_ref().map(|key| key.algorithm)
    }

    fn protection(&self) -> u64 {
        self.cred_protect.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha256};

    fn entry(id: Option<&str>, hashed: &str) -> RelyingPartyEntry {
        RelyingPartyEntry {
            id: id.map(str::to_owned),
            name: None,
            rp_id_hash: Sha256::digest(hashed).into(),
            mistyped: Vec::new(),
        }
    }

    #[test]
    fn relying_parties_are_named_with_what_has_to_be_known() {
        let long = "login.department.ministry.example.org";
        let cases = [
            (Some("example.com"), "example.com", "example.com"),
            (Some("ssh:"), "ssh:", "ssh: (OpenSSH)"),
            (Some("ssh:work"), "ssh:work", "ssh:work (OpenSSH)"),
            // CanoKey puts an ellipsis in front of the tail; others just stop.
            (
                Some("…partment.ministry.example.org"),
                long,
                "…partment.ministry.example.org (cut by the key)",
            ),
            (
                Some("login.department.ministry.exampl"),
                long,
                "login.department.ministry.exampl… (cut by the key)",
            ),
            (
                Some("ssh:a-very-long-application-name"),
                "ssh:a-very-long-application-name-indeed",
                "ssh:a-very-long-application-name… (OpenSSH; cut by the key)",
            ),
            (Some("example.org"), "example.com", "example.org (not the ID it was made for)"),
            (Some("a\u{1b}[2Jb"), "a\u{1b}[2Jb", "a\\u{1b}[2Jb"),
            (None, "example.com", "a379a6f6eeafb9a5… (hash; the key does not name it)"),
            (Some(""), "example.com", "a379a6f6eeafb9a5… (hash; the key does not name it)"),
        ];
        for (id, hashed, expected) in cases {
            assert_eq!(relying_party(&entry(id, hashed)), expected);
        }
    }
}
