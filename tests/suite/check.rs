//! `fidokey check`: whether a service will accept a key.

use crate::harness::get_info::Edit;
use crate::harness::{Desk, Reaction};
use fidokey::cli::exit::Exit;
use fidokey::wire::cbor::{Encoded, MapBuilder};
use fidokey::wire::ctaphid::{Command, Packet, PacketKind};
use std::fmt::Write;

const PROFILES: [&str; 5] = ["entra", "entra-attested", "nhsmail", "passkey", "u2f"];

/// A key of a model that says which it is.
fn with_model() -> Edit {
    Edit::new().member(0x03, Encoded::bytes(&[0xa3; 16]))
}

#[test]
fn the_profiles_are_shown() {
    let desk = Desk::empty();
    insta::assert_snapshot!("list", desk.run("check --list"));
    insta::assert_snapshot!("list_json", desk.run("check --list --json"));
}

#[test]
fn a_profile_that_nobody_knows() {
    let (desk, _key) = Desk::with_key();
    desk.record.take();
    let mut text = String::new();
    for line in ["check nhs", "check nhs --json", "check", "check nhsmail --list"] {
        let outcome = desk.run(line);
        outcome.ended(Exit::Usage);
        writeln!(text, "{outcome}").unwrap();
    }
    insta::assert_snapshot!(text);
    assert_eq!(desk.record.take(), [""; 0]);
}

/// A key as it comes out of the box.
#[test]
fn a_key_without_a_pin() {
    let (desk, _key) = Desk::with_key();
    with_model().install(&desk.faults);
    let mut text = String::new();
    for (profile, exit) in
        PROFILES.into_iter().zip([Exit::Done, Exit::Done, Exit::Done, Exit::Rejected, Exit::Done])
    {
        desk.record.take();
        let outcome = desk.run(&format!("check {profile}"));
        outcome.ended(exit);
        assert_eq!(desk.record.take(), ["INIT", "04"]);
        writeln!(text, "{outcome}").unwrap();
    }
    insta::assert_snapshot!(text);
}

#[test]
fn a_key_with_a_pin() {
    let (desk, _key) = Desk::with_key();
    desk.set_pin("1234");
    with_model().install(&desk.faults);
    let mut text = String::new();
    for profile in PROFILES {
        let outcome = desk.run(&format!("check {profile}"));
        outcome.succeeded();
        writeln!(text, "{outcome}").unwrap();
    }
    insta::assert_snapshot!(text);
    insta::assert_snapshot!("json", desk.run("check nhsmail --json"));
}

/// OpenSK as it is says of no model that it is its own: where attestation is enforced, it is refused.
#[test]
fn a_key_of_no_model() {
    let (desk, _key) = Desk::with_key();
    let outcome = desk.run("check entra-attested");
    outcome.ended(Exit::Rejected);
    insta::assert_snapshot!(outcome);
    insta::assert_snapshot!("refused_json", desk.run("check entra-attested --json"));
}

/// An old key: no passkeys, no secrets, no room, a PIN that must be changed.
#[test]
fn a_key_that_can_little() {
    let (desk, _key) = Desk::with_key();
    desk.set_pin("1234");
    with_model()
        .without(0x02)
        .member(0x0c, Encoded::boolean(true))
        .member(0x0d, Encoded::unsigned(6))
        .option("rk", Some(false))
        .option("credMgmt", None)
        .option("alwaysUv", Some(true))
        .install(&desk.faults);
    let mut text = String::new();
    for profile in PROFILES {
        writeln!(text, "{}", desk.run(&format!("check {profile}"))).unwrap();
    }
    insta::assert_snapshot!(text);
}

#[test]
fn a_key_that_speaks_only_u2f() {
    let (desk, _key) = Desk::with_key();
    desk.faults.packets(|mut packet| {
        let kind = Packet::parse(&packet).unwrap().kind;
        if matches!(kind, PacketKind::Init { command: Command::INIT, .. }) {
            packet[7 + 16] &= !0x04;
        }
        Ok(vec![packet])
    });
    let mut text = String::new();
    for profile in PROFILES {
        let outcome = desk.run(&format!("check {profile}"));
        outcome.ended(if profile == "u2f" { Exit::Done } else { Exit::Rejected });
        writeln!(text, "{outcome}").unwrap();
    }
    insta::assert_snapshot!(text);
}

#[test]
fn without_a_key_it_fails() {
    let desk = Desk::empty();
    desk.run("check nhsmail").ended(Exit::NoKey);
}

/// A key of a model whose PIN has so many tries left, or takes none before it is plugged in again.
fn with_tries(desk: &Desk, tries: u64, until_replug: bool) {
    desk.faults.replies(move |request, reply| match request {
        [0x04] => with_model().apply(&reply),
        // getPINRetries (CTAP 2.3 section 6.5.5.2).
        [0x06, body @ ..] if body.windows(2).any(|pair| pair == [0x02, 0x01]) => {
            let state = MapBuilder::new().member(0x03, Encoded::unsigned(tries));
            let state = state.optional(0x04, until_replug.then(|| Encoded::boolean(true)));
            [&[0], state.build().as_bytes()].concat()
        }
        _ => reply,
    });
}

/// A PIN that is blocked would let nobody register: every service that wants one refuses the key.
#[test]
fn a_pin_that_is_blocked_or_nearly_so() {
    let (desk, _key) = Desk::with_key();
    desk.set_pin("1234");
    let mut text = String::new();
    for (tries, until_replug, exit) in [
        (0, false, Exit::Rejected),
        (5, true, Exit::Rejected),
        (1, false, Exit::Done),
        (2, false, Exit::Done),
    ] {
        with_tries(&desk, tries, until_replug);
        for profile in PROFILES {
            desk.record.take();
            let outcome = desk.run(&format!("check {profile}"));
            outcome.ended(if profile == "u2f" { Exit::Done } else { exit });
            assert_eq!(desk.record.take(), ["INIT", "04", "06/01"]);
            if profile == "nhsmail" {
                writeln!(text, "{outcome}").unwrap();
            }
        }
        let outcome = desk.run("register --rp example.com --user alice --explain");
        outcome.ended(exit);
        let line = |line: &&str| line.contains("PIN has tries left");
        writeln!(text, "{}\n", outcome.stdout.lines().find(line).unwrap()).unwrap();
    }
    // A key that does not say how many is left to itself.
    desk.faults.requests(|request| match request {
        [0x06, ..] => Reaction::Answer(vec![0x01]),
        _ => Reaction::Forward,
    });
    desk.run("check passkey").succeeded();
    insta::assert_snapshot!(text);
}

#[test]
fn a_profile_is_named_in_any_case() {
    let (desk, _key) = Desk::with_key();
    desk.run("check NHSmail").succeeded();
}
