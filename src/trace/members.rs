//! The members of every CTAP2 command and its answer (CTAP 2.3 sections 6 and 12).

use super::shape::{Field, Shape, WITH_ALGORITHM, config_subcommand, field, plain, secret};
use crate::ctap::CommandCode;
use crate::ctap::extensions::CredentialProtection;

/// What a CTAP2 command's messages hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Definition {
    /// The parameters.
    pub(super) request: &'static Shape,
    /// The body of an answer.
    pub(super) reply: &'static Shape,
    /// Whether every answer may hold a secret. If not, one does where its request asked for one.
    pub(super) gives_secrets: bool,
}

/// What a command's messages hold; `subcommand` is the request's, where it has one.
pub(super) fn definition(command: CommandCode, subcommand: Option<i64>) -> Definition {
    let (request, reply, gives_secrets): (&'static Shape, &'static Shape, bool) = match command {
        CommandCode::MAKE_CREDENTIAL => (&MAKE_CREDENTIAL, &REGISTRATION, false),
        CommandCode::GET_ASSERTION => (&GET_ASSERTION, &ASSERTION, false),
        CommandCode::GET_NEXT_ASSERTION => (&NOTHING_KNOWN, &ASSERTION, false),
        CommandCode::GET_INFO => (&NOTHING_KNOWN, &Shape::Info, false),
        CommandCode::RESET | CommandCode::SELECTION => (&NOTHING_KNOWN, &Shape::Plain, false),
        // 1 and 7 give numbers, 2 a public key.
        CommandCode::CLIENT_PIN => {
            (&CLIENT_PIN, &CLIENT_PIN_ANSWER, !matches!(subcommand, Some(1 | 2 | 7)))
        }
        // 4 and 5 give credentials, and with them their keys for large blobs.
        CommandCode::CREDENTIAL_MANAGEMENT | CommandCode::CREDENTIAL_MANAGEMENT_PREVIEW => {
            (&MANAGEMENT, &MANAGEMENT_ANSWER, !matches!(subcommand, Some(1..=3 | 6 | 7)))
        }
        CommandCode::BIO_ENROLLMENT | CommandCode::BIO_ENROLLMENT_PREVIEW => {
            (&BIO_ENROLLMENT, &BIO_ENROLLMENT_ANSWER, false)
        }
        CommandCode::LARGE_BLOBS => (&LARGE_BLOBS, &LARGE_BLOBS_ANSWER, true),
        CommandCode::CONFIG if subcommand == Some(3) => (&MIN_PIN_LENGTH, &Shape::Plain, false),
        CommandCode::CONFIG if subcommand == Some(0xff) => (&CONFIG, &NOTHING_KNOWN, true),
        CommandCode::CONFIG => (&CONFIG, &Shape::Plain, false),
        _ => (&NOTHING_KNOWN, &NOTHING_KNOWN, true),
    };
    Definition { request, reply, gives_secrets }
}

/// Which parameter of a command is its subcommand.
pub(super) fn subcommand_member(command: CommandCode) -> Option<i64> {
    match command {
        CommandCode::CLIENT_PIN
        | CommandCode::BIO_ENROLLMENT
        | CommandCode::BIO_ENROLLMENT_PREVIEW => Some(2),
        CommandCode::CREDENTIAL_MANAGEMENT
        | CommandCode::CREDENTIAL_MANAGEMENT_PREVIEW
        | CommandCode::CONFIG => Some(1),
        _ => None,
    }
}

/// The specification's name of a subcommand.
pub(super) fn subcommand_name(command: CommandCode, number: i64) -> Option<&'static str> {
    match command {
        CommandCode::CLIENT_PIN => pin_subcommand(number),
        CommandCode::BIO_ENROLLMENT | CommandCode::BIO_ENROLLMENT_PREVIEW => bio_subcommand(number),
        CommandCode::CREDENTIAL_MANAGEMENT | CommandCode::CREDENTIAL_MANAGEMENT_PREVIEW => {
            management_subcommand(number)
        }
        CommandCode::CONFIG => config_subcommand(number),
        _ => None,
    }
}

/// Where the extensions stand in a request that has some.
pub(super) fn extensions_member(command: CommandCode) -> Option<i64> {
    match command {
        CommandCode::MAKE_CREDENTIAL => Some(6),
        CommandCode::GET_ASSERTION => Some(4),
        _ => None,
    }
}

/// Whether an extension input may make the key give a secret.
pub(super) fn may_give_secret(extension: &str) -> bool {
    SECRET_EXTENSIONS.contains(&extension)
}

const SECRET_EXTENSIONS: &[&str] =
    &["hmac-secret", "hmac-secret-mc", "prf", "credBlob", "largeBlobKey", "largeBlob"];

/// What nobody here knows, or what should be empty: names and kinds of members, and no content.
const NOTHING_KNOWN: Shape = Shape::Guarded(&[]);

/// Extensions by identifier, in requests and in answers.
pub(super) const EXTENSIONS: Shape = Shape::Texts(&[
    ("hmac-secret", Shape::GuardedOrSecret(HMAC_SECRET)),
    ("hmac-secret-mc", Shape::GuardedOrSecret(HMAC_SECRET)),
    ("prf", Shape::Secret),
    ("credBlob", Shape::Secret),
    ("largeBlobKey", Shape::Secret),
    ("largeBlob", Shape::Secret),
    ("credProtect", PROTECTION),
]);

const HMAC_SECRET: &[Field] = &[
    field(1, "keyAgreement", Shape::CoseKey),
    secret(2, "saltEnc"),
    secret(3, "saltAuth"),
    plain(4, "pinUvAuthProtocol"),
];

const PROTECTION: Shape = Shape::Name(|number| {
    u64::try_from(number).ok().and_then(|level| CredentialProtection(level).name())
});

const MAKE_CREDENTIAL: Shape = Shape::Members(&[
    plain(0x01, "clientDataHash"),
    plain(0x02, "rp"),
    plain(0x03, "user"),
    field(0x04, "pubKeyCredParams", Shape::Each(&WITH_ALGORITHM)),
    plain(0x05, "excludeList"),
    field(0x06, "extensions", EXTENSIONS),
    plain(0x07, "options"),
    secret(0x08, "pinUvAuthParam"),
    plain(0x09, "pinUvAuthProtocol"),
    plain(0x0a, "enterpriseAttestation"),
    plain(0x0b, "attestationFormatsPreference"),
]);

const REGISTRATION: Shape = Shape::Members(&[
    plain(1, "fmt"),
    field(2, "authData", Shape::AuthenticatorData),
    field(3, "attStmt", WITH_ALGORITHM),
    plain(4, "epAtt"),
    secret(5, "largeBlobKey"),
    field(6, "unsignedExtensionOutputs", EXTENSIONS),
]);

const GET_ASSERTION: Shape = Shape::Members(&[
    plain(1, "rpId"),
    plain(2, "clientDataHash"),
    plain(3, "allowList"),
    field(4, "extensions", EXTENSIONS),
    plain(5, "options"),
    secret(6, "pinUvAuthParam"),
    plain(7, "pinUvAuthProtocol"),
    plain(8, "enterpriseAttestation"),
    plain(9, "attestationFormatsPreference"),
]);

const ASSERTION: Shape = Shape::Members(&[
    plain(1, "credential"),
    field(2, "authData", Shape::AuthenticatorData),
    plain(3, "signature"),
    plain(4, "user"),
    plain(5, "numberOfCredentials"),
    plain(6, "userSelected"),
    secret(7, "largeBlobKey"),
    field(8, "unsignedExtensionOutputs", EXTENSIONS),
    plain(9, "epAtt"),
    field(10, "attStmt", WITH_ALGORITHM),
]);

const CLIENT_PIN: Shape = Shape::Guarded(&[
    plain(0x01, "pinUvAuthProtocol"),
    field(0x02, "subCommand", Shape::Name(pin_subcommand)),
    field(0x03, "keyAgreement", Shape::CoseKey),
    secret(0x04, "pinUvAuthParam"),
    secret(0x05, "newPinEnc"),
    secret(0x06, "pinHashEnc"),
    field(0x09, "permissions", Shape::Bits(PERMISSIONS)),
    plain(0x0a, "rpId"),
]);

const CLIENT_PIN_ANSWER: Shape = Shape::Guarded(&[
    field(1, "keyAgreement", Shape::CoseKey),
    secret(2, "pinUvAuthToken"),
    plain(3, "pinRetries"),
    plain(4, "powerCycleState"),
    plain(5, "uvRetries"),
]);

const PERMISSIONS: &[(u64, &str)] = &[
    (0x01, "mc"),
    (0x02, "ga"),
    (0x04, "cm"),
    (0x08, "be"),
    (0x10, "lbw"),
    (0x20, "acfg"),
    (0x40, "pcmr"),
];

fn pin_subcommand(number: i64) -> Option<&'static str> {
    Some(match number {
        1 => "getPINRetries",
        2 => "getKeyAgreement",
        3 => "setPIN",
        4 => "changePIN",
        5 => "getPinToken",
        6 => "getPinUvAuthTokenUsingUvWithPermissions",
        7 => "getUVRetries",
        9 => "getPinUvAuthTokenUsingPinWithPermissions",
        _ => return None,
    })
}

const MANAGEMENT: Shape = Shape::Members(&[
    field(1, "subCommand", Shape::Name(management_subcommand)),
    field(
        2,
        "subCommandParams",
        Shape::Members(&[plain(1, "rpIDHash"), plain(2, "credentialID"), plain(3, "user")]),
    ),
    plain(3, "pinUvAuthProtocol"),
    secret(4, "pinUvAuthParam"),
]);

const MANAGEMENT_ANSWER: Shape = Shape::Members(&[
    plain(0x01, "existingResidentCredentialsCount"),
    plain(0x02, "maxPossibleRemainingResidentCredentialsCount"),
    plain(0x03, "rp"),
    plain(0x04, "rpIDHash"),
    plain(0x05, "totalRPs"),
    plain(0x06, "user"),
    plain(0x07, "credentialID"),
    field(0x08, "publicKey", Shape::CoseKey),
    plain(0x09, "totalCredentials"),
    field(0x0a, "credProtect", PROTECTION),
    secret(0x0b, "largeBlobKey"),
    plain(0x0c, "thirdPartyPayment"),
]);

fn management_subcommand(number: i64) -> Option<&'static str> {
    Some(match number {
        1 => "getCredsMetadata",
        2 => "enumerateRPsBegin",
        3 => "enumerateRPsGetNextRP",
        4 => "enumerateCredentialsBegin",
        5 => "enumerateCredentialsGetNextCredential",
        6 => "deleteCredential",
        7 => "updateUserInformation",
        _ => return None,
    })
}

const BIO_ENROLLMENT: Shape = Shape::Members(&[
    plain(1, "modality"),
    field(2, "subCommand", Shape::Name(bio_subcommand)),
    field(
        3,
        "subCommandParams",
        Shape::Members(&[
            plain(1, "templateId"),
            plain(2, "templateFriendlyName"),
            plain(3, "timeoutMilliseconds"),
        ]),
    ),
    plain(4, "pinUvAuthProtocol"),
    secret(5, "pinUvAuthParam"),
    plain(6, "getModality"),
]);

const BIO_ENROLLMENT_ANSWER: Shape = Shape::Members(&[
    plain(1, "modality"),
    plain(2, "fingerprintKind"),
    plain(3, "maxCaptureSamplesRequiredForEnroll"),
    plain(4, "templateId"),
    field(5, "lastEnrollSampleStatus", Shape::Name(sample_status)),
    plain(6, "remainingSamples"),
    field(
        7,
        "templateInfos",
        Shape::Each(&Shape::Members(&[plain(1, "templateId"), plain(2, "templateFriendlyName")])),
    ),
    plain(8, "maxTemplateFriendlyName"),
]);

fn bio_subcommand(number: i64) -> Option<&'static str> {
    Some(match number {
        1 => "enrollBegin",
        2 => "enrollCaptureNextSample",
        3 => "cancelCurrentEnrollment",
        4 => "enumerateEnrollments",
        5 => "setFriendlyName",
        6 => "removeEnrollment",
        7 => "getFingerprintSensorInfo",
        _ => return None,
    })
}

fn sample_status(number: i64) -> Option<&'static str> {
    Some(match number {
        0x00 => "FP_GOOD",
        0x01 => "FP_TOO_HIGH",
        0x02 => "FP_TOO_LOW",
        0x03 => "FP_TOO_LEFT",
        0x04 => "FP_TOO_RIGHT",
        0x05 => "FP_TOO_FAST",
        0x06 => "FP_TOO_SLOW",
        0x07 => "FP_POOR_QUALITY",
        0x08 => "FP_TOO_SKEWED",
        0x09 => "FP_TOO_SHORT",
        0x0a => "FP_MERGE_FAILURE",
        0x0b => "FP_EXISTS",
        0x0d => "NO_USER_ACTIVITY",
        0x0e => "NO_USER_PRESENCE_TRANSITION",
        _ => return None,
    })
}

const LARGE_BLOBS: Shape = Shape::Members(&[
    plain(1, "get"),
    secret(2, "set"),
    plain(3, "offset"),
    plain(4, "length"),
    secret(5, "pinUvAuthParam"),
    plain(6, "pinUvAuthProtocol"),
]);

const LARGE_BLOBS_ANSWER: Shape = Shape::Guarded(&[secret(1, "config")]);

const CONFIG: Shape = Shape::Members(&[
    field(1, "subCommand", Shape::Name(config_subcommand)),
    secret(2, "subCommandParams"),
    plain(3, "pinUvAuthProtocol"),
    secret(4, "pinUvAuthParam"),
]);

/// CONFIG with the parameters of setMinPINLength, the only ones that the specification defines.
const MIN_PIN_LENGTH: Shape = Shape::Members(&[
    field(1, "subCommand", Shape::Name(config_subcommand)),
    field(
        2,
        "subCommandParams",
        Shape::Members(&[
            plain(1, "newMinPINLength"),
            plain(2, "minPinLengthRPIDs"),
            plain(3, "forceChangePin"),
            plain(4, "pinComplexityPolicy"),
        ]),
    ),
    plain(3, "pinUvAuthProtocol"),
    secret(4, "pinUvAuthParam"),
]);
