//! The Enter key as what touches a virtual key.

use crate::virtual_key::TouchSource;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags};
use rustix::termios::{QueueSelector, tcflush, tcgetpgrp};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The Enter key of the controlling terminal.
///
/// It opens the terminal for itself, when a key first waits for a touch: the key asks in a thread
/// of its own, while the program waits for the key and reads nothing. Without a terminal nobody
/// touches anything.
#[derive(Default)]
pub struct EnterKey {
    terminal: Mutex<Option<OwnedFd>>,
}

impl EnterKey {
    fn terminal(&self) -> MutexGuard<'_, Option<OwnedFd>> {
        let mut terminal = self.terminal.lock().unwrap_or_else(PoisonError::into_inner);
        if terminal.is_none() {
            let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
            *terminal = rustix::fs::open("/dev/tty", flags, Mode::empty()).ok();
        }
        // A program in the background would be stopped for reading what is typed in front of it.
        if let Some(opened) = &*terminal
            && !tcgetpgrp(opened).is_ok_and(|group| group == rustix::process::getpgrp())
        {
            *terminal = None;
        }
        terminal
    }
}

impl TouchSource for EnterKey {
    fn begin(&self) {
        if let Some(terminal) = &*self.terminal() {
            // What was typed before the key asked was not meant for it.
            let _ = tcflush(terminal, QueueSelector::IFlush);
        }
    }

    fn touched(&self) -> bool {
        let terminal = self.terminal();
        let Some(terminal) = &*terminal else { return false };
        let mut typed = [0; 64];
        while is_readable(terminal) {
            match rustix::io::read(terminal, &mut typed) {
                Ok(length) if length > 0 => {
                    if typed.iter().take(length).any(|byte| *byte == b'\n') {
                        return true;
                    }
                }
                _ => return false,
            }
        }
        false
    }
}

/// Whether something can be read now.
fn is_readable(terminal: &OwnedFd) -> bool {
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    let mut wanted = [PollFd::new(terminal, PollFlags::IN)];
    poll(&mut wanted, Some(&now)).is_ok_and(|count| count > 0)
}
