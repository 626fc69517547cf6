//! A firmware: a process that reads 64-byte reports on its standard input, writes 64-byte reports on
//! its standard output, and obeys lines on file descriptor 3. It lives as long as its key has power.

use anyhow::{Context, Result};
use command_fds::{CommandFdExt, FdMapping};
use rustix::pipe::{PipeFlags, pipe_with};
use std::ffi::OsString;
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// Where a firmware takes its orders.
const CONTROL: i32 = 3;

/// How to start a firmware.
#[derive(Clone, Debug)]
pub struct Recipe {
    pub program: PathBuf,
    pub arguments: Vec<OsString>,
    /// What it is told at every start.
    pub orders: Vec<String>,
    /// Where its log goes; without a file, to where ours goes.
    pub log: Option<PathBuf>,
}

/// A firmware that runs.
#[derive(Debug)]
pub struct Firmware {
    child: Child,
    control: File,
}

/// The ends of its reports.
#[derive(Debug)]
pub struct Reports {
    pub to_key: ChildStdin,
    pub from_key: ChildStdout,
}

impl Recipe {
    /// Starts the firmware: its key has power.
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub fn start(&self) -> Result<(Firmware, Reports)> {
        let (theirs, ours) = pipe_with(PipeFlags::CLOEXEC)?;
        let log = match &self.log {
            Some(path) => {
                let file = File::options().append(true).create(true).open(path);
                Stdio::from(file.with_context(|| format!("cannot write {}", path.display()))?)
            }
            None => Stdio::inherit(),
        };
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .fd_mappings(vec![FdMapping { parent_fd: theirs, child_fd: CONTROL }])?
            .spawn()
            .with_context(|| format!("cannot start the firmware {}", self.program.display()))?;
        let to_key = child.stdin.take().context("a firmware has no input")?;
        let from_key = child.stdout.take().context("a firmware has no output")?;
        let mut firmware = Firmware { child, control: File::from(ours) };
        for order in &self.orders {
            firmware.order(order)?;
        }
        Ok((firmware, Reports { to_key, from_key }))
    }
}

impl Firmware {
    /// Gives it a line.
    ///
    /// # Errors
    ///
    /// When it does not listen.
    pub fn order(&mut self, order: &str) -> Result<()> {
        self.control
            .write_all(format!("{order}\n").as_bytes())
            .with_context(|| format!("the firmware does not hear {order:?}"))
    }

    /// Takes its power: it does nothing more.
    ///
    /// # Errors
    ///
    /// When the system does not end it.
    pub fn lose_power(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn shell(script: &str, orders: &[&str]) -> Recipe {
        Recipe {
            program: "/bin/sh".into(),
            arguments: vec!["-c".into(), script.into()],
            orders: orders.iter().map(ToString::to_string).collect(),
            log: None,
        }
    }

    #[test]
    fn a_firmware_reads_reports_and_orders() {
        let recipe = shell("head -c 4; head -n 1 <&3", &["touch hold"]);
        let (firmware, Reports { mut to_key, mut from_key }) = recipe.start().unwrap();
        to_key.write_all(b"abcd").unwrap();
        let mut text = String::new();
        from_key.read_to_string(&mut text).unwrap();
        assert_eq!(text, "abcdtouch hold\n");
        firmware.lose_power().unwrap();
    }

    #[test]
    fn without_power_nothing_goes_on() {
        let (firmware, Reports { to_key, mut from_key }) = shell("exec cat", &[]).start().unwrap();
        firmware.lose_power().unwrap();
        let mut rest = Vec::new();
        from_key.read_to_end(&mut rest).unwrap();
        assert!(rest.is_empty());
        drop(to_key);
    }
}
