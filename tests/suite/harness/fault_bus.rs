//! The bus on which keys have faults: it stands between the program and them.

use super::faults::{Faults, Reaction};
use fidokey::transport::{
    Bus, BusError, Clock, Connection, ConnectionError, KeyDescription, KeyPath, OpenError, Replug,
    ReportSizes,
};
use fidokey::virtual_key::ManualClock;
use fidokey::wire::ctaphid::{Assembler, Command, Packet, PacketKind, split};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

pub struct FaultBus {
    inner: Arc<dyn Bus>,
    faults: Faults,
    clock: Arc<ManualClock>,
}

impl FaultBus {
    pub fn new(inner: Arc<dyn Bus>, faults: Faults, clock: Arc<ManualClock>) -> Self {
        Self { inner, faults, clock }
    }
}

impl Bus for FaultBus {
    fn keys(&self) -> Result<Vec<KeyDescription>, BusError> {
        match &*self.faults.enumeration.lock().unwrap() {
            Some(reason) => Err(BusError::Enumerate(reason.clone())),
            None => self.inner.keys(),
        }
    }

    fn open(&self, path: &KeyPath) -> Result<Box<dyn Connection>, OpenError> {
        if let Some(fault) = &*self.faults.opening.lock().unwrap() {
            return Err(fault(path));
        }
        Ok(Box::new(FaultConnection {
            inner: self.inner.open(path)?,
            faults: self.faults.clone(),
            clock: self.clock.clone(),
            outgoing: None,
            held: Vec::new(),
            request: Vec::new(),
            incoming: None,
            arriving: VecDeque::new(),
            waiting: false,
            silent: false,
            keeping_alive: None,
            unplugged: false,
        }))
    }

    fn wait_for_change(&self, timeout: Duration) {
        self.inner.wait_for_change(timeout);
    }

    fn replug(&self, path: &KeyPath) -> Result<Replug, OpenError> {
        self.inner.replug(path)
    }
}

/// What is said every 100 ms until a moment or a CANCEL, and the answer that follows.
struct KeepingAlive {
    packet: Vec<u8>,
    until: Duration,
    channel: u32,
    reply: Option<Vec<u8>>,
}

struct FaultConnection {
    inner: Box<dyn Connection>,
    faults: Faults,
    clock: Arc<ManualClock>,
    /// A request that is being sent, and its packets.
    outgoing: Option<Assembler>,
    held: Vec<Vec<u8>>,
    /// The last complete CTAP2 request.
    request: Vec<u8>,
    /// A reply that is arriving.
    incoming: Option<(u32, Assembler)>,
    /// Packets that wait for the program.
    arriving: VecDeque<Vec<u8>>,
    /// Whether the key owes an answer.
    waiting: bool,
    silent: bool,
    keeping_alive: Option<KeepingAlive>,
    unplugged: bool,
}

impl FaultConnection {
    fn answer(&mut self, channel: u32, command: Command, reply: &[u8]) {
        let size = self.inner.report_sizes().input;
        self.arriving.extend(split(channel, command, reply, size).unwrap());
    }

    /// Does what becomes of a message whose packets are `held`.
    fn react(
        &mut self,
        reaction: Reaction,
        channel: u32,
        held: &[Vec<u8>],
    ) -> Result<(), ConnectionError> {
        let sizes = self.inner.report_sizes();
        match reaction {
            Reaction::Forward => {
                self.silent = false;
                return held.iter().try_for_each(|report| self.inner.send(report));
            }
            Reaction::Change(request) => {
                let reports = split(channel, Command::CBOR, &request, sizes.output).unwrap();
                return reports.iter().try_for_each(|report| self.inner.send(report));
            }
            // The key itself has nothing to say after these.
            Reaction::Answer(reply) => {
                self.answer(channel, Command::CBOR, &reply);
                self.silent = true;
            }
            Reaction::Refuse(code) => {
                self.answer(channel, Command::ERROR, &[code]);
                self.silent = true;
            }
            Reaction::Silence => self.silent = true,
            Reaction::Unplug => self.unplugged = true,
            Reaction::AfterTouchWait(wait, reply) => {
                let packets = split(channel, Command::KEEPALIVE, &[2], sizes.input).unwrap();
                let until = self.clock.now().saturating_add(wait);
                self.keeping_alive = Some(KeepingAlive {
                    packet: packets[0].clone(),
                    until,
                    channel,
                    reply: Some(reply),
                });
            }
            Reaction::KeepAlive(status, last_word) => {
                let packets = split(channel, Command::KEEPALIVE, &[status], sizes.input).unwrap();
                let (packet, until) = (packets[0].clone(), Duration::MAX);
                self.keeping_alive =
                    Some(KeepingAlive { packet, until, channel, reply: last_word });
            }
        }
        Ok(())
    }

    /// What the program gets instead of a packet of the key.
    fn arrived(&mut self, packet: Vec<u8>) -> Result<(), ConnectionError> {
        let packets = match &mut *self.faults.packets.lock().unwrap() {
            Some(fault) => fault.packet(packet)?,
            None => vec![packet],
        };
        for packet in packets {
            self.deliver(packet);
        }
        Ok(())
    }

    /// Puts a reply through the message fault, once it is complete.
    fn deliver(&mut self, report: Vec<u8>) {
        let faults = self.faults.messages.clone();
        let mut fault = faults.lock().unwrap();
        let (Some(fault), Some(packet)) = (&mut *fault, Packet::parse(&report)) else {
            self.arriving.push_back(report);
            return;
        };
        match packet.kind {
            PacketKind::Init { command: Command::CBOR, length } => {
                match Assembler::start(Command::CBOR, length, packet.data, report.len()) {
                    Ok(assembler) => self.incoming = Some((packet.channel, assembler)),
                    Err(_) => return self.arriving.push_back(report),
                }
            }
            PacketKind::Continuation { sequence } if self.incoming.is_some() => {
                let (_, assembler) = self.incoming.as_mut().unwrap();
                if assembler.push(sequence, packet.data).is_err() {
                    return self.arriving.push_back(report);
                }
            }
            _ => return self.arriving.push_back(report),
        }
        if let Some((channel, message)) =
            self.incoming.take_if(|(_, message)| message.is_complete())
        {
            let reply = fault.reply(&self.request, message.into_payload().to_vec());
            self.answer(channel, Command::CBOR, &reply);
        }
    }
}

impl Connection for FaultConnection {
    fn report_sizes(&self) -> ReportSizes {
        self.inner.report_sizes()
    }

    fn send(&mut self, report: &[u8]) -> Result<(), ConnectionError> {
        if self.unplugged {
            return Err(ConnectionError::Unplugged);
        }
        let packet = Packet::parse(report).unwrap();
        match packet.kind {
            PacketKind::Init { command: Command::CBOR, length } => {
                let started =
                    Assembler::start(Command::CBOR, length, packet.data, report.len()).unwrap();
                self.outgoing = Some(started);
                self.held = vec![report.to_vec()];
            }
            PacketKind::Continuation { sequence } if self.outgoing.is_some() => {
                self.outgoing.as_mut().unwrap().push(sequence, packet.data).unwrap();
                self.held.push(report.to_vec());
            }
            PacketKind::Init { command: Command::CANCEL, .. } => {
                if let Some(KeepingAlive { reply, .. }) = self.keeping_alive.take() {
                    match reply {
                        Some(reply) => self.answer(packet.channel, Command::CBOR, &reply),
                        None => self.silent = true,
                    }
                    return Ok(());
                }
                return if self.silent { Ok(()) } else { self.inner.send(report) };
            }
            PacketKind::Init { command, .. } => {
                self.waiting = true;
                let faults = self.faults.messages.clone();
                let reaction = match &mut *faults.lock().unwrap() {
                    Some(fault) => fault.other(command),
                    None => Reaction::Forward,
                };
                return self.react(reaction, packet.channel, &[report.to_vec()]);
            }
            PacketKind::Continuation { .. } => return self.inner.send(report),
        }
        let Some(message) = self.outgoing.take_if(|message| message.is_complete()) else {
            return Ok(());
        };
        self.request = message.into_payload().to_vec();
        self.waiting = true;
        let held = std::mem::take(&mut self.held);
        let faults = self.faults.messages.clone();
        let reaction = match &mut *faults.lock().unwrap() {
            Some(fault) => fault.request(&self.request),
            None => Reaction::Forward,
        };
        self.react(reaction, packet.channel, &held)
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
            if self.unplugged {
                return Err(ConnectionError::Unplugged);
            }
            if let Some(KeepingAlive { packet, until, .. }) = &self.keeping_alive {
                if self.clock.now() < *until {
                    self.clock.advance(timeout.min(Duration::from_millis(100)));
                    report[..packet.len()].copy_from_slice(packet);
                    return Ok(Some(packet.len()));
                }
                if let Some(KeepingAlive { channel, reply: Some(reply), .. }) =
                    self.keeping_alive.take()
                {
                    self.answer(channel, Command::CBOR, &reply);
                    self.silent = true;
                    continue;
                }
            }
            if self.silent {
                // Nobody will answer: the time that the program is ready to wait passes at once.
                self.clock.advance(timeout);
                return Ok(None);
            }
            let mut packet = vec![0; self.inner.report_sizes().input];
            match self.inner.receive(&mut packet, timeout)? {
                Some(length) => {
                    packet.truncate(length);
                    self.arrived(packet)?;
                    if self.arriving.is_empty() && self.incoming.is_none() {
                        // The packet was lost on the way: the program's time passes.
                        self.clock.advance(timeout);
                        return Ok(None);
                    }
                }
                None => {
                    if self.waiting && !timeout.is_zero() {
                        self.clock.advance(timeout);
                    }
                    return Ok(None);
                }
            }
        }
    }
}
