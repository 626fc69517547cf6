//! What a key holds: listing, deleting and renaming resident credentials (CTAP 2.3 section 6.8).
//!
//! Any other command ends an enumeration on the key, so all relying parties are read before the
//! first credential. A key without credentials says so in one of several ways, and all of them
//! are an empty list here.

use super::context::Context;
use super::error::AuthenticatorError;
use super::interaction::Progress;
use super::key::Key;
use super::token::Need;
use super::verification::Method;
use crate::ctap::credential_management::{
    CredentialEntry, CredsMetadata, DeleteCredential, Dialect, EnumerateCredentialsBegin,
    EnumerateCredentialsGetNextCredential, EnumerateRpsBegin, EnumerateRpsGetNextRp,
    GetCredsMetadata, NotInPreview, RelyingPartyEntry, UpdateUserInformation,
};
use crate::ctap::{CredentialDescriptor, Permissions, PinUvAuthToken, Request, UserEntity};
use crate::wire::status::Status;

/// The most relying parties, and the most credentials, that a listing may have. The largest stores
/// of known keys hold 300.
const MAX_LISTED: u64 = 1024;

/// How often an enumeration is begun that another program keeps breaking off.
const ATTEMPTS: usize = 3;

/// Everything that a key holds.
#[derive(Debug)]
pub struct StoredCredentials {
    /// How full the key is; `None` on a key that says no more than that it is empty.
    pub metadata: Option<CredsMetadata>,
    /// In the key's order. Each has at least one credential, unless it was deleted meanwhile.
    pub relying_parties: Vec<StoredRelyingParty>,
}

impl StoredCredentials {
    /// How many credentials are listed.
    pub fn count(&self) -> usize {
        self.relying_parties.iter().map(|one| one.credentials.len()).sum()
    }
}

/// A relying party and what the key holds for it.
#[derive(Debug)]
pub struct StoredRelyingParty {
    /// The relying party.
    pub relying_party: RelyingPartyEntry,
    /// Its credentials, in the key's order.
    pub credentials: Vec<CredentialEntry>,
}

/// How a key lets its credentials be managed.
#[derive(Clone, Copy, Debug)]
struct Access {
    dialect: Dialect,
    method: Method,
}

impl Access {
    fn of(key: &mut Key, context: &mut Context<'_>) -> Result<Self, AuthenticatorError> {
        let dialect = dialect(key, context)?;
        Ok(Self { dialect, method: key.management_method(context)? })
    }

    /// Sends a command that a token authenticates.
    fn send<R: Request>(
        self,
        key: &mut Key,
        context: &mut Context<'_>,
        request: impl Fn(&PinUvAuthToken) -> R,
    ) -> Result<R::Response, AuthenticatorError> {
        self.try_send(key, context, |token| Ok(request(token)))
    }

    fn try_send<R: Request>(
        self,
        key: &mut Key,
        context: &mut Context<'_>,
        request: impl Fn(&PinUvAuthToken) -> Result<R, AuthenticatorError>,
    ) -> Result<R::Response, AuthenticatorError> {
        if context.interrupt.is_requested() {
            return Err(AuthenticatorError::Interrupted);
        }
        let need = Need { permissions: Permissions::CREDENTIAL_MANAGEMENT, rp_id: None };
        key.with_token(context, need, self.method, |key, context, token| {
            key.exchange(context, &request(token.token())?)
        })
    }
}

fn dialect(key: &mut Key, context: &mut Context<'_>) -> Result<Dialect, AuthenticatorError> {
    let options = key.info(context)?.options();
    if options.cred_mgmt() == Some(true) {
        Ok(Dialect::Standard)
    } else if options.credential_mgmt_preview() == Some(true) {
        Ok(Dialect::Preview)
    } else {
        let what = "listing and deleting single credentials".to_owned();
        Err(AuthenticatorError::Unsupported { what })
    }
}

/// Lists everything that a key holds.
///
/// Apart from the PIN's messages this costs one message, and one more for each relying party and
/// each credential.
///
/// # Errors
///
/// When the key cannot, refuses, does not get its PIN, claims more credentials than any key has,
/// or other programs keep breaking the enumeration off.
pub fn list_credentials(
    key: &mut Key,
    context: &mut Context<'_>,
) -> Result<StoredCredentials, AuthenticatorError> {
    let access = Access::of(key, context)?;
    let dialect = access.dialect;
    let metadata =
        access.send(key, context, |token| GetCredsMetadata::new(dialect, token)).map(Some);
    // Solo 1 says NO_CREDENTIALS here already.
    let metadata =
        metadata.or_else(|error| if is_empty(&error) { Ok(None) } else { Err(error) })?;
    let mut relying_parties = Vec::new();
    if metadata.is_some_and(|metadata| metadata.existing > 0) {
        for relying_party in enumerate_relying_parties(key, context, access)? {
            relying_parties.push(StoredRelyingParty { relying_party, credentials: Vec::new() });
        }
    }
    // A count beyond belief is not held up to anybody as a goal.
    let expected = metadata.map(|metadata| metadata.existing).filter(|n| *n <= MAX_LISTED);
    let expected = expected.and_then(|existing| usize::try_from(existing).ok());
    let mut done = 0;
    for one in &mut relying_parties {
        let hash = one.relying_party.rp_id_hash;
        one.credentials = enumerate_credentials(key, context, access, hash, done, expected)?;
        done = one.credentials.len().saturating_add(done);
    }
    context.interaction.progress(Progress::Finished);
    Ok(StoredCredentials { metadata, relying_parties })
}

fn enumerate_relying_parties(
    key: &mut Key,
    context: &mut Context<'_>,
    access: Access,
) -> Result<Vec<RelyingPartyEntry>, AuthenticatorError> {
    let dialect = access.dialect;
    enumerate(
        key,
        context,
        Limit { what: "relying parties", left: MAX_LISTED },
        |key, context| {
            let first =
                access.send(key, context, |token| EnumerateRpsBegin::new(dialect, token))?;
            Ok(first.first.map(|entry| (entry, first.total)))
        },
        |key, context| key.exchange(context, &EnumerateRpsGetNextRp::new(dialect)),
        |done, total| Progress::RelyingParties { done, total },
    )
}

fn enumerate_credentials(
    key: &mut Key,
    context: &mut Context<'_>,
    access: Access,
    rp_id_hash: [u8; 32],
    before: usize,
    expected: Option<usize>,
) -> Result<Vec<CredentialEntry>, AuthenticatorError> {
    let dialect = access.dialect;
    let listed = u64::try_from(before).unwrap_or(u64::MAX);
    enumerate(
        key,
        context,
        Limit { what: "credentials", left: MAX_LISTED.saturating_sub(listed) },
        |key, context| {
            let first = access.send(key, context, |token| {
                EnumerateCredentialsBegin::new(dialect, token, &rp_id_hash)
            })?;
            Ok(Some((first.first, first.total)))
        },
        |key, context| key.exchange(context, &EnumerateCredentialsGetNextCredential::new(dialect)),
        |done, _| Progress::Credentials { done: before.saturating_add(done), total: expected },
    )
}

/// How many entries are accepted.
#[derive(Clone, Copy)]
struct Limit {
    what: &'static str,
    /// What is left of [`MAX_LISTED`].
    left: u64,
}

/// Reads a list that the key gives entry by entry, and begins again when another program has
/// broken it off.
fn enumerate<T>(
    key: &mut Key,
    context: &mut Context<'_>,
    limit: Limit,
    begin: impl Fn(&mut Key, &mut Context<'_>) -> Result<Option<(T, u64)>, AuthenticatorError>,
    next: impl Fn(&mut Key, &mut Context<'_>) -> Result<T, AuthenticatorError>,
    progress: impl Fn(usize, usize) -> Progress,
) -> Result<Vec<T>, AuthenticatorError> {
    let mut attempt = 1;
    'attempts: loop {
        let (first, total) = match begin(key, context) {
            Ok(Some(begun)) => begun,
            Ok(None) => return Ok(Vec::new()),
            // Nothing is there, or no longer.
            Err(error) if is_empty(&error) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        if total > limit.left {
            let before = MAX_LISTED.saturating_sub(limit.left);
            let claimed = total.saturating_add(before);
            return Err(AuthenticatorError::TooMany { what: limit.what, claimed });
        }
        let shown_total = usize::try_from(total).unwrap_or(usize::MAX);
        let mut found = vec![first];
        context.interaction.progress(progress(found.len(), shown_total));
        for _ in 1..total {
            if context.interrupt.is_requested() {
                return Err(AuthenticatorError::Interrupted);
            }
            match next(key, context) {
                Ok(entry) => found.push(entry),
                Err(AuthenticatorError::Refused { status: Status::NOT_ALLOWED, .. })
                    if attempt < ATTEMPTS =>
                {
                    attempt = attempt.saturating_add(1);
                    continue 'attempts;
                }
                // There are fewer than the key has said.
                Err(error) if is_empty(&error) => break,
                Err(error) => return Err(error),
            }
            context.interaction.progress(progress(found.len(), shown_total));
        }
        return Ok(found);
    }
}

fn is_empty(error: &AuthenticatorError) -> bool {
    matches!(error, AuthenticatorError::Refused { status: Status::NO_CREDENTIALS, .. })
}

/// Deletes a credential; one message apart from the PIN's.
///
/// # Errors
///
/// When the key cannot, refuses, does not hold it, or does not get its PIN. The credential is
/// there still, unless the channel failed.
pub fn delete_credential(
    key: &mut Key,
    context: &mut Context<'_>,
    credential: &CredentialDescriptor,
) -> Result<(), AuthenticatorError> {
    let access = Access::of(key, context)?;
    access.send(key, context, |token| DeleteCredential::new(access.dialect, token, credential))?;
    key.credentials_changed();
    Ok(())
}

/// Makes sure that [`rename_credential`] can work on this key, before anybody is asked for a PIN.
///
/// # Errors
///
/// [`AuthenticatorError::Unsupported`] when the key cannot, as keys cannot that have the preview
/// of credential management alone.
pub fn check_can_rename(
    key: &mut Key,
    context: &mut Context<'_>,
) -> Result<(), AuthenticatorError> {
    match dialect(key, context)? {
        Dialect::Standard => Ok(()),
        Dialect::Preview => Err(cannot_rename()),
    }
}

/// Gives a credential's account other names; one message apart from the PIN's.
///
/// `user` must have the ID that the account has on the key. A name that is absent is removed.
///
/// # Errors
///
/// As [`check_can_rename`], and when the key refuses, does not hold the credential, or does not
/// get its PIN. The names are the old ones then, unless the channel failed.
pub fn rename_credential(
    key: &mut Key,
    context: &mut Context<'_>,
    credential: &CredentialDescriptor,
    user: &UserEntity,
) -> Result<(), AuthenticatorError> {
    check_can_rename(key, context)?;
    let access = Access::of(key, context)?;
    access.try_send(key, context, |token| {
        UpdateUserInformation::new(access.dialect, token, credential, user)
            .map_err(|NotInPreview| cannot_rename())
    })?;
    key.credentials_changed();
    Ok(())
}

fn cannot_rename() -> AuthenticatorError {
    AuthenticatorError::Unsupported { what: "changing the names of an account on it".to_owned() }
}
