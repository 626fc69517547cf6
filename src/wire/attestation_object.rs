//! Attestation objects (WebAuthn Level 3 section 6.5): `{"fmt", "attStmt", "authData"}`.

use super::cbor::{self, CborError, Encoded, MapBuilder};

/// The format whose statement is an array of statements (WebAuthn Level 3 section 8.9).
const COMPOUND: &str = "compound";

/// An attestation object, its statement and authenticator data still as bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttestationObject {
    /// The attestation statement format identifier, such as `packed`.
    pub format: String,
    /// The attestation statement, as received: one CBOR map, or for the format `compound` an array.
    pub statement: Vec<u8>,
    /// The authenticator data, as received and as signed.
    pub authenticator_data: Vec<u8>,
}

impl AttestationObject {
    /// Reads an attestation object.
    ///
    /// # Errors
    ///
    /// When the bytes are not a map with these three members.
    pub fn parse(bytes: &[u8]) -> Result<Self, CborError> {
        let map = cbor::parse(bytes)?.map()?;
        let format = map.get_text("fmt").ok_or(CborError::Missing("fmt"))?.text()?;
        let statement = map.get_text("attStmt").ok_or(CborError::Missing("attStmt"))?;
        match format {
            COMPOUND => drop(statement.array()?),
            _ => drop(statement.map()?),
        }
        let data = map.get_text("authData").ok_or(CborError::Missing("authData"))?.bytes()?;
        Ok(Self {
            format: format.to_owned(),
            statement: statement.raw().to_vec(),
            authenticator_data: data.to_vec(),
        })
    }

    /// Encodes the attestation object in the order that WebAuthn prescribes.
    ///
    /// # Errors
    ///
    /// When the statement is not one CBOR item.
    pub fn encode(&self) -> Result<Vec<u8>, CborError> {
        let statement = Encoded::from_item(cbor::parse(&self.statement)?);
        Ok(MapBuilder::new()
            .text_member("fmt", Encoded::text(&self.format))
            .text_member("attStmt", statement)
            .text_member("authData", Encoded::bytes(&self.authenticator_data))
            .build()
            .into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first bytes of the attestation objects among WebAuthn Level 3's test vectors (section
    /// 16): map of three, "fmt", "none", "attStmt", empty map, "authData".
    #[test]
    fn the_order_is_the_one_of_the_test_vectors() {
        let object = AttestationObject {
            format: "none".into(),
            statement: vec![0xa0],
            authenticator_data: vec![1, 2],
        };
        let bytes = object.encode().unwrap();
        assert_eq!(bytes, b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x42\x01\x02");
        assert_eq!(AttestationObject::parse(&bytes), Ok(object));
        for end in 0..bytes.len() {
            assert!(AttestationObject::parse(&bytes[..end]).is_err());
        }
    }
}
