//! Sessions: which browser, or which program, is which.
//!
//! A session is known by a random token in a cookie. Of the token only the hash is kept, so that
//! finding a session takes the same time for every guess.

use super::Refusal;
use crate::ctap::{Random, RandomError};
use crate::relying_party::ceremony::{AssertionOffer, RegistrationOffer};
use crate::webauthn::base64url;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::time::Duration;

/// How many sessions there can be; the one that was unused the longest goes first.
pub const MAX_SESSIONS: usize = 1000;

/// After how long without use a session ends.
pub const SESSION_IDLE: Duration = Duration::from_secs(60 * 60);

/// How long options wait for their response: what WebAuthn Level 3 section 15.1 recommends as the
/// default timeout.
pub const WAIT: Duration = Duration::from_secs(300);

/// How many random bytes a token has.
const TOKEN: usize = 32;

/// What a session is found by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SessionKey([u8; 32]);

impl SessionKey {
    fn of(token: &[u8]) -> Self {
        Self(Sha256::digest(token).into())
    }
}

/// A session that was taken up or begun.
#[derive(Debug)]
pub struct Entry {
    /// What it is found by.
    pub key: SessionKey,
    /// The token for the cookie of a new one.
    pub cookie: Option<String>,
}

/// Options that wait for their response, and for what they were made.
#[derive(Clone, Debug)]
pub struct Waiting<T> {
    pub(super) offer: T,
    since: Duration,
}

/// What is known of a session.
#[derive(Debug, Default)]
pub struct Session {
    used: Duration,
    registration: Option<Waiting<RegistrationOffer>>,
    assertion: Option<Waiting<AssertionOffer>>,
}

/// All sessions.
#[derive(Debug, Default)]
pub struct Sessions(HashMap<SessionKey, Session>);

impl Sessions {
    /// The session of a cookie, if it has not ended; it counts as used now.
    pub fn find(&mut self, cookie: Option<&str>, now: Duration) -> Option<SessionKey> {
        // Looked at first, so that a long cookie costs nothing.
        let cookie = cookie.filter(|cookie| cookie.len() <= 2 * TOKEN)?;
        let key = SessionKey::of(&base64url::decode_strict(cookie).ok()?);
        let session = self.0.get_mut(&key)?;
        if now.saturating_sub(session.used) > SESSION_IDLE {
            self.0.remove(&key);
            return None;
        }
        session.used = now;
        Some(key)
    }

    /// Begins a session.
    ///
    /// # Errors
    ///
    /// [`RandomError`] when there is no randomness.
    pub fn begin(&mut self, random: &mut dyn Random, now: Duration) -> Result<Entry, RandomError> {
        let mut token = [0; TOKEN];
        random.fill(&mut token)?;
        if self.0.len() >= MAX_SESSIONS
            && let Some(oldest) = self.0.iter().min_by_key(|(_, session)| session.used)
        {
            let oldest = *oldest.0;
            self.0.remove(&oldest);
        }
        let key = SessionKey::of(&token);
        self.0.insert(key, Session { used: now, ..Session::default() });
        Ok(Entry { key, cookie: Some(base64url::encode(&token)) })
    }

    /// A session that was found or begun.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSession`] when it has ended since.
    pub fn get_mut(&mut self, key: SessionKey) -> Result<&mut Session, Refusal> {
        self.0.get_mut(&key).ok_or(Refusal::NoSession)
    }
}

impl Session {
    /// Keeps a registration's offer until its response comes, in place of the one before.
    pub fn wait_for_registration(&mut self, offer: RegistrationOffer, now: Duration) {
        self.registration = Some(Waiting { offer, since: now });
    }

    /// Keeps an assertion's offer until its response comes, in place of the one before.
    pub fn wait_for_assertion(&mut self, offer: AssertionOffer, now: Duration) {
        self.assertion = Some(Waiting { offer, since: now });
    }

    /// Takes the registration's offer out, whatever becomes of the response.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when none waits, or it has waited too long.
    pub fn take_registration(&mut self, now: Duration) -> Result<RegistrationOffer, Refusal> {
        take(&mut self.registration, now)
    }

    /// Takes the assertion's offer out, whatever becomes of the response.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when none waits, or it has waited too long.
    pub fn take_assertion(&mut self, now: Duration) -> Result<AssertionOffer, Refusal> {
        take(&mut self.assertion, now)
    }
}

fn take<T>(waiting: &mut Option<Waiting<T>>, now: Duration) -> Result<T, Refusal> {
    let waiting = waiting.take().ok_or(Refusal::NoOffer)?;
    if now.saturating_sub(waiting.since) > WAIT {
        return Err(Refusal::Expired);
    }
    Ok(waiting.offer)
}
