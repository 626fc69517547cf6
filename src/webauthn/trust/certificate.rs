//! A certificate of a chain, read as far as building a path needs it (RFC 5280 section 4).

use crate::webauthn::distinguished_name::distinguished_name;
use crate::wire::text::hex;
use der::asn1::ObjectIdentifier;
use der::{Decode, Encode, Reader, SliceReader, Tag};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use x509_cert::certificate::{CertificateInner, Raw, TbsCertificateInner};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage, SubjectAltName};
use x509_cert::name::Name;
use x509_cert::spki::SubjectPublicKeyInfoOwned;

/// Extensions that are understood, so that they may be critical: key usage, subject alternative
/// name, basic constraints, certificate policies and extended key usage (RFC 5280 section 4.2.1).
/// Name constraints are not: nothing here would enforce them.
const UNDERSTOOD: [ObjectIdentifier; 5] = [
    ObjectIdentifier::new_unwrap("2.5.29.15"),
    ObjectIdentifier::new_unwrap("2.5.29.17"),
    ObjectIdentifier::new_unwrap("2.5.29.19"),
    ObjectIdentifier::new_unwrap("2.5.29.32"),
    ObjectIdentifier::new_unwrap("2.5.29.37"),
];

/// commonName (RFC 5280 appendix A.1).
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");

/// A certificate, read without RFC 5280's limit on serial numbers, which some vendors exceed.
#[derive(Clone, Debug)]
pub(in crate::webauthn) struct Certificate {
    der: Vec<u8>,
    /// What is signed, byte for byte.
    signed: Vec<u8>,
    inner: CertificateInner<Raw>,
}

impl Certificate {
    /// Reads a certificate in DER. Bytes after it are let be where `lenient` says so: some roots in
    /// the FIDO metadata have them.
    pub(in crate::webauthn) fn read(bytes: &[u8], lenient: bool) -> Option<Self> {
        let mut outer = SliceReader::new(bytes).ok()?;
        let der = outer.tlv_bytes().ok()?;
        if !lenient && der.len() != bytes.len() {
            return None;
        }
        let inner = CertificateInner::from_der(der).ok()?;
        let signed = first_member(der)?;
        Some(Self { der: der.to_vec(), signed, inner })
    }

    fn body(&self) -> &TbsCertificateInner<Raw> {
        self.inner.tbs_certificate()
    }

    /// The certificate in DER, without what stood after it.
    pub(in crate::webauthn) fn der(&self) -> &[u8] {
        &self.der
    }

    pub(super) fn signed(&self) -> &[u8] {
        &self.signed
    }

    pub(super) fn signature(&self) -> Option<&[u8]> {
        self.inner.signature().as_bytes()
    }

    pub(super) fn signature_algorithm(&self) -> ObjectIdentifier {
        self.inner.signature_algorithm().oid
    }

    /// Whether both places that name the signature's algorithm say the same (section 4.1.1.2).
    pub(super) fn algorithms_agree(&self) -> bool {
        self.inner.signature_algorithm().oid == self.body().signature().oid
    }

    pub(in crate::webauthn) fn public_key(&self) -> &SubjectPublicKeyInfoOwned {
        self.body().subject_public_key_info()
    }

    /// The public key as SubjectPublicKeyInfo in DER.
    pub(in crate::webauthn) fn public_key_der(&self) -> Option<Vec<u8>> {
        self.public_key().to_der().ok()
    }

    /// The key identifier by method 1 (section 4.2.1.2): SHA-1 of the public key's bits.
    pub(in crate::webauthn) fn key_identifier(&self) -> Option<[u8; 20]> {
        let bits = self.public_key().subject_public_key.as_bytes()?;
        Some(Sha1::digest(bits).into())
    }

    pub(super) fn fingerprint(&self) -> [u8; 32] {
        Sha256::digest(&self.der).into()
    }

    /// What the certificate is for, for people: its subject, or where that is empty its serial
    /// number.
    pub(in crate::webauthn) fn name(&self) -> String {
        let subject = self.body().subject();
        if subject.is_empty() {
            let digits = hex(self.body().serial_number().as_bytes());
            return format!("the certificate with the serial number {digits}");
        }
        distinguished_name(subject)
    }

    pub(super) fn issuer_name(&self) -> String {
        distinguished_name(self.body().issuer())
    }

    /// Whether the other certificate's subject is this one's issuer.
    pub(super) fn may_be_issued_by(&self, other: &Self) -> bool {
        same_name(self.body().issuer(), other.body().subject())
    }

    /// From when and until when it is valid, in seconds since the Unix epoch.
    pub(super) fn validity(&self) -> (u64, u64) {
        let validity = self.body().validity();
        (
            validity.not_before.to_unix_duration().as_secs(),
            validity.not_after.to_unix_duration().as_secs(),
        )
    }

    /// Basic constraints; `Ok(None)` where there are none.
    pub(super) fn basic_constraints(&self) -> Result<Option<BasicConstraints>, ()> {
        let found = self.body().get_extension::<BasicConstraints>().map_err(drop)?;
        Ok(found.map(|(_, constraints)| constraints))
    }

    /// Whether its key may sign certificates, as far as key usage says.
    pub(super) fn may_sign_certificates(&self) -> bool {
        match self.body().get_extension::<KeyUsage>() {
            Ok(Some((_, usage))) => usage.key_cert_sign(),
            Ok(None) => true,
            Err(_) => false,
        }
    }

    /// The first critical extension that is not understood.
    pub(super) fn critical_extension(&self) -> Option<ObjectIdentifier> {
        let mut extensions = self.body().extensions()?.iter();
        let foreign = |oid| !UNDERSTOOD.contains(&oid);
        extensions
            .find(|extension| extension.critical && foreign(extension.extn_id))
            .map(|extension| extension.extn_id)
    }

    /// Whether the certificate is for this host: one of its DNS names (RFC 6125 without wildcards),
    /// or where it has none, its common name.
    pub(in crate::webauthn) fn is_for_host(&self, host: &str) -> bool {
        if let Ok(Some((_, SubjectAltName(names)))) = self.body().get_extension::<SubjectAltName>()
        {
            return names.iter().any(|name| match name {
                GeneralName::DnsName(dns) => dns.as_str().eq_ignore_ascii_case(host),
                _ => false,
            });
        }
        let mut names = self.body().subject().iter();
        names.any(|attribute| {
            attribute.oid == COMMON_NAME
                && attribute.value.value().eq_ignore_ascii_case(host.as_bytes())
        })
    }
}

/// The first member of a SEQUENCE, with its header.
fn first_member(der: &[u8]) -> Option<Vec<u8>> {
    let mut outer = SliceReader::new(der).ok()?;
    let sequence = der::AnyRef::decode(&mut outer).ok()?;
    let mut members = SliceReader::new(sequence.value()).ok()?;
    members.tlv_bytes().ok().map(<[u8]>::to_vec)
}

/// Compares names as section 7.1 says, as far as it matters here: the kind of string, upper and lower
/// case and the number of spaces make no difference.
fn same_name(one: &Name, other: &Name) -> bool {
    one == other || (one.len() == other.len() && plain(one) == plain(other))
}

fn plain(name: &Name) -> Vec<(ObjectIdentifier, String)> {
    name.iter()
        .map(|attribute| {
            let value = &attribute.value;
            let text = match der::Tagged::tag(value) {
                Tag::Utf8String | Tag::PrintableString | Tag::Ia5String | Tag::TeletexString => {
                    let text = String::from_utf8_lossy(value.value()).to_lowercase();
                    text.split_whitespace().collect::<Vec<_>>().join(" ")
                }
                tag => format!("{tag}:{:02x?}", value.value()),
            };
            (attribute.oid, text)
        })
        .collect()
}
