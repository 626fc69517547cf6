//! Registering a credential (WebAuthn Level 3 section 5.1.3).

use super::{ClientDataSource, ClientError};
use crate::authenticator::{self, Context, Key, UserVerification};
use crate::ctap::extensions::{RegistrationExtensions, RegistrationOutputs};
use crate::ctap::make_credential::{EnterpriseAttestation, MakeCredential};
use crate::ctap::{CredentialDescriptor, RelyingPartyEntity, SecretBytes, UserEntity};
use crate::webauthn::client_data::ClientDataType;
use crate::webauthn::json::{ExtensionResults, RegistrationFacts, RegistrationResponseJson};
use crate::webauthn::rp_id::RpId;
use crate::webauthn::verify::{self, ClientData, RegistrationInput, Verdict};
use crate::wire::attestation_object::AttestationObject;
use crate::wire::cose::Algorithm;

/// A registration to be made.
#[derive(Debug)]
pub struct RegistrationRequest {
    /// For whom.
    pub rp_id: RpId,
    /// The relying party's name.
    pub rp_name: Option<String>,
    /// Whose account.
    pub user: UserEntity,
    /// What is signed.
    pub client_data: ClientDataSource,
    /// Acceptable algorithms, best first.
    pub algorithms: Vec<Algorithm>,
    /// Credentials that the key must not hold already.
    pub exclude: Vec<Vec<u8>>,
    /// Whether the credential is kept on the key.
    pub resident: bool,
    /// Whether the person is verified.
    pub user_verification: UserVerification,
    /// Extension inputs.
    pub extensions: RegistrationExtensions,
    /// Whether an enterprise attestation is asked for.
    pub enterprise_attestation: Option<EnterpriseAttestation>,
}

/// A registration that was made.
#[derive(Debug)]
pub struct Registered {
    /// What a relying party gets.
    pub response: RegistrationResponseJson,
    /// What verifying it says.
    pub verdict: Verdict,
    /// The relying party's ID.
    pub rp_id: String,
    /// The account.
    pub user: UserEntity,
    /// The key of the credential's large blob, if it was asked for.
    pub large_blob_key: Option<SecretBytes>,
    /// The extensions that were asked for, by the names that keys use.
    pub asked: Vec<String>,
    /// What the key gave for them.
    pub outputs: RegistrationOutputs,
}

/// Makes a credential on a key and verifies the result.
///
/// A verdict that says no is a result, not an error: the credential exists.
///
/// # Errors
///
/// When the request breaks a rule, the ceremony fails, or the result is not understood.
pub fn register(
    key: &mut Key,
    context: &mut Context<'_>,
    request: RegistrationRequest,
) -> Result<Registered, ClientError> {
    let mut client_data = request.client_data.prepare(ClientDataType::Create, &request.rp_id)?;
    let asked = extension_names(&request.extensions);
    client_data.expected.taken = Some(request.exclude.clone());
    let mut command = MakeCredential {
        client_data_hash: client_data.hash,
        rp: RelyingPartyEntity { id: request.rp_id.to_string(), name: request.rp_name },
        user: request.user.clone(),
        algorithms: request.algorithms.clone(),
        exclude_list: request.exclude.into_iter().map(CredentialDescriptor::new).collect(),
        extensions: request.extensions,
        rk: request.resident.then_some(true),
        up: None,
        uv: None,
        pin_uv_auth: None,
        enterprise_attestation: request.enterprise_attestation,
        attestation_formats: Vec::new(),
    };
    let made = authenticator::register(key, context, &mut command, request.user_verification)?;
    let object = AttestationObject {
        format: made.fmt.clone(),
        statement: made.att_stmt.clone(),
        authenticator_data: made.auth_data.clone(),
    };
    let outputs = made.extensions();
    let mut results = ExtensionResults::new();
    if let Some(created) = outputs.hmac_secret {
        results.insert("hmacCreateSecret".to_owned(), created.into());
    }
    if let Some(kept) = outputs.cred_blob {
        results.insert("credBlob".to_owned(), kept.into());
    }
    let transports = key.info(context)?.transports.clone();
    let response = RegistrationResponseJson::new(RegistrationFacts {
        client_data_json: client_data.json.as_deref(),
        attestation_object: &object,
        transports: &transports.unwrap_or_else(|| vec!["usb".to_owned()]),
        extension_results: &results,
    })?;
    let expected = &mut client_data.expected;
    expected.user_verification = request.user_verification == UserVerification::Required;
    expected.algorithms = request.algorithms;
    expected.extensions = Some(asked.clone());
    let verdict = verify::registration(&RegistrationInput {
        client_data: match &client_data.json {
            Some(json) => ClientData::Json(json),
            None => ClientData::Hash(client_data.hash),
        },
        attestation_object: response.response.attestation_object.as_bytes(),
        document: Some(&response),
        expected,
    });
    Ok(Registered {
        response,
        verdict,
        rp_id: request.rp_id.to_string(),
        user: request.user,
        large_blob_key: made.large_blob_key,
        asked,
        outputs,
    })
}

/// The extensions that were asked for, by the names that their outputs have.
fn extension_names(extensions: &RegistrationExtensions) -> Vec<String> {
    let asked = [
        (extensions.cred_protect.is_some(), "credProtect"),
        (extensions.hmac_secret, "hmac-secret"),
        (extensions.hmac_secret_mc.is_some(), "hmac-secret-mc"),
        (extensions.cred_blob.is_some(), "credBlob"),
        (extensions.large_blob_key, "largeBlobKey"),
        (extensions.min_pin_length, "minPinLength"),
        (extensions.pin_complexity_policy, "pinComplexityPolicy"),
        (extensions.third_party_payment, "thirdPartyPayment"),
    ];
    asked
        .into_iter()
        .filter(|(on, _)| *on)
        .map(|(_, name)| name.to_owned())
        .chain(extensions.other.iter().map(|(name, _)| name.clone()))
        .collect()
}
