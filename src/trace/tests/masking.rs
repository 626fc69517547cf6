//! No secret is in a trace, and a test that says so would notice if one were.

use super::*;

/// Unlike anything else in the messages, and long enough not to be found by chance.
const SECRET: [u8; 32] = [
    0xd1, 0x5e, 0xa5, 0xed, 0x0f, 0xca, 0xfe, 0x11, 0xd2, 0x5e, 0xa5, 0xed, 0x0f, 0xca, 0xfe, 0x12,
    0xd3, 0x5e, 0xa5, 0xed, 0x0f, 0xca, 0xfe, 0x13, 0xd4, 0x5e, 0xa5, 0xed, 0x0f, 0xca, 0xfe, 0x14,
];

/// Whether any eight bytes of the secret, which is all that it takes, are in a text as digits.
fn shows_secret(text: &str) -> bool {
    let digits: Vec<String> = SECRET
        .windows(8)
        .map(|part| part.iter().map(|byte| format!("{byte:02x}")).collect())
        .collect();
    let list = format!("{:?}", &SECRET[..8]).replace(' ', "");
    let words = String::from_utf8_lossy(&SECRET).into_owned();
    digits.iter().any(|part| text.contains(part))
        || text.contains(list.trim_matches(['[', ']']))
        || text.contains(&words)
}

/// Authenticator data with these extension outputs.
fn with_extensions(map: MapBuilder) -> Encoded {
    let data = [&[9; 32][..], &[0x81, 0, 0, 0, 1], map.build().as_bytes()].concat();
    bytes(&data)
}

/// Every field that is masked: its name, and a request and reply that have the secret in it alone.
fn secrets() -> Vec<(&'static str, Vec<u8>, Vec<u8>)> {
    let secret = || bytes(&SECRET);
    let ok = || vec![0];
    let extensions = |name: &str, value| map().text_member(name, value).build();
    let hmac = |member| map().member(1, map().build()).member(member, secret()).build();
    let assertion = |data: Encoded| message(0, map().member(2, data));
    let asks = |name| {
        let input = Encoded::boolean(true);
        message(2, map().member(1, Encoded::text("a.example")).member(4, extensions(name, input)))
    };
    let pin = |subcommand| map().member(1, number(2)).member(2, number(subcommand));
    let management = |subcommand| message(0x0a, map().member(1, number(subcommand)));
    vec![
        ("newPinEnc", message(6, pin(3).member(5, secret())), ok()),
        ("pinHashEnc", message(6, pin(9).member(6, secret())), ok()),
        ("pinUvAuthParam", message(6, pin(3).member(4, secret())), ok()),
        ("pinUvAuthParam", message(1, map().member(8, secret())), ok()),
        ("pinUvAuthParam", message(2, map().member(6, secret())), ok()),
        ("pinUvAuthParam", message(0x0a, map().member(1, number(1)).member(4, secret())), ok()),
        ("pinUvAuthParam", message(0x41, map().member(1, number(1)).member(4, secret())), ok()),
        ("pinUvAuthParam", message(0x09, map().member(2, number(1)).member(5, secret())), ok()),
        ("pinUvAuthParam", message(0x40, map().member(2, number(1)).member(5, secret())), ok()),
        ("pinUvAuthParam", message(0x0c, map().member(5, secret())), ok()),
        ("pinUvAuthParam", message(0x0d, map().member(1, number(3)).member(4, secret())), ok()),
        ("subCommandParams", message(0x0d, map().member(1, number(255)).member(2, secret())), ok()),
        ("pinUvAuthToken", message(6, pin(5)), message(0, map().member(2, secret()))),
        ("pinUvAuthToken", message(6, pin(6)), message(0, map().member(2, secret()))),
        ("pinUvAuthToken", message(6, pin(9)), message(0, map().member(2, secret()))),
        ("saltEnc", message(2, map().member(4, extensions("hmac-secret", hmac(2)))), ok()),
        ("saltAuth", message(2, map().member(4, extensions("hmac-secret", hmac(3)))), ok()),
        ("saltEnc", message(1, map().member(6, extensions("hmac-secret-mc", hmac(2)))), ok()),
        ("credBlob", message(1, map().member(6, extensions("credBlob", secret()))), ok()),
        ("largeBlob", message(1, map().member(6, extensions("largeBlob", secret()))), ok()),
        (
            "hmac-secret",
            asks("hmac-secret"),
            assertion(with_extensions(map().text_member("hmac-secret", secret()))),
        ),
        (
            "hmac-secret-mc",
            message(1, map().member(6, extensions("hmac-secret-mc", map().build()))),
            assertion(with_extensions(map().text_member("hmac-secret-mc", secret()))),
        ),
        (
            "credBlob",
            asks("credBlob"),
            assertion(with_extensions(map().text_member("credBlob", secret()))),
        ),
        (
            "largeBlob",
            asks("largeBlob"),
            message(0, map().member(8, extensions("largeBlob", secret()))),
        ),
        ("prf", asks("prf"), message(0, map().member(8, extensions("prf", secret())))),
        ("largeBlobKey", asks("largeBlobKey"), message(0, map().member(7, secret()))),
        ("largeBlobKey", vec![8], message(0, map().member(7, secret()))),
        (
            "largeBlobKey",
            message(1, map().member(6, extensions("largeBlobKey", Encoded::boolean(true)))),
            message(0, map().member(5, secret())),
        ),
        ("largeBlobKey", management(4), message(0, map().member(0x0b, secret()))),
        ("largeBlobKey", management(5), message(0, map().member(0x0b, secret()))),
        ("set", message(0x0c, map().member(2, secret()).member(3, number(0))), ok()),
        (
            "config",
            message(0x0c, map().member(1, number(9))),
            message(0, map().member(1, secret())),
        ),
    ]
}

fn traced(masking: Masking, request: &[u8], reply: &[u8]) -> String {
    let mut said = Said::masking(masking);
    said.exchange(request, reply);
    said.text()
}

#[test]
fn every_secret_is_masked_and_would_be_seen_if_it_were_not() {
    for (name, request, reply) in secrets() {
        let text = traced(Masking::default(), &request, &reply);
        assert!(!shows_secret(&text), "{name}: {text}");
        assert!(text.contains("{\"masked\":32}"), "{name}: {text}");
        let unmasked = traced(Masking { all_but: Some(name) }, &request, &reply);
        assert!(shows_secret(&unmasked), "{name} would not be noticed: {unmasked}");
        let other = traced(Masking { all_but: Some("another") }, &request, &reply);
        assert!(!shows_secret(&other), "{name}: {other}");
    }
}

/// Whatever type a key gives a secret, and whatever is wrong with the message around it.
#[test]
fn a_secret_is_masked_in_any_form() {
    type Form = (&'static str, fn() -> Encoded);
    let forms: [Form; 4] = [
        ("in a list", || Encoded::array([bytes(&SECRET)])),
        ("in a map", || map().member(1, bytes(&SECRET)).build()),
        ("a list of numbers", || Encoded::array(SECRET.iter().map(|byte| number((*byte).into())))),
        ("text", || Encoded::text(&String::from_utf8_lossy(&SECRET))),
    ];
    let pin = message(6, map().member(1, number(2)).member(2, number(9)));
    for (form, secret) in forms {
        let text = traced(Masking::default(), &pin, &message(0, map().member(2, secret())));
        assert!(!shows_secret(&text), "{form}: {text}");
        let elsewhere = message(0, map().member(0x55, secret()).text_member("token", secret()));
        let text = traced(Masking::default(), &pin, &elsewhere);
        assert!(!shows_secret(&text), "{form}: {text}");
        assert!(text.contains("\"0x55\"") && text.contains("token"), "{text}");
    }
}

#[test]
fn what_cannot_be_decoded_is_shown_only_where_no_secret_can_be_in_it() {
    for (name, request, reply) in secrets() {
        // A byte more and any number of bytes less; the first byte is the status.
        let longer = [reply.as_slice(), &[0]].concat();
        let cut = (2..reply.len()).map(|length| reply[..length].to_vec());
        for reply in cut.chain([longer]) {
            let text = traced(Masking::default(), &request, &reply);
            assert!(!shows_secret(&text), "{name}: {text}");
        }
        // An error's status with the secret after it.
        let refused = [&[0x31][..], &reply[1..]].concat();
        assert!(!shows_secret(&traced(Masking::default(), &request, &refused)), "{name}");
        // A request that the key cannot read either.
        let cut = &request[..request.len() - 1];
        assert!(!shows_secret(&traced(Masking::default(), cut, &reply)), "{name}");
    }
    let mut said = Said::new();
    said.exchange(&[4], &[0, 0xa2, 1, 0x80, 3, 0x50, 1, 2]);
    let message = said.last();
    assert_eq!(message.members, Some(serde_json::json!({ "versions": [] })));
    let undecodable = message.undecodable.as_ref().unwrap();
    assert_eq!(undecodable.at, 4);
    assert_eq!(undecodable.data, serde_json::json!({ "hex": "03500102" }));
    assert!(undecodable.reason.contains("cut short"), "{}", undecodable.reason);
}

#[test]
fn a_command_that_nobody_knows_shows_no_content() {
    for (request, reply) in [
        (message(0x50, map().member(1, bytes(&SECRET))), vec![0]),
        (vec![0x50], message(0, map().member(1, bytes(&SECRET)))),
        (vec![0x50], [&[0][..], &SECRET].concat()),
        (vec![0x50], [&[1][..], &SECRET].concat()),
        ([&[0x50][..], &SECRET].concat(), vec![0]),
    ] {
        let text = traced(Masking::default(), &request, &reply);
        assert!(!shows_secret(&text) && text.contains("masked"), "{text}");
    }
    for command in [Command(0x40), Command::WINK, Command::LOCK, Command::MSG, Command::CANCEL] {
        let mut said = Said::new();
        said.ask(CHANNEL, command, &SECRET);
        said.answer(CHANNEL, command, &SECRET);
        assert!(!shows_secret(&said.text()), "{}", said.text());
    }
}

/// Every program that has a key open gets every packet of it.
#[test]
fn what_the_key_says_to_others_is_not_kept() {
    let mut said = Said::begun();
    said.ask(CHANNEL, Command::CBOR, &[4]);
    let token = message(0, map().member(2, bytes(&[SECRET, SECRET, SECRET].concat())));
    said.answer(99, Command::CBOR, &token);
    assert!(!shows_secret(&said.text()));
    let message = said.last();
    assert!(message.foreign && message.members.is_none() && message.undecodable.is_none());
    assert_eq!((message.channel.as_str(), message.length), ("00000063", token.len()));
    // A packet whose beginning nobody saw may be anybody's.
    said.hear(&[&CHANNEL.to_be_bytes()[..], &[0], &SECRET].concat());
    said.hear(&SECRET[..4]);
    assert!(!shows_secret(&said.text()));
}

/// An answer that comes after the channel was begun anew answers nothing that is known.
#[test]
fn a_late_answer_shows_no_content() {
    let mut said = Said::begun();
    said.ask(CHANNEL, Command::CBOR, &message(6, map().member(2, number(9))));
    said.ask(CHANNEL, Command::INIT, &[2; 8]);
    said.answer(CHANNEL, Command::CBOR, &message(0, map().member(2, bytes(&SECRET))));
    assert!(!shows_secret(&said.text()) && said.text().contains("nothing was asked"));
}
