//! How many messages a job costs, counted at the key by command byte.

use crate::harness::Desk;
use fidokey::virtual_key::KeySettings;

const USER: &str = "--rp example.com --user alice";

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
fn a_further_assertion_is_one_more_message() {
    let (desk, _key) = Desk::with_key();
    for user in ["alice", "bob", "carol"] {
        desk.run(&format!("register --rp example.com --user {user} --resident")).succeeded();
    }
    desk.record.take();
    desk.run("assert --rp example.com --choose 2").succeeded();
    assert_eq!(desk.record.take(), ["INIT", "04", "02", "08", "08"]);
}

#[test]
fn a_second_key_hears_nothing_when_the_first_is_named() {
    let (desk, _key) = Desk::with_key();
    desk.plug(1, KeySettings::default());
    desk.run(&format!("register {USER} --device /dev/hidraw0")).succeeded();
    assert_eq!(desk.record.take_of("/dev/hidraw0"), ["INIT", "04", "01"]);
    desk.run(&format!("register {USER} --device v1.1")).succeeded();
    assert_eq!(desk.record.take_of("/dev/hidraw0"), [""; 0]);
}
