//! The PIN itself: what state it is in, setting, changing and proving it (CTAP 2.3 sections
//! 6.5.5.1 to 6.5.5.7).
//!
//! What is right, setting or changing, is for the person to say and for the key to judge: the wrong
//! one of the two is an error before anybody is asked for anything.

use super::context::Context;
use super::error::{AuthenticatorError, PinError, Question};
use super::interaction::{Answer, NewPinRequest, PinPolicy};
use super::key::Key;
use super::token::Need;
use crate::ctap::client_pin::{ChangePin, GetPinRetries, GetUvRetries, PinRetries, SetPin};
use crate::ctap::get_info::Info;
use crate::ctap::{MIN_PIN_CODE_POINTS, Permissions, Pin};
use crate::wire::status::Status;

/// The longest PIN that CTAP can carry: each code point takes a byte or more.
const MAX_CODE_POINTS: u64 = 63;

/// The relying party that a token is bound to which is only fetched to prove the PIN. No key holds
/// a credential for it: nobody can own a name below `.invalid` (RFC 2606).
const NOBODY: &str = "fidokey.invalid";

/// What a key says of its PIN and its own user verification to anybody who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinState {
    /// Whether a PIN is set; `None` when the key has no notion of one.
    pub set: Option<bool>,
    /// Tries left before the PIN is blocked for good; `None` while no PIN is set.
    pub retries: Option<u64>,
    /// Whether the key takes no PIN before it is plugged in again; `None` when it does not say.
    pub blocked_until_replug: Option<bool>,
    /// Whether the PIN must be changed before it can be used.
    pub must_be_changed: bool,
    /// What a new PIN must be like.
    pub policy: PinPolicy,
    /// The key's own way of verifying people, where it has one.
    pub built_in: Option<BuiltInVerification>,
    /// Whether the key wants the person verified every time; `None` when it cannot.
    pub always_uv: Option<bool>,
}

/// A key's own way of verifying people, such as a fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BuiltInVerification {
    /// Whether it is set up.
    pub set_up: bool,
    /// Tries left before only the PIN helps, where it is set up and the key says.
    pub retries: Option<u64>,
}

/// A PIN was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PinChanged {
    /// Whether the new PIN is the old one, which most keys accept.
    pub same_as_before: bool,
}

/// Asks for everything that is known without a PIN: getInfo, the PIN tries where a PIN is set, and
/// those of the key's own verification where that is set up.
///
/// # Errors
///
/// When the key does not answer or its replies make no sense.
pub fn pin_state(key: &mut Key, context: &mut Context<'_>) -> Result<PinState, AuthenticatorError> {
    let info = key.info(context)?;
    let options = info.options();
    let set = options.client_pin();
    let built_in_set_up = options.uv();
    let always_uv = options.always_uv();
    let must_be_changed = info.force_pin_change();
    let policy = policy(info);
    let mut state = PinState {
        set,
        retries: None,
        blocked_until_replug: None,
        must_be_changed,
        policy,
        built_in: built_in_set_up.map(|set_up| BuiltInVerification { set_up, retries: None }),
        always_uv,
    };
    if set == Some(true) {
        let retries = pin_retries(key, context)?;
        state.retries = Some(retries.remaining);
        state.blocked_until_replug = retries.power_cycle_state;
    }
    if let Some(built_in) = state.built_in.as_mut().filter(|built_in| built_in.set_up) {
        let protocol = key.protocol(context)?;
        built_in.retries = match key.exchange(context, &GetUvRetries { protocol }) {
            Ok(retries) => Some(retries.remaining),
            // Keys of CTAP 2.0 have no such subcommand.
            Err(AuthenticatorError::Refused { .. }) => None,
            Err(error) => return Err(error),
        };
    }
    Ok(state)
}

/// Asks how many wrong PINs are left on a key that has a PIN; that costs none.
///
/// # Errors
///
/// When the key does not answer or its reply makes no sense.
pub fn pin_retries(
    key: &mut Key,
    context: &mut Context<'_>,
) -> Result<PinRetries, AuthenticatorError> {
    let protocol = key.protocol(context)?;
    match key.exchange(context, &GetPinRetries { protocol }) {
        // Some keys say it with the status.
        Err(AuthenticatorError::Pin(PinError::BlockedForGood)) => {
            Ok(PinRetries { remaining: 0, power_cycle_state: None })
        }
        result => result,
    }
}

/// Sets the PIN of a key that has none.
///
/// # Errors
///
/// When the key has a PIN already or no notion of one, nobody gives a PIN, or the PIN does not fit
/// the rules. Nothing has changed then.
pub fn set_pin(key: &mut Key, context: &mut Context<'_>) -> Result<(), AuthenticatorError> {
    match key.info(context)?.options().client_pin() {
        None => return Err(PinError::Unsupported.into()),
        Some(true) => return Err(PinError::AlreadySet.into()),
        Some(false) => {}
    }
    let new = ask_new_pin(key, context, true)?;
    key.shared_secret(context)?;
    let Some(shared) = key.shared.take() else { return Err(PinError::TokenRefused.into()) };
    let request = SetPin::new(&shared, &new, context.random)?;
    match key.exchange(context, &request) {
        Ok(()) => {
            key.shared = Some(shared);
            key.pin_is_now(new);
            Ok(())
        }
        // What the key says when a PIN is set: somebody was faster.
        Err(AuthenticatorError::Refused { status: Status::PIN_AUTH_INVALID, .. }) => {
            key.state_changed();
            Err(PinError::AlreadySet.into())
        }
        Err(error) => Err(refused_by_policy(key, context, error, false)),
    }
}

/// Changes the PIN. The current one is asked for first, after the tries left were read; the key
/// judges both in one message, so that a wrong one costs a try.
///
/// # Errors
///
/// When the key has no PIN, nobody gives one, the current one is wrong or blocked, or the new one
/// does not fit the rules. The PIN has not changed then.
pub fn change_pin(
    key: &mut Key,
    context: &mut Context<'_>,
) -> Result<PinChanged, AuthenticatorError> {
    must_have_pin(key, context)?;
    let current = key.current_pin(context)?;
    let new = ask_new_pin(key, context, false)?;
    let same_as_before = new.matches(&current);
    key.shared_secret(context)?;
    let Some(shared) = key.shared.take() else { return Err(PinError::TokenRefused.into()) };
    let request = ChangePin::new(&shared, &current, &new, context.random)?;
    match key.exchange(context, &request) {
        Ok(()) => {
            key.shared = Some(shared);
            key.pin_is_now(new);
            Ok(PinChanged { same_as_before })
        }
        Err(error) => match refused_by_policy(key, context, error, same_as_before) {
            error @ AuthenticatorError::Pin(PinError::RefusedByPolicy { .. }) => Err(error),
            error => Err(key.pin_refused(context, error)),
        },
    }
}

/// Proves the PIN, which gives all its tries back; these are the result, where the key says.
///
/// The proof is a token, wiped at once, that permits as little as the key lets it.
///
/// # Errors
///
/// When the key has no PIN, nobody gives one, or it is wrong, blocked or must be changed.
pub fn verify_pin(
    key: &mut Key,
    context: &mut Context<'_>,
) -> Result<Option<u64>, AuthenticatorError> {
    must_have_pin(key, context)?;
    let info = key.info(context)?;
    if info.force_pin_change() {
        return Err(PinError::MustBeChanged.into());
    }
    let need = if info.options().no_mc_ga_permissions_with_client_pin() == Some(true) {
        Need { permissions: Permissions::CREDENTIAL_MANAGEMENT, rp_id: None }
    } else {
        Need { permissions: Permissions::GET_ASSERTION, rp_id: Some(NOBODY) }
    };
    drop(key.token_by_pin(context, need)?);
    Ok(key.retries_now(context).map(|retries| retries.remaining))
}

fn must_have_pin(key: &mut Key, context: &mut Context<'_>) -> Result<(), AuthenticatorError> {
    match key.info(context)?.options().client_pin() {
        None => Err(PinError::Unsupported.into()),
        Some(false) => Err(PinError::NotSet.into()),
        Some(true) => Ok(()),
    }
}

/// What a new PIN must be like on a key.
fn policy(info: &Info) -> PinPolicy {
    let min_code_points = info.min_pin_length().max(MIN_PIN_CODE_POINTS);
    let max_code_points = info.max_pin_length().min(MAX_CODE_POINTS);
    PinPolicy {
        min_code_points,
        // A maximum below the minimum says nothing: the key will judge.
        max_code_points: if max_code_points < min_code_points {
            MAX_CODE_POINTS
        } else {
            max_code_points
        },
        complexity: info.pin_complexity_policy,
        complexity_url: info.pin_complexity_policy_url.clone(),
    }
}

/// A new PIN that keeps to what can be known of the rules before it is sent.
fn ask_new_pin(
    key: &mut Key,
    context: &mut Context<'_>,
    is_first: bool,
) -> Result<Pin, AuthenticatorError> {
    let policy = policy(key.info(context)?);
    let request = NewPinRequest { key: key.description(), policy: &policy, is_first };
    let answer = context.interaction.new_pin(&request);
    if context.interrupt.is_requested() {
        return Err(AuthenticatorError::Interrupted);
    }
    let pin = match answer {
        Answer::Given(pin) => pin,
        Answer::Declined => return Err(AuthenticatorError::Declined(Question::NewPin)),
        Answer::CannotAsk => return Err(AuthenticatorError::CannotAsk(Question::NewPin)),
    };
    pin.check_policy(policy.min_code_points, policy.max_code_points).map_err(PinError::Policy)?;
    Ok(pin)
}

/// Tells a new PIN that the key does not like from every other refusal.
fn refused_by_policy(
    key: &mut Key,
    context: &mut Context<'_>,
    error: AuthenticatorError,
    same_as_before: bool,
) -> AuthenticatorError {
    match error {
        AuthenticatorError::Refused { status: Status::PIN_POLICY_VIOLATION, .. } => {
            match key.info(context) {
                Ok(info) => {
                    PinError::RefusedByPolicy { policy: policy(info), same_as_before }.into()
                }
                Err(error) => error,
            }
        }
        other => other,
    }
}
