//! Attestation statements (WebAuthn Level 3 section 8): what a key says of itself, and with which
//! key it signed that.
//!
//! `packed` (8.2, with certificate and self), `fido-u2f` (8.6) and `none` (8.7) are checked; the
//! other registered formats are reported as not checked, with the reason. Whether a certificate leads to a root that
//! somebody trusts is not decided here.

mod certificate;
mod fido_u2f;
mod packed;

pub use certificate::{CertificateError, CertificateFacts};

use super::check::{Check, Rule};
use crate::wire::attestation_object::AttestationObject;
use crate::wire::authenticator_data::{AttestedCredentialData, AuthenticatorData};
use crate::wire::cbor::{self, CborError, Map};
use crate::wire::cose::Algorithm;
use serde::Serialize;

const FORMAT: Rule =
    Rule::new("attestation_format", "the attestation format is a registered one", "7.1");
const STATEMENT: Rule = Rule::new(
    "attestation_statement",
    "the attestation statement has the members that its format prescribes",
    "7.1",
);
const ALGORITHM: Rule =
    Rule::new("attestation_algorithm", "the attestation's algorithm is that of its key", "7.1");
const SIGNATURE: Rule =
    Rule::new("attestation_signature", "the attestation signature is valid", "7.1");
const CERTIFICATE: Rule = Rule::new(
    "attestation_certificate",
    "the attestation certificate has the contents that its format prescribes",
    "7.1",
);
const AAGUID: Rule = Rule::new(
    "attestation_aaguid",
    "the AAGUID in the attestation certificate is the key's",
    "7.1",
);
const TRUST: Rule =
    Rule::new("attestation_trust", "the attestation certificate leads to a trusted root", "7.1");

/// The formats that are checked here.
const CHECKED: &[&str] = &["none", "packed", "fido-u2f"];

/// The other registered formats (IANA, "WebAuthn Attestation Statement Format Identifiers").
const REGISTERED: &[&str] = &["tpm", "android-key", "android-safetynet", "apple", "compound"];

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
    /// Not known: the format is foreign, or the statement cannot be read.
    Unknown,
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
    fn new(format: &str, kind: AttestationKind) -> Self {
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

/// What an attestation statement is about.
struct Subject<'a> {
    statement: Map<'a>,
    authenticator_data: &'a AuthenticatorData,
    credential: &'a AttestedCredentialData,
    /// The bytes that `packed` signs: authenticator data and client data hash.
    signed: Vec<u8>,
    client_data_hash: &'a [u8; 32],
}

/// Checks an attestation statement.
///
/// `authenticator_data` is what `object` holds, read. The checks come in a fixed order; those that
/// do not concern the format are not applicable.
pub fn examine(
    object: &AttestationObject,
    authenticator_data: &AuthenticatorData,
    client_data_hash: &[u8; 32],
) -> (AttestationVerdict, Vec<Check>) {
    let format = object.format.as_str();
    let known = CHECKED.contains(&format);
    let statement = cbor::parse(&object.statement).and_then(cbor::Item::map);
    let (kind, mut checks) = match (statement, &authenticator_data.attested_credential) {
        _ if !known => {
            let reason = format!("this program does not check the attestation format {format:?}");
            let first = if REGISTERED.contains(&format) {
                FORMAT.not_checked(&*reason)
            } else {
                FORMAT.failed("a registered format", format!("{format:?}"))
            };
            let others = [STATEMENT, SIGNATURE].map(|rule| rule.not_checked(&*reason));
            (AttestationKind::Unknown, [&[first], others.as_slice()].concat())
        }
        (Err(error), _) => (AttestationKind::Unknown, unreadable(&error)),
        (Ok(_), None) => (
            AttestationKind::Unknown,
            vec![SIGNATURE.not_checked("the authenticator data holds no credential")],
        ),
        (Ok(statement), Some(credential)) => {
            let signed = [object.authenticator_data.as_slice(), client_data_hash].concat();
            let subject =
                Subject { statement, authenticator_data, credential, signed, client_data_hash };
            let examined = match format {
                "none" => Ok(none(&subject)),
                "packed" => packed::examine(&subject),
                _ => fido_u2f::examine(&subject),
            };
            examined.unwrap_or_else(|error| (AttestationKind::Unknown, unreadable(&error)))
        }
    };
    if known {
        checks.insert(0, FORMAT.passed_with(format));
    }
    checks.push(match kind {
        AttestationKind::None => TRUST.not_applicable("nothing is attested"),
        AttestationKind::SelfAttested => {
            TRUST.not_applicable("the credential attests itself, without a certificate")
        }
        _ => TRUST.not_checked("no roots were given, so trust is not checked"),
    });
    (AttestationVerdict::new(format, kind), checks)
}

fn unreadable(error: &CborError) -> Vec<Check> {
    vec![
        STATEMENT.failed("a statement in the form of its format", error.to_string()),
        SIGNATURE.not_checked("the attestation statement cannot be read"),
    ]
}

/// Section 8.7: the statement is an empty map.
fn none(subject: &Subject<'_>) -> (AttestationKind, Vec<Check>) {
    let members = subject.statement.members().len();
    let checks = vec![
        STATEMENT.judge(members == 0, || "an empty map".into(), || format!("{members} members")),
        SIGNATURE.not_applicable("nothing is attested"),
    ];
    (AttestationKind::None, checks)
}

/// The certificates of the member `x5c`, as DER, or `None` when there is no such member.
fn certificates<'a>(statement: &Map<'a>) -> Result<Option<Vec<&'a [u8]>>, CborError> {
    let Some(list) = statement.get_text("x5c") else { return Ok(None) };
    list.array()?.into_iter().map(cbor::Item::bytes).collect::<Result<_, _>>().map(Some)
}

fn algorithm(statement: &Map<'_>) -> Result<Algorithm, CborError> {
    statement.get_text("alg").ok_or(CborError::Missing("alg"))?.integer().map(Algorithm)
}

fn signature<'a>(statement: &Map<'a>) -> Result<&'a [u8], CborError> {
    statement.get_text("sig").ok_or(CborError::Missing("sig"))?.bytes()
}

#[cfg(test)]
mod tests;
