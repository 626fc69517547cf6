//! The controlling terminal of the process.
//!
//! Written here rather than taken from a library because the libraries at hand read a secret
//! through a buffered reader, which leaves a copy of it in memory that nobody wipes, and do not
//! give echo back when a signal ends the program.

use super::Terminal;
use super::input::{LineEditor, Typed};
use crate::transport::Interrupt;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use zeroize::{Zeroize, Zeroizing};

/// The controlling terminal, opened for reading and writing whatever the streams are.
pub struct UnixTerminal {
    file: File,
    interrupt: Interrupt,
}

/// How often the interrupt flag is looked at while a person types, in milliseconds.
const POLL_MS: i64 = 100;

impl UnixTerminal {
    /// Opens the controlling terminal; `None` when the process has none.
    pub fn open(interrupt: Interrupt) -> Option<Self> {
        let file = OpenOptions::new().read(true).write(true).open("/dev/tty").ok()?;
        Some(Self { file, interrupt })
    }

    fn read(&self, prompt: &str) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
        (&self.file).write_all(prompt.as_bytes())?;
        let mut editor = LineEditor::new();
        let mut byte = Zeroizing::new([0u8; 1]);
        loop {
            if self.interrupt.is_requested() {
                return Ok(None);
            }
            if !self.readable(POLL_MS)? {
                continue;
            }
            match rustix::io::read(&self.file, byte.as_mut_slice()) {
                Ok(0) => return Ok(None),
                Ok(_) => {}
                Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => continue,
                Err(error) => return Err(error.into()),
            }
            let [typed] = *byte;
            byte.zeroize();
            match editor.push(typed) {
                Typed::More => {}
                Typed::Complete => return Ok(Some(editor.finish())),
                Typed::Ended => return Ok(None),
                Typed::TooLong => return Err(io::Error::other("the line is too long")),
            }
        }
    }

    /// Waits for at most `milliseconds` until something can be read.
    fn readable(&self, milliseconds: i64) -> io::Result<bool> {
        let timeout =
            rustix::event::Timespec { tv_sec: 0, tv_nsec: milliseconds.saturating_mul(1_000_000) };
        let mut wanted = [PollFd::new(&self.file, PollFlags::IN)];
        match poll(&mut wanted, Some(&timeout)) {
            Ok(count) => Ok(count > 0),
            Err(rustix::io::Errno::INTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

impl Terminal for UnixTerminal {
    fn read_line(&mut self, prompt: &str) -> io::Result<Option<String>> {
        let line = self.read(prompt)?;
        if line.is_none() {
            // Nobody pressed Enter, and what comes next does not belong behind the question.
            self.file.write_all(b"\n")?;
        }
        Ok(line.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }

    fn read_secret(&mut self, prompt: &str) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
        let echo = EchoOff::new(&self.file)?;
        let line = self.read(prompt);
        drop(echo);
        // The person's Enter was not shown either.
        self.file.write_all(b"\n")?;
        line
    }
}

/// Echo is off while this lives, and as it was before when it goes, whatever the way out. Ctrl-C
/// only sets a flag in this program, so that this way out is taken then too.
struct EchoOff<'f> {
    file: &'f File,
    before: Termios,
}

impl<'f> EchoOff<'f> {
    fn new(file: &'f File) -> io::Result<EchoOff<'f>> {
        let before = tcgetattr(file)?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO | LocalModes::ECHONL);
        // FLUSH: keys pressed before the prompt appeared were not meant for it.
        tcsetattr(file, OptionalActions::Flush, &silent)?;
        Ok(Self { file, before })
    }
}

impl Drop for EchoOff<'_> {
    fn drop(&mut self) {
        // Nothing better can be done when even this fails.
        let _ = tcsetattr(self.file, OptionalActions::Flush, &self.before);
    }
}
