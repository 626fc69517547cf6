//! The verdict on an assertion (WebAuthn Level 3 section 7.2).

use super::{
    Ceremony, ClientData, Expected, Facts, Verdict, agreement, authenticator_data, backup,
    client_data, extensions, shown,
};
use crate::webauthn::check::{Check, Rule};
use crate::webauthn::json::AuthenticationResponseJson;
use crate::webauthn::public_key::{PublicKey, PublicKeyError};

const ALLOWED: Rule =
    Rule::new("allowed_credential", "the credential is one that was allowed", "7.2");
const KNOWN: Rule =
    Rule::new("known_credential", "the credential is the one that was registered", "7.2");
const USER_HANDLE: Rule = Rule::new("user_handle", "the user handle is the account's", "7.2");
const SIGNATURE: Rule =
    Rule::new("signature", "the signature was made with the credential's key", "7.2");
const COUNTER: Rule =
    Rule::new("signature_counter", "the signature counter went up, or the key has none", "7.2");

/// What is known of a credential's public key.
#[derive(Clone, Copy, Debug, Default)]
pub enum CredentialKey<'a> {
    /// Nothing.
    #[default]
    Unknown,
    /// The key.
    Known(&'a PublicKey),
    /// The key, from a form that does not name its algorithm: one of RSA is for RS256 or PS256.
    Bare(&'a PublicKey),
    /// That it cannot be used, and why.
    Unusable(&'a PublicKeyError),
}

impl<'a> From<&'a Result<PublicKey, PublicKeyError>> for CredentialKey<'a> {
    fn from(key: &'a Result<PublicKey, PublicKeyError>) -> Self {
        match key {
            Ok(key) => Self::Known(key),
            Err(error) => Self::Unusable(error),
        }
    }
}

/// What the relying party keeps of the credential since its registration.
#[derive(Clone, Copy, Debug, Default)]
pub struct KnownCredential<'a> {
    /// The credential ID.
    pub id: Option<&'a [u8]>,
    /// The public key.
    pub key: CredentialKey<'a>,
    /// The signature counter as it was last seen.
    pub sign_count: Option<u32>,
    /// The account's user handle.
    pub user_handle: Option<&'a [u8]>,
    /// Whether the credential may be backed up.
    pub backup_eligible: Option<bool>,
    /// Whether the credential was backed up when it was last seen.
    pub backed_up: Option<bool>,
}

/// An assertion to be judged.
#[derive(Clone, Copy, Debug)]
pub struct AssertionInput<'a> {
    /// The client data.
    pub client_data: ClientData<'a>,
    /// The authenticator data, as received.
    pub authenticator_data: &'a [u8],
    /// The signature, as received.
    pub signature: &'a [u8],
    /// The ID of the credential that signed.
    pub credential_id: &'a [u8],
    /// The user handle, if the key gave one.
    pub user_handle: Option<&'a [u8]>,
    /// The credentials that were allowed; empty when any discoverable one was.
    pub allowed: &'a [Vec<u8>],
    /// What is known of the credential.
    pub known: KnownCredential<'a>,
    /// The whole response, when there is one: its members must agree.
    pub document: Option<&'a AuthenticationResponseJson>,
    /// What is expected.
    pub expected: &'a Expected,
}

impl<'a> AssertionInput<'a> {
    /// Takes everything from a response document; nothing is known of the credential yet, and any
    /// is allowed.
    ///
    /// `None` when it has no client data: then the caller must know its hash and says so in
    /// [`client_data`](Self::client_data).
    pub fn of_document(
        document: &'a AuthenticationResponseJson,
        expected: &'a Expected,
    ) -> Option<Self> {
        let response = &document.response;
        Some(Self {
            client_data: ClientData::Json(response.client_data_json.as_ref()?.as_bytes()),
            authenticator_data: response.authenticator_data.as_bytes(),
            signature: response.signature.as_bytes(),
            credential_id: document.raw_id.as_bytes(),
            user_handle: response.user_handle.as_ref().map(|handle| handle.as_bytes()),
            allowed: &[],
            known: KnownCredential::default(),
            document: Some(document),
            expected,
        })
    }
}

/// Judges an assertion.
pub fn assertion(input: &AssertionInput<'_>) -> Verdict {
    const CEREMONY: Ceremony = Ceremony::Assertion;
    let mut checks = vec![
        match input.document {
            None => agreement::no_document(CEREMONY),
            Some(document) => agreement::identity(
                (&document.id, document.raw_id.as_bytes(), &document.kind),
                Some(input.credential_id),
                CEREMONY,
            ),
        },
        allowed(input),
        known(input),
        user_handle(input),
    ];
    let mut facts = Facts {
        credential_id: Some(input.credential_id.into()),
        user_handle: input.user_handle.map(Into::into),
        ..Facts::default()
    };
    let hash = client_data::check(input.client_data, input.expected, CEREMONY, &mut checks);
    facts.client_data_hash = Some(hash.as_slice().into());
    if let CredentialKey::Known(key) | CredentialKey::Bare(key) = input.known.key {
        let other = fitting(input, &hash);
        facts.algorithm = Some(other.as_ref().unwrap_or(key).algorithm().0);
        facts.public_key_spki = key.to_spki_der().map(Into::into);
    }

    let results = input.document.map(|document| &document.client_extension_results);
    let data = authenticator_data::read(input.authenticator_data, CEREMONY, &mut checks);
    if let Some(data) = &data {
        facts.learn(data);
        let app_id_used = results.is_some_and(|results| results.get("appid") == Some(&true.into()));
        checks.extend(authenticator_data::check(data, input.expected, CEREMONY, app_id_used));
        checks.push(extensions::client(results, input.expected, CEREMONY));
        let known = input.known;
        checks.extend(backup::changes(data.flags, known.backup_eligible, known.backed_up));
    }
    checks.push(signature(input, &hash));
    if let Some(data) = &data {
        checks.push(counter(input.known.sign_count, data.sign_count));
    }
    Verdict::new(checks, facts)
}

fn allowed(input: &AssertionInput<'_>) -> Check {
    if input.allowed.is_empty() {
        return ALLOWED.not_applicable("no credential was named");
    }
    ALLOWED.judge(
        input.allowed.iter().any(|id| id == input.credential_id),
        || match input.allowed {
            [only] => shown(only),
            several => format!("one of {} credentials", several.len()),
        },
        || shown(input.credential_id),
    )
}

fn known(input: &AssertionInput<'_>) -> Check {
    match input.known.id {
        None => KNOWN.not_applicable("the registration is not known"),
        Some(id) => {
            KNOWN.judge(id == input.credential_id, || shown(id), || shown(input.credential_id))
        }
    }
}

fn user_handle(input: &AssertionInput<'_>) -> Check {
    let discoverable = input.expected.discoverable.unwrap_or(input.allowed.is_empty());
    match (input.user_handle, input.known.user_handle) {
        (Some(seen), Some(expected)) => {
            USER_HANDLE.judge(seen == expected, || shown(expected), || shown(seen))
        }
        (Some(_), None) => USER_HANDLE.not_checked("the account's user handle is not known"),
        // Without a list of credentials it is the user handle that names the account.
        (None, _) if discoverable => {
            USER_HANDLE.failed("a user handle, since no credential was named", "none")
        }
        (None, _) => USER_HANDLE.not_applicable("the key gave no user handle"),
    }
}

/// What was signed.
fn signed(input: &AssertionInput<'_>, client_data_hash: &[u8; 32]) -> Vec<u8> {
    [input.authenticator_data, client_data_hash].concat()
}

/// The key for RSA's other padding, where it came without its algorithm and that is the one that fits.
fn fitting(input: &AssertionInput<'_>, client_data_hash: &[u8; 32]) -> Option<PublicKey> {
    let CredentialKey::Bare(key) = input.known.key else { return None };
    let other = key.with_other_padding()?;
    let signed = signed(input, client_data_hash);
    let fits = |key: &PublicKey| key.verify(&signed, input.signature).is_ok();
    (!fits(key) && fits(&other)).then_some(other)
}

fn signature(input: &AssertionInput<'_>, client_data_hash: &[u8; 32]) -> Check {
    let key = match input.known.key {
        CredentialKey::Known(key) | CredentialKey::Bare(key) => key,
        CredentialKey::Unknown => return SIGNATURE.not_checked("no public key"),
        CredentialKey::Unusable(error) if error.is_unsupported() => {
            return SIGNATURE.not_checked(error.to_string());
        }
        CredentialKey::Unusable(error) => {
            return SIGNATURE.failed("a usable public key", error.to_string());
        }
    };
    let other = match input.known.key {
        CredentialKey::Bare(key) => key.with_other_padding(),
        _ => None,
    };
    let fits = key.verify(&signed(input, client_data_hash), input.signature);
    match (fits, other, fitting(input, client_data_hash)) {
        (Ok(()), None, _) => SIGNATURE.passed(),
        (Ok(()), Some(_), _) => SIGNATURE.passed_with(fitted(key)),
        (Err(_), _, Some(fitting)) => SIGNATURE.passed_with(fitted(&fitting)),
        (Err(error), None, None) => SIGNATURE.failed("a valid signature", error.to_string()),
        (Err(error), Some(other), None) => {
            let both = format!("{} or {}", key.algorithm(), other.algorithm());
            SIGNATURE.failed(format!("a valid signature by {both}"), error.to_string())
        }
    }
}

/// By which algorithm a signature is valid that could have been made by another.
fn fitted(key: &PublicKey) -> String {
    format!("by {}; the key's file does not name its algorithm", key.algorithm())
}

fn counter(before: Option<u32>, now: u32) -> Check {
    match before {
        None => COUNTER.not_checked("no earlier counter is known"),
        Some(0) if now == 0 => COUNTER.passed_with("0, as before"),
        Some(before) => {
            COUNTER.judge(now > before, || format!("more than {before}"), || now.to_string())
        }
    }
}
