//! Lies in attestations (WebAuthn Level 3 sections 7.1 and 8).

use crate::relying_party::audit::case::Severity::{Must, Should};
use crate::relying_party::audit::case::{Attested, Case, Ceremony, Lie, Severity, Told};
use crate::relying_party::audit::stage::Scene;
use crate::relying_party::forge::ForgeError;
use crate::relying_party::forge::attestation::{SignatureFault, Statement};
use crate::relying_party::forge::certificate::{CertificatePlan, DAY};
use crate::relying_party::forge::registration::{AAGUID, RegistrationPlan};
use crate::wire::authenticator_data::Aaguid;
use crate::wire::cose::Algorithm;

type Tell = fn(&mut RegistrationPlan, &mut Scene<'_>) -> Result<Told, ForgeError>;

const fn case(
    id: &'static str,
    severity: Severity,
    section: &'static str,
    lie: &'static str,
    (attested, tell): (Attested, Tell),
) -> Case {
    let how = Lie::Registration { attested, tell };
    Case { id, ceremony: Ceremony::Registration, severity, section, lie, how }
}

/// Another model.
const OTHER_AAGUID: Aaguid = Aaguid(*b"some other model");

pub(super) static CASES: &[Case] = &[
    case(
        "reg-none-statement",
        Must,
        "8.7",
        "an attestation none has a statement that is not empty",
        (Attested::None, |plan, _| {
            plan.attestation.statement = Statement::NoneWithMembers;
            Ok(Told::Yes)
        }),
    ),
    case(
        "reg-format-unknown",
        Must,
        "7.1",
        "the attestation format does not exist",
        (Attested::None, |plan, _| {
            plan.attestation.statement = Statement::UnknownFormat;
            Ok(Told::Yes)
        }),
    ),
    case(
        "reg-self-algorithm",
        Must,
        "8.2",
        "a self attestation names another algorithm than the key's",
        (Attested::Itself, |plan, _| {
            let other = match plan.key.algorithm() {
                Algorithm::ES256 => Algorithm::EDDSA,
                _ => Algorithm::ES256,
            };
            plan.attestation.statement = Statement::PackedSelf(other);
            Ok(Told::Yes)
        }),
    ),
    case(
        "reg-self-signature",
        Must,
        "8.2",
        "the signature of a self attestation is wrong",
        (Attested::Itself, |plan, _| signature(plan, SignatureFault::BitChanged)),
    ),
    case(
        "reg-self-signature-bytes",
        Must,
        "8.2",
        "a self attestation signs other client data",
        (Attested::Itself, |plan, _| signature(plan, SignatureFault::OtherBytes)),
    ),
    case(
        "reg-self-signature-empty",
        Must,
        "8.2",
        "the signature of a self attestation is empty",
        (Attested::Itself, |plan, _| signature(plan, SignatureFault::Empty)),
    ),
    case(
        "reg-x5c-signature",
        Must,
        "8.2",
        "the signature of an attestation with a certificate is wrong",
        (Attested::Certificate, |plan, _| signature(plan, SignatureFault::BitChanged)),
    ),
    case(
        "reg-x5c-signature-key",
        Must,
        "8.2",
        "an attestation is signed with another key than its certificate's",
        (Attested::Certificate, |plan, _| signature(plan, SignatureFault::OtherKey)),
    ),
    case(
        "reg-x5c-aaguid",
        Must,
        "8.2",
        "the certificate is of another model",
        (Attested::Certificate, |plan, scene| {
            certificate(plan, scene, |one| one.aaguid = Some(OTHER_AAGUID))
        }),
    ),
    case(
        "reg-x5c-unit",
        Must,
        "8.2.1",
        "the certificate is not one for attestation (OU)",
        (Attested::Certificate, |plan, scene| {
            certificate(plan, scene, |one| one.organizational_unit = "Web Server")
        }),
    ),
    case(
        "reg-x5c-authority",
        Must,
        "8.2.1",
        "the certificate is an authority's",
        (Attested::Certificate, |plan, scene| {
            certificate(plan, scene, |one| one.is_authority = true)
        }),
    ),
    case(
        "reg-x5c-expired",
        Should,
        "7.1",
        "the certificate has expired",
        (Attested::Certificate, |plan, scene| {
            let past = scene.now.checked_sub(DAY.saturating_mul(365)).unwrap_or(scene.now);
            certificate(plan, scene, |one| one.not_after = past)
        }),
    ),
    Case {
        id: "reg-x5c-untrusted",
        ceremony: Ceremony::Registration,
        severity: Should,
        section: "7.1",
        lie: "nobody knows the maker of the certificate",
        how: Lie::UnknownMaker,
    },
    case(
        "reg-u2f-signature",
        Must,
        "8.6",
        "the signature of a U2F attestation is wrong",
        (Attested::U2f, |plan, _| signature(plan, SignatureFault::BitChanged)),
    ),
    case(
        "reg-u2f-certificates",
        Must,
        "8.6",
        "a U2F attestation has two certificates",
        (Attested::U2f, |plan, scene| {
            let one = CertificatePlan::honest(None, scene.now);
            plan.attestation.statement = Statement::FidoU2f(one, 2);
            Ok(Told::Yes)
        }),
    ),
];

fn signature(plan: &mut RegistrationPlan, fault: SignatureFault) -> Result<Told, ForgeError> {
    plan.attestation.signature = fault;
    Ok(Told::Yes)
}

/// Attests by a certificate in which one thing is a lie.
fn certificate(
    plan: &mut RegistrationPlan,
    scene: &Scene<'_>,
    lie: impl FnOnce(&mut CertificatePlan),
) -> Result<Told, ForgeError> {
    let mut certificate = CertificatePlan::honest(Some(AAGUID), scene.now);
    lie(&mut certificate);
    plan.attestation.statement = Statement::PackedCertificate(certificate);
    Ok(Told::Yes)
}
