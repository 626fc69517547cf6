//! Making assertions (CTAP 2.3 sections 6.2 and 6.3).

use super::context::Context;
use super::error::AuthenticatorError;
use super::interaction::Act;
use super::key::Key;
use super::preflight::{self, ADDED_LATER, Sending, Sent};
use super::register::{decrypted, encrypted_salts, not_recognised};
use super::token::{Need, Token};
use super::verification::{self, Ceremony, Method, UserVerification};
use crate::ctap::extensions::AssertionExtensions;
use crate::ctap::get_assertion::{AssertionResponse, GetAssertion, GetNextAssertion};
use crate::ctap::hmac_secret::{HmacOutputs, HmacSalts, HmacSecretInput};
use crate::ctap::{CommandCode, CredentialDescriptor, Permissions, Request};
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
    /// A U2F AppID under which the credentials may have been made instead.
    pub app_id: Option<String>,
    /// Salts for the hmac-secret extension.
    pub hmac_secret: Option<HmacSalts>,
    /// Salts that stand in for these with single credentials of the list, by credential ID.
    pub hmac_secret_by_credential: Vec<(Vec<u8>, HmacSalts)>,
    /// Whether the blob kept with the credential is asked for.
    pub get_cred_blob: bool,
    /// Whether the key of the credential's large blob is asked for.
    pub large_blob_key: bool,
    /// Whether the store of large blobs is to be written afterwards: a token for it is fetched with
    /// the one for the assertion.
    pub then_large_blob_write: bool,
}

/// One assertion.
#[derive(Debug)]
pub struct Assertion {
    /// The key's answer; it names the credential where only one was asked for, too.
    pub response: AssertionResponse,
    /// The outputs of hmac-secret.
    pub hmac_secret: Option<HmacOutputs>,
}

/// All assertions of one request, the key's newest credential first.
#[derive(Debug)]
pub struct Assertions {
    /// At least one.
    pub assertions: Vec<Assertion>,
    /// Whether the credential was made with U2F, under the AppID.
    pub app_id_used: bool,
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
    let allow = preflight::possible(info, &parameters.allow);
    if allow.is_empty() && !parameters.allow.is_empty() {
        // An empty list would allow any credential.
        let (command, status) = (CommandCode::GET_ASSERTION, Status::NO_CREDENTIALS);
        return Err(AuthenticatorError::Refused { command, status });
    }
    let app_id = made_with_u2f(key, context, parameters, &allow)?;
    let rp_id = app_id.unwrap_or(&parameters.rp_id);
    let asked = Asked { parameters, rp_id, allow: &allow, sending: Sending::Whole };
    let first = verification::with_pin_in_reserve(key, context, method, |key, context, method| {
        begin(key, context, asked, method)
    })?;
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
    Ok(Assertions { assertions, app_id_used: app_id.is_some() })
}

/// What is asked of the key, after it was seen what it can hold.
#[derive(Clone, Copy)]
struct Asked<'a> {
    parameters: &'a AssertParameters,
    /// The RP ID, or the AppID in its place.
    rp_id: &'a str,
    allow: &'a [CredentialDescriptor],
    sending: Sending,
}

/// The AppID, if a credential was made under it and none under the RP ID (WebAuthn Level 3 section
/// 10.1.1).
fn made_with_u2f<'a>(
    key: &mut Key,
    context: &mut Context<'_>,
    parameters: &'a AssertParameters,
    allow: &[CredentialDescriptor],
) -> Result<Option<&'a str>, AuthenticatorError> {
    let Some(app_id) = parameters.app_id.as_deref() else { return Ok(None) };
    if !preflight::speaks_u2f(key, context)? {
        return Ok(None);
    }
    let mut holds = |rp_id| match preflight::find(key, context, rp_id, allow, Sending::Whole, None)
    {
        Err(AuthenticatorError::Refused { .. }) => Ok(false),
        result => result.map(|found| found.is_some()),
    };
    Ok((holds(app_id)? && !holds(&parameters.rp_id)?).then_some(app_id))
}

/// The first assertion, and what its hmac-secret outputs are decrypted with.
struct Begun {
    response: AssertionResponse,
    hmac_secret: Option<HmacSecretInput>,
}

/// Makes the first assertion with the list as the key takes it.
fn begin(
    key: &mut Key,
    context: &mut Context<'_>,
    asked: Asked<'_>,
    method: Method,
) -> Result<Begun, AuthenticatorError> {
    match begin_sending(key, context, asked, method)? {
        Sent::Done(begun) => Ok(begun),
        Sent::ListRefused { .. } => {
            let cut = Asked { sending: Sending::Cut, ..asked };
            begin_sending(key, context, cut, method)?.done()
        }
    }
}

fn begin_sending(
    key: &mut Key,
    context: &mut Context<'_>,
    asked: Asked<'_>,
    method: Method,
) -> Result<Sent<Begun>, AuthenticatorError> {
    match method {
        Method::None => send(key, context, asked, None, None),
        Method::BuiltInOption => {
            send(key, context, asked, Some(true), None).map_err(not_recognised)
        }
        Method::Pin | Method::BuiltInToken => {
            let writes = asked.parameters.then_large_blob_write;
            let later = if writes { Permissions::LARGE_BLOB_WRITE } else { Permissions::default() };
            let permissions = Permissions::GET_ASSERTION | later;
            let need = Need { permissions, rp_id: Some(asked.rp_id) };
            let result = key.with_token(context, need, method, |key, context, token| {
                send(key, context, asked, None, Some(token))
            });
            // The key takes every other permission back with the first use (CTAP 2.1 section
            // 6.5.5.7).
            key.token = key.token.take().and_then(|token| token.left_with(later));
            result
        }
    }
}

/// Sends the command, with what of the list the key takes.
fn send(
    key: &mut Key,
    context: &mut Context<'_>,
    asked: Asked<'_>,
    uv: Option<bool>,
    token: Option<&Token>,
) -> Result<Sent<Begun>, AuthenticatorError> {
    let parameters = asked.parameters;
    let mut request = GetAssertion {
        rp_id: asked.rp_id.to_owned(),
        client_data_hash: parameters.client_data_hash,
        allow_list: Vec::new(),
        extensions: AssertionExtensions {
            get_cred_blob: parameters.get_cred_blob,
            large_blob_key: parameters.large_blob_key,
            ..AssertionExtensions::default()
        },
        up: (!parameters.user_presence).then_some(false),
        uv,
        pin_uv_auth: token.map(|token| token.authenticate(&parameters.client_data_hash)),
    };
    request.allow_list = allowed(key, context, asked, &request, token)?;
    // After the token: fetching it may have changed the shared secret.
    let salts = match request.allow_list.as_slice() {
        [only] => {
            let own = parameters.hmac_secret_by_credential.iter().find(|(id, _)| *id == only.id);
            own.map(|(_, salts)| salts).or(parameters.hmac_secret.as_ref())
        }
        _ => parameters.hmac_secret.as_ref(),
    };
    request.extensions.hmac_secret = encrypted_salts(key, context, salts)?;
    let result = if uv == Some(true) {
        let within = context.settings.timing.touch;
        key.exchange_with(context, &request, &Act::VerifyOnKey { within })
    } else {
        key.exchange(context, &request)
    };
    let unverified = token.is_none() && uv.is_none() && salts.is_some();
    let result = result.map_err(|error| only_verified(error, unverified));
    let mut response = match Sent::of(result, &request.allow_list)? {
        Sent::Done(response) => response,
        Sent::ListRefused { command, status } => {
            return Ok(Sent::ListRefused { command, status });
        }
    };
    // A key may leave the credential out when only one was allowed (CTAP 2.3 section 6.2.3).
    if let (None, [only]) = (&response.credential, request.allow_list.as_slice()) {
        response.credential = Some(only.clone());
    }
    Ok(Sent::Done(Begun { response, hmac_secret: request.extensions.hmac_secret }))
}

/// The list as it is sent: whole where the key takes it, or else the one that the key holds. Salts
/// that belong to single credentials, too, need to know which one it is.
fn allowed(
    key: &mut Key,
    context: &mut Context<'_>,
    asked: Asked<'_>,
    request: &GetAssertion,
    token: Option<&Token>,
) -> Result<Vec<CredentialDescriptor>, AuthenticatorError> {
    let rest = request.encode().len().saturating_add(ADDED_LATER);
    let fits = preflight::fits(key.info(context)?, asked.allow, rest);
    let whole = fits && asked.sending == Sending::Whole;
    let one_by_one = !asked.parameters.hmac_secret_by_credential.is_empty();
    if asked.allow.len() <= 1 || (whole && !one_by_one) {
        return Ok(asked.allow.to_vec());
    }
    let Asked { rp_id, allow, sending, .. } = asked;
    let found = preflight::find(key, context, rp_id, allow, sending, token)?;
    // With none on it, the key says so itself, after its touch.
    Ok(found.or_else(|| allow.first().cloned()).into_iter().collect())
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

/// Decrypts what the key gave under the shared secret.
fn finish(
    key: &Key,
    response: AssertionResponse,
    input: Option<&HmacSecretInput>,
) -> Result<Assertion, AuthenticatorError> {
    let encrypted = response.extensions().hmac_secret;
    let hmac_secret = decrypted(key, encrypted.as_deref(), input)?;
    Ok(Assertion { response, hmac_secret })
}
