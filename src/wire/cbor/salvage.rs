//! As much of a map as can be read, for whoever has to show it rather than use it.

use super::MAX_COUNT;
use super::decode::{Item, parse_prefix};
use super::error::{CborError, Expected};
use minicbor::Decoder;

/// What of a map could be read.
#[derive(Debug)]
pub struct Salvage<'b> {
    /// Every member up to the fault, in the order received; a key may stand in it twice.
    pub members: Vec<(Item<'b>, Item<'b>)>,
    /// What is wrong, where something is.
    pub fault: Option<Fault<'b>>,
}

/// Where and why bytes stop being the map that they begin as.
#[derive(Debug)]
pub struct Fault<'b> {
    /// Offset in bytes from the start of the input.
    pub at: usize,
    /// What is wrong.
    pub error: CborError,
    /// Everything from there on.
    pub rest: &'b [u8],
}

/// Reads a map member by member until its end or a fault. Duplicate keys are none.
///
/// The limits are those of [`parse`](super::parse): a map inside is one level deeper.
pub fn salvage_map(bytes: &[u8]) -> Salvage<'_> {
    let mut members = Vec::new();
    let fault = read(bytes, &mut members).err().map(|(rest, error)| Fault {
        at: bytes.len().saturating_sub(rest.len()),
        error,
        rest,
    });
    Salvage { members, fault }
}

fn read<'b>(
    bytes: &'b [u8],
    members: &mut Vec<(Item<'b>, Item<'b>)>,
) -> Result<(), (&'b [u8], CborError)> {
    let mut decoder = Decoder::new(bytes);
    let not_a_map = CborError::UnexpectedType { expected: Expected::Map };
    let count = match decoder.map() {
        Ok(Some(count)) => count,
        Ok(None) => return Err((bytes, CborError::Indefinite)),
        Err(_) => return Err((bytes, not_a_map)),
    };
    if usize::try_from(count).map_or(true, |count| count > MAX_COUNT) {
        return Err((bytes, CborError::TooMany { claimed: count }));
    }
    let mut rest = bytes.get(decoder.position()..).unwrap_or_default();
    for _ in 0..count {
        let (key, after_key) = parse_prefix(rest).map_err(|error| (rest, error))?;
        let (value, after_value) = parse_prefix(after_key).map_err(|error| (rest, error))?;
        members.push((key, value));
        rest = after_value;
    }
    match rest.len() {
        0 => Ok(()),
        count => Err((rest, CborError::TrailingBytes { count })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::cbor::Key;

    fn keys(salvage: &Salvage<'_>) -> Vec<String> {
        salvage.members.iter().map(|(key, _)| Key::of(*key).to_string()).collect()
    }

    #[test]
    fn a_map_is_read_up_to_its_fault() {
        let whole = salvage_map(&[0xa2, 1, 2, 3, 4]);
        assert_eq!(keys(&whole), ["0x01", "0x03"]);
        assert!(whole.fault.is_none());

        let cut = salvage_map(&[0xa2, 1, 2, 3, 0x42, 9]);
        assert_eq!(keys(&cut), ["0x01"]);
        let fault = cut.fault.unwrap();
        assert_eq!((fault.at, fault.rest), (3, &[3, 0x42, 9][..]));

        let longer = salvage_map(&[0xa1, 1, 2, 3]).fault.unwrap();
        assert_eq!((longer.at, longer.error), (3, CborError::TrailingBytes { count: 1 }));
    }

    #[test]
    fn what_is_no_map_is_a_fault_from_the_start() {
        for bytes in [&[][..], &[0x01], &[0x80], &[0xbf, 1, 2, 0xff], &[0xb9, 0xff, 0xff]] {
            let salvage = salvage_map(bytes);
            assert!(salvage.members.is_empty());
            let fault = salvage.fault.unwrap();
            assert_eq!((fault.at, fault.rest), (0, bytes));
        }
    }

    #[test]
    fn a_key_that_stands_twice_is_kept_twice() {
        let salvage = salvage_map(&[0xa2, 1, 2, 1, 3]);
        assert_eq!(keys(&salvage), ["0x01", "0x01"]);
        assert!(salvage.fault.is_none());
    }
}
