//! A ceremony with a relying party elsewhere, and what it said.

use super::text::escape;
use crate::relying_party::audit::report::Answer;
use crate::webauthn::check::Outcome;
use crate::webauthn::verify::Verdict;
use serde::Serialize;

/// Which ceremony it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RemoteCeremony {
    /// A registration.
    Registration,
    /// An assertion.
    Authentication,
}

/// A ceremony with a relying party elsewhere, and what it said.
#[derive(Debug, Serialize)]
pub struct RemoteCeremonyView<'a> {
    /// Which ceremony it was.
    pub ceremony: RemoteCeremony,
    /// The relying party's address.
    pub url: &'a str,
    /// The origin in the client data.
    pub origin: &'a str,
    /// The relying party's ID.
    pub rp_id: &'a str,
    /// The account's name.
    pub user_name: &'a str,
    /// The key, in words.
    pub key: &'a str,
    /// The credential's ID, in base64url.
    pub credential_id: &'a str,
    /// Whether the server accepted.
    pub accepted: bool,
    /// How it refused.
    pub answer: Option<Answer>,
    /// Whether the key keeps the new credential; `null` in an assertion.
    pub kept_on_key: Option<bool>,
    /// The command that deletes it, where the server does not want it.
    pub delete_command: Option<&'a str>,
    /// This program's own verdict.
    pub verdict: &'a Verdict,
}

impl RemoteCeremonyView<'_> {
    /// Whether the server and this program both say yes.
    pub fn is_passed(&self) -> bool {
        self.accepted && self.verdict.is_accepted()
    }

    /// The whole, as text.
    pub fn text(&self) -> String {
        let mut lines = vec![
            format!("Server         {}", escape(self.url)),
            format!("Relying party  {}", escape(self.rp_id)),
            format!("Account        {}", escape(self.user_name)),
            format!("Key            {}", escape(self.key)),
            format!("Credential ID  {}", self.credential_id),
        ];
        if let Some(kept) = self.kept_on_key {
            lines.push(format!("Kept on key    {}", if kept { "yes" } else { "no" }));
        }
        lines.push(String::new());
        for check in self.verdict.failed() {
            if let Outcome::Failed { expected, seen } = &check.outcome {
                let (expected, seen) = (escape(expected), escape(seen));
                lines.push(format!("FAILED  {}: expected {expected}, seen {seen}", check.rule));
            }
        }
        let act = match self.ceremony {
            RemoteCeremony::Registration => "registration",
            RemoteCeremony::Authentication => "assertion",
        };
        lines.push(match &self.answer {
            None => format!("The server accepted the {act}."),
            Some(Answer { http_status, message: None }) => {
                format!("The server REFUSED the {act} (HTTP {http_status}).")
            }
            Some(Answer { message: Some(message), .. }) => {
                format!("The server REFUSED the {act}: {}", escape(message))
            }
        });
        match (self.accepted, self.kept_on_key, self.delete_command) {
            (false, Some(_), Some(command)) => {
                lines.push("The key made a credential, and keeps it. This deletes it:".to_owned());
                lines.push(format!("  {command}"));
            }
            (false, Some(_), None) => {
                lines.push(
                    "The key made a credential, but keeps nothing of it: there is nothing to \
                     delete."
                        .to_owned(),
                );
            }
            _ => {}
        }
        lines.push(String::new());
        lines.join("\n")
    }
}
