//! Names of hosts, and the addresses behind them.

use super::url::is_local_name;
use std::net::{Ipv4Addr, Ipv6Addr};
use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

/// Asks the system for addresses, except of names of this machine: these lead to it, whatever a name
/// server says (RFC 6761 section 6.3), since HTTP without TLS is spoken with them.
#[derive(Debug, Default)]
pub(super) struct Names {
    others: DefaultResolver,
}

impl Resolver for Names {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        if !uri.host().is_some_and(|host| is_local_name(&host.to_ascii_lowercase())) {
            return self.others.resolve(uri, config, timeout);
        }
        let usual = if uri.scheme_str() == Some("https") { 443 } else { 80 };
        let port = uri.port_u16().unwrap_or(usual);
        let mut addresses = self.empty();
        addresses.push((Ipv4Addr::LOCALHOST, port).into());
        addresses.push((Ipv6Addr::LOCALHOST, port).into());
        Ok(addresses)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ureq::Timeout;
    use ureq::unversioned::transport::time::Duration;

    #[test]
    fn names_of_this_machine_lead_to_it() {
        for (url, port) in [
            ("http://localhost:8080/fido", 8080),
            ("http://nobody-knows-it.localhost", 80),
            ("https://Key.LOCALHOST/", 443),
        ] {
            let timeout = NextTimeout {
                after: Duration::NotHappening,
                reason: Timeout::Global,
                per_read: None,
                per_write: None,
            };
            let config = Config::default();
            let addresses = Names::default().resolve(&url.parse().unwrap(), &config, timeout);
            let addresses: Vec<_> = addresses.unwrap().iter().copied().collect();
            assert!(addresses.iter().all(|to| to.ip().is_loopback() && to.port() == port), "{url}");
            assert_eq!(addresses.len(), 2);
        }
    }
}
