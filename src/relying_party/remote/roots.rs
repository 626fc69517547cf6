//! Roots to trust, from a file.

use der::Encode;
use thiserror::Error;
use x509_cert::Certificate;

/// Why a file holds no roots.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum RootsError {
    /// What is there cannot be read.
    #[error("it holds something that is not a certificate: {0}")]
    NotCertificates(String),
    /// There is none.
    #[error("it holds no certificate, which begins with -----BEGIN CERTIFICATE-----")]
    None,
}

/// Reads certificates in PEM, and gives each in DER.
///
/// # Errors
///
/// [`RootsError`] when there is none, or one cannot be read.
pub fn roots_from_pem(bytes: &[u8]) -> Result<Vec<Vec<u8>>, RootsError> {
    const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
    if !bytes.windows(BEGIN.len()).any(|window| window == BEGIN) {
        return Err(RootsError::None);
    }
    let wrong = |error: der::Error| RootsError::NotCertificates(error.to_string());
    let certificates = Certificate::load_pem_chain(bytes).map_err(wrong)?;
    certificates.iter().map(|one| one.to_der().map_err(wrong)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_certificates_are_roots() {
        assert_eq!(roots_from_pem(b""), Err(RootsError::None));
        assert_eq!(roots_from_pem(b"-----BEGIN PRIVATE KEY-----"), Err(RootsError::None));
        let broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(matches!(roots_from_pem(broken), Err(RootsError::NotCertificates(_))));
    }
}
