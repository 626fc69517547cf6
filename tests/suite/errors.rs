//! Every error that a layer can give, as a person and a program see it.
//!
//! The lists below are matched exhaustively: a variant that is not in its list does not compile,
//! and one that is in it stands in a snapshot with its message, its causes, its hints, its exit
//! code and its JSON.

use authenticator::*;
use client::*;
use ctap::*;
use fidokey::authenticator::{AuthenticatorError, ChooseError, PinError};
use fidokey::cli::error::CliError;
use fidokey::cli::error_words;
use fidokey::ctap::get_info::GetInfo;
use fidokey::ctap::{CommandCode, PinNotUtf8, PinPolicyError, ReplyError, read_reply};
use fidokey::transport::channel::{ChannelError, Malformed};
use fidokey::transport::{BusError, ConnectionError, KeyDescription, KeyKind, KeyPath, OpenError};
use fidokey::webauthn::metadata::BlobError;
use fidokey::wire::status::Status;
use kept::*;
use metadata::*;
use std::fmt::Write;
use std::time::Duration;
use transport::*;

/// Makes a function that gives examples of every variant of an error, by the variant's name.
macro_rules! every {
    ($function:ident: $error:ty { $($name:ident $pattern:tt => [$($example:expr),+ $(,)?];)* }) => {
        pub(super) fn $function() -> Vec<(&'static str, $error)> {
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

mod authenticator;
mod client;
mod ctap;
mod kept;
mod metadata;
mod transport;

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
    each(examples, |error| explain(&error))
}

fn each<E>(examples: Vec<(&'static str, E)>, explain: impl Fn(E) -> CliError) -> String {
    let mut text = String::new();
    for (name, error) in examples {
        writeln!(text, "# {name}\n{}\n", shown(&explain(error))).unwrap();
    }
    text
}

#[test]
fn authenticator() {
    insta::assert_snapshot!(all(authenticator_errors(), |e| error_words::authenticator(e, &key())));
}

#[test]
fn pin() {
    let explain = |error: &PinError| {
        error_words::authenticator(&AuthenticatorError::Pin(error.clone()), &key())
    };
    insta::assert_snapshot!(all(pin_errors(), explain));
}

#[test]
fn pin_policy() {
    let explain = |error: &PinPolicyError| {
        error_words::authenticator(&AuthenticatorError::Pin(PinError::Policy(*error)), &key())
    };
    insta::assert_snapshot!(all(policy_errors(), explain));
}

#[test]
fn reset() {
    let explain = |error| error_words::authenticator(&AuthenticatorError::Reset(error), &key());
    insta::assert_snapshot!(each(reset_errors(), explain));
}

#[test]
fn questions_that_were_not_answered() {
    for (name, question) in questions() {
        for error in
            [AuthenticatorError::CannotAsk(question), AuthenticatorError::Declined(question)]
        {
            let text = shown(&error_words::authenticator(&error, &key()));
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
            let error = error_words::authenticator(&uncertain(effect, failure()), &key());
            assert!(!shown(&error).contains("Nothing was changed"), "{}", shown(&error));
            assert!(error.message.contains(" may have "), "{}", shown(&error));
        }
        let error = error_words::authenticator(&uncertain(effect, failures[0]()), &key());
        writeln!(text, "# {name}\n{}\n", shown(&error)).unwrap();
    }
    insta::assert_snapshot!(text);
}

#[test]
fn bus() {
    let explain = |error: &BusError| {
        let BusError::Enumerate(reason) = error;
        error_words::choose(&ChooseError::Bus(BusError::Enumerate(reason.clone())))
    };
    insta::assert_snapshot!(all(bus_errors(), explain));
}

#[test]
fn open() {
    let explain = |error: &OpenError| match error {
        OpenError::NotFound(path) | OpenError::State { path, .. } if path.0 != key().path.0 => {
            let kind = KeyKind::Virtual;
            error_words::open(error, &KeyDescription { path: path.clone(), kind, ..key() })
        }
        error => error_words::open(error, &key()),
    };
    insta::assert_snapshot!(all(open_errors(), explain));
}

#[test]
fn choose() {
    insta::assert_snapshot!(all(choose_errors(), error_words::choose));
}

#[test]
fn select() {
    let keys = [key(), other_key()];
    insta::assert_snapshot!(all(select_errors(), |error| error_words::select(error, &keys)));
}

fn in_a_ceremony(error: ChannelError) -> CliError {
    error_words::authenticator(&AuthenticatorError::Channel(error), &key())
}

#[test]
fn channel() {
    insta::assert_snapshot!(each(channel_errors(), in_a_ceremony));
}

#[test]
fn connection() {
    let explain = |error| in_a_ceremony(ChannelError::Connection(error));
    insta::assert_snapshot!(each(connection_errors(), explain));
}

#[test]
fn client() {
    insta::assert_snapshot!(all(client_errors(), |error| error_words::client(error, &key())));
}

#[test]
fn options() {
    insta::assert_snapshot!(all(client_errors(), |error| {
        error_words::options(error, &error_words::named("rp.id", Some("example.org")))
    }));
}

#[test]
fn lasting_virtual_keys() {
    insta::assert_snapshot!(all(lasting_errors(), error_words::lasting));
}

#[test]
fn metadata() {
    let blob = |error: &BlobError| error_words::metadata_blob(error, "blob.jwt", "--root");
    let mut text = all(blob_errors(), blob);
    text += &all(payload_errors(), |error| blob(&BlobError::Payload(error.clone())));
    text += &all(path_errors(), |error| blob(&BlobError::Chain(error.clone())));
    let path = std::path::Path::new("/home/alice/roots.pem");
    text += &all(roots_errors(), |error| error_words::roots(error, "--roots", path));
    let others = [
        error_words::metadata_expired("2026-11-01".parse().unwrap(), "blob.jwt", "A hint."),
        error_words::metadata_older(290, 291, "blob.jwt"),
        error_words::no_metadata(),
        error_words::no_such_model("\"nonsense\"", 291),
        error_words::no_place_for_metadata(),
        error_words::unreadable_input("blob.jwt", "No such file or directory (os error 2)"),
    ];
    for error in others {
        writeln!(text, "# {}\n{}\n", error.kind, shown(&error)).unwrap();
    }
    insta::assert_snapshot!(text);
}

#[test]
fn traces() {
    let path = std::path::Path::new("/home/alice/trace");
    let written = all(trace_file_errors(), |error| error_words::trace_file(error, path));
    let read =
        all(trace_read_errors(), |error| error_words::trace_read(error, "/home/alice/trace"));
    insta::assert_snapshot!(format!("{written}{read}"));
}

#[test]
fn crypto() {
    let explain = |error| error_words::authenticator(&AuthenticatorError::Crypto(error), &key());
    insta::assert_snapshot!(each(crypto_errors(), explain));
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
            error_words::authenticator(&AuthenticatorError::Refused { command, status }, &key());
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
