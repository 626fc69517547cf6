//! Lies in assertions (WebAuthn Level 3 section 7.2).

use crate::relying_party::audit::case::Severity::{Must, Should};
use crate::relying_party::audit::case::{Case, Ceremony, Lie, Severity, Told};
use crate::relying_party::audit::origins;
use crate::relying_party::audit::stage::{FIRST_COUNT, Scene};
use crate::relying_party::forge::ForgeError;
use crate::relying_party::forge::assertion::AssertionPlan;
use crate::relying_party::forge::attestation::SignatureFault;
use crate::relying_party::forge::authenticator_data::{BE, BS, UP, UV};
use crate::relying_party::forge::client_data::ClientDataFault;

type Tell = fn(&mut AssertionPlan<'_>, &mut Scene<'_>) -> Result<Told, ForgeError>;

const fn case(
    id: &'static str,
    severity: Severity,
    section: &'static str,
    lie: &'static str,
    tell: Tell,
) -> Case {
    let how = Lie::Assertion(tell);
    Case { id, ceremony: Ceremony::Assertion, severity, section, lie, how }
}

const fn special(id: &'static str, lie: &'static str, how: Lie) -> Case {
    Case { id, ceremony: Ceremony::Assertion, severity: Must, section: "7.2", lie, how }
}

/// Extension outputs of a key that nobody has asked: `{"hmac-secret": true}`.
const EXTENSIONS: &[u8] = b"\xa1\x6bhmac-secret\xf5";

pub(super) static CASES: &[Case] = &[
    case("auth-challenge-wrong", Must, "7.2", "the challenge is another one", |plan, _| {
        flip(plan.client_data.challenge.as_deref_mut());
        Ok(Told::Yes)
    }),
    case("auth-challenge-missing", Must, "7.2", "the client data has no challenge", |plan, _| {
        plan.client_data.challenge = None;
        Ok(Told::Yes)
    }),
    special(
        "auth-challenge-other-session",
        "the challenge was given to another session",
        Lie::AssertionOfOtherSession,
    ),
    special("auth-replayed", "the same response comes a second time", Lie::AssertionAgain),
    case("auth-type", Must, "7.2", "the client data is of a registration", |plan, _| {
        plan.client_data.kind = "webauthn.create".to_owned();
        Ok(Told::Yes)
    }),
    case("auth-origin", Must, "7.2", "the origin is another one", |plan, _| {
        plan.client_data.origin = "https://evil.example".to_owned();
        Ok(Told::Yes)
    }),
    case(
        "auth-origin-suffix",
        Must,
        "7.2",
        "the origin begins like the right one",
        |plan, scene| {
            plan.client_data.origin = origins::with_suffix(scene.origin);
            Ok(Told::Yes)
        },
    ),
    case("auth-origin-prefix", Must, "7.2", "the origin ends like the right one", |plan, scene| {
        plan.client_data.origin = origins::with_prefix(scene.origin);
        Ok(Told::Yes)
    }),
    case("auth-origin-subdomain", Should, "7.2", "the origin is a sub-domain", |plan, scene| {
        plan.client_data.origin = origins::below(scene.origin);
        Ok(Told::Yes)
    }),
    case("auth-origin-port", Must, "7.2", "the origin has another port", |plan, scene| {
        plan.client_data.origin = origins::other_port(scene.origin);
        Ok(Told::Yes)
    }),
    case("auth-origin-scheme", Must, "7.2", "the origin has the other scheme", |plan, scene| {
        plan.client_data.origin = origins::other_scheme(scene.origin);
        Ok(Told::Yes)
    }),
    case("auth-cross-origin", Must, "7.2", "the page is in a foreign frame", |plan, _| {
        plan.client_data.cross_origin = true;
        Ok(Told::Yes)
    }),
    case("auth-top-origin", Must, "7.2", "the page is in a frame of a named site", |plan, _| {
        plan.client_data.cross_origin = true;
        plan.client_data.top_origin = Some("https://evil.example".to_owned());
        Ok(Told::Yes)
    }),
    case("auth-client-data-json", Must, "7.2", "the client data is not JSON", |plan, _| {
        plan.client_data.fault = ClientDataFault::NotJson;
        Ok(Told::Yes)
    }),
    case("auth-client-data-utf8", Should, "7.2", "the client data is not UTF-8", |plan, _| {
        plan.client_data.fault = ClientDataFault::NotUtf8;
        Ok(Told::Yes)
    }),
    case("auth-rp-id-hash", Must, "7.2", "the key answers for another RP ID", |plan, _| {
        flip(Some(&mut plan.authenticator_data.rp_id_hash));
        Ok(Told::Yes)
    }),
    case("auth-user-presence", Must, "7.2", "nobody was there (UP not set)", |plan, _| {
        plan.authenticator_data.flags &= !UP;
        Ok(Told::Yes)
    }),
    special(
        "auth-user-verification",
        "nobody was verified (UV not set), and it is required",
        Lie::VerifiedAssertion(|plan| plan.authenticator_data.flags &= !UV),
    ),
    case("auth-backup-state", Must, "7.2", "backed up (BS) but not eligible (BE)", |plan, _| {
        plan.authenticator_data.flags |= BS;
        Ok(Told::Yes)
    }),
    case(
        "auth-backup-eligibility",
        Should,
        "7.2",
        "BE is set, and was not at registration",
        |plan, _| {
            plan.authenticator_data.flags |= BE;
            Ok(Told::Yes)
        },
    ),
    case("auth-auth-data-truncated", Must, "6.1", "the authenticator data is cut", |plan, _| {
        plan.authenticator_data.cut = 1;
        Ok(Told::Yes)
    }),
    case(
        "auth-auth-data-trailing",
        Should,
        "6.1",
        "a byte follows the authenticator data",
        |plan, _| {
            plan.authenticator_data.trailing = vec![0];
            Ok(Told::Yes)
        },
    ),
    case("auth-extension-flag", Must, "6.1", "ED is set, and no extensions follow", |plan, _| {
        plan.authenticator_data.extension_flag = Some(true);
        Ok(Told::Yes)
    }),
    case(
        "auth-extension-data",
        Should,
        "6.1",
        "extensions follow, and ED is not set",
        |plan, _| {
            plan.authenticator_data.extensions = Some(EXTENSIONS.to_vec());
            plan.authenticator_data.extension_flag = Some(false);
            Ok(Told::Yes)
        },
    ),
    case("auth-signature", Must, "7.2", "one bit of the signature is wrong", |plan, _| {
        plan.signature = SignatureFault::BitChanged;
        Ok(Told::Yes)
    }),
    case(
        "auth-signature-bytes",
        Must,
        "7.2",
        "the signature is over other client data",
        |plan, _| {
            plan.signature = SignatureFault::OtherBytes;
            Ok(Told::Yes)
        },
    ),
    case("auth-signature-key", Must, "7.2", "the signature is of another key", |plan, _| {
        plan.signature = SignatureFault::OtherKey;
        Ok(Told::Yes)
    }),
    case("auth-signature-empty", Must, "7.2", "the signature is empty", |plan, _| {
        plan.signature = SignatureFault::Empty;
        Ok(Told::Yes)
    }),
    special(
        "auth-credential-unknown",
        "the credential was never registered",
        Lie::UnknownCredential,
    ),
    special(
        "auth-credential-foreign",
        "the credential is another account's",
        Lie::CredentialOfOtherAccount,
    ),
    special("auth-user-handle", "the user handle is another account's", Lie::HandleOfOtherAccount),
    case("auth-id-mismatch", Should, "5.1", "id and rawId differ", |plan, _| {
        let mut other = plan.id.clone();
        flip(Some(&mut other));
        plan.raw_id = Some(std::mem::replace(&mut plan.id, other));
        Ok(Told::Yes)
    }),
    case(
        "auth-document-type",
        Should,
        "5.1",
        "the response is not of the type public-key",
        |plan, _| {
            plan.kind = "password";
            Ok(Told::Yes)
        },
    ),
    case("auth-counter-back", Should, "7.2", "the signature counter went back", |plan, _| {
        plan.authenticator_data.sign_count = FIRST_COUNT.saturating_sub(5);
        Ok(Told::Yes)
    }),
    case("auth-counter-same", Should, "7.2", "the signature counter did not go up", |plan, _| {
        plan.authenticator_data.sign_count = FIRST_COUNT;
        Ok(Told::Yes)
    }),
];

/// Changes one bit.
fn flip(bytes: Option<&mut [u8]>) {
    if let Some(last) = bytes.and_then(<[u8]>::last_mut) {
        *last ^= 1;
    }
}
