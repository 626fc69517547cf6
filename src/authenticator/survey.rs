//! Several keys, opened and asked what they are at the same time.

use super::context::{Context, Settings};
use super::error::AuthenticatorError;
use super::interaction::{Act, Answer, Interaction, NewPinRequest, Notice, PinRequest, Progress};
use super::key::Key;
use crate::ctap::{CommandCode, Pin, Random, RandomError};
use crate::transport::channel::Timing;
use crate::transport::{Bus, Clock, Interrupt, KeyDescription};
use crate::wire::status::Status;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::thread;
use std::time::Duration;

/// A key, and what it was asked beyond what it is; or why it did not say what it is.
pub type Examined<T> = Result<(Key, T), AuthenticatorError>;

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
) -> Result<Vec<Result<Key, AuthenticatorError>>, RandomError> {
    let answers = examine(keys, context, timing, |_, _| ())?;
    Ok(answers.into_iter().map(|answer| answer.map(|(key, ())| key)).collect())
}

/// As [`survey`], and asks every key that speaks CTAP2 for more, as `ask` says: only what needs no
/// person and no randomness.
///
/// # Errors
///
/// As [`survey`].
pub fn examine<T: Send>(
    keys: &[KeyDescription],
    context: &mut Context<'_>,
    timing: Timing,
    ask: impl Fn(&mut Key, &mut Context<'_>) -> T + Sync,
) -> Result<Vec<Examined<T>>, RandomError> {
    let mut asked = Vec::new();
    for key in keys {
        let mut nonce = Nonce([0; 8]);
        context.random.fill(&mut nonce.0)?;
        asked.push((key.clone(), nonce));
    }
    let settings = Settings { timing, ..context.settings };
    let around = Around { settings, ..Around::of(context) };
    let open = |(key, mut nonce), around: Around<'_>| {
        let around = Around { interrupt: around.interrupt.child(), ..around };
        let mut nobody = Nobody { touch_awaited: None };
        let mut context = around.context(&mut nonce, &mut nobody);
        let mut key = Key::connect(key, &mut context)?;
        match key.info(&mut context) {
            Ok(_) | Err(AuthenticatorError::U2fOnly) => {}
            Err(error) => return Err(error),
        }
        let more = ask(&mut key, &mut context);
        Ok((key, more))
    };
    Ok(at_once(asked, around, open, || {}))
}

/// The part of a [`Context`] that threads share.
#[derive(Clone)]
pub(super) struct Around<'a> {
    bus: &'a dyn Bus,
    clock: Arc<dyn Clock>,
    interrupt: Interrupt,
    settings: Settings,
}

impl<'a> Around<'a> {
    pub(super) fn of(context: &Context<'a>) -> Self {
        Self {
            bus: context.bus,
            clock: context.clock.clone(),
            interrupt: context.interrupt.clone(),
            settings: context.settings,
        }
    }

    /// A context of one thread's own.
    pub(super) fn context<'b>(
        self,
        random: &'b mut dyn Random,
        interaction: &'b mut dyn Interaction,
    ) -> Context<'b>
    where
        'a: 'b,
    {
        let Self { bus, clock, interrupt, settings } = self;
        Context { bus, random, interaction, clock, interrupt, settings }
    }
}

/// Runs `act` for each of `subjects` in a thread of its own, and `meanwhile` in this one; then waits
/// for all of them. The results stand in the order of the subjects.
pub(super) fn at_once<'a, S: Send, T: Send>(
    subjects: Vec<S>,
    around: Around<'a>,
    act: impl Fn(S, Around<'a>) -> T + Sync,
    meanwhile: impl FnOnce(),
) -> Vec<T> {
    let act = &act;
    thread::scope(|scope| {
        let mut threads = Vec::new();
        for subject in subjects {
            let around = around.clone();
            threads.push(scope.spawn(move || act(subject, around)));
        }
        meanwhile();
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

/// No randomness at all.
pub(super) struct NoRandomness;

impl Random for NoRandomness {
    fn fill(&mut self, _: &mut [u8]) -> Result<(), RandomError> {
        Err(RandomError("none is given to a key that is only looked at".to_owned()))
    }
}

/// Nobody to ask; that a touch is waited for, and how long still, is passed on.
pub(super) struct Nobody {
    pub(super) touch_awaited: Option<Sender<Duration>>,
}

impl Nobody {
    fn tell(&self, left: Duration) {
        if let Some(touch_awaited) = &self.touch_awaited {
            // Whoever asked may no longer listen.
            let _ = touch_awaited.send(left);
        }
    }
}

impl Interaction for Nobody {
    fn pin(&mut self, _: &PinRequest<'_>) -> Answer<Pin> {
        Answer::CannotAsk
    }

    fn new_pin(&mut self, _: &NewPinRequest<'_>) -> Answer<Pin> {
        Answer::CannotAsk
    }

    fn same_key(&mut self, _: &KeyDescription, _: bool) -> Answer<()> {
        Answer::CannotAsk
    }

    fn this_one(&mut self, _: &KeyDescription, _: bool) -> Answer<()> {
        Answer::CannotAsk
    }

    fn act(&mut self, _: &KeyDescription, act: &Act) {
        if let Act::Touch { within } = act {
            self.tell(*within);
        }
    }

    fn act_goes_on(&mut self, _: &KeyDescription, _: &Act, left: Duration) {
        self.tell(left);
    }

    fn act_over(&mut self) {}

    fn notice(&mut self, _: &KeyDescription, _: &Notice) {}

    fn exchanged(&mut self, _: &KeyDescription, _: CommandCode, _: Option<Status>) {}

    fn progress(&mut self, _: Progress) {}
}
