//! Why a ceremony will fail, and whether a service will accept a key, rule by rule.

use super::identity::Identity;
use super::next_command::command_on_device;
use super::text::{Table, count, escape};
use super::words::{capitalized, key_name};
use crate::transport::KeyDescription;
use crate::webauthn::explain::profile::PROFILES;
use crate::webauthn::explain::{Finding, Findings, Profile, Remedy, Source, Standing, Wishes};
use serde::Serialize;

/// What a remedy is in words, as a sentence without its full stop, and the command that does it.
pub fn remedy(remedy: &Remedy) -> (String, Option<&'static str>) {
    match remedy {
        Remedy::SetPin => ("Set a PIN".to_owned(), Some("fidokey pin set")),
        Remedy::ChangePin => ("Change the PIN".to_owned(), Some("fidokey pin change")),
        Remedy::BeSureOfPin { last_try: true } => {
            ("Be sure of the PIN; the last try needs `--last-try`".to_owned(), None)
        }
        Remedy::BeSureOfPin { last_try: false } => {
            ("Be sure of the PIN before you type it".to_owned(), None)
        }
        Remedy::Replug => ("Unplug the key and plug it in again".to_owned(), None),
        Remedy::Reset => {
            ("Reset the key, which erases every account on it".to_owned(), Some("fidokey reset"))
        }
        Remedy::SetUpOwnVerification => {
            ("Set the fingerprint up with the program of the key's vendor".to_owned(), None)
        }
        Remedy::ListCredentials => {
            ("See which passkeys the key holds".to_owned(), Some("fidokey credential list"))
        }
        Remedy::DeleteCredential => {
            ("Delete one that is no longer needed".to_owned(), Some("fidokey credential delete"))
        }
        Remedy::OtherKey { that } => (format!("Use another key, one {}", escape(that)), None),
        Remedy::KeyThatHoldsIt => ("Use the key that was registered".to_owned(), None),
        Remedy::ShowInfo => ("See what the key supports".to_owned(), Some("fidokey info")),
        Remedy::ImportMetadata => {
            ("Get the FIDO metadata and import it".to_owned(), Some("fidokey metadata import FILE"))
        }
        Remedy::AskOtherwise { how } => (format!("In the request: {}", lower(&escape(how))), None),
        Remedy::AskForModel { named: true } => {
            ("Ask your administrator whether this AAGUID is admitted".to_owned(), None)
        }
        Remedy::AskForModel { named: false } => {
            ("Ask your administrator whether keys that name no model are admitted".to_owned(), None)
        }
    }
}

/// A remedy as a sentence.
pub fn remedy_sentence(wanted: &Remedy) -> String {
    match remedy(wanted) {
        (text, Some(command)) => format!("{text}: `{command}`."),
        (text, None) => format!("{text}."),
    }
}

/// Makes the first letter a small one.
fn lower(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_lowercase().chain(characters).collect(),
        None => String::new(),
    }
}

/// One rule and how the key stands to it.
#[derive(Debug, Serialize)]
struct RuleView<'a> {
    id: &'a str,
    rule: &'a str,
    outcome: Standing,
    expected: &'a str,
    /// Null where it cannot be told.
    seen: Option<&'a str>,
    reason: Option<&'a str>,
    help: Vec<HelpView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<Source>,
}

#[derive(Debug, Serialize)]
struct HelpView {
    text: String,
    command: Option<String>,
}

impl<'a> RuleView<'a> {
    /// Takes what was found of a key that was chosen with the selector `device`.
    fn of(finding: &'a Finding, device: Option<&str>) -> Self {
        let help = |wanted| {
            let (text, command) = remedy(wanted);
            HelpView { text, command: command.map(|command| command_on_device(command, device)) }
        };
        Self {
            id: &finding.id,
            rule: &finding.rule,
            outcome: finding.standing,
            expected: &finding.expected,
            seen: Some(finding.seen.as_str()).filter(|seen| !seen.is_empty()),
            reason: finding.why.as_deref(),
            help: finding.remedies.iter().map(help).collect(),
            source: finding.source,
        }
    }

    /// The rule in a line, with what to do in further ones; `mark` follows what was found.
    fn text(&self, mark: &str) -> String {
        let rule = escape(self.rule);
        let reason = escape(self.reason.unwrap_or_default());
        let seen = escape(self.seen.unwrap_or_default());
        let (word, found) = match self.outcome {
            Standing::Pass => ("pass", seen),
            Standing::Warn => ("warn", reason),
            Standing::Fail => ("FAIL", reason),
            Standing::NotChecked if seen.is_empty() => ("?   ", format!("not checked: {reason}")),
            Standing::NotChecked => ("?   ", format!("{seen}; not checked: {reason}")),
        };
        let mut text = format!("  {word}  {rule}: {found}{mark}\n");
        for (index, help) in self.help.iter().enumerate() {
            let lead = if index == 0 { "Help: " } else { "      " };
            let command = help.command.as_deref();
            let end = command.map(|command| format!(": `{command}`")).unwrap_or_default();
            text.push_str(&format!("        {lead}{}{end}.\n", help.text));
        }
        text
    }
}

/// A ceremony held against a key.
#[derive(Debug, Serialize)]
pub struct ExplanationView<'a> {
    ceremony: &'static str,
    rp_id: Option<&'a str>,
    key: Identity,
    outcome: Standing,
    rules: Vec<RuleView<'a>>,
    #[serde(skip)]
    name: String,
}

impl<'a> ExplanationView<'a> {
    /// Takes what was found of a key that was chosen with the selector `device`.
    pub fn of(
        wishes: &'a Wishes,
        key: &KeyDescription,
        device: Option<&str>,
        findings: &'a Findings,
    ) -> Self {
        let registers = wishes.registration.is_some();
        Self {
            ceremony: if registers { "registration" } else { "authentication" },
            rp_id: wishes.rp_id.as_deref(),
            key: Identity::of(key),
            outcome: findings.standing(),
            rules: rules(findings, device),
            name: key_name(key),
        }
    }

    /// The whole, as text.
    pub fn text(&self) -> String {
        let what = match self.ceremony {
            "registration" => "A registration",
            _ => "An assertion",
        };
        let place = self.rp_id.map(|rp_id| format!(" at {}", escape(rp_id))).unwrap_or_default();
        let mut text = format!("{what}{place} with {}\n\n", self.name);
        for rule in &self.rules {
            text.push_str(&rule.text(""));
        }
        let numbers = numbers(&self.rules);
        let sum = match self.outcome {
            Standing::Fail => format!("It will fail: {numbers}."),
            Standing::Warn => format!("It may fail, or not go as asked: {numbers}."),
            _ if numbers.is_empty() => "Nothing speaks against it.".to_owned(),
            _ => format!("Nothing speaks against it, as far as is known: {numbers}."),
        };
        text.push_str(&format!("\n{sum} Nothing was made, and no PIN try was used.\n"));
        text
    }
}

fn rules<'a>(findings: &'a Findings, device: Option<&str>) -> Vec<RuleView<'a>> {
    findings.all().iter().map(|finding| RuleView::of(finding, device)).collect()
}

/// `1 rule fails, 2 rules warn`.
fn numbers(rules: &[RuleView<'_>]) -> String {
    let of = |outcome| rules.iter().filter(|rule| rule.outcome == outcome).count();
    let parts = [
        (of(Standing::Fail), "rule fails", "rules fail"),
        (of(Standing::Warn), "warning", "warnings"),
        (of(Standing::NotChecked), "rule could not be checked", "rules could not be checked"),
    ];
    let parts = parts.into_iter().filter(|(number, ..)| *number > 0);
    let parts: Vec<String> = parts.map(|(number, one, more)| count(number, one, more)).collect();
    parts.join(", ")
}

/// A service's profile held against a key.
#[derive(Debug, Serialize)]
pub struct CheckView<'a> {
    profile: &'static str,
    service: &'static str,
    key: Identity,
    accepted: bool,
    outcome: Standing,
    rules: Vec<RuleView<'a>>,
    #[serde(skip)]
    name: String,
    #[serde(skip)]
    shown: &'static Profile,
}

impl<'a> CheckView<'a> {
    /// Takes what was found of a key that was chosen with the selector `device`.
    pub fn of(
        profile: &'static Profile,
        key: &KeyDescription,
        device: Option<&str>,
        findings: &'a Findings,
    ) -> Self {
        Self {
            profile: profile.name,
            service: profile.service,
            key: Identity::of(key),
            accepted: findings.standing() != Standing::Fail,
            outcome: findings.standing(),
            rules: rules(findings, device),
            name: key_name(key),
            shown: profile,
        }
    }

    /// Whether the service would accept the key, as far as can be told.
    pub fn accepted(&self) -> bool {
        self.accepted
    }

    /// The whole, as text.
    pub fn text(&self) -> String {
        let mut sources: Vec<Source> = Vec::new();
        let mut text = format!("Will {} accept {}?\n", title(self.shown), self.name);
        text.push_str(&format!("{}\n\n", self.shown.about));
        for rule in &self.rules {
            let mark = rule.source.map(|source| {
                let known = sources.iter().position(|other| *other == source);
                let index = known.unwrap_or_else(|| {
                    sources.push(source);
                    sources.len().saturating_sub(1)
                });
                format!(" [{}]", index.saturating_add(1))
            });
            text.push_str(&rule.text(&mark.unwrap_or_default()));
        }
        text.push_str("\nWhere this stands:\n");
        for (number, source) in (1..).zip(&sources) {
            let date = source.date.map_or("undated", |date| date);
            text.push_str(&format!("  [{number}] {} ({date})\n", source.document));
        }
        let service = capitalized(self.service);
        let numbers = numbers(&self.rules);
        text.push_str(&match self.outcome {
            Standing::Fail => format!("\n{service} would refuse this key as it is: {numbers}.\n"),
            _ if numbers.is_empty() => format!("\n{service} would accept this key.\n"),
            _ => format!("\n{service} would accept this key, as far as is known: {numbers}.\n"),
        });
        text
    }
}

/// A profile's service, with what tells it from others.
fn title(profile: &Profile) -> String {
    match profile.variant {
        Some(variant) => format!("{} ({variant})", profile.service),
        None => profile.service.to_owned(),
    }
}

/// The profiles that are known.
#[derive(Debug, Serialize)]
pub struct ProfilesView {
    profiles: Vec<ProfileView>,
}

#[derive(Debug, Serialize)]
struct ProfileView {
    name: &'static str,
    service: String,
    about: &'static str,
}

impl ProfilesView {
    /// Every profile.
    pub fn new() -> Self {
        let view = |profile: &Profile| ProfileView {
            name: profile.name,
            service: title(profile),
            about: profile.about,
        };
        Self { profiles: PROFILES.iter().map(view).collect() }
    }

    /// One row each.
    pub fn text(&self) -> String {
        let mut table = Table::new(&["PROFILE", "SERVICE", "WHAT FOR"]);
        for profile in &self.profiles {
            table.row(
                [profile.name, &capitalized(&profile.service), profile.about]
                    .map(ToString::to_string),
            );
        }
        table.render()
    }
}

impl Default for ProfilesView {
    fn default() -> Self {
        Self::new()
    }
}
