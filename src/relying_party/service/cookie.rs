//! Cookies (RFC 6265bis): out of JavaScript's reach, and never sent with another site's request.

use axum::http::{HeaderMap, HeaderValue, header};

/// The names of the cookies. Cookies know no ports (RFC 6265bis section 8.5), so that two services on
/// one computer would sign each other's visitors out: the port is in the names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Names {
    /// The cookie that tells the session.
    pub(super) session: String,
    /// The cookie of a computer that is not asked for the key again.
    pub(super) computer: String,
}

impl Names {
    /// The names for a service that listens at this port.
    pub(super) fn of(port: u16) -> Self {
        let name = |what: &str| format!("fidokey_{what}_{port}");
        Self { session: name("session"), computer: name("computer") }
    }
}

/// The value of a cookie.
pub(super) fn get<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let fields = headers.get_all(header::COOKIE).iter().filter_map(|field| field.to_str().ok());
    let pairs = fields.flat_map(|field| field.split(';'));
    pairs.filter_map(|pair| pair.trim().split_once('=')).find(|(at, _)| *at == name).map(|it| it.1)
}

/// The header that sets a cookie; `age` in seconds, or until the browser is closed.
///
/// `secure` where the request came over TLS, by way of a proxy: other browsers and programs would
/// not send it back.
pub(super) fn set(name: &str, value: &str, age: Option<u64>, secure: bool) -> Option<HeaderValue> {
    let mut field = format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict");
    if let Some(age) = age {
        field.push_str(&format!("; Max-Age={age}"));
    }
    if secure {
        field.push_str("; Secure");
    }
    HeaderValue::from_str(&field).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("a=1; fidokey_session_8080=x=y"));
        headers.append(
            header::COOKIE,
            HeaderValue::from_static("b; c=\u{7f}".trim_end_matches('\u{7f}')),
        );
        assert_eq!(get(&headers, &Names::of(8080).session), Some("x=y"));
        assert_eq!(get(&headers, &Names::of(8081).session), None);
        assert_eq!(get(&headers, "c"), Some(""));
        assert_eq!(get(&headers, "session"), None);
        assert_eq!(get(&HeaderMap::new(), "c"), None);
    }

    #[test]
    fn a_cookie_is_kept_from_scripts_and_other_sites() {
        let set = |age, secure| set("n", "v", age, secure).unwrap();
        assert_eq!(set(None, false), "n=v; Path=/; HttpOnly; SameSite=Strict");
        assert_eq!(set(Some(9), true), "n=v; Path=/; HttpOnly; SameSite=Strict; Max-Age=9; Secure");
    }
}
