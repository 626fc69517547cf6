//! `fidokey check`: whether a service will accept a key.

use crate::harness::Desk;
use crate::harness::get_info::Edit;
use fidokey::cli::exit::Exit;
use fidokey::wire::cbor::Encoded;
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
