//! authenticatorReset, 0x07: the key forgets everything (CTAP 2.3 section 6.6).

use super::{CommandCode, Effect, Request, ResponseError};
use crate::wire::cbor::{Encoded, Map};

/// Wipes the key: every credential, the PIN and the configuration. Keys carry it out only within
/// 10 seconds of power-up, and after a touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reset;

impl Request for Reset {
    type Response = ();

    fn command(&self) -> CommandCode {
        CommandCode::RESET
    }

    fn effect(&self) -> Option<Effect> {
        Some(Effect::Reset)
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
        assert_eq!(Reset.encode(), [0x07]);
        assert_eq!(read_reply(&Reset, &[0]), Ok(()));
        assert_eq!(read_reply(&Reset, &[0, 0xff]), Ok(()));
    }
}
