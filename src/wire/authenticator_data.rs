//! Authenticator data (WebAuthn Level 3 section 6.1).

use super::cbor::{self, CborError};
use super::cose::CoseKey;
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// The longest credential ID that WebAuthn allows (Level 3 section 7.1, step 26).
pub const MAX_CREDENTIAL_ID: usize = 1023;

/// Why bytes are not authenticator data.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum AuthenticatorDataError {
    /// Fewer bytes than the fixed part, or than a length announces.
    #[error("the authenticator data ends too early, after {found} bytes")]
    TooShort {
        /// Bytes that were there.
        found: usize,
    },
    /// The public key is not a COSE key.
    #[error("the public key in the authenticator data cannot be read: {0}")]
    PublicKey(CborError),
    /// The extension outputs are not a CBOR map.
    #[error("the extensions in the authenticator data cannot be read: {0}")]
    Extensions(CborError),
    /// Something follows.
    #[error("the authenticator data is followed by more ({count} B)")]
    TrailingBytes {
        /// How many bytes are left over.
        count: usize,
    },
}

/// The flags byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flags(pub u8);

impl Flags {
    /// UP: somebody was there.
    pub fn user_present(self) -> bool {
        self.0 & 0x01 != 0
    }
    /// UV: it was the right person.
    pub fn user_verified(self) -> bool {
        self.0 & 0x04 != 0
    }
    /// BE: the credential may be backed up.
    pub fn backup_eligible(self) -> bool {
        self.0 & 0x08 != 0
    }
    /// BS: the credential is backed up.
    pub fn backed_up(self) -> bool {
        self.0 & 0x10 != 0
    }
    /// AT: attested credential data follows.
    pub fn attested_credential_data(self) -> bool {
        self.0 & 0x40 != 0
    }
    /// ED: extension outputs follow.
    pub fn extension_data(self) -> bool {
        self.0 & 0x80 != 0
    }
}

impl fmt::Display for Flags {
    /// Lists the names of the flags that are set: `UP UV AT`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [
            (self.user_present(), "UP"),
            (self.user_verified(), "UV"),
            (self.backup_eligible(), "BE"),
            (self.backed_up(), "BS"),
            (self.attested_credential_data(), "AT"),
            (self.extension_data(), "ED"),
        ];
        let set: Vec<&str> = names.iter().filter(|(on, _)| *on).map(|(_, name)| *name).collect();
        formatter.write_str(&set.join(" "))
    }
}

/// An AAGUID: which model a key is. All zeros means that the key does not say.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Aaguid(pub [u8; 16]);

impl Aaguid {
    /// Whether the key does not say which model it is.
    pub fn is_zero(self) -> bool {
        self.0 == [0; 16]
    }
}

/// The text is no AAGUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("an AAGUID is 32 hexadecimal digits, with or without the dashes of a UUID")]
pub struct AaguidError;

impl FromStr for Aaguid {
    type Err = AaguidError;

    /// Reads 32 hexadecimal digits in any case, alone or in the form of a UUID.
    fn from_str(text: &str) -> Result<Self, AaguidError> {
        let dashes: Vec<usize> = text.match_indices('-').map(|(at, _)| at).collect();
        if !matches!(dashes.as_slice(), [] | [8, 13, 18, 23]) {
            return Err(AaguidError);
        }
        let digits = text.replace('-', "");
        if digits.len() != 32 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(AaguidError);
        }
        let number = u128::from_str_radix(&digits, 16).map_err(|_| AaguidError)?;
        Ok(Self(number.to_be_bytes()))
    }
}

impl fmt::Display for Aaguid {
    /// Writes it in the form of a UUID.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, byte) in self.0.iter().enumerate() {
            if matches!(position, 4 | 6 | 8 | 10) {
                formatter.write_str("-")?;
            }
            write!(formatter, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Aaguid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// The credential that a registration made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttestedCredentialData {
    /// The key's model.
    pub aaguid: Aaguid,
    /// The credential's ID.
    pub credential_id: Vec<u8>,
    /// The credential's public key.
    pub public_key: CoseKey,
}

/// Authenticator data, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthenticatorData {
    /// SHA-256 of the RP ID.
    pub rp_id_hash: [u8; 32],
    /// What was checked and what follows.
    pub flags: Flags,
    /// The signature counter.
    pub sign_count: u32,
    /// The new credential, in a registration.
    pub attested_credential: Option<AttestedCredentialData>,
    /// The extension outputs, one CBOR map, as received.
    pub extensions: Option<Vec<u8>>,
}

impl AuthenticatorData {
    /// Reads authenticator data; every byte must be used.
    ///
    /// # Errors
    ///
    /// [`AuthenticatorDataError`] when the bytes are something else.
    pub fn parse(bytes: &[u8]) -> Result<Self, AuthenticatorDataError> {
        let short = || AuthenticatorDataError::TooShort { found: bytes.len() };
        let (rp_id_hash, rest) = bytes.split_first_chunk::<32>().ok_or_else(short)?;
        let (flags, rest) = rest.split_first().ok_or_else(short)?;
        let (sign_count, mut rest) = rest.split_first_chunk::<4>().ok_or_else(short)?;
        let flags = Flags(*flags);
        let mut attested_credential = None;
        if flags.attested_credential_data() {
            let (aaguid, after) = rest.split_first_chunk::<16>().ok_or_else(short)?;
            let (length, after) = after.split_first_chunk::<2>().ok_or_else(short)?;
            let length = usize::from(u16::from_be_bytes(*length));
            let (credential_id, after) = after.split_at_checked(length).ok_or_else(short)?;
            let (key, after) =
                cbor::parse_prefix(after).map_err(AuthenticatorDataError::PublicKey)?;
            let public_key = CoseKey::from_item(key).map_err(AuthenticatorDataError::PublicKey)?;
            attested_credential = Some(AttestedCredentialData {
                aaguid: Aaguid(*aaguid),
                credential_id: credential_id.to_vec(),
                public_key,
            });
            rest = after;
        }
        let mut extensions = None;
        if flags.extension_data() {
            let (item, after) =
                cbor::parse_prefix(rest).map_err(AuthenticatorDataError::Extensions)?;
            item.map().map_err(AuthenticatorDataError::Extensions)?;
            extensions = Some(item.raw().to_vec());
            rest = after;
        }
        if !rest.is_empty() {
            return Err(AuthenticatorDataError::TrailingBytes { count: rest.len() });
        }
        Ok(Self {
            rp_id_hash: *rp_id_hash,
            flags,
            sign_count: u32::from_be_bytes(*sign_count),
            attested_credential,
            extensions,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::cbor::{Encoded, MapBuilder};

    fn registration(flags: u8) -> Vec<u8> {
        let mut bytes = vec![7; 32];
        bytes.push(flags);
        bytes.extend([0, 0, 0, 5]);
        if flags & 0x40 != 0 {
            bytes.extend([9; 16]);
            bytes.extend([0, 3, 1, 2, 3]);
            bytes.extend(CoseKey::encode_key_agreement(&[1; 32], &[2; 32]).into_bytes());
        }
        if flags & 0x80 != 0 {
            let map = MapBuilder::new().text_member("credProtect", Encoded::unsigned(2)).build();
            bytes.extend(map.into_bytes());
        }
        bytes
    }

    #[test]
    fn all_parts_are_read() {
        let data = AuthenticatorData::parse(&registration(0xc5)).unwrap();
        assert_eq!(data.sign_count, 5);
        assert_eq!(data.flags.to_string(), "UP UV AT ED");
        let credential = data.attested_credential.as_ref().unwrap();
        assert_eq!(credential.credential_id, [1, 2, 3]);
        assert_eq!(credential.aaguid.to_string(), "09090909-0909-0909-0909-090909090909");
        let extensions = cbor::parse(data.extensions.as_deref().unwrap()).unwrap().map().unwrap();
        assert_eq!(extensions.get_text("credProtect").unwrap().unsigned(), Ok(2));
    }

    #[test]
    fn every_truncation_and_trailing_byte_is_refused() {
        for flags in [0x01, 0x41, 0x81, 0xc5] {
            let bytes = registration(flags);
            assert!(AuthenticatorData::parse(&bytes).is_ok());
            for end in 0..bytes.len() {
                assert!(AuthenticatorData::parse(&bytes[..end]).is_err(), "{flags:x} {end}");
            }
            let mut longer = bytes.clone();
            longer.push(0);
            assert_eq!(
                AuthenticatorData::parse(&longer),
                Err(AuthenticatorDataError::TrailingBytes { count: 1 })
            );
        }
    }

    #[test]
    fn no_change_of_a_byte_panics() {
        let bytes = registration(0xc5);
        for at in 0..bytes.len() {
            for byte in 0..=255 {
                let mut changed = bytes.clone();
                changed[at] = byte;
                let _ = AuthenticatorData::parse(&changed);
            }
        }
    }
}
