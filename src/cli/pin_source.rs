//! PINs that do not come from a terminal: from a file, standard input or a file descriptor.
//!
//! Never from an argument or the environment, where other users and programs can see them.

use super::error::CliError;
use super::exit::Exit;
use super::inlet::{Inlet, inherited};
use super::standard_input::{descriptor, is_stdin, is_stdin_descriptor};
use super::terminal::MAX_INPUT;
use crate::output::words;
use crate::transport::Interrupt;
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
    ///
    /// A file descriptor is one by whatever name it is given, so that two sources that are one and the
    /// same are seen to be.
    pub fn from_flags(file: Option<&Path>, number: Option<i32>) -> Option<Self> {
        let numbered = |number| match is_stdin_descriptor(number) {
            true => Self::Stdin,
            false => Self::Descriptor(number),
        };
        match (file, number) {
            (Some(path), _) if is_stdin(path) => Some(Self::Stdin),
            (Some(path), _) => {
                Some(descriptor(path).map_or_else(|| Self::File(path.to_owned()), numbered))
            }
            (None, Some(number)) => Some(numbered(number)),
            (None, None) => None,
        }
    }

    /// Reads the PIN: everything up to the first line end or the end of the input, without the byte
    /// order mark that some editors put before it.
    ///
    /// # Errors
    ///
    /// When it cannot be read, is empty, is longer than any PIN, or is in UTF-16.
    pub fn read(&self, stdin: &mut dyn Read, interrupt: &Interrupt) -> Result<PinLine, CliError> {
        let opened = match self {
            Self::File(path) => Inlet::open(path, interrupt).map(Some),
            Self::Stdin => Ok(None),
            Self::Descriptor(number) => inherited(*number, interrupt).map(Some),
        };
        let read = match opened {
            Ok(Some(inlet)) if inlet.is_terminal() => return Err(self.is_shown()),
            Ok(Some(mut inlet)) => read_line(&mut inlet),
            Ok(None) => read_line(stdin),
            Err(error) => Err(error),
        };
        let read = read.map(|line| line.map(PinLine::of));
        match read {
            Ok(Some(line)) if UTF_16_MARKS.iter().any(|mark| line.pin.starts_with(mark)) => {
                let message = format!("The text in {self} is in UTF-16. Nothing was sent.");
                Err(CliError::new(Exit::Pin, "pin_encoding", message).hint(
                    "Save it as UTF-8; in PowerShell, write it with `| Out-File -Encoding utf8 \
                     FILE`.",
                ))
            }
            Ok(Some(line)) if line.pin.is_empty() => Err(CliError::new(
                Exit::Pin,
                "pin_missing",
                format!("There is no PIN in {self}. Nothing was sent."),
            )
            .hint("Put the PIN alone on the first line.")),
            Ok(Some(line)) => Ok(line),
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

    /// Refuses a terminal, on which the PIN would be seen.
    pub fn is_shown(&self) -> CliError {
        let message =
            format!("The terminal would show a PIN that is read from {self}. Nothing was sent.");
        CliError::usage(message)
            .hint("Without the flag, fidokey asks for the PIN and does not show it.")
            .hint("A program that knows the PIN can give it through a pipe.")
    }

    /// Whether two PINs from these sources would be one and the same line.
    pub fn is_same_as(&self, other: &Self) -> bool {
        self == other
    }
}

/// The byte order mark in UTF-8, which Windows' editors put at the start of a file.
const UTF_8_MARK: &[u8] = "\u{feff}".as_bytes();

/// The same in UTF-16, little-endian and big-endian: no text in UTF-8 begins with these bytes.
const UTF_16_MARKS: [&[u8]; 2] = [&[0xff, 0xfe], &[0xfe, 0xff]];

/// The line that a PIN is on.
pub struct PinLine {
    /// The PIN.
    pub pin: Zeroizing<Vec<u8>>,
    /// Whether a byte order mark stood before it.
    pub was_marked: bool,
}

impl PinLine {
    fn of(mut line: Zeroizing<Vec<u8>>) -> Self {
        let was_marked = line.starts_with(UTF_8_MARK);
        if was_marked {
            line.drain(..UTF_8_MARK.len());
        }
        Self { pin: line, was_marked }
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
        assert_eq!(**PinSource::Stdin.read(&mut input, &Interrupt::new()).unwrap().pin, *b"1234");
        assert_eq!(input, b"rest");
        let mut input: &[u8] = b"p\xc3\xa4ss";
        assert_eq!(
            **PinSource::Stdin.read(&mut input, &Interrupt::new()).unwrap().pin,
            *"päss".as_bytes()
        );
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_a_pin() {
        let read = |mut bytes: &[u8]| PinSource::Stdin.read(&mut bytes, &Interrupt::new());
        let marked = read(b"\xef\xbb\xbf1234\n").unwrap();
        assert!(**marked.pin == *b"1234" && marked.was_marked);
        assert!(!read(b"1234").unwrap().was_marked);
        assert!(read(b"\xef\xbb\xbf\n").is_err());
        for utf_16 in [b"\xff\xfe1\x002\x00".as_slice(), b"\xfe\xff\x001\x002"] {
            assert_eq!(read(utf_16).err().unwrap().kind, "pin_encoding");
        }
    }

    #[test]
    fn an_empty_or_endless_input_is_refused() {
        assert!(PinSource::Stdin.read(&mut &b""[..], &Interrupt::new()).is_err());
        assert!(PinSource::Stdin.read(&mut &b"\n1234"[..], &Interrupt::new()).is_err());
        assert!(PinSource::Stdin.read(&mut io::repeat(b'1'), &Interrupt::new()).is_err());
        assert!(
            PinSource::File("/nonexistent".into()).read(&mut &b""[..], &Interrupt::new()).is_err()
        );
    }

    #[test]
    fn one_line_cannot_be_two_pins() {
        use PinSource::{Descriptor, File, Stdin};
        let by_file = |path: &str| PinSource::from_flags(Some(Path::new(path)), None).unwrap();
        let by_number = |number| PinSource::from_flags(None, Some(number)).unwrap();
        for name in ["-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"] {
            assert!(by_file(name) == Stdin && by_file(name).is_same_as(&by_number(0)), "{name}");
        }
        assert!(by_file("/dev/fd/3").is_same_as(&by_number(3)));
        assert!(Stdin.is_same_as(&Stdin) && Descriptor(3).is_same_as(&Descriptor(3)));
        assert!(File("a".into()).is_same_as(&File("a".into())));
        assert!(!File("a".into()).is_same_as(&Stdin) && !Descriptor(3).is_same_as(&Descriptor(4)));
    }
}
