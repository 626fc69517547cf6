//! How a channel is opened.

use super::*;
use crate::transport::channel::Malformed;
use crate::wire::ctaphid::SplitError;

#[test]
fn a_channel_is_allocated_by_the_answer_with_our_nonce() {
    let key = Key::new(|_, _| {});
    let channel = key.open();
    assert_eq!(key.heard(), [(BROADCAST_CHANNEL, Command::INIT, NONCE.to_vec())]);
    assert_eq!(channel.init_reply().channel, CHANNEL);
    assert_eq!(channel.init_reply().protocol_version, 2);
    assert_eq!(channel.init_reply().device_version, [5, 4, 3]);
    assert!(channel.capabilities().cbor() && channel.capabilities().wink());
}

#[test]
fn the_answer_to_another_programs_greeting_is_ignored() {
    let key = Key::bare(|heard, answers| {
        answers.init(BROADCAST_CHANNEL, &[9; 8], FOREIGN).after(millis(5)).init(
            BROADCAST_CHANNEL,
            &heard.payload,
            CHANNEL,
        );
    });
    assert_eq!(key.open().init_reply().channel, CHANNEL);
}

#[test]
fn only_answers_to_others_are_no_answer() {
    let key = Key::bare(|_, answers| {
        answers.init(BROADCAST_CHANNEL, &[9; 8], FOREIGN);
    });
    let begun = key.now();
    let error = key.try_open(TIMING).unwrap_err();
    assert!(matches!(error, ChannelError::NoAnswer { .. }), "{error}");
    assert_about(key.now() - begun, seconds(3));
    assert_eq!(key.heard().len(), 1, "a greeting is not repeated");
    assert_eq!(error.to_string(), "the key gave no answer to the request for a channel within 3 s");
}

#[test]
fn packets_of_other_channels_do_not_disturb_a_greeting() {
    let key = Key::bare(|heard, answers| {
        answers
            .keepalive(2)
            .message(FOREIGN, Command::CBOR, &[0; 100])
            .init(FOREIGN, &heard.payload, FOREIGN)
            .error(FOREIGN, 6)
            .init(BROADCAST_CHANNEL, &heard.payload, CHANNEL);
    });
    assert_eq!(key.open().init_reply().channel, CHANNEL);
}

#[test]
fn other_messages_on_the_broadcast_channel_do_not_disturb_a_greeting() {
    let key = Key::bare(|heard, answers| {
        answers
            .message(BROADCAST_CHANNEL, Command::CBOR, &[0; 100])
            .message(BROADCAST_CHANNEL, Command::KEEPALIVE, &[1])
            .init(BROADCAST_CHANNEL, &heard.payload, CHANNEL);
    });
    assert_eq!(key.open().init_reply().channel, CHANNEL);
}

#[test]
fn more_bytes_than_17_are_ignored() {
    let key = Key::bare(|heard, answers| {
        let reply = [&heard.payload[..], &[0, 0, 0, 0x11, 2, 0, 0, 0, 4], &[0xaa; 60]].concat();
        answers.message(BROADCAST_CHANNEL, Command::INIT, &reply);
    });
    assert_eq!(key.open().init_reply().channel, CHANNEL);
}

#[test]
fn a_truncated_answer_with_our_nonce_is_malformed() {
    for length in 8..17 {
        let key = Key::bare(move |heard, answers| {
            let reply = [&heard.payload[..], &[0, 0, 0, 0x11, 2, 0, 0, 0]].concat();
            answers.message(BROADCAST_CHANNEL, Command::INIT, &reply[..length]);
        });
        let error = key.try_open(TIMING).unwrap_err();
        let expected = Malformed::InitTooShort { length };
        assert!(matches!(error, ChannelError::Malformed(found) if found == expected), "{error}");
    }
}

/// Nobody can tell whose answer a nonce cut short is, so ours is still waited for.
#[test]
fn an_answer_without_a_whole_nonce_is_told_only_when_no_better_one_comes() {
    let key = Key::bare(|heard, answers| {
        answers.message(BROADCAST_CHANNEL, Command::INIT, &heard.payload[..7]);
    });
    let begun = key.now();
    let error = key.try_open(TIMING).unwrap_err();
    let expected = Malformed::InitTooShort { length: 7 };
    assert!(matches!(error, ChannelError::Malformed(found) if found == expected), "{error}");
    assert_about(key.now() - begun, seconds(3));

    let key = Key::bare(|heard, answers| {
        answers
            .message(BROADCAST_CHANNEL, Command::INIT, &heard.payload[..7])
            .after(seconds(1))
            .init(BROADCAST_CHANNEL, &heard.payload, CHANNEL);
    });
    assert_eq!(key.open().init_reply().channel, CHANNEL);
}

#[test]
fn an_answer_that_claims_an_impossible_length_is_malformed() {
    let key = Key::bare(|_, answers| {
        let mut report = vec![0xff, 0xff, 0xff, 0xff, 0x86, 0xff, 0xff];
        report.resize(64, 0);
        answers.report(report);
    });
    let error = key.try_open(TIMING).unwrap_err();
    assert!(matches!(error, ChannelError::Malformed(Malformed::Packets(_))), "{error}");
}

#[test]
fn a_reserved_channel_is_not_accepted() {
    for reserved in [0, BROADCAST_CHANNEL] {
        let key = Key::bare(move |heard, answers| {
            answers.init(BROADCAST_CHANNEL, &heard.payload, reserved);
        });
        let error = key.try_open(TIMING).unwrap_err();
        let expected = Malformed::ReservedChannel(reserved);
        assert!(matches!(error, ChannelError::Malformed(found) if found == expected), "{error}");
    }
}

#[test]
fn a_refused_greeting_is_told_when_no_answer_comes() {
    let key = Key::bare(|_, answers| {
        answers.error(BROADCAST_CHANNEL, 1);
    });
    let error = key.try_open(TIMING).unwrap_err();
    assert!(matches!(error, ChannelError::Refused(HidErrorCode(1))), "{error}");
    assert_eq!(error.to_string(), "the key refused the message: ERR_INVALID_CMD (0x01)");
}

#[test]
fn another_programs_refusal_on_the_broadcast_channel_does_not_end_our_greeting() {
    let key = Key::bare(|heard, answers| {
        answers
            .error(BROADCAST_CHANNEL, 0x0b)
            .message(BROADCAST_CHANNEL, Command::ERROR, &[])
            .init(BROADCAST_CHANNEL, &heard.payload, CHANNEL);
    });
    assert_eq!(key.open().init_reply().channel, CHANNEL);
}

#[test]
fn a_flood_of_foreign_packets_ends_by_the_deadline() {
    let key = Key::bare(|_, answers| {
        let [report] = answers.reports(FOREIGN, Command::KEEPALIVE, &[1]).try_into().unwrap();
        answers.for_ever(millis(1), report);
    });
    let begun = key.now();
    let error = key.try_open(TIMING).unwrap_err();
    assert!(matches!(error, ChannelError::NoAnswer { .. }), "{error}");
    assert_about(key.now() - begun, seconds(3));
}

#[test]
fn reports_too_small_for_ctaphid_are_refused() {
    for sizes in [ReportSizes { input: 7, output: 64 }, ReportSizes { input: 64, output: 0 }] {
        let key = Key::with_sizes(sizes, |_, _| {});
        let error = key.try_open(TIMING).unwrap_err();
        assert!(
            matches!(error, ChannelError::MessageTooLong(SplitError::ReportTooSmall(_))),
            "{error}"
        );
        assert!(key.heard().is_empty());
    }
}

#[test]
fn nothing_is_sent_when_a_person_has_asked_to_stop_before() {
    let key = Key::new(|_, _| {});
    key.desk().interrupt.request();
    let error = key.try_open(TIMING).unwrap_err();
    assert!(matches!(error, ChannelError::Interrupted), "{error}");
    assert_eq!(key.desk().sends, 0);
}

#[test]
fn a_person_who_asks_to_stop_ends_a_greeting_within_a_tenth_of_a_second() {
    let key = Key::bare(|_, _| {});
    key.interrupt_after(millis(450));
    let begun = key.now();
    let error = key.try_open(TIMING).unwrap_err();
    assert!(matches!(error, ChannelError::Interrupted), "{error}");
    assert_about(key.now() - begun, millis(450));
    assert_eq!(key.heard().len(), 1, "there is nothing to cancel on a channel that is not ours");
}

#[test]
fn a_key_unplugged_during_the_greeting_is_told_so() {
    let key = Key::bare(|_, answers| {
        answers.unplugged();
    });
    let error = key.try_open(TIMING).unwrap_err();
    assert!(matches!(error, ChannelError::Connection(ConnectionError::Unplugged)), "{error}");
    assert_eq!(error.to_string(), "the key was unplugged");
}

#[test]
fn an_error_without_a_code_is_no_refusal() {
    let key = Key::bare(|_, answers| {
        answers.message(BROADCAST_CHANNEL, Command::ERROR, &[]);
    });
    let error = key.try_open(TIMING).unwrap_err();
    assert!(matches!(error, ChannelError::Malformed(Malformed::NoErrorCode)), "{error}");
}

#[test]
fn a_channel_can_be_moved_to_another_thread() {
    fn is_send<T: Send>(_: &T) {}
    is_send(&Key::new(|_, _| {}).open());
}
