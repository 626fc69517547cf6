//! Lies in registrations, apart from attestation (WebAuthn Level 3 section 7.1).

use super::flip;
use crate::relying_party::audit::case::Severity::{Must, Should};
use crate::relying_party::audit::case::{Attested, Case, Ceremony, Lie, Severity, Told};
use crate::relying_party::audit::stage::Scene;
use crate::relying_party::forge::ForgeError;
use crate::relying_party::forge::attestation::ObjectFault;
use crate::relying_party::forge::authenticator_data::UV;
use crate::relying_party::forge::key::{self, ForgedKey};
use crate::relying_party::forge::registration::RegistrationPlan;
use crate::wire::cose::Algorithm;

type Tell = fn(&mut RegistrationPlan, &mut Scene<'_>) -> Result<Told, ForgeError>;

/// Names a lie in a registration that is not attested.
pub(super) const fn case(
    id: &'static str,
    severity: Severity,
    section: &'static str,
    lie: &'static str,
    tell: Tell,
) -> Case {
    let how = Lie::Registration { attested: Attested::None, tell };
    Case { id, ceremony: Ceremony::Registration, severity, section, lie, how }
}

/// Names a lie that is told in another way.
const fn special(id: &'static str, severity: Severity, lie: &'static str, how: Lie) -> Case {
    Case { id, ceremony: Ceremony::Registration, severity, section: "7.1", lie, how }
}

/// Bits in the modulus of a key that can be factored.
const SMALL_RSA: usize = 512;

pub(super) static CASES: &[Case] = &[
    special(
        "reg-challenge-other-session",
        Must,
        "the challenge was given to another session",
        Lie::RegistrationOfOtherSession,
    ),
    special(
        "reg-challenge-reused",
        Must,
        "the challenge was used already, for another credential",
        Lie::RegistrationAgain,
    ),
    case("reg-type", Must, "7.1", "the client data is of an assertion", |plan, _| {
        plan.client_data.kind = "webauthn.get".to_owned();
        Ok(Told::Yes)
    }),
    special(
        "reg-user-verification",
        Must,
        "nobody was verified (UV not set), and it is required",
        Lie::VerifiedRegistration(|plan| plan.authenticator_data.flags &= !UV),
    ),
    case("reg-no-credential", Must, "7.1", "there is no credential (AT not set)", |plan, _| {
        // The members `id` and `rawId` stay.
        plan.id = Some(plan.credential_id().to_vec());
        plan.raw_id.clone_from(&plan.id);
        plan.authenticator_data.credential = None;
        Ok(Told::Yes)
    }),
    case("reg-algorithm", Must, "7.1", "the algorithm was not offered", |plan, scene| {
        let foreign = key::ALGORITHMS.iter().find(|one| !scene.algorithms.contains(one));
        let Some(foreign) = foreign else {
            return Ok(Told::NotApplicable("the server offers every algorithm that can be forged"));
        };
        let forged = ForgedKey::generate(*foreign, scene.random)?;
        let forged = forged.ok_or(ForgeError::Algorithm(*foreign))?;
        plan.change_credential(|credential| credential.public_key = forged.cose());
        plan.key = forged;
        Ok(Told::Yes)
    }),
    case(
        "reg-key-type",
        Should,
        "5.8.5",
        "the key is of another type than its algorithm",
        |plan, scene| {
            let forged = ForgedKey::generate(Algorithm::EDDSA, scene.random)?;
            let forged = forged.ok_or(ForgeError::Algorithm(Algorithm::EDDSA))?;
            let (_, x, curve) = forged.point();
            plan.change_credential(|credential| {
                credential.public_key = key::okp(Algorithm::ES256, curve, &x);
            });
            Ok(Told::Yes)
        },
    ),
    case(
        "reg-key-curve",
        Should,
        "5.8.5",
        "the key is on another curve than its algorithm's",
        |plan, scene| {
            let forged = ForgedKey::generate(Algorithm::ES384, scene.random)?;
            let forged = forged.ok_or(ForgeError::Algorithm(Algorithm::ES384))?;
            let (y, x, curve) = forged.point();
            plan.change_credential(|credential| {
                let y = y.unwrap_or_default();
                credential.public_key = key::ec2(Algorithm::ES256, curve, &x, &y);
            });
            Ok(Told::Yes)
        },
    ),
    case("reg-key-point", Should, "5.8.5", "the key is no point on its curve", |plan, scene| {
        let forged = ForgedKey::generate(Algorithm::ES256, scene.random)?;
        let forged = forged.ok_or(ForgeError::Algorithm(Algorithm::ES256))?;
        let (y, x, curve) = forged.point();
        plan.change_credential(|credential| {
            let mut y = y.unwrap_or_default();
            flip(Some(&mut y));
            credential.public_key = key::ec2(Algorithm::ES256, curve, &x, &y);
        });
        Ok(Told::Yes)
    }),
    case("reg-key-rsa-small", Should, "5.8.5", "the key is RSA with 512 bits", |plan, scene| {
        if !scene.algorithms.contains(&Algorithm::RS256) {
            return Ok(Told::NotApplicable("the server does not offer RS256"));
        }
        let mut modulus = vec![0; SMALL_RSA / 8];
        scene.random.fill(&mut modulus)?;
        // Odd, and as long as it says.
        set(modulus.first_mut(), 0x80);
        set(modulus.last_mut(), 0x01);
        plan.change_credential(|credential| credential.public_key = key::rsa(&modulus));
        Ok(Told::Yes)
    }),
    case("reg-id-mismatch", Should, "5.1", "id and rawId differ", |plan, _| {
        plan.id = Some(other(plan.credential_id()));
        Ok(Told::Yes)
    }),
    case(
        "reg-id-foreign",
        Should,
        "5.1",
        "id and rawId name another credential than is signed",
        |plan, _| {
            plan.id = Some(other(plan.credential_id()));
            plan.raw_id.clone_from(&plan.id);
            Ok(Told::Yes)
        },
    ),
    case(
        "reg-document-type",
        Should,
        "5.1",
        "the response is not of the type public-key",
        |plan, _| {
            plan.kind = "password";
            Ok(Told::Yes)
        },
    ),
    case(
        "reg-credential-id-long",
        Should,
        "7.1",
        "the credential ID has 1024 bytes",
        |plan, scene| {
            let mut id = vec![0; 1024];
            scene.random.fill(&mut id)?;
            plan.change_credential(|credential| credential.id = id);
            Ok(Told::Yes)
        },
    ),
    case("reg-credential-id-empty", Should, "6.5.1", "the credential ID is empty", |plan, _| {
        plan.change_credential(|credential| credential.id.clear());
        Ok(Told::Yes)
    }),
    special(
        "reg-duplicate",
        Should,
        "the credential is registered already, for another account",
        Lie::RegistrationOfKnownCredential,
    ),
    case("reg-object-truncated", Must, "7.1", "the attestation object is cut", |plan, _| {
        plan.attestation.fault = ObjectFault::Truncated;
        Ok(Told::Yes)
    }),
    case(
        "reg-object-trailing",
        Should,
        "7.1",
        "a byte follows the attestation object",
        |plan, _| {
            plan.attestation.fault = ObjectFault::Trailing;
            Ok(Told::Yes)
        },
    ),
    case(
        "reg-cbor-duplicate-key",
        Should,
        "2.4",
        "a member of the attestation object is there twice",
        |plan, _| {
            plan.attestation.fault = ObjectFault::DuplicateKey;
            Ok(Told::Yes)
        },
    ),
    case(
        "reg-cbor-indefinite",
        Should,
        "2.4",
        "the attestation object has no definite length",
        |plan, _| {
            plan.attestation.fault = ObjectFault::IndefiniteLength;
            Ok(Told::Yes)
        },
    ),
];

fn set(byte: Option<&mut u8>, bits: u8) {
    if let Some(byte) = byte {
        *byte |= bits;
    }
}

/// The same ID but for one bit.
fn other(id: &[u8]) -> Vec<u8> {
    let mut id = id.to_vec();
    flip(Some(&mut id));
    id
}
