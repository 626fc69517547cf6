//! Reading what may keep one waiting: pipes, and file descriptors that the caller opened.
//!
//! Ctrl-C and other requests to end only set a flag, and the operating system begins a read anew that they
//! interrupt: whoever reads here looks at the flag in between.

use crate::transport::Interrupt;
use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::Path;

/// Something that is read until its end, or until somebody asks to stop.
pub(super) struct Inlet<S> {
    source: S,
    interrupt: Interrupt,
}

impl<S> Inlet<S> {
    /// Reads from `source`.
    pub(super) fn new(source: S, interrupt: &Interrupt) -> Self {
        Self { source, interrupt: interrupt.clone() }
    }
}

impl<S: IsTerminal> Inlet<S> {
    /// Whether it is a terminal, which shows what is typed.
    pub(super) fn is_terminal(&self) -> bool {
        self.source.is_terminal()
    }
}

impl Inlet<File> {
    /// Opens a file. Of a pipe, nobody needs to have opened the other end yet.
    ///
    /// # Errors
    ///
    /// When it cannot be opened.
    pub(super) fn open(path: &Path, interrupt: &Interrupt) -> io::Result<Self> {
        let mut options = File::options();
        options.read(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
            options.custom_flags(flags.bits().try_into().unwrap_or_default());
        }
        Ok(Self::new(options.open(path)?, interrupt))
    }

    /// How long the file is, in bytes; zero for what has no length.
    pub(super) fn length(&self) -> u64 {
        self.source.metadata().map_or(0, |metadata| metadata.len())
    }
}

#[cfg(unix)]
impl<S: rustix::fd::AsFd> Read for Inlet<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        use rustix::io::Errno;
        /// How often the interrupt flag is looked at.
        const POLL: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
        loop {
            if self.interrupt.is_requested() {
                return Err(io::Error::other("somebody asked to stop"));
            }
            match poll(&mut [PollFd::new(&self.source, PollFlags::IN)], Some(&POLL)) {
                Ok(0) | Err(Errno::INTR) => continue,
                Ok(_) => {}
                Err(error) => return Err(error.into()),
            }
            match rustix::io::read(&self.source, &mut *buffer) {
                Err(Errno::INTR | Errno::AGAIN) => {}
                result => return Ok(result?),
            }
        }
    }
}

#[cfg(not(unix))]
impl<S: Read> Read for Inlet<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.source.read(buffer)
    }
}

/// A file descriptor that the caller opened, at the place where it stands: what is read here is gone for
/// whoever reads on.
///
/// # Errors
///
/// When there is none of this number.
pub(super) fn inherited(number: i32, interrupt: &Interrupt) -> io::Result<Inlet<File>> {
    Ok(Inlet::new(duplicate(number)?, interrupt))
}

/// Linux opens what is behind `/dev/fd` anew, a file at its beginning and a socket not at all.
#[cfg(target_os = "linux")]
fn duplicate(number: i32) -> io::Result<File> {
    use rustix::io::Errno;
    use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};
    use std::os::unix::fs::FileTypeExt;
    let this = pidfd_open(getpid(), PidfdFlags::empty());
    match this.and_then(|this| pidfd_getfd(this, number, PidfdGetfdFlags::empty())) {
        Ok(descriptor) => Ok(descriptor.into()),
        // Before Linux 5.6, and in some containers. Of a pipe it makes no difference.
        Err(Errno::NOSYS | Errno::PERM) => {
            let opened = Inlet::open(format!("/dev/fd/{number}").as_ref(), &Interrupt::new())?;
            match opened.source.metadata()?.file_type().is_fifo() {
                true => Ok(opened.source),
                false => Err(io::Error::other(
                    "this system lets programs share only pipes by their number",
                )),
            }
        }
        Err(error) => Err(error.into()),
    }
}

/// Other systems duplicate what is behind `/dev/fd`.
#[cfg(not(target_os = "linux"))]
fn duplicate(number: i32) -> io::Result<File> {
    File::open(format!("/dev/fd/{number}"))
}
