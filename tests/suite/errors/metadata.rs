//! Errors of the FIDO metadata and of certificate paths.

use fidokey::webauthn::metadata::BlobError;
use fidokey::webauthn::metadata::payload::PayloadError;
use fidokey::webauthn::trust::{PathError, RootsError};

every!(blob_errors: BlobError {
    NotSigned() => [BlobError::NotSigned];
    NotAToken() => [BlobError::NotAToken];
    Header(..) => [BlobError::Header("it names no algorithm".into())];
    Unsigned() => [BlobError::Unsigned];
    Algorithm(..) => [BlobError::Algorithm("HS\u{1b}256".into())];
    Elsewhere() => [BlobError::Elsewhere];
    NoChain() => [BlobError::NoChain];
    Chain(..) => [BlobError::Chain(PathError::Empty)];
    RootExpired{..} => [
        BlobError::RootExpired { root: "CN=Root".into(), until: "2029-03-18T10:00:00Z".into() },
    ];
    OtherHost{..} => [BlobError::OtherHost { subject: "CN=www.example.com".into() }];
    Signature() => [BlobError::Signature];
    Payload(..) => [BlobError::Payload(PayloadError::Member("no"))];
});

every!(payload_errors: PayloadError {
    Json(..) => [PayloadError::Json("EOF while parsing a value at line 1 column 0".into())];
    Member(..) => [PayloadError::Member("entries")];
});

every!(path_errors: PathError {
    Empty() => [PathError::Empty];
    TooMany(..) => [PathError::TooMany(9)];
    Unreadable{..} => [PathError::Unreadable { position: 2 }];
    NoRoot{..} => [PathError::NoRoot { subject: leaf(), issuer: authority() }];
    NotYetValid{..} => [
        PathError::NotYetValid { subject: leaf(), from: "2027-01-01T00:00:00Z".into() },
    ];
    Expired{..} => [PathError::Expired { subject: leaf(), until: "2025-12-31T23:59:59Z".into() }];
    Signature{..} => [PathError::Signature { subject: leaf(), issuer: authority() }];
    Unsupported{..} => [
        PathError::Unsupported { subject: leaf(), algorithm: "1.2.840.113549.1.1.5".into() },
    ];
    NotAuthority{..} => [PathError::NotAuthority { issuer: authority() }];
    MayNotSign{..} => [PathError::MayNotSign { issuer: authority() }];
    PathLength{..} => [PathError::PathLength { issuer: authority(), allowed: 0, found: 1 }];
    Critical{..} => [PathError::Critical { subject: leaf(), extension: "1.2.3.4".into() }];
    TooMuchWork() => [PathError::TooMuchWork];
});

every!(roots_errors: RootsError {
    None() => [RootsError::None];
    Unreadable{..} => [RootsError::Unreadable { position: 2 }];
    TooMany() => [RootsError::TooMany];
});

fn leaf() -> String {
    "CN=Key,O=\u{1b}Example".into()
}

fn authority() -> String {
    "CN=Authority,O=Example".into()
}
