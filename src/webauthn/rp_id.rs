//! RP IDs (WebAuthn Level 3 sections 4, 5.1.3 and 5.1.4): for whom an origin may ask.

use super::origin::{DomainError, MAX_HOST, Origin, check_domain, is_localhost};
use sha2::{Digest, Sha256};
use std::fmt;
use thiserror::Error;

/// Why an RP ID cannot be used.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum RpIdError {
    /// Not a domain name.
    #[error("an RP ID is a domain name: {0}")]
    NotADomain(#[from] DomainError),
    /// With upper-case letters: keys hash an RP ID as it is written, so it is not changed silently.
    #[error("an RP ID is written in lower case: {lower}")]
    UpperCase {
        /// The same in lower case.
        lower: String,
    },
    /// No text that a key could keep.
    #[error("an RP ID has 1 to {MAX_HOST} characters, none of them a control character")]
    NotText,
    /// Neither the origin's host nor a suffix of it.
    #[error("the RP ID must be the host of the origin, {host}, or a domain above it")]
    NotASuffix {
        /// The host of the origin.
        host: String,
    },
    /// A public suffix, under which anybody may register names.
    #[error(
        "{rp_id} is a public suffix, under which anybody may register names; an RP ID must be at \
         least one label longer"
    )]
    PublicSuffix {
        /// The RP ID.
        rp_id: String,
    },
    /// Neither that, nor a related origin.
    #[error("the origin, {origin}, is neither below the RP ID nor in its list of related origins")]
    NotRelated {
        /// The origin.
        origin: String,
    },
    /// A related origin that clients need not heed (section 5.11.1).
    #[error(
        "the origin, {origin}, stands in the list of related origins behind five other names; \
         clients need not look further"
    )]
    BehindTooMany {
        /// The origin.
        origin: String,
    },
}

/// An RP ID.
///
/// Usually a domain name. Programs that use keys without a browser have others, such as OpenSSH's
/// `ssh:`; these come only from [`RpId::parse_for_client_data_hash`], have no origin, and are
/// refused by [`RpId::check_origin`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RpId {
    text: String,
    is_domain: bool,
}

impl RpId {
    /// Reads an RP ID that is a domain name.
    ///
    /// # Errors
    ///
    /// [`RpIdError`] for anything else, and for upper-case letters.
    pub fn parse(text: &str) -> Result<Self, RpIdError> {
        let lower = text.to_ascii_lowercase();
        check_domain(&lower)?;
        if lower != text {
            return Err(RpIdError::UpperCase { lower });
        }
        Ok(Self { text: lower, is_domain: true })
    }

    /// Reads an RP ID that need not be a domain name, for a ceremony of which only the hash of the
    /// client data is given: there is no origin that it would have to fit.
    ///
    /// # Errors
    ///
    /// [`RpIdError::NotText`] when it is empty, too long, or has a control character.
    pub fn parse_for_client_data_hash(text: &str) -> Result<Self, RpIdError> {
        if let Ok(domain) = Self::parse(text) {
            return Ok(domain);
        }
        if text.is_empty() || text.len() > MAX_HOST || text.chars().any(char::is_control) {
            return Err(RpIdError::NotText);
        }
        Ok(Self { text: text.to_owned(), is_domain: false })
    }

    /// The RP ID as it is sent.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it is a domain name, so that an origin can fit it.
    pub fn is_domain(&self) -> bool {
        self.is_domain
    }

    /// SHA-256 of the RP ID, as it stands in authenticator data.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.text.as_bytes()).into()
    }

    /// The origin that is meant when none is given: `https://` and the RP ID. `None` when the RP ID
    /// is not a domain name.
    pub fn default_origin(&self) -> Option<Origin> {
        self.is_domain.then(|| Origin::of_host(&self.text))
    }

    /// Checks that an origin may ask for this RP ID: they are equal, or the RP ID is a registrable
    /// domain suffix of the origin's host (HTML, "is a registrable domain suffix of or is equal
    /// to"). As browsers do, `localhost` counts as registrable for the names under it.
    ///
    /// # Errors
    ///
    /// [`RpIdError`] names the rule that is broken.
    pub fn check_origin(&self, origin: &Origin) -> Result<(), RpIdError> {
        check_domain(&self.text)?;
        let host = origin.host();
        if host == self.text {
            return Ok(());
        }
        let below = host.strip_suffix(self.text.as_str()).is_some_and(|rest| rest.ends_with('.'));
        if !below {
            return Err(RpIdError::NotASuffix { host: host.to_owned() });
        }
        // The shortest registrable domain of the host: anything shorter is (part of) a public
        // suffix. Both are suffixes of the host, so their lengths tell which is the longer.
        let registrable = psl::domain_str(host);
        if is_localhost(&self.text)
            || registrable.is_some_and(|domain| self.text.len() >= domain.len())
        {
            return Ok(());
        }
        Err(RpIdError::PublicSuffix { rp_id: self.text.clone() })
    }
}

impl fmt::Display for RpId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn may_ask(rp_id: &str, origin: &str) -> bool {
        match (RpId::parse(rp_id), Origin::parse(origin)) {
            (Ok(rp_id), Ok(origin)) => rp_id.check_origin(&origin).is_ok(),
            _ => false,
        }
    }

    /// The cases that python-fido2 2.2.1 keeps in its tests/test_rpid.py.
    #[test]
    fn the_cases_of_python_fido2_give_the_same_answers() {
        for (rp_id, origin) in [
            ("example.com", "https://register.example.com"),
            ("example.com", "https://fido.example.com"),
            ("example.com", "https://www.example.com:444"),
            ("foobar.co.uk", "https://site.foobar.co.uk"),
            ("example.appspot.com", "https://example.appspot.com"),
            ("example.ck", "https://example.ck"),
            ("www.ck", "https://sub.www.ck"),
            ("localhost", "http://localhost"),
            ("localhost", "http://example.localhost"),
            ("example.localhost", "http://example.localhost"),
            ("localhost", "http://localhost:8000"),
        ] {
            assert!(may_ask(rp_id, origin), "{rp_id} {origin}");
        }
        for (rp_id, origin) in [
            ("example.com", "http://example.com"),
            ("example.com", "http://www.example.com"),
            ("example.com", "https://example-test.com"),
            ("companyA.hosting.example.com", "https://register.example.com"),
            ("companyA.hosting.example.com", "https://companyB.hosting.example.com"),
            ("co.uk", "https://foobar.co.uk"),
            ("appspot.com", "https://example.appspot.com"),
            ("example.ck", "https://evil.example.ck"),
            ("example.np", "https://evil.example.np"),
            ("localhost", "http://"),
        ] {
            assert!(!may_ask(rp_id, origin), "{rp_id} {origin}");
        }
    }

    #[test]
    fn part_of_a_public_suffix_is_no_rp_id() {
        for (rp_id, origin) in [
            ("uk", "https://foobar.co.uk"),
            ("com", "https://example.com"),
            ("io", "https://me.github.io"),
            ("github.io", "https://me.github.io"),
            ("intranet", "https://www.intranet"),
            // A suffix outside ASCII, in its ASCII form.
            ("xn--55qx5d.cn", "https://example.xn--55qx5d.cn"),
        ] {
            let (id, at) = (RpId::parse(rp_id).unwrap(), Origin::parse(origin).unwrap());
            let error = RpIdError::PublicSuffix { rp_id: rp_id.into() };
            assert_eq!(id.check_origin(&at), Err(error), "{rp_id} {origin}");
        }
        // A host of one label, as in a company's own network, may ask for itself.
        assert!(may_ask("intranet", "https://intranet"));
        assert!(!may_ask("ample.com", "https://example.com"));
        assert!(!may_ask("login.example.com", "https://example.com"));
    }

    #[test]
    fn the_hash_is_that_of_the_test_vectors() {
        // The first 32 bytes of every authenticator data in WebAuthn Level 3 section 16.
        let hash = RpId::parse("example.org").unwrap().hash();
        assert_eq!(hash[..8], [0xbf, 0xab, 0xc3, 0x74, 0x32, 0x95, 0x8b, 0x06]);
    }

    #[test]
    fn the_default_origin_is_https() {
        let rp_id = RpId::parse("example.org").unwrap();
        let origin = rp_id.default_origin().unwrap();
        assert_eq!(origin.to_string(), "https://example.org");
        assert_eq!(rp_id.check_origin(&origin), Ok(()));
    }

    #[test]
    fn rp_ids_that_are_no_domains_need_their_own_door() {
        let domain = |error| Err(RpIdError::NotADomain(error));
        assert_eq!(RpId::parse("ssh:"), domain(DomainError::Character(':')));
        assert_eq!(RpId::parse("::1"), domain(DomainError::IpAddress));
        assert_eq!(RpId::parse("127.0.0.1"), domain(DomainError::IpAddress));
        assert_eq!(RpId::parse(""), domain(DomainError::Empty));
        assert_eq!(
            RpId::parse("Example.com"),
            Err(RpIdError::UpperCase { lower: "example.com".into() })
        );
        let ssh = RpId::parse_for_client_data_hash("ssh:work").unwrap();
        assert_eq!((ssh.is_domain(), ssh.default_origin()), (false, None));
        let origin = Origin::parse("https://example.org").unwrap();
        assert!(ssh.check_origin(&origin).is_err());
        assert!(RpId::parse_for_client_data_hash("example.org").unwrap().is_domain());
        for text in ["", "a\nb", &"x".repeat(254)] {
            assert_eq!(RpId::parse_for_client_data_hash(text), Err(RpIdError::NotText));
        }
    }
}
