//! Requests and replies as such: a command byte and a map, a status byte and a map (CTAP 2.3
//! section 8.1).

use super::command::CommandCode;
use super::pin_protocol::KeyAgreementError;
use crate::wire::authenticator_data::AuthenticatorDataError;
use crate::wire::cbor::{self, CborError, Encoded, Item, Map};
use crate::wire::status::Status;
use std::fmt;
use thiserror::Error;

/// A CTAP2 command with its parameters, which knows how its reply is read.
pub trait Request {
    /// What a successful reply says.
    type Response;

    /// The command byte.
    fn command(&self) -> CommandCode;

    /// The parameters, a canonical map, or `None` where the command has none.
    fn parameters(&self) -> Option<Encoded>;

    /// Reads the map of a successful reply.
    ///
    /// # Errors
    ///
    /// [`ResponseError`] when a required member is missing or mistyped.
    fn decode(&self, map: Map<'_>) -> Result<Self::Response, ResponseError>;

    /// Reads the body of a successful reply; an empty body counts as an empty map.
    ///
    /// # Errors
    ///
    /// [`ResponseError`] when the body is not one map, or as [`Request::decode`].
    fn decode_body(&self, body: &[u8]) -> Result<Self::Response, ResponseError> {
        let body = if body.is_empty() { EMPTY_MAP } else { body };
        let map = cbor::parse(body).and_then(Item::map).map_err(ResponseError::whole)?;
        self.decode(map)
    }

    /// What carrying it out changes on the key, for when nobody knows whether it was; `None` when
    /// nothing that lasts.
    fn effect(&self) -> Option<Effect> {
        None
    }

    /// The message to send: the command byte and the parameters.
    fn encode(&self) -> Vec<u8> {
        let mut message = vec![self.command().0];
        if let Some(parameters) = self.parameters() {
            message.extend_from_slice(parameters.as_bytes());
        }
        message
    }
}

/// What carrying out a request changes on a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A credential is kept, in place of an older one of the same account if there is one.
    CredentialKept,
    /// A credential is deleted.
    CredentialDeleted,
    /// The names of an account are changed.
    NamesChanged,
    /// A PIN is tried: a wrong one costs a try.
    PinTried,
    /// The first PIN is set.
    PinSet,
    /// The PIN is changed; a wrong one in force costs a try.
    PinChanged,
    /// Everything on the key is erased.
    Reset,
}

const EMPTY_MAP: &[u8] = &[0xa0];

/// A member of a reply, by the specification's number and name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Member {
    /// Its key in the map.
    pub number: i64,
    /// Its name in the specification.
    pub name: &'static str,
}

impl Member {
    pub(super) const fn new(number: i64, name: &'static str) -> Self {
        Self { number, name }
    }
}

impl fmt::Display for Member {
    /// Writes the name and the number: `authData (0x02)`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} (0x{:02x})", self.name, self.number)
    }
}

/// What is wrong with a member, or with the reply as a whole.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum MemberError {
    /// It is not the CBOR that it should be.
    #[error(transparent)]
    Cbor(#[from] CborError),
    /// It is not authenticator data.
    #[error(transparent)]
    AuthenticatorData(#[from] AuthenticatorDataError),
    /// It is not a key for the key agreement.
    #[error(transparent)]
    KeyAgreement(#[from] KeyAgreementError),
}

/// Why the map of a reply cannot be read.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{}", describe(*.member))]
pub struct ResponseError {
    /// The member at fault, or `None` for the whole.
    pub member: Option<Member>,
    /// What is wrong with it.
    pub source: MemberError,
}

impl ResponseError {
    pub(super) fn whole(source: CborError) -> Self {
        Self { member: None, source: source.into() }
    }

    pub(super) fn of(member: Member, source: impl Into<MemberError>) -> Self {
        Self { member: Some(member), source: source.into() }
    }
}

fn describe(member: Option<Member>) -> String {
    match member {
        Some(member) => format!("the member {member} cannot be read"),
        None => "the answer is not one CBOR map".to_owned(),
    }
}

/// Why a reply is no success.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ReplyError {
    /// There is not even a status byte.
    #[error("the key sent an empty answer")]
    Empty,
    /// The key answered with an error status.
    #[error("{} [{}]", .0.meaning(), .0)]
    Refused(Status),
    /// The key reports success, but what it says cannot be read.
    #[error("the key's answer to {command} cannot be read{}", place(*.member))]
    Malformed {
        /// The command that was answered.
        command: CommandCode,
        /// The member at fault, or `None` for the whole.
        member: Option<Member>,
        /// What is wrong with it.
        source: MemberError,
    },
}

fn place(member: Option<Member>) -> String {
    member.map(|member| format!(" at {member}")).unwrap_or_default()
}

/// Splits a reply into its status and what follows; with an error status nothing follows that
/// means anything (CTAP 2.2 section 8), so the rest is dropped.
///
/// # Errors
///
/// [`ReplyError::Empty`] when there is no status.
pub fn split_reply(bytes: &[u8]) -> Result<(Status, &[u8]), ReplyError> {
    let (status, body) = bytes.split_first().ok_or(ReplyError::Empty)?;
    let status = Status(*status);
    Ok((status, if status.is_ok() { body } else { &[] }))
}

/// Reads the reply to a request.
///
/// # Errors
///
/// [`ReplyError`]: the key refused, or what it sent cannot be read.
pub fn read_reply<R: Request + ?Sized>(
    request: &R,
    bytes: &[u8],
) -> Result<R::Response, ReplyError> {
    let (status, body) = split_reply(bytes)?;
    if !status.is_ok() {
        return Err(ReplyError::Refused(status));
    }
    request.decode_body(body).map_err(|error| ReplyError::Malformed {
        command: request.command(),
        member: error.member,
        source: error.source,
    })
}

/// Reads a map member by member and remembers what was mistyped.
pub(super) struct Members<'b> {
    map: Map<'b>,
    mistyped: Vec<Member>,
}

impl<'b> Members<'b> {
    pub(super) fn new(map: Map<'b>) -> Self {
        Self { map, mistyped: Vec::new() }
    }

    /// Reads a member that must be there.
    pub(super) fn required<T, E: Into<MemberError>>(
        &self,
        member: Member,
        read: impl FnOnce(Item<'b>) -> Result<T, E>,
    ) -> Result<T, ResponseError> {
        let item = self.map.get(member.number);
        let item = item.ok_or(ResponseError::of(member, CborError::Missing(member.name)))?;
        read(item).map_err(|error| ResponseError::of(member, error))
    }

    /// Reads a member that may be absent; a mistyped one counts as absent.
    pub(super) fn optional<T, E>(
        &mut self,
        member: Member,
        read: impl FnOnce(Item<'b>) -> Result<T, E>,
    ) -> Option<T> {
        let value = read(self.map.get(member.number)?).ok();
        if value.is_none() {
            self.mistyped.push(member);
        }
        value
    }

    /// Notes that a member was there, but not all of it could be read.
    pub(super) fn note(&mut self, member: Member) {
        self.mistyped.push(member);
    }

    pub(super) fn map(&self) -> &Map<'b> {
        &self.map
    }

    /// The members that were there, but of another type.
    pub(super) fn finish(self) -> Vec<Member> {
        self.mistyped
    }
}
