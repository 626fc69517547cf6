//! Counts what is said to a key, at the key.

use super::assembly::{Assembly, Message};
use fidokey::transport::{
    Bus, BusError, Connection, ConnectionError, KeyDescription, KeyPath, OpenError, Replug,
    ReportSizes,
};
use fidokey::wire::cbor;
use fidokey::wire::ctaphid::Command;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// Everything that was said to the keys, in order.
#[derive(Clone, Default)]
pub struct Record(Arc<Said>);

#[derive(Default)]
struct Said {
    messages: Mutex<Vec<(KeyPath, String)>>,
    more: Condvar,
}

impl Record {
    /// The messages since the last call, by name: CTAPHID's, or CTAP2's with its subcommand.
    pub fn take(&self) -> Vec<String> {
        let messages = std::mem::take(&mut *self.0.messages.lock().unwrap());
        messages.into_iter().map(|(_, name)| name).collect()
    }

    /// As [`Record::take`], for one key; what was said to others is forgotten too.
    pub fn take_of(&self, path: &str) -> Vec<String> {
        let messages = std::mem::take(&mut *self.0.messages.lock().unwrap());
        messages.into_iter().filter(|(at, _)| at.0 == path).map(|(_, name)| name).collect()
    }

    /// Waits until a message of this name was said so many times, for a minute at most.
    pub fn wait_for(&self, name: &str, times: usize) {
        let said = |messages: &Vec<(KeyPath, String)>| {
            messages.iter().filter(|(_, said)| said == name).count()
        };
        let messages = self.0.messages.lock().unwrap();
        let most = Duration::from_secs(60);
        let too_few = |messages: &mut Vec<_>| said(messages) < times;
        let (messages, _) = self.0.more.wait_timeout_while(messages, most, too_few).unwrap();
        assert!(said(&messages) >= times, "{name} was not said {times} times");
    }

    fn add(&self, path: &KeyPath, name: String) {
        self.0.messages.lock().unwrap().push((path.clone(), name));
        self.0.more.notify_all();
    }
}

/// What a CTAP2 request is called: `04`, `06/01`: by command byte and subcommand.
pub fn request_name(request: &[u8]) -> String {
    name(Command::CBOR, request)
}

/// What a message is called: `INIT`, `04`, `06/01`, `0a/02`: CTAP2 messages by command byte and
/// subcommand.
fn name(command: Command, payload: &[u8]) -> String {
    match command {
        Command::INIT => "INIT".to_owned(),
        Command::PING => "PING".to_owned(),
        Command::MSG => "MSG".to_owned(),
        Command::WINK => "WINK".to_owned(),
        Command::CANCEL => "CANCEL".to_owned(),
        Command::CBOR => {
            let byte = payload.first().copied().unwrap_or_default();
            let key = match byte {
                0x06 => 2,
                0x0a | 0x41 => 1,
                _ => return format!("{byte:02x}"),
            };
            let map = cbor::parse(&payload[1..]).unwrap().map().unwrap();
            let subcommand = map.get(key).unwrap().unsigned().unwrap();
            format!("{byte:02x}/{subcommand:02x}")
        }
        Command(other) => format!("CTAPHID {other:02x}"),
    }
}

pub struct RecordingBus<B> {
    inner: B,
    record: Record,
}

impl<B> RecordingBus<B> {
    pub fn new(inner: B, record: Record) -> Self {
        Self { inner, record }
    }
}

impl<B: Bus> Bus for RecordingBus<B> {
    fn keys(&self) -> Result<Vec<KeyDescription>, BusError> {
        self.inner.keys()
    }

    fn open(&self, path: &KeyPath) -> Result<Box<dyn Connection>, OpenError> {
        let inner = self.inner.open(path)?;
        let record = self.record.clone();
        Ok(Box::new(RecordingConnection {
            inner,
            record,
            path: path.clone(),
            pending: Assembly::default(),
        }))
    }

    fn wait_for_change(&self, timeout: Duration) {
        self.inner.wait_for_change(timeout);
    }

    fn replug(&self, path: &KeyPath) -> Result<Replug, OpenError> {
        self.inner.replug(path)
    }
}

struct RecordingConnection {
    inner: Box<dyn Connection>,
    record: Record,
    path: KeyPath,
    pending: Assembly,
}

impl Connection for RecordingConnection {
    fn report_sizes(&self) -> ReportSizes {
        self.inner.report_sizes()
    }

    fn send(&mut self, report: &[u8]) -> Result<(), ConnectionError> {
        if let Some(Message { command, payload, .. }) = self.pending.take(report) {
            self.record.add(&self.path, name(command, &payload));
        }
        self.inner.send(report)
    }

    fn receive(
        &mut self,
        report: &mut [u8],
        timeout: Duration,
    ) -> Result<Option<usize>, ConnectionError> {
        self.inner.receive(report, timeout)
    }
}
