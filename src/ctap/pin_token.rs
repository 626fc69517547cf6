//! PIN/UV auth tokens, what they permit, and what they sign (CTAP 2.3 sections 6.5.2 and 6.5.5.7).

use super::pin_protocol::{CryptoError, PinProtocol, authenticate};
use super::secret::SecretBytes;
use crate::wire::cbor::Encoded;
use std::fmt;
use std::ops::BitOr;

/// What a token may be used for: a set of bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Permissions(pub u8);

impl Permissions {
    /// `mc`: make credentials; bound to a relying party.
    pub const MAKE_CREDENTIAL: Self = Self(0x01);
    /// `ga`: get assertions; bound to a relying party.
    pub const GET_ASSERTION: Self = Self(0x02);
    /// `cm`: manage credentials.
    pub const CREDENTIAL_MANAGEMENT: Self = Self(0x04);
    /// `be`: manage fingerprints.
    pub const BIO_ENROLLMENT: Self = Self(0x08);
    /// `lbw`: write large blobs.
    pub const LARGE_BLOB_WRITE: Self = Self(0x10);
    /// `acfg`: configure the security key.
    pub const AUTHENTICATOR_CONFIGURATION: Self = Self(0x20);
    /// `pcmr`: list credentials with a token that lasts; only on its own (CTAP 2.2).
    pub const PERSISTENT_CREDENTIAL_MANAGEMENT_READ_ONLY: Self = Self(0x40);

    const NAMES: &'static [(Self, &'static str)] = &[
        (Self::MAKE_CREDENTIAL, "mc"),
        (Self::GET_ASSERTION, "ga"),
        (Self::CREDENTIAL_MANAGEMENT, "cm"),
        (Self::BIO_ENROLLMENT, "be"),
        (Self::LARGE_BLOB_WRITE, "lbw"),
        (Self::AUTHENTICATOR_CONFIGURATION, "acfg"),
        (Self::PERSISTENT_CREDENTIAL_MANAGEMENT_READ_ONLY, "pcmr"),
    ];

    /// Whether every permission of `other` is among these.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether nothing is permitted.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl BitOr for Permissions {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Display for Permissions {
    /// Lists the specification's short names: `mc ga`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = Self::NAMES
            .iter()
            .filter(|(permission, _)| self.contains(*permission))
            .map(|(_, name)| *name)
            .collect();
        formatter.write_str(&names.join(" "))
    }
}

/// A token that the security key gave out for a PIN or another user verification.
///
/// It stands in for the person until the key takes it back: wiped when dropped, not shown, not
/// copied.
pub struct PinUvAuthToken {
    protocol: PinProtocol,
    token: SecretBytes,
}

impl fmt::Debug for PinUvAuthToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PinUvAuthToken({})", self.protocol)
    }
}

impl PinUvAuthToken {
    /// Takes over a decrypted token.
    ///
    /// # Errors
    ///
    /// [`CryptoError::TokenLength`] unless it has 32 bytes, or with protocol one a multiple of 16
    /// (CTAP 2.0 allowed any).
    pub fn new(protocol: PinProtocol, token: SecretBytes) -> Result<Self, CryptoError> {
        let length = token.len();
        let fits = match protocol {
            PinProtocol::One => length > 0 && length.is_multiple_of(16),
            PinProtocol::Two => length == 32,
        };
        if fits {
            Ok(Self { protocol, token })
        } else {
            Err(CryptoError::TokenLength { protocol, length })
        }
    }

    /// Authenticates a message with the whole token: some keys before YubiKey 5.7.4 looked at the
    /// first 16 bytes of the key only, and clients that used no more worked with them by accident.
    pub fn authenticate(&self, message: &[u8]) -> PinUvAuth {
        PinUvAuth::new(self.protocol, authenticate(self.protocol, self.token.expose(), message))
    }

    #[cfg(test)]
    pub(super) fn expose(&self) -> &[u8] {
        self.token.expose()
    }
}

/// A message's authentication, as it is sent: `pinUvAuthParam` and `pinUvAuthProtocol`.
#[derive(Clone, PartialEq, Eq)]
pub struct PinUvAuth {
    protocol: PinProtocol,
    param: Vec<u8>,
}

impl fmt::Debug for PinUvAuth {
    /// Shows the protocol only: who has the code may have the message carried out.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PinUvAuth({})", self.protocol)
    }
}

impl PinUvAuth {
    pub(super) fn new(protocol: PinProtocol, param: Vec<u8>) -> Self {
        Self { protocol, param }
    }

    /// `pinUvAuthProtocol`.
    pub fn protocol(&self) -> PinProtocol {
        self.protocol
    }

    /// `pinUvAuthParam`.
    pub fn param(&self) -> &[u8] {
        &self.param
    }

    pub(super) fn encode_param(&self) -> Encoded {
        Encoded::bytes(&self.param)
    }

    pub(super) fn encode_protocol(&self) -> Encoded {
        self.protocol.encode()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::hex;
    use super::*;

    fn token(protocol: PinProtocol, length: usize) -> Result<PinUvAuthToken, CryptoError> {
        PinUvAuthToken::new(protocol, SecretBytes::copy_of(&vec![0x91; length]))
    }

    /// OpenSK 2.1, `test_verify_pin_uv_auth_token_v1` and `_v2`.
    #[test]
    fn tokens_authenticate_as_opensk_expects() {
        let code = hex("9c1cfe9dd7646a06b9a80f96ad50496894902053 0fa3d27a9ffdfa623693f784");
        let one = token(PinProtocol::One, 32).unwrap().authenticate(&[0xaa]);
        assert_eq!(one.param(), &code[..16]);
        let two = token(PinProtocol::Two, 32).unwrap().authenticate(&[0xaa]);
        assert_eq!(two.param(), code);
    }

    #[test]
    fn a_token_has_the_length_that_its_protocol_prescribes() {
        for length in 0..=80 {
            let multiple = length != 0 && length % 16 == 0;
            assert_eq!(token(PinProtocol::One, length).is_ok(), multiple, "{length}");
            assert_eq!(token(PinProtocol::Two, length).is_ok(), length == 32, "{length}");
        }
    }

    /// YSA-2025-02: a code under the first 16 bytes of the key must not be what we send.
    #[test]
    fn the_whole_token_is_the_key() {
        let mut bytes = vec![0x91; 32];
        let whole = token(PinProtocol::Two, 32).unwrap().authenticate(b"message");
        bytes[31] = 0;
        let other = PinUvAuthToken::new(PinProtocol::Two, SecretBytes::copy_of(&bytes)).unwrap();
        assert_ne!(whole, other.authenticate(b"message"));
    }

    #[test]
    fn neither_tokens_nor_codes_are_shown() {
        let token = token(PinProtocol::Two, 32).unwrap();
        assert_eq!(format!("{token:?}"), "PinUvAuthToken(protocol two)");
        assert_eq!(format!("{:?}", token.authenticate(b"")), "PinUvAuth(protocol two)");
    }

    #[test]
    fn permissions_are_named() {
        let both = Permissions::MAKE_CREDENTIAL | Permissions::GET_ASSERTION;
        assert_eq!(both.to_string(), "mc ga");
        assert!(both.contains(Permissions::GET_ASSERTION));
        assert!(Permissions::default().is_empty());
    }
}
