//! Making a credential (CTAP 2.3 section 6.1).

use super::context::Context;
use super::error::{AuthenticatorError, PinError};
use super::interaction::Act;
use super::key::Key;
use super::preflight::{self, ADDED_LATER, Sending, Sent};
use super::token::{Need, Token};
use super::verification::{self, Ceremony, Method, UserVerification};
use crate::ctap::hmac_secret::{HmacOutputs, HmacSalts, HmacSecretInput};
use crate::ctap::make_credential::{MakeCredential, MakeCredentialResponse};
use crate::ctap::{CommandCode, CredentialDescriptor, Permissions, Request};
use crate::wire::status::Status;

/// What is to be made.
#[derive(Debug)]
pub struct RegisterParameters {
    /// The command. What it says of user verification (`uv`, `pin_uv_auth`) and of hmac-secret-mc
    /// is filled in, and its exclude list is cut to what the key takes.
    pub command: MakeCredential,
    /// Whether the person is verified.
    pub user_verification: UserVerification,
    /// Salts to evaluate right away (hmac-secret-mc).
    pub hmac_secret: Option<HmacSalts>,
    /// A U2F AppID under which no excluded credential may be on the key, either.
    pub exclude_app_id: Option<String>,
}

/// A credential that was made.
#[derive(Debug)]
pub struct Made {
    /// The key's answer.
    pub response: MakeCredentialResponse,
    /// What the salts gave.
    pub hmac_secret: Option<HmacOutputs>,
}

/// Makes a credential.
///
/// # Errors
///
/// When the key cannot, refuses, or nobody touches it or gives the PIN. Nothing was made then,
/// unless the channel failed after the touch.
pub fn register(
    key: &mut Key,
    context: &mut Context<'_>,
    mut parameters: RegisterParameters,
) -> Result<Made, AuthenticatorError> {
    let info = key.info(context)?;
    let resident = parameters.command.rk == Some(true);
    if resident && info.options().rk() != Some(true) {
        let what = "resident credentials (discoverable credentials, passkeys)".to_owned();
        return Err(AuthenticatorError::Unsupported { what });
    }
    // A key answers with a status that says no more than that a parameter is wrong (section 6.1.2).
    if parameters.command.enterprise_attestation.is_some() && info.options().ep() != Some(true) {
        let off = info.options().ep().map_or("", |_| ", which is switched off on it");
        let what = format!("enterprise attestation{off}");
        return Err(AuthenticatorError::Unsupported { what });
    }
    let wanted = parameters.user_verification;
    let method = verification::method(info, wanted, Ceremony::Register { resident })?;
    let exclude = preflight::possible(info, &parameters.command.exclude_list);
    if let Some(app_id) = parameters.exclude_app_id.take() {
        refuse_if_held(key, context, &app_id, &exclude)?;
    }
    verification::with_pin_in_reserve(key, context, method, |key, context, method| {
        make(key, context, &mut parameters, &exclude, method)
    })
}

/// Fails as a key does that holds an excluded credential, if it holds one that was made with U2F.
fn refuse_if_held(
    key: &mut Key,
    context: &mut Context<'_>,
    app_id: &str,
    exclude: &[CredentialDescriptor],
) -> Result<(), AuthenticatorError> {
    if !preflight::speaks_u2f(key, context)? {
        return Ok(());
    }
    // U2F's credentials need no verification, and a key that insists on it has none to show.
    let found = match preflight::find(key, context, app_id, exclude, Sending::Whole, None) {
        Err(AuthenticatorError::Refused { .. }) => None,
        result => result?,
    };
    match found {
        Some(_) => Err(AuthenticatorError::Refused {
            command: CommandCode::MAKE_CREDENTIAL,
            status: Status::CREDENTIAL_EXCLUDED,
        }),
        None => Ok(()),
    }
}

/// Makes the credential with the list as the key takes it.
fn make(
    key: &mut Key,
    context: &mut Context<'_>,
    parameters: &mut RegisterParameters,
    exclude: &[CredentialDescriptor],
    method: Method,
) -> Result<Made, AuthenticatorError> {
    match make_sending(key, context, parameters, (exclude, Sending::Whole), method)? {
        Sent::Done(made) => Ok(made),
        Sent::ListRefused { .. } => {
            make_sending(key, context, parameters, (exclude, Sending::Cut), method)?.done()
        }
    }
}

fn make_sending(
    key: &mut Key,
    context: &mut Context<'_>,
    parameters: &mut RegisterParameters,
    (exclude, sending): (&[CredentialDescriptor], Sending),
    method: Method,
) -> Result<Sent<Made>, AuthenticatorError> {
    let command = &mut parameters.command;
    command.uv = None;
    command.pin_uv_auth = None;
    command.exclude_list = Vec::new();
    let rest = command.encode().len().saturating_add(ADDED_LATER);
    let fits = preflight::fits(key.info(context)?, exclude, rest);
    let whole = fits && sending == Sending::Whole;
    let list = List { exclude, whole, sending };
    match method {
        Method::None => send(key, context, parameters, list, None),
        Method::BuiltInOption => {
            parameters.command.uv = Some(true);
            send(key, context, parameters, list, None).map_err(not_recognised)
        }
        Method::Pin | Method::BuiltInToken => {
            let rp_id = parameters.command.rp.id.clone();
            let silent = if whole { Permissions::default() } else { Permissions::GET_ASSERTION };
            let permissions = Permissions::MAKE_CREDENTIAL | silent;
            let need = Need { permissions, rp_id: Some(&rp_id) };
            let result = key.with_token(context, need, method, |key, context, token| {
                send(key, context, parameters, list, Some(token))
            });
            // The key takes the permission back with the first use (CTAP 2.1 section 6.5.5.7).
            key.token = None;
            result
        }
    }
}

/// The exclude list, and how it is sent.
#[derive(Clone, Copy)]
struct List<'a> {
    exclude: &'a [CredentialDescriptor],
    whole: bool,
    sending: Sending,
}

/// Sends the command, with what of the exclude list the key takes.
fn send(
    key: &mut Key,
    context: &mut Context<'_>,
    parameters: &mut RegisterParameters,
    list: List<'_>,
    token: Option<&Token>,
) -> Result<Sent<Made>, AuthenticatorError> {
    let command = &mut parameters.command;
    command.exclude_list = if list.whole {
        list.exclude.to_vec()
    } else {
        // What is found is excluded by the key itself, after its touch.
        let (rp_id, exclude) = (&command.rp.id, list.exclude);
        let found = preflight::find(key, context, rp_id, exclude, list.sending, token)?;
        found.into_iter().collect()
    };
    command.pin_uv_auth = token.map(|token| token.authenticate(&command.client_data_hash));
    // After the token: fetching it may have changed the shared secret.
    command.extensions.hmac_secret_mc =
        encrypted_salts(key, context, parameters.hmac_secret.as_ref())?;
    let result = if command.uv == Some(true) {
        let within = context.settings.timing.touch;
        key.exchange_with(context, &*command, &Act::VerifyOnKey { within })
    } else {
        key.exchange(context, &*command)
    };
    let response = match Sent::of(result, &command.exclude_list)? {
        Sent::Done(response) => response,
        Sent::ListRefused { command, status } => {
            return Ok(Sent::ListRefused { command, status });
        }
    };
    let encrypted = response.extensions().hmac_secret_mc;
    let input = command.extensions.hmac_secret_mc.as_ref();
    let hmac_secret = decrypted(key, encrypted.as_deref(), input)?;
    Ok(Sent::Done(Made { response, hmac_secret }))
}

/// Salts, encrypted for the key.
pub(super) fn encrypted_salts(
    key: &mut Key,
    context: &mut Context<'_>,
    salts: Option<&HmacSalts>,
) -> Result<Option<HmacSecretInput>, AuthenticatorError> {
    let Some(salts) = salts else { return Ok(None) };
    key.shared_secret(context)?;
    let Some(shared) = &key.shared else { return Ok(None) };
    Ok(Some(HmacSecretInput::new(shared, salts, context.random)?))
}

/// What the key gave for salts, decrypted with the shared secret.
pub(super) fn decrypted(
    key: &Key,
    encrypted: Option<&[u8]>,
    input: Option<&HmacSecretInput>,
) -> Result<Option<HmacOutputs>, AuthenticatorError> {
    match (encrypted, input, &key.shared) {
        (Some(encrypted), Some(input), Some(shared)) => Ok(Some(input.decrypt(shared, encrypted)?)),
        _ => Ok(None),
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
