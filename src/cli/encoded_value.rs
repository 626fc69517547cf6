//! Values of flags that are bytes in base64url, one in 64 of which begins with `-`.

use clap::builder::{StringValueParser, TypedValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command};
use std::ffi::OsStr;

/// Takes a text in base64url or hexadecimal, together with `allow_hyphen_values`. A flag of the same
/// command is none, since then most likely the value is missing, as of a shell's empty variable.
#[derive(Clone, Copy, Debug)]
pub(super) struct EncodedValue;

impl TypedValueParser for EncodedValue {
    type Value = String;

    fn parse_ref(
        &self,
        command: &Command,
        argument: Option<&Arg>,
        value: &OsStr,
    ) -> Result<String, clap::Error> {
        let text = StringValueParser::new().parse_ref(command, argument, value)?;
        if !is_flag(command, &text) {
            return Ok(text);
        }
        // What clap says of a flag without its value.
        let mut error = clap::Error::new(ErrorKind::InvalidValue).with_cmd(command);
        let argument = argument.map(ToString::to_string).unwrap_or_default();
        error.insert(ContextKind::InvalidArg, ContextValue::String(argument));
        error.insert(ContextKind::InvalidValue, ContextValue::String(String::new()));
        Err(error)
    }
}

fn is_flag(command: &Command, text: &str) -> bool {
    let is_it = |flag: &Arg| {
        let short = flag.get_short().is_some_and(|short| text == format!("-{short}"));
        short || flag.get_long().is_some_and(|long| text.strip_prefix("--") == Some(long))
    };
    text.starts_with('-') && command.get_arguments().any(is_it)
}
