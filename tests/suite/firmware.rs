//! Keys that others wrote, as processes (`tests/firmware/README.md`), in place of the desk's virtual
//! keys.

use crate::harness::Desk;
use crate::skipped::skip;
use fidokey::transport::{
    Bus, BusError, Connection, ConnectionError, KeyDescription, KeyPath, OpenError, ReportSizes,
};
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

const BUILT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/firmware/bin");

/// No answer takes longer, however busy the machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A bus with one key on it, whose firmware runs in a process.
#[derive(Clone)]
pub struct FirmwareBus(Arc<Mutex<Process>>);

struct Process {
    child: Child,
    reports: ChildStdin,
    answers: Receiver<[u8; 64]>,
}

impl FirmwareBus {
    /// Powers up the key whose firmware has this name, with a state that is kept in `state`.
    ///
    /// `None` where it is not built: the test is then skipped, loudly; in continuous integration it
    /// fails.
    pub fn start(test: &str, name: &str, state: &Path) -> Option<Self> {
        let mut command = Command::new(format!("{BUILT}/{name}"));
        command.arg("--state").arg(state);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let Ok(mut child) = command.spawn() else {
            skip(test, "the firmwares are not built; tests/firmware/build builds them");
            return None;
        };
        let reports = child.stdin.take().unwrap();
        let mut from_key = child.stdout.take().unwrap();
        let (sender, answers) = channel();
        thread::spawn(move || {
            let mut report = [0; 64];
            while from_key.read_exact(&mut report).is_ok() && sender.send(report).is_ok() {}
        });
        Some(Self(Arc::new(Mutex::new(Process { child, reports, answers }))))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Bus for FirmwareBus {
    fn keys(&self) -> Result<Vec<KeyDescription>, BusError> {
        Ok(vec![Desk::description(0)])
    }

    fn open(&self, _: &KeyPath) -> Result<Box<dyn Connection>, OpenError> {
        Ok(Box::new(Cable { process: self.0.clone(), heard: Instant::now() }))
    }

    fn wait_for_change(&self, _: Duration) {
        thread::yield_now();
    }
}

struct Cable {
    process: Arc<Mutex<Process>>,
    heard: Instant,
}

impl Connection for Cable {
    fn report_sizes(&self) -> ReportSizes {
        ReportSizes::USUAL
    }

    fn send(&mut self, report: &[u8]) -> Result<(), ConnectionError> {
        let mut process = self.process.lock().unwrap();
        self.heard = Instant::now();
        let sent = process.reports.write_all(report).and_then(|()| process.reports.flush());
        sent.map_err(|_| ConnectionError::Unplugged)
    }

    /// The desk's clock stands still meanwhile, so that a deadline of this end has to do.
    fn receive(
        &mut self,
        report: &mut [u8],
        timeout: Duration,
    ) -> Result<Option<usize>, ConnectionError> {
        match self.process.lock().unwrap().answers.recv_timeout(timeout) {
            Ok(answer) => {
                self.heard = Instant::now();
                report[..64].copy_from_slice(&answer);
                Ok(Some(64))
            }
            Err(RecvTimeoutError::Timeout) if self.heard.elapsed() < PATIENCE => Ok(None),
            Err(_) => Err(ConnectionError::Unplugged),
        }
    }
}
