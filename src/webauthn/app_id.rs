//! AppIDs of credentials that were made with U2F (WebAuthn Level 3 sections 10.1.1 and 10.1.2; FIDO
//! AppID and Facet Specification): which ones an origin may name.
//!
//! A browser would fetch the list of facets that an AppID points to; here an AppID must belong to
//! the site of the origin, which is what the specification allows without fetching.

use super::origin::{DomainError, Origin, check_domain};
use thiserror::Error;

/// Why an AppID cannot be used.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum AppIdError {
    /// Not an `https` URL.
    #[error("an AppID is a URL that starts with https://")]
    NotHttps,
    /// Its host is not a domain name.
    #[error(transparent)]
    Host(#[from] DomainError),
    /// Another site's.
    #[error("the AppID must belong to the same site as the origin, {origin}")]
    OtherSite {
        /// The origin.
        origin: String,
    },
}

/// Checks that an origin may name an AppID.
///
/// # Errors
///
/// [`AppIdError`] names the rule that is broken.
pub fn check_app_id(app_id: &str, origin: &Origin) -> Result<(), AppIdError> {
    let rest = app_id.strip_prefix("https://").ok_or(AppIdError::NotHttps)?;
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let host = match authority.split_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    let host = host.to_ascii_lowercase();
    check_domain(&host)?;
    let site = |host: &str| psl::domain_str(host).unwrap_or(host).to_owned();
    if site(&host) == site(origin.host()) {
        return Ok(());
    }
    Err(AppIdError::OtherSite { origin: origin.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_id_belongs_to_the_site_of_the_origin() {
        let origin = Origin::parse("https://login.example.co.uk").unwrap();
        for app_id in [
            "https://login.example.co.uk",
            "https://www.example.co.uk/u2f.json",
            "https://example.co.uk:8443/app?x#y",
        ] {
            assert_eq!(check_app_id(app_id, &origin), Ok(()), "{app_id}");
        }
        let other = AppIdError::OtherSite { origin: origin.to_string() };
        for app_id in [
            "https://example.com",
            "https://other.co.uk/",
            "https://co.uk",
            "https://a.com/example.co.uk",
        ] {
            assert_eq!(check_app_id(app_id, &origin), Err(other.clone()), "{app_id}");
        }
        for app_id in ["", "http://example.co.uk", "HTTPS://example.co.uk", "example.co.uk"] {
            assert_eq!(check_app_id(app_id, &origin), Err(AppIdError::NotHttps), "{app_id}");
        }
        for app_id in ["https://", "https://1.2.3.4", "https://user@example.co.uk"] {
            assert!(matches!(check_app_id(app_id, &origin), Err(AppIdError::Host(_))), "{app_id}");
        }
    }
}
