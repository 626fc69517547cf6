//! The structures of TPMs in an attestation statement (Trusted Platform Module Library Part 2:
//! TPMT_PUBLIC in section 12.2.4, TPMS_ATTEST in section 10.12), read as far as they are needed. Every
//! byte must be used.

/// TPM_GENERATED_VALUE.
pub(super) const GENERATED_VALUE: u32 = 0xff54_4347;
/// TPM_ST_ATTEST_CERTIFY.
const ATTEST_CERTIFY: u16 = 0x8017;

/// TPM_ALG_ID of hashes.
pub(super) const SHA1: u16 = 0x0004;
pub(super) const SHA256: u16 = 0x000b;
pub(super) const SHA384: u16 = 0x000c;
pub(super) const SHA512: u16 = 0x000d;
/// TPM_ALG_ID of keys, of schemes with parameters, and of nothing.
const RSA: u16 = 0x0001;
const ECC: u16 = 0x0023;
const NULL: u16 = 0x0010;
const RSAES: u16 = 0x0015;
const ECDAA: u16 = 0x001a;
/// The exponent that 0 stands for.
const USUAL_EXPONENT: u32 = 65_537;
/// clockInfo: a clock of 8 bytes, two counters of 4, and a flag.
const CLOCK_INFO: usize = 17;
/// firmwareVersion.
const FIRMWARE_VERSION: usize = 8;

/// Bytes that are read from the front.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn u16(&mut self) -> Option<u16> {
        self.take(2)?.try_into().ok().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_be_bytes)
    }

    /// A TPM2B: its length in two bytes, and itself.
    fn sized(&mut self) -> Option<&'a [u8]> {
        let length = self.u16()?;
        self.take(usize::from(length))
    }

    /// A scheme: an algorithm, and its hash where it has one.
    fn scheme(&mut self) -> Option<()> {
        match self.u16()? {
            NULL | RSAES => {}
            ECDAA => drop(self.take(4)?),
            _ => drop(self.u16()?),
        }
        Some(())
    }

    /// A symmetric algorithm: with a key length and a mode unless it is none.
    fn symmetric(&mut self) -> Option<()> {
        match self.u16()? {
            NULL => {}
            _ => drop(self.take(4)?),
        }
        Some(())
    }

    fn end(&self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}

/// The numbers of a public key.
pub(super) enum Parameters<'a> {
    Rsa {
        modulus: &'a [u8],
        exponent: u32,
    },
    /// The curve by COSE's number.
    Ecc {
        curve: i64,
        x: &'a [u8],
        y: &'a [u8],
    },
}

/// A TPMT_PUBLIC.
pub(super) struct PublicArea<'a> {
    pub(super) name_algorithm: u16,
    pub(super) parameters: Parameters<'a>,
}

impl<'a> PublicArea<'a> {
    /// Reads it; `None` for anything else, and for keys that are neither RSA nor on a curve of COSE's.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        let kind = reader.u16()?;
        let name_algorithm = reader.u16()?;
        let _object_attributes = reader.u32()?;
        let _auth_policy = reader.sized()?;
        reader.symmetric()?;
        reader.scheme()?;
        let parameters = match kind {
            RSA => {
                let _key_bits = reader.u16()?;
                let exponent = match reader.u32()? {
                    0 => USUAL_EXPONENT,
                    exponent => exponent,
                };
                Parameters::Rsa { modulus: reader.sized()?, exponent }
            }
            ECC => {
                let curve = match reader.u16()? {
                    0x0003 => 1,
                    0x0004 => 2,
                    0x0005 => 3,
                    _ => return None,
                };
                // The key derivation has the form of a scheme.
                reader.scheme()?;
                Parameters::Ecc { curve, x: reader.sized()?, y: reader.sized()? }
            }
            _ => return None,
        };
        reader.end()?;
        Some(Self { name_algorithm, parameters })
    }
}

/// A TPMS_ATTEST.
pub(super) struct CertifyInfo<'a> {
    pub(super) magic: u32,
    pub(super) kind: u16,
    pub(super) extra_data: &'a [u8],
    /// The name of the certified object; `None` in an attestation of another type.
    pub(super) name: Option<&'a [u8]>,
}

impl<'a> CertifyInfo<'a> {
    /// Reads it; `None` for anything else.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        let magic = reader.u32()?;
        let kind = reader.u16()?;
        let _qualified_signer = reader.sized()?;
        let extra_data = reader.sized()?;
        reader.take(CLOCK_INFO)?;
        reader.take(FIRMWARE_VERSION)?;
        if kind != ATTEST_CERTIFY {
            return Some(Self { magic, kind, extra_data, name: None });
        }
        let name = reader.sized()?;
        let _qualified_name = reader.sized()?;
        reader.end()?;
        Some(Self { magic, kind, extra_data, name: Some(name) })
    }
}
