//! `fidokey reset`: what is said and asked, in which order, and what a key hears meanwhile.

use crate::harness::get_info::Edit;
use crate::harness::{Deed, Desk, MessageFault, Outcome, Reaction, Typed};
use fidokey::cli::exit::Exit;
use fidokey::transport::{Interrupt, KeyDescription};
use fidokey::virtual_key::{KeySettings, ManualClock, Touch, VirtualKey};
use fidokey::wire::cbor::Encoded;
use insta::assert_snapshot;
use std::sync::Arc;
use std::time::Duration;

const PATH: &str = "/dev/hidraw0";

/// A desk with a key that has a PIN and a passkey, and whose hands replug it.
fn desk_with_used_key() -> (Desk, VirtualKey) {
    let desk = Desk::empty();
    let key = used_key(&desk, Desk::description(0));
    (desk, key)
}

/// A used key without a serial number.
fn desk_with_nameless_key() -> (Desk, VirtualKey) {
    let desk = Desk::empty();
    let key = used_key(&desk, nameless(0));
    (desk, key)
}

fn nameless(number: u8) -> KeyDescription {
    KeyDescription { serial_number: None, ..Desk::description(number) }
}

fn used_key(desk: &Desk, description: KeyDescription) -> VirtualKey {
    let key = desk.plug_described(description, KeySettings::default(), Touch::Auto);
    desk.set_pin("1234");
    let pin = desk.file("pin", "1234");
    let register = "register --rp example.com --user alice --resident --pin-file";
    desk.run(&format!("{register} {pin}")).succeeded();
    desk.record.take();
    key
}

fn replug(key: &VirtualKey) -> [Deed; 4] {
    let wait = || Deed::Wait(Duration::from_secs(2));
    [wait(), Deed::Unplug(PATH), wait(), Deed::Plug(key.clone())]
}

fn reset(desk: &Desk) -> Outcome {
    desk.run("reset --yes")
}

/// Whether the passkey is still there.
fn is_untouched(desk: &Desk) -> bool {
    let pin = desk.file("pin", "1234");
    let outcome = desk.run(&format!("assert --rp example.com --device {PATH} --pin-file {pin}"));
    desk.record.take();
    outcome.exit == Exit::Done
}

/// Answers a reset in the key's place.
struct AnswerReset(Reaction);

impl MessageFault for AnswerReset {
    fn request(&mut self, request: &[u8]) -> Reaction {
        match request {
            [0x07] => std::mem::replace(&mut self.0, Reaction::Forward),
            _ => Reaction::Forward,
        }
    }
}

#[test]
fn a_key_is_reset_and_hears_nothing_else_after_the_replug() {
    let (desk, key) = desk_with_used_key();
    desk.hands.will(replug(&key));
    assert_snapshot!("reset_at_a_terminal", desk.command("reset").typing(["reset"]).run());
    assert_eq!(desk.record.take(), ["INIT", "04", "INIT", "04", "07"]);
    assert_eq!(desk.run("pin status --json").json()["pin_set"], false);
    assert!(!is_untouched(&desk));
}

#[test]
fn without_a_terminal_yes_is_the_word() {
    let (desk, key) = desk_with_used_key();
    assert_snapshot!("reset_nobody_to_ask", desk.run("reset"));
    assert_snapshot!("reset_nobody_to_ask_json", desk.run("reset --json"));
    assert!(is_untouched(&desk));
    desk.hands.will(replug(&key));
    assert_snapshot!("reset_yes_quiet", desk.run("reset --yes --quiet"));
    desk.hands.will(replug(&key));
    assert_snapshot!("reset_yes_json", desk.run("reset --yes --json"));
}

#[test]
fn another_word_or_none_resets_nothing() {
    let (desk, _) = desk_with_used_key();
    desk.hands.will([]);
    assert_snapshot!("reset_another_word", desk.command("reset").typing(["yes"]).run());
    assert_snapshot!("reset_word_ended", desk.command("reset").at_terminal([Typed::End]).run());
    let outcome = desk.command("reset").at_terminal([Typed::Interrupt]).run();
    assert_snapshot!("reset_word_interrupted", outcome);
    assert_eq!(desk.record.take(), ["INIT", "04"].repeat(3));
    assert!(is_untouched(&desk));
}

#[test]
fn a_virtual_key_is_replugged_by_the_program() {
    let desk = Desk::empty();
    desk.run("virtual create work").succeeded();
    let new = desk.file("new", "1234");
    desk.run(&format!("pin set --device virtual:work --new-pin-file {new}")).succeeded();
    let outcome = desk.command("reset --device virtual:work").typing(["reset"]).run();
    assert_snapshot!("reset_virtual", outcome);
    let outcome = desk.run("pin status --device virtual:work --json");
    assert_eq!(outcome.json()["pin_set"], false);
}

#[test]
fn the_key_that_is_meant_must_be_clear() {
    let (desk, _) = desk_with_used_key();
    desk.plug(1, KeySettings::default());
    desk.record.take();
    let outcome = desk.run("reset --yes");
    assert_eq!(outcome.exit, Exit::NoKey, "{outcome}");
    assert!(!desk.record.take().contains(&"07".to_owned()));
}

#[test]
fn a_key_that_nobody_unplugs_or_plugs_in() {
    let (desk, _) = desk_with_used_key();
    desk.hands.will([]);
    assert_snapshot!("reset_not_unplugged", reset(&desk));
    desk.hands.will([Deed::Unplug(PATH)]);
    assert_snapshot!("reset_not_plugged_in", reset(&desk));
    assert_eq!(desk.record.take(), ["INIT", "04", "INIT", "04"]);
}

#[test]
fn somebody_in_a_hurry_says_how_long_a_key_is_waited_for() {
    let (desk, _) = desk_with_used_key();
    desk.hands.will([]);
    let outcome = desk.run("reset --yes --timeout 5");
    outcome.ended(Exit::NotConfirmed);
    assert!(outcome.stderr.contains("within 5 s"), "{outcome}");
    desk.hands.will([Deed::Unplug(PATH)]);
    let outcome = desk.run("reset --yes --timeout 5");
    outcome.ended(Exit::NotConfirmed);
    assert!(outcome.stderr.contains("again (5 s)") && outcome.stderr.contains("within 5 s"));
}

#[test]
fn ctrl_c_is_heard_in_each_wait() {
    let (desk, key) = desk_with_used_key();
    desk.hands.will([Deed::Interrupt, Deed::Wait(Duration::from_secs(50))]);
    assert_snapshot!("reset_interrupted_before_unplug", reset(&desk));
    assert_eq!(desk.hands.left(), 1, "heard at once");
    desk.hands.will([Deed::Unplug(PATH), Deed::Interrupt, Deed::Wait(Duration::from_secs(50))]);
    assert_eq!(reset(&desk).exit, Exit::Interrupted);
    assert_eq!(desk.hands.left(), 1, "heard at once");
    desk.keys.plug(&key).unwrap();
    desk.hands.will([Deed::Unplug(PATH), Deed::PlugClosed(key, 20), Deed::Interrupt]);
    assert_eq!(reset(&desk).exit, Exit::Interrupted);
    desk.hands.will([]);
    assert!(is_untouched(&desk));
}

#[test]
fn another_key_is_not_reset() {
    let (desk, key) = desk_with_used_key();
    let other = |desk: &Desk, description, settings| {
        let other = desk.plug_described(description, settings, Touch::Auto);
        desk.keys.unplug(&other.description().path);
        desk.keys.plug(&key).unwrap();
        desk.record.take();
        other
    };
    // Another serial number in the same port: nothing is sent to it at all.
    let description = KeyDescription { serial_number: Some("77".into()), ..Desk::description(0) };
    let by_serial = other(&desk, description, KeySettings::default());
    desk.hands.will(replug(&by_serial));
    assert_snapshot!("reset_another_serial", reset(&desk));
    assert_eq!(desk.record.take(), ["INIT", "04"]);
    desk.keys.unplug(&by_serial.description().path);
    // Another model.
    let description = KeyDescription {
        product_id: Some(1),
        product: Some("Another \u{1b}[31mkey".into()),
        serial_number: None,
        ..Desk::description(0)
    };
    let by_model = other(&desk, description, KeySettings::default());
    desk.hands.will(replug(&by_model));
    assert_snapshot!("reset_another_model", reset(&desk));
    assert_eq!(desk.record.take(), ["INIT", "04"]);
    desk.keys.unplug(&by_model.description().path);
    // The same serial number, as some vendors give one to all their keys, but set up differently.
    let same_serial = other(&desk, Desk::description(0), KeySettings::default());
    desk.hands.will(replug(&same_serial));
    assert_snapshot!("reset_another_state", reset(&desk));
    assert_eq!(desk.record.take(), ["INIT", "04", "INIT", "04"]);
    desk.keys.plug(&key).unwrap();
    assert!(is_untouched(&desk));
}

#[test]
fn a_key_without_a_serial_number_is_asked_about_and_the_answer_counts() {
    let (desk, key) = desk_with_nameless_key();
    desk.hands.will(replug(&key));
    assert_snapshot!("reset_same_key_no", desk.command("reset").typing(["reset", "n"]).run());
    assert_eq!(desk.record.take(), ["INIT", "04", "INIT", "04"]);
    assert!(is_untouched(&desk));
    desk.hands.will(replug(&key));
    let outcome =
        desk.command("reset").at_terminal([Typed::Line("reset".into()), Typed::Interrupt]);
    assert_eq!(outcome.run().exit, Exit::Interrupted);
    assert!(is_untouched(&desk));
    desk.hands.will(replug(&key));
    assert_snapshot!("reset_same_key_yes", desk.command("reset").typing(["reset", "y"]).run());
    assert_eq!(desk.record.take(), ["INIT", "04", "INIT", "04", "07"]);
    desk.hands.will(replug(&key));
    assert_snapshot!("reset_same_key_by_flag", reset(&desk));
}

/// Nobody has to use the same port again; but it is a reason to look twice.
#[test]
fn another_port_is_told_where_the_key_cannot_be_told_from_others() {
    let desk = Desk::empty();
    let at = |port: Option<&str>| {
        let description = KeyDescription { port: port.map(str::to_owned), ..nameless(0) };
        desk.plug_described(description, KeySettings::default(), Touch::Auto)
    };
    for (port, told) in [(Some("1-7"), true), (Some("1-1"), false), (None, false)] {
        let twin = at(port);
        at(Some("1-1"));
        desk.hands.will(replug(&twin));
        let outcome = desk.command("reset").typing(["reset", "n"]).run();
        outcome.ended(Exit::NotConfirmed);
        let question = &outcome.prompts[1];
        assert_eq!(question.contains("in another USB port than before"), told, "{outcome}");
    }
}

#[test]
fn a_serial_number_that_two_keys_have_proves_nothing() {
    let (desk, key) = desk_with_used_key();
    let twin = KeyDescription { serial_number: Some("v1.0".into()), ..Desk::description(1) };
    desk.plug_described(twin, KeySettings::default(), Touch::Auto);
    desk.hands.will(replug(&key));
    let outcome = desk.command("reset --device /dev/hidraw0").typing(["reset", "n"]).run();
    assert!(outcome.prompts[1].contains("Is it the key that you unplugged?"), "{outcome}");
    assert_eq!(outcome.exit, Exit::NotConfirmed);
}

#[test]
fn an_answer_that_comes_late_costs_another_replug_but_no_other_question() {
    let (desk, key) = desk_with_nameless_key();
    desk.hands.will(replug(&key).into_iter().chain(replug(&key)));
    let slowly = Typed::Slowly(Duration::from_secs(9), "yes".into());
    let outcome =
        desk.command("reset --quiet").at_terminal([Typed::Line("reset".into()), slowly]).run();
    assert_snapshot!("reset_same_key_yes_late", outcome);
    assert_eq!(desk.record.take(), ["INIT", "04", "INIT", "04", "INIT", "04", "07"]);
}

/// Time passes before each getInfo.
struct Slow(Arc<ManualClock>, Duration);

impl MessageFault for Slow {
    fn request(&mut self, request: &[u8]) -> Reaction {
        if request == [0x04] {
            self.0.advance(self.1);
        }
        Reaction::Forward
    }
}

#[test]
fn a_reset_that_comes_too_late_three_times_is_left_to_the_key() {
    let (desk, key) = desk_with_used_key();
    let three = replug(&key).into_iter().chain(replug(&key)).chain(replug(&key));
    desk.hands.will(three);
    desk.faults.messages(Slow(desk.clock.clone(), Duration::from_secs(11)));
    assert_snapshot!("reset_too_late", reset(&desk));
    desk.faults.mend();
    assert!(is_untouched(&desk));
}

#[test]
fn a_node_that_opens_a_moment_later_is_waited_for() {
    let (desk, key) = desk_with_used_key();
    desk.hands.will([Deed::Unplug(PATH), Deed::PlugClosed(key.clone(), 20)]);
    reset(&desk).succeeded();
    let (desk, key2) = desk_with_used_key();
    desk.hands.will([Deed::Unplug(PATH), Deed::PlugClosed(key2, 100)]);
    let outcome = reset(&desk);
    assert_eq!(outcome.exit, Exit::NoKey, "{outcome}");
    drop(key);
}

#[test]
fn refusals_become_advice() {
    let answers = [
        ("too_late_0x30", Reaction::Answer(vec![0x30])),
        ("too_late_0x34", Reaction::Answer(vec![0x34])),
        ("denied_0x27", Reaction::Answer(vec![0x27])),
        ("not_touched_0x2f", Reaction::Answer(vec![0x2f])),
        ("not_touched_0x3a", Reaction::Answer(vec![0x3a])),
        ("unknown_command", Reaction::Answer(vec![0x01])),
        ("vendor_code", Reaction::Answer(vec![0xf1])),
        ("silence", Reaction::Silence),
        ("unplugged", Reaction::Unplug),
    ];
    for (name, answer) in answers {
        let (desk, key) = desk_with_used_key();
        desk.hands.will(replug(&key));
        desk.faults.messages(AnswerReset(answer));
        assert_snapshot!(format!("reset_refused_{name}"), reset(&desk));
    }
    let (desk, key) = desk_with_used_key();
    desk.hands.will(replug(&key));
    desk.faults.messages(AnswerReset(Reaction::Answer(vec![0x30])));
    assert_snapshot!("reset_refused_json", desk.run("reset --yes --json"));
}

#[test]
fn a_key_that_nobody_touches_or_that_is_told_no() {
    let (desk, key) = desk_with_used_key();
    key.set_touch(Touch::Never);
    desk.hands.will(replug(&key));
    assert_snapshot!("reset_not_touched", reset(&desk));
    key.set_touch(Touch::Refuse);
    desk.hands.will(replug(&key));
    assert_snapshot!("reset_denied_on_the_key", reset(&desk));
    key.set_touch(Touch::Auto);
    assert!(is_untouched(&desk));
}

#[test]
fn ctrl_c_during_the_touch_cancels_the_reset() {
    let (desk, key) = desk_with_used_key();
    key.set_touch(Touch::Never);
    desk.hands.will(replug(&key));
    let interrupt = Arc::clone(&desk.interrupt);
    struct InterruptAtReset(Arc<std::sync::Mutex<Interrupt>>);
    impl MessageFault for InterruptAtReset {
        fn request(&mut self, request: &[u8]) -> Reaction {
            if request == [0x07] {
                self.0.lock().unwrap().request();
            }
            Reaction::Forward
        }
    }
    desk.faults.messages(InterruptAtReset(interrupt));
    assert_snapshot!("reset_interrupted_at_the_touch", reset(&desk));
    assert_eq!(desk.record.take().last().unwrap(), "CANCEL");
    desk.faults.mend();
    key.set_touch(Touch::Auto);
    assert!(is_untouched(&desk));
}

#[test]
fn a_key_that_speaks_only_u2f_has_no_reset_and_no_pin() {
    struct U2fOnly;
    impl MessageFault for U2fOnly {
        fn request(&mut self, request: &[u8]) -> Reaction {
            if request == [0x04] { Reaction::Answer(vec![0x01]) } else { Reaction::Forward }
        }
    }
    let (desk, _) = desk_with_used_key();
    desk.faults.messages(U2fOnly);
    assert_snapshot!("reset_u2f_only", reset(&desk));
    for command in ["pin status", "pin set", "pin change", "pin verify"] {
        assert_eq!(desk.run(command).exit, Exit::Unsupported);
    }
}

#[test]
fn what_the_key_says_of_resets_is_heeded() {
    let (desk, key) = desk_with_used_key();
    let over = |names: &[&str]| Encoded::array(names.iter().map(|name| Encoded::text(name)));
    Edit::new().member(0x1a, over(&["nfc", "smart-\u{7}card"])).install(&desk.faults);
    assert_snapshot!("reset_other_transports", reset(&desk));
    Edit::new().member(0x1a, over(&[])).install(&desk.faults);
    assert_snapshot!("reset_no_transports", reset(&desk));
    assert_eq!(desk.record.take(), ["INIT", "04"].repeat(2));
    key.set_touch(Touch::After(Duration::from_secs(6)));
    Edit::new()
        .member(0x18, Encoded::boolean(true))
        .member(0x1a, over(&["USB", "NFC"]))
        .option("uv", Some(true))
        .install(&desk.faults);
    desk.hands.will(replug(&key));
    assert_snapshot!("reset_long_touch", desk.run("reset --yes"));
}

#[test]
fn what_is_new_in_every_reply_does_not_make_another_key() {
    let (desk, key) = desk_with_used_key();
    let mut count = 0u8;
    desk.faults.replies(move |request, reply| {
        if request != [0x04] {
            return reply;
        }
        count += 1;
        let fresh = Encoded::bytes(&[count; 32]);
        Edit::new().member(0x19, fresh.clone()).member(0x1e, fresh).apply(&reply)
    });
    desk.hands.will(replug(&key));
    reset(&desk).succeeded();
}
