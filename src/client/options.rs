//! Requests from WebAuthn's options (WebAuthn Level 3 sections 5.1.3 and 5.1.4).

use super::{AssertionRequest, Caller, ClientDataSource, ClientError, RegistrationRequest};
use crate::authenticator::UserVerification;
use crate::ctap::UserEntity;
use crate::webauthn::base64url::Base64Url;
use crate::webauthn::json::options::{
    AuthenticatorAttachment, CreationOptionsJson, DescriptorJson, ExtensionInputsJson,
    RequestOptionsJson, UserVerificationRequirement,
};
use crate::webauthn::rp_id::RpId;
use crate::wire::cose::Algorithm;
use std::time::Duration;

impl From<UserVerificationRequirement> for UserVerification {
    fn from(requirement: UserVerificationRequirement) -> Self {
        match requirement {
            UserVerificationRequirement::Required => Self::Required,
            UserVerificationRequirement::Preferred => Self::Preferred,
            UserVerificationRequirement::Discouraged => Self::Discouraged,
        }
    }
}

/// The RP ID in options, or the host of the origin where there is none.
fn rp_id(stated: Option<&str>, caller: &Caller) -> Result<RpId, ClientError> {
    Ok(RpId::parse(stated.unwrap_or_else(|| caller.origin.host()))?)
}

fn client_data(caller: Caller, challenge: &Base64Url) -> ClientDataSource {
    ClientDataSource::Build { caller, challenge: challenge.as_bytes().to_vec() }
}

/// An AppID as it is meant: an empty one is the origin that asks (FIDO AppID and Facet Specification
/// section 3.1.2).
fn app_id(stated: Option<&String>, caller: &Caller) -> Option<String> {
    let origin = || caller.origin.to_string();
    stated.map(|app_id| if app_id.is_empty() { origin() } else { app_id.clone() })
}

fn ids(descriptors: &[DescriptorJson]) -> Vec<Vec<u8>> {
    descriptors.iter().map(|one| one.id.as_bytes().to_vec()).collect()
}

fn transports(descriptors: &[DescriptorJson]) -> Vec<Vec<String>> {
    descriptors.iter().map(|one| one.transports.clone()).collect()
}

/// What a relying party says of the keys that it expects. A key is asked nothing else for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expectations {
    /// How the key is attached, if it matters.
    pub attachment: Option<AuthenticatorAttachment>,
    /// What kind of key, most likely first.
    pub hints: Vec<String>,
    /// How long it may take, where that is said.
    pub timeout: Option<Duration>,
    /// How the credentials that are listed can be reached, in their order.
    pub transports: Vec<Vec<String>>,
}

impl RegistrationRequest {
    /// What options ask for, in the name of a page.
    ///
    /// # Errors
    ///
    /// When the page may not ask that.
    pub fn from_options(
        options: &CreationOptionsJson,
        caller: Caller,
    ) -> Result<Self, ClientError> {
        let selection = &options.authenticator_selection;
        let rp_id = rp_id(options.rp.id.as_deref(), &caller)?;
        let user = UserEntity {
            id: options.user.id.as_bytes().to_vec(),
            name: Some(options.user.name.clone()),
            display_name: Some(options.user.display_name.clone()),
        };
        let algorithms = options.pub_key_cred_params.iter().map(|one| Algorithm(one.alg));
        let request = Self {
            rp_name: Some(options.rp.name.clone()),
            algorithms: algorithms.collect(),
            exclude: ids(&options.exclude_credentials),
            resident_key: selection.resident_key(),
            user_verification: selection.user_verification().into(),
            client_extensions: ExtensionInputsJson {
                app_id_exclude: app_id(options.extensions.app_id_exclude.as_ref(), &caller),
                ..options.extensions.clone()
            },
            attestation: options.attestation(),
            attestation_formats: options.attestation_formats.clone(),
            expectations: Expectations {
                attachment: selection.authenticator_attachment,
                hints: options.hints.clone(),
                timeout: options.timeout.map(Duration::from_millis),
                transports: transports(&options.exclude_credentials),
            },
            ..Self::new(rp_id, user, client_data(caller, &options.challenge))
        };
        request.check()?;
        Ok(request)
    }
}

impl AssertionRequest {
    /// What options ask for, in the name of a page.
    ///
    /// # Errors
    ///
    /// When the page may not ask that.
    pub fn from_options(options: &RequestOptionsJson, caller: Caller) -> Result<Self, ClientError> {
        let rp_id = rp_id(options.rp_id.as_deref(), &caller)?;
        let request = Self {
            allow: ids(&options.allow_credentials),
            user_verification: options.user_verification().into(),
            client_extensions: ExtensionInputsJson {
                app_id: app_id(options.extensions.app_id.as_ref(), &caller),
                ..options.extensions.clone()
            },
            expectations: Expectations {
                attachment: None,
                hints: options.hints.clone(),
                timeout: options.timeout.map(Duration::from_millis),
                transports: transports(&options.allow_credentials),
            },
            ..Self::new(rp_id, client_data(caller, &options.challenge))
        };
        request.check()?;
        Ok(request)
    }
}
