//! A key's memory: what the firmware keeps over a power cycle.
//!
//! The rule for lasting keys: **no packet leaves a key while its memory differs from its file**
//! ([`Store::settle`]). Whatever a host learns is therefore on disk, and a kill at any moment
//! leaves the memory as it was before a message or after it, never in between.
//!
//! One change is written at once: the count of wrong PINs, which the firmware raises before it
//! compares a PIN. Were it written with the rest of the message, a right PIN (raised, then cleared:
//! nothing to write) could be told from a wrong one by whether a file appears, and a kill at that
//! moment would give a free guess.

use super::lasting::Home;
use super::locked;
use super::state_file::KeyState;
use opensk::api::persist::{Persist, PersistIter, keys};
use opensk::ctap::status_code::{Ctap2StatusCode, CtapResult};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// The firmware's entries by their numbers.
pub(super) type Entries = BTreeMap<usize, Vec<u8>>;

/// The memory of one key.
pub(super) struct Store {
    state: KeyState,
    /// The file of a lasting key, with the lock on it.
    home: Option<Home>,
    /// Whether the file lags behind.
    changed: bool,
    /// Why the file could not be written. Nothing is written after that.
    fault: Option<String>,
}

impl Store {
    pub(super) fn new(state: KeyState, home: Option<Home>) -> Self {
        Self { state, home, changed: false, fault: None }
    }

    pub(super) fn state(&self) -> &KeyState {
        &self.state
    }

    /// Writes what has changed.
    ///
    /// A key whose file could not be written must not say anything more.
    pub(super) fn settle(&mut self) -> Result<(), String> {
        if let Some(fault) = &self.fault {
            return Err(fault.clone());
        }
        if !self.changed {
            return Ok(());
        }
        if let Some(home) = &self.home {
            home.write(&self.state).map_err(|error| {
                let fault = format!("its state could not be written: {error}");
                self.fault = Some(fault.clone());
                fault
            })?;
        }
        self.changed = false;
        Ok(())
    }

    fn insert(&mut self, key: usize, value: &[u8]) -> Result<(), String> {
        if self.state.entries.get(&key).is_some_and(|known| known == value) {
            return Ok(());
        }
        self.state.entries.insert(key, value.to_vec());
        self.changed = true;
        if key == keys::PIN_RETRIES { self.settle() } else { Ok(()) }
    }

    fn remove(&mut self, key: usize) {
        self.changed |= self.state.entries.remove(&key).is_some();
    }
}

/// A key's memory as several hold it: the firmware, its link to the host, and who looks in.
#[derive(Clone)]
pub(super) struct SharedStore(pub(super) Arc<Mutex<Store>>);

impl SharedStore {
    pub(super) fn new(store: Store) -> Self {
        Self(Arc::new(Mutex::new(store)))
    }

    pub(super) fn settle(&self) -> Result<(), String> {
        locked(&self.0).settle()
    }
}

impl Persist for SharedStore {
    fn find(&self, key: usize) -> CtapResult<Option<Vec<u8>>> {
        Ok(locked(&self.0).state.entries.get(&key).cloned())
    }

    fn insert(&mut self, key: usize, value: &[u8]) -> CtapResult<()> {
        locked(&self.0)
            .insert(key, value)
            .map_err(|_| Ctap2StatusCode::CTAP2_ERR_VENDOR_HARDWARE_FAILURE)
    }

    fn remove(&mut self, key: usize) -> CtapResult<()> {
        locked(&self.0).remove(key);
        Ok(())
    }

    fn iter(&self) -> CtapResult<PersistIter<'_>> {
        let keys: Vec<_> = locked(&self.0).state.entries.keys().copied().collect();
        Ok(Box::new(keys.into_iter().map(Ok)))
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::virtual_key::{KeyName, LastingKeys, Touch};
    use std::fs;

    #[test]
    fn a_raised_count_of_wrong_pins_is_written_at_once_and_the_rest_when_it_settles() {
        let place = tempfile::tempdir().unwrap();
        let keys_on_disk = LastingKeys::new(place.path());
        let name: KeyName = "work".parse().unwrap();
        keys_on_disk.create(&name, Touch::Auto, None).unwrap();
        let (state, home) = keys_on_disk.open(&name).unwrap();
        let mut store = SharedStore::new(Store::new(state, Some(home)));
        let file = || fs::read(keys_on_disk.state_path(&name)).unwrap();

        let fresh = file();
        store.insert(keys::GLOBAL_SIGNATURE_COUNTER, &[1; 4]).unwrap();
        assert_eq!(file(), fresh);
        store.settle().unwrap();
        let counted = file();
        assert_ne!(counted, fresh);

        store.incr_pin_fails().unwrap();
        let raised = file();
        assert_ne!(raised, counted, "before the firmware compares anything");
        store.reset_pin_retries().unwrap();
        assert_eq!(file(), raised);
        store.settle().unwrap();
        assert_eq!(file(), counted);

        fs::create_dir(place.path().join(".work.new")).unwrap();
        assert!(store.incr_pin_fails().is_err(), "the firmware then compares nothing");
        assert!(store.settle().is_err(), "and says nothing more");
        assert_eq!(file(), counted);
    }

    #[test]
    fn what_is_there_already_is_no_change() {
        let mut store = SharedStore::new(Store::new(KeyState::default(), None));
        store.insert(keys::ALWAYS_UV, &[]).unwrap();
        store.settle().unwrap();
        store.insert(keys::ALWAYS_UV, &[]).unwrap();
        store.remove(keys::FORCE_PIN_CHANGE).unwrap();
        assert!(!locked(&store.0).changed);
        store.remove(keys::ALWAYS_UV).unwrap();
        assert!(locked(&store.0).changed);
    }
}
