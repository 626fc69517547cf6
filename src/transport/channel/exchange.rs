//! One request and its answer on an allocated channel (CTAP 2.3 sections 11.2.5 and 11.2.9).

use super::error::{ChannelError, Malformed};
use super::link::{Link, Received};
use super::{BUSY_PAUSE, Sign, Step, Timing};
use crate::wire::ctaphid::{Assembler, Command, HidErrorCode, Keepalive, Packet, PacketKind};
use std::time::Duration;
use zeroize::Zeroizing;

/// How long the last word of a key is waited for after it was told to cancel.
const LAST_WORD: Duration = Duration::from_secs(2);

/// The status byte of a CTAP2 answer that says that the command was carried out.
const SUCCESS: u8 = 0;

/// What is asked of a key.
pub(super) struct Request<'r> {
    /// The channel to ask on.
    pub(super) channel: u32,
    /// The command.
    pub(super) command: Command,
    /// Its data.
    pub(super) payload: &'r [u8],
    /// How long it may take.
    pub(super) timing: Timing,
    /// When the caller came, which is when waiting for a busy key began.
    pub(super) begun: Duration,
}

/// Sends a request and waits for its answer; says in `step` in which state the channel is left.
///
/// A key that is busy with another program is asked again until `timing.touch` has passed. The
/// request is only sent again when the key refused it before it showed any sign of work on it:
/// it may hold a PIN, and a PIN is tried once.
///
/// # Errors
///
/// As [`Channel::message`](super::Channel::message).
pub(super) fn transact(
    link: &mut Link,
    step: &mut Step,
    request: &Request<'_>,
    on_sign: &mut dyn FnMut(Sign),
) -> Result<Zeroizing<Vec<u8>>, ChannelError> {
    let last_moment = request.begun.saturating_add(request.timing.touch);
    let mut told_busy = false;
    loop {
        link.check()?;
        *step = Step::Lost;
        let packets = link.send(request.channel, request.command, request.payload)?;
        match Wait::begin(request, link).answer(link, on_sign)? {
            Answer::Message(payload) => {
                *step = Step::Kept;
                return Ok(payload);
            }
            Answer::Cancelled(error) => {
                *step = Step::Kept;
                return Err(error);
            }
            Answer::Refused(code) => {
                *step = step_after(code, packets);
                return Err(ChannelError::Refused(code));
            }
            Answer::Busy => *step = Step::Kept,
        }
        if !std::mem::replace(&mut told_busy, true) {
            on_sign(Sign::Busy);
        }
        // A busy key may answer each packet of the request with a refusal of its own. They are
        // let pass, so that none of them is taken for the answer to the next attempt.
        link.listen(request.channel, BUSY_PAUSE, last_moment)?;
        let now = link.now();
        if now >= last_moment {
            return Err(ChannelError::Busy { waited: now.saturating_sub(request.begun) });
        }
    }
}

/// Whether a refusal leaves both sides in step.
///
/// A request of several packets may have earned several refusals, of which one was read.
fn step_after(code: HidErrorCode, packets: usize) -> Step {
    match code {
        HidErrorCode::INVALID_CHANNEL => Step::Forgotten,
        // Invalid command, parameter or length, lock required: refused, and nothing begun.
        HidErrorCode(0x01..=0x03 | 0x0a) | HidErrorCode::CHANNEL_BUSY if packets == 1 => Step::Kept,
        _ => Step::Lost,
    }
}

/// How a wait ended with the key's word.
enum Answer {
    /// The answer.
    Message(Zeroizing<Vec<u8>>),
    /// The key's last word after it was told to cancel, and it was no success.
    Cancelled(ChannelError),
    /// The key refused the message.
    Refused(HidErrorCode),
    /// The key serves another channel and has not begun with this request.
    Busy,
}

/// A request that was sent, on its way to an answer.
struct Wait<'r> {
    request: &'r Request<'r>,
    report_size: usize,
    sent: Duration,
    /// When the key last gave a sign of life on this channel.
    heard: Duration,
    /// The last keepalive.
    status: Option<Keepalive>,
    /// When the key first asked for a person.
    asked_for_touch: Option<Duration>,
    /// How many whole seconds were left for a touch when that was last told.
    told_left: Option<u64>,
    message: Option<Assembler>,
    /// Whether a later packet came without a first one.
    stray: bool,
    /// Until when the last word is waited for, and the error if it is no success.
    ending: Option<(Duration, ChannelError)>,
}

impl<'r> Wait<'r> {
    fn begin(request: &'r Request<'r>, link: &Link) -> Self {
        let now = link.now();
        Self {
            request,
            report_size: link.sizes().input,
            sent: now,
            heard: now,
            status: None,
            asked_for_touch: None,
            told_left: None,
            message: None,
            stray: false,
            ending: None,
        }
    }

    fn answer(
        mut self,
        link: &mut Link,
        on_sign: &mut dyn FnMut(Sign),
    ) -> Result<Answer, ChannelError> {
        loop {
            if self.ending.is_none() && link.is_interrupted() {
                self.end(ChannelError::Interrupted, link)?;
            }
            let answer = match link.receive(self.request.channel, self.deadline())? {
                Received::Packet(packet, at) => self.take(packet, at, on_sign),
                Received::Nothing => Ok(None),
                Received::TimeIsUp => {
                    self.time_is_up(link)?;
                    Ok(None)
                }
            };
            match (answer, self.ending.take()) {
                (Ok(None), ending) => self.ending = ending,
                (Ok(Some(answer)), None) => return Ok(answer),
                (Err(malformed), None) => return Err(malformed.into()),
                // After a cancel only a success counts: what it made exists, and the caller has
                // to know.
                (Ok(Some(Answer::Message(payload))), Some((_, error))) => {
                    return Ok(match payload.first() {
                        Some(&SUCCESS) => Answer::Message(payload),
                        _ => Answer::Cancelled(error),
                    });
                }
                (_, Some((_, error))) => return Err(error),
            }
        }
    }

    /// When to stop waiting, as things are.
    fn deadline(&self) -> Duration {
        match &self.ending {
            Some((until, _)) => *until,
            None => self.silence_ends().min(self.patience_ends()),
        }
    }

    fn silence_ends(&self) -> Duration {
        self.heard.saturating_add(self.request.timing.answer)
    }

    /// Keepalives and packets keep a request alive, but not beyond this moment.
    fn patience_ends(&self) -> Duration {
        let Timing { answer, touch } = self.request.timing;
        match self.asked_for_touch {
            Some(asked) => asked.saturating_add(touch),
            None => self.sent.saturating_add(touch.max(answer)),
        }
    }

    /// Acts on the deadline: gives up, or tells the key to cancel and waits for its last word.
    fn time_is_up(&mut self, link: &mut Link) -> Result<(), ChannelError> {
        if let Some((_, error)) = self.ending.take() {
            return Err(error);
        }
        let now = link.now();
        let answers = self.status.is_some() || self.message.is_some();
        if answers && now >= self.patience_ends() {
            let since = self.asked_for_touch.unwrap_or(self.sent);
            let timed_out = ChannelError::TimedOut {
                waited: now.saturating_sub(since),
                waiting_for_touch: self.status == Some(Keepalive::UserPresenceNeeded),
            };
            return self.end(timed_out, link);
        }
        // A silent key may still be at work, so it is told, but no last word is hoped for.
        if self.request.command == Command::CBOR {
            link.send(self.request.channel, Command::CANCEL, &[])?;
        }
        Err(if self.stray && self.message.is_none() {
            Malformed::NoFirstPacket.into()
        } else {
            ChannelError::NoAnswer {
                waited: now.saturating_sub(self.heard),
                doing: super::asked(self.request.command),
            }
        })
    }

    /// Tells the key to cancel (section 11.2.9.1.5). Only CTAP2 commands can be cancelled; all
    /// others are left at once.
    fn end(&mut self, error: ChannelError, link: &mut Link) -> Result<(), ChannelError> {
        if self.request.command != Command::CBOR {
            return Err(error);
        }
        link.send(self.request.channel, Command::CANCEL, &[])?;
        self.ending = Some((link.now().saturating_add(LAST_WORD), error));
        Ok(())
    }

    /// Takes one packet; gives the answer when it is complete.
    fn take(
        &mut self,
        packet: Packet<'_>,
        now: Duration,
        on_sign: &mut dyn FnMut(Sign),
    ) -> Result<Option<Answer>, Malformed> {
        match (packet.kind, &mut self.message) {
            (PacketKind::Continuation { .. }, None) => {
                self.stray = true;
                return Ok(None);
            }
            (PacketKind::Continuation { sequence }, Some(message)) => {
                message.push(sequence, packet.data)?;
            }
            (PacketKind::Init { command: Command::ERROR, length }, message) => {
                let code = packet.data.first().filter(|_| length > 0);
                let code = HidErrorCode(*code.ok_or(Malformed::NoErrorCode)?);
                let untouched = self.status.is_none() && message.is_none();
                return Ok(Some(match code {
                    HidErrorCode::CHANNEL_BUSY if untouched => Answer::Busy,
                    code => Answer::Refused(code),
                }));
            }
            (PacketKind::Init { .. }, Some(_)) => return Err(Malformed::BrokenOff),
            (PacketKind::Init { command: Command::KEEPALIVE, length }, None) => {
                let status = packet.data.first().filter(|_| length > 0);
                let status = Keepalive::from_byte(*status.ok_or(Malformed::NoKeepaliveStatus)?);
                self.kept_alive(status, now, on_sign);
            }
            (PacketKind::Init { command, length }, None) => {
                let sent = self.request.command;
                if command != sent {
                    return Err(Malformed::OtherCommand { sent, answered: command });
                }
                self.message =
                    Some(Assembler::start(command, length, packet.data, self.report_size)?);
            }
        }
        self.heard = now;
        let complete = self.message.take_if(|message| message.is_complete());
        Ok(complete.map(|message| Answer::Message(message.into_payload())))
    }

    fn kept_alive(&mut self, status: Keepalive, now: Duration, on_sign: &mut dyn FnMut(Sign)) {
        if status == Keepalive::UserPresenceNeeded {
            self.asked_for_touch.get_or_insert(now);
        }
        let changed = self.status.replace(status) != Some(status);
        if self.ending.is_some() {
            return;
        }
        if changed {
            on_sign(Sign::Changed(status));
        }
        if status == Keepalive::UserPresenceNeeded {
            let left = self.patience_ends().saturating_sub(now);
            if self.told_left.replace(left.as_secs()) != Some(left.as_secs()) {
                on_sign(Sign::TouchAwaited { left });
            }
        }
    }
}
