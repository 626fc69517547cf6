//! Real keys differ: each quirk that is known has a key here that behaves so.

use crate::harness::get_info::Edit;
use crate::harness::{Desk, MessageFault, Reaction, members, reply_of};
use fidokey::cli::exit::Exit;
use fidokey::transport::Clock;
use fidokey::virtual_key::{KeySettings, ManualClock};
use fidokey::wire::cbor::{self, Encoded, Item, MapBuilder};
use fidokey::wire::ctaphid::{Command, Packet, PacketKind};
use std::sync::Arc;
use std::time::Duration;

const REGISTER: &str = "register --rp example.com --user alice";
const ASSERT: &str = "assert --rp example.com";
const GET_INFO: u8 = 0x04;

/// Nitrokey FIDO2 (nitrokey-fido2-firmware#73), Solo 2.1.0 (solo1#170), GoTrust Idem card
/// (python-fido2#93).
#[test]
fn maps_that_are_not_in_canonical_order_are_read() {
    let (desk, _key) = Desk::with_key();
    let save = desk.path("saved");
    let save = save.to_str().unwrap();
    desk.faults.replies(|_, good| {
        if good.len() < 2 {
            return good;
        }
        let mut members = members(&good);
        members.reverse();
        reply_of(&members)
    });
    desk.run("info").succeeded();
    desk.run(&format!("{REGISTER} --save {save}")).succeeded();
    desk.run(&format!("{ASSERT} --registration {save}")).succeeded();
}

/// YubiKey 4 FIPS (authenticator-rs#265): the capability bit for CTAP2 is set, and it speaks none.
#[test]
fn a_key_that_only_seems_to_speak_ctap2_is_a_u2f_key() {
    let (desk, _key) = Desk::with_key();
    let refusals: [fn() -> Reaction; 3] = [
        || Reaction::Refuse(0x01),
        || Reaction::Answer(vec![0x01]),
        || Reaction::Answer(vec![0x02]),
    ];
    for refusal in refusals {
        desk.faults.requests(move |_| refusal());
        let outcome = desk.run(REGISTER);
        outcome.ended(Exit::Unsupported);
        assert!(outcome.stderr.contains("speaks only U2F"), "{outcome}");
        let list = desk.run("list");
        list.succeeded();
        assert!(list.stdout.contains("U2F"), "{list}");
    }
    desk.faults.mend();
    desk.run(REGISTER).succeeded();
}

/// A key that says at once that it has no CTAP2 is not sent any.
#[test]
fn a_key_without_the_capability_hears_no_ctap2() {
    let (desk, _key) = Desk::with_key();
    desk.faults.packets(|mut packet| {
        let kind = Packet::parse(&packet).unwrap().kind;
        if matches!(kind, PacketKind::Init { command: Command::INIT, .. }) {
            packet[7 + 16] &= !0x04;
        }
        Ok(vec![packet])
    });
    desk.record.take();
    insta::assert_snapshot!(desk.run(REGISTER));
    assert_eq!(desk.record.take(), ["INIT"]);
}

/// HyperFIDO (flynn/u2f#14) refuses a descriptor that has more than `id` and `type` in it.
struct StrictAboutDescriptors;

impl MessageFault for StrictAboutDescriptors {
    fn request(&mut self, request: &[u8]) -> Reaction {
        let lists = match request[0] {
            0x01 => members(request).into_iter().find(|(key, _)| *key == 5),
            0x02 => members(request).into_iter().find(|(key, _)| *key == 3),
            _ => None,
        };
        let descriptors = match (&lists, request[0]) {
            (Some((_, list)), _) => cbor::parse(list).unwrap().array().unwrap(),
            (None, 0x0a) => {
                let map = cbor::parse(&request[1..]).unwrap().map().unwrap();
                let parameters = map.get(2).map(|item| item.map().unwrap());
                parameters.and_then(|parameters| parameters.get(2)).into_iter().collect()
            }
            (None, _) => Vec::new(),
        };
        let is_plain = |descriptor: &Item<'_>| {
            let map = descriptor.map().unwrap();
            map.members().len() == 2
                && map.get_text("id").is_some()
                && map.get_text("type").is_some()
        };
        if descriptors.iter().all(is_plain) {
            Reaction::Forward
        } else {
            Reaction::Answer(vec![0x12])
        }
    }
}

#[test]
fn descriptors_have_an_id_and_a_type_and_nothing_else() {
    let (desk, pin) = Desk::with_pin();
    let save = desk.path("saved");
    let save = save.to_str().unwrap();
    desk.faults.messages(StrictAboutDescriptors);
    desk.run(&format!("{REGISTER} --resident --save {save} {pin}")).succeeded();
    let listed = desk.run(&format!("credential list --json {pin}")).json();
    let (id, hex) = (&listed["credentials"][0]["id"], &listed["credentials"][0]["id_hex"]);
    let (id, hex) = (id.as_str().unwrap(), hex.as_str().unwrap());
    desk.run(&format!("{ASSERT} --registration {save} {pin}")).succeeded();
    desk.run(&format!("{ASSERT} --allow {id} --allow AAAA {pin}")).succeeded();
    let excluded = desk.run(&format!("{REGISTER} --exclude {id} --exclude AAAA {pin}"));
    excluded.ended(Exit::Failed);
    assert!(excluded.stderr.contains("CREDENTIAL_EXCLUDED"), "{excluded}");
    desk.run(&format!("credential rename {hex} --name bob {pin}")).succeeded();
    desk.run(&format!("credential delete {hex} --yes {pin}")).succeeded();
}

/// Hypersecu (flynn/u2f#14) says that it wants a PIN when nobody has touched it; others have codes
/// of their own.
#[test]
fn a_touch_that_nobody_gave_has_many_codes() {
    let (desk, _key) = Desk::with_key();
    for (wait, code) in
        [(30, 0x2f), (10, 0x3a), (30, 0x36), (30, 0x7f), (30, 0x05), (30, 0xf2), (15, 0x23)]
    {
        desk.faults.requests(move |request| match request[0] {
            0x01 | 0x02 => Reaction::AfterTouchWait(Duration::from_secs(wait), vec![code]),
            _ => Reaction::Forward,
        });
        for line in [REGISTER, ASSERT] {
            let outcome = desk.run(line);
            outcome.ended(Exit::NotConfirmed);
            assert!(outcome.stderr.contains("Nobody touched"), "0x{code:02x}: {outcome}");
            assert!(!outcome.stderr.contains("PIN"), "0x{code:02x}: {outcome}");
        }
    }
}

/// A code that comes at once after a touch is what it says.
#[test]
fn a_refusal_after_a_touch_is_a_refusal() {
    let (desk, _key) = Desk::with_key();
    for (code, exit) in [(0x36, Exit::Pin), (0x7f, Exit::Failed), (0x28, Exit::Failed)] {
        desk.faults.requests(move |request| match request[0] {
            0x01 => Reaction::AfterTouchWait(Duration::from_secs(1), vec![code]),
            _ => Reaction::Forward,
        });
        desk.run(REGISTER).ended(exit);
    }
    desk.faults.requests(|request| match request[0] {
        0x01 => Reaction::AfterTouchWait(Duration::from_secs(20), vec![0x28]),
        _ => Reaction::Forward,
    });
    let full = desk.run(REGISTER);
    assert!(full.stderr.contains("KEY_STORE_FULL"), "{full}");
}

/// 59 of 347 models do not state maxMsgSize, and others state from 510 to 8092.
#[test]
fn a_request_longer_than_the_key_takes_is_not_sent() {
    let (desk, _key) = Desk::with_key();
    let long = format!("{REGISTER} --display-name {}", "n".repeat(500));
    Edit::new().member(0x05, Encoded::unsigned(510)).install(&desk.faults);
    desk.record.take();
    let refused = desk.run(&long);
    assert_eq!(desk.record.take(), ["INIT", "04"]);
    desk.run(REGISTER).succeeded();
    for size in [None, Some(0), Some(8092), Some(u64::MAX)] {
        Edit::new().optional(0x05, size.map(Encoded::unsigned)).install(&desk.faults);
        desk.run(&long).succeeded();
    }
    insta::assert_snapshot!(refused.stderr.replace(&"n".repeat(500), "nnn"));
}

/// `FIDO_2_2` was never defined and nine models list it; vendor commands use all 64 bits, which
/// crashed an app (RS-Key#111).
#[test]
fn what_was_never_defined_is_shown_and_hurts_nobody() {
    let (desk, _key) = Desk::with_key();
    let texts = |all: &[&str]| Encoded::array(all.iter().map(|text| Encoded::text(text)));
    Edit::new()
        .member(0x01, texts(&["U2F_V2", "FIDO_2_1", "FIDO_2_2", "FIDO_9_9"]))
        .member(0x15, Encoded::array([Encoded::unsigned(u64::MAX)]))
        .member(0x77, texts(&["new"]))
        .install(&desk.faults);
    let info = desk.run("info --json").json();
    assert_eq!(info["info"]["versions"][2], "FIDO_2_2", "{info}");
    desk.run(REGISTER).succeeded();
}

/// The count of a first assertion is more than the key then gives.
#[test]
fn more_assertions_are_promised_than_given() {
    let (desk, _key) = Desk::with_key();
    for user in ["alice", "bob"] {
        desk.run(&format!("register --rp example.com --user {user} --resident")).succeeded();
    }
    desk.faults.messages(Promising { count: 5, refusal: 0x2e });
    let outcome = desk.run(ASSERT);
    outcome.succeeded();
    assert!(outcome.stderr.contains("2 accounts fit"), "{outcome}");
    // Another program may have broken the list off: an account may be missing.
    desk.faults.messages(Promising { count: 5, refusal: 0x30 });
    let outcome = desk.run(ASSERT);
    desk.faults.mend();
    desk.run(ASSERT).succeeded();
    insta::assert_snapshot!(outcome);
}

struct Promising {
    count: u64,
    refusal: u8,
}

impl MessageFault for Promising {
    fn reply(&mut self, request: &[u8], good: Vec<u8>) -> Vec<u8> {
        match request[0] {
            0x02 => {
                let mut members = members(&good);
                members.retain(|(key, _)| *key != 5);
                members.push((5, Encoded::unsigned(self.count).into_bytes()));
                reply_of(&members)
            }
            0x08 if good[0] != 0 => vec![self.refusal],
            _ => good,
        }
    }
}

/// A key that answers a request for one credential need not say which it was.
#[test]
fn the_credential_is_left_out_where_it_is_clear() {
    let (desk, _key) = Desk::with_key();
    let save = desk.path("saved");
    let save = save.to_str().unwrap();
    desk.run(&format!("{REGISTER} --save {save}")).succeeded();
    desk.faults.replies(|request, good| {
        if request[0] != 0x02 {
            return good;
        }
        let mut members = members(&good);
        members.retain(|(key, _)| *key != 1);
        reply_of(&members)
    });
    let outcome = desk.run(&format!("{ASSERT} --registration {save}"));
    outcome.succeeded();
}

/// Keys that have no PIN and no fingerprint, and never can have.
#[test]
fn a_key_that_cannot_verify_anybody() {
    let (desk, _key) = Desk::with_key();
    let options = MapBuilder::new().text_member("rk", Encoded::boolean(true)).build();
    Edit::new().member(0x04, options).install(&desk.faults);
    desk.run(REGISTER).succeeded();
    insta::assert_snapshot!(desk.run(&format!("{REGISTER} --user-verification required")));
}

/// Solo keys wink and say nothing; some keys fail on a CTAP2 message that follows at once.
struct Winker {
    clock: Arc<ManualClock>,
    winked: Option<Duration>,
}

impl MessageFault for Winker {
    fn other(&mut self, command: Command) -> Reaction {
        if command != Command::WINK {
            return Reaction::Forward;
        }
        self.winked = Some(self.clock.now());
        Reaction::Silence
    }

    fn request(&mut self, _: &[u8]) -> Reaction {
        let rested = self.winked.is_none_or(|at| self.clock.now() - at >= Duration::from_secs(2));
        if rested { Reaction::Forward } else { Reaction::Refuse(0x7f) }
    }

    fn reply(&mut self, request: &[u8], mut good: Vec<u8>) -> Vec<u8> {
        if request == [GET_INFO] {
            // It is of CTAP 2.0: such keys are told apart by winking.
            let version = good.windows(8).position(|bytes| bytes == b"FIDO_2_1").unwrap();
            good[version + 7] = b'x';
        }
        good
    }
}

#[test]
fn a_wink_without_an_answer_is_a_wink_and_the_key_rests_after_it() {
    let (desk, _key) = Desk::with_key();
    let begun = desk.clock.now();
    desk.faults.messages(Winker { clock: desk.clock.clone(), winked: None });
    desk.run("wink").succeeded();
    assert!(desk.clock.now() - begun <= Duration::from_millis(600));
    desk.run("info").ended(Exit::Failed);
    desk.clock.advance(Duration::from_secs(2));
    desk.run("info").succeeded();
    // Within one run the program itself waits.
    let _second = desk.plug(1, KeySettings::default());
    let outcome = desk.command(REGISTER).typing(["y"]).run();
    outcome.succeeded();
    let messages = desk.record.take_of("/dev/hidraw0");
    // Both sides are brought into step after the answer that never came.
    assert_eq!(messages[messages.len() - 3..], ["WINK", "INIT", "01"]);
}
