//! What a command works with: the streams, the person, the keys.

use super::error::CliError;
use super::error_words;
use super::global::Global;
use super::person::Person;
use super::pin_source::PinSource;
use super::terminal::Terminal;
use super::tracing::Tracing;
use super::ui::Ui;
use super::world::{Setting, World};
use crate::authenticator::{AuthenticatorError, Context, Key, Settings};
use crate::ctap::Random;
use crate::host::Host;
use crate::transport::channel::Timing;
use crate::transport::{Bus, Clock, Interrupt, KeyDescription};
use serde::Serialize;
use std::io::Read;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// How long a key may be silent when nobody has to do anything.
const ANSWER: Duration = Duration::from_secs(3);

/// How long a touch is waited for unless `--timeout` says otherwise.
const TOUCH: Duration = Duration::from_secs(60);

/// How often a person is asked for a number before it counts as no.
const CHOICES: usize = 3;

/// What a command works with.
pub struct App<'w> {
    /// What the program says.
    pub ui: Ui<'w>,
    /// How the program is called, as one word of a shell command.
    pub program: String,
    /// The flags that every command takes.
    pub global: Global,
    /// What is known about the streams and the environment.
    pub setting: Setting,
    /// What the operating system says of keys.
    pub host: Host,
    /// Where keys are found.
    pub bus: Arc<dyn Bus>,
    /// Monotonic time.
    pub clock: Arc<dyn Clock>,
    /// The time of day.
    pub now: SystemTime,
    /// Unpredictable bytes.
    pub random: &'w mut dyn Random,
    /// Set by Ctrl-C.
    pub interrupt: Interrupt,
    pub(super) terminal: Option<Box<dyn Terminal + 'w>>,
    pub(super) stdin: Option<&'w mut dyn Read>,
    /// Where a new PIN comes from when not from the terminal.
    pub new_pin_source: Option<PinSource>,
    /// The trace that is being written, if one was asked for.
    pub(super) tracing: Option<Tracing>,
    /// Whether it was said that the metadata that is kept cannot be used.
    pub(super) warned_of_metadata: bool,
    /// Why a question of the last ceremony had no answer, where there is a reason of its own.
    problem: Option<CliError>,
    /// The tries that a key had left before it was given its PIN, where one was.
    pub(super) pin_retries: Option<u64>,
    /// Whether the PIN of the last ceremony was sent otherwise than it was typed.
    pin_normalized: bool,
}

impl<'w> App<'w> {
    /// Joins the world and the flags.
    pub fn new(world: World<'w>, global: Global) -> Self {
        let ui = Ui::new(world.stdout, world.stderr, &world.setting, &global);
        let terminal = if global.no_input { None } else { world.terminal };
        Self {
            ui,
            program: "fidokey".to_owned(),
            global,
            setting: world.setting,
            host: world.host,
            bus: world.bus,
            clock: world.clock,
            now: world.now,
            random: world.random,
            interrupt: world.interrupt,
            terminal,
            stdin: Some(world.stdin),
            new_pin_source: None,
            tracing: None,
            warned_of_metadata: false,
            problem: None,
            pin_retries: None,
            pin_normalized: false,
        }
    }

    /// The time of day, in seconds since the Unix epoch.
    pub fn now_in_seconds(&self) -> u64 {
        self.now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
    }

    /// The deadlines that the flags ask for.
    pub fn timing(&self) -> Timing {
        let touch = self.global.timeout.map_or(TOUCH, Duration::from_secs);
        Timing { answer: ANSWER, touch }
    }

    /// Runs a ceremony with a context around the person and the flags.
    pub fn ceremony<T>(&mut self, act: impl FnOnce(&mut Context<'_>) -> T) -> T {
        let settings = Settings { timing: self.timing(), last_try: self.global.last_try };
        let pin_source = self.pin_source();
        let mut person = Person {
            ui: &mut self.ui,
            terminal: match &mut self.terminal {
                Some(terminal) => Some(terminal.as_mut()),
                None => None,
            },
            stdin: &mut self.stdin,
            stdin_is_terminal: self.setting.stdin_is_terminal,
            interrupt: self.interrupt.clone(),
            pin_source,
            new_pin_source: self.new_pin_source.clone(),
            pin_as_typed: self.global.pin_as_typed,
            yes: self.global.yes,
            lasting: self.setting.lasting_keys(),
            by_enter: false,
            pin_retries: None,
            pin_normalized: false,
            problem: None,
        };
        let mut context = Context {
            bus: self.bus.as_ref(),
            random: &mut *self.random,
            interaction: &mut person,
            clock: Arc::clone(&self.clock),
            interrupt: self.interrupt.clone(),
            settings,
        };
        let result = act(&mut context);
        self.problem = person.problem;
        self.pin_normalized = person.pin_normalized;
        self.pin_retries = person.pin_retries.or(self.pin_retries);
        result
    }

    /// Where the PIN comes from when not from the terminal.
    fn pin_source(&self) -> Option<PinSource> {
        PinSource::from_flags(self.global.pin_file.as_deref(), self.global.pin_fd)
    }

    /// The flag by which the PIN comes from standard input, if it does.
    pub fn pin_flag_of_stdin(&self) -> Option<&'static str> {
        let from_file = self.global.pin_file.is_some();
        let flag = if from_file { "--pin-file" } else { "--pin-fd" };
        (self.pin_source() == Some(PinSource::Stdin)).then_some(flag)
    }

    /// Explains why a ceremony failed: by why a question of it had no answer, such as a PIN file
    /// that is not there, or else by `explanation`.
    pub fn failed(&mut self, explanation: CliError) -> CliError {
        if let Some(problem) = self.problem.take() {
            return problem;
        }
        let explanation = match self.pin_source() {
            Some(source) => error_words::pin_read_from(&source, explanation),
            None => explanation,
        };
        if self.pin_normalized { error_words::pin_not_as_typed(explanation) } else { explanation }
    }

    /// Runs a ceremony on a key; its errors are explained with the key's name.
    ///
    /// # Errors
    ///
    /// The ceremony's, in words.
    pub fn on_key<T>(
        &mut self,
        key: &mut Key,
        act: impl FnOnce(&mut Key, &mut Context<'_>) -> Result<T, AuthenticatorError>,
    ) -> Result<T, CliError> {
        let result = self.ceremony(|context| act(key, context));
        result.map_err(|error| self.failed(error_words::authenticator(&error, key.description())))
    }

    /// As [`App::on_key`] before there is a key.
    ///
    /// # Errors
    ///
    /// The ceremony's, in words.
    pub fn on_description<T>(
        &mut self,
        description: &KeyDescription,
        act: impl FnOnce(&mut Context<'_>) -> Result<T, AuthenticatorError>,
    ) -> Result<T, CliError> {
        let result = self.ceremony(act);
        result.map_err(|error| self.failed(error_words::authenticator(&error, description)))
    }

    /// Prints a view: as text, or as one JSON document with `--json`.
    ///
    /// # Errors
    ///
    /// When stdout cannot be written to.
    pub fn print<V: Serialize>(
        &mut self,
        view: &V,
        text: impl FnOnce(&V) -> String,
    ) -> Result<(), CliError> {
        let answer = if self.global.json {
            crate::output::json::document(view).map_err(|error| CliError::defect(&error))?
        } else {
            text(view)
        };
        self.print_raw(&answer)
    }

    /// Prints the answer as it is.
    ///
    /// # Errors
    ///
    /// When stdout cannot be written to.
    pub fn print_raw(&mut self, answer: &str) -> Result<(), CliError> {
        self.ui.answer(answer).map_err(|error| CliError::no_output(&error))
    }

    /// Asks a yes-or-no question whose default is no; `--yes` answers it.
    ///
    /// # Errors
    ///
    /// When the answer is no, or nobody can be asked.
    pub fn confirm(&mut self, question: &str) -> Result<(), CliError> {
        if self.global.yes {
            return Ok(());
        }
        self.ui.end_line();
        let Some(terminal) = &mut self.terminal else {
            return Err(CliError::cannot_confirm());
        };
        match terminal.read_line(&format!("{question} [y/N] ")) {
            Ok(Some(line)) if matches!(line.trim().to_lowercase().as_str(), "y" | "yes") => Ok(()),
            Ok(_) if self.interrupt.is_requested() => Err(CliError::interrupted()),
            Ok(_) => Err(CliError::declined()),
            Err(error) => Err(CliError::terminal(&error)),
        }
    }

    /// Asks for a word to be typed; `--yes` answers it.
    ///
    /// # Errors
    ///
    /// When another word was typed, or nobody can be asked.
    pub fn confirm_word(&mut self, prompt: &str, word: &str) -> Result<(), CliError> {
        if self.global.yes {
            return Ok(());
        }
        self.ui.end_line();
        let Some(terminal) = &mut self.terminal else {
            return Err(CliError::cannot_confirm());
        };
        match terminal.read_line(prompt) {
            Ok(Some(line)) if line.trim() == word => Ok(()),
            Ok(_) if self.interrupt.is_requested() => Err(CliError::interrupted()),
            Ok(Some(line)) if !line.trim().is_empty() => Err(CliError::another_word(word)),
            Ok(_) => Err(CliError::declined()),
            Err(error) => Err(CliError::terminal(&error)),
        }
    }

    /// Lets the person choose one of several lines by number; `None` when nobody can be asked.
    ///
    /// # Errors
    ///
    /// When the person breaks off or types no such number several times.
    pub fn choose(&mut self, prompt: &str, count: usize) -> Result<Option<usize>, CliError> {
        self.ui.end_line();
        let Some(terminal) = &mut self.terminal else { return Ok(None) };
        let mut question = prompt.to_owned();
        for _ in 0..CHOICES {
            match terminal.read_line(&question) {
                Ok(Some(line)) if line.trim().is_empty() => break,
                Ok(Some(line)) => match line.trim().parse::<usize>() {
                    Ok(number) if (1..=count).contains(&number) => return Ok(Some(number)),
                    _ => question = format!("A number from 1 to {count}, please: "),
                },
                Ok(None) if self.interrupt.is_requested() => return Err(CliError::interrupted()),
                Ok(None) => break,
                Err(error) => return Err(CliError::terminal(&error)),
            }
        }
        Err(CliError::declined())
    }

    /// Standard input, for the one that asks first; nothing is left for the next.
    pub fn read_stdin(&mut self) -> Box<dyn Read + 'w> {
        match self.stdin.take() {
            Some(stdin) => Box::new(stdin),
            None => Box::new(std::io::empty()),
        }
    }

    /// Whether there is a person to ask.
    pub fn can_ask(&self) -> bool {
        self.terminal.is_some()
    }
}
