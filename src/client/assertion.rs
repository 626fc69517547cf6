//! Making an assertion (WebAuthn Level 3 section 5.1.4).

use super::client_data::PreparedClientData;
use super::extensions::{self, LeftOut, keeps_large_blobs, salts};
use super::{ClientDataSource, ClientError, Expectations};
use crate::authenticator::{
    self, AssertParameters, AuthenticatorError, Context, Key, UserVerification,
};
use crate::ctap::extensions::AssertionOutputs;
use crate::ctap::get_assertion::AssertionResponse;
use crate::ctap::get_info::Info;
use crate::ctap::hmac_secret::{HmacOutputs, HmacSalts};
use crate::ctap::large_blobs::{LargeBlobArray, LargeBlobError};
use crate::ctap::{CredentialDescriptor, SecretBytes, UserEntity};
use crate::webauthn::base64url::{Base64Url, encode};
use crate::webauthn::client_data::ClientDataType;
use crate::webauthn::json::options::ExtensionInputsJson;
use crate::webauthn::json::{
    AuthenticationResponseJson, AuthenticatorAssertionResponseJson, ExtensionResults,
};
use crate::webauthn::public_key::{PublicKey, PublicKeyError};
use crate::webauthn::rp_id::RpId;
use crate::webauthn::verify::{self, AssertionInput, Verdict};
use serde_json::{Value, json};
use thiserror::Error;

/// An assertion to be made.
#[derive(Debug)]
pub struct AssertionRequest {
    /// For whom.
    pub rp_id: RpId,
    /// What is signed.
    pub client_data: ClientDataSource,
    /// Acceptable credentials; empty for any that the key holds.
    pub allow: Vec<Vec<u8>>,
    /// Whether the person is verified.
    pub user_verification: UserVerification,
    /// Whether a touch is asked for.
    pub user_presence: bool,
    /// Salts for the hmac-secret extension.
    pub hmac_secret: Option<HmacSalts>,
    /// Whether the blob kept with the credential is asked for.
    pub get_cred_blob: bool,
    /// Whether the key of the credential's large blob is asked for.
    pub large_blob_key: bool,
    /// Extension inputs of the relying party, as far as the key can.
    pub client_extensions: ExtensionInputsJson,
    /// What the relying party says of the keys that it expects.
    pub expectations: Expectations,
    /// What is known of the credential since its registration.
    pub known: Option<KnownRegistration>,
}

impl AssertionRequest {
    /// A request for an assertion with any credential that the key holds, without extensions.
    pub fn new(rp_id: RpId, client_data: ClientDataSource) -> Self {
        Self {
            rp_id,
            client_data,
            allow: Vec::new(),
            user_verification: UserVerification::Preferred,
            user_presence: true,
            hmac_secret: None,
            get_cred_blob: false,
            large_blob_key: false,
            client_extensions: ExtensionInputsJson::default(),
            expectations: Expectations::default(),
            known: None,
        }
    }

    /// Checks the rules that hold for every key.
    ///
    /// # Errors
    ///
    /// [`ClientError::RpId`] or [`ClientError::Extension`] for the first that is broken.
    pub fn check(&self) -> Result<(), ClientError> {
        self.client_data.check(&self.rp_id)?;
        let origin = self.client_data.origin();
        Ok(extensions::check_assertion(&self.client_extensions, &self.allow, origin)?)
    }
}

/// What is known of a credential since its registration.
#[derive(Debug)]
pub struct KnownRegistration {
    /// The relying party's ID, where it is known.
    pub rp_id: Option<String>,
    /// The credential's ID, where it is known: other credentials are not held against it.
    pub credential_id: Option<Vec<u8>>,
    /// The public key, or why it cannot be used.
    pub public_key: Result<PublicKey, PublicKeyError>,
    /// Whether the key came without its algorithm, so that one of RSA is for RS256 or PS256.
    pub is_bare_key: bool,
    /// The signature counter as it was last seen.
    pub sign_count: Option<u32>,
    /// The account's user handle.
    pub user_handle: Option<Vec<u8>>,
    /// Whether the credential could be backed up (BE), which never changes.
    pub backup_eligible: Option<bool>,
    /// Whether the credential was backed up (BS) when it was last seen.
    pub backed_up: Option<bool>,
}

/// An assertion that was made.
#[derive(Debug)]
pub struct Asserted {
    /// What a relying party gets.
    pub response: AuthenticationResponseJson,
    /// What verifying it says.
    pub verdict: Verdict,
    /// The account, as far as the key says; names only after user verification.
    pub user: Option<UserEntity>,
    /// The outputs of hmac-secret, or what `prf` gave. Not in the response.
    pub hmac_secret: Option<HmacOutputs>,
    /// The blob kept with the credential.
    pub cred_blob: Option<SecretBytes>,
    /// The key of the credential's large blob.
    pub large_blob_key: Option<SecretBytes>,
    /// The extensions that were asked for, by the names that keys use.
    pub asked: Vec<String>,
    /// What else the key gave for them.
    pub outputs: AssertionOutputs,
    /// The extensions of the relying party for which the key was not asked.
    pub left_out: Vec<LeftOut>,
    /// Why the large blob was not read or not written, if it should have been.
    pub large_blob_problem: Option<LargeBlobProblem>,
}

/// Why a large blob was not read or not written.
#[derive(Debug, Error)]
pub enum LargeBlobProblem {
    /// The credential has no key for it.
    #[error("the key gave no key for a large blob with this credential")]
    NoKey,
    /// The blob cannot be sealed.
    #[error(transparent)]
    Seal(#[from] LargeBlobError),
    /// The key's store cannot be read or written.
    #[error(transparent)]
    Store(#[from] AuthenticatorError),
}

impl Asserted {
    /// Puts what `prf` gave into the response, where WebAuthn has it.
    pub fn put_prf_in_response(&mut self) {
        let results = &mut self.response.client_extension_results;
        if let Some(outputs) = self.hmac_secret.as_ref().filter(|_| results.contains_key("prf")) {
            extensions::put_prf(results, outputs);
        }
    }
}

/// Makes an assertion with each credential that fits and verifies them; the key's newest
/// credential comes first. There is at least one.
///
/// A verdict that says no is a result, not an error.
///
/// # Errors
///
/// When the request breaks a rule, the ceremony fails, or the result is not understood.
pub fn assert(
    key: &mut Key,
    context: &mut Context<'_>,
    mut request: AssertionRequest,
) -> Result<Vec<Asserted>, ClientError> {
    request.check()?;
    let mut client_data = request.client_data.prepare(ClientDataType::Get, &request.rp_id)?;
    let plan = plan(&request.client_extensions, key.info(context)?);
    let inputs = &request.client_extensions;
    let user_verification =
        if plan.derives() { UserVerification::Required } else { request.user_verification };
    let derives = plan.derives() || request.hmac_secret.is_some();
    let get_cred_blob = plan.get_cred_blob || request.get_cred_blob;
    let large_blob_key = plan.large_blob || request.large_blob_key;
    let asked = asked(derives, get_cred_blob, large_blob_key);
    let write = inputs.large_blob.as_ref().and_then(|blob| blob.write.as_ref());
    let parameters = AssertParameters {
        rp_id: request.rp_id.to_string(),
        client_data_hash: client_data.hash,
        allow: request.allow.iter().cloned().map(CredentialDescriptor::new).collect(),
        user_verification,
        user_presence: request.user_presence,
        app_id: inputs.app_id.clone(),
        hmac_secret: plan.eval.or(request.hmac_secret.take()),
        hmac_secret_by_credential: plan.by_credential,
        get_cred_blob,
        large_blob_key,
        then_large_blob_write: plan.large_blob && write.is_some(),
    };
    let made = authenticator::assert(key, context, &parameters)?;
    let expected = &mut client_data.expected;
    expected.user_verification = user_verification == UserVerification::Required;
    expected.user_presence = request.user_presence;
    expected.extensions = Some(extensions::expected(&asked, inputs));
    expected.app_id.clone_from(&inputs.app_id);
    let reads = inputs.large_blob.as_ref().is_some_and(|blob| blob.read == Some(true));
    let mut blobs = Blobs { reads, write, rp_id: &parameters.rp_id, read: None };
    let mut asserted = Vec::new();
    for assertion in made.assertions {
        let given = assertion.response;
        let mut outputs = given.extensions();
        let mut results = results(&request, made.app_id_used, &outputs);
        let (blob, large_blob_problem) =
            blobs.carry_out(key, context, given.large_blob_key.as_ref());
        results.extend(blob.map(|blob| ("largeBlob".to_owned(), blob)));
        let (response, verdict) = judged(&request, &client_data, &given, results);
        asserted.push(Asserted {
            response,
            verdict,
            user: given.user,
            hmac_secret: assertion.hmac_secret,
            cred_blob: outputs.cred_blob.take(),
            large_blob_key: given.large_blob_key,
            asked: asked.clone(),
            outputs,
            left_out: plan.left_out.clone(),
            large_blob_problem,
        });
    }
    Ok(asserted)
}

/// The extensions that are asked for, by the names that keys use.
fn asked(derives: bool, get_cred_blob: bool, large_blob_key: bool) -> Vec<String> {
    let asked =
        [(derives, "hmac-secret"), (get_cred_blob, "credBlob"), (large_blob_key, "largeBlobKey")];
    asked.into_iter().filter(|(on, _)| *on).map(|(_, name)| name.to_owned()).collect()
}

/// What the relying party gets for its inputs, but for the large blob.
fn results(
    request: &AssertionRequest,
    app_id_used: bool,
    outputs: &AssertionOutputs,
) -> ExtensionResults {
    let inputs = &request.client_extensions;
    let mut results = ExtensionResults::new();
    if inputs.app_id.is_some() {
        results.insert("appid".to_owned(), app_id_used.into());
    }
    if inputs.prf.is_some() {
        results.insert("prf".to_owned(), json!({}));
    }
    let asked_for_blob = inputs.get_cred_blob || request.get_cred_blob;
    if let Some(blob) = outputs.cred_blob.as_ref().filter(|_| asked_for_blob) {
        results.insert("getCredBlob".to_owned(), encode(blob.expose()).into());
    }
    results
}

/// What the relying party gets, and what verifying it says.
fn judged(
    request: &AssertionRequest,
    client_data: &PreparedClientData,
    given: &AssertionResponse,
    results: ExtensionResults,
) -> (AuthenticationResponseJson, Verdict) {
    let credential_id = given.credential.as_ref().map(|one| one.id.clone()).unwrap_or_default();
    let user_handle = given.user.as_ref().map(|user| user.id.clone()).filter(|id| !id.is_empty());
    let response = AuthenticationResponseJson::new(
        &credential_id,
        AuthenticatorAssertionResponseJson {
            client_data_json: client_data.json.as_deref().map(Into::into),
            authenticator_data: given.auth_data.as_slice().into(),
            signature: given.signature.as_slice().into(),
            user_handle: user_handle.as_deref().map(Into::into),
        },
        results,
    );
    let known = request
        .known
        .as_ref()
        .filter(|known| known.credential_id.as_ref().is_none_or(|id| *id == credential_id));
    let verdict = verify::assertion(&AssertionInput {
        client_data: client_data.signed(),
        authenticator_data: &given.auth_data,
        signature: &given.signature,
        credential_id: &credential_id,
        user_handle: user_handle.as_deref(),
        allowed: &request.allow,
        known: known.map(KnownRegistration::known).unwrap_or_default(),
        document: Some(&response),
        expected: &client_data.expected,
    });
    (response, verdict)
}

/// What the relying party's inputs become on one key.
#[derive(Default)]
struct Plan {
    eval: Option<HmacSalts>,
    by_credential: Vec<(Vec<u8>, HmacSalts)>,
    get_cred_blob: bool,
    large_blob: bool,
    left_out: Vec<LeftOut>,
}

impl Plan {
    /// Whether `prf` is evaluated: with the function for who was verified (section 10.1.4).
    fn derives(&self) -> bool {
        self.eval.is_some() || !self.by_credential.is_empty()
    }
}

fn plan(inputs: &ExtensionInputsJson, info: &Info) -> Plan {
    let prf = inputs.prf.as_ref().filter(|_| info.supports_extension("hmac-secret"));
    let by_credential = prf.iter().flat_map(|prf| &prf.eval_by_credential);
    let wants_blob = inputs
        .large_blob
        .as_ref()
        .is_some_and(|blob| blob.read == Some(true) || blob.write.is_some());
    let left_out = LeftOut::lacking([
        ("prf", inputs.prf.is_some(), prf.is_some()),
        ("largeBlob", wants_blob, keeps_large_blobs(info)),
        ("getCredBlob", inputs.get_cred_blob, info.supports_extension("credBlob")),
    ]);
    Plan {
        left_out,
        eval: prf.and_then(|prf| prf.eval.as_ref()).map(salts),
        by_credential: by_credential
            .map(|(id, values)| (id.as_bytes().to_vec(), salts(values)))
            .collect(),
        get_cred_blob: inputs.get_cred_blob && info.supports_extension("credBlob"),
        large_blob: wants_blob && keeps_large_blobs(info),
    }
}

/// What is done with a credential's large blob after the assertion.
struct Blobs<'a> {
    reads: bool,
    write: Option<&'a Base64Url>,
    rp_id: &'a str,
    /// What the key keeps for all its credentials, once it was read.
    read: Option<LargeBlobArray>,
}

impl Blobs<'_> {
    /// Reads or writes the blob; the assertion stands, whatever becomes of it.
    fn carry_out(
        &mut self,
        key: &mut Key,
        context: &mut Context<'_>,
        blob_key: Option<&SecretBytes>,
    ) -> (Option<Value>, Option<LargeBlobProblem>) {
        if !self.reads && self.write.is_none() {
            return (None, None);
        }
        match (self.write, self.act(key, context, blob_key)) {
            (Some(_), Ok(_)) => (Some(json!({"written": true})), None),
            (Some(_), Err(problem)) => (Some(json!({"written": false})), Some(problem)),
            (None, Ok(Some(blob))) => (Some(json!({"blob": encode(blob.expose())})), None),
            (None, Ok(None)) => (Some(json!({})), None),
            (None, Err(problem)) => (Some(json!({})), Some(problem)),
        }
    }

    fn act(
        &mut self,
        key: &mut Key,
        context: &mut Context<'_>,
        blob_key: Option<&SecretBytes>,
    ) -> Result<Option<SecretBytes>, LargeBlobProblem> {
        let blob_key = blob_key.ok_or(LargeBlobProblem::NoKey)?;
        let array = match &mut self.read {
            Some(array) => array,
            none => none.insert(authenticator::read_large_blobs(key, context)?),
        };
        let Some(blob) = self.write else { return Ok(array.find(blob_key)) };
        array.put(blob_key, blob.as_bytes(), context.random)?;
        authenticator::write_large_blobs(key, context, array, Some(self.rp_id))?;
        Ok(None)
    }
}
