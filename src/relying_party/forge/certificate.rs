//! Attestation certificates (WebAuthn Level 3 section 8.2.1), right or wrong.

use super::ForgeError;
use super::key::ForgedKey;
use crate::ctap::Random;
use crate::wire::authenticator_data::Aaguid;
use der::asn1::{ObjectIdentifier, OctetString, SetOfVec};
use der::{Any, Decode, Encode, Tag};
use std::time::{Duration, SystemTime};
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::builder::profile::BuilderProfile;
use x509_cert::builder::{self, Builder, CertificateBuilder};
use x509_cert::certificate::TbsCertificate;
use x509_cert::ext::Extension;
use x509_cert::name::{Name, RdnSequence, RelativeDistinguishedName};
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{EncodePublicKey, SubjectPublicKeyInfo, SubjectPublicKeyInfoRef};
use x509_cert::time::{Time, Validity};

/// id-fido-gen-ce-aaguid.
const AAGUID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.45724.1.1.4");
/// basicConstraints (RFC 5280 section 4.2.1.9).
const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
/// Attribute types of names (RFC 5280 appendix A.1).
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const COUNTRY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.6");
const ORGANIZATION_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");
const ORGANIZATIONAL_UNIT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.11");

/// A day.
pub const DAY: Duration = Duration::from_secs(86_400);

/// How old certificates claim to be: older than any difference between two clocks.
const AGE: Duration = Duration::from_secs(10 * 365 * 86_400);

/// The organizational unit that section 8.2.1 prescribes.
const ATTESTATION_UNIT: &str = "Authenticator Attestation";

const ORGANIZATION: &str = "fidokey audit";

/// An attestation certificate to be made.
#[derive(Clone, Debug)]
pub struct CertificatePlan {
    /// The AAGUID in its extension, if it has one.
    pub aaguid: Option<Aaguid>,
    /// The organizational unit of its subject.
    pub organizational_unit: &'static str,
    /// Whether it says of itself that it is an authority.
    pub is_authority: bool,
    /// From when it is valid.
    pub not_before: SystemTime,
    /// Until when it is valid.
    pub not_after: SystemTime,
}

impl CertificatePlan {
    /// What a maker of keys would issue for a model at this time of day.
    pub fn honest(aaguid: Option<Aaguid>, now: SystemTime) -> Self {
        Self {
            aaguid,
            organizational_unit: ATTESTATION_UNIT,
            is_authority: false,
            not_before: now.checked_sub(AGE).unwrap_or(SystemTime::UNIX_EPOCH),
            not_after: now.checked_add(DAY.saturating_mul(3650)).unwrap_or(now),
        }
    }
}

/// Names and extensions of one certificate.
struct Profile {
    subject: Name,
    issuer: Name,
    authority: bool,
    aaguid: Option<Aaguid>,
}

impl BuilderProfile for Profile {
    fn get_issuer(&self, _: &Name) -> Name {
        self.issuer.clone()
    }

    fn get_subject(&self) -> Name {
        self.subject.clone()
    }

    fn build_extensions(
        &self,
        _: SubjectPublicKeyInfoRef<'_>,
        _: SubjectPublicKeyInfoRef<'_>,
        _: &TbsCertificate,
    ) -> builder::Result<Vec<Extension>> {
        // SEQUENCE { cA BOOLEAN DEFAULT FALSE }
        let constraints: &[u8] = if self.authority { &[0x30, 3, 1, 1, 0xff] } else { &[0x30, 0] };
        let mut extensions = vec![Extension {
            extn_id: BASIC_CONSTRAINTS,
            critical: true,
            extn_value: OctetString::new(constraints)?,
        }];
        if let Some(aaguid) = self.aaguid {
            extensions.push(Extension {
                extn_id: AAGUID,
                critical: false,
                extn_value: OctetString::new(OctetString::new(aaguid.0)?.to_der()?)?,
            });
        }
        Ok(extensions)
    }
}

/// A maker of keys, whom nobody trusts who was not given its root.
pub struct Maker {
    key: p256::ecdsa::SigningKey,
    root: Vec<u8>,
    name: Name,
}

impl Maker {
    /// Makes a root.
    ///
    /// # Errors
    ///
    /// When there is no randomness, or the certificate cannot be built.
    pub fn new(now: SystemTime, random: &mut dyn Random) -> Result<Self, ForgeError> {
        let key = ForgedKey::p256(random)?;
        let name = name("Root", "Roots")?;
        let profile =
            Profile { subject: name.clone(), issuer: name.clone(), authority: true, aaguid: None };
        let plan = CertificatePlan::honest(None, now);
        let root = build(profile, &plan, key.verifying_key(), &key, random)?;
        Ok(Self { key, root, name })
    }

    /// A maker that was made before, whose root is for this key.
    pub(super) fn of(
        key: p256::ecdsa::SigningKey,
        root: &x509_cert::Certificate,
    ) -> der::Result<Self> {
        let name = root.tbs_certificate().subject().clone();
        Ok(Self { key, root: root.to_der()?, name })
    }

    /// The private key of the root.
    pub(super) fn key(&self) -> &p256::ecdsa::SigningKey {
        &self.key
    }

    /// The root certificate, in DER.
    pub fn root(&self) -> &[u8] {
        &self.root
    }

    /// Issues an attestation certificate, in DER, for this public key.
    ///
    /// # Errors
    ///
    /// When there is no randomness, or the certificate cannot be built.
    pub fn issue(
        &self,
        plan: &CertificatePlan,
        public: &p256::ecdsa::VerifyingKey,
        random: &mut dyn Random,
    ) -> Result<Vec<u8>, ForgeError> {
        let profile = Profile {
            subject: name("Key", plan.organizational_unit)?,
            issuer: self.name.clone(),
            authority: plan.is_authority,
            aaguid: plan.aaguid,
        };
        build(profile, plan, public, &self.key, random)
    }
}

fn name(common: &str, unit: &str) -> Result<Name, ForgeError> {
    let common = format!("{ORGANIZATION} {common}");
    let attributes = [
        (COUNTRY, Tag::PrintableString, "GB"),
        (ORGANIZATION_NAME, Tag::Utf8String, ORGANIZATION),
        (ORGANIZATIONAL_UNIT, Tag::Utf8String, unit),
        (COMMON_NAME, Tag::Utf8String, &common),
    ];
    let written = || {
        let mut elements = RdnSequence::default();
        for (oid, tag, text) in attributes {
            let value = Any::new(tag, text.as_bytes())?;
            let attribute = SetOfVec::try_from([AttributeTypeAndValue { oid, value }])?;
            elements.push(RelativeDistinguishedName::from(attribute));
        }
        Name::from_der(&elements.to_der()?)
    };
    written().map_err(|error: der::Error| ForgeError::Certificate(error.to_string()))
}

fn build(
    profile: Profile,
    plan: &CertificatePlan,
    public: &p256::ecdsa::VerifyingKey,
    signer: &p256::ecdsa::SigningKey,
    random: &mut dyn Random,
) -> Result<Vec<u8>, ForgeError> {
    let mut serial = [0; 16];
    random.fill(&mut serial)?;
    // Positive, and without a leading zero (RFC 5280 section 4.1.2.2).
    if let Some(first) = serial.first_mut() {
        *first = *first & 0x3f | 0x40;
    }
    let built = || -> Result<Vec<u8>, Box<dyn std::error::Error>> {
        let validity = Validity::new(
            Time::try_from(whole_second(plan.not_before))?,
            Time::try_from(whole_second(plan.not_after))?,
        );
        let spki = public.to_public_key_der()?;
        let spki = SubjectPublicKeyInfo::from_der(spki.as_bytes())?;
        let serial = SerialNumber::new(&serial)?;
        let builder = CertificateBuilder::new(profile, serial, validity, spki)?;
        let certificate = builder.build::<_, p256::ecdsa::DerSignature>(signer)?;
        Ok(certificate.to_der()?)
    };
    built().map_err(|error| ForgeError::Certificate(error.to_string()))
}

/// X.509 knows no fractions of a second.
fn whole_second(time: SystemTime) -> SystemTime {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(since.as_secs())).unwrap_or(time)
}
