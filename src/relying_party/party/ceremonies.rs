//! What every act with a ceremony has in common: options are offered, a response is judged, and a
//! record is left.

use super::sessions::{
    AssertionFor, Level, RegistrationFor, WaitingAssertion, WaitingRegistration,
};
use super::{Decision, Refusal, RelyingParty, SessionKey};
use crate::relying_party::accounts::{AccountName, Accounts};
use crate::relying_party::ceremony::{
    AssertionTerms, Attested, Challenge, Judgement, RegistrationTerms,
};
use crate::relying_party::identity::Profile;
use crate::relying_party::record::{Evidence, Flow, Kind, Owner};
use crate::webauthn::json::options::UserVerificationRequirement;
use crate::webauthn::json::{AuthenticationResponseJson, RegistrationResponseJson};
use serde_json::Value;

/// The extension input that makes a registration fail where its protection is not to be had.
const ENFORCE: &str = "enforceCredentialProtectionPolicy";

/// What a response was made of.
pub(super) struct Outcome<T> {
    pub(super) decision: Decision,
    /// What is to be kept; `None` when it was refused.
    pub(super) accepted: Option<T>,
}

/// An assertion that was accepted.
pub(super) struct Asserted {
    pub(super) account: AccountName,
    pub(super) judgement: Judgement,
    pub(super) credential_id: Vec<u8>,
    pub(super) time: u64,
}

impl RelyingParty<'_> {
    /// Offers a registration; gives the options.
    pub(super) fn offer_registration(
        &mut self,
        session: SessionKey,
        terms: RegistrationTerms,
        purpose: RegistrationFor,
    ) -> Result<Value, Refusal> {
        let mut terms = match self.identity.profile {
            Profile::Plain => terms,
            Profile::Entra => terms.as_entra(),
        };
        if purpose != RegistrationFor::Conformance {
            // Entra sends it to programs. Chromium 156 takes it, beside a policy that protects
            // nothing, for a contradiction and asks no key.
            terms.extensions.remove(ENFORCE);
        }
        let challenge = Challenge::fresh(self.identity.profile, self.surroundings.random)?;
        let offer = terms.offer(&self.identity, challenge);
        let options = offer.options.clone();
        let now = self.surroundings.clock.now();
        self.sessions.get_mut(session)?.wait_for_registration(offer, purpose, now);
        Ok(options)
    }

    /// Offers an assertion; gives the options.
    pub(super) fn offer_assertion(
        &mut self,
        session: SessionKey,
        mut terms: AssertionTerms,
        purpose: AssertionFor,
    ) -> Result<Value, Refusal> {
        if self.identity.profile == Profile::Entra {
            terms.user_verification = UserVerificationRequirement::Required;
        }
        let challenge = Challenge::fresh(self.identity.profile, self.surroundings.random)?;
        let offer = terms.offer(&self.identity, challenge);
        let options = offer.options.clone();
        let now = self.surroundings.clock.now();
        self.sessions.get_mut(session)?.wait_for_assertion(offer, purpose, now);
        Ok(options)
    }

    /// Takes out the registration that waits.
    pub(super) fn take_registration(
        &mut self,
        session: SessionKey,
    ) -> Result<WaitingRegistration, Refusal> {
        let now = self.surroundings.clock.now();
        self.sessions.get_mut(session)?.take_registration(now)
    }

    /// Takes out the assertion that waits.
    pub(super) fn take_assertion(
        &mut self,
        session: SessionKey,
    ) -> Result<WaitingAssertion, Refusal> {
        let now = self.surroundings.clock.now();
        self.sessions.get_mut(session)?.take_assertion(now)
    }

    /// The accounts that a ceremony is about.
    fn accounts(&self, flow: Flow) -> &Accounts {
        match flow {
            Flow::Conformance => &self.state.programs,
            Flow::SecondFactor | Flow::Passwordless => &self.state.people,
        }
    }

    /// Whose a record is.
    fn owner(&self, session: SessionKey, flow: Flow, account: Option<AccountName>) -> Owner {
        let visitor = self.sessions.get(session).ok().map(|session| session.visitor);
        match flow {
            Flow::Conformance => Owner::Everybody,
            Flow::SecondFactor | Flow::Passwordless => Owner::Visitor { visitor, account },
        }
    }

    /// Judges a registration's response, and leaves a record.
    pub(super) fn judge_registration(
        &mut self,
        session: SessionKey,
        waiting: &WaitingRegistration,
        flow: Flow,
        response: &RegistrationResponseJson,
    ) -> Outcome<(Attested, u64)> {
        let accounts = self.accounts(flow);
        let time = self.surroundings.unix_time();
        let is_known = |id: &[u8]| accounts.find(id).is_some();
        let trust = self.trust.source(time);
        let (judgement, credential) = waiting.offer.judge(response, is_known, &trust);
        let account = AccountName::parse(&waiting.offer.user.name).ok();
        let evidence = Evidence {
            kind: Kind::Registration,
            flow,
            user: Some(waiting.offer.user.name.clone()),
            options: &waiting.offer.options,
            response: serde_json::to_value(response).unwrap_or_default(),
            client_data: response.response.client_data_json.as_ref().map(|json| json.as_bytes()),
            data: response.response.attestation_object.as_bytes(),
            aaguid: None,
            owner: self.owner(session, flow, account),
        };
        let record = self.records.keep(evidence, &judgement, &self.trust.names, time);
        Outcome {
            decision: Decision { accepted: judgement.accepted, reason: judgement.reason(), record },
            accepted: credential.map(|credential| (credential, time)),
        }
    }

    /// Judges an assertion's response, and leaves a record. The credential must be one that
    /// `may_use` lets through.
    pub(super) fn judge_assertion(
        &mut self,
        session: SessionKey,
        waiting: &WaitingAssertion,
        flow: Flow,
        response: &AuthenticationResponseJson,
    ) -> Outcome<Asserted> {
        let id = response.raw_id.as_bytes();
        let time = self.surroundings.unix_time();
        let found =
            self.accounts(flow).find(id).filter(|(account, credential)| match &waiting.purpose {
                AssertionFor::Conformance => true,
                AssertionFor::SecondFactor(name) => account.name == *name,
                AssertionFor::Passwordless => credential.signs_in_alone(),
            });
        let kept =
            found.map(|(account, credential)| credential.kept(account.user_handle.as_bytes()));
        let judgement = waiting.offer.judge(response, kept);
        let account = found.map(|(account, _)| account.name.clone());
        let evidence = Evidence {
            kind: Kind::Assertion,
            flow,
            user: account.as_ref().map(ToString::to_string),
            options: &waiting.offer.options,
            response: serde_json::to_value(response).unwrap_or_default(),
            client_data: response.response.client_data_json.as_ref().map(|json| json.as_bytes()),
            data: response.response.authenticator_data.as_bytes(),
            aaguid: found.map(|(_, credential)| credential.aaguid.clone()),
            // Only an accepted response shows that it was the account's owner.
            owner: self.owner(session, flow, account.clone().filter(|_| judgement.accepted)),
        };
        let record = self.records.keep(evidence, &judgement, &self.trust.names, time);
        let decision =
            Decision { accepted: judgement.accepted, reason: judgement.reason(), record };
        let accepted = account.filter(|_| judgement.accepted).map(|account| Asserted {
            account,
            judgement,
            credential_id: id.to_vec(),
            time,
        });
        Outcome { decision, accepted }
    }

    /// Keeps what an accepted assertion says of its credential.
    pub(super) fn note_use(&mut self, flow: Flow, asserted: &Asserted) -> Result<(), Refusal> {
        self.change(|state| {
            let accounts = match flow {
                Flow::Conformance => &mut state.programs,
                Flow::SecondFactor | Flow::Passwordless => &mut state.people,
            };
            let account = accounts.get_mut(&asserted.account);
            let id = &asserted.credential_id;
            if let Some(credential) = account.and_then(|account| account.credential_mut(id)) {
                credential.note_use(&asserted.judgement.facts, asserted.time);
            }
            Ok(())
        })
    }

    /// Notes that the browser gave no response, and why: cancelled, timed out, excluded.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when no options wait.
    pub fn gave_up(
        &mut self,
        session: SessionKey,
        kind: Kind,
        error: &str,
    ) -> Result<u64, Refusal> {
        // The names of DOMException are such words; anything else is not shown.
        let is_name =
            |name: &&str| name.len() <= 40 && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let error = Some(error).filter(is_name).unwrap_or("Error");
        let (flow, user, options) = match kind {
            Kind::Registration => {
                let waiting = self.take_registration(session)?;
                let flow = match waiting.purpose {
                    RegistrationFor::Conformance => Flow::Conformance,
                    RegistrationFor::Token { purpose, .. } => purpose.into(),
                    RegistrationFor::NewAccount(_) => Flow::Passwordless,
                };
                (flow, Some(waiting.offer.user.name), waiting.offer.options)
            }
            Kind::Assertion => {
                let waiting = self.take_assertion(session)?;
                let (flow, user) = match waiting.purpose {
                    AssertionFor::Conformance => (Flow::Conformance, None),
                    AssertionFor::SecondFactor(name) => (Flow::SecondFactor, Some(name.into())),
                    AssertionFor::Passwordless => (Flow::Passwordless, None),
                };
                (flow, user, waiting.offer.options)
            }
        };
        let evidence = Evidence {
            kind,
            flow,
            user,
            options: &options,
            response: Value::Null,
            client_data: None,
            data: &[],
            aaguid: None,
            owner: self.owner(session, flow, None),
        };
        Ok(self.records.keep_unanswered(evidence, error, self.surroundings.unix_time()))
    }

    /// The account that is signed in.
    pub(super) fn signed_in(&self, session: SessionKey) -> Result<AccountName, Refusal> {
        match self.sessions.get(session).map(|session| &session.level) {
            Ok(Level::SignedIn(name)) => Ok(name.clone()),
            _ => Err(Refusal::NotSignedIn),
        }
    }
}
