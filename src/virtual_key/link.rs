//! The firmware's link to the world outside: the host at the other end, and the one who touches.

use super::clock::{KeyClock, milliseconds_long};
use super::locked;
use super::pipe::{Heard, Packet, Pipe};
use super::store::SharedStore;
use super::touch::{Touch, TouchSource};
use opensk::api::connection::{HidConnection, RecvStatus, UsbEndpoint};
use opensk::api::user_presence::{UserPresence, UserPresenceError, UserPresenceWaitResult};
use opensk::ctap::status_code::{Ctap2StatusCode, CtapResult};
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub(super) struct Link {
    /// The current connection.
    pub(super) pipe: Option<Arc<Pipe>>,
    pub(super) clock: Arc<dyn KeyClock>,
    pub(super) touch: Arc<Mutex<Touch>>,
    pub(super) source: Arc<dyn TouchSource>,
    pub(super) store: SharedStore,
    /// Since when the current wait has lasted.
    pub(super) waiting_since: Duration,
    /// Since when a U2F client has been asking again and again for a touch.
    pub(super) u2f_waiting_since: Option<Duration>,
}

impl Link {
    /// Whether the key is touched now, for U2F, where the client asks again and again instead of
    /// waiting. To be called as long as the firmware wants a touch.
    pub(super) fn touched_for_u2f(&mut self) -> bool {
        let since = *self.u2f_waiting_since.get_or_insert_with(|| self.clock.now());
        match *locked(&self.touch) {
            Touch::Auto => true,
            Touch::Enter => self.source.touched(),
            Touch::Never | Touch::Refuse => false,
            Touch::After(span) => self.clock.now() >= since.saturating_add(span),
        }
    }
}

impl UserPresence for Link {
    fn check_init(&mut self) {
        self.waiting_since = self.clock.now();
        if *locked(&self.touch) == Touch::Enter {
            self.source.begin();
        }
    }

    fn wait_with_timeout(
        &mut self,
        packet: &mut Packet,
        timeout_ms: usize,
    ) -> UserPresenceWaitResult {
        let time_is_up = self.clock.now().saturating_add(milliseconds_long(timeout_ms));
        let touch = *locked(&self.touch);
        let (until, then_touched) = match touch {
            Touch::Auto => return Ok((Ok(()), RecvStatus::Timeout)),
            Touch::Refuse => return Ok((Err(UserPresenceError::Declined), RecvStatus::Timeout)),
            Touch::Enter | Touch::Never => (time_is_up, false),
            Touch::After(span) => {
                let touched_at = self.waiting_since.saturating_add(span);
                (touched_at.min(time_is_up), touched_at <= time_is_up)
            }
        };
        let Some(pipe) = &self.pipe else {
            return Ok((Err(UserPresenceError::Canceled), RecvStatus::Timeout));
        };
        let touched = || touch == Touch::Enter && self.source.touched();
        Ok(match pipe.hear_host_until(&*self.clock, until, touched) {
            Heard::Packet(heard) => {
                *packet = heard;
                (Err(UserPresenceError::Timeout), RecvStatus::Received(UsbEndpoint::MainHid))
            }
            Heard::Touch => (Ok(()), RecvStatus::Timeout),
            Heard::Silence if then_touched => (Ok(()), RecvStatus::Timeout),
            Heard::Silence => (Err(UserPresenceError::Timeout), RecvStatus::Timeout),
            // Nobody is there any more; the firmware then gives the command up.
            Heard::End => (Err(UserPresenceError::Canceled), RecvStatus::Timeout),
        })
    }

    fn check_complete(&mut self) {}
}

impl HidConnection for Link {
    fn send(&mut self, packet: &Packet, _endpoint: UsbEndpoint) -> CtapResult<()> {
        const FAILURE: Ctap2StatusCode = Ctap2StatusCode::CTAP2_ERR_VENDOR_HARDWARE_FAILURE;
        self.store.settle().map_err(|_| FAILURE)?;
        self.pipe.as_ref().ok_or(FAILURE)?.send_to_host(*packet);
        Ok(())
    }

    /// The firmware's library never receives by itself: packets are handed to it.
    fn recv(&mut self, _packet: &mut Packet, _timeout_ms: usize) -> CtapResult<RecvStatus> {
        Ok(RecvStatus::Timeout)
    }
}
