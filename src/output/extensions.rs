//! What a key gave for the extensions that were asked for. Of a secret only that it was given.

use super::text::count;
use crate::client::{Asserted, LeftOut, LeftOutReason, Registered};
use crate::webauthn::json::ExtensionResults;
use serde::Serialize;
use serde_json::Value;

/// An extension for which the key was not asked.
#[derive(Debug, Serialize)]
struct LeftOutView {
    name: &'static str,
    reason: &'static str,
    #[serde(skip)]
    line: String,
}

impl LeftOutView {
    fn of(left_out: &LeftOut) -> Self {
        let name = left_out.name;
        let (reason, words) = match left_out.reason {
            LeftOutReason::Lacking => ("lacking", "which the key lacks".to_owned()),
            LeftOutReason::TooLong { length, most } => {
                let words = format!("of {length} bytes, since the key keeps at most {most}");
                ("too_long", words)
            }
        };
        Self { name, reason, line: row("left out", &format!("{name}, {words}")) }
    }
}

fn left_out(all: &[LeftOut]) -> Vec<LeftOutView> {
    all.iter().map(LeftOutView::of).collect()
}

/// Puts a heading before lines, if there are some.
fn with_heading(mut lines: Vec<String>) -> Vec<String> {
    if !lines.is_empty() {
        lines.insert(0, "Extensions".to_owned());
    }
    lines
}

/// The outputs of a registration's extensions.
#[derive(Debug, Serialize)]
pub(super) struct RegistrationExtensionsView<'a> {
    asked: &'a [String],
    cred_protect: Option<u64>,
    hmac_secret: Option<bool>,
    cred_blob: Option<bool>,
    min_pin_length: Option<u64>,
    pin_complexity_policy: Option<bool>,
    third_party_payment: Option<bool>,
    hmac_secret_given: bool,
    large_blob_key_given: bool,
    left_out: Vec<LeftOutView>,
    unknown: &'a [String],
    mistyped: &'a [String],
    #[serde(skip)]
    client_results: &'a ExtensionResults,
}

impl<'a> RegistrationExtensionsView<'a> {
    pub(super) fn of(registered: &'a Registered) -> Self {
        let outputs = &registered.outputs;
        Self {
            asked: &registered.asked,
            cred_protect: outputs.cred_protect.map(|level| level.0),
            hmac_secret: outputs.hmac_secret,
            cred_blob: outputs.cred_blob,
            min_pin_length: outputs.min_pin_length,
            pin_complexity_policy: outputs.pin_complexity_policy,
            third_party_payment: outputs.third_party_payment,
            hmac_secret_given: outputs.hmac_secret_mc.is_some(),
            large_blob_key_given: registered.large_blob_key.is_some(),
            left_out: left_out(&registered.left_out),
            unknown: &outputs.unknown,
            mistyped: &outputs.mistyped,
            client_results: &registered.response.client_extension_results,
        }
    }

    /// What the key gave, a line each, and for what it gave nothing.
    pub(super) fn lines(&self) -> Vec<String> {
        let kept = |kept: bool| if kept { "kept" } else { "not kept" }.to_owned();
        let given = [
            ("credProtect", self.cred_protect.map(|level| format!("level {level}"))),
            ("hmac-secret", self.hmac_secret.map(|on| if on { "on" } else { "off" }.to_owned())),
            ("credBlob", self.cred_blob.map(kept)),
            ("minPinLength", self.min_pin_length.map(|length| length.to_string())),
            ("largeBlobKey", self.large_blob_key_given.then(|| "given".to_owned())),
        ];
        let asked = |name: &str| self.asked.iter().any(|asked| asked == name);
        let lines = given.iter().filter(|(name, _)| asked(name)).map(|(name, output)| {
            let output = output.as_deref().unwrap_or(NOTHING);
            row(name, output)
        });
        let mut lines: Vec<String> = lines.collect();
        let words = [
            ("credProps", "rk", "kept on the key", "not kept on the key"),
            ("prf", "enabled", "enabled", "not enabled"),
            ("largeBlob", "supported", "supported", "not supported"),
        ];
        for (name, member, yes, no) in words {
            let result = self.client_results.get(name).and_then(|result| result.get(member));
            if let Some(result) = result.and_then(Value::as_bool) {
                lines.push(row(name, if result { yes } else { no }));
            }
        }
        lines.extend(self.left_out.iter().map(|one| one.line.clone()));
        with_heading(lines)
    }
}

/// The outputs of an assertion's extensions.
#[derive(Debug, Serialize)]
pub(super) struct AssertionExtensionsView<'a> {
    asked: &'a [String],
    third_party_payment: Option<bool>,
    hmac_secrets_given: usize,
    cred_blob_length: Option<usize>,
    large_blob_key_given: bool,
    large_blob_problem: Option<String>,
    left_out: Vec<LeftOutView>,
    unknown: &'a [String],
    mistyped: &'a [String],
}

impl<'a> AssertionExtensionsView<'a> {
    pub(super) fn of(asserted: &'a Asserted) -> Self {
        let outputs = &asserted.outputs;
        let secrets = asserted.hmac_secret.as_ref();
        Self {
            asked: &asserted.asked,
            third_party_payment: outputs.third_party_payment,
            hmac_secrets_given: secrets
                .map_or(0, |given| if given.second.is_some() { 2 } else { 1 }),
            cred_blob_length: asserted.cred_blob.as_ref().map(|blob| blob.expose().len()),
            large_blob_key_given: asserted.large_blob_key.is_some(),
            large_blob_problem: asserted.large_blob_problem.as_ref().map(ToString::to_string),
            left_out: left_out(&asserted.left_out),
            unknown: &outputs.unknown,
            mistyped: &outputs.mistyped,
        }
    }

    /// What the key gave, a line each, for what it gave nothing, and what was left out.
    pub(super) fn lines(&self) -> Vec<String> {
        let secrets = self.hmac_secrets_given;
        let given = [
            ("hmac-secret", (secrets > 0).then(|| count(secrets, "secret", "secrets"))),
            ("credBlob", self.cred_blob_length.map(|length| count(length, "byte", "bytes"))),
            ("largeBlobKey", self.large_blob_key_given.then(|| "given".to_owned())),
        ];
        let asked = |name: &str| self.asked.iter().any(|asked| asked == name);
        let lines = given.iter().filter(|(name, _)| asked(name));
        let lines = lines.map(|(name, output)| row(name, output.as_deref().unwrap_or(NOTHING)));
        let mut lines: Vec<String> = lines.collect();
        lines.extend(self.left_out.iter().map(|one| one.line.clone()));
        with_heading(lines)
    }
}

/// What is said where a key gave no output for an extension.
const NOTHING: &str = "the key gave nothing";

/// An extension and what it gave.
fn row(name: &str, output: &str) -> String {
    format!("  {name:<14}{output}")
}
