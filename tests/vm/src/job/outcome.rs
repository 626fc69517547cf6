//! What a step printed and how it ended, as lines of a job file.
//!
//! A line of standard output stands as it is, one of standard error after `! `, and the end, always
//! the last line, is `[3]` for an exit code or `[signal 9]`. A line of output that would be read as
//! something else has a backslash before it. What went wrong with a step itself (a key that was never
//! touched, a command beyond its deadline) follows `!! `.

use std::fmt;

/// All that is recorded below a step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recorded {
    /// What a command printed and how it ended.
    pub outcome: Option<Outcome>,
    /// Why the step could not be played to its end.
    pub failure: Option<String>,
}

/// What a command printed and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Its lines: standard output first, then standard error.
    pub lines: Vec<Line>,
    /// How it ended.
    pub end: End,
}

/// One line of an outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// A line of standard output, or of a terminal.
    Out(String),
    /// A line of standard error.
    Err(String),
    /// `...`: any lines, or none. In patterns only.
    Any,
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// With an exit code.
    Exit(i32),
    /// By a signal.
    Signal(i32),
}

impl Outcome {
    /// The outcome of a command with standard output and standard error apart.
    ///
    /// Bytes that are not UTF-8 are replaced. A last line without its newline is marked.
    pub fn of_streams(stdout: &[u8], stderr: &[u8], end: End) -> Outcome {
        let out = stream_lines(stdout).into_iter().map(Line::Out);
        let err = stream_lines(stderr).into_iter().map(Line::Err);
        Outcome { lines: out.chain(err).collect(), end }
    }
}

fn stream_lines(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
    match lines.pop() {
        Some(rest) if !rest.is_empty() => lines.push(format!("{rest} (no newline)")),
        _ => {}
    }
    lines
}

impl Line {
    /// Reads one line of a file; never fails, since any text may be printed.
    pub(super) fn parse(text: &str) -> Line {
        if text == "..." {
            Line::Any
        } else if let Some(rest) = text.strip_prefix("! ") {
            Line::Err(rest.to_owned())
        } else if text == "!" {
            Line::Err(String::new())
        } else {
            Line::Out(text.strip_prefix('\\').unwrap_or(text).to_owned())
        }
    }
}

impl End {
    /// Reads `[3]` or `[signal 9]`; `None` if the line is no end.
    pub(super) fn parse(text: &str) -> Option<End> {
        let inner = text.strip_prefix('[')?.strip_suffix(']')?;
        match inner.strip_prefix("signal ") {
            Some(number) => number.parse().ok().map(End::Signal),
            None => inner.parse().ok().map(End::Exit),
        }
    }
}

/// Whether a line begins a step.
pub(super) fn begins_step(text: &str) -> bool {
    ["> ", "$ ", "$# "].iter().any(|mark| text.starts_with(mark))
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Line::Any => f.write_str("..."),
            Line::Err(text) if text.is_empty() => f.write_str("!"),
            Line::Err(text) => write!(f, "! {text}"),
            Line::Out(text) => {
                let misread = begins_step(text)
                    || text.starts_with(['!', '\\'])
                    || text == "..."
                    || End::parse(text).is_some();
                write!(f, "{}{text}", if misread { "\\" } else { "" })
            }
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            End::Exit(code) => write!(f, "[{code}]"),
            End::Signal(number) => write!(f, "[signal {number}]"),
        }
    }
}

/// The lines below a step, each with its newline.
impl fmt::Display for Recorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(outcome) = &self.outcome {
            for line in &outcome.lines {
                writeln!(f, "{line}")?;
            }
            writeln!(f, "{}", outcome.end)?;
        }
        if let Some(failure) = &self.failure {
            for line in failure.lines() {
                writeln!(f, "!! {line}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_would_be_misread_is_read_back_as_it_was() {
        for text in [
            "> plug",
            "$ x",
            "$# x",
            "!",
            "! x",
            "!! x",
            "\\",
            "\\x",
            "...",
            "[0]",
            "[signal 9]",
            "",
            "[x]",
            "# x",
        ] {
            for line in [Line::Out(text.to_owned()), Line::Err(text.to_owned())] {
                let written = line.to_string();
                assert_eq!(Line::parse(&written), line, "{written}");
                assert!(!begins_step(&written) && End::parse(&written).is_none(), "{written}");
            }
        }
    }

    #[test]
    fn streams_become_lines_and_a_missing_newline_is_marked() {
        let outcome = Outcome::of_streams(b"a\n\nb", b"warning: \xff\n", End::Exit(3));
        let recorded = Recorded { outcome: Some(outcome), failure: None };
        assert_eq!(recorded.to_string(), "a\n\nb (no newline)\n! warning: \u{fffd}\n[3]\n");
    }
}
