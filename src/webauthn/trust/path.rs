//! From a certificate to a root that is trusted (RFC 5280 section 6.1).
//!
//! What is checked of every certificate below the root: its signature, that its issuer's name is the
//! next one's subject, its validity at the given time, and that it has no critical extension that is
//! not understood. Whoever issues must be a certificate authority (basic constraints), may sign
//! certificates (key usage) and has not more of them below it than it allows (path length). A root is
//! trusted as it is: its own signature and validity are not looked at (section 6.1.1), and one without
//! basic constraints, as version 1 has none, may issue. Revocation lists are not fetched.
//!
//! A certificate that is itself among the roots is trusted as a root is, whether or not it has run out
//! (WebAuthn Level 3 section 7.1: "or is itself an acceptable certificate"): the FIDO metadata lists
//! such.

use super::certificate::Certificate;
use super::signature::{self, SignatureProblem};
use der::DateTime;
use std::time::Duration;
use thiserror::Error;

/// The most certificates in a chain. Real ones have up to four.
pub(in crate::webauthn) const MOST_CERTIFICATES: usize = 8;

/// The most signatures that are checked for one chain: hostile ones name every certificate alike.
const MOST_SIGNATURES: usize = 64;

/// Why a chain leads to no root that is trusted.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum PathError {
    /// There is no certificate.
    #[error("there is no certificate")]
    Empty,
    /// More certificates than any chain has.
    #[error("the chain has {0} certificates, more than {MOST_CERTIFICATES}")]
    TooMany(usize),
    /// One of the chain cannot be read.
    #[error("certificate {position} of the chain is not X.509 in DER")]
    Unreadable {
        /// Which one, counted from 1.
        position: usize,
    },
    /// No root issued the last certificate of any path.
    #[error("no root that is trusted issued {subject}, which was issued by {issuer}")]
    NoRoot {
        /// The certificate where the path ends.
        subject: String,
        /// Who issued it.
        issuer: String,
    },
    /// A certificate is not valid yet.
    #[error("{subject} is valid only from {from}")]
    NotYetValid {
        /// Which one.
        subject: String,
        /// From when.
        from: String,
    },
    /// A certificate is not valid any more.
    #[error("{subject} was valid only until {until}")]
    Expired {
        /// Which one.
        subject: String,
        /// Until when.
        until: String,
    },
    /// A certificate's signature is not its issuer's.
    #[error("the signature of {subject} was not made by {issuer}")]
    Signature {
        /// Which one.
        subject: String,
        /// Who is said to have issued it.
        issuer: String,
    },
    /// A kind of signature or key that is not accepted.
    #[error("the signature of {subject} is of a kind that is not accepted: {algorithm}")]
    Unsupported {
        /// Which one.
        subject: String,
        /// The object identifier of the signature's algorithm.
        algorithm: String,
    },
    /// The issuer is no certificate authority.
    #[error("{issuer} issued a certificate and is no certificate authority")]
    NotAuthority {
        /// Who issued.
        issuer: String,
    },
    /// The issuer's key may not sign certificates.
    #[error("the key of {issuer} may not sign certificates")]
    MayNotSign {
        /// Who issued.
        issuer: String,
    },
    /// There are more certificates below the issuer than it allows.
    #[error("{issuer} allows {allowed} certificate authorities below it, and there are {found}")]
    PathLength {
        /// Who issued.
        issuer: String,
        /// How many it allows.
        allowed: u8,
        /// How many there are.
        found: usize,
    },
    /// A critical extension that is not understood.
    #[error("{subject} has a critical extension that is not understood: {extension}")]
    Critical {
        /// Which one.
        subject: String,
        /// The extension's object identifier.
        extension: String,
    },
    /// Too many certificates with the same name.
    #[error(
        "the chain names its certificates so that too many signatures would have to be checked"
    )]
    TooMuchWork,
}

/// A way from a certificate to a root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// How many certificates it has, without the root; one that is itself a root counts as one.
    pub length: usize,
    /// The root's subject.
    pub root: String,
    /// SHA-256 of the root.
    pub root_sha256: [u8; 32],
    /// Until when the root is valid, in seconds since the Unix epoch.
    pub root_valid_until: u64,
}

/// Finds the way from the first certificate of a chain to one of the roots, at a time in seconds
/// since the Unix epoch. The other certificates may stand in any order.
///
/// # Errors
///
/// [`PathError`] with what stopped the way that came furthest.
pub(in crate::webauthn) fn find(
    chain: &[impl AsRef<[u8]>],
    roots: &[Certificate],
    at: u64,
) -> Result<Path, PathError> {
    if chain.len() > MOST_CERTIFICATES {
        return Err(PathError::TooMany(chain.len()));
    }
    let read = |(index, der): (usize, &_)| {
        let position = index.saturating_add(1);
        Certificate::read(AsRef::as_ref(der), false).ok_or(PathError::Unreadable { position })
    };
    let chain = chain.iter().enumerate().map(read).collect::<Result<Vec<_>, _>>()?;
    let leaf = chain.first().ok_or(PathError::Empty)?;
    let mut search = Search { chain: &chain, roots, at, work: 0, trouble: None };
    match search.from(leaf, &mut vec![leaf]) {
        Some(path) => Ok(path),
        None => Err(search.trouble.map_or_else(|| no_root(leaf), |(_, trouble)| trouble)),
    }
}

struct Search<'a> {
    chain: &'a [Certificate],
    roots: &'a [Certificate],
    at: u64,
    work: usize,
    /// The first trouble of those that were met furthest from the leaf.
    trouble: Option<(usize, PathError)>,
}

impl<'a> Search<'a> {
    /// The way from the last certificate of `path` on.
    fn from(&mut self, last: &'a Certificate, path: &mut Vec<&'a Certificate>) -> Option<Path> {
        let depth = path.len();
        let (chain, roots) = (self.chain, self.roots);
        // Trusted as it is, as every root.
        if let Some(root) = roots.iter().find(|root| root.der() == last.der()) {
            return Some(arrived(depth, root));
        }
        if let Err(trouble) = self.acceptable(last) {
            return self.stop(depth, trouble);
        }
        for root in roots.iter().filter(|root| last.may_be_issued_by(root)) {
            match self.issued(last, root, depth, false) {
                Ok(()) => return Some(arrived(depth, root)),
                Err(trouble) => self.note(depth, trouble),
            }
        }
        let mut found_issuer = false;
        for issuer in chain {
            if !last.may_be_issued_by(issuer) || path.iter().any(|on| on.der() == issuer.der()) {
                continue;
            }
            match self.issued(last, issuer, depth, true) {
                Ok(()) => {
                    found_issuer = true;
                    path.push(issuer);
                    let arrived = self.from(issuer, path);
                    path.pop();
                    if arrived.is_some() {
                        return arrived;
                    }
                }
                Err(trouble) => self.note(depth, trouble),
            }
        }
        if found_issuer { None } else { self.stop(depth, no_root(last)) }
    }

    /// What must hold for a certificate below a root, whoever issued it.
    fn acceptable(&self, certificate: &Certificate) -> Result<(), PathError> {
        let (from, until) = certificate.validity();
        let subject = || certificate.name();
        if self.at < from {
            return Err(PathError::NotYetValid { subject: subject(), from: moment(from) });
        }
        if self.at > until {
            return Err(PathError::Expired { subject: subject(), until: moment(until) });
        }
        match certificate.critical_extension() {
            Some(oid) => {
                Err(PathError::Critical { subject: subject(), extension: oid.to_string() })
            }
            None => Ok(()),
        }
    }

    /// Whether `issuer` issued `certificate`, and may do so with `depth` certificates below it, the
    /// leaf among them.
    fn issued(
        &mut self,
        certificate: &Certificate,
        issuer: &Certificate,
        depth: usize,
        must_be_constrained: bool,
    ) -> Result<(), PathError> {
        self.work = self.work.saturating_add(1);
        if self.work > MOST_SIGNATURES {
            return Err(PathError::TooMuchWork);
        }
        let issuer_name = || issuer.name();
        match signature::check(certificate, issuer) {
            Ok(()) => {}
            Err(SignatureProblem::Wrong) => {
                let subject = certificate.name();
                return Err(PathError::Signature { subject, issuer: issuer_name() });
            }
            Err(SignatureProblem::Unsupported) => {
                let algorithm = certificate.signature_algorithm().to_string();
                return Err(PathError::Unsupported { subject: certificate.name(), algorithm });
            }
        }
        let constraints = issuer.basic_constraints();
        let Ok(constraints) = constraints else {
            return Err(PathError::NotAuthority { issuer: issuer_name() });
        };
        let is_authority = constraints.as_ref().map_or(!must_be_constrained, |limits| limits.ca);
        if !is_authority {
            return Err(PathError::NotAuthority { issuer: issuer_name() });
        }
        if !issuer.may_sign_certificates() {
            return Err(PathError::MayNotSign { issuer: issuer_name() });
        }
        let found = depth.saturating_sub(1);
        match constraints.and_then(|limits| limits.path_len_constraint) {
            Some(allowed) if usize::from(allowed) < found => {
                Err(PathError::PathLength { issuer: issuer_name(), allowed, found })
            }
            _ => Ok(()),
        }
    }

    fn stop(&mut self, depth: usize, trouble: PathError) -> Option<Path> {
        self.note(depth, trouble);
        None
    }

    fn note(&mut self, depth: usize, trouble: PathError) {
        if self.trouble.as_ref().is_none_or(|(at, _)| *at < depth) {
            self.trouble = Some((depth, trouble));
        }
    }
}

fn arrived(length: usize, root: &Certificate) -> Path {
    let (_, root_valid_until) = root.validity();
    Path { length, root: root.name(), root_sha256: root.fingerprint(), root_valid_until }
}

fn no_root(certificate: &Certificate) -> PathError {
    PathError::NoRoot { subject: certificate.name(), issuer: certificate.issuer_name() }
}

/// A moment in universal time, for people.
pub(in crate::webauthn) fn moment(seconds: u64) -> String {
    match DateTime::from_unix_duration(Duration::from_secs(seconds)) {
        Ok(moment) => moment.to_string(),
        Err(_) => "after the year 9999".to_owned(),
    }
}
