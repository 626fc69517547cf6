use super::*;

#[test]
fn a_secret_is_not_shown() {
    let secret = SecretBytes::copy_of(b"do not show");
    assert_eq!(format!("{secret:?}"), "SecretBytes(11 bytes)");
    assert_eq!(secret.expose(), b"do not show");
}

/// What is left in memory, looked for in memory itself.
#[cfg(target_os = "linux")]
mod memory {
    use super::super::super::client_pin::{ChangePin, GetPinUvAuthTokenUsingPin, SetPin};
    use super::super::super::get_assertion::GetAssertion;
    use super::super::super::pin_protocol::{KeyAgreementKey, PlatformKey, SharedSecret};
    use super::super::super::testing::{Counting, hex};
    use super::super::super::{Permissions, Pin, PinProtocol, Request, read_reply};
    use super::super::*;
    use crate::wire::cbor;
    use crate::wire::cose::CoseKey;
    use std::io::{Read, Seek, SeekFrom};
    use std::sync::Mutex;
    use std::sync::mpsc::channel;

    /// Secrets stand in the code under this mask only, so that they are in memory only where used.
    const MASK: u8 = 0x5a;
    /// The PIN `q7Zr-41 tung`, and the first half of its SHA-256.
    const PIN: &str = "2b6d0028776e6b7a2e2f343d";
    const PIN_HASH: &str = "bbfb5a4b2d7f455702f583d0b42b9107";
    const TOKEN: &str = "e6edf4fb02091017e6edf4fb02091017a9b0b7bec5ccd3daa9b0b7bec5ccd3da";

    /// One search at a time: a search copies what it reads, and another would find the copy.
    static SEARCH: Mutex<()> = Mutex::new(());

    fn unmasked(masked: &[u8]) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(masked.len()));
        bytes.extend(masked.iter().map(|byte| byte ^ MASK));
        bytes
    }

    /// Whether memory has, at its start, what is masked here.
    fn matches(memory: Option<&[u8]>, masked: &[u8]) -> bool {
        memory.is_some_and(|memory| memory.iter().zip(masked).all(|(a, b)| a ^ MASK == *b))
    }

    /// Which of the secrets, given masked, are somewhere in this process's writable memory.
    fn found(needles: &[&[u8]]) -> Vec<usize> {
        const ZEROS: &[u8] = &[0; 1 << 16];
        let mut memory = std::fs::File::open("/proc/self/mem").unwrap();
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let mut chunk = ZEROS.to_vec();
        let mut found = Vec::new();
        for (range, _) in maps.lines().filter_map(|line| line.split_once(" rw")) {
            let (start, end) = range.split_once('-').unwrap();
            let [mut at, end] = [start, end].map(|n| u64::from_str_radix(n, 16).unwrap());
            while at < end {
                memory.seek(SeekFrom::Start(at)).unwrap();
                let length = usize::try_from(end - at).unwrap().min(chunk.len());
                // Memory of another test's thread may be gone by now.
                let Ok(length) = memory.read(&mut chunk[..length]) else { break };
                if chunk[..length] != ZEROS[..length] {
                    for (number, needle) in needles.iter().enumerate() {
                        let first = needle[0] ^ MASK;
                        let mut starts = (0..length).filter(|at| chunk[*at] == first);
                        if starts.any(|at| matches(chunk.get(at..at + needle.len()), needle)) {
                            found.push(number);
                        }
                    }
                    // A vector's own `zeroize` would empty it as well.
                    chunk.as_mut_slice().zeroize();
                }
                // Chunks overlap by more than a secret, so that none lies across a border.
                at += u64::try_from(length.saturating_sub(64).max(64)).unwrap();
            }
        }
        found
    }

    /// Runs `act` on a thread that is still there when memory is searched, so that its stack is
    /// as `act` left it.
    fn found_after(needles: &[&[u8]], act: impl FnOnce() + Send) -> Vec<usize> {
        let (done, when_done) = channel();
        let (leave, when_to_leave) = channel::<()>();
        std::thread::scope(|threads| {
            threads.spawn(move || {
                act();
                done.send(()).unwrap();
                let _ = when_to_leave.recv();
            });
            when_done.recv().unwrap();
            let found = found(needles);
            drop(leave);
            found
        })
    }

    fn secret(protocol: PinProtocol) -> SharedSecret {
        // The curve's base point (SEC 2, section 2.4.2).
        let x = hex("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296");
        let y = hex("4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5");
        let key = CoseKey::encode_key_agreement(&x.try_into().unwrap(), &y.try_into().unwrap());
        let key = KeyAgreementKey::from_item(cbor::parse(key.as_bytes()).unwrap()).unwrap();
        PlatformKey::generate(&mut Counting::default()).unwrap().agree(protocol, &key)
    }

    /// Everything that is done with a PIN and a token, once.
    fn use_pin_and_token(protocol: PinProtocol, pin: &[u8], token: &[u8]) {
        let secret = secret(protocol);
        let random = &mut Counting::default();
        let encrypted = secret.encrypt(&unmasked(token), random).unwrap();
        let pin = Pin::new(&unmasked(pin), false).unwrap();
        pin.check_policy(4, 63).unwrap();
        SetPin::new(&secret, &pin, random).unwrap().encode();
        ChangePin::new(&secret, &pin, &pin, random).unwrap().encode();
        let permissions = Permissions::GET_ASSERTION;
        let request =
            GetPinUvAuthTokenUsingPin::new(&secret, &pin, permissions, None, random).unwrap();
        request.encode();
        let token = cbor::MapBuilder::new().member(2, cbor::Encoded::bytes(&encrypted)).build();
        let reply = [&[0], token.as_bytes()].concat();
        let token = read_reply(&request, &reply).unwrap().decrypt(&secret).unwrap();
        let moved = Box::new(token);
        let pin_uv_auth = Some(moved.authenticate(&[1; 32]));
        GetAssertion { pin_uv_auth, ..GetAssertion::default() }.encode();
    }

    #[test]
    fn nothing_is_left_of_a_pin_and_a_token() {
        let _alone = SEARCH.lock();
        let (pin, pin_hash, token) = (hex(PIN), hex(PIN_HASH), hex(TOKEN));
        let needles: [&[u8]; 5] = [&pin, &pin[4..], &pin_hash, &token, &token[..16]];
        let present = unmasked(&pin);
        assert!(found(&needles).contains(&0), "the search finds nothing at all");
        drop(present);
        for protocol in [PinProtocol::One, PinProtocol::Two] {
            let left = found_after(&needles, || use_pin_and_token(protocol, &pin, &token));
            assert!(left.is_empty(), "{protocol}: {left:?}");
        }
    }

    /// Leaves a secret where a careless function does.
    #[inline(never)]
    fn leave_on_stack(masked: &[u8]) {
        let mut stack = [0u8; 4096];
        for (place, byte) in stack.iter_mut().zip(masked) {
            *place = byte ^ MASK;
        }
        black_box(&mut stack);
    }

    #[test]
    fn the_stack_is_overwritten() {
        let _alone = SEARCH.lock();
        // Two secrets, since the stack of a thread that is gone may stay in memory.
        let secret = hex("1f84c3066bd27759a0e4390f5d1b8ce2");
        assert_eq!(found_after(&[&secret], || leave_on_stack(&secret)), [0]);
        let secret = hex("c2e17a095f4b38d6910cfa6d84b72e53");
        let left = found_after(&[&secret], || scrubbed(|| leave_on_stack(&secret)));
        assert!(left.is_empty());
    }
}
