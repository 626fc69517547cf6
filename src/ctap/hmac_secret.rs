//! The hmac-secret extension: a secret of a credential, evaluated at salts (CTAP 2.3 section
//! 12.7).

use super::pin_protocol::{CryptoError, PinProtocol, SharedSecret};
use super::pin_token::PinUvAuth;
use super::random::Random;
use super::secret::SecretBytes;
use crate::wire::cbor::{Encoded, MapBuilder};
use std::fmt;
use zeroize::Zeroizing;

/// Bytes of a salt, and of an output.
pub const SALT: usize = 32;

/// One or two salts of 32 bytes. Wiped when dropped, not shown.
pub struct HmacSalts {
    joined: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for HmacSalts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "HmacSalts({} bytes)", self.joined.len())
    }
}

impl HmacSalts {
    /// Takes the salts; the originals are the caller's to wipe.
    pub fn new(first: &[u8; SALT], second: Option<&[u8; SALT]>) -> Self {
        let mut joined = Zeroizing::new(Vec::with_capacity(64));
        joined.extend_from_slice(first);
        if let Some(second) = second {
            joined.extend_from_slice(second);
        }
        Self { joined }
    }
}

/// The extension's input: the salts, encrypted for the key.
#[derive(Clone, Debug)]
pub struct HmacSecretInput {
    key_agreement: Encoded,
    salt_enc: Encoded,
    salt_auth: PinUvAuth,
    expected: usize,
}

impl HmacSecretInput {
    /// Encrypts and authenticates salts. The outputs come under the same secret, so it is kept.
    ///
    /// # Errors
    ///
    /// When there is no randomness.
    pub fn new(
        secret: &SharedSecret,
        salts: &HmacSalts,
        random: &mut dyn Random,
    ) -> Result<Self, CryptoError> {
        let encrypted = secret.encrypt(&salts.joined, random)?;
        Ok(Self {
            key_agreement: secret.platform_key().clone(),
            salt_auth: secret.authenticate(&encrypted),
            salt_enc: Encoded::bytes(&encrypted),
            expected: salts.joined.len(),
        })
    }

    pub(super) fn encode(&self) -> Encoded {
        // Keys of CTAP 2.0 know no member 4, and protocol one is what its absence means.
        let protocol = self.salt_auth.protocol();
        MapBuilder::new()
            .member(1, self.key_agreement.clone())
            .member(2, self.salt_enc.clone())
            .member(3, self.salt_auth.encode_param())
            .optional(4, (protocol != PinProtocol::One).then(|| protocol.encode()))
            .build()
    }

    /// Decrypts the outputs that the key returned.
    ///
    /// # Errors
    ///
    /// When they are not 32 bytes for each salt.
    pub fn decrypt(
        &self,
        secret: &SharedSecret,
        encrypted: &[u8],
    ) -> Result<HmacOutputs, CryptoError> {
        let joined = secret.decrypt(encrypted)?;
        let wrong = CryptoError::OutputLength { expected: self.expected, found: joined.len() };
        if joined.len() != self.expected {
            return Err(wrong);
        }
        let (first, rest) = joined.expose().split_at_checked(SALT).ok_or(wrong)?;
        Ok(HmacOutputs {
            first: SecretBytes::copy_of(first),
            second: (!rest.is_empty()).then(|| SecretBytes::copy_of(rest)),
        })
    }
}

/// The outputs, 32 bytes for each salt.
#[derive(Debug)]
pub struct HmacOutputs {
    /// For the first salt.
    pub first: SecretBytes,
    /// For the second salt, if there was one.
    pub second: Option<SecretBytes>,
}

#[cfg(test)]
mod tests;
