//! One connection with the clock and the interrupt that bound every wait on it.

use super::error::ChannelError;
use crate::transport::{Clock, Connection, ConnectionError, Interrupt, ReportSizes};
use crate::wire::ctaphid::{Command, Packet, SplitError, max_message, split};
use std::sync::Arc;
use std::time::Duration;
use zeroize::Zeroizing;

/// The longest time for which nobody looks at the clock and the interrupt.
const POLL: Duration = Duration::from_millis(100);

/// The most reports that are taken to have been waiting already. More than a message or any
/// queue of an operating system has; bounded, so that a flood holds nothing up for ever.
const MOST_QUEUED_REPORTS: usize = 256;

/// What came of a wait for a packet.
pub(super) enum Received<'b> {
    /// A packet of the channel, and when it came.
    Packet(Packet<'b>, Duration),
    /// Nothing yet, or something that belongs to nobody here.
    Nothing,
    /// Nothing, and the time is up.
    TimeIsUp,
}

/// Moves packets of CTAPHID over one connection.
pub(super) struct Link {
    connection: Box<dyn Connection>,
    clock: Arc<dyn Clock>,
    interrupt: Interrupt,
    sizes: ReportSizes,
    report: Zeroizing<Vec<u8>>,
    late_reports: usize,
    failure: Option<ConnectionError>,
}

impl Link {
    /// Takes a connection.
    ///
    /// # Errors
    ///
    /// When its reports are too small for CTAPHID.
    pub(super) fn new(
        connection: Box<dyn Connection>,
        clock: Arc<dyn Clock>,
        interrupt: Interrupt,
    ) -> Result<Self, ChannelError> {
        let sizes = connection.report_sizes();
        for size in [sizes.input, sizes.output] {
            max_message(size).ok_or(SplitError::ReportTooSmall(size))?;
        }
        // No report is longer: the length of a USB HID report is a 16-bit number of bytes.
        let report = Zeroizing::new(vec![0; sizes.input.min(usize::from(u16::MAX))]);
        Ok(Self { connection, clock, interrupt, sizes, report, late_reports: 0, failure: None })
    }

    /// The sizes of the key's reports.
    pub(super) fn sizes(&self) -> ReportSizes {
        self.sizes
    }

    /// The clock's time.
    pub(super) fn now(&self) -> Duration {
        self.clock.now()
    }

    /// Whether somebody asked to stop.
    pub(super) fn is_interrupted(&self) -> bool {
        self.interrupt.is_requested()
    }

    /// Stops work that is not at the key (yet).
    ///
    /// # Errors
    ///
    /// [`ChannelError::Interrupted`] when somebody asked to stop, and the connection's error when
    /// it has failed.
    pub(super) fn check(&self) -> Result<(), ChannelError> {
        match &self.failure {
            Some(failure) => Err(again(failure).into()),
            None if self.is_interrupted() => Err(ChannelError::Interrupted),
            None => Ok(()),
        }
    }

    /// Sends a message, its packets one directly after the other: keys give up a message after a
    /// gap of 100 ms. Gives the number of packets.
    ///
    /// # Errors
    ///
    /// When the message is too long, before anything is sent, or the connection fails.
    pub(super) fn send(
        &mut self,
        channel: u32,
        command: Command,
        payload: &[u8],
    ) -> Result<usize, ChannelError> {
        let reports = Zeroizing::new(split(channel, command, payload, self.sizes.output)?);
        if let Some(failure) = &self.failure {
            return Err(again(failure).into());
        }
        for report in reports.iter() {
            if let Err(error) = self.connection.send(report) {
                return Err(self.fail(error));
            }
        }
        Ok(reports.len())
    }

    /// Waits for a packet of `channel` until `until`, but not longer than a tenth of a second.
    ///
    /// Packets of other channels belong to other programs; they give [`Received::Nothing`], so
    /// that the caller looks around after each report. When the time is up, what the key has sent
    /// before is still read: this program may have been stopped, or its terminal.
    ///
    /// # Errors
    ///
    /// When the connection fails.
    pub(super) fn receive(
        &mut self,
        channel: u32,
        until: Duration,
    ) -> Result<Received<'_>, ChannelError> {
        let left = until.saturating_sub(self.now());
        let received = self.receive_report(left.min(POLL))?;
        self.late_reports = match received {
            Some(_) if left.is_zero() => self.late_reports.saturating_add(1),
            _ => 0,
        };
        let is_flooded = self.late_reports > MOST_QUEUED_REPORTS;
        if left.is_zero() && (received.is_none() || is_flooded) {
            self.late_reports = 0;
            return Ok(Received::TimeIsUp);
        }
        let at = self.now();
        let packet = received
            .and_then(|length| Packet::parse(self.report.get(..length).unwrap_or(&self.report)))
            .filter(|packet| packet.channel == channel);
        Ok(packet.map_or(Received::Nothing, |packet| Received::Packet(packet, at)))
    }

    /// Throws away what the key has sent so far, without waiting.
    ///
    /// # Errors
    ///
    /// When the connection fails.
    pub(super) fn drain(&mut self) -> Result<(), ChannelError> {
        for _ in 0..MOST_QUEUED_REPORTS {
            if self.receive_report(Duration::ZERO)?.is_none() {
                break;
            }
        }
        Ok(())
    }

    /// Throws away what the key sends until `until`. Packets of `channel` lengthen the wait to
    /// `quiet` after the last of them, but not beyond `at_most`.
    ///
    /// # Errors
    ///
    /// When somebody asked to stop or the connection fails.
    pub(super) fn listen(
        &mut self,
        channel: u32,
        quiet: Duration,
        at_most: Duration,
    ) -> Result<(), ChannelError> {
        let mut until = self.now().saturating_add(quiet).min(at_most);
        while self.now() < until {
            self.check()?;
            if matches!(self.receive(channel, until)?, Received::Packet(..)) {
                until = self.now().saturating_add(quiet).min(at_most);
            }
        }
        self.check()
    }

    fn receive_report(&mut self, timeout: Duration) -> Result<Option<usize>, ChannelError> {
        if let Some(failure) = &self.failure {
            return Err(again(failure).into());
        }
        match self.connection.receive(&mut self.report, timeout) {
            Ok(length) => Ok(length),
            Err(error) => Err(self.fail(error)),
        }
    }

    fn fail(&mut self, error: ConnectionError) -> ChannelError {
        self.failure = Some(again(&error));
        error.into()
    }
}

/// The same error once more, for a caller that comes back after it.
fn again(error: &ConnectionError) -> ConnectionError {
    match error {
        ConnectionError::Unplugged => ConnectionError::Unplugged,
        ConnectionError::InUse => ConnectionError::InUse,
        ConnectionError::Refused { act, reason } => {
            ConnectionError::Refused { act, reason: reason.clone() }
        }
    }
}
