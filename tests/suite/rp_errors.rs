//! Every error of remote relying parties and of audits, as a person and a program see it.

use crate::errors::all;
use crate::harness::{Desk, Outcome};
use fidokey::cli::error_words;
use fidokey::cli::exit::Exit;
use fidokey::ctap::RandomError;
use fidokey::relying_party::audit::AuditError;
use fidokey::relying_party::forge::ForgeError;
use fidokey::relying_party::remote::roots::RootsError;
use fidokey::relying_party::remote::{RemoteError, UrlError};
use fidokey::webauthn::json::options::OptionsError;
use fidokey::wire::cose::Algorithm;
use std::fmt::Write;
use std::time::Duration;

const HOSTILE: &str = "no \u{1b}[2J\u{202e}way";

fn url() -> String {
    "https://login.example.com/attestation/result".into()
}

every!(remote_errors: RemoteError {
    Unreachable{..} => [
        RemoteError::Unreachable { url: url(), reason: "nothing listens there".into() },
    ];
    Tls{..} => [
        RemoteError::Tls { url: url(), reason: "invalid peer certificate: UnknownIssuer".into() },
    ];
    TimedOut{..} => [RemoteError::TimedOut { url: url(), after: Duration::from_secs(30) }];
    Interrupted() => [RemoteError::Interrupted];
    Redirected{..} => [
        RemoteError::Redirected { url: url(), target: Some(format!("/login{HOSTILE}")) },
        RemoteError::Redirected { url: url(), target: None },
    ];
    TooLong{..} => [RemoteError::TooLong { url: url(), limit: 1_048_576 }];
    NotJson{..} => [
        RemoteError::NotJson { url: url(), status: 404, content_type: Some("text/html".into()) },
        RemoteError::NotJson { url: url(), status: 200, content_type: None },
        RemoteError::NotJson { url: url(), status: 502, content_type: Some("text/html".into()) },
    ];
    BrokenJson{..} => [
        RemoteError::BrokenJson {
            url: url(),
            status: 200,
            problem: "its JSON ends too early, line 1 column 40".into(),
        },
    ];
    Unclear{..} => [RemoteError::Unclear { url: url(), status: 200 }];
    TooManyRequests{..} => [RemoteError::TooManyRequests { url: url() }];
    Refused{..} => [
        RemoteError::Refused { url: url(), status: 400, message: Some(HOSTILE.into()) },
        RemoteError::Refused { url: url(), status: 403, message: None },
        RemoteError::Refused {
            url: url(),
            status: 404,
            message: Some("there is nothing at this path".into()),
        },
        RemoteError::Refused { url: url(), status: 405, message: None },
        RemoteError::Refused { url: url(), status: 504, message: None },
    ];
    Options{..} => [
        RemoteError::Options {
            url: url(),
            source: OptionsError::Missing { path: "user.id".into() },
        },
    ];
});

every!(forge_errors: ForgeError {
    Random(..) => [ForgeError::Random(RandomError("none is there".into()))];
    Algorithm(..) => [ForgeError::Algorithm(Algorithm::RS256)];
    Certificate(..) => [ForgeError::Certificate("it is too long".into())];
});

every!(audit_errors: AuditError {
    Remote(..) => [
        AuditError::Remote(RemoteError::Interrupted),
        AuditError::Remote(RemoteError::TimedOut { url: url(), after: Duration::from_secs(10) }),
    ];
    Forge(..) => [
        AuditError::Forge(ForgeError::Random(RandomError("none is there".into()))),
        AuditError::Forge(ForgeError::Certificate("it is too long".into())),
    ];
});

every!(url_errors: UrlError {
    Form() => [UrlError::Form];
    Parts() => [UrlError::Parts];
    NotSecure() => [UrlError::NotSecure];
});

every!(roots_errors: RootsError {
    NotCertificates(..) => [RootsError::NotCertificates("malformed ASN.1 DER value".into())];
    None() => [RootsError::None];
});

#[test]
fn remote_relying_parties() {
    let remote = all(remote_errors(), |error| error_words::remote(error, "No key was asked."));
    insta::assert_snapshot!(remote);
}

#[test]
fn audits() {
    insta::assert_snapshot!(all(audit_errors(), error_words::audit));
}

#[test]
fn causes() {
    let mut text = String::new();
    let listed = [
        url_errors().into_iter().map(|(name, error)| (name, error.to_string())).collect::<Vec<_>>(),
        roots_errors().into_iter().map(|(name, error)| (name, error.to_string())).collect(),
        forge_errors().into_iter().map(|(name, error)| (name, error.to_string())).collect(),
    ];
    for (name, cause) in listed.concat() {
        assert!(!cause.ends_with('.') && !cause.contains('\n'), "{cause}");
        writeln!(text, "{name}: {cause}").unwrap();
    }
    insta::assert_snapshot!(text);
}

/// What is wrong with the flags is said before anything is sent.
#[test]
fn flags() {
    let desk = Desk::empty();
    let roots = desk.file("roots.pem", "nothing");
    let taken = desk.file("taken", "");
    let lines = [
        "rp audit".to_owned(),
        "rp audit example.com".to_owned(),
        "rp audit http://example.com".to_owned(),
        "rp audit https://10.0.0.1".to_owned(),
        "rp audit https://user:secret@example.com".to_owned(),
        "rp audit http://localhost:1 --origin example.com".to_owned(),
        format!("rp audit http://localhost:1 --ca {roots}"),
        "rp audit http://localhost:1 --case nonsense".to_owned(),
        "rp audit http://localhost:1 --case reg-key-type --must-only".to_owned(),
        "rp audit http://localhost:1 --junit -".to_owned(),
        format!("rp audit http://localhost:1 --junit {taken}/below"),
        "rp run example.com --user a".to_owned(),
        "rp run http://localhost:1".to_owned(),
        "rp run http://localhost:1 --user a --assert --resident".to_owned(),
        "rp run http://localhost:1 --user a".to_owned(),
        "rp audit https://example.com".to_owned(),
        "rp audit https://example.com --json".to_owned(),
    ];
    let outcomes: Vec<Outcome> = lines.iter().map(|line| desk.run(line)).collect();
    let declined = desk.command("rp audit https://example.com").typing(["n"]).run();
    declined.ended(Exit::NotConfirmed);
    let mut text = String::new();
    for outcome in outcomes.iter().chain([&declined]) {
        assert_eq!(outcome.stdout, "", "{outcome}");
        assert_ne!(outcome.exit, Exit::Done);
        writeln!(text, "{outcome}").unwrap();
    }
    insta::assert_snapshot!(text);
}
