//! Who may ask: requests to this service by its own names, from its own page or from no page.
//!
//! A name of somebody else's that leads here (DNS rebinding) is refused by the Host field; another
//! site's page by Origin and Sec-Fetch-Site. Programs that are no browsers send neither of the two.

use super::answer::{Failure, plain};
use super::bound::Bound;
use super::shared::Shared;
use crate::webauthn::origin::Origin;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// The names under which the service is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hosts {
    /// The origin of the page.
    origin: String,
    /// What stands in the Host field when the origin is asked.
    authority: String,
    /// The names of this computer with the port.
    own: Vec<String>,
    /// The port at which it listens.
    port: u16,
}

impl Hosts {
    /// The names of a service with this origin, which listens there: the origin's, this computer's,
    /// and the addresses themselves, which nobody else can have lead here.
    pub(super) fn of(origin: &Origin, bound: &Bound) -> Self {
        let origin = origin.to_string();
        let authority = origin.split_once("://").map_or("", |(_, rest)| rest).to_owned();
        let port = bound.port();
        let own = ["localhost", "127.0.0.1", "[::1]"].map(|host| format!("{host}:{port}"));
        let addresses = bound.addresses().iter().map(ToString::to_string);
        Self { origin, authority, own: own.into_iter().chain(addresses).collect(), port }
    }

    /// The port at which the service listens.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Where a browser must go to use the page, if it asked for it by a name at which keys do not
    /// work. Not where the origin is a proxy's: one that asks by this computer's name would be sent
    /// back to itself.
    fn elsewhere(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Option<HeaderValue> {
        let asks = matches!(*method, Method::GET | Method::HEAD) && uri.path() == "/";
        let host = single(headers, header::HOST).ok().flatten()?.to_ascii_lowercase();
        let leads_here = self.own.contains(&self.authority);
        if !asks || host == self.authority || !leads_here {
            return None;
        }
        HeaderValue::from_str(&format!("{}/", self.origin)).ok()
    }

    /// Whether the service goes by this name.
    fn know(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        host == self.authority || self.own.contains(&host)
    }

    /// Whether the request came by the origin's own name, over TLS.
    pub(super) fn is_secure(&self, headers: &HeaderMap) -> bool {
        self.origin.starts_with("https://")
            && single(headers, header::HOST).is_ok_and(|host| host == Some(&self.authority))
    }
}

/// The one value of a field; `Err` when there are several, or it is no text.
fn single(headers: &HeaderMap, name: header::HeaderName) -> Result<Option<&str>, ()> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| ()),
        _ => Err(()),
    }
}

/// Why a request may not be made, if it may not.
fn refusal(hosts: &Hosts, method: &Method, uri: &Uri, headers: &HeaderMap) -> Option<Failure> {
    let host = single(headers, header::HOST).ok().flatten();
    let target = uri.authority().map(|authority| authority.as_str());
    if !host.is_some_and(|host| hosts.know(host)) || !target.is_none_or(|name| hosts.know(name)) {
        let message = format!("this service does not go by that name; it is at {}", hosts.origin);
        return Some(Failure::new(StatusCode::MISDIRECTED_REQUEST, message));
    }
    let foreign = || {
        let message = "requests from the pages of other sites are refused";
        Some(Failure::new(StatusCode::FORBIDDEN, message))
    };
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    let safe = method == Method::GET || method == Method::HEAD;
    if safe {
        // A link from elsewhere is fine; to load something from here into another page is not.
        let navigates =
            headers.get("sec-fetch-mode").is_some_and(|mode| mode.as_bytes() == b"navigate");
        let near = matches!(site, None | Some(b"same-origin" | b"none"));
        return if near || navigates { None } else { foreign() };
    }
    match single(headers, header::ORIGIN) {
        Ok(None) => {}
        Ok(Some(origin)) if origin == hosts.origin => {}
        _ => return foreign(),
    }
    if matches!(site, None | Some(b"same-origin")) { None } else { foreign() }
}

/// What every answer says to browsers: load nothing from elsewhere, run nothing that stands in the
/// page, show it in no frame, keep no copy, believe the type.
const HEADERS: [(&str, &str); 8] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
         form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "no-store"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "publickey-credentials-create=(self), publickey-credentials-get=(self)"),
];

/// Lets a request through, or refuses it.
pub(super) async fn guard(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let refused = refusal(&shared.hosts, request.method(), request.uri(), request.headers());
    let mut response = if let Some(failure) = refused {
        if request.method() == Method::GET {
            plain(failure.status, failure.message)
        } else {
            failure.into_response()
        }
    } else if !shared.bucket.take(shared.clock.now()) {
        let message = "too many requests at once; wait a moment";
        let mut response = Failure::new(StatusCode::TOO_MANY_REQUESTS, message).into_response();
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        response
    } else if let Some(origin) =
        shared.hosts.elsewhere(request.method(), request.uri(), request.headers())
    {
        let mut response = plain(StatusCode::FOUND, "the page is at its origin alone");
        response.headers_mut().insert(header::LOCATION, origin);
        response
    } else {
        next.run(request).await
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
