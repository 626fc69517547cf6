//! Why bytes are not the CBOR that was hoped for.

use super::MAX_DEPTH;
use std::fmt;
use thiserror::Error;

/// What a reader hoped to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// A whole number that is not negative.
    Unsigned,
    /// A whole number.
    Integer,
    /// `true` or `false`.
    Bool,
    /// A byte string.
    Bytes,
    /// A text string.
    Text,
    /// An array.
    Array,
    /// A map.
    Map,
}

impl fmt::Display for Expected {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Unsigned => "an unsigned number",
            Self::Integer => "a whole number",
            Self::Bool => "true or false",
            Self::Bytes => "a byte string",
            Self::Text => "a text",
            Self::Array => "a list",
            Self::Map => "a map",
        })
    }
}

/// Why bytes are not the CBOR that was hoped for.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum CborError {
    /// The bytes end inside an item, or are no CBOR at all.
    #[error("the CBOR is cut short or malformed at byte {at}")]
    Malformed {
        /// Offset in bytes from the start of the input.
        at: usize,
    },
    /// Something follows the item.
    #[error("the CBOR item is followed by more ({count} B)")]
    TrailingBytes {
        /// How many bytes are left over.
        count: usize,
    },
    /// Nested deeper than [`MAX_DEPTH`].
    #[error("the CBOR is nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// More members than [`MAX_COUNT`](super::MAX_COUNT).
    #[error("a CBOR list or map claims {claimed} members")]
    TooMany {
        /// The number of members that the header claims.
        claimed: u64,
    },
    /// An indefinite length, which CTAP2 forbids.
    #[error("the CBOR uses an indefinite length, which CTAP2 forbids")]
    Indefinite,
    /// The same key twice in one map.
    #[error("the CBOR map has the member {key} twice")]
    DuplicateKey {
        /// The key, as a person may read it.
        key: String,
    },
    /// A value of another type.
    #[error("{expected} was expected")]
    UnexpectedType {
        /// What should have been there.
        expected: Expected,
    },
    /// A text that is not UTF-8.
    #[error("the text is not UTF-8")]
    NotUtf8,
    /// A byte string of another length.
    #[error("{expected} bytes were expected, and there are {found}")]
    WrongLength {
        /// The length that the specification prescribes.
        expected: usize,
        /// The length found.
        found: usize,
    },
    /// A member that must be there is absent.
    #[error("the member {0} is missing")]
    Missing(&'static str),
}
