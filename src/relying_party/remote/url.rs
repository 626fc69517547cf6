//! Where a relying party is.

use crate::webauthn::origin::{Origin, OriginError};
use std::fmt;
use std::net::IpAddr;
use thiserror::Error;
use ureq::http::Uri;
use ureq::http::uri::Authority;

/// The longest address that is read.
const MAX_LENGTH: usize = 2048;

/// Why a text is not the address of a relying party.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum UrlError {
    /// Not an address of the web.
    #[error("an address is written like https://login.example.com or http://localhost:8080/fido")]
    Form,
    /// With parts that lead nowhere here.
    #[error("an address must not have a name, a password, a query or a fragment in it")]
    Parts,
    /// HTTP without TLS to another machine.
    #[error(
        "http is allowed only for localhost and names that end in .localhost; others need https"
    )]
    NotSecure,
}

/// The address below which a relying party has its four endpoints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelyingPartyUrl {
    base: String,
    host: String,
    authority: String,
    scheme: &'static str,
}

impl RelyingPartyUrl {
    /// Reads an address.
    ///
    /// # Errors
    ///
    /// [`UrlError`] names what it must be like.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        if text.len() > MAX_LENGTH || text.contains(|c: char| c.is_control() || c == ' ') {
            return Err(UrlError::Form);
        }
        let uri: Uri = text.parse().map_err(|_| UrlError::Form)?;
        let scheme = match uri.scheme_str() {
            Some("https") => "https",
            Some("http") => "http",
            _ => return Err(UrlError::Form),
        };
        let authority = uri.authority().ok_or(UrlError::Form)?;
        if authority.as_str().contains('@') || text.contains(['?', '#']) {
            return Err(UrlError::Parts);
        }
        let host = authority.host().to_ascii_lowercase();
        if host.is_empty() || has_odd_port(authority) {
            return Err(UrlError::Form);
        }
        if scheme == "http" && !is_local_name(&host) {
            return Err(UrlError::NotSecure);
        }
        let authority = authority.as_str().to_ascii_lowercase();
        let base = format!("{scheme}://{authority}{}", uri.path().trim_end_matches('/'));
        Ok(Self { base, host, authority, scheme })
    }

    /// The address of an endpoint, such as `/attestation/options`.
    pub fn endpoint(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// The host, in lower case.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The origin of the page that would be shown there.
    ///
    /// # Errors
    ///
    /// [`OriginError`] when there can be no ceremonies on such a page, as with an IP address.
    pub fn origin(&self) -> Result<Origin, OriginError> {
        Origin::parse(&format!("{}://{}", self.scheme, self.authority))
    }

    /// Whether this machine is meant, by a name or an address.
    pub fn is_loopback(&self) -> bool {
        let address = self.host.trim_start_matches('[').trim_end_matches(']');
        is_local_name(&self.host) || address.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
    }
}

/// RFC 6761 section 6.3.
pub(super) fn is_local_name(host: &str) -> bool {
    host == "localhost" || host.ends_with(".localhost")
}

/// Whether there is a port that is no number from 1 to 65535.
fn has_odd_port(authority: &Authority) -> bool {
    let after_host = authority.as_str().get(authority.host().len()..).unwrap_or_default();
    !after_host.is_empty() && authority.port_u16().is_none_or(|port| port == 0)
}

impl fmt::Display for RelyingPartyUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        for (text, base, origin, local) in [
            ("https://Login.Example.com/", "https://login.example.com", true, false),
            ("http://localhost:8080/fido/", "http://localhost:8080/fido", true, true),
            ("https://127.0.0.1:1", "https://127.0.0.1:1", false, true),
            ("https://[::1]/a", "https://[::1]/a", false, true),
            ("https://10.0.0.1", "https://10.0.0.1", false, false),
            ("http://key.localhost", "http://key.localhost", true, true),
        ] {
            let url = RelyingPartyUrl::parse(text).unwrap();
            assert_eq!(url.to_string(), base);
            assert_eq!(url.endpoint("/x"), format!("{base}/x"));
            assert_eq!(url.origin().is_ok(), origin, "{text}");
            assert_eq!(url.is_loopback(), local, "{text}");
        }
        let url = RelyingPartyUrl::parse("http://localhost:8080/fido").unwrap();
        assert_eq!(url.origin().unwrap().to_string(), "http://localhost:8080");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for (text, error) in [
            ("", UrlError::Form),
            ("example.com", UrlError::Form),
            ("/attestation", UrlError::Form),
            ("ftp://example.com", UrlError::Form),
            ("https://", UrlError::Form),
            ("https://example.com:0", UrlError::Form),
            ("https://example.com:", UrlError::Form),
            ("https://exa mple.com", UrlError::Form),
            ("https://example.com\u{1b}", UrlError::Form),
            ("https://a:b@example.com", UrlError::Parts),
            ("https://example.com?a", UrlError::Parts),
            ("https://example.com/#a", UrlError::Parts),
            ("http://example.com", UrlError::NotSecure),
            ("http://127.0.0.1:8080", UrlError::NotSecure),
            ("http://localhost.example.com", UrlError::NotSecure),
        ] {
            assert_eq!(RelyingPartyUrl::parse(text), Err(error), "{text}");
        }
        assert!(RelyingPartyUrl::parse(&format!("https://{}", "a".repeat(3000))).is_err());
    }
}
