//! What a key sends: packets, descriptors, CBOR, and the answers to every command.

use super::{data_seeds, hex, object_seeds};
use fidokey::ctap::client_pin::{GetKeyAgreement, GetPinRetries, GetUvRetries};
use fidokey::ctap::credential_management::{
    Dialect, EnumerateCredentialsGetNextCredential, EnumerateRpsGetNextRp,
};
use fidokey::ctap::get_assertion::GetNextAssertion;
use fidokey::ctap::get_info::GetInfo;
use fidokey::ctap::large_blobs::{GetLargeBlobs, LargeBlobArray};
use fidokey::ctap::pin_protocol::PlatformKey;
use fidokey::ctap::{PinProtocol, Random, RandomError, Request, SecretBytes, read_reply};
use fidokey::wire::authenticator_data::AuthenticatorData;
use fidokey::wire::cbor::{self, CborError, Encoded, Item, MapBuilder, salvage_map};
use fidokey::wire::cose::CoseKey;
use fidokey::wire::ctaphid::{Assembler, Command, InitReply, Packet, PacketKind, split};
use fidokey::wire::report_descriptor::fido_reports;
use fidokey::wire::status::Status;
use sha2::{Digest, Sha256};

/// Packets of 64 bytes; and the bytes as a message, cut and put together again.
pub fn packets(bytes: &[u8]) {
    let mut pending: Option<Assembler> = None;
    for report in bytes.chunks(64) {
        let Some(packet) = Packet::parse(report) else { continue };
        match packet.kind {
            PacketKind::Init { command, length } => {
                pending = Assembler::start(command, length, packet.data, 64).ok();
            }
            PacketKind::Continuation { sequence } => {
                pending = pending.take().and_then(|mut message| {
                    message.push(sequence, packet.data).ok()?;
                    Some(message)
                });
            }
        }
        if let Some(message) = pending.take_if(|message| message.is_complete()) {
            let _ = InitReply::parse(&message.into_payload());
        }
    }
    for size in [8, 9, 64, 1024] {
        let Ok(reports) = split(7, Command::CBOR, bytes, size) else { continue };
        assert_eq!(assemble(&reports, size), bytes);
    }
}

fn assemble(reports: &[Vec<u8>], size: usize) -> Vec<u8> {
    let mut message: Option<Assembler> = None;
    for report in reports {
        let packet = Packet::parse(report).unwrap();
        match packet.kind {
            PacketKind::Init { command, length } => {
                message = Some(Assembler::start(command, length, packet.data, size).unwrap());
            }
            PacketKind::Continuation { sequence } => {
                message.as_mut().unwrap().push(sequence, packet.data).unwrap();
            }
        }
    }
    let message = message.unwrap();
    assert!(message.is_complete());
    message.into_payload().to_vec()
}

pub fn packet_seeds() -> Vec<Vec<u8>> {
    let message: Vec<u8> = (0..=255).collect();
    let init = hex("0102030405060708 00000005 02 010203 05");
    let cut = |command, payload: &[u8]| split(5, command, payload, 64).unwrap().concat();
    vec![cut(Command::CBOR, &message), cut(Command::INIT, &init), cut(Command::ERROR, &[6])]
}

pub fn report_descriptor(bytes: &[u8]) {
    let _ = fido_reports(bytes);
}

pub fn descriptor_seeds() -> Vec<Vec<u8>> {
    vec![hex("06d0f1 0901 a101 0920 1500 26ff00 7508 9540 8102 0921 1500 26ff00 7508 9540 9102 c0")]
}

/// CBOR as a tree, which is the same after it was written canonically; and as much of a broken map
/// as there is.
pub fn cbor(bytes: &[u8]) {
    let _ = salvage_map(bytes);
    let Ok(value) = cbor::parse(bytes).and_then(Item::value) else { return };
    let canonical = value.encode();
    match cbor::parse(canonical.as_bytes()).and_then(Item::value) {
        Ok(again) => assert_eq!(again.encode(), canonical),
        // Simple values without a meaning here all become `undefined`: as keys, they are then one.
        Err(error) => assert!(matches!(error, CborError::DuplicateKey { .. }), "{error}"),
    }
}

pub fn cbor_seeds() -> Vec<Vec<u8>> {
    let odd = "a7 01 3bffffffffffffffff 02 f97e00 03 fb3ff199999999999a 04 c11a514b67b0 \
               05 f7 06 82f4f6 6161 a1 4101 6162";
    [object_seeds(), vec![hex(odd)]].concat()
}

pub fn authenticator_data(bytes: &[u8]) {
    let Ok(data) = AuthenticatorData::parse(bytes) else { return };
    let _ = data.extensions.as_deref().map(cbor::parse);
    if let Some(credential) = &data.attested_credential {
        assert_eq!(CoseKey::from_bytes(&credential.public_key.raw).unwrap(), credential.public_key);
    }
}

/// The same byte again and again.
struct Sevens;

impl Random for Sevens {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RandomError> {
        bytes.fill(7);
        Ok(())
    }
}

/// The base point of the curve P-256 (SEC 2 section 2.4.2): a public key.
const BASE_POINT: &str = "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296 \
                          4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";

/// How the answer to one command is read.
type Reader = fn(&[u8]);

fn read<R: Request>(request: &R, bytes: &[u8])
where
    R::Response: std::fmt::Debug,
{
    if let Ok(answer) = read_reply(request, bytes) {
        let _ = format!("{answer:?}");
    }
}

const READERS: [Reader; 8] = [
    |bytes| {
        let Ok(info) = read_reply(&GetInfo, bytes) else { return };
        let _ = (info.fingerprint(), info.pin_protocol(), info.attestation_formats());
    },
    |bytes| read(&GetPinRetries { protocol: PinProtocol::Two }, bytes),
    |bytes| read(&GetUvRetries { protocol: PinProtocol::Two }, bytes),
    |bytes| read(&GetNextAssertion, bytes),
    |bytes| read(&EnumerateRpsGetNextRp::new(Dialect::Standard), bytes),
    |bytes| read(&EnumerateCredentialsGetNextCredential::new(Dialect::Standard), bytes),
    |bytes| read(&GetLargeBlobs { offset: 0, count: 960 }, bytes),
    |bytes| {
        for protocol in [PinProtocol::One, PinProtocol::Two] {
            let Ok(key) = read_reply(&GetKeyAgreement { protocol }, bytes) else { continue };
            let Ok(pair) = PlatformKey::generate(&mut Sevens) else { continue };
            let secret = pair.agree(protocol, &key);
            let _ = secret.decrypt(bytes);
        }
    },
];

/// The first byte chooses the command that the others answer.
pub fn replies(bytes: &[u8]) {
    let Some((which, reply)) = bytes.split_first() else { return };
    READERS[usize::from(*which) % READERS.len()](reply);
    let _ = format!("{} {}", Status(*which), Status(*which).meaning());
}

pub fn reply_seeds() -> Vec<Vec<u8>> {
    let info = MapBuilder::new()
        .member(1, Encoded::array([Encoded::text("FIDO_2_1")]))
        .member(2, Encoded::array([Encoded::text("credProtect")]))
        .member(3, Encoded::bytes(&[7; 16]))
        .member(4, MapBuilder::new().text_member("rk", Encoded::boolean(true)).build())
        .member(5, Encoded::unsigned(1200))
        .member(6, Encoded::array([Encoded::unsigned(2)]))
        .member(0x15, Encoded::array([Encoded::unsigned(1)]));
    let base = hex(BASE_POINT);
    let (x, y) = (base[..32].try_into().unwrap(), base[32..].try_into().unwrap());
    let agreement = MapBuilder::new().member(1, CoseKey::encode_key_agreement(&x, &y));
    let entity = |name: &str| MapBuilder::new().text_member("id", Encoded::text(name)).build();
    let user = MapBuilder::new().text_member("id", Encoded::bytes(b"u")).build();
    let descriptor = MapBuilder::new()
        .text_member("id", Encoded::bytes(&[1; 16]))
        .text_member("type", Encoded::text("public-key"))
        .build();
    let assertion = |data: Vec<u8>| {
        MapBuilder::new()
            .member(1, descriptor.clone())
            .member(2, Encoded::bytes(&data))
            .member(3, Encoded::bytes(&[0x30; 70]))
            .member(4, user.clone())
    };
    let retries = MapBuilder::new()
        .member(3, Encoded::unsigned(8))
        .member(4, Encoded::boolean(false))
        .member(5, Encoded::unsigned(3));
    let party =
        MapBuilder::new().member(3, entity("a.example")).member(4, Encoded::bytes(&[9; 32]));
    let fragment = MapBuilder::new().member(1, Encoded::bytes(&[0x80; 17]));
    let data = data_seeds().swap_remove(0);
    let credential = MapBuilder::new()
        .member(6, user.clone())
        .member(7, descriptor.clone())
        .member(10, Encoded::unsigned(1));
    [info, retries.clone(), retries, assertion(data), party, credential, fragment, agreement]
        .into_iter()
        .zip(0..)
        .map(|(map, which)| [&[which, 0][..], map.build().as_bytes()].concat())
        .collect()
}

/// A store that is whole, with what is in it, however it is made.
pub fn large_blobs(bytes: &[u8]) {
    let hash = Sha256::digest(bytes);
    for store in [bytes, &[bytes, &hash[..16]].concat()] {
        let mut array = LargeBlobArray::parse(store);
        let key = SecretBytes::copy_of(&[7; 32]);
        let _ = (array.find(&key), array.remove(&key));
        assert_eq!(LargeBlobArray::parse(&array.to_store()), array);
    }
}

pub fn large_blob_seeds() -> Vec<Vec<u8>> {
    let mut array = LargeBlobArray::default();
    array.put(&SecretBytes::copy_of(&[7; 32]), b"a note, a note, a note", &mut Sevens).unwrap();
    let store = array.to_store();
    vec![store[..store.len() - 16].to_vec()]
}
