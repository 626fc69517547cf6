//! Reading CBOR from somebody who may be hostile.

use super::error::{CborError, Expected};
use super::{MAX_COUNT, MAX_DEPTH, Value};
use minicbor::Decoder;
use minicbor::data::Type;
use std::borrow::Cow;
use std::fmt;

/// One well-formed CBOR item within limits, still as bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Item<'b>(&'b [u8]);

impl fmt::Debug for Item<'_> {
    /// Shows the length only: an item may hold a secret.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Item({} bytes)", self.0.len())
    }
}

/// Checks that `bytes` are exactly one well-formed item within limits.
///
/// # Errors
///
/// [`CborError`] for anything else, trailing bytes included.
pub fn parse(bytes: &[u8]) -> Result<Item<'_>, CborError> {
    let (item, rest) = parse_prefix(bytes)?;
    if rest.is_empty() { Ok(item) } else { Err(CborError::TrailingBytes { count: rest.len() }) }
}

/// Checks that `bytes` start with a well-formed item within limits; gives it and what follows.
///
/// # Errors
///
/// [`CborError`] when they do not.
pub fn parse_prefix(bytes: &[u8]) -> Result<(Item<'_>, &[u8]), CborError> {
    let mut decoder = Decoder::new(bytes);
    // How many items are still due at each open level, of which there are `depth` below the first.
    // A stack of its own, so that no input makes the program's stack grow.
    let mut due = [0_u64; MAX_DEPTH - 1];
    let mut depth = 0_usize;
    let mut due_here = 1_u64;
    loop {
        let Some(left) = due_here.checked_sub(1) else {
            let Some(above) = depth.checked_sub(1) else { break };
            depth = above;
            due_here = due.get(above).copied().unwrap_or_default();
            continue;
        };
        due_here = left;
        let at = decoder.position();
        let malformed = |_| CborError::Malformed { at };
        let members = match decoder.datatype().map_err(malformed)? {
            Type::Array => decoder.array().map_err(malformed)?.map(|count| (count, count)),
            Type::Map => decoder.map().map_err(malformed)?.map(|n| (n, n.saturating_mul(2))),
            Type::Tag => {
                decoder.tag().map_err(malformed)?;
                Some((1, 1))
            }
            Type::ArrayIndef
            | Type::MapIndef
            | Type::BytesIndef
            | Type::StringIndef
            | Type::Break => None,
            Type::Unknown(_) => return Err(CborError::Malformed { at }),
            Type::String => {
                // minicbor would refuse text that is not UTF-8, which some keys send.
                let text = bytes.get(at..).and_then(text_bytes);
                let (header, text) = text.ok_or(CborError::Malformed { at })?;
                decoder.set_position(at.saturating_add(header).saturating_add(text.len()));
                continue;
            }
            _ => {
                decoder.skip().map_err(malformed)?;
                continue;
            }
        };
        let (claimed, items) = members.ok_or(CborError::Indefinite)?;
        if usize::try_from(claimed).map_or(true, |count| count > MAX_COUNT) {
            return Err(CborError::TooMany { claimed });
        }
        let level = due.get_mut(depth).ok_or(CborError::TooDeep)?;
        *level = due_here;
        due_here = items;
        depth = depth.saturating_add(1);
    }
    let end = decoder.position();
    match bytes.split_at_checked(end) {
        Some((item, rest)) => Ok((Item(item), rest)),
        None => Err(CborError::Malformed { at: bytes.len() }),
    }
}

impl<'b> Item<'b> {
    /// The item's own bytes, exactly as received.
    pub fn raw(self) -> &'b [u8] {
        self.0
    }

    fn decoder(self) -> Decoder<'b> {
        Decoder::new(self.0)
    }

    fn wrong(expected: Expected) -> CborError {
        CborError::UnexpectedType { expected }
    }

    /// Reads a whole number that is not negative.
    ///
    /// # Errors
    ///
    /// When it is something else.
    pub fn unsigned(self) -> Result<u64, CborError> {
        self.decoder().u64().map_err(|_| Self::wrong(Expected::Unsigned))
    }

    /// Reads a whole number that fits 64 bits with its sign.
    ///
    /// # Errors
    ///
    /// When it is something else.
    pub fn integer(self) -> Result<i64, CborError> {
        self.decoder().i64().map_err(|_| Self::wrong(Expected::Integer))
    }

    /// Reads `true` or `false`.
    ///
    /// # Errors
    ///
    /// When it is something else.
    pub fn boolean(self) -> Result<bool, CborError> {
        self.decoder().bool().map_err(|_| Self::wrong(Expected::Bool))
    }

    /// Reads a byte string.
    ///
    /// # Errors
    ///
    /// When it is something else.
    pub fn bytes(self) -> Result<&'b [u8], CborError> {
        self.decoder().bytes().map_err(|_| Self::wrong(Expected::Bytes))
    }

    /// Reads a byte string of exactly `N` bytes.
    ///
    /// # Errors
    ///
    /// When it is something else or of another length.
    pub fn bytes_exact<const N: usize>(self) -> Result<[u8; N], CborError> {
        let bytes = self.bytes()?;
        bytes.try_into().map_err(|_| CborError::WrongLength { expected: N, found: bytes.len() })
    }

    /// Reads a text string that is valid UTF-8.
    ///
    /// # Errors
    ///
    /// When it is something else.
    pub fn text(self) -> Result<&'b str, CborError> {
        std::str::from_utf8(self.text_bytes()?).map_err(|_| CborError::NotUtf8)
    }

    /// Reads a text string; bytes that are not UTF-8 become U+FFFD.
    ///
    /// Some keys cut names in the middle of a character.
    ///
    /// # Errors
    ///
    /// When it is not a text.
    pub fn text_lossy(self) -> Result<Cow<'b, str>, CborError> {
        Ok(String::from_utf8_lossy(self.text_bytes()?))
    }

    /// The bytes of a text string, whether they are UTF-8 or not.
    fn text_bytes(self) -> Result<&'b [u8], CborError> {
        text_bytes(self.0).map(|(_, text)| text).ok_or(Self::wrong(Expected::Text))
    }

    /// Reads a list.
    ///
    /// # Errors
    ///
    /// When it is something else.
    pub fn array(self) -> Result<Vec<Item<'b>>, CborError> {
        let mut decoder = self.decoder();
        let count = match decoder.array() {
            Ok(Some(count)) => count,
            _ => return Err(Self::wrong(Expected::Array)),
        };
        let mut rest = self.0.get(decoder.position()..).unwrap_or_default();
        let mut items = Vec::new();
        for _ in 0..count {
            let (item, after) = parse_prefix(rest)?;
            items.push(item);
            rest = after;
        }
        Ok(items)
    }

    /// Splits a map into keys and raw values.
    ///
    /// # Errors
    ///
    /// When it is something else, or holds a key twice.
    pub fn map(self) -> Result<Map<'b>, CborError> {
        let mut decoder = self.decoder();
        let count = match decoder.map() {
            Ok(Some(count)) => count,
            _ => return Err(Self::wrong(Expected::Map)),
        };
        let mut rest = self.0.get(decoder.position()..).unwrap_or_default();
        // Compared by value, so that 1 and a long form of 1 count as the same key. One by one while
        // there are few, as there are in every honest map; a large one must not take its square.
        const FEW: usize = 64;
        let mut members = Vec::with_capacity(usize::try_from(count).map_or(FEW, |n| n.min(FEW)));
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..count {
            let (key, after_key) = parse_prefix(rest)?;
            let (value, after_value) = parse_prefix(after_key)?;
            rest = after_value;
            let key = Key::of(key);
            if members.len() == FEW {
                seen.extend(members.iter().map(|(key, _)| *key));
            }
            let known = if members.len() < FEW {
                members.iter().any(|(earlier, _)| *earlier == key)
            } else {
                !seen.insert(key)
            };
            if known {
                return Err(CborError::DuplicateKey { key: key.to_string() });
            }
            members.push((key, value));
        }
        Ok(Map { members, whole: self })
    }

    /// Reads whatever it is into a tree.
    ///
    /// # Errors
    ///
    /// When a text in it is not UTF-8 or a map in it holds a key twice.
    pub fn value(self) -> Result<Value, CborError> {
        Value::from_item(self)
    }
}

/// The length of a text string's header and its bytes, when `bytes` start with one.
fn text_bytes(bytes: &[u8]) -> Option<(usize, &[u8])> {
    // Major type 3; the low five bits are the length, or say how many bytes of length follow
    // (RFC 8949 section 3).
    let (first, rest) = bytes.split_first()?;
    let length_bytes = match first {
        0x60..=0x77 => 0,
        0x78 => 1,
        0x79 => 2,
        0x7a => 4,
        0x7b => 8,
        _ => return None,
    };
    let (length, rest) = rest.split_at_checked(length_bytes)?;
    let length = if length_bytes == 0 {
        u64::from(first & 0x1f)
    } else {
        length.iter().fold(0, |sum, byte| (sum << 8) | u64::from(*byte))
    };
    let text = rest.get(..usize::try_from(length).ok()?)?;
    Some((length_bytes.saturating_add(1), text))
}

/// A key of a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key<'b> {
    /// A whole number.
    Integer(i64),
    /// A text.
    Text(&'b str),
    /// Anything else, as its bytes.
    Other(&'b [u8]),
}

impl<'b> Key<'b> {
    /// Reads a key.
    pub fn of(item: Item<'b>) -> Self {
        if let Ok(number) = item.integer() {
            Self::Integer(number)
        } else if let Ok(text) = item.text() {
            Self::Text(text)
        } else {
            Self::Other(item.raw())
        }
    }
}

impl fmt::Display for Key<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(number) if *number < 0 => write!(formatter, "{number}"),
            Self::Integer(number) => write!(formatter, "0x{number:02x}"),
            Self::Text(text) => write!(formatter, "{text:?}"),
            Self::Other(bytes) => write!(formatter, "h'{bytes:02x?}'"),
        }
    }
}

/// A map, split into keys and raw values in the order received.
#[derive(Clone, Debug)]
pub struct Map<'b> {
    members: Vec<(Key<'b>, Item<'b>)>,
    whole: Item<'b>,
}

impl<'b> Map<'b> {
    /// The value of an integer key, or `None` when the member is absent.
    pub fn get(&self, key: i64) -> Option<Item<'b>> {
        self.find(Key::Integer(key))
    }

    /// The value of a text key, or `None` when the member is absent.
    pub fn get_text(&self, key: &str) -> Option<Item<'b>> {
        self.members
            .iter()
            .find(|(candidate, _)| matches!(candidate, Key::Text(text) if *text == key))
            .map(|(_, value)| *value)
    }

    fn find(&self, key: Key<'_>) -> Option<Item<'b>> {
        self.members.iter().find(|(candidate, _)| *candidate == key).map(|(_, value)| *value)
    }

    /// The map's own bytes, exactly as received.
    pub fn raw(&self) -> &'b [u8] {
        self.whole.raw()
    }

    /// Every member in the order received.
    pub fn members(&self) -> &[(Key<'b>, Item<'b>)] {
        &self.members
    }
}
