//! Resetting a key (CTAP 2.3 section 6.6): it is unplugged, plugged in again, found to be the same
//! one, and told to forget everything.
//!
//! A key carries a reset out only within 10 seconds of being plugged in, and some only when nothing
//! else was said to them before: between the two there is INIT, getInfo, and where it cannot be
//! told from another key a question to the person, who is asked once at the most.

use super::context::Context;
use super::error::{AuthenticatorError, Difference, PinError, Question, ResetError};
use super::interaction::{Act, Answer, Notice};
use super::key::Key;
use super::settling::{glance, settle};
use crate::ctap::reset::Reset;
use crate::transport::{KeyDescription, Replug};
use crate::wire::status::Status;
use std::time::Duration;

/// How long a person has to unplug the key, and to plug it in again: as long as for a touch.
fn by_hand(context: &Context<'_>) -> Duration {
    context.settings.timing.touch
}

/// How long after it was seen a key is still sent the reset. It allows 10 seconds, counted from a
/// little earlier.
const IN_TIME: Duration = Duration::from_secs(8);

/// How often a key is asked to be plugged in once more.
const ROUNDS: u32 = 3;

/// The name of the transport that this program uses, among those over which a key may be reset.
const TRANSPORT: &str = "usb";

/// What a reset takes away and asks for, as far as a key says to anybody who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResetOutlook {
    /// Whether the key can hold resident credentials. How many there are it says only to somebody
    /// who has the PIN.
    pub resident_credentials: bool,
    /// Whether a PIN is set.
    pub pin: bool,
    /// Whether a fingerprint, or whatever else it verifies people by, is set up.
    pub built_in_verification: bool,
    /// Whether the key can hold large blobs.
    pub large_blobs: bool,
    /// Whether the touch that confirms it must be a long one.
    pub long_touch: bool,
}

/// Says what a reset would take away; nothing is sent that is not known already.
///
/// # Errors
///
/// When the key does not allow a reset over USB, or does not answer.
pub fn reset_outlook(
    key: &mut Key,
    context: &mut Context<'_>,
) -> Result<ResetOutlook, AuthenticatorError> {
    let info = key.info(context)?;
    if !info.may_be_reset_over(TRANSPORT) {
        let allowed = info.transports_for_reset.clone().unwrap_or_default();
        return Err(ResetError::Transport { allowed }.into());
    }
    let options = info.options();
    Ok(ResetOutlook {
        resident_credentials: options.rk() == Some(true),
        pin: options.client_pin() == Some(true),
        built_in_verification: options.uv() == Some(true) || options.bio_enroll() == Some(true),
        large_blobs: options.large_blobs() == Some(true),
        long_touch: info.long_touch_for_reset(),
    })
}

/// Resets a key: everything on it is lost. Whether that is wanted must have been asked before.
///
/// Gives the key as it is after that.
///
/// # Errors
///
/// When the key is not unplugged or plugged in in time, another one comes back, nobody touches it,
/// or it refuses. Nothing has changed then, except perhaps with
/// [`AuthenticatorError::Uncertain`].
pub fn reset(mut key: Key, context: &mut Context<'_>) -> Result<Key, AuthenticatorError> {
    let outlook = reset_outlook(&mut key, context)?;
    let before = Before {
        fingerprint: key.info(context)?.fingerprint(),
        description: key.description().clone(),
        neighbours: context.bus.keys()?,
    };
    // A key that is in use cannot be replugged by the bus.
    drop(key);
    let mut key = match context.bus.replug(&before.description.path)? {
        Replug::Done => {
            let mut key = Key::open(before.description.clone(), context)?;
            before.check(&mut key, context)?;
            key
        }
        Replug::ByPerson => replugged_by_person(&before, context)?,
    };
    erase(&mut key, context, outlook.long_touch)?;
    Ok(key)
}

/// What is known of the key before it is unplugged.
struct Before {
    description: KeyDescription,
    fingerprint: [u8; 32],
    /// Every key that was there, itself included.
    neighbours: Vec<KeyDescription>,
}

impl Before {
    /// How a key that was plugged in is not this one, as far as can be seen without opening it.
    fn difference(&self, other: &KeyDescription) -> Option<Difference> {
        let mine = &self.description;
        if mine.kind != other.kind
            || mine.vendor_id != other.vendor_id
            || mine.product_id != other.product_id
        {
            return Some(Difference::Model);
        }
        match (&mine.serial_number, &other.serial_number) {
            (Some(mine), Some(other)) if mine != other => Some(Difference::SerialNumber),
            _ => None,
        }
    }

    /// Whether a key that may be this one is this one for certain: by a serial number that no other
    /// key here has. The same port and the same answer to getInfo are no proof, since two keys of
    /// one model that are set up alike can be exchanged at the desk.
    fn is_certainly(&self, other: &KeyDescription, here: &[KeyDescription]) -> bool {
        let Some(serial) = &self.description.serial_number else { return false };
        let bears_it = |key: &&KeyDescription| key.serial_number.as_ref() == Some(serial);
        self.neighbours.iter().filter(bears_it).count() == 1
            && here.iter().filter(bears_it).count() == 1
            && bears_it(&other)
    }

    /// Whether a key is known to be in another USB port than this one was. A person who plugs the same
    /// key in again mostly uses the same port; but nobody has to.
    fn is_in_another_port(&self, other: &KeyDescription) -> bool {
        let ports = self.description.port.as_ref().zip(other.port.as_ref());
        ports.is_some_and(|(mine, other)| mine != other)
    }

    /// Fails unless an opened key says of itself what this one has said.
    fn check(&self, key: &mut Key, context: &mut Context<'_>) -> Result<(), AuthenticatorError> {
        let is_same = key.info(context)?.fingerprint() == self.fingerprint;
        if is_same { Ok(()) } else { Err(another(key.description(), Difference::State)) }
    }
}

fn another(found: &KeyDescription, difference: Difference) -> AuthenticatorError {
    ResetError::AnotherKey { found: Box::new(found.clone()), difference }.into()
}

/// Guides the person through unplugging the key and plugging it in again, and opens it while it
/// still allows a reset.
fn replugged_by_person(
    before: &Before,
    context: &mut Context<'_>,
) -> Result<Key, AuthenticatorError> {
    let mut description = before.description.clone();
    let mut confirmed = false;
    let mut round = 1;
    loop {
        let others = wait_until_unplugged(&description, context)?;
        let came_back = wait_until_plugged_in(before, others, context)?;
        let mut key = open_when_settled(&came_back.description, context)?;
        before.check(&mut key, context)?;
        if !came_back.is_certain && !confirmed {
            // Asked once at the most: the answer may have taken longer than the key waits, and a
            // person who has just been warned plugs in the key that they hold.
            confirm_same_key(&key, before.is_in_another_port(key.description()), context)?;
            confirmed = true;
        }
        let since = context.clock.now().saturating_sub(came_back.seen_at);
        if since <= IN_TIME || round >= ROUNDS {
            return Ok(key);
        }
        context.interaction.notice(key.description(), &Notice::PlugInOnceMore);
        description = came_back.description;
        round = round.saturating_add(1);
    }
}

/// Waits until the key is gone; gives the keys that are still there.
fn wait_until_unplugged(
    key: &KeyDescription,
    context: &mut Context<'_>,
) -> Result<Vec<KeyDescription>, AuthenticatorError> {
    let by_hand = by_hand(context);
    let until = context.clock.now().saturating_add(by_hand);
    context.interaction.act(key, &Act::Unplug);
    let result = loop {
        let here = context.bus.keys()?;
        // By its place alone: while it goes it may not be described in full.
        if here.iter().all(|other| other.path != key.path) {
            break Ok(here);
        }
        if context.clock.now() >= until {
            break Err(ResetError::NotUnplugged { waited: by_hand }.into());
        }
        if let Err(error) = glance(context) {
            break Err(error);
        }
    };
    context.interaction.act_over();
    result
}

/// A key that was plugged in.
struct CameBack {
    description: KeyDescription,
    seen_at: Duration,
    is_certain: bool,
}

/// Waits until a key is there that was not among `others`.
fn wait_until_plugged_in(
    before: &Before,
    mut others: Vec<KeyDescription>,
    context: &mut Context<'_>,
) -> Result<CameBack, AuthenticatorError> {
    let by_hand = by_hand(context);
    let until = context.clock.now().saturating_add(by_hand);
    let act = Act::PlugIn { within: by_hand };
    context.interaction.act(&before.description, &act);
    let mut seconds_told = by_hand.as_secs();
    let mut seen_before = None;
    let result = loop {
        let here = context.bus.keys()?;
        let new: Vec<_> = here.iter().filter(|key| !others.contains(key)).collect();
        if let Some(key) = new.iter().find(|key| before.difference(key).is_none()) {
            break Ok(CameBack {
                description: (*key).clone(),
                seen_at: context.clock.now(),
                is_certain: before.is_certainly(key, &here),
            });
        }
        // What is seen only once may be a key that comes or goes and is not described in full.
        let stranger = new.first().map(|key| (*key).clone());
        if let Some(key) = stranger.as_ref().filter(|_| stranger == seen_before)
            && let Some(difference) = before.difference(key)
        {
            break Err(another(key, difference));
        }
        seen_before = stranger;
        // One that was there and is pulled out in the meantime is new when it comes back.
        others.retain(|key| here.contains(key));
        let left = until.saturating_sub(context.clock.now());
        if left.is_zero() {
            break Err(ResetError::NotPluggedIn { waited: by_hand }.into());
        }
        if left.as_secs() < seconds_told {
            seconds_told = left.as_secs();
            context.interaction.act_goes_on(&before.description, &act, left);
        }
        if let Err(error) = glance(context) {
            break Err(error);
        }
    };
    context.interaction.act_over();
    result
}

/// Opens a key that has just been plugged in, as soon as the system allows it.
fn open_when_settled(
    description: &KeyDescription,
    context: &mut Context<'_>,
) -> Result<Key, AuthenticatorError> {
    settle(std::slice::from_ref(description), context)?;
    match Key::open(description.clone(), context) {
        Err(AuthenticatorError::U2fOnly) => Err(another(description, Difference::State)),
        result => result,
    }
}

fn confirm_same_key(
    key: &Key,
    another_port: bool,
    context: &mut Context<'_>,
) -> Result<(), AuthenticatorError> {
    let answer = context.interaction.same_key(key.description(), another_port);
    if context.interrupt.is_requested() {
        return Err(AuthenticatorError::Interrupted);
    }
    match answer {
        Answer::Given(()) => Ok(()),
        Answer::Declined => Err(AuthenticatorError::Declined(Question::SameKey)),
        Answer::CannotAsk => Err(AuthenticatorError::CannotAsk(Question::SameKey)),
    }
}

/// Sends the reset.
fn erase(
    key: &mut Key,
    context: &mut Context<'_>,
    long_touch: bool,
) -> Result<(), AuthenticatorError> {
    let within = context.settings.timing.touch;
    let act = if long_touch { Act::LongTouch { within } } else { Act::Touch { within } };
    match key.exchange_with(context, &Reset, &act) {
        Ok(()) => {
            key.was_reset();
            Ok(())
        }
        Err(AuthenticatorError::Refused { status, .. }) if status == Status::NOT_ALLOWED => {
            Err(ResetError::TooLate { status }.into())
        }
        Err(AuthenticatorError::Pin(PinError::BlockedUntilReplug { .. })) => {
            Err(ResetError::TooLate { status: Status::PIN_AUTH_BLOCKED }.into())
        }
        Err(AuthenticatorError::Refused { status, .. } | AuthenticatorError::Denied { status }) => {
            Err(ResetError::Denied { status }.into())
        }
        Err(error) => Err(error),
    }
}
