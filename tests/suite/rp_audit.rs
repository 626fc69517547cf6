//! `fidokey rp audit`: sound relying parties, and such with one flaw each.
//!
//! What the libraries themselves take is written down here and in `docs/relying-parties.md`, as it
//! is: a flaw that is planted must be found besides it, and nothing else.

use crate::harness::Desk;
use crate::servers::{Library, Server, are_installed};
use fidokey::cli::exit::Exit;
use serde_json::Value;
use std::collections::BTreeSet;

/// What python-fido2 2.2.1 accepts when it is used as its own example does.
const FIDO2: &[&str] = &[
    "reg-origin-subdomain",
    "reg-origin-port",
    "reg-origin-scheme",
    "reg-cross-origin",
    "reg-top-origin",
    "reg-backup-state",
    "reg-auth-data-truncated",
    "reg-algorithm",
    "reg-key-type",
    "reg-key-curve",
    "reg-key-point",
    "reg-key-rsa-small",
    "reg-id-foreign",
    "reg-document-type",
    "reg-credential-id-long",
    "reg-credential-id-empty",
    "reg-object-truncated",
    "reg-cbor-duplicate-key",
    "reg-none-statement",
    "reg-format-unknown",
    "reg-x5c-expired",
    "reg-u2f-certificates",
    "auth-origin-subdomain",
    "auth-origin-port",
    "auth-origin-scheme",
    "auth-cross-origin",
    "auth-top-origin",
    "auth-backup-state",
    "auth-backup-eligibility",
    "auth-document-type",
];

/// What py_webauthn 3.0.1 accepts.
const WEBAUTHN: &[&str] = &[
    "reg-cross-origin",
    "reg-top-origin",
    "reg-key-type",
    "reg-key-curve",
    "reg-key-point",
    "reg-key-rsa-small",
    "reg-id-foreign",
    "reg-credential-id-long",
    "reg-object-trailing",
    "reg-cbor-indefinite",
    "reg-x5c-aaguid",
    "reg-x5c-unit",
    "reg-x5c-authority",
    "reg-x5c-expired",
    "auth-cross-origin",
    "auth-top-origin",
    "auth-backup-eligibility",
];

/// What @simplewebauthn/server 14.0.3 accepts.
const SIMPLE_WEBAUTHN: &[&str] = &[
    "reg-cross-origin",
    "reg-top-origin",
    "reg-client-data-utf8",
    "reg-auth-data-truncated",
    "reg-key-type",
    "reg-key-curve",
    "reg-key-point",
    "reg-key-rsa-small",
    "reg-id-foreign",
    "reg-credential-id-long",
    "reg-object-truncated",
    "reg-object-trailing",
    "reg-u2f-certificates",
    "auth-cross-origin",
    "auth-client-data-utf8",
    "auth-backup-eligibility",
];

/// A flaw that a server is given, and the lies that it takes for that.
type Flaw = (&'static str, &'static [&'static str]);

const FIDO2_FLAWS: &[Flaw] = &[
    (
        "origin",
        &[
            "reg-origin",
            "reg-origin-suffix",
            "reg-origin-prefix",
            "auth-origin",
            "auth-origin-suffix",
            "auth-origin-prefix",
        ],
    ),
    ("rp-id-hash", &["reg-rp-id-hash", "auth-rp-id-hash"]),
    ("user-presence", &["reg-user-presence", "auth-user-presence"]),
    (
        "signature",
        &["auth-signature", "auth-signature-bytes", "auth-signature-key", "auth-signature-empty"],
    ),
    (
        "attestation",
        &[
            "reg-self-algorithm",
            "reg-self-signature",
            "reg-self-signature-bytes",
            "reg-self-signature-empty",
            "reg-x5c-signature",
            "reg-x5c-signature-key",
            "reg-x5c-aaguid",
            "reg-x5c-unit",
            "reg-x5c-authority",
            "reg-u2f-signature",
        ],
    ),
    ("foreign-credential", &["auth-credential-foreign"]),
    ("counter", &["auth-counter-back", "auth-counter-same"]),
];

const WEBAUTHN_FLAWS: &[Flaw] = &[
    ("replay", &["reg-challenge-reused", "auth-replayed"]),
    ("shared-challenge", &["reg-challenge-other-session", "auth-challenge-other-session"]),
    ("user-verification", &["reg-user-verification", "auth-user-verification"]),
    ("algorithm", &["reg-algorithm"]),
    ("user-handle", &["auth-user-handle"]),
];

const SIMPLE_WEBAUTHN_FLAWS: &[Flaw] = &[
    (
        "challenge",
        &[
            "reg-challenge-wrong",
            "reg-challenge-missing",
            "reg-challenge-other-session",
            "auth-challenge-wrong",
            "auth-challenge-missing",
            "auth-challenge-other-session",
        ],
    ),
    ("type", &["reg-type", "auth-type"]),
    ("counter", &["auth-counter-back", "auth-counter-same"]),
    ("duplicate", &["reg-duplicate"]),
    ("registration-user-presence", &["reg-user-presence"]),
    ("registration-rp-id-hash", &["reg-rp-id-hash"]),
];

/// The names of the cases with this verdict.
fn with_verdict<'a>(report: &'a Value, verdict: &str) -> BTreeSet<&'a str> {
    let cases = report["cases"].as_array().unwrap().iter();
    let fitting = cases.filter(|case| case["verdict"] == verdict);
    fitting.map(|case| case["id"].as_str().unwrap()).collect()
}

fn expect(library: Library, flaw: Option<Flaw>, baseline: &[&str]) {
    let server = Server::start(library, flaw.map(|(name, _)| name));
    let outcome = Desk::empty().run(&format!("rp audit {} --json", server.url));
    outcome.ended(Exit::Rejected);
    let report = outcome.json();
    let planted = flaw.map_or(&[][..], |(_, lies)| lies);
    let expected: BTreeSet<&str> = baseline.iter().chain(planted).copied().collect();
    let what = format!("{library:?} {flaw:?}");
    assert_eq!(with_verdict(&report, "accepted"), expected, "{what}");
    assert_eq!(with_verdict(&report, "not_applicable"), ["reg-x5c-untrusted"].into(), "{what}");
    for verdict in ["inconclusive", "not_tried"] {
        assert_eq!(with_verdict(&report, verdict), BTreeSet::new(), "{what}: {report:#}");
    }
    assert_eq!(report["controls"]["opening"]["accepted"], true);
    assert_eq!(report["controls"]["closing"]["accepted"], true);
}

fn expect_all(test: &str, library: Library, baseline: &[&str], flaws: &[Flaw]) {
    if !are_installed(test) {
        return;
    }
    expect(library, None, baseline);
    for flaw in flaws {
        expect(library, Some(*flaw), baseline);
    }
}

#[test]
fn python_fido2_and_each_flaw_in_a_server_built_on_it() {
    expect_all("python_fido2", Library::Fido2, FIDO2, FIDO2_FLAWS);
}

/// A server that refuses a registration, and has kept its credential before: whatever is refused
/// besides what cannot be read at all.
#[test]
fn a_credential_that_is_refused_and_kept_was_accepted() {
    const UNREADABLE: &[&str] = &[
        "reg-auth-data-trailing",
        "reg-cbor-indefinite",
        "reg-challenge-missing",
        "reg-challenge-reused",
        "reg-client-data-json",
        "reg-client-data-utf8",
        "reg-extension-data",
        "reg-extension-flag",
        "reg-id-mismatch",
        "reg-no-credential",
        "reg-object-trailing",
    ];
    if !are_installed("rp_audit") {
        return;
    }
    let server = Server::start(Library::Fido2, Some("store-first"));
    let outcome = Desk::empty().run(&format!("rp audit {} --json", server.url));
    outcome.ended(Exit::Rejected);
    let report = outcome.json();
    let registrations = |verdict| {
        let named = with_verdict(&report, verdict).into_iter();
        named.filter(|name| name.starts_with("reg-")).collect::<Vec<_>>()
    };
    assert_eq!(registrations("rejected"), UNREADABLE, "{report:#}");
    let case = |name| report["cases"].as_array().unwrap().iter().find(|case| case["id"] == name);
    let answer = &case("reg-challenge-wrong").unwrap()["answer"];
    assert_eq!(answer["http_status"], 400, "{report:#}");
    // What the library takes by itself was not refused.
    assert_eq!(case("reg-cross-origin").unwrap().get("answer"), None);
    let lines = "--case reg-type --case reg-cross-origin";
    let server = Server::start(Library::Fido2, Some("store-first"));
    let desk = Desk::empty();
    let junit = desk.path("junit.xml");
    let text = desk.run(&format!("rp audit {} {lines} --junit {}", server.url, junit.display()));
    let xml = std::fs::read_to_string(junit).unwrap();
    let all = format!("{text}\n{xml}").replace(&server.url, "http://localhost:PORT");
    insta::assert_snapshot!(all);
}

/// How servers say no that do not say it as the interface prescribes, and what is made of it.
#[test]
fn a_no_is_heard_in_whatever_words() {
    if !are_installed("rp_audit") {
        return;
    }
    let cases = "--case reg-type --case reg-challenge-wrong --case auth-type --case auth-signature";
    let mut text = String::new();
    for (flaw, exit) in [
        ("says-error", Exit::Done),
        ("says-success", Exit::Done),
        ("says-nothing", Exit::Rejected),
        ("says-page", Exit::Rejected),
        ("fails", Exit::Done),
        ("gateway", Exit::Rejected),
    ] {
        let server = Server::start(Library::Webauthn, Some(flaw));
        let desk = Desk::empty();
        let junit = desk.path("junit.xml");
        let line = format!("rp audit {} {cases} --junit {}", server.url, junit.display());
        let outcome = desk.run(&line);
        outcome.ended(exit);
        let json = desk.run(&format!("{line} --json")).json();
        let xml = std::fs::read_to_string(junit).unwrap();
        let shown = outcome.to_string().replace(&server.url, "http://localhost:PORT");
        let counts = &json["counts"];
        let out: Vec<&str> = xml.lines().filter(|line| line.contains("system-out")).collect();
        text.push_str(&format!("# {flaw}\n{shown}\n{counts}\n{}\n\n", out.join("\n")));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn py_webauthn_and_each_flaw_in_a_server_built_on_it() {
    expect_all("py_webauthn", Library::Webauthn, WEBAUTHN, WEBAUTHN_FLAWS);
}

#[test]
fn simplewebauthn_and_each_flaw_in_a_server_built_on_it() {
    expect_all("simplewebauthn", Library::SimpleWebauthn, SIMPLE_WEBAUTHN, SIMPLE_WEBAUTHN_FLAWS);
}

#[test]
fn our_own_relying_party_takes_no_lie() {
    let server = Server::ours();
    let outcome = Desk::empty().run(&format!("rp audit {} --json", server.url));
    let report = outcome.json();
    assert_eq!(with_verdict(&report, "accepted"), BTreeSet::new());
    assert_eq!(with_verdict(&report, "not_applicable"), ["reg-x5c-untrusted"].into());
    outcome.succeeded();
}

#[test]
fn the_cases_are_listed() {
    let desk = Desk::empty();
    let list = desk.run("rp audit --list");
    list.succeeded();
    let must = desk.run("rp audit --list --must-only --json");
    must.succeeded();
    let must = must.json();
    let cases = must["cases"].as_array().unwrap();
    assert!(cases.len() >= 40, "{}", cases.len());
    assert!(cases.iter().all(|case| case["severity"] == "must"));
    insta::assert_snapshot!(format!("{list}\n{:#}", cases[0]));
}

/// A server that does not look at signatures, in all three forms of the report.
#[test]
fn a_flaw_is_reported_as_text_json_and_junit() {
    if !are_installed("rp_audit") {
        return;
    }
    let server = Server::start(Library::Fido2, Some("signature"));
    let cases = "--case auth-signature --case auth-type --case reg-x5c-untrusted";
    let desk = Desk::empty();
    let junit = desk.path("junit.xml");
    let line = format!("rp audit {} {cases} --junit {}", server.url, junit.display());
    let text = desk.command(&line).typing([]).run();
    text.ended(Exit::Rejected);
    let json = desk.run(&format!("rp audit {} {cases} --json", server.url));
    json.ended(Exit::Rejected);
    let xml = std::fs::read_to_string(junit).unwrap();
    let all = format!("{text}\n{json}\n{xml}").replace(&server.url, "http://localhost:PORT");
    insta::assert_snapshot!(all);
}

#[test]
fn a_relying_party_that_enforces_attestation_must_not_take_an_unknown_maker() {
    if !are_installed("rp_audit") {
        return;
    }
    let server = Server::start(Library::Webauthn, None);
    let desk = Desk::empty();
    let audit = |flags: &str| desk.run(&format!("rp audit {} --json {flags}", server.url));
    let outcome = audit("--case reg-x5c-untrusted --attestation-enforced");
    outcome.ended(Exit::Rejected);
    assert_eq!(with_verdict(&outcome.json(), "accepted"), ["reg-x5c-untrusted"].into());
    let outcome = audit("--case reg-type --case auth-user-handle");
    outcome.succeeded();
    assert_eq!(outcome.json()["passed"], true, "{outcome}");
}

/// Our own relying party, told to take only keys of makers that it knows, and given the root of the
/// maker that the audit keeps.
#[test]
fn a_relying_party_that_enforces_attestation_is_audited_by_a_maker_that_it_knows() {
    let desk = Desk::empty();
    let (maker, root) = (desk.path("maker.pem"), desk.path("root.pem"));
    let (maker, root) = (maker.to_str().unwrap(), root.to_str().unwrap());
    let made = desk.run(&format!("rp audit --maker {maker}"));
    made.succeeded();
    std::fs::write(root, &made.stdout).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(maker).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let again = desk.run(&format!("rp audit --maker {maker} --json"));
    assert_eq!(again.json()["root"], made.stdout, "{again}");
    let server = Server::ours_with(&["--require-trust", "--roots", root]);
    let line = format!("rp audit {} --attestation-enforced", server.url);
    let outcome = desk.run(&format!("{line} --maker {maker} --json"));
    let report = outcome.json();
    for verdict in ["accepted", "inconclusive", "not_tried"] {
        assert_eq!(with_verdict(&report, verdict), BTreeSet::new(), "{verdict} {report:#}");
    }
    // A key that attests itself shows no maker.
    let itself = with_verdict(&report, "not_applicable");
    assert_eq!(itself.len(), 4, "{report:#}");
    assert!(itself.iter().all(|name| name.starts_with("reg-self-")), "{report:#}");
    outcome.succeeded();
    // A maker of the moment is one whom it does not know.
    let stranger = desk.run(&format!("{line} --case reg-type"));
    stranger.ended(Exit::Rejected);
    let broken = desk.file("broken.pem", "-----BEGIN CERTIFICATE-----");
    let broken = desk.run(&format!("{line} --maker {broken}"));
    broken.ended(Exit::Usage);
    let text = format!("{stranger}\n{broken}\n{}", made.stderr);
    insta::assert_snapshot!(text.replace(&server.url, "http://localhost:PORT"));
}
