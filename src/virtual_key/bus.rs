//! The bus that virtual keys are on.

use super::env::Surroundings;
use super::key::VirtualKey;
use super::lasting::LastingKeys;
use super::locked;
use super::settings::KeySettings;
use super::touch::Touch;
use crate::transport::{
    Bus, BusError, Connection, KeyDescription, KeyKind, KeyPath, OpenError, Replug,
};
use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Finds and opens virtual keys.
///
/// - `virtual:NAME` is a lasting key. The first opening in this process switches it on and takes
///   its lock, which is held until the bus is dropped.
/// - `virtual` is a key that is thrown away with the bus. It is not listed.
/// - Any other path is a key that was [plugged in](Self::plug) by hand.
///
/// Each of them stays on between two openings, so that what a key knows only while it is on is
/// still there, until it is replugged.
pub struct VirtualBus {
    lasting: Option<LastingKeys>,
    surroundings: Surroundings,
    throw_away_touch: Touch,
    /// Keys that were opened by name, by their paths.
    named: Mutex<BTreeMap<KeyPath, VirtualKey>>,
    plugged: Mutex<Plugged>,
    plugged_or_unplugged: Condvar,
}

#[derive(Default)]
struct Plugged {
    keys: Vec<VirtualKey>,
    /// Counts changes, so that none is missed between two waits.
    changes: u64,
    changes_seen: u64,
}

/// The path of the key that is thrown away with its bus.
pub const THROW_AWAY: &str = "virtual";

impl VirtualBus {
    /// Makes a bus over the lasting keys in a directory, or over none.
    ///
    /// The key that is thrown away is touched by `throw_away_touch`.
    pub fn new(
        lasting: Option<LastingKeys>,
        surroundings: Surroundings,
        throw_away_touch: Touch,
    ) -> Self {
        Self {
            lasting,
            surroundings,
            throw_away_touch,
            named: Mutex::default(),
            plugged: Mutex::default(),
            plugged_or_unplugged: Condvar::new(),
        }
    }

    /// Describes a virtual key at `path` the way this bus does.
    pub fn describe(path: &str) -> KeyDescription {
        KeyDescription {
            path: KeyPath(path.to_owned()),
            kind: KeyKind::Virtual,
            vendor_id: None,
            product_id: None,
            manufacturer: None,
            product: Some("OpenSK virtual key (not for protecting accounts)".to_owned()),
            serial_number: None,
            port: None,
        }
    }

    /// Plugs in a key, which is thereby switched on.
    ///
    /// It is listed as its description says, also as a thing on a HID bus. Keep a clone to look at
    /// it or to plug it in again; a test keeps the bus, too, and with it the key stays plugged in
    /// over several runs of the command line.
    ///
    /// # Errors
    ///
    /// When it is open somewhere.
    pub fn plug(&self, key: &VirtualKey) -> Result<(), OpenError> {
        key.power_cycle()?;
        let mut plugged = locked(&self.plugged);
        plugged.keys.retain(|other| other.description().path != key.description().path);
        plugged.keys.push(key.clone());
        self.tell_of_change(&mut plugged);
        Ok(())
    }

    /// Pulls a plugged key out, also in the middle of something.
    pub fn unplug(&self, path: &KeyPath) {
        let mut plugged = locked(&self.plugged);
        plugged.keys.retain(|key| {
            let stays = key.description().path != *path;
            if !stays {
                key.unplug();
            }
            stays
        });
        self.tell_of_change(&mut plugged);
    }

    fn tell_of_change(&self, plugged: &mut Plugged) {
        plugged.changes = plugged.changes.wrapping_add(1);
        self.plugged_or_unplugged.notify_all();
    }

    /// Finds the key at `path`. A lasting key is found whether or not there is one: that is seen
    /// when it is switched on.
    fn find(&self, path: &KeyPath) -> Result<VirtualKey, OpenError> {
        let plugged = locked(&self.plugged);
        if let Some(key) = plugged.keys.iter().find(|key| key.description().path == *path) {
            return Ok(key.clone());
        }
        let mut named = locked(&self.named);
        if let Some(key) = named.get(path) {
            return Ok(key.clone());
        }
        let description = Self::describe(&path.0);
        let surroundings = self.surroundings.clone();
        let key = if path.0 == THROW_AWAY {
            let settings = KeySettings::default();
            VirtualKey::volatile(description, settings, self.throw_away_touch, surroundings)
        } else {
            let name = path.0.strip_prefix("virtual:").and_then(|name| name.parse().ok());
            let (Some(name), Some(keys)) = (name, self.lasting.clone()) else {
                return Err(OpenError::NotFound(path.clone()));
            };
            VirtualKey::lasting(description, keys, name, surroundings)
        };
        named.insert(path.clone(), key.clone());
        Ok(key)
    }
}

impl Bus for VirtualBus {
    fn description_of(&self, path: &KeyPath) -> Option<KeyDescription> {
        let named = path.0 == THROW_AWAY || path.0.starts_with("virtual:");
        named.then(|| Self::describe(&path.0))
    }

    fn keys(&self) -> Result<Vec<KeyDescription>, BusError> {
        let mut keys: Vec<_> =
            locked(&self.plugged).keys.iter().map(|key| key.description().clone()).collect();
        if let Some(lasting) = &self.lasting {
            let names = lasting.names().map_err(|error| BusError::Enumerate(error.to_string()))?;
            keys.extend(names.iter().map(|name| Self::describe(&format!("virtual:{name}"))));
        }
        Ok(keys)
    }

    fn open(&self, path: &KeyPath) -> Result<Box<dyn Connection>, OpenError> {
        self.find(path)?.open()
    }

    /// Returns early when a key is plugged in or pulled out by hand. Lasting keys come and go
    /// unnoticed.
    fn wait_for_change(&self, timeout: Duration) {
        let (mut plugged, _) = self
            .plugged_or_unplugged
            .wait_timeout_while(locked(&self.plugged), timeout, |plugged| {
                plugged.changes == plugged.changes_seen
            })
            .unwrap_or_else(PoisonError::into_inner);
        plugged.changes_seen = plugged.changes;
    }

    fn replug(&self, path: &KeyPath) -> Result<Replug, OpenError> {
        self.find(path)?.power_cycle()?;
        Ok(Replug::Done)
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests;
