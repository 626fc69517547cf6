//! The two descriptors that a key listens on, as one stream.

use crate::REPORT;
use crate::control::Control;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, read};
use rustix::stdio::stdin;
use std::collections::VecDeque;
use std::fs::File;
use std::io::ErrorKind;

/// What came in.
pub enum Arrival {
    /// A report from the host.
    Report([u8; REPORT]),
    /// A line from whoever plays the person.
    Control(Control),
}

/// Standard input and descriptor 3.
pub struct Wires {
    /// None if there is none, or none any more.
    control: Option<File>,
    /// A line that is not whole yet.
    line: Vec<u8>,
    lines: VecDeque<Control>,
}

impl Wires {
    /// Takes descriptor 3 if it is open.
    pub fn open() -> Self {
        // Opened anew through its name, so that no descriptor is taken over unseen.
        let control = match File::open("/proc/self/fd/3") {
            Ok(control) => Some(control),
            Err(error) => {
                if error.kind() != ErrorKind::NotFound {
                    eprintln!("descriptor 3 cannot be read: {error}");
                }
                None
            }
        };
        Self { control, line: Vec::new(), lines: VecDeque::new() }
    }

    /// Waits for the next thing to come in. Nothing more comes after the end of standard input.
    pub fn next(&mut self) -> Option<Arrival> {
        loop {
            if let Some(control) = self.lines.pop_front() {
                return Some(Arrival::Control(control));
            }
            let host_speaks = self.wait();
            // Looked at after the host has spoken: a line that was written before that is here.
            self.read_control();
            if host_speaks && self.lines.is_empty() {
                return read_report().map(Arrival::Report);
            }
        }
    }

    /// Waits for either descriptor, and tells whether the host has spoken.
    fn wait(&self) -> bool {
        let mut ready = vec![PollFd::from_borrowed_fd(stdin(), PollFlags::IN)];
        ready.extend(self.control.iter().map(|control| PollFd::new(control, PollFlags::IN)));
        while let Err(error) = poll(&mut ready, None) {
            assert_eq!(error, Errno::INTR, "it can wait for descriptors");
        }
        ready.first().is_some_and(|host| !host.revents().is_empty())
    }

    /// Reads the control lines that are there.
    fn read_control(&mut self) {
        while let Some(control) = &self.control {
            let mut ready = [PollFd::new(control, PollFlags::IN)];
            if poll(&mut ready, Some(&Timespec::default())) != Ok(1) {
                return;
            }
            let mut bytes = [0; 256];
            match read(control, &mut bytes) {
                Ok(0) | Err(_) => self.control = None,
                Ok(length) => bytes.iter().take(length).for_each(|byte| self.take_byte(*byte)),
            }
        }
    }

    fn take_byte(&mut self, byte: u8) {
        if byte != b'\n' {
            self.line.push(byte);
            return;
        }
        let line = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&line);
        match line.parse() {
            Ok(control) => self.lines.push_back(control),
            Err(_) => eprintln!("no such control line: {line:?}"),
        }
    }
}

fn read_report() -> Option<[u8; REPORT]> {
    let mut report = [0; REPORT];
    let mut filled = 0;
    while filled < REPORT {
        match read(stdin(), &mut report[filled..]) {
            Ok(0) => return None,
            Ok(length) => filled += length,
            Err(Errno::INTR) => {}
            Err(error) => {
                eprintln!("cannot read what the host says: {error}");
                return None;
            }
        }
    }
    Some(report)
}
