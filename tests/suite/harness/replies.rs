//! What a key says, changed on its way.

use fidokey::wire::cbor::{self, Encoded, Key, Value};

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

/// The members of a request or a successful reply, without its first byte.
pub fn members(message: &[u8]) -> Vec<(i64, Vec<u8>)> {
    let map = cbor::parse(&message[1..]).unwrap().map().unwrap();
    let integer = |key: &Key<'_>| match key {
        Key::Integer(number) => *number,
        key => panic!("{key}"),
    };
    map.members().iter().map(|(key, item)| (integer(key), item.raw().to_vec())).collect()
}

/// A reply with other members, in any order.
pub fn reply_of(members: &[(i64, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = vec![0, 0xa0 | u8::try_from(members.len()).unwrap()];
    for (key, value) in members {
        bytes.extend_from_slice(Encoded::integer(*key).as_bytes());
        bytes.extend_from_slice(value);
    }
    bytes
}
