//! The four requests of the FIDO2 conformance tests' REST interface for servers.

use super::{RemoteError, Session};
use crate::webauthn::json::options::{
    CreationOptionsJson, OptionsError, RequestOptionsJson, UserVerificationRequirement,
};
use serde_json::{Map, Value, json};

/// Where a registration begins.
pub const ATTESTATION_OPTIONS: &str = "/attestation/options";
/// Where a registration ends.
pub const ATTESTATION_RESULT: &str = "/attestation/result";
/// Where an assertion begins.
pub const ASSERTION_OPTIONS: &str = "/assertion/options";
/// Where an assertion ends.
pub const ASSERTION_RESULT: &str = "/assertion/result";

/// What a registration begins with.
#[derive(Clone, Debug)]
pub struct RegistrationWish<'a> {
    /// The account's name.
    pub username: &'a str,
    /// The person's name.
    pub display_name: &'a str,
    /// The member `authenticatorSelection`, if any is wished for.
    pub authenticator_selection: Option<Value>,
    /// The member `attestation`, if any is wished for.
    pub attestation: Option<&'a str>,
}

/// What an assertion begins with.
#[derive(Clone, Debug)]
pub struct AssertionWish<'a> {
    /// The account's name.
    pub username: &'a str,
    /// The member `userVerification`, if any is wished for.
    pub user_verification: Option<UserVerificationRequirement>,
}

impl Session {
    /// Asks for the options of a registration.
    ///
    /// # Errors
    ///
    /// [`RemoteError`], and [`RemoteError::Options`] when they cannot be read.
    pub fn creation_options(
        &mut self,
        wish: &RegistrationWish<'_>,
    ) -> Result<CreationOptionsJson, RemoteError> {
        let mut body = json!({"username": wish.username, "displayName": wish.display_name});
        put(&mut body, "authenticatorSelection", wish.authenticator_selection.clone());
        put(&mut body, "attestation", wish.attestation.map(Value::from));
        self.options(ATTESTATION_OPTIONS, &body, CreationOptionsJson::parse)
    }

    /// Asks for the options of an assertion.
    ///
    /// # Errors
    ///
    /// [`RemoteError`], and [`RemoteError::Options`] when they cannot be read.
    pub fn request_options(
        &mut self,
        wish: &AssertionWish<'_>,
    ) -> Result<RequestOptionsJson, RemoteError> {
        let mut body = json!({"username": wish.username});
        let verification = wish.user_verification.map(|wish| wish.text().into());
        put(&mut body, "userVerification", verification);
        self.options(ASSERTION_OPTIONS, &body, RequestOptionsJson::parse)
    }

    /// Sends a RegistrationResponseJSON.
    ///
    /// # Errors
    ///
    /// [`RemoteError`]; [`RemoteError::Refused`] when the server says no.
    pub fn register(&mut self, response: &Value) -> Result<Map<String, Value>, RemoteError> {
        self.result(ATTESTATION_RESULT, response)
    }

    /// Sends an AuthenticationResponseJSON.
    ///
    /// # Errors
    ///
    /// [`RemoteError`]; [`RemoteError::Refused`] when the server says no.
    pub fn assert(&mut self, response: &Value) -> Result<Map<String, Value>, RemoteError> {
        self.result(ASSERTION_RESULT, response)
    }

    fn options<T>(
        &mut self,
        path: &str,
        body: &Value,
        parse: fn(&[u8]) -> Result<T, OptionsError>,
    ) -> Result<T, RemoteError> {
        let reply = self.post(path, body)?;
        let url = self.url().endpoint(path);
        reply.members(&url)?;
        parse(&reply.body).map_err(|source| RemoteError::Options { url, source })
    }

    fn result(&mut self, path: &str, body: &Value) -> Result<Map<String, Value>, RemoteError> {
        let reply = self.post(path, body)?;
        reply.accepted(&self.url().endpoint(path))
    }
}

/// Adds a member if there is a value.
fn put(body: &mut Value, name: &str, value: Option<Value>) {
    if let (Some(value), Some(members)) = (value, body.as_object_mut()) {
        members.insert(name.to_owned(), value);
    }
}
