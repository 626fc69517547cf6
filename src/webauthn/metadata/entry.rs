//! One entry of the metadata: a model, its metadata statement and its status reports.

use super::date::Date;
use crate::webauthn::base64url::{self, Base64Url};
use crate::wire::authenticator_data::Aaguid;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::{BTreeSet, HashSet};

/// One model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The AAGUID of a FIDO2 model, in the form of a UUID.
    pub aaguid: Option<String>,
    /// The key identifiers of the attestation certificates of a U2F model, hexadecimal.
    pub certificate_key_identifiers: Vec<String>,
    /// The model's name.
    pub description: String,
    /// `fido2` or `u2f`.
    pub protocol_family: Option<String>,
    /// The firmware version that the statement is about.
    pub authenticator_version: Option<u64>,
    /// How the model attests itself, such as `basic_full` or `basic_surrogate`.
    pub attestation_types: Vec<String>,
    /// How it verifies people, such as `fingerprint_internal`.
    pub user_verification_methods: Vec<String>,
    /// How it protects its keys, such as `hardware` or `secure_element`.
    pub key_protection: Vec<String>,
    /// Where it checks people, such as `on_chip`.
    pub matcher_protection: Vec<String>,
    /// How it is attached, such as `external` or `wired`.
    pub attachment_hint: Vec<String>,
    /// What it signs with, such as `secp256r1_ecdsa_sha256_raw`.
    pub authentication_algorithms: Vec<String>,
    /// What its attestation leads to: certificates in DER.
    pub attestation_roots: Vec<Base64Url>,
    /// What became of the model, as received.
    pub status_reports: Vec<StatusReport>,
    /// When its status last changed.
    pub last_status_change: Option<Date>,
    /// What a key of this model says of itself, as JSON of the members of getInfo.
    pub authenticator_get_info: Option<Value>,
    /// Where the entry is not as the specification says, in words.
    pub deviations: Vec<String>,
}

/// Something that became of a model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusReport {
    /// The status, as received, such as `FIDO_CERTIFIED_L1` or `REVOKED`.
    pub status: String,
    /// Since when.
    pub effective_date: Option<Date>,
    /// For which firmware version and later ones.
    pub authenticator_version: Option<u64>,
    /// The attestation certificate, in DER, that a compromise is limited to.
    pub certificate: Option<Base64Url>,
    /// The certificate of the batch that a compromise is limited to.
    pub batch_certificate: Option<Base64Url>,
    /// Where more is said.
    pub url: Option<String>,
    /// What was certified.
    pub certification_descriptor: Option<String>,
    /// The certificate's number at the FIDO Alliance.
    pub certificate_number: Option<String>,
    /// By which version of the policy.
    pub certification_policy_version: Option<String>,
    /// By which version of the requirements.
    pub certification_requirements_version: Option<String>,
    /// Until when.
    pub sunset_date: Option<Date>,
}

/// What a raw entry turned out to be.
pub(super) enum Read {
    /// A model of FIDO2 or U2F.
    Model(Box<Entry>),
    /// A model of UAF, which speaks another protocol.
    Uaf,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EntryDocument<'a> {
    #[serde(borrow)]
    aaguid: Option<&'a RawValue>,
    #[serde(borrow)]
    aaid: Option<&'a RawValue>,
    #[serde(borrow)]
    attestation_certificate_key_identifiers: Option<&'a RawValue>,
    #[serde(borrow)]
    metadata_statement: Option<&'a RawValue>,
    #[serde(borrow)]
    status_reports: Option<&'a RawValue>,
    #[serde(borrow)]
    time_of_last_status_change: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct StatementDocument<'a> {
    #[serde(borrow)]
    description: Option<&'a RawValue>,
    #[serde(borrow)]
    protocol_family: Option<&'a RawValue>,
    #[serde(borrow)]
    authenticator_version: Option<&'a RawValue>,
    #[serde(borrow)]
    attestation_types: Option<&'a RawValue>,
    #[serde(borrow)]
    user_verification_details: Option<&'a RawValue>,
    #[serde(borrow)]
    key_protection: Option<&'a RawValue>,
    #[serde(borrow)]
    matcher_protection: Option<&'a RawValue>,
    #[serde(borrow)]
    attachment_hint: Option<&'a RawValue>,
    #[serde(borrow)]
    authentication_algorithms: Option<&'a RawValue>,
    #[serde(borrow)]
    attestation_root_certificates: Option<&'a RawValue>,
    #[serde(borrow)]
    authenticator_get_info: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReportDocument<'a> {
    #[serde(borrow)]
    status: Option<&'a RawValue>,
    #[serde(borrow)]
    effective_date: Option<&'a RawValue>,
    #[serde(borrow)]
    authenticator_version: Option<&'a RawValue>,
    #[serde(borrow)]
    certificate: Option<&'a RawValue>,
    #[serde(borrow)]
    batch_certificate: Option<&'a RawValue>,
    #[serde(borrow)]
    url: Option<&'a RawValue>,
    #[serde(borrow)]
    certification_descriptor: Option<&'a RawValue>,
    #[serde(borrow)]
    certificate_number: Option<&'a RawValue>,
    #[serde(borrow)]
    certification_policy_version: Option<&'a RawValue>,
    #[serde(borrow)]
    certification_requirements_version: Option<&'a RawValue>,
    #[serde(borrow)]
    sunset_date: Option<&'a RawValue>,
}

/// How many key identifiers of one model are read. Models have a handful.
const MOST_IDENTIFIERS: usize = 256;

/// Reads one entry, member by member.
///
/// # Errors
///
/// In words, when it names no model or is no object.
pub(super) fn read(raw: &RawValue) -> Result<Read, String> {
    let document: EntryDocument<'_> = serde_json::from_str(raw.get())
        .map_err(|_| "it is not an object, or has a member twice".to_owned())?;
    let mut notes = Notes::default();
    let aaguid = notes.text("aaguid", document.aaguid);
    let mut identifiers: Vec<String> = notes
        .list(
            "attestationCertificateKeyIdentifiers",
            document.attestation_certificate_key_identifiers,
        )
        .into_iter()
        .filter_map(|text: String| key_identifier(&text))
        .collect();
    if identifiers.len() > MOST_IDENTIFIERS {
        identifiers.truncate(MOST_IDENTIFIERS);
        notes.0.push("attestationCertificateKeyIdentifiers".to_owned());
    }
    let aaguid = match aaguid.map(|text| text.parse::<Aaguid>()) {
        Some(Ok(aaguid)) => Some(aaguid.to_string()),
        Some(Err(error)) if identifiers.is_empty() => return Err(error.to_string()),
        Some(Err(_)) => {
            notes.0.push("aaguid".to_owned());
            None
        }
        None => None,
    };
    if aaguid.is_none() && identifiers.is_empty() {
        return match document.aaid {
            Some(_) => Ok(Read::Uaf),
            None => Err("it names no model".to_owned()),
        };
    }
    let statement = match document.metadata_statement {
        Some(raw) => serde_json::from_str(raw.get()).unwrap_or_else(|_| {
            notes.0.push("metadataStatement".to_owned());
            StatementDocument::default()
        }),
        None => {
            notes.0.push("metadataStatement".to_owned());
            StatementDocument::default()
        }
    };
    let mut entry = statement_of(&statement, &mut notes);
    entry.aaguid = aaguid;
    entry.certificate_key_identifiers = identifiers;
    let reports: Vec<&RawValue> = match document.status_reports.map(|raw| raw.get()) {
        Some(raw) => serde_json::from_str(raw).unwrap_or_else(|_| {
            notes.0.push("statusReports".to_owned());
            Vec::new()
        }),
        None => Vec::new(),
    };
    for raw in reports {
        match report(raw, &mut notes) {
            Some(report) => entry.status_reports.push(report),
            None => notes.0.push("statusReports".to_owned()),
        }
    }
    entry.last_status_change =
        notes.date("timeOfLastStatusChange", document.time_of_last_status_change);
    entry.deviations = notes.0;
    Ok(Read::Model(Box::new(entry)))
}

fn statement_of(statement: &StatementDocument<'_>, notes: &mut Notes) -> Entry {
    let mut roots: Vec<Base64Url> = Vec::new();
    let mut known = HashSet::new();
    let texts: Vec<String> =
        notes.list("attestationRootCertificates", statement.attestation_root_certificates);
    for text in texts {
        let text: String = text.split_whitespace().collect();
        match base64url::decode(&text) {
            Ok(der) if known.insert(der.clone()) => roots.push(Base64Url(der)),
            Ok(_) => {}
            Err(_) => notes.0.push("attestationRootCertificates".to_owned()),
        }
    }
    let info: Option<Value> = notes.read("authenticatorGetInfo", statement.authenticator_get_info);
    Entry {
        description: notes.text("description", statement.description).unwrap_or_default(),
        protocol_family: notes.text("protocolFamily", statement.protocol_family),
        authenticator_version: notes.read("authenticatorVersion", statement.authenticator_version),
        attestation_types: notes.list("attestationTypes", statement.attestation_types),
        user_verification_methods: methods(
            notes.read("userVerificationDetails", statement.user_verification_details),
        ),
        key_protection: notes.list("keyProtection", statement.key_protection),
        matcher_protection: notes.list("matcherProtection", statement.matcher_protection),
        attachment_hint: notes.list("attachmentHint", statement.attachment_hint),
        authentication_algorithms: notes
            .list("authenticationAlgorithms", statement.authentication_algorithms),
        attestation_roots: roots,
        authenticator_get_info: info.filter(Value::is_object),
        ..Entry::default()
    }
}

fn report(raw: &RawValue, notes: &mut Notes) -> Option<StatusReport> {
    let document: ReportDocument<'_> = serde_json::from_str(raw.get()).ok()?;
    let status = notes.text("status", document.status)?;
    let mut bytes = |name, raw| {
        let text: String = notes.text(name, raw)?.split_whitespace().collect();
        base64url::decode(&text).ok().map(Base64Url)
    };
    let certificate = bytes("certificate", document.certificate);
    let batch_certificate = bytes("batchCertificate", document.batch_certificate);
    Some(StatusReport {
        status,
        effective_date: notes.date("effectiveDate", document.effective_date),
        authenticator_version: notes.read("authenticatorVersion", document.authenticator_version),
        certificate,
        batch_certificate,
        url: notes.text("url", document.url),
        certification_descriptor: notes
            .text("certificationDescriptor", document.certification_descriptor),
        certificate_number: notes.text("certificateNumber", document.certificate_number),
        certification_policy_version: notes
            .text("certificationPolicyVersion", document.certification_policy_version),
        certification_requirements_version: notes
            .text("certificationRequirementsVersion", document.certification_requirements_version),
        sunset_date: notes.date("sunsetDate", document.sunset_date),
    })
}

/// The names of all methods in `userVerificationDetails`, a list of alternatives that are lists.
fn methods(details: Option<Value>) -> Vec<String> {
    let alternatives = details.as_ref().and_then(Value::as_array);
    let descriptors = alternatives.into_iter().flatten().filter_map(Value::as_array).flatten();
    let names = descriptors.filter_map(|one| one.get("userVerificationMethod")?.as_str());
    let names: BTreeSet<&str> = names.collect();
    names.into_iter().map(str::to_owned).collect()
}

/// A key identifier: 40 hexadecimal digits, made lower-case.
pub fn key_identifier(text: &str) -> Option<String> {
    let fits = text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    fits.then(|| text.to_ascii_lowercase())
}

/// The members that are not as the specification says.
#[derive(Default)]
struct Notes(Vec<String>);

impl Notes {
    /// Reads a member; one of another type counts as absent and is noted.
    fn read<T: DeserializeOwned>(&mut self, name: &str, raw: Option<&RawValue>) -> Option<T> {
        match serde_json::from_str(raw?.get()) {
            Ok(value) => Some(value),
            Err(_) => {
                self.0.push(name.to_owned());
                None
            }
        }
    }

    fn text(&mut self, name: &str, raw: Option<&RawValue>) -> Option<String> {
        self.read(name, raw)
    }

    /// Reads a list of texts; elements of another type are passed over and noted.
    fn list(&mut self, name: &str, raw: Option<&RawValue>) -> Vec<String> {
        let values: Vec<Value> = self.read(name, raw).unwrap_or_default();
        let mut texts = Vec::with_capacity(values.len());
        for value in values {
            match value {
                Value::String(text) => texts.push(text),
                _ => self.0.push(name.to_owned()),
            }
        }
        texts
    }

    fn date(&mut self, name: &str, raw: Option<&RawValue>) -> Option<Date> {
        let text = self.text(name, raw)?;
        let date = text.parse().ok();
        if date.is_none() {
            self.0.push(name.to_owned());
        }
        date
    }
}
