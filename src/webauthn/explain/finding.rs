//! One line of an explanation: a rule, how a key stands to it, why, and what to do.

use serde::Serialize;
use std::borrow::Cow;
use std::fmt;

/// How a key stands to a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The rule holds.
    Pass,
    /// The ceremony goes on, but not everything is as it was asked for, or it may fail.
    Warn,
    /// The ceremony fails, or the service refuses the key.
    Fail,
    /// It cannot be told from here.
    NotChecked,
}

/// What to do about a rule that does not hold. The words, and the commands, are for others to find.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Set a PIN.
    SetPin,
    /// Change the PIN.
    ChangePin,
    /// Be sure of the PIN before it is typed.
    BeSureOfPin {
        /// Whether one try is left.
        last_try: bool,
    },
    /// Unplug the key and plug it in again.
    Replug,
    /// Reset the key, which erases every account on it.
    Reset,
    /// Set up the key's own verification, such as a fingerprint.
    SetUpOwnVerification,
    /// Look at what is on the key.
    ListCredentials,
    /// Delete a credential that is no longer needed.
    DeleteCredential,
    /// Use another key: one that can do this.
    OtherKey {
        /// What it must be able to do, after "one".
        that: Cow<'static, str>,
    },
    /// Use the key that holds the credential.
    KeyThatHoldsIt,
    /// Look at everything that the key says of itself.
    ShowInfo,
    /// Import the FIDO metadata.
    ImportMetadata,
    /// Change what is asked for; only who asks can do that.
    AskOtherwise {
        /// What they do, as a sentence without its full stop.
        how: Cow<'static, str>,
    },
    /// Ask whoever decides which models are admitted.
    AskForModel {
        /// Whether the key says which it is.
        named: bool,
    },
}

/// Where a rule stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Source {
    /// Who wrote it and what it is called.
    pub document: &'static str,
    /// Its date or version; `None` where it states none.
    pub date: Option<&'static str>,
}

/// One rule and how a key stands to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule's name, in `snake_case`; it stays the same between versions.
    pub id: Cow<'static, str>,
    /// The rule in words, to stand in a list.
    pub rule: Cow<'static, str>,
    /// How the key stands to it.
    pub standing: Standing,
    /// What is asked for.
    pub expected: String,
    /// What is there; empty where it cannot be told.
    pub seen: String,
    /// Why it does not hold, or cannot be told: half a sentence, to stand after "because".
    pub why: Option<String>,
    /// What to do, most useful first.
    pub remedies: Vec<Remedy>,
    /// Where the rule stands, for rules of services.
    pub source: Option<Source>,
}

impl Finding {
    /// Adds what to do.
    #[must_use]
    pub(super) fn help(mut self, remedy: Remedy) -> Self {
        self.remedies.push(remedy);
        self
    }

    /// Says that it is the service's rule.
    #[must_use]
    pub(super) fn from(mut self, source: Source) -> Self {
        self.source = Some(source);
        self
    }
}

/// A rule before anything was looked at.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    id: Cow<'static, str>,
    words: Cow<'static, str>,
    expected: Cow<'static, str>,
}

impl Rule {
    /// A rule by its name, with its words and what it asks for.
    pub(super) fn new(
        id: impl Into<Cow<'static, str>>,
        words: impl Into<Cow<'static, str>>,
        expected: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { id: id.into(), words: words.into(), expected: expected.into() }
    }

    fn with(self, standing: Standing, seen: impl Into<String>, why: Option<String>) -> Finding {
        Finding {
            id: self.id,
            rule: self.words,
            standing,
            expected: self.expected.into_owned(),
            seen: seen.into(),
            why,
            remedies: Vec::new(),
            source: None,
        }
    }

    pub(super) fn pass(self, seen: impl Into<String>) -> Finding {
        self.with(Standing::Pass, seen, None)
    }

    pub(super) fn warn(self, seen: impl Into<String>, why: impl Into<String>) -> Finding {
        self.with(Standing::Warn, seen, Some(why.into()))
    }

    pub(super) fn fail(self, seen: impl Into<String>, why: impl Into<String>) -> Finding {
        self.with(Standing::Fail, seen, Some(why.into()))
    }

    pub(super) fn not_checked(self, seen: impl Into<String>, why: impl Into<String>) -> Finding {
        self.with(Standing::NotChecked, seen, Some(why.into()))
    }
}

/// Every rule that was looked at, in the order in which a person should read them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings(pub(super) Vec<Finding>);

impl Findings {
    /// Every rule.
    pub fn all(&self) -> &[Finding] {
        &self.0
    }

    /// The rules that do not hold: those that fail, then those that warn.
    pub fn troubles(&self) -> impl Iterator<Item = &Finding> {
        [Standing::Fail, Standing::Warn].into_iter().flat_map(|standing| self.with(standing))
    }

    /// The rules with this standing.
    pub fn with(&self, standing: Standing) -> impl Iterator<Item = &Finding> {
        self.0.iter().filter(move |finding| finding.standing == standing)
    }

    /// The rule of this name, if it was looked at.
    pub fn get(&self, id: &str) -> Option<&Finding> {
        self.0.iter().find(|finding| finding.id == id)
    }

    /// The whole: fails if one rule does, warns if one does, and passes otherwise.
    pub fn standing(&self) -> Standing {
        self.troubles().next().map_or(Standing::Pass, |worst| worst.standing)
    }
}

/// `1 byte`, `2 bytes`.
pub(super) fn bytes<T: PartialEq + From<u8> + fmt::Display>(length: T) -> String {
    let unit = if length == T::from(1) { "byte" } else { "bytes" };
    format!("{length} {unit}")
}
