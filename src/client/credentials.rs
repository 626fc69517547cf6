//! Finding one of a key's credentials by what a person types.
//!
//! A credential ID is typed in hexadecimal, in any case: that has no sign in it that a shell, an
//! option parser or a double click takes for something else. The beginning is enough, as far as
//! it is the only one; what [`CredentialIndex`] gives as the short form always is. Base64url,
//! in which WebAuthn documents have IDs, is understood too.

use crate::authenticator::StoredCredentials;
use crate::ctap::credential_management::{CredentialEntry, RelyingPartyEntry};
use crate::webauthn::base64url;
use crate::wire::text::hex;
use thiserror::Error;

/// The fewest characters that are accepted as the beginning of an ID.
const MIN_TYPED: usize = 4;

/// The fewest digits of an ID that are shown.
const MIN_SHOWN: usize = 8;

/// The most characters of an ID that are read. No key's IDs come near to it.
const MAX_TYPED: usize = 8192;

/// Text that cannot be a credential ID or the beginning of one.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum IdError {
    /// There is no text.
    #[error("a credential ID must not be empty")]
    Empty,
    /// It is too short to be meant seriously.
    #[error("at least the first {MIN_TYPED} digits of a credential ID are needed")]
    TooShort,
    /// It has other characters, or is too long.
    #[error("a credential ID has hexadecimal digits only, or base64url")]
    NotAnId,
}

/// A credential ID, or the beginning of one, as it was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypedId {
    /// In lower case, if it can be hexadecimal.
    hex: Option<String>,
    /// In the URL-safe alphabet without padding.
    base64url: String,
}

impl TypedId {
    /// Reads what a person typed.
    ///
    /// # Errors
    ///
    /// [`IdError`] when it cannot be (the beginning of) an ID.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(IdError::Empty);
        }
        let base64url = text.trim_end_matches('=').replace('+', "-").replace('/', "_");
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if !base64url.chars().all(fits) || base64url.len() > MAX_TYPED {
            return Err(IdError::NotAnId);
        }
        if base64url.len() < MIN_TYPED {
            return Err(IdError::TooShort);
        }
        let is_hex = base64url.chars().all(|c| c.is_ascii_hexdigit());
        Ok(Self { hex: is_hex.then(|| base64url.to_ascii_lowercase()), base64url })
    }

    /// Which of several byte strings are meant: all that begin so in hexadecimal, or if there are
    /// none, all that begin so in base64url. A whole one counts more than beginnings.
    fn select<'i>(&self, ids: impl Iterator<Item = &'i [u8]> + Clone) -> Vec<usize> {
        let in_hex = self.hex.as_ref().map(|typed| select(typed, ids.clone().map(hex)));
        match in_hex {
            Some(found) if !found.is_empty() => found,
            _ => select(&self.base64url, ids.map(base64url::encode)),
        }
    }
}

fn select(typed: &str, ids: impl Iterator<Item = String>) -> Vec<usize> {
    let mut whole = Vec::new();
    let mut beginnings = Vec::new();
    for (position, id) in ids.enumerate() {
        if id == typed {
            whole.push(position);
        } else if id.starts_with(typed) {
            beginnings.push(position);
        }
    }
    if whole.is_empty() { beginnings } else { whole }
}

/// A credential on a key, with what it is for.
#[derive(Clone, Debug)]
pub struct IndexedCredential<'a> {
    /// The relying party.
    pub relying_party: &'a RelyingPartyEntry,
    /// The credential.
    pub credential: &'a CredentialEntry,
    /// The beginning of its ID in hexadecimal that no other credential on the key has; at least 8
    /// digits, or the whole ID where that is shorter.
    pub short_id: String,
}

/// Why what was typed names no single credential.
#[derive(Debug)]
pub enum FindError<'a> {
    /// No credential's ID begins so.
    Unknown,
    /// Several do.
    Ambiguous(Vec<IndexedCredential<'a>>),
    /// It is not a credential's ID: it is the SHA-256 of this relying party's.
    RelyingPartyHash(&'a RelyingPartyEntry),
}

/// All credentials on a key, by their IDs.
#[derive(Debug)]
pub struct CredentialIndex<'a> {
    credentials: Vec<IndexedCredential<'a>>,
    relying_parties: Vec<&'a RelyingPartyEntry>,
}

impl<'a> CredentialIndex<'a> {
    /// Puts a listing in order.
    pub fn new(stored: &'a StoredCredentials) -> Self {
        let mut credentials = Vec::new();
        for one in &stored.relying_parties {
            for credential in &one.credentials {
                credentials.push(IndexedCredential {
                    relying_party: &one.relying_party,
                    credential,
                    short_id: String::new(),
                });
            }
        }
        let mut sorted: Vec<String> =
            credentials.iter().map(|one| hex(&one.credential.credential.id)).collect();
        sorted.sort();
        sorted.dedup();
        for one in &mut credentials {
            one.short_id = shortest(&hex(&one.credential.credential.id), &sorted);
        }
        let relying_parties = stored.relying_parties.iter().map(|one| &one.relying_party).collect();
        Self { credentials, relying_parties }
    }

    /// Every credential, in the key's order.
    pub fn credentials(&self) -> &[IndexedCredential<'a>] {
        &self.credentials
    }

    /// Finds the credential that is meant.
    ///
    /// # Errors
    ///
    /// [`FindError`] unless it is exactly one.
    pub fn find(&self, typed: &TypedId) -> Result<&IndexedCredential<'a>, FindError<'a>> {
        let ids = self.credentials.iter().map(|one| one.credential.credential.id.as_slice());
        let positions = typed.select(ids);
        let mut found: Vec<_> =
            positions.iter().filter_map(|position| self.credentials.get(*position)).collect();
        // A faulty key may list the same credential twice.
        found.dedup_by(|one, other| one.credential.credential == other.credential.credential);
        match found.as_slice() {
            [only] => Ok(only),
            [] => {
                let hashes = self.relying_parties.iter().map(|entry| entry.rp_id_hash.as_slice());
                let hash = typed.select(hashes).first().copied();
                Err(match hash.and_then(|position| self.relying_parties.get(position)) {
                    Some(relying_party) => FindError::RelyingPartyHash(relying_party),
                    None => FindError::Unknown,
                })
            }
            several => Err(FindError::Ambiguous(several.iter().copied().cloned().collect())),
        }
    }
}

/// The shortest beginning of `id` that no other of the `sorted` has.
fn shortest(id: &str, sorted: &[String]) -> String {
    let position = sorted.partition_point(|other| other.as_str() < id);
    let before = position.checked_sub(1).and_then(|before| sorted.get(before));
    let after = sorted.get(position.saturating_add(1));
    let shared = [before, after].into_iter().flatten().map(|other| shared_length(id, other)).max();
    let length = shared.map_or(0, |shared| shared.saturating_add(1)).max(MIN_SHOWN);
    id.chars().take(length).collect()
}

fn shared_length(one: &str, other: &str) -> usize {
    one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authenticator::StoredRelyingParty;
    use crate::ctap::CredentialDescriptor;

    fn stored(ids: &[&[u8]]) -> StoredCredentials {
        let relying_party = RelyingPartyEntry {
            id: Some("example.com".into()),
            name: None,
            rp_id_hash: [0xa3; 32],
            mistyped: Vec::new(),
        };
        let entry = |id: &&[u8]| CredentialEntry {
            credential: CredentialDescriptor::new(*id),
            user: None,
            public_key: None,
            cred_protect: None,
            large_blob_key: None,
            third_party_payment: None,
            mistyped: Vec::new(),
        };
        let credentials = ids.iter().map(entry).collect();
        let relying_parties = vec![StoredRelyingParty { relying_party, credentials }];
        StoredCredentials { metadata: None, relying_parties }
    }

    fn found(stored: &StoredCredentials, typed: &str) -> Result<Vec<u8>, String> {
        let index = CredentialIndex::new(stored);
        let typed = TypedId::parse(typed).map_err(|error| error.to_string())?;
        match index.find(&typed) {
            Ok(one) => Ok(one.credential.credential.id.clone()),
            Err(FindError::Unknown) => Err("unknown".into()),
            Err(FindError::Ambiguous(several)) => Err(format!("{} fit", several.len())),
            Err(FindError::RelyingPartyHash(entry)) => {
                Err(format!("hash of {}", entry.id.as_deref().unwrap_or_default()))
            }
        }
    }

    #[test]
    fn what_is_shown_is_found() {
        let ids: [&[u8]; 7] = [
            &[1, 2, 3, 4, 5, 6],
            &[1, 2, 3, 4, 5, 7],
            &[1, 2, 3, 4, 0x5f, 7],
            &[1, 2],
            &[0xff; 64],
            &[0xfb, 0xef, 0xbe, 0xff, 0xff],
            &[],
        ];
        let stored = stored(&ids);
        let index = CredentialIndex::new(&stored);
        let shown: Vec<&str> =
            index.credentials().iter().map(|one| one.short_id.as_str()).collect();
        let expected =
            ["010203040506", "010203040507", "010203045", "0102", "ffffffff", "fbefbeff", ""];
        assert_eq!(shown, expected);
        for one in &index.credentials()[..6] {
            let id = one.credential.credential.id.clone();
            assert_eq!(found(&stored, &one.short_id), Ok(id.clone()));
            assert_eq!(found(&stored, &one.short_id.to_uppercase()), Ok(id.clone()));
            assert_eq!(found(&stored, &hex(&id)), Ok(id.clone()));
            if id.len() > 2 {
                assert_eq!(found(&stored, &base64url::encode(&id)), Ok(id.clone()));
            }
        }
        // Standard base64 with padding, and a beginning in base64url.
        assert_eq!(found(&stored, "++++//8="), Ok(ids[5].to_vec()));
        assert_eq!(found(&stored, "-_-_"), Err("unknown".into()));
        assert_eq!(found(&stored, "----"), Ok(ids[5].to_vec()));
    }

    #[test]
    fn what_names_no_single_credential_is_told_apart() {
        let stored = stored(&[&[1, 2, 3, 4, 5, 6], &[1, 2, 3, 4, 5, 7], &[9, 9, 9, 9]]);
        assert_eq!(found(&stored, "01020304"), Err("2 fit".into()));
        assert_eq!(found(&stored, "0909"), Ok(vec![9; 4]));
        assert_eq!(found(&stored, "0808"), Err("unknown".into()));
        assert_eq!(found(&stored, &"a3".repeat(32)), Err("hash of example.com".into()));
        assert_eq!(found(&stored, &base64url::encode(&[0xa3; 32])), found(&stored, "a3a3a3"));
    }

    #[test]
    fn the_same_credential_twice_is_one() {
        let stored = stored(&[&[7; 16], &[7; 16]]);
        assert_eq!(found(&stored, "07070707"), Ok(vec![7; 16]));
        assert_eq!(CredentialIndex::new(&stored).credentials()[1].short_id, "07070707");
    }

    #[test]
    fn text_that_can_be_no_id_is_refused_without_looking() {
        assert_eq!(TypedId::parse(""), Err(IdError::Empty));
        assert_eq!(TypedId::parse("  "), Err(IdError::Empty));
        assert_eq!(TypedId::parse("abc"), Err(IdError::TooShort));
        for text in ["example.com", "héllo", "ab cd", "a\u{0}bcd", "=abcd"] {
            assert_eq!(TypedId::parse(text), Err(IdError::NotAnId), "{text}");
        }
        assert_eq!(TypedId::parse(&"a".repeat(MAX_TYPED + 1)), Err(IdError::NotAnId));
    }
}
