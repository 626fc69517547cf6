//! Certificates made for one test each, in DER (RFC 5280 section 4.1). Their issuer's signature is
//! not one, since nothing here looks at it.

use p256::ecdsa::SigningKey;
use p256::pkcs8::EncodePublicKey;

/// What a certificate says.
pub(super) struct Template {
    pub(super) version: u8,
    pub(super) country: Option<&'static str>,
    pub(super) organization: Option<&'static str>,
    pub(super) unit: Option<&'static str>,
    pub(super) name: Option<&'static str>,
    pub(super) ca: Option<bool>,
    /// The AAGUID extension's bytes, and whether it is critical.
    pub(super) aaguid: Option<(Vec<u8>, bool)>,
}

impl Default for Template {
    /// What section 8.2.1 prescribes, without an AAGUID.
    fn default() -> Self {
        Self {
            version: 2,
            country: Some("SE"),
            organization: Some("Example"),
            unit: Some("Authenticator Attestation"),
            name: Some("Example EE"),
            ca: Some(false),
            aaguid: None,
        }
    }
}

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OID: u8 = 0x06;
const OCTETS: u8 = 0x04;
const TRUE: &[u8] = &[0x01, 0x01, 0xff];

fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    let mut bytes = vec![tag];
    match content.len() {
        0..=127 => bytes.push(length[1]),
        128..=255 => bytes.extend([0x81, length[1]]),
        _ => bytes.extend([0x82, length[0], length[1]]),
    }
    bytes.extend(content);
    bytes
}

fn extension(oid: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
    let critical = if critical { TRUE } else { &[] };
    tlv(SEQUENCE, &[&tlv(OID, &[oid]), critical, &tlv(OCTETS, &[value])])
}

impl Template {
    fn subject(&self) -> Vec<u8> {
        // The attribute types id-at-countryName and so on: 2.5.4.n.
        let attributes =
            [(6, self.country), (10, self.organization), (11, self.unit), (3, self.name)];
        let sets: Vec<Vec<u8>> = attributes
            .iter()
            .filter_map(|(kind, value)| {
                let value = tlv(0x0c, &[(*value)?.as_bytes()]);
                let attribute = tlv(SEQUENCE, &[&tlv(OID, &[&[0x55, 0x04, *kind]]), &value]);
                Some(tlv(SET, &[&attribute]))
            })
            .collect();
        tlv(SEQUENCE, &[&sets.concat()])
    }

    /// The certificate of this key.
    pub(super) fn der(&self, key: &SigningKey) -> Vec<u8> {
        self.with_spki(key.verifying_key().to_public_key_der().unwrap().as_bytes())
    }

    /// The certificate of the key with this SubjectPublicKeyInfo.
    pub(super) fn with_spki(&self, spki: &[u8]) -> Vec<u8> {
        let mut extensions = Vec::new();
        if let Some(ca) = self.ca {
            let constraints = tlv(SEQUENCE, &[if ca { TRUE } else { &[] }]);
            extensions.extend(extension(&[0x55, 0x1d, 0x13], true, &constraints));
        }
        if let Some((aaguid, critical)) = &self.aaguid {
            // 1.3.6.1.4.1.45724.1.1.4
            let oid = [0x2b, 6, 1, 4, 1, 0x82, 0xe5, 0x1c, 1, 1, 4];
            extensions.extend(extension(&oid, *critical, &tlv(OCTETS, &[aaguid])));
        }
        // ecdsa-with-SHA256
        let oid = [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
        let algorithm = tlv(SEQUENCE, &[&tlv(OID, &[&oid])]);
        let time = tlv(0x17, &[b"240101000000Z"]);
        let body = tlv(
            SEQUENCE,
            &[
                &tlv(0xa0, &[&[0x02, 0x01, self.version]]),
                &[0x02, 0x01, 0x05],
                &algorithm,
                &tlv(SEQUENCE, &[]),
                &tlv(SEQUENCE, &[&time, &time]),
                &self.subject(),
                spki,
                &tlv(0xa3, &[&tlv(SEQUENCE, &[&extensions])]),
            ],
        );
        tlv(SEQUENCE, &[&body, &algorithm, &[0x03, 0x02, 0x00, 0x01]])
    }
}
