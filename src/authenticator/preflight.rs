//! Which credentials a key holds, asked silently: no touch, no PIN (CTAP 2.3 section 6.2.2; WebAuthn
//! Level 3 sections 5.1.3 and 5.1.4).

use super::error::AuthenticatorError;
use super::key::{Context, Key};
use crate::ctap::get_assertion::GetAssertion;
use crate::ctap::{CommandCode, CredentialDescriptor};
use crate::wire::status::Status;

/// The most questions that one list is asked in. A key that takes one ID at a time is asked for no
/// more than these.
const MAX_QUESTIONS: usize = 64;

/// Looks for the first of `ids` that the key holds for `rp_id`, without a touch and without the
/// PIN. `None` when it shows none of them.
///
/// What the key shows only to a verified person (credProtect, level 3) is not found. IDs that are
/// longer than the key's can be are not asked for; long lists are asked in as many parts as the key
/// needs.
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
    let info = key.info(context)?;
    let longest = info.max_credential_id_length.and_then(|length| usize::try_from(length).ok());
    let stated = info.max_credential_count_in_list.and_then(|count| usize::try_from(count).ok());
    // Absent or zero: nobody knows, and one fits in any case.
    let mut at_once = stated.unwrap_or(1).max(1);
    let possible = ids.iter().filter(|id| longest.is_none_or(|longest| id.len() <= longest));
    let possible: Vec<&Vec<u8>> = possible.collect();
    let mut rest = possible.as_slice();
    let mut questions = 0_usize;
    while !rest.is_empty() {
        questions = questions.saturating_add(1);
        if questions > MAX_QUESTIONS {
            let claimed = u64::try_from(ids.len()).unwrap_or(u64::MAX);
            return Err(AuthenticatorError::TooMany { what: "credential IDs", claimed });
        }
        let (part, after) = rest.split_at(at_once.min(rest.len()));
        let request = GetAssertion {
            rp_id: rp_id.to_owned(),
            client_data_hash: [0; 32],
            allow_list: part.iter().map(|id| CredentialDescriptor::new((*id).clone())).collect(),
            up: Some(false),
            ..GetAssertion::default()
        };
        match key.exchange(context, &request) {
            Ok(found) => {
                // A key may leave the ID out when it was asked for one alone.
                let named = found.credential.map(|credential| credential.id);
                return Ok(named.or_else(|| part.first().map(|id| (*id).clone())));
            }
            Err(AuthenticatorError::Refused { status: Status::NO_CREDENTIALS, .. }) => {
                rest = after;
            }
            // Some keys say so of a list in which there is nothing of theirs (CTAP 2.0).
            Err(AuthenticatorError::Refused { status: Status::INVALID_CREDENTIAL, .. }) => {
                rest = after;
            }
            Err(AuthenticatorError::Refused { command: CommandCode::GET_ASSERTION, status })
                if at_once > 1
                    && matches!(
                        status,
                        Status::REQUEST_TOO_LARGE | Status::LIMIT_EXCEEDED | Status::INVALID_LENGTH
                    ) =>
            {
                at_once /= 2;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}
