//! CTAP status codes (CTAP 2.3 section 8.2), total: a code that is not known is kept as it is.

use std::fmt;

/// The first byte of a reply to a CTAP2 command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Status(pub u8);

macro_rules! statuses {
    ($($name:ident = $code:literal, $meaning:literal;)*) => {
        impl Status {
            $(#[doc = $meaning] pub const $name: Self = Self($code);)*

            /// The specification's name of the code without its prefix, such as `PIN_INVALID`.
            pub fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($code => Some(stringify!($name)),)*
                    _ => None,
                }
            }

            /// What the code means, in words, without a full stop.
            pub fn meaning(self) -> &'static str {
                match self.0 {
                    $($code => $meaning,)*
                    0xe0..=0xef => "an error of an extension",
                    0xf0..=0xff => "an error of this vendor's own",
                    _ => "an error that the specification does not define",
                }
            }

            /// Every code that has a name.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];
        }
    };
}

statuses! {
    OK = 0x00, "success";
    INVALID_COMMAND = 0x01, "the key does not know this command";
    INVALID_PARAMETER = 0x02, "the key does not accept a parameter";
    INVALID_LENGTH = 0x03, "the key does not accept the length of the message";
    INVALID_SEQ = 0x04, "the key saw a part of the message out of order";
    TIMEOUT = 0x05, "the message reached the key too slowly";
    CHANNEL_BUSY = 0x06, "the key is busy with another request";
    LOCK_REQUIRED = 0x0a, "the key wants its channel locked first";
    INVALID_CHANNEL = 0x0b, "the key does not know this channel";
    CBOR_UNEXPECTED_TYPE = 0x11, "the key found a value of another type than it expects";
    INVALID_CBOR = 0x12, "the key does not accept the encoding of the request";
    MISSING_PARAMETER = 0x14, "the key misses a parameter";
    LIMIT_EXCEEDED = 0x15, "a limit of the key is exceeded";
    UNSUPPORTED_EXTENSION = 0x16, "the key does not support an extension";
    FP_DATABASE_FULL = 0x17, "the key has no room for another fingerprint";
    LARGE_BLOB_STORAGE_FULL = 0x18, "the key has no room for more large-blob data";
    CREDENTIAL_EXCLUDED = 0x19, "the key already holds one of the excluded credentials";
    PROCESSING = 0x21, "the key is still working";
    INVALID_CREDENTIAL = 0x22, "the credential is not valid for this key";
    USER_ACTION_PENDING = 0x23, "the key waits for a person";
    OPERATION_PENDING = 0x24, "the key has an operation pending";
    NO_OPERATIONS = 0x25, "the key has no operation pending";
    UNSUPPORTED_ALGORITHM = 0x26, "the key supports none of the algorithms";
    OPERATION_DENIED = 0x27, "the key denied the operation";
    KEY_STORE_FULL = 0x28, "the key has no room for another resident credential";
    NOT_BUSY = 0x29, "the key has nothing to cancel";
    NO_OPERATION_PENDING = 0x2a, "the key has no operation to cancel";
    UNSUPPORTED_OPTION = 0x2b, "the key does not support an option";
    INVALID_OPTION = 0x2c, "an option is not valid for this command";
    KEEPALIVE_CANCEL = 0x2d, "the operation was cancelled";
    NO_CREDENTIALS = 0x2e, "the key holds no matching credential";
    USER_ACTION_TIMEOUT = 0x2f, "nobody touched the key in time";
    NOT_ALLOWED = 0x30, "the key does not allow this now";
    PIN_INVALID = 0x31, "the PIN is wrong";
    PIN_BLOCKED = 0x32, "the PIN is blocked for good";
    PIN_AUTH_INVALID = 0x33, "the key does not accept the PIN token";
    PIN_AUTH_BLOCKED = 0x34, "the PIN is blocked until the key is unplugged and plugged in again";
    PIN_NOT_SET = 0x35, "the key has no PIN";
    PUAT_REQUIRED = 0x36, "the key wants the PIN or another user verification";
    PIN_POLICY_VIOLATION = 0x37, "the PIN does not meet the key's policy";
    PIN_TOKEN_EXPIRED = 0x38, "the PIN token has expired";
    REQUEST_TOO_LARGE = 0x39, "the request is too large for the key";
    ACTION_TIMEOUT = 0x3a, "nobody touched the key in time";
    UP_REQUIRED = 0x3b, "the key wants to be touched";
    UV_BLOCKED = 0x3c, "the key's own user verification is blocked";
    INTEGRITY_FAILURE = 0x3d, "a checksum does not match";
    INVALID_SUBCOMMAND = 0x3e, "the key does not know this subcommand";
    UV_INVALID = 0x3f, "the key did not recognise the person";
    UNAUTHORIZED_PERMISSION = 0x40, "the PIN token does not permit this";
    OTHER = 0x7f, "an error that the key does not explain";
    SPEC_LAST = 0xdf, "an error that the key does not explain";
}

impl Status {
    /// Whether the command was carried out.
    pub fn is_ok(self) -> bool {
        self == Self::OK
    }

    /// Whether nobody touched the key in time. Keys use both codes for it.
    pub fn is_touch_timeout(self) -> bool {
        self == Self::USER_ACTION_TIMEOUT || self == Self::ACTION_TIMEOUT
    }
}

impl fmt::Display for Status {
    /// Writes the name and the number: `PIN_INVALID, 0x31`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(formatter, "{name}, 0x{:02X}", self.0),
            None => write!(formatter, "status 0x{:02X}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_words_and_unknown_ones_are_kept() {
        for code in 0..=u8::MAX {
            assert!(!Status(code).meaning().is_empty());
        }
        assert_eq!(Status(0x31).to_string(), "PIN_INVALID, 0x31");
        assert_eq!(Status(0xf3).to_string(), "status 0xF3");
        assert!(Status::ALL.contains(&Status::UV_INVALID));
    }
}
