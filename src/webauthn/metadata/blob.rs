//! The metadata BLOB as the service hands it out: a JSON Web Token in compact form (RFC 7515 section
//! 7.1), signed by a certificate whose chain stands in its header.
//!
//! The chain must lead to the root of the service, and its first certificate must be for the
//! service's host: the root is one of the web, under which others have certificates too. A header that
//! names its chain by address (`x5u`) is refused, as nothing is fetched here. Revocation lists are not
//! fetched either.

use super::entry::Entry;
use super::payload::{self, PayloadError, Summary};
use crate::webauthn::base64url;
use crate::webauthn::public_key::PublicKey;
use crate::webauthn::trust::{Certificate, MOST_CERTIFICATES, PathError, Roots, find_path};
use crate::wire::cose::Algorithm;
use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

/// The longest BLOB that is read, in bytes. Real ones had about 12 million in 2026.
pub const MAX_LENGTH: usize = 64 * 1024 * 1024;

/// GlobalSign Root CA - R3, to which the BLOB's chain leads (FIDO Alliance, "FIDO Metadata Service").
const SERVICE_ROOT: &[u8] = include_bytes!("globalsign_root_r3.der");

/// Whom the BLOB's certificate is for.
const SERVICE_HOST: &str = "mds.fidoalliance.org";

/// The longest header, in characters.
const MAX_HEADER: usize = 256 * 1024;

/// Why a BLOB is not believed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum BlobError {
    /// JSON without a signature, such as a payload that somebody took out.
    #[error("it is JSON without a signature; the service hands out a signed file")]
    NotSigned,
    /// Not three parts of base64url with dots between them.
    #[error("it is not a signed file as the metadata service hands it out (a JSON Web Token)")]
    NotAToken,
    /// The header cannot be read.
    #[error("its header cannot be read: {0}")]
    Header(String),
    /// The header says that there is no signature.
    #[error("it says itself that it is not signed (`alg` is `none`)")]
    Unsigned,
    /// Another algorithm than the service uses.
    #[error("its signature is of a kind that is not accepted: {0:?}; ES256 and RS256 are")]
    Algorithm(String),
    /// The chain is somewhere else.
    #[error("it names its certificates by an address (`x5u`), and nothing is fetched from there")]
    Elsewhere,
    /// There is no chain.
    #[error("it has no certificates (`x5c`)")]
    NoChain,
    /// The chain is not one that is trusted.
    #[error("its certificates are not trusted: {0}")]
    Chain(#[from] PathError),
    /// The root is not valid any more.
    #[error("the root {root} was valid only until {until}")]
    RootExpired {
        /// Which root.
        root: String,
        /// Until when.
        until: String,
    },
    /// The certificate is somebody else's.
    #[error("its certificate is for {subject} and not for {SERVICE_HOST}")]
    OtherHost {
        /// Whose it is.
        subject: String,
    },
    /// The signature is not the certificate's.
    #[error("its signature is wrong: it was changed, or somebody else made it")]
    Signature,
    /// What is signed cannot be used.
    #[error("{0}")]
    Payload(#[from] PayloadError),
}

/// Whose signature is believed.
#[derive(Clone, Debug)]
pub enum BlobTrust {
    /// The FIDO Alliance's metadata service.
    Service,
    /// Whoever has a certificate under one of these roots.
    Roots(Roots),
}

/// Metadata whose signature was checked.
#[derive(Clone, Debug)]
pub struct Metadata {
    /// What is said of it as a whole.
    pub summary: Summary,
    /// The models.
    pub entries: Vec<Entry>,
}

#[derive(Deserialize)]
struct Header {
    alg: Option<String>,
    x5c: Option<Vec<String>>,
    x5u: Option<Value>,
    crit: Option<Value>,
}

impl Metadata {
    /// Checks and reads a BLOB at a time in seconds since the Unix epoch. Whether the next one is due
    /// is for the caller to ask ([`Summary::is_due`]).
    ///
    /// # Errors
    ///
    /// [`BlobError`] when its signature is not believed or it is no such file. An entry that cannot
    /// be read is no error.
    pub fn read(blob: &[u8], trust: &BlobTrust, at: u64) -> Result<Self, BlobError> {
        let blob = blob.trim_ascii();
        if blob.starts_with(b"{") {
            return Err(BlobError::NotSigned);
        }
        let text = std::str::from_utf8(blob).map_err(|_| BlobError::NotAToken)?;
        let (signed, signature) = text.rsplit_once('.').ok_or(BlobError::NotAToken)?;
        let (header, payload) = signed.split_once('.').ok_or(BlobError::NotAToken)?;
        let part = |text| base64url::decode_strict(text).map_err(|_| BlobError::NotAToken);
        if header.len() > MAX_HEADER {
            return Err(BlobError::NotAToken);
        }
        let (header, signature) = (part(header)?, part(signature)?);
        let key = signer(&header, trust, at)?;
        let signature = in_der(key.algorithm(), &signature).ok_or(BlobError::Signature)?;
        key.verify(signed.as_bytes(), &signature).map_err(|_| BlobError::Signature)?;
        let (summary, entries) = payload::read(&part(payload)?)?;
        Ok(Self { summary, entries })
    }
}

/// The key of the certificate that the header names, if that is trusted.
fn signer(header: &[u8], trust: &BlobTrust, at: u64) -> Result<PublicKey, BlobError> {
    let header: Header =
        serde_json::from_slice(header).map_err(|error| BlobError::Header(error.to_string()))?;
    if header.x5u.is_some() {
        return Err(BlobError::Elsewhere);
    }
    if header.crit.is_some() {
        return Err(BlobError::Header("it has a critical member that is not understood".into()));
    }
    let algorithm = match header.alg.as_deref() {
        Some("ES256") => Algorithm::ES256,
        Some("RS256") => Algorithm::RS256,
        Some(none) if none.eq_ignore_ascii_case("none") => return Err(BlobError::Unsigned),
        Some(other) => return Err(BlobError::Algorithm(other.chars().take(32).collect())),
        None => return Err(BlobError::Header("it names no algorithm".into())),
    };
    let texts = header.x5c.filter(|chain| !chain.is_empty()).ok_or(BlobError::NoChain)?;
    if texts.len() > MOST_CERTIFICATES {
        return Err(PathError::TooMany(texts.len()).into());
    }
    let unreadable = |index: usize| PathError::Unreadable { position: index.saturating_add(1) };
    let decode =
        |(index, text): (usize, &String)| base64url::decode(text).map_err(|_| unreadable(index));
    let chain = texts.iter().enumerate().map(decode).collect::<Result<Vec<_>, _>>()?;
    let service;
    let roots = match trust {
        BlobTrust::Service => {
            service = Roots::from_der([SERVICE_ROOT]);
            &service
        }
        BlobTrust::Roots(roots) => roots,
    };
    let path = find_path(&chain, roots.certificates(), at)?;
    if at > path.root_valid_until {
        let until = crate::webauthn::trust::moment(path.root_valid_until);
        return Err(BlobError::RootExpired { root: path.root, until });
    }
    let first = chain.first().and_then(|der| Certificate::read(der, false));
    let first = first.ok_or_else(|| unreadable(0))?;
    if matches!(trust, BlobTrust::Service) && !first.is_for_host(SERVICE_HOST) {
        return Err(BlobError::OtherHost { subject: first.name() });
    }
    let key = first.public_key_der();
    let key = key.and_then(|der| PublicKey::from_spki_der_for(&der, algorithm).ok());
    key.ok_or(BlobError::Signature)
}

/// A signature in the form of RFC 7518 section 3.4 (two numbers of 32 bytes) as the one that
/// certificates and WebAuthn use; an RSA signature is the same in both.
fn in_der(algorithm: Algorithm, signature: &[u8]) -> Option<Vec<u8>> {
    if algorithm != Algorithm::ES256 {
        return Some(signature.to_vec());
    }
    let signature = p256::ecdsa::Signature::from_slice(signature).ok()?;
    Some(signature.to_der().as_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha256};

    #[test]
    fn the_root_is_the_one_that_the_service_names() {
        let digest = Sha256::digest(SERVICE_ROOT);
        let digest: String = digest.iter().map(|byte| format!("{byte:02X}")).collect();
        assert_eq!(
            digest,
            "CBB522D7B7F127AD6A01138 65BDF1CD4102E7D0759AF635A7CF4720DC963C53B".replace(' ', "")
        );
        let root = Certificate::read(SERVICE_ROOT, false).unwrap();
        assert_eq!(root.name(), "CN=GlobalSign,O=GlobalSign,OU=GlobalSign Root CA - R3");
    }
}
