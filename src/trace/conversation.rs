//! From packets to messages, for one connection: who says what, and what remains unsaid.

use super::decode::Masking;
use super::entry::{Direction, Event, Message, Named, Seconds};
use super::message::{Asked, Content, command_named, keepalive_named, reply, request};
use crate::ctap::CommandCode;
use crate::transport::ReportSizes;
use crate::wire::ctaphid::{Assembler, BROADCAST_CHANNEL, Command, Packet, PacketKind};

/// A message that has begun.
struct Pending {
    channel: u32,
    command: Command,
    assembler: Assembler,
    packets: usize,
}

/// A request that waits for its answer.
struct Outstanding {
    command: Command,
    asked: Option<Asked>,
    /// The nonce of an INIT.
    nonce: Vec<u8>,
    since: Seconds,
}

/// A run of keepalives of one status.
struct Run {
    channel: u32,
    status: Named,
    count: u64,
    since: Seconds,
}

/// One connection, as far as it is listened to.
pub(super) struct Conversation {
    key: u32,
    sizes: ReportSizes,
    masking: Masking,
    sending: Option<Pending>,
    receiving: Option<Pending>,
    /// The channel that was sent on last.
    channel: u32,
    outstanding: Option<Outstanding>,
    /// The last CTAP2 request, answered or not.
    asked: Option<Asked>,
    /// Whether the assertions that are fetched now were asked for with a secret.
    assertions_give_secrets: bool,
    run: Option<Run>,
}

impl Conversation {
    /// Begins with a key that was just opened.
    pub(super) fn new(key: u32, sizes: ReportSizes, masking: Masking) -> Self {
        Self {
            key,
            sizes,
            masking,
            sending: None,
            receiving: None,
            channel: BROADCAST_CHANNEL,
            outstanding: None,
            asked: None,
            // Until a request is seen that says so.
            assertions_give_secrets: true,
            run: None,
        }
    }

    /// Hears a packet that was sent.
    pub(super) fn sent(&mut self, report: &[u8], now: Seconds) -> Vec<Event> {
        let Some(packet) = Packet::parse(report) else { return Vec::new() };
        match packet.kind {
            PacketKind::Init { command, length } => {
                let size = self.sizes.output;
                self.sending =
                    Assembler::start(command, length, packet.data, size).ok().map(|assembler| {
                        Pending { channel: packet.channel, command, assembler, packets: 1 }
                    });
            }
            PacketKind::Continuation { sequence } => {
                if let Some(pending) = &mut self.sending {
                    pending.packets = pending.packets.saturating_add(1);
                    if pending.assembler.push(sequence, packet.data).is_err() {
                        self.sending = None;
                    }
                }
            }
        }
        match self.sending.take_if(|pending| pending.assembler.is_complete()) {
            Some(pending) => self.asked(pending, now),
            None => Vec::new(),
        }
    }

    fn asked(&mut self, pending: Pending, now: Seconds) -> Vec<Event> {
        let Pending { channel, command, assembler, packets } = pending;
        let payload = assembler.into_payload();
        let mut events = self.end_of_run();
        if command != Command::CANCEL {
            events.extend(self.unanswered(now));
            self.channel = channel;
            self.asked = (command == Command::CBOR).then(|| self.asked_for(&payload)).flatten();
            let nonce = match command {
                Command::INIT => payload.to_vec(),
                _ => Vec::new(),
            };
            let asked = self.asked;
            self.outstanding = Some(Outstanding { command, asked, nonce, since: now });
        }
        let length = payload.len();
        let content = request(command, &payload, self.masking);
        let direction = Direction::ToKey;
        events.push(self.message(direction, channel, command, length, packets, content));
        events
    }

    /// What a CTAP2 request asks for; further assertions are asked for by the first request.
    fn asked_for(&mut self, payload: &[u8]) -> Option<Asked> {
        let mut asked = Asked::of(payload)?;
        match asked.command {
            CommandCode::GET_ASSERTION => self.assertions_give_secrets = asked.gives_secrets,
            CommandCode::GET_NEXT_ASSERTION => asked.gives_secrets = self.assertions_give_secrets,
            _ => {}
        }
        Some(asked)
    }

    /// Hears a report that was received.
    pub(super) fn received(&mut self, report: &[u8], now: Seconds) -> Vec<Event> {
        let Some(packet) = Packet::parse(report) else {
            let mut events = self.end_of_run();
            events.push(self.no_message(None, "a report that is no packet", report.len(), 1));
            return events;
        };
        let is_ours = packet.channel == self.channel || packet.channel == BROADCAST_CHANNEL;
        match packet.kind {
            PacketKind::Init { command: Command::KEEPALIVE, length } => {
                let status = packet.data.first().filter(|_| length > 0);
                self.kept_alive(packet.channel, status.copied(), now)
            }
            PacketKind::Init { command, length } if !is_ours => {
                let mut events = self.end_of_run();
                events.push(self.foreign(packet.channel, command, length));
                events
            }
            // The first packet of a message that is another program's said all that is kept of it.
            PacketKind::Continuation { .. } if !is_ours => Vec::new(),
            PacketKind::Init { command, length } => {
                let mut events = self.end_of_run();
                events.extend(self.broken_off("another message began before it was complete"));
                let size = self.sizes.input;
                match Assembler::start(command, length, packet.data, size) {
                    Ok(assembler) => {
                        let channel = packet.channel;
                        self.receiving = Some(Pending { channel, command, assembler, packets: 1 });
                    }
                    Err(error) => {
                        let (channel, length) = (Some(packet.channel), packet.data.len());
                        events.push(self.no_message(channel, &error.to_string(), length, 1));
                    }
                }
                events.extend(self.complete());
                events
            }
            PacketKind::Continuation { sequence } => {
                let mut events = self.end_of_run();
                match &mut self.receiving {
                    Some(pending) if pending.channel == packet.channel => {
                        pending.packets = pending.packets.saturating_add(1);
                        if let Err(error) = pending.assembler.push(sequence, packet.data) {
                            events.extend(self.broken_off(&error.to_string()));
                        }
                    }
                    _ => {
                        let reason = "a later packet of a message without its first";
                        let (channel, length) = (Some(packet.channel), packet.data.len());
                        events.push(self.no_message(channel, reason, length, 1));
                    }
                }
                events.extend(self.complete());
                events
            }
        }
    }

    /// Takes the message that is being received when it is whole.
    fn complete(&mut self) -> Option<Event> {
        let whole = self.receiving.take_if(|pending| pending.assembler.is_complete())?;
        let Pending { channel, command, assembler, packets } = whole;
        let payload = assembler.into_payload();
        let is_answer = self.outstanding.as_ref().is_some_and(|request| match command {
            Command::ERROR => true,
            Command::INIT => request.command == command && payload.starts_with(&request.nonce),
            _ => request.command == command,
        });
        let content = reply(command, &payload, self.asked, self.masking);
        let length = payload.len();
        if is_answer {
            self.outstanding = None;
        }
        Some(self.message(Direction::FromKey, channel, command, length, packets, content))
    }

    fn kept_alive(&mut self, channel: u32, status: Option<u8>, now: Seconds) -> Vec<Event> {
        let Some(status) = status else {
            let mut events = self.end_of_run();
            events.push(self.no_message(Some(channel), "a keepalive without its status", 0, 1));
            return events;
        };
        let status = keepalive_named(status);
        if let Some(run) = &mut self.run
            && run.channel == channel
            && run.status == status
        {
            run.count = run.count.saturating_add(1);
            return Vec::new();
        }
        let mut events = self.end_of_run();
        let run = Run { channel, status, count: 1, since: now };
        events.push(self.keepalive(&run));
        self.run = Some(run);
        events
    }

    fn keepalive(&self, run: &Run) -> Event {
        Event::Keepalive {
            key: self.key,
            channel: channel_digits(run.channel),
            status: run.status.clone(),
            count: run.count,
            since: run.since,
        }
    }

    fn end_of_run(&mut self) -> Vec<Event> {
        match self.run.take() {
            Some(run) if run.count > 1 => vec![self.keepalive(&run)],
            _ => Vec::new(),
        }
    }

    /// The request that got no answer, if there is one.
    fn unanswered(&mut self, now: Seconds) -> Option<Event> {
        let Outstanding { command, asked, since, .. } = self.outstanding.take()?;
        Some(Event::Unanswered {
            key: self.key,
            command: command_named(command),
            ctap_command: asked.map(Asked::command_named),
            waited: now.since(since),
        })
    }

    /// The message that was being received and never will be whole.
    fn broken_off(&mut self, reason: &str) -> Option<Event> {
        let Pending { channel, assembler, packets, .. } = self.receiving.take()?;
        let length = assembler.into_payload().len();
        Some(self.no_message(Some(channel), reason, length, packets))
    }

    fn no_message(
        &self,
        channel: Option<u32>,
        reason: &str,
        length: usize,
        packets: usize,
    ) -> Event {
        Event::NotAMessage {
            key: self.key,
            channel: channel.map(channel_digits),
            reason: reason.to_owned(),
            length,
            packets,
        }
    }

    fn foreign(&self, channel: u32, command: Command, length: usize) -> Event {
        let message =
            self.message(Direction::FromKey, channel, command, length, 1, Content::default());
        match message {
            Event::Message(mut message) => {
                message.foreign = true;
                Event::Message(message)
            }
            other => other,
        }
    }

    fn message(
        &self,
        direction: Direction,
        channel: u32,
        command: Command,
        length: usize,
        packets: usize,
        content: Content,
    ) -> Event {
        let Content { ctap_command, ctap_subcommand, ctap_status, members, undecodable } = content;
        Event::Message(Box::new(Message {
            key: self.key,
            direction,
            channel: channel_digits(channel),
            command: command_named(command),
            length,
            packets,
            foreign: false,
            ctap_command,
            ctap_subcommand,
            ctap_status,
            members,
            undecodable,
        }))
    }

    /// Hears that the operating system failed to move a packet.
    pub(super) fn failed(&mut self, act: &'static str, reason: String) -> Vec<Event> {
        let mut events = self.end_of_run();
        events.extend(self.broken_off("the connection failed before it was complete"));
        let (command, asked) = match (self.sending.take(), self.outstanding.take()) {
            (Some(Pending { command, assembler, .. }), _) => {
                (Some(command), Asked::of(&assembler.into_payload()))
            }
            (None, Some(Outstanding { command, asked, .. })) => (Some(command), asked),
            (None, None) => (None, None),
        };
        let asked = asked.filter(|_| command == Some(Command::CBOR));
        events.push(Event::Failed {
            key: self.key,
            act: act.into(),
            reason,
            command: command.map(command_named),
            ctap_command: asked.map(Asked::command_named),
        });
        events
    }

    /// Hears that the key was closed.
    pub(super) fn closed(&mut self, now: Seconds) -> Vec<Event> {
        let mut events = self.end_of_run();
        events.extend(self.broken_off("the key was closed before it was complete"));
        events.extend(self.unanswered(now));
        events.push(Event::Closed { key: self.key });
        events
    }
}

/// A channel as it is written everywhere: eight hexadecimal digits.
fn channel_digits(channel: u32) -> String {
    format!("{channel:08x}")
}
