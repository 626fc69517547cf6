//! CBOR as CTAP2 uses it (RFC 8949; CTAP 2.3 section 8, "Message Encoding").
//!
//! Decoding is lenient towards the order of map members, since real keys send non-canonical maps
//! (Nitrokey FIDO2, Solo 2.1.0, GoTrust Idem), and strict about everything that could be used to
//! confuse or exhaust us: depth, counts, lengths, duplicate keys, indefinite lengths and trailing
//! bytes. A map is first split into keys and raw values ([`Map`]), so that one mistyped or unknown
//! member never loses the others. Encoding is canonical by construction ([`MapBuilder`]).

mod decode;
mod diagnostic;
mod encode;
mod error;
mod salvage;
mod value;

pub use decode::{Item, Key, Map, parse, parse_prefix};
pub use encode::{Encoded, MapBuilder};
pub use error::{CborError, Expected};
pub use salvage::{Fault, Salvage, salvage_map};
pub use value::Value;

/// The deepest nesting accepted. CTAP2 allows four levels; attestation statements of other
/// platforms and unknown members may need a few more.
pub const MAX_DEPTH: usize = 12;

/// The most members accepted in one map or array. A key's longest list is a large-blob array or a
/// list of algorithms; 4096 one-byte items would still fit a 7609-byte message.
pub const MAX_COUNT: usize = 4096;

#[cfg(test)]
mod tests;
