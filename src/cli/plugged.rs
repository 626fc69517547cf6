//! The keys that are plugged in, also those that may not be opened.

use super::app::App;
use super::error::CliError;
use super::error_words;
use crate::authenticator::{AuthenticatorError, Choice, SETTLING, choose_among};
use crate::host::{Host, HostKey};
use crate::transport::sysfs::FidoNode;
use crate::transport::{BusError, KeyDescription, KeyKind, KeyPath};
use std::time::Duration;

/// How often the interrupt flag is looked at while a key is waited for.
const A_MOMENT: Duration = Duration::from_millis(100);

/// The keys that are plugged in.
pub(super) struct Plugged {
    /// What the operating system says of them.
    pub(super) nodes: Vec<FidoNode>,
    /// Every key once: in the order of the operating system's list, then what only the bus knows.
    pub(super) keys: Vec<KeyDescription>,
}

impl App<'_> {
    /// Looks for keys; with `--wait`, until there is one.
    ///
    /// # Errors
    ///
    /// When the operating system does not let keys be looked for.
    pub(super) fn plugged_or_waited_for(&mut self) -> Result<Plugged, CliError> {
        let mut plugged = self.plugged()?;
        if let Some(seconds) = self.global.wait {
            if plugged.keys.is_empty() {
                let until = self.clock.now().saturating_add(Duration::from_secs(seconds));
                self.ui.status(&format!("Plug in a FIDO key ({seconds} s)."));
                while plugged.keys.is_empty()
                    && self.clock.now() < until
                    && !self.interrupt.is_requested()
                {
                    self.bus.wait_for_change(A_MOMENT);
                    plugged = self.plugged()?;
                }
            }
            self.settle(&plugged.keys)?;
            plugged = self.plugged()?;
        } else {
            self.await_udev(&plugged.keys)?;
        }
        Ok(plugged)
    }

    /// Which of the keys that are plugged in a selector means, or which virtual key.
    ///
    /// # Errors
    ///
    /// When it means none, or several.
    pub(super) fn choose_plugged(
        &mut self,
        plugged: &Plugged,
        selector: &str,
    ) -> Result<Choice, CliError> {
        let choice = match self.bus.description_of(&KeyPath(selector.to_owned())) {
            Some(key) => Ok(Choice::One(key)),
            None => choose_among(plugged.keys.clone(), Some(selector)),
        };
        self.or_by_model(choice).map_err(|error| error_words::choose(&error))
    }

    /// Waits for udev where it is still to let users in to one of these keys, which may have been
    /// plugged in a moment ago.
    ///
    /// # Errors
    ///
    /// When the person wants to stop.
    pub(super) fn await_udev(&self, keys: &[KeyDescription]) -> Result<(), CliError> {
        let until = self.clock.now().saturating_add(SETTLING);
        while self.is_settling(keys) && self.clock.now() < until {
            self.bus.wait_for_change(A_MOMENT);
            if self.interrupt.is_requested() {
                return Err(CliError::interrupted());
            }
        }
        Ok(())
    }

    fn is_settling(&self, keys: &[KeyDescription]) -> bool {
        if keys.iter().all(|key| key.kind != KeyKind::Hid) {
            return false;
        }
        // What cannot be looked at is found out by whoever opens the key.
        let nodes = self.host.nodes().unwrap_or_default();
        let is_meant = |node: &&FidoNode| keys.iter().any(|key| key.path == node.description.path);
        nodes.iter().filter(is_meant).any(|node| self.host.is_settling(node))
    }

    fn plugged(&self) -> Result<Plugged, CliError> {
        let nodes = self.host.nodes().map_err(|error| BusError::Enumerate(error.to_string()));
        let nodes = nodes.map_err(|error| error_words::choose(&error.into()))?;
        let mut on_bus = self.bus.keys().map_err(|error| error_words::choose(&error.into()))?;
        on_bus.retain(|key| key.kind == KeyKind::Hid);
        let keys = merged(&nodes, on_bus);
        Ok(Plugged { nodes, keys })
    }
}

impl Plugged {
    /// What the operating system says of a key that could not be opened.
    pub(super) fn look_at(
        &self,
        host: &Host,
        key: &KeyDescription,
        error: &AuthenticatorError,
    ) -> Option<HostKey> {
        let AuthenticatorError::Open(_) = error else { return None };
        let node = self.nodes.iter().find(|node| node.description.path == key.path)?;
        Some(host.look_at(node.clone()))
    }
}

/// Every key once. Where both know it, the bus has the word, since it is what opens the key.
fn merged(nodes: &[FidoNode], mut on_bus: Vec<KeyDescription>) -> Vec<KeyDescription> {
    let mut keys = Vec::new();
    for FidoNode { description, .. } in nodes {
        let here = on_bus.iter().position(|key| key.path == description.path);
        keys.push(here.map_or_else(|| description.clone(), |position| on_bus.remove(position)));
    }
    keys.append(&mut on_bus);
    keys
}
