//! authenticatorLargeBlobs, 0x0C: the store that all large blobs of a key share, read and written
//! in fragments (CTAP 2.3 section 6.10). What is in it is in [`LargeBlobArray`].

mod array;

pub use array::{LargeBlobArray, LargeBlobError, MAX_BLOB};

use super::message::Members;
use super::{CommandCode, Member, PinUvAuth, PinUvAuthToken, Request, ResponseError};
use crate::wire::cbor::{Encoded, Item, Map, MapBuilder};
use sha2::{Digest, Sha256};

const CONFIG: Member = Member::new(1, "config");

/// What a message of a fragment needs besides the fragment (section 6.10.2).
const OVERHEAD: u64 = 64;

/// The shortest message that every key takes (section 6.4, maxMsgSize).
const LEAST_MESSAGE: u64 = 1024;

/// The longest fragment for a key that takes messages of this size. A key that says less than every key
/// takes would have its store moved byte by byte.
pub fn max_fragment(max_msg_size: u64) -> u64 {
    max_msg_size.max(LEAST_MESSAGE).saturating_sub(OVERHEAD)
}

/// Reads a fragment of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GetLargeBlobs {
    /// Where it begins.
    pub offset: u64,
    /// How many bytes are wanted; fewer come at the end.
    pub count: u64,
}

/// Writes a fragment of the store. The first says how long the whole is, and with the last all of
/// it takes the place of what was there.
#[derive(Clone, Debug)]
pub struct SetLargeBlobs {
    /// Where it begins.
    pub offset: u32,
    /// The bytes.
    pub fragment: Vec<u8>,
    /// The length of the whole, with the first fragment only.
    pub length: Option<u64>,
    /// Authentication of the fragment with a token, on a key that has a PIN or the like.
    pub pin_uv_auth: Option<PinUvAuth>,
}

impl SetLargeBlobs {
    /// Authenticates the fragment: 32 times 0xff, the command, the offset and the fragment's hash.
    pub fn authenticate(&mut self, token: &PinUvAuthToken) {
        let mut message = vec![0xff; 32];
        message.extend_from_slice(&[CommandCode::LARGE_BLOBS.0, 0x00]);
        message.extend_from_slice(&self.offset.to_le_bytes());
        message.extend_from_slice(&Sha256::digest(&self.fragment));
        self.pin_uv_auth = Some(token.authenticate(&message));
    }
}

impl Request for GetLargeBlobs {
    type Response = Vec<u8>;

    fn command(&self) -> CommandCode {
        CommandCode::LARGE_BLOBS
    }

    fn parameters(&self) -> Option<Encoded> {
        let map = MapBuilder::new()
            .member(0x01, Encoded::unsigned(self.count))
            .member(0x03, Encoded::unsigned(self.offset));
        Some(map.build())
    }

    fn decode(&self, map: Map<'_>) -> Result<Vec<u8>, ResponseError> {
        Members::new(map).required(CONFIG, Item::bytes).map(<[u8]>::to_vec)
    }
}

impl Request for SetLargeBlobs {
    type Response = ();

    fn command(&self) -> CommandCode {
        CommandCode::LARGE_BLOBS
    }

    fn parameters(&self) -> Option<Encoded> {
        let auth = self.pin_uv_auth.as_ref();
        let map = MapBuilder::new()
            .member(0x02, Encoded::bytes(&self.fragment))
            .member(0x03, Encoded::unsigned(self.offset.into()))
            .optional(0x04, self.length.map(Encoded::unsigned))
            .optional(0x05, auth.map(PinUvAuth::encode_param))
            .optional(0x06, auth.map(PinUvAuth::encode_protocol));
        Some(map.build())
    }

    fn decode(&self, _: Map<'_>) -> Result<(), ResponseError> {
        Ok(())
    }

    fn decode_body(&self, _: &[u8]) -> Result<(), ResponseError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
