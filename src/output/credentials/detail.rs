//! All about one credential.

use super::{CredentialView, relying_party};
use crate::client::IndexedCredential;
use crate::ctap::extensions::CredentialProtection;
use crate::output::section::rows;
use crate::output::text::escape;
use crate::output::verdict::account;
use crate::webauthn::base64url;
use crate::webauthn::public_key::PublicKey;
use crate::wire::text::hex;
use serde::Serialize;

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
        let mut line = |label, value| lines.push((label, value));
        line("Credential ID", one.id_hex.clone());
        line("  base64url", one.id.clone());
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
                line("  ID", base64url::encode(&user.id));
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
        if let (None, Some(cose)) = (&self.public_key_pem, &one.public_key_cose) {
            line("Public key", format!("COSE {cose}"));
        }
        let mut text = rows("", &lines);
        if let Some(pem) = &self.public_key_pem {
            text.push_str(&format!("\n{pem}"));
        }
        if let Some(line) = &self.openssh_public_key {
            text.push_str(&format!("\n{line}\n"));
        }
        text
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
