//! PIN/UV auth tokens (CTAP 2.3 section 6.5.5): when a new one is needed and how it is had.
//!
//! A person is asked for the PIN once in a run. Where a token is spent, bound to another relying
//! party or expired, another one is fetched with the PIN that this key has already accepted; after
//! a PIN error nothing is tried again.

use super::context::Context;
use super::error::{AuthenticatorError, PinError, Question};
use super::interaction::{Act, Answer, Notice, PinRequest};
use super::key::Key;
use super::verification::{Method, no_stand_in, pin_can_stand_in};
use crate::ctap::client_pin::{
    GetKeyAgreement, GetPinRetries, GetPinToken, GetPinUvAuthTokenUsingPin,
    GetPinUvAuthTokenUsingUv, GetUvRetries, PinRetries,
};
use crate::ctap::pin_protocol::{PinProtocol, PlatformKey, SharedSecret};
use crate::ctap::{CommandCode, Permissions, Pin, PinUvAuth, PinUvAuthToken};
use crate::wire::status::Status;

/// What a command needs a token for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Need<'a> {
    pub(super) permissions: Permissions,
    pub(super) rp_id: Option<&'a str>,
}

/// A token and what it is good for.
#[derive(Debug)]
pub(super) struct Token {
    token: PinUvAuthToken,
    /// `None` for a token of the old kind, which permits everything.
    permissions: Option<Permissions>,
    rp_id: Option<String>,
}

impl Token {
    fn covers(&self, need: Need<'_>) -> bool {
        match self.permissions {
            None => true,
            Some(permissions) => {
                permissions.contains(need.permissions) && self.rp_id.as_deref() == need.rp_id
            }
        }
    }

    /// The token itself, for requests that prove a message of their own making.
    pub(super) fn token(&self) -> &PinUvAuthToken {
        &self.token
    }

    /// The token after a use that took every other permission back; `None` when none is left.
    pub(super) fn left_with(mut self, permissions: Permissions) -> Option<Self> {
        if permissions.is_empty() || !self.permissions?.contains(permissions) {
            return None;
        }
        self.permissions = Some(permissions);
        Some(self)
    }

    /// Proves a message.
    pub(super) fn authenticate(&self, message: &[u8]) -> PinUvAuth {
        self.token.authenticate(message)
    }
}

impl Key {
    /// The PIN/UV auth protocol that this key prefers and this program knows.
    pub(super) fn protocol(
        &mut self,
        context: &mut Context<'_>,
    ) -> Result<PinProtocol, AuthenticatorError> {
        self.info(context)?.pin_protocol().ok_or_else(|| AuthenticatorError::Unsupported {
            what: "a way of proving a PIN that this program knows".to_owned(),
        })
    }

    /// The secret shared with the key; one message unless it is there already.
    pub(super) fn shared_secret(
        &mut self,
        context: &mut Context<'_>,
    ) -> Result<&SharedSecret, AuthenticatorError> {
        let protocol = self.protocol(context)?;
        let shared = match self.shared.take() {
            Some(shared) if shared.protocol() == protocol => shared,
            _ => {
                let key = self.exchange(context, &GetKeyAgreement { protocol })?;
                PlatformKey::generate(context.random)?.agree(protocol, &key)
            }
        };
        Ok(self.shared.insert(shared))
    }

    /// PIN tries left; one message. A PIN that cannot be used now is an error, the last try
    /// included unless the person has allowed it.
    pub(super) fn usable_retries(
        &mut self,
        context: &mut Context<'_>,
    ) -> Result<u64, AuthenticatorError> {
        let protocol = self.protocol(context)?;
        let state = self.exchange(context, &GetPinRetries { protocol })?;
        if state.remaining == 0 {
            return Err(PinError::BlockedForGood.into());
        }
        if state.power_cycle_state == Some(true) {
            return Err(PinError::BlockedUntilReplug { retries: Some(state.remaining) }.into());
        }
        if state.remaining == 1 && !context.settings.last_try {
            return Err(PinError::LastTry.into());
        }
        Ok(state.remaining)
    }

    /// Tries left, if the key says: after something else, whose outcome it must not change.
    pub(super) fn retries_now(&mut self, context: &mut Context<'_>) -> Option<PinRetries> {
        let protocol = self.protocol(context).ok()?;
        self.exchange(context, &GetPinRetries { protocol }).ok()
    }

    /// A PIN that may be used now: the one that the key has accepted before, or one that a person
    /// gives after the tries left were read.
    pub(super) fn current_pin(
        &mut self,
        context: &mut Context<'_>,
    ) -> Result<Pin, AuthenticatorError> {
        if let Some(pin) = self.accepted_pin.take() {
            return Ok(pin);
        }
        let retries = self.usable_retries(context)?;
        let request = PinRequest { key: self.description(), retries };
        let answer = context.interaction.pin(&request);
        if context.interrupt.is_requested() {
            return Err(AuthenticatorError::Interrupted);
        }
        match answer {
            Answer::Given(pin) => {
                pin.check_possible().map_err(PinError::CannotBe)?;
                Ok(pin)
            }
            Answer::Declined => Err(AuthenticatorError::Declined(Question::Pin)),
            Answer::CannotAsk => Err(AuthenticatorError::CannotAsk(Question::Pin)),
        }
    }

    /// Proves a PIN to the key and gets a token for it.
    pub(super) fn token_by_pin(
        &mut self,
        context: &mut Context<'_>,
        need: Need<'_>,
    ) -> Result<Token, AuthenticatorError> {
        let with_permissions = self.info(context)?.options().pin_uv_auth_token() == Some(true);
        let pin = self.current_pin(context)?;
        self.shared_secret(context)?;
        let Some(shared) = self.shared.take() else {
            return Err(PinError::TokenRefused.into());
        };
        let (permissions, rp_id) = (need.permissions, need.rp_id);
        let encrypted = if with_permissions {
            let random = &mut *context.random;
            let request =
                GetPinUvAuthTokenUsingPin::new(&shared, &pin, permissions, rp_id, random)?;
            self.exchange(context, &request)
        } else {
            let request = GetPinToken::new(&shared, &pin, context.random)?;
            self.exchange(context, &request)
        };
        match encrypted {
            Ok(encrypted) => {
                let token = encrypted.decrypt(&shared)?;
                self.shared = Some(shared);
                self.accepted_pin = Some(pin);
                Ok(Token {
                    token,
                    permissions: with_permissions.then_some(need.permissions),
                    rp_id: need.rp_id.map(str::to_owned),
                })
            }
            // The key has forgotten its half of the shared secret: `shared` and the PIN go here.
            Err(error) => Err(self.pin_refused(context, error)),
        }
    }

    /// Turns a refusal of a PIN into what a person must know. Nothing is tried again.
    pub(super) fn pin_refused(
        &mut self,
        context: &mut Context<'_>,
        error: AuthenticatorError,
    ) -> AuthenticatorError {
        self.shared = None;
        self.accepted_pin = None;
        match error {
            AuthenticatorError::Refused { status: Status::PIN_INVALID, .. } => {
                let state = self.retries_now(context);
                let retries = state.as_ref().map(|state| state.remaining);
                match state {
                    Some(PinRetries { remaining: 0, .. }) => PinError::BlockedForGood.into(),
                    // Not every key says so with its status at once.
                    Some(PinRetries { power_cycle_state: Some(true), .. }) => {
                        PinError::BlockedUntilReplug { retries }.into()
                    }
                    _ => PinError::Wrong { retries }.into(),
                }
            }
            AuthenticatorError::Refused { status: Status::PIN_AUTH_INVALID, .. } => {
                PinError::TokenRefused.into()
            }
            AuthenticatorError::Pin(PinError::BlockedUntilReplug { .. }) => {
                let retries = self.retries_now(context).map(|state| state.remaining);
                PinError::BlockedUntilReplug { retries }.into()
            }
            AuthenticatorError::Refused {
                command: CommandCode::CLIENT_PIN,
                status: Status::PIN_POLICY_VIOLATION,
            } => PinError::MustBeChanged.into(),
            other => other,
        }
    }

    /// Lets the key verify the person and gets a token for it.
    fn token_by_built_in(
        &mut self,
        context: &mut Context<'_>,
        need: Need<'_>,
    ) -> Result<Token, AuthenticatorError> {
        let protocol = self.protocol(context)?;
        let attempts = self.info(context)?.preferred_platform_uv_attempts.unwrap_or(1).clamp(1, 5);
        let within = context.settings.timing.touch;
        for attempt in 1..=attempts {
            self.shared_secret(context)?;
            let Some(shared) = self.shared.take() else {
                return Err(PinError::TokenRefused.into());
            };
            let request = GetPinUvAuthTokenUsingUv::new(&shared, need.permissions, need.rp_id);
            match self.exchange_with(context, &request, &Act::VerifyOnKey { within }) {
                Ok(encrypted) => {
                    let token = encrypted.decrypt(&shared)?;
                    self.shared = Some(shared);
                    return Ok(Token {
                        token,
                        permissions: Some(need.permissions),
                        rp_id: need.rp_id.map(str::to_owned),
                    });
                }
                Err(AuthenticatorError::Refused { status: Status::UV_INVALID, .. }) => {
                    self.shared = Some(shared);
                    let retries = self
                        .exchange(context, &GetUvRetries { protocol })
                        .ok()
                        .map(|state| state.remaining);
                    let notice = Notice::NotRecognised { retries };
                    context.interaction.notice(self.description(), &notice);
                    if attempt == attempts || retries == Some(0) {
                        return Err(PinError::NotRecognised { retries }.into());
                    }
                }
                Err(error) => {
                    self.shared = Some(shared);
                    return Err(error);
                }
            }
        }
        Err(PinError::NotRecognised { retries: None }.into())
    }

    /// Gets a new token by the method given, falling back to the PIN where the key's own
    /// verification is blocked or does not recognise the person.
    fn new_token(
        &mut self,
        context: &mut Context<'_>,
        need: Need<'_>,
        method: Method,
    ) -> Result<Token, AuthenticatorError> {
        if method != Method::BuiltInToken {
            return self.token_by_pin(context, need);
        }
        match self.token_by_built_in(context, need) {
            Err(
                error @ (AuthenticatorError::Refused { status: Status::UV_BLOCKED, .. }
                | AuthenticatorError::Pin(PinError::NotRecognised { .. })),
            ) => {
                let info = self.info(context)?;
                if !pin_can_stand_in(info) {
                    return Err(no_stand_in(info, error));
                }
                let blocked = matches!(error, AuthenticatorError::Refused { .. });
                context
                    .interaction
                    .notice(self.description(), &Notice::PinInsteadOfVerification { blocked });
                self.token_by_pin(context, need)
            }
            other => other,
        }
    }

    /// Runs `act` with a token that covers `need`.
    ///
    /// A token kept from before is tried first; if the key no longer takes it, because it has
    /// expired or another program has fetched one, a new one is fetched and `act` runs once more.
    pub(super) fn with_token<T>(
        &mut self,
        context: &mut Context<'_>,
        need: Need<'_>,
        method: Method,
        mut act: impl FnMut(&mut Self, &mut Context<'_>, &Token) -> Result<T, AuthenticatorError>,
    ) -> Result<T, AuthenticatorError> {
        if let Some(token) = self.token.take().filter(|token| token.covers(need)) {
            match act(self, context, &token) {
                Err(AuthenticatorError::Refused { status, .. }) if is_token_refusal(status) => {}
                result => {
                    self.token = Some(token);
                    return result;
                }
            }
        }
        let token = self.new_token(context, need, method)?;
        match act(self, context, &token) {
            Err(AuthenticatorError::Refused { status, .. }) if is_token_refusal(status) => {
                Err(PinError::TokenRefused.into())
            }
            result => {
                self.token = Some(token);
                result
            }
        }
    }

    /// How the person is verified for managing the key: by the key itself where it can give a
    /// token for that, else by the PIN.
    pub(super) fn management_method(
        &mut self,
        context: &mut Context<'_>,
    ) -> Result<Method, AuthenticatorError> {
        let info = self.info(context)?;
        let options = info.options();
        if options.uv() == Some(true) && options.pin_uv_auth_token() == Some(true) {
            return Ok(Method::BuiltInToken);
        }
        match options.client_pin() {
            Some(true) if info.force_pin_change() => Err(PinError::MustBeChanged.into()),
            Some(true) => Ok(Method::Pin),
            Some(false) => Err(PinError::NotSet.into()),
            None => Err(PinError::Unsupported.into()),
        }
    }
}

/// Whether a status says that a token is not, or no longer, good.
fn is_token_refusal(status: Status) -> bool {
    status == Status::PIN_AUTH_INVALID || status == Status::PIN_TOKEN_EXPIRED
}
