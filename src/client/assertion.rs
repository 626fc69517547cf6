//! Making an assertion (WebAuthn Level 3 section 5.1.4).

use super::{ClientDataSource, ClientError};
use crate::authenticator::{self, AssertParameters, Context, Key, UserVerification};
use crate::ctap::extensions::AssertionOutputs;
use crate::ctap::hmac_secret::{HmacOutputs, HmacSalts};
use crate::ctap::{CredentialDescriptor, SecretBytes, UserEntity};
use crate::webauthn::client_data::ClientDataType;
use crate::webauthn::json::{
    AuthenticationResponseJson, AuthenticatorAssertionResponseJson, ExtensionResults,
};
use crate::webauthn::public_key::{PublicKey, PublicKeyError};
use crate::webauthn::rp_id::RpId;
use crate::webauthn::verify::{self, AssertionInput, ClientData, Verdict};

/// An assertion to be made.
#[derive(Debug)]
pub struct AssertionRequest {
    /// For whom.
    pub rp_id: RpId,
    /// What is signed.
    pub client_data: ClientDataSource,
    /// Acceptable credentials; empty for any that the key holds.
    pub allow: Vec<Vec<u8>>,
    /// Whether the person is verified.
    pub user_verification: UserVerification,
    /// Whether a touch is asked for.
    pub user_presence: bool,
    /// Salts for the hmac-secret extension.
    pub hmac_secret: Option<HmacSalts>,
    /// Whether the blob kept with the credential is asked for.
    pub get_cred_blob: bool,
    /// Whether the key of the credential's large blob is asked for.
    pub large_blob_key: bool,
    /// What is known of the credential since its registration.
    pub known: Option<KnownRegistration>,
}

/// What is known of a credential since its registration.
#[derive(Debug)]
pub struct KnownRegistration {
    /// The relying party's ID, where it is known.
    pub rp_id: Option<String>,
    /// The credential's ID, where it is known: other credentials are not held against it.
    pub credential_id: Option<Vec<u8>>,
    /// The public key, or why it cannot be used.
    pub public_key: Result<PublicKey, PublicKeyError>,
    /// The signature counter as it was last seen.
    pub sign_count: Option<u32>,
    /// The account's user handle.
    pub user_handle: Option<Vec<u8>>,
    /// Whether the credential could be backed up (BE), which never changes.
    pub backup_eligible: Option<bool>,
    /// Whether the credential was backed up (BS) when it was last seen.
    pub backed_up: Option<bool>,
}

/// An assertion that was made.
#[derive(Debug)]
pub struct Asserted {
    /// What a relying party gets.
    pub response: AuthenticationResponseJson,
    /// What verifying it says.
    pub verdict: Verdict,
    /// The account, as far as the key says; names only after user verification.
    pub user: Option<UserEntity>,
    /// The outputs of hmac-secret.
    pub hmac_secret: Option<HmacOutputs>,
    /// The blob kept with the credential.
    pub cred_blob: Option<SecretBytes>,
    /// The key of the credential's large blob.
    pub large_blob_key: Option<SecretBytes>,
    /// The extensions that were asked for, by the names that keys use.
    pub asked: Vec<String>,
    /// What else the key gave for them.
    pub outputs: AssertionOutputs,
}

/// Makes an assertion with each credential that fits and verifies them; the key's newest
/// credential comes first. There is at least one.
///
/// A verdict that says no is a result, not an error.
///
/// # Errors
///
/// When the request breaks a rule, the ceremony fails, or the result is not understood.
pub fn assert(
    key: &mut Key,
    context: &mut Context<'_>,
    request: AssertionRequest,
) -> Result<Vec<Asserted>, ClientError> {
    let mut client_data = request.client_data.prepare(ClientDataType::Get, &request.rp_id)?;
    let expected = &mut client_data.expected;
    expected.user_verification = request.user_verification == UserVerification::Required;
    expected.user_presence = request.user_presence;
    let asked = [
        (request.hmac_secret.is_some(), "hmac-secret"),
        (request.get_cred_blob, "credBlob"),
        (request.large_blob_key, "largeBlobKey"),
    ];
    let asked = asked.into_iter().filter(|(on, _)| *on).map(|(_, name)| name.to_owned());
    let asked: Vec<String> = asked.collect();
    expected.extensions = Some(asked.clone());
    let parameters = AssertParameters {
        rp_id: request.rp_id.to_string(),
        client_data_hash: client_data.hash,
        allow: request.allow.iter().cloned().map(CredentialDescriptor::new).collect(),
        user_verification: request.user_verification,
        user_presence: request.user_presence,
        hmac_secret: request.hmac_secret,
        get_cred_blob: request.get_cred_blob,
        large_blob_key: request.large_blob_key,
    };
    let made = authenticator::assert(key, context, &parameters)?;
    let mut asserted = Vec::new();
    for assertion in made.assertions {
        let mut outputs = assertion.response.extensions();
        let given = assertion.response;
        // A key may leave the credential out when only one was allowed (CTAP 2.3 section 6.2.3).
        let credential_id = match (&given.credential, request.allow.as_slice()) {
            (Some(credential), _) => credential.id.clone(),
            (None, [only]) => only.clone(),
            (None, _) => Vec::new(),
        };
        let user_handle =
            given.user.as_ref().map(|user| user.id.clone()).filter(|id| !id.is_empty());
        let response = AuthenticationResponseJson::new(
            &credential_id,
            AuthenticatorAssertionResponseJson {
                client_data_json: client_data.json.as_deref().map(Into::into),
                authenticator_data: given.auth_data.as_slice().into(),
                signature: given.signature.as_slice().into(),
                user_handle: user_handle.as_deref().map(Into::into),
            },
            ExtensionResults::new(),
        );
        let known = request
            .known
            .as_ref()
            .filter(|known| known.credential_id.as_ref().is_none_or(|id| *id == credential_id));
        let verdict = verify::assertion(&AssertionInput {
            client_data: match &client_data.json {
                Some(json) => ClientData::Json(json),
                None => ClientData::Hash(client_data.hash),
            },
            authenticator_data: &given.auth_data,
            signature: &given.signature,
            credential_id: &credential_id,
            user_handle: user_handle.as_deref(),
            allowed: &request.allow,
            known: known.map(KnownRegistration::known).unwrap_or_default(),
            document: Some(&response),
            expected: &client_data.expected,
        });
        asserted.push(Asserted {
            response,
            verdict,
            user: given.user,
            hmac_secret: assertion.hmac_secret,
            cred_blob: outputs.cred_blob.take(),
            large_blob_key: given.large_blob_key,
            asked: asked.clone(),
            outputs,
        });
    }
    Ok(asserted)
}
