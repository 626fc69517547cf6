//! `--options` of `verify`: what a server asked for is what it has to expect.

use crate::cli::commands::options::unreadable;
use crate::cli::error::CliError;
use crate::webauthn::json::options::{
    CreationOptionsJson, DescriptorJson, ExtensionInputsJson, RequestOptionsJson,
    UserVerificationRequirement,
};
use crate::wire::cose::Algorithm;
use std::path::Path;

/// What the options of either ceremony asked for.
pub(super) struct Asked {
    /// The options' member that names the relying party, and its value where it is there.
    pub(super) rp_id: (&'static str, Option<String>),
    pub(super) challenge: Vec<u8>,
    pub(super) user_verification: bool,
    /// The extensions that were asked for, those that nobody here knows too.
    pub(super) extensions: Vec<String>,
    /// The AppID; an empty one is the origin's.
    pub(super) app_id: Option<String>,
    /// The algorithms, in a registration.
    pub(super) algorithms: Vec<Algorithm>,
    /// The credentials that were excluded or allowed.
    pub(super) listed: Vec<Vec<u8>>,
}

impl Asked {
    /// Reads the options of a registration.
    ///
    /// # Errors
    ///
    /// When they are none.
    pub(super) fn of_creation(path: &Path, bytes: &[u8]) -> Result<Self, CliError> {
        let options = CreationOptionsJson::parse(bytes).map_err(|error| {
            unreadable(path, bytes, &error, ["verify registration", "verify assertion"])
        })?;
        let algorithms = options.pub_key_cred_params.iter().map(|one| Algorithm(one.alg));
        Ok(Self {
            rp_id: ("rp.id", options.rp.id),
            challenge: options.challenge.as_bytes().to_vec(),
            user_verification: is_required(options.authenticator_selection.user_verification()),
            extensions: names(&options.extensions),
            app_id: None,
            algorithms: algorithms.collect(),
            listed: ids(&options.exclude_credentials),
        })
    }

    /// Reads the options of an assertion.
    ///
    /// # Errors
    ///
    /// When they are none.
    pub(super) fn of_request(path: &Path, bytes: &[u8]) -> Result<Self, CliError> {
        let options = RequestOptionsJson::parse(bytes).map_err(|error| {
            unreadable(path, bytes, &error, ["verify assertion", "verify registration"])
        })?;
        Ok(Self {
            challenge: options.challenge.as_bytes().to_vec(),
            user_verification: is_required(options.user_verification()),
            extensions: names(&options.extensions),
            app_id: options.extensions.app_id,
            algorithms: Vec::new(),
            listed: ids(&options.allow_credentials),
            rp_id: ("rpId", options.rp_id),
        })
    }
}

fn is_required(wanted: UserVerificationRequirement) -> bool {
    wanted == UserVerificationRequirement::Required
}

fn names(inputs: &ExtensionInputsJson) -> Vec<String> {
    let known = inputs.names().into_iter().map(str::to_owned);
    known.chain(inputs.unknown.iter().cloned()).collect()
}

fn ids(descriptors: &[DescriptorJson]) -> Vec<Vec<u8>> {
    descriptors.iter().map(|one| one.id.as_bytes().to_vec()).collect()
}
