//! `fidokey credential`: what a key holds is listed, shown, deleted and renamed.

use crate::harness::{Desk, Outcome, Reaction, Typed};
use fidokey::cli::exit::Exit;
use fidokey::virtual_key::KeySettings;
use fidokey::wire::cbor::{self, Value};
use sha2::{Digest, Sha256};
use std::process::Command;

const TOKEN: [&str; 5] = ["INIT", "04", "06/01", "06/02", "06/09"];

/// A desk with a key that holds the accounts given, as relying party, name and display name.
pub struct Stocked {
    pub desk: Desk,
    /// The flag that gives the PIN.
    pub pin: String,
}

impl Stocked {
    pub fn with(accounts: &[(&str, &str, &str)]) -> Self {
        let (desk, _) = Desk::with_key();
        desk.set_pin("1234");
        let pin = format!("--pin-file {}", desk.file("pin", "1234"));
        let stocked = Self { desk, pin };
        for (rp, name, display_name) in accounts {
            stocked.register(rp, name, display_name, "");
        }
        stocked.desk.record.take();
        stocked
    }

    /// Three relying parties with five accounts.
    pub fn usual() -> Self {
        Self::with(&[
            ("example.com", "alice@example.com", "Alice Adams"),
            ("example.com", "bob", "bob"),
            ("login.example.org", "alice", "Alice"),
            ("login.example.org", "zoë", "Zoë 日本"),
            ("nhs.example", "carol", "Carol"),
        ])
    }

    pub fn register(&self, rp: &str, name: &str, display_name: &str, more: &str) {
        let hash = "00".repeat(32);
        let line =
            format!("register --rp {rp} --client-data-hash {hash} --resident {} {more}", self.pin);
        let command = self.desk.command(&line);
        let command = command.arg("--user").arg(name).arg("--display-name").arg(display_name);
        command.run().succeeded();
    }

    /// Runs a command line with the PIN.
    pub fn run(&self, line: &str) -> Outcome {
        self.desk.run(&format!("{line} {}", self.pin))
    }

    /// The credentials, as JSON.
    pub fn list(&self) -> Vec<serde_json::Value> {
        let outcome = self.run("credential list --json");
        outcome.succeeded();
        self.desk.record.take();
        outcome.json()["credentials"].as_array().unwrap().clone()
    }

    /// The names of all accounts, sorted.
    pub fn names(&self) -> Vec<String> {
        let name = |one: &serde_json::Value| one["user"]["name"].as_str().unwrap().to_owned();
        let mut names: Vec<String> = self.list().iter().map(name).collect();
        names.sort();
        names
    }

    /// A member of the credential of the account with this name.
    pub fn of(&self, name: &str, member: &str) -> String {
        let list = self.list();
        let one = list.iter().find(|one| one["user"]["name"] == name).unwrap();
        one[member].as_str().unwrap().to_owned()
    }

    /// The ID of the credential of the account with this name, as it is shown.
    pub fn short(&self, name: &str) -> String {
        self.of(name, "short_id")
    }
}

// list

#[test]
fn everything_is_in_one_table() {
    insta::assert_snapshot!(Stocked::usual().run("credential list"));
}

#[test]
fn the_table_as_json() {
    let stocked = Stocked::with(&[("example.com", "alice", "Alice Adams")]);
    stocked.register("ssh:", "openssh", "", "--cred-protect optional-with-list --algorithm EdDSA");
    stocked.register("example.com", "bob", "Bob", "--large-blob-key --cred-protect required");
    insta::assert_snapshot!(stocked.run("credential list --json"));
}

#[test]
fn what_is_not_the_usual_gets_a_column() {
    let stocked = Stocked::with(&[("example.com", "alice", "Alice Adams")]);
    stocked.register("ssh:", "openssh", "", "--cred-protect optional-with-list --algorithm EdDSA");
    stocked.register("ssh:work", "root", "root", "--cred-protect required");
    insta::assert_snapshot!(stocked.run("credential list"));
}

#[test]
fn an_empty_key_is_an_empty_list() {
    let stocked = Stocked::with(&[]);
    let text = stocked.run("credential list");
    let json = stocked.run("credential list --json");
    insta::assert_snapshot!(format!("{text}\n{json}"));
}

#[test]
fn a_filter_finds_parts_of_ids_and_says_when_nothing_fits() {
    let stocked = Stocked::usual();
    let lines = ["EXAMPLE.ORG", "nhs", "example.net"];
    let outcomes = lines.map(|filter| stocked.run(&format!("credential list --rp {filter}")));
    insta::assert_snapshot!(outcomes.map(|outcome| outcome.to_string()).join("\n"));
    let empty = Stocked::with(&[]);
    insta::assert_snapshot!(empty.run("credential list --rp example.com --json"));
}

#[test]
fn a_key_without_a_pin_shows_nothing_and_says_why() {
    let (desk, _) = Desk::with_key();
    insta::assert_snapshot!(desk.run("credential list"));
}

#[test]
fn the_pin_is_asked_for_once() {
    let stocked = Stocked::usual();
    let id = stocked.short("bob");
    let line = format!("credential delete {id}");
    let outcome = stocked.desk.command(&line).typing(["1234", "y"]).run();
    insta::assert_snapshot!(outcome);
    assert_eq!(stocked.names(), ["alice", "alice@example.com", "carol", "zoë"]);
}

/// A name of 64 bytes, or as near to it as whole characters come, in one of many scripts.
fn long_name(number: usize) -> String {
    const SCRIPTS: [&str; 10] = [
        "アリス・ボブ",
        "Αλίκη ",
        "أليس ",
        "Алиса ",
        "אליס ",
        "ऐलिस ",
        "อลิซ",
        "愛麗絲",
        "🔑🗝",
        "alice@",
    ];
    let mut name = String::new();
    for character in SCRIPTS[number % SCRIPTS.len()].chars().cycle() {
        if name.len() + character.len_utf8() > 64 {
            break;
        }
        name.push(character);
    }
    name
}

#[test]
fn three_hundred_relying_parties_are_listed_with_progress() {
    let stocked = Stocked::with(&[]);
    for number in 0..300 {
        let name = long_name(number);
        stocked.register(&format!("rp{number}.example"), &format!("user{number}"), &name, "");
    }
    stocked.desk.record.take();
    let line = format!("credential list {}", stocked.pin);
    let outcome = stocked.desk.command(&line).typing([]).run();
    outcome.succeeded();
    assert_eq!(stocked.desk.record.take().len(), 6 + 300 + 300);
    assert_eq!(outcome.stdout.lines().count(), 301);
    assert!((0..10).all(|number| outcome.stdout.contains(long_name(number).trim_end())));
    for line in ["Reading relying parties: 17 of 300", "Reading credentials: 299 of 300"] {
        assert!(outcome.stderr.contains(line), "{}", outcome.stderr);
    }
    let last = outcome.stderr.rsplit("\r\x1b[K").next().unwrap();
    assert_eq!(last, "OpenSK (/dev/hidraw0) holds 300 credentials (300 of 300 places used).\n");
    // All short forms are different and are found again.
    let list = stocked.list();
    let mut ids: Vec<_> = list.iter().map(|one| one["short_id"].as_str().unwrap()).collect();
    assert_eq!(stocked.run(&format!("credential show {}", ids[123])).exit, Exit::Done);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 300);
}

#[test]
fn three_hundred_accounts_of_one_relying_party_are_listed() {
    let stocked = Stocked::with(&[]);
    for number in 0..300 {
        stocked.register("example.com", &format!("user{number}"), &long_name(number), "");
    }
    stocked.desk.record.take();
    let outcome = stocked.run("credential list");
    outcome.succeeded();
    assert_eq!(stocked.desk.record.take().len(), 6 + 1 + 300);
    assert_eq!(outcome.stdout.lines().count(), 301);
    assert_eq!(
        outcome.stderr,
        "OpenSK (/dev/hidraw0) holds 300 credentials (300 of 300 places used).\n"
    );
}

// show

#[test]
fn one_credential_is_shown_with_its_public_key() {
    let stocked = Stocked::usual();
    let id = stocked.short("alice@example.com");
    let text = stocked.run(&format!("credential show {id}"));
    let json = stocked.run(&format!("credential show {id} --json"));
    insta::assert_snapshot!(format!("{text}\n{json}"));
    let pem = json.json()["public_key_pem"].as_str().unwrap().to_owned();
    assert!(text.stdout.contains(&pem));
}

#[test]
fn a_credential_of_openssh_is_shown_as_openssh_wants_it() {
    let stocked = Stocked::with(&[]);
    stocked.register("ssh:", "openssh", "openssh", "--algorithm EdDSA --large-blob-key");
    stocked.register("ssh:work", "root", "root", "--cred-protect required");
    for (name, kind) in [("openssh", "ED25519-SK"), ("root", "ECDSA-SK")] {
        let id = stocked.short(name);
        let outcome = stocked.run(&format!("credential show {id} --json"));
        let line = outcome.succeeded().json()["openssh_public_key"].as_str().unwrap().to_owned();
        assert!(stocked.run(&format!("credential show {id}")).stdout.contains(&line));
        let path = stocked.desk.file("key.pub", line + "\n");
        match Command::new("ssh-keygen").args(["-l", "-f", &path]).output() {
            Ok(said) => {
                let said = String::from_utf8_lossy(&said.stdout).into_owned();
                assert!(said.contains(kind), "{said}");
            }
            Err(_) => crate::skipped::skip("openssh lines", "ssh-keygen is not installed"),
        }
    }
    let id = stocked.short("openssh");
    insta::assert_snapshot!(stocked.run(&format!("credential show {id}")));
}

// IDs

#[test]
fn every_form_of_an_id_is_understood() {
    let stocked = Stocked::usual();
    let hex = stocked.of("carol", "id_hex");
    let base64url = stocked.of("carol", "id");
    let forms = [
        hex.clone(),
        hex.to_uppercase(),
        hex[..12].to_owned(),
        base64url.clone(),
        base64url.replace('-', "+").replace('_', "/") + "==",
    ];
    for form in forms {
        // `--` ends the flags, so the PIN has to stand before it.
        let line = format!("credential show --json {} -- {form}", stocked.pin);
        let outcome = stocked.desk.run(&line);
        assert_eq!(outcome.succeeded().json()["credential"]["id"], base64url.as_str(), "{form}");
    }
}

#[test]
fn an_id_that_names_no_single_credential_changes_nothing() {
    let stocked = Stocked::usual();
    let known = stocked.short("bob");
    let hash = hex(&Sha256::digest("example.com"));
    let lines = [
        "credential delete --yes".to_owned(),
        "credential delete --yes abc".to_owned(),
        "credential delete --yes example.com".to_owned(),
        format!("credential delete --yes {known} 0badc0de"),
        format!("credential delete --yes {hash}"),
        format!("credential show {}", &hash[..10]),
        "credential rename --name zed 0badc0de --json".to_owned(),
        format!("credential rename {known}"),
    ];
    let mut text = String::new();
    for line in lines {
        text.push_str(&format!("{}\n", stocked.run(&line)));
    }
    let empty = stocked.desk.command("credential delete --yes").arg("").arg("--json").run();
    text.push_str(&empty.to_string());
    insta::assert_snapshot!(text);
    assert_eq!(stocked.list().len(), 5);
}

#[test]
fn an_id_that_names_several_lists_them() {
    let stocked = Stocked::usual();
    let known = stocked.short("bob");
    // All IDs but one begin alike.
    let first = hex_to_bytes(&known);
    stocked.desk.faults.replies(move |request, reply| {
        edit(request, reply, &[4, 5], |reply| {
            let id = member(member(reply, 7), "id");
            let Value::Bytes(bytes) = id else { panic!("{id:?}") };
            if bytes[..4] != first {
                bytes[..4].copy_from_slice(&[0xaa; 4]);
            }
        })
    });
    let line = format!("credential delete --yes {known} aaaaaaaa");
    let ambiguous = stocked.run(&line);
    insta::assert_snapshot!(format!("{ambiguous}\n{}", stocked.run(&format!("{line} --json"))));
    let list = stocked.list();
    for one in &list {
        let short = one["short_id"].as_str().unwrap();
        let outcome = stocked.run(&format!("credential show {short} --json"));
        assert_eq!(outcome.json()["credential"]["id"], one["id"]);
    }
}

fn hex_to_bytes(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().map(|c| c.to_digit(16).unwrap()).collect();
    digits.chunks_exact(2).map(|pair| u8::try_from(pair[0] << 4 | pair[1]).unwrap()).collect()
}

/// Changes the key's successful replies to these subcommands of credential management.
pub fn edit(
    request: &[u8],
    reply: Vec<u8>,
    subcommands: &[u8],
    change: impl FnOnce(&mut Value),
) -> Vec<u8> {
    if request[0] != 0x0a || !subcommands.contains(&request[3]) || reply[0] != 0 {
        return reply;
    }
    edited(reply, change)
}

/// Changes a successful reply.
pub fn edited(reply: Vec<u8>, change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut value = cbor::parse(&reply[1..]).unwrap().value().unwrap();
    change(&mut value);
    [&[0], value.encode().as_bytes()].concat()
}

/// A member of a map.
pub fn member(map: &mut Value, key: impl Into<Label>) -> &mut Value {
    let Label(key) = key.into();
    let Value::Map(members) = map else { panic!("{map:?}") };
    &mut members.iter_mut().find(|(candidate, _)| *candidate == key).unwrap().1
}

/// A key of a map.
pub struct Label(pub Value);

impl From<i32> for Label {
    fn from(number: i32) -> Self {
        Self(Value::Integer(number.into()))
    }
}

impl From<&str> for Label {
    fn from(text: &str) -> Self {
        Self(Value::Text(text.to_owned()))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

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
    stocked.desk.faults.messages(On(move |request: &[u8]| {
        let deletes = request[0] == 0x0a && request[3] == 0x06;
        count += usize::from(deletes);
        if deletes && count == 2 { Reaction::Answer(vec![0x30]) } else { Reaction::Forward }
    }));
    let refused = stocked.run(&line);
    stocked.desk.faults.mend();
    assert_eq!(stocked.names(), ["alice", "alice@example.com", "carol", "zoë"]);
    // The key is pulled out at the second.
    let mut count = 0;
    stocked.desk.faults.messages(On(move |request: &[u8]| {
        let deletes = request[0] == 0x0a && request[3] == 0x06;
        count += usize::from(deletes);
        if deletes && count == 2 { Reaction::Unplug } else { Reaction::Forward }
    }));
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

/// A fault that decides what becomes of requests.
pub struct On<F>(pub F);

impl<F: FnMut(&[u8]) -> Reaction + Send> crate::harness::MessageFault for On<F> {
    fn request(&mut self, request: &[u8]) -> Reaction {
        (self.0)(request)
    }
}

/// A question is read while the token runs out: it is had again without a second question.
#[test]
fn a_token_that_has_run_out_is_had_again_with_the_same_pin() {
    let stocked = Stocked::usual();
    let id = stocked.short("bob");
    let mut refused = false;
    stocked.desk.faults.messages(On(move |request: &[u8]| {
        let deletes = request[0] == 0x0a && request[3] == 0x06;
        if deletes && !std::mem::replace(&mut refused, deletes) {
            Reaction::Answer(vec![0x33])
        } else {
            Reaction::Forward
        }
    }));
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
    let emptied = command.arg("--display-name").arg("").run();
    text.push_str(&emptied.to_string());
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
