//! The acts of the FIDO2 conformance interface: registrations and assertions by user name alone.
//!
//! Whoever asks may register a credential for any name: these accounts are for programs, and have
//! nothing to do with those of people.

use super::sessions::{AssertionFor, RegistrationFor};
use super::{Decision, Refusal, RelyingParty, SessionKey};
use crate::relying_party::accounts::{Account, AccountName, Credential, Purpose};
use crate::relying_party::ceremony::{AssertionTerms, RegistrationTerms, TIMEOUT};
use crate::relying_party::record::Flow;
use crate::webauthn::json::options::{
    AttestationConveyance, AuthenticatorAttachment, ResidentKeyRequirement,
    UserVerificationRequirement,
};
use crate::webauthn::json::{AuthenticationResponseJson, RegistrationResponseJson};
use serde::Deserialize;
use serde_json::{Map, Value};

/// The longest display name, in bytes.
const MAX_DISPLAY_NAME: usize = 256;

/// The longest extensions that are kept with options, in bytes of JSON.
const MAX_EXTENSIONS: usize = 4096;

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

/// Extensions as they are kept until the response comes.
///
/// # Errors
///
/// [`Refusal::ExtensionsTooLong`] for more of them than a session keeps.
fn extensions(asked: Option<&Map<String, Value>>) -> Result<Map<String, Value>, Refusal> {
    let asked = asked.cloned().unwrap_or_default();
    let length = serde_json::to_string(&asked).map_or(usize::MAX, |text| text.len());
    if length > MAX_EXTENSIONS { Err(Refusal::ExtensionsTooLong) } else { Ok(asked) }
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
            None => Account::new(
                name,
                &request.display_name,
                self.identity.profile,
                self.surroundings.random,
            )?,
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
            extensions: extensions(request.extensions.as_ref())?,
            hints: Vec::new(),
        };
        self.offer_registration(session, terms, RegistrationFor::Conformance)
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
        let waiting = self.take_registration(session)?;
        if waiting.purpose != RegistrationFor::Conformance {
            return Err(Refusal::NoOffer);
        }
        let user = &waiting.offer.user;
        let name = AccountName::parse(&user.name)?;
        let outcome = self.judge_registration(session, &waiting, Flow::Conformance, response);
        if let Some((attested, time)) = outcome.accepted {
            let credential = Credential::of(attested, Purpose::SecondFactor, "", time);
            self.change(|state| {
                let mut account = match state.programs.get(&name) {
                    // Somebody else registered the name in the meantime: the user handle that the
                    // key got is not the account's.
                    Some(account) if account.user_handle != user.id => {
                        return Err(Refusal::NoOffer);
                    }
                    Some(account) => account.clone(),
                    None => Account::of(user, name),
                };
                account.add(credential)?;
                state.programs.put_in_turn(account);
                Ok(())
            })?;
        }
        Ok(outcome.decision)
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
            user_verification: verification.unwrap_or(UserVerificationRequirement::Preferred),
            timeout: TIMEOUT,
            extensions: extensions(request.extensions.as_ref())?,
        };
        self.offer_assertion(session, terms, AssertionFor::Conformance)
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
        let waiting = self.take_assertion(session)?;
        if waiting.purpose != AssertionFor::Conformance {
            return Err(Refusal::NoOffer);
        }
        let outcome = self.judge_assertion(session, &waiting, Flow::Conformance, response);
        if let Some(asserted) = &outcome.accepted {
            self.note_use(Flow::Conformance, asserted)?;
        }
        Ok(outcome.decision)
    }
}
