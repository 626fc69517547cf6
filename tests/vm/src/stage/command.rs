//! A program run by a user of the play: with their rights, in their home, with a bare environment.

use super::user::User;
use super::waiting::{end_of, pid};
use super::words;
use crate::job::End;
use anyhow::{Context, Result};
use rustix::process::{Signal, kill_process_group, setsid};
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};
use rustix::{fs::Gid, fs::Uid};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

/// Where programs are looked for.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";

/// The signals that a play names.
const SIGNALS: &[(&str, Signal)] = &[
    ("HUP", Signal::HUP),
    ("INT", Signal::INT),
    ("QUIT", Signal::QUIT),
    ("KILL", Signal::KILL),
    ("TERM", Signal::TERM),
    ("STOP", Signal::STOP),
    ("CONT", Signal::CONT),
];

/// The signal of this name.
///
/// # Errors
///
/// When no play may name it.
pub fn signal(name: &str) -> Result<Signal> {
    let known = SIGNALS.iter().find(|(other, _)| *other == name);
    known.map(|(_, signal)| *signal).with_context(|| format!("there is no signal {name}"))
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    pub end: End,
    /// The time after which it had to be killed.
    pub overdue: Option<Duration>,
}

impl Ending {
    fn of(status: ExitStatus, overdue: Option<Duration>) -> Self {
        let end = match status.code() {
            Some(code) => End::Exit(code),
            None => End::Signal(status.signal().unwrap_or_default()),
        };
        Self { end, overdue }
    }

    /// What went wrong with it, if it had to be killed.
    pub fn failure(self) -> Option<String> {
        self.overdue.map(|limit| format!("timed out after {} s, and killed", limit.as_secs()))
    }
}

/// What a program left behind.
#[derive(Debug)]
pub struct Output {
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    pub ending: Ending,
}

/// The terminal that a program is given, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Session {
    WithoutTerminal,
    /// Its standard input is a terminal, which becomes the one that Ctrl-C on it goes through.
    OnStdin,
}

/// A command line of a user, ready to be started once its streams are set.
///
/// # Errors
///
/// When the line is no command.
pub fn prepare(line: &str, user: &User, session: Session) -> Result<Command> {
    let words = words::split(line)?;
    let (program, arguments) = words.split_first().context("a command without a program")?;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .env("PATH", PATH)
        .env("HOME", &user.home)
        .env("USER", &user.name)
        .env("LANG", "C.UTF-8")
        .env("TERM", "xterm-256color")
        .envs(user.environment.iter().map(|(name, value)| (name, value)))
        .current_dir(&user.folder);
    become_user(&mut command, user, session);
    Ok(command)
}

#[allow(unsafe_code, reason = "Command has no stable way to set groups, session and terminal")]
/// Has the child take the user's rights, in a session of its own. Only root can; anybody else plays
/// themselves.
fn become_user(command: &mut Command, user: &User, session: Session) {
    let groups: Vec<Gid> = user.groups.iter().map(|gid| Gid::from_raw(*gid)).collect();
    let (uid, gid) = (Uid::from_raw(user.uid), Gid::from_raw(user.gid));
    let is_root = rustix::process::geteuid().is_root();
    let in_child = move || {
        setsid()?;
        if session == Session::OnStdin {
            heed(&[libc::SIGINT, libc::SIGQUIT])?;
            rustix::process::ioctl_tiocsctty(rustix::stdio::stdin())?;
        }
        if !is_root {
            return Ok(());
        }
        // In this child there is one thread, so that its rights are the process's.
        set_thread_groups(&groups)?;
        set_thread_res_gid(gid, gid, gid)?;
        set_thread_res_uid(uid, uid, uid)?;
        Ok(())
    };
    // SAFETY: between fork and exec the closure makes system calls only: it allocates nothing,
    // takes no lock, and what it borrows was made before the fork.
    unsafe {
        command.pre_exec(in_child);
    }
}

#[allow(unsafe_code, reason = "rustix has no stable way to set what a signal does")]
/// Lets signals end this process, also where whoever started the lab ignores them: a shell does for
/// what it runs in the background, and programs inherit it.
fn heed(signals: &[libc::c_int]) -> std::io::Result<()> {
    for signal in signals {
        // SAFETY: the default action is no code of ours.
        if unsafe { libc::signal(*signal, libc::SIG_DFL) } == libc::SIG_ERR {
            return Err(std::io::Error::last_os_error());
        }
    }
    Ok(())
}

/// Runs a command line to its end, without a terminal, `input` on its standard input.
///
/// # Errors
///
/// When the system cannot run anything. A program that does not exist is an end as a shell's is.
pub fn run(line: &str, user: &User, input: &[u8], limit: Duration) -> Result<Output> {
    let mut command = prepare(line, user, Session::WithoutTerminal)?;
    // Files take whatever comes without anybody reading at the other end.
    let mut stdout = tempfile::tempfile()?;
    let mut stderr = tempfile::tempfile()?;
    let stdin = match input {
        [] => Stdio::null(),
        input => {
            let mut file = tempfile::tempfile()?;
            file.write_all(input)?;
            file.seek(SeekFrom::Start(0))?;
            file.into()
        }
    };
    command.stdin(stdin).stdout(stdout.try_clone()?).stderr(stderr.try_clone()?);
    let ending = match command.spawn() {
        Ok(mut child) => end_within(&mut child, limit)?,
        Err(error) => {
            let stderr = format!("{line}: {error}\n").into_bytes();
            let ending = Ending { end: End::Exit(127), overdue: None };
            return Ok(Output { stdout: Vec::new(), stderr, ending });
        }
    };
    Ok(Output { stdout: bytes_of(&mut stdout)?, stderr: bytes_of(&mut stderr)?, ending })
}

/// Waits for the end of a child that leads a session, and kills all of that if it does not come.
///
/// # Errors
///
/// When the system cannot wait.
pub fn end_within(child: &mut Child, limit: Duration) -> Result<Ending> {
    if let Some(status) = end_of(child, limit)? {
        return Ok(Ending::of(status, None));
    }
    // It may end by itself just now.
    let _ = kill_process_group(pid(child), Signal::KILL);
    Ok(Ending::of(child.wait()?, Some(limit)))
}

fn bytes_of(file: &mut File) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
pub mod testing {
    use super::*;

    /// Whoever runs the tests.
    pub fn myself() -> User {
        User::of_this_process(&std::env::temp_dir())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(30);

    #[test]
    fn a_command_has_input_output_and_an_end() {
        let user = testing::myself();
        let output = run("cat; echo $PATH >&2; exit 4", &user, b"hello", LIMIT).unwrap();
        assert_eq!(output.stdout, b"hello");
        assert_eq!(output.stderr, format!("{PATH}\n").into_bytes());
        assert_eq!(output.ending, Ending { end: End::Exit(4), overdue: None });
    }

    #[test]
    fn a_program_that_does_not_exist_is_an_end() {
        let user = testing::myself();
        let output = run("no-such-program x", &user, b"", LIMIT).unwrap();
        assert_eq!(output.ending.end, End::Exit(127));
        assert!(output.stderr.starts_with(b"no-such-program x: "));
    }

    #[test]
    fn a_command_that_does_not_end_is_killed() {
        let user = testing::myself();
        let limit = Duration::from_millis(20);
        let output = run("sleep 1000", &user, b"", limit).unwrap();
        assert_eq!(output.ending, Ending { end: End::Signal(9), overdue: Some(limit) });
    }
}
