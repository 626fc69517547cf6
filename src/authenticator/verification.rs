//! Whether and how the person is verified in a ceremony (CTAP 2.3 sections 6.1.2 and 6.2.2).

use super::context::Context;
use super::error::{AuthenticatorError, NotSetUp, PinError};
use super::key::Key;
use crate::ctap::get_info::Info;
use crate::wire::status::Status;

/// What a relying party asks for (WebAuthn Level 3 section 5.8.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserVerification {
    /// The ceremony fails without it.
    Required,
    /// It is done where the key can.
    Preferred,
    /// It is only done where the key insists.
    Discouraged,
}

/// How the person is verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    /// Not at all.
    None,
    /// By the PIN.
    Pin,
    /// By the key itself, which then gives a token.
    BuiltInToken,
    /// By the key itself within the command (`uv: true`), on keys without such tokens.
    BuiltInOption,
}

/// What matters for the choice besides the key.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ceremony {
    /// A registration.
    Register {
        /// Whether the credential is to be kept on the key.
        resident: bool,
    },
    /// An assertion.
    Assert,
}

/// Chooses how the person is verified.
///
/// # Errors
///
/// When verification is needed and the key has none set up, or its PIN must be changed first.
pub(super) fn method(
    info: &Info,
    wanted: UserVerification,
    ceremony: Ceremony,
) -> Result<Method, AuthenticatorError> {
    let options = info.options();
    let built_in = options.uv() == Some(true);
    let pin_set = options.client_pin() == Some(true);
    let pin = pin_set && options.no_mc_ga_permissions_with_client_pin() != Some(true);
    let insists = match ceremony {
        Ceremony::Register { resident } => info.verifies_to_register(resident),
        Ceremony::Assert => info.always_verifies(),
    };
    let needed = match wanted {
        UserVerification::Required => true,
        UserVerification::Preferred => built_in || pin || insists,
        UserVerification::Discouraged => insists,
    };
    if !needed {
        return Ok(Method::None);
    }
    if built_in && options.pin_uv_auth_token() == Some(true) {
        return Ok(Method::BuiltInToken);
    }
    if built_in {
        return Ok(Method::BuiltInOption);
    }
    if pin && info.force_pin_change() {
        return Err(PinError::MustBeChanged.into());
    }
    if pin {
        return Ok(Method::Pin);
    }
    Err(lacking(info))
}

/// Why nobody can be verified by a key, and what would have to be set up on it.
fn lacking(info: &Info) -> AuthenticatorError {
    let options = info.options();
    // A PIN may be good for managing the key alone (CTAP 2.3 section 6.4).
    let pin_serves = options.no_mc_ga_permissions_with_client_pin() != Some(true);
    match (options.client_pin(), options.uv()) {
        (Some(true), _) if pin_serves && info.force_pin_change() => PinError::MustBeChanged.into(),
        (Some(false), Some(false)) if pin_serves => {
            AuthenticatorError::NoUserVerification(NotSetUp::PinAndOwnVerification)
        }
        (Some(false), _) if pin_serves => AuthenticatorError::NoUserVerification(NotSetUp::Pin),
        (_, Some(false)) => AuthenticatorError::NoUserVerification(NotSetUp::OwnVerification),
        (Some(_), None) => {
            let what = "a PIN for registering and signing in; it uses one only to be managed";
            AuthenticatorError::Unsupported { what: what.to_owned() }
        }
        _ => AuthenticatorError::Unsupported { what: "a PIN or a fingerprint".to_owned() },
    }
}

/// Carries out a command, and where the key insists on verification although it did not say so, or its
/// own is blocked, once more with the PIN, if that can stand in.
///
/// # Errors
///
/// As the command's. Where the PIN cannot stand in: what would have to be set up first, or else the
/// key's own refusal.
pub(super) fn with_pin_in_reserve<T>(
    key: &mut Key,
    context: &mut Context<'_>,
    method: Method,
    mut command: impl FnMut(&mut Key, &mut Context<'_>, Method) -> Result<T, AuthenticatorError>,
) -> Result<T, AuthenticatorError> {
    let refusal = match command(key, context, method) {
        Err(
            refusal @ AuthenticatorError::Refused {
                status: Status::PUAT_REQUIRED | Status::UV_BLOCKED,
                ..
            },
        ) if matches!(method, Method::None | Method::BuiltInOption) => refusal,
        result => return result,
    };
    let info = key.info(context)?;
    if pin_can_stand_in(info) {
        return command(key, context, Method::Pin);
    }
    Err(no_stand_in(info, refusal))
}

/// What is said where the PIN cannot stand in for a verification that a key wants or has blocked:
/// what would have to be set up first, or else the key's own refusal.
pub(super) fn no_stand_in(info: &Info, refusal: AuthenticatorError) -> AuthenticatorError {
    match lacking(info) {
        AuthenticatorError::Unsupported { .. } => refusal,
        lacking => lacking,
    }
}

/// Whether the PIN can stand in when the key's own verification is blocked or fails.
pub(super) fn pin_can_stand_in(info: &Info) -> bool {
    info.options().client_pin() == Some(true)
        && info.options().no_mc_ga_permissions_with_client_pin() != Some(true)
        && !info.force_pin_change()
}
