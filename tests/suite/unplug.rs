//! A key that is pulled out at any moment: what is said depends on whether the key may have carried
//! out what it was asked for, and the key is good again when it comes back.

use crate::harness::{Desk, Outcome, Reaction, request_name};
use fidokey::cli::exit::Exit;
use fidokey::transport::ConnectionError;
use fidokey::wire::ctaphid::Command;
use std::fmt::Write;

const REGISTER: &str = "register --rp example.com --user alice";

/// Pulls the key out when it is asked this, before it has answered.
fn unplugged_at(desk: &Desk, request: &'static str, line: &str) -> Outcome {
    desk.faults.requests(move |asked| match request_name(asked) == request {
        true => Reaction::Unplug,
        false => Reaction::Forward,
    });
    let outcome = desk.run(line);
    desk.faults.mend();
    outcome.ended(Exit::Failed);
    outcome
}

#[test]
fn before_a_channel_is_there() {
    let (desk, _key) = Desk::with_key();
    desk.faults.others(|command| match command {
        Command::INIT => Reaction::Unplug,
        _ => Reaction::Forward,
    });
    let outcome = desk.run(REGISTER);
    desk.faults.mend();
    desk.run(REGISTER).succeeded();
    insta::assert_snapshot!(outcome);
}

#[test]
fn at_each_message() {
    let (desk, pin) = Desk::with_pin();
    let resident = format!("{REGISTER} --resident {pin}");
    desk.run(&resident).succeeded();
    let other_pin = desk.file("other", "12345");
    let mut text = String::new();
    for (request, line) in [
        ("04", resident.clone()),
        ("06/01", resident.clone()),
        ("06/02", resident.clone()),
        ("06/09", resident.clone()),
        ("01", resident.clone()),
        ("01", format!("{REGISTER} {pin}")),
        ("02", format!("assert --rp example.com {pin}")),
        ("0a/01", format!("credential list {pin}")),
        ("06/04", format!("pin change {pin} --new-pin-file {other_pin}")),
    ] {
        let outcome = unplugged_at(&desk, request, &line);
        desk.run(&resident).succeeded();
        writeln!(text, "# at {request}\n{outcome}").unwrap();
    }
    insta::assert_snapshot!(text);
}

#[test]
fn while_a_pin_is_set() {
    let (desk, _key) = Desk::with_key();
    let line = format!("pin set --new-pin-file {}", desk.file("new", "1234"));
    insta::assert_snapshot!(unplugged_at(&desk, "06/03", &line));
    desk.run(&line).succeeded();
}

#[test]
fn while_a_credential_is_deleted_and_renamed() {
    let (desk, pin) = Desk::with_pin();
    for user in ["alice", "bob"] {
        let line = format!("register --rp example.com --user {user} --resident {pin}");
        desk.run(&line).succeeded();
    }
    let list = desk.run(&format!("credential list --json {pin}")).json();
    let ids: Vec<&str> = list["credentials"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["id_hex"].as_str().unwrap())
        .collect();
    let line = format!("credential rename {} --name carol {pin}", ids[0]);
    let renamed = unplugged_at(&desk, "0a/07", &line);
    let line = format!("credential delete {} {} --yes {pin}", ids[0], ids[1]);
    let deleted = unplugged_at(&desk, "0a/06", &line);
    insta::assert_snapshot!(format!("{renamed}\n{deleted}"));
    desk.run(&line).succeeded();
}

#[test]
fn during_a_reset() {
    let (desk, _key) = Desk::with_key();
    let outcome = unplugged_at(&desk, "07", "reset --yes");
    insta::assert_snapshot!(outcome);
    desk.run(REGISTER).succeeded();
}

/// The key's answer is on its way: whether it was carried out is not known.
#[test]
fn between_two_packets_of_an_answer() {
    let (desk, _key) = Desk::with_key();
    let mut packets = 0;
    desk.faults.packets(move |packet| {
        // The first packet is the answer to INIT, the next six are getInfo's.
        packets += 1;
        if packets > 8 { Err(ConnectionError::Unplugged) } else { Ok(vec![packet]) }
    });
    let outcome = desk.run(&format!("{REGISTER} --resident"));
    desk.faults.mend();
    insta::assert_snapshot!(outcome);
    desk.run(REGISTER).succeeded();
}

/// A virtual bus cannot be unplugged from within a run, but a key can be gone before it begins.
#[test]
fn before_the_command_begins() {
    let (desk, key) = Desk::with_key();
    desk.keys.unplug(&key.description().path);
    insta::assert_snapshot!(desk.run(&format!("{REGISTER} --device /dev/hidraw0")));
    desk.keys.plug(&key).unwrap();
    desk.run(&format!("{REGISTER} --device /dev/hidraw0")).succeeded();
}
