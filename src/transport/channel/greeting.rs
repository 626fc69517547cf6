//! CTAPHID_INIT (CTAP 2.3 section 11.2.9.1.3): asks for a channel, or brings one back into step.
//!
//! Sent on the broadcast channel it allocates a channel. Sent on an allocated channel it ends
//! whatever the key still does for that channel and everything sent before its answer is void.

use super::error::{ChannelError, Malformed};
use super::link::{Link, Received};
use super::{BUSY_PAUSE, Sign, Timing};
use crate::wire::ctaphid::{
    Assembler, BROADCAST_CHANNEL, Command, HidErrorCode, InitReply, Packet, PacketKind,
};
use std::time::Duration;

/// The nonces of one channel's greetings.
///
/// A nonce only tells the answer to this greeting from answers to others; it is no secret and
/// proves nothing. The first is the caller's, random: on the broadcast channel, which programs
/// share, it meets another's with a chance of 2^-64. Those that follow count up from it, so that
/// no two greetings of one channel are equal and a late answer is never taken for the present
/// one; towards other programs they are as random as the first.
pub(super) struct Nonces(u64);

impl Nonces {
    /// Begins with this one.
    pub(super) fn new(first: [u8; 8]) -> Self {
        Self(u64::from_be_bytes(first))
    }

    /// Takes the next one.
    pub(super) fn take(&mut self) -> [u8; 8] {
        let nonce = self.0.to_be_bytes();
        self.0 = self.0.wrapping_add(1);
        nonce
    }
}

/// Sends CTAPHID_INIT on `channel` and waits for the answer with this nonce, ignoring all else.
///
/// CTAPHID_INIT is not repeated for an answer that does not come, only when the key is busy, with
/// the same nonce: on the broadcast channel nobody can tell whose greeting was turned away, and
/// so the answer to the first counts as well as that to the second.
///
/// # Errors
///
/// [`ChannelError::NoAnswer`] when none came within `timing.answer`. If something came that may
/// have been meant as one (a refusal, a malformed message), that is told instead, but not before
/// the time is up: on the broadcast channel it may have been for somebody else.
pub(super) fn greet(
    link: &mut Link,
    channel: u32,
    nonce: [u8; 8],
    timing: Timing,
    on_sign: &mut dyn FnMut(Sign),
) -> Result<InitReply, ChannelError> {
    let begun = link.now();
    let last_moment = begun.saturating_add(timing.touch);
    let mut greeting = Greeting {
        channel,
        nonce,
        report_size: link.sizes().input,
        message: None,
        doubt: None,
        turned_away: false,
    };
    let mut told_busy = timing.touch.is_zero();
    loop {
        link.check()?;
        link.send(channel, Command::INIT, &nonce)?;
        let answer_due = link.now().saturating_add(timing.answer);
        if let Some(reply) = greeting.wait(link, answer_due)? {
            return Ok(reply);
        }
        if !greeting.turned_away {
            let (waited, doing) = (timing.answer, super::asked(Command::INIT));
            return Err(greeting.doubt.unwrap_or(ChannelError::NoAnswer { waited, doing }));
        }
        if !std::mem::replace(&mut told_busy, true) {
            on_sign(Sign::Busy);
        }
        let again = link.now().saturating_add(BUSY_PAUSE).min(last_moment);
        if let Some(reply) = greeting.wait(link, again)? {
            return Ok(reply);
        }
        let now = link.now();
        if now >= last_moment {
            return Err(ChannelError::Busy { waited: now.saturating_sub(begun) });
        }
        greeting.turned_away = false;
    }
}

/// What has come in so far.
struct Greeting {
    channel: u32,
    nonce: [u8; 8],
    report_size: usize,
    message: Option<Assembler>,
    doubt: Option<ChannelError>,
    turned_away: bool,
}

impl Greeting {
    /// Waits for the answer until `until`, or until a first refusal of a busy key.
    fn wait(
        &mut self,
        link: &mut Link,
        until: Duration,
    ) -> Result<Option<InitReply>, ChannelError> {
        let was_turned_away = self.turned_away;
        loop {
            link.check()?;
            match link.receive(self.channel, until)? {
                Received::Packet(packet, _) => {
                    if let Some(reply) = self.take(packet)? {
                        return Ok(Some(reply));
                    }
                    if self.turned_away && !was_turned_away {
                        return Ok(None);
                    }
                }
                Received::Nothing => {}
                Received::TimeIsUp => return Ok(None),
            }
        }
    }

    /// Takes one packet; gives the answer when it is complete and ours.
    fn take(&mut self, packet: Packet<'_>) -> Result<Option<InitReply>, ChannelError> {
        match packet.kind {
            PacketKind::Init { command: Command::ERROR, length } => {
                self.message = None;
                self.refused(packet.data.first().filter(|_| length > 0))?;
            }
            PacketKind::Init { command: Command::INIT, length } => {
                let begun = Assembler::start(Command::INIT, length, packet.data, self.report_size);
                self.message = begun.map_err(|error| self.doubt = Some(error.into())).ok();
            }
            PacketKind::Init { .. } => self.message = None,
            PacketKind::Continuation { sequence } => {
                if let Some(message) = &mut self.message
                    && message.push(sequence, packet.data).is_err()
                {
                    self.message = None;
                }
            }
        }
        match self.message.take_if(|message| message.is_complete()) {
            Some(message) => self.read(&message.into_payload()),
            None => Ok(None),
        }
    }

    fn refused(&mut self, code: Option<&u8>) -> Result<(), ChannelError> {
        match code.copied().map(HidErrorCode) {
            Some(HidErrorCode::CHANNEL_BUSY) => self.turned_away = true,
            Some(HidErrorCode::INVALID_CHANNEL) if self.channel != BROADCAST_CHANNEL => {
                return Err(ChannelError::Refused(HidErrorCode::INVALID_CHANNEL));
            }
            Some(code) => self.doubt = Some(ChannelError::Refused(code)),
            None => self.doubt = Some(Malformed::NoErrorCode.into()),
        }
        Ok(())
    }

    fn read(&mut self, payload: &[u8]) -> Result<Option<InitReply>, ChannelError> {
        let too_short = Malformed::InitTooShort { length: payload.len() };
        match payload.first_chunk::<8>() {
            None => {
                self.doubt = Some(too_short.into());
                return Ok(None);
            }
            Some(nonce) if *nonce != self.nonce => return Ok(None),
            Some(_) => {}
        }
        let reply = InitReply::parse(payload).ok_or(too_short)?;
        if reply.channel == 0 || reply.channel == BROADCAST_CHANNEL {
            return Err(Malformed::ReservedChannel(reply.channel).into());
        }
        Ok(Some(reply))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonces_count_up_from_the_first_and_wrap() {
        let mut nonces = Nonces::new([0xff; 8]);
        assert_eq!(nonces.take(), [0xff; 8]);
        assert_eq!(nonces.take(), [0; 8]);
        assert_eq!(nonces.take(), [0, 0, 0, 0, 0, 0, 0, 1]);
    }
}
