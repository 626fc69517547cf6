//! A key that serves another program: it is asked again until it is free or the time is up.

use crate::harness::{Desk, Reaction, request_name};
use fidokey::cli::exit::Exit;
use fidokey::transport::Clock;
use fidokey::wire::ctaphid::Command;
use std::time::Duration;

const REGISTER: &str = "register --rp example.com --user alice";
const CHANNEL_BUSY: u8 = 0x06;

#[test]
fn a_key_that_becomes_free_is_served_in_turn() {
    let (desk, _key) = Desk::with_key();
    for request in ["04", "01"] {
        let mut left = 5;
        desk.faults.requests(move |asked| {
            if request_name(asked) == request && left > 0 {
                left -= 1;
                return Reaction::Refuse(CHANNEL_BUSY);
            }
            Reaction::Forward
        });
        desk.record.take();
        desk.run(REGISTER).succeeded();
        let messages = desk.record.take();
        let sent = messages.iter().filter(|name| *name == request).count();
        assert_eq!(sent, 6, "{messages:?}");
    }
    let mut left = 5;
    desk.faults.others(move |command| {
        if command == Command::INIT && left > 0 {
            left -= 1;
            return Reaction::Refuse(CHANNEL_BUSY);
        }
        Reaction::Forward
    });
    desk.run(REGISTER).succeeded();
}

/// A program that was killed while its key waited for a touch leaves the key waiting: some keys
/// serve nobody before that is over, after up to 30 s.
#[test]
fn a_key_that_still_waits_for_the_touch_of_a_program_that_was_killed_is_waited_for() {
    let (desk, _key) = Desk::with_key();
    let busy_until = desk.clock.now() + Duration::from_secs(30);
    let clock = desk.clock.clone();
    desk.faults.others(move |command| match command {
        Command::INIT if clock.now() < busy_until => Reaction::Refuse(CHANNEL_BUSY),
        _ => Reaction::Forward,
    });
    let at_init = desk.run("info -v");
    at_init.succeeded();
    assert!(desk.clock.now() >= busy_until);
    assert_eq!(at_init.stderr.matches("is busy").count(), 1, "{at_init}");
    let busy_until = desk.clock.now() + Duration::from_secs(30);
    let clock = desk.clock.clone();
    desk.faults.requests(move |_| match clock.now() < busy_until {
        true => Reaction::Refuse(CHANNEL_BUSY),
        false => Reaction::Forward,
    });
    let at_get_info = desk.run("info -v");
    at_get_info.succeeded();
    assert!(desk.clock.now() >= busy_until);
    let quiet = desk.run("info -q");
    assert_eq!(quiet.stderr, "");
    insta::assert_snapshot!(format!("{}\n{}", at_init.stderr, at_get_info.stderr));
}

#[test]
fn a_virtual_key_is_only_ever_busy_with_fidokey() {
    let desk = Desk::empty();
    desk.run("virtual create work").succeeded();
    let path = fidokey::transport::KeyPath("virtual:work".to_owned());
    let _held = fidokey::transport::Bus::open(desk.keys.as_ref(), &path).unwrap();
    insta::assert_snapshot!(desk.run("info -d virtual:work"));
}

#[test]
fn a_pin_is_sent_again_only_because_the_key_never_took_it() {
    let (desk, _key) = Desk::with_key();
    desk.set_pin("1234");
    let wrong = desk.file("wrong", "4321");
    let mut left = 3;
    desk.faults.requests(move |asked| {
        if request_name(asked) == "06/09" && left > 0 {
            left -= 1;
            return Reaction::Refuse(CHANNEL_BUSY);
        }
        Reaction::Forward
    });
    let outcome = desk.run(&format!("pin verify --json --pin-file {wrong}"));
    outcome.ended(Exit::Pin);
    assert_eq!(outcome.error_json()["error"]["retries_left"], 7);
}

#[test]
fn a_key_that_stays_busy_is_given_up_when_the_time_is_up() {
    let (desk, _key) = Desk::with_key();
    let begun = desk.clock.now();
    desk.faults.requests(|_| Reaction::Refuse(CHANNEL_BUSY));
    let at_get_info = desk.run(REGISTER);
    let waited = desk.clock.now() - begun;
    assert!((60..70).contains(&waited.as_secs()), "{waited:?}");
    desk.faults.mend();
    desk.faults.others(|command| match command {
        Command::INIT => Reaction::Refuse(CHANNEL_BUSY),
        _ => Reaction::Forward,
    });
    let begun = desk.clock.now();
    let at_init = desk.run(&format!("{REGISTER} --timeout 5"));
    assert!(desk.clock.now() - begun < Duration::from_secs(7));
    desk.faults.mend();
    desk.run(REGISTER).succeeded();
    insta::assert_snapshot!(format!("{at_get_info}\n{at_init}"));
}
