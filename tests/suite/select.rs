//! Which of several keys is meant: `fidokey wink`, `fidokey select`, and every other command on a
//! terminal with several keys.

use crate::harness::{Desk, Record, RecordingBus, Typed};
use fidokey::authenticator::{
    Act, Answer, Context, Interaction, NewPinRequest, Notice, PinRequest, Progress, SelectError,
    Selected, SelectedBy, Settings, select,
};
use fidokey::cli::exit::Exit;
use fidokey::ctap::{CommandCode, Pin, Random, RandomError};
use fidokey::transport::{Bus, Interrupt, KeyDescription, Timing};
use fidokey::virtual_key::{
    KeyClock, KeySettings, ManualClock, MonotonicClock, Surroundings, Touch, VirtualBus, VirtualKey,
};
use fidokey::wire::status::Status;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// A key in a time of its own: in the time of the desk, a key that waits would have time pass for
/// the others, too.
fn plug(desk: &Desk, number: u8, touch: Touch, clock: Arc<dyn KeyClock>) {
    let surroundings = Surroundings { clock, ..Surroundings::real() };
    let description = Desk::description(number);
    let key = VirtualKey::volatile(description, KeySettings::default(), touch, surroundings);
    desk.keys.plug(&key).unwrap();
}

/// Two keys of which nobody touches the first. The second is touched after it has asked for it.
fn two_keys() -> Desk {
    let desk = Desk::empty();
    let touches = [Touch::Never, Touch::After(Duration::from_millis(300))];
    for (number, touch) in (0..).zip(touches) {
        plug(&desk, number, touch, Arc::new(MonotonicClock::start()));
    }
    desk
}

/// Has every key say that it is of CTAP 2.0.
fn grow_old(desk: &Desk) {
    desk.faults.replies(|request, mut reply| {
        if request == [0x04] {
            let version = reply.windows(8).position(|bytes| bytes == b"FIDO_2_1").unwrap();
            reply[version + 7] = b'x';
        }
        reply
    });
}

#[test]
fn a_key_blinks() {
    let (desk, _key) = Desk::with_key();
    let text = desk.run("wink");
    assert_eq!(desk.record.take(), ["INIT", "WINK"]);
    insta::assert_snapshot!(format!("{text}\n{}", desk.run("wink --json")));
}

#[test]
fn a_key_that_cannot_blink_says_so() {
    let (desk, _key) = Desk::with_key();
    desk.faults.packets(|mut packet| {
        if packet[4] == 0x86 {
            packet[23] &= !0x01;
        }
        Ok(vec![packet])
    });
    let outcome = desk.run("wink");
    outcome.ended(Exit::Unsupported);
    assert_eq!(desk.record.take(), ["INIT"]);
    insta::assert_snapshot!(outcome);
}

#[test]
fn the_key_that_is_touched_is_named() {
    let desk = two_keys();
    let live = desk.command("select").at_terminal([]).run();
    live.succeeded();
    assert!(live.stderr.contains("Touch the key that you mean, one of 2 (60 s)."), "{live}");
    desk.record.take();
    let text = desk.run("select");
    assert_eq!(desk.record.take_of("/dev/hidraw1"), ["INIT", "04", "0b"]);
    insta::assert_snapshot!(format!("{text}\n{}", desk.run("select --json")));
}

#[test]
fn a_key_that_is_touched_is_used_and_asked_nothing_twice() {
    let desk = two_keys();
    let info = desk.command("info").at_terminal([]).run();
    info.succeeded();
    assert!(info.stdout.contains("/dev/hidraw1"), "{info}");
    assert_eq!(desk.record.take_of("/dev/hidraw1"), ["INIT", "04", "0b"]);
    let register = "register --rp example.com --user alice";
    desk.command(register).at_terminal([]).run().succeeded();
    assert_eq!(desk.record.take_of("/dev/hidraw1"), ["INIT", "04", "0b", "01"]);
}

#[test]
fn without_a_terminal_or_with_a_name_nobody_is_asked_to_touch() {
    let desk = two_keys();
    let several = desk.run("info");
    several.ended(Exit::NoKey);
    let forbidden = desk.command("info --no-input").at_terminal([]).run();
    forbidden.ended(Exit::NoKey);
    assert_eq!(desk.record.take(), [""; 0]);
    desk.command("info --device v1.1").at_terminal([]).run().succeeded();
    assert_eq!(desk.record.take(), ["INIT", "04"]);
    insta::assert_snapshot!(several);
}

#[test]
fn the_only_key_needs_no_touch() {
    let (desk, _key) = Desk::with_key();
    let outcome = desk.run("select");
    assert_eq!(desk.record.take(), [""; 0]);
    let named = desk.run("select --device virtual");
    insta::assert_snapshot!(format!("{outcome}\n{named}\n{}", Desk::empty().run("select")));
}

#[test]
fn nobody_touches_anything() {
    let desk = Desk::empty();
    for number in [0, 1] {
        plug(&desk, number, Touch::Never, ManualClock::leaping());
    }
    let outcome = desk.run("select");
    outcome.ended(Exit::NotConfirmed);
    insta::assert_snapshot!(outcome);
}

#[test]
fn older_keys_blink_one_by_one() {
    let desk = two_keys();
    grow_old(&desk);
    let second = desk.command("select").typing(["n", "y"]).run();
    second.succeeded();
    assert_eq!(desk.record.take_of("/dev/hidraw0"), ["INIT", "04", "WINK"]);
    let none = desk.command("select").typing(["n", ""]).run();
    let stopped = desk.command("select").at_terminal([Typed::Interrupt]).run();
    let alone = desk.run("select");
    alone.ended(Exit::NoKey);
    insta::assert_snapshot!(format!("{second}\n{none}\n{stopped}\n{alone}"));
}

#[test]
fn keys_that_cannot_be_used_are_left_out() {
    let desk = two_keys();
    let third = desk.plug(2, KeySettings::default());
    let held = third.open().unwrap();
    let outcome = desk.run("select");
    outcome.succeeded();
    let left_out = desk.run("select --json").json()["left_out"].clone();
    assert_eq!(left_out[0]["path"], "/dev/hidraw2");
    drop(held);
    desk.faults.packets(|_| Ok(Vec::new()));
    insta::assert_snapshot!(format!("{outcome}\n{}", desk.run("select")));
}

/// A person who watches.
#[derive(Default)]
struct Watcher {
    acts: Vec<Act>,
    over: usize,
    left_out: usize,
}

impl Interaction for Watcher {
    fn pin(&mut self, _: &PinRequest<'_>) -> Answer<Pin> {
        Answer::CannotAsk
    }

    fn new_pin(&mut self, _: &NewPinRequest<'_>) -> Answer<Pin> {
        Answer::CannotAsk
    }

    fn same_key(&mut self, _: &KeyDescription, _: bool) -> Answer<()> {
        Answer::CannotAsk
    }

    fn this_one(&mut self, _: &KeyDescription, _: bool) -> Answer<()> {
        Answer::CannotAsk
    }

    fn act(&mut self, _: &KeyDescription, act: &Act) {
        self.acts.push(act.clone());
    }

    fn act_goes_on(&mut self, _: &KeyDescription, _: &Act, _: Duration) {}

    fn act_over(&mut self) {
        self.over += 1;
    }

    fn notice(&mut self, _: &KeyDescription, notice: &Notice) {
        assert!(matches!(notice, Notice::LeftOut { .. }), "{notice:?}");
        self.left_out += 1;
    }

    fn progress(&mut self, _: Progress) {}

    fn exchanged(&mut self, _: &KeyDescription, _: CommandCode, _: Option<Status>) {}
}

struct Zeros;

impl Random for Zeros {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RandomError> {
        bytes.fill(0);
        Ok(())
    }
}

/// Keys in real time, the touch policy of each, and what was said to them.
fn in_real_time(
    touches: &[Touch],
    interrupt: &Interrupt,
    record: &Record,
) -> (Result<Selected, SelectError>, Watcher, RecordingBus<VirtualBus>) {
    let keys = VirtualBus::new(None, Surroundings::real(), Touch::Auto);
    for (number, touch) in (0..).zip(touches) {
        let description = Desk::description(number);
        let settings = KeySettings::default();
        let key = VirtualKey::volatile(description, settings, *touch, Surroundings::real());
        keys.plug(&key).unwrap();
    }
    let bus = RecordingBus::new(keys, record.clone());
    let keys = bus.keys().unwrap();
    let mut watcher = Watcher::default();
    let timing = Timing { touch: Duration::from_secs(20), ..Timing::USUAL };
    let mut context = Context {
        bus: &bus,
        random: &mut Zeros,
        interaction: &mut watcher,
        clock: Arc::new(MonotonicClock::start()),
        interrupt: interrupt.clone(),
        settings: Settings { timing, last_try: false },
    };
    let selected = select(&keys, &mut context);
    (selected, watcher, bus)
}

#[test]
fn the_first_touch_wins_and_the_other_keys_are_told_to_cancel() {
    let touches = [Touch::Never, Touch::After(Duration::from_millis(300)), Touch::Never];
    let begun = Instant::now();
    let record = Record::default();
    let (selected, watcher, bus) = in_real_time(&touches, &Interrupt::new(), &record);
    let Selected { mut key, by, .. } = selected.unwrap_or_else(|error| panic!("{error}"));
    assert!(begun.elapsed() < Duration::from_secs(10), "nobody waited for a time limit");
    assert_eq!((key.description().path.0.as_str(), by), ("/dev/hidraw1", SelectedBy::Touch));
    assert!(matches!(watcher.acts[..], [Act::TouchOne { count: 3, .. }]), "{:?}", watcher.acts);
    assert_eq!(watcher.over, 1);
    assert_eq!(record.take_of("/dev/hidraw0"), ["INIT", "04", "0b", "CANCEL"]);
    // The key that was touched can be used at once, and so can the others.
    let mut watcher = Watcher::default();
    let mut context = Context {
        bus: &bus,
        random: &mut Zeros,
        interaction: &mut watcher,
        clock: Arc::new(MonotonicClock::start()),
        interrupt: Interrupt::new(),
        settings: Settings { timing: Timing::USUAL, last_try: false },
    };
    assert!(key.wink(&mut context).is_ok());
    let other = Desk::description(0);
    assert!(fidokey::authenticator::Key::open(other, &mut context).is_ok());
}

#[test]
fn an_interrupt_stops_every_key() {
    let (interrupt, record) = (Interrupt::new(), Record::default());
    let presser = thread::spawn({
        let (interrupt, record) = (interrupt.clone(), record.clone());
        move || {
            record.wait_for("0b", 2);
            interrupt.request();
        }
    });
    let (selected, ..) = in_real_time(&[Touch::Never; 2], &interrupt, &record);
    presser.join().unwrap();
    assert!(matches!(selected, Err(SelectError::Interrupted)));
    let mut messages = record.take();
    messages.sort();
    assert_eq!(messages, ["04", "04", "0b", "0b", "CANCEL", "CANCEL", "INIT", "INIT"]);
}

#[test]
fn a_no_on_a_key_leaves_the_others() {
    let touches = [Touch::Refuse, Touch::After(Duration::from_millis(200))];
    let (selected, ..) = in_real_time(&touches, &Interrupt::new(), &Record::default());
    assert_eq!(selected.ok().unwrap().key.description().path.0, "/dev/hidraw1");
    let (selected, ..) = in_real_time(&[Touch::Refuse; 2], &Interrupt::new(), &Record::default());
    assert!(matches!(selected, Err(SelectError::NoneMeant)));
}
