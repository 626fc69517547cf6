//! Roots that a person trusts, from PEM (RFC 7468 section 5).

use super::certificate::Certificate;
use crate::webauthn::base64url;
use thiserror::Error;

/// The most certificates in one text.
const MOST: usize = 1000;

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// Why a text gives no roots.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum RootsError {
    /// There is no certificate in it.
    #[error("there is no certificate in it: they start with {BEGIN}")]
    None,
    /// One of them cannot be read.
    #[error("certificate {position} in it is not X.509 in PEM")]
    Unreadable {
        /// Which one, counted from 1.
        position: usize,
    },
    /// More than anybody has.
    #[error("it has more than {MOST} certificates")]
    TooMany,
}

/// Roots that are trusted.
#[derive(Clone, Debug, Default)]
pub struct Roots(Vec<Certificate>);

impl Roots {
    /// Reads every certificate in a PEM text; what stands between them is passed over.
    ///
    /// # Errors
    ///
    /// [`RootsError`] when there is none, too many, or one that cannot be read.
    pub fn from_pem(text: &str) -> Result<Self, RootsError> {
        let mut roots = Vec::new();
        let mut rest = text;
        while let Some((_, body)) = rest.split_once(BEGIN) {
            let position = roots.len().saturating_add(1);
            if position > MOST {
                return Err(RootsError::TooMany);
            }
            let unreadable = RootsError::Unreadable { position };
            let (body, after) = body.split_once(END).ok_or(unreadable.clone())?;
            let body: String = body.split_whitespace().collect();
            let der = base64url::decode(&body).ok();
            let certificate = der.and_then(|der| Certificate::read(&der, true));
            roots.push(certificate.ok_or(unreadable)?);
            rest = after;
        }
        if roots.is_empty() { Err(RootsError::None) } else { Ok(Self(roots)) }
    }

    /// Reads certificates in DER; those that cannot be read are left out.
    pub fn from_der<'a>(roots: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let read = |der| Certificate::read(der, true);
        Self(roots.into_iter().filter_map(read).collect())
    }

    /// Adds others.
    pub fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// What they are called, and until when they are valid, in seconds since the Unix epoch.
    pub fn names(&self) -> Vec<(String, u64)> {
        self.0.iter().map(|root| (root.name(), root.validity().1)).collect()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(in crate::webauthn) fn certificates(&self) -> &[Certificate] {
        &self.0
    }
}
