//! A host for the tests of this layer: raw reports, hand-made CBOR, PIN/UV auth protocol one.

use crate::transport::{Connection, ConnectionError};
use aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use minicbor::{Decoder, Encoder};
use p256::elliptic_curve::sec1::ToSec1Point;
use sha2::{Digest, Sha256};
use std::time::{Duration, Instant};

/// Longer than anything may take on a busy machine.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

pub(super) const CBOR: u8 = 0x10;
pub(super) const CANCEL: u8 = 0x11;

/// What a key said in one message.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) command: u8,
    pub(super) payload: Vec<u8>,
    pub(super) keepalives: usize,
}

pub(super) struct Host {
    pub(super) connection: Box<dyn Connection>,
    pub(super) channel: [u8; 4],
}

impl Host {
    /// Gets a channel.
    pub(super) fn new(connection: Box<dyn Connection>) -> Self {
        let mut host = Self { connection, channel: [0xff; 4] };
        host.channel = host.allocate();
        host
    }

    /// Gets another channel.
    pub(super) fn allocate(&mut self) -> [u8; 4] {
        let nonce = *b"a nonce!";
        let own = std::mem::replace(&mut self.channel, [0xff; 4]);
        let answer = self.transact(0x06, &nonce).unwrap();
        self.channel = own;
        assert_eq!(answer.payload[..8], nonce);
        answer.payload[8..12].try_into().unwrap()
    }

    pub(super) fn send(&mut self, command: u8, payload: &[u8]) -> Result<(), ConnectionError> {
        let (first, rest) = payload.split_at(payload.len().min(57));
        let length = u16::try_from(payload.len()).unwrap().to_be_bytes();
        let mut packets = vec![[&[command | 0x80][..], &length, first].concat()];
        let continued = rest.chunks(59).enumerate();
        packets.extend(
            continued
                .map(|(sequence, part)| [&[u8::try_from(sequence).unwrap()][..], part].concat()),
        );
        for packet in packets {
            let mut report = [&self.channel[..], &packet].concat();
            report.resize(64, 0);
            self.connection.send(&report)?;
        }
        Ok(())
    }

    /// Reads one report.
    pub(super) fn report(&mut self) -> Result<[u8; 64], ConnectionError> {
        let mut report = [0; 64];
        let start = Instant::now();
        // Nothing may also come early.
        while self.connection.receive(&mut report, PATIENCE)?.is_none() {
            assert!(start.elapsed() < PATIENCE, "the key says nothing");
        }
        Ok(report)
    }

    /// Reads a message on this channel, counting the keepalives before it.
    pub(super) fn receive(&mut self) -> Result<Answer, ConnectionError> {
        let mut keepalives = 0;
        loop {
            let first = self.report()?;
            assert_eq!(first[..4], self.channel);
            if first[4] == 0xbb {
                keepalives += 1;
                continue;
            }
            let length = usize::from(u16::from_be_bytes([first[5], first[6]]));
            let mut payload = first[7..].to_vec();
            while payload.len() < length {
                payload.extend_from_slice(&self.report()?[5..]);
            }
            payload.truncate(length);
            return Ok(Answer { command: first[4] & 0x7f, payload, keepalives });
        }
    }

    pub(super) fn transact(
        &mut self,
        command: u8,
        payload: &[u8],
    ) -> Result<Answer, ConnectionError> {
        self.send(command, payload)?;
        self.receive()
    }

    /// Sends a CTAP2 request and gives the answer, status first.
    pub(super) fn cbor(&mut self, request: &[u8]) -> Vec<u8> {
        let answer = self.transact(CBOR, request).unwrap();
        assert_eq!(answer.command, CBOR);
        answer.payload
    }

    pub(super) fn status(&mut self, request: &[u8]) -> u8 {
        self.cbor(request)[0]
    }

    /// Sets a PIN, for the first time.
    pub(super) fn set_pin(&mut self, pin: &str) -> u8 {
        let (secret, platform_key) = self.shared_secret();
        let mut padded = pin.as_bytes().to_vec();
        padded.resize(64, 0);
        let new_pin = encrypt(&secret, &padded);
        let request = encoded(0x06, |cbor| {
            cbor.map(5)?.u8(1)?.u8(1)?.u8(2)?.u8(3)?;
            cose_key(cbor.u8(3)?, &platform_key)?;
            cbor.u8(4)?.bytes(&authenticate(&secret, &new_pin))?.u8(5)?.bytes(&new_pin)?.ok()
        });
        self.status(&request)
    }

    /// Makes a request for a PIN token with all the powers of CTAP 2.0.
    pub(super) fn pin_token_request(&mut self, pin: &str) -> ([u8; 32], Vec<u8>) {
        let (secret, platform_key) = self.shared_secret();
        let pin_hash = encrypt(&secret, &Sha256::digest(pin)[..16]);
        let request = encoded(0x06, |cbor| {
            cbor.map(4)?.u8(1)?.u8(1)?.u8(2)?.u8(5)?;
            cose_key(cbor.u8(3)?, &platform_key)?;
            cbor.u8(6)?.bytes(&pin_hash)?.ok()
        });
        (secret, request)
    }

    /// Gets a PIN token, or the status that says why not.
    pub(super) fn pin_token(&mut self, pin: &str) -> Result<Vec<u8>, u8> {
        let (secret, request) = self.pin_token_request(pin);
        let answer = self.cbor(&request);
        if answer[0] != 0 {
            return Err(answer[0]);
        }
        let mut cbor = Decoder::new(&answer[1..]);
        assert_eq!((cbor.map().unwrap(), cbor.u8().unwrap()), (Some(1), 2));
        Ok(decrypt(&secret, cbor.bytes().unwrap()))
    }

    pub(super) fn pin_retries(&mut self) -> u8 {
        let answer = self.cbor(&[0x06, 0xa2, 0x01, 0x01, 0x02, 0x01]);
        let mut cbor = Decoder::new(&answer[1..]);
        assert_eq!((cbor.map().unwrap(), cbor.u8().unwrap()), (Some(2), 3));
        cbor.u8().unwrap()
    }

    fn shared_secret(&mut self) -> ([u8; 32], p256::PublicKey) {
        let answer = self.cbor(&[0x06, 0xa2, 0x01, 0x01, 0x02, 0x02]);
        // {1: {1: 2, 3: -25, -1: 1, -2: x, -3: y}}
        let (x, y) = (&answer[14..46], &answer[49..81]);
        let point = [&[4][..], x, y].concat();
        let public_key = p256::PublicKey::from_sec1_bytes(&point).unwrap();
        let own = p256::SecretKey::from_slice(&[0x17; 32]).unwrap();
        let shared = p256::ecdh::diffie_hellman(own.to_nonzero_scalar(), public_key.as_affine());
        (Sha256::digest(shared.raw_secret_bytes()).into(), own.public_key())
    }
}

type Encoding<'a> = Encoder<&'a mut Vec<u8>>;
type Encoded = Result<(), minicbor::encode::Error<std::convert::Infallible>>;

/// Makes a request of a command and its parameters.
pub(super) fn encoded(command: u8, parameters: impl FnOnce(&mut Encoding) -> Encoded) -> Vec<u8> {
    let mut request = vec![command];
    parameters(&mut Encoder::new(&mut request)).unwrap();
    request
}

/// A request for a credential: ES256, without extensions.
pub(super) fn make_credential(rp_id: &str, user: &[u8], is_resident: bool) -> Vec<u8> {
    encoded(0x01, |cbor| {
        cbor.map(5)?.u8(1)?.bytes(&[0x11; 32])?;
        cbor.u8(2)?.map(1)?.str("id")?.str(rp_id)?;
        cbor.u8(3)?.map(1)?.str("id")?.bytes(user)?;
        cbor.u8(4)?.array(1)?.map(2)?.str("alg")?.i8(-7)?.str("type")?.str("public-key")?;
        cbor.u8(7)?.map(1)?.str("rk")?.bool(is_resident)?.ok()
    })
}

/// A request for an assertion with whatever credential there is.
pub(super) fn get_assertion(rp_id: &str) -> Vec<u8> {
    encoded(0x02, |cbor| cbor.map(2)?.u8(1)?.str(rp_id)?.u8(2)?.bytes(&[0x22; 32])?.ok())
}

fn cose_key(cbor: &mut Encoding, key: &p256::PublicKey) -> Encoded {
    let point = key.to_sec1_point(false);
    cbor.map(5)?.u8(1)?.u8(2)?.u8(3)?.i8(-25)?.i8(-1)?.u8(1)?;
    cbor.i8(-2)?.bytes(point.x().unwrap())?.i8(-3)?.bytes(point.y().unwrap())?.ok()
}

/// AES-256-CBC with an initialisation vector of zeros, as protocol one has it.
fn encrypt(secret: &[u8; 32], plain: &[u8]) -> Vec<u8> {
    let cipher = aes::Aes256::new(&(*secret).into());
    let mut before = [0; 16];
    let mut encrypted = Vec::new();
    for block in plain.chunks(16) {
        let mut mixed: Vec<u8> = block.iter().zip(before).map(|(a, b)| a ^ b).collect();
        cipher.encrypt_block(mixed.as_mut_slice().try_into().unwrap());
        before = mixed.as_slice().try_into().unwrap();
        encrypted.extend(mixed);
    }
    encrypted
}

fn decrypt(secret: &[u8; 32], encrypted: &[u8]) -> Vec<u8> {
    let cipher = aes::Aes256::new(&(*secret).into());
    let mut before = [0; 16];
    let mut plain = Vec::new();
    for block in encrypted.chunks(16) {
        let mut mixed = block.to_vec();
        cipher.decrypt_block(mixed.as_mut_slice().try_into().unwrap());
        plain.extend(mixed.iter().zip(before).map(|(a, b)| a ^ b));
        before = block.try_into().unwrap();
    }
    plain
}

fn authenticate(secret: &[u8; 32], message: &[u8]) -> [u8; 16] {
    use hmac::{Hmac, Mac};
    let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(secret).unwrap();
    mac.update(message);
    mac.finalize().into_bytes()[..16].try_into().unwrap()
}
