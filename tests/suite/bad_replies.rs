//! Replies that are short, long, mistyped, nested, doubled or boastful, for every command that the
//! command line sends: each is a clear error or is put up with, and the key is good for the next
//! command.

use crate::harness::{Desk, Outcome, request_name};
use fidokey::cli::exit::Exit;
use fidokey::virtual_key::KeySettings;
use fidokey::wire::cbor::{self, Encoded, Key};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex};

/// A reply that was spoiled, and how.
struct Spoiled {
    /// The member, or the whole.
    place: String,
    how: &'static str,
    reply: Vec<u8>,
}

/// A map of any members in any order, as a hostile key writes it.
fn map(members: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    let count = u8::try_from(members.len()).unwrap();
    let mut bytes = if count < 24 { vec![0xa0 | count] } else { vec![0xb8, count] };
    for (key, value) in members {
        bytes.extend_from_slice(key);
        bytes.extend_from_slice(value);
    }
    bytes
}

fn reply(body: &[u8]) -> Vec<u8> {
    [&[0], body].concat()
}

/// Every way of spoiling a good reply.
fn spoil(good: &[u8]) -> Vec<Spoiled> {
    let mut all = Vec::new();
    let mut whole = |how, reply| all.push(Spoiled { place: "the whole".to_owned(), how, reply });
    whole("empty", vec![]);
    whole("the status alone", vec![0]);
    whole("a byte more", [good, &[0]].concat());
    if good.len() > 1 {
        whole("half of it", good[..good.len() / 2].to_vec());
        whole("a byte short", good[..good.len() - 1].to_vec());
        whole("twice", [good, &good[1..]].concat());
        whole("a map of 65535", [&[0, 0xb9, 0xff, 0xff], &good[2..]].concat());
    }
    whole("a list", reply(&[0x80]));
    whole("a number", reply(&[0x01]));
    whole("a text", reply(b"\x63abc"));
    whole("null", reply(&[0xf6]));
    whole("no CBOR", reply(&[0xff; 32]));
    whole("an indefinite map", reply(&[0xbf, 0xff]));
    whole("a map of 2^64 - 1", reply(&[0xbb, 255, 255, 255, 255, 255, 255, 255, 255]));
    whole("a text of 2^64 - 1", reply(&[0x7b, 255, 255, 255, 255, 255, 255, 255, 255]));
    whole("nested 7000 deep", reply(&[0x81; 7000]));
    whole("an empty map", reply(&[0xa0]));

    if good.len() == 1 {
        return all;
    }
    let parsed = cbor::parse(&good[1..]).unwrap().map().unwrap();
    let members: Vec<(Vec<u8>, Vec<u8>)> = parsed
        .members()
        .iter()
        .map(|(key, value)| {
            let Key::Integer(number) = key else { panic!("{key}") };
            (Encoded::integer(*number).into_bytes(), value.raw().to_vec())
        })
        .collect();
    let mut reversed = members.clone();
    reversed.reverse();
    whole("in reverse order", reply(&map(&reversed)));
    let mut more = members.clone();
    more.push((Encoded::integer(0x7f).into_bytes(), Encoded::text("new").into_bytes()));
    more.push((Encoded::text("vendor").into_bytes(), vec![0x81, 0xf4]));
    more.push((vec![0x41, 7], vec![0xa0]));
    whole("members nobody knows", reply(&map(&more)));

    for (at, (key, value)) in members.iter().enumerate() {
        let place = format!("0x{:02x}", cbor::parse(key).unwrap().unsigned().unwrap());
        let mut put = |how, changed: Option<Vec<u8>>| {
            let mut members = members.clone();
            match changed {
                Some(changed) => members[at].1 = changed,
                None => drop(members.remove(at)),
            }
            all.push(Spoiled { place: place.clone(), how, reply: reply(&map(&members)) });
        };
        put("missing", None);
        let others: [(&str, Vec<u8>); 14] = [
            ("null", vec![0xf6]),
            ("false", vec![0xf4]),
            ("a number", vec![0x18, 0x2a]),
            ("2^64 - 1", vec![0x1b, 255, 255, 255, 255, 255, 255, 255, 255]),
            ("negative", vec![0x20]),
            ("a float", vec![0xfb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0]),
            ("bytes", vec![0x42, 1, 2]),
            ("a text", b"\x62hi".to_vec()),
            ("not UTF-8", b"\x62\xff\xfe".to_vec()),
            ("a list", vec![0x82, 1, 0x61, b'x']),
            ("a map", vec![0xa1, 1, 2]),
            ("bytes that claim 2^32", vec![0x5a, 255, 255, 255, 255]),
            ("a list that claims 2^32", vec![0x9a, 255, 255, 255, 255]),
            ("a map with a member twice", vec![0xa2, 1, 2, 1, 3]),
        ];
        for (how, other) in others {
            if other[0] >> 5 != value[0] >> 5 || other.len() > 3 || how == "not UTF-8" {
                put(how, Some(other));
            }
        }
        put("nested 1000 deep", Some([vec![0x81; 1000], vec![0xf6]].concat()));
        put("a byte short", Some(value[..value.len() - 1].to_vec()));
        let mut doubled = members.clone();
        doubled.push((key.clone(), value.clone()));
        all.push(Spoiled { place, how: "twice", reply: reply(&map(&doubled)) });
    }
    all
}

/// One reply of one command line.
struct Case<'c> {
    desk: &'c Desk,
    /// What is run with the spoiled reply.
    line: &'c str,
    /// The request whose reply is spoiled, by command byte and subcommand.
    request: &'c str,
    /// What brings the key back to where it was, after each run.
    restore: &'c dyn Fn(&Desk),
}

impl Case<'_> {
    /// Runs the command line with its reply spoiled in the `number`th way, once: what is asked for
    /// again is answered well. Gives the way, if there are as many.
    fn run_with(&self, number: usize, flags: &str) -> Option<(String, &'static str, Outcome)> {
        let way = Arc::new(Mutex::new(None));
        let (used, request) = (way.clone(), self.request.to_owned());
        self.desk.faults.replies(move |asked, reply| {
            let mut used = used.lock().unwrap();
            if used.is_some() || request_name(asked) != request {
                return reply;
            }
            let spoiled = spoil(&reply).into_iter().nth(number);
            *used = Some(spoiled.as_ref().map(|spoiled| (spoiled.place.clone(), spoiled.how)));
            spoiled.map_or(reply, |spoiled| spoiled.reply)
        });
        let outcome = self.desk.run(&format!("{} {flags}", self.line));
        self.desk.faults.mend();
        let way = way.lock().unwrap().take();
        let way = way.unwrap_or_else(|| panic!("{} is not asked\n{outcome}", self.request));
        way.map(|(place, how)| (place, how, outcome))
    }

    /// Runs the command line with every spoiled reply and says what came of it, by outcome. After
    /// each the key must do the same thing well.
    fn table(&self) -> String {
        let mut outcomes: BTreeMap<String, BTreeMap<String, Vec<&str>>> = BTreeMap::new();
        for number in 0.. {
            let Some((place, how, outcome)) = self.run_with(number, "--json") else {
                (self.restore)(self.desk);
                break;
            };
            let what = format!("{place} of {}: {how}", self.request);
            let verdict = match outcome.exit {
                Exit::Done => "put up with".to_owned(),
                Exit::Rejected => "put up with, and the verdict is no [8]".to_owned(),
                exit => {
                    assert_eq!(outcome.stdout, "", "{what}\n{outcome}");
                    let error = outcome.error_json();
                    let error = &error["error"];
                    assert_eq!(error["exit_code"], exit.code(), "{what}\n{outcome}");
                    assert_ne!(error["message"], "", "{what}\n{outcome}");
                    assert!(!matches!(exit, Exit::Defect), "{what}\n{outcome}");
                    format!("{} [{}]", error["kind"].as_str().unwrap(), exit.code())
                }
            };
            (self.restore)(self.desk);
            let again = self.desk.run(self.line);
            assert_eq!(again.exit, Exit::Done, "after {what}\n{again}");
            (self.restore)(self.desk);
            outcomes.entry(verdict).or_default().entry(place).or_default().push(how);
        }
        let mut table = format!("{} of `fidokey {}`\n", self.request, self.line);
        for (outcome, places) in outcomes {
            writeln!(table, "\n{outcome}").unwrap();
            for (place, ways) in places {
                writeln!(table, "  {place}: {}", ways.join(", ")).unwrap();
            }
        }
        let home = self.desk.path("");
        table.replace(home.to_str().unwrap(), "HOME/")
    }
}

const REGISTER: &str = "register --rp example.com --user alice";
const ASSERT: &str = "assert --rp example.com";

fn nothing(_: &Desk) {}

#[test]
fn registering() {
    let (desk, _key) = Desk::with_key();
    for request in ["04", "01"] {
        let case = Case { desk: &desk, line: REGISTER, request, restore: &nothing };
        insta::assert_snapshot!(format!("register_{request}"), case.table());
    }
}

#[test]
fn asserting() {
    let (desk, _key) = Desk::with_key();
    for user in ["alice", "bob"] {
        desk.run(&format!("register --rp example.com --user {user} --resident")).succeeded();
    }
    for request in ["04", "02", "08"] {
        let case = Case { desk: &desk, line: ASSERT, request, restore: &nothing };
        insta::assert_snapshot!(format!("assert_{request}"), case.table());
    }
}

#[test]
fn asserting_with_a_derived_secret() {
    let (desk, _key) = Desk::with_key();
    desk.run("register --rp example.com --user alice --resident --hmac-secret").succeeded();
    let (secret, salt) = (desk.path("secret"), "11".repeat(32));
    let secret = secret.to_str().unwrap();
    let line = format!("{ASSERT} --hmac-salt {salt} --secret-out {secret}");
    let case = Case { desk: &desk, line: &line, request: "06/02", restore: &nothing };
    insta::assert_snapshot!("assert_06_02", case.table());
}

/// Brings the key back to a PIN `1234` and a credential of alice's.
fn stocked(desk: &Desk) {
    desk.run("reset --yes").succeeded();
    desk.set_pin("1234");
    let pin = desk.file("pin", "1234");
    desk.run(&format!("{REGISTER} --resident --pin-file {pin}")).succeeded();
}

#[test]
fn proving_a_pin() {
    let (desk, _key) = Desk::with_key();
    desk.set_pin("1234");
    let pin = desk.file("pin", "1234");
    let line = format!("pin verify --pin-file {pin}");
    for request in ["06/01", "06/02", "06/09"] {
        let case = Case { desk: &desk, line: &line, request, restore: &nothing };
        let name = format!("pin_verify_{}", request.replace('/', "_"));
        insta::assert_snapshot!(name, case.table());
    }
}

#[test]
fn setting_and_changing_a_pin() {
    let (desk, _key) = Desk::with_key();
    let (old, new) = (desk.file("pin", "1234"), desk.file("new", "4321"));
    let set = format!("pin set --new-pin-file {new}");
    let reset = |desk: &Desk| drop(desk.run("reset --yes"));
    let mut tables = String::new();
    for request in ["04", "06/02", "06/03"] {
        let case = Case { desk: &desk, line: &set, request, restore: &reset };
        tables.push_str(&case.table());
        tables.push('\n');
    }
    stocked(&desk);
    let change = format!("pin change --pin-file {old} --new-pin-file {new}");
    let case = Case { desk: &desk, line: &change, request: "06/04", restore: &stocked };
    insta::assert_snapshot!(format!("{tables}{}", case.table()));
}

#[test]
fn listing_credentials() {
    let (desk, _key) = Desk::with_key();
    desk.set_pin("1234");
    let pin = desk.file("pin", "1234");
    for (rp, user) in [("example.com", "alice"), ("example.com", "bob"), ("example.org", "carol")] {
        let line = format!("register --rp {rp} --user {user} --resident --pin-file {pin}");
        desk.run(&line).succeeded();
    }
    let line = format!("credential list --pin-file {pin}");
    for request in ["0a/01", "0a/02", "0a/03", "0a/04", "0a/05"] {
        let case = Case { desk: &desk, line: &line, request, restore: &nothing };
        let name = format!("credential_list_{}", request.replace('/', "_"));
        insta::assert_snapshot!(name, case.table());
    }
}

#[test]
fn deleting_and_renaming_a_credential() {
    let (desk, _key) = Desk::with_key();
    stocked(&desk);
    let pin = desk.file("pin", "1234");
    let listed = desk.run(&format!("credential list --json --pin-file {pin}")).json();
    let id = listed["credentials"][0]["id_hex"].as_str().unwrap();
    let rename = format!("credential rename {id} --name bob --pin-file {pin}");
    let case = Case { desk: &desk, line: &rename, request: "0a/07", restore: &nothing };
    let renamed = case.table().replace(id, "ID");
    insta::assert_snapshot!(renamed);
}

#[test]
fn resetting() {
    let (desk, _key) = Desk::with_key();
    let mut text = String::new();
    for request in ["04", "07"] {
        let case = Case { desk: &desk, line: "reset --yes", request, restore: &nothing };
        text.push_str(&case.table());
        text.push('\n');
    }
    insta::assert_snapshot!(text);
}

#[test]
fn looking_at_keys() {
    let (desk, _key) = Desk::with_key();
    desk.set_pin("1234");
    for line in ["info", "list", "pin status"] {
        for request in ["04", "06/01"] {
            if line == "list" && request == "06/01" {
                continue;
            }
            let case = Case { desk: &desk, line, request, restore: &nothing };
            let name = format!("{}_{}", line.replace(' ', "_"), request.replace('/', "_"));
            insta::assert_snapshot!(name, case.table());
        }
    }
}

/// What a person reads, for one of each kind.
#[test]
fn in_words() {
    let desk = Desk::empty();
    let _key = desk.plug(0, KeySettings::default());
    desk.run("register --rp example.com --user alice --resident").succeeded();
    let mut text = String::new();
    for (line, request, place, how) in [
        (REGISTER, "04", "the whole", "a byte short"),
        (REGISTER, "04", "0x01", "missing"),
        (REGISTER, "04", "the whole", "empty"),
        (REGISTER, "04", "the whole", "nested 7000 deep"),
        (REGISTER, "01", "the whole", "a byte more"),
        ("register --rp example.com --user alice --resident", "01", "0x02", "a text"),
        (ASSERT, "02", "0x03", "missing"),
        (ASSERT, "02", "0x02", "a byte short"),
    ] {
        let case = Case { desk: &desk, line, request, restore: &nothing };
        let outcome = (0..)
            .map_while(|number| {
                let ran = case.run_with(number, "");
                desk.run("register --rp example.com --user alice --resident").succeeded();
                ran
            })
            .find_map(|ran| (ran.0 == place && ran.1 == how).then_some(ran.2))
            .unwrap();
        writeln!(text, "# {place} of {request}: {how}\n{outcome}").unwrap();
    }
    insta::assert_snapshot!(text);
}
