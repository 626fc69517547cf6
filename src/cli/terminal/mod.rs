//! Talking to the person at the terminal.

#[cfg(unix)]
mod enter;
mod input;
#[cfg(unix)]
mod unix;

#[cfg(unix)]
pub use enter::EnterKey;
pub use input::{LineEditor, MAX_INPUT};
#[cfg(unix)]
pub use unix::UnixTerminal;

use std::io;
use zeroize::Zeroizing;

/// How many columns the terminal has that a stream leads to; `None` for another stream, or where the
/// terminal does not say it.
#[cfg(unix)]
pub(super) fn columns(stream: &impl rustix::fd::AsFd) -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(stream).ok()?;
    Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

/// How many columns a terminal has is not known here.
#[cfg(not(unix))]
pub(super) fn columns<S>(_: &S) -> Option<usize> {
    None
}

/// A terminal with a person in front of it.
pub trait Terminal {
    /// Shows `prompt` and reads one line, without its end.
    ///
    /// `None` when the person ended the input (Ctrl-D) or interrupted it (Ctrl-C).
    ///
    /// # Errors
    ///
    /// When the terminal is gone or the line is longer than [`MAX_INPUT`] bytes.
    fn read_line(&mut self, prompt: &str) -> io::Result<Option<String>>;

    /// Shows `prompt` and reads one line without showing it. The bytes are wiped when dropped.
    ///
    /// `None` when the person ended the input (Ctrl-D) or interrupted it (Ctrl-C).
    ///
    /// # Errors
    ///
    /// When the terminal is gone, the line is longer than [`MAX_INPUT`] bytes, or echo cannot be
    /// switched off.
    fn read_secret(&mut self, prompt: &str) -> io::Result<Option<Zeroizing<Vec<u8>>>>;
}
