//! Attestation certificates (WebAuthn Level 3 section 8.2.1; RFC 5280), read, not yet trusted.

use crate::webauthn::base64url::Base64Url;
use crate::webauthn::public_key::{PublicKey, PublicKeyError};
use crate::wire::authenticator_data::Aaguid;
use crate::wire::cose::Algorithm;
use der::asn1::{ObjectIdentifier, OctetString};
use der::{Any, Decode, Encode, Tag, Tagged};
use serde::Serialize;
use std::fmt::Write;
use thiserror::Error;
use x509_cert::certificate::{CertificateInner, Raw, Version};
use x509_cert::ext::pkix::BasicConstraints;
use x509_cert::name::Name;
use x509_cert::time::Time;

/// id-fido-gen-ce-aaguid (section 8.2.1).
const ID_FIDO_GEN_CE_AAGUID: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.3.6.1.4.1.45724.1.1.4");
const COUNTRY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.6");
const ORGANIZATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");
const ORGANIZATIONAL_UNIT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.11");
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");

/// Why bytes are not a certificate.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum CertificateError {
    /// Not an X.509 certificate in DER.
    #[error("the attestation certificate is not X.509 in DER")]
    Malformed,
    /// The list of certificates is empty.
    #[error("the list of attestation certificates is empty")]
    Missing,
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
    /// All certificates as received, in DER, the leaf first.
    pub chain: Vec<Base64Url>,
}

/// A leaf certificate, read.
pub(super) struct Leaf {
    /// Read without RFC 5280's limit on serial numbers, which some vendors exceed.
    certificate: CertificateInner<Raw>,
}

/// Something that a certificate lacks.
pub(super) struct Shortcoming {
    pub(super) expected: String,
    pub(super) seen: String,
}

impl Leaf {
    pub(super) fn parse(der: &[u8]) -> Result<Self, CertificateError> {
        CertificateInner::from_der(der)
            .map(|certificate| Self { certificate })
            .map_err(|_| CertificateError::Malformed)
    }

    pub(super) fn facts(&self, chain: &[&[u8]]) -> CertificateFacts {
        let body = self.certificate.tbs_certificate();
        let mut serial_number = String::new();
        for byte in body.serial_number().as_bytes() {
            // Writing into a string cannot fail.
            let _ = write!(serial_number, "{byte:02x}");
        }
        CertificateFacts {
            subject: body.subject().to_string(),
            issuer: body.issuer().to_string(),
            serial_number,
            not_before: utc(body.validity().not_before),
            not_after: utc(body.validity().not_after),
            aaguid: self.aaguid().and_then(Result::ok).map(|aaguid| aaguid.to_string()),
            chain: chain.iter().map(|der| Base64Url::from(*der)).collect(),
        }
    }

    /// The leaf's key, which must be one for this algorithm.
    pub(super) fn public_key(&self, algorithm: Algorithm) -> Result<PublicKey, PublicKeyError> {
        let info = self.certificate.tbs_certificate().subject_public_key_info();
        let der = info.to_der().map_err(|_| PublicKeyError::Spki)?;
        PublicKey::from_spki_der_for(&der, algorithm)
    }

    /// The AAGUID extension, if there is one; an error says what is wrong with it.
    pub(super) fn aaguid(&self) -> Option<Result<Aaguid, &'static str>> {
        let extensions = self.certificate.tbs_certificate().extensions()?;
        let mut found =
            extensions.iter().filter(|extension| extension.extn_id == ID_FIDO_GEN_CE_AAGUID);
        let extension = found.next()?;
        if found.next().is_some() {
            return Some(Err("an AAGUID extension twice"));
        }
        if extension.critical {
            return Some(Err("an AAGUID extension that is marked critical"));
        }
        // An OCTET STRING inside the extension's own.
        let inner = OctetString::from_der(extension.extn_value.as_bytes()).ok();
        let aaguid = inner.and_then(|inner| inner.as_bytes().try_into().ok());
        Some(aaguid.map(Aaguid).ok_or("an AAGUID extension that is not 16 bytes"))
    }

    /// Holds the certificate against section 8.2.1; gives the first thing that it lacks.
    pub(super) fn packed_shortcoming(&self) -> Option<Shortcoming> {
        let body = self.certificate.tbs_certificate();
        let lacks =
            |expected: &str, seen: String| Some(Shortcoming { expected: expected.into(), seen });
        if body.version() != Version::V3 {
            return lacks("X.509 version 3", format!("{:?}", body.version()));
        }
        let subject = body.subject();
        let is_country = |country: &str| {
            country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_alphabetic())
        };
        match attribute(subject, COUNTRY) {
            Some(country) if is_country(&country) => {}
            other => return lacks("a subject with a country of two letters (C)", quoted(other)),
        }
        match attribute(subject, ORGANIZATION) {
            Some(organization) if !organization.is_empty() => {}
            other => return lacks("a subject with an organization (O)", quoted(other)),
        }
        match attribute(subject, ORGANIZATIONAL_UNIT) {
            Some(unit) if unit == "Authenticator Attestation" => {}
            other => {
                return lacks("a subject with OU \"Authenticator Attestation\"", quoted(other));
            }
        }
        match attribute(subject, COMMON_NAME) {
            Some(name) if !name.is_empty() => {}
            other => return lacks("a subject with a common name (CN)", quoted(other)),
        }
        match body.get_extension::<BasicConstraints>() {
            Ok(Some((_, constraints))) if !constraints.ca => None,
            Ok(Some(_)) => lacks("basic constraints that say CA false", "CA true".into()),
            Ok(None) => lacks("basic constraints that say CA false", "none".into()),
            Err(_) => lacks("basic constraints that say CA false", "unreadable ones".into()),
        }
    }
}

/// The first attribute of a type, if it is a text.
fn attribute(name: &Name, oid: ObjectIdentifier) -> Option<String> {
    let value: &Any = &name.iter().find(|attribute| attribute.oid == oid)?.value;
    match value.tag() {
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String => {
            std::str::from_utf8(value.value()).ok().map(str::to_owned)
        }
        _ => None,
    }
}

fn quoted(text: Option<String>) -> String {
    text.map_or_else(|| "none".into(), |text| format!("{text:?}"))
}

fn utc(time: Time) -> String {
    time.to_date_time().to_string()
}
