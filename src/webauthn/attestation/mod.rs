//! Attestation statements (WebAuthn Level 3 section 8): what a key says of itself, and with which
//! key it signed that.
//!
//! | module | format | section |
//! |---|---|---|
//! | `packed` | `packed`, with certificate and self | 8.2 |
//! | `tpm` | `tpm` | 8.3 |
//! | `android_key` | `android-key` | 8.4 |
//! | `fido_u2f` | `fido-u2f` | 8.6 |
//! | `apple` | `apple` | 8.8 |
//! | `compound` | `compound` | 8.9 |
//!
//! `none` (8.7) is checked here; `android-safetynet` (8.5), which nobody makes any more, is reported as
//! not checked. Whether a certificate leads to a root that somebody trusts is not decided here.

mod android_key;
mod apple;
mod certificate;
mod compound;
mod extensions;
mod fido_u2f;
mod packed;
mod rules;
mod tpm;
mod verdict;

pub use certificate::CertificateError;
pub use extensions::U2fTransport;
pub use verdict::{AttestationKind, AttestationVerdict, CertificateFacts};

use super::check::Check;
use crate::wire::attestation_object::AttestationObject;
use crate::wire::authenticator_data::{AttestedCredentialData, AuthenticatorData};
use crate::wire::cbor::{self, CborError, Item, Map};
use crate::wire::cose::Algorithm;
use rules::{FORMAT, SIGNATURE, STATEMENT, TRUST};

/// The formats that are checked here, but for `compound`.
const CHECKED: &[&str] = &["none", "packed", "fido-u2f", "tpm", "android-key", "apple"];

/// A format of an interface that Google has switched off (section 8.5).
const SAFETY_NET: &str = "android-safetynet";

/// What a statement turned out to be, and the checks of it.
type Examined = (AttestationKind, Vec<Check>);

/// What attestation statements are about.
struct Ceremony<'a> {
    authenticator_data: &'a AuthenticatorData,
    client_data_hash: &'a [u8; 32],
    /// The bytes that most formats sign: authenticator data and client data hash.
    signed: Vec<u8>,
}

/// A statement and what it is about.
struct Subject<'a> {
    statement: Map<'a>,
    credential: &'a AttestedCredentialData,
    ceremony: &'a Ceremony<'a>,
}

/// Checks an attestation statement.
///
/// `authenticator_data` is what `object` holds, read. The checks come in a fixed order; those that
/// do not concern the format are left out or not applicable.
pub fn examine(
    object: &AttestationObject,
    authenticator_data: &AuthenticatorData,
    client_data_hash: &[u8; 32],
) -> (AttestationVerdict, Vec<Check>) {
    let signed = [object.authenticator_data.as_slice(), client_data_hash].concat();
    let ceremony = Ceremony { authenticator_data, client_data_hash, signed };
    let statement = cbor::parse(&object.statement);
    match object.format.as_str() {
        compound::FORMAT => compound::examine(statement, &ceremony),
        format => examine_one(format, statement, &ceremony),
    }
}

/// Checks a statement of any format but `compound`.
fn examine_one(
    format: &str,
    statement: Result<Item<'_>, CborError>,
    ceremony: &Ceremony<'_>,
) -> (AttestationVerdict, Vec<Check>) {
    let known = CHECKED.contains(&format);
    let statement = statement.and_then(cbor::Item::map);
    let (kind, mut checks) = match (statement, &ceremony.authenticator_data.attested_credential) {
        _ if !known => (AttestationKind::Unknown, unknown(format)),
        (Err(error), _) => (AttestationKind::Unknown, unreadable(&error)),
        (Ok(_), None) => (
            AttestationKind::Unknown,
            vec![SIGNATURE.not_checked("the authenticator data holds no credential")],
        ),
        (Ok(statement), Some(credential)) => {
            let subject = Subject { statement, credential, ceremony };
            let examined = match format {
                "none" => Ok(none(&subject)),
                "packed" => packed::examine(&subject),
                "tpm" => tpm::examine(&subject),
                "android-key" => android_key::examine(&subject),
                "apple" => apple::examine(&subject),
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

/// A format that is not checked here, registered or not.
fn unknown(format: &str) -> Vec<Check> {
    let reason = match format {
        SAFETY_NET => {
            "android-safetynet is deprecated: the service behind it was switched off, and \
                       nobody can make it any more"
                .to_owned()
        }
        compound::FORMAT => "a statement of a compound one cannot be compound itself".to_owned(),
        _ => format!("this program does not check the attestation format {format:?}"),
    };
    let first = match format {
        SAFETY_NET => FORMAT.not_checked(&*reason),
        compound::FORMAT => FORMAT.failed("a format that is not compound", format!("{format:?}")),
        _ => FORMAT.failed("a registered format", format!("{format:?}")),
    };
    let others = [STATEMENT, SIGNATURE].map(|rule| rule.not_checked(&*reason));
    [&[first], others.as_slice()].concat()
}

fn unreadable(error: &CborError) -> Vec<Check> {
    vec![
        STATEMENT.failed("a statement in the form of its format", error.to_string()),
        SIGNATURE.not_checked("the attestation statement cannot be read"),
    ]
}

/// Section 8.7: the statement is an empty map.
fn none(subject: &Subject<'_>) -> Examined {
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

fn bytes<'a>(statement: &Map<'a>, member: &'static str) -> Result<&'a [u8], CborError> {
    statement.get_text(member).ok_or(CborError::Missing(member))?.bytes()
}

fn signature<'a>(statement: &Map<'a>) -> Result<&'a [u8], CborError> {
    bytes(statement, "sig")
}

#[cfg(test)]
mod tests;
