//! Which of several keys is meant: the one that is touched (authenticatorSelection, CTAP 2.3
//! section 6.9).
//!
//! Every key of CTAP 2.1 or later waits for a touch at the same time; the first that is touched is
//! meant, and the others are told to cancel. Older keys have no such command. They are made to
//! blink one by one, and the person is asked: to pretend a registration, as some programs do, costs
//! PIN tries on some keys.

use super::context::Context;
use super::error::AuthenticatorError;
use super::interaction::{Act, Answer, Interaction, Notice};
use super::key::Key;
use super::survey::{Around, GLANCE, NoRandomness, Nobody, at_once, survey};
use crate::ctap::RandomError;
use crate::ctap::get_info::Info;
use crate::ctap::selection::Selection;
use crate::transport::{Interrupt, KeyDescription};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;
use thiserror::Error;

/// A key that was chosen among several. It has said what it is, where it speaks CTAP2.
pub struct Selected {
    /// The key, ready for use.
    pub key: Key,
    /// How it was chosen.
    pub by: SelectedBy,
    /// Keys that could not be used and were not among the choice, each with the reason.
    pub left_out: Vec<(KeyDescription, AuthenticatorError)>,
}

/// How a key was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SelectedBy {
    /// It was touched.
    Touch,
    /// The person was asked and said yes.
    Answer,
}

/// Why none of several keys was chosen.
#[derive(Debug, Error)]
pub enum SelectError {
    /// None can be used; of one of them, why.
    #[error("none of the keys can be used")]
    NoneUsable {
        /// The key.
        key: Box<KeyDescription>,
        /// Why it cannot be used.
        #[source]
        source: Box<AuthenticatorError>,
    },
    /// Nobody touched any of them.
    #[error("nobody touched any of the keys in time")]
    NotTouched,
    /// The person said of each that it is not the one.
    #[error("none of the keys is the one that is meant")]
    NoneMeant,
    /// There are keys that cannot be touched to choose them, and nobody to ask.
    #[error("nobody could be asked")]
    CannotAsk,
    /// The person asked to stop (Ctrl-C), and the keys were told.
    #[error("interrupted")]
    Interrupted,
    /// The operating system gives no randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
}

/// Finds out which of several keys the person means.
///
/// Each key gets INIT and getInfo, and then a wait for a touch or, if it is older, a request to
/// blink. Keys that cannot be used are left out, with a notice.
///
/// # Errors
///
/// [`SelectError`]. Every key can be used afterwards.
pub fn select(keys: &[KeyDescription], context: &mut Context<'_>) -> Result<Selected, SelectError> {
    let answers = survey(keys, context, GLANCE)?;
    if context.interrupt.is_requested() {
        return Err(SelectError::Interrupted);
    }
    let (mut touchable, mut older, mut left_out) = (Vec::new(), Vec::new(), Vec::new());
    for (description, answer) in keys.iter().zip(answers) {
        match answer {
            Ok(key) if key.known_info().is_some_and(waits_for_selection) => touchable.push(key),
            Ok(key) => older.push(key),
            Err(error) => {
                let reason = error.to_string();
                context.interaction.notice(description, &Notice::LeftOut { reason });
                left_out.push((description.clone(), error));
            }
        }
    }
    if touchable.is_empty()
        && older.is_empty()
        && let Some((key, error)) = left_out.pop()
    {
        return Err(not_usable(key, error));
    }
    let (key, by) = match ask(older, context)? {
        Asked::ThisOne(key) => (*key, SelectedBy::Answer),
        Asked::NoneOfThem if touchable.is_empty() => return Err(SelectError::NoneMeant),
        Asked::NobodyThere if touchable.is_empty() => return Err(SelectError::CannotAsk),
        Asked::NoneOfThem | Asked::NobodyThere => {
            (wait_for_touch(touchable, context)?, SelectedBy::Touch)
        }
    };
    Ok(Selected { key, by, left_out })
}

fn not_usable(key: KeyDescription, error: AuthenticatorError) -> SelectError {
    SelectError::NoneUsable { key: Box::new(key), source: Box::new(error) }
}

/// Whether a key knows authenticatorSelection: those of the preview of 2.1 do not.
fn waits_for_selection(info: &Info) -> bool {
    ["FIDO_2_1", "FIDO_2_2", "FIDO_2_3"].iter().any(|version| info.supports_version(version))
}

/// What became of asking about keys one by one.
enum Asked {
    ThisOne(Box<Key>),
    NoneOfThem,
    NobodyThere,
}

/// Makes keys blink one by one and asks whether it is the one.
fn ask(older: Vec<Key>, context: &mut Context<'_>) -> Result<Asked, SelectError> {
    for mut key in older {
        // What matters is the answer; a key that does not blink is asked about by its name.
        let blinking = key.wink(context).is_ok();
        let answer = context.interaction.this_one(key.description(), blinking);
        if context.interrupt.is_requested() {
            return Err(SelectError::Interrupted);
        }
        match answer {
            Answer::Given(()) => return Ok(Asked::ThisOne(Box::new(key))),
            Answer::Declined => {}
            Answer::CannotAsk => return Ok(Asked::NobodyThere),
        }
    }
    Ok(Asked::NoneOfThem)
}

/// Has all keys wait for a touch; the first that gets one has the others stop waiting.
fn wait_for_touch(keys: Vec<Key>, context: &mut Context<'_>) -> Result<Key, SelectError> {
    let some_key = keys.first().map(|key| key.description().clone());
    let interrupts: Vec<Interrupt> = keys.iter().map(|key| key.interrupt().clone()).collect();
    let first = OnceLock::new();
    let (touch_awaited, awaited) = channel();
    let wait = |(number, mut key, touch_awaited): (usize, Key, Sender<Duration>),
                around: Around<'_>| {
        let mut nobody = Nobody { touch_awaited: Some(touch_awaited) };
        let touched = key.exchange(&mut around.context(&mut NoRandomness, &mut nobody), &Selection);
        if touched.is_ok() && first.set(number).is_ok() {
            let others = interrupts.iter().enumerate().filter(|(other, _)| *other != number);
            others.for_each(|(_, interrupt)| interrupt.request());
        }
        (key, touched)
    };
    let count = keys.len();
    let numbered = keys.into_iter().enumerate();
    let subjects = numbered.map(|(number, key)| (number, key, touch_awaited.clone())).collect();
    // The last sender has to go with the last thread.
    drop(touch_awaited);
    let around = Around::of(context);
    let results = at_once(subjects, around, wait, || {
        if let Some(key) = some_key {
            say_what_to_do(&key, count, &awaited, context.interaction);
        }
    });
    let mut failure = None;
    for (number, (key, touched)) in results.into_iter().enumerate() {
        match touched {
            Ok(()) if first.get() == Some(&number) => {
                return Ok(key);
            }
            Ok(()) | Err(AuthenticatorError::Interrupted) => {}
            Err(AuthenticatorError::NotTouched) => failure = Some(SelectError::NotTouched),
            Err(AuthenticatorError::Denied { .. }) => {
                failure.get_or_insert(SelectError::NoneMeant);
            }
            Err(error) => {
                failure.get_or_insert(not_usable(key.description().clone(), error));
            }
        }
    }
    match failure {
        Some(failure) if !context.interrupt.is_requested() => Err(failure),
        _ => Err(SelectError::Interrupted),
    }
}

/// Says once for all keys that one of them is to be touched, and how long they wait: until none of
/// them does any more.
fn say_what_to_do(
    some_key: &KeyDescription,
    count: usize,
    awaited: &Receiver<Duration>,
    interaction: &mut dyn Interaction,
) {
    let mut told = None;
    for within in awaited {
        let act = Act::TouchOne { count, within };
        match told {
            None => interaction.act(some_key, &act),
            // Each key tells its own time; one of them is enough.
            Some(seconds) if within.as_secs() < seconds => {
                interaction.act_goes_on(some_key, &act, within);
            }
            Some(_) => continue,
        }
        told = Some(within.as_secs());
    }
    if told.is_some() {
        interaction.act_over();
    }
}
