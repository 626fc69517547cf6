//! Whether an attestation can be believed (WebAuthn Level 3 section 7.1; FIDO Metadata Service
//! version 3, section 3.1): does its certificate lead to a root that is trusted, and what does the
//! FIDO metadata say of the model?
//!
//! | module | what it does |
//! |---|---|
//! | `path` | from a certificate to a root |
//! | `pem` | roots that a person trusts |
//! | `status` | what became of a model |
//! | `agreement` | what a key says of itself, held against its metadata statement |

mod agreement;
mod certificate;
mod path;
mod pem;
mod signature;
mod status;

pub use agreement::Difference;
pub use path::{Path, PathError};
pub use pem::{Roots, RootsError};
pub use status::{Reported, STATUSES, certification, reported};

pub(super) use certificate::Certificate;
pub(super) use path::{MOST_CERTIFICATES, find as find_path, moment};

use super::attestation::{AttestationKind, AttestationVerdict, CertificateFacts};
use super::base64url::Base64Url;
use super::check::{Check, Rule};
use super::metadata::{Date, Entry, Kept, StatusReport};
use super::verify::Verdict;
use crate::ctap::get_info::Info;
use crate::wire::authenticator_data::Aaguid;
use serde::Serialize;

const TRUST: Rule =
    Rule::new("attestation_trust", "the attestation certificate leads to a trusted root", "7.1");
const FRESH: Rule =
    Rule::new("metadata_fresh", "the FIDO metadata is not older than it should be", "7.1");
const ENTRY: Rule = Rule::new("metadata_entry", "the FIDO metadata knows the key's model", "7.1");
const KIND: Rule = Rule::new(
    "metadata_attestation",
    "the key attests itself as the FIDO metadata says of its model",
    "7.1",
);
const STATUS: Rule = Rule::new(
    "metadata_status",
    "the FIDO metadata reports neither a revocation nor a compromise of the model",
    "7.1",
);
const AGREEMENT: Rule = Rule::new(
    "metadata_agreement",
    "the key says of itself what the FIDO metadata says of its model",
    "7.1",
);

/// Whom to believe.
#[derive(Clone, Copy, Debug)]
pub struct TrustSource<'a> {
    /// Roots that are trusted for every model.
    pub roots: &'a Roots,
    /// The FIDO metadata, whose roots are trusted for the models that they belong to.
    pub metadata: Option<&'a Kept>,
    /// What the key says of itself, where it is at hand.
    pub info: Option<&'a Info>,
    /// Whether an attestation must be trusted.
    pub required: bool,
    /// Whether a certificate that is not valid now stands against an attestation even where no root is
    /// known that it could lead to. Section 7.1 looks at validity only on the way to a root.
    pub in_date: bool,
    /// The time, in seconds since the Unix epoch.
    pub at: u64,
}

/// What was learned of an attestation's trust.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TrustFacts {
    /// The root that the attestation certificate leads to.
    pub root: Option<RootFacts>,
    /// What the FIDO metadata says of the model; `None` where it was not asked or does not know it.
    pub model: Option<ModelFacts>,
}

/// A root that was reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RootFacts {
    /// Its subject (RFC 4514).
    pub subject: String,
    /// Its SHA-256.
    pub sha256: Base64Url,
    /// Whether it is one of the metadata's for this model; else it was given.
    pub from_metadata: bool,
}

/// What the FIDO metadata says of a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ModelFacts {
    /// The number of the metadata.
    pub metadata_number: u64,
    /// When the next metadata is due.
    pub next_update: Date,
    /// The model's name.
    pub name: String,
    /// Its highest certification that is in force, as received, such as `FIDO_CERTIFIED_L1`.
    pub certification: Option<String>,
    /// What became of it, as received.
    pub status_reports: Vec<StatusReport>,
    /// Where the key says something else of itself; `None` where it was not at hand.
    pub differences: Option<Vec<Difference>>,
}

/// Finds the way from the first certificate of a chain, in DER, to a root, at a time in seconds since the
/// Unix epoch. The other certificates may stand in any order.
///
/// # Errors
///
/// [`PathError`] with what stopped the way that came furthest.
pub fn path_to_root(chain: &[impl AsRef<[u8]>], roots: &Roots, at: u64) -> Result<Path, PathError> {
    path::find(chain, roots.certificates(), at)
}

/// Adds to a verdict on a registration whether its attestation can be believed.
pub fn judge(verdict: Verdict, source: &TrustSource<'_>) -> Verdict {
    let Some(attestation) = verdict.facts().attestation.clone() else { return verdict };
    let aaguid = verdict.facts().aaguid.as_deref().and_then(|text| text.parse().ok());
    let certificates = attestation.certificates();
    let mut facts = TrustFacts::default();
    let mut checks = Vec::new();
    let entry = source.metadata.map(|metadata| find(metadata, aaguid, &attestation, &certificates));
    let known = match &entry {
        Some(Ok(Some(entry))) => Some(entry),
        _ => None,
    };
    checks.push(trust(&attestation, &certificates, known, source, &mut facts));
    if let (Some(metadata), Some(found)) = (source.metadata, &entry) {
        let summary = metadata.summary();
        let (number, due) = (summary.number, summary.next_update);
        checks.push(if summary.is_due(source.at) {
            FRESH.not_checked(format!(
                "it is number {number}, and a newer one was due on {due}: what was reported since \
                 is not known"
            ))
        } else {
            FRESH.passed_with(format!("number {number}; the next one is due on {due}"))
        });
        checks.push(match found {
            Ok(Some(entry)) => ENTRY.passed_with(name(entry)),
            Ok(None) if aaguid.is_none_or(Aaguid::is_zero) && certificates.is_empty() => {
                ENTRY.not_applicable("the key does not say which model it is")
            }
            Ok(None) => ENTRY.not_checked(format!("number {number} has no entry for it")),
            Err(error) => ENTRY.not_checked(format!("of the kept metadata, {error}")),
        });
        if let Some(entry) = known {
            checks.push(kind(&attestation, entry));
            checks.push(status::check(STATUS, entry, &certificates, source));
            let differences = source.info.and_then(|info| {
                agreement::differences(info, entry.authenticator_get_info.as_ref()?)
            });
            checks.push(agreement::check(AGREEMENT, entry, differences.as_deref(), source.info));
            facts.model = Some(ModelFacts {
                metadata_number: number,
                next_update: due,
                name: entry.description.clone(),
                certification: certification(entry, Date::of_moment(source.at)),
                status_reports: entry.status_reports.clone(),
                differences,
            });
        }
    }
    verdict.with_trust(checks, facts)
}

/// The model's entry: by AAGUID, or for U2F keys by an attestation certificate.
fn find(
    metadata: &Kept,
    aaguid: Option<Aaguid>,
    attestation: &AttestationVerdict,
    certificates: &[&CertificateFacts],
) -> Result<Option<Entry>, super::metadata::KeptError> {
    if let Some(aaguid) = aaguid.filter(|aaguid| !aaguid.is_zero()) {
        let found = metadata.by_aaguid(aaguid)?;
        if found.is_some() || attestation.format != "fido-u2f" {
            return Ok(found);
        }
    }
    let chain = certificates.first().map(|facts| facts.chain.as_slice()).unwrap_or_default();
    for der in chain.iter().take(MOST_CERTIFICATES) {
        let certificate = Certificate::read(der.as_bytes(), true);
        let Some(identifier) = certificate.and_then(|read| read.key_identifier()) else { continue };
        if let Some(entry) = metadata.by_key_identifier(identifier)? {
            return Ok(Some(entry));
        }
    }
    Ok(None)
}

/// Does every attestation certificate lead to a root?
fn trust(
    attestation: &AttestationVerdict,
    certificates: &[&CertificateFacts],
    entry: Option<&Entry>,
    source: &TrustSource<'_>,
    facts: &mut TrustFacts,
) -> Check {
    let expected = "an attestation that leads to a trusted root";
    if certificates.is_empty() {
        let reason = match attestation.kind {
            AttestationKind::None => "nothing is attested",
            AttestationKind::SelfAttested => "the credential attests itself, without a certificate",
            AttestationKind::Compound => "no statement has a certificate",
            AttestationKind::Certificate(_) | AttestationKind::Unknown => {
                "no attestation certificate could be read"
            }
        };
        return match (source.required, &attestation.kind) {
            (true, _) => TRUST.failed(expected, reason),
            (false, AttestationKind::Unknown) => TRUST.not_checked(reason),
            (false, _) => TRUST.not_applicable(reason),
        };
    }
    let of_model = entry.map(|entry| entry.attestation_roots.as_slice()).unwrap_or_default();
    let of_model = Roots::from_der(of_model.iter().map(Base64Url::as_bytes));
    let mut roots = source.roots.clone();
    roots.extend(of_model.clone());
    if roots.is_empty() {
        let reason = match (source.metadata, entry) {
            (None, _) => "no roots were given, so trust is not checked",
            (Some(_), None) => "the FIDO metadata does not know the model, and no roots were given",
            (Some(_), Some(_)) => {
                "the FIDO metadata has no roots for the model, and none were given"
            }
        };
        return match out_of_date(certificates, source.at) {
            _ if source.required => TRUST.failed(expected, reason),
            None => TRUST.not_checked(reason),
            // One that is not valid now leads to no root, whichever that would be.
            Some(trouble) if source.in_date => {
                TRUST.failed("certificates that are valid now", trouble.to_string())
            }
            Some(trouble) => TRUST.not_checked(format!("{reason}; {trouble}")),
        };
    }
    let mut reached = None;
    for certificate in certificates {
        match path::find(&certificate.chain, roots.certificates(), source.at) {
            Ok(path) => reached = reached.or(Some(path)),
            Err(error) => {
                let roots = match roots.len() {
                    1 => "the root that is trusted".to_owned(),
                    number => format!("one of the {number} roots that are trusted"),
                };
                return TRUST.failed(format!("a chain to {roots}"), error.to_string());
            }
        }
    }
    let Some(path) = reached else { return TRUST.not_checked("no certificate could be read") };
    let from_metadata =
        of_model.certificates().iter().any(|root| root.fingerprint() == path.root_sha256);
    let seen = match (from_metadata, entry) {
        (true, Some(entry)) => {
            format!("{}, a root that the metadata has for {}", path.root, name(entry))
        }
        _ => format!("{}, a root that was given", path.root),
    };
    facts.root = Some(RootFacts {
        subject: path.root,
        sha256: path.root_sha256.as_slice().into(),
        from_metadata,
    });
    TRUST.passed_with(seen)
}

/// The first certificate that is not valid at this time, in seconds since the Unix epoch.
fn out_of_date(certificates: &[&CertificateFacts], at: u64) -> Option<PathError> {
    certificates.iter().find_map(|one| match path::find(&one.chain, &[], at) {
        Err(trouble @ (PathError::Expired { .. } | PathError::NotYetValid { .. })) => Some(trouble),
        _ => None,
    })
}

/// Does the model attest itself in this way (FIDO Registry of Predefined Values section 3.6.3)?
fn kind(attestation: &AttestationVerdict, entry: &Entry) -> Check {
    let fitting: &[&str] = match attestation.kind {
        AttestationKind::None => return KIND.not_applicable("nothing is attested"),
        AttestationKind::Compound => {
            return KIND.not_checked("it has several statements, each of a kind of its own");
        }
        AttestationKind::Unknown => {
            return KIND.not_checked("what kind of attestation it is could not be read");
        }
        AttestationKind::SelfAttested => &["basic_surrogate"],
        AttestationKind::Certificate(_) => &["basic_full", "attca", "anonca", "ecdaa"],
    };
    let stated = &entry.attestation_types;
    if stated.is_empty() {
        return KIND.not_checked("the FIDO metadata does not say how the model attests itself");
    }
    KIND.judge(
        stated.iter().any(|one| fitting.contains(&one.as_str())),
        || stated.join(" or "),
        || match attestation.kind {
            AttestationKind::SelfAttested => "self attestation (basic_surrogate)".to_owned(),
            _ => "attestation with a certificate (basic_full)".to_owned(),
        },
    )
}

fn name(entry: &Entry) -> String {
    match entry.description.as_str() {
        "" => "a model without a name".to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
pub(super) mod tests;
