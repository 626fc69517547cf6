//! Credential management of keys that differ from the specification, or lie.

use crate::harness::{MessageFault, Outcome, Reaction, Stocked, edit, edited, manages, member};
use fidokey::cli::exit::Exit;
use fidokey::virtual_key::KeySettings;
use fidokey::wire::cbor::{self, Value};
use std::sync::{Arc, Mutex};

// Every known way of saying that there is nothing.

#[test]
fn an_empty_key_may_say_so_in_any_known_way() {
    let stocked = Stocked::with(&[]);
    let reference = stocked.run("credential list --json");
    // Solo 1 (solo1#403) says NO_CREDENTIALS to getCredsMetadata.
    stocked.answering(1, &[0x2e]);
    let no_metadata = stocked.run("credential list");
    let no_metadata_json = stocked.run("credential list --json");
    insta::assert_snapshot!(format!("{no_metadata}\n{no_metadata_json}"));
    // Others count what they do not list: NO_CREDENTIALS, no relying party, totalRPs of zero,
    // or no totalRPs at all (pynitrokey#336, nitrokey-fido2-firmware#75).
    let nothing: [&[u8]; 4] = [&[0x2e], &[0], &[0, 0xa1, 0x05, 0x00], &[0, 0xa0]];
    for answer in nothing {
        let answer = answer.to_vec();
        stocked.desk.faults.requests(move |request: &[u8]| {
            if manages(request, 1) {
                Reaction::Answer(vec![0, 0xa2, 0x01, 0x01, 0x02, 0x18, 0x95])
            } else if manages(request, 2) {
                Reaction::Answer(answer.clone())
            } else {
                Reaction::Forward
            }
        });
        let outcome = stocked.run("credential list");
        assert_eq!(outcome.exit, Exit::Done, "{outcome}");
        assert_eq!(outcome.stdout, "");
    }
    stocked.desk.faults.mend();
    assert_eq!(stocked.run("credential list --json").stdout, reference.stdout);
}

#[test]
fn a_key_that_counts_more_than_it_lists_is_not_believed_in_silence() {
    let stocked = Stocked::usual();
    stocked.desk.faults.replies(|request, reply| {
        edit(request, reply, &[1], |reply| *member(reply, 1) = Value::Integer(7))
    });
    insta::assert_snapshot!(stocked.run("credential list --rp nhs"));
}

/// A relying party without the number of relying parties is one, and the count gives it away.
#[test]
fn a_missing_total_is_not_a_short_list_in_silence() {
    let stocked = Stocked::usual();
    stocked.desk.faults.replies(|request, reply| {
        edit(request, reply, &[2], |reply| {
            let Value::Map(members) = reply else { panic!("{reply:?}") };
            members.retain(|(key, _)| *key != Value::Integer(5));
        })
    });
    let outcome = stocked.run("credential list");
    insta::assert_snapshot!(outcome);
}

// Lies.

#[test]
fn a_key_that_claims_too_much_is_left() {
    let stocked = Stocked::usual();
    let mut text = String::new();
    for (subcommand, total) in [(2, 5), (4, 9)] {
        stocked.desk.faults.replies(move |request, reply| {
            edit(request, reply, &[subcommand], |reply| {
                *member(reply, total) = Value::Integer(1 << 40);
            })
        });
        text.push_str(&format!("{}\n", stocked.run("credential list")));
    }
    // Each relying party stays below the limit, all together do not.
    stocked.desk.faults.messages(Many);
    stocked.desk.record.take();
    text.push_str(&stocked.run("credential list").to_string());
    assert!(stocked.desk.record.take().len() < 2200);
    stocked.desk.faults.mend();
    insta::assert_snapshot!(text);
    assert_eq!(stocked.list().len(), 5, "the key is usable");
}

/// Claims 1000 relying parties with 1000 credentials each, and gives them.
struct Many;

impl MessageFault for Many {
    fn request(&mut self, request: &[u8]) -> Reaction {
        if request[0] != 0x0a {
            return Reaction::Forward;
        }
        let hash = [&[0x04, 0x58, 32][..], &[7; 32]].concat();
        let id = b"\x07\xa2\x62id\x42\xaa\xbb\x64type\x6apublic-key".as_slice();
        Reaction::Answer(match request[3] {
            2 => [&[0, 0xa2][..], &hash, &[0x05, 0x19, 0x03, 0xe8]].concat(),
            3 => [&[0, 0xa1][..], &hash].concat(),
            4 => [&[0, 0xa2][..], id, &[0x09, 0x19, 0x03, 0xe8]].concat(),
            5 => [&[0, 0xa1][..], id].concat(),
            _ => return Reaction::Forward,
        })
    }
}

#[test]
fn a_count_of_everything_is_only_shown() {
    let stocked = Stocked::usual();
    stocked.desk.faults.replies(|request, reply| {
        edit(request, reply, &[1], |reply| {
            *member(reply, 1) = Value::Integer(u64::MAX.into());
            *member(reply, 2) = Value::Integer(u64::MAX.into());
        })
    });
    let line = format!("credential list {} --rp nhs", stocked.pin);
    let outcome = stocked.desk.command(&line).typing([]).run();
    insta::assert_snapshot!(outcome);
}

#[test]
fn replies_that_make_no_sense_are_errors() {
    let stocked = Stocked::usual();
    let replies: [(u8, &[u8]); 6] = [
        (1, &[0, 0xa1, 0x01, 0x03]),
        (2, &[0, 0xff]),
        (3, &[0, 0xa0]),
        (4, &[0, 0xa1, 0x07, 0x01]),
        (5, &[0, 0xa0, 0x00]),
        (5, &[]),
    ];
    for (subcommand, reply) in replies {
        stocked.answering(subcommand, reply);
        let outcome = stocked.run("credential list");
        assert_eq!(outcome.exit, Exit::Failed, "{outcome}");
        assert_eq!(outcome.stdout, "");
        stocked.desk.faults.mend();
        assert_eq!(stocked.list().len(), 5, "the key is usable");
    }
    stocked.answering(4, &[0, 0xa1, 0x07, 0x01]);
    insta::assert_snapshot!(stocked.run("credential list"));
}

// Names.

/// Puts other bytes of the same length for a part of every reply.
fn replacing(stocked: &Stocked, old: &'static [u8], new: &'static [u8]) {
    assert_eq!(old.len(), new.len());
    stocked.desk.faults.replies(move |request, mut reply| {
        if request[0] == 0x0a {
            for at in 0..reply.len().saturating_sub(old.len() - 1) {
                if reply[at..at + old.len()] == *old {
                    reply[at..at + old.len()].copy_from_slice(new);
                }
            }
        }
        reply
    });
}

#[test]
fn names_that_could_drive_a_terminal_are_escaped() {
    let accounts =
        [("b.example", "li-----ce", "li-----ce"), ("a.example", "ali-----ce", "Ali-----ce")];
    let stocked = Stocked::with(&accounts);
    replacing(&stocked, b"li-----ce", b"\x1b[2J\x07\xc2\x9b\r\n");
    let list = stocked.list();
    let ids: Vec<&str> = list.iter().map(|one| one["short_id"].as_str().unwrap()).collect();
    let text = stocked.run("credential list");
    let shown = stocked.run(&format!("credential show {}", ids[0]));
    let line = format!("credential delete {} {}", ids.join(" "), stocked.pin);
    let asked = stocked.desk.command(&line).typing(["n"]).run();
    for outcome in [&text, &shown, &asked] {
        let said = format!("{}{}", outcome.stdout, outcome.prompts.join(""));
        assert!(said.chars().all(|c| c == '\n' || !c.is_control()), "{said:?}");
    }
    insta::assert_snapshot!(format!("{text}\n{asked}"));
}

#[test]
fn names_that_are_not_unicode_are_shown_all_the_same() {
    let stocked = Stocked::with(&[("example.com", "alice", "Ali--ce")]);
    replacing(&stocked, b"Ali--ce", b"Ali\xff\xfece");
    insta::assert_snapshot!(stocked.run("credential list"));
    let id = stocked.list()[0]["short_id"].as_str().unwrap().to_owned();
    insta::assert_snapshot!(stocked.run(&format!("credential rename {id} --name bob")));
}

#[test]
fn what_a_key_leaves_out_does_not_hide_the_rest() {
    let stocked = Stocked::usual();
    stocked.desk.faults.replies(|request, reply| {
        let reply = edit(request, reply, &[2, 3], |reply| {
            let Value::Map(members) = reply else { panic!("{reply:?}") };
            members.retain(|(key, _)| *key != Value::Integer(3));
        });
        edit(request, reply, &[4, 5], |reply| {
            *member(reply, 6) = Value::Bool(true);
            let Value::Map(members) = reply else { panic!("{reply:?}") };
            members.retain(|(key, _)| !matches!(key, Value::Integer(8 | 10)));
        })
    });
    let text = stocked.run("credential list");
    let list = stocked.list();
    let id = list[0]["short_id"].as_str().unwrap();
    let shown = stocked.run(&format!("credential show {id}"));
    let json = stocked.run(&format!("credential show {id} --json"));
    let renamed = stocked.run(&format!("credential rename {id} --name bob"));
    insta::assert_snapshot!(format!("{text}\n{shown}\n{json}\n{renamed}"));
    stocked.run(&format!("credential delete --yes {id}")).succeeded();
}

#[test]
fn relying_parties_that_the_key_cut_are_found_by_their_hash() {
    const LONG: &str = "login.department.ministry.example.org";
    let stocked = Stocked::with(&[("example.com", "alice", "Alice"), (LONG, "bob", "Bob")]);
    let cut = |stocked: &Stocked, to: &'static str| {
        stocked.desk.faults.replies(move |request, reply| {
            edit(request, reply, &[2, 3], |reply| {
                let id = member(member(reply, 3), "id");
                if *id == Value::Text(LONG.into()) {
                    *id = Value::Text(to.into());
                }
            })
        });
    };
    cut(&stocked, "login.department.ministry.exampl");
    let just_cut = stocked.run("credential list");
    let found = stocked.run(&format!("credential list --rp {LONG}"));
    // CanoKey keeps the end.
    cut(&stocked, "…partment.ministry.example.org");
    let with_sign = stocked.run("credential list --json --rp ministry");
    insta::assert_snapshot!(format!("{just_cut}\n{found}\n{with_sign}"));
}

// Old keys.

/// A key that knows the preview alone, as before CTAP 2.1: other options, the command's other number,
/// and PIN tokens without permissions.
struct Preview {
    heard: Arc<Mutex<Vec<u8>>>,
}

impl MessageFault for Preview {
    fn request(&mut self, request: &[u8]) -> Reaction {
        self.heard.lock().unwrap().push(request[0]);
        match request[0] {
            0x41 => Reaction::Change([&[0x0a], &request[1..]].concat()),
            0x0a => Reaction::Answer(vec![0x01]),
            0x06 => {
                let mut value = cbor::parse(&request[1..]).unwrap().value().unwrap();
                match member(&mut value, 2) {
                    number if *number == Value::Integer(9) => return Reaction::Answer(vec![0x3e]),
                    // OpenSK gives no token of the old kind that may manage credentials.
                    number if *number == Value::Integer(5) => *number = Value::Integer(9),
                    _ => return Reaction::Forward,
                }
                let Value::Map(members) = &mut value else { panic!() };
                members.push((Value::Integer(9), Value::Integer(4)));
                Reaction::Change([&[0x06], value.encode().as_bytes()].concat())
            }
            _ => Reaction::Forward,
        }
    }

    fn reply(&mut self, request: &[u8], reply: Vec<u8>) -> Vec<u8> {
        if request != [0x04] {
            return reply;
        }
        edited(reply, |info| {
            let Value::Map(options) = member(info, 4) else { panic!() };
            let (name, _) = options
                .iter_mut()
                .find(|(name, _)| *name == Value::Text("credMgmt".into()))
                .unwrap();
            *name = Value::Text("credentialMgmtPreview".into());
            options.retain(|(name, _)| *name != Value::Text("pinUvAuthToken".into()));
        })
    }
}

#[test]
fn the_preview_is_spoken_to_by_its_own_number_and_cannot_rename() {
    let stocked = Stocked::usual();
    let reference = stocked.run("credential list").stdout;
    let id = stocked.short("bob");
    let heard = Arc::new(Mutex::new(Vec::new()));
    stocked.desk.faults.messages(Preview { heard: heard.clone() });
    assert_eq!(stocked.run("credential list").stdout, reference);
    let messages = stocked.desk.record.take();
    assert_eq!(messages[..6], ["INIT", "04", "06/01", "06/02", "06/05", "41/01"]);
    assert_eq!(messages.len(), 6 + 3 + 5);
    let renamed = stocked.run(&format!("credential rename {id} --name bo"));
    // Found out before anybody is asked for a PIN.
    assert_eq!(stocked.desk.record.take(), ["INIT", "04"]);
    stocked.run(&format!("credential delete --yes {id}")).succeeded();
    assert!(!heard.lock().unwrap().contains(&0x0a));
    insta::assert_snapshot!(renamed);
    stocked.desk.faults.mend();
    assert_eq!(stocked.list().len(), 4);
}

#[test]
fn a_key_without_credential_management_is_told_apart_from_an_empty_one() {
    let stocked = Stocked::usual();
    stocked.desk.faults.replies(|request, reply| {
        if request != [0x04] {
            return reply;
        }
        edited(reply, |info| {
            let Value::Map(options) = member(info, 4) else { panic!() };
            options.retain(|(name, _)| *name != Value::Text("credMgmt".into()));
        })
    });
    let outcomes: Vec<Outcome> = ["list", "delete --yes abcd", "rename abcd --name bo"]
        .iter()
        .map(|line| stocked.run(&format!("credential {line}")))
        .collect();
    let text: Vec<String> = outcomes.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(text.join("\n"));
    assert_eq!(stocked.desk.record.take(), ["INIT", "04"].repeat(3));
}

#[test]
fn protocol_one_and_a_second_key_cost_nothing_more() {
    let stocked = Stocked::usual();
    stocked.desk.plug(1, KeySettings::default());
    stocked.desk.faults.replies(|request, reply| {
        if request != [0x04] {
            return reply;
        }
        edited(reply, |info| *member(info, 6) = Value::Array(vec![Value::Integer(1)]))
    });
    stocked.run("credential list --device v1.0").succeeded();
    assert_eq!(stocked.desk.record.take_of("/dev/hidraw1"), [""; 0]);
    let id = {
        let outcome = stocked.run("credential list --json --device v1.0");
        outcome.json()["credentials"][2]["short_id"].as_str().unwrap().to_owned()
    };
    stocked.desk.record.take();
    stocked.run(&format!("credential delete --yes {id} --device v1.0")).succeeded();
    let messages = stocked.desk.record.take();
    assert_eq!(messages.len(), 6 + 3 + 5 + 1);
    assert_eq!(messages[4], "06/09");
}
