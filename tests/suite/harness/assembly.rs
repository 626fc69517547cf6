//! Messages put together from their packets, as whoever listens between program and key sees them.

use fidokey::wire::ctaphid::{Assembler, Command, Packet, PacketKind};

/// A whole message.
pub struct Message {
    pub channel: u32,
    pub command: Command,
    pub payload: Vec<u8>,
}

/// A message that is being put together.
#[derive(Default)]
pub struct Assembly(Option<(u32, Assembler)>);

impl Assembly {
    /// Takes a packet; gives the message that it completes.
    pub fn take(&mut self, report: &[u8]) -> Option<Message> {
        let packet = Packet::parse(report).unwrap();
        match packet.kind {
            PacketKind::Init { command, length } => {
                let started = Assembler::start(command, length, packet.data, report.len());
                self.0 = Some((packet.channel, started.unwrap()));
            }
            PacketKind::Continuation { sequence } => {
                self.0.as_mut()?.1.push(sequence, packet.data).unwrap();
            }
        }
        let (channel, message) = self.0.take_if(|(_, message)| message.is_complete())?;
        let command = message.command();
        Some(Message { channel, command, payload: message.into_payload().to_vec() })
    }
}
