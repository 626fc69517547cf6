//! A person's hands: what is plugged in and pulled out while the program waits.

use fidokey::transport::{
    Bus, BusError, Connection, Interrupt, KeyDescription, KeyPath, OpenError, Replug,
};
use fidokey::virtual_key::{ManualClock, VirtualBus, VirtualKey};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// One thing that the hands do, each when the program waits for a change.
pub enum Deed {
    /// Nothing, for so long.
    Wait(Duration),
    /// Pull out the key at a path.
    Unplug(&'static str),
    /// Plug in a key.
    Plug(VirtualKey),
    /// Plug in a key that the system lets nobody open before the program has waited so often.
    PlugClosed(VirtualKey, u32),
    /// Press Ctrl-C.
    Interrupt,
    /// What the system does meanwhile.
    Meanwhile(Box<dyn FnOnce() + Send>),
}

/// What the hands will do. As long as nobody has said anything, keys replug themselves.
#[derive(Clone, Default)]
pub struct Hands(Arc<Mutex<Plan>>);

#[derive(Default)]
struct Plan {
    by_person: bool,
    deeds: VecDeque<Deed>,
    closed: u32,
    interrupt: Interrupt,
}

impl Hands {
    /// Keys are replugged by hand from now on, in this way.
    pub fn will(&self, deeds: impl IntoIterator<Item = Deed>) {
        let mut plan = self.0.lock().unwrap();
        plan.by_person = true;
        plan.closed = 0;
        plan.deeds = deeds.into_iter().collect();
    }

    /// The keys that are there were plugged in just now: the system lets nobody open them before the
    /// program has waited so often.
    pub fn have_just_plugged_in(&self, waits: u32) {
        self.0.lock().unwrap().closed = waits;
    }

    /// How many deeds are left.
    pub fn left(&self) -> usize {
        self.0.lock().unwrap().deeds.len()
    }

    pub(super) fn interrupt_with(&self, interrupt: Interrupt) {
        self.0.lock().unwrap().interrupt = interrupt;
    }
}

pub struct HandsBus<B> {
    inner: B,
    hands: Hands,
    keys: Arc<VirtualBus>,
    clock: Arc<ManualClock>,
}

impl<B> HandsBus<B> {
    pub fn new(inner: B, hands: Hands, keys: Arc<VirtualBus>, clock: Arc<ManualClock>) -> Self {
        Self { inner, hands, keys, clock }
    }
}

impl<B: Bus> Bus for HandsBus<B> {
    fn keys(&self) -> Result<Vec<KeyDescription>, BusError> {
        self.inner.keys()
    }

    fn open(&self, path: &KeyPath) -> Result<Box<dyn Connection>, OpenError> {
        if self.hands.0.lock().unwrap().closed > 0 {
            return Err(OpenError::NoPermission(path.clone()));
        }
        self.inner.open(path)
    }

    /// Time passes, and the next deed is done.
    fn wait_for_change(&self, timeout: Duration) {
        self.clock.advance(timeout);
        let mut plan = self.hands.0.lock().unwrap();
        plan.closed = plan.closed.saturating_sub(1);
        match plan.deeds.pop_front() {
            None => {}
            Some(Deed::Wait(span)) => {
                if let Some(left) = span.checked_sub(timeout).filter(|left| !left.is_zero()) {
                    plan.deeds.push_front(Deed::Wait(left));
                }
            }
            Some(Deed::Unplug(path)) => self.keys.unplug(&KeyPath(path.to_owned())),
            Some(Deed::Plug(key)) => self.keys.plug(&key).unwrap(),
            Some(Deed::PlugClosed(key, waits)) => {
                self.keys.plug(&key).unwrap();
                plan.closed = waits;
            }
            Some(Deed::Interrupt) => plan.interrupt.request(),
            Some(Deed::Meanwhile(act)) => act(),
        }
    }

    fn replug(&self, path: &KeyPath) -> Result<Replug, OpenError> {
        if self.hands.0.lock().unwrap().by_person {
            return Ok(Replug::ByPerson);
        }
        self.inner.replug(path)
    }
}
