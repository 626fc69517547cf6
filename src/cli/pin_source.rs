//! PINs that do not come from a terminal: from a file, standard input or a file descriptor.
//!
//! Never from an argument or the environment, where other users and programs can see them.

use super::error::CliError;
use super::exit::Exit;
use super::terminal::MAX_INPUT;
use crate::output::words;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use zeroize::Zeroizing;

/// Where a PIN is read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PinSource {
    /// A file.
    File(std::path::PathBuf),
    /// Standard input.
    Stdin,
    /// A file descriptor that the caller opened.
    Descriptor(i32),
}

impl PinSource {
    /// Makes a source from a `…-file` and a `…-fd` flag; `None` when neither was given.
    pub fn from_flags(file: Option<&Path>, descriptor: Option<i32>) -> Option<Self> {
        match (file, descriptor) {
            (Some(path), _) if path.as_os_str() == "-" => Some(Self::Stdin),
            (Some(path), _) => Some(Self::File(path.to_owned())),
            (None, Some(number)) => Some(Self::Descriptor(number)),
            (None, None) => None,
        }
    }

    /// Reads the PIN: everything up to the first line end or the end of the input.
    ///
    /// # Errors
    ///
    /// When it cannot be read, is empty, or is longer than any PIN.
    pub fn read(&self, stdin: &mut dyn Read) -> Result<Zeroizing<Vec<u8>>, CliError> {
        let read = match self {
            Self::File(path) => File::open(path).and_then(|mut file| read_line(&mut file)),
            Self::Stdin => read_line(stdin),
            Self::Descriptor(number) => {
                File::open(format!("/dev/fd/{number}")).and_then(|mut file| read_line(&mut file))
            }
        };
        match read {
            Ok(Some(pin)) if pin.is_empty() => Err(CliError::new(
                Exit::Pin,
                "pin_missing",
                format!("There is no PIN in {self}. Nothing was sent."),
            )
            .hint("Put the PIN alone on the first line.")),
            Ok(Some(pin)) => Ok(pin),
            Ok(None) => Err(CliError::new(
                Exit::Pin,
                "pin_policy",
                format!("The first line of {self} is too long to be a PIN. Nothing was sent."),
            )
            .hint("Put the PIN alone on the first line.")),
            Err(error) => Err(CliError::usage(format!(
                "The PIN could not be read from {self}. Nothing was sent."
            ))
            .cause(error.to_string())
            .hint(match self {
                Self::File(_) => "Check the name of the file, and that you may read it.",
                Self::Stdin => "Pipe the PIN in, or give it in a file.",
                Self::Descriptor(_) => "Have the shell open it, as `3<FILE` does for descriptor 3.",
            })),
        }
    }

    /// Whether two PINs from these sources would be one and the same line.
    pub fn is_same_as(&self, other: &Self) -> bool {
        let descriptor = |source: &Self| match source {
            Self::Stdin => Some(0),
            Self::Descriptor(number) => Some(*number),
            Self::File(_) => None,
        };
        self == other || descriptor(self).is_some_and(|number| descriptor(other) == Some(number))
    }
}

impl std::fmt::Display for PinSource {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => write!(formatter, "the file {}", words::path(path)),
            Self::Stdin => formatter.write_str("standard input"),
            Self::Descriptor(number) => write!(formatter, "file descriptor {number}"),
        }
    }
}

/// Reads one line byte by byte into memory that is allocated once and wiped: a buffered reader
/// would keep a copy. `None` when it does not end in good time.
fn read_line(reader: &mut dyn Read) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let mut line = Zeroizing::new(Vec::with_capacity(MAX_INPUT));
    let mut byte = Zeroizing::new([0u8; 1]);
    loop {
        match reader.read(byte.as_mut_slice()) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        }
        let [next] = *byte;
        if next == b'\n' {
            break;
        }
        if line.len() >= MAX_INPUT {
            return Ok(None);
        }
        line.push(next);
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(Some(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_is_read_and_the_rest_left_alone() {
        let mut input: &[u8] = b"1234\r\nrest";
        assert_eq!(**PinSource::Stdin.read(&mut input).unwrap(), *b"1234");
        assert_eq!(input, b"rest");
        let mut input: &[u8] = b"p\xc3\xa4ss";
        assert_eq!(**PinSource::Stdin.read(&mut input).unwrap(), *"päss".as_bytes());
    }

    #[test]
    fn an_empty_or_endless_input_is_refused() {
        assert!(PinSource::Stdin.read(&mut &b""[..]).is_err());
        assert!(PinSource::Stdin.read(&mut &b"\n1234"[..]).is_err());
        assert!(PinSource::Stdin.read(&mut io::repeat(b'1')).is_err());
        assert!(PinSource::File("/nonexistent".into()).read(&mut &b""[..]).is_err());
    }

    #[test]
    fn one_line_cannot_be_two_pins() {
        use PinSource::{Descriptor, File, Stdin};
        assert!(Stdin.is_same_as(&Stdin) && Stdin.is_same_as(&Descriptor(0)));
        assert!(Descriptor(0).is_same_as(&Stdin) && Descriptor(3).is_same_as(&Descriptor(3)));
        assert!(File("a".into()).is_same_as(&File("a".into())));
        assert!(!File("a".into()).is_same_as(&Stdin) && !Descriptor(3).is_same_as(&Descriptor(4)));
    }
}
