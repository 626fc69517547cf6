//! Certificates made for one test each, in DER (RFC 5280 section 4.1), signed with ES256.

use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::EncodePublicKey;

/// 2026-11-24, on which the tests take place.
pub(in crate::webauthn) const TODAY: u64 = 1_795_478_400;

const SEQUENCE: u8 = 0x30;
const TRUE: &[u8] = &[0x01, 0x01, 0xff];
const UTF8: u8 = 0x0c;
pub(in crate::webauthn) const PRINTABLE: u8 = 0x13;

/// What a certificate says.
#[derive(Clone)]
pub(in crate::webauthn) struct Template {
    pub(in crate::webauthn) name: &'static str,
    /// The kind of string that its name is.
    pub(in crate::webauthn) string: u8,
    pub(in crate::webauthn) from: &'static str,
    pub(in crate::webauthn) until: &'static str,
    /// Basic constraints: whether it is an authority, and how many may be below it.
    pub(in crate::webauthn) constraints: Option<(bool, Option<u8>)>,
    /// Key usage, as the bits of its first byte.
    pub(in crate::webauthn) usage: Option<u8>,
    /// The DNS name in its subject alternative name.
    pub(in crate::webauthn) host: Option<&'static str>,
    /// Whether it has a critical extension that nobody knows.
    pub(in crate::webauthn) strange: bool,
}

impl Template {
    pub(in crate::webauthn) fn leaf(name: &'static str) -> Self {
        Self {
            name,
            string: UTF8,
            from: "240101000000Z",
            until: "340101000000Z",
            constraints: Some((false, None)),
            usage: None,
            host: None,
            strange: false,
        }
    }

    pub(in crate::webauthn) fn authority(name: &'static str) -> Self {
        Self { constraints: Some((true, None)), usage: Some(0x06), ..Self::leaf(name) }
    }
}

/// A key with its certificate.
pub(in crate::webauthn) struct Issued {
    pub(in crate::webauthn) key: SigningKey,
    pub(in crate::webauthn) der: Vec<u8>,
    subject: Vec<u8>,
}

impl Issued {
    /// A root, whose key is made from a number.
    pub(in crate::webauthn) fn root(template: &Template, number: u8) -> Self {
        let key = key(number);
        let subject = name(template);
        let der = certificate(template, &key, &subject, &key);
        Self { key, der, subject }
    }

    /// Issues a certificate for a key that is made from a number.
    pub(in crate::webauthn) fn issue(&self, template: &Template, number: u8) -> Self {
        let key = key(number);
        let der = certificate(template, &key, &self.subject, &self.key);
        Self { key, der, subject: name(template) }
    }
}

fn key(number: u8) -> SigningKey {
    SigningKey::from_slice(&[number; 32]).unwrap()
}

pub(in crate::webauthn) fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
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
    tlv(SEQUENCE, &[&tlv(0x06, &[oid]), critical, &tlv(0x04, &[value])])
}

fn name(template: &Template) -> Vec<u8> {
    let value = tlv(template.string, &[template.name.as_bytes()]);
    let attribute = tlv(SEQUENCE, &[&tlv(0x06, &[&[0x55, 0x04, 3]]), &value]);
    tlv(SEQUENCE, &[&tlv(0x31, &[&attribute])])
}

fn certificate(
    template: &Template,
    key: &SigningKey,
    issuer: &[u8],
    signer: &SigningKey,
) -> Vec<u8> {
    let mut extensions = Vec::new();
    if let Some((ca, below)) = template.constraints {
        let below = below.map(|below| vec![0x02, 1, below]).unwrap_or_default();
        let constraints = tlv(SEQUENCE, &[if ca { TRUE } else { &[] }, &below]);
        extensions.extend(extension(&[0x55, 0x1d, 0x13], true, &constraints));
    }
    if let Some(usage) = template.usage {
        extensions.extend(extension(&[0x55, 0x1d, 0x0f], true, &[0x03, 2, 1, usage]));
    }
    if let Some(host) = template.host {
        let names = tlv(SEQUENCE, &[&tlv(0x82, &[host.as_bytes()])]);
        extensions.extend(extension(&[0x55, 0x1d, 0x11], false, &names));
    }
    if template.strange {
        extensions.extend(extension(&[0x2a, 3, 4], true, &[0x05, 0]));
    }
    // ecdsa-with-SHA256
    let oid = [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
    let algorithm = tlv(SEQUENCE, &[&tlv(0x06, &[&oid])]);
    let spki = key.verifying_key().to_public_key_der().unwrap();
    let (version, extensions) = if extensions.is_empty() {
        (Vec::new(), Vec::new())
    } else {
        let extensions = tlv(0xa3, &[&tlv(SEQUENCE, &[&extensions])]);
        (tlv(0xa0, &[&[0x02, 0x01, 2]]), extensions)
    };
    let validity = tlv(
        SEQUENCE,
        &[&tlv(0x17, &[template.from.as_bytes()]), &tlv(0x17, &[template.until.as_bytes()])],
    );
    let body = tlv(
        SEQUENCE,
        &[
            &version,
            &[0x02, 0x01, 0x05],
            &algorithm,
            issuer,
            &validity,
            &name(template),
            spki.as_bytes(),
            &extensions,
        ],
    );
    let signature: Signature = signer.sign(&body);
    let signature = tlv(0x03, &[&[0], signature.to_der().as_bytes()]);
    tlv(SEQUENCE, &[&body, &algorithm, &signature])
}
