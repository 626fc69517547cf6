//! PIN/UV auth protocols one and two: key agreement, encryption and authentication (CTAP 2.3
//! sections 6.5.6 and 6.5.7).
//!
//! Secrets live on the heap, are wiped when dropped, and the stack is overwritten after they were
//! used. This is not the place for PINs and tokens as such: see [`Pin`](super::Pin) and
//! [`PinUvAuthToken`].

use super::message::MemberError;
use super::pin_token::{PinUvAuth, PinUvAuthToken};
use super::random::{Random, RandomError};
use super::secret::{SecretBytes, scrubbed};
use crate::wire::cbor::{CborError, Encoded, Item};
use crate::wire::cose::CoseKey;
use aes::Aes256;
use cbc::cipher::array::Array;
use cbc::cipher::consts::U16;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use p256::elliptic_curve::sec1::ToSec1Point;
use sha2::{Digest, Sha256};
use std::fmt;
use thiserror::Error;
use zeroize::Zeroizing;

const BLOCK: usize = 16;
const KEY: usize = 32;

/// A PIN/UV auth protocol that this program speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PinProtocol {
    /// Protocol one, of CTAP 2.0.
    One,
    /// Protocol two, of CTAP 2.1.
    Two,
}

impl PinProtocol {
    /// The number that stands for it in messages.
    pub fn number(self) -> u64 {
        match self {
            Self::One => 1,
            Self::Two => 2,
        }
    }

    /// The protocol of this number, if it is one that this program speaks.
    pub fn from_number(number: u64) -> Option<Self> {
        match number {
            1 => Some(Self::One),
            2 => Some(Self::Two),
            _ => None,
        }
    }

    pub(super) fn encode(self) -> Encoded {
        Encoded::unsigned(self.number())
    }
}

impl fmt::Display for PinProtocol {
    /// Writes `protocol one` or `protocol two`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::One => "protocol one",
            Self::Two => "protocol two",
        })
    }
}

/// Why a cryptographic step cannot be taken.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum CryptoError {
    /// There is no randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// Randomness never gave a private key, which happens once in 2^32 tries.
    #[error("the source of randomness gives no usable private key")]
    NoPrivateKey,
    /// Plaintext or ciphertext of a length that the protocol does not allow.
    #[error("{length} bytes cannot be encrypted or decrypted with {protocol}")]
    Length {
        /// The protocol.
        protocol: PinProtocol,
        /// The length found, in bytes.
        length: usize,
    },
    /// A token of a length that the protocol does not allow.
    #[error("a PIN token of {length} bytes does not fit {protocol}")]
    TokenLength {
        /// The protocol.
        protocol: PinProtocol,
        /// The length found, in bytes.
        length: usize,
    },
    /// A PIN that does not fit the 64 bytes that are sent, one of them a zero.
    #[error("a PIN of {length} bytes is longer than 63 bytes")]
    PinTooLong {
        /// Its length in UTF-8 bytes.
        length: usize,
    },
    /// hmac-secret outputs of another length than the salts call for.
    #[error("the key returned {found} bytes of hmac-secret output in place of {expected}")]
    OutputLength {
        /// 32 bytes for each salt.
        expected: usize,
        /// The length found.
        found: usize,
    },
}

/// Why a key's public key is no good for the key agreement.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum KeyAgreementError {
    /// Another type or curve.
    #[error("the key-agreement key is not one of the curve P-256")]
    WrongType,
    /// The point is not on the curve, or is its point at infinity.
    #[error("the key-agreement key is not a point on the curve P-256")]
    NotOnCurve,
}

/// The security key's half of the key agreement, checked to be a point on P-256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyAgreementKey(p256::PublicKey);

impl KeyAgreementKey {
    /// Reads a COSE key. Its type and curve may be left out but not be others, and its algorithm
    /// is not looked at: keys differ in it, and that the point is on the curve is what counts.
    ///
    /// # Errors
    ///
    /// When the key is of another type or not on the curve.
    pub fn from_item(item: Item<'_>) -> Result<Self, MemberError> {
        let map = item.map()?;
        let coordinate =
            |label, name| map.get(label).ok_or(CborError::Missing(name))?.bytes_exact::<KEY>();
        let (x, y) = (coordinate(-2, "x")?, coordinate(-3, "y")?);
        // kty 2 is an elliptic curve with both coordinates, crv 1 is P-256 (RFC 9053).
        for (label, expected) in [(1, 2), (-1, 1)] {
            if map.get(label).is_some_and(|item| item.integer() != Ok(expected)) {
                return Err(KeyAgreementError::WrongType.into());
            }
        }
        let point = [&[0x04], x.as_slice(), y.as_slice()].concat();
        let key = p256::PublicKey::from_sec1_bytes(&point);
        key.map(Self).map_err(|_| KeyAgreementError::NotOnCurve.into())
    }
}

/// This program's ephemeral half of the key agreement, for one agreement.
pub struct PlatformKey(Box<p256::SecretKey>);

impl fmt::Debug for PlatformKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PlatformKey")
    }
}

impl PlatformKey {
    /// Makes a key from 32 bytes of randomness, and again if those are no private key.
    ///
    /// # Errors
    ///
    /// When there is no randomness.
    pub fn generate(random: &mut dyn Random) -> Result<Self, CryptoError> {
        scrubbed(|| {
            let mut bytes = Zeroizing::new([0; KEY]);
            for _ in 0..8 {
                random.fill(&mut *bytes)?;
                if let Ok(secret) = p256::SecretKey::from_slice(&*bytes) {
                    return Ok(Self(Box::new(secret)));
                }
            }
            Err(CryptoError::NoPrivateKey)
        })
    }

    /// Agrees on a secret with the security key.
    pub fn agree(self, protocol: PinProtocol, key: &KeyAgreementKey) -> SharedSecret {
        scrubbed(|| {
            let agreed = self.0.diffie_hellman(&key.0);
            derive(protocol, agreed.raw_secret_bytes(), encode_public(&self.0.public_key()))
        })
    }
}

fn encode_public(key: &p256::PublicKey) -> Encoded {
    let point = key.to_sec1_point(false);
    // A public key is never the point at infinity, the only one without coordinates.
    let coordinate = |bytes: Option<&p256::FieldBytes>| bytes.map_or([0; KEY], |b| (*b).into());
    CoseKey::encode_key_agreement(&coordinate(point.x()), &coordinate(point.y()))
}

/// Derives the keys from the x-coordinate agreed on.
fn derive(protocol: PinProtocol, agreed: &[u8], platform_key: Encoded) -> SharedSecret {
    let mut mac_key = Box::new(Zeroizing::new([0; KEY]));
    let mut aes_key = Box::new(Zeroizing::new([0; KEY]));
    match protocol {
        PinProtocol::One => {
            let mut hash = Sha256::new();
            hash.update(agreed);
            hash.finalize_into_reset((&mut **mac_key).into());
            aes_key.copy_from_slice(&**mac_key);
        }
        PinProtocol::Two => {
            let derived = Hkdf::<Sha256>::new(Some(&[0; 32]), agreed);
            // 32 bytes are far from HKDF's limit of 8160, the only possible error.
            let _ = derived.expand(b"CTAP2 HMAC key", &mut **mac_key);
            let _ = derived.expand(b"CTAP2 AES key", &mut **aes_key);
        }
    }
    SharedSecret { protocol, platform_key, mac_key, aes_key }
}

/// What this program and the security key agreed on; good until the key makes another
/// key-agreement key, which it does after a wrong PIN and on power-up.
pub struct SharedSecret {
    protocol: PinProtocol,
    platform_key: Encoded,
    mac_key: Box<Zeroizing<[u8; KEY]>>,
    aes_key: Box<Zeroizing<[u8; KEY]>>,
}

impl fmt::Debug for SharedSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SharedSecret({})", self.protocol)
    }
}

type Blocks<'b> = (&'b mut [Array<u8, U16>], &'b mut [u8]);

fn blocks(bytes: &mut [u8]) -> Blocks<'_> {
    Array::slice_as_chunks_mut(bytes)
}

impl SharedSecret {
    /// The protocol that the secret is for.
    pub fn protocol(&self) -> PinProtocol {
        self.protocol
    }

    /// This program's public key, as a COSE key for the security key.
    pub fn platform_key(&self) -> &Encoded {
        &self.platform_key
    }

    /// Encrypts with AES-256-CBC: protocol one with a zero initialisation vector, protocol two
    /// with a random one that is put in front.
    ///
    /// # Errors
    ///
    /// When the plaintext is not a multiple of 16 bytes, or there is no randomness.
    pub fn encrypt(
        &self,
        plaintext: &[u8],
        random: &mut dyn Random,
    ) -> Result<Vec<u8>, CryptoError> {
        if !plaintext.len().is_multiple_of(BLOCK) {
            return Err(self.length(plaintext));
        }
        let mut vector = [0; BLOCK];
        let mut out = Zeroizing::new(Vec::with_capacity(plaintext.len().saturating_add(BLOCK)));
        if self.protocol == PinProtocol::Two {
            random.fill(&mut vector)?;
            out.extend_from_slice(&vector);
        }
        let start = out.len();
        out.extend_from_slice(plaintext);
        scrubbed(|| {
            let mut cipher =
                cbc::Encryptor::<Aes256>::new((&**self.aes_key).into(), (&vector).into());
            if let Some(body) = out.get_mut(start..) {
                cipher.encrypt_blocks(blocks(body).0);
            }
        });
        // From here on the bytes are ciphertext.
        Ok(std::mem::take(&mut *out))
    }

    /// Decrypts what the security key encrypted.
    ///
    /// # Errors
    ///
    /// When the ciphertext is empty or of a length that the protocol does not allow.
    pub fn decrypt(&self, ciphertext: &[u8]) -> Result<SecretBytes, CryptoError> {
        let wrong = || self.length(ciphertext);
        let (vector, body) = match self.protocol {
            PinProtocol::One => ([0; BLOCK], ciphertext),
            PinProtocol::Two => {
                let (vector, body) = ciphertext.split_first_chunk().ok_or_else(wrong)?;
                (*vector, body)
            }
        };
        if body.is_empty() || !body.len().is_multiple_of(BLOCK) {
            return Err(wrong());
        }
        let mut out = Zeroizing::new(body.to_vec());
        scrubbed(|| {
            let mut cipher =
                cbc::Decryptor::<Aes256>::new((&**self.aes_key).into(), (&vector).into());
            cipher.decrypt_blocks(blocks(&mut out).0);
        });
        Ok(out.into())
    }

    /// Authenticates a message with HMAC-SHA-256, of which protocol one uses 16 bytes.
    pub fn authenticate(&self, message: &[u8]) -> PinUvAuth {
        PinUvAuth::new(self.protocol, authenticate(self.protocol, &**self.mac_key, message))
    }

    /// Decrypts a token that the security key gave out.
    ///
    /// # Errors
    ///
    /// When its length does not fit the protocol.
    pub fn decrypt_token(&self, encrypted: &[u8]) -> Result<PinUvAuthToken, CryptoError> {
        PinUvAuthToken::new(self.protocol, self.decrypt(encrypted)?)
    }

    fn length(&self, bytes: &[u8]) -> CryptoError {
        CryptoError::Length { protocol: self.protocol, length: bytes.len() }
    }
}

/// HMAC-SHA-256 over a message, cut to what the protocol uses.
pub(super) fn authenticate(protocol: PinProtocol, key: &[u8], message: &[u8]) -> Vec<u8> {
    scrubbed(|| {
        // HMAC takes keys of any length, so that the error cannot happen.
        let Ok(mut mac) = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key) else {
            return Vec::new();
        };
        mac.update(message);
        let code = mac.finalize().into_bytes();
        let length = match protocol {
            PinProtocol::One => 16,
            PinProtocol::Two => 32,
        };
        code.iter().copied().take(length).collect()
    })
}

#[cfg(test)]
mod tests;
