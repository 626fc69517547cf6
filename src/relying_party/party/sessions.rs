//! Sessions: which browser, or which program, is which.
//!
//! A session is known by a random token in a cookie. Of the token only the hash is kept, so that
//! finding a session takes the same time for every guess. The token changes when somebody signs in
//! or out.

use super::Refusal;
use crate::ctap::{Random, RandomError};
use crate::relying_party::accounts::{AccountName, Purpose};
use crate::relying_party::ceremony::{AssertionOffer, RegistrationOffer};
use crate::webauthn::base64url;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::time::Duration;

/// How many sessions there can be. When there are too many, those of programs go first, then those of
/// people who are not signed in; of these the one that was unused the longest.
pub const MAX_SESSIONS: usize = 1000;

/// After how long without use a session ends.
pub const SESSION_IDLE: Duration = Duration::from_secs(60 * 60);

/// How long options wait for their response: what WebAuthn Level 3 section 15.1 recommends as the
/// default timeout.
pub const WAIT: Duration = Duration::from_secs(300);

/// How many random bytes a token has.
const TOKEN: usize = 32;

/// A random text that somebody keeps in a cookie.
pub(super) fn token(random: &mut dyn Random) -> Result<String, RandomError> {
    let mut token = [0; TOKEN];
    random.fill(&mut token)?;
    Ok(base64url::encode(&token))
}

/// What is kept of such a text; `None` when it is none.
pub(super) fn token_hash(token: &str) -> Option<[u8; 32]> {
    // Looked at first, so that a long text costs nothing.
    let token = Some(token).filter(|token| token.len() <= 2 * TOKEN)?;
    Some(Sha256::digest(base64url::decode_strict(token).ok()?).into())
}

/// What a session is found by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SessionKey([u8; 32]);

/// A session that was taken up or begun.
#[derive(Debug)]
pub struct Entry {
    /// What it is found by.
    pub key: SessionKey,
    /// The token for the cookie of a new one.
    pub cookie: Option<String>,
}

/// How far somebody has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Level {
    /// Nowhere.
    #[default]
    Nobody,
    /// The password was right; the key is still asked for.
    KeyAwaited(AccountName),
    /// Signed in.
    SignedIn(AccountName),
}

/// For what a registration is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum RegistrationFor {
    /// A program.
    Conformance,
    /// Another key for an account that is signed in.
    Token { account: AccountName, nickname: String, purpose: Purpose },
    /// An account that does not exist yet, and will have no password.
    NewAccount(AccountName),
}

/// For what an assertion is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum AssertionFor {
    /// A program.
    Conformance,
    /// The second step of signing in.
    SecondFactor(AccountName),
    /// All of signing in.
    Passwordless,
}

/// Options that wait for their response, and for what they were made.
#[derive(Clone, Debug)]
pub(super) struct Waiting<O, F> {
    pub(super) offer: O,
    pub(super) purpose: F,
    since: Duration,
}

pub(super) type WaitingRegistration = Waiting<RegistrationOffer, RegistrationFor>;
pub(super) type WaitingAssertion = Waiting<AssertionOffer, AssertionFor>;

/// What is known of a session.
#[derive(Debug, Default)]
pub(super) struct Session {
    pub(super) level: Level,
    /// Who is at the other end, whether signed in or not: it stays when the token changes.
    pub(super) visitor: u64,
    used: Duration,
    registration: Option<WaitingRegistration>,
    assertion: Option<WaitingAssertion>,
}

/// What is lost with a session, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Worth {
    /// A program begins again, or a visitor who has begun nothing.
    Program,
    /// A person's ceremony that has begun.
    Ceremony,
    /// A person's password, or password and key.
    SignedIn,
}

/// All sessions.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    open: HashMap<SessionKey, Session>,
    visitors: u64,
}

impl Sessions {
    /// The session of a cookie, if it has not ended; it counts as used now.
    pub(super) fn find(&mut self, cookie: Option<&str>, now: Duration) -> Option<SessionKey> {
        let key = SessionKey(token_hash(cookie?)?);
        let session = self.open.get_mut(&key)?;
        if now.saturating_sub(session.used) > SESSION_IDLE {
            self.open.remove(&key);
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
    pub(super) fn begin(
        &mut self,
        random: &mut dyn Random,
        now: Duration,
    ) -> Result<Entry, RandomError> {
        if self.open.len() >= MAX_SESSIONS
            && let Some(oldest) =
                self.open.iter().min_by_key(|(_, session)| (session.worth(), session.used))
        {
            let oldest = *oldest.0;
            self.open.remove(&oldest);
        }
        self.visitors = self.visitors.saturating_add(1);
        let session = Session { used: now, visitor: self.visitors, ..Session::default() };
        self.put(session, random)
    }

    fn put(&mut self, session: Session, random: &mut dyn Random) -> Result<Entry, RandomError> {
        let token = token(random)?;
        // What was made a moment ago is a token.
        let key = SessionKey(token_hash(&token).unwrap_or_default());
        self.open.insert(key, session);
        Ok(Entry { key, cookie: Some(token) })
    }

    /// Gives a session a new token, and its owner another level; what waits is dropped.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when it has ended since, or there is no randomness.
    pub(super) fn change_level(
        &mut self,
        key: SessionKey,
        level: Level,
        random: &mut dyn Random,
    ) -> Result<Entry, Refusal> {
        let before = self.open.remove(&key).ok_or(Refusal::NoSession)?;
        let Session { visitor, used, .. } = before;
        let session = Session { level, visitor, used, ..Session::default() };
        Ok(self.put(session, random)?)
    }

    /// Ends a session.
    pub(super) fn end(&mut self, key: SessionKey) {
        self.open.remove(&key);
    }

    /// A session that was found or begun.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSession`] when it has ended since.
    pub(super) fn get(&self, key: SessionKey) -> Result<&Session, Refusal> {
        self.open.get(&key).ok_or(Refusal::NoSession)
    }

    /// As [`Sessions::get`], to be changed.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSession`] when it has ended since.
    pub(super) fn get_mut(&mut self, key: SessionKey) -> Result<&mut Session, Refusal> {
        self.open.get_mut(&key).ok_or(Refusal::NoSession)
    }
}

impl Session {
    /// What is lost with it.
    fn worth(&self) -> Worth {
        let registers = self.registration.as_ref().is_some_and(|waiting| {
            matches!(
                waiting.purpose,
                RegistrationFor::Token { .. } | RegistrationFor::NewAccount(_)
            )
        });
        let asserts = self.assertion.as_ref().is_some_and(|waiting| {
            matches!(waiting.purpose, AssertionFor::SecondFactor(_) | AssertionFor::Passwordless)
        });
        match self.level {
            Level::KeyAwaited(_) | Level::SignedIn(_) => Worth::SignedIn,
            Level::Nobody if registers || asserts => Worth::Ceremony,
            Level::Nobody => Worth::Program,
        }
    }

    /// Keeps a registration's offer until its response comes, in place of the one before.
    pub(super) fn wait_for_registration(
        &mut self,
        offer: RegistrationOffer,
        purpose: RegistrationFor,
        since: Duration,
    ) {
        self.registration = Some(Waiting { offer, purpose, since });
    }

    /// Keeps an assertion's offer until its response comes, in place of the one before.
    pub(super) fn wait_for_assertion(
        &mut self,
        offer: AssertionOffer,
        purpose: AssertionFor,
        since: Duration,
    ) {
        self.assertion = Some(Waiting { offer, purpose, since });
    }

    /// Takes the registration's offer out, whatever becomes of the response.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when none waits, or it has waited too long.
    pub(super) fn take_registration(
        &mut self,
        now: Duration,
    ) -> Result<WaitingRegistration, Refusal> {
        take(&mut self.registration, now)
    }

    /// Takes the assertion's offer out, whatever becomes of the response.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when none waits, or it has waited too long.
    pub(super) fn take_assertion(&mut self, now: Duration) -> Result<WaitingAssertion, Refusal> {
        take(&mut self.assertion, now)
    }
}

fn take<O, F>(
    waiting: &mut Option<Waiting<O, F>>,
    now: Duration,
) -> Result<Waiting<O, F>, Refusal> {
    let waiting = waiting.take().ok_or(Refusal::NoOffer)?;
    if now.saturating_sub(waiting.since) > WAIT {
        return Err(Refusal::Expired);
    }
    Ok(waiting)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting(u64);

    impl Random for Counting {
        fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RandomError> {
            self.0 += 1;
            bytes.fill(0);
            bytes[..8].copy_from_slice(&self.0.to_be_bytes());
            Ok(())
        }
    }

    #[test]
    fn the_session_that_was_unused_the_longest_goes_first() {
        let mut sessions = Sessions::default();
        let mut random = Counting(0);
        let second = |number| Duration::from_secs(number);
        let tokens: Vec<String> = (0..MAX_SESSIONS)
            .map(|_| sessions.begin(&mut random, second(0)).unwrap().cookie.unwrap())
            .collect();
        // All but the second were used since.
        for (number, token) in tokens.iter().enumerate() {
            if number != 1 {
                assert!(sessions.find(Some(token), second(5)).is_some());
            }
        }
        let new = sessions.begin(&mut random, second(6)).unwrap();
        assert_eq!(sessions.open.len(), MAX_SESSIONS);
        assert!(sessions.find(Some(&tokens[1]), second(6)).is_none());
        assert!(sessions.find(Some(&tokens[0]), second(6)).is_some());
        assert!(sessions.get(new.key).is_ok());
    }

    /// Programs come in their hundreds, and have nobody to sign in again.
    #[test]
    fn a_person_who_is_signed_in_is_not_signed_out_by_programs() {
        let mut sessions = Sessions::default();
        let mut random = Counting(0);
        let begun = sessions.begin(&mut random, Duration::ZERO).unwrap();
        let level = Level::SignedIn(AccountName::parse("alice").unwrap());
        let alice = sessions.change_level(begun.key, level, &mut random).unwrap();
        for number in 1..3 * MAX_SESSIONS {
            let at = Duration::from_secs(u64::try_from(number).unwrap());
            sessions.begin(&mut random, at).unwrap();
        }
        assert_eq!(sessions.open.len(), MAX_SESSIONS);
        assert!(sessions.get(alice.key).is_ok());
    }

    #[test]
    fn a_session_ends_and_a_token_is_exact() {
        let mut sessions = Sessions::default();
        let entry = sessions.begin(&mut Counting(0), Duration::ZERO).unwrap();
        let token = entry.cookie.unwrap();
        for wrong in
            ["", "AAAA", token.get(1..).unwrap(), &format!("{token}="), &"A".repeat(100_000)]
        {
            assert!(sessions.find(Some(wrong), Duration::ZERO).is_none(), "{wrong}");
        }
        assert!(sessions.find(None, Duration::ZERO).is_none());
        assert!(sessions.find(Some(&token), SESSION_IDLE).is_some());
        assert!(sessions.find(Some(&token), SESSION_IDLE * 2).is_some());
        let late = SESSION_IDLE * 3 + Duration::from_secs(1);
        assert!(sessions.find(Some(&token), late).is_none());
        assert!(sessions.get(entry.key).is_err());
    }
}
