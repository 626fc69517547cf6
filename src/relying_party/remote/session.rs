//! One browser's worth of HTTP.

use super::RemoteError;
use super::names::Names;
use super::reply::Reply;
use super::url::RelyingPartyUrl;
use crate::transport::Interrupt;
use serde_json::Value;
use std::io;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;
use ureq::http::header::{self, HeaderName};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::unversioned::transport::DefaultConnector;
use ureq::{Agent, Body, Error};

/// The longest answer that is read, in bytes. Options have a few thousand.
const MAX_ANSWER: u64 = 1_048_576;

/// How often it is looked whether somebody wants to stop.
const GLANCE: Duration = Duration::from_millis(100);

/// How long a server may ask to be left alone, and never longer than a request may take.
const MOST_PATIENCE: Duration = Duration::from_secs(60);

/// How often one request is sent because the server asked for patience.
const TRIES: u32 = 3;

/// What every session with a relying party has.
#[derive(Clone, Debug)]
pub struct SessionSettings {
    /// How long a connection may take.
    pub connect: Duration,
    /// How long a whole request may take.
    pub total: Duration,
    /// Roots to trust, in DER; those that browsers trust when there is none.
    pub roots: Vec<Vec<u8>>,
    /// Set by Ctrl-C.
    pub interrupt: Interrupt,
}

impl SessionSettings {
    /// The usual deadlines, and the usual roots.
    pub fn new(interrupt: Interrupt) -> Self {
        Self {
            connect: Duration::from_secs(10),
            total: Duration::from_secs(30),
            roots: Vec::new(),
            interrupt,
        }
    }
}

/// A session with a relying party: requests of one browser, with the cookies that it was given.
pub struct Session {
    url: RelyingPartyUrl,
    agent: Agent,
    settings: SessionSettings,
}

impl Session {
    /// Starts a session without cookies. Nothing is sent yet.
    pub fn new(url: &RelyingPartyUrl, settings: &SessionSettings) -> Self {
        let roots: Vec<Certificate<'static>> =
            settings.roots.iter().map(|der| Certificate::from_der(der).to_owned()).collect();
        let roots = if roots.is_empty() { RootCerts::WebPki } else { RootCerts::from(roots) };
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(settings.connect))
            .timeout_resolve(Some(settings.connect))
            .timeout_global(Some(settings.total))
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .user_agent(concat!("fidokey/", env!("CARGO_PKG_VERSION")))
            // What the environment says of proxies is not for this layer to read.
            .proxy(None)
            .build();
        let agent = Agent::with_parts(config, DefaultConnector::default(), Names::default());
        Self { url: url.clone(), agent, settings: settings.clone() }
    }

    /// The relying party's address.
    pub fn url(&self) -> &RelyingPartyUrl {
        &self.url
    }

    /// Sends JSON to an endpoint, such as `/attestation/options`, and reads the answer.
    ///
    /// An answer is not an error, whatever it says; but a redirect is.
    ///
    /// # Errors
    ///
    /// [`RemoteError`] when there is no answer.
    pub fn post(&mut self, path: &str, body: &Value) -> Result<Reply, RemoteError> {
        let url = self.url.endpoint(path);
        let mut patience_left = self.settings.total.min(MOST_PATIENCE);
        for later in (0..TRIES).rev() {
            let agent = self.agent.clone();
            let (target, body) = (url.clone(), body.clone());
            let reply = self.await_result(move || exchange(&agent, &target, &body))?;
            let reply = reply.map_err(|failure| self.explain(failure, &url))?;
            match reply.patience() {
                Some(patience) if later > 0 && patience <= patience_left => {
                    patience_left = patience_left.saturating_sub(patience);
                    self.pause(patience)?;
                }
                Some(_) => break,
                None if (300..400).contains(&reply.status) => {
                    return Err(RemoteError::Redirected { url, target: reply.location });
                }
                None => return Ok(reply),
            }
        }
        Err(RemoteError::TooManyRequests { url })
    }

    /// Runs something that blocks, and stops waiting for it when somebody asks to stop.
    fn await_result<T: Send + 'static>(
        &self,
        act: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, RemoteError> {
        let (sender, receiver) = channel();
        // It ends at its own deadlines. Nobody waits for it when it is not wanted any more.
        thread::spawn(move || drop(sender.send(act())));
        loop {
            match receiver.recv_timeout(GLANCE) {
                Ok(result) => return Ok(result),
                Err(RecvTimeoutError::Timeout) if !self.settings.interrupt.is_requested() => {}
                Err(_) => return Err(RemoteError::Interrupted),
            }
        }
    }

    /// Leaves the server alone, as it asked.
    fn pause(&self, mut left: Duration) -> Result<(), RemoteError> {
        while !left.is_zero() {
            if self.settings.interrupt.is_requested() {
                return Err(RemoteError::Interrupted);
            }
            let nap = left.min(GLANCE);
            #[allow(clippy::disallowed_methods, reason = "nothing to wait for but time")]
            thread::sleep(nap);
            left = left.saturating_sub(nap);
        }
        Ok(())
    }

    fn explain(&self, failure: Failure, url: &str) -> RemoteError {
        let url = url.to_owned();
        match failure {
            Failure::TooLong => RemoteError::TooLong { url, limit: MAX_ANSWER },
            Failure::Timeout(during) => RemoteError::TimedOut {
                url,
                after: match during {
                    ureq::Timeout::Connect | ureq::Timeout::Resolve => self.settings.connect,
                    _ => self.settings.total,
                },
            },
            Failure::Tls(reason) => RemoteError::Tls { url, reason },
            Failure::Other(reason) => RemoteError::Unreachable { url, reason },
        }
    }
}

/// Why there is no answer.
enum Failure {
    TooLong,
    Timeout(ureq::Timeout),
    Tls(String),
    Other(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::BodyExceedsLimit(_) => Self::TooLong,
            Error::Timeout(during) => Self::Timeout(during),
            Error::Tls(reason) => Self::Tls(reason.to_owned()),
            Error::Rustls(error) => Self::Tls(error.to_string()),
            Error::Pem(error) => Self::Tls(error.to_string()),
            Error::Protocol(_) => Self::Other("what it answered is not HTTP".to_owned()),
            Error::HostNotFound => Self::Other("there is no host of that name".to_owned()),
            // A failed handshake comes as an error of reading or writing.
            Error::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
                Self::Tls(error.to_string())
            }
            Error::Io(error) => Self::Other(words(&error)),
            other => Self::Other(other.to_string()),
        }
    }
}

/// An error of the operating system, in words where they are known.
fn words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "nothing listens there".to_owned(),
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::UnexpectedEof => {
            "the server closed the connection before it had answered".to_owned()
        }
        _ => error.to_string(),
    }
}

/// One request and its answer.
fn exchange(agent: &Agent, url: &str, body: &Value) -> Result<Reply, Failure> {
    let request = agent.post(url).header(header::ACCEPT, "application/json");
    let mut response = request.send_json(body)?;
    let text = |name: HeaderName, response: &ureq::http::Response<Body>| {
        response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
    };
    let content_type = text(header::CONTENT_TYPE, &response);
    let location = text(header::LOCATION, &response);
    let retry_after = text(header::RETRY_AFTER, &response);
    let status = response.status().as_u16();
    let body = response.body_mut().with_config().limit(MAX_ANSWER).read_to_vec()?;
    Ok(Reply { status, content_type, location, retry_after, body })
}
