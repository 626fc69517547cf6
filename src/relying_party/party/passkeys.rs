//! Signing in without a name and without a password: the key finds the account by itself.

use super::ceremonies::Outcome;
use super::sessions::{AssertionFor, Level};
use super::{Decision, Entry, Refusal, RelyingParty, SessionKey};
use crate::relying_party::ceremony::{AssertionTerms, TIMEOUT};
use crate::relying_party::record::Flow;
use crate::webauthn::json::AuthenticationResponseJson;
use crate::webauthn::json::options::UserVerificationRequirement;
use serde_json::{Map, Value};

impl RelyingParty<'_> {
    /// Offers to sign in with any discoverable credential: gives the options.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when there is no randomness.
    pub fn offer_passkey(&mut self, session: SessionKey) -> Result<Value, Refusal> {
        let terms = AssertionTerms {
            allow: Vec::new(),
            user_verification: UserVerificationRequirement::Required,
            timeout: TIMEOUT,
            extensions: Map::new(),
        };
        self.offer_assertion(session, terms, AssertionFor::Passwordless)
    }

    /// Signs in with a discoverable credential.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when no options wait, or the new counter cannot be kept.
    pub fn sign_in_with_passkey(
        &mut self,
        session: SessionKey,
        response: &AuthenticationResponseJson,
    ) -> Result<(Decision, Option<Entry>), Refusal> {
        let waiting = self.take_assertion(session)?;
        if waiting.purpose != AssertionFor::Passwordless {
            return Err(Refusal::NoOffer);
        }
        let Outcome { decision, accepted } =
            self.judge_assertion(session, &waiting, Flow::Passwordless, response);
        let Some(asserted) = accepted else { return Ok((decision, None)) };
        self.note_use(Flow::Passwordless, &asserted)?;
        let level = Level::SignedIn(asserted.account);
        let entry = self.sessions.change_level(session, level, self.surroundings.random)?;
        Ok((decision, Some(entry)))
    }
}
