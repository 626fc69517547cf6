//! From the `--device` selector to an opened key.

use super::app::App;
use super::error::CliError;
use super::error_words;
use crate::authenticator::{
    self, AuthenticatorError, Choice, ChooseError, Key, Selected, aaguid_digits, choose, select,
    settle, survey,
};
use crate::ctap::RandomError;
use crate::output::words::key_name;
use crate::transport::{KeyDescription, KeyKind};
use crate::virtual_key::THROW_AWAY;
use crate::webauthn::model_names::ModelNames;
use crate::wire::text::hex;
use std::time::Duration;

/// How long a key is waited for on a terminal, or with `--wait` without a number.
const WAIT: u64 = 30;

/// How often the interrupt flag is looked at while a key is waited for.
const GLANCE: Duration = Duration::from_millis(100);

/// What a selector, or none, leads to.
pub(super) enum Found {
    /// What can be known without opening a key.
    Choice(Choice),
    /// Nobody said which of these is meant.
    Several(Vec<KeyDescription>),
}

impl App<'_> {
    /// Opens the key that is meant and asks what it is.
    ///
    /// # Errors
    ///
    /// When no single key is meant, or it cannot be opened, or it speaks only U2F.
    pub fn open_key(&mut self) -> Result<Key, CliError> {
        let mut key = self.connect_key()?;
        self.on_key(&mut key, |key, context| key.info(context).map(drop))?;
        Ok(key)
    }

    /// Opens the key that is meant, whatever it speaks; it is only asked what it is where that is
    /// needed to tell it from others.
    ///
    /// # Errors
    ///
    /// When no single key is meant, or it cannot be opened.
    pub fn connect_key(&mut self) -> Result<Key, CliError> {
        let selector = self.global.device.clone();
        match self.find(selector.as_deref())? {
            Found::Several(keys) if self.can_ask() && self.setting.stderr_is_terminal => {
                let Selected { key, .. } = self.select(&keys)?;
                self.ui.detail(&format!("Using {}.", key_name(key.description())));
                Ok(key)
            }
            Found::Several(keys) => Err(error_words::choose(&ChooseError::Several(keys))),
            Found::Choice(Choice::One(key)) => {
                self.ui.detail(&format!("Using {}.", key_name(&key)));
                self.on_description(&key.clone(), |context| Key::connect(key, context))
            }
            Found::Choice(Choice::AskThese(keys)) => {
                self.open_by_model(selector.unwrap_or_default(), keys)
            }
        }
    }

    /// Asks a key what it is, and says whether it speaks CTAP2; one that speaks only U2F does not.
    ///
    /// # Errors
    ///
    /// When it does not answer.
    pub fn speaks_ctap2(&mut self, key: &mut Key) -> Result<bool, CliError> {
        self.on_key(key, |key, context| match key.info(context) {
            Ok(_) => Ok(true),
            Err(AuthenticatorError::U2fOnly) => Ok(false),
            Err(error) => Err(error),
        })
    }

    /// Says of a key that is thrown away that nothing is left of what was just done to it.
    pub fn warn_of_throw_away(&mut self, key: &KeyDescription) {
        if key.path.0 == THROW_AWAY {
            self.ui.warning("Nothing of it is kept: this virtual key is thrown away now.");
            self.ui.hint("`fidokey virtual create NAME` makes one that lasts.");
        }
    }

    /// Has the person choose one of several keys by touching it.
    ///
    /// # Errors
    ///
    /// When none is chosen or none can be used.
    pub fn select(&mut self, keys: &[KeyDescription]) -> Result<Selected, CliError> {
        self.ceremony(|context| select(keys, context))
            .map_err(|error| error_words::select(&error, keys))
    }

    /// Finds the key that is meant, waiting for one to be plugged in where that makes sense.
    pub(super) fn find(&mut self, selector: Option<&str>) -> Result<Found, CliError> {
        let patience = match self.global.wait {
            Some(seconds) => Some(seconds),
            None if self.can_ask() => Some(WAIT),
            None => None,
        };
        let until =
            patience.map(|seconds| self.clock.now().saturating_add(Duration::from_secs(seconds)));
        let in_time = |now| until.is_some_and(|until| now < until);
        // A selector may be mistyped: its key is waited for only by those who say so.
        let asked_to_wait = self.global.wait.is_some();
        let mut told = false;
        loop {
            let choice = choose(self.bus.as_ref(), selector);
            match self.or_by_model(choice) {
                Err(error)
                    if in_time(self.clock.now())
                        && match error {
                            ChooseError::NoKey => true,
                            ChooseError::NoMatch { .. } => asked_to_wait,
                            _ => false,
                        } =>
                {
                    if !told {
                        told = true;
                        let seconds = patience.unwrap_or_default();
                        self.ui.status(&format!("Plug in a FIDO key ({seconds} s)."));
                    }
                    self.bus.wait_for_change(GLANCE);
                    if self.interrupt.is_requested() {
                        return Err(CliError::interrupted());
                    }
                }
                Ok(choice) => {
                    // Whoever says so may have plugged it in just before.
                    let keys = match &choice {
                        Choice::One(key) => std::slice::from_ref(key),
                        Choice::AskThese(keys) => keys,
                    };
                    if told || asked_to_wait {
                        self.settle(keys)?;
                    } else {
                        self.await_udev(keys)?;
                    }
                    return Ok(Found::Choice(choice));
                }
                Err(ChooseError::Several(keys)) => {
                    self.await_udev(&keys)?;
                    return Ok(Found::Several(keys));
                }
                Err(error) => return Err(error_words::choose(&error)),
            }
        }
    }

    /// Where no key fits what can be known without opening one, but some model has such a name, the
    /// keys have to be asked.
    pub(super) fn or_by_model(
        &mut self,
        choice: Result<Choice, ChooseError>,
    ) -> Result<Choice, ChooseError> {
        match choice {
            Err(ChooseError::NoMatch { selector, keys })
                if self.model_names().any_holds(&selector) =>
            {
                let (real, virtual_ones): (Vec<_>, Vec<_>) =
                    keys.into_iter().partition(|key| key.kind == KeyKind::Hid);
                if real.is_empty() {
                    return Err(ChooseError::NoMatch { selector, keys: virtual_ones });
                }
                Ok(Choice::AskThese(real))
            }
            other => other,
        }
    }

    /// Waits until keys that were plugged in a moment ago may be opened, or it is clear that they
    /// may not.
    pub(super) fn settle(&mut self, keys: &[KeyDescription]) -> Result<(), CliError> {
        self.ceremony(|context| settle(keys, context)).map_err(|_| CliError::interrupted())
    }

    /// Asks every key for its model, all at the same time, and keeps the one that matches. A key
    /// that serves another program is not waited for.
    fn open_by_model(
        &mut self,
        selector: String,
        keys: Vec<KeyDescription>,
    ) -> Result<Key, CliError> {
        let names = self.model_names();
        let mut matching = Vec::new();
        let mut not_asked = Vec::new();
        let answers = self.ceremony(|context| survey(&keys, context, authenticator::GLANCE));
        let answers = answers.map_err(|RandomError(reason)| error_words::random(&reason))?;
        if self.interrupt.is_requested() {
            return Err(CliError::interrupted());
        }
        for (description, answer) in keys.iter().zip(answers) {
            match answer {
                Ok(key) if is_model(&key, &selector, &names) => matching.push(key),
                Ok(_) => {}
                // It may be the one that is meant: if no other is, that is said.
                Err(error) => {
                    let error = error_words::authenticator(&error, description);
                    not_asked.push(error.after_changes().message);
                }
            }
        }
        let error = match (matching.len(), matching.pop()) {
            (1, Some(key)) => {
                self.ui.detail(&format!("Using {}.", key_name(key.description())));
                return Ok(key);
            }
            (_, None) => ChooseError::NoMatch { selector, keys },
            (_, Some(last)) => {
                matching.push(last);
                let keys = matching.iter().map(|key| key.description().clone()).collect();
                ChooseError::Ambiguous { selector, keys }
            }
        };
        let mut explained = error_words::choose(&error);
        for reason in not_asked {
            explained = explained.cause(reason.trim_end_matches('.'));
        }
        Err(explained)
    }
}

/// Whether a key has said that it is of the model that the selector means: its AAGUID begins with
/// these digits, or the model's name holds this text.
pub(super) fn is_model(key: &Key, selector: &str, names: &ModelNames) -> bool {
    let Some(aaguid) = key.known_info().and_then(|info| info.aaguid) else { return false };
    let digits = aaguid_digits(selector);
    digits.is_some_and(|digits| hex(&aaguid.0).starts_with(&digits))
        || names.holds(aaguid, selector)
}
