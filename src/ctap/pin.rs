//! PINs: text from a person, in Normalization Form C (CTAP 2.3 sections 6.5.1 and 6.5.5.5).

use super::pin_protocol::{CryptoError, SharedSecret};
use super::random::Random;
use super::secret::scrubbed;
use sha2::{Digest, Sha256};
use std::fmt;
use thiserror::Error;
use unicode_normalization::{UnicodeNormalization, is_nfc};
use zeroize::Zeroizing;

/// The most UTF-8 bytes a PIN may have: it is sent in 64, with at least one zero at the end.
pub const MAX_PIN_BYTES: usize = 63;
/// The fewest code points that the specification allows.
pub const MIN_PIN_CODE_POINTS: u64 = 4;
const PADDED: usize = 64;

/// What was typed is not UTF-8.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the PIN is not UTF-8 text")]
pub struct PinNotUtf8;

/// Why a key would not take a new PIN.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum PinPolicyError {
    /// Fewer code points than the key wants.
    #[error("the PIN has {found} characters, and this key wants at least {minimum}")]
    TooShort {
        /// The key's minimum in code points.
        minimum: u64,
        /// Code points found.
        found: u64,
    },
    /// More code points than the key takes.
    #[error("the PIN has {found} characters, and this key takes at most {maximum}")]
    TooLong {
        /// The key's maximum in code points.
        maximum: u64,
        /// Code points found.
        found: u64,
    },
    /// More bytes than fit.
    #[error("the PIN takes {found} bytes, and at most {MAX_PIN_BYTES} fit")]
    TooManyBytes {
        /// UTF-8 bytes found.
        found: usize,
    },
    /// A zero byte, which the key would take for the end.
    #[error("the PIN contains a zero character")]
    ContainsNul,
    /// A control character, such as the ones that an arrow key gives.
    #[error("the PIN contains a control character, such as an arrow key or a paste puts there")]
    ContainsControl,
}

/// A PIN. Wiped when dropped, not shown, not copied.
pub struct Pin {
    text: Zeroizing<String>,
    normalization_differs: bool,
    as_typed: bool,
}

impl fmt::Debug for Pin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Pin")
    }
}

impl Pin {
    /// Takes what a person typed, or what a file held, without its line end.
    ///
    /// The PIN is normalised (NFC) unless `as_typed`, for keys whose PIN was set by a tool that
    /// does not normalise. `typed` is the caller's to wipe.
    ///
    /// # Errors
    ///
    /// [`PinNotUtf8`].
    pub fn new(typed: &[u8], as_typed: bool) -> Result<Self, PinNotUtf8> {
        let typed = std::str::from_utf8(typed).map_err(|_| PinNotUtf8)?;
        Ok(scrubbed(|| {
            let normalization_differs = !is_nfc(typed);
            // NFC makes UTF-8 at most three times as long (Unicode Standard Annex 15, section 12),
            // so that the text never moves and leaves a copy.
            let mut text = Zeroizing::new(String::with_capacity(typed.len().saturating_mul(3)));
            if as_typed || !normalization_differs {
                text.push_str(typed);
            } else {
                text.extend(typed.nfc());
            }
            Self { text, normalization_differs, as_typed }
        }))
    }

    /// The length by which minimum and maximum are counted.
    pub fn code_points(&self) -> u64 {
        self.text.chars().fold(0, |count: u64, _| count.saturating_add(1))
    }

    /// The length in UTF-8 bytes.
    pub fn byte_length(&self) -> usize {
        self.text.len()
    }

    /// Whether the normalised form is not what was typed, so that a tool which does not normalise
    /// would have sent another PIN.
    pub fn normalization_differs(&self) -> bool {
        self.normalization_differs
    }

    /// Whether two PINs are the same, for a confirmation.
    pub fn matches(&self, other: &Self) -> bool {
        self.text == other.text
    }

    /// Whether there is a character that cannot be seen or typed, such as in what an arrow key sends.
    fn contains_control(&self) -> bool {
        self.text.chars().any(char::is_control)
    }

    /// Checks a new PIN before it is sent; `minimum` and `maximum` are what getInfo says, in code
    /// points.
    ///
    /// # Errors
    ///
    /// [`PinPolicyError`], whichever rule is broken first.
    pub fn check_policy(&self, minimum: u64, maximum: u64) -> Result<(), PinPolicyError> {
        let found = self.code_points();
        let minimum = minimum.max(MIN_PIN_CODE_POINTS);
        if self.text.contains('\0') {
            Err(PinPolicyError::ContainsNul)
        } else if self.contains_control() {
            Err(PinPolicyError::ContainsControl)
        } else if found < minimum {
            Err(PinPolicyError::TooShort { minimum, found })
        } else if self.byte_length() > MAX_PIN_BYTES {
            Err(PinPolicyError::TooManyBytes { found: self.byte_length() })
        } else if found > maximum {
            Err(PinPolicyError::TooLong { maximum, found })
        } else {
            Ok(())
        }
    }

    /// Checks a PIN that some key is said to have: no key can have one of these, so that trying it
    /// would waste a try.
    ///
    /// A key may have a PIN that is shorter than its minimum now, or shorter than four code points
    /// where a tool counted bytes: four bytes are the least. It may even have a control character,
    /// which another tool let pass; but then it is rather a slip, unless it is to be sent as typed.
    ///
    /// # Errors
    ///
    /// [`PinPolicyError`], whichever rule is broken first.
    pub fn check_possible(&self) -> Result<(), PinPolicyError> {
        let found = self.byte_length();
        if self.text.contains('\0') {
            Err(PinPolicyError::ContainsNul)
        } else if self.contains_control() && !self.as_typed {
            Err(PinPolicyError::ContainsControl)
        } else if u64::try_from(found).is_ok_and(|found| found < MIN_PIN_CODE_POINTS) {
            let found = self.code_points();
            Err(PinPolicyError::TooShort { minimum: MIN_PIN_CODE_POINTS, found })
        } else if found > MAX_PIN_BYTES {
            Err(PinPolicyError::TooManyBytes { found })
        } else {
            Ok(())
        }
    }

    /// `pinHashEnc`: the first 16 bytes of the PIN's SHA-256, encrypted.
    ///
    /// # Errors
    ///
    /// When there is no randomness.
    pub(super) fn hash_encrypted(
        &self,
        secret: &SharedSecret,
        random: &mut dyn Random,
    ) -> Result<Vec<u8>, CryptoError> {
        let hash = scrubbed(|| {
            let mut hash = Box::new(Zeroizing::new([0; 32]));
            let mut hasher = Sha256::new();
            Digest::update(&mut hasher, self.text.as_bytes());
            hasher.finalize_into_reset((&mut **hash).into());
            hash
        });
        secret.encrypt(hash.first_chunk::<16>().map_or(&[], |half| half), random)
    }

    /// `newPinEnc`: the PIN padded with zeros to 64 bytes, encrypted.
    ///
    /// # Errors
    ///
    /// When the PIN is too long, or there is no randomness.
    pub(super) fn encrypted(
        &self,
        secret: &SharedSecret,
        random: &mut dyn Random,
    ) -> Result<Vec<u8>, CryptoError> {
        let length = self.byte_length();
        if length > MAX_PIN_BYTES {
            return Err(CryptoError::PinTooLong { length });
        }
        let mut padded = Zeroizing::new(Vec::with_capacity(PADDED));
        padded.extend_from_slice(self.text.as_bytes());
        padded.resize(PADDED, 0);
        secret.encrypt(&padded, random)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pin(typed: &str) -> Pin {
        Pin::new(typed.as_bytes(), false).unwrap()
    }

    /// libwebauthn's and the Yubico .NET SDK's example: "Cafe" with a combining accent.
    #[test]
    fn a_pin_is_normalised_unless_sent_as_typed() {
        let decomposed = pin("Cafe\u{301}123");
        assert_eq!(*decomposed.text, "Caf\u{e9}123");
        assert!(decomposed.normalization_differs());
        assert_eq!((decomposed.code_points(), decomposed.byte_length()), (7, 8));
        let as_typed = Pin::new("Cafe\u{301}123".as_bytes(), true).unwrap();
        assert_eq!(*as_typed.text, "Cafe\u{301}123");
        assert!(as_typed.normalization_differs());
        assert!(!as_typed.matches(&decomposed));
        assert!(!pin("Caf\u{e9}123").normalization_differs());
        assert!(pin("Caf\u{e9}123").matches(&decomposed));
    }

    #[test]
    fn length_is_counted_in_code_points_and_in_bytes() {
        assert_eq!(
            pin("\u{1f511}\u{1f511}\u{1f511}").check_policy(4, 63),
            Err(PinPolicyError::TooShort { minimum: 4, found: 3 })
        );
        assert_eq!(pin("\u{1f511}\u{1f511}\u{1f511}\u{1f511}").check_policy(4, 63), Ok(()));
        assert_eq!(
            pin("12345").check_policy(6, 63),
            Err(PinPolicyError::TooShort { minimum: 6, found: 5 })
        );
        assert_eq!(
            pin("123").check_policy(0, 63),
            Err(PinPolicyError::TooShort { minimum: 4, found: 3 })
        );
        assert_eq!(pin(&"1".repeat(63)).check_policy(4, 63), Ok(()));
        assert_eq!(
            pin(&"1".repeat(64)).check_policy(4, 63),
            Err(PinPolicyError::TooManyBytes { found: 64 })
        );
        assert_eq!(
            pin(&"\u{e9}".repeat(32)).check_policy(4, 63),
            Err(PinPolicyError::TooManyBytes { found: 64 })
        );
        assert_eq!(
            pin("123456789").check_policy(4, 8),
            Err(PinPolicyError::TooLong { maximum: 8, found: 9 })
        );
        assert_eq!(pin("1234\0").check_policy(4, 63), Err(PinPolicyError::ContainsNul));
        assert_eq!(pin("12\0 34").check_policy(4, 63), Err(PinPolicyError::ContainsNul));
    }

    #[test]
    fn some_pins_no_key_can_have() {
        for possible in ["1234", "\u{e9}\u{e9}", &"1".repeat(63)] {
            assert_eq!(pin(possible).check_possible(), Ok(()), "{possible}");
        }
        assert_eq!(
            pin("123").check_possible(),
            Err(PinPolicyError::TooShort { minimum: 4, found: 3 })
        );
        assert_eq!(
            pin(&"1".repeat(64)).check_possible(),
            Err(PinPolicyError::TooManyBytes { found: 64 })
        );
        assert_eq!(pin("12\u{0}34").check_possible(), Err(PinPolicyError::ContainsNul));
        // An arrow key, the marks of a paste, Delete, a tab, and a control character of ISO 8859-1.
        for typed in ["12\x1b[D34", "\x1b[200~1234\x1b[201~", "1234\x7f", "12\t34", "1234\u{9b}"] {
            assert_eq!(pin(typed).check_possible(), Err(PinPolicyError::ContainsControl));
            assert_eq!(pin(typed).check_policy(4, 63), Err(PinPolicyError::ContainsControl));
            let as_typed = Pin::new(typed.as_bytes(), true).unwrap();
            assert_eq!(as_typed.check_possible(), Ok(()));
            assert_eq!(as_typed.check_policy(4, 63), Err(PinPolicyError::ContainsControl));
        }
    }

    #[test]
    fn what_is_not_text_is_no_pin() {
        assert_eq!(Pin::new(b"12\xff34", false).unwrap_err(), PinNotUtf8);
        assert_eq!(format!("{:?}", pin("1234")), "Pin");
    }

    /// The text must not outgrow its buffer, or a copy of it would stay behind.
    #[test]
    fn normalisation_never_outgrows_its_buffer() {
        // U+1D160 grows most of all in NFC's UTF-8: to three code points of four bytes.
        let with_decompositions =
            [0..0x3400, 0xa000..0xac10, 0xf900..0x1_3000, 0x1_d000..0x1_e000, 0x2_f800..0x2_fa20];
        for character in with_decompositions.into_iter().flatten().filter_map(char::from_u32) {
            let typed = character.to_string();
            let normalised: String = typed.nfc().collect();
            assert!(normalised.len() <= typed.len() * 3, "{character:?}");
        }
        let long = pin(&"\u{1d160}".repeat(100));
        assert!(long.text.capacity() == 1200 && long.text.len() == 1200);
    }
}
