//! The verdict on a registration (WebAuthn Level 3 section 7.1).

use super::{
    Ceremony, ClientData, Expected, Facts, Verdict, agreement, authenticator_data, client_data,
    extensions, shown,
};
use crate::webauthn::attestation;
use crate::webauthn::check::{Check, Rule};
use crate::webauthn::json::RegistrationResponseJson;
use crate::webauthn::public_key::{PublicKey, PublicKeyError};
use crate::wire::attestation_object::AttestationObject;
use crate::wire::authenticator_data::{AttestedCredentialData, MAX_CREDENTIAL_ID};

const OBJECT: Rule = Rule::new("attestation_object", "the attestation object can be read", "7.1");
const CREDENTIAL: Rule =
    Rule::new("attested_credential", "the authenticator data holds a new credential", "7.1");
const ALGORITHM: Rule = Rule::new("algorithm", "the algorithm is one that was asked for", "7.1");
const PUBLIC_KEY: Rule =
    Rule::new("public_key", "the public key fits its algorithm and lies on its curve", "7.1");
const ID_LENGTH: Rule =
    Rule::new("credential_id_length", "the credential ID has 1 to 1023 bytes", "7.1");
const NEW: Rule =
    Rule::new("credential_new", "the credential is not one that is registered already", "7.1");

/// A registration to be judged.
#[derive(Clone, Copy, Debug)]
pub struct RegistrationInput<'a> {
    /// The client data.
    pub client_data: ClientData<'a>,
    /// The attestation object, as received.
    pub attestation_object: &'a [u8],
    /// The whole response, when there is one: its other members must agree with the signed data.
    pub document: Option<&'a RegistrationResponseJson>,
    /// What is expected.
    pub expected: &'a Expected,
}

impl<'a> RegistrationInput<'a> {
    /// Takes everything from a response document.
    ///
    /// `None` when it has no client data: then the caller must know its hash and says so in
    /// [`client_data`](Self::client_data).
    pub fn of_document(
        document: &'a RegistrationResponseJson,
        expected: &'a Expected,
    ) -> Option<Self> {
        let client_data = document.response.client_data_json.as_ref()?;
        Some(Self {
            client_data: ClientData::Json(client_data.as_bytes()),
            attestation_object: document.response.attestation_object.as_bytes(),
            document: Some(document),
            expected,
        })
    }
}

/// Judges a registration.
pub fn registration(input: &RegistrationInput<'_>) -> Verdict {
    const CEREMONY: Ceremony = Ceremony::Registration;
    let mut checks = Vec::new();
    let mut facts = Facts::default();
    let hash = client_data::check(input.client_data, input.expected, CEREMONY, &mut checks);
    facts.client_data_hash = Some(hash.as_slice().into());

    let object = match AttestationObject::parse(input.attestation_object) {
        Ok(object) => object,
        Err(error) => {
            checks.push(OBJECT.failed("an attestation object", error.to_string()));
            let reason = "the attestation object cannot be read";
            checks.extend(authenticator_data::unseen(CEREMONY, reason));
            checks.push(CREDENTIAL.not_checked(reason));
            return Verdict::new(checks, facts);
        }
    };
    checks.push(OBJECT.passed());
    let Some(data) = authenticator_data::read(&object.authenticator_data, CEREMONY, &mut checks)
    else {
        checks.push(CREDENTIAL.not_checked("the authenticator data cannot be read"));
        return Verdict::new(checks, facts);
    };
    facts.learn(&data);
    checks.extend(authenticator_data::check(&data, input.expected, CEREMONY, false));
    let results = input.document.map(|document| &document.client_extension_results);
    checks.push(extensions::client(results, input.expected, CEREMONY));

    match &data.attested_credential {
        None => checks.push(CREDENTIAL.failed("a credential (AT set)", "none")),
        Some(credential) => {
            checks.push(CREDENTIAL.passed());
            facts.learn_credential(credential);
            let key = PublicKey::from_cose(&credential.public_key);
            facts.public_key_spki =
                key.as_ref().ok().and_then(PublicKey::to_spki_der).map(Into::into);
            checks.extend(credential_checks(credential, &key, input.expected));
            checks.push(match input.document {
                None => agreement::no_document(CEREMONY),
                Some(document) => agreement::identity(
                    (&document.id, document.raw_id.as_bytes(), &document.kind),
                    Some(&credential.credential_id),
                    CEREMONY,
                ),
            });
            checks.push(agreement::members(
                input.document,
                &object.authenticator_data,
                credential,
                key.as_ref().ok(),
            ));
        }
    }

    let (attestation, attestation_checks) = attestation::examine(&object, &data, &hash);
    facts.attestation = Some(attestation);
    checks.extend(attestation_checks);
    Verdict::new(checks, facts)
}

fn credential_checks(
    credential: &AttestedCredentialData,
    key: &Result<PublicKey, PublicKeyError>,
    expected: &Expected,
) -> [Check; 4] {
    let algorithm = credential.public_key.algorithm;
    let algorithm = if expected.algorithms.is_empty() {
        ALGORITHM.not_checked("the algorithms that were asked for are not known")
    } else {
        ALGORITHM.judge(
            expected.algorithms.contains(&algorithm),
            || {
                let names: Vec<String> =
                    expected.algorithms.iter().map(ToString::to_string).collect();
                names.join(" or ")
            },
            || algorithm.to_string(),
        )
    };
    let public_key = match key {
        Ok(_) => PUBLIC_KEY.passed_with(credential.public_key.algorithm.to_string()),
        Err(error) if error.is_unsupported() => PUBLIC_KEY.not_checked(error.to_string()),
        Err(error) => PUBLIC_KEY.failed("a key that fits", error.to_string()),
    };
    let length = credential.credential_id.len();
    let id_length = ID_LENGTH.judge(
        (1..=MAX_CREDENTIAL_ID).contains(&length),
        || format!("1 to {MAX_CREDENTIAL_ID} bytes"),
        || format!("{length} bytes"),
    );
    let id = &credential.credential_id;
    let new = match &expected.taken {
        None => NEW.not_checked("which credentials are registered already is not known"),
        Some(taken) => NEW.judge(
            !taken.contains(id),
            || "a credential ID that is not registered yet".into(),
            || shown(id),
        ),
    };
    [algorithm, public_key, id_length, new]
}
