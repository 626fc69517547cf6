//! `fidokey info`: one key in depth.

use crate::harness::Desk;
use fidokey::ctap::get_info::MEMBERS;
use fidokey::wire::cbor::{Encoded, MapBuilder};

const GET_INFO: u8 = 0x04;
const GET_PIN_RETRIES: &[u8] = &[0x06, 0xa2, 0x01, 0x02, 0x02, 0x01];

/// Has every key on the desk say this of itself.
fn says(desk: &Desk, info: &Encoded) {
    let info = info.as_bytes().to_vec();
    desk.faults.replies(move |request, reply| {
        if request == [GET_INFO] { [&[0], info.as_slice()].concat() } else { reply }
    });
}

fn text(text: &str) -> Encoded {
    Encoded::text(text)
}

fn texts(all: &[&str]) -> Encoded {
    Encoded::array(all.iter().map(|one| Encoded::text(one)))
}

fn numbers(all: &[u64]) -> Encoded {
    Encoded::array(all.iter().map(|one| Encoded::unsigned(*one)))
}

fn map<const N: usize>(members: [(Encoded, Encoded); N]) -> Encoded {
    let build = |map: MapBuilder, (key, value)| map.raw(key, value);
    members.into_iter().fold(MapBuilder::new(), build).build()
}

fn algorithm(number: i64) -> Encoded {
    map([(text("alg"), Encoded::integer(number)), (text("type"), text("public-key"))])
}

/// A key of CTAP 2.3 that states everything there is.
fn everything() -> MapBuilder {
    let options = map([
        (text("rk"), Encoded::boolean(true)),
        (text("up"), Encoded::boolean(true)),
        (text("uv"), Encoded::boolean(false)),
        (text("plat"), Encoded::boolean(false)),
        (text("alwaysUv"), Encoded::boolean(false)),
        (text("clientPin"), Encoded::boolean(false)),
        (text("x-vendor"), Encoded::boolean(true)),
    ]);
    MapBuilder::new()
        .member(0x01, texts(&["FIDO_2_0", "FIDO_2_1", "FIDO_2_3", "U2F_V2"]))
        .member(0x02, texts(&["credProtect", "hmac-secret"]))
        .member(0x03, Encoded::bytes(&[0xaa; 16]))
        .member(0x04, options)
        .member(0x05, Encoded::unsigned(2048))
        .member(0x06, numbers(&[2, 1]))
        .member(0x07, Encoded::unsigned(8))
        .member(0x08, Encoded::unsigned(128))
        .member(0x09, texts(&["usb", "nfc"]))
        .member(0x0a, Encoded::array([algorithm(-7), algorithm(-8), algorithm(-65536)]))
        .member(0x0b, Encoded::unsigned(4096))
        .member(0x0c, Encoded::boolean(true))
        .member(0x0d, Encoded::unsigned(6))
        .member(0x0e, Encoded::unsigned(0x0005_0800))
        .member(0x0f, Encoded::unsigned(32))
        .member(0x10, Encoded::unsigned(1))
        .member(0x11, Encoded::unsigned(3))
        .member(0x12, Encoded::unsigned(0x8002))
        .member(0x13, map([(text("FIDO"), Encoded::unsigned(2))]))
        .member(0x14, Encoded::unsigned(0))
        .member(0x15, numbers(&[u64::MAX, 1]))
        .member(0x16, texts(&["packed", "none"]))
        .member(0x17, Encoded::unsigned(5))
        .member(0x18, Encoded::boolean(true))
        .member(0x19, Encoded::bytes(&[0x19; 32]))
        .member(0x1a, texts(&["USB"]))
        .member(0x1b, Encoded::boolean(true))
        .member(0x1c, Encoded::bytes(b"https://example.com/pin"))
        .member(0x1d, Encoded::unsigned(8))
        .member(0x1e, Encoded::bytes(&[0x1e; 32]))
        .member(0x1f, numbers(&[2, 3]))
}

#[test]
fn a_key_without_a_pin_costs_two_messages_and_one_with_a_pin_three() {
    let (desk, _key) = Desk::with_key();
    let fresh = desk.run("info");
    assert_eq!(desk.record.take(), ["INIT", "04"]);
    desk.set_pin("1234");
    desk.record.take();
    let text = desk.run("info");
    assert_eq!(desk.record.take(), ["INIT", "04", "06/01"]);
    insta::assert_snapshot!(format!("{fresh}\n{text}\n{}", desk.run("info --json")));
}

#[test]
fn a_key_that_states_everything() {
    let (desk, _key) = Desk::with_key();
    let unknown = (text("ven\u{7}dor"), Encoded::array([Encoded::null(), Encoded::bytes(&[0xff])]));
    let info = everything().member(0x20, Encoded::float(1.5)).raw(unknown.0, unknown.1);
    says(&desk, &info.build());
    let text = desk.run("info");
    insta::assert_snapshot!(format!("{text}\n{}", desk.run("info --json")));
}

#[test]
fn every_member_of_the_specification_stands_in_the_json_under_its_name() {
    let (desk, _key) = Desk::with_key();
    says(&desk, &everything().build());
    let json = desk.run("info --json").json();
    let mut stated: Vec<&str> =
        json["info"].as_object().unwrap().keys().map(String::as_str).collect();
    stated.retain(|name| *name != "uv_modality_names");
    let names: Vec<String> = MEMBERS.iter().map(|member| snake_case(member.name)).collect();
    assert_eq!(stated, names);
}

/// `maxRPIDsForSetMinPINLength` becomes `max_rpids_for_set_min_pin_length`.
fn snake_case(name: &str) -> String {
    let name = name.replace("RPIDs", "Rpids").replace("PIN", "Pin").replace("URL", "Url");
    let mut snake = String::new();
    for character in name.chars() {
        if character.is_uppercase() {
            snake.push('_');
        }
        snake.extend(character.to_lowercase());
    }
    snake
}

#[test]
fn what_a_key_does_not_state_is_said_to_be_so() {
    let (desk, _key) = Desk::with_key();
    says(&desk, &MapBuilder::new().member(0x01, texts(&["FIDO_2_0"])).build());
    let text = desk.run("info");
    assert_eq!(desk.record.take(), ["INIT", "04"]);
    insta::assert_snapshot!(format!("{text}\n{}", desk.run("info --json")));
}

#[test]
fn a_mistyped_member_is_named_and_loses_nothing_else() {
    let (desk, _key) = Desk::with_key();
    let odd_options =
        map([(text("rk"), Encoded::boolean(true)), (text("clientPin"), Encoded::unsigned(1))]);
    let info = MapBuilder::new()
        .member(0x01, texts(&["FIDO_2_1"]))
        .member(0x03, Encoded::bytes(&[1; 15]))
        .member(0x04, odd_options)
        .member(0x05, text("20\n48"))
        .member(0x0d, Encoded::unsigned(6));
    says(&desk, &info.build());
    let text = desk.run("info");
    let json = desk.run("info --json").json();
    insta::assert_snapshot!(format!("{text}\n{:#}", json["mistyped_members"]));
}

#[test]
fn a_key_that_speaks_only_u2f_tells_what_it_can() {
    let (desk, _key) = Desk::with_key();
    desk.faults.packets(|mut packet| {
        if packet[4] == 0x86 {
            packet[23] &= !0x04;
        }
        Ok(vec![packet])
    });
    let text = desk.run("info");
    text.succeeded();
    assert_eq!(desk.record.take(), ["INIT"]);
    insta::assert_snapshot!(format!("{text}\n{}", desk.run("info --json")));
}

#[test]
fn a_key_that_will_not_tell_the_pin_tries_tells_the_rest() {
    let (desk, _key) = Desk::with_key();
    desk.set_pin("1234");
    desk.faults.replies(|request, reply| match request {
        GET_PIN_RETRIES => vec![0x3e],
        _ => reply,
    });
    let outcome = desk.run("info");
    outcome.succeeded();
    let section = outcome.stdout.split("\n\n").find(|section| section.starts_with("PIN\n"));
    insta::assert_snapshot!(section.unwrap());
}

#[test]
fn without_a_key_it_fails() {
    let desk = Desk::empty();
    insta::assert_snapshot!(desk.run("info"));
}
