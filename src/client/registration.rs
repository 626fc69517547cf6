//! Registering a credential (WebAuthn Level 3 section 5.1.3).

use super::client_data::PreparedClientData;
use super::extensions::{self, LeftOut, RegistrationPlan};
use super::{ClientDataSource, ClientError, Expectations};
use crate::authenticator::{self, Context, Key, RegisterParameters, UserVerification};
use crate::ctap::extensions::{RegistrationExtensions, RegistrationOutputs};
use crate::ctap::get_info::Info;
use crate::ctap::hmac_secret::HmacOutputs;
use crate::ctap::make_credential::{EnterpriseAttestation, MakeCredential, MakeCredentialResponse};
use crate::ctap::{CredentialDescriptor, RelyingPartyEntity, SecretBytes, UserEntity};
use crate::webauthn::client_data::ClientDataType;
use crate::webauthn::json::options::{
    AttestationConveyance, ExtensionInputsJson, ResidentKeyRequirement,
};
use crate::webauthn::json::{ExtensionResults, RegistrationFacts, RegistrationResponseJson};
use crate::webauthn::rp_id::RpId;
use crate::webauthn::verify::{self, RegistrationInput, Verdict};
use crate::wire::attestation_object::AttestationObject;
use crate::wire::cbor;
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
    pub resident_key: ResidentKeyRequirement,
    /// Whether the person is verified.
    pub user_verification: UserVerification,
    /// Extension inputs by which the key is asked directly, whether it has the extension or not.
    pub extensions: RegistrationExtensions,
    /// Extension inputs of the relying party, as far as the key can.
    pub client_extensions: ExtensionInputsJson,
    /// What the relying party says of the keys that it expects.
    pub expectations: Expectations,
    /// Whether an enterprise attestation is asked for, even where the key does not offer it.
    pub enterprise_attestation: Option<EnterpriseAttestation>,
    /// What the relying party gets of the attestation.
    pub attestation: AttestationConveyance,
    /// Formats of attestation statements, best first.
    pub attestation_formats: Vec<String>,
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
    /// What `prf` gave, if the key evaluates it in a registration. Not in the response.
    pub prf: Option<HmacOutputs>,
    /// The extensions that were asked for, by the names that keys use.
    pub asked: Vec<String>,
    /// What the key gave for them.
    pub outputs: RegistrationOutputs,
    /// The extensions of the relying party for which the key was not asked.
    pub left_out: Vec<LeftOut>,
}

impl RegistrationRequest {
    /// A request for a credential that is not kept on the key, with ES256, without extensions.
    pub fn new(rp_id: RpId, user: UserEntity, client_data: ClientDataSource) -> Self {
        Self {
            rp_name: None,
            rp_id,
            user,
            client_data,
            algorithms: vec![Algorithm::ES256],
            exclude: Vec::new(),
            resident_key: ResidentKeyRequirement::Discouraged,
            user_verification: UserVerification::Preferred,
            extensions: RegistrationExtensions::default(),
            client_extensions: ExtensionInputsJson::default(),
            expectations: Expectations::default(),
            enterprise_attestation: None,
            attestation: AttestationConveyance::Direct,
            attestation_formats: Vec::new(),
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
        Ok(extensions::check_registration(&self.client_extensions, origin)?)
    }

    /// Whether the credential is kept on this key.
    fn resident(&self, info: &Info) -> bool {
        match self.resident_key {
            ResidentKeyRequirement::Required => true,
            ResidentKeyRequirement::Preferred => info.options().rk() == Some(true),
            ResidentKeyRequirement::Discouraged => false,
        }
    }

    /// Which enterprise attestation is asked of this key: the relying party's wish counts where the
    /// key offers it.
    fn enterprise(&self, info: &Info) -> Option<EnterpriseAttestation> {
        let wanted = self.attestation == AttestationConveyance::Enterprise;
        let offered = wanted && info.options().ep() == Some(true);
        self.enterprise_attestation.or(offered.then_some(EnterpriseAttestation::VendorFacilitated))
    }

    /// The formats that this key is asked for. Only keys that name theirs know the member.
    fn formats(&self, info: &Info) -> Vec<String> {
        match (&info.attestation_formats, self.attestation) {
            (None, _) => Vec::new(),
            (Some(_), AttestationConveyance::None) => vec![NO_ATTESTATION.to_owned()],
            (Some(_), _) => self.attestation_formats.clone(),
        }
    }
}

impl Registered {
    /// Puts what `prf` gave into the response, where WebAuthn has it.
    pub fn put_prf_in_response(&mut self) {
        if let Some(outputs) = &self.prf {
            extensions::put_prf(&mut self.response.client_extension_results, outputs);
        }
    }
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
    request.check()?;
    let mut client_data = request.client_data.prepare(ClientDataType::Create, &request.rp_id)?;
    // Without a list nobody said which are registered already.
    client_data.expected.taken = Some(request.exclude.clone()).filter(|taken| !taken.is_empty());
    let info = key.info(context)?;
    let transports = info.transports.clone();
    let resident = request.resident(info);
    let (enterprise_attestation, attestation_formats) =
        (request.enterprise(info), request.formats(info));
    let asked_directly = request.extensions.hmac_secret;
    let inputs = &request.client_extensions;
    let RegistrationPlan { extensions, salts, left_out } =
        extensions::registration(inputs, request.extensions, info, resident)?;
    let mut asked = extension_names(&extensions);
    asked.extend(salts.as_ref().map(|_| "hmac-secret-mc".to_owned()));
    // What `prf` evaluates is the function for who was verified (section 10.1.4).
    let user_verification =
        if salts.is_some() { UserVerification::Required } else { request.user_verification };
    let command = MakeCredential {
        client_data_hash: client_data.hash,
        rp: RelyingPartyEntity { id: request.rp_id.to_string(), name: request.rp_name },
        user: request.user.clone(),
        algorithms: request.algorithms.clone(),
        exclude_list: request.exclude.into_iter().map(CredentialDescriptor::new).collect(),
        extensions,
        rk: resident.then_some(true),
        up: None,
        uv: None,
        pin_uv_auth: None,
        enterprise_attestation,
        attestation_formats,
    };
    let parameters = RegisterParameters {
        command,
        user_verification,
        hmac_secret: salts,
        exclude_app_id: inputs.app_id_exclude.clone(),
    };
    let authenticator::Made { response: made, hmac_secret: prf } =
        authenticator::register(key, context, parameters)?;
    let object = conveyed(&made, request.attestation);
    let outputs = made.extensions();
    let results = extensions::registration_results(
        inputs,
        asked_directly,
        &outputs,
        resident,
        made.large_blob_key.is_some(),
    );
    let expected = &mut client_data.expected;
    expected.user_verification = user_verification == UserVerification::Required;
    expected.algorithms = request.algorithms;
    expected.extensions = Some(extensions::expected(&asked, inputs));
    let (response, verdict) = judged(&client_data, &object, transports, &results)?;
    Ok(Registered {
        response,
        verdict,
        rp_id: request.rp_id.to_string(),
        user: request.user,
        large_blob_key: made.large_blob_key,
        prf,
        asked,
        outputs,
        left_out,
    })
}

/// What the relying party gets, and what verifying it says.
fn judged(
    client_data: &PreparedClientData,
    object: &AttestationObject,
    transports: Option<Vec<String>>,
    results: &ExtensionResults,
) -> Result<(RegistrationResponseJson, Verdict), ClientError> {
    let response = RegistrationResponseJson::new(RegistrationFacts {
        client_data_json: client_data.json.as_deref(),
        attestation_object: object,
        transports: &transports.unwrap_or_else(|| vec!["usb".to_owned()]),
        extension_results: results,
    })?;
    let verdict = verify::registration(&RegistrationInput {
        client_data: client_data.signed(),
        attestation_object: response.response.attestation_object.as_bytes(),
        document: Some(&response),
        expected: &client_data.expected,
    });
    Ok((response, verdict))
}

const NO_ATTESTATION: &str = "none";

/// The attestation object that the relying party gets. If it wants no attestation, the statement is
/// left out; a self attestation names no key and stays (section 5.1.3).
fn conveyed(made: &MakeCredentialResponse, wanted: AttestationConveyance) -> AttestationObject {
    let credential = made.parsed.attested_credential.as_ref();
    let statement = cbor::parse(&made.att_stmt).and_then(cbor::Item::map).ok();
    let no_model = credential.is_some_and(|one| one.aaguid.is_zero());
    let own = made.fmt == "packed"
        && no_model
        && statement.is_some_and(|statement| statement.get_text("x5c").is_none());
    let (format, statement) = if wanted == AttestationConveyance::None && !own {
        (NO_ATTESTATION.to_owned(), cbor::MapBuilder::new().build().into_bytes())
    } else {
        (made.fmt.clone(), made.att_stmt.clone())
    };
    AttestationObject { format, statement, authenticator_data: made.auth_data.clone() }
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
