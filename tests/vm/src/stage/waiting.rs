//! Waiting for a condition, never for a time: every wait has a deadline, and says what it waited for
//! when that passes.

use anyhow::{Result, bail};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::process::{Child, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

/// How often a condition is looked at that nobody reports.
const GLANCE: Duration = Duration::from_millis(5);

/// Waits until `holds`, looking again and again.
///
/// # Errors
///
/// When it does not hold within `limit`, or cannot be looked at.
pub fn until(what: &str, limit: Duration, mut holds: impl FnMut() -> Result<bool>) -> Result<()> {
    let start = Instant::now();
    while !holds()? {
        if start.elapsed() >= limit {
            bail!("timed out after {} s: {what}", limit.as_secs());
        }
        thread::sleep(GLANCE);
    }
    Ok(())
}

/// Waits until something may be done with `fd`. Says no when `stop` became readable first.
///
/// # Errors
///
/// When the system cannot wait.
pub fn ready(fd: BorrowedFd<'_>, flags: PollFlags, stop: BorrowedFd<'_>) -> Result<bool> {
    let mut fds =
        [PollFd::from_borrowed_fd(stop, PollFlags::IN), PollFd::from_borrowed_fd(fd, flags)];
    loop {
        match poll(&mut fds, None) {
            Ok(_) => return Ok(fds[0].revents().is_empty()),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// The end of a child, if it comes within `limit`.
///
/// # Errors
///
/// When the system cannot wait.
pub fn end_of(child: &mut Child, limit: Duration) -> Result<Option<ExitStatus>> {
    if let Some(status) = child.try_wait()? {
        return Ok(Some(status));
    }
    let pidfd = pidfd(child)?;
    let deadline = Instant::now() + limit;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let timeout = Timespec::try_from(left)?;
        let mut fds = [PollFd::new(&pidfd, PollFlags::IN)];
        match poll(&mut fds, Some(&timeout)) {
            Ok(0) => return Ok(None),
            Ok(_) => return Ok(Some(child.wait()?)),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn pidfd(child: &Child) -> Result<OwnedFd> {
    Ok(pidfd_open(pid(child), PidfdFlags::empty())?)
}

/// The number of a child.
pub fn pid(child: &Child) -> Pid {
    Pid::from_child(child)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn a_condition_that_never_holds_times_out_with_its_name() {
        let error = until("a key appears", Duration::ZERO, || Ok(false)).unwrap_err();
        assert_eq!(error.to_string(), "timed out after 0 s: a key appears");
    }

    #[test]
    fn a_child_that_goes_on_is_no_end() {
        let mut child = Command::new("cat").stdin(std::process::Stdio::piped()).spawn().unwrap();
        assert!(end_of(&mut child, Duration::from_millis(1)).unwrap().is_none());
        drop(child.stdin.take());
        assert!(end_of(&mut child, Duration::from_secs(30)).unwrap().unwrap().success());
    }
}
