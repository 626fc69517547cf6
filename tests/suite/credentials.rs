//! `fidokey credential list` and `show`, and the forms of an ID.

use crate::harness::{Desk, Stocked, edit, member};
use fidokey::cli::exit::Exit;
use fidokey::wire::cbor::Value;
use fidokey::wire::text::hex;
use sha2::{Digest, Sha256};
use std::process::Command;

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
