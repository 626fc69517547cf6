//! Accounts of people: made, signed in to, signed out of.
//!
//! Signing in has one step or two: a password, and then a key where the account asks for one and the
//! computer is not remembered. Whether a name or a password is wrong is not told, nor can it be told
//! by the time that the answer takes.

use super::ceremonies::Outcome;
use super::sessions::{AssertionFor, Level, token, token_hash};
use super::{Decision, Entry, Refusal, RelyingParty, SessionKey};
use crate::relying_party::accounts::password::{Memory, Password, PasswordHash, Salt};
use crate::relying_party::accounts::{Account, AccountName};
use crate::relying_party::ceremony::{AssertionTerms, TIMEOUT};
use crate::relying_party::record::Flow;
use crate::webauthn::base64url::Base64Url;
use crate::webauthn::json::AuthenticationResponseJson;
use crate::webauthn::json::options::UserVerificationRequirement;
use serde_json::{Map, Value};

/// For how long a computer is not asked for the key again, in seconds.
pub const REMEMBERED: u64 = 30 * 24 * 60 * 60;

/// How many computers an account remembers; the oldest go first.
const MAX_REMEMBERED: usize = 10;

/// What a password is held against, away from the relying party's own task.
#[derive(Clone, Debug)]
pub struct PasswordTry {
    name: AccountName,
    hash: PasswordHash,
    /// Whether there is such an account, with a password.
    real: bool,
}

impl PasswordTry {
    /// Whether the password is right. Takes long, by intention, and as long for nobody's.
    pub fn check(&self, password: &Password, memory: &mut Memory) -> bool {
        self.hash.is_of(password, memory) && self.real
    }
}

/// How somebody came to be signed in, or not yet.
#[derive(Debug)]
pub struct SignedIn {
    /// The session with its new token.
    pub entry: Entry,
    /// Whether the key is still asked for.
    pub key_awaited: bool,
}

/// What became of the second step.
#[derive(Debug)]
pub struct SecondStep {
    /// What the response was made of.
    pub decision: Decision,
    /// The session with its new token, when the response was accepted.
    pub entry: Option<Entry>,
    /// What this computer keeps, when it is not to be asked again.
    pub remember: Option<String>,
}

impl RelyingParty<'_> {
    /// Begins to make an account with a password: gives the salt for its hash.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when the name or the password will not do.
    pub fn begin_account(
        &mut self,
        name: &str,
        password: &Password,
    ) -> Result<(AccountName, Salt), Refusal> {
        let name = AccountName::parse(name)?;
        password.check()?;
        if self.state.people.get(&name).is_some() {
            return Err(Refusal::NameTaken);
        }
        Ok((name, Salt::fresh(self.surroundings.random)?))
    }

    /// Makes an account, and signs in to it.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when the name was taken in the meantime, or nothing more can be kept.
    pub fn make_account(
        &mut self,
        session: SessionKey,
        name: AccountName,
        password: PasswordHash,
    ) -> Result<Entry, Refusal> {
        let mut account = Account::new(
            name.clone(),
            name.as_str(),
            self.identity.profile,
            self.surroundings.random,
        )?;
        account.password = Some(password);
        self.change(|state| {
            if state.people.get(&account.name).is_some() {
                return Err(Refusal::NameTaken);
            }
            Ok(state.people.put(account)?)
        })?;
        self.sessions.change_level(session, Level::SignedIn(name), self.surroundings.random)
    }

    /// Begins to sign in with a password: gives what it is to be held against.
    ///
    /// # Errors
    ///
    /// [`Refusal::TooManyTries`] when there were too many wrong ones.
    pub fn begin_sign_in(&mut self, name: &str) -> Result<PasswordTry, Refusal> {
        // A text that cannot name an account is the name of nobody.
        let name = AccountName::parse(name).map_err(|_| Refusal::WrongPassword)?;
        self.tries.begin(&name, self.surroundings.clock.now())?;
        let hash = self.state.people.get(&name).and_then(|account| account.password.clone());
        let real = hash.is_some();
        Ok(PasswordTry { name, hash: hash.unwrap_or_else(PasswordHash::of_nobody), real })
    }

    /// Signs in with a password that was checked, or goes on to the second step.
    ///
    /// # Errors
    ///
    /// [`Refusal::WrongPassword`] when it was not right.
    pub fn sign_in(
        &mut self,
        session: SessionKey,
        tried: &PasswordTry,
        right: bool,
        computer: Option<&str>,
    ) -> Result<SignedIn, Refusal> {
        let account = self.state.people.get(&tried.name).filter(|_| right);
        // The password may have been changed while it was checked.
        let account = account.filter(|account| account.password.as_ref() == Some(&tried.hash));
        let account = account.ok_or(Refusal::WrongPassword)?;
        self.tries.succeeded(&tried.name);
        let now = self.surroundings.unix_time();
        let key_awaited = account.second_factor && !remembers(account, computer, now);
        let name = tried.name.clone();
        let level = if key_awaited { Level::KeyAwaited(name) } else { Level::SignedIn(name) };
        let entry = self.sessions.change_level(session, level, self.surroundings.random)?;
        Ok(SignedIn { entry, key_awaited })
    }

    /// Offers the second step: gives the options.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when the first step was not done, or the account has no key.
    pub fn offer_second_step(&mut self, session: SessionKey) -> Result<Value, Refusal> {
        let Level::KeyAwaited(name) = self.sessions.get(session)?.level.clone() else {
            return Err(Refusal::NotSignedIn);
        };
        let account = self.state.people.get(&name).ok_or(Refusal::NotSignedIn)?;
        let allow = account.descriptors();
        if allow.is_empty() {
            return Err(Refusal::NoToken);
        }
        let terms = AssertionTerms {
            allow,
            user_verification: UserVerificationRequirement::Preferred,
            timeout: TIMEOUT,
            extensions: Map::new(),
        };
        self.offer_assertion(session, terms, AssertionFor::SecondFactor(name))
    }

    /// Does the second step; `remember` keeps this computer from being asked again.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when no options wait, or what is new cannot be kept.
    pub fn second_step(
        &mut self,
        session: SessionKey,
        response: &AuthenticationResponseJson,
        remember: bool,
    ) -> Result<SecondStep, Refusal> {
        let waiting = self.take_assertion(session)?;
        let AssertionFor::SecondFactor(_) = &waiting.purpose else {
            return Err(Refusal::NoOffer);
        };
        let Outcome { decision, accepted } =
            self.judge_assertion(session, &waiting, Flow::SecondFactor, response);
        let Some(asserted) = accepted else {
            return Ok(SecondStep { decision, entry: None, remember: None });
        };
        self.note_use(Flow::SecondFactor, &asserted)?;
        let name = asserted.account;
        let computer = if remember { Some(token(self.surroundings.random)?) } else { None };
        if let Some(hash) = computer.as_deref().and_then(token_hash) {
            let ends = asserted.time.saturating_add(REMEMBERED);
            self.change(|state| {
                let account = state.people.get_mut(&name).ok_or(Refusal::NotSignedIn)?;
                account.remembered.retain(|(_, end)| *end > asserted.time);
                while account.remembered.len() >= MAX_REMEMBERED {
                    account.remembered.remove(0);
                }
                account.remembered.push((Base64Url::from(hash.as_slice()), ends));
                Ok(())
            })?;
        }
        let level = Level::SignedIn(name);
        let entry = self.sessions.change_level(session, level, self.surroundings.random)?;
        Ok(SecondStep { decision, entry: Some(entry), remember: computer })
    }

    /// Signs out, or breaks off between the two steps.
    pub fn sign_out(&mut self, session: SessionKey) {
        self.sessions.end(session);
    }
}

/// Whether an account need not be asked for a key at this computer.
fn remembers(account: &Account, computer: Option<&str>, now: u64) -> bool {
    let Some(hash) = computer.and_then(token_hash) else { return false };
    account.remembered.iter().any(|(kept, ends)| kept.as_bytes() == hash && *ends > now)
}
