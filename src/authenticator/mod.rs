//! Ceremonies on a key: choose it, get a PIN token, register, assert, manage credentials, reset.
//!
//! A ceremony works on a [`Key`] within a [`Context`]: randomness, time, settings, and a person to
//! speak with through [`Interaction`]. Nothing in here prints or prompts. A PIN try is only ever
//! spent on a PIN that a person has just given, or one that this key has already accepted in this
//! run.

mod assert;
mod choose;
mod context;
mod credentials;
mod error;
mod interaction;
mod key;
mod large_blobs;
mod pin;
mod preflight;
mod register;
mod reset;
mod select;
mod settling;
mod survey;
mod token;
mod verification;

pub use assert::{AssertParameters, Assertion, Assertions, assert};
pub use choose::{Choice, ChooseError, aaguid_digits, choose, choose_among, selector};
pub use context::{Context, Settings};
pub use credentials::{
    StoredCredentials, StoredRelyingParty, check_can_rename, delete_credential, list_credentials,
    rename_credential,
};
pub use error::{AuthenticatorError, Difference, NotSetUp, PinError, Question, ResetError};
pub use interaction::{
    Act, Answer, Interaction, NewPinRequest, Notice, PinPolicy, PinRequest, Progress,
};
pub use key::Key;
pub use large_blobs::{read_large_blobs, write_large_blobs};
pub use pin::{
    BuiltInVerification, PinChanged, PinState, change_pin, pin_retries, pin_state, set_pin,
    verify_pin,
};
pub use preflight::find_silently;
pub use register::{Made, RegisterParameters, register};
pub use reset::{ResetOutlook, reset, reset_outlook};
pub use select::{SelectError, Selected, SelectedBy, select};
pub use settling::{SETTLING, settle};
pub use survey::{Examined, GLANCE, examine, survey};
pub use verification::UserVerification;
