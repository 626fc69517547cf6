//! The acts of the FIDO2 conformance interface: registrations and assertions by user name alone.
//!
//! Whoever asks may register a credential for any name: these accounts are for programs, and have
//! nothing to do with those of people.

use super::{Decision, Refusal, RelyingParty, SessionKey};
use crate::relying_party::accounts::{Account, AccountName, Credential, Purpose};
use crate::relying_party::ceremony::{AssertionTerms, Challenge, RegistrationTerms};
use crate::relying_party::identity::Profile;
use crate::relying_party::record::{Evidence, Flow, Kind};
use crate::webauthn::json::options::{
    AttestationConveyance, AuthenticatorAttachment, ResidentKeyRequirement,
    UserVerificationRequirement,
};
use crate::webauthn::json::{AuthenticationResponseJson, RegistrationResponseJson};
use serde::Deserialize;
use serde_json::{Map, Value};

/// How long the client should wait, in milliseconds.
const TIMEOUT: u64 = 300_000;

/// The longest display name, in bytes.
const MAX_DISPLAY_NAME: usize = 256;

/// `ServerPublicKeyCredentialCreationOptionsRequest`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an object with `username` and `displayName`")]
pub struct RegistrationRequest {
    /// The user's name.
    pub username: String,
    /// The person's name.
    pub display_name: String,
    /// What is asked of the key.
    #[serde(default)]
    pub authenticator_selection: Option<Selection>,
    /// How much is to be learned of the key's model.
    #[serde(default)]
    pub attestation: Option<String>,
    /// Extensions by their WebAuthn names.
    #[serde(default)]
    pub extensions: Option<Map<String, Value>>,
}

/// `AuthenticatorSelectionCriteria`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Selection {
    /// How the key may be attached.
    #[serde(default)]
    pub authenticator_attachment: Option<String>,
    /// Whether the credential must be discoverable.
    #[serde(default)]
    pub resident_key: Option<String>,
    /// The older form of the same.
    #[serde(default)]
    pub require_resident_key: Option<bool>,
    /// Whether the right person must be there.
    #[serde(default)]
    pub user_verification: Option<String>,
}

/// `ServerPublicKeyCredentialGetOptionsRequest`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an object with `username`")]
pub struct AssertionRequest {
    /// The user's name.
    pub username: String,
    /// Whether the right person must be there.
    #[serde(default)]
    pub user_verification: Option<String>,
    /// Extensions by their WebAuthn names.
    #[serde(default)]
    pub extensions: Option<Map<String, Value>>,
}

/// Reads a word that WebAuthn knows; others count as absent.
fn word<T>(text: Option<&String>, read: impl Fn(&str) -> Option<T>) -> Option<T> {
    text.and_then(|text| read(text))
}

impl Selection {
    fn resident_key(&self) -> ResidentKeyRequirement {
        let older = match self.require_resident_key {
            Some(true) => ResidentKeyRequirement::Required,
            _ => ResidentKeyRequirement::Discouraged,
        };
        word(self.resident_key.as_ref(), ResidentKeyRequirement::from_text).unwrap_or(older)
    }
}

impl RelyingParty<'_> {
    /// `POST /attestation/options`: gives the options.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when the name will not do, or nothing more can be kept.
    pub fn conformance_registration(
        &mut self,
        session: SessionKey,
        request: &RegistrationRequest,
    ) -> Result<Value, Refusal> {
        let name = AccountName::parse(&request.username)?;
        if request.display_name.len() > MAX_DISPLAY_NAME {
            return Err(Refusal::DisplayNameTooLong);
        }
        // The account begins with its first credential; until then its user handle is in the offer.
        let account = match self.state.programs.get(&name) {
            Some(account) => account.clone(),
            None => Account::new(name, &request.display_name, self.surroundings.random)?,
        };
        let selection = request.authenticator_selection.clone().unwrap_or_default();
        let verification =
            word(selection.user_verification.as_ref(), UserVerificationRequirement::from_text);
        let attestation = word(request.attestation.as_ref(), AttestationConveyance::from_text);
        let mut user = account.user();
        user.display_name.clone_from(&request.display_name);
        let terms = RegistrationTerms {
            user,
            exclude: account.descriptors(),
            user_verification: verification.unwrap_or(UserVerificationRequirement::Preferred),
            resident_key: selection.resident_key(),
            attachment: word(
                selection.authenticator_attachment.as_ref(),
                AuthenticatorAttachment::from_text,
            ),
            attestation: attestation.unwrap_or(AttestationConveyance::None),
            algorithms: RegistrationTerms::usual_algorithms(),
            timeout: TIMEOUT,
            extensions: request.extensions.clone().unwrap_or_default(),
        };
        let terms = match self.identity.profile {
            Profile::Plain => terms,
            Profile::Entra => terms.as_entra(),
        };
        let offer = terms.offer(&self.identity, Challenge::fresh(self.surroundings.random)?);
        let options = offer.options.clone();
        let now = self.surroundings.clock.now();
        self.sessions.get_mut(session)?.wait_for_registration(offer, now);
        Ok(options)
    }

    /// `POST /attestation/result`: judges the response.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when no options wait for it, or the credential cannot be kept.
    pub fn conformance_registered(
        &mut self,
        session: SessionKey,
        response: &RegistrationResponseJson,
    ) -> Result<Decision, Refusal> {
        let now = self.surroundings.clock.now();
        let offer = self.sessions.get_mut(session)?.take_registration(now)?;
        let (judgement, credential) =
            offer.judge(response, |id| self.state.programs.find(id).is_some());
        let time = self.surroundings.unix_time();
        let evidence = Evidence {
            kind: Kind::Registration,
            flow: Flow::Conformance,
            user: Some(offer.user.name.clone()),
            options: &offer.options,
            response: serde_json::to_value(response).unwrap_or_default(),
            client_data: response.response.client_data_json.as_ref().map(|json| json.as_bytes()),
            data: response.response.attestation_object.as_bytes(),
        };
        let record = self.records.keep(evidence, &judgement, time);
        if let Some(attested) = credential {
            let name = AccountName::parse(&offer.user.name)?;
            let purpose = Purpose::SecondFactor;
            let credential = Credential::of(attested, purpose, "", time);
            self.change(|state| {
                let mut account = match state.programs.get(&name) {
                    // Somebody else registered the name in the meantime: the user handle that the
                    // key got is not the account's.
                    Some(account) if account.user_handle != offer.user.id => {
                        return Err(Refusal::NoOffer);
                    }
                    Some(account) => account.clone(),
                    None => Account::of(&offer.user, name),
                };
                account.add(credential)?;
                Ok(state.programs.put(account)?)
            })?;
        }
        Ok(Decision { accepted: judgement.accepted, reason: judgement.reason(), record })
    }

    /// `POST /assertion/options`: gives the options.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when there is no such user.
    pub fn conformance_assertion(
        &mut self,
        session: SessionKey,
        request: &AssertionRequest,
    ) -> Result<Value, Refusal> {
        let name = AccountName::parse(&request.username)?;
        let account = self.state.programs.get(&name).ok_or(Refusal::NoCredential)?;
        let allow = account.descriptors();
        if allow.is_empty() {
            return Err(Refusal::NoCredential);
        }
        let verification =
            word(request.user_verification.as_ref(), UserVerificationRequirement::from_text);
        let terms = AssertionTerms {
            allow,
            user_verification: match self.identity.profile {
                Profile::Plain => verification.unwrap_or(UserVerificationRequirement::Preferred),
                Profile::Entra => UserVerificationRequirement::Required,
            },
            timeout: TIMEOUT,
            extensions: request.extensions.clone().unwrap_or_default(),
        };
        let offer = terms.offer(&self.identity, Challenge::fresh(self.surroundings.random)?);
        let options = offer.options.clone();
        let now = self.surroundings.clock.now();
        self.sessions.get_mut(session)?.wait_for_assertion(offer, now);
        Ok(options)
    }

    /// `POST /assertion/result`: judges the response.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when no options wait for it, or the new counter cannot be kept.
    pub fn conformance_asserted(
        &mut self,
        session: SessionKey,
        response: &AuthenticationResponseJson,
    ) -> Result<Decision, Refusal> {
        let now = self.surroundings.clock.now();
        let offer = self.sessions.get_mut(session)?.take_assertion(now)?;
        let id = response.raw_id.as_bytes();
        let found = self.state.programs.find(id);
        let kept =
            found.map(|(account, credential)| credential.kept(account.user_handle.as_bytes()));
        let judgement = offer.judge(response, kept);
        let name = found.map(|(account, _)| account.name.clone());
        let time = self.surroundings.unix_time();
        let evidence = Evidence {
            kind: Kind::Assertion,
            flow: Flow::Conformance,
            user: name.as_ref().map(ToString::to_string),
            options: &offer.options,
            response: serde_json::to_value(response).unwrap_or_default(),
            client_data: response.response.client_data_json.as_ref().map(|json| json.as_bytes()),
            data: response.response.authenticator_data.as_bytes(),
        };
        let record = self.records.keep(evidence, &judgement, time);
        if let (true, Some(name)) = (judgement.accepted, name) {
            self.change(|state| {
                let account = state.programs.get_mut(&name);
                if let Some(credential) = account.and_then(|account| account.credential_mut(id)) {
                    credential.note_use(&judgement.facts, time);
                }
                Ok(())
            })?;
        }
        Ok(Decision { accepted: judgement.accepted, reason: judgement.reason(), record })
    }
}
