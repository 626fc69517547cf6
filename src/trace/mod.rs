//! What is said between this program and a key, decoded, with every secret masked.
//!
//! [`TracingBus`] is a decorator of a [`Bus`](crate::transport::Bus): whatever is opened through it
//! is listened to, packet by packet, without one packet or one wait more than without it. Packets
//! become messages, messages become named members ([`Entry`]), and each goes to a [`Sink`] as soon
//! as it was said. [`TraceFile`] writes them as JSON Lines, a [`Reader`] reads them back.
//!
//! Masked is what could open something: PIN material, MACs under a PIN token or a shared secret,
//! what hmac-secret takes and gives, credBlob, and large blobs with their keys. It is masked by
//! field, whatever the type that a key gives it, and packets are never kept as they were. What other
//! programs say to the same key reaches this one too; it is none of a trace's business, and only
//! that it was said is kept. Names of relying parties and users are not masked.

mod bus;
mod conversation;
mod decode;
mod entry;
mod file;
mod members;
mod message;
mod read;
mod shape;

pub use bus::{Sink, TracingBus};
pub use entry::{
    Direction, Entry, Event, FORMAT, Header, Message, Named, Opened, SCHEMA_VERSION, Seconds,
    Undecodable,
};
pub use file::{TraceFile, TraceFileError};
pub use read::{Damage, Line, ReadError, Reader};

#[cfg(test)]
mod tests;
