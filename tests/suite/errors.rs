//! Every error that a layer can give, as a person and a program see it.
//!
//! The lists below are matched exhaustively: a variant that is not in its list does not compile,
//! and one that is in it stands in a snapshot with its message, its causes, its hints, its exit
//! code and its JSON.

use fidokey::authenticator::{
    AuthenticatorError, ChooseError, Difference, PinError, PinPolicy, Question, ResetError,
    SelectError,
};
use fidokey::cli::error::CliError;
use fidokey::cli::explain;
use fidokey::client::{
    ClientError, ExtensionError, IdError, LargeBlobProblem, SavedRegistrationError,
};
use fidokey::ctap::get_info::{GetInfo, MEMBERS};
use fidokey::ctap::large_blobs::LargeBlobError;
use fidokey::ctap::pin_protocol::KeyAgreementError;
use fidokey::ctap::{
    CommandCode, CryptoError, Effect, MemberError, PinNotUtf8, PinPolicyError, PinProtocol,
    RandomError, ReplyError, read_reply,
};
use fidokey::trace::{Damage, ReadError, TraceFileError};
use fidokey::transport::channel::{ChannelError, Malformed};
use fidokey::transport::{BusError, ConnectionError, KeyDescription, KeyKind, KeyPath, OpenError};
use fidokey::virtual_key::{LastingError, StateError};
use fidokey::webauthn::app_id::AppIdError;
use fidokey::webauthn::json::options::OptionsError;
use fidokey::webauthn::json::{DocumentError, DocumentKind, NotJson, ResponseError};
use fidokey::webauthn::metadata::BlobError;
use fidokey::webauthn::metadata::payload::PayloadError;
use fidokey::webauthn::origin::{DomainError, OriginError};
use fidokey::webauthn::rp_id::RpIdError;
use fidokey::webauthn::trust::{PathError, RootsError};
use fidokey::wire::authenticator_data::AuthenticatorDataError;
use fidokey::wire::cbor::{CborError, Expected};
use fidokey::wire::ctaphid::{AssembleError, Command, HidErrorCode, SplitError};
use fidokey::wire::status::Status;
use std::fmt::Write;
use std::time::Duration;

/// Makes a function that gives examples of every variant of an error, by the variant's name.
macro_rules! every {
    ($function:ident: $error:ty { $($name:ident $pattern:tt => [$($example:expr),+ $(,)?];)* }) => {
        fn $function() -> Vec<(&'static str, $error)> {
            type Error = $error;
            // Without a wildcard: a new variant has to be named here.
            fn name(error: &Error) -> &'static str {
                match error {
                    $(every!(@pattern $name $pattern) => stringify!($name),)*
                }
            }
            let examples: Vec<Error> = vec![$($($example),+),*];
            let named: Vec<_> =
                examples.into_iter().map(|error| (name(&error), error)).collect();
            $(assert!(named.iter().any(|(name, _)| *name == stringify!($name)));)*
            named
        }
    };
    (@pattern $name:ident ()) => { Error::$name };
    (@pattern $name:ident (..)) => { Error::$name(..) };
    (@pattern $name:ident {..}) => { Error::$name { .. } };
}

fn key() -> KeyDescription {
    KeyDescription {
        path: KeyPath("/dev/hidraw3".into()),
        kind: KeyKind::Hid,
        vendor_id: Some(0x349e),
        product_id: Some(0x0022),
        manufacturer: Some("Token2".into()),
        product: Some("FIDO2 Security Key".into()),
        serial_number: None,
        port: Some("1-2".into()),
    }
}

fn other_key() -> KeyDescription {
    KeyDescription {
        path: KeyPath("/dev/hidraw4".into()),
        product: Some("YubiKey FIDO".into()),
        ..key()
    }
}

fn path() -> KeyPath {
    key().path
}

const SECONDS: Duration = Duration::from_secs(3);

every!(bus_errors: BusError {
    Enumerate(..) => [BusError::Enumerate("udev: no such device".into())];
});

every!(open_errors: OpenError {
    NotFound(..) => [
        OpenError::NotFound(path()),
        OpenError::NotFound(KeyPath("virtual:work".into())),
    ];
    NoPermission(..) => [OpenError::NoPermission(path())];
    InUse{..} => [OpenError::InUse { path: path() }];
    State{..} => [
        OpenError::State {
            path: KeyPath("virtual:work".into()),
            reason: "it is damaged: its checksum does not match".into(),
        },
        OpenError::State { path: KeyPath("virtual".into()), reason: "a defect".into() },
    ];
    Other{..} => [OpenError::Other { path: path(), reason: "Input/output error".into() }];
});

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

every!(connection_errors: ConnectionError {
    Unplugged() => [ConnectionError::Unplugged];
    InUse() => [ConnectionError::InUse];
    Refused{..} => [ConnectionError::Refused { act: "read", reason: "Broken pipe".into() }];
});

every!(assemble_errors: AssembleError {
    Sequence{..} => [AssembleError::Sequence { expected: 1, found: 2 }];
    TooLong{..} => [AssembleError::TooLong { length: 65535 }];
});

every!(split_errors: SplitError {
    ReportTooSmall(..) => [SplitError::ReportTooSmall(7)];
    TooLong{..} => [SplitError::TooLong { length: 8000, most: 7609 }];
});

every!(malformed_messages: Malformed {
    Packets(..) => [
        Malformed::Packets(AssembleError::Sequence { expected: 1, found: 2 }),
        Malformed::Packets(AssembleError::TooLong { length: 65535 }),
    ];
    NoFirstPacket() => [Malformed::NoFirstPacket];
    BrokenOff() => [Malformed::BrokenOff];
    OtherCommand{..} => [
        Malformed::OtherCommand { sent: Command::CBOR, answered: Command::MSG },
    ];
    NoErrorCode() => [Malformed::NoErrorCode];
    NoKeepaliveStatus() => [Malformed::NoKeepaliveStatus];
    Empty() => [Malformed::Empty];
    InitTooShort{..} => [Malformed::InitTooShort { length: 16 }];
    ReservedChannel(..) => [Malformed::ReservedChannel(0)];
});

every!(channel_errors: ChannelError {
    Connection(..) => [ChannelError::Connection(ConnectionError::Unplugged)];
    NoAnswer{..} => [ChannelError::NoAnswer { waited: SECONDS, doing: "a CTAP2 command" }];
    TimedOut{..} => [
        ChannelError::TimedOut { waited: Duration::from_secs(60), waiting_for_touch: false },
        ChannelError::TimedOut { waited: Duration::from_secs(60), waiting_for_touch: true },
    ];
    Interrupted() => [ChannelError::Interrupted];
    Busy{..} => [ChannelError::Busy { waited: Duration::from_millis(500) }];
    Refused(..) => [
        ChannelError::Refused(HidErrorCode(0x03)),
        ChannelError::Refused(HidErrorCode::CHANNEL_BUSY),
        ChannelError::Refused(HidErrorCode(0x42)),
    ];
    Malformed(..) => [ChannelError::Malformed(Malformed::BrokenOff)];
    MessageTooLong(..) => [
        ChannelError::MessageTooLong(SplitError::TooLong { length: 8000, most: 7609 }),
        ChannelError::MessageTooLong(SplitError::ReportTooSmall(7)),
    ];
});

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

every!(policy_errors: PinPolicyError {
    TooShort{..} => [PinPolicyError::TooShort { minimum: 6, found: 4 }];
    TooLong{..} => [PinPolicyError::TooLong { maximum: 8, found: 9 }];
    TooManyBytes{..} => [PinPolicyError::TooManyBytes { found: 64 }];
    ContainsNul() => [PinPolicyError::ContainsNul];
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

fn uncertain(effect: Effect, source: AuthenticatorError) -> AuthenticatorError {
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
    NoUserVerification() => [AuthenticatorError::NoUserVerification];
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

every!(state_errors: StateError {
    Read(..) => [StateError::Read("Input/output error".into())];
    NotAFile() => [StateError::NotAFile];
    TooLong() => [StateError::TooLong];
    Malformed(..) => [StateError::Malformed("expected value at line 1 column 1".into())];
    Newer{..} => [StateError::Newer { found: 2 }];
    Checksum() => [StateError::Checksum];
    Entry{..} => [StateError::Entry { entry: 5, reason: "too long" }];
});

every!(lasting_errors: LastingError {
    Exists(..) => [LastingError::Exists("work".parse().unwrap())];
    NotFound(..) => [LastingError::NotFound("work".parse().unwrap())];
    InUse(..) => [LastingError::InUse("work".parse().unwrap())];
    State{..} => [
        LastingError::State { name: "work".parse().unwrap(), reason: StateError::Checksum },
    ];
    Refused{..} => [
        LastingError::Refused {
            act: "write",
            path: "/home/alice/.local/share/fidokey/virtual-keys/work".into(),
            reason: std::io::ErrorKind::StorageFull.into(),
        },
    ];
});

every!(trace_file_errors: TraceFileError {
    NotATrace() => [TraceFileError::NotATrace];
    InUse() => [TraceFileError::InUse];
    Refused(..) => [TraceFileError::Refused(std::io::ErrorKind::StorageFull.into())];
});

every!(trace_read_errors: ReadError {
    NotATrace() => [ReadError::NotATrace];
    Newer{..} => [ReadError::Newer { found: 2 }];
    Refused(..) => [ReadError::Refused(std::io::ErrorKind::PermissionDenied.into())];
});

every!(trace_damages: Damage {
    TooLong() => [Damage::TooLong];
    NotAnEntry(..) => [Damage::NotAnEntry("expected ident".into())];
    BrokenOff() => [Damage::BrokenOff];
});

/// What stands on stderr, then the kind, the exit code and what JSON has besides.
pub fn shown(error: &CliError) -> String {
    let mut text = format!("Error: {}\n", error.text());
    for hint in &error.hints {
        writeln!(text, "Hint: {hint}").unwrap();
    }
    let json = serde_json::to_value(error.json()).unwrap();
    let body = &json["error"];
    assert_eq!(body["message"], error.message);
    assert_eq!(body["causes"], serde_json::to_value(&error.causes).unwrap());
    assert_eq!(body["hints"], serde_json::to_value(&error.hints).unwrap());
    assert_eq!(body["exit_code"], error.exit.code());
    write!(text, "--- exit {}, kind {}", body["exit_code"], body["kind"]).unwrap();
    for more in ["ctap_status", "retries_left"] {
        if let Some(value) = body.get(more) {
            write!(text, ", {more} {value}").unwrap();
        }
    }
    for line in [&error.message].into_iter().chain(&error.causes).chain(&error.hints) {
        assert!(!line.chars().any(char::is_control), "{line:?}");
        assert!(!line.trim().is_empty() && line.trim() == line, "{line:?}");
    }
    assert!(error.message.ends_with(['.', ']', '?']), "{text}");
    assert!(!error.hints.is_empty() || error.kind == "interrupted", "no next step: {text}");
    text
}

pub fn all<E>(examples: Vec<(&'static str, E)>, explain: impl Fn(&E) -> CliError) -> String {
    let mut text = String::new();
    for (name, error) in examples {
        writeln!(text, "# {name}\n{}\n", shown(&explain(&error))).unwrap();
    }
    text
}

#[test]
fn authenticator() {
    insta::assert_snapshot!(all(authenticator_errors(), |e| explain::authenticator(e, &key())));
}

#[test]
fn pin() {
    let explain =
        |error: &PinError| explain::authenticator(&AuthenticatorError::Pin(error.clone()), &key());
    insta::assert_snapshot!(all(pin_errors(), explain));
}

#[test]
fn pin_policy() {
    let explain = |error: &PinPolicyError| {
        explain::authenticator(&AuthenticatorError::Pin(PinError::Policy(*error)), &key())
    };
    insta::assert_snapshot!(all(policy_errors(), explain));
}

#[test]
fn reset() {
    let mut text = String::new();
    for (name, error) in reset_errors() {
        let error = explain::authenticator(&AuthenticatorError::Reset(error), &key());
        writeln!(text, "# {name}\n{}\n", shown(&error)).unwrap();
    }
    insta::assert_snapshot!(text);
}

#[test]
fn questions_that_were_not_answered() {
    for (name, question) in questions() {
        for error in
            [AuthenticatorError::CannotAsk(question), AuthenticatorError::Declined(question)]
        {
            let text = shown(&explain::authenticator(&error, &key()));
            assert!(text.contains("Nothing was changed"), "{name}: {text}");
        }
    }
}

/// Nobody is told that nothing was changed when that is not known.
#[test]
fn uncertain_outcomes() {
    let mut text = String::new();
    let failures: [fn() -> AuthenticatorError; 5] = [
        || AuthenticatorError::Channel(ChannelError::Connection(ConnectionError::Unplugged)),
        || AuthenticatorError::NotTouched,
        || AuthenticatorError::Interrupted,
        || AuthenticatorError::Channel(ChannelError::Malformed(Malformed::BrokenOff)),
        || AuthenticatorError::Malformed {
            command: CommandCode::MAKE_CREDENTIAL,
            source: ReplyError::Empty,
        },
    ];
    for (name, effect) in effects() {
        for failure in failures {
            let error = explain::authenticator(&uncertain(effect, failure()), &key());
            assert!(!shown(&error).contains("Nothing was changed"), "{}", shown(&error));
            assert!(error.message.contains(" may have "), "{}", shown(&error));
        }
        let error = explain::authenticator(&uncertain(effect, failures[0]()), &key());
        writeln!(text, "# {name}\n{}\n", shown(&error)).unwrap();
    }
    insta::assert_snapshot!(text);
}

#[test]
fn bus() {
    let explain = |error: &BusError| {
        let BusError::Enumerate(reason) = error;
        explain::choose(&ChooseError::Bus(BusError::Enumerate(reason.clone())))
    };
    insta::assert_snapshot!(all(bus_errors(), explain));
}

#[test]
fn open() {
    let explain = |error: &OpenError| match error {
        OpenError::NotFound(path) | OpenError::State { path, .. } if path.0 != key().path.0 => {
            let kind = KeyKind::Virtual;
            explain::open(error, &KeyDescription { path: path.clone(), kind, ..key() })
        }
        error => explain::open(error, &key()),
    };
    insta::assert_snapshot!(all(open_errors(), explain));
}

#[test]
fn choose() {
    insta::assert_snapshot!(all(choose_errors(), explain::choose));
}

#[test]
fn select() {
    let keys = [key(), other_key()];
    insta::assert_snapshot!(all(select_errors(), |error| explain::select(error, &keys)));
}

#[test]
fn channel() {
    insta::assert_snapshot!(all(channel_errors(), |error| explain::channel(error, &key())));
}

#[test]
fn connection() {
    let mut text = String::new();
    for (name, error) in connection_errors() {
        let error = explain::channel(&ChannelError::Connection(error), &key());
        writeln!(text, "# {name}\n{}\n", shown(&error)).unwrap();
    }
    insta::assert_snapshot!(text);
}

#[test]
fn client() {
    insta::assert_snapshot!(all(client_errors(), |error| explain::client(error, &key())));
}

#[test]
fn options() {
    insta::assert_snapshot!(all(client_errors(), explain::options));
}

#[test]
fn lasting_virtual_keys() {
    insta::assert_snapshot!(all(lasting_errors(), explain::lasting));
}

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

#[test]
fn metadata() {
    let blob = |error: &BlobError| explain::metadata_blob(error, "blob.jwt", "--root");
    let mut text = all(blob_errors(), blob);
    text += &all(payload_errors(), |error| blob(&BlobError::Payload(error.clone())));
    text += &all(path_errors(), |error| blob(&BlobError::Chain(error.clone())));
    let path = std::path::Path::new("/home/alice/roots.pem");
    text += &all(roots_errors(), |error| explain::roots(error, "--roots", path));
    let others = [
        explain::metadata_expired("2026-11-01".parse().unwrap(), "blob.jwt", "A hint."),
        explain::metadata_older(290, 291, "blob.jwt"),
        explain::no_metadata(),
        explain::no_such_model("\"nonsense\"", 291),
        explain::no_place_for_metadata(),
        explain::unreadable_input("blob.jwt", "No such file or directory (os error 2)"),
    ];
    for error in others {
        writeln!(text, "# {}\n{}\n", error.kind, shown(&error)).unwrap();
    }
    insta::assert_snapshot!(text);
}

#[test]
fn traces() {
    let path = std::path::Path::new("/home/alice/trace");
    let written = all(trace_file_errors(), |error| explain::trace_file(error, path));
    let read = all(trace_read_errors(), |error| explain::trace_read(error, "/home/alice/trace"));
    insta::assert_snapshot!(format!("{written}{read}"));
}

#[test]
fn crypto() {
    let mut text = String::new();
    for (name, error) in crypto_errors() {
        let error = explain::authenticator(&AuthenticatorError::Crypto(error), &key());
        writeln!(text, "# {name}\n{}\n", shown(&error)).unwrap();
    }
    insta::assert_snapshot!(text);
}

/// Every status that a key may refuse a command with, those without a name included.
#[test]
fn statuses() {
    let mut text = String::new();
    let unnamed = [Status(0x42), Status(0xe1), Status(0xf3)];
    for status in Status::ALL.iter().copied().filter(|status| !status.is_ok()).chain(unnamed) {
        let refused = ReplyError::Refused(status);
        assert_eq!(read_reply(&GetInfo, &[status.0, 0xff]).unwrap_err(), refused);
        let command = CommandCode::MAKE_CREDENTIAL;
        let error =
            explain::authenticator(&AuthenticatorError::Refused { command, status }, &key());
        let shown = shown(&error);
        assert!(shown.contains("Nothing was changed"), "{shown}");
        writeln!(text, "{shown}\n").unwrap();
    }
    insta::assert_snapshot!(text);
}

/// What stands after "because", or is put into a sentence.
#[test]
fn causes() {
    let mut text = String::new();
    macro_rules! list {
        ($($errors:expr;)*) => {
            $(for (name, error) in $errors {
                let cause = error.to_string();
                assert!(!cause.ends_with('.') && !cause.contains('\n'), "{cause}");
                let error: &dyn std::error::Error = &error;
                writeln!(text, "{name}: {cause}").unwrap();
                let mut source = error.source();
                while let Some(error) = source {
                    writeln!(text, "  {error}").unwrap();
                    source = error.source();
                }
            }
            writeln!(text).unwrap();)*
        };
    }
    list! {
        app_id_errors();
        extension_errors();
        options_errors();
        large_blob_problems();
        large_blob_errors();
        malformed_messages();
        assemble_errors();
        split_errors();
        cbor_errors();
        authenticator_data_errors();
        key_agreement_errors();
        member_errors();
        reply_errors();
        domain_errors();
        origin_errors();
        rp_id_errors();
        response_errors();
        id_errors();
        saved_errors();
        state_errors();
        trace_file_errors();
        trace_read_errors();
        trace_damages();
        [("PinNotUtf8", PinNotUtf8)];
    }
    insta::assert_snapshot!(text);
}

/// What stands between backticks in everything that a person can read: commands and flags that
/// exist.
#[test]
fn hints_name_only_commands_and_flags_that_exist() {
    use clap::CommandFactory;
    let mut root = fidokey::cli::args::Cli::command();
    root.build();
    let mut flags = std::collections::BTreeSet::new();
    let mut commands = vec![&root];
    while let Some(command) = commands.pop() {
        flags.extend(command.get_arguments().filter_map(|arg| arg.get_long().map(str::to_owned)));
        commands.extend(command.get_subcommands());
    }
    let snapshots = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/suite/snapshots");
    let mut seen = 0;
    for entry in std::fs::read_dir(snapshots).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let quoted = text.lines().flat_map(|line| line.split('`').skip(1).step_by(2));
        for quoted in quoted {
            // What follows in a pipe is somebody else's.
            let is_end = |word: &&str| ["|", "&&"].contains(word);
            let words = quoted.split_whitespace().take_while(|word| !is_end(word));
            let words: Vec<&str> = words.collect();
            let ours = quoted.starts_with("--") || words.first() == Some(&"fidokey");
            for flag in words.iter().filter(|_| ours).filter_map(|word| word.strip_prefix("--")) {
                let flag = flag.split('=').next().unwrap();
                assert!(flags.contains(flag), "--{flag} in {}: {quoted}", path.display());
            }
            if words.first() == Some(&"fidokey") {
                seen += 1;
                let mut command = &root;
                for word in words[1..].iter().take_while(|word| !word.starts_with('-')) {
                    let Some(next) = command.find_subcommand(word) else { break };
                    command = next;
                }
                let known = !command.has_subcommands() || words.get(1) == Some(&"--help");
                assert!(known, "no such command in {}: {quoted}", path.display());
            }
        }
    }
    assert!(seen > 100, "{seen}");
}
