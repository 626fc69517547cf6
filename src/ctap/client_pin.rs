//! authenticatorClientPIN, 0x06: retries, key agreement, setting and changing the PIN, and tokens
//! (CTAP 2.3 section 6.5). One request type for each subcommand.

use super::message::Members;
use super::pin_protocol::{CryptoError, KeyAgreementKey, SharedSecret};
use super::{
    CommandCode, Effect, Member, Permissions, Pin, PinProtocol, PinUvAuthToken, Random, Request,
    ResponseError,
};
use crate::wire::cbor::{Encoded, Item, Map, MapBuilder};

const KEY_AGREEMENT: Member = Member::new(1, "keyAgreement");
const PIN_UV_AUTH_TOKEN: Member = Member::new(2, "pinUvAuthToken");
const PIN_RETRIES: Member = Member::new(3, "pinRetries");
const POWER_CYCLE_STATE: Member = Member::new(4, "powerCycleState");
const UV_RETRIES: Member = Member::new(5, "uvRetries");

/// The first two parameters, which every subcommand has.
fn subcommand(protocol: PinProtocol, number: u64) -> MapBuilder {
    MapBuilder::new().member(0x01, protocol.encode()).member(0x02, Encoded::unsigned(number))
}

macro_rules! client_pin {
    () => {
        fn command(&self) -> CommandCode {
            CommandCode::CLIENT_PIN
        }
    };
}

/// Subcommand 0x01: how many wrong PINs are left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GetPinRetries {
    /// Any protocol that the key knows; keys of CTAP 2.0 insist on one.
    pub protocol: PinProtocol,
}

/// How many wrong PINs are left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinRetries {
    /// Wrong PINs before the PIN is blocked for good.
    pub remaining: u64,
    /// Whether the key takes no PIN before it is plugged in again.
    pub power_cycle_state: Option<bool>,
}

impl Request for GetPinRetries {
    type Response = PinRetries;
    client_pin!();

    fn parameters(&self) -> Option<Encoded> {
        Some(subcommand(self.protocol, 0x01).build())
    }

    fn decode(&self, map: Map<'_>) -> Result<PinRetries, ResponseError> {
        let mut members = Members::new(map);
        Ok(PinRetries {
            remaining: members.required(PIN_RETRIES, Item::unsigned)?,
            power_cycle_state: members.optional(POWER_CYCLE_STATE, Item::boolean),
        })
    }
}

/// Subcommand 0x07: how many failures of built-in user verification are left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GetUvRetries {
    /// Any protocol that the key knows.
    pub protocol: PinProtocol,
}

/// How many failures of built-in user verification are left before only the PIN helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UvRetries {
    /// The number left.
    pub remaining: u64,
}

impl Request for GetUvRetries {
    type Response = UvRetries;
    client_pin!();

    fn parameters(&self) -> Option<Encoded> {
        Some(subcommand(self.protocol, 0x07).build())
    }

    fn decode(&self, map: Map<'_>) -> Result<UvRetries, ResponseError> {
        let remaining = Members::new(map).required(UV_RETRIES, Item::unsigned)?;
        Ok(UvRetries { remaining })
    }
}

/// Subcommand 0x02: the key's half of the key agreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GetKeyAgreement {
    /// The protocol that the agreement is for.
    pub protocol: PinProtocol,
}

impl Request for GetKeyAgreement {
    type Response = KeyAgreementKey;
    client_pin!();

    fn parameters(&self) -> Option<Encoded> {
        Some(subcommand(self.protocol, 0x02).build())
    }

    fn decode(&self, map: Map<'_>) -> Result<KeyAgreementKey, ResponseError> {
        Members::new(map).required(KEY_AGREEMENT, KeyAgreementKey::from_item)
    }
}

/// Subcommand 0x03: sets the PIN of a key that has none.
#[derive(Clone, Debug)]
pub struct SetPin {
    parameters: Encoded,
}

impl SetPin {
    /// Encrypts and authenticates the new PIN.
    ///
    /// # Errors
    ///
    /// When the PIN is longer than 63 bytes, or there is no randomness.
    pub fn new(
        secret: &SharedSecret,
        new: &Pin,
        random: &mut dyn Random,
    ) -> Result<Self, CryptoError> {
        let new_pin_enc = new.encrypted(secret, random)?;
        let parameters = subcommand(secret.protocol(), 0x03)
            .member(0x03, secret.platform_key().clone())
            .member(0x04, secret.authenticate(&new_pin_enc).encode_param())
            .member(0x05, Encoded::bytes(&new_pin_enc))
            .build();
        Ok(Self { parameters })
    }
}

/// Subcommand 0x04: changes the PIN. A wrong current PIN costs a retry.
#[derive(Clone, Debug)]
pub struct ChangePin {
    parameters: Encoded,
}

impl ChangePin {
    /// Encrypts and authenticates both PINs.
    ///
    /// # Errors
    ///
    /// When the new PIN is longer than 63 bytes, or there is no randomness.
    pub fn new(
        secret: &SharedSecret,
        current: &Pin,
        new: &Pin,
        random: &mut dyn Random,
    ) -> Result<Self, CryptoError> {
        let new_pin_enc = new.encrypted(secret, random)?;
        let pin_hash_enc = current.hash_encrypted(secret, random)?;
        let message = [new_pin_enc.as_slice(), pin_hash_enc.as_slice()].concat();
        let parameters = subcommand(secret.protocol(), 0x04)
            .member(0x03, secret.platform_key().clone())
            .member(0x04, secret.authenticate(&message).encode_param())
            .member(0x05, Encoded::bytes(&new_pin_enc))
            .member(0x06, Encoded::bytes(&pin_hash_enc))
            .build();
        Ok(Self { parameters })
    }
}

/// Requests whose success says everything: a body is not looked at, so that no fault in it makes
/// a change that was made look like one that was not.
macro_rules! without_response {
    ($($request:ident $effect:ident;)*) => {
        $(impl Request for $request {
            type Response = ();
            client_pin!();

            fn effect(&self) -> Option<Effect> {
                Some(Effect::$effect)
            }

            fn parameters(&self) -> Option<Encoded> {
                Some(self.parameters.clone())
            }

            fn decode(&self, _: Map<'_>) -> Result<(), ResponseError> {
                Ok(())
            }

            fn decode_body(&self, _: &[u8]) -> Result<(), ResponseError> {
                Ok(())
            }
        })*
    };
}

without_response! {
    SetPin PinSet;
    ChangePin PinChanged;
}

/// Subcommand 0x05: a token for the PIN, for keys that give none with permissions. A wrong PIN
/// costs a retry.
#[derive(Clone, Debug)]
pub struct GetPinToken {
    parameters: Encoded,
}

impl GetPinToken {
    /// Encrypts the PIN's hash.
    ///
    /// # Errors
    ///
    /// When there is no randomness.
    pub fn new(
        secret: &SharedSecret,
        pin: &Pin,
        random: &mut dyn Random,
    ) -> Result<Self, CryptoError> {
        let pin_hash_enc = pin.hash_encrypted(secret, random)?;
        let parameters = subcommand(secret.protocol(), 0x05)
            .member(0x03, secret.platform_key().clone())
            .member(0x06, Encoded::bytes(&pin_hash_enc))
            .build();
        Ok(Self { parameters })
    }
}

/// Subcommand 0x09: a token with permissions for the PIN, for keys with the option
/// `pinUvAuthToken`. A wrong PIN costs a retry.
#[derive(Clone, Debug)]
pub struct GetPinUvAuthTokenUsingPin {
    parameters: Encoded,
}

impl GetPinUvAuthTokenUsingPin {
    /// Encrypts the PIN's hash. The relying party is required for `mc` and `ga`, and `pcmr` must
    /// stand alone.
    ///
    /// # Errors
    ///
    /// When there is no randomness.
    pub fn new(
        secret: &SharedSecret,
        pin: &Pin,
        permissions: Permissions,
        rp_id: Option<&str>,
        random: &mut dyn Random,
    ) -> Result<Self, CryptoError> {
        let pin_hash_enc = pin.hash_encrypted(secret, random)?;
        let parameters = subcommand(secret.protocol(), 0x09)
            .member(0x03, secret.platform_key().clone())
            .member(0x06, Encoded::bytes(&pin_hash_enc))
            .member(0x09, Encoded::unsigned(permissions.0.into()))
            .optional(0x0a, rp_id.map(Encoded::text))
            .build();
        Ok(Self { parameters })
    }
}

/// Subcommand 0x06: a token with permissions for built-in user verification.
#[derive(Clone, Debug)]
pub struct GetPinUvAuthTokenUsingUv {
    parameters: Encoded,
}

impl GetPinUvAuthTokenUsingUv {
    /// Asks for a token. The relying party is required for `mc` and `ga`, and `pcmr` must stand
    /// alone.
    pub fn new(secret: &SharedSecret, permissions: Permissions, rp_id: Option<&str>) -> Self {
        let parameters = subcommand(secret.protocol(), 0x06)
            .member(0x03, secret.platform_key().clone())
            .member(0x09, Encoded::unsigned(permissions.0.into()))
            .optional(0x0a, rp_id.map(Encoded::text))
            .build();
        Self { parameters }
    }
}

/// A token as the key sent it, under the secret agreed on.
#[derive(Clone, PartialEq, Eq)]
pub struct EncryptedToken(Vec<u8>);

impl std::fmt::Debug for EncryptedToken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "EncryptedToken({} bytes)", self.0.len())
    }
}

impl EncryptedToken {
    /// Decrypts the token.
    ///
    /// # Errors
    ///
    /// When its length does not fit the protocol.
    pub fn decrypt(&self, secret: &SharedSecret) -> Result<PinUvAuthToken, CryptoError> {
        secret.decrypt_token(&self.0)
    }
}

macro_rules! gives_token {
    ($($request:ident $effect:expr;)*) => {
        $(impl Request for $request {
            type Response = EncryptedToken;
            client_pin!();

            fn effect(&self) -> Option<Effect> {
                $effect
            }

            fn parameters(&self) -> Option<Encoded> {
                Some(self.parameters.clone())
            }

            fn decode(&self, map: Map<'_>) -> Result<EncryptedToken, ResponseError> {
                let token = Members::new(map).required(PIN_UV_AUTH_TOKEN, Item::bytes)?;
                Ok(EncryptedToken(token.to_vec()))
            }
        })*
    };
}

gives_token! {
    GetPinToken Some(Effect::PinTried);
    GetPinUvAuthTokenUsingPin Some(Effect::PinTried);
    GetPinUvAuthTokenUsingUv None;
}

#[cfg(test)]
mod tests;
