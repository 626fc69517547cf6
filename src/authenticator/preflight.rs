//! Asking a key silently which of many credentials it holds (`up: false`; CTAP 2.3 sections 6.1.2
//! and 6.2.2), so that a list longer than the key takes can be cut to what it knows.
//!
//! A list that the key takes as it is costs no message. One of which it states no limit is sent whole
//! first: if it then refuses it, it is asked about parts, half as long with every refusal.

use super::context::Context;
use super::error::AuthenticatorError;
use super::key::Key;
use super::token::Token;
use crate::ctap::get_assertion::GetAssertion;
use crate::ctap::get_info::Info;
use crate::ctap::{CommandCode, CredentialDescriptor, Request};
use crate::wire::ctaphid::MAX_MESSAGE;
use crate::wire::status::Status;

/// Bytes of a descriptor besides the credential ID: its map, the names and the lengths.
const DESCRIPTOR: usize = 27;

/// The most questions that one list is asked in. A key that takes one ID at a time is asked for no
/// more than these.
const MAX_QUESTIONS: usize = 256;

/// Bytes that a message may have where the key states nothing (CTAP 2.3 section 6.4).
const MESSAGE_UNSTATED: usize = 1024;

/// Bytes that a request may grow by after it was measured: a token's proof, and encrypted salts.
pub(super) const ADDED_LATER: usize = 256;

/// How a list of credentials is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sending {
    /// As it is, where the key takes it.
    Whole,
    /// Cut to what the key holds, after it has refused the whole list. It is asked about at most half
    /// of the list at once.
    Cut,
}

impl Sending {
    /// How many credentials of a list the key may be asked about at once.
    pub(super) fn at_once(self, list: &[CredentialDescriptor]) -> usize {
        match self {
            Self::Whole => usize::MAX,
            Self::Cut => list.len().div_ceil(2),
        }
    }
}

/// What became of a command with a list.
#[derive(Debug)]
pub(super) enum Sent<T> {
    /// The key carried it out.
    Done(T),
    /// The key takes less of a list of several at once.
    ListRefused {
        /// In which command.
        command: CommandCode,
        /// In its words.
        status: Status,
    },
}

impl<T> Sent<T> {
    /// Tells a refusal that may be about the list from others.
    ///
    /// # Errors
    ///
    /// Every other refusal.
    pub(super) fn of(
        result: Result<T, AuthenticatorError>,
        list: &[CredentialDescriptor],
    ) -> Result<Self, AuthenticatorError> {
        match result {
            Ok(done) => Ok(Self::Done(done)),
            Err(AuthenticatorError::Refused { command, status })
                if list.len() > 1 && is_too_much(status) =>
            {
                Ok(Self::ListRefused { command, status })
            }
            Err(error) => Err(error),
        }
    }

    /// What was made.
    ///
    /// # Errors
    ///
    /// That the key refused the list.
    pub(super) fn done(self) -> Result<T, AuthenticatorError> {
        match self {
            Self::Done(done) => Ok(done),
            Self::ListRefused { command, status } => {
                Err(AuthenticatorError::Refused { command, status })
            }
        }
    }
}

/// Whether a key says that it takes less at once.
fn is_too_much(status: Status) -> bool {
    [Status::REQUEST_TOO_LARGE, Status::LIMIT_EXCEEDED, Status::INVALID_LENGTH].contains(&status)
}

/// How much a key takes at once.
#[derive(Clone, Copy, Debug)]
struct Limits {
    credentials: usize,
    message: usize,
    id: usize,
}

impl Limits {
    /// What a key states; zero states nothing.
    fn of(info: &Info) -> Self {
        let limit = |stated: Option<u64>| {
            let stated = stated.filter(|most| *most > 0);
            stated.and_then(|most| usize::try_from(most).ok())
        };
        Self {
            credentials: limit(info.max_credential_count_in_list).unwrap_or(usize::MAX),
            message: limit(info.max_msg_size).unwrap_or(MESSAGE_UNSTATED).min(MAX_MESSAGE),
            id: limit(info.max_credential_id_length).unwrap_or(usize::MAX),
        }
    }
}

/// Whether a key may hold credentials that were made with U2F.
pub(super) fn speaks_u2f(
    key: &mut Key,
    context: &mut Context<'_>,
) -> Result<bool, AuthenticatorError> {
    Ok(key.capabilities().u2f() || key.info(context)?.supports_version("U2F_V2"))
}

/// Leaves out what cannot be a credential of this key, since its ID is longer than the key's are.
pub(super) fn possible(info: &Info, list: &[CredentialDescriptor]) -> Vec<CredentialDescriptor> {
    let most = Limits::of(info).id;
    list.iter().filter(|one| one.id.len() <= most).cloned().collect()
}

/// Whether a key takes a list in a message that is `rest` bytes long without it.
pub(super) fn fits(info: &Info, list: &[CredentialDescriptor], rest: usize) -> bool {
    taken(list, Limits::of(info), rest) == list.len()
}

/// How many of a list, from its start, a message has room for.
fn taken(list: &[CredentialDescriptor], limits: Limits, rest: usize) -> usize {
    let mut length = rest;
    let fit = list.iter().take(limits.credentials).take_while(|one| {
        length = length.saturating_add(one.id.len()).saturating_add(DESCRIPTOR);
        length <= limits.message
    });
    fit.count()
}

/// Looks for one of `ids` that the key holds for `rp_id`, without a touch and without the PIN. `None`
/// when it shows none of them: what exists only for who was verified (credProtect, level 3) is not
/// found.
///
/// # Errors
///
/// When the key does not answer, or answers with another refusal than that it has none.
pub fn find_silently(
    key: &mut Key,
    context: &mut Context<'_>,
    rp_id: &str,
    ids: &[Vec<u8>],
) -> Result<Option<Vec<u8>>, AuthenticatorError> {
    let ids: Vec<_> = ids.iter().cloned().map(CredentialDescriptor::new).collect();
    let possible = possible(key.info(context)?, &ids);
    let found = find(key, context, rp_id, &possible, Sending::Whole, None)?;
    Ok(found.map(|found| found.id))
}

/// Finds one of the credentials on the key, without a touch. A token shows those, too, that exist
/// only for who was verified.
pub(super) fn find(
    key: &mut Key,
    context: &mut Context<'_>,
    rp_id: &str,
    list: &[CredentialDescriptor],
    sending: Sending,
    token: Option<&Token>,
) -> Result<Option<CredentialDescriptor>, AuthenticatorError> {
    let mut request = GetAssertion {
        rp_id: rp_id.to_owned(),
        up: Some(false),
        pin_uv_auth: token.map(|token| token.authenticate(&[0; 32])),
        ..GetAssertion::default()
    };
    let rest = request.encode().len();
    let mut limits = Limits::of(key.info(context)?);
    limits.credentials = limits.credentials.min(sending.at_once(list));
    let mut questions = 0_usize;
    let claimed = u64::try_from(list.len()).unwrap_or(u64::MAX);
    let mut list = list;
    while !list.is_empty() {
        questions = questions.saturating_add(1);
        if questions > MAX_QUESTIONS {
            return Err(AuthenticatorError::TooMany { what: "credential IDs", claimed });
        }
        let count = taken(list, limits, rest).max(1);
        let (chunk, after) = list.split_at_checked(count).unwrap_or((list, &[]));
        request.allow_list = chunk.to_vec();
        match key.exchange(context, &request) {
            Ok(found) => {
                let only = chunk.first().filter(|_| chunk.len() == 1).cloned();
                return Ok(found.credential.or(only));
            }
            Err(AuthenticatorError::Refused {
                status: Status::NO_CREDENTIALS | Status::INVALID_CREDENTIAL,
                ..
            }) => list = after,
            // The key takes less than it says.
            Err(AuthenticatorError::Refused { status, .. }) if count > 1 && is_too_much(status) => {
                limits.credentials = count.div_ceil(2);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(lengths: &[usize]) -> Vec<CredentialDescriptor> {
        lengths.iter().map(|length| CredentialDescriptor::new(vec![7; *length])).collect()
    }

    #[test]
    fn a_list_is_cut_by_number_and_by_length() {
        let limits = |credentials, message| Limits { credentials, message, id: usize::MAX };
        let ids = list(&[64; 10]);
        assert_eq!(taken(&ids, limits(usize::MAX, 7609), 100), 10);
        assert_eq!(taken(&ids, limits(8, 7609), 100), 8);
        assert_eq!(taken(&ids, limits(8, 1200), 100), 8);
        assert_eq!(taken(&ids, limits(8, 300), 100), 2);
        assert_eq!(taken(&ids, limits(8, 64), 100), 0);
        assert_eq!(taken(&[], limits(8, 64), 100), 0);
    }

    /// What is estimated of a descriptor is never less than it takes.
    #[test]
    fn the_estimate_is_enough() {
        for length in [1, 23, 24, 255, 256, 1023] {
            let encoded =
                |allow_list| GetAssertion { allow_list, ..GetAssertion::default() }.encode();
            let bare = encoded(Vec::new()).len();
            let one = encoded(list(&[length])).len();
            let two = encoded(list(&[length, length])).len();
            assert!(two - one <= length + DESCRIPTOR, "{length}: {}", two - one - length);
            assert!(one - bare <= length + DESCRIPTOR + 4);
        }
    }
}
