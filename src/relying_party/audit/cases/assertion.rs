//! Lies in assertions (WebAuthn Level 3 section 7.2).

use super::flip;
use crate::relying_party::audit::case::Severity::{Must, Should};
use crate::relying_party::audit::case::{Case, Ceremony, Lie, Severity, Told};
use crate::relying_party::audit::stage::{FIRST_COUNT, Scene};
use crate::relying_party::forge::ForgeError;
use crate::relying_party::forge::assertion::AssertionPlan;
use crate::relying_party::forge::attestation::SignatureFault;
use crate::relying_party::forge::authenticator_data::{BE, UV};

type Tell = fn(&mut AssertionPlan<'_>, &mut Scene<'_>) -> Result<Told, ForgeError>;

pub(super) const fn case(
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

pub(super) static CASES: &[Case] = &[
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
    special(
        "auth-user-verification",
        "nobody was verified (UV not set), and it is required",
        Lie::VerifiedAssertion(|plan| plan.authenticator_data.flags &= !UV),
    ),
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
