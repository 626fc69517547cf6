//! Real keys differ, in PIN/UV auth protocols too: each quirk that is known has a key here that
//! behaves so.

use crate::harness::get_info::Edit;
use crate::harness::{Desk, MessageFault, Reaction, members, request_name};
use fidokey::wire::cbor::{self, Encoded};
use std::sync::{Arc, Mutex};

const REGISTER: &str = "register --rp example.com --user alice";
const ASSERT: &str = "assert --rp example.com";
const GET_INFO: u8 = 0x04;

/// Token2 T2F2 (python-fido2#192): hmac-secret under protocol two, no token, and the answer is that
/// the token is wrong.
#[test]
fn a_secret_that_is_refused_without_verification_is_not_a_wrong_pin() {
    let (desk, pin) = Desk::with_pin();
    desk.run(&format!("{REGISTER} --resident --hmac-secret {pin}")).succeeded();
    desk.faults.requests(|request| {
        if request[0] != 0x02 {
            return Reaction::Forward;
        }
        let members = members(request);
        let extensions = members.iter().find(|(key, _)| *key == 4);
        let protocol_two = extensions.is_some_and(|(_, extensions)| {
            let inputs = cbor::parse(extensions).unwrap().map().unwrap();
            let input = inputs.get_text("hmac-secret").map(|input| input.map().unwrap());
            input.is_some_and(|input| input.get(4).is_some())
        });
        match protocol_two && !members.iter().any(|(key, _)| *key == 6) {
            true => Reaction::Answer(vec![0x33]),
            false => Reaction::Forward,
        }
    });
    let salt = "11".repeat(32);
    let secret = desk.path("secret");
    let line = format!("{ASSERT} --hmac-salt {salt} --secret-out {}", secret.to_str().unwrap());
    let refused = desk.run(&format!("{line} --user-verification discouraged"));
    insta::assert_snapshot!(refused);
    assert!(!secret.exists());
    // What the hint says helps.
    desk.run(&format!("{line} --user-verification required {pin}")).succeeded();
}

/// YubiKeys before 5.7.4 looked at 16 of the 32 bytes (YSA-2025-02); clients that sent no more
/// worked with them by accident.
#[test]
fn every_proof_under_protocol_two_has_32_bytes() {
    let (desk, _key) = Desk::with_key();
    let lengths = Arc::new(Mutex::new(Vec::new()));
    let seen = lengths.clone();
    desk.faults.requests(move |request| {
        let (proof, protocol) = match request[0] {
            0x01 => (8, 9),
            0x02 => (6, 7),
            0x06 => (4, 1),
            0x0a => (4, 3),
            _ => return Reaction::Forward,
        };
        let members = members(request);
        let get = |wanted| members.iter().find(|(key, _)| *key == wanted).map(|(_, value)| value);
        if let Some(proof) = get(proof) {
            let proof = cbor::parse(proof).unwrap().bytes().unwrap().len();
            let protocol = cbor::parse(get(protocol).unwrap()).unwrap().unsigned().unwrap();
            seen.lock().unwrap().push((request_name(request), protocol, proof));
        }
        Reaction::Forward
    });
    desk.set_pin("1234");
    let pin = format!("--pin-file {}", desk.file("pin", "1234"));
    let new = format!("--new-pin-file {}", desk.file("new", "4321"));
    desk.run(&format!("{REGISTER} --resident {pin}")).succeeded();
    desk.run(&format!("{ASSERT} {pin}")).succeeded();
    desk.run(&format!("credential list {pin}")).succeeded();
    desk.run(&format!("pin change {pin} {new}")).succeeded();
    let lengths = lengths.lock().unwrap();
    let names: Vec<&str> = lengths.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(names, ["06/03", "01", "02", "0a/01", "0a/02", "0a/04", "06/04"]);
    for (name, protocol, length) in lengths.iter() {
        assert_eq!((*protocol, *length), (2, 32), "{name}");
    }
}

/// WearAuthn (authenticator-rs#274) has a PIN and does not say with which protocol.
#[test]
fn without_a_word_on_pin_protocols_it_is_protocol_one() {
    let (desk, pin) = Desk::with_pin();
    struct OnlyOne(Edit);
    impl MessageFault for OnlyOne {
        fn request(&mut self, request: &[u8]) -> Reaction {
            if request[0] == 0x06 {
                let protocol = &members(request)[0];
                assert_eq!(*protocol, (1, vec![1]), "not protocol one");
            }
            Reaction::Forward
        }
        fn reply(&mut self, request: &[u8], good: Vec<u8>) -> Vec<u8> {
            if request == [GET_INFO] { self.0.apply(&good) } else { good }
        }
    }
    desk.faults.messages(OnlyOne(Edit::new().without(0x06)));
    desk.run(&format!("{REGISTER} --resident {pin}")).succeeded();
    desk.run(&format!("{ASSERT} {pin}")).succeeded();
    desk.run(&format!("credential list {pin}")).succeeded();
    desk.run(&format!("pin verify {pin}")).succeeded();
}

#[test]
fn protocols_that_nobody_knows_yet_are_passed_over() {
    let (desk, pin) = Desk::with_pin();
    let protocols =
        |numbers: &[u64]| Encoded::array(numbers.iter().map(|number| Encoded::unsigned(*number)));
    Edit::new().member(0x06, protocols(&[9, 2, 1])).install(&desk.faults);
    desk.run(&format!("{REGISTER} {pin}")).succeeded();
    Edit::new().member(0x06, protocols(&[9])).install(&desk.faults);
    insta::assert_snapshot!(desk.run(&format!("{REGISTER} {pin}")));
}
