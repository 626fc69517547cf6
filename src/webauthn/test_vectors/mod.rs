//! The test vectors of WebAuthn Level 3 section 16, as published by the W3C. RP ID `example.org`,
//! origin `https://example.org`.

mod ecdsa;

/// One credential of section 16: its registration and one assertion, hexadecimal.
pub(super) struct Vector {
    pub(super) name: &'static str,
    pub(super) attestation_object: &'static str,
    pub(super) create_challenge: &'static str,
    pub(super) create_client_data: &'static str,
    pub(super) authenticator_data: &'static str,
    pub(super) get_challenge: &'static str,
    pub(super) get_client_data: &'static str,
    pub(super) signature: &'static str,
}

/// Every vector whose algorithms this program can verify.
pub(super) const ALL: &[&Vector] = &[&ecdsa::NONE, &ecdsa::PACKED_SELF, &ecdsa::PACKED];

/// The extra member that the vectors' client data has, without its random end, in hexadecimal:
/// `,"extraData":"clientDataJSON may be extended with additional fields in the future, such as
/// this: `.
const EXTRA: &str = "2c22657874726144617461223a22636c69656e74446174614a534f4e206d617920626520657874656e6465642077697468206164646974696f6e616c206669656c647320696e20746865206675747572652c207375636820617320746869733a20";

/// Decodes hexadecimal; `~` stands for [`EXTRA`].
pub(super) fn hex(text: &str) -> Vec<u8> {
    let text: String = text.split_whitespace().collect::<String>().replace('~', EXTRA);
    assert_eq!(text.len() % 2, 0, "odd number of digits");
    text.as_bytes()
        .chunks(2)
        .map(|digits| u8::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap())
        .collect()
}
