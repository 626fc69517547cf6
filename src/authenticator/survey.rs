//! Several keys, opened and asked what they are at the same time.

use super::error::AuthenticatorError;
use super::interaction::{Act, Answer, Interaction, NewPinRequest, Notice, PinRequest, Progress};
use super::key::{Context, Key, Settings};
use crate::ctap::{CommandCode, Pin, Random, RandomError};
use crate::transport::channel::Timing;
use crate::transport::{KeyDescription, KeyPath};
use crate::wire::status::Status;
use std::panic::resume_unwind;
use std::thread;
use std::time::Duration;

/// How long a key may take to say what it is. One that serves another program is not waited for.
pub const GLANCE: Timing = Timing { answer: Duration::from_secs(1), touch: Duration::ZERO };

/// Opens every key and asks what it is, each in a thread of its own; two messages to each (INIT and
/// getInfo), one to those that speak only U2F, whose [`Key::known_info`] is then `None`.
///
/// The keys can be stopped one by one, and stop when the context's person wants to. The answers
/// stand in the order of `keys`.
///
/// # Errors
///
/// When there is no randomness. What is wrong with a single key stands in its place.
pub fn survey(
    keys: &[KeyDescription],
    context: &mut Context<'_>,
    timing: Timing,
) -> Result<Vec<Result<Key, AuthenticatorError>>, AuthenticatorError> {
    let mut asked = Vec::new();
    for key in keys {
        let mut nonce = Nonce([0; 8]);
        context.random.fill(&mut nonce.0)?;
        asked.push((key.clone(), nonce));
    }
    let settings = Settings { timing, ..context.settings };
    Ok(at_once(asked, context, settings, |(key, mut nonce), context| {
        let mut greeting = Context {
            bus: context.bus,
            random: &mut nonce,
            interaction: &mut *context.interaction,
            clock: context.clock.clone(),
            interrupt: context.interrupt.child(),
            settings: context.settings,
        };
        let mut key = Key::connect(key, &mut greeting)?;
        match key.info(context) {
            Ok(_) | Err(AuthenticatorError::U2fOnly) => Ok(key),
            Err(error) => Err(error),
        }
    }))
}

/// Runs `act` for each of `subjects` in a thread of its own, with a context in which nobody can be
/// asked and there is no randomness, and waits for all of them. The results stand in their order.
pub(super) fn at_once<S: Send, T: Send>(
    subjects: Vec<S>,
    context: &Context<'_>,
    settings: Settings,
    act: impl Fn(S, &mut Context<'_>) -> T + Sync,
) -> Vec<T> {
    let (bus, clock, interrupt) = (context.bus, &context.clock, &context.interrupt);
    let act = &act;
    let run = move |subject| {
        let mut alone = Context {
            bus,
            random: &mut NoRandomness,
            interaction: &mut Nobody,
            clock: clock.clone(),
            interrupt: interrupt.clone(),
            settings,
        };
        act(subject, &mut alone)
    };
    thread::scope(|scope| {
        let threads: Vec<_> =
            subjects.into_iter().map(|subject| scope.spawn(move || run(subject))).collect();
        let join = |thread: thread::ScopedJoinHandle<'_, T>| {
            thread.join().unwrap_or_else(|panic| resume_unwind(panic))
        };
        threads.into_iter().map(join).collect()
    })
}

/// The randomness of one greeting.
struct Nonce([u8; 8]);

impl Random for Nonce {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RandomError> {
        if bytes.len() != self.0.len() {
            return NoRandomness.fill(bytes);
        }
        bytes.copy_from_slice(&self.0);
        Ok(())
    }
}

struct NoRandomness;

impl Random for NoRandomness {
    fn fill(&mut self, _: &mut [u8]) -> Result<(), RandomError> {
        Err(RandomError("none is given to a key that is only looked at".to_owned()))
    }
}

/// Nobody to ask or to tell.
struct Nobody;

impl Interaction for Nobody {
    fn pin(&mut self, _: &PinRequest<'_>) -> Answer<Pin> {
        Answer::CannotAsk
    }

    fn new_pin(&mut self, _: &NewPinRequest<'_>) -> Answer<Pin> {
        Answer::CannotAsk
    }

    fn same_key(&mut self, _: &KeyDescription) -> Answer<()> {
        Answer::CannotAsk
    }

    fn act(&mut self, _: &KeyDescription, _: &Act) {}

    fn act_goes_on(&mut self, _: &KeyDescription, _: &Act, _: Duration) {}

    fn act_over(&mut self) {}

    fn notice(&mut self, _: &KeyDescription, _: &Notice) {}

    fn exchanged(&mut self, _: &KeyDescription, _: CommandCode, _: Option<Status>) {}

    fn progress(&mut self, _: Progress) {}
}

/// What `--device` takes for a key among others: its serial number where that names it alone, else
/// its path.
pub fn selector<'k>(key: &'k KeyDescription, others: &[KeyDescription]) -> &'k str {
    let KeyPath(path) = &key.path;
    let Some(serial) = key.serial_number.as_deref() else { return path };
    // A text that a shell, or the reading of selectors, would take for something else is no use.
    let is_plain = serial.len() >= 4
        && serial.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._".contains(&byte))
        && serial != "virtual";
    let is_taken = others.iter().filter(|other| other.path != key.path).any(|other| {
        other.path.0 == serial
            || other.serial_number.as_deref().is_some_and(|other| other.starts_with(serial))
    });
    if is_plain && !is_taken { serial } else { path }
}
