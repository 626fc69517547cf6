//! The time in which the terminal does not show what is typed.

use rustix::event::{Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Signal, kill_current_process_group};
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
};
use signal_hook::consts::SIGCONT;
use signal_hook::{SigId, flag, low_level};
use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The code of a key that is not assigned (POSIX `_POSIX_VDISABLE`).
const NOT_ASSIGNED: u8 = if cfg!(target_os = "linux") { 0 } else { 0xff };

/// How often, and each time how long, it is waited until the process is stopped: the signal may reach
/// another thread first.
const STOPPING: (u32, Timespec) = (20, Timespec { tv_sec: 0, tv_nsec: 10_000_000 });

/// Echo is off while this lives, and as it was before when it goes, whatever the way out. Ctrl-C
/// only sets a flag in this program, so that this way out is taken then too.
///
/// Ctrl-Z ends a line here instead of sending a signal: so that echo is given back before the
/// process stops. A shell that takes over a terminal without echo may leave it so, or give the
/// program one with echo when it goes on.
pub(super) struct Silence<'f> {
    file: &'f File,
    before: Termios,
    silent: Termios,
    /// What Ctrl-Z sends, where a key is assigned.
    suspend: Option<u8>,
    /// Set when the process goes on after others have stopped it.
    continued: Arc<AtomicBool>,
    watch: Option<SigId>,
}

impl<'f> Silence<'f> {
    /// Switches echo off.
    ///
    /// # Errors
    ///
    /// When the terminal does not let itself be set.
    pub(super) fn begin(file: &'f File) -> io::Result<Silence<'f>> {
        let before = tcgetattr(file)?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO | LocalModes::ECHONL);
        // Without signals from keys (ISIG) it is a character like others.
        let signals = before.local_modes.contains(LocalModes::ISIG);
        let code = before.special_codes[SpecialCodeIndex::VSUSP];
        let suspend = Some(code).filter(|code| signals && *code != NOT_ASSIGNED);
        if let Some(code) = suspend {
            silent.special_codes[SpecialCodeIndex::VSUSP] = NOT_ASSIGNED;
            silent.special_codes[SpecialCodeIndex::VEOL] = code;
        }
        #[cfg(any(target_vendor = "apple", target_os = "freebsd", target_os = "openbsd"))]
        {
            silent.special_codes[SpecialCodeIndex::VDSUSP] = NOT_ASSIGNED;
        }
        let continued = Arc::new(AtomicBool::new(false));
        let watch = flag::register(SIGCONT, Arc::clone(&continued)).ok();
        let silence = Self { file, before, silent, suspend, continued, watch };
        silence.renew()?;
        Ok(silence)
    }

    /// Whether others had the terminal meanwhile.
    pub(super) fn was_broken(&self) -> bool {
        self.continued.load(Ordering::SeqCst)
    }

    /// Switches echo off again.
    ///
    /// # Errors
    ///
    /// When the terminal does not let itself be set.
    pub(super) fn renew(&self) -> io::Result<()> {
        self.continued.store(false, Ordering::SeqCst);
        // FLUSH: keys pressed before the prompt appeared were not meant for it.
        set(self.file, &self.silent)
    }

    /// Whether this is Ctrl-Z.
    pub(super) fn is_suspend(&self, typed: u8) -> bool {
        self.suspend == Some(typed)
    }

    /// Does what Ctrl-Z does elsewhere: stops the foreground job. Afterwards the silence is broken.
    ///
    /// # Errors
    ///
    /// When the terminal does not let itself be set, or the job cannot be stopped.
    pub(super) fn suspend(&self) -> io::Result<()> {
        set(self.file, &self.before)?;
        kill_current_process_group(Signal::TSTP)?;
        let (times, pause) = STOPPING;
        // Where no shell could continue the process, the system does not stop it.
        for _ in 0..times {
            if self.was_broken() {
                break;
            }
            // Ends at once when the process goes on.
            let _ = poll(&mut [], Some(&pause));
        }
        self.continued.store(true, Ordering::SeqCst);
        Ok(())
    }
}

impl Drop for Silence<'_> {
    fn drop(&mut self) {
        if let Some(watch) = self.watch {
            low_level::unregister(watch);
        }
        // Nothing better can be done when even this fails.
        let _ = set(self.file, &self.before);
    }
}

/// Sets the terminal, and forgets what was typed and not read yet.
fn set(file: &File, modes: &Termios) -> io::Result<()> {
    loop {
        match tcsetattr(file, OptionalActions::Flush, modes) {
            Err(Errno::INTR) => {}
            other => return Ok(other?),
        }
    }
}
