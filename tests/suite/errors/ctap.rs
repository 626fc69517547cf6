//! Errors of what a key answers, and of what is encrypted for it.

use fidokey::ctap::get_info::MEMBERS;
use fidokey::ctap::pin_protocol::KeyAgreementError;
use fidokey::ctap::{CommandCode, CryptoError, MemberError, PinProtocol, RandomError, ReplyError};
use fidokey::wire::authenticator_data::AuthenticatorDataError;
use fidokey::wire::cbor::{CborError, Expected};
use fidokey::wire::status::Status;

every!(cbor_errors: CborError {
    Malformed{..} => [CborError::Malformed { at: 17 }];
    TrailingBytes{..} => [CborError::TrailingBytes { count: 1 }];
    TooDeep() => [CborError::TooDeep];
    TooMany{..} => [CborError::TooMany { claimed: u64::MAX }];
    Indefinite() => [CborError::Indefinite];
    DuplicateKey{..} => [CborError::DuplicateKey { key: "0x01".into() }];
    UnexpectedType{..} => [
        CborError::UnexpectedType { expected: Expected::Unsigned },
        CborError::UnexpectedType { expected: Expected::Map },
    ];
    NotUtf8() => [CborError::NotUtf8];
    WrongLength{..} => [CborError::WrongLength { expected: 16, found: 1 }];
    Missing(..) => [CborError::Missing("versions")];
});

every!(authenticator_data_errors: AuthenticatorDataError {
    TooShort{..} => [AuthenticatorDataError::TooShort { found: 36 }];
    PublicKey(..) => [AuthenticatorDataError::PublicKey(CborError::TooDeep)];
    Extensions(..) => [AuthenticatorDataError::Extensions(CborError::TooDeep)];
    TrailingBytes{..} => [AuthenticatorDataError::TrailingBytes { count: 2 }];
});

every!(key_agreement_errors: KeyAgreementError {
    WrongType() => [KeyAgreementError::WrongType];
    NotOnCurve() => [KeyAgreementError::NotOnCurve];
});

every!(member_errors: MemberError {
    Cbor(..) => [MemberError::Cbor(CborError::NotUtf8)];
    AuthenticatorData(..) => [
        MemberError::AuthenticatorData(AuthenticatorDataError::TooShort { found: 36 }),
    ];
    KeyAgreement(..) => [MemberError::KeyAgreement(KeyAgreementError::NotOnCurve)];
});

every!(reply_errors: ReplyError {
    Empty() => [ReplyError::Empty];
    Refused(..) => [ReplyError::Refused(Status::OTHER)];
    Malformed{..} => [
        ReplyError::Malformed {
            command: CommandCode::GET_INFO,
            member: Some(MEMBERS[0]),
            source: MemberError::Cbor(CborError::Missing("versions")),
        },
        ReplyError::Malformed {
            command: CommandCode::MAKE_CREDENTIAL,
            member: None,
            source: MemberError::Cbor(CborError::Malformed { at: 17 }),
        },
    ];
});

every!(crypto_errors: CryptoError {
    Random(..) => [CryptoError::Random(RandomError("Function not implemented".into()))];
    NoPrivateKey() => [CryptoError::NoPrivateKey];
    Length{..} => [CryptoError::Length { protocol: PinProtocol::Two, length: 5 }];
    TokenLength{..} => [CryptoError::TokenLength { protocol: PinProtocol::Two, length: 16 }];
    PinTooLong{..} => [CryptoError::PinTooLong { length: 64 }];
    OutputLength{..} => [CryptoError::OutputLength { expected: 32, found: 16 }];
});
