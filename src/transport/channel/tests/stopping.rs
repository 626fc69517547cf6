//! What a cancelled request comes to.

use super::*;

/// A key that waits for a touch and on CANCEL does what `on_cancel` says.
fn waiting_for_touch(mut on_cancel: impl FnMut(&mut Answers) + Send + 'static) -> Key {
    Key::new(move |heard, answers| match heard.command {
        Command::CANCEL => on_cancel(answers),
        _ => {
            answers.keepalives_for_ever(2);
        }
    })
}

#[test]
fn an_interrupted_request_is_cancelled_at_the_key() {
    let key = waiting_for_touch(|answers| {
        answers.silence().after(millis(50)).cbor(&[0x2d]);
    });
    let mut channel = key.open();
    key.interrupt_after(seconds(5));
    let outcome = ask(&key, &mut channel);
    assert!(matches!(outcome.result, Err(ChannelError::Interrupted)));
    assert_about(outcome.took, millis(5050));
    assert_eq!(
        key.heard()[1..],
        [(CHANNEL, Command::CBOR, GET_INFO.to_vec()), (CHANNEL, Command::CANCEL, Vec::new())]
    );
}

#[test]
fn after_an_acknowledged_cancel_the_channel_is_in_step() {
    let key = waiting_for_touch(|answers| {
        answers.silence().cbor(&[0x2d]);
    });
    let mut channel = key.open();
    let timing = Timing { answer: seconds(3), touch: seconds(1) };
    assert!(ask_within(&key, &mut channel, timing).result.is_err());
    assert!(ask_within(&key, &mut channel, timing).result.is_err());
    let (cbor, cancel) = (Command::CBOR, Command::CANCEL);
    assert_eq!(key.commands(), [cbor, cancel, cbor, cancel]);
}

/// The person touched the key in the last moment: what was made exists.
#[test]
fn a_success_after_the_cancel_of_an_interrupt_is_an_answer() {
    let key = waiting_for_touch(|answers| {
        answers.silence().keepalive(1).cbor(&[0, 0xa3]);
    });
    let mut channel = key.open();
    key.interrupt_after(seconds(5));
    let outcome = ask(&key, &mut channel);
    assert_eq!(outcome.result.unwrap(), [0, 0xa3]);
    assert_eq!(
        outcome.keepalives,
        [Keepalive::UserPresenceNeeded],
        "nobody is told of keepalives after the cancel"
    );
}

#[test]
fn a_success_after_the_cancel_of_our_own_limit_is_an_answer() {
    let key = waiting_for_touch(|answers| {
        answers.silence().after(millis(1900)).cbor(&[0, 0xa3]);
    });
    let mut channel = key.open();
    let outcome = ask(&key, &mut channel);
    assert_eq!(outcome.result.unwrap(), [0, 0xa3]);
    assert_about(outcome.took, millis(61_900));
}

#[test]
fn any_other_last_word_is_no_answer() {
    for status in [0x2d, 0x27, 0x2f, 0x7f] {
        let key = waiting_for_touch(move |answers| {
            answers.silence().cbor(&[status]);
        });
        let mut channel = key.open();
        let result = ask(&key, &mut channel).result;
        assert!(
            matches!(result, Err(ChannelError::TimedOut { waiting_for_touch: true, .. })),
            "{result:?}"
        );
    }
}

#[test]
fn a_refusal_or_nonsense_as_last_word_is_no_answer_and_resynchronised() {
    let refusal = |answers: &mut Answers| {
        answers.silence().error(CHANNEL, 0x7f);
    };
    let nonsense = |answers: &mut Answers| {
        answers.silence().message(CHANNEL, Command::PING, &[0]);
    };
    let busy = |answers: &mut Answers| {
        answers.silence().error(CHANNEL, 0x06);
    };
    for on_cancel in [refusal, nonsense, busy] {
        let key = waiting_for_touch(on_cancel);
        let mut channel = key.open();
        let timing = Timing { answer: seconds(3), touch: seconds(1) };
        let result = ask_within(&key, &mut channel, timing).result;
        assert!(matches!(result, Err(ChannelError::TimedOut { .. })), "{result:?}");
        assert!(ask_within(&key, &mut channel, timing).result.is_err());
        assert_eq!(key.commands()[..3], [Command::CBOR, Command::CANCEL, Command::INIT]);
    }
}

#[test]
fn a_key_that_ignores_the_cancel_is_left_after_two_seconds() {
    let key = waiting_for_touch(|_| {});
    let mut channel = key.open();
    key.interrupt_after(seconds(5));
    let outcome = ask(&key, &mut channel);
    assert!(matches!(outcome.result, Err(ChannelError::Interrupted)));
    assert_about(outcome.took, seconds(7));
    assert_eq!(key.commands(), [Command::CBOR, Command::CANCEL]);
}

#[test]
fn a_key_silent_after_the_cancel_is_resynchronised_before_the_next_request() {
    let key = waiting_for_touch(|answers| {
        answers.silence();
    });
    let mut channel = key.open();
    let timing = Timing { answer: seconds(3), touch: seconds(1) };
    let outcome = ask_within(&key, &mut channel, timing);
    assert!(matches!(outcome.result, Err(ChannelError::TimedOut { .. })));
    assert_about(outcome.took, seconds(3));
    assert!(ask_within(&key, &mut channel, timing).result.is_err());
    assert_eq!(
        key.heard()[3],
        (CHANNEL, Command::INIT, SECOND_NONCE.to_vec()),
        "{:?}",
        key.heard()
    );
}

#[test]
fn an_answer_under_way_when_a_person_asks_to_stop_is_completed() {
    let key = Key::new(|heard, answers| {
        if heard.command == Command::CBOR {
            for packet in answers.reports(CHANNEL, Command::CBOR, &[0; 300]) {
                answers.after(millis(200)).report(packet);
            }
        }
    });
    let mut channel = key.open();
    key.interrupt_after(millis(500));
    assert_eq!(ask(&key, &mut channel).result.unwrap(), [0; 300]);
    assert_eq!(key.commands(), [Command::CBOR, Command::CANCEL]);
}

#[test]
fn nothing_is_sent_after_a_person_has_asked_to_stop() {
    let key = Key::new(|_, answers| {
        answers.cbor(&[0]);
    });
    let mut channel = key.open();
    key.desk().interrupt.request();
    assert!(matches!(ask(&key, &mut channel).result, Err(ChannelError::Interrupted)));
    assert!(matches!(channel.wink(TIMING), Err(ChannelError::Interrupted)));
    assert!(key.commands().is_empty());
}

#[test]
fn other_commands_are_left_at_once() {
    let key = Key::new(|_, _| {});
    let mut channel = key.open();
    key.interrupt_after(seconds(1));
    let begun = key.now();
    let result = channel.message(Command::MSG, &[0], TIMING, &mut |_| {});
    assert!(matches!(result, Err(ChannelError::Interrupted)));
    assert_about(key.now() - begun, seconds(1));
    assert_eq!(key.commands(), [Command::MSG]);
}

#[test]
fn a_key_unplugged_while_it_should_cancel_is_told_so() {
    let key = waiting_for_touch(|answers| {
        answers.silence().unplugged();
    });
    let mut channel = key.open();
    key.interrupt_after(seconds(1));
    assert!(matches!(
        ask(&key, &mut channel).result,
        Err(ChannelError::Connection(ConnectionError::Unplugged))
    ));
}
