//! What a request asks for, in the words in which it is held against a key.

use super::{AssertionRequest, RegistrationRequest};
use crate::authenticator::UserVerification;
use crate::webauthn::explain::{
    AttestationWish, ExtensionWish, ListedCredential, RegistrationWishes, Wishes,
};
use crate::webauthn::json::options::UserVerificationRequirement;

impl RegistrationRequest {
    /// What is asked for.
    pub fn wishes(&self) -> Wishes {
        let inputs = &self.extensions;
        let level = inputs.cred_protect;
        let protection =
            level.map(|level| ExtensionWish::CredentialProtection { level, enforced: false });
        let blob = inputs.cred_blob.as_ref();
        let blob = blob.map(|blob| ExtensionWish::CredBlob { length: blob.expose().len() });
        let extensions = [
            protection,
            inputs.hmac_secret.then_some(ExtensionWish::HmacSecret),
            blob,
            inputs.large_blob_key.then_some(ExtensionWish::LargeBlobKey),
            inputs.min_pin_length.then_some(ExtensionWish::MinPinLength),
        ];
        let names = [
            ("the service's name", &self.rp_name),
            ("the account's name", &self.user.name),
            ("the person's name", &self.user.display_name),
        ];
        Wishes {
            rp_id: Some(self.rp_id.to_string()),
            origin: self.client_data.origin().cloned(),
            user_verification: requirement(self.user_verification),
            listed: listed(&self.exclude),
            extensions: extensions.into_iter().flatten().collect(),
            hints: Vec::new(),
            timeout: None,
            registration: Some(RegistrationWishes {
                algorithms: self.algorithms.clone(),
                resident_key: self.resident_key,
                attachment: None,
                user_id_length: self.user.id.len(),
                names: names
                    .into_iter()
                    .filter_map(|(what, name)| Some((what, name.clone()?)))
                    .collect(),
                attestation: match self.enterprise_attestation {
                    Some(_) => AttestationWish::Enterprise { required: true },
                    None => AttestationWish::Direct,
                },
                attestation_formats: Vec::new(),
            }),
        }
    }
}

impl AssertionRequest {
    /// What is asked for.
    pub fn wishes(&self) -> Wishes {
        let extensions = [
            self.hmac_secret.as_ref().map(|_| ExtensionWish::HmacSecret),
            self.get_cred_blob.then_some(ExtensionWish::GetCredBlob),
            self.large_blob_key.then_some(ExtensionWish::LargeBlobKey),
        ];
        Wishes {
            rp_id: Some(self.rp_id.to_string()),
            origin: self.client_data.origin().cloned(),
            user_verification: requirement(self.user_verification),
            listed: listed(&self.allow),
            extensions: extensions.into_iter().flatten().collect(),
            hints: Vec::new(),
            timeout: None,
            registration: None,
        }
    }
}

fn requirement(wanted: UserVerification) -> UserVerificationRequirement {
    match wanted {
        UserVerification::Required => UserVerificationRequirement::Required,
        UserVerification::Preferred => UserVerificationRequirement::Preferred,
        UserVerification::Discouraged => UserVerificationRequirement::Discouraged,
    }
}

fn listed(ids: &[Vec<u8>]) -> Vec<ListedCredential> {
    let one = |id: &Vec<u8>| ListedCredential { id: id.clone(), transports: Vec::new() };
    ids.iter().map(one).collect()
}
