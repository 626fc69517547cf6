//! Any CBOR item as a tree, for members that this program does not know but must keep or show.

use super::decode::Item;
use super::encode::{Encoded, MapBuilder};
use super::error::CborError;
use minicbor::Decoder;
use minicbor::data::Type;

/// A CBOR item as a tree.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A whole number; CBOR's range is -2^64 to 2^64 - 1.
    Integer(i128),
    /// A byte string.
    Bytes(Vec<u8>),
    /// A text string.
    Text(String),
    /// A list.
    Array(Vec<Value>),
    /// A map, in the order received.
    Map(Vec<(Value, Value)>),
    /// A tagged item.
    Tag(u64, Box<Value>),
    /// `true` or `false`.
    Bool(bool),
    /// A floating-point number.
    Float(f64),
    /// `null`.
    Null,
    /// `undefined`, or a simple value without a meaning here.
    Undefined,
}

impl Value {
    pub(super) fn from_item(item: Item<'_>) -> Result<Self, CborError> {
        let mut decoder = Decoder::new(item.raw());
        let malformed = |_| CborError::Malformed { at: 0 };
        // Depth was limited when the item was parsed, so this recursion is bounded.
        Ok(match decoder.datatype().map_err(malformed)? {
            Type::Bytes => Self::Bytes(item.bytes()?.to_vec()),
            Type::String => Self::Text(item.text()?.to_owned()),
            Type::Array => Self::Array(
                item.array()?.into_iter().map(Self::from_item).collect::<Result<_, _>>()?,
            ),
            Type::Map => {
                // `map` refuses duplicate keys; the keys are read again here as full values.
                item.map()?;
                let count = decoder.map().map_err(malformed)?.unwrap_or_default();
                let mut rest = item.raw().get(decoder.position()..).unwrap_or_default();
                let mut members = Vec::new();
                for _ in 0..count {
                    let (key, after_key) = super::parse_prefix(rest)?;
                    let (value, after_value) = super::parse_prefix(after_key)?;
                    members.push((Self::from_item(key)?, Self::from_item(value)?));
                    rest = after_value;
                }
                Self::Map(members)
            }
            Type::Tag => {
                let tag = decoder.tag().map_err(malformed)?;
                let rest = item.raw().get(decoder.position()..).unwrap_or_default();
                Self::Tag(tag.as_u64(), Box::new(Self::from_item(super::parse(rest)?)?))
            }
            Type::Bool => Self::Bool(item.boolean()?),
            Type::Null => Self::Null,
            Type::F16 => Self::Float(decoder.f16().map_err(malformed)?.into()),
            Type::F32 => Self::Float(decoder.f32().map_err(malformed)?.into()),
            Type::F64 => Self::Float(decoder.f64().map_err(malformed)?),
            Type::Undefined | Type::Simple => Self::Undefined,
            _ => Self::Integer(decoder.int().map_err(malformed)?.into()),
        })
    }

    /// Encodes the tree canonically: maps sorted, shortest forms.
    pub fn encode(&self) -> Encoded {
        match self {
            Self::Integer(number) => match (u64::try_from(*number), i64::try_from(*number)) {
                (Ok(unsigned), _) => Encoded::unsigned(unsigned),
                (_, Ok(signed)) => Encoded::integer(signed),
                // -2^64 to -2^63 - 1: kept in range by minicbor's own type.
                _ => Encoded::big_negative(*number),
            },
            Self::Bytes(bytes) => Encoded::bytes(bytes),
            Self::Text(text) => Encoded::text(text),
            Self::Array(items) => Encoded::array(items.iter().map(Self::encode)),
            Self::Map(members) => {
                let mut builder = MapBuilder::new();
                for (key, value) in members {
                    builder = builder.raw(key.encode(), value.encode());
                }
                builder.build()
            }
            Self::Tag(tag, inner) => Encoded::tagged(*tag, inner.encode()),
            Self::Bool(flag) => Encoded::boolean(*flag),
            Self::Float(number) => Encoded::float(*number),
            Self::Null => Encoded::null(),
            Self::Undefined => Encoded::undefined(),
        }
    }
}
