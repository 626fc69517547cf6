//! Every reason why the service does not do something, in words.
//!
//! The list is matched exhaustively: a variant that is not in it does not compile.

use fidokey::ctap::RandomError;
use fidokey::relying_party::accounts::password::PasswordError;
use fidokey::relying_party::accounts::state::StateError;
use fidokey::relying_party::accounts::{Full, NameError};
use fidokey::relying_party::party::Refusal;

/// Makes a list of examples, and a function that has to be told of every variant.
macro_rules! every {
    ($text:ident, $error:ty { $($pattern:pat => $example:expr;)* }) => {
        let examples: Vec<$error> = vec![$($example),*];
        for error in &examples {
            // Without a wildcard: a new variant has to be named here.
            match error {
                $($pattern => {})*
            }
            $text.push_str(&format!("{}: {error}\n", stringify!($error)));
        }
    };
}

#[test]
fn every_reason_is_said() {
    let mut text = String::new();
    let random = || RandomError("Function not implemented".into());
    every!(text, Refusal {
        Refusal::Random(_) => Refusal::Random(random());
        Refusal::Full(_) => Refusal::Full(Full::Accounts);
        Refusal::Name(_) => Refusal::Name(NameError::Empty);
        Refusal::DisplayNameTooLong => Refusal::DisplayNameTooLong;
        Refusal::ExtensionsTooLong => Refusal::ExtensionsTooLong;
        Refusal::Password(_) => Refusal::Password(PasswordError::TooShort);
        Refusal::NoMemory => Refusal::NoMemory;
        Refusal::NameTaken => Refusal::NameTaken;
        Refusal::WrongPassword => Refusal::WrongPassword;
        Refusal::TooManyTries { .. } => Refusal::TooManyTries { seconds: 120 };
        Refusal::NoSession => Refusal::NoSession;
        Refusal::NotSignedIn => Refusal::NotSignedIn;
        Refusal::NoOffer => Refusal::NoOffer;
        Refusal::Expired => Refusal::Expired;
        Refusal::NoCredential => Refusal::NoCredential;
        Refusal::Nickname => Refusal::Nickname;
        Refusal::NicknameTaken => Refusal::NicknameTaken;
        Refusal::NoSuchToken => Refusal::NoSuchToken;
        Refusal::LastWayIn => Refusal::LastWayIn;
        Refusal::NoToken => Refusal::NoToken;
        Refusal::NoRecord => Refusal::NoRecord;
        Refusal::NotKept(_) => Refusal::NotKept("No space left on device".into());
    });
    every!(text, Full {
        Full::Accounts => Full::Accounts;
        Full::Credentials => Full::Credentials;
    });
    every!(text, NameError {
        NameError::Empty => NameError::Empty;
        NameError::TooLong => NameError::TooLong;
        NameError::Unseen => NameError::Unseen;
    });
    every!(text, PasswordError {
        PasswordError::TooShort => PasswordError::TooShort;
        PasswordError::TooLong => PasswordError::TooLong;
        PasswordError::Random(_) => PasswordError::Random(random());
    });
    every!(text, StateError {
        StateError::TooLong => StateError::TooLong;
        StateError::Foreign => StateError::Foreign;
        StateError::Newer { .. } => StateError::Newer { version: 7 };
        StateError::Damaged(_) => StateError::Damaged("it ends too early".into());
        StateError::OtherRpId { .. } => StateError::OtherRpId {
            found: "example.org".into(),
            wanted: "localhost".into(),
        };
    });
    insta::assert_snapshot!(text);
}
