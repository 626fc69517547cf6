//! The board that the firmware runs on.

use crate::clock::{RealClock, span};
use crate::memory::Memory;
use crate::randomness::Randomness;
use firmware_contract::{Happening, Port, Report};
use opensk::api::connection::{HidConnection, RecvStatus, UsbEndpoint};
use opensk::api::crypto::software_crypto::SoftwareCrypto;
use opensk::api::customization::{CustomizationImpl, DEFAULT_CUSTOMIZATION};
use opensk::api::key_store::Helper;
use opensk::api::user_presence::{UserPresence, UserPresenceError, UserPresenceWaitResult};
use opensk::ctap::status_code::CtapResult;
use opensk::env::Env;
use std::fmt;

/// Everything that the firmware needs from outside.
pub struct Board {
    pub(crate) port: Port,
    pub(crate) memory: Memory,
    pub(crate) randomness: Randomness,
    clock: RealClock,
    /// Whether a U2F host has been asking for a touch.
    u2f_waits: bool,
    #[cfg(feature = "fingerprint")]
    pub(crate) sensor: crate::sensor::Sensor,
}

impl Board {
    /// Builds the board around its memory.
    pub fn new(port: Port, memory: Memory, randomness: Randomness) -> Self {
        Self {
            port,
            memory,
            randomness,
            clock: RealClock,
            u2f_waits: false,
            #[cfg(feature = "fingerprint")]
            sensor: crate::sensor::Sensor::default(),
        }
    }

    /// Begins or ends the wait for a touch that a U2F host waits for by asking again and again.
    pub fn await_u2f_touch(&mut self, wanted: bool) {
        match (self.u2f_waits, wanted) {
            (false, true) => self.port.begin_touch(),
            (true, false) => self.port.end_touch(),
            _ => {}
        }
        self.u2f_waits = wanted;
    }
}

/// The firmware's log, which is compiled out.
pub struct NoLog;

impl fmt::Write for NoLog {
    fn write_str(&mut self, _text: &str) -> fmt::Result {
        Ok(())
    }
}

impl UserPresence for Board {
    fn check_init(&mut self) {
        self.port.begin_touch();
    }

    fn wait_with_timeout(&mut self, packet: &mut Report, limit: usize) -> UserPresenceWaitResult {
        Ok(match self.port.touch_or_report(span(limit)) {
            Happening::Touch(_) => (Ok(()), RecvStatus::Timeout),
            Happening::Nothing => (Err(UserPresenceError::Timeout), RecvStatus::Timeout),
            Happening::Report(report) => {
                *packet = report;
                (Err(UserPresenceError::Timeout), RecvStatus::Received(UsbEndpoint::MainHid))
            }
        })
    }

    fn check_complete(&mut self) {
        self.port.end_touch();
    }
}

impl HidConnection for Board {
    fn send(&mut self, packet: &Report, _endpoint: UsbEndpoint) -> CtapResult<()> {
        self.port.send(packet);
        Ok(())
    }

    /// The firmware never calls it: packets are handed to it.
    fn recv(&mut self, packet: &mut Report, limit: usize) -> CtapResult<RecvStatus> {
        Ok(match self.port.report_within(span(limit)) {
            Some(report) => {
                *packet = report;
                RecvStatus::Received(UsbEndpoint::MainHid)
            }
            None => RecvStatus::Timeout,
        })
    }
}

/// Gives the key store in which the firmware wraps what is not discoverable.
impl Helper for Board {}

impl Env for Board {
    type Rng = Randomness;
    type UserPresence = Self;
    type Persist = Memory;
    type KeyStore = Self;
    type Write = NoLog;
    type Customization = CustomizationImpl;
    type HidConnection = Self;
    type Clock = RealClock;
    type Crypto = SoftwareCrypto;
    #[cfg(feature = "fingerprint")]
    type Fingerprint = Self;

    fn rng(&mut self) -> &mut Randomness {
        &mut self.randomness
    }

    fn user_presence(&mut self) -> &mut Self {
        self
    }

    fn persist(&mut self) -> &mut Memory {
        &mut self.memory
    }

    fn key_store(&mut self) -> &mut Self {
        self
    }

    fn clock(&mut self) -> &mut RealClock {
        &mut self.clock
    }

    #[cfg(feature = "fingerprint")]
    fn fingerprint(&mut self) -> &mut Self {
        self
    }

    fn write(&mut self) -> NoLog {
        NoLog
    }

    fn customization(&self) -> &CustomizationImpl {
        &DEFAULT_CUSTOMIZATION
    }

    fn hid_connection(&mut self) -> &mut Self {
        self
    }

    /// Every start is a power-up, which is what a reset asks for.
    fn boots_after_soft_reset(&self) -> bool {
        false
    }
}
