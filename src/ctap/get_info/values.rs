//! The forms that values of members have.

use crate::wire::cbor::{CborError, Expected, Item, Key};
use crate::wire::cose::Algorithm;

pub(super) fn texts(item: Item<'_>) -> Result<Vec<String>, CborError> {
    item.array()?.into_iter().map(|text| Ok(text.text_lossy()?.into_owned())).collect()
}

pub(super) fn numbers(item: Item<'_>) -> Result<Vec<u64>, CborError> {
    item.array()?.into_iter().map(Item::unsigned).collect()
}

pub(super) fn byte_string(item: Item<'_>) -> Result<Vec<u8>, CborError> {
    item.bytes().map(<[u8]>::to_vec)
}

/// The specification has a byte string here, which reads like a slip; text is taken as well.
pub(super) fn url(item: Item<'_>) -> Result<String, CborError> {
    match item.bytes() {
        Ok(bytes) => Ok(String::from_utf8_lossy(bytes).into_owned()),
        Err(_) => Ok(item.text_lossy()?.into_owned()),
    }
}

pub(super) fn algorithms(item: Item<'_>) -> Result<Vec<Algorithm>, CborError> {
    let algorithm = |entry: Item<'_>| {
        let number = entry.map()?.get_text("alg").ok_or(CborError::Missing("alg"))?.integer()?;
        Ok(Algorithm(number))
    };
    item.array()?.into_iter().map(algorithm).collect()
}

pub(super) fn certifications(item: Item<'_>) -> Result<Vec<(String, u64)>, CborError> {
    let map = item.map()?;
    let entry = |(key, value): &(Key<'_>, Item<'_>)| match key {
        Key::Text(name) => Ok(((*name).to_owned(), value.unsigned()?)),
        Key::Integer(_) | Key::Other(_) => {
            Err(CborError::UnexpectedType { expected: Expected::Text })
        }
    };
    map.members().iter().map(entry).collect()
}
