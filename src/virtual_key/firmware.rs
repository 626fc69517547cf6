//! The firmware, switched on, and the thread in which it serves a connection.

use super::env::KeyEnv;
use super::pipe::{End, Pipe};
use opensk::{Ctap, Transport};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// A key's firmware, running.
pub(super) struct Firmware(Box<Ctap<KeyEnv>>);

impl Firmware {
    /// Switches the key on.
    ///
    /// # Errors
    ///
    /// In words, when the firmware cannot start with the memory it finds.
    pub(super) fn power_up(env: KeyEnv) -> Result<Self, String> {
        // A state is checked before the firmware sees it. Should the check have missed something,
        // the firmware panics here, and that is still only an error.
        let mut ctap = catch_unwind(AssertUnwindSafe(|| Box::new(Ctap::new(env))))
            .map_err(|_| "the firmware does not start with it".to_owned())?;
        ctap.env().settle()?;
        Ok(Self(ctap))
    }

    pub(super) fn attach(&mut self, pipe: Arc<Pipe>) {
        self.0.env().link.pipe = Some(pipe);
    }

    /// Answers packets until the pipe ends. Gives the firmware back if it can still be used.
    pub(super) fn serve(mut self, pipe: &Pipe) -> Option<Self> {
        // Ends the pipe also when the firmware panics, so that a host is told and does not wait.
        let _end = EndOnDrop(pipe);
        while let Some(packet) = pipe.hear_host() {
            self.give_u2f_touch();
            let answers = self.0.process_hid_packet(&packet, Transport::MainHid);
            if let Err(reason) = self.0.env().settle() {
                pipe.end(End::Failed(reason));
                return None;
            }
            answers.for_each(|answer| pipe.send_to_host(answer));
        }
        self.0.env().link.pipe = None;
        Some(self)
    }

    /// U2F answers at once that a touch is wanted, and is asked again until there was one.
    fn give_u2f_touch(&mut self) {
        if !self.0.u2f_needs_user_presence() {
            self.0.env().link.u2f_waiting_since = None;
        } else if self.0.env().link.touched_for_u2f() {
            self.0.u2f_grant_user_presence();
        }
    }
}

struct EndOnDrop<'a>(&'a Pipe);

impl Drop for EndOnDrop<'_> {
    fn drop(&mut self) {
        self.0.end(End::Unplugged);
    }
}
