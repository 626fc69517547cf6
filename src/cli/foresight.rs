//! What can be said of a ceremony before it, and after it failed: what is asked for, held against
//! the key.

use super::app::App;
use super::error::CliError;
use super::exit::Exit;
use crate::authenticator::{AuthenticatorError, Context, Key, find_silently, pin_retries};
use crate::client::ClientError;
use crate::ctap::CommandCode;
use crate::output::explanation::{ExplanationView, remedy_sentence};
use crate::output::text::escape;
use crate::webauthn::explain::{Finding, Held, KeyFacts, PinTries, Standing, Wishes, explain};
use crate::webauthn::json::options::UserVerificationRequirement;
use crate::wire::status::Status;

impl App<'_> {
    /// Opens the key and says, rule by rule, why a ceremony would fail: without a touch, without the
    /// PIN, and without making anything.
    ///
    /// # Errors
    ///
    /// When no single key is meant, or it does not answer.
    pub fn foresee(&mut self, wishes: &Wishes) -> Result<Exit, CliError> {
        let mut key = self.connect_key()?;
        let (tries, held) = if self.speaks_ctap2(&mut key)? {
            (self.pin_tries(&mut key)?, self.look_for_listed(&mut key, wishes)?)
        } else {
            (None, Held::NotAsked)
        };
        let findings = explain(wishes, &facts(&key, held, tries));
        let view = ExplanationView::of(
            wishes,
            key.description(),
            self.global.device.as_deref(),
            &findings,
        );
        self.print(&view, ExplanationView::text)?;
        let fails = findings.standing() == Standing::Fail;
        Ok(if fails { Exit::Rejected } else { Exit::Done })
    }

    /// Asks for the tries that the key's PIN has left, where it has one; that costs none.
    ///
    /// # Errors
    ///
    /// When the key does not answer.
    pub(super) fn pin_tries(&mut self, key: &mut Key) -> Result<Option<PinTries>, CliError> {
        let info = key.known_info();
        if info.and_then(|info| info.options().client_pin()) != Some(true) {
            return Ok(None);
        }
        self.on_key(key, |key, context| match pin_retries(key, context) {
            Ok(state) => Ok(Some(PinTries {
                left: state.remaining,
                blocked_until_replug: state.power_cycle_state == Some(true),
            })),
            // The rest of what is known is told all the same.
            Err(
                AuthenticatorError::Refused { .. }
                | AuthenticatorError::Malformed { .. }
                | AuthenticatorError::Unsupported { .. }
                | AuthenticatorError::Denied { .. }
                | AuthenticatorError::Pin(_),
            ) => Ok(None),
            Err(error) => Err(error),
        })
    }

    /// Asks whether the key holds one of the credentials that are listed.
    fn look_for_listed(&mut self, key: &mut Key, wishes: &Wishes) -> Result<Held, CliError> {
        if wishes.listed.is_empty() {
            return Ok(Held::NotAsked);
        }
        let ids: Vec<Vec<u8>> = wishes.listed.iter().map(|one| one.id.clone()).collect();
        let mut under = wishes.looked_under();
        if !facts(key, Held::NotAsked, None).speaks_u2f {
            // Nothing was made with U2F on it.
            under.truncate(1);
        }
        let look = |key: &mut Key, context: &mut Context<'_>| {
            for rp_id in under {
                if find_silently(key, context, rp_id, &ids)?.is_some() {
                    return Ok(Held::Yes);
                }
            }
            Ok(Held::No)
        };
        self.on_key(key, |key, context| match look(key, context) {
            // The rest of what is known is told all the same.
            Err(
                error @ (AuthenticatorError::Refused { .. }
                | AuthenticatorError::Malformed { .. }
                | AuthenticatorError::Denied { .. }
                | AuthenticatorError::Pin(_)),
            ) => Ok(Held::Unknown { why: error.to_string() }),
            result => result,
        })
    }
}

/// What is known of a key; nothing is asked.
pub(super) fn facts(key: &Key, held: Held, pin_tries: Option<PinTries>) -> KeyFacts<'_> {
    let info = key.known_info();
    let speaks_u2f =
        key.capabilities().u2f() || info.is_some_and(|info| info.supports_version("U2F_V2"));
    KeyFacts { info, speaks_u2f, pin_tries, held }
}

/// Adds to the words about a refusal what speaks against the ceremony, as far as it is known
/// already; the key is asked nothing.
pub(super) fn with_reasons(
    mut explained: CliError,
    error: &ClientError,
    wishes: &Wishes,
    key: &Key,
) -> CliError {
    let status = match error {
        ClientError::Authenticator(AuthenticatorError::Refused {
            command: CommandCode::MAKE_CREDENTIAL | CommandCode::GET_ASSERTION,
            status,
        }) => *status,
        _ => return explained,
    };
    if status == Status::NO_CREDENTIALS && !wishes.listed.is_empty() {
        return of_the_listed(explained, wishes);
    }
    if key.known_info().is_none() {
        return explained;
    }
    let findings = explain(wishes, &facts(key, Held::NotAsked, None));
    for finding in findings.troubles().filter(|finding| matters(finding, status)) {
        if let Some(why) = &finding.why {
            explained.causes.push(escape(why));
        }
        for remedy in &finding.remedies {
            let hint = remedy_sentence(remedy);
            if !explained.hints.contains(&hint) {
                explained.hints.push(hint);
            }
        }
    }
    explained
}

/// Says of a key that has none of the credentials that were listed what that can mean.
fn of_the_listed(mut explained: CliError, wishes: &Wishes) -> CliError {
    explained.hints.clear();
    let explained = explained.hint(
        "Most likely this is not the key that was registered: it holds none of the credentials that \
         were named. Try another key.",
    );
    if wishes.user_verification == UserVerificationRequirement::Required {
        return explained;
    }
    explained.hint(
        "A key shows some credentials only to somebody who was verified: use `--user-verification \
         required`, or have the options require it.",
    )
}

/// Whether a rule may be why a key refused with this status. What the status says by itself needs no
/// guesses.
fn matters(finding: &Finding, status: Status) -> bool {
    match status {
        Status::CREDENTIAL_EXCLUDED | Status::NO_CREDENTIALS | Status::UP_REQUIRED => false,
        Status::UNSUPPORTED_ALGORITHM => finding.id == "algorithm",
        Status::KEY_STORE_FULL => finding.id == "room",
        Status::PUAT_REQUIRED | Status::UV_BLOCKED => {
            ["user_verification", "pin_tries", "pin_change"].contains(&finding.id.as_ref())
        }
        Status::REQUEST_TOO_LARGE | Status::LIMIT_EXCEEDED | Status::INVALID_LENGTH => {
            let lengths = ["names", "user_id", "list_length", "extension_cred_blob"];
            lengths.contains(&finding.id.as_ref())
        }
        // What is out of the key's sight: the client decides it.
        _ => !["timeout", "hints", "transports", "rp_id"].contains(&finding.id.as_ref()),
    }
}
