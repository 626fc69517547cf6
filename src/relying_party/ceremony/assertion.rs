//! Assertions (WebAuthn Level 3 sections 5.5 and 7.2).

use super::judgement::{Judgement, ServerCheck};
use super::terms::{Challenge, finish, names};
use crate::relying_party::identity::Identity;
use crate::webauthn::json::AuthenticationResponseJson;
use crate::webauthn::json::options::{
    DescriptorJson, RequestOptionsJson, UserVerificationRequirement,
};
use crate::webauthn::public_key::PublicKey;
use crate::webauthn::verify::{
    AssertionInput, ClientData, CredentialKey, Expected, KnownCredential, assertion,
};
use serde_json::{Map, Value};

/// Section 7.2, the steps that identify the user and find the credential record.
const KNOWN: ServerCheck = ServerCheck {
    id: "credential_of_account",
    rule: "an account here has the credential, and it may be used for this",
    section: "7.2",
};

/// What an assertion asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct AssertionTerms {
    /// The credentials that will do; empty for any discoverable one.
    pub allow: Vec<DescriptorJson>,
    /// Whether the right person must be there.
    pub user_verification: UserVerificationRequirement,
    /// For how long the client should wait, in milliseconds.
    pub timeout: u64,
    /// Extensions by their WebAuthn names.
    pub extensions: Map<String, Value>,
}

impl AssertionTerms {
    /// Makes the options, and what must be kept until the response comes.
    pub fn offer(self, identity: &Identity, challenge: Challenge) -> AssertionOffer {
        let mut expected = Expected::new(identity.rp_id.as_str());
        expected.challenge = Some(challenge.0.to_vec());
        expected.origins = vec![identity.origin.to_string()];
        expected.user_verification =
            self.user_verification == UserVerificationRequirement::Required;
        expected.extensions = names(&self.extensions);
        let rp_id = Some(identity.rp_id.as_str().to_owned());
        let mut options = RequestOptionsJson::new(rp_id, challenge.0.as_slice());
        options.allow_credentials.clone_from(&self.allow);
        options.stated_user_verification = Some(self.user_verification);
        let list = ("allowCredentials", self.allow.as_slice());
        let options =
            finish(options.to_json(), identity.profile, list, self.timeout, &self.extensions);
        let allowed = self.allow.into_iter().map(|descriptor| descriptor.id.0).collect();
        AssertionOffer { allowed, expected, options }
    }
}

/// What a relying party keeps of a credential, for an assertion to be held against.
#[derive(Clone, Copy, Debug)]
pub struct Kept<'a> {
    /// The credential ID.
    pub id: &'a [u8],
    /// The public key in COSE's form.
    pub public_key: &'a [u8],
    /// The signature counter as it was last seen.
    pub sign_count: u32,
    /// Whether the credential may be backed up.
    pub backup_eligible: bool,
    /// Whether it was, when last seen.
    pub backed_up: bool,
    /// The user handle of its account.
    pub user_handle: &'a [u8],
}

/// An assertion that waits for its response.
#[derive(Clone, Debug, PartialEq)]
pub struct AssertionOffer {
    /// The IDs of the credentials that will do; empty for any discoverable one.
    pub allowed: Vec<Vec<u8>>,
    /// What the response is held against.
    pub expected: Expected,
    /// The options as they were sent: `PublicKeyCredentialRequestOptionsJSON`.
    pub options: Value,
}

impl AssertionOffer {
    /// Judges the response.
    ///
    /// `kept` is what the relying party keeps under the response's credential ID, if that may be
    /// used for this.
    pub fn judge(
        &self,
        response: &AuthenticationResponseJson,
        kept: Option<Kept<'_>>,
    ) -> Judgement {
        let key = kept.map(|kept| PublicKey::from_cose_bytes(kept.public_key));
        let known = KnownCredential {
            id: kept.map(|kept| kept.id),
            key: key.as_ref().map_or(CredentialKey::Unknown, CredentialKey::from),
            sign_count: kept.map(|kept| kept.sign_count),
            user_handle: kept.map(|kept| kept.user_handle),
            backup_eligible: kept.map(|kept| kept.backup_eligible),
            backed_up: kept.map(|kept| kept.backed_up),
        };
        let parts = &response.response;
        let client_data = parts.client_data_json.as_ref().map_or(&[][..], |json| json.as_bytes());
        let verdict = assertion(&AssertionInput {
            client_data: ClientData::Json(client_data),
            authenticator_data: parts.authenticator_data.as_bytes(),
            signature: parts.signature.as_bytes(),
            credential_id: response.raw_id.as_bytes(),
            user_handle: parts.user_handle.as_ref().map(|handle| handle.as_bytes()),
            allowed: &self.allowed,
            known,
            document: Some(response),
            expected: &self.expected,
        });
        let own = KNOWN.judge(kept.is_some(), "a credential that is registered here", "none such");
        Judgement::of(verdict, Some(own))
    }
}
