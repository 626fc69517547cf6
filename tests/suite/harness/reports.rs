//! Keys whose reports have another size than the usual 64 bytes.

use super::assembly::{Assembly, Message};
use fidokey::transport::{
    Bus, BusError, Connection, ConnectionError, KeyDescription, KeyPath, OpenError, Replug,
    ReportSizes,
};
use fidokey::wire::ctaphid::split;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// Cuts messages anew: towards the program into reports of `size` bytes, towards the key into 64.
pub struct ReportSizeBus {
    inner: Arc<dyn Bus>,
    size: usize,
}

impl ReportSizeBus {
    pub fn new(inner: Arc<dyn Bus>, size: usize) -> Self {
        Self { inner, size }
    }
}

impl Bus for ReportSizeBus {
    fn keys(&self) -> Result<Vec<KeyDescription>, BusError> {
        self.inner.keys()
    }

    fn open(&self, path: &KeyPath) -> Result<Box<dyn Connection>, OpenError> {
        let inner = self.inner.open(path)?;
        let (to_key, to_program) = (Assembly::default(), Assembly::default());
        let arriving = VecDeque::new();
        Ok(Box::new(ReportSizeConnection { inner, size: self.size, to_key, to_program, arriving }))
    }

    fn wait_for_change(&self, timeout: Duration) {
        self.inner.wait_for_change(timeout);
    }

    fn replug(&self, path: &KeyPath) -> Result<Replug, OpenError> {
        self.inner.replug(path)
    }
}

/// The packets of the message that this one completes, cut anew.
fn cut(pending: &mut Assembly, report: &[u8], size: usize) -> Vec<Vec<u8>> {
    let Some(Message { channel, command, payload }) = pending.take(report) else {
        return Vec::new();
    };
    split(channel, command, &payload, size).unwrap()
}

struct ReportSizeConnection {
    inner: Box<dyn Connection>,
    size: usize,
    to_key: Assembly,
    to_program: Assembly,
    arriving: VecDeque<Vec<u8>>,
}

impl Connection for ReportSizeConnection {
    fn report_sizes(&self) -> ReportSizes {
        ReportSizes { input: self.size, output: self.size }
    }

    fn send(&mut self, report: &[u8]) -> Result<(), ConnectionError> {
        assert_eq!(report.len(), self.size);
        let size = self.inner.report_sizes().output;
        cut(&mut self.to_key, report, size).iter().try_for_each(|report| self.inner.send(report))
    }

    fn receive(
        &mut self,
        report: &mut [u8],
        timeout: Duration,
    ) -> Result<Option<usize>, ConnectionError> {
        loop {
            if let Some(packet) = self.arriving.pop_front() {
                report[..packet.len()].copy_from_slice(&packet);
                return Ok(Some(packet.len()));
            }
            let mut packet = vec![0; self.inner.report_sizes().input];
            let Some(length) = self.inner.receive(&mut packet, timeout)? else { return Ok(None) };
            self.arriving.extend(cut(&mut self.to_program, &packet[..length], self.size));
        }
    }
}
