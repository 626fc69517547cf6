//! COSE keys (RFC 9052, RFC 9053) as WebAuthn and CTAP use them, and COSE algorithm numbers.

use super::cbor::{self, CborError, Encoded, Item, MapBuilder};
use std::fmt;

/// A COSE algorithm number; any number is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Algorithm(pub i64);

impl Algorithm {
    /// ECDSA with SHA-256, in WebAuthn on curve P-256.
    pub const ES256: Self = Self(-7);
    /// EdDSA, in WebAuthn on curve Ed25519.
    pub const EDDSA: Self = Self(-8);
    /// ECDSA with SHA-384, in WebAuthn on curve P-384.
    pub const ES384: Self = Self(-35);
    /// ECDSA with SHA-512, in WebAuthn on curve P-521.
    pub const ES512: Self = Self(-36);
    /// RSASSA-PSS with SHA-256.
    pub const PS256: Self = Self(-37);
    /// ECDSA with SHA-256 on curve secp256k1.
    pub const ES256K: Self = Self(-47);
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    pub const RS256: Self = Self(-257);
    /// RSASSA-PKCS1-v1_5 with SHA-1, which only old attestation statements of TPMs use.
    pub const RS1: Self = Self(-65535);
    /// ML-DSA-44 (RFC 9964).
    pub const ML_DSA_44: Self = Self(-48);
    /// ML-DSA-65 (RFC 9964).
    pub const ML_DSA_65: Self = Self(-49);
    /// ML-DSA-87 (RFC 9964).
    pub const ML_DSA_87: Self = Self(-50);

    const NAMES: &'static [(i64, &'static str)] = &[
        (-7, "ES256"),
        (-8, "EdDSA"),
        (-9, "ESP256"),
        (-19, "Ed25519"),
        (-35, "ES384"),
        (-36, "ES512"),
        (-37, "PS256"),
        (-47, "ES256K"),
        (-48, "ML-DSA-44"),
        (-49, "ML-DSA-65"),
        (-50, "ML-DSA-87"),
        (-51, "ESP384"),
        (-52, "ESP512"),
        (-53, "Ed448"),
        (-257, "RS256"),
        (-65535, "RS1"),
    ];

    /// The registered names of algorithms that FIDO keys announce.
    pub fn names() -> impl Iterator<Item = &'static str> {
        Self::NAMES.iter().map(|(_, name)| *name)
    }

    /// The registered name, where it is one that FIDO keys announce.
    pub fn name(self) -> Option<&'static str> {
        Self::NAMES.iter().find(|(number, _)| *number == self.0).map(|(_, name)| *name)
    }

    /// Reads a name in any case, or a number.
    pub fn from_name_or_number(text: &str) -> Option<Self> {
        Self::NAMES
            .iter()
            .find(|(_, name)| name.eq_ignore_ascii_case(text))
            .map(|(number, _)| Self(*number))
            .or_else(|| text.parse().ok().map(Self))
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => formatter.write_str(name),
            None => write!(formatter, "algorithm {}", self.0),
        }
    }
}

/// A public key in COSE's form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoseKey {
    /// The algorithm it is for.
    pub algorithm: Algorithm,
    /// Its numbers, by type.
    pub material: KeyMaterial,
    /// The bytes that it was read from, exactly.
    pub raw: Vec<u8>,
}

/// The numbers of a public key, by key type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyMaterial {
    /// An elliptic-curve point with both coordinates (kty 2).
    Ec2 {
        /// COSE curve number: 1 P-256, 2 P-384, 3 P-521, 8 secp256k1.
        curve: i64,
        /// Big-endian.
        x: Vec<u8>,
        /// Big-endian.
        y: Vec<u8>,
    },
    /// An octet key pair (kty 1).
    Okp {
        /// COSE curve number: 4 X25519, 6 Ed25519, 7 Ed448.
        curve: i64,
        /// The public key.
        x: Vec<u8>,
    },
    /// RSA (kty 3).
    Rsa {
        /// The modulus, big-endian.
        n: Vec<u8>,
        /// The public exponent, big-endian.
        e: Vec<u8>,
    },
    /// A key pair of the algorithm's own kind (kty 7, RFC 9964), as for ML-DSA.
    Akp {
        /// The public key.
        public: Vec<u8>,
    },
    /// A key type that this program does not know.
    Unknown {
        /// COSE key type.
        kty: i64,
    },
}

impl CoseKey {
    /// Reads a COSE key.
    ///
    /// # Errors
    ///
    /// When it is not a map, or lacks its type, its algorithm or one of its numbers.
    pub fn from_item(item: Item<'_>) -> Result<Self, CborError> {
        let map = item.map()?;
        let integer =
            |key: i64, name: &'static str| map.get(key).ok_or(CborError::Missing(name))?.integer();
        let bytes = |key: i64, name: &'static str| {
            map.get(key).ok_or(CborError::Missing(name))?.bytes().map(<[u8]>::to_vec)
        };
        let material = match integer(1, "kty")? {
            1 => KeyMaterial::Okp { curve: integer(-1, "crv")?, x: bytes(-2, "x")? },
            2 => KeyMaterial::Ec2 {
                curve: integer(-1, "crv")?,
                x: bytes(-2, "x")?,
                y: bytes(-3, "y")?,
            },
            3 => KeyMaterial::Rsa { n: bytes(-1, "n")?, e: bytes(-2, "e")? },
            7 => KeyMaterial::Akp { public: bytes(-1, "pub")? },
            kty => KeyMaterial::Unknown { kty },
        };
        let algorithm = Algorithm(integer(3, "alg")?);
        Ok(Self { algorithm, material, raw: item.raw().to_vec() })
    }

    /// Reads a COSE key from exactly these bytes.
    ///
    /// # Errors
    ///
    /// As [`CoseKey::from_item`], and for trailing bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CborError> {
        Self::from_item(cbor::parse(bytes)?)
    }

    /// Encodes a P-256 point as CTAP's key agreement wants it (CTAP 2.3 section 6.5.6).
    ///
    /// The algorithm is -25 (ECDH-ES with HKDF-256) by the specification's order, although that is
    /// not what is done with the key.
    pub fn encode_key_agreement(x: &[u8; 32], y: &[u8; 32]) -> Encoded {
        MapBuilder::new()
            .member(1, Encoded::integer(2))
            .member(3, Encoded::integer(-25))
            .member(-1, Encoded::integer(1))
            .member(-2, Encoded::bytes(x))
            .member(-3, Encoded::bytes(y))
            .build()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_agreement_key_reads_back() {
        let encoded = CoseKey::encode_key_agreement(&[1; 32], &[2; 32]);
        // Canonical order of labels: 1, 3, -1, -2, -3 (RFC 9052 section 7, CTAP 2.3 section 8).
        assert_eq!(encoded.as_bytes()[..9], [0xa5, 1, 2, 3, 0x38, 0x18, 0x20, 1, 0x21]);
        let key = CoseKey::from_bytes(encoded.as_bytes()).unwrap();
        assert_eq!(key.algorithm, Algorithm(-25));
        assert_eq!(key.material, KeyMaterial::Ec2 { curve: 1, x: vec![1; 32], y: vec![2; 32] });
        assert_eq!(key.raw, encoded.as_bytes());
    }

    #[test]
    fn algorithms_are_read_by_name_and_number() {
        assert_eq!(Algorithm::from_name_or_number("es256"), Some(Algorithm::ES256));
        assert_eq!(Algorithm::from_name_or_number("-257"), Some(Algorithm::RS256));
        assert_eq!(Algorithm::from_name_or_number("nonsense"), None);
        assert_eq!(Algorithm(-12345).to_string(), "algorithm -12345");
    }

    #[test]
    fn a_key_without_its_numbers_is_refused() {
        let bytes = MapBuilder::new().member(1, Encoded::integer(2)).build();
        assert_eq!(CoseKey::from_bytes(bytes.as_bytes()), Err(CborError::Missing("crv")));
    }
}
