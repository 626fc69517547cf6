//! Keys whose reports have another size than the usual 64 bytes.

use fidokey::transport::{
    Bus, BusError, Connection, ConnectionError, KeyDescription, KeyPath, OpenError, Replug,
    ReportSizes,
};
use fidokey::wire::ctaphid::{Assembler, Packet, PacketKind, split};
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
        let (to_key, to_program) = (Messages::default(), Messages::default());
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

/// A message that is being put together.
#[derive(Default)]
struct Messages(Option<(u32, Assembler)>);

impl Messages {
    /// Takes a packet; gives all of the message's packets anew when it is complete.
    fn take(&mut self, report: &[u8], size: usize) -> Vec<Vec<u8>> {
        let packet = Packet::parse(report).unwrap();
        match packet.kind {
            PacketKind::Init { command, length } => {
                let started = Assembler::start(command, length, packet.data, report.len());
                self.0 = Some((packet.channel, started.unwrap()));
            }
            PacketKind::Continuation { sequence } => {
                self.0.as_mut().unwrap().1.push(sequence, packet.data).unwrap();
            }
        }
        match self.0.take_if(|(_, message)| message.is_complete()) {
            Some((channel, message)) => {
                let command = message.command();
                split(channel, command, &message.into_payload(), size).unwrap()
            }
            None => Vec::new(),
        }
    }
}

struct ReportSizeConnection {
    inner: Box<dyn Connection>,
    size: usize,
    to_key: Messages,
    to_program: Messages,
    arriving: VecDeque<Vec<u8>>,
}

impl Connection for ReportSizeConnection {
    fn report_sizes(&self) -> ReportSizes {
        ReportSizes { input: self.size, output: self.size }
    }

    fn send(&mut self, report: &[u8]) -> Result<(), ConnectionError> {
        assert_eq!(report.len(), self.size);
        let size = self.inner.report_sizes().output;
        self.to_key.take(report, size).iter().try_for_each(|report| self.inner.send(report))
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
            self.arriving.extend(self.to_program.take(&packet[..length], self.size));
        }
    }
}
