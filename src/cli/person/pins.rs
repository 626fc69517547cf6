//! PINs of the person: read from where the flags say, or asked for on the terminal.

use super::{Person, tries_left};
use crate::authenticator::{Answer, Interaction, NewPinRequest, Notice, PinPolicy, PinRequest};
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::pin_source::PinSource;
use crate::ctap::{MAX_PIN_BYTES, Pin, PinNotUtf8};
use crate::output::pin::FEW_TRIES;
use crate::output::text::escape;
use crate::output::words;
use crate::transport::KeyDescription;
use zeroize::Zeroizing;

/// How often a new PIN may be typed that does not fit the rules. The key hears of none of them.
const NEW_PIN_TRIES: u32 = 3;

impl Person<'_, '_> {
    /// The key's PIN, from where the flags say or typed.
    pub(super) fn existing_pin(&mut self, request: &PinRequest<'_>) -> Answer<Pin> {
        let few = request.retries <= FEW_TRIES;
        self.pin_retries = Some(request.retries);
        if let Some(source) = self.untyped(self.pin_source.as_ref()) {
            if few {
                let retries = request.retries;
                self.notice(request.key, &Notice::FewRetries { retries });
            }
            return self.pin_from_source(&source, request.key);
        }
        let name = words::key_name(request.key);
        let left = if few { format!(", {}", tries_left(request.retries)) } else { String::new() };
        match self.ask_secret(&format!("PIN of {name}{left}: ")) {
            Answer::Given(typed) => self.existing_pin_from(&typed, request.key),
            Answer::Declined => Answer::Declined,
            Answer::CannotAsk => Answer::CannotAsk,
        }
    }

    /// A PIN that a key is to get, from where the flags say or typed twice.
    pub(super) fn chosen_pin(&mut self, request: &NewPinRequest<'_>) -> Answer<Pin> {
        if let Some(source) = self.untyped(self.new_pin_source.as_ref()) {
            return self.pin_from_source(&source, request.key);
        }
        if self.terminal.is_none() {
            return Answer::CannotAsk;
        }
        // What belongs to a question goes where the question goes, wherever stderr leads.
        let mut preface = policy_lines(request.policy);
        if request.is_first {
            preface.push_str(
                "Once set, a PIN can be changed, but only a reset removes it again, together with \
                 everything on the key.\n",
            );
        }
        for left in (0..NEW_PIN_TRIES).rev() {
            let wrong = match self.new_pin_typed(request, &preface) {
                Answer::Given(Ok(pin)) => return Answer::Given(pin),
                Answer::Given(Err(wrong)) => wrong,
                Answer::Declined => return Answer::Declined,
                Answer::CannotAsk => return Answer::CannotAsk,
            };
            if left == 0 {
                let error = CliError::new(
                    Exit::Pin,
                    "new_pin",
                    format!("{wrong}. Nothing was sent, and no PIN try was used."),
                );
                return self.cannot(error.hint("Think of a PIN and run the command again."));
            }
            preface = format!("{wrong}. Please try again.\n");
        }
        Answer::Declined
    }

    /// Reads a PIN from where the flags say.
    fn pin_from_source(&mut self, source: &PinSource, key: &KeyDescription) -> Answer<Pin> {
        let read = match (source, self.stdin.as_deref_mut()) {
            (PinSource::Stdin, None) => Err(CliError::usage(
                "Standard input was read already, and the PIN was to come from it. Nothing was \
                 sent.",
            )
            .hint("Give the PIN in a file, with `--pin-file FILE`.")),
            (PinSource::Stdin, Some(_)) if self.stdin_is_terminal => Err(source.is_shown()),
            (source, Some(stdin)) => source.read(stdin, &self.interrupt),
            (source, None) => source.read(&mut std::io::empty(), &self.interrupt),
        };
        match read {
            Ok(line) => {
                if line.was_marked {
                    self.ui.warning(&format!(
                        "The byte order mark at the start of {source} is not part of the PIN and \
                         is left out."
                    ));
                }
                self.pin_from(&line.pin, key)
            }
            Err(error) => self.cannot(error),
        }
    }

    /// Turns typed bytes into a PIN, and says so when they are not sent as typed.
    fn pin_from(&mut self, typed: &[u8], key: &KeyDescription) -> Answer<Pin> {
        match Pin::new(typed, self.pin_as_typed) {
            Ok(pin) => {
                if pin.normalization_differs() && !self.pin_as_typed {
                    self.notice(key, &Notice::PinNormalized);
                }
                Answer::Given(pin)
            }
            Err(PinNotUtf8) => self.cannot(
                CliError::new(
                    Exit::Pin,
                    "pin_encoding",
                    "The PIN is not text in UTF-8, which keys expect. Nothing was sent.",
                )
                .hint("Save the file as UTF-8, or set the terminal to UTF-8."),
            ),
        }
    }

    /// As [`Self::pin_from`] for a PIN that the key has: before it is sent otherwise than it was typed,
    /// which can cost a try, the person is asked.
    fn existing_pin_from(&mut self, typed: &[u8], key: &KeyDescription) -> Answer<Pin> {
        let differs = |pin: &Pin| pin.normalization_differs() && !self.pin_as_typed;
        let can_ask = self.terminal.is_some() && !self.yes;
        if !can_ask || !Pin::new(typed, self.pin_as_typed).is_ok_and(|pin| differs(&pin)) {
            return self.pin_from(typed, key);
        }
        self.ui.end_line();
        let Some(terminal) = &mut self.terminal else { return Answer::CannotAsk };
        let question = "The PIN holds characters that Unicode writes in two ways. They are sent in the \
                        composed one (NFC), as FIDO prescribes, and not as they were typed. A key \
                        whose PIN was set by a tool that does not do this refuses it, and a try is \
                        lost.\nSend it composed? [y/N] ";
        match terminal.read_line(question) {
            Ok(Some(line)) if matches!(line.trim().to_lowercase().as_str(), "y" | "yes") => {
                Pin::new(typed, self.pin_as_typed).map_or(Answer::CannotAsk, Answer::Given)
            }
            Ok(Some(_)) => self.cannot(
                CliError::new(
                    Exit::NotConfirmed,
                    "declined",
                    "The PIN was not sent, and no PIN try was used. Nothing was changed.",
                )
                .hint("Add `--pin-as-typed` to send it as it was typed."),
            ),
            Ok(None) => Answer::Declined,
            Err(error) => self.cannot(CliError::terminal(&error)),
        }
    }

    /// A source that is read rather than asked for. Who names standard input and types there is asked at
    /// the terminal, where the PIN is not shown.
    fn untyped(&self, source: Option<&PinSource>) -> Option<PinSource> {
        let can_be_asked = self.stdin_is_terminal && self.terminal.is_some();
        source.filter(|source| **source != PinSource::Stdin || !can_be_asked).cloned()
    }

    /// Asks for a new PIN once: typed twice, and checked in between against what is known of the
    /// rules. `preface` stands above the first question; `Err` says in words what is wrong with
    /// what was typed.
    fn new_pin_typed(
        &mut self,
        request: &NewPinRequest<'_>,
        preface: &str,
    ) -> Answer<Result<Pin, String>> {
        let name = words::key_name(request.key);
        let first = match self.ask_secret(&format!("{preface}New PIN for {name}: ")) {
            Answer::Given(typed) => match self.pin_from(&typed, request.key) {
                Answer::Given(pin) => pin,
                Answer::Declined => return Answer::Declined,
                Answer::CannotAsk => return Answer::CannotAsk,
            },
            Answer::Declined => return Answer::Declined,
            Answer::CannotAsk => return Answer::CannotAsk,
        };
        let PinPolicy { min_code_points, max_code_points, .. } = *request.policy;
        if let Err(error) = first.check_policy(min_code_points, max_code_points) {
            return Answer::Given(Err(words::capitalized(&error.to_string())));
        }
        match self.ask_secret("The same PIN again: ") {
            Answer::Given(typed) => Answer::Given(match Pin::new(&typed, self.pin_as_typed) {
                Ok(second) if second.matches(&first) => Ok(first),
                _ => Err("The two PINs differ".to_owned()),
            }),
            Answer::Declined => Answer::Declined,
            Answer::CannotAsk => Answer::CannotAsk,
        }
    }

    fn ask_secret(&mut self, prompt: &str) -> Answer<Zeroizing<Vec<u8>>> {
        self.ui.end_line();
        let Some(terminal) = &mut self.terminal else { return Answer::CannotAsk };
        match terminal.read_secret(prompt) {
            Ok(Some(typed)) if !typed.is_empty() => Answer::Given(typed),
            Ok(_) => Answer::Declined,
            Err(error) => self.cannot(CliError::terminal(&error)),
        }
    }
}

/// What a new PIN must be like, before it is typed; each line with its end.
fn policy_lines(policy: &PinPolicy) -> String {
    let mut lines = format!(
        "A PIN for this key has {} to {} characters, {MAX_PIN_BYTES} bytes at most. It may have \
         letters and signs.\n",
        policy.min_code_points, policy.max_code_points
    );
    if policy.complexity == Some(true) {
        lines.push_str("The key refuses PINs that it finds too simple.\n");
    }
    if let Some(url) = &policy.complexity_url {
        lines.push_str(&format!("Its vendor explains the rules at {}\n", escape(url)));
    }
    lines
}
