//! Registrations and assertions with their verdicts.

use super::extensions::{AssertionExtensionsView, RegistrationExtensionsView};
use super::text::escape;
use crate::client::{Asserted, Registered};
use crate::ctap::UserEntity;
use crate::webauthn::base64url;
use crate::webauthn::check::{Check, Outcome};
use crate::webauthn::json::ExtensionResults;
use crate::webauthn::model_names::ModelNames;
use crate::webauthn::verify::Verdict;
use crate::wire::cose::Algorithm;
use crate::wire::text::hex;
use serde::Serialize;
use serde_json::Value;

/// A registration, for people, and its verdict, for people and programs.
#[derive(Debug, Serialize)]
pub struct RegistrationView<'a> {
    ceremony: &'static str,
    rp_id: &'a str,
    user_name: Option<&'a str>,
    names_may_be_cut: bool,
    model: Option<String>,
    #[serde(flatten)]
    verdict: &'a Verdict,
    extensions: RegistrationExtensionsView<'a>,
    #[serde(skip)]
    credential_id: &'a str,
}

impl<'a> RegistrationView<'a> {
    /// Takes what was learned, and whether a name is longer than a key may keep.
    pub fn of(registered: &'a Registered, names_may_be_cut: bool, names: &ModelNames) -> Self {
        Self {
            ceremony: "registration",
            names_may_be_cut,
            model: model(&registered.verdict, names),
            rp_id: &registered.rp_id,
            user_name: registered.user.name.as_deref(),
            verdict: &registered.verdict,
            credential_id: &registered.response.id,
            extensions: RegistrationExtensionsView::of(registered),
        }
    }

    /// Whether the verdict is yes.
    pub fn accepted(&self) -> bool {
        self.verdict.is_accepted()
    }

    /// The whole, as text.
    pub fn text(&self) -> String {
        let mut lines = vec![
            format!("Relying party  {}", escape(self.rp_id)),
            format!("Account        {}", escape(self.user_name.unwrap_or_default())),
        ];
        lines.extend(credential_id_lines(self.credential_id));
        lines.extend(fact_lines(self.verdict, self.model.as_deref()));
        lines.extend(self.extensions.lines());
        lines.push(String::new());
        format!("{}\n{}", lines.join("\n"), self.verdict_text())
    }

    /// The verdict, as text.
    pub fn verdict_text(&self) -> String {
        verdict_text("Registration", self.verdict)
    }
}

/// Who chose one of several accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChosenBy {
    /// Nobody: no other fits.
    OnlyOne,
    /// A flag.
    Flag,
    /// The person.
    Person,
    /// Nobody could be asked: it is the newest.
    Newest,
}

/// Which of the accounts that fit was taken.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct AccountChoice {
    /// How many fit.
    pub accounts: usize,
    /// The one that was taken, counted from 1, the newest.
    #[serde(rename = "account_number")]
    pub number: usize,
    /// Who chose it.
    #[serde(rename = "account_chosen_by")]
    pub by: ChosenBy,
}

impl AccountChoice {
    /// What somebody must know who was not asked.
    pub fn note(&self) -> Option<String> {
        (self.by == ChosenBy::Newest).then(|| {
            format!(
                "{} accounts fit, and the newest was taken. `--choose NUMBER` takes another one.",
                self.accounts
            )
        })
    }
}

/// An assertion, for people, and its verdict, for people and programs.
#[derive(Debug, Serialize)]
pub struct AssertionView<'a> {
    ceremony: &'static str,
    #[serde(flatten)]
    verdict: &'a Verdict,
    #[serde(flatten)]
    choice: &'a AccountChoice,
    extensions: AssertionExtensionsView<'a>,
    #[serde(skip)]
    credential_id: &'a str,
    #[serde(skip)]
    user: Option<&'a UserEntity>,
    #[serde(skip)]
    cred_blob: Option<String>,
    #[serde(skip)]
    large_blob: Option<String>,
}

impl<'a> AssertionView<'a> {
    /// Takes what was learned.
    pub fn of(asserted: &'a Asserted, choice: &'a AccountChoice) -> Self {
        Self {
            ceremony: "authentication",
            verdict: &asserted.verdict,
            choice,
            extensions: AssertionExtensionsView::of(asserted),
            credential_id: &asserted.response.id,
            user: asserted.user.as_ref(),
            cred_blob: asserted.cred_blob.as_ref().map(|blob| base64url::encode(blob.expose())),
            large_blob: large_blob(&asserted.response.client_extension_results),
        }
    }

    /// Whether the verdict is yes.
    pub fn accepted(&self) -> bool {
        self.verdict.is_accepted()
    }

    /// The whole, as text.
    pub fn text(&self) -> String {
        let mut lines = credential_id_lines(self.credential_id);
        if self.user.is_some() {
            lines.push(format!("Account        {}", account(self.user)));
        }
        if let Some(blob) = &self.cred_blob {
            let blob = if blob.is_empty() { "empty" } else { blob };
            lines.push(format!("Stored blob    {blob}"));
        }
        if let Some(blob) = &self.large_blob {
            lines.push(format!("Large blob     {blob}"));
        }
        lines.extend(fact_lines(self.verdict, None));
        lines.extend(self.extensions.lines());
        lines.push(String::new());
        format!("{}\n{}", lines.join("\n"), self.verdict_text())
    }

    /// The verdict, as text.
    pub fn verdict_text(&self) -> String {
        verdict_text("Assertion", self.verdict)
    }
}

/// What became of a large blob that was to be read or written: its bytes in base64url, or words.
fn large_blob(results: &ExtensionResults) -> Option<String> {
    let result = results.get("largeBlob")?;
    let written = result.get("written").and_then(Value::as_bool);
    let blob = result.get("blob").and_then(Value::as_str);
    Some(match (written, blob) {
        (Some(true), _) => "written".to_owned(),
        (Some(false), _) => "not written".to_owned(),
        (None, Some("")) => "empty".to_owned(),
        (None, Some(blob)) => blob.to_owned(),
        (None, None) => "none".to_owned(),
    })
}

/// An account in words: its name, the person's name, or its ID.
pub fn account(user: Option<&UserEntity>) -> String {
    let Some(user) = user else { return "an account that the key does not name".to_owned() };
    match (&user.name, &user.display_name) {
        (Some(name), Some(display)) if name != display && !display.is_empty() => {
            format!("{} ({})", escape(name), escape(display))
        }
        (Some(name), _) | (None, Some(name)) if !name.is_empty() => escape(name),
        _ => format!("the account with the ID {}", base64url::encode(&user.id)),
    }
}

/// The name of the key's model, where the key says which it is and the name is known.
pub(super) fn model(verdict: &Verdict, names: &ModelNames) -> Option<String> {
    let facts = verdict.facts();
    // What was judged with may be other metadata than what is kept.
    let judged = facts.trust.as_ref().and_then(|trust| trust.model.as_ref());
    if let Some(model) = judged.filter(|model| !model.name.is_empty()) {
        return Some(model.name.clone());
    }
    let aaguid = facts.aaguid.as_deref()?.parse().ok()?;
    names.name(aaguid).map(str::to_owned)
}

/// A credential ID from a response, in the form that lists of credentials show and in that of WebAuthn's
/// documents.
pub(super) fn credential_id_lines(id: &str) -> Vec<String> {
    match base64url::decode(id) {
        Ok(bytes) => {
            vec![
                format!("Credential ID  {}", hex(&bytes)),
                format!("  in base64url {}", escape(id)),
            ]
        }
        Err(_) => vec![format!("Credential ID  {}", escape(id))],
    }
}

/// What the authenticator data says, a line each.
pub(super) fn fact_lines(verdict: &Verdict, model: Option<&str>) -> Vec<String> {
    let facts = verdict.facts();
    let mut lines = Vec::new();
    if let Some(algorithm) = facts.algorithm {
        lines.push(format!("Algorithm      {}", Algorithm(algorithm)));
    }
    if let Some(aaguid) = &facts.aaguid {
        lines.push(format!("AAGUID         {aaguid}"));
    }
    if let Some(model) = model {
        lines.push(format!("Model          {}", escape(model)));
    }
    if let Some(flags) = facts.flags {
        let presence = if flags.user_present { "touched" } else { "not touched" };
        let verification = if flags.user_verified { "verified" } else { "not verified" };
        lines.push(format!("Person         {presence}, {verification}"));
    }
    if let Some(count) = facts.sign_count {
        lines.push(format!("Counter        {count}"));
    }
    if let Some(attestation) = &facts.attestation {
        lines.push(format!("Attestation    {}", escape(&attestation.format)));
        for certificate in attestation.certificates() {
            lines.push(format!("Certificate    {}", escape(&certificate.subject)));
            lines.push(format!("Issued by      {}", escape(&certificate.issuer)));
            if let Some(serial) = &certificate.device_serial_number {
                lines.push(format!("Key's serial   {serial}"));
            }
            if let Some(version) = certificate.firmware_version {
                lines.push(format!("Firmware       {version}"));
            }
        }
    }
    let trust = facts.trust.as_ref();
    if let Some(root) = trust.and_then(|trust| trust.root.as_ref()) {
        lines.push(format!("Trusted root   {}", escape(&root.subject)));
    }
    if let Some(model) = trust.and_then(|trust| trust.model.as_ref()) {
        let certification = model.certification.as_deref().unwrap_or("none");
        lines.push(format!("Certification  {}", escape(certification)));
    }
    lines
}

/// A check's rule, with the statement that it is about where there are several.
pub(super) fn rule(check: &Check) -> String {
    match check.statement {
        Some(number) => format!("statement {number}: {}", check.rule),
        None => check.rule.to_owned(),
    }
}

/// The check of an assertion's signature, which needs the public key.
const SIGNATURE: &str = "signature";

/// The verdict: every check that was made, failed ones in full, and the sum.
fn verdict_text(what: &str, verdict: &Verdict) -> String {
    let mut text = String::new();
    for check in verdict.checks() {
        let mark = match &check.outcome {
            Outcome::Passed { .. } => "passed",
            Outcome::Failed { .. } => "FAILED",
            Outcome::NotChecked { .. } => "      ",
            Outcome::NotApplicable { .. } => continue,
        };
        text.push_str(&format!("  {mark}  {}", rule(check)));
        match &check.outcome {
            Outcome::Failed { expected, seen } => {
                text.push_str(&format!(": expected {}, seen {}", escape(expected), escape(seen)));
            }
            Outcome::NotChecked { reason } => {
                text.push_str(&format!(": not checked: {}", escape(reason)));
            }
            _ => {}
        }
        text.push('\n');
    }
    let unsigned = verdict
        .check(SIGNATURE)
        .is_some_and(|check| matches!(check.outcome, Outcome::NotChecked { .. }));
    text.push_str(&match (verdict.is_accepted(), unsigned) {
        (true, false) => format!("{what} verified.\n"),
        (true, true) => "No check failed; the signature was not checked.\n".to_owned(),
        (false, _) => format!("{what} NOT VERIFIED.\n"),
    });
    text
}
