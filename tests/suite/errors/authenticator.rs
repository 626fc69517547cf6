//! Errors of ceremonies with a key: its choice, the PIN, a reset.

use super::*;
use fidokey::authenticator::{
    AuthenticatorError, ChooseError, Difference, NotSetUp, PinError, PinPolicy, Question,
    ResetError, SelectError,
};
use fidokey::ctap::get_info::MEMBERS;
use fidokey::ctap::{
    CommandCode, CryptoError, Effect, MemberError, PinPolicyError, PinProtocol, RandomError,
    ReplyError,
};
use fidokey::transport::channel::ChannelError;
use fidokey::transport::{BusError, ConnectionError, KeyDescription, OpenError};
use fidokey::wire::cbor::CborError;
use fidokey::wire::status::Status;
use std::time::Duration;

every!(choose_errors: ChooseError {
    Bus(..) => [ChooseError::Bus(BusError::Enumerate("udev: no such device".into()))];
    NoKey() => [ChooseError::NoKey];
    Several(..) => [ChooseError::Several(vec![key(), other_key()])];
    NoMatch{..} => [
        ChooseError::NoMatch { selector: "yubi".into(), keys: vec![key()] },
        ChooseError::NoMatch { selector: "yubi".into(), keys: vec![] },
    ];
    Ambiguous{..} => [
        ChooseError::Ambiguous { selector: "key".into(), keys: vec![key(), other_key()] },
    ];
});

every!(select_errors: SelectError {
    NoneUsable{..} => [
        SelectError::NoneUsable {
            key: Box::new(key()),
            source: Box::new(OpenError::InUse { path: path() }.into()),
        },
    ];
    NotTouched() => [SelectError::NotTouched];
    NoneMeant() => [SelectError::NoneMeant];
    CannotAsk() => [SelectError::CannotAsk];
    Interrupted() => [SelectError::Interrupted];
    Random(..) => [SelectError::Random(RandomError("none is there".into()))];
});

every!(policy_errors: PinPolicyError {
    TooShort{..} => [PinPolicyError::TooShort { minimum: 6, found: 4 }];
    TooLong{..} => [PinPolicyError::TooLong { maximum: 8, found: 9 }];
    TooManyBytes{..} => [PinPolicyError::TooManyBytes { found: 64 }];
    ContainsNul() => [PinPolicyError::ContainsNul];
    ContainsControl() => [PinPolicyError::ContainsControl];
});

fn policy(complexity_url: Option<&str>) -> PinPolicy {
    PinPolicy {
        min_code_points: 6,
        max_code_points: 63,
        complexity: complexity_url.map(|_| true),
        complexity_url: complexity_url.map(str::to_owned),
    }
}

every!(pin_errors: PinError {
    Wrong{..} => [
        PinError::Wrong { retries: Some(5) },
        PinError::Wrong { retries: Some(1) },
        PinError::Wrong { retries: None },
    ];
    BlockedUntilReplug{..} => [
        PinError::BlockedUntilReplug { retries: Some(5) },
        PinError::BlockedUntilReplug { retries: None },
    ];
    BlockedForGood() => [PinError::BlockedForGood];
    NotSet() => [PinError::NotSet];
    AlreadySet() => [PinError::AlreadySet];
    MustBeChanged() => [PinError::MustBeChanged];
    LastTry() => [PinError::LastTry];
    CannotBe(..) => [
        PinError::CannotBe(PinPolicyError::TooShort { minimum: 4, found: 3 }),
        PinError::CannotBe(PinPolicyError::TooManyBytes { found: 64 }),
        PinError::CannotBe(PinPolicyError::ContainsNul),
        PinError::CannotBe(PinPolicyError::ContainsControl),
    ];
    Policy(..) => [PinError::Policy(PinPolicyError::TooShort { minimum: 6, found: 4 })];
    RefusedByPolicy{..} => [
        PinError::RefusedByPolicy { policy: policy(None), same_as_before: false },
        PinError::RefusedByPolicy { policy: policy(None), same_as_before: true },
        PinError::RefusedByPolicy {
            policy: policy(Some("https://example.com/\u{1b}[2Jpin")),
            same_as_before: false,
        },
    ];
    Unsupported() => [PinError::Unsupported];
    NotRecognised{..} => [
        PinError::NotRecognised { retries: Some(2) },
        PinError::NotRecognised { retries: None },
    ];
    TokenRefused() => [PinError::TokenRefused];
});

fn another(difference: Difference) -> ResetError {
    let serial_number = Some("1234\u{7}".to_owned());
    let found = Box::new(KeyDescription { serial_number, ..other_key() });
    ResetError::AnotherKey { found, difference }
}

every!(reset_errors: ResetError {
    Transport{..} => [
        ResetError::Transport { allowed: vec!["nfc".into(), "smart-card".into()] },
        ResetError::Transport { allowed: vec![] },
    ];
    NotUnplugged{..} => [ResetError::NotUnplugged { waited: Duration::from_secs(60) }];
    NotPluggedIn{..} => [ResetError::NotPluggedIn { waited: Duration::from_secs(60) }];
    AnotherKey{..} => [
        another(Difference::Model),
        another(Difference::SerialNumber),
        another(Difference::State),
    ];
    TooLate{..} => [ResetError::TooLate { status: Status::NOT_ALLOWED }];
    Denied{..} => [ResetError::Denied { status: Status::OPERATION_DENIED }];
});

every!(questions: Question {
    Pin() => [Question::Pin];
    NewPin() => [Question::NewPin];
    SameKey() => [Question::SameKey];
});

every!(effects: Effect {
    CredentialKept() => [Effect::CredentialKept];
    CredentialDeleted() => [Effect::CredentialDeleted];
    NamesChanged() => [Effect::NamesChanged];
    PinTried() => [Effect::PinTried];
    PinSet() => [Effect::PinSet];
    PinChanged() => [Effect::PinChanged];
    Reset() => [Effect::Reset];
});

pub(super) fn uncertain(effect: Effect, source: AuthenticatorError) -> AuthenticatorError {
    AuthenticatorError::Uncertain { effect, source: Box::new(source) }
}

every!(authenticator_errors: AuthenticatorError {
    Bus(..) => [AuthenticatorError::Bus(BusError::Enumerate("udev: no such device".into()))];
    Open(..) => [AuthenticatorError::Open(OpenError::NoPermission(path()))];
    Channel(..) => [
        AuthenticatorError::Channel(ChannelError::Connection(ConnectionError::Unplugged)),
    ];
    Malformed{..} => [
        AuthenticatorError::Malformed {
            command: CommandCode::GET_INFO,
            source: ReplyError::Malformed {
                command: CommandCode::GET_INFO,
                member: Some(MEMBERS[0]),
                source: MemberError::Cbor(CborError::Missing("versions")),
            },
        },
    ];
    Refused{..} => [
        AuthenticatorError::Refused {
            command: CommandCode::MAKE_CREDENTIAL,
            status: Status::KEY_STORE_FULL,
        },
    ];
    U2fOnly() => [AuthenticatorError::U2fOnly];
    Unsupported{..} => [AuthenticatorError::Unsupported { what: "blinking on request".into() }];
    OnlyVerified{..} => [
        AuthenticatorError::OnlyVerified {
            what: "the derivation of secrets (hmac-secret)",
            status: Status::PIN_AUTH_INVALID,
        },
    ];
    NoUserVerification(..) => [
        AuthenticatorError::NoUserVerification(NotSetUp::Pin),
        AuthenticatorError::NoUserVerification(NotSetUp::OwnVerification),
        AuthenticatorError::NoUserVerification(NotSetUp::PinAndOwnVerification),
    ];
    Pin(..) => [AuthenticatorError::Pin(PinError::NotSet)];
    CannotAsk(..) => [
        AuthenticatorError::CannotAsk(Question::Pin),
        AuthenticatorError::CannotAsk(Question::NewPin),
        AuthenticatorError::CannotAsk(Question::SameKey),
    ];
    Declined(..) => [
        AuthenticatorError::Declined(Question::Pin),
        AuthenticatorError::Declined(Question::NewPin),
        AuthenticatorError::Declined(Question::SameKey),
    ];
    Interrupted() => [AuthenticatorError::Interrupted];
    NotTouched() => [AuthenticatorError::NotTouched];
    Denied{..} => [
        AuthenticatorError::Denied { status: Status::OPERATION_DENIED },
        AuthenticatorError::Denied { status: Status::KEEPALIVE_CANCEL },
    ];
    Reset(..) => [
        AuthenticatorError::Reset(ResetError::TooLate { status: Status::NOT_ALLOWED }),
    ];
    Random(..) => [AuthenticatorError::Random(RandomError("Function not implemented".into()))];
    Crypto(..) => [
        AuthenticatorError::Crypto(CryptoError::TokenLength {
            protocol: PinProtocol::Two,
            length: 16,
        }),
    ];
    Uncertain{..} => [
        uncertain(Effect::CredentialKept, AuthenticatorError::NotTouched),
        uncertain(Effect::CredentialKept, AuthenticatorError::Interrupted),
        uncertain(
            Effect::PinTried,
            AuthenticatorError::Channel(ChannelError::NoAnswer {
                waited: SECONDS,
                doing: "a CTAP2 command",
            }),
        ),
    ];
    TooMany{..} => [AuthenticatorError::TooMany { what: "assertions", claimed: u64::MAX }];
});
