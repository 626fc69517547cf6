//! A command on a pseudo-terminal of its own, in the background: what it writes is waited for, what
//! a person would type is typed.

use super::command::{Ending, Session, end_within, prepare};
use super::screen::{self, Written};
use super::user::User;
use super::waiting::{pid, until};
use anyhow::{Context, Result, bail};
use rustix::process::{Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::process::Child;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

const ROWS: u16 = 50;

/// A command that runs, or ran, on a terminal.
pub struct Terminal {
    name: String,
    child: Child,
    keyboard: File,
    shown: Arc<Shown>,
    /// How much of what was written has been waited for.
    expected: usize,
}

#[derive(Default)]
struct Shown {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    bytes: Vec<u8>,
    written: Written,
    /// Nobody can write any more.
    is_closed: bool,
}

impl State {
    /// What stands on the terminal, to be said behind what is missing from it.
    fn shown(&self) -> String {
        let lines = screen::at_the_end(&self.bytes);
        let lines = lines.trim_end().lines().map(|line| format!("\n  | {line}"));
        lines.collect()
    }
}

impl Shown {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads until every other holder of the terminal has let go of it.
    fn follow(&self, mut terminal: File) {
        let mut buffer = [0; 4096];
        loop {
            let count = terminal.read(&mut buffer).unwrap_or(0);
            let mut state = self.state();
            let bytes = &buffer[..count];
            state.bytes.extend(bytes);
            state.written.push(bytes);
            state.is_closed = count == 0;
            self.changed.notify_all();
            if count == 0 {
                return;
            }
        }
    }
}

impl Terminal {
    /// Starts a command on a terminal.
    ///
    /// # Errors
    ///
    /// When there is no terminal or no such program.
    pub fn start(name: &str, line: &str, user: &User) -> Result<Self> {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let path = ptsname(&master, Vec::new())?.into_string()?;
        let size =
            Winsize { ws_row: ROWS, ws_col: screen::COLUMNS.get(), ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&master, size)?;
        std::os::unix::fs::chown(&path, Some(user.uid), None)?;
        let terminal = OpenOptions::new().read(true).write(true).open(&path)?;
        let child = prepare(line, user, Session::OnStdin)?
            .stdin(terminal.try_clone()?)
            .stdout(terminal.try_clone()?)
            .stderr(terminal)
            .spawn()
            .with_context(|| format!("cannot start {line:?}"))?;
        let keyboard = File::from(master);
        let shown = Arc::new(Shown::default());
        let (reader, follower) = (keyboard.try_clone()?, Arc::clone(&shown));
        thread::spawn(move || follower.follow(reader));
        Ok(Self { name: name.into(), child, keyboard, shown, expected: 0 })
    }

    /// Waits until `text` was written, after all that was waited for before.
    ///
    /// # Errors
    ///
    /// When it is not written in time, or cannot be, because the command ended.
    pub fn expect(&mut self, text: &str, limit: Duration) -> Result<()> {
        let deadline = Instant::now() + limit;
        let mut state = self.shown.state();
        loop {
            let rest = state.written.text().get(self.expected..).unwrap_or_default();
            if let Some(at) = rest.find(text) {
                self.expected += at + text.len();
                return Ok(());
            }
            if state.is_closed {
                let shown = state.shown();
                bail!("{} ended without {text:?} on its terminal{shown}", self.name);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let (limit, shown) = (limit.as_secs(), state.shown());
                bail!("timed out after {limit} s: {text:?} from {}{shown}", self.name);
            }
            state = self
                .shown
                .changed
                .wait_timeout(state, left)
                .map_or_else(|poisoned| poisoned.into_inner().0, |(state, _)| state);
        }
    }

    /// Types `text`.
    ///
    /// # Errors
    ///
    /// When the terminal is gone.
    pub fn type_in(&mut self, text: &str) -> Result<()> {
        self.keyboard
            .write_all(text.as_bytes())
            .with_context(|| format!("nobody reads what is typed for {}", self.name))
    }

    /// Sends the command a signal.
    ///
    /// # Errors
    ///
    /// When it has ended.
    pub fn signal(&mut self, signal: Signal) -> Result<()> {
        kill_process(pid(&self.child), signal)
            .with_context(|| format!("{} cannot be sent a signal", self.name))
    }

    /// Waits for the end, and gives the text that then stands on the terminal.
    ///
    /// # Errors
    ///
    /// When the system cannot wait.
    pub fn end(mut self, limit: Duration) -> Result<(String, Ending)> {
        let ending = end_within(&mut self.child, limit)?;
        // What it wrote last may still be on its way here. A child of its own that goes on writes
        // to nobody.
        let _ = until("the terminal closes", Duration::from_secs(5), || {
            Ok(self.shown.state().is_closed)
        });
        let text = screen::at_the_end(&self.shown.state().bytes);
        Ok((text, ending))
    }
}

#[cfg(test)]
mod tests {
    use super::super::command::testing::myself;
    use super::*;
    use crate::job::End;

    const LIMIT: Duration = Duration::from_secs(30);

    #[test]
    fn a_command_is_talked_to() {
        let user = myself();
        let line =
            "printf 'Name: '; read name; test -t 0 && echo \"Hello $name\" >/dev/tty; exit 7";
        let mut terminal = Terminal::start("ask", line, &user).unwrap();
        terminal.expect("Name: ", LIMIT).unwrap();
        terminal.type_in("Pat\n").unwrap();
        let (text, ending) = terminal.end(LIMIT).unwrap();
        assert_eq!(text, "Name: Pat\nHello Pat\n");
        assert_eq!(ending.end, End::Exit(7));
    }

    #[test]
    fn what_was_waited_for_is_not_found_again() {
        let user = myself();
        let mut terminal = Terminal::start("twice", "echo one; echo two; echo one", &user).unwrap();
        terminal.expect("two", LIMIT).unwrap();
        terminal.expect("one", LIMIT).unwrap();
        let error = terminal.expect("one", LIMIT).unwrap_err();
        let shown = "\n  | one\n  | two\n  | one";
        assert_eq!(
            error.to_string(),
            format!("twice ended without \"one\" on its terminal{shown}")
        );
    }

    #[test]
    #[allow(unsafe_code, reason = "std has no way to ignore a signal")]
    fn ctrl_c_and_signals_reach_it() {
        // As in what a shell runs in the background.
        // SAFETY: neither action is code of ours.
        let before = unsafe { libc::signal(libc::SIGINT, libc::SIG_IGN) };
        let user = myself();
        let mut terminal = Terminal::start("cat", "cat", &user).unwrap();
        terminal.type_in("x\n").unwrap();
        terminal.expect("x\nx", LIMIT).unwrap();
        terminal.type_in("\x03").unwrap();
        // SAFETY: as above.
        unsafe { libc::signal(libc::SIGINT, before) };
        assert_eq!(terminal.end(LIMIT).unwrap().1.end, End::Signal(2));
        let mut terminal = Terminal::start("cat", "cat", &user).unwrap();
        terminal.signal(Signal::KILL).unwrap();
        let (text, ending) = terminal.end(LIMIT).unwrap();
        assert_eq!((text.as_str(), ending.end), ("", End::Signal(9)));
    }
}
