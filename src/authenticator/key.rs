//! One opened key and what is known of it in this run.

use super::context::Context;
use super::error::{AuthenticatorError, PinError};
use super::interaction::{Act, Notice};
use super::token::Token;
use crate::ctap::get_info::{GetInfo, Info};
use crate::ctap::pin_protocol::SharedSecret;
use crate::ctap::{CommandCode, Pin, ReplyError, Request, read_reply};
use crate::transport::channel::{Channel, ChannelError, Sign};
use crate::transport::{Interrupt, KeyDescription};
use crate::wire::ctaphid::{Capabilities, HidErrorCode, InitReply, SplitError};
use crate::wire::status::Status;
use std::sync::Arc;
use std::time::Duration;
use zeroize::Zeroizing;

/// One opened key.
pub struct Key {
    description: KeyDescription,
    channel: Channel,
    interrupt: Interrupt,
    /// What getInfo said; `None` before it was asked and after the key's state has changed.
    info: Option<Info>,
    /// The secret shared with the key, kept until the key forgets its half.
    pub(super) shared: Option<SharedSecret>,
    /// A PIN that this key has accepted in this run.
    pub(super) accepted_pin: Option<Pin>,
    /// A token that may still be good.
    pub(super) token: Option<Token>,
}

impl Key {
    /// Opens a key and allocates a channel; one message (INIT).
    ///
    /// # Errors
    ///
    /// When the key cannot be opened or does not answer.
    pub fn connect(
        description: KeyDescription,
        context: &mut Context<'_>,
    ) -> Result<Self, AuthenticatorError> {
        let interrupt = context.interrupt.clone();
        let connection = context.bus.open(&description.path)?;
        let mut nonce = [0; 8];
        context.random.fill(&mut nonce)?;
        let clock = Arc::clone(&context.clock);
        let timing = context.settings.timing;
        let interaction = &mut *context.interaction;
        let mut on_sign = |sign| {
            if sign == Sign::Busy {
                interaction.notice(&description, &Notice::Busy { within: timing.touch });
            }
        };
        let interrupted = interrupt.clone();
        let channel = Channel::open(connection, clock, interrupted, nonce, timing, &mut on_sign)?;
        Ok(Self {
            description,
            channel,
            interrupt,
            info: None,
            shared: None,
            accepted_pin: None,
            token: None,
        })
    }

    /// Opens a key and asks what it is; two messages (INIT, getInfo).
    ///
    /// # Errors
    ///
    /// When the key cannot be opened, does not answer, or speaks only U2F.
    pub fn open(
        description: KeyDescription,
        context: &mut Context<'_>,
    ) -> Result<Self, AuthenticatorError> {
        let mut key = Self::connect(description, context)?;
        key.fetch_info(context)?;
        Ok(key)
    }

    /// What was known of the key before it was opened.
    pub fn description(&self) -> &KeyDescription {
        &self.description
    }

    /// The key's answer to INIT.
    pub fn init_reply(&self) -> &InitReply {
        self.channel.init_reply()
    }

    /// What the key can do besides CTAP2.
    pub fn capabilities(&self) -> Capabilities {
        self.channel.capabilities()
    }

    /// What the key says of itself, asked at most once while its state is the same.
    ///
    /// # Errors
    ///
    /// When the key does not answer, or speaks only U2F.
    pub fn info(&mut self, context: &mut Context<'_>) -> Result<&Info, AuthenticatorError> {
        if self.info.is_none() {
            return self.fetch_info(context);
        }
        self.info.as_ref().ok_or(AuthenticatorError::U2fOnly)
    }

    /// What the key has said of itself so far; nothing is asked.
    pub fn known_info(&self) -> Option<&Info> {
        self.info.as_ref()
    }

    fn fetch_info(&mut self, context: &mut Context<'_>) -> Result<&Info, AuthenticatorError> {
        if !self.channel.capabilities().cbor() {
            return Err(AuthenticatorError::U2fOnly);
        }
        match self.exchange(context, &GetInfo) {
            Ok(info) => Ok(self.info.insert(info)),
            // Some keys set the capability bit and do not speak CTAP2 all the same (YubiKey 4
            // FIPS): they refuse the message or the command.
            Err(
                AuthenticatorError::Refused {
                    status: Status::INVALID_COMMAND | Status::INVALID_PARAMETER,
                    ..
                }
                | AuthenticatorError::Channel(ChannelError::Refused(HidErrorCode(0x01))),
            ) if self.channel.capabilities().u2f() => Err(AuthenticatorError::U2fOnly),
            Err(error) => Err(error),
        }
    }

    /// The wish to stop that this key heeds.
    pub(super) fn interrupt(&self) -> &Interrupt {
        &self.interrupt
    }

    /// Forgets what a change of the key's state has made untrue.
    pub(super) fn state_changed(&mut self) {
        self.info = None;
        self.token = None;
    }

    /// Forgets what a change of the credentials has made untrue. All else that getInfo said stands,
    /// and so does the token.
    pub(super) fn credentials_changed(&mut self) {
        if let Some(info) = &mut self.info {
            info.remaining_discoverable_credentials = None;
            info.enc_cred_store_state = None;
        }
    }

    /// Notes that the key has just been given this PIN.
    pub(super) fn pin_is_now(&mut self, pin: Pin) {
        self.state_changed();
        self.accepted_pin = Some(pin);
    }

    /// Forgets everything: the key has forgotten it, too.
    pub(super) fn was_reset(&mut self) {
        self.state_changed();
        self.shared = None;
        self.accepted_pin = None;
    }

    /// Makes the key noticeable.
    ///
    /// # Errors
    ///
    /// When the key cannot do that, or the channel fails.
    pub fn wink(&mut self, context: &mut Context<'_>) -> Result<(), AuthenticatorError> {
        if !self.channel.capabilities().wink() {
            let what = "blinking on request".to_owned();
            return Err(AuthenticatorError::Unsupported { what });
        }
        Ok(self.channel.wink(context.settings.timing)?)
    }

    /// Sends a command and reads the reply. If the key waits for somebody, they are told to touch
    /// it.
    ///
    /// # Errors
    ///
    /// When the channel fails, the key refuses, or the reply makes no sense.
    pub(super) fn exchange<R: Request>(
        &mut self,
        context: &mut Context<'_>,
        request: &R,
    ) -> Result<R::Response, AuthenticatorError> {
        let act = Act::Touch { within: context.settings.timing.touch };
        self.exchange_with(context, request, &act)
    }

    /// As [`Key::exchange`]; if the key waits for somebody, they are told to do `act`.
    ///
    /// # Errors
    ///
    /// As [`Key::exchange`].
    pub(super) fn exchange_with<R: Request>(
        &mut self,
        context: &mut Context<'_>,
        request: &R,
        act: &Act,
    ) -> Result<R::Response, AuthenticatorError> {
        let timing = context.settings.timing;
        let message = Zeroizing::new(request.encode());
        self.check_length(message.len())?;
        let mut told = false;
        let mut told_at = Duration::ZERO;
        let reply = {
            let clock = Arc::clone(&context.clock);
            let description = &self.description;
            let interaction = &mut *context.interaction;
            let mut on_sign = |sign| match sign {
                Sign::TouchAwaited { left } if told => {
                    interaction.act_goes_on(description, act, left)
                }
                Sign::TouchAwaited { .. } => {
                    told = true;
                    told_at = clock.now();
                    interaction.act(description, act);
                }
                Sign::Busy => {
                    interaction.notice(description, &Notice::Busy { within: timing.touch });
                }
                Sign::Changed(_) => {}
            };
            self.channel.cbor(&message, timing, &mut on_sign)
        };
        let status = reply.as_ref().ok().and_then(|reply| reply.first()).map(|byte| Status(*byte));
        context.interaction.exchanged(&self.description, request.command(), status);
        if told {
            context.interaction.act_over();
        }
        let command = request.command();
        let error = match reply {
            Ok(reply) => match read_reply(request, &reply) {
                Ok(response) => {
                    let matters = told || request.effect().is_some();
                    if matters && self.interrupt.is_requested() {
                        let notice = Notice::TooLateToCancel;
                        context.interaction.notice(&self.description, &notice);
                    }
                    return Ok(response);
                }
                Err(ReplyError::Refused(status)) => {
                    let waited = context.clock.now().saturating_sub(told_at);
                    let in_vain = told && waited >= SHORTEST_TOUCH;
                    if in_vain && may_mean_a_timeout(status, act) {
                        return Err(AuthenticatorError::NotTouched);
                    }
                    return Err(self.refusal(command, status));
                }
                Err(source) => AuthenticatorError::Malformed { command, source },
            },
            Err(error) if self.was_not_carried_out(&error) => return Err(channel_error(error)),
            Err(error) => channel_error(error),
        };
        Err(match request.effect() {
            Some(effect) => AuthenticatorError::Uncertain { effect, source: Box::new(error) },
            None => error,
        })
    }

    /// Fails for a message that is longer than the key says it takes.
    fn check_length(&self, length: usize) -> Result<(), AuthenticatorError> {
        let stated = self.info.as_ref().and_then(|info| info.max_msg_size);
        let most = stated.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
        // A key that says zero takes what it can.
        if most == 0 || length <= most {
            return Ok(());
        }
        Err(ChannelError::MessageTooLong(SplitError::TooLong { length, most }).into())
    }

    /// What a refusal means to a ceremony.
    fn refusal(&self, command: CommandCode, status: Status) -> AuthenticatorError {
        match status {
            Status::KEEPALIVE_CANCEL if self.interrupt.is_requested() => {
                AuthenticatorError::Interrupted
            }
            status if status.is_touch_timeout() => AuthenticatorError::NotTouched,
            Status::OPERATION_DENIED | Status::KEEPALIVE_CANCEL => {
                AuthenticatorError::Denied { status }
            }
            Status::PIN_BLOCKED => PinError::BlockedForGood.into(),
            Status::PIN_AUTH_BLOCKED => PinError::BlockedUntilReplug { retries: None }.into(),
            Status::PIN_NOT_SET => PinError::NotSet.into(),
            status => AuthenticatorError::Refused { command, status },
        }
    }

    /// Whether it is sure that the key has not carried out a request that ended in this error.
    fn was_not_carried_out(&self, error: &ChannelError) -> bool {
        match error {
            ChannelError::MessageTooLong(_) | ChannelError::Busy { .. } => true,
            // Every code but "other" says why the message was not even begun with.
            ChannelError::Refused(code) => matches!(code.0, 0x01..=0x06 | 0x0a | 0x0b),
            ChannelError::Malformed(_) => false,
            ChannelError::NoAnswer { .. }
            | ChannelError::TimedOut { .. }
            | ChannelError::Interrupted
            | ChannelError::Connection(_) => self.channel.is_in_step(),
        }
    }
}

/// The shortest time after which a key gives up waiting for a touch (Solo 1; most wait for 30 s).
const SHORTEST_TOUCH: Duration = Duration::from_secs(5);

/// Whether a status that comes after a long wait for a touch may say that it was in vain: some keys
/// have other codes for it than the specification. Hypersecu's say that they want a PIN.
fn may_mean_a_timeout(status: Status, act: &Act) -> bool {
    let by_touch = matches!(act, Act::Touch { .. } | Act::LongTouch { .. });
    match status {
        Status::PUAT_REQUIRED => by_touch,
        Status::TIMEOUT
        | Status::PROCESSING
        | Status::USER_ACTION_PENDING
        | Status::OPERATION_PENDING
        | Status::NO_OPERATIONS
        | Status::UP_REQUIRED
        | Status::OTHER => true,
        other => other.name().is_none(),
    }
}

/// A touch that nobody gave and a wish to stop are errors of the ceremony, not of the channel.
fn channel_error(error: ChannelError) -> AuthenticatorError {
    match error {
        ChannelError::Interrupted => AuthenticatorError::Interrupted,
        ChannelError::TimedOut { waiting_for_touch: true, .. } => AuthenticatorError::NotTouched,
        other => AuthenticatorError::Channel(other),
    }
}
