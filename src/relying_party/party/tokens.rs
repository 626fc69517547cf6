//! Self-service: the keys of an account that is signed in.

use super::ceremonies::Outcome;
use super::sessions::RegistrationFor;
use super::{Decision, Refusal, RelyingParty, SessionKey};
use crate::relying_party::accounts::{Account, AccountName, Credential, Purpose};
use crate::relying_party::ceremony::{RegistrationTerms, TIMEOUT};
use crate::relying_party::record::Flow;
use crate::webauthn::base64url::Base64Url;
use crate::webauthn::json::RegistrationResponseJson;
use crate::webauthn::json::options::{
    AttestationConveyance, AuthenticatorAttachment, ResidentKeyRequirement, UserEntityJson,
    UserVerificationRequirement,
};
use crate::wire::text::is_unsafe;
use serde_json::{Map, Value};

/// The longest nickname, in characters.
const MAX_NICKNAME: usize = 40;

/// Reads what a person calls a key.
fn nickname(text: &str) -> Result<String, Refusal> {
    let text = text.trim();
    let fits = !text.is_empty()
        && text.len() <= 4 * MAX_NICKNAME
        && text.chars().count() <= MAX_NICKNAME
        && !text.chars().any(is_unsafe);
    if fits { Ok(text.to_owned()) } else { Err(Refusal::Nickname) }
}

/// What is asked of a key for this purpose.
pub(super) fn terms(user: UserEntityJson, purpose: Purpose) -> RegistrationTerms {
    let terms = RegistrationTerms {
        user,
        exclude: Vec::new(),
        user_verification: UserVerificationRequirement::Preferred,
        resident_key: ResidentKeyRequirement::Discouraged,
        attachment: Some(AuthenticatorAttachment::CrossPlatform),
        // Nothing hangs on it, but this is a service for looking at keys.
        attestation: AttestationConveyance::Direct,
        algorithms: RegistrationTerms::usual_algorithms(),
        timeout: TIMEOUT,
        extensions: Map::from_iter([("credProps".to_owned(), true.into())]),
        hints: vec!["security-key".to_owned()],
    };
    match purpose {
        Purpose::SecondFactor => terms,
        Purpose::Passwordless => RegistrationTerms {
            user_verification: UserVerificationRequirement::Required,
            resident_key: ResidentKeyRequirement::Required,
            attachment: None,
            hints: Vec::new(),
            ..terms
        },
    }
}

impl RelyingParty<'_> {
    /// Offers to register another key: gives the options.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when nobody is signed in, or the nickname will not do.
    pub fn offer_token(
        &mut self,
        session: SessionKey,
        name: &str,
        purpose: Purpose,
    ) -> Result<Value, Refusal> {
        let account_name = self.signed_in(session)?;
        let account = self.account(&account_name)?;
        let nickname = nickname(name)?;
        if account.credentials.iter().any(|credential| credential.nickname == nickname) {
            return Err(Refusal::NicknameTaken);
        }
        let terms =
            RegistrationTerms { exclude: account.descriptors(), ..terms(account.user(), purpose) };
        let purpose = RegistrationFor::Token { account: account_name, nickname, purpose };
        self.offer_registration(session, terms, purpose)
    }

    /// Registers another key. The first one is asked for at sign-in from then on.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when no options wait, or the credential cannot be kept.
    pub fn register_token(
        &mut self,
        session: SessionKey,
        response: &RegistrationResponseJson,
    ) -> Result<Decision, Refusal> {
        let waiting = self.take_registration(session)?;
        let RegistrationFor::Token { account, nickname, purpose } = waiting.purpose.clone() else {
            return Err(Refusal::NoOffer);
        };
        if self.signed_in(session)? != account {
            return Err(Refusal::NotSignedIn);
        }
        let Outcome { decision, accepted } =
            self.judge_registration(session, &waiting, purpose.into(), response);
        if let Some((attested, time)) = accepted {
            self.change(|state| {
                let account = state.people.get_mut(&account).ok_or(Refusal::NotSignedIn)?;
                let first = account.credentials.is_empty();
                account.add(Credential::of(attested, purpose, &nickname, time))?;
                account.second_factor |= first && account.password.is_some();
                Ok(())
            })?;
        }
        Ok(decision)
    }

    /// Removes a key. With the last one the second step goes too.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when nobody is signed in, there is no such key, or nobody could sign in any more.
    pub fn remove_token(&mut self, session: SessionKey, id: &Base64Url) -> Result<(), Refusal> {
        let name = self.signed_in(session)?;
        self.change(|state| {
            let account = state.people.get_mut(&name).ok_or(Refusal::NotSignedIn)?;
            let removed = account.credential(id.as_bytes()).ok_or(Refusal::NoSuchToken)?;
            let alone = |credential: &&Credential| credential.signs_in_alone();
            let others = account.credentials.iter().filter(alone).count();
            if account.password.is_none() && removed.signs_in_alone() && others <= 1 {
                return Err(Refusal::LastWayIn);
            }
            account.credentials.retain(|credential| credential.id != *id);
            account.second_factor &= !account.credentials.is_empty();
            // Whoever had the key may have had the computer too.
            account.remembered.clear();
            Ok(())
        })
    }

    /// Turns the second step on or off.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when nobody is signed in, or there is no key to ask for.
    pub fn set_second_factor(&mut self, session: SessionKey, on: bool) -> Result<(), Refusal> {
        let name = self.signed_in(session)?;
        self.change(|state| {
            let account = state.people.get_mut(&name).ok_or(Refusal::NotSignedIn)?;
            if on && (account.credentials.is_empty() || account.password.is_none()) {
                return Err(Refusal::NoToken);
            }
            account.second_factor = on;
            account.remembered.clear();
            Ok(())
        })
    }

    /// Forgets every computer that was not to be asked again.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when nobody is signed in.
    pub fn forget_computers(&mut self, session: SessionKey) -> Result<(), Refusal> {
        let name = self.signed_in(session)?;
        self.change(|state| {
            let account = state.people.get_mut(&name).ok_or(Refusal::NotSignedIn)?;
            account.remembered.clear();
            Ok(())
        })
    }

    /// An account that is signed in; it may have gone in the meantime.
    pub(super) fn account(&self, name: &AccountName) -> Result<&Account, Refusal> {
        self.state.people.get(name).ok_or(Refusal::NotSignedIn)
    }

    /// Begins an account that has no password: gives the options for its first credential.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when the name will not do.
    pub fn offer_passkey_account(
        &mut self,
        session: SessionKey,
        name: &str,
    ) -> Result<Value, Refusal> {
        let name = AccountName::parse(name)?;
        if self.state.people.get(&name).is_some() {
            return Err(Refusal::NameTaken);
        }
        let account = Account::new(
            name.clone(),
            name.as_str(),
            self.identity.profile,
            self.surroundings.random,
        )?;
        let terms = terms(account.user(), Purpose::Passwordless);
        self.offer_registration(session, terms, RegistrationFor::NewAccount(name))
    }

    /// Makes an account that has no password, with its first credential, and signs in to it.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when no options wait, the name was taken in the meantime, or nothing more can be
    /// kept.
    pub fn make_passkey_account(
        &mut self,
        session: SessionKey,
        response: &RegistrationResponseJson,
    ) -> Result<(Decision, Option<super::Entry>), Refusal> {
        let waiting = self.take_registration(session)?;
        let RegistrationFor::NewAccount(name) = waiting.purpose.clone() else {
            return Err(Refusal::NoOffer);
        };
        let Outcome { decision, accepted } =
            self.judge_registration(session, &waiting, Flow::Passwordless, response);
        let Some((attested, time)) = accepted else { return Ok((decision, None)) };
        let mut account = Account::of(&waiting.offer.user, name.clone());
        let credential = Credential::of(attested, Purpose::Passwordless, "First passkey", time);
        account.add(credential)?;
        self.change(|state| {
            if state.people.get(&account.name).is_some() {
                return Err(Refusal::NameTaken);
            }
            Ok(state.people.put(account)?)
        })?;
        let level = super::sessions::Level::SignedIn(name);
        let entry = self.sessions.change_level(session, level, self.surroundings.random)?;
        Ok((decision, Some(entry)))
    }
}
