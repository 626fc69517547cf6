//! `fidokey credential delete` and `rename`.

use crate::harness::{Reaction, Stocked, Typed};
use fidokey::cli::exit::Exit;
use fidokey::virtual_key::KeySettings;

const TOKEN: [&str; 5] = ["INIT", "04", "06/01", "06/02", "06/09"];

// delete

#[test]
fn a_deletion_is_confirmed_in_words() {
    let stocked = Stocked::usual();
    let id = stocked.short("zoë");
    let line = format!("credential delete {id} {}", stocked.pin);
    let outcomes = [
        stocked.desk.command(&line).typing(["n"]).run(),
        stocked.desk.command(&line).typing([""]).run(),
        stocked.desk.command(&line).at_terminal([Typed::Interrupt]).run(),
        stocked.desk.run(&line),
    ];
    insta::assert_snapshot!(outcomes.map(|outcome| outcome.to_string()).join("\n"));
    assert_eq!(stocked.list().len(), 5);
    let outcome = stocked.desk.command(&line).typing(["yes"]).run();
    insta::assert_snapshot!(outcome);
    assert_eq!(stocked.names(), ["alice", "alice@example.com", "bob", "carol"]);
}

#[test]
fn several_are_deleted_in_one_call_and_each_is_a_message() {
    let stocked = Stocked::usual();
    let ids = [stocked.short("bob"), stocked.short("zoë"), stocked.of("bob", "id_hex")];
    let line = format!("credential delete {} {}", ids.join(" "), stocked.pin);
    let outcome = stocked.desk.command(&line).typing(["y"]).run();
    insta::assert_snapshot!(outcome);
    let messages = stocked.desk.record.take();
    assert_eq!(messages[..5], TOKEN);
    assert_eq!(messages.len(), 6 + 3 + 5 + 2);
    assert_eq!(messages[14..], ["0a/06", "0a/06"]);
    assert_eq!(stocked.names(), ["alice", "alice@example.com", "carol"]);
    let id = stocked.short("carol");
    insta::assert_snapshot!(stocked.run(&format!("credential delete {id} --yes --json")));
}

#[test]
fn what_was_deleted_before_a_failure_is_said() {
    let stocked = Stocked::usual();
    let all: Vec<String> = ["bob", "zoë", "carol"].iter().map(|name| stocked.short(name)).collect();
    let line = format!("credential delete --yes {}", all.join(" "));
    // The second deletion is refused.
    let mut count = 0;
    stocked.desk.faults.requests(move |request: &[u8]| {
        let deletes = request[0] == 0x0a && request[3] == 0x06;
        count += usize::from(deletes);
        if deletes && count == 2 { Reaction::Answer(vec![0x30]) } else { Reaction::Forward }
    });
    let refused = stocked.run(&line);
    stocked.desk.faults.mend();
    assert_eq!(stocked.names(), ["alice", "alice@example.com", "carol", "zoë"]);
    // The key is pulled out at the second.
    let mut count = 0;
    stocked.desk.faults.requests(move |request: &[u8]| {
        let deletes = request[0] == 0x0a && request[3] == 0x06;
        count += usize::from(deletes);
        if deletes && count == 2 { Reaction::Unplug } else { Reaction::Forward }
    });
    let line = format!("credential delete --yes {}", all[1..].join(" "));
    let pulled = stocked.run(&line);
    stocked.desk.faults.mend();
    assert_eq!(stocked.names(), ["alice", "alice@example.com", "carol"]);
    // Ctrl-C between two.
    let ids = [stocked.short("alice"), stocked.short("carol")];
    let interrupt = stocked.desk.interrupt.clone();
    stocked.desk.faults.replies(move |request, reply| {
        if request[0] == 0x0a && request[3] == 0x06 {
            interrupt.lock().unwrap().request();
        }
        reply
    });
    let interrupted = stocked.run(&format!("credential delete --yes {}", ids.join(" ")));
    stocked.desk.faults.mend();
    assert_eq!(stocked.names(), ["alice@example.com", "carol"]);
    insta::assert_snapshot!(format!("{refused}\n{pulled}\n{interrupted}"));
}

/// A question is read while the token runs out: it is had again without a second question.
#[test]
fn a_token_that_has_run_out_is_had_again_with_the_same_pin() {
    let stocked = Stocked::usual();
    let id = stocked.short("bob");
    let mut refused = false;
    stocked.desk.faults.requests(move |request: &[u8]| {
        let deletes = request[0] == 0x0a && request[3] == 0x06;
        if deletes && !std::mem::replace(&mut refused, deletes) {
            Reaction::Answer(vec![0x33])
        } else {
            Reaction::Forward
        }
    });
    let line = format!("credential delete {id}");
    let outcome = stocked.desk.command(&line).typing(["1234", "y"]).run();
    outcome.succeeded();
    let messages = stocked.desk.record.take();
    assert_eq!(messages[14..], ["0a/06", "06/09", "0a/06"]);
    stocked.desk.faults.mend();
    assert_eq!(stocked.list().len(), 4);
}

// rename

#[test]
fn names_are_changed_and_the_rest_is_kept() {
    let stocked = Stocked::usual();
    let before = stocked.list();
    let id = stocked.short("bob");
    let mut text = String::new();
    let line = format!("credential rename {id} --display-name Bobby {}", stocked.pin);
    text.push_str(&format!("{}\n", stocked.desk.run(&line)));
    let messages = stocked.desk.record.take();
    assert_eq!(messages.len(), 6 + 3 + 5 + 1);
    assert_eq!(messages[14], "0a/07");
    let line = format!("credential rename {id} --name bob@example.com --json");
    text.push_str(&format!("{}\n", stocked.run(&line)));
    let command = stocked.desk.command(&format!("credential rename {id} {}", stocked.pin));
    let refused = command.arg("--display-name").arg("").run();
    refused.ended(Exit::Usage);
    text.push_str(&format!("{refused}\n"));
    let command = format!("credential rename {id} {} --no-display-name", stocked.pin);
    text.push_str(&stocked.desk.run(&command).to_string());
    insta::assert_snapshot!(text);
    let after = stocked.list();
    for (before, after) in before.iter().zip(&after) {
        let mut expected = before.clone();
        if before["short_id"] == id.as_str() {
            expected["user"]["name"] = "bob@example.com".into();
            expected["user"]["display_name"] = serde_json::Value::Null;
        }
        assert_eq!(*after, expected);
    }
}

/// A name that was taken away, and an account that goes by the same words as before.
#[test]
fn what_became_of_names_is_said_where_they_read_the_same() {
    let stocked = Stocked::usual();
    let mut text = String::new();
    for (user, change) in
        [("bob", "--no-name"), ("carol", "--display-name carol"), ("alice", "--name alice")]
    {
        let id = stocked.short(user);
        let line = format!("credential rename {id} {change} {}", stocked.pin);
        text.push_str(&stocked.desk.run(&line).stdout);
    }
    stocked.register("empty.example", "dora", "", "");
    let shown = stocked.run("credential list --rp empty.example").stdout;
    let delete = format!("credential delete {} {}", stocked.short("dora"), stocked.pin);
    let asked = stocked.desk.command(&delete).typing(["n"]).run();
    assert!(!format!("{shown}{asked}").contains("()"), "{shown}{asked}");
    insta::assert_snapshot!(text);
}

#[test]
fn a_name_that_is_too_long_is_warned_of() {
    let stocked = Stocked::usual();
    let id = stocked.short("bob");
    // 66 bytes, and the limit falls into the middle of the last key.
    let name = "bobbobbo".to_owned() + &"🔑".repeat(13) + "🔑🔑";
    let line = format!("credential rename {id} {}", stocked.pin);
    let outcome = stocked.desk.command(&line).arg("--name").arg(&name).run();
    insta::assert_snapshot!(outcome);
    let json = stocked.desk.command(&line).arg("--name").arg(&name).arg("--json").run();
    assert_eq!(json.json()["may_be_cut"], true);
    assert_eq!(json.stderr, "");
    let names = stocked.names();
    assert!(names.iter().any(|kept| name.starts_with(kept.as_str()) && kept.len() <= 64));
}

#[test]
fn two_keys_and_no_word_which_one() {
    let stocked = Stocked::usual();
    stocked.desk.plug(1, KeySettings::default());
    insta::assert_snapshot!(stocked.run("credential list"));
    let id = {
        let outcome = stocked.run("credential list --json --device v1.0");
        outcome.json()["credentials"][0]["short_id"].as_str().unwrap().to_owned()
    };
    stocked.desk.record.take();
    stocked.run(&format!("credential delete --yes {id} --device v1.0")).succeeded();
    assert_eq!(stocked.desk.record.take_of("/dev/hidraw1"), [""; 0]);
}
