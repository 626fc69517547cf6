//! What a key's firmware runs in.

use super::clock::{FirmwareClock, KeyClock, MonotonicClock};
use super::link::Link;
use super::randomness::{KeyRng, OsRandomness, Randomness};
use super::settings::KeySettings;
use super::store::SharedStore;
use super::touch::{Nobody, Touch, TouchSource};
use opensk::api::crypto::software_crypto::SoftwareCrypto;
use opensk::api::key_store::Helper;
use opensk::env::Env;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The world around keys.
#[derive(Clone)]
pub struct Surroundings {
    /// The time they live in.
    pub clock: Arc<dyn KeyClock>,
    /// What they make their private keys from.
    pub randomness: Arc<dyn Randomness>,
    /// Who touches those whose policy is [`Touch::Enter`].
    pub touch_source: Arc<dyn TouchSource>,
}

impl Surroundings {
    /// The time and randomness of the operating system, and nobody to touch anything.
    pub fn real() -> Self {
        Self {
            clock: Arc::new(MonotonicClock::start()),
            randomness: Arc::new(OsRandomness),
            touch_source: Arc::new(Nobody),
        }
    }
}

/// Debugging output of the firmware, which is compiled out.
pub(super) struct NoWords;

impl fmt::Write for NoWords {
    fn write_str(&mut self, _words: &str) -> fmt::Result {
        Ok(())
    }
}

/// The firmware's environment.
pub(super) struct KeyEnv {
    pub(super) rng: KeyRng,
    pub(super) link: Link,
    store: SharedStore,
    settings: KeySettings,
    clock: FirmwareClock,
}

impl KeyEnv {
    pub(super) fn new(
        surroundings: &Surroundings,
        settings: KeySettings,
        store: SharedStore,
        touch: Arc<Mutex<Touch>>,
    ) -> Self {
        Self {
            rng: KeyRng { source: surroundings.randomness.clone(), fault: None },
            link: Link {
                pipe: None,
                clock: surroundings.clock.clone(),
                touch,
                source: surroundings.touch_source.clone(),
                store: store.clone(),
                waiting_since: Duration::ZERO,
                u2f_waiting_since: None,
            },
            store,
            settings,
            clock: FirmwareClock(surroundings.clock.clone()),
        }
    }

    /// Brings the key to where it may speak: its memory is written, and what it is about to say
    /// was made of real randomness.
    pub(super) fn settle(&mut self) -> Result<(), String> {
        match &self.rng.fault {
            Some(fault) => Err(fault.to_string()),
            None => self.store.settle(),
        }
    }
}

/// Gives the key store in which the firmware wraps what is not discoverable.
impl Helper for KeyEnv {}

impl Env for KeyEnv {
    type Rng = KeyRng;
    type UserPresence = Link;
    type Persist = SharedStore;
    type KeyStore = Self;
    type Write = NoWords;
    type Customization = KeySettings;
    type HidConnection = Link;
    type Clock = FirmwareClock;
    type Crypto = SoftwareCrypto;

    fn rng(&mut self) -> &mut KeyRng {
        &mut self.rng
    }

    fn user_presence(&mut self) -> &mut Link {
        &mut self.link
    }

    fn persist(&mut self) -> &mut SharedStore {
        &mut self.store
    }

    fn key_store(&mut self) -> &mut Self {
        self
    }

    fn clock(&mut self) -> &mut FirmwareClock {
        &mut self.clock
    }

    fn write(&mut self) -> NoWords {
        NoWords
    }

    fn customization(&self) -> &KeySettings {
        &self.settings
    }

    fn hid_connection(&mut self) -> &mut Link {
        &mut self.link
    }

    /// Every start is a power-up, which is what a reset asks for.
    fn boots_after_soft_reset(&self) -> bool {
        false
    }
}
