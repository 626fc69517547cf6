//! From CBOR to named members, with secrets masked.
//!
//! A text is a JSON text and a number a JSON number. What JSON has no form for is an object of one
//! member: a byte string is `{"hex": "00ff"}`, a masked value `{"masked": 16}` with its length in
//! bytes, a number with a name `{"name": "ES256", "number": -7}`, and anything else `{"cbor": "…"}`
//! in diagnostic notation.

use super::entry::Undecodable;
use super::members::EXTENSIONS;
use super::shape::{Field, Shape, cose_fields, find, info_member};
use crate::wire::authenticator_data::AuthenticatorData;
use crate::wire::cbor::{self, Fault, Item, Key};
use crate::wire::text;
use serde_json::{Map, Value, json};

/// Which fields are masked: all that are secret. A test can leave one out, to see that it would
/// notice.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Masking {
    #[cfg(test)]
    pub(super) all_but: Option<&'static str>,
}

impl Masking {
    #[cfg(test)]
    fn hides(self, name: &str) -> bool {
        self.all_but != Some(name)
    }

    #[cfg(not(test))]
    fn hides(self, _: &str) -> bool {
        true
    }
}

/// Bytes as they are.
pub(super) fn hex(bytes: &[u8]) -> Value {
    json!({ "hex": text::hex(bytes) })
}

/// Bytes of which only the number is shown.
pub(super) fn masked(length: usize) -> Value {
    json!({ "masked": length })
}

/// The body of a message, decoded as far as it can be.
pub(super) struct Body {
    /// Its members.
    pub(super) members: Option<Value>,
    /// The rest, where something is wrong.
    pub(super) undecodable: Option<Undecodable>,
}

/// Decodes the map that follows a command or status byte. `may_hold_secret` says whether what cannot
/// be decoded may be shown.
pub(super) fn body(bytes: &[u8], shape: &Shape, may_hold_secret: bool, masking: Masking) -> Body {
    if bytes.is_empty() {
        return Body { members: None, undecodable: None };
    }
    let decoder = Decoder { may_hold_secret, masking };
    let (members, fault) = decoder.map(bytes, shape);
    let undecodable = fault.map(|Fault { at, error, rest }| Undecodable {
        reason: error.to_string(),
        // The command or status byte comes first.
        at: at.saturating_add(1),
        data: decoder.rest(rest),
    });
    let is_empty = members.as_object().is_some_and(Map::is_empty) && undecodable.is_some();
    Body { members: (!is_empty).then_some(members), undecodable }
}

struct Decoder {
    may_hold_secret: bool,
    masking: Masking,
}

impl Decoder {
    /// What nobody can make sense of.
    fn rest(&self, bytes: &[u8]) -> Value {
        if self.may_hold_secret { masked(bytes.len()) } else { hex(bytes) }
    }

    /// The members of a map, up to a fault.
    fn map<'b>(&self, bytes: &'b [u8], shape: &Shape) -> (Value, Option<Fault<'b>>) {
        let salvage = cbor::salvage_map(bytes);
        let integer = |item: Item<'_>| item.integer().ok();
        let key_type = salvage.members.iter().find(|(key, _)| integer(*key) == Some(1));
        let key_type = key_type.and_then(|(_, value)| integer(*value));
        let mut object = Map::new();
        for (key, value) in &salvage.members {
            let (name, shown) = self.member(Key::of(*key), *value, shape, key_type);
            // A key that stands twice is shown twice.
            let mut unused = name.clone();
            for again in 2.. {
                if !object.contains_key(&unused) {
                    break;
                }
                unused = format!("{name} ({again})");
            }
            object.insert(unused, shown);
        }
        (Value::Object(object), salvage.fault)
    }

    fn member(
        &self,
        key: Key<'_>,
        value: Item<'_>,
        shape: &Shape,
        key_type: Option<i64>,
    ) -> (String, Value) {
        let numbered = |fields: &'static [Field], stranger: &'static Shape| match key {
            Key::Integer(number) => match find(fields, number) {
                Some(field) => (field.name.to_owned(), &field.shape),
                None => (key.to_string(), stranger),
            },
            Key::Text(_) | Key::Other(_) => (key.to_string(), stranger),
        };
        let (name, shape) = match shape {
            Shape::Members(fields) => numbered(fields, &Shape::Plain),
            Shape::Guarded(fields) | Shape::GuardedOrSecret(fields) => {
                numbered(fields, &Shape::Secret)
            }
            Shape::CoseKey => numbered(cose_fields(key_type), &Shape::Secret),
            Shape::Info => match key {
                Key::Integer(number) => info_member(number)
                    .map_or((key.to_string(), &Shape::Plain), |(name, shape)| {
                        (name.to_owned(), shape)
                    }),
                Key::Text(_) | Key::Other(_) => (key.to_string(), &Shape::Plain),
            },
            Shape::Texts(known) => match key {
                Key::Text(text) => {
                    let known = known.iter().find(|(name, _)| *name == text);
                    (text.to_owned(), known.map_or(&Shape::Plain, |(_, shape)| shape))
                }
                Key::Integer(_) | Key::Other(_) => (key.to_string(), &Shape::Plain),
            },
            _ => match key {
                Key::Text(text) => (text.to_owned(), &Shape::Plain),
                Key::Integer(_) | Key::Other(_) => (key.to_string(), &Shape::Plain),
            },
        };
        let shown = self.value(&name, value, shape);
        (name, shown)
    }

    /// One value.
    fn value(&self, name: &str, item: Item<'_>, shape: &Shape) -> Value {
        match shape {
            Shape::Secret => self.secret(name, item),
            Shape::GuardedOrSecret(_) if item.map().is_err() => self.secret(name, item),
            Shape::Each(inner) => match item.array() {
                Ok(items) => items.into_iter().map(|item| self.value(name, item, inner)).collect(),
                Err(_) => self.plain(name, item, &Shape::Plain),
            },
            Shape::Name(naming) => match item.integer() {
                Ok(number) => match naming(number) {
                    Some(name) => json!({ "name": name, "number": number }),
                    None => number.into(),
                },
                Err(_) => self.plain(name, item, &Shape::Plain),
            },
            Shape::Bits(names) => match item.unsigned() {
                Ok(bits) => {
                    let set = names.iter().filter(|(bit, _)| bits & bit != 0);
                    let names: Vec<&str> = set.map(|(_, name)| *name).collect();
                    json!({ "names": names, "number": bits })
                }
                Err(_) => self.plain(name, item, &Shape::Plain),
            },
            Shape::AuthenticatorData => match item.bytes() {
                Ok(bytes) => self.authenticator_data(bytes),
                Err(_) => self.rest(item.raw()),
            },
            shape => self.plain(name, item, shape),
        }
    }

    /// A value whose content is shown, if only in part.
    fn plain(&self, name: &str, item: Item<'_>, shape: &Shape) -> Value {
        if let Ok(bytes) = item.bytes() {
            return hex(bytes);
        }
        if let Ok(text) = item.text_lossy() {
            return text.into();
        }
        if let Ok(items) = item.array() {
            return items.into_iter().map(|item| self.value(name, item, &Shape::Plain)).collect();
        }
        // The map was checked as a part of the message, so that nothing in it is a fault.
        let (members, fault) = self.map(item.raw(), shape);
        if fault.is_none() {
            return members;
        }
        if let Ok(number) = item.unsigned() {
            return number.into();
        }
        if let Ok(number) = item.integer() {
            return number.into();
        }
        match item.value() {
            Ok(cbor::Value::Bool(flag)) => flag.into(),
            Ok(cbor::Value::Null) => Value::Null,
            Ok(cbor::Value::Float(number)) if number.is_finite() => number.into(),
            Ok(other) => json!({ "cbor": other.to_string() }),
            Err(error) => {
                json!({ "undecodable": error.to_string(), "data": self.rest(item.raw()) })
            }
        }
    }

    fn secret(&self, name: &str, item: Item<'_>) -> Value {
        if !self.masking.hides(name) {
            return self.plain(name, item, &Shape::Plain);
        }
        match item.value() {
            Ok(cbor::Value::Bool(flag)) => flag.into(),
            Ok(cbor::Value::Null) => Value::Null,
            _ => masked(item.bytes().map_or(item.raw().len(), <[u8]>::len)),
        }
    }

    /// Authenticator data (WebAuthn Level 3 section 6.1).
    fn authenticator_data(&self, bytes: &[u8]) -> Value {
        let data = match AuthenticatorData::parse(bytes) {
            Ok(data) => data,
            Err(error) => {
                return json!({ "undecodable": error.to_string(), "data": self.rest(bytes) });
            }
        };
        let flags: Vec<String> =
            data.flags.to_string().split_whitespace().map(str::to_owned).collect();
        let mut object = Map::new();
        object.insert("rpIdHash".to_owned(), hex(&data.rp_id_hash));
        object.insert("flags".to_owned(), json!({ "names": flags, "number": data.flags.0 }));
        object.insert("signCount".to_owned(), data.sign_count.into());
        if let Some(credential) = &data.attested_credential {
            object.insert("aaguid".to_owned(), hex(&credential.aaguid.0));
            object.insert("credentialId".to_owned(), hex(&credential.credential_id));
            let (key, _) = self.map(&credential.public_key.raw, &Shape::CoseKey);
            object.insert("credentialPublicKey".to_owned(), key);
        }
        if let Some(extensions) = &data.extensions {
            let (extensions, _) = self.map(extensions, &EXTENSIONS);
            object.insert("extensions".to_owned(), extensions);
        }
        Value::Object(object)
    }
}
