//! A firmware process with its pipes.

use crate::PATIENCE;
use command_fds::{CommandFdExt, FdMapping};
use std::io::{BufRead, BufReader, PipeWriter, Read, Write, pipe};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Instant;

/// A running firmware process.
pub struct Firmware {
    child: Child,
    /// None once the power is lost.
    reports_in: Option<ChildStdin>,
    reports_out: Receiver<[u8; 64]>,
    control: PipeWriter,
    log: Receiver<String>,
}

impl Firmware {
    /// Powers a key up.
    pub fn start(binary: &Path, state: &Path) -> Self {
        let (control_in, control) = pipe().expect("a pipe");
        let mut command = Command::new(binary);
        command.arg("--state").arg(state);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
            .fd_mappings(vec![FdMapping { parent_fd: control_in.into(), child_fd: 3 }])
            .expect("no descriptor is given twice");
        let mut child = command.spawn().expect("the firmware can be started");
        // Closes this end of the child's descriptor 3.
        drop(command);
        let (reports, reports_out) = channel();
        let output = child.stdout.take().expect("it is a pipe");
        thread::spawn(move || read_reports(output, &reports));
        let (lines, log) = channel();
        let errors = child.stderr.take().expect("it is a pipe");
        thread::spawn(move || {
            for line in BufReader::new(errors).lines().map_while(Result::ok) {
                // Shown where a test fails.
                println!("firmware: {line}");
                if lines.send(line).is_err() {
                    break;
                }
            }
        });
        Self { reports_in: child.stdin.take(), child, reports_out, control, log }
    }

    /// Plays the person.
    pub fn control(&mut self, line: &str) {
        writeln!(self.control, "{line}").expect("the firmware reads control lines");
    }

    /// Waits until the log says `words`, from where the last call stopped.
    pub fn await_log(&mut self, words: &str) {
        let until = Instant::now() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let line = self.log.recv_timeout(left);
            if line.unwrap_or_else(|_| panic!("the log never says {words:?}")) == words {
                return;
            }
        }
    }

    pub(crate) fn send(&mut self, report: [u8; 64]) {
        let pipe = self.reports_in.as_mut().expect("it has power");
        pipe.write_all(&report).expect("the firmware reads reports");
    }

    pub(crate) fn receive(&mut self, until: Instant) -> [u8; 64] {
        let left = until.saturating_duration_since(Instant::now());
        self.reports_out.recv_timeout(left).expect("the firmware answers")
    }

    /// Cuts the power, and waits until the process has ended.
    pub fn cut_power(mut self) -> ExitStatus {
        self.reports_in = None;
        self.child.wait().expect("it is a child")
    }
}

impl Drop for Firmware {
    fn drop(&mut self) {
        self.reports_in = None;
        // It ends by itself, unless it is what the test is about.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read_reports(mut output: impl Read, reports: &Sender<[u8; 64]>) {
    let mut report = [0; 64];
    while output.read_exact(&mut report).is_ok() && reports.send(report).is_ok() {}
}
