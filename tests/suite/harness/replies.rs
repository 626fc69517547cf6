//! What a key says, changed on its way.

use super::{MessageFault, Reaction};
use fidokey::wire::cbor::{self, Value};

/// Changes the key's successful replies to these subcommands of credential management.
pub fn edit(
    request: &[u8],
    reply: Vec<u8>,
    subcommands: &[u8],
    change: impl FnOnce(&mut Value),
) -> Vec<u8> {
    if request[0] != 0x0a || !subcommands.contains(&request[3]) || reply[0] != 0 {
        return reply;
    }
    edited(reply, change)
}

/// Changes a successful reply.
pub fn edited(reply: Vec<u8>, change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut value = cbor::parse(&reply[1..]).unwrap().value().unwrap();
    change(&mut value);
    [&[0], value.encode().as_bytes()].concat()
}

/// A member of a map.
pub fn member(map: &mut Value, key: impl Into<Label>) -> &mut Value {
    let Label(key) = key.into();
    let Value::Map(members) = map else { panic!("{map:?}") };
    &mut members.iter_mut().find(|(candidate, _)| *candidate == key).unwrap().1
}

/// A key of a map.
pub struct Label(pub Value);

impl From<i32> for Label {
    fn from(number: i32) -> Self {
        Self(Value::Integer(number.into()))
    }
}

impl From<&str> for Label {
    fn from(text: &str) -> Self {
        Self(Value::Text(text.to_owned()))
    }
}

/// A fault that decides what becomes of requests.
pub struct On<F>(pub F);

impl<F: FnMut(&[u8]) -> Reaction + Send> MessageFault for On<F> {
    fn request(&mut self, request: &[u8]) -> Reaction {
        (self.0)(request)
    }
}
