//! The person at the terminal, as ceremonies see one.

mod pins;

use super::app::App;
use super::error::CliError;
use super::pin_source::PinSource;
use super::terminal::Terminal;
use super::ui::Ui;
use crate::authenticator::{Act, Answer, Interaction, NewPinRequest, Notice, PinRequest, Progress};
use crate::ctap::{CommandCode, Pin};
use crate::output::pin::FEW_TRIES;
use crate::output::text::{count, escape};
use crate::output::words;
use crate::transport::{Interrupt, KeyDescription};
use crate::virtual_key::{KeySummary, LastingKeys, Touch};
use crate::wire::status::Status;
use std::io::Read;
use std::time::Duration;

/// Speaks with the person on the terminal, or reads PINs from where the flags say.
pub(super) struct Person<'p, 'w> {
    pub(super) ui: &'p mut Ui<'w>,
    pub(super) terminal: Option<&'p mut (dyn Terminal + 'w)>,
    pub(super) stdin: &'p mut Option<&'w mut dyn Read>,
    /// Whether standard input is a terminal, and would show a PIN that is read from it.
    pub(super) stdin_is_terminal: bool,
    pub(super) interrupt: Interrupt,
    pub(super) pin_source: Option<PinSource>,
    pub(super) new_pin_source: Option<PinSource>,
    pub(super) pin_as_typed: bool,
    pub(super) yes: bool,
    /// Lasting virtual keys, some of which are touched by the Enter key.
    pub(super) lasting: Option<LastingKeys>,
    /// Whether the key that waits for a touch is touched by the Enter key.
    pub(super) by_enter: bool,
    /// The tries left before the last PIN that was asked for.
    pub(super) pin_retries: Option<u64>,
    /// Whether the last PIN that was asked for was sent otherwise than it was typed.
    pub(super) pin_normalized: bool,
    /// Why the last question could not be asked or answered, where that has a reason of its own.
    pub(super) problem: Option<CliError>,
}

impl Person<'_, '_> {
    /// Keeps why there is no answer.
    fn cannot<T>(&mut self, problem: CliError) -> Answer<T> {
        self.problem = Some(problem);
        Answer::CannotAsk
    }

    /// Whether a key is a virtual one that the Enter key touches.
    fn is_touched_by_enter(&self, key: &KeyDescription) -> bool {
        let name = key.path.0.strip_prefix("virtual:").and_then(|name| name.parse().ok());
        let summary = name.zip(self.lasting.as_ref()).and_then(|(name, keys)| keys.summary(&name));
        matches!(summary, Some(Ok(KeySummary { touch: Touch::Enter, .. })))
    }

    fn act_line(&self, key: &KeyDescription, act: &Act) -> String {
        if self.by_enter { words::act_by_enter(key, act) } else { words::act(key, act) }
    }
}

impl Interaction for Person<'_, '_> {
    fn pin(&mut self, request: &PinRequest<'_>) -> Answer<Pin> {
        let answer = self.existing_pin(request);
        if let Answer::Given(pin) = &answer {
            self.pin_normalized = pin.normalization_differs() && !self.pin_as_typed;
        }
        answer
    }

    fn new_pin(&mut self, request: &NewPinRequest<'_>) -> Answer<Pin> {
        self.chosen_pin(request)
    }

    fn same_key(&mut self, key: &KeyDescription, another_port: bool) -> Answer<()> {
        let name = words::key_name(key);
        let mut doubt = format!(
            "{} cannot be told from another key of the same model, because it has no serial \
             number of its own.",
            words::capitalized(&name)
        );
        if another_port {
            doubt.push_str(" It is in another USB port than before.");
        }
        if self.yes {
            self.ui.warning(&doubt);
            return Answer::Given(());
        }
        self.ui.end_line();
        let Some(terminal) = &mut self.terminal else { return Answer::CannotAsk };
        let prompt = format!("{doubt}\nIs it the key that you unplugged? [y/N] ");
        match terminal.read_line(&prompt) {
            Ok(Some(line)) if matches!(line.trim().to_lowercase().as_str(), "y" | "yes") => {
                Answer::Given(())
            }
            Ok(_) => Answer::Declined,
            Err(error) => self.cannot(CliError::terminal(&error)),
        }
    }

    fn this_one(&mut self, key: &KeyDescription, blinking: bool) -> Answer<()> {
        self.ui.end_line();
        let Some(terminal) = &mut self.terminal else { return Answer::CannotAsk };
        let name = words::key_name(key);
        let prompt = match blinking {
            true => format!("Is it {name}, which blinks now? [y/N] "),
            false => format!("Is it {name}? [y/N] "),
        };
        match terminal.read_line(&prompt) {
            Ok(Some(line)) if matches!(line.trim().to_lowercase().as_str(), "y" | "yes") => {
                Answer::Given(())
            }
            Ok(_) => Answer::Declined,
            Err(error) => self.cannot(CliError::terminal(&error)),
        }
    }

    fn act(&mut self, key: &KeyDescription, act: &Act) {
        self.by_enter = self.is_touched_by_enter(key);
        if self.by_enter && self.terminal.is_none() {
            let name = words::capitalized(&words::key_name(key));
            self.ui.warning(&format!(
                "{name} is touched by the Enter key, and there is no terminal: nobody will touch it."
            ));
            return;
        }
        let line = self.act_line(key, act);
        match act {
            _ if self.ui.is_live() => self.ui.progress(&line),
            // Without these nobody knows what to do, however quiet it should be.
            Act::Unplug | Act::PlugIn { .. } | Act::TouchOne { .. } => self.ui.prose(&line),
            _ => self.ui.status(&line),
        }
    }

    fn act_goes_on(&mut self, key: &KeyDescription, act: &Act, left: Duration) {
        let nobody_there = self.by_enter && self.terminal.is_none();
        if self.ui.is_live() && !nobody_there {
            let line = self.act_line(key, &act.within(left));
            self.ui.progress(&line);
        }
    }

    fn act_over(&mut self) {
        self.ui.end_line();
    }

    fn exchanged(&mut self, key: &KeyDescription, command: CommandCode, status: Option<Status>) {
        let path = escape(&key.path.0);
        match status {
            Some(status) => self.ui.detail(&format!("{path}: {command}: {status}")),
            None => self.ui.detail(&format!("{path}: {command}: no answer")),
        }
    }

    fn notice(&mut self, key: &KeyDescription, notice: &Notice) {
        let name = words::key_name(key);
        match notice {
            Notice::NotRecognised { retries: Some(retries) } => {
                let left = tries_left(*retries);
                self.ui.warning(&format!("{name} did not recognise you: {left}."));
            }
            Notice::NotRecognised { retries: None } => {
                self.ui.warning(&format!("{name} did not recognise you."));
            }
            Notice::PinInsteadOfVerification { blocked: false } => {
                self.ui.warning(&format!("{name} asks for its PIN instead of a fingerprint."));
            }
            Notice::PinInsteadOfVerification { blocked: true } => self.ui.warning(&format!(
                "{name} takes no fingerprint after too many wrong ones, until its PIN was given."
            )),
            Notice::PinNormalized => {
                self.ui.status(
                    "The PIN is sent in Unicode's composed form (NFC), which differs from what \
                     was typed. A key whose PIN was set by a tool that does not do this may \
                     refuse it.",
                );
                self.ui.hint("Use `--pin-as-typed` to send it as it was typed.");
            }
            Notice::FewRetries { retries } => self.ui.warning(&few_tries(&name, *retries)),
            Notice::Busy { within } => {
                let (the, seconds) = (words::capitalized(&name), within.as_secs());
                self.ui.status(&format!(
                    "{the} is busy with another request; waiting until it is free ({seconds} s at \
                     most)."
                ));
            }
            Notice::LeftOut { reason } => {
                let reason = escape(reason);
                self.ui.warning(&format!("{} is left out: {reason}.", words::capitalized(&name)));
            }
            Notice::PlugInOnceMore => {
                self.ui.warning(&format!(
                    "A key allows a reset only for a few seconds after it is plugged in, and \
                     these are over. {} has to be plugged in once more.",
                    words::capitalized(&name)
                ));
            }
            Notice::TooLateToCancel => {
                self.ui.warning(&format!("{name} had finished before it could be told to stop."));
            }
        }
    }

    fn progress(&mut self, progress: Progress) {
        match progress {
            Progress::RelyingParties { done, total } => {
                self.ui.progress(&format!("Reading relying parties: {done} of {total}"));
            }
            Progress::Credentials { done, total: Some(total) } => {
                self.ui.progress(&format!("Reading credentials: {done} of {total}"));
            }
            Progress::Credentials { done, total: None } => {
                self.ui.progress(&format!("Reading credentials: {done}"));
            }
            Progress::LargeBlobs { done, total: None } => {
                self.ui.progress(&format!("Reading large blobs: {done} bytes"));
            }
            Progress::LargeBlobs { done, total: Some(total) } => {
                self.ui.progress(&format!("Writing large blobs: {done} of {total} bytes"));
            }
            Progress::Finished => self.ui.end_line(),
        }
    }
}

/// That few PIN tries are left.
fn few_tries(name: &str, retries: u64) -> String {
    format!("The PIN of {name}: {}.", tries_left(retries))
}

impl App<'_> {
    /// That a key had few PIN tries left before it was given the PIN, where that is so.
    pub(super) fn few_tries(&self, key: &KeyDescription) -> Option<String> {
        let few = self.pin_retries.filter(|retries| *retries <= FEW_TRIES)?;
        Some(few_tries(&words::key_name(key), few))
    }
}

/// `1 try left`, `3 tries left`.
fn tries_left(retries: u64) -> String {
    let number = usize::try_from(retries).unwrap_or(usize::MAX);
    format!("{} left", count(number, "try", "tries"))
}
