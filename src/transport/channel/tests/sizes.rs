//! Every size of report.

use super::*;
use crate::wire::ctaphid::{MAX_MESSAGE, max_message};

fn pattern(length: usize) -> Vec<u8> {
    (0..=250).cycle().take(length).collect()
}

/// The longest message of 64-byte reports, or the longest that fits, goes there and back.
#[test]
fn the_longest_message_goes_there_and_back_with_reports_of_every_size() {
    for size in 8..=255 {
        for sizes in [
            ReportSizes { input: size, output: size },
            ReportSizes { input: size, output: 64 },
            ReportSizes { input: 64, output: size },
        ] {
            let key = Key::with_sizes(sizes, move |heard, answers| {
                if heard.command == Command::INIT {
                    answers.init(heard.channel, &heard.payload, CHANNEL);
                } else {
                    let most = max_message(sizes.input).unwrap();
                    let echo = &heard.payload[..heard.payload.len().min(most)];
                    answers.message(heard.channel, heard.command, echo);
                }
            });
            let mut channel = key.open();
            let request = pattern(max_message(sizes.output).unwrap().min(MAX_MESSAGE));
            let answer = channel.message(Command::PING, &request, TIMING, &mut |_| {}).unwrap();
            let expected = request.len().min(max_message(sizes.input).unwrap());
            assert_eq!(*answer, request[..expected], "{sizes:?}");
            assert_eq!(key.heard()[1].2, request, "{sizes:?}");
        }
    }
}

/// With reports of 8 bytes an answer to CTAPHID_INIT takes seven packets.
#[test]
fn an_answer_to_a_greeting_may_take_several_packets() {
    let sizes = ReportSizes { input: 8, output: 8 };
    let key = Key::with_sizes(sizes, |heard, answers| {
        let ours = [&heard.payload[..], &CHANNEL.to_be_bytes(), &[2, 0, 0, 0, 4]].concat();
        let theirs = [&[9; 8], &FOREIGN.to_be_bytes()[..], &[2, 0, 0, 0, 4]].concat();
        let theirs = answers.reports(BROADCAST_CHANNEL, Command::INIT, &theirs);
        // Another program's answer, one that breaks off, and one that lacks a packet.
        for report in theirs.iter().chain(&theirs[..3]).chain(&theirs[..2]).chain(&theirs[4..]) {
            answers.report(report.clone());
        }
        answers.message(FOREIGN, Command::KEEPALIVE, &[1]);
        answers.message(BROADCAST_CHANNEL, Command::INIT, &ours);
    });
    assert_eq!(key.open().init_reply().channel, CHANNEL);
}

#[test]
fn a_report_that_comes_without_its_padding_is_read() {
    let key = Key::new(|_, answers| {
        answers.report(vec![0, 0, 0, 0x11, 0x90, 0, 2, 0, 7]);
    });
    let mut channel = key.open();
    assert_eq!(ask(&key, &mut channel).result.unwrap(), [0, 7]);
}

/// Nothing is put together from the packets of two messages: the channel would be a wrong one.
#[test]
fn an_answer_to_a_greeting_is_not_completed_with_the_packets_of_another_message() {
    let sizes = ReportSizes { input: 8, output: 8 };
    for (command, others) in [(Command::INIT, [5, 4, 5, 6]), (Command::PING, [0, 4, 5, 6])] {
        let key = Key::with_sizes(sizes, move |heard, answers| {
            let ours = [&heard.payload[..], &CHANNEL.to_be_bytes(), &[2, 0, 0, 0, 4]].concat();
            let reports = answers.reports(BROADCAST_CHANNEL, Command::INIT, &ours);
            let theirs = answers.reports(BROADCAST_CHANNEL, command, &[0x99; 17]);
            for report in &reports[..4] {
                answers.report(report.clone());
            }
            for index in others {
                answers.report(theirs[index].clone());
            }
            for report in reports {
                answers.report(report);
            }
        });
        assert_eq!(key.open().init_reply().channel, CHANNEL);
    }
}
