//! Origins that look like another one.

use crate::webauthn::origin::Origin;

/// The parts of an origin as it is written.
struct Parts {
    scheme: String,
    host: String,
    port: Option<String>,
}

impl Parts {
    fn of(origin: &Origin) -> Self {
        let text = origin.to_string();
        let (scheme, rest) = text.split_once("://").unwrap_or(("https", text.as_str()));
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.to_owned())),
            None => (rest, None),
        };
        Self { scheme: scheme.to_owned(), host: host.to_owned(), port }
    }

    fn text(&self) -> String {
        let port = self.port.as_ref().map_or_else(String::new, |port| format!(":{port}"));
        format!("{}://{}{port}", self.scheme, self.host)
    }
}

/// A host that begins with the right one.
pub(super) fn with_suffix(origin: &Origin) -> String {
    let mut parts = Parts::of(origin);
    parts.host.push_str(".evil.example");
    parts.text()
}

/// A host that ends in the right one, but not at a dot.
pub(super) fn with_prefix(origin: &Origin) -> String {
    let mut parts = Parts::of(origin);
    parts.host.insert_str(0, "evil");
    parts.text()
}

/// A host below the right one.
pub(super) fn below(origin: &Origin) -> String {
    let mut parts = Parts::of(origin);
    parts.host.insert_str(0, "other.");
    parts.text()
}

/// The same host with another port.
pub(super) fn other_port(origin: &Origin) -> String {
    let mut parts = Parts::of(origin);
    let port: u16 = parts.port.as_deref().and_then(|port| port.parse().ok()).unwrap_or(443);
    parts.port = Some(port.checked_add(1).unwrap_or(8443).to_string());
    parts.text()
}

/// The same host with the other scheme.
pub(super) fn other_scheme(origin: &Origin) -> String {
    let mut parts = Parts::of(origin);
    parts.scheme = if parts.scheme == "https" { "http".into() } else { "https".into() };
    parts.text()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_differs_in_one_thing() {
        let origin = Origin::parse("https://example.com").unwrap();
        assert_eq!(with_suffix(&origin), "https://example.com.evil.example");
        assert_eq!(with_prefix(&origin), "https://evilexample.com");
        assert_eq!(below(&origin), "https://other.example.com");
        assert_eq!(other_port(&origin), "https://example.com:444");
        assert_eq!(other_scheme(&origin), "http://example.com");
        let origin = Origin::parse("http://localhost:65535").unwrap();
        assert_eq!(with_suffix(&origin), "http://localhost.evil.example:65535");
        assert_eq!(other_port(&origin), "http://localhost:8443");
        assert_eq!(other_scheme(&origin), "https://localhost:65535");
    }
}
