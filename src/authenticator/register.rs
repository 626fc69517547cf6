//! Making a credential (CTAP 2.3 section 6.1).

use super::error::{AuthenticatorError, PinError};
use super::interaction::Act;
use super::key::{Context, Key};
use super::token::Need;
use super::verification::{self, Ceremony, Method, UserVerification};
use crate::ctap::Permissions;
use crate::ctap::make_credential::{MakeCredential, MakeCredentialResponse};
use crate::wire::status::Status;

/// Makes a credential.
///
/// What the request says of user verification (`uv`, `pin_uv_auth`) is filled in here, by what
/// `wanted` asks for and what the key can do.
///
/// # Errors
///
/// When the key cannot, refuses, or nobody touches it or gives the PIN. Nothing was made then,
/// unless the channel failed after the touch.
pub fn register(
    key: &mut Key,
    context: &mut Context<'_>,
    request: &mut MakeCredential,
    wanted: UserVerification,
) -> Result<MakeCredentialResponse, AuthenticatorError> {
    let info = key.info(context)?;
    let resident = request.rk == Some(true);
    if resident && info.options().rk() != Some(true) {
        let what = "resident credentials (discoverable credentials, passkeys)".to_owned();
        return Err(AuthenticatorError::Unsupported { what });
    }
    // A key answers with a status that says no more than that a parameter is wrong (section 6.1.2).
    if request.enterprise_attestation.is_some() && info.options().ep() != Some(true) {
        let off = info.options().ep().map_or("", |_| ", which is switched off on it");
        let what = format!("enterprise attestation{off}");
        return Err(AuthenticatorError::Unsupported { what });
    }
    let method = verification::method(info, wanted, Ceremony::Register { resident })?;
    match make(key, context, request, method) {
        // The key insists on verification although it did not say so, or its own is blocked.
        Err(AuthenticatorError::Refused {
            status: Status::PUAT_REQUIRED | Status::UV_BLOCKED,
            ..
        }) if matches!(method, Method::None | Method::BuiltInOption) => {
            if !verification::pin_can_stand_in(key.info(context)?) {
                return Err(AuthenticatorError::NoUserVerification);
            }
            make(key, context, request, Method::Pin)
        }
        result => result,
    }
}

fn make(
    key: &mut Key,
    context: &mut Context<'_>,
    request: &mut MakeCredential,
    method: Method,
) -> Result<MakeCredentialResponse, AuthenticatorError> {
    request.uv = None;
    request.pin_uv_auth = None;
    match method {
        Method::None => key.exchange(context, &*request),
        Method::BuiltInOption => {
            request.uv = Some(true);
            let within = context.settings.timing.touch;
            let result = key.exchange_with(context, &*request, &Act::VerifyOnKey { within });
            result.map_err(not_recognised)
        }
        Method::Pin | Method::BuiltInToken => {
            let rp_id = request.rp.id.clone();
            let permissions = Permissions::MAKE_CREDENTIAL;
            let need = Need { permissions, rp_id: Some(&rp_id) };
            let result = key.with_token(context, need, method, |key, context, token| {
                request.pin_uv_auth = Some(token.authenticate(&request.client_data_hash));
                key.exchange(context, &*request)
            });
            // The key takes the permission back with the first use (CTAP 2.1 section 6.5.5.7).
            key.token = None;
            result
        }
    }
}

/// A refusal of the key's own verification within a command.
pub(super) fn not_recognised(error: AuthenticatorError) -> AuthenticatorError {
    match error {
        AuthenticatorError::Refused { status: Status::UV_INVALID, .. } => {
            PinError::NotRecognised { retries: None }.into()
        }
        other => other,
    }
}
