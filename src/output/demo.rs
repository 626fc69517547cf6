//! The steps of the main job, as the demonstration goes through them.

use super::text::{count, escape};
use super::verdict::account;
use crate::authenticator::StoredCredentials;
use crate::client::{Asserted, Registered};
use crate::ctap::get_info::Info;
use crate::output::key_words;
use crate::webauthn::verify::Verdict;
use crate::wire::cose::Algorithm;
use crate::wire::ctaphid::Capabilities;
use serde::Serialize;
use serde_json::{Map, Value, json};

/// The whole demonstration.
#[derive(Debug, Serialize)]
pub struct DemoView {
    /// What `--device` takes for the key.
    pub device: &'static str,
    /// What was done.
    pub steps: Vec<StepView>,
}

/// One step.
#[derive(Debug, Serialize)]
pub struct StepView {
    /// Its name.
    pub step: &'static str,
    result: String,
    #[serde(flatten)]
    details: Map<String, Value>,
}

impl StepView {
    fn new<const N: usize>(
        step: &'static str,
        result: String,
        details: [(&str, Value); N],
    ) -> Self {
        let details = details.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self { step, result, details }
    }

    /// A key was made and switched on.
    pub fn created(info: &Info, capabilities: Capabilities) -> Self {
        let speaks = key_words::speaks(Some(info), capabilities);
        Self::new(
            "create",
            format!("a virtual key that speaks {speaks}; it is forgotten at the end"),
            [("versions", json!(info.versions))],
        )
    }

    /// A PIN was set.
    pub fn pin_set(length: usize) -> Self {
        let result = format!("a random PIN of {length} digits is set");
        Self::new("set_pin", result, [("pin_length", json!(length))])
    }

    /// A credential was registered.
    pub fn registered(registered: &Registered) -> Self {
        let algorithm = registered.verdict.facts().algorithm.map(Algorithm);
        let algorithm = algorithm.map(|algorithm| algorithm.to_string()).unwrap_or_default();
        Self::new(
            "register",
            format!(
                "a passkey for {} at {}, {algorithm}",
                account(Some(&registered.user)),
                registered.rp_id
            ),
            [
                ("rp_id", json!(registered.rp_id)),
                ("user_name", json!(registered.user.name)),
                ("algorithm", json!(algorithm)),
                ("credential_id", json!(registered.response.id)),
            ],
        )
    }

    /// A registration was verified as a relying party does.
    pub fn registration_verified(verdict: &Verdict) -> Self {
        Self::verified("verify_registration", "the registration", verdict)
    }

    /// An assertion was made.
    pub fn asserted(asserted: &Asserted) -> Self {
        let count = asserted.verdict.facts().sign_count;
        Self::new(
            "assert",
            format!("signed in as {} with the passkey", account(asserted.user.as_ref())),
            [("credential_id", json!(asserted.response.id)), ("sign_count", json!(count))],
        )
    }

    /// An assertion was verified as a relying party does.
    pub fn assertion_verified(verdict: &Verdict) -> Self {
        Self::verified("verify_assertion", "the assertion", verdict)
    }

    fn verified(step: &'static str, what: &str, verdict: &Verdict) -> Self {
        let passed = verdict.checks().iter().filter(|check| check.outcome.is_passed());
        let passed = passed.count();
        let checks = count(passed, "check", "checks");
        let result = format!("{what} is right: {checks} passed");
        Self::new(step, result, [("checks_passed", json!(passed))])
    }

    /// The credentials on the key were listed.
    pub fn listed(stored: &StoredCredentials) -> Self {
        let found = stored.relying_parties.iter().flat_map(|relying_party| {
            let rp_id = relying_party.relying_party.id.clone().unwrap_or_default();
            let accounts = relying_party.credentials.iter();
            accounts.map(move |one| format!("{} at {}", account(one.user.as_ref()), escape(&rp_id)))
        });
        let found: Vec<String> = found.collect();
        let number = count(found.len(), "credential", "credentials");
        let result = format!("{number} on the key: {}", found.join(", "));
        Self::new("list", result, [("credentials", json!(found))])
    }

    /// The credential was deleted.
    pub fn deleted(left: usize) -> Self {
        let result = format!("deleted; {} left", count(left, "credential", "credentials"));
        Self::new("delete", result, [("credentials_left", json!(left))])
    }

    /// The key was reset.
    pub fn reset() -> Self {
        Self::new("reset", "the key is as new, without a PIN".to_owned(), [])
    }

    /// The step as a line of text.
    pub fn text(&self) -> String {
        format!("{:19}  {}\n", self.step.replace('_', " "), self.result)
    }
}
