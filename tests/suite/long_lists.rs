//! A list that a key takes costs no message; a longer one is asked about without a touch.

use crate::harness::get_info::Edit;
use crate::harness::{Desk, MessageFault, Reaction};
use crate::options::{creation, descriptors, registered, request, run};
use fidokey::cli::exit::Exit;
use fidokey::virtual_key::KeySettings;
use fidokey::webauthn::base64url;
use fidokey::wire::cbor::{self, Encoded};
use serde_json::{Value, json};

fn desk(most: Option<usize>) -> (Desk, String) {
    let desk = Desk::empty();
    let settings = KeySettings { max_credential_count_in_list: most, ..KeySettings::default() };
    desk.plug(0, settings);
    let id = registered(&desk, json!({}))["id"].as_str().unwrap().to_owned();
    desk.record.take();
    (desk, id)
}

/// The credential among this many others, last.
fn among(others: usize, id: &str) -> Value {
    let others: Vec<String> =
        (0..others).map(|number| base64url::encode(&[u8::try_from(number).unwrap(); 64])).collect();
    let mut ids: Vec<&str> = others.iter().map(String::as_str).collect();
    ids.push(id);
    descriptors(&ids)
}

#[test]
fn an_allow_list_is_cut_to_what_the_key_holds() {
    let (desk, id) = desk(Some(4));
    let line = "assert --options - --json";
    let asserted = |others| {
        let options = request(json!({"allowCredentials": among(others, &id)}));
        let response = run(&desk, line, &options).succeeded().json();
        assert_eq!(response["id"], id.as_str());
        desk.record.take()
    };
    assert_eq!(asserted(3), ["INIT", "04", "02"]);
    assert_eq!(asserted(4), ["INIT", "04", "02", "02", "02"]);
    assert_eq!(asserted(11), ["INIT", "04", "02", "02", "02", "02"]);
    // With none on the key, it says so itself.
    let options = request(json!({"allowCredentials": among(5, "AAAA")}));
    run(&desk, line, &options).ended(Exit::NoMatch);
    assert_eq!(desk.record.take(), ["INIT", "04", "02", "02", "02"]);
}

#[test]
fn an_exclude_list_is_cut_and_the_key_itself_refuses() {
    let (desk, id) = desk(Some(4));
    let options = creation(json!({"excludeCredentials": among(9, &id)}));
    let refused = run(&desk, "register --options -", &options);
    refused.ended(Exit::Failed);
    assert!(refused.stderr.contains("CREDENTIAL_EXCLUDED"), "{refused}");
    assert_eq!(desk.record.take(), ["INIT", "04", "02", "02", "02", "01"]);
    let options = creation(json!({"excludeCredentials": among(9, "AAAA")}));
    run(&desk, "register --options -", &options).succeeded();
    assert_eq!(desk.record.take(), ["INIT", "04", "02", "02", "02", "01"]);
}

#[test]
fn a_list_that_is_too_long_for_a_message_is_cut_by_length() {
    let (desk, id) = desk(None);
    let options = request(json!({"allowCredentials": among(60, &id)}));
    run(&desk, "assert --options -", &options).succeeded();
    assert_eq!(desk.record.take(), ["INIT", "04", "02"]);
    let options = request(json!({"allowCredentials": among(200, &id)}));
    run(&desk, "assert --options -", &options).succeeded();
    assert_eq!(desk.record.take(), ["INIT", "04", "02", "02", "02", "02"]);
}

/// credProtect 3: without the PIN the credential does not exist, nor is it excluded.
#[test]
fn the_pin_shows_what_exists_only_with_it() {
    let desk = Desk::empty();
    let settings = KeySettings { max_credential_count_in_list: Some(2), ..KeySettings::default() };
    desk.plug(0, settings);
    desk.set_pin("1234");
    let pin = format!("--pin-file {}", desk.file("pin", "1234"));
    let extensions = json!({"credentialProtectionPolicy": "userVerificationRequired"});
    let selection = json!({"residentKey": "required", "userVerification": "required"});
    let changes = json!({"extensions": extensions, "authenticatorSelection": selection});
    let line = format!("register --options - --json {pin}");
    let response = run(&desk, &line, &creation(changes)).succeeded().json();
    let id = response["id"].as_str().unwrap();
    desk.record.take();
    let required = json!({"userVerification": "required", "allowCredentials": among(4, id)});
    let line = format!("assert --options - {pin}");
    run(&desk, &line, &request(required)).succeeded();
    let token = ["INIT", "04", "06/01", "06/02", "06/09"];
    assert_eq!(desk.record.take(), [&token[..], &["02", "02", "02", "02"]].concat());
    let line = format!("register --options - {pin}");
    let options = creation(json!({
        "excludeCredentials": among(4, id),
        "authenticatorSelection": {"userVerification": "required"}
    }));
    run(&desk, &line, &options).ended(Exit::Failed);
    assert_eq!(desk.record.take(), [&token[..], &["02", "02", "02", "01"]].concat());
}

/// A key that takes less than it says is asked about ever fewer.
#[test]
fn a_key_that_takes_less_than_it_says_is_asked_about_fewer() {
    let (desk, id) = desk(Some(8));
    desk.faults.requests(|request| {
        // Member 3, a list of more than two.
        let list =
            request.windows(2).any(|part| part[0] == 0x03 && (0x83..0x98).contains(&part[1]));
        if request.first() == Some(&0x02) && list {
            Reaction::Answer(vec![0x39])
        } else {
            Reaction::Forward
        }
    });
    let options = request(json!({"allowCredentials": among(9, &id)}));
    run(&desk, "assert --options -", &options).succeeded();
}

#[test]
fn an_id_that_is_too_long_for_the_key_is_not_sent() {
    let (desk, _) = desk(Some(2));
    let long = base64url::encode(&[7; 500]);
    let options = request(json!({"allowCredentials": descriptors(&[&long, &long, &long])}));
    let refused = run(&desk, "assert --options -", &options);
    refused.ended(Exit::NoMatch);
    assert_eq!(desk.record.take(), ["INIT", "04"]);
}

/// A key that answers a list of more than `most` credentials so.
struct TakesOnly {
    most: usize,
    status: u8,
}

impl MessageFault for TakesOnly {
    fn request(&mut self, request: &[u8]) -> Reaction {
        let list = match request[0] {
            0x01 => 5,
            0x02 => 3,
            _ => return Reaction::Forward,
        };
        let map = cbor::parse(&request[1..]).unwrap().map().unwrap();
        let listed = map.get(list).map_or(0, |list| list.array().unwrap().len());
        if listed > self.most { Reaction::Answer(vec![self.status]) } else { Reaction::Forward }
    }
}

#[test]
fn a_whole_list_that_is_refused_is_cut() {
    for status in [0x39, 0x15] {
        let (desk, id) = desk(None);
        let pin = format!("--pin-file {}", desk.file("pin", "1234"));
        desk.faults.messages(TakesOnly { most: 2, status });
        let options = request(json!({"allowCredentials": among(7, &id)}));
        run(&desk, "assert --options -", &options).succeeded();
        // All eight, four, then twos, and the one that was found.
        let silent = ["02", "02", "02", "02", "02", "02"];
        assert_eq!(desk.record.take(), [&["INIT", "04", "02"], &silent[..]].concat());

        let exclude = |id: &str| creation(json!({"excludeCredentials": among(7, id)}));
        run(&desk, "register --options -", &exclude(&id)).ended(Exit::Failed);
        let silent = ["02", "02", "02", "02", "02", "01"];
        assert_eq!(desk.record.take(), [&["INIT", "04", "01"], &silent[..]].concat());

        desk.faults.mend();
        desk.set_pin("1234");
        desk.faults.messages(TakesOnly { most: 2, status });
        run(&desk, &format!("assert --options - {pin}"), &options).succeeded();
        let excluded = run(&desk, &format!("register --options - {pin}"), &exclude(&id));
        assert!(excluded.stderr.contains("CREDENTIAL_EXCLUDED"), "{excluded}");
        run(&desk, &format!("register --options - {pin}"), &exclude("AAAA")).succeeded();
    }
}

/// A key that cannot be pleased is asked about one at a time, and then believed.
#[test]
fn a_refusal_of_everything_comes_to_an_end() {
    let (desk, id) = desk(None);
    desk.faults.messages(TakesOnly { most: 0, status: 0x39 });
    let options = request(json!({"allowCredentials": among(2, &id)}));
    let refused = run(&desk, "assert --options -", &options);
    refused.ended(Exit::Unsupported);
    assert_eq!(desk.record.take(), ["INIT", "04", "02", "02", "02"]);
    let options = creation(json!({"excludeCredentials": among(2, &id)}));
    run(&desk, "register --options -", &options).ended(Exit::Unsupported);
}

/// 59 of 347 models do not state it, and may take no more than 1024 bytes (CTAP 2.3 section 6.4).
#[test]
fn a_list_is_cut_to_what_every_key_takes_where_no_length_is_stated() {
    let (desk, id) = desk(None);
    Edit::new().without(0x05).install(&desk.faults);
    let options = request(json!({"allowCredentials": among(11, &id)}));
    run(&desk, "assert --options -", &options).succeeded();
    assert_eq!(desk.record.take(), ["INIT", "04", "02", "02", "02"]);
    Edit::new().member(0x05, Encoded::unsigned(2048)).install(&desk.faults);
    run(&desk, "assert --options -", &options).succeeded();
    assert_eq!(desk.record.take(), ["INIT", "04", "02"]);
}
