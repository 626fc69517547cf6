//! Recorded conversations, said again.

use super::run::{Job, description, run};
use crate::harness::{Assembly, Ran};
use fidokey::transport::{
    Bus, BusError, Connection, ConnectionError, KeyDescription, KeyPath, OpenError, Replug,
    ReportSizes,
};
use fidokey::virtual_key::ManualClock;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

struct ReplayBus {
    turns: Arc<Mutex<VecDeque<Vec<Vec<u8>>>>>,
    clock: Arc<ManualClock>,
}

impl Bus for ReplayBus {
    fn keys(&self) -> Result<Vec<KeyDescription>, BusError> {
        Ok(vec![description()])
    }

    fn open(&self, _: &KeyPath) -> Result<Box<dyn Connection>, OpenError> {
        Ok(Box::new(ReplayConnection {
            turns: self.turns.clone(),
            clock: self.clock.clone(),
            pending: Assembly::default(),
            arriving: VecDeque::new(),
        }))
    }

    fn wait_for_change(&self, timeout: Duration) {
        self.clock.advance(timeout);
    }

    fn replug(&self, _: &KeyPath) -> Result<Replug, OpenError> {
        Ok(Replug::Done)
    }
}

struct ReplayConnection {
    turns: Arc<Mutex<VecDeque<Vec<Vec<u8>>>>>,
    clock: Arc<ManualClock>,
    pending: Assembly,
    arriving: VecDeque<Vec<u8>>,
}

impl Connection for ReplayConnection {
    fn report_sizes(&self) -> ReportSizes {
        ReportSizes::USUAL
    }

    fn send(&mut self, report: &[u8]) -> Result<(), ConnectionError> {
        if self.pending.take(report).is_some() {
            self.arriving.extend(self.turns.lock().unwrap().pop_front().unwrap_or_default());
        }
        Ok(())
    }

    fn receive(
        &mut self,
        report: &mut [u8],
        timeout: Duration,
    ) -> Result<Option<usize>, ConnectionError> {
        match self.arriving.pop_front() {
            Some(packet) => {
                let length = packet.len().min(report.len());
                report[..length].copy_from_slice(&packet[..length]);
                Ok(Some(length))
            }
            None => {
                self.clock.advance(timeout.max(Duration::from_millis(1)));
                Ok(None)
            }
        }
    }
}

pub(super) fn replay(job: &Job, turns: VecDeque<Vec<Vec<u8>>>) -> Ran {
    let clock = ManualClock::standing();
    let bus = ReplayBus { turns: Arc::new(Mutex::new(turns)), clock: clock.clone() };
    run(&job.line, Arc::new(bus), clock)
}
