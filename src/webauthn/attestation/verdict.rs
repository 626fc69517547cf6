//! What an attestation statement turned out to be.

use super::extensions::U2fTransport;
use crate::webauthn::base64url::Base64Url;
use serde::Serialize;

/// What kind of attestation a statement turned out to be (section 6.5.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum AttestationKind {
    /// Nothing is attested.
    None,
    /// Signed with the credential's own key, which proves nothing about the model.
    SelfAttested,
    /// Signed with the key of a certificate.
    Certificate(Box<CertificateFacts>),
    /// Several statements, each of a kind of its own.
    Compound,
    /// Not known: the format is foreign, or the statement cannot be read.
    Unknown,
}

/// What an attestation certificate says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CertificateFacts {
    /// The leaf's subject (RFC 4514).
    pub subject: String,
    /// The leaf's issuer (RFC 4514).
    pub issuer: String,
    /// The leaf's serial number, hexadecimal.
    pub serial_number: String,
    /// From when the leaf is valid, in UTC.
    pub not_before: String,
    /// Until when the leaf is valid, in UTC.
    pub not_after: String,
    /// The AAGUID that the leaf names, if it does.
    pub aaguid: Option<String>,
    /// The serial number of this one key, hexadecimal, in an enterprise attestation.
    pub device_serial_number: Option<String>,
    /// The version of the key's firmware, if the leaf names it.
    pub firmware_version: Option<u64>,
    /// How the key can be reached, if the leaf says so.
    pub transports: Option<Vec<U2fTransport>>,
    /// All certificates as received, in DER, the leaf first.
    pub chain: Vec<Base64Url>,
}

/// What an attestation statement turned out to be. Whether it is right is in the checks beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AttestationVerdict {
    /// The attestation statement format identifier, as received.
    pub format: String,
    /// What kind of attestation it is.
    pub kind: AttestationKind,
    /// The statements of a compound one (section 8.9); empty for every other format.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub statements: Vec<AttestationVerdict>,
}

impl AttestationVerdict {
    pub(super) fn new(format: &str, kind: AttestationKind) -> Self {
        Self { format: format.to_owned(), kind, statements: Vec::new() }
    }

    /// What the attestation certificates say: none without a certificate, one for each certified
    /// statement of a compound one, else one. Their chains are as received, in DER, the leaf first.
    pub fn certificates(&self) -> Vec<&CertificateFacts> {
        let own = match &self.kind {
            AttestationKind::Certificate(facts) => Some(facts.as_ref()),
            _ => None,
        };
        own.into_iter().chain(self.statements.iter().flat_map(Self::certificates)).collect()
    }
}
