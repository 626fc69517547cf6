//! Errors of a client: origins, options, extensions, saved results.

use fidokey::authenticator::AuthenticatorError;
use fidokey::client::{
    ClientError, ExtensionError, IdError, LargeBlobProblem, SavedRegistrationError,
};
use fidokey::ctap::RandomError;
use fidokey::ctap::large_blobs::LargeBlobError;
use fidokey::webauthn::app_id::AppIdError;
use fidokey::webauthn::json::options::OptionsError;
use fidokey::webauthn::json::{DocumentError, DocumentKind, NotJson, ResponseError};
use fidokey::webauthn::origin::{DomainError, OriginError};
use fidokey::webauthn::rp_id::RpIdError;
use fidokey::wire::authenticator_data::AuthenticatorDataError;
use fidokey::wire::cbor::CborError;

every!(domain_errors: DomainError {
    Empty() => [DomainError::Empty];
    IpAddress() => [DomainError::IpAddress];
    NotAscii() => [DomainError::NotAscii];
    Character(..) => [DomainError::Character('_')];
    EmptyLabel() => [DomainError::EmptyLabel];
    TooLong() => [DomainError::TooLong];
});

every!(origin_errors: OriginError {
    Form() => [OriginError::Form];
    NotSecure() => [OriginError::NotSecure];
    Port() => [OriginError::Port];
    Host(..) => [OriginError::Host(DomainError::Empty)];
});

every!(rp_id_errors: RpIdError {
    NotADomain(..) => [RpIdError::NotADomain(DomainError::IpAddress)];
    UpperCase{..} => [RpIdError::UpperCase { lower: "example.com".into() }];
    NotText() => [RpIdError::NotText];
    NotASuffix{..} => [RpIdError::NotASuffix { host: "login.example.com".into() }];
    PublicSuffix{..} => [RpIdError::PublicSuffix { rp_id: "co.uk".into() }];
    NotRelated{..} => [RpIdError::NotRelated { origin: "https://example.de".into() }];
    BehindTooMany{..} => [RpIdError::BehindTooMany { origin: "https://example.de".into() }];
});

every!(app_id_errors: AppIdError {
    NotHttps() => [AppIdError::NotHttps];
    Host(..) => [AppIdError::Host(DomainError::IpAddress)];
    OtherSite{..} => [AppIdError::OtherSite { origin: "https://example.com".into() }];
});

every!(extension_errors: ExtensionError {
    OtherCeremony{..} => [
        ExtensionError::OtherCeremony { member: "largeBlob.read", ceremony: "an assertion" },
    ];
    EvalByCredential() => [ExtensionError::EvalByCredential];
    LargeBlobReadAndWrite() => [ExtensionError::LargeBlobReadAndWrite];
    LargeBlobWrite() => [ExtensionError::LargeBlobWrite];
    AppId{..} => [
        ExtensionError::AppId { member: "appid", source: AppIdError::NotHttps },
    ];
});

every!(options_errors: OptionsError {
    Document(..) => [
        OptionsError::Document(DocumentError::TooLong { length: 2_000_000 }),
        OptionsError::Document(DocumentError::Json {
            line: 2, column: 10, message: "expected value".into(),
        }),
    ];
    OtherCeremony{..} => [
        OptionsError::OtherCeremony { expected: "a registration", found: "an assertion" },
    ];
    Missing{..} => [OptionsError::Missing { path: "publicKey.user.id".into() }];
    Type{..} => [
        OptionsError::Type { path: "timeout".into(), expected: "a number", found: "text" },
        OptionsError::Type { path: String::new(), expected: "an object", found: "a list" },
    ];
    Base64{..} => [OptionsError::Base64 { path: "excludeCredentials[3].id".into() }];
    Length{..} => [
        OptionsError::Length { path: "challenge".into(), length: 3, allowed: "at least 16" },
        OptionsError::Length { path: "challenge".into(), length: 1, allowed: "at least 16" },
    ];
    NoneKnown{..} => [OptionsError::NoneKnown { path: "allowCredentials".into() }];
});

every!(large_blob_problems: LargeBlobProblem {
    NoKey() => [LargeBlobProblem::NoKey];
    Seal(..) => [LargeBlobProblem::Seal(LargeBlobError::Key { length: 31 })];
    Store(..) => [LargeBlobProblem::Store(AuthenticatorError::NotTouched)];
});

every!(large_blob_errors: LargeBlobError {
    Random(..) => [LargeBlobError::Random(RandomError("none is there".into()))];
    Key{..} => [LargeBlobError::Key { length: 31 }];
    TooLong{..} => [LargeBlobError::TooLong { length: 2_000_000 }];
});

every!(response_errors: ResponseError {
    AuthenticatorData(..) => [
        ResponseError::AuthenticatorData(AuthenticatorDataError::TooShort { found: 36 }),
    ];
    NoCredential() => [ResponseError::NoCredential];
    AttestationObject(..) => [ResponseError::AttestationObject(CborError::TooDeep)];
});

every!(client_errors: ClientError {
    RpId(..) => [
        ClientError::RpId(RpIdError::NotASuffix { host: "login.example.com".into() }),
    ];
    Extension(..) => [ClientError::Extension(ExtensionError::LargeBlobWrite)];
    Authenticator(..) => [ClientError::Authenticator(AuthenticatorError::NotTouched)];
    Response(..) => [ClientError::Response(ResponseError::NoCredential)];
});

every!(id_errors: IdError {
    Empty() => [IdError::Empty];
    TooShort() => [IdError::TooShort];
    NotAnId() => [IdError::NotAnId];
});

fn document_error() -> DocumentError {
    DocumentError::Json { line: 2, column: 7, message: "missing field `id`".into() }
}

every!(saved_errors: SavedRegistrationError {
    NotJson(..) => [
        SavedRegistrationError::NotJson(NotJson::Empty),
        SavedRegistrationError::NotJson(NotJson::Markup),
        SavedRegistrationError::NotJson(NotJson::Utf16),
        SavedRegistrationError::NotJson(NotJson::Document(document_error())),
    ];
    Other(..) => [
        SavedRegistrationError::Other(DocumentKind::Assertion),
        SavedRegistrationError::Other(DocumentKind::CreationOptions),
    ];
    Json(..) => [SavedRegistrationError::Json(document_error())];
    Newer(..) => [SavedRegistrationError::Newer(2)];
    AttestationObject(..) => [SavedRegistrationError::AttestationObject(CborError::TooDeep)];
    AuthenticatorData(..) => [
        SavedRegistrationError::AuthenticatorData(AuthenticatorDataError::TooShort { found: 36 }),
    ];
    NoCredential() => [SavedRegistrationError::NoCredential];
});
