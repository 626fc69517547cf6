//! The packets, the touches and the fingers that reach a key.

use crate::control::{Control, Finger, Policy, Touch};
use crate::wires::{Arrival, Wires};
use std::collections::VecDeque;
use std::io::{Write, stdout};
use std::process::exit;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// The length of a report in bytes.
pub const REPORT: usize = 64;

/// One HID report.
pub type Report = [u8; REPORT];

/// What ended a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// The host sent a report.
    Report(Report),
    /// The key was touched.
    Touch(Touch),
    /// Nothing, for as long as the wait was to last.
    Nothing,
}

/// Where a key meets the world.
#[derive(Clone)]
pub struct Port(Arc<Shared>);

struct Shared {
    outside: Mutex<Outside>,
    changed: Condvar,
}

/// What has happened and was not yet taken.
struct Outside {
    reports: VecDeque<Report>,
    touches: Policy,
    touched: Option<Touch>,
    awaits_touch: bool,
    fingers: Policy,
    fingers_to_come: VecDeque<Finger>,
}

impl Outside {
    fn obey(&mut self, control: Control) {
        match control {
            Control::Touches(policy) => self.touches = policy,
            Control::Touch(touch) => self.touched = self.awaits_touch.then_some(touch),
            Control::Fingers(policy) => {
                self.fingers = policy;
                self.fingers_to_come.clear();
            }
            Control::Finger(finger) => self.fingers_to_come.push_back(finger),
        }
    }

    fn take_touch(&mut self) -> Option<Touch> {
        let at_once = (self.touches == Policy::Auto).then_some(Touch::Long);
        self.touched.take().or(at_once)
    }

    fn take_finger(&mut self) -> Option<Finger> {
        let at_once = (self.fingers == Policy::Auto).then_some(Finger::Good);
        self.fingers_to_come.pop_front().or(at_once)
    }
}

impl Port {
    /// Begins to read packets and control lines. To be called before any file is opened, since
    /// descriptor 3 would be that file.
    pub fn open() -> Self {
        let outside = Outside {
            reports: VecDeque::new(),
            touches: Policy::Auto,
            touched: None,
            awaits_touch: false,
            fingers: Policy::Auto,
            fingers_to_come: VecDeque::new(),
        };
        let port = Self(Arc::new(Shared { outside: Mutex::new(outside), changed: Condvar::new() }));
        let mut wires = Wires::open();
        let reader = port.clone();
        thread::spawn(move || {
            loop {
                match wires.next() {
                    Some(Arrival::Report(report)) => {
                        reader.change(|outside| outside.reports.push_back(report));
                    }
                    Some(Arrival::Control(control)) => {
                        reader.change(|outside| outside.obey(control));
                    }
                    None => {
                        eprintln!("power lost");
                        exit(0);
                    }
                }
            }
        });
        port
    }

    /// Gives the next report, however long it takes.
    pub fn report(&self) -> Report {
        let mut outside = self.outside();
        loop {
            if let Some(report) = outside.reports.pop_front() {
                return report;
            }
            outside = self.0.changed.wait(outside).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Gives the next report if there is one within `limit`.
    pub fn report_within(&self, limit: Duration) -> Option<Report> {
        self.take_within(limit, |outside| outside.reports.pop_front())
    }

    /// Sends a report. A host that is gone is a loss of power.
    pub fn send(&self, report: &Report) {
        let mut host = stdout().lock();
        if host.write_all(report).and_then(|()| host.flush()).is_err() {
            eprintln!("nobody reads what the key says");
            exit(0);
        }
    }

    /// Begins to wait for a touch: touches count from now on.
    pub fn begin_touch(&self) {
        self.change(|outside| {
            outside.touched = None;
            outside.awaits_touch = true;
        });
        eprintln!("waiting for a touch");
    }

    /// Ends the wait for a touch.
    pub fn end_touch(&self) {
        self.change(|outside| {
            outside.touched = None;
            outside.awaits_touch = false;
        });
    }

    /// Takes a touch if there was one since the wait began, or if touches come by themselves.
    pub fn touched(&self) -> bool {
        self.outside().take_touch().is_some()
    }

    /// Waits for a touch or a report, whichever is first.
    pub fn touch_or_report(&self, limit: Duration) -> Happening {
        let happening = self.take_within(limit, |outside| {
            let report = outside.reports.pop_front().map(Happening::Report);
            report.or_else(|| outside.take_touch().map(Happening::Touch))
        });
        happening.unwrap_or(Happening::Nothing)
    }

    /// Waits for a finger.
    pub fn finger(&self, limit: Duration) -> Option<Finger> {
        self.take_within(limit, Outside::take_finger)
    }

    fn take_within<T>(
        &self,
        limit: Duration,
        mut take: impl FnMut(&mut Outside) -> Option<T>,
    ) -> Option<T> {
        let until = Instant::now() + limit;
        let mut outside = self.outside();
        loop {
            if let Some(taken) = take(&mut outside) {
                return Some(taken);
            }
            let left = until.checked_duration_since(Instant::now())?;
            let waited = self.0.changed.wait_timeout(outside, left);
            outside = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn change(&self, change: impl FnOnce(&mut Outside)) {
        change(&mut self.outside());
        self.0.changed.notify_all();
    }

    fn outside(&self) -> MutexGuard<'_, Outside> {
        self.0.outside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
