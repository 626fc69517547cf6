//! What the program says, and on which stream.
//!
//! The answer goes to stdout; everything else goes to stderr. Text that came from a key is escaped
//! before it gets here (see [`crate::output::text`]).

use super::global::{ColorChoice, Global};
use super::world::Setting;
use crate::output::next_command::{hint_on_device, on_device};
use crate::output::wrap::wrap;
use std::io::{self, Write};

/// The two streams with the rules for them.
pub struct Ui<'w> {
    stdout: &'w mut dyn Write,
    stderr: &'w mut dyn Write,
    /// The key that `--device` named, for the commands that a text suggests.
    device: Option<String>,
    quiet: bool,
    verbose: bool,
    /// Whether a program reads stderr, which must then find one JSON document there at most.
    for_program: bool,
    /// Whether lines on stderr can be rewritten in place.
    live: bool,
    /// Whether stderr is a terminal.
    on_terminal: bool,
    /// How many columns that terminal has, where it says so.
    columns: Option<usize>,
    color: bool,
    /// Whether a line that is rewritten in place stands on the terminal now.
    line_open: bool,
    broken_pipe: bool,
}

impl<'w> Ui<'w> {
    /// Takes over the streams.
    pub fn new(
        stdout: &'w mut dyn Write,
        stderr: &'w mut dyn Write,
        setting: &Setting,
        global: &Global,
    ) -> Self {
        let color = match global.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => setting.stderr_is_terminal && !setting.no_color,
        };
        Self {
            stdout,
            stderr,
            device: global.device.clone(),
            quiet: global.quiet,
            verbose: global.verbose,
            for_program: global.json && !setting.stderr_is_terminal,
            live: setting.stderr_is_terminal && !global.quiet,
            on_terminal: setting.stderr_is_terminal,
            columns: setting.stderr_columns,
            color,
            line_open: false,
            broken_pipe: false,
        }
    }

    /// Takes over the streams where the flags could not be read.
    pub fn before_flags(
        stdout: &'w mut dyn Write,
        stderr: &'w mut dyn Write,
        setting: &Setting,
    ) -> Self {
        Self {
            stdout,
            stderr,
            device: None,
            quiet: false,
            verbose: false,
            for_program: false,
            live: false,
            on_terminal: setting.stderr_is_terminal,
            columns: setting.stderr_columns,
            color: setting.stderr_is_terminal && !setting.no_color,
            line_open: false,
            broken_pipe: false,
        }
    }

    /// Writes (a part of) the answer to stdout. A closed pipe is noted, not an error.
    ///
    /// # Errors
    ///
    /// When stdout cannot be written to for another reason, such as a full disk.
    pub fn answer(&mut self, text: &str) -> io::Result<()> {
        self.end_line();
        let written = self.stdout.write_all(text.as_bytes()).and_then(|()| self.stdout.flush());
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.broken_pipe = true;
                Ok(())
            }
            other => other,
        }
    }

    /// Whether somebody still reads the answer.
    pub fn is_heard(&self) -> bool {
        !self.broken_pipe
    }

    /// Says what is going on. Muted by `--quiet`, and where a program reads stderr.
    pub fn status(&mut self, text: &str) {
        if !self.quiet && !self.for_program {
            self.prose(text);
        }
    }

    /// Says what only somebody who asked for more wants to know (`--verbose`).
    pub fn detail(&mut self, text: &str) {
        if self.verbose {
            self.status(text);
        }
    }

    /// Says what stands beside the answer: a verdict. Muted by `--quiet`.
    pub fn beside_answer(&mut self, text: &str) {
        if !self.quiet {
            self.prose(text);
        }
    }

    /// Says what a person must know although nothing failed. Muted where a program reads stderr.
    pub fn warning(&mut self, text: &str) {
        if self.for_program {
            return;
        }
        let head = self.paint("33", "Warning:");
        self.prose(&format!("{head} {}", self.on_device(text)));
    }

    /// Suggests a next step. Muted by `--quiet`, and where a program reads stderr.
    pub fn hint(&mut self, text: &str) {
        if !self.quiet && !self.for_program {
            let head = self.paint("36", "Hint:");
            self.prose(&format!("{head} {}", self.hint_on_device(text)));
        }
    }

    /// Whether nobody hears a warning: a program reads stderr.
    pub fn warns_nobody(&self) -> bool {
        self.for_program
    }

    /// Says what failed.
    pub fn error(&mut self, text: &str) {
        let head = self.paint("31", "Error:");
        self.prose(&format!("{head} {}", self.on_device(text)));
    }

    /// Writes text for a person to stderr; on a terminal no word of it stands in two lines.
    pub fn prose(&mut self, text: &str) {
        match self.columns {
            Some(columns) => self.line(&wrap(text, columns)),
            None => self.line(text),
        }
    }

    /// Writes a line to stderr as it is.
    pub fn line(&mut self, text: &str) {
        self.end_line();
        // In one piece: other programs may write to the same terminal.
        let _ = self.stderr.write_all(format!("{text}\n").as_bytes());
        let _ = self.stderr.flush();
    }

    /// Shows progress on one line that the next call rewrites; nothing where that cannot be done.
    pub fn progress(&mut self, text: &str) {
        if self.live {
            // Without wrapping at the right edge: of a line that became two, only the second could
            // be rewritten.
            let _ = write!(self.stderr, "\r\x1b[K\x1b[?7l{text}\x1b[?7h");
            let _ = self.stderr.flush();
            self.line_open = true;
        }
    }

    /// Whether [`Ui::progress`] shows anything.
    pub fn is_live(&self) -> bool {
        self.live
    }

    /// Clears the line that was rewritten in place, if there is one.
    pub fn end_line(&mut self) {
        if self.line_open {
            let _ = write!(self.stderr, "\r\x1b[K");
            let _ = self.stderr.flush();
            self.line_open = false;
        }
    }

    /// Clears what the terminal shows of Ctrl-C, which would stand before the next line. To be called
    /// at the start of a line, or where that line may go.
    pub fn clear_echo(&mut self) {
        if self.on_terminal {
            self.line_open = true;
            self.end_line();
        }
    }

    /// A text whose commands name the key that `--device` named.
    pub fn on_device(&self, text: &str) -> String {
        on_device(text, self.device.as_deref())
    }

    /// As [`Ui::on_device`], for a hint.
    pub fn hint_on_device(&self, hint: &str) -> String {
        hint_on_device(hint, self.device.as_deref())
    }

    /// Colours a word; the word alone carries the meaning.
    fn paint(&self, code: &str, word: &str) -> String {
        if self.color { format!("\x1b[{code}m{word}\x1b[0m") } else { word.to_owned() }
    }
}
