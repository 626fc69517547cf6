//! The credentials that a key holds.

use super::json::base64url;
use super::text::{Table, escape, hex};
use super::verdict::account;
use crate::client::IndexedCredential;
use crate::ctap::UserEntity;
use crate::ctap::credential_management::{CredentialEntry, CredsMetadata, RelyingPartyEntry};
use crate::ctap::extensions::CredentialProtection;
use crate::webauthn::public_key::PublicKey;
use crate::wire::cose::Algorithm;
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
                (_, Some(user)) => format!("(ID {})", base64url(&user.id)),
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

/// The level in a sentence.
fn protection_sentence(level: CredentialProtection) -> String {
    match level {
        CredentialProtection::OPTIONAL => {
            "level 1: usable and visible without PIN or fingerprint".to_owned()
        }
        CredentialProtection::OPTIONAL_WITH_CREDENTIAL_ID_LIST => {
            "level 2: without PIN or fingerprint only for who knows the credential ID".to_owned()
        }
        CredentialProtection::REQUIRED => "level 3: only with PIN or fingerprint".to_owned(),
        CredentialProtection(other) => format!("level {other}"),
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
            id: base64url(&user.id),
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
            id: base64url(&entry.credential.id),
            id_hex: hex(&entry.credential.id),
            short_id: &one.short_id,
            rp_id: relying_party.id.as_deref(),
            rp_id_complete: relying_party.id_is_whole(),
            rp_id_hash: base64url(&relying_party.rp_id_hash),
            rp_name: relying_party.name.as_deref(),
            user: entry.user.as_ref().map(UserView::of),
            algorithm: algorithm.map(|algorithm| algorithm.0),
            algorithm_name: algorithm.and_then(Algorithm::name),
            public_key_cose: entry.public_key.as_ref().map(|key| base64url(&key.raw)),
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

/// All about one credential.
#[derive(Debug, Serialize)]
pub struct CredentialDetailView<'a> {
    credential: CredentialView<'a>,
    /// SubjectPublicKeyInfo; `None` for a key of a type that this program does not know.
    public_key_pem: Option<String>,
    /// A line for `authorized_keys`, for OpenSSH's relying parties.
    openssh_public_key: Option<String>,
}

impl<'a> CredentialDetailView<'a> {
    /// Takes what was learned.
    pub fn of(one: &'a IndexedCredential<'a>) -> Self {
        let cose = one.credential.public_key.as_ref();
        let public_key = cose.and_then(|cose| PublicKey::from_cose(cose).ok());
        let application = one.relying_party.id.as_deref().filter(|id| id.starts_with("ssh:"));
        let application = application.filter(|_| one.relying_party.id_is_whole());
        Self {
            credential: CredentialView::of(one),
            public_key_pem: public_key.as_ref().and_then(PublicKey::to_pem),
            openssh_public_key: application
                .and_then(|application| public_key.as_ref()?.to_openssh(application)),
        }
    }

    /// The whole, as text.
    pub fn text(&self) -> String {
        let one = &self.credential;
        let mut lines = Vec::new();
        let mut line = |name: &str, value: String| lines.push(format!("{name:<15}{value}"));
        line("Credential ID", one.id_hex.clone());
        line("  in base64url", one.id.clone());
        line("Relying party", relying_party(one.relying_party));
        if let Some(name) = one.rp_name {
            line("  name", escape(name));
        }
        line("  hash of ID", hex(&one.relying_party.rp_id_hash));
        match &one.entry.user {
            None => line("Account", account(None)),
            Some(user) => {
                line("Account", user.name.as_deref().map(escape).unwrap_or_default());
                line("  name", user.display_name.as_deref().map(escape).unwrap_or_default());
                line("  ID", base64url(&user.id));
            }
        }
        if let Some(level) = one.entry.cred_protect {
            line("Protection", protection_sentence(level));
        }
        if one.has_large_blob_key {
            line("Large blob", "has a key for one".to_owned());
        }
        if let Some(allowed) = one.third_party_payment {
            let word = if allowed { "others may ask for payments" } else { "not for others" };
            line("Payments", word.to_owned());
        }
        if !one.mistyped.is_empty() {
            line("Unreadable", one.mistyped.join(", "));
        }
        match one.entry_algorithm() {
            Some(algorithm) => line("Algorithm", algorithm.to_string()),
            None => line("Public key", "the key does not give it".to_owned()),
        }
        let mut text: String = lines.iter().map(|line| format!("{}\n", line.trim_end())).collect();
        match (&self.public_key_pem, &one.public_key_cose) {
            (Some(pem), _) => text.push_str(&format!("\n{pem}")),
            (None, Some(cose)) => text.push_str(&format!("Public key     COSE {cose}\n")),
            (None, None) => {}
        }
        if let Some(line) = &self.openssh_public_key {
            text.push_str(&format!("\n{line}\n"));
        }
        text
    }
}

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
            id: base64url(&one.credential.credential.id),
            id_hex: hex(&one.credential.credential.id),
            rp_id: one.relying_party.id.as_deref(),
            rp_id_hash: base64url(&one.relying_party.rp_id_hash),
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
            id: base64url(&one.credential.credential.id),
            id_hex: hex(&one.credential.credential.id),
            rp_id: one.relying_party.id.as_deref(),
            rp_id_hash: base64url(&one.relying_party.rp_id_hash),
            user: UserView::of(user),
            previous_user: UserView::of(previous),
            may_be_cut,
            line: format!(
                "Renamed {}  {} is now {} at {}",
                one.short_id,
                account(Some(previous)),
                account(Some(user)),
                relying_party(one.relying_party)
            ),
        }
    }

    /// One line.
    pub fn text(&self) -> String {
        format!("{}\n", self.line)
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
