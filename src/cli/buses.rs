//! Real keys and virtual keys side by side.

use crate::transport::{Bus, BusError, Connection, KeyDescription, KeyPath, OpenError, Replug};
use crate::virtual_key::VirtualBus;
use std::time::Duration;

/// One bus made of the real one and the virtual one.
pub(super) struct Buses<R> {
    real: R,
    virtual_keys: VirtualBus,
}

impl<R: Bus> Buses<R> {
    /// Joins the two.
    pub(super) fn new(real: R, virtual_keys: VirtualBus) -> Self {
        Self { real, virtual_keys }
    }

    fn of(&self, path: &KeyPath) -> &dyn Bus {
        if path.0 == "virtual" || path.0.starts_with("virtual:") {
            &self.virtual_keys
        } else {
            &self.real
        }
    }
}

impl<R: Bus> Bus for Buses<R> {
    fn keys(&self) -> Result<Vec<KeyDescription>, BusError> {
        let mut keys = self.real.keys()?;
        // Virtual keys that cannot be looked for keep nobody from a real one. `virtual list`, and
        // whoever names one, hears why.
        keys.extend(self.virtual_keys.keys().unwrap_or_default());
        Ok(keys)
    }

    fn description_of(&self, path: &KeyPath) -> Option<KeyDescription> {
        self.of(path).description_of(path)
    }

    fn open(&self, path: &KeyPath) -> Result<Box<dyn Connection>, OpenError> {
        self.of(path).open(path)
    }

    fn wait_for_change(&self, timeout: Duration) {
        // Virtual keys come and go only at this program's own command.
        self.real.wait_for_change(timeout);
    }

    fn replug(&self, path: &KeyPath) -> Result<Replug, OpenError> {
        self.of(path).replug(path)
    }
}
