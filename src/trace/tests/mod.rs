//! One key, spoken to packet by packet.

mod masking;
mod names;
mod packets;

use super::conversation::Conversation;
use super::decode::Masking;
use super::entry::{Event, Message, Seconds};
use crate::transport::ReportSizes;
use crate::wire::cbor::{Encoded, MapBuilder};
use crate::wire::ctaphid::{BROADCAST_CHANNEL, Command, split};
use serde_json::Value;

/// The channel that the key gives out.
const CHANNEL: u32 = 7;

/// A conversation with a key, and what came of it.
struct Said {
    conversation: Conversation,
    events: Vec<Event>,
    now: f64,
}

impl Said {
    fn new() -> Self {
        Self::masking(Masking::default())
    }

    fn masking(masking: Masking) -> Self {
        let conversation = Conversation::new(1, ReportSizes::USUAL, masking);
        Self { conversation, events: Vec::new(), now: 0.0 }
    }

    /// A conversation in which the key has given out its channel.
    fn begun() -> Self {
        let mut said = Self::new();
        said.ask(BROADCAST_CHANNEL, Command::INIT, &[1; 8]);
        let reply = [&[1; 8][..], &CHANNEL.to_be_bytes(), &[2, 5, 7, 1, 0x0c]].concat();
        said.answer(BROADCAST_CHANNEL, Command::INIT, &reply);
        said
    }

    fn ask(&mut self, channel: u32, command: Command, payload: &[u8]) {
        for report in split(channel, command, payload, 64).unwrap() {
            self.now += 0.001;
            self.events.extend(self.conversation.sent(&report, Seconds(self.now)));
        }
    }

    fn answer(&mut self, channel: u32, command: Command, payload: &[u8]) {
        for report in split(channel, command, payload, 64).unwrap() {
            self.hear(&report);
        }
    }

    fn hear(&mut self, report: &[u8]) {
        self.now += 0.001;
        self.events.extend(self.conversation.received(report, Seconds(self.now)));
    }

    /// One exchange of CTAP2 messages.
    fn exchange(&mut self, request: &[u8], reply: &[u8]) {
        self.ask(CHANNEL, Command::CBOR, request);
        self.answer(CHANNEL, Command::CBOR, reply);
    }

    /// The last thing that happened, which is a message.
    fn last(&self) -> &Message {
        match self.events.last() {
            Some(Event::Message(message)) => message,
            other => panic!("{other:?}"),
        }
    }

    fn text(&self) -> String {
        serde_json::to_string(&self.events).unwrap()
    }
}

/// A message of a byte and a map.
fn message(first: u8, map: MapBuilder) -> Vec<u8> {
    [&[first], map.build().as_bytes()].concat()
}

/// The members of the request, and of the reply to it.
fn members(request: &[u8], reply: &[u8]) -> (Value, Value) {
    let mut said = Said::new();
    said.ask(CHANNEL, Command::CBOR, request);
    let asked = said.last().members.clone().unwrap_or_default();
    said.answer(CHANNEL, Command::CBOR, reply);
    (asked, said.last().members.clone().unwrap_or_default())
}

fn map() -> MapBuilder {
    MapBuilder::new()
}

fn number(number: u64) -> Encoded {
    Encoded::unsigned(number)
}

fn bytes(bytes: &[u8]) -> Encoded {
    Encoded::bytes(bytes)
}
