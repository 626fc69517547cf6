//! The CTAPHID channel (CTAP 2.3 section 11.2): whole messages to and from one key.
//!
//! A channel sends a request, skips the packets of other channels, tells keepalives, asks a busy
//! key again, keeps one deadline per transaction, tells the key to cancel when the time is up or
//! somebody asks to stop, and gets back into step after an exchange that broke off. It does not
//! know what the messages mean, except that a CTAP2 answer begins with a status byte and that
//! zero is success: that decides what a cancelled request comes to.
//!
//! Nothing in here sleeps: every wait is a wait for the key, a tenth of a second at the most
//! before the clock and the interrupt are looked at again.

mod error;
mod exchange;
mod greeting;
mod link;
#[cfg(test)]
mod tests;

pub use error::{ChannelError, Malformed};

use super::{Clock, Connection, Interrupt};
use crate::wire::ctaphid::{
    BROADCAST_CHANNEL, Capabilities, Command, HidErrorCode, InitReply, Keepalive, SplitError,
    max_message,
};
use exchange::{Request, transact};
use greeting::{Nonces, greet};
use link::Link;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use zeroize::Zeroizing;

/// The pause before a busy key is asked again.
const BUSY_PAUSE: Duration = Duration::from_millis(100);

/// How long an answer to CTAPHID_WINK is waited for. Solo keys give none.
const WINK_ANSWER: Duration = Duration::from_millis(500);

/// How long a key is left alone after CTAPHID_WINK: some fail on a message that follows at once.
const WINK_REST: Duration = Duration::from_secs(2);

/// How long a transaction may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// The longest silence of the key. Each sign of life begins it anew.
    pub answer: Duration,
    /// The whole wait for a person, from the first keepalive that asks for one. Also the longest
    /// that a busy key is asked again (zero: not at all), and that a key may say that it is
    /// working (but not less than `answer`).
    pub touch: Duration,
}

impl Timing {
    /// Three seconds for an answer that needs nobody, sixty for a touch.
    pub const USUAL: Self = Self { answer: Duration::from_secs(3), touch: Duration::from_secs(60) };
}

impl Default for Timing {
    fn default() -> Self {
        Self::USUAL
    }
}

/// What a key shows of itself while a request is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// Its keepalives say something else than before.
    Changed(Keepalive),
    /// It serves another program, or a request of one that is gone; the request will be sent again.
    /// Told once for a request.
    Busy,
    /// It waits for a person. Told when the wait begins and once a second after that.
    TouchAwaited {
        /// How long the wait may still last.
        left: Duration,
    },
}

/// Where both sides of a channel stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// The last exchange was completed.
    Kept,
    /// The last exchange broke off: the key may still send its answer.
    Lost,
    /// The key does not know the channel any more.
    Forgotten,
}

/// One channel to one key.
pub struct Channel {
    link: Link,
    nonces: Nonces,
    init: InitReply,
    step: Step,
    rest_until: Duration,
}

impl fmt::Debug for Channel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Channel")
            .field("number", &self.init.channel)
            .field("capabilities", &self.init.capabilities)
            .field("step", &self.step)
            .finish_non_exhaustive()
    }
}

impl Channel {
    /// Asks the key for a channel: sends CTAPHID_INIT on the broadcast channel and waits for the
    /// answer with this nonce. Other programs' answers are ignored.
    ///
    /// `nonce` should be random. Greetings after an exchange that broke off count up from it.
    /// `on_sign` hears once if the key is busy and will be asked again.
    ///
    /// # Errors
    ///
    /// [`ChannelError::NoAnswer`] after `timing.answer` without an answer, [`ChannelError::Busy`]
    /// when another program held the key for `timing.touch`, [`ChannelError::Interrupted`],
    /// [`ChannelError::Refused`] and [`ChannelError::Malformed`] for what the key sent instead,
    /// [`ChannelError::MessageTooLong`] when the key's reports are too small for CTAPHID, and
    /// [`ChannelError::Connection`].
    pub fn open(
        connection: Box<dyn Connection>,
        clock: Arc<dyn Clock>,
        interrupt: Interrupt,
        nonce: [u8; 8],
        timing: Timing,
        on_sign: &mut dyn FnMut(Sign),
    ) -> Result<Self, ChannelError> {
        let mut link = Link::new(connection, clock, interrupt)?;
        let mut nonces = Nonces::new(nonce);
        let init = greet(&mut link, BROADCAST_CHANNEL, nonces.take(), timing, on_sign)?;
        Ok(Self { link, nonces, init, step: Step::Kept, rest_until: Duration::ZERO })
    }

    /// The key's answer to the last CTAPHID_INIT.
    pub fn init_reply(&self) -> &InitReply {
        &self.init
    }

    /// What the key says that it can do.
    pub fn capabilities(&self) -> Capabilities {
        self.init.capabilities
    }

    /// Whether the last exchange came to an end by the key's own word. If not, the key may have
    /// carried out the request without anybody hearing of it.
    pub fn is_in_step(&self) -> bool {
        self.step == Step::Kept
    }

    /// Exchanges one CTAP2 message. The answer has at least its first byte, the status.
    ///
    /// # Errors
    ///
    /// As [`Channel::message`]; an empty answer is [`ChannelError::Malformed`].
    pub fn cbor(
        &mut self,
        request: &[u8],
        timing: Timing,
        on_sign: &mut dyn FnMut(Sign),
    ) -> Result<Zeroizing<Vec<u8>>, ChannelError> {
        let answer = self.message(Command::CBOR, request, timing, on_sign)?;
        if answer.is_empty() {
            return Err(Malformed::Empty.into());
        }
        Ok(answer)
    }

    /// Sends a message and gives the answer's data, which may be empty.
    ///
    /// `on_sign` hears each change of what the key says while it works or waits, and each second
    /// that is left for a touch. A CTAP2
    /// command that was cancelled, by the clock or by a person, but that the key carried out all
    /// the same gives its answer as if nothing had happened.
    ///
    /// # Errors
    ///
    /// - [`ChannelError::NoAnswer`]: nothing came for `timing.answer`;
    /// - [`ChannelError::TimedOut`]: the key asked for a person, or said that it was working, for
    ///   `timing.touch`; it was told to cancel;
    /// - [`ChannelError::Interrupted`]: nothing was sent, or the key was told to cancel;
    /// - [`ChannelError::Busy`]: another program held the key for `timing.touch`;
    /// - [`ChannelError::Refused`], [`ChannelError::Malformed`]: what the key sent instead;
    /// - [`ChannelError::MessageTooLong`]: nothing was sent;
    /// - [`ChannelError::Connection`]: from then on for every call.
    ///
    /// None of them but the last keeps the channel from being used again.
    pub fn message(
        &mut self,
        command: Command,
        payload: &[u8],
        timing: Timing,
        on_sign: &mut dyn FnMut(Sign),
    ) -> Result<Zeroizing<Vec<u8>>, ChannelError> {
        let begun = self.link.now();
        self.get_ready(payload.len(), timing, on_sign)?;
        let request = Request { channel: self.init.channel, command, payload, timing, begun };
        transact(&mut self.link, &mut self.step, &request, on_sign)
    }

    /// Makes the key noticeable (section 11.2.9.2.1).
    ///
    /// A key that does not answer has winked as well. For two seconds after it the next message
    /// is held back.
    ///
    /// # Errors
    ///
    /// As [`Channel::message`], except for the missing answer.
    pub fn wink(&mut self, timing: Timing) -> Result<(), ChannelError> {
        let begun = self.link.now();
        self.get_ready(0, timing, &mut |_| {})?;
        let timing = Timing { answer: timing.answer.min(WINK_ANSWER), ..timing };
        let (channel, command) = (self.init.channel, Command::WINK);
        let request = Request { channel, command, payload: &[], timing, begun };
        let answer = transact(&mut self.link, &mut self.step, &request, &mut |_| {});
        self.rest_until = self.link.now().saturating_add(WINK_REST);
        match answer {
            Ok(_) | Err(ChannelError::NoAnswer { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Brings both sides into step, so that what comes next is the answer to what is sent next.
    fn get_ready(
        &mut self,
        length: usize,
        timing: Timing,
        on_sign: &mut dyn FnMut(Sign),
    ) -> Result<(), ChannelError> {
        let output = self.link.sizes().output;
        let most = max_message(output).ok_or(SplitError::ReportTooSmall(output))?;
        if length > most {
            return Err(SplitError::TooLong { length, most }.into());
        }
        let rest = self.rest_until.saturating_sub(self.link.now());
        self.link.listen(self.init.channel, rest, self.rest_until)?;
        match self.step {
            Step::Kept => self.link.drain(),
            Step::Lost => self.resynchronise(timing, on_sign),
            Step::Forgotten => self.greet_again(BROADCAST_CHANNEL, timing, on_sign),
        }
    }

    /// Greets the key on the channel itself, which ends what it still does there and voids what
    /// it sent. A key that has forgotten the channel, or does not answer on it, is asked for
    /// another: the one at once, the other by the next call.
    fn resynchronise(
        &mut self,
        timing: Timing,
        on_sign: &mut dyn FnMut(Sign),
    ) -> Result<(), ChannelError> {
        match self.greet_again(self.init.channel, timing, on_sign) {
            Err(ChannelError::Refused(HidErrorCode::INVALID_CHANNEL)) => {
                self.step = Step::Forgotten;
                self.greet_again(BROADCAST_CHANNEL, timing, on_sign)
            }
            Err(error) => {
                if !matches!(error, ChannelError::Busy { .. } | ChannelError::Interrupted) {
                    self.step = Step::Forgotten;
                }
                Err(error)
            }
            Ok(()) => Ok(()),
        }
    }

    fn greet_again(
        &mut self,
        channel: u32,
        timing: Timing,
        on_sign: &mut dyn FnMut(Sign),
    ) -> Result<(), ChannelError> {
        self.init = greet(&mut self.link, channel, self.nonces.take(), timing, on_sign)?;
        self.step = Step::Kept;
        Ok(())
    }
}

/// What a key is asked with a command, as words that follow "to".
fn asked(command: Command) -> &'static str {
    match command {
        Command::PING => "a ping",
        Command::MSG => "a U2F message",
        Command::LOCK => "a lock request",
        Command::INIT => "the request for a channel",
        Command::WINK => "a request to wink",
        Command::CBOR => "a CTAP2 command",
        _ => "a vendor's command",
    }
}
