//! Answers that are none.

use super::*;
use crate::transport::channel::Malformed;
use crate::wire::ctaphid::AssembleError;

/// Asks a key that answers a CTAP2 command in this way.
fn fault(answer: impl Fn(&mut Answers) + Send + 'static) -> ChannelError {
    let key = Key::new(move |heard, answers| {
        if heard.command == Command::CBOR {
            answer(answers);
        }
    });
    let mut channel = key.open();
    ask(&key, &mut channel).result.unwrap_err()
}

fn assert_malformed(error: &ChannelError, expected: Malformed) {
    assert!(matches!(error, ChannelError::Malformed(found) if *found == expected), "{error:?}");
}

#[test]
fn a_lost_packet_is_noticed_by_its_number() {
    let error = fault(|answers| {
        for (index, packet) in
            answers.reports(CHANNEL, Command::CBOR, &[0; 300]).into_iter().enumerate()
        {
            if index != 2 {
                answers.report(packet);
            }
        }
    });
    assert_malformed(&error, AssembleError::Sequence { expected: 1, found: 2 }.into());
    assert_eq!(
        error.to_string(),
        "the key's answer is malformed: \
         the key sent packet 2 of a message where packet 1 was due"
    );
}

#[test]
fn a_doubled_packet_is_noticed_by_its_number() {
    let error = fault(|answers| {
        let packets = answers.reports(CHANNEL, Command::CBOR, &[0; 300]);
        for index in [0, 1, 1, 2] {
            answers.report(packets[index].clone());
        }
    });
    assert_malformed(&error, AssembleError::Sequence { expected: 1, found: 0 }.into());
}

#[test]
fn a_message_longer_than_its_packets_can_carry_is_malformed() {
    let error = fault(|answers| {
        let mut report = vec![0, 0, 0, 0x11, 0x90, 0x1d, 0xba];
        report.resize(64, 0);
        answers.report(report);
    });
    assert_malformed(&error, AssembleError::TooLong { length: 7610 }.into());
}

#[test]
fn a_message_in_the_middle_of_another_is_malformed() {
    for command in [Command::CBOR, Command::KEEPALIVE, Command::PING] {
        let error = fault(move |answers| {
            let packets = answers.reports(CHANNEL, Command::CBOR, &[0; 300]);
            answers.report(packets[0].clone()).message(CHANNEL, command, &[0]);
        });
        assert_malformed(&error, Malformed::BrokenOff);
    }
}

#[test]
fn a_refusal_in_the_middle_of_a_message_is_told_and_not_repeated() {
    for code in [0x05, 0x06] {
        let error = fault(move |answers| {
            let packets = answers.reports(CHANNEL, Command::CBOR, &[0; 300]);
            answers.report(packets[0].clone()).error(CHANNEL, code);
        });
        assert!(
            matches!(error, ChannelError::Refused(HidErrorCode(found)) if found == code),
            "{error:?}"
        );
    }
}

#[test]
fn an_answer_to_another_command_is_malformed() {
    for answered in [Command::PING, Command::MSG, Command::INIT, Command(0x55)] {
        let error = fault(move |answers| {
            answers.message(CHANNEL, answered, &[0]);
        });
        assert_malformed(&error, Malformed::OtherCommand { sent: Command::CBOR, answered });
    }
}

#[test]
fn an_error_without_a_code_and_a_keepalive_without_a_status_are_malformed() {
    let error = fault(|answers| {
        answers.message(CHANNEL, Command::ERROR, &[]);
    });
    assert_malformed(&error, Malformed::NoErrorCode);
    let error = fault(|answers| {
        answers.message(CHANNEL, Command::KEEPALIVE, &[]);
    });
    assert_malformed(&error, Malformed::NoKeepaliveStatus);
    let error = fault(|answers| {
        answers.report(vec![0, 0, 0, 0x11, 0xbf, 0, 1]);
    });
    assert_malformed(&error, Malformed::NoErrorCode);
}

#[test]
fn an_empty_answer_to_a_ctap2_command_is_malformed() {
    let error = fault(|answers| {
        answers.cbor(&[]);
    });
    assert_malformed(&error, Malformed::Empty);
}

/// The rest of a message whose beginning was lost is no answer, but one may still come.
#[test]
fn packets_without_a_first_one_are_skipped_and_told_when_nothing_better_comes() {
    let error = fault(|answers| {
        for packet in answers.reports(CHANNEL, Command::CBOR, &[0; 300]).split_off(1) {
            answers.report(packet);
        }
    });
    assert_malformed(&error, Malformed::NoFirstPacket);

    let key = Key::new(|_, answers| {
        for packet in answers.reports(CHANNEL, Command::CBOR, &[9; 300]).split_off(1) {
            answers.report(packet);
        }
        answers.cbor(&[0, 1]);
    });
    let mut channel = key.open();
    assert_eq!(ask(&key, &mut channel).result.unwrap(), [0, 1]);
}

#[test]
fn packets_without_a_first_one_do_not_extend_the_wait() {
    let key = Key::new(|heard, answers| {
        if heard.command == Command::CBOR {
            let mut report = vec![0, 0, 0, 0x11, 5];
            report.resize(64, 0);
            answers.for_ever(millis(50), report);
        }
    });
    let mut channel = key.open();
    let outcome = ask(&key, &mut channel);
    assert_malformed(&outcome.result.unwrap_err(), Malformed::NoFirstPacket);
    assert_about(outcome.took, seconds(3));
}

#[test]
fn reports_too_short_to_be_packets_are_skipped() {
    let key = Key::new(|_, answers| {
        answers.report(vec![]).report(vec![0, 0, 0, 0x11]).report(vec![0, 0, 0, 0x11, 0x90, 0]);
        answers.cbor(&[0, 1]);
    });
    let mut channel = key.open();
    assert_eq!(ask(&key, &mut channel).result.unwrap(), [0, 1]);
}

#[test]
fn every_error_code_is_a_refusal() {
    for code in (0..=u8::MAX).filter(|code| *code != HidErrorCode::CHANNEL_BUSY.0) {
        let error = fault(move |answers| {
            answers.error(CHANNEL, code);
        });
        assert!(
            matches!(error, ChannelError::Refused(HidErrorCode(found)) if found == code),
            "{error:?}"
        );
    }
}

#[test]
fn every_fault_has_its_words() {
    let words = [
        Malformed::NoFirstPacket,
        Malformed::BrokenOff,
        Malformed::OtherCommand { sent: Command::CBOR, answered: Command::PING },
        Malformed::NoErrorCode,
        Malformed::NoKeepaliveStatus,
        Malformed::Empty,
        Malformed::InitTooShort { length: 9 },
        Malformed::ReservedChannel(0),
    ]
    .map(|fault| fault.to_string());
    assert_eq!(
        words,
        [
            "the first packet of a message is missing",
            "a message broke off and another began",
            "command 0x10 was answered with 0x01",
            "an error without its code",
            "a keepalive without its status",
            "an empty answer to a CTAP2 command",
            "an answer of 9 bytes to CTAPHID_INIT, which needs 17",
            "the reserved channel 0x00000000 was given out",
        ]
    );
}
