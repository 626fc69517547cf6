//! Ctrl-C and keys that are pulled out while they wait for a touch: the key is told, its last word
//! is heard, and what it has done all the same is not lost.

use crate::harness::{Desk, MessageFault, Outcome, Reaction};
use fidokey::cli::exit::Exit;
use fidokey::transport::{Clock, ConnectionError, Interrupt};
use fidokey::virtual_key::Touch;
use fidokey::wire::ctaphid::{Command, Packet, PacketKind};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const REGISTER: &str = "register --rp example.com --user alice --resident";
const ASSERT: &str = "assert --rp example.com";

/// Ctrl-C is pressed when the key is asked this; then the key does what is here.
struct InterruptAt {
    command: u8,
    interrupt: Arc<Mutex<Interrupt>>,
    then: fn() -> Reaction,
}

impl MessageFault for InterruptAt {
    fn request(&mut self, request: &[u8]) -> Reaction {
        if request[0] != self.command {
            return Reaction::Forward;
        }
        self.interrupt.lock().unwrap().request();
        (self.then)()
    }
}

fn interrupted(desk: &Desk, command: u8, line: &str, then: fn() -> Reaction) -> Outcome {
    let interrupt = desk.interrupt.clone();
    desk.record.take();
    desk.faults.messages(InterruptAt { command, interrupt, then });
    let outcome = desk.run(line);
    desk.faults.mend();
    outcome
}

#[test]
fn a_key_that_waits_for_a_touch_is_told_to_stop() {
    let (desk, key) = Desk::with_key();
    desk.run(REGISTER).succeeded();
    key.set_touch(Touch::Never);
    let mut outcomes = Vec::new();
    for (command, line) in [(0x01, REGISTER), (0x02, ASSERT)] {
        let begun = desk.clock.now();
        let outcome = interrupted(&desk, command, line, || Reaction::Forward);
        outcome.ended(Exit::Interrupted);
        assert!(desk.clock.now() - begun < Duration::from_secs(3));
        assert_eq!(desk.record.take().last().unwrap(), "CANCEL");
        outcomes.push(outcome.to_string());
    }
    key.set_touch(Touch::Auto);
    desk.run(REGISTER).succeeded();
    desk.run(ASSERT).succeeded();
    insta::assert_snapshot!(outcomes.join("\n"));
}

/// The key has not said that it has stopped: it may have made the credential.
#[test]
fn a_key_that_does_not_say_that_it_has_stopped() {
    let (desk, _key) = Desk::with_key();
    let begun = desk.clock.now();
    let outcome = interrupted(&desk, 0x01, REGISTER, || Reaction::KeepAlive(2, None));
    outcome.ended(Exit::Interrupted);
    assert!(desk.clock.now() - begun < Duration::from_secs(3));
    insta::assert_snapshot!(outcome);
    desk.run(REGISTER).succeeded();
}

/// The touch came before the CANCEL: the credential exists, and whoever asked for it sees it.
#[test]
fn a_registration_that_was_made_all_the_same_is_printed() {
    let (desk, _key) = Desk::with_key();
    // The key touches itself at once, so that its success crosses the CANCEL.
    let save = desk.path("saved");
    let line = format!("{REGISTER} --save {}", save.to_str().unwrap());
    let outcome = interrupted(&desk, 0x01, &line, || Reaction::Forward);
    outcome.succeeded();
    assert!(outcome.stdout.contains("Credential ID"), "{outcome}");
    assert!(outcome.stderr.contains("had finished before it could be told to stop"), "{outcome}");
    desk.run(&format!("{ASSERT} --registration {}", save.to_str().unwrap())).succeeded();
}

#[test]
fn nothing_is_sent_after_ctrl_c() {
    let (desk, _key) = Desk::with_key();
    let outcome = interrupted(&desk, 0x04, REGISTER, || Reaction::Forward);
    outcome.ended(Exit::Interrupted);
    let messages = desk.record.take();
    assert!(!messages.contains(&"01".to_owned()), "{messages:?}");
    desk.run(REGISTER).succeeded();
}

/// Pulled out while it blinks.
#[test]
fn a_key_that_is_pulled_out_while_it_waits_for_a_touch() {
    let (desk, key) = Desk::with_key();
    desk.run(REGISTER).succeeded();
    key.set_touch(Touch::Never);
    let mut outcomes = Vec::new();
    for line in [REGISTER, ASSERT] {
        let mut blinks = 0;
        desk.faults.packets(move |packet| {
            let kind = Packet::parse(&packet).unwrap().kind;
            if matches!(kind, PacketKind::Init { command: Command::KEEPALIVE, .. }) {
                blinks += 1;
            }
            if blinks > 5 { Err(ConnectionError::Unplugged) } else { Ok(vec![packet]) }
        });
        outcomes.push(desk.run(line).ended(Exit::Failed).to_string());
        desk.faults.mend();
    }
    key.set_touch(Touch::Auto);
    desk.run(REGISTER).succeeded();
    insta::assert_snapshot!(outcomes.join("\n"));
}

/// Nobody touches the key: its own time is up, or ours.
#[test]
fn a_key_that_nobody_touches() {
    let (desk, key) = Desk::with_key();
    desk.run(REGISTER).succeeded();
    key.set_touch(Touch::Never);
    let mut outcomes = Vec::new();
    for (line, exit) in [
        (REGISTER.to_owned(), Exit::NotConfirmed),
        (format!("{ASSERT} --timeout 5"), Exit::NotConfirmed),
        (format!("{REGISTER} --json"), Exit::NotConfirmed),
    ] {
        outcomes.push(desk.run(&line).ended(exit).to_string());
    }
    key.set_touch(Touch::Refuse);
    outcomes.push(desk.run(REGISTER).ended(Exit::NotConfirmed).to_string());
    key.set_touch(Touch::Auto);
    desk.run(REGISTER).succeeded();
    insta::assert_snapshot!(outcomes.join("\n"));
}

/// The terminal shows `^C` where the cursor is: at the start of a line, if nothing was said yet.
#[test]
fn what_the_terminal_shows_of_ctrl_c_does_not_stand_before_the_error() {
    let (desk, _key) = Desk::with_key();
    let interrupt = desk.interrupt.clone();
    desk.faults.messages(InterruptAt { command: 0x04, interrupt, then: || Reaction::Forward });
    let outcome = desk.command(REGISTER).at_terminal([]).run();
    outcome.ended(Exit::Interrupted);
    assert!(outcome.stderr.starts_with("\r\x1b[KError: Interrupted."), "{outcome}");
    let outcome = desk.run(REGISTER);
    assert!(outcome.stderr.starts_with("Error: Interrupted."), "{outcome}");
}
