//! `fidokey demo`: the main job, start to end, on a throw-away virtual key.

use crate::harness::Desk;
use fidokey::cli::exit::Exit;
use serde_json::Value;

/// What is different in every run of the firmware's own making is the credential's ID.
fn without_ids(document: &Value) -> String {
    let mut document = document.clone();
    for step in document["steps"].as_array_mut().unwrap() {
        if let Some(id) = step.get_mut("credential_id") {
            *id = "…".into();
        }
    }
    format!("{document:#}")
}

#[test]
fn every_step_is_shown() {
    let (desk, _key) = Desk::with_key();
    let text = desk.run("demo");
    text.succeeded();
    assert_eq!(desk.record.take_of("/dev/hidraw0"), [""; 0], "the key on the desk is left alone");
    let json = desk.run("demo --json");
    json.succeeded();
    insta::assert_snapshot!(format!("{text}\n{}", without_ids(&json.json())));
}

#[test]
fn every_step_is_real() {
    let desk = Desk::empty();
    desk.run("demo").succeeded();
    let listing = ["0a/01", "0a/02", "0a/04"];
    let expected = [
        ["INIT", "04", "06/02", "06/03"].as_slice(),
        // The PIN was set in this run, so that its tries are all there.
        &["04", "06/09", "01", "06/09", "02", "06/09"],
        &listing,
        &["0a/06", "0a/01"],
        &["INIT", "04", "07", "04"],
    ];
    assert_eq!(desk.record.take(), expected.concat());
}

#[test]
fn a_step_that_fails_ends_it_loudly() {
    let desk = Desk::empty();
    desk.faults.replies(|request, mut reply| {
        // The assertion is with another credential than the one that was registered.
        if request[0] == 0x02 {
            let id = reply.windows(3).position(|bytes| bytes == b"bid").unwrap();
            reply[id + 8] ^= 1;
        }
        reply
    });
    let broken = desk.run("demo");
    broken.ended(Exit::Failed);
    let refusing = |line| {
        let desk = Desk::empty();
        desk.faults.replies(|request, reply| if request[0] == 0x07 { vec![0x30] } else { reply });
        let refused = desk.run(line);
        refused.ended(Exit::Failed);
        refused
    };
    let (text, json) = (refusing("demo"), refusing("demo --json"));
    assert_eq!(json.stdout, "");
    insta::assert_snapshot!(format!("{broken}\n{text}\n{json}"));
}

#[test]
fn it_takes_no_key_but_its_own() {
    let desk = Desk::empty();
    insta::assert_snapshot!(desk.run("demo --device virtual:work"));
}
