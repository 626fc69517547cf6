//! Winking, and keys that are odd about it.

use super::*;

#[test]
fn a_key_winks() {
    let key = Key::new(|heard, answers| {
        answers.message(CHANNEL, heard.command, &[]);
    });
    let mut channel = key.open();
    channel.wink(TIMING).unwrap();
    assert_eq!(key.heard()[1], (CHANNEL, Command::WINK, Vec::new()));
}

/// Solo keys wink and say nothing.
#[test]
fn a_key_that_does_not_answer_a_wink_has_winked() {
    let key = Key::new(|heard, answers| {
        if heard.command == Command::CBOR {
            answers.cbor(&[0, 7]);
        }
    });
    let mut channel = key.open();
    let begun = key.now();
    channel.wink(TIMING).unwrap();
    assert_about(key.now() - begun, millis(500));
    assert_eq!(ask(&key, &mut channel).result.unwrap(), [0, 7]);
    assert_eq!(key.commands(), [Command::WINK, Command::INIT, Command::CBOR]);
}

/// Some keys fail on a message that follows a wink at once.
#[test]
fn the_message_after_a_wink_is_held_back() {
    let mut winked = None;
    let key = Key::new(move |heard, answers| match heard.command {
        Command::WINK => {
            winked = Some(heard.at);
            answers.message(CHANNEL, Command::WINK, &[]);
        }
        _ if winked.is_some_and(|winked| heard.at - winked < seconds(2)) => {
            answers.error(CHANNEL, 0x7f);
        }
        _ => {
            answers.cbor(&[0, 7]);
        }
    });
    let mut channel = key.open();
    channel.wink(TIMING).unwrap();
    let outcome = ask(&key, &mut channel);
    assert_eq!(outcome.result.unwrap(), [0, 7]);
    assert!(outcome.took < millis(2100));
    assert!(ask(&key, &mut channel).took < millis(50), "only once");
}

#[test]
fn a_key_that_cannot_wink_says_so() {
    let key = Key::new(|_, answers| {
        answers.error(CHANNEL, 0x01);
    });
    let mut channel = key.open();
    assert!(matches!(channel.wink(TIMING), Err(ChannelError::Refused(HidErrorCode(1)))));
}

#[test]
fn a_person_who_asks_to_stop_is_heard_while_the_key_rests() {
    let key = Key::new(|heard, answers| {
        answers.message(CHANNEL, heard.command, &[0]);
    });
    let mut channel = key.open();
    channel.wink(TIMING).unwrap();
    key.interrupt_after(millis(300));
    let outcome = ask(&key, &mut channel);
    assert!(matches!(outcome.result, Err(ChannelError::Interrupted)));
    assert_about(outcome.took, millis(300));
    assert_eq!(key.commands(), [Command::WINK]);
}

/// Not the time of the wink, which is short, but that of the greeting before it.
#[test]
fn a_key_that_cannot_be_brought_back_into_step_has_not_winked() {
    let key = Key::bare(|heard, answers| {
        if heard.channel == BROADCAST_CHANNEL {
            answers.init(BROADCAST_CHANNEL, &heard.payload, CHANNEL);
        }
    });
    let mut channel = key.open();
    assert!(ask(&key, &mut channel).result.is_err());
    let begun = key.now();
    assert!(matches!(channel.wink(TIMING), Err(ChannelError::NoAnswer { .. })));
    assert_about(key.now() - begun, seconds(3));
    assert!(!key.commands().contains(&Command::WINK));
}
