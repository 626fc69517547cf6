//! Making assertions (CTAP 2.3 sections 6.2 and 6.3).

use super::error::AuthenticatorError;
use super::interaction::Act;
use super::key::{Context, Key};
use super::register::not_recognised;
use super::token::Need;
use super::verification::{self, Ceremony, Method, UserVerification};
use crate::ctap::extensions::AssertionExtensions;
use crate::ctap::get_assertion::{AssertionResponse, GetAssertion, GetNextAssertion};
use crate::ctap::hmac_secret::{HmacOutputs, HmacSalts, HmacSecretInput};
use crate::ctap::{CredentialDescriptor, Permissions};
use crate::wire::status::Status;

/// The most assertions that one request may have. The largest stores of known keys hold 300.
const MAX_ASSERTIONS: u64 = 1024;

/// What is to be asserted.
#[derive(Debug)]
pub struct AssertParameters {
    /// The relying party.
    pub rp_id: String,
    /// SHA-256 of the client data.
    pub client_data_hash: [u8; 32],
    /// Acceptable credentials; empty for any that the key holds.
    pub allow: Vec<CredentialDescriptor>,
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
}

/// One assertion.
#[derive(Debug)]
pub struct Assertion {
    /// The key's answer.
    pub response: AssertionResponse,
    /// The outputs of hmac-secret.
    pub hmac_secret: Option<HmacOutputs>,
}

/// All assertions of one request, the key's newest credential first.
#[derive(Debug)]
pub struct Assertions {
    /// At least one.
    pub assertions: Vec<Assertion>,
}

/// Makes an assertion with each credential that fits.
///
/// # Errors
///
/// When the key holds no credential that fits, cannot, refuses, or nobody touches it or gives the
/// PIN.
pub fn assert(
    key: &mut Key,
    context: &mut Context<'_>,
    parameters: &AssertParameters,
) -> Result<Assertions, AuthenticatorError> {
    let info = key.info(context)?;
    let method = verification::method(info, parameters.user_verification, Ceremony::Assert)?;
    let first = match begin(key, context, parameters, method) {
        Err(AuthenticatorError::Refused {
            status: Status::PUAT_REQUIRED | Status::UV_BLOCKED,
            ..
        }) if matches!(method, Method::None | Method::BuiltInOption) => {
            if !verification::pin_can_stand_in(key.info(context)?) {
                return Err(AuthenticatorError::NoUserVerification);
            }
            begin(key, context, parameters, Method::Pin)?
        }
        result => result?,
    };
    let Begun { response, hmac_secret } = first;
    let count = response.number_of_credentials.unwrap_or(1);
    if count > MAX_ASSERTIONS {
        return Err(AuthenticatorError::TooMany { what: "assertions", claimed: count });
    }
    let mut assertions = vec![finish(key, response, hmac_secret.as_ref())?];
    for _ in 1..count {
        match key.exchange(context, &GetNextAssertion) {
            Ok(next) => assertions.push(finish(key, next, hmac_secret.as_ref())?),
            // There are fewer than the key has said.
            Err(AuthenticatorError::Refused { status: Status::NO_CREDENTIALS, .. }) => break,
            Err(error) => return Err(error),
        }
    }
    Ok(Assertions { assertions })
}

/// The first assertion, and what its hmac-secret outputs are decrypted with.
struct Begun {
    response: AssertionResponse,
    hmac_secret: Option<HmacSecretInput>,
}

fn begin(
    key: &mut Key,
    context: &mut Context<'_>,
    parameters: &AssertParameters,
    method: Method,
) -> Result<Begun, AuthenticatorError> {
    let mut request = GetAssertion {
        rp_id: parameters.rp_id.clone(),
        client_data_hash: parameters.client_data_hash,
        allow_list: parameters.allow.clone(),
        extensions: AssertionExtensions {
            get_cred_blob: parameters.get_cred_blob,
            large_blob_key: parameters.large_blob_key,
            ..AssertionExtensions::default()
        },
        up: (!parameters.user_presence).then_some(false),
        uv: None,
        pin_uv_auth: None,
    };
    let response = match method {
        Method::None | Method::BuiltInOption => {
            request.extensions.hmac_secret = hmac_secret(key, context, parameters)?;
            if method == Method::None {
                let derives = request.extensions.hmac_secret.is_some();
                key.exchange(context, &request).map_err(|error| only_verified(error, derives))
            } else {
                request.uv = Some(true);
                let within = context.settings.timing.touch;
                let result = key.exchange_with(context, &request, &Act::VerifyOnKey { within });
                result.map_err(not_recognised)
            }
        }
        Method::Pin | Method::BuiltInToken => {
            let rp_id = Some(parameters.rp_id.as_str());
            let need = Need { permissions: Permissions::GET_ASSERTION, rp_id };
            let result = key.with_token(context, need, method, |key, context, token| {
                // After the token: fetching it may have changed the shared secret.
                request.extensions.hmac_secret = hmac_secret(key, context, parameters)?;
                request.pin_uv_auth = Some(token.authenticate(&request.client_data_hash));
                key.exchange(context, &request)
            });
            // The key takes the permission back with the first use (CTAP 2.1 section 6.5.5.7).
            key.token = None;
            result
        }
    }?;
    Ok(Begun { response, hmac_secret: request.extensions.hmac_secret })
}

/// Token2's T2F2 refuses hmac-secret under protocol two without a token, and says so as if there
/// had been a token.
fn only_verified(error: AuthenticatorError, derives: bool) -> AuthenticatorError {
    match error {
        AuthenticatorError::Refused { status: status @ Status::PIN_AUTH_INVALID, .. }
            if derives =>
        {
            let what = "the derivation of secrets (hmac-secret)";
            AuthenticatorError::OnlyVerified { what, status }
        }
        other => other,
    }
}

/// The salts, encrypted for the key.
fn hmac_secret(
    key: &mut Key,
    context: &mut Context<'_>,
    parameters: &AssertParameters,
) -> Result<Option<HmacSecretInput>, AuthenticatorError> {
    let Some(salts) = &parameters.hmac_secret else { return Ok(None) };
    key.shared_secret(context)?;
    let Some(shared) = &key.shared else { return Ok(None) };
    Ok(Some(HmacSecretInput::new(shared, salts, context.random)?))
}

/// Decrypts what the key gave under the shared secret.
fn finish(
    key: &Key,
    response: AssertionResponse,
    input: Option<&HmacSecretInput>,
) -> Result<Assertion, AuthenticatorError> {
    let encrypted = response.extensions().hmac_secret;
    let hmac_secret = match (encrypted, input, &key.shared) {
        (Some(encrypted), Some(input), Some(shared)) => Some(input.decrypt(shared, &encrypted)?),
        _ => None,
    };
    Ok(Assertion { response, hmac_secret })
}
