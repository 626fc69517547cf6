//! Lies in registrations, apart from attestation (WebAuthn Level 3 section 7.1).

use crate::relying_party::audit::case::Severity::{Must, Should};
use crate::relying_party::audit::case::{Attested, Case, Ceremony, Lie, Severity, Told};
use crate::relying_party::audit::origins;
use crate::relying_party::audit::stage::Scene;
use crate::relying_party::forge::ForgeError;
use crate::relying_party::forge::attestation::ObjectFault;
use crate::relying_party::forge::authenticator_data::{BS, UP, UV};
use crate::relying_party::forge::client_data::ClientDataFault;
use crate::relying_party::forge::key::{self, ForgedKey};
use crate::relying_party::forge::registration::RegistrationPlan;
use crate::wire::cose::Algorithm;

type Tell = fn(&mut RegistrationPlan, &mut Scene<'_>) -> Result<Told, ForgeError>;

/// Names a lie in a registration that is not attested.
const fn case(
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

/// Extension outputs of a key that nobody has asked: `{"credProtect": 2}`.
const EXTENSIONS: &[u8] = b"\xa1\x6bcredProtect\x02";

/// Bits in the modulus of a key that can be factored.
const SMALL_RSA: usize = 512;

pub(super) static CASES: &[Case] = &[
    case("reg-challenge-wrong", Must, "7.1", "the challenge is another one", |plan, _| {
        flip(plan.client_data.challenge.as_deref_mut());
        Ok(Told::Yes)
    }),
    case("reg-challenge-missing", Must, "7.1", "the client data has no challenge", |plan, _| {
        plan.client_data.challenge = None;
        Ok(Told::Yes)
    }),
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
    case("reg-origin", Must, "7.1", "the origin is another one", |plan, _| {
        plan.client_data.origin = "https://evil.example".to_owned();
        Ok(Told::Yes)
    }),
    case(
        "reg-origin-suffix",
        Must,
        "7.1",
        "the origin begins like the right one",
        |plan, scene| {
            plan.client_data.origin = origins::with_suffix(scene.origin);
            Ok(Told::Yes)
        },
    ),
    case("reg-origin-prefix", Must, "7.1", "the origin ends like the right one", |plan, scene| {
        plan.client_data.origin = origins::with_prefix(scene.origin);
        Ok(Told::Yes)
    }),
    case("reg-origin-subdomain", Should, "7.1", "the origin is a sub-domain", |plan, scene| {
        plan.client_data.origin = origins::below(scene.origin);
        Ok(Told::Yes)
    }),
    case("reg-origin-port", Must, "7.1", "the origin has another port", |plan, scene| {
        plan.client_data.origin = origins::other_port(scene.origin);
        Ok(Told::Yes)
    }),
    case("reg-origin-scheme", Must, "7.1", "the origin has the other scheme", |plan, scene| {
        plan.client_data.origin = origins::other_scheme(scene.origin);
        Ok(Told::Yes)
    }),
    case("reg-cross-origin", Must, "7.1", "the page is in a foreign frame", |plan, _| {
        plan.client_data.cross_origin = true;
        Ok(Told::Yes)
    }),
    case("reg-top-origin", Must, "7.1", "the page is in a frame of a named site", |plan, _| {
        plan.client_data.cross_origin = true;
        plan.client_data.top_origin = Some("https://evil.example".to_owned());
        Ok(Told::Yes)
    }),
    case("reg-client-data-json", Must, "7.1", "the client data is not JSON", |plan, _| {
        plan.client_data.fault = ClientDataFault::NotJson;
        Ok(Told::Yes)
    }),
    case("reg-client-data-utf8", Should, "7.1", "the client data is not UTF-8", |plan, _| {
        plan.client_data.fault = ClientDataFault::NotUtf8;
        Ok(Told::Yes)
    }),
    case("reg-rp-id-hash", Must, "7.1", "the key answers for another RP ID", |plan, _| {
        flip(Some(&mut plan.authenticator_data.rp_id_hash));
        Ok(Told::Yes)
    }),
    case("reg-user-presence", Must, "7.1", "nobody was there (UP not set)", |plan, _| {
        plan.authenticator_data.flags &= !UP;
        Ok(Told::Yes)
    }),
    special(
        "reg-user-verification",
        Must,
        "nobody was verified (UV not set), and it is required",
        Lie::VerifiedRegistration(|plan| plan.authenticator_data.flags &= !UV),
    ),
    case("reg-backup-state", Must, "7.1", "backed up (BS) but not eligible (BE)", |plan, _| {
        plan.authenticator_data.flags |= BS;
        Ok(Told::Yes)
    }),
    case("reg-no-credential", Must, "7.1", "there is no credential (AT not set)", |plan, _| {
        // The members `id` and `rawId` stay.
        plan.id = Some(plan.credential_id().to_vec());
        plan.raw_id.clone_from(&plan.id);
        plan.authenticator_data.credential = None;
        Ok(Told::Yes)
    }),
    case("reg-auth-data-truncated", Must, "6.1", "the authenticator data is cut", |plan, _| {
        plan.authenticator_data.cut = 1;
        Ok(Told::Yes)
    }),
    case(
        "reg-auth-data-trailing",
        Should,
        "6.1",
        "a byte follows the authenticator data",
        |plan, _| {
            plan.authenticator_data.trailing = vec![0];
            Ok(Told::Yes)
        },
    ),
    case("reg-extension-flag", Must, "6.1", "ED is set, and no extensions follow", |plan, _| {
        plan.authenticator_data.extension_flag = Some(true);
        Ok(Told::Yes)
    }),
    case("reg-extension-data", Should, "6.1", "extensions follow, and ED is not set", |plan, _| {
        plan.authenticator_data.extensions = Some(EXTENSIONS.to_vec());
        plan.authenticator_data.extension_flag = Some(false);
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

/// Changes one bit.
fn flip(bytes: Option<&mut [u8]>) {
    if let Some(last) = bytes.and_then(<[u8]>::last_mut) {
        *last ^= 1;
    }
}

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
