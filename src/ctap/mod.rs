//! CTAP2 commands and PIN/UV auth protocols, as values (CTAP 2.3 section 6).
//!
//! One file per command: its request, its response, their member numbers and byte vectors. Pure:
//! no I/O and no clock, and randomness is an argument ([`Random`]). A request knows its command
//! byte and how its reply is read ([`Request`]); moving the bytes is somebody else's work, and so
//! is the order of commands in a ceremony.
//!
//! Requests are canonical CBOR. Replies are read member by member: an absent optional member is
//! `None`, a mistyped one counts as absent and is remembered in `mistyped`, and an unknown one is
//! ignored (getInfo keeps it).

mod command;
mod entity;
mod message;
mod pin;
mod pin_token;
mod random;
mod secret;

pub mod client_pin;
pub mod credential_management;
pub mod extensions;
pub mod get_assertion;
pub mod get_info;
pub mod hmac_secret;
pub mod large_blobs;
pub mod make_credential;
pub mod pin_protocol;
pub mod reset;
pub mod selection;

pub use command::CommandCode;
pub use entity::{CredentialDescriptor, RelyingPartyEntity, UserEntity};
pub use message::{
    Effect, Member, MemberError, ReplyError, Request, ResponseError, read_reply, split_reply,
};
pub use pin::{MAX_PIN_BYTES, MIN_PIN_CODE_POINTS, Pin, PinNotUtf8, PinPolicyError};
pub use pin_protocol::{CryptoError, PinProtocol};
pub use pin_token::{Permissions, PinUvAuth, PinUvAuthToken};
pub use random::{Random, RandomError};
pub use secret::SecretBytes;

#[cfg(test)]
mod testing;
