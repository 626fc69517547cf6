//! What is worth knowing of a key that works.

use crate::authenticator::{AuthenticatorError, PinState};
use crate::ctap::get_info::Info;
use crate::output::pin::FEW_TRIES;
use crate::output::text::{count, escape};
use serde::Serialize;

/// Something to know of a key.
#[derive(Debug, Serialize)]
pub struct NoteView {
    note: &'static str,
    text: String,
    command: Option<String>,
}

impl NoteView {
    fn new(note: &'static str, text: impl Into<String>) -> Self {
        Self { note, text: text.into(), command: None }
    }

    fn by(self, command: String) -> Self {
        Self { command: Some(command), ..self }
    }

    /// Whether something has to be done soon.
    pub(super) fn is_warning(&self) -> bool {
        const WARNINGS: [&str; 6] = [
            "pin_blocked",
            "pin_blocked_until_replug",
            "pin_retries_low",
            "pin_must_be_changed",
            "pin_state_unknown",
            "fingerprint_blocked",
        ];
        WARNINGS.contains(&self.note)
    }

    /// Whether this is its word.
    pub(super) fn is(&self, note: &str) -> bool {
        self.note == note
    }

    /// The note in one paragraph.
    pub(super) fn text(&self) -> String {
        match &self.command {
            Some(command) => format!("{}: `{command}`.", self.text),
            None => format!("{}.", self.text),
        }
    }
}

/// What a key that speaks CTAP2 says of itself. `command` makes a command for this key.
pub(super) fn notes(
    info: &Info,
    pin: &Result<PinState, AuthenticatorError>,
    command: impl Fn(&str) -> String,
) -> Vec<NoteView> {
    let mut notes = Vec::new();
    match pin {
        Ok(pin) => notes_on_pin(pin, &command, &mut notes),
        Err(error) => {
            let error = escape(&error.to_string());
            let text = format!("The key does not tell how its PIN stands: {error}");
            notes.push(NoteView::new("pin_state_unknown", text));
        }
    }
    if info.remaining_discoverable_credentials == Some(0) {
        let text = "The key has no room for another passkey; deleting one makes room";
        notes.push(NoteView::new("full", text).by(command("credential list")));
    }
    if info.aaguid.is_none_or(|aaguid| aaguid.0 == [0; 16]) {
        notes.push(NoteView::new(
            "no_model",
            "The key does not say which model it is (its AAGUID is zero): a service that admits only \
             certain models may refuse it",
        ));
    }
    if !info.versions.iter().any(|version| version.starts_with("FIDO_2")) {
        let versions = escape(&info.versions.join(", "));
        let text = format!("The key speaks CTAP2, but names no version of FIDO2: {versions}");
        notes.push(NoteView::new("no_version", text));
    }
    if !info.mistyped.is_empty() {
        let names: Vec<&str> = info.mistyped.iter().map(|member| member.name).collect();
        let text = format!(
            "What the key says of itself is partly not as the specification has it ({}); that part \
             is ignored",
            names.join(", ")
        );
        notes.push(NoteView::new("mistyped_members", text));
    }
    notes
}

fn notes_on_pin(pin: &PinState, command: &impl Fn(&str) -> String, notes: &mut Vec<NoteView>) {
    let always = pin.always_uv == Some(true);
    match pin.set {
        Some(false) if always => notes.push(
            NoteView::new("pin_not_set", "The key wants a PIN at every use and has none yet")
                .by(command("pin set")),
        ),
        Some(false) => notes.push(
            NoteView::new("pin_not_set", "The key has no PIN yet; many services want one")
                .by(command("pin set")),
        ),
        None if pin.built_in.is_none() => notes.push(NoteView::new(
            "no_verification",
            "The key knows neither PIN nor fingerprint: a service that wants one may refuse it",
        )),
        None | Some(true) => {}
    }
    match pin.retries {
        Some(0) => notes.push(
            NoteView::new(
                "pin_blocked",
                "The PIN is blocked for good. Only a reset helps, which erases every account on the \
                 key",
            )
            .by(command("reset")),
        ),
        Some(_) if pin.blocked_until_replug == Some(true) => notes.push(NoteView::new(
            "pin_blocked_until_replug",
            "The key takes no PIN before it is unplugged and plugged in again",
        )),
        Some(retries) if retries <= FEW_TRIES => {
            let number = usize::try_from(retries).unwrap_or(usize::MAX);
            let tries = count(number, "more wrong PIN", "more wrong PINs");
            let text = format!("{tries}, and the PIN is blocked for good");
            notes.push(NoteView::new("pin_retries_low", text));
        }
        _ => {}
    }
    if pin.must_be_changed {
        notes.push(
            NoteView::new("pin_must_be_changed", "The PIN must be changed before it can be used")
                .by(command("pin change")),
        );
    }
    if pin.built_in.is_some_and(|built_in| built_in.set_up && built_in.retries == Some(0)) {
        notes.push(NoteView::new(
            "fingerprint_blocked",
            "The key's own verification, such as a fingerprint, is blocked until the PIN is used",
        ));
    }
}
