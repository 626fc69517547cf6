//! Moves messages to and from a key.
//!
//! Two traits keep hardware at arm's length: [`Bus`] finds keys and opens them, [`Connection`]
//! moves whole HID reports to and from one opened key. Above them, [`channel`] speaks CTAPHID
//! (CTAP 2.3 section 11.2). This layer does not know CBOR.
//!
//! Time comes from a [`Clock`] and a person's wish to stop from an [`Interrupt`], so that every
//! wait in here can be tested without waiting.

mod bus;
pub mod channel;
mod clock;
mod connection;
mod hid;
mod interrupt;
pub mod sysfs;

pub use bus::{Bus, BusError, KeyDescription, KeyKind, KeyPath, OpenError, Replug};
pub use channel::{Channel, ChannelError, Timing};
pub use clock::Clock;
pub use connection::{Connection, ConnectionError, ReportSizes};
pub use hid::HidBus;
pub use interrupt::Interrupt;
