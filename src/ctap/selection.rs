//! authenticatorSelection, 0x0b: the key waits for a touch (CTAP 2.3 section 6.9).

use super::{CommandCode, Request, ResponseError};
use crate::wire::cbor::{Encoded, Map};

/// Asks for a touch; success says that there was one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Selection;

impl Request for Selection {
    type Response = ();

    fn command(&self) -> CommandCode {
        CommandCode::SELECTION
    }

    fn parameters(&self) -> Option<Encoded> {
        None
    }

    fn decode(&self, _: Map<'_>) -> Result<(), ResponseError> {
        Ok(())
    }

    fn decode_body(&self, _: &[u8]) -> Result<(), ResponseError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctap::read_reply;

    #[test]
    fn it_is_one_byte_and_so_is_the_answer() {
        assert_eq!(Selection.encode(), [0x0b]);
        assert_eq!(read_reply(&Selection, &[0]), Ok(()));
        assert_eq!(read_reply(&Selection, &[0, 0xff]), Ok(()));
    }
}
