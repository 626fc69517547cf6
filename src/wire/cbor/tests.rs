use super::*;

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        text.chars().map(|c| c.to_digit(16).unwrap().try_into().unwrap()).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// RFC 8949 appendix A, the values that CTAP2 can carry.
#[test]
fn values_of_rfc_8949_appendix_a_round_trip() {
    for text in [
        "00",
        "17",
        "1818",
        "1903e8",
        "1a000f4240",
        "1b000000e8d4a51000",
        "1bffffffffffffffff",
        "20",
        "3863",
        "3bffffffffffffffff",
        "f4",
        "f5",
        "f6",
        "f7",
        "40",
        "4401020304",
        "60",
        "6449455446",
        "62c3bc",
        "80",
        "83010203",
        "8301820203820405",
        "a0",
        "a201020304",
        "a26161016162820203",
        "c074323031332d30332d32315432303a30343a30305a",
    ] {
        let bytes = hex(text);
        let value = parse(&bytes).unwrap().value().unwrap();
        assert_eq!(value.encode().as_bytes(), bytes, "{text}");
    }
}

#[test]
fn a_map_is_sorted_by_major_type_then_length_then_bytes() {
    let built = MapBuilder::new()
        .text_member("displayName", Encoded::unsigned(1))
        .text_member("id", Encoded::unsigned(2))
        .member(-1, Encoded::unsigned(3))
        .member(256, Encoded::unsigned(4))
        .member(3, Encoded::unsigned(5))
        .text_member("ab", Encoded::unsigned(6))
        .build();
    assert_eq!(
        built.as_bytes(),
        hex("a6030519010004200362616206626964026b646973706c61794e616d6501")
    );
}

#[test]
fn an_unsorted_map_is_read() {
    let bytes = hex("a202030102");
    let map = parse(&bytes).unwrap().map().unwrap();
    assert_eq!(map.get(1).unwrap().unsigned(), Ok(2));
    assert_eq!(map.get(2).unwrap().unsigned(), Ok(3));
    assert_eq!(map.get(3), None);
}

#[test]
fn duplicate_keys_are_refused_even_in_a_longer_form() {
    let bytes = hex("a201020103");
    assert_eq!(
        parse(&bytes).unwrap().map().unwrap_err(),
        CborError::DuplicateKey { key: "0x01".into() }
    );
    let bytes = hex("a20102180103");
    assert!(parse(&bytes).unwrap().map().is_err());
}

#[test]
fn duplicate_keys_are_refused_wherever_they_stand_in_a_large_map() {
    for count in [3usize, 63, 64, 65, 66, 200] {
        for (first, second) in [(0, count - 1), (count / 2, count - 1), (count - 2, count - 1)] {
            let mut bytes = vec![0xb9, 0, u8::try_from(count).unwrap()];
            for at in 0..count {
                let key = u8::try_from(if at == second { first } else { at }).unwrap();
                bytes.extend([0x18, key, 0]);
            }
            let map = parse(&bytes).unwrap().map();
            assert!(matches!(map, Err(CborError::DuplicateKey { .. })), "{count} {first} {second}");
        }
        let mut bytes = vec![0xb9, 0, u8::try_from(count).unwrap()];
        (0..count).for_each(|at| bytes.extend([0x18, u8::try_from(at).unwrap(), 0]));
        assert_eq!(parse(&bytes).unwrap().map().unwrap().members().len(), count);
    }
}

#[test]
fn hostile_shapes_are_refused() {
    assert_eq!(parse(&hex("0000")), Err(CborError::TrailingBytes { count: 1 }));
    assert_eq!(parse(&hex("9f00ff")), Err(CborError::Indefinite));
    assert_eq!(parse(&hex("5f4100ff")), Err(CborError::Indefinite));
    assert_eq!(parse(&[0x81; 64]), Err(CborError::TooDeep));
    assert_eq!(parse(&hex("9bffffffffffffffff")), Err(CborError::TooMany { claimed: u64::MAX }));
    assert_eq!(parse(&hex("bbffffffffffffffff")), Err(CborError::TooMany { claimed: u64::MAX }));
    assert!(matches!(parse(&hex("5bffffffffffffffff")), Err(CborError::Malformed { .. })));
    assert!(matches!(parse(&hex("7bffffffffffffffff00")), Err(CborError::Malformed { .. })));
    assert!(matches!(parse(&[]), Err(CborError::Malformed { .. })));
    assert!(matches!(parse(&hex("1c")), Err(CborError::Malformed { .. })));
    assert!(matches!(parse(&hex("ff")), Err(CborError::Indefinite)));
}

#[test]
fn a_text_that_is_not_utf8_is_told_apart_and_can_be_read_lossily() {
    let bytes = hex("63c3bcc3");
    let item = parse(&bytes).unwrap();
    assert_eq!(item.text(), Err(CborError::NotUtf8));
    assert_eq!(item.text_lossy().unwrap(), "ü\u{fffd}");
    assert!(parse(&hex("43c3bcc3")).unwrap().text_lossy().is_err());
}

#[test]
fn a_mistyped_member_does_not_lose_the_others() {
    let bytes = hex("a2016161026162");
    let map = parse(&bytes).unwrap().map().unwrap();
    assert_eq!(
        map.get(1).unwrap().unsigned(),
        Err(CborError::UnexpectedType { expected: Expected::Unsigned })
    );
    assert_eq!(map.get(2).unwrap().text(), Ok("b"));
}

/// Every prefix and every one-byte change of a real getInfo reply is read without a panic.
#[test]
fn mutations_of_a_real_reply_never_panic() {
    let reply = hex(
        "a60182665532465f5632684649444f5f325f3002826b6372656450726f746563746b686d61632d736563726574\
         0350000102030405060708090a0b0c0d0e0f04a362726bf5627570f569636c69656e7450696ef4051904b00681\
         02",
    );
    assert!(parse(&reply).unwrap().map().is_ok());
    for end in 0..reply.len() {
        let _ = parse(&reply[..end]).and_then(Item::map);
    }
    for at in 0..reply.len() {
        for byte in 0..=255 {
            let mut changed = reply.clone();
            changed[at] = byte;
            if let Ok(item) = parse(&changed) {
                let _ = item.map();
                let _ = item.value();
                let _ = item.array();
                let _ = item.text_lossy();
            }
        }
    }
}
