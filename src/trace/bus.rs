//! A bus whose connections are listened to.

use super::conversation::Conversation;
use super::decode::Masking;
use super::entry::{Entry, Event, Opened, Seconds};
use crate::transport::{
    Bus, BusError, Clock, Connection, ConnectionError, KeyDescription, KeyKind, KeyPath, OpenError,
    Replug, ReportSizes,
};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Where a trace goes.
pub trait Sink: Send {
    /// Takes one entry. A failure is the sink's own to remember: it concerns no key.
    fn take(&mut self, entry: &Entry);
}

impl<S: Sink + ?Sized> Sink for Arc<Mutex<S>> {
    fn take(&mut self, entry: &Entry) {
        self.lock().unwrap_or_else(PoisonError::into_inner).take(entry);
    }
}

/// Lets everything through to another bus, and writes down what is said to the keys opened through
/// it. Keys that are opened at the same time share one trace, whose entries stand in the order of
/// their times.
pub struct TracingBus {
    inner: Arc<dyn Bus>,
    trace: Arc<Trace>,
    /// What is known of keys from the last look at them.
    known: Mutex<Vec<KeyDescription>>,
}

impl TracingBus {
    /// Listens to what is opened on `inner`. Times begin now.
    pub fn new(inner: Arc<dyn Bus>, clock: Arc<dyn Clock>, sink: Box<dyn Sink>) -> Self {
        let start = clock.now();
        let state = Mutex::new(State { sink, keys: 0 });
        let trace = Arc::new(Trace { clock, start, state, masking: Masking::default() });
        Self { inner, trace, known: Mutex::default() }
    }

    /// Writes that the command ended by itself.
    pub fn ended(&self, exit_code: u8) {
        self.trace.note(|_| vec![Event::Ended { exit_code }]);
    }

    fn describe(&self, path: &KeyPath) -> Option<KeyDescription> {
        let known = lock(&self.known);
        let found = known.iter().find(|key| key.path == *path).cloned();
        found.or_else(|| self.inner.description_of(path))
    }
}

impl Bus for TracingBus {
    fn keys(&self) -> Result<Vec<KeyDescription>, BusError> {
        let keys = self.inner.keys()?;
        lock(&self.known).clone_from(&keys);
        Ok(keys)
    }

    fn description_of(&self, path: &KeyPath) -> Option<KeyDescription> {
        self.inner.description_of(path)
    }

    fn open(&self, path: &KeyPath) -> Result<Box<dyn Connection>, OpenError> {
        match self.inner.open(path) {
            Ok(inner) => {
                let trace = Arc::clone(&self.trace);
                Ok(Box::new(TracedConnection::new(inner, trace, path, self.describe(path))))
            }
            Err(error) => {
                let (path, reason) = (path.0.clone(), error.to_string());
                self.trace.note(|_| vec![Event::NotOpened { path, reason }]);
                Err(error)
            }
        }
    }

    fn wait_for_change(&self, timeout: Duration) {
        self.inner.wait_for_change(timeout);
    }

    fn replug(&self, path: &KeyPath) -> Result<Replug, OpenError> {
        let replug = self.inner.replug(path)?;
        if replug == Replug::Done {
            self.trace.note(|_| vec![Event::Replugged { path: path.0.clone() }]);
        }
        Ok(replug)
    }
}

/// One trace, shared by all connections.
struct Trace {
    clock: Arc<dyn Clock>,
    start: Duration,
    state: Mutex<State>,
    masking: Masking,
}

struct State {
    sink: Box<dyn Sink>,
    /// How many keys were opened so far.
    keys: u32,
}

impl Trace {
    /// Writes what `events` makes of the present time.
    fn note(&self, events: impl FnOnce(Seconds) -> Vec<Event>) {
        self.note_with(|_, now| events(now));
    }

    /// The time is taken under the lock, so that no entry stands before one of an earlier time.
    fn note_with(&self, events: impl FnOnce(&mut u32, Seconds) -> Vec<Event>) {
        let mut state = lock(&self.state);
        let time = Seconds::of(self.clock.now().saturating_sub(self.start));
        let State { sink, keys } = &mut *state;
        for event in events(keys, time) {
            sink.take(&Entry { time, event });
        }
    }
}

/// A panic elsewhere ends nothing here: the entries before it are what somebody will want to see.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A connection that is listened to.
struct TracedConnection {
    inner: Box<dyn Connection>,
    trace: Arc<Trace>,
    conversation: Conversation,
}

impl TracedConnection {
    fn new(
        inner: Box<dyn Connection>,
        trace: Arc<Trace>,
        path: &KeyPath,
        description: Option<KeyDescription>,
    ) -> Self {
        let sizes = inner.report_sizes();
        let mut number = 0;
        trace.note_with(|keys, _| {
            *keys = keys.saturating_add(1);
            number = *keys;
            vec![Event::Opened(Box::new(opened(number, path, description, sizes)))]
        });
        let conversation = Conversation::new(number, sizes, trace.masking);
        Self { inner, trace, conversation }
    }

    fn failed(&mut self, act: &'static str, error: ConnectionError) -> ConnectionError {
        let reason = error.to_string();
        let conversation = &mut self.conversation;
        self.trace.note(|_| conversation.failed(act, reason));
        error
    }
}

impl Connection for TracedConnection {
    fn report_sizes(&self) -> ReportSizes {
        self.inner.report_sizes()
    }

    /// The packet goes first: what is written meanwhile costs no time that the key does not need
    /// anyway.
    fn send(&mut self, report: &[u8]) -> Result<(), ConnectionError> {
        let sent = self.inner.send(report);
        let conversation = &mut self.conversation;
        match sent {
            Ok(()) => {
                self.trace.note(|now| conversation.sent(report, now));
                Ok(())
            }
            Err(error) => Err(self.failed("send", error)),
        }
    }

    fn receive(
        &mut self,
        report: &mut [u8],
        timeout: Duration,
    ) -> Result<Option<usize>, ConnectionError> {
        match self.inner.receive(report, timeout) {
            Ok(Some(length)) => {
                let conversation = &mut self.conversation;
                let received = report.get(..length).unwrap_or(report);
                self.trace.note(|now| conversation.received(received, now));
                Ok(Some(length))
            }
            Ok(None) => Ok(None),
            Err(error) => Err(self.failed("receive", error)),
        }
    }
}

impl Drop for TracedConnection {
    fn drop(&mut self) {
        let conversation = &mut self.conversation;
        self.trace.note(|now| conversation.closed(now));
    }
}

fn opened(
    key: u32,
    path: &KeyPath,
    description: Option<KeyDescription>,
    sizes: ReportSizes,
) -> Opened {
    let known = description.as_ref();
    Opened {
        key,
        path: path.0.clone(),
        kind: known.map(|known| match known.kind {
            KeyKind::Hid => "hid".into(),
            KeyKind::Virtual => "virtual".into(),
        }),
        vendor_id: known.and_then(|known| known.vendor_id),
        product_id: known.and_then(|known| known.product_id),
        manufacturer: known.and_then(|known| known.manufacturer.clone()),
        product: known.and_then(|known| known.product.clone()),
        port: known.and_then(|known| known.port.clone()),
        input_report: sizes.input,
        output_report: sizes.output,
    }
}
