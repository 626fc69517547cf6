//! How many messages a job costs, counted at the key by command byte.

use crate::harness::Desk;
use fidokey::cli::exit::Exit;
use fidokey::virtual_key::KeySettings;

const USER: &str = "--rp example.com --user alice";

/// INIT, getInfo, getPINRetries, getKeyAgreement, getPinUvAuthTokenUsingPinWithPermissions: what a
/// PIN token costs in all.
const TOKEN: [&str; 5] = ["INIT", "04", "06/01", "06/02", "06/09"];

/// The token, then these.
fn after_token(messages: &[&str]) -> Vec<String> {
    TOKEN.iter().chain(messages).map(|name| (*name).to_owned()).collect()
}

#[test]
fn without_a_pin_a_registration_is_three_messages_and_an_assertion_three() {
    let (desk, _key) = Desk::with_key();
    let save = desk.path("registration.json");
    let save = save.to_str().unwrap();
    desk.run(&format!("register {USER} --save {save}")).succeeded();
    assert_eq!(desk.record.take(), ["INIT", "04", "01"]);
    desk.run(&format!("assert --rp example.com --registration {save}")).succeeded();
    assert_eq!(desk.record.take(), ["INIT", "04", "02"]);
}

#[test]
fn with_a_pin_a_registration_is_six_messages_and_an_assertion_six() {
    let (desk, pin) = Desk::with_pin();
    desk.run(&format!("register {USER} --resident {pin}")).succeeded();
    assert_eq!(desk.record.take(), after_token(&["01"]));
    desk.run(&format!("assert --rp example.com {pin}")).succeeded();
    assert_eq!(desk.record.take(), after_token(&["02"]));
}

#[test]
fn a_further_assertion_is_one_more_message() {
    let (desk, pin) = Desk::with_pin();
    for user in ["alice", "bob", "carol"] {
        desk.run(&format!("register --rp example.com --user {user} --resident {pin}")).succeeded();
    }
    desk.record.take();
    desk.run(&format!("assert --rp example.com --choose 2 {pin}")).succeeded();
    assert_eq!(desk.record.take(), after_token(&["02", "08", "08"]));
}

#[test]
fn hmac_secret_uses_the_shared_secret_of_the_pin() {
    let (desk, pin) = Desk::with_pin();
    let secret = desk.path("secret");
    let (secret, salt) = (secret.to_str().unwrap(), "11".repeat(32));
    desk.run(&format!("register {USER} --resident --hmac-secret {pin}")).succeeded();
    desk.record.take();
    desk.run(&format!("assert --rp example.com {pin} --hmac-salt {salt} --secret-out {secret}"))
        .succeeded();
    assert_eq!(desk.record.take(), after_token(&["02"]));
    desk.run(&format!(
        "assert --rp example.com --user-verification discouraged --hmac-salt {salt} --secret-out {secret}"
    ))
    .succeeded();
    assert_eq!(desk.record.take(), ["INIT", "04", "06/02", "02"]);
}

#[test]
fn protocol_one_costs_the_same() {
    let (desk, pin) = Desk::with_pin();
    desk.offer_protocol_one_alone();
    desk.run(&format!("register {USER} --resident {pin}")).succeeded();
    assert_eq!(desk.record.take(), after_token(&["01"]));
    desk.run(&format!("assert --rp example.com {pin}")).succeeded();
    assert_eq!(desk.record.take(), after_token(&["02"]));
    desk.run(&format!("credential list {pin}")).succeeded();
    assert_eq!(desk.record.take(), after_token(&["0a/01", "0a/02", "0a/04"]));
}

#[test]
fn a_listing_is_six_and_one_for_each_relying_party_and_each_credential() {
    let (desk, pin) = Desk::with_pin();
    desk.run(&format!("credential list {pin}")).succeeded();
    assert_eq!(desk.record.take(), after_token(&["0a/01"]), "nothing on it");
    for (rp, user) in [("a.example", "al"), ("b.example", "bo"), ("b.example", "cy")] {
        desk.run(&format!("register --rp {rp} --user {user} --resident {pin}")).succeeded();
    }
    desk.record.take();
    desk.run(&format!("credential list {pin}")).succeeded();
    let mut messages = desk.record.take();
    assert_eq!(messages.len(), 6 + 2 + 3);
    // Which of the two relying parties comes first is the firmware's choice.
    messages[8..].sort();
    assert_eq!(messages, after_token(&["0a/01", "0a/02", "0a/03", "0a/04", "0a/04", "0a/05"]));
}

#[test]
fn a_second_key_hears_nothing_when_the_first_is_named() {
    let (desk, pin) = Desk::with_pin();
    desk.plug(1, KeySettings::default());
    desk.run(&format!("register {USER} {pin} --device /dev/hidraw0")).succeeded();
    assert_eq!(desk.record.take_of("/dev/hidraw0"), after_token(&["01"]));
    desk.run(&format!("register {USER} --device v1.1")).succeeded();
    assert_eq!(desk.record.take_of("/dev/hidraw0"), [""; 0]);
    desk.run(&format!("credential list {pin} --device v1.0")).succeeded();
    assert_eq!(desk.record.take_of("/dev/hidraw1"), [""; 0]);
}

#[test]
fn a_wrong_pin_is_sent_once() {
    let (desk, _) = Desk::with_pin();
    let wrong = desk.file("wrong", "4321");
    desk.run(&format!("register {USER} --pin-file {wrong}")).ended(Exit::Pin);
    // The tries left are read again, to be told; no PIN is sent again.
    assert_eq!(desk.record.take(), after_token(&["06/01"]));
}
