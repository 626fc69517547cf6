//! The lock on a lasting key: one user at a time, over all processes.
//!
//! The lock is on a file beside the state, since the state itself is replaced at every write.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// A lock that is held until it is dropped, or its process ends in whatever way.
#[derive(Debug)]
pub(super) struct KeyLock {
    /// Holds the lock by being open.
    #[cfg_attr(not(unix), allow(dead_code))]
    file: File,
}

impl KeyLock {
    /// Takes the lock, or gives `None` if somebody else has it.
    #[cfg(unix)]
    pub(super) fn take(path: &Path) -> io::Result<Option<Self>> {
        use rustix::fs::{FlockOperation, flock};
        use rustix::io::Errno;
        use std::os::unix::fs::{MetadataExt, OpenOptionsExt};

        loop {
            let file = OpenOptions::new()
                .create(true)
                .truncate(false)
                .write(true)
                .mode(0o600)
                .open(path)?;
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {}
                Err(Errno::WOULDBLOCK) => return Ok(None),
                Err(Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            }
            // Whoever deletes a key removes the file while holding the lock. A lock on a file that
            // is no longer at its path keeps nobody out.
            let ours = file.metadata()?;
            match std::fs::metadata(path) {
                Ok(there) if (there.dev(), there.ino()) == (ours.dev(), ours.ino()) => {
                    return Ok(Some(Self { file }));
                }
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes the lock, or gives `None` if somebody else has it.
    #[cfg(windows)]
    pub(super) fn take(path: &Path) -> io::Result<Option<Self>> {
        use std::os::windows::fs::OpenOptionsExt;

        /// `ERROR_SHARING_VIOLATION`: somebody has the file open and shares it with nobody.
        const SHARING_VIOLATION: i32 = 32;
        let opened =
            OpenOptions::new().create(true).truncate(false).write(true).share_mode(0).open(path);
        match opened {
            Ok(file) => Ok(Some(Self { file })),
            Err(error) if error.raw_os_error() == Some(SHARING_VIOLATION) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(unix)]
impl Drop for KeyLock {
    /// Gives the lock back before the file is closed: a child that is just being started shares
    /// the open file, and with it the lock, until it runs its own program.
    fn drop(&mut self) {
        let _ = rustix::fs::flock(&self.file, rustix::fs::FlockOperation::Unlock);
    }
}
