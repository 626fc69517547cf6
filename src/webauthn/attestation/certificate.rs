//! Attestation certificates (WebAuthn Level 3 section 8.2.1; RFC 5280), read, not yet trusted.

use super::CertificateFacts;
use crate::webauthn::base64url::Base64Url;
use crate::webauthn::distinguished_name::distinguished_name;
use crate::webauthn::public_key::{PublicKey, PublicKeyError};
use crate::wire::cose::Algorithm;
use crate::wire::text::hex;
use der::asn1::ObjectIdentifier;
use der::{Any, Decode, Encode, Tag, Tagged};
use thiserror::Error;
use x509_cert::certificate::{CertificateInner, Raw, Version};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, SubjectAltName};
use x509_cert::name::Name;
use x509_cert::time::Time;

/// tcg-kp-AIKCertificate (TCG EK Credential Profile).
const TCG_KP_AIK_CERTIFICATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.133.8.3");
/// What the subject alternative name of a TPM names (TCG EK Credential Profile section 3.2.9).
const TPM_NAMES: [(ObjectIdentifier, &str); 3] = [
    (ObjectIdentifier::new_unwrap("2.23.133.2.1"), "the manufacturer of the TPM"),
    (ObjectIdentifier::new_unwrap("2.23.133.2.2"), "the model of the TPM"),
    (ObjectIdentifier::new_unwrap("2.23.133.2.3"), "the version of the TPM"),
];
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

/// A leaf certificate, read.
pub(super) struct Leaf {
    /// Read without RFC 5280's limit on serial numbers, which some vendors exceed.
    certificate: CertificateInner<Raw>,
}

/// An extension of a certificate.
pub(super) struct Extension<'a> {
    pub(super) critical: bool,
    /// What is in the extension's OCTET STRING.
    pub(super) value: &'a [u8],
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
        let serial_number = hex(body.serial_number().as_bytes());
        CertificateFacts {
            subject: distinguished_name(body.subject()),
            issuer: distinguished_name(body.issuer()),
            serial_number,
            not_before: utc(body.validity().not_before),
            not_after: utc(body.validity().not_after),
            aaguid: self.aaguid().and_then(Result::ok).map(|aaguid| aaguid.to_string()),
            device_serial_number: self
                .device_serial_number()
                .and_then(Result::ok)
                .map(|number| hex(&number)),
            firmware_version: self.firmware_version(),
            transports: self.transports(),
            chain: chain.iter().map(|der| Base64Url::from(*der)).collect(),
        }
    }

    /// The leaf's key, which must be one for this algorithm.
    pub(super) fn public_key(&self, algorithm: Algorithm) -> Result<PublicKey, PublicKeyError> {
        PublicKey::from_spki_der_for(&self.spki()?, algorithm)
    }

    /// As [`Leaf::public_key`], for the attestation key of a TPM.
    pub(super) fn tpm_public_key(&self, algorithm: Algorithm) -> Result<PublicKey, PublicKeyError> {
        PublicKey::from_tpm_spki_der(&self.spki()?, algorithm)
    }

    fn spki(&self) -> Result<Vec<u8>, PublicKeyError> {
        let info = self.certificate.tbs_certificate().subject_public_key_info();
        info.to_der().map_err(|_| PublicKeyError::Spki)
    }

    /// The extension of this kind, if there is one; an error when there are two.
    pub(super) fn extension(&self, oid: ObjectIdentifier) -> Option<Result<Extension<'_>, ()>> {
        let extensions = self.certificate.tbs_certificate().extensions()?;
        let mut found = extensions.iter().filter(|extension| extension.extn_id == oid);
        let extension = found.next()?;
        let value = extension.extn_value.as_bytes();
        Some(match found.next() {
            None => Ok(Extension { critical: extension.critical, value }),
            Some(_) => Err(()),
        })
    }

    /// Holds the certificate of a TPM's attestation key against section 8.3.1; gives the first thing
    /// that it lacks.
    pub(super) fn tpm_shortcoming(&self) -> Option<Shortcoming> {
        let body = self.certificate.tbs_certificate();
        if body.version() != Version::V3 {
            return lacks("X.509 version 3", format!("{:?}", body.version()));
        }
        if !body.subject().is_empty() {
            return lacks("an empty subject", format!("{:?}", distinguished_name(body.subject())));
        }
        let alternative = match body.get_extension::<SubjectAltName>() {
            Ok(Some((_, SubjectAltName(names)))) => names,
            _ => return lacks("a subject alternative name of a TPM", "none".into()),
        };
        let named = |oid: ObjectIdentifier| {
            alternative.iter().any(|name| {
                matches!(name, GeneralName::DirectoryName(name)
                    if attribute(name, oid).is_some_and(|text| !text.is_empty()))
            })
        };
        for (oid, words) in TPM_NAMES {
            if !named(oid) {
                return lacks(&format!("a subject alternative name with {words}"), "none".into());
            }
        }
        match body.get_extension::<ExtendedKeyUsage>() {
            Ok(Some((_, ExtendedKeyUsage(usages)))) if usages.contains(&TCG_KP_AIK_CERTIFICATE) => {
            }
            _ => {
                let wanted = format!("the extended key usage {TCG_KP_AIK_CERTIFICATE}");
                return lacks(&wanted, "another one, or none".into());
            }
        }
        self.authority_shortcoming()
    }

    /// A certificate that attests must not be one that certifies.
    fn authority_shortcoming(&self) -> Option<Shortcoming> {
        const WANTED: &str = "basic constraints that say CA false";
        match self.certificate.tbs_certificate().get_extension::<BasicConstraints>() {
            Ok(Some((_, constraints))) if !constraints.ca => None,
            Ok(Some(_)) => lacks(WANTED, "CA true".into()),
            Ok(None) => lacks(WANTED, "none".into()),
            Err(_) => lacks(WANTED, "unreadable ones".into()),
        }
    }

    /// Holds the certificate against section 8.2.1; gives the first thing that it lacks.
    pub(super) fn packed_shortcoming(&self) -> Option<Shortcoming> {
        let body = self.certificate.tbs_certificate();
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
        if let Some(Err(seen)) = self.device_serial_number() {
            return lacks("a serial number in an OCTET STRING, once and not critical", seen.into());
        }
        self.authority_shortcoming()
    }
}

fn lacks(expected: &str, seen: String) -> Option<Shortcoming> {
    Some(Shortcoming { expected: expected.into(), seen })
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
