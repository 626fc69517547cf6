//! What the relying party does, act by act. It knows no HTTP: each act is a method that takes a
//! session and what was asked, and answers or refuses.

mod ceremonies;
mod conformance;
mod passkeys;
mod people;
mod refusal;
mod sessions;
mod surroundings;
mod tokens;
mod tries;
mod views;

pub use conformance::{AssertionRequest, RegistrationRequest, Selection};
pub use people::{PasswordTry, REMEMBERED, SecondStep, SignedIn};
pub use refusal::Refusal;
pub use sessions::{Entry, MAX_SESSIONS, SESSION_IDLE, SessionKey, WAIT};
pub use surroundings::{Store, Surroundings};
pub use tries::{FORGOTTEN, MOST_TRIES};
pub use views::{AccountView, SessionView, TokenView};

use super::accounts::state::State;
use super::identity::Identity;
use super::record::Records;
use super::trust::Trust;
use crate::transport::Clock;
use sessions::Sessions;
use std::sync::Arc;
use tries::Tries;

/// The relying party with everything that it keeps.
pub struct RelyingParty<'w> {
    identity: Identity,
    surroundings: Surroundings<'w>,
    trust: Trust,
    state: State,
    sessions: Sessions,
    tries: Tries,
    records: Records,
}

/// What became of a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether it was accepted.
    pub accepted: bool,
    /// Why not, in one line.
    pub reason: Option<String>,
    /// The number of the record that tells everything.
    pub record: u64,
}

impl<'w> RelyingParty<'w> {
    /// Opens the relying party with the accounts that were kept.
    pub fn new(
        identity: Identity,
        surroundings: Surroundings<'w>,
        trust: Trust,
        state: State,
    ) -> Self {
        Self {
            identity,
            surroundings,
            trust,
            state,
            sessions: Sessions::default(),
            tries: Tries::default(),
            records: Records::default(),
        }
    }

    /// Who the relying party is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Its monotonic time.
    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.surroundings.clock)
    }

    /// Takes up the session of a cookie, or begins a new one, whose cookie must then be set.
    ///
    /// # Errors
    ///
    /// [`Refusal::Random`] when there is no randomness for a new one.
    pub fn enter(&mut self, cookie: Option<&str>) -> Result<Entry, Refusal> {
        let now = self.surroundings.clock.now();
        if let Some(key) = self.sessions.find(cookie, now) {
            return Ok(Entry { key, cookie: None });
        }
        Ok(self.sessions.begin(self.surroundings.random, now)?)
    }

    /// Takes up the session of a cookie.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSession`] when there is none.
    pub fn resume(&mut self, cookie: Option<&str>) -> Result<SessionKey, Refusal> {
        let now = self.surroundings.clock.now();
        self.sessions.find(cookie, now).ok_or(Refusal::NoSession)
    }

    /// Changes what is kept: in the file first, where there is one, so that nothing is promised that
    /// is lost when the program ends.
    fn change<T>(
        &mut self,
        act: impl FnOnce(&mut State) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let mut state = self.state.clone();
        let done = act(&mut state)?;
        if let Some(store) = &mut self.surroundings.store {
            let bytes = state
                .to_bytes(self.identity.rp_id.as_str())
                .map_err(|error| Refusal::NotKept(error.to_string()))?;
            store.save(&bytes).map_err(|error| Refusal::NotKept(error.to_string()))?;
        }
        self.state = state;
        Ok(done)
    }
}
