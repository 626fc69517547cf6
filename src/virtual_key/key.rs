//! One virtual key: off, on, or in use by a connection.

use super::entries::Contents;
use super::env::{KeyEnv, Surroundings};
use super::firmware::Firmware;
use super::lasting::{KeyName, LastingError, LastingKeys};
use super::pipe::{End, Packet, Pipe};
use super::settings::KeySettings;
use super::state_file::{KeyState, StateError};
use super::store::{SharedStore, Store};
use super::touch::Touch;
use super::{Wake, locked};
use crate::transport::{Connection, ConnectionError, KeyDescription, OpenError, ReportSizes};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// A virtual key. Clones are the same key.
///
/// It is switched on by the first [`open`](Self::open) or by [`power_cycle`](Self::power_cycle),
/// and stays on, with everything that a key knows only while it is on (a PIN token, three wrong
/// PINs in a row, the time since it was plugged in), until the next power cycle, until it is
/// unplugged, or until the last clone is gone.
#[derive(Clone)]
pub struct VirtualKey(Arc<Inner>);

struct Inner {
    description: KeyDescription,
    settings: KeySettings,
    surroundings: Surroundings,
    touch: Arc<Mutex<Touch>>,
    memory: Memory,
    power: Mutex<Power>,
}

enum Memory {
    /// It is forgotten with the key.
    Volatile(SharedStore),
    /// It is read from its file whenever the key is switched on.
    Lasting(LastingKeys, KeyName),
}

impl Memory {
    fn volatile(state: KeyState) -> Self {
        Self::Volatile(SharedStore::new(Store::new(state, None)))
    }
}

enum Power {
    Off,
    On(Firmware),
    InUse(Arc<Pipe>),
}

impl VirtualKey {
    /// Makes a key whose memory is gone when the last clone of it is, and leaves it switched off.
    pub fn volatile(
        description: KeyDescription,
        settings: KeySettings,
        touch: Touch,
        surroundings: Surroundings,
    ) -> Self {
        let entries = settings.factory_entries();
        let memory = Memory::volatile(KeyState { entries, ..KeyState::default() });
        Self::new(description, settings, touch, surroundings, memory)
    }

    /// Makes the lasting key `name`, and leaves it switched off. Whether there is one is seen when
    /// it is switched on.
    pub(super) fn lasting(
        description: KeyDescription,
        keys: LastingKeys,
        name: KeyName,
        surroundings: Surroundings,
    ) -> Self {
        let memory = Memory::Lasting(keys, name);
        Self::new(description, KeySettings::default(), Touch::Auto, surroundings, memory)
    }

    fn new(
        description: KeyDescription,
        settings: KeySettings,
        touch: Touch,
        surroundings: Surroundings,
        memory: Memory,
    ) -> Self {
        let touch = Arc::new(Mutex::new(touch));
        let power = Mutex::new(Power::Off);
        Self(Arc::new(Inner { description, settings, surroundings, touch, memory, power }))
    }

    /// Says what is known of the key before it is opened.
    pub fn description(&self) -> &KeyDescription {
        &self.0.description
    }

    /// Decides who touches the key from now on; a lasting key goes by its file again when it is
    /// next switched on.
    pub fn set_touch(&self, touch: Touch) {
        *locked(&self.0.touch) = touch;
    }

    /// Looks into the memory of a key that is not a lasting one; of those,
    /// [`LastingKeys::list`] tells.
    pub fn contents(&self) -> Option<Contents> {
        match &self.0.memory {
            Memory::Volatile(store) => Some(Contents::of(&locked(&store.0).state().entries)),
            Memory::Lasting(..) => None,
        }
    }

    /// Opens the key, and switches it on if it is off.
    ///
    /// # Errors
    ///
    /// When it is open already, or its state cannot be used.
    pub fn open(&self) -> Result<Box<dyn Connection>, OpenError> {
        let mut power = locked(&self.0.power);
        let mut firmware = match std::mem::replace(&mut *power, Power::Off) {
            Power::On(firmware) => firmware,
            Power::Off => self.power_up()?,
            in_use @ Power::InUse(_) => {
                *power = in_use;
                return Err(self.in_use());
            }
        };
        let pipe = Arc::new(Pipe::new());
        let sleeper: Arc<dyn Wake> = pipe.clone();
        self.0.surroundings.clock.wake_on_jump(Arc::downgrade(&sleeper));
        self.0.surroundings.touch_source.wake_on_touch(Arc::downgrade(&sleeper));
        firmware.attach(pipe.clone());
        let serve = {
            let pipe = pipe.clone();
            move || firmware.serve(&pipe)
        };
        let thread = thread::Builder::new()
            .name("virtual key".to_owned())
            .spawn(serve)
            .map_err(|error| self.other(error.to_string()))?;
        *power = Power::InUse(pipe.clone());
        Ok(Box::new(VirtualConnection { key: self.clone(), pipe, thread: Some(thread) }))
    }

    /// Switches the key off and on.
    ///
    /// # Errors
    ///
    /// When it is open, or its state cannot be used.
    pub fn power_cycle(&self) -> Result<(), OpenError> {
        let mut power = locked(&self.0.power);
        if matches!(*power, Power::InUse(_)) {
            return Err(self.in_use());
        }
        // Off before on: a lasting key holds the lock on its own state while it is on.
        *power = Power::Off;
        *power = Power::On(self.power_up()?);
        Ok(())
    }

    /// Pulls the key out, also in the middle of something: its connection then says so.
    pub fn unplug(&self) {
        let mut power = locked(&self.0.power);
        match &*power {
            Power::InUse(pipe) => pipe.end(End::Unplugged),
            Power::On(_) | Power::Off => *power = Power::Off,
        }
    }

    fn power_up(&self) -> Result<Firmware, OpenError> {
        let store = match &self.0.memory {
            Memory::Volatile(store) => store.clone(),
            Memory::Lasting(keys, name) => {
                let (state, home) = keys.open(name).map_err(|error| self.open_error(error))?;
                self.set_touch(state.touch);
                SharedStore::new(Store::new(state, Some(home)))
            }
        };
        let settings = self.0.settings.clone();
        let env = KeyEnv::new(&self.0.surroundings, settings, store, self.0.touch.clone());
        Firmware::power_up(env).map_err(|reason| {
            let path = self.0.description.path.clone();
            OpenError::State { path, reason, is_newer: false }
        })
    }

    fn open_error(&self, error: LastingError) -> OpenError {
        let path = self.0.description.path.clone();
        match error {
            LastingError::NotFound(_) => OpenError::NotFound(path),
            LastingError::InUse(_) => OpenError::InUse { path },
            LastingError::State { reason, .. } => {
                let is_newer = matches!(reason, StateError::Newer { .. });
                OpenError::State { path, reason: reason.to_string(), is_newer }
            }
            error @ (LastingError::Exists(_) | LastingError::Refused { .. }) => {
                self.other(error.to_string())
            }
        }
    }

    fn in_use(&self) -> OpenError {
        OpenError::InUse { path: self.0.description.path.clone() }
    }

    fn other(&self, reason: String) -> OpenError {
        OpenError::Other { path: self.0.description.path.clone(), reason }
    }
}

/// A connection to a virtual key. Dropping it ends whatever the key is waiting for.
struct VirtualConnection {
    key: VirtualKey,
    pipe: Arc<Pipe>,
    /// There until the connection is dropped.
    thread: Option<JoinHandle<Option<Firmware>>>,
}

impl Connection for VirtualConnection {
    fn report_sizes(&self) -> ReportSizes {
        ReportSizes::USUAL
    }

    fn send(&mut self, report: &[u8]) -> Result<(), ConnectionError> {
        let packet = Packet::try_from(report).map_err(|_| ConnectionError::Refused {
            act: "write",
            reason: format!("a report of this key has 64 bytes, not {}", report.len()),
        })?;
        self.pipe.send_to_key(packet)
    }

    fn receive(
        &mut self,
        report: &mut [u8],
        timeout: Duration,
    ) -> Result<Option<usize>, ConnectionError> {
        let Some(packet) = self.pipe.hear_key(timeout)? else {
            return Ok(None);
        };
        report.iter_mut().zip(packet).for_each(|(byte, received)| *byte = received);
        Ok(Some(packet.len().min(report.len())))
    }
}

impl Drop for VirtualConnection {
    fn drop(&mut self) {
        self.pipe.end(End::HungUp);
        // The firmware comes back unless it panicked or could not go on; a key that was pulled out
        // is off.
        let firmware = self.thread.take().and_then(|thread| thread.join().ok().flatten());
        let stays_on = matches!(self.pipe.ended(), Some(End::HungUp));
        *locked(&self.key.0.power) = match firmware {
            Some(firmware) if stays_on => Power::On(firmware),
            _ => Power::Off,
        };
    }
}

#[cfg(test)]
impl VirtualKey {
    /// Makes a key that remembers what `state` says.
    pub(super) fn with_state(
        description: KeyDescription,
        state: KeyState,
        surroundings: Surroundings,
    ) -> Self {
        let memory = Memory::volatile(state);
        Self::new(description, KeySettings::default(), Touch::Auto, surroundings, memory)
    }

    /// Copies the memory of a key that is not a lasting one.
    pub(super) fn entries(&self) -> super::store::Entries {
        match &self.0.memory {
            Memory::Volatile(store) => locked(&store.0).state().entries.clone(),
            Memory::Lasting(..) => panic!("a lasting key keeps its memory in a file"),
        }
    }
}

#[cfg(test)]
mod tests;
