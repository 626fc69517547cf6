//! Registrations (WebAuthn Level 3 sections 5.4 and 7.1).

use super::judgement::Judgement;
use super::terms::{Challenge, finish, names};
use crate::relying_party::identity::{Identity, Profile};
use crate::webauthn::json::RegistrationResponseJson;
use crate::webauthn::json::options::{
    AttestationConveyance, AuthenticatorAttachment, AuthenticatorSelectionJson,
    CreationOptionsJson, DescriptorJson, ResidentKeyRequirement, RpEntityJson, UserEntityJson,
    UserVerificationRequirement,
};
use crate::webauthn::trust::{self, TrustSource};
use crate::webauthn::verify::{ClientData, Expected, RegistrationInput, registration};
use crate::wire::attestation_object::AttestationObject;
use crate::wire::authenticator_data::AuthenticatorData;
use crate::wire::cose::Algorithm;
use serde_json::{Map, Value};

/// What a registration asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct RegistrationTerms {
    /// For whom.
    pub user: UserEntityJson,
    /// Credentials whose keys are not to be registered again.
    pub exclude: Vec<DescriptorJson>,
    /// Whether the right person must be there.
    pub user_verification: UserVerificationRequirement,
    /// Whether the credential must be discoverable.
    pub resident_key: ResidentKeyRequirement,
    /// How the key may be attached; `None` for any way.
    pub attachment: Option<AuthenticatorAttachment>,
    /// How much is to be learned of the key's model.
    pub attestation: AttestationConveyance,
    /// The algorithms that will do, the best first.
    pub algorithms: Vec<Algorithm>,
    /// For how long the client should wait, in milliseconds.
    pub timeout: u64,
    /// Extensions by their WebAuthn names.
    pub extensions: Map<String, Value>,
    /// What kind of key is expected (section 5.8.7).
    pub hints: Vec<String>,
}

impl RegistrationTerms {
    /// The algorithms of this service, the most usual first. It verifies more: that a key of an
    /// algorithm which was not offered is refused must be seen, too.
    pub fn usual_algorithms() -> Vec<Algorithm> {
        vec![
            Algorithm::ES256,
            Algorithm::EDDSA,
            Algorithm::ES384,
            Algorithm::ES512,
            Algorithm::RS256,
            Algorithm::PS256,
            Algorithm::ML_DSA_44,
            Algorithm::ML_DSA_65,
            Algorithm::ML_DSA_87,
        ]
    }

    /// Changes the terms to those of Microsoft Entra ID.
    ///
    /// Source: the options that its provisioning API was seen to send.
    #[must_use]
    pub fn as_entra(mut self) -> Self {
        self.user_verification = UserVerificationRequirement::Required;
        self.resident_key = ResidentKeyRequirement::Required;
        self.attachment = Some(AuthenticatorAttachment::CrossPlatform);
        self.attestation = AttestationConveyance::Direct;
        self.algorithms = vec![Algorithm::ES256, Algorithm::RS256];
        self.hints = Vec::new();
        // It was seen to be 60000, and 0, which means the client's own default.
        self.timeout = 0;
        self.extensions = Map::from_iter([
            ("hmacCreateSecret".to_owned(), true.into()),
            ("enforceCredentialProtectionPolicy".to_owned(), true.into()),
            ("credentialProtectionPolicy".to_owned(), "userVerificationOptional".into()),
        ]);
        self
    }

    /// Makes the options, and what must be kept until the response comes.
    pub fn offer(self, identity: &Identity, challenge: Challenge) -> RegistrationOffer {
        let mut expected = Expected::new(identity.rp_id.as_str());
        expected.challenge = Some(challenge.0.to_vec());
        expected.origins = vec![identity.origin.to_string()];
        expected.user_verification =
            self.user_verification == UserVerificationRequirement::Required;
        expected.algorithms.clone_from(&self.algorithms);
        expected.extensions = names(&self.extensions);
        let options = self.options(identity, &challenge);
        RegistrationOffer { user: self.user, expected, options }
    }

    /// `PublicKeyCredentialCreationOptionsJSON`.
    fn options(&self, identity: &Identity, challenge: &Challenge) -> Value {
        let rp = RpEntityJson {
            id: Some(identity.rp_id.as_str().to_owned()),
            name: identity.name.clone(),
        };
        let algorithms = self.algorithms.iter().map(|algorithm| algorithm.0);
        let challenge = challenge.0.as_slice();
        let mut options = CreationOptionsJson::new(rp, self.user.clone(), challenge, algorithms);
        options.exclude_credentials.clone_from(&self.exclude);
        options.attestation = Some(self.attestation);
        options.authenticator_selection = AuthenticatorSelectionJson {
            authenticator_attachment: self.attachment,
            // Entra sends only the older member.
            stated_resident_key: (identity.profile == Profile::Plain).then_some(self.resident_key),
            require_resident_key: self.resident_key == ResidentKeyRequirement::Required,
            stated_user_verification: Some(self.user_verification),
        };
        options.hints.clone_from(&self.hints);
        let list = ("excludeCredentials", self.exclude.as_slice());
        finish(options.to_json(), identity.profile, list, self.timeout, &self.extensions)
    }
}

/// A registration that waits for its response.
#[derive(Clone, Debug, PartialEq)]
pub struct RegistrationOffer {
    /// For whom.
    pub user: UserEntityJson,
    /// What the response is held against.
    pub expected: Expected,
    /// The options as they were sent: `PublicKeyCredentialCreationOptionsJSON`.
    pub options: Value,
}

/// A credential that was accepted: what section 4 calls a credential record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attested {
    /// The credential ID.
    pub id: Vec<u8>,
    /// The public key in COSE's form.
    pub public_key: Vec<u8>,
    /// The signature counter.
    pub sign_count: u32,
    /// How the key can be reached, as the client says.
    pub transports: Vec<String>,
    /// Whether the right person was there.
    pub user_verified: bool,
    /// Whether the credential may be backed up.
    pub backup_eligible: bool,
    /// Whether it is.
    pub backed_up: bool,
    /// The key's model.
    pub aaguid: String,
}

impl RegistrationOffer {
    /// Judges the response; gives the credential too when it is accepted.
    ///
    /// `is_known` says whether any account has a credential with an ID; `trust`, whom to believe
    /// about the key's model.
    pub fn judge(
        &self,
        response: &RegistrationResponseJson,
        is_known: impl Fn(&[u8]) -> bool,
        trust: &TrustSource<'_>,
    ) -> (Judgement, Option<Attested>) {
        let credential = attested(response);
        let known = credential.as_ref().filter(|credential| is_known(&credential.id));
        let mut expected = self.expected.clone();
        expected.taken = Some(known.map(|credential| credential.id.clone()).into_iter().collect());
        // A response without client data is judged as one with empty client data: it is refused.
        let client_data = response.response.client_data_json.as_ref();
        let verdict = registration(&RegistrationInput {
            client_data: ClientData::Json(client_data.map_or(&[][..], |json| json.as_bytes())),
            attestation_object: response.response.attestation_object.as_bytes(),
            document: Some(response),
            expected: &expected,
        });
        let judgement = Judgement::of(trust::judge(verdict, trust), None);
        let credential = credential.filter(|_| judgement.accepted);
        (judgement, credential)
    }
}

/// The longest list of transports that is kept, and the longest name in it.
const MAX_TRANSPORTS: usize = 16;
const MAX_TRANSPORT: usize = 32;

fn attested(response: &RegistrationResponseJson) -> Option<Attested> {
    let object = AttestationObject::parse(response.response.attestation_object.as_bytes()).ok()?;
    let data = AuthenticatorData::parse(&object.authenticator_data).ok()?;
    let credential = data.attested_credential?;
    let transports = response.response.transports.iter();
    let transports = transports.filter(|name| name.len() <= MAX_TRANSPORT).take(MAX_TRANSPORTS);
    Some(Attested {
        id: credential.credential_id,
        public_key: credential.public_key.raw,
        sign_count: data.sign_count,
        transports: transports.cloned().collect(),
        user_verified: data.flags.user_verified(),
        backup_eligible: data.flags.backup_eligible(),
        backed_up: data.flags.backed_up(),
        aaguid: credential.aaguid.to_string(),
    })
}
