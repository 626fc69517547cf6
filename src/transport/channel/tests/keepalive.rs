//! Answers, keepalives and the limits of patience.

use super::*;
use crate::wire::ctaphid::SplitError;

#[test]
fn an_answer_is_given_as_it_came() {
    let key = Key::new(|_, answers| {
        answers.cbor(&[0x00, 0xa1, 0x01, 0x02]);
    });
    let mut channel = key.open();
    let outcome = ask(&key, &mut channel);
    assert_eq!(outcome.result.unwrap(), [0x00, 0xa1, 0x01, 0x02]);
    assert_eq!(key.heard()[1..], [(CHANNEL, Command::CBOR, GET_INFO.to_vec())]);
    assert!(outcome.keepalives.is_empty());
}

#[test]
fn an_exchange_in_step_costs_one_message() {
    let key = Key::new(|_, answers| {
        answers.keepalive(1).cbor(&[0x2e]);
    });
    let mut channel = key.open();
    for _ in 0..3 {
        assert_eq!(ask(&key, &mut channel).result.unwrap(), [0x2e]);
    }
    assert_eq!(key.commands(), [Command::CBOR; 3]);
}

#[test]
fn packets_of_other_channels_are_skipped_also_in_the_middle_of_a_message() {
    let key = Key::new(|_, answers| {
        let packets = answers.reports(CHANNEL, Command::CBOR, &[0; 200]);
        for packet in packets {
            answers
                .message(FOREIGN, Command::CBOR, &[0x2d; 80])
                .error(FOREIGN, 0x06)
                .init(BROADCAST_CHANNEL, &[9; 8], FOREIGN)
                .report(packet);
        }
    });
    let mut channel = key.open();
    assert_eq!(ask(&key, &mut channel).result.unwrap(), [0; 200]);
}

#[test]
fn keepalives_are_told_only_when_they_change() {
    let key = Key::new(|_, answers| {
        for status in [1, 1, 1, 2, 2, 1, 7, 7] {
            answers.after(millis(100)).keepalive(status);
        }
        answers.cbor(&[0]);
    });
    let mut channel = key.open();
    let outcome = ask(&key, &mut channel);
    assert_eq!(outcome.result.unwrap(), [0]);
    assert_eq!(
        outcome.keepalives,
        [
            Keepalive::Processing,
            Keepalive::UserPresenceNeeded,
            Keepalive::Processing,
            Keepalive::Other(7)
        ]
    );
}

#[test]
fn a_silent_key_is_given_up_after_the_time_for_an_answer_and_told_to_cancel() {
    let key = Key::new(|_, _| {});
    let mut channel = key.open();
    let outcome = ask(&key, &mut channel);
    let error = outcome.result.unwrap_err();
    assert!(
        matches!(error, ChannelError::NoAnswer { waited, .. } if waited == seconds(3)),
        "{error:?}"
    );
    assert_eq!(error.to_string(), "the key gave no answer to a CTAP2 command within 3 s");
    assert_eq!(outcome.took, seconds(3));
    assert_eq!(key.commands(), [Command::CBOR, Command::CANCEL]);
}

#[test]
fn keepalives_extend_the_time_for_an_answer() {
    let key = Key::new(|_, answers| {
        for _ in 0..5 {
            answers.after(millis(2900)).keepalive(1);
        }
        answers.after(millis(2900)).cbor(&[0]);
    });
    let mut channel = key.open();
    assert_eq!(ask(&key, &mut channel).result.unwrap(), [0]);
}

#[test]
fn a_key_that_falls_silent_after_keepalives_is_given_up() {
    let key = Key::new(|_, answers| {
        answers.after(seconds(1)).keepalive(2);
    });
    let mut channel = key.open();
    let outcome = ask(&key, &mut channel);
    let error = outcome.result.unwrap_err();
    assert!(matches!(error, ChannelError::NoAnswer { .. }), "{error:?}");
    assert_about(outcome.took, seconds(4));
}

#[test]
fn a_key_that_stops_in_the_middle_of_a_message_is_given_up() {
    let key = Key::new(|_, answers| {
        let packets = answers.reports(CHANNEL, Command::CBOR, &[0; 200]);
        answers.report(packets[0].clone()).after(seconds(2)).report(packets[1].clone());
    });
    let mut channel = key.open();
    let outcome = ask(&key, &mut channel);
    assert!(matches!(outcome.result, Err(ChannelError::NoAnswer { .. })));
    assert_about(outcome.took, seconds(5));
}

#[test]
fn endless_processing_is_bounded_and_cancelled() {
    let key = Key::new(|heard, answers| match heard.command {
        Command::CANCEL => {
            answers.silence().cbor(&[0x2d]);
        }
        _ => {
            answers.keepalives_for_ever(1);
        }
    });
    let mut channel = key.open();
    let outcome = ask(&key, &mut channel);
    let error = outcome.result.unwrap_err();
    assert!(matches!(error, ChannelError::TimedOut { waiting_for_touch: false, .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        "the key was still working after 60 s, and the request was cancelled"
    );
    assert_about(outcome.took, seconds(60));
    assert_eq!(key.commands(), [Command::CBOR, Command::CANCEL]);
}

#[test]
fn a_touch_is_waited_for_from_the_moment_the_key_asks_for_it() {
    let key = Key::new(|heard, answers| match heard.command {
        Command::CANCEL => {
            answers.silence().cbor(&[0x2d]);
        }
        _ => {
            for _ in 0..20 {
                answers.after(seconds(1)).keepalive(1);
            }
            answers.after(seconds(1)).keepalives_for_ever(2);
        }
    });
    let mut channel = key.open();
    let outcome = ask(&key, &mut channel);
    let error = outcome.result.unwrap_err();
    let ChannelError::TimedOut { waited, waiting_for_touch: true } = error else {
        panic!("{error:?}");
    };
    assert_about(waited, seconds(60));
    assert_eq!(
        error.to_string(),
        "nobody touched the key within 60 s, and the request was cancelled"
    );
    assert!(outcome.took > seconds(80) && outcome.took < seconds(82), "{:?}", outcome.took);
    assert_eq!(outcome.keepalives, [Keepalive::Processing, Keepalive::UserPresenceNeeded]);
    // Each second that is left for the touch is told once.
    assert_eq!(outcome.left, (0..=60).rev().collect::<Vec<_>>());
}

#[test]
fn a_key_that_works_on_for_ever_after_the_touch_is_not_said_to_wait_for_one() {
    let key = Key::new(|heard, answers| {
        if heard.command == Command::CBOR {
            answers.keepalive(2).after(seconds(1)).keepalives_for_ever(1);
        }
    });
    let mut channel = key.open();
    let error = ask(&key, &mut channel).result.unwrap_err();
    assert!(matches!(error, ChannelError::TimedOut { waiting_for_touch: false, .. }), "{error:?}");
}

#[test]
fn a_message_that_drips_in_for_ever_is_bounded() {
    let key = Key::new(|_, answers| {
        for packet in answers.reports(CHANNEL, Command::CBOR, &[0; 7609]) {
            answers.after(seconds(2)).report(packet);
        }
    });
    let mut channel = key.open();
    let outcome = ask(&key, &mut channel);
    assert!(matches!(outcome.result, Err(ChannelError::TimedOut { waiting_for_touch: false, .. })));
    assert_about(outcome.took, seconds(62));
}

#[test]
fn a_flood_of_foreign_packets_ends_by_the_deadline() {
    let key = Key::new(|_, answers| {
        let [report] = answers.reports(FOREIGN, Command::KEEPALIVE, &[2]).try_into().unwrap();
        answers.for_ever(millis(1), report);
    });
    let mut channel = key.open();
    let outcome = ask(&key, &mut channel);
    assert!(matches!(outcome.result, Err(ChannelError::NoAnswer { .. })));
    assert_about(outcome.took, seconds(3));
}

/// The program was stopped (Ctrl-Z) or its terminal was, while the key answered.
#[test]
fn an_answer_that_came_in_time_is_taken_when_it_is_read_late() {
    let key = Key::new(|_, answers| {
        answers.keepalive(2).after(seconds(1)).cbor(&[0, 1]);
    });
    let mut channel = key.open();
    let clock = key.clone();
    let answer = channel.cbor(GET_INFO, TIMING, &mut |_| {
        let mut desk = clock.desk();
        desk.now += seconds(100);
    });
    assert_eq!(*answer.unwrap(), [0, 1]);
    assert_eq!(key.commands(), [Command::CBOR]);
}

/// Packets that came late are read without end otherwise, since none of them is a wait.
#[test]
fn a_queue_that_never_empties_does_not_hold_up_the_deadline() {
    let key = Key::new(|heard, answers| {
        if heard.command == Command::CANCEL {
            answers.silence();
        } else {
            let [report] = answers.reports(CHANNEL, Command::KEEPALIVE, &[2]).try_into().unwrap();
            answers.for_ever(Duration::ZERO, report);
        }
    });
    let mut channel = key.open();
    let clock = key.clone();
    let error =
        channel.cbor(GET_INFO, TIMING, &mut |_| clock.desk().now += seconds(100)).unwrap_err();
    assert!(matches!(error, ChannelError::TimedOut { waiting_for_touch: true, .. }), "{error:?}");
}

#[test]
fn the_clock_and_the_interrupt_are_looked_at_every_tenth_of_a_second() {
    let key = Key::new(|_, _| {});
    let mut channel = key.open();
    assert!(ask(&key, &mut channel).result.is_err());
    assert_eq!(key.desk().longest_wait, millis(100));
}

#[test]
fn short_limits_are_kept_too() {
    let timing = Timing { answer: seconds(1), touch: millis(500) };
    let key = Key::new(|heard, answers| {
        if heard.command == Command::CBOR {
            answers.keepalives_for_ever(2);
        }
    });
    let mut channel = key.open();
    let outcome = ask_within(&key, &mut channel, timing);
    let error = outcome.result.unwrap_err();
    assert!(matches!(error, ChannelError::TimedOut { waiting_for_touch: true, .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        "nobody touched the key within 500 ms, and the request was cancelled"
    );
}

#[test]
fn a_message_too_long_for_the_key_is_not_sent() {
    let key = Key::new(|_, _| {});
    let mut channel = key.open();
    let error = channel.cbor(&[0; 7610], TIMING, &mut |_| {}).unwrap_err();
    assert!(
        matches!(
            error,
            ChannelError::MessageTooLong(SplitError::TooLong { length: 7610, most: 7609 })
        ),
        "{error:?}"
    );
    assert!(key.commands().is_empty());
}

#[test]
fn a_debug_output_shows_no_message() {
    let key = Key::new(|_, answers| {
        answers.cbor(&[0x00, 0xab, 0xcd]);
    });
    let mut channel = key.open();
    ask(&key, &mut channel).result.unwrap();
    assert_eq!(
        format!("{channel:?}"),
        "Channel { number: 17, capabilities: Capabilities(5), step: Kept, .. }"
    );
}

#[test]
fn other_commands_are_answered_with_their_own() {
    let key = Key::new(|heard, answers| {
        answers.message(CHANNEL, heard.command, &heard.payload);
    });
    let mut channel = key.open();
    let ping = channel.message(Command::PING, &[7; 300], TIMING, &mut |_| {}).unwrap();
    assert_eq!(*ping, [7; 300]);
    let empty = channel.message(Command::MSG, &[], TIMING, &mut |_| {}).unwrap();
    assert!(empty.is_empty());
}

#[test]
fn only_ctap2_commands_are_cancelled() {
    let key = Key::new(|heard, answers| {
        if heard.command == Command::PING {
            answers.keepalives_for_ever(1);
        }
    });
    let mut channel = key.open();
    let error = channel.message(Command::MSG, &[0], TIMING, &mut |_| {}).unwrap_err();
    assert_eq!(error.to_string(), "the key gave no answer to a U2F message within 3 s");
    let error = channel.message(Command::PING, &[0], TIMING, &mut |_| {}).unwrap_err();
    assert!(matches!(error, ChannelError::TimedOut { .. }), "{error:?}");
    assert_eq!(key.commands(), [Command::MSG, Command::INIT, Command::PING]);
}

/// A short limit for people is not one for the key's work.
#[test]
fn a_key_at_work_has_at_least_the_time_for_an_answer() {
    let timing = Timing { answer: seconds(1), touch: millis(500) };
    let key = Key::new(|_, answers| {
        answers.keepalive(1).after(millis(800)).cbor(&[0, 7]);
    });
    let mut channel = key.open();
    assert_eq!(ask_within(&key, &mut channel, timing).result.unwrap(), [0, 7]);
    assert_eq!(key.commands(), [Command::CBOR], "and was not told to cancel");
}
