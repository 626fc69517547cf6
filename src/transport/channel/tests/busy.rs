//! A key that serves another program.

use super::*;

const BUSY: u8 = 0x06;

/// A key that is busy for the first `times` requests of this command.
fn busy_for(times: usize, command: Command) -> Key {
    let mut left = times;
    Key::bare(move |heard, answers| {
        if heard.command == command && left > 0 {
            left -= 1;
            answers.error(heard.channel, BUSY);
        } else if heard.command == Command::INIT {
            answers.init(heard.channel, &heard.payload, CHANNEL);
        } else {
            answers.cbor(&[0, 7]);
        }
    })
}

#[test]
fn a_busy_key_is_asked_again_until_it_serves() {
    let key = busy_for(20, Command::CBOR);
    let mut channel = key.open();
    let outcome = ask(&key, &mut channel);
    assert_eq!(outcome.result.unwrap(), [0, 7]);
    assert_eq!(outcome.told_busy, 1);
    assert!(outcome.took >= seconds(2) && outcome.took < seconds(3), "{:?}", outcome.took);
    let times = key.times_of(Command::CBOR);
    assert_eq!(times.len(), 21);
    for pair in times.windows(2) {
        assert!(pair[1] - pair[0] >= millis(100), "{pair:?}");
    }
}

#[test]
fn a_key_busy_for_ever_is_given_up_by_the_deadline() {
    let key = busy_for(usize::MAX, Command::CBOR);
    let mut channel = key.open();
    let outcome = ask(&key, &mut channel);
    let error = outcome.result.unwrap_err();
    assert!(matches!(error, ChannelError::Busy { .. }), "{error:?}");
    assert_eq!(error.to_string(), "the key was busy with another program for 60 s");
    assert_about(outcome.took, seconds(60));
}

#[test]
fn no_patience_means_one_attempt() {
    let key = busy_for(usize::MAX, Command::CBOR);
    let mut channel = key.open();
    let timing = Timing { answer: seconds(3), touch: Duration::ZERO };
    let outcome = ask_within(&key, &mut channel, timing);
    assert!(matches!(outcome.result, Err(ChannelError::Busy { .. })));
    assert_eq!(key.commands(), [Command::CBOR]);
    assert!(outcome.took < millis(100));
}

#[test]
fn a_greeting_turned_away_is_repeated_with_the_same_nonce() {
    let key = busy_for(3, Command::INIT);
    let channel = key.open();
    assert_eq!(channel.init_reply().channel, CHANNEL);
    assert_eq!(key.desk().signs_at_opening, [Sign::Busy], "it is said once");
    assert_eq!(key.heard(), vec![(BROADCAST_CHANNEL, Command::INIT, NONCE.to_vec()); 4]);
    for pair in key.times_of(Command::INIT).windows(2) {
        assert!(pair[1] - pair[0] >= millis(100), "{pair:?}");
    }
}

#[test]
fn a_greeting_turned_away_for_ever_is_given_up_by_the_deadline() {
    let key = busy_for(usize::MAX, Command::INIT);
    let begun = key.now();
    let error = key.try_open(TIMING).unwrap_err();
    assert!(matches!(error, ChannelError::Busy { .. }), "{error:?}");
    assert_about(key.now() - begun, seconds(60));

    let key = busy_for(usize::MAX, Command::INIT);
    let timing = Timing { answer: seconds(3), touch: Duration::ZERO };
    let begun = key.now();
    let error = key.try_open(timing).unwrap_err();
    assert!(matches!(error, ChannelError::Busy { .. }), "{error:?}");
    assert_eq!(key.heard().len(), 1);
    assert_eq!(key.desk().signs_at_opening, [], "nobody waits");
    assert!(key.now() - begun < millis(50));
}

/// The refusal was for another program's greeting; ours was served.
#[test]
fn an_answer_that_follows_a_busy_refusal_is_ours() {
    let key = Key::bare(|heard, answers| {
        answers.error(BROADCAST_CHANNEL, BUSY).after(millis(20)).init(
            BROADCAST_CHANNEL,
            &heard.payload,
            CHANNEL,
        );
    });
    assert_eq!(key.open().init_reply().channel, CHANNEL);
    assert_eq!(key.heard().len(), 1);
}

/// OpenSK answers each packet of a request with a refusal while it assembles another's message.
#[test]
fn several_refusals_of_one_request_are_not_taken_for_those_of_the_next() {
    let mut attempts = 0;
    let key = Key::new(move |_, answers| {
        attempts += 1;
        if attempts == 1 {
            for _ in 0..5 {
                answers.error(CHANNEL, BUSY).after(millis(90));
            }
        } else {
            answers.after(millis(300)).cbor(&[0, 7]);
        }
    });
    let mut channel = key.open();
    assert_eq!(*channel.cbor(&[4; 250], TIMING, &mut |_| {}).unwrap(), [0, 7]);
    assert_eq!(key.commands(), [Command::CBOR; 2], "a request may hold a PIN: it is tried once");
}

#[test]
fn a_request_that_the_key_has_begun_to_work_on_is_never_sent_again() {
    let key = Key::new(|_, answers| {
        answers.keepalive(1).error(CHANNEL, BUSY);
    });
    let mut channel = key.open();
    let result = ask(&key, &mut channel).result;
    assert!(matches!(result, Err(ChannelError::Refused(HidErrorCode::CHANNEL_BUSY))), "{result:?}");
    assert_eq!(key.commands(), [Command::CBOR]);
}

#[test]
fn a_busy_key_that_never_stops_refusing_is_given_up_by_the_deadline() {
    let key = Key::new(|_, answers| {
        let [report] = answers.reports(CHANNEL, Command::ERROR, &[BUSY]).try_into().unwrap();
        answers.for_ever(millis(10), report);
    });
    let mut channel = key.open();
    let outcome = ask(&key, &mut channel);
    assert!(matches!(outcome.result, Err(ChannelError::Busy { .. })));
    assert_about(outcome.took, seconds(60));
    assert_eq!(key.commands(), [Command::CBOR]);
}

#[test]
fn a_person_who_asks_to_stop_is_heard_while_the_key_is_busy_and_nothing_is_cancelled() {
    let key = busy_for(usize::MAX, Command::CBOR);
    let mut channel = key.open();
    key.interrupt_after(millis(1050));
    let outcome = ask(&key, &mut channel);
    assert!(matches!(outcome.result, Err(ChannelError::Interrupted)));
    assert_about(outcome.took, millis(1050));
    assert!(!key.commands().contains(&Command::CANCEL));
}

#[test]
fn a_touch_gets_its_whole_time_after_a_busy_key_has_served() {
    let mut attempts = 0;
    let key = Key::new(move |heard, answers| match heard.command {
        Command::CANCEL => {
            answers.silence().cbor(&[0x2d]);
        }
        _ if attempts < 100 => {
            attempts += 1;
            answers.error(CHANNEL, BUSY);
        }
        _ => {
            answers.keepalives_for_ever(2);
        }
    });
    let mut channel = key.open();
    let outcome = ask(&key, &mut channel);
    let Err(ChannelError::TimedOut { waited, waiting_for_touch: true }) = outcome.result else {
        panic!("{:?}", outcome.result);
    };
    assert_about(waited, seconds(60));
}

#[test]
fn a_channel_that_was_only_turned_away_is_still_in_step() {
    let key = busy_for(1, Command::CBOR);
    let mut channel = key.open();
    let timing = Timing { answer: seconds(3), touch: Duration::ZERO };
    assert!(matches!(
        ask_within(&key, &mut channel, timing).result,
        Err(ChannelError::Busy { .. })
    ));
    assert_eq!(ask(&key, &mut channel).result.unwrap(), [0, 7]);
    assert_eq!(key.commands(), [Command::CBOR; 2]);
}
