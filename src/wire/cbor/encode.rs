//! Writing CTAP2 canonical CBOR (CTAP 2.3 section 8): shortest forms, definite lengths, and maps
//! sorted by major type, then length, then bytes of the encoded key.

use minicbor::Encoder;
use std::fmt;

/// One encoded item.
#[derive(Clone, PartialEq, Eq)]
pub struct Encoded(Vec<u8>);

impl fmt::Debug for Encoded {
    /// Shows the length only: an item may hold a secret.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Encoded({} bytes)", self.0.len())
    }
}

impl Encoded {
    /// Writing into a vector cannot fail: minicbor's error type for it is `Infallible`.
    fn write(act: impl FnOnce(&mut Encoder<&mut Vec<u8>>)) -> Self {
        let mut bytes = Vec::new();
        act(&mut Encoder::new(&mut bytes));
        Self(bytes)
    }

    /// A whole number that is not negative.
    pub fn unsigned(number: u64) -> Self {
        Self::write(|encoder| drop(encoder.u64(number)))
    }

    /// A whole number.
    pub fn integer(number: i64) -> Self {
        Self::write(|encoder| drop(encoder.i64(number)))
    }

    /// A negative number beyond 64 bits with sign; anything outside CBOR's range becomes `null`.
    pub(super) fn big_negative(number: i128) -> Self {
        Self::write(|encoder| match minicbor::data::Int::try_from(number) {
            Ok(int) => drop(encoder.int(int)),
            Err(_) => drop(encoder.null()),
        })
    }

    /// A byte string.
    pub fn bytes(bytes: &[u8]) -> Self {
        Self::write(|encoder| drop(encoder.bytes(bytes)))
    }

    /// A text string.
    pub fn text(text: &str) -> Self {
        Self::write(|encoder| drop(encoder.str(text)))
    }

    /// `true` or `false`.
    pub fn boolean(flag: bool) -> Self {
        Self::write(|encoder| drop(encoder.bool(flag)))
    }

    /// `null`.
    pub fn null() -> Self {
        Self::write(|encoder| drop(encoder.null()))
    }

    /// `undefined`.
    pub fn undefined() -> Self {
        Self::write(|encoder| drop(encoder.undefined()))
    }

    /// A floating-point number, as 64 bits.
    pub fn float(number: f64) -> Self {
        Self::write(|encoder| drop(encoder.f64(number)))
    }

    /// A list.
    pub fn array(items: impl IntoIterator<Item = Self>) -> Self {
        let items: Vec<Self> = items.into_iter().collect();
        let mut bytes = Vec::new();
        // A usize always fits 64 bits on the platforms Rust supports.
        let count = u64::try_from(items.len()).unwrap_or(u64::MAX);
        drop(Encoder::new(&mut bytes).array(count));
        for item in items {
            bytes.extend_from_slice(&item.0);
        }
        Self(bytes)
    }

    /// A tagged item.
    pub(super) fn tagged(tag: u64, item: Self) -> Self {
        let mut bytes = Vec::new();
        drop(Encoder::new(&mut bytes).tag(minicbor::data::Tag::new(tag)));
        bytes.extend_from_slice(&item.0);
        Self(bytes)
    }

    /// Takes over bytes that are known to be one item, such as [`Item::raw`](super::Item::raw).
    pub fn from_item(item: super::Item<'_>) -> Self {
        Self(item.raw().to_vec())
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes, taken over.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

/// Builds a map and sorts it canonically, whatever the order of the calls.
#[derive(Clone, Debug, Default)]
pub struct MapBuilder {
    members: Vec<(Encoded, Encoded)>,
}

impl MapBuilder {
    /// Starts an empty map.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a member with an integer key.
    #[must_use]
    pub fn member(self, key: i64, value: Encoded) -> Self {
        self.raw(Encoded::integer(key), value)
    }

    /// Adds a member with an integer key if there is a value.
    #[must_use]
    pub fn optional(self, key: i64, value: Option<Encoded>) -> Self {
        match value {
            Some(value) => self.member(key, value),
            None => self,
        }
    }

    /// Adds a member with a text key.
    #[must_use]
    pub fn text_member(self, key: &str, value: Encoded) -> Self {
        self.raw(Encoded::text(key), value)
    }

    /// Adds a member with any key.
    #[must_use]
    pub fn raw(mut self, key: Encoded, value: Encoded) -> Self {
        self.members.push((key, value));
        self
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Sorts and encodes the map.
    pub fn build(mut self) -> Encoded {
        self.members.sort_by(|(left, _), (right, _)| {
            let rank = |key: &Encoded| (key.0.first().map_or(0, |byte| byte >> 5), key.0.len());
            rank(left).cmp(&rank(right)).then_with(|| left.0.cmp(&right.0))
        });
        let mut bytes = Vec::new();
        let count = u64::try_from(self.members.len()).unwrap_or(u64::MAX);
        drop(Encoder::new(&mut bytes).map(count));
        for (key, value) in self.members {
            bytes.extend_from_slice(&key.0);
            bytes.extend_from_slice(&value.0);
        }
        Encoded(bytes)
    }
}
