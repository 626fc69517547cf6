//! What a request asks for, in the words in which it is held against a key.

use super::{AssertionRequest, Caller, ClientDataSource, Expectations, RegistrationRequest};
use crate::authenticator::UserVerification;
use crate::webauthn::explain::{
    AttestationWish, ExtensionWish, ListedCredential, RegistrationWishes, Wishes,
};
use crate::webauthn::json::options::{AttestationConveyance, UserVerificationRequirement};

impl RegistrationRequest {
    /// What is asked for.
    pub fn wishes(&self) -> Wishes {
        let inputs = &self.extensions;
        let level = inputs.cred_protect;
        let protection =
            level.map(|level| ExtensionWish::CredentialProtection { level, enforced: false });
        let blob = inputs.cred_blob.as_ref();
        let blob = blob.map(|blob| ExtensionWish::CredBlob { length: blob.expose().len() });
        let directly = [
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
        let names = names.into_iter().filter_map(|(what, name)| Some((what, name.clone()?)));
        let caller = caller(&self.client_data);
        Wishes {
            rp_id: Some(self.rp_id.to_string()),
            origin: caller.map(|caller| caller.origin.clone()),
            related: caller.is_some_and(|caller| caller.check(&self.rp_id).is_ok()),
            user_verification: requirement(self.user_verification),
            listed: listed(&self.exclude, &self.expectations),
            extensions: directly
                .into_iter()
                .flatten()
                .chain(ExtensionWish::of_creation(&self.client_extensions))
                .collect(),
            hints: self.expectations.hints.clone(),
            timeout: self.expectations.timeout,
            registration: Some(RegistrationWishes {
                algorithms: self.algorithms.clone(),
                resident_key: self.resident_key,
                attachment: self.expectations.attachment,
                user_id_length: self.user.id.len(),
                names: names.collect(),
                attestation: self.attestation_wish(),
                attestation_formats: self.attestation_formats.clone(),
            }),
        }
    }

    fn attestation_wish(&self) -> AttestationWish {
        match (self.enterprise_attestation, self.attestation) {
            (Some(_), _) => AttestationWish::Enterprise { required: true },
            (None, AttestationConveyance::Enterprise) => {
                AttestationWish::Enterprise { required: false }
            }
            (None, AttestationConveyance::Direct | AttestationConveyance::Indirect) => {
                AttestationWish::Direct
            }
            (None, AttestationConveyance::None) => AttestationWish::None,
        }
    }
}

impl AssertionRequest {
    /// What is asked for.
    pub fn wishes(&self) -> Wishes {
        let directly = [
            self.hmac_secret.as_ref().map(|_| ExtensionWish::HmacSecret),
            self.get_cred_blob.then_some(ExtensionWish::GetCredBlob),
            self.large_blob_key.then_some(ExtensionWish::LargeBlobKey),
        ];
        let caller = caller(&self.client_data);
        Wishes {
            rp_id: Some(self.rp_id.to_string()),
            origin: caller.map(|caller| caller.origin.clone()),
            related: caller.is_some_and(|caller| caller.check(&self.rp_id).is_ok()),
            user_verification: requirement(self.user_verification),
            listed: listed(&self.allow, &self.expectations),
            extensions: directly
                .into_iter()
                .flatten()
                .chain(ExtensionWish::of_request(&self.client_extensions))
                .collect(),
            hints: self.expectations.hints.clone(),
            timeout: self.expectations.timeout,
            registration: None,
        }
    }
}

fn caller(client_data: &ClientDataSource) -> Option<&Caller> {
    match client_data {
        ClientDataSource::Build { caller, .. } => Some(caller),
        ClientDataSource::Hash(_) => None,
    }
}

fn requirement(wanted: UserVerification) -> UserVerificationRequirement {
    match wanted {
        UserVerification::Required => UserVerificationRequirement::Required,
        UserVerification::Preferred => UserVerificationRequirement::Preferred,
        UserVerification::Discouraged => UserVerificationRequirement::Discouraged,
    }
}

fn listed(ids: &[Vec<u8>], expectations: &Expectations) -> Vec<ListedCredential> {
    let transports = expectations.transports.iter().cloned();
    let transports = transports.chain(std::iter::repeat_with(Vec::new));
    let both = ids.iter().cloned().zip(transports);
    both.map(|(id, transports)| ListedCredential { id, transports }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctap::extensions::CredentialProtection;
    use crate::webauthn::json::options::{
        AuthenticatorAttachment, CreationOptionsJson, RequestOptionsJson, ResidentKeyRequirement,
    };
    use crate::webauthn::origin::Origin;
    use crate::wire::cose::Algorithm;
    use std::time::Duration;

    #[test]
    fn the_options_of_a_registration_become_wishes() {
        let options = CreationOptionsJson::parse(
            br#"{
                "rp": {"id": "example.com", "name": "Example"},
                "user": {"id": "AQID", "name": "al", "displayName": "Al"},
                "challenge": "AAAAAAAAAAAAAAAAAAAAAA",
                "pubKeyCredParams": [{"type": "public-key", "alg": -257}],
                "timeout": 60000,
                "excludeCredentials": [{"type": "public-key", "id": "BAUG", "transports": ["nfc"]}],
                "authenticatorSelection": {
                    "authenticatorAttachment": "platform",
                    "requireResidentKey": true,
                    "userVerification": "required"
                },
                "hints": ["hybrid"],
                "attestation": "enterprise",
                "attestationFormats": ["tpm"],
                "extensions": {
                    "credentialProtectionPolicy": "userVerificationRequired",
                    "enforceCredentialProtectionPolicy": true,
                    "hmacCreateSecret": true,
                    "prf": {},
                    "largeBlob": {"support": "required"},
                    "credBlob": "AQI",
                    "minPinLength": true,
                    "credProps": true,
                    "appidExclude": "https://example.com",
                    "other": 1
                }
            }"#,
        )
        .unwrap();
        let origin = Origin::parse("https://example.com").unwrap();
        let caller = Caller::new(origin.clone());
        let request = RegistrationRequest::from_options(&options, caller).unwrap();
        let expected = Wishes {
            rp_id: Some("example.com".into()),
            origin: Some(origin),
            related: true,
            user_verification: UserVerificationRequirement::Required,
            listed: vec![ListedCredential { id: vec![4, 5, 6], transports: vec!["nfc".into()] }],
            extensions: vec![
                ExtensionWish::CredentialProtection {
                    level: CredentialProtection::REQUIRED,
                    enforced: true,
                },
                ExtensionWish::HmacSecret,
                ExtensionWish::Prf { evaluated: false },
                ExtensionWish::LargeBlob { required: true },
                ExtensionWish::CredBlob { length: 2 },
                ExtensionWish::MinPinLength,
                ExtensionWish::CredentialProperties,
                ExtensionWish::AppIdExclude("https://example.com".into()),
                ExtensionWish::Unknown("other".into()),
            ],
            hints: vec!["hybrid".into()],
            timeout: Some(Duration::from_secs(60)),
            registration: Some(RegistrationWishes {
                algorithms: vec![Algorithm::RS256],
                resident_key: ResidentKeyRequirement::Required,
                attachment: Some(AuthenticatorAttachment::Platform),
                user_id_length: 3,
                names: vec![
                    ("the service's name", "Example".into()),
                    ("the account's name", "al".into()),
                    ("the person's name", "Al".into()),
                ],
                attestation: AttestationWish::Enterprise { required: false },
                attestation_formats: vec!["tpm".into()],
            }),
        };
        assert_eq!(request.wishes(), expected);
        assert_eq!(expected.looked_under(), ["example.com", "https://example.com"]);
    }

    #[test]
    fn the_options_of_an_assertion_become_wishes() {
        let options = RequestOptionsJson::parse(
            br#"{
                "challenge": "AAAAAAAAAAAAAAAAAAAAAA",
                "rpId": "example.com",
                "allowCredentials": [{"type": "public-key", "id": "BAUG"}],
                "extensions": {
                    "prf": {"eval": {"first": "AQ"}},
                    "largeBlob": {"read": true},
                    "getCredBlob": true,
                    "appid": "https://example.com"
                }
            }"#,
        )
        .unwrap();
        let caller = Caller::new(Origin::parse("https://example.com").unwrap());
        let wishes = AssertionRequest::from_options(&options, caller).unwrap().wishes();
        assert_eq!(wishes.registration, None);
        assert_eq!(wishes.user_verification, UserVerificationRequirement::Preferred);
        assert_eq!(wishes.listed[0].id, [4, 5, 6]);
        assert_eq!(
            wishes.extensions,
            [
                ExtensionWish::Prf { evaluated: true },
                ExtensionWish::LargeBlob { required: false },
                ExtensionWish::GetCredBlob,
                ExtensionWish::AppId("https://example.com".into()),
            ]
        );
    }
}
