//! The way back into step after an exchange that broke off, and what cannot be mended.

use super::*;
use crate::transport::channel::Malformed;

/// A key that answers the first CTAP2 command in this way and the others well.
fn faulty_once(fault: impl Fn(&mut Answers) + Send + 'static) -> Key {
    let mut times = 0;
    Key::new(move |heard, answers| {
        if heard.command == Command::CBOR {
            times += 1;
            if times == 1 {
                fault(answers);
            } else {
                answers.cbor(&[0, 7]);
            }
        }
    })
}

#[test]
fn after_a_broken_exchange_the_channel_itself_is_greeted_once() {
    let faults: [fn(&mut Answers); 7] = [
        // A packet is missing.
        |answers| {
            let mut packets = answers.reports(CHANNEL, Command::CBOR, &[0; 300]);
            packets.remove(1);
            for packet in packets {
                answers.report(packet);
            }
        },
        // Silence.
        |_| {},
        // Another command.
        |answers| {
            answers.message(CHANNEL, Command::PING, &[0]);
        },
        // A message in another.
        |answers| {
            let packets = answers.reports(CHANNEL, Command::CBOR, &[0; 300]);
            answers.report(packets[0].clone()).cbor(&[0]);
        },
        // Refusals that leave open what the key does.
        |answers| {
            answers.error(CHANNEL, 0x04);
        },
        |answers| {
            answers.error(CHANNEL, 0x05);
        },
        |answers| {
            answers.error(CHANNEL, 0x7f);
        },
    ];
    for fault in faults {
        let key = faulty_once(fault);
        let mut channel = key.open();
        assert!(ask(&key, &mut channel).result.is_err());
        assert_eq!(ask(&key, &mut channel).result.unwrap(), [0, 7]);
        assert_eq!(ask(&key, &mut channel).result.unwrap(), [0, 7]);
        let greetings: Vec<_> =
            key.heard().into_iter().filter(|(_, command, _)| *command == Command::INIT).collect();
        assert_eq!(
            greetings,
            [
                (BROADCAST_CHANNEL, Command::INIT, NONCE.to_vec()),
                (CHANNEL, Command::INIT, SECOND_NONCE.to_vec())
            ]
        );
    }
}

#[test]
fn a_refusal_before_anything_begun_needs_no_greeting() {
    for code in [0x01, 0x02, 0x03, 0x0a] {
        let key = faulty_once(move |answers| {
            answers.error(CHANNEL, code);
        });
        let mut channel = key.open();
        assert!(ask(&key, &mut channel).result.is_err());
        assert_eq!(ask(&key, &mut channel).result.unwrap(), [0, 7]);
        assert_eq!(key.commands(), [Command::CBOR, Command::CBOR]);
    }
}

#[test]
fn a_refused_request_of_several_packets_needs_a_greeting() {
    let key = faulty_once(|answers| {
        answers.error(CHANNEL, 0x03).error(CHANNEL, 0x03).after(seconds(1)).error(CHANNEL, 0x03);
    });
    let mut channel = key.open();
    assert!(channel.cbor(&[0; 200], TIMING, &mut |_| {}).is_err());
    assert_eq!(ask(&key, &mut channel).result.unwrap(), [0, 7]);
}

/// The answer to the request that was given up comes while the next is prepared.
#[test]
fn the_late_answer_of_a_broken_exchange_is_not_taken_for_the_next() {
    let key = faulty_once(|answers| {
        answers
            .after(millis(3050))
            .cbor(&[0, 0xbb])
            .keepalive(2)
            .message(CHANNEL, Command::CBOR, &[0xbb; 500])
            .error(CHANNEL, 0x7f)
            .init(CHANNEL, &NONCE, CHANNEL);
    });
    let mut channel = key.open();
    assert!(matches!(ask(&key, &mut channel).result, Err(ChannelError::NoAnswer { .. })));
    let outcome = ask(&key, &mut channel);
    assert_eq!(outcome.result.unwrap(), [0, 7]);
    assert!(outcome.keepalives.is_empty());
}

#[test]
fn what_lies_in_the_queue_of_a_channel_in_step_is_thrown_away_without_waiting() {
    let key = Key::new(|_, answers| {
        answers.cbor(&[0, 7]);
    });
    let mut channel = key.open();
    key.change(|answers| {
        answers.cbor(&[0, 0xbb]).keepalive(1).message(CHANNEL, Command::CBOR, &[0; 700]);
    });
    let outcome = ask(&key, &mut channel);
    assert_eq!(outcome.result.unwrap(), [0, 7]);
    assert!(outcome.keepalives.is_empty());
    assert!(outcome.took < millis(50), "{:?}", outcome.took);
}

#[test]
fn a_flood_does_not_hold_a_request_up() {
    let key = Key::new(|heard, answers| {
        if heard.command == Command::CBOR {
            answers.silence().cbor(&[0, 7]);
        }
    });
    let mut channel = key.open();
    key.change(|answers| {
        let [report] = answers.reports(FOREIGN, Command::KEEPALIVE, &[1]).try_into().unwrap();
        answers.for_ever(Duration::ZERO, report);
    });
    assert_eq!(ask(&key, &mut channel).result.unwrap(), [0, 7]);
}

#[test]
fn a_key_that_forgot_the_channel_is_asked_for_another_by_the_next_call() {
    let mut greetings = 0;
    let key = Key::bare(move |heard, answers| match (heard.command, heard.channel) {
        (Command::INIT, BROADCAST_CHANNEL) => {
            greetings += 1;
            answers.init(BROADCAST_CHANNEL, &heard.payload, CHANNEL + greetings - 1);
        }
        (_, CHANNEL) => {
            answers.error(CHANNEL, 0x0b);
        }
        (command, other) => {
            answers.message(other, command, &[0, 7]);
        }
    });
    let mut channel = key.open();
    let result = ask(&key, &mut channel).result;
    assert!(
        matches!(result, Err(ChannelError::Refused(HidErrorCode::INVALID_CHANNEL))),
        "{result:?}"
    );
    assert_eq!(ask(&key, &mut channel).result.unwrap(), [0, 7]);
    assert_eq!(channel.init_reply().channel, CHANNEL + 1);
    assert_eq!(
        key.heard()[2..],
        [
            (BROADCAST_CHANNEL, Command::INIT, SECOND_NONCE.to_vec()),
            (CHANNEL + 1, Command::CBOR, GET_INFO.to_vec())
        ]
    );
}

#[test]
fn a_key_that_forgot_the_channel_of_a_broken_exchange_is_asked_for_another_at_once() {
    let mut silent = true;
    let mut greetings = 0;
    let key = Key::bare(move |heard, answers| match (heard.command, heard.channel) {
        (Command::INIT, BROADCAST_CHANNEL) => {
            greetings += 1;
            answers.init(BROADCAST_CHANNEL, &heard.payload, CHANNEL + greetings - 1);
        }
        (Command::CBOR, CHANNEL) if silent => silent = false,
        (_, CHANNEL) => {
            answers.error(CHANNEL, 0x0b);
        }
        (command, other) => {
            answers.message(other, command, &[0, 7]);
        }
    });
    let mut channel = key.open();
    assert!(ask(&key, &mut channel).result.is_err());
    assert_eq!(ask(&key, &mut channel).result.unwrap(), [0, 7]);
}

#[test]
fn a_key_that_does_not_answer_on_the_channel_is_asked_for_another_by_the_next_call() {
    let mut greetings = 0;
    let key = Key::bare(move |heard, answers| match (heard.command, heard.channel) {
        (Command::INIT, BROADCAST_CHANNEL) => {
            greetings += 1;
            answers.init(BROADCAST_CHANNEL, &heard.payload, CHANNEL + greetings - 1);
        }
        (_, CHANNEL) => {}
        (command, other) => {
            answers.message(other, command, &[0, 7]);
        }
    });
    let mut channel = key.open();
    for _ in 0..2 {
        let result = ask(&key, &mut channel).result;
        assert!(matches!(result, Err(ChannelError::NoAnswer { .. })), "{result:?}");
    }
    assert_eq!(ask(&key, &mut channel).result.unwrap(), [0, 7]);
}

#[test]
fn a_busy_key_is_greeted_on_the_channel_until_it_is_free() {
    let mut greetings = 0;
    let mut requests = 0;
    let key = Key::bare(move |heard, answers| match heard.command {
        Command::INIT => {
            greetings += 1;
            if (2..5).contains(&greetings) {
                answers.error(heard.channel, 0x06);
            } else {
                answers.init(heard.channel, &heard.payload, CHANNEL);
            }
        }
        Command::CBOR => {
            requests += 1;
            if requests > 1 {
                answers.cbor(&[0, 7]);
            }
        }
        _ => {}
    });
    let mut channel = key.open();
    assert!(ask(&key, &mut channel).result.is_err());
    assert_eq!(ask(&key, &mut channel).result.unwrap(), [0, 7]);
    let on_the_channel = key
        .heard()
        .iter()
        .filter(|(on, command, _)| (*on, *command) == (CHANNEL, Command::INIT))
        .count();
    assert_eq!(on_the_channel, 4);
}

#[test]
fn a_key_unplugged_in_the_middle_of_an_answer_stays_unplugged() {
    let key = Key::new(|_, answers| {
        let packets = answers.reports(CHANNEL, Command::CBOR, &[0; 300]);
        answers.report(packets[0].clone()).report(packets[1].clone()).unplugged();
    });
    let mut channel = key.open();
    let sends = |key: &Key| key.desk().sends;
    for _ in 0..3 {
        let result = ask(&key, &mut channel).result;
        assert!(
            matches!(result, Err(ChannelError::Connection(ConnectionError::Unplugged))),
            "{result:?}"
        );
    }
    assert!(matches!(channel.wink(TIMING), Err(ChannelError::Connection(_))));
    assert_eq!(sends(&key), 2, "nothing is sent to a key that is gone");
}

#[test]
fn a_key_unplugged_in_the_middle_of_a_request_stays_unplugged() {
    let key = Key::new(|_, _| {});
    let mut channel = key.open();
    key.desk().unplugged_at_send = Some(3);
    for _ in 0..2 {
        let result = channel.cbor(&[0; 300], TIMING, &mut |_| {});
        assert!(
            matches!(result, Err(ChannelError::Connection(ConnectionError::Unplugged))),
            "{result:?}"
        );
    }
    assert_eq!(key.desk().sends, 3);
}

#[test]
fn a_greeting_on_the_channel_is_checked_like_the_first() {
    let mut greetings = 0;
    let key = Key::bare(move |heard, answers| {
        if heard.command == Command::INIT {
            greetings += 1;
            let channel = if greetings == 2 { 0 } else { CHANNEL };
            answers.init(heard.channel, &heard.payload, channel);
        }
    });
    let mut channel = key.open();
    assert!(ask(&key, &mut channel).result.is_err());
    let result = ask(&key, &mut channel).result;
    assert!(
        matches!(result, Err(ChannelError::Malformed(Malformed::ReservedChannel(0)))),
        "{result:?}"
    );
}

#[test]
fn a_message_too_long_for_the_key_does_not_even_bring_it_back_into_step() {
    let key = faulty_once(|_| {});
    let mut channel = key.open();
    assert!(ask(&key, &mut channel).result.is_err());
    let sends = key.desk().sends;
    assert!(matches!(
        channel.cbor(&[0; 7610], TIMING, &mut |_| {}),
        Err(ChannelError::MessageTooLong(_))
    ));
    assert_eq!(key.desk().sends, sends);
}

/// A new channel would leave the key at work for the old one.
#[test]
fn a_key_busy_for_too_long_is_greeted_on_the_same_channel_by_the_next_call() {
    let mut greetings = 0;
    let key = Key::bare(move |heard, answers| {
        if heard.command == Command::INIT {
            greetings += 1;
            if greetings == 2 {
                answers.error(heard.channel, 0x06);
            } else {
                answers.init(heard.channel, &heard.payload, CHANNEL);
            }
        }
    });
    let mut channel = key.open();
    let timing = Timing { answer: seconds(3), touch: Duration::ZERO };
    assert!(ask_within(&key, &mut channel, timing).result.is_err());
    assert!(matches!(
        ask_within(&key, &mut channel, timing).result,
        Err(ChannelError::Busy { .. })
    ));
    assert!(ask_within(&key, &mut channel, timing).result.is_err());
    let greeted: Vec<u32> = key
        .heard()
        .iter()
        .filter(|(_, command, _)| *command == Command::INIT)
        .map(|(on, ..)| *on)
        .collect();
    assert_eq!(greeted, [BROADCAST_CHANNEL, CHANNEL, CHANNEL]);
}
