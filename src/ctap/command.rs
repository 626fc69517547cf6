//! Command bytes (CTAP 2.3 section 6).

use std::fmt;

/// The first byte of a request; any number is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CommandCode(pub u8);

macro_rules! commands {
    ($($constant:ident = $code:literal, $name:literal;)*) => {
        impl CommandCode {
            $(#[doc = concat!("`", $name, "`")] pub const $constant: Self = Self($code);)*

            /// The specification's name of the command, such as `authenticatorGetInfo`.
            pub fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($code => Some($name),)*
                    _ => None,
                }
            }
        }
    };
}

commands! {
    MAKE_CREDENTIAL = 0x01, "authenticatorMakeCredential";
    GET_ASSERTION = 0x02, "authenticatorGetAssertion";
    GET_INFO = 0x04, "authenticatorGetInfo";
    CLIENT_PIN = 0x06, "authenticatorClientPIN";
    RESET = 0x07, "authenticatorReset";
    GET_NEXT_ASSERTION = 0x08, "authenticatorGetNextAssertion";
    BIO_ENROLLMENT = 0x09, "authenticatorBioEnrollment";
    CREDENTIAL_MANAGEMENT = 0x0a, "authenticatorCredentialManagement";
    SELECTION = 0x0b, "authenticatorSelection";
    LARGE_BLOBS = 0x0c, "authenticatorLargeBlobs";
    CONFIG = 0x0d, "authenticatorConfig";
    BIO_ENROLLMENT_PREVIEW = 0x40, "authenticatorBioEnrollment (preview)";
    CREDENTIAL_MANAGEMENT_PREVIEW = 0x41, "authenticatorCredentialManagement (preview)";
}

impl fmt::Display for CommandCode {
    /// Writes the name and the number: `authenticatorGetInfo (0x04)`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(formatter, "{name} (0x{:02x})", self.0),
            None => write!(formatter, "command 0x{:02x}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_commands_are_kept_and_named_by_number() {
        assert_eq!(CommandCode::GET_INFO.to_string(), "authenticatorGetInfo (0x04)");
        assert_eq!(CommandCode(0x77).to_string(), "command 0x77");
    }
}
