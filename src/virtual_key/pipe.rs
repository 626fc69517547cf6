//! The cable between a host and the thread in which a key's firmware runs.
//!
//! One pipe belongs to one connection. Both directions are bounded, as reports on a real bus are:
//! whoever sends too much waits until the other reads. Nobody polls: each side sleeps until there
//! is something for it, its time is up, or the other end is gone. Each end is one thread, which is woken
//! only when what it may be waiting for has just become true, after the lock is free again: a wake-up
//! costs more than all else that happens to a report here.

use super::clock::KeyClock;
use super::{Wake, locked};
use crate::transport::ConnectionError;
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A HID report of a virtual key.
pub(super) type Packet = [u8; 64];

/// How many reports fit into one direction: the longest message (129 reports) and some keepalives.
const CAPACITY: usize = 256;

/// How long a host waits for room, as Linux waits for a USB transfer.
const SEND_LIMIT: Duration = Duration::from_secs(5);

/// Why a pipe no longer works. The first reason stands.
#[derive(Clone, Debug)]
pub(super) enum End {
    /// The host closed the connection.
    HungUp,
    /// The key was unplugged, or its firmware came to an end by itself.
    Unplugged,
    /// The key could not go on, such as for a full disk; the words are for a person.
    Failed(String),
}

/// What a waiting key heard first.
#[derive(Debug)]
pub(super) enum Heard {
    /// A report from the host.
    Packet(Packet),
    /// What else it listened for.
    Touch,
    /// Nothing until its time was up.
    Silence,
    /// The end of the pipe.
    End,
}

pub(super) struct Pipe {
    state: Mutex<State>,
    key_side: Condvar,
    host_side: Condvar,
}

#[derive(Default)]
struct State {
    to_key: VecDeque<Packet>,
    to_host: VecDeque<Packet>,
    end: Option<End>,
}

impl Pipe {
    pub(super) fn new() -> Self {
        Self { state: Mutex::default(), key_side: Condvar::new(), host_side: Condvar::new() }
    }

    /// Ends the pipe. Reports that are on their way to the host still arrive.
    pub(super) fn end(&self, reason: End) {
        locked(&self.state).end.get_or_insert(reason);
        self.key_side.notify_all();
        self.host_side.notify_all();
    }

    /// Why the pipe ended, if it did.
    pub(super) fn ended(&self) -> Option<End> {
        locked(&self.state).end.clone()
    }

    /// Sends a report to the key.
    pub(super) fn send_to_key(&self, packet: Packet) -> Result<(), ConnectionError> {
        let (mut state, _) = self
            .host_side
            .wait_timeout_while(locked(&self.state), SEND_LIMIT, |state| {
                state.end.is_none() && state.to_key.len() >= CAPACITY
            })
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(end) = &state.end {
            return Err(end.as_error());
        }
        if state.to_key.len() >= CAPACITY {
            let reason = "the key does not take it".to_owned();
            return Err(ConnectionError::Refused { act: "write", reason });
        }
        let was_empty = state.to_key.is_empty();
        state.to_key.push_back(packet);
        drop(state);
        if was_empty {
            self.key_side.notify_all();
        }
        Ok(())
    }

    /// Waits for a report from the key.
    pub(super) fn hear_key(&self, timeout: Duration) -> Result<Option<Packet>, ConnectionError> {
        let (mut state, _) = self
            .host_side
            .wait_timeout_while(locked(&self.state), timeout, |state| {
                state.end.is_none() && state.to_host.is_empty()
            })
            .unwrap_or_else(PoisonError::into_inner);
        let was_full = state.to_host.len() >= CAPACITY;
        match (state.to_host.pop_front(), &state.end) {
            (Some(packet), _) => {
                drop(state);
                if was_full {
                    self.key_side.notify_all();
                }
                Ok(Some(packet))
            }
            (None, Some(end)) => Err(end.as_error()),
            (None, None) => Ok(None),
        }
    }

    /// Sends a report to the host; it is lost if nobody is there any more.
    pub(super) fn send_to_host(&self, packet: Packet) {
        let mut state = self
            .key_side
            .wait_while(locked(&self.state), |state| {
                state.end.is_none() && state.to_host.len() >= CAPACITY
            })
            .unwrap_or_else(PoisonError::into_inner);
        if state.end.is_some() {
            return;
        }
        let was_empty = state.to_host.is_empty();
        state.to_host.push_back(packet);
        drop(state);
        if was_empty {
            self.host_side.notify_all();
        }
    }

    /// Waits for a report from the host, however long that takes.
    pub(super) fn hear_host(&self) -> Option<Packet> {
        let state = self
            .key_side
            .wait_while(locked(&self.state), |state| state.end.is_none() && state.to_key.is_empty())
            .unwrap_or_else(PoisonError::into_inner);
        self.take(state)
    }

    /// Waits for a report from the host until `until`, or until `touched` says so.
    pub(super) fn hear_host_until(
        &self,
        clock: &dyn KeyClock,
        until: Duration,
        touched: impl Fn() -> bool,
    ) -> Heard {
        // The lock is held from looking to sleeping, and `wake` takes it: no wake-up is lost.
        let mut state = locked(&self.state);
        loop {
            if state.end.is_some() {
                return Heard::End;
            }
            if !state.to_key.is_empty() {
                return self.take(state).map_or(Heard::End, Heard::Packet);
            }
            if touched() {
                return Heard::Touch;
            }
            if clock.now() >= until {
                return Heard::Silence;
            }
            state = match clock.sleep_limit(until) {
                Some(limit) => {
                    let slept = self.key_side.wait_timeout(state, limit);
                    slept.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.key_side.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    fn take(&self, mut state: MutexGuard<'_, State>) -> Option<Packet> {
        if state.end.is_some() {
            return None;
        }
        let was_full = state.to_key.len() >= CAPACITY;
        let packet = state.to_key.pop_front();
        drop(state);
        if was_full {
            self.host_side.notify_all();
        }
        packet
    }
}

impl Wake for Pipe {
    fn wake(&self) {
        drop(locked(&self.state));
        self.key_side.notify_all();
    }
}

impl End {
    fn as_error(&self) -> ConnectionError {
        match self {
            Self::HungUp | Self::Unplugged => ConnectionError::Unplugged,
            Self::Failed(reason) => {
                ConnectionError::Refused { act: "run the virtual key", reason: reason.clone() }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::Clock;
    use crate::virtual_key::{ManualClock, MonotonicClock};
    use std::sync::Arc;
    use std::thread;

    const LONG: Duration = Duration::from_secs(20);

    #[test]
    fn reports_arrive_in_order_and_wait_for_room() {
        let pipe = Arc::new(Pipe::new());
        let key = thread::spawn({
            let pipe = pipe.clone();
            move || {
                while let Some(packet) = pipe.hear_host() {
                    pipe.send_to_host(packet);
                    pipe.send_to_host(packet);
                }
            }
        });
        let host = thread::spawn({
            let pipe = pipe.clone();
            move || {
                let heard = |_| pipe.hear_key(LONG).unwrap().unwrap()[..4].try_into().unwrap();
                (0..4000).map(heard).map(u32::from_be_bytes).collect::<Vec<_>>()
            }
        });
        for number in 0..2000_u32 {
            let mut packet = [0; 64];
            packet[..4].copy_from_slice(&number.to_be_bytes());
            pipe.send_to_key(packet).unwrap();
        }
        let expected: Vec<_> = (0..2000).flat_map(|number| [number, number]).collect();
        assert_eq!(host.join().unwrap(), expected);
        pipe.end(End::HungUp);
        key.join().unwrap();
    }

    #[test]
    fn what_was_sent_before_the_end_still_arrives() {
        let pipe = Pipe::new();
        pipe.send_to_host([7; 64]);
        pipe.end(End::Failed("no room".to_owned()));
        pipe.end(End::Unplugged);
        assert_eq!(pipe.hear_key(LONG).unwrap(), Some([7; 64]));
        let error = pipe.hear_key(LONG).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the operating system refused to run the virtual key: no room"
        );
        assert!(pipe.send_to_key([0; 64]).is_err());
        assert!(pipe.hear_host().is_none());
    }

    #[test]
    fn a_key_sleeps_until_time_is_moved() {
        let pipe = Arc::new(Pipe::new());
        let clock = ManualClock::standing();
        let sleeper: Arc<dyn Wake> = pipe.clone();
        clock.wake_on_jump(Arc::downgrade(&sleeper));
        let key = thread::spawn({
            let (pipe, clock) = (pipe.clone(), clock.clone());
            move || pipe.hear_host_until(&*clock, Duration::from_millis(100), || false)
        });
        assert!(clock.advance_to_sleeper(LONG));
        assert_eq!(clock.now(), Duration::from_millis(100));
        assert!(matches!(key.join().unwrap(), Heard::Silence));
    }

    #[test]
    fn a_packet_comes_before_a_touch_and_a_touch_before_the_hour() {
        let pipe = Pipe::new();
        let clock = MonotonicClock::start();
        pipe.send_to_key([1; 64]).unwrap();
        let hear = || pipe.hear_host_until(&clock, Duration::ZERO, || true);
        assert!(matches!(hear(), Heard::Packet(packet) if packet == [1; 64]));
        assert!(matches!(hear(), Heard::Touch));
        let quiet = pipe.hear_host_until(&clock, Duration::from_millis(1), || false);
        assert!(matches!(quiet, Heard::Silence));
    }
}
