//! The store of large blobs (CTAP 2.3 section 6.10): reading the whole, and writing the whole.

use super::context::Context;
use super::error::AuthenticatorError;
use super::interaction::Progress;
use super::key::Key;
use super::token::Need;
use crate::ctap::large_blobs::{GetLargeBlobs, LargeBlobArray, SetLargeBlobs, max_fragment};
use crate::ctap::{CommandCode, Permissions};
use crate::wire::status::Status;

/// The longest store that is read, in bytes: some hundred fragments. Keys have a few thousand bytes.
const MAX_STORE: usize = 256 * 1024;

/// Reads the store; one message for each fragment.
///
/// # Errors
///
/// When the key has none, refuses, or does not come to an end.
pub fn read_large_blobs(
    key: &mut Key,
    context: &mut Context<'_>,
) -> Result<LargeBlobArray, AuthenticatorError> {
    let count = fragment(key, context)?;
    let mut store = Vec::new();
    loop {
        let offset = u64::try_from(store.len()).unwrap_or(u64::MAX);
        let part = key.exchange(context, &GetLargeBlobs { offset, count })?;
        let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
        store.extend_from_slice(&part);
        if length > count || store.len() > MAX_STORE {
            let claimed = u64::try_from(store.len()).unwrap_or(u64::MAX);
            return Err(AuthenticatorError::TooMany { what: "bytes of large blobs", claimed });
        }
        if length < count {
            context.interaction.progress(Progress::Finished);
            return Ok(LargeBlobArray::parse(&store));
        }
        context.interaction.progress(Progress::LargeBlobs { done: store.len(), total: None });
    }
}

/// Writes the store; one message for each fragment, after a token for it where the key has a PIN or
/// a verification of its own. Unless the last fragment arrives, the key keeps what was there.
///
/// # Errors
///
/// When the key has no store or no room for it, refuses, or nobody gives the PIN.
pub fn write_large_blobs(
    key: &mut Key,
    context: &mut Context<'_>,
    array: &LargeBlobArray,
    rp_id: Option<&str>,
) -> Result<(), AuthenticatorError> {
    let size = fragment(key, context)?;
    let store = array.to_store();
    let info = key.info(context)?;
    let room = info.max_serialized_large_blob_array.and_then(|most| usize::try_from(most).ok());
    if room.is_some_and(|room| store.len() > room) {
        let status = Status::LARGE_BLOB_STORAGE_FULL;
        return Err(AuthenticatorError::Refused { command: CommandCode::LARGE_BLOBS, status });
    }
    let options = info.options();
    let protected = options.client_pin() == Some(true) || options.uv() == Some(true);
    let fragments = fragments(&store, size);
    if !protected {
        return send(key, context, &fragments, |_| {});
    }
    let method = key.management_method(context)?;
    let need = Need { permissions: Permissions::LARGE_BLOB_WRITE, rp_id };
    key.with_token(context, need, method, |key, context, token| {
        send(key, context, &fragments, |fragment| fragment.authenticate(token.token()))
    })
}

/// Sends the fragments, each after it was made ready.
fn send(
    key: &mut Key,
    context: &mut Context<'_>,
    fragments: &[SetLargeBlobs],
    make_ready: impl Fn(&mut SetLargeBlobs),
) -> Result<(), AuthenticatorError> {
    let total = fragments.iter().map(|fragment| fragment.fragment.len()).sum();
    let mut done: usize = 0;
    for fragment in fragments {
        let mut fragment = fragment.clone();
        make_ready(&mut fragment);
        key.exchange(context, &fragment)?;
        done = done.saturating_add(fragment.fragment.len());
        let goes_on = Progress::LargeBlobs { done, total: Some(total) };
        context.interaction.progress(if done < total { goes_on } else { Progress::Finished });
    }
    Ok(())
}

/// The longest fragment that the key takes.
fn fragment(key: &mut Key, context: &mut Context<'_>) -> Result<u64, AuthenticatorError> {
    let info = key.info(context)?;
    if info.options().large_blobs() != Some(true) {
        return Err(AuthenticatorError::Unsupported { what: "large blobs".to_owned() });
    }
    Ok(max_fragment(info.max_msg_size()))
}

/// Cuts the store.
fn fragments(store: &[u8], size: u64) -> Vec<SetLargeBlobs> {
    let size = usize::try_from(size).unwrap_or(usize::MAX).max(1);
    let total = u64::try_from(store.len()).ok();
    let mut offset: u32 = 0;
    let mut fragments = Vec::new();
    for part in store.chunks(size) {
        fragments.push(SetLargeBlobs {
            offset,
            fragment: part.to_vec(),
            length: total.filter(|_| offset == 0),
            pin_uv_auth: None,
        });
        offset = offset.saturating_add(u32::try_from(part.len()).unwrap_or(u32::MAX));
    }
    fragments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_fragment_says_how_long_the_whole_is() {
        let cut: Vec<_> = fragments(&[1, 2, 3, 4, 5], 2)
            .into_iter()
            .map(|part| (part.offset, part.fragment, part.length))
            .collect();
        let expected = [(0, vec![1, 2], Some(5)), (2, vec![3, 4], None), (4, vec![5], None)];
        assert_eq!(cut, expected);
    }
}
