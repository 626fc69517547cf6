//! Finding keys and opening them.

use super::Connection;
use std::fmt;
use std::time::Duration;
use thiserror::Error;

/// Where a key is found: a device path such as `/dev/hidraw3`, or `virtual:NAME`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyPath(pub String);

impl fmt::Display for KeyPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Whether a key is a thing or a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// A key on a HID bus.
    Hid,
    /// Firmware in this process, for trying things out. Never picked unless named.
    Virtual,
}

/// What is known of a key before it is opened. Every text in it came from the key: hostile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyDescription {
    /// Where it is.
    pub path: KeyPath,
    /// A thing or a program.
    pub kind: KeyKind,
    /// USB vendor number, where there is one.
    pub vendor_id: Option<u16>,
    /// USB product number, where there is one.
    pub product_id: Option<u16>,
    /// The manufacturer's name as the key states it.
    pub manufacturer: Option<String>,
    /// The product's name as the key states it.
    pub product: Option<String>,
    /// The serial number as the key states it; many keys state none.
    pub serial_number: Option<String>,
    /// The physical place, such as the USB port `1-2.3`, which stays the same over a replug into
    /// the same socket.
    pub port: Option<String>,
}

/// Why keys could not be looked for.
#[derive(Debug, Error)]
pub enum BusError {
    /// The operating system refused the enumeration.
    #[error("could not look for keys: {0}")]
    Enumerate(String),
}

/// Why a key could not be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Nothing is there (any more).
    #[error("no key at {0}")]
    NotFound(KeyPath),
    /// The operating system does not let this user open it.
    #[error("no permission to open {0}")]
    NoPermission(KeyPath),
    /// Another program, or another run of this one, holds it.
    #[error("{path} is in use by another program")]
    InUse {
        /// Which key.
        path: KeyPath,
    },
    /// A virtual key's state cannot be used.
    #[error("the state of {path} cannot be used: {reason}")]
    State {
        /// Which key.
        path: KeyPath,
        /// What is wrong with it.
        reason: String,
        /// Whether nothing is, but a newer version of this program wrote it.
        is_newer: bool,
    },
    /// Anything else that the operating system said.
    #[error("could not open {path}: {reason}")]
    Other {
        /// Which key.
        path: KeyPath,
        /// The operating system's words.
        reason: String,
    },
}

/// Who unplugs a key and plugs it in again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replug {
    /// A person has to; [`Bus::wait_for_change`] tells when to look again.
    ByPerson,
    /// It has just been done (a virtual key was switched off and on).
    Done,
}

/// Finds keys and opens them.
///
/// Decorators and several buses side by side implement this trait too.
pub trait Bus: Send + Sync {
    /// Every FIDO key that is there now, in a stable order.
    ///
    /// # Errors
    ///
    /// When the operating system refuses to tell.
    fn keys(&self) -> Result<Vec<KeyDescription>, BusError>;

    /// Describes the key at `path` where its path alone says all that there is to say; nothing is
    /// looked at, and the key need not be there.
    fn description_of(&self, path: &KeyPath) -> Option<KeyDescription> {
        let _ = path;
        None
    }

    /// Opens the key at `path`.
    ///
    /// # Errors
    ///
    /// When it is not there, not permitted, in use, or unusable.
    fn open(&self, path: &KeyPath) -> Result<Box<dyn Connection>, OpenError>;

    /// Waits until the set of keys may have changed, for at most `timeout`.
    ///
    /// May return early and without any change.
    fn wait_for_change(&self, timeout: Duration);

    /// Replugs the key at `path` if that can be done without a person.
    ///
    /// The connection to it must have been dropped.
    ///
    /// # Errors
    ///
    /// When the key is not there or unusable.
    fn replug(&self, path: &KeyPath) -> Result<Replug, OpenError> {
        let _ = path;
        Ok(Replug::ByPerson)
    }
}
