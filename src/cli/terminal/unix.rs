//! The controlling terminal of the process.
//!
//! Written here rather than taken from a library because the libraries at hand read a secret
//! through a buffered reader, which leaves a copy of it in memory that nobody wipes, and do not
//! give echo back when a signal ends the program.

mod silence;

use super::input::{LineEditor, Typed};
use super::{Terminal, columns};
use crate::output::wrap::wrap;
use crate::transport::Interrupt;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::termios::{QueueSelector, tcflush};
use silence::Silence;
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

    /// Shows `prompt` and reads a line; with `silence`, one that is not shown.
    fn read(
        &self,
        prompt: &str,
        silence: Option<&Silence<'_>>,
    ) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
        let prompt = match columns(&self.file) {
            Some(columns) => &wrap(prompt, columns),
            None => prompt,
        };
        (&self.file).write_all(prompt.as_bytes())?;
        let mut editor = LineEditor::new();
        let mut byte = Zeroizing::new([0u8; 1]);
        loop {
            if self.interrupt.is_requested() {
                return Ok(None);
            }
            if let Some(silence) = silence
                && silence.was_broken()
            {
                silence.renew()?;
                // What was typed before is gone, and what others wrote stands there now.
                editor = LineEditor::new();
                (&self.file).write_all(format!("\n{prompt}").as_bytes())?;
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
            if let Some(silence) = silence
                && silence.is_suspend(typed)
            {
                editor = LineEditor::new();
                silence.suspend()?;
                continue;
            }
            match editor.push(typed) {
                Typed::More => {}
                Typed::Complete => return Ok(Some(editor.finish())),
                Typed::Ended => return Ok(None),
                Typed::TooLong => {
                    // The rest of the line is no answer to what is asked next.
                    tcflush(&self.file, QueueSelector::IFlush)?;
                    return Err(io::ErrorKind::InvalidInput.into());
                }
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
        let line = self.read(prompt, None)?;
        if line.is_none() {
            // Nobody pressed Enter, and what comes next does not belong behind the question.
            self.file.write_all(b"\n")?;
        }
        Ok(line.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }

    fn read_secret(&mut self, prompt: &str) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
        let silence = Silence::begin(&self.file)?;
        let line = self.read(prompt, Some(&silence));
        drop(silence);
        // The person's Enter was not shown either.
        self.file.write_all(b"\n")?;
        line
    }
}
