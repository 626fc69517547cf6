//! Origins (RFC 6454 section 6.2; WebAuthn Level 3 section 5.8.1): who asks.

use std::fmt;
use std::net::Ipv6Addr;
use thiserror::Error;

/// The longest host name (RFC 1035 section 2.3.4, without the root's dot).
pub(super) const MAX_HOST: usize = 253;

/// The longest label of a host name (RFC 1035 section 2.3.4).
const MAX_LABEL: usize = 63;

/// Why a text cannot be the origin of a ceremony.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum OriginError {
    /// Not `https://host` or `https://host:port`.
    #[error("an origin is written https://host or https://host:port, without anything after it")]
    Form,
    /// A scheme other than `https`.
    #[error(
        "an origin must be https; http is allowed only for localhost and names that end in \
         .localhost"
    )]
    NotSecure,
    /// A port that is not a number from 1 to 65535.
    #[error("the port of an origin is a number from 1 to 65535")]
    Port,
    /// The host is not a domain name.
    #[error(transparent)]
    Host(#[from] DomainError),
}

/// Why a text is not a domain name in the form that WebAuthn wants.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum DomainError {
    /// Nothing there.
    #[error("the domain name is empty")]
    Empty,
    /// An IPv4 or IPv6 address.
    #[error("an IP address cannot be used; WebAuthn allows only domain names")]
    IpAddress,
    /// A letter outside ASCII.
    #[error(
        "a domain name outside ASCII must be written in its ASCII form, which starts with xn--"
    )]
    NotAscii,
    /// A character that does not occur in domain names.
    #[error("the character {0:?} does not occur in domain names")]
    Character(char),
    /// An empty label, such as between two dots or after the last one.
    #[error("a domain name must not have an empty part, nor end in a dot")]
    EmptyLabel,
    /// Too long.
    #[error("a domain name has at most {MAX_HOST} characters, and {MAX_LABEL} between two dots")]
    TooLong,
}

/// Checks that `host` is a domain name in lower-case ASCII.
///
/// # Errors
///
/// [`DomainError`] names the first rule that it breaks; an upper-case letter counts as a
/// character that does not occur.
pub(super) fn check_domain(host: &str) -> Result<(), DomainError> {
    if host.is_empty() {
        return Err(DomainError::Empty);
    }
    if host.starts_with('[') || host.parse::<Ipv6Addr>().is_ok() {
        return Err(DomainError::IpAddress);
    }
    if !host.is_ascii() {
        return Err(DomainError::NotAscii);
    }
    let foreign = |character: &char| !matches!(character, 'a'..='z' | '0'..='9' | '-' | '_' | '.');
    if let Some(character) = host.chars().find(foreign) {
        return Err(DomainError::Character(character));
    }
    if host.len() > MAX_HOST || host.split('.').any(|label| label.len() > MAX_LABEL) {
        return Err(DomainError::TooLong);
    }
    if host.split('.').any(str::is_empty) {
        return Err(DomainError::EmptyLabel);
    }
    // The URL standard reads a host whose last part is a number as an IPv4 address, in decimal or
    // hexadecimal form.
    let last = host.rsplit('.').next().unwrap_or_default();
    let hexadecimal = last.strip_prefix("0x");
    if last.bytes().all(|byte| byte.is_ascii_digit())
        || hexadecimal.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
    {
        return Err(DomainError::IpAddress);
    }
    Ok(())
}

/// Whether a host is the machine itself (RFC 6761 section 6.3).
pub(super) fn is_localhost(host: &str) -> bool {
    host == "localhost" || host.ends_with(".localhost")
}

/// An origin from which a ceremony may come.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    secure: bool,
    host: String,
    /// Only where it is not the scheme's own.
    port: Option<u16>,
}

impl Origin {
    /// The `https` origin of a host that was checked, on the scheme's own port.
    pub(super) fn of_host(host: &str) -> Self {
        Self { secure: true, host: host.to_owned(), port: None }
    }

    /// Reads an origin. Scheme and host may be in any case, the scheme's own port may be given, and
    /// one slash may follow; [`Display`](fmt::Display) writes it in canonical form.
    ///
    /// # Errors
    ///
    /// [`OriginError`] when a ceremony cannot come from there.
    pub fn parse(text: &str) -> Result<Self, OriginError> {
        let (scheme, rest) = text.split_once("://").ok_or(OriginError::Form)?;
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.contains(['/', '?', '#', '@', '\\']) {
            return Err(OriginError::Form);
        }
        let secure = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return Err(OriginError::NotSecure),
        };
        if authority.starts_with('[') {
            return Err(DomainError::IpAddress.into());
        }
        let (host, port) = match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        };
        let port = match port {
            // `parse` would also take a sign.
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                match digits.parse::<u16>() {
                    Ok(0) | Err(_) => return Err(OriginError::Port),
                    Ok(port) => Some(port),
                }
            }
            Some(_) => return Err(OriginError::Port),
            None => None,
        };
        let host = host.to_ascii_lowercase();
        check_domain(&host)?;
        if !secure && !is_localhost(&host) {
            return Err(OriginError::NotSecure);
        }
        let default_port = if secure { 443 } else { 80 };
        Ok(Self { secure, host, port: port.filter(|port| *port != default_port) })
    }

    /// The host, in lower-case ASCII.
    pub fn host(&self) -> &str {
        &self.host
    }
}

impl fmt::Display for Origin {
    /// Writes the canonical form: `scheme://host`, and the port where it is not the scheme's own.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "https" } else { "http" };
        write!(formatter, "{scheme}://{}", self.host)?;
        match self.port {
            Some(port) => write!(formatter, ":{port}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_canonical_form_is_written() {
        for (text, canonical) in [
            ("https://example.com", "https://example.com"),
            ("HTTPS://Example.COM/", "https://example.com"),
            ("https://example.com:443", "https://example.com"),
            ("https://example.com:8443", "https://example.com:8443"),
            ("http://localhost:80/", "http://localhost"),
            ("http://a.localhost:8080", "http://a.localhost:8080"),
            ("https://localhost:80", "https://localhost:80"),
            ("https://xn--mnchen-3ya.example", "https://xn--mnchen-3ya.example"),
        ] {
            let origin = Origin::parse(text).unwrap();
            assert_eq!(origin.to_string(), canonical);
            assert_eq!(Origin::parse(canonical), Ok(origin));
        }
    }

    #[test]
    fn what_cannot_be_an_origin_is_refused_with_its_rule() {
        use DomainError as D;
        use OriginError as O;
        for (text, error) in [
            ("example.com", O::Form),
            ("https:example.com", O::Form),
            ("https://example.com/path", O::Form),
            ("https://example.com//", O::Form),
            ("https://example.com?q", O::Form),
            ("https://user@example.com", O::Form),
            ("https://example.com\\", O::Form),
            ("http://example.com", O::NotSecure),
            ("http://notlocalhost", O::NotSecure),
            ("ftp://example.com", O::NotSecure),
            ("android:apk-key-hash:x", O::Form),
            ("https://example.com:", O::Port),
            ("https://example.com:0", O::Port),
            ("https://example.com:65536", O::Port),
            ("https://example.com:+1", O::Port),
            ("https://example.com:1:2", O::Port),
            ("https://", O::Host(D::Empty)),
            ("https://127.0.0.1", O::Host(D::IpAddress)),
            ("https://0x7f.0x1", O::Host(D::IpAddress)),
            ("https://2130706433", O::Host(D::IpAddress)),
            ("https://[::1]:443", O::Host(D::IpAddress)),
            ("https://münchen.example", O::Host(D::NotAscii)),
            ("https://ex ample.com", O::Host(D::Character(' '))),
            ("https://example.com.", O::Host(D::EmptyLabel)),
            ("https://example..com", O::Host(D::EmptyLabel)),
        ] {
            assert_eq!(Origin::parse(text), Err(error), "{text}");
        }
        let long = format!("https://{}.com", "a".repeat(64));
        assert_eq!(Origin::parse(&long), Err(O::Host(D::TooLong)));
        let long = format!("https://{}com", "abcdefgh.".repeat(28));
        assert_eq!(Origin::parse(&long), Err(O::Host(D::TooLong)));
    }
}
