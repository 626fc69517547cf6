//! Keys that misbehave: faults of packets and faults of messages, between the program and a key.

use fidokey::transport::{ConnectionError, KeyPath, OpenError};
use fidokey::wire::ctaphid::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What becomes of a CTAP2 request.
pub enum Reaction {
    /// The key gets it.
    Forward,
    /// The key gets this instead.
    Change(Vec<u8>),
    /// The key does not get it; this is the answer (status byte first).
    Answer(Vec<u8>),
    /// Nobody answers.
    Silence,
    /// The key is pulled out.
    Unplug,
    /// The key does not get it; this CTAPHID error is the answer.
    Refuse(u8),
    /// The key does not get it and says every 100 ms that it is working (1) or waits for somebody
    /// (2), for ever or until it is told to cancel; then this is the answer, if it is one.
    KeepAlive(u8, Option<Vec<u8>>),
    /// The key does not get it, waits for somebody for so long, and then gives this answer.
    AfterTouchWait(Duration, Vec<u8>),
}

/// A fault in messages. Requests and replies of CTAP2 have their command or status byte first.
pub trait MessageFault: Send {
    /// What becomes of a request.
    fn request(&mut self, request: &[u8]) -> Reaction {
        let _ = request;
        Reaction::Forward
    }

    /// What becomes of a message that is not CTAP2, such as INIT.
    fn other(&mut self, command: Command) -> Reaction {
        let _ = command;
        Reaction::Forward
    }

    /// What becomes of the key's reply, status byte first.
    fn reply(&mut self, request: &[u8], reply: Vec<u8>) -> Vec<u8> {
        let _ = request;
        reply
    }
}

impl<F: FnMut(&[u8], Vec<u8>) -> Vec<u8> + Send> MessageFault for F {
    fn reply(&mut self, request: &[u8], reply: Vec<u8>) -> Vec<u8> {
        self(request, reply)
    }
}

/// A fault in packets: what arrives instead of one packet of the key. An empty list loses it; an
/// error ends the connection.
pub trait PacketFault: Send {
    /// What arrives instead.
    fn packet(&mut self, packet: Vec<u8>) -> Result<Vec<Vec<u8>>, ConnectionError>;
}

impl<F: FnMut(Vec<u8>) -> Result<Vec<Vec<u8>>, ConnectionError> + Send> PacketFault for F {
    fn packet(&mut self, packet: Vec<u8>) -> Result<Vec<Vec<u8>>, ConnectionError> {
        self(packet)
    }
}

type Shared<T> = Arc<Mutex<Option<Box<T>>>>;

/// What is broken now; nothing at first. It concerns every key, over all connections.
#[derive(Clone, Default)]
pub struct Faults {
    pub(super) messages: Shared<dyn MessageFault>,
    pub(super) packets: Shared<dyn PacketFault>,
    pub(super) opening: Shared<dyn Fn(&KeyPath) -> OpenError + Send>,
    pub(super) enumeration: Arc<Mutex<Option<String>>>,
}

/// A fault in CTAP2 requests alone.
struct Requests<F>(F);

impl<F: FnMut(&[u8]) -> Reaction + Send> MessageFault for Requests<F> {
    fn request(&mut self, request: &[u8]) -> Reaction {
        self.0(request)
    }
}

/// A fault in messages that are not CTAP2.
struct Others<F>(F);

impl<F: FnMut(Command) -> Reaction + Send> MessageFault for Others<F> {
    fn other(&mut self, command: Command) -> Reaction {
        self.0(command)
    }
}

impl Faults {
    /// Breaks messages from now on.
    pub fn messages(&self, fault: impl MessageFault + 'static) {
        *self.messages.lock().unwrap() = Some(Box::new(fault));
    }

    /// Changes replies from now on.
    pub fn replies(&self, fault: impl FnMut(&[u8], Vec<u8>) -> Vec<u8> + Send + 'static) {
        self.messages(fault);
    }

    /// Decides what becomes of CTAP2 requests from now on.
    pub fn requests(&self, fault: impl FnMut(&[u8]) -> Reaction + Send + 'static) {
        self.messages(Requests(fault));
    }

    /// Decides what becomes of messages that are not CTAP2 from now on.
    pub fn others(&self, fault: impl FnMut(Command) -> Reaction + Send + 'static) {
        self.messages(Others(fault));
    }

    /// Lets no key be opened from now on.
    pub fn opening(&self, fault: impl Fn(&KeyPath) -> OpenError + Send + 'static) {
        *self.opening.lock().unwrap() = Some(Box::new(fault));
    }

    /// Lets nobody look for keys from now on.
    pub fn enumeration(&self, reason: &str) {
        *self.enumeration.lock().unwrap() = Some(reason.to_owned());
    }

    /// Breaks packets from now on.
    pub fn packets(
        &self,
        fault: impl FnMut(Vec<u8>) -> Result<Vec<Vec<u8>>, ConnectionError> + Send + 'static,
    ) {
        *self.packets.lock().unwrap() = Some(Box::new(fault));
    }

    /// Mends everything.
    pub fn mend(&self) {
        *self.messages.lock().unwrap() = None;
        *self.packets.lock().unwrap() = None;
        *self.opening.lock().unwrap() = None;
        *self.enumeration.lock().unwrap() = None;
    }
}
