//! What a run left behind.

use fidokey::cli::exit::Exit;
use std::fmt;

/// What a run left behind. It prints as one text, for snapshots.
#[must_use]
pub struct Outcome {
    pub(super) line: String,
    /// The answer.
    pub stdout: String,
    /// Everything else.
    pub stderr: String,
    /// What was asked on the terminal, and what was typed (secrets as stars).
    pub prompts: Vec<String>,
    /// How it ended.
    pub exit: Exit,
}

impl Outcome {
    /// The answer as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}\n{self}"))
    }

    /// The error as JSON.
    pub fn error_json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stderr).unwrap_or_else(|error| panic!("{error}\n{self}"))
    }

    /// Fails the test unless the run ended well.
    pub fn succeeded(&self) -> &Self {
        assert_eq!(self.exit, Exit::Done, "{self}");
        self
    }

    /// Fails the test unless the run ended this way.
    pub fn ended(&self, exit: Exit) -> &Self {
        assert_eq!(self.exit, exit, "{self}");
        self
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "$ fidokey {}", self.line)?;
        formatter.write_str(&self.stdout)?;
        if !self.prompts.is_empty() {
            writeln!(formatter, "--- terminal")?;
            for prompt in &self.prompts {
                writeln!(formatter, "{prompt}")?;
            }
        }
        if !self.stderr.is_empty() {
            writeln!(formatter, "--- stderr")?;
            let shown = self.stderr.replace("\r\x1b[K", "⏎\n");
            let shown = shown.replace("\x1b[?7l", "").replace("\x1b[?7h", "");
            formatter.write_str(&shown)?;
            if !shown.ends_with('\n') {
                writeln!(formatter)?;
            }
        }
        writeln!(formatter, "--- exit {}", self.exit.code())
    }
}
