//! What failed, in words: every layer's error becomes a message, causes, hints and an exit code
//! here and only here.

use super::exit::Exit;
use crate::wire::status::Status;
use serde::Serialize;

/// An error as a person or a program sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CliError {
    /// A stable word for programs, such as `pin_wrong`.
    pub kind: &'static str,
    /// What failed, on which key, in plain words.
    pub message: String,
    /// Why, from the outside in.
    pub causes: Vec<String>,
    /// One next step each.
    pub hints: Vec<String>,
    /// How the program ends.
    pub exit: Exit,
    /// The key's status code, if it gave one.
    pub status: Option<Status>,
    /// PIN tries left, where known.
    pub retries: Option<u64>,
}

impl CliError {
    /// Makes an error without causes and hints.
    pub fn new(exit: Exit, kind: &'static str, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            causes: Vec::new(),
            hints: Vec::new(),
            exit,
            status: None,
            retries: None,
        }
    }

    /// A mistake on the command line.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, "usage", message)
    }

    /// Adds a cause.
    #[must_use]
    pub fn cause(mut self, cause: impl Into<String>) -> Self {
        self.causes.push(cause.into());
        self
    }

    /// Adds a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds the key's status code.
    #[must_use]
    pub fn status(mut self, status: Status) -> Self {
        self.status = Some(status);
        self
    }

    /// Adds the PIN tries left.
    #[must_use]
    pub fn retries(mut self, retries: Option<u64>) -> Self {
        self.retries = retries;
        self
    }

    /// Takes back what it says of nothing having been changed, since something was before.
    #[must_use]
    pub fn after_changes(mut self) -> Self {
        self.message = self.message.replace(" Nothing was changed.", "");
        self
    }

    /// Changes what is said, and nothing else.
    #[must_use]
    pub fn map_texts(mut self, change: impl Fn(&str) -> String) -> Self {
        self.message = change(&self.message);
        for text in self.causes.iter_mut().chain(&mut self.hints) {
            *text = change(text);
        }
        self
    }

    /// The lines that a person reads after `Error:`; the status stands in brackets at the end.
    pub fn text(&self) -> String {
        let mut text = self.message.clone();
        if let Some(status) = self.status {
            text.push_str(&format!(" [{status}]"));
        }
        for cause in &self.causes {
            text.push_str(&format!("\n  because {cause}"));
        }
        text
    }

    /// The one JSON document that `--json` puts on stderr.
    pub fn json(&self) -> ErrorDocument<'_> {
        ErrorDocument {
            error: ErrorBody {
                kind: self.kind,
                message: &self.message,
                causes: &self.causes,
                hints: &self.hints,
                exit_code: self.exit.code(),
                ctap_status: self
                    .status
                    .map(|status| StatusDocument { name: status.name(), number: status.0 }),
                retries_left: self.retries,
            },
        }
    }
}

/// A failure as JSON.
#[derive(Debug, Serialize)]
pub struct ErrorDocument<'a> {
    error: ErrorBody<'a>,
}

#[derive(Debug, Serialize)]
struct ErrorBody<'a> {
    kind: &'static str,
    message: &'a str,
    causes: &'a [String],
    hints: &'a [String],
    exit_code: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    ctap_status: Option<StatusDocument>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retries_left: Option<u64>,
}

#[derive(Debug, Serialize)]
struct StatusDocument {
    name: Option<&'static str>,
    number: u8,
}
