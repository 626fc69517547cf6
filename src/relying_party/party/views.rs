//! What the page is told.

use super::sessions::Level;
use super::{Refusal, RelyingParty, SessionKey};
use crate::relying_party::accounts::{Account, Credential, Purpose};
use crate::relying_party::identity::Profile;
use crate::relying_party::record::{Record, RecordLine};
use crate::webauthn::base64url::Base64Url;
use serde::Serialize;

/// Who is at the page, and where.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SessionView {
    /// The RP ID.
    pub rp_id: String,
    /// The one origin at which the page works.
    pub origin: String,
    /// Whose options are sent, where they are not this service's own.
    pub profile: Option<&'static str>,
    /// The name for which the key is still asked.
    pub key_awaited: Option<String>,
    /// The account that is signed in.
    pub account: Option<AccountView>,
}

/// An account that is signed in.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AccountView {
    /// Its name.
    pub name: String,
    /// Whether it has a password.
    pub password: bool,
    /// Whether a key is asked for after the password.
    pub second_factor: bool,
    /// How many computers are not asked.
    pub remembered: usize,
    /// Its keys.
    pub tokens: Vec<TokenView>,
}

/// A key of an account.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TokenView {
    /// The credential ID.
    pub id: Base64Url,
    /// What the person calls it.
    pub nickname: String,
    /// What it is for.
    pub purpose: Purpose,
    /// Its model's AAGUID.
    pub aaguid: String,
    /// Its model's name, where one is known.
    pub model: Option<String>,
    /// When it was registered, in seconds since 1970.
    pub registered: u64,
    /// When it was last used, in seconds since 1970.
    pub used: Option<u64>,
}

impl RelyingParty<'_> {
    /// Tells who is at the page.
    pub fn session_view(&self, session: Option<SessionKey>) -> SessionView {
        let level = session.and_then(|key| self.sessions.get(key).ok()).map(|it| &it.level);
        let (key_awaited, account) = match level {
            Some(Level::KeyAwaited(name)) => (Some(name.to_string()), None),
            Some(Level::SignedIn(name)) => (None, self.account(name).ok()),
            Some(Level::Nobody) | None => (None, None),
        };
        SessionView {
            rp_id: self.identity.rp_id.to_string(),
            origin: self.identity.origin.to_string(),
            profile: match self.identity.profile {
                Profile::Plain => None,
                Profile::Entra => Some("entra"),
            },
            key_awaited,
            account: account.map(|account| self.account_view(account)),
        }
    }

    fn account_view(&self, account: &Account) -> AccountView {
        let now = self.surroundings.unix_time();
        AccountView {
            name: account.name.to_string(),
            password: account.password.is_some(),
            second_factor: account.second_factor,
            remembered: account.remembered.iter().filter(|(_, ends)| *ends > now).count(),
            tokens: account.credentials.iter().map(|token| self.token_view(token)).collect(),
        }
    }

    fn token_view(&self, credential: &Credential) -> TokenView {
        let aaguid = credential.aaguid.parse().ok();
        TokenView {
            id: credential.id.clone(),
            nickname: credential.nickname.clone(),
            purpose: credential.purpose,
            aaguid: credential.aaguid.clone(),
            model: aaguid.and_then(|it| self.trust.names.name(it)).map(str::to_owned),
            registered: credential.registered,
            used: credential.used,
        }
    }

    /// The records that a session may look at, the newest first.
    pub fn records(&self, session: Option<SessionKey>) -> Vec<RecordLine> {
        self.seen_by(session).map(|record| record.line.clone()).collect()
    }

    /// A record.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoRecord`] when there is none of this number, or it is somebody else's.
    pub fn record(&self, session: Option<SessionKey>, number: u64) -> Result<Record, Refusal> {
        let found = self.seen_by(session).find(|record| record.line.number == number);
        found.cloned().ok_or(Refusal::NoRecord)
    }

    fn seen_by(&self, session: Option<SessionKey>) -> impl Iterator<Item = &Record> {
        let session = session.and_then(|key| self.sessions.get(key).ok());
        let visitor = session.map(|session| session.visitor);
        let account = session.and_then(|session| match &session.level {
            Level::SignedIn(name) => Some(name),
            Level::KeyAwaited(_) | Level::Nobody => None,
        });
        self.records.iter().filter(move |record| record.owner.includes(visitor, account))
    }
}
