//! Reading a trace that somebody else may have written, or damaged.

use super::entry::{Entry, FORMAT, Header, SCHEMA_VERSION};
use serde_json::Value;
use std::io::{self, BufRead, Read};
use thiserror::Error;

/// The longest line that is read, in bytes. The longest that is written, for a message of 64 KiB,
/// has about 200,000.
const LONGEST_LINE: usize = 1024 * 1024;

/// Why something is not read as a trace at all.
#[derive(Debug, Error)]
pub enum ReadError {
    /// Its first line is not the header of a trace.
    #[error("its first line is not the header of a trace")]
    NotATrace,
    /// It was written by a newer version.
    #[error("it has version {found}, which is newer than this program knows ({SCHEMA_VERSION})")]
    Newer {
        /// Its version.
        found: u64,
    },
    /// The operating system refused.
    #[error(transparent)]
    Refused(#[from] io::Error),
}

/// What is wrong with one line.
#[derive(Debug, Error)]
pub enum Damage {
    /// It is longer than any that is written.
    #[error("it is longer than {LONGEST_LINE} bytes")]
    TooLong,
    /// It is no entry.
    #[error("{0}")]
    NotAnEntry(String),
    /// It is the last one and has no end: whoever wrote it was ended in the middle.
    #[error("the trace breaks off in the middle of it")]
    BrokenOff,
}

/// A line of a trace.
#[derive(Debug)]
pub struct Line {
    /// Its number in the file, from 1.
    pub number: u64,
    /// What it says.
    pub entry: Result<Entry, Damage>,
}

/// Reads a trace line by line, in memory for one line.
#[derive(Debug)]
pub struct Reader<R> {
    input: R,
    header: Header,
    number: u64,
}

/// A line as it is in the file.
enum Raw {
    Whole(Vec<u8>),
    TooLong,
    BrokenOff(Vec<u8>),
}

impl<R: BufRead> Reader<R> {
    /// Reads the header.
    ///
    /// # Errors
    ///
    /// [`ReadError`] when it is not there, or cannot be read.
    pub fn new(mut input: R) -> Result<Self, ReadError> {
        let line = match read_line(&mut input)? {
            Some(Raw::Whole(line) | Raw::BrokenOff(line)) => line,
            Some(Raw::TooLong) | None => return Err(ReadError::NotATrace),
        };
        let value: Value = serde_json::from_slice(&line).map_err(|_| ReadError::NotATrace)?;
        if value.get("format").is_none_or(|format| format != FORMAT) {
            return Err(ReadError::NotATrace);
        }
        let version = value.get("schema_version").and_then(Value::as_u64);
        let found = version.ok_or(ReadError::NotATrace)?;
        if found > SCHEMA_VERSION.into() {
            return Err(ReadError::Newer { found });
        }
        let header = serde_json::from_value(value).map_err(|_| ReadError::NotATrace)?;
        Ok(Self { input, header, number: 1 })
    }

    /// The header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Reads the next line that is not empty; `None` at the end. One that is damaged is told, and the
    /// next one can be read.
    ///
    /// # Errors
    ///
    /// When the operating system refuses.
    pub fn next_line(&mut self) -> io::Result<Option<Line>> {
        loop {
            let Some(raw) = read_line(&mut self.input)? else { return Ok(None) };
            self.number = self.number.saturating_add(1);
            let entry = match raw {
                Raw::Whole(line) if line.trim_ascii().is_empty() => continue,
                Raw::Whole(line) => parse(&line).map_err(Damage::NotAnEntry),
                Raw::TooLong => Err(Damage::TooLong),
                Raw::BrokenOff(line) => parse(&line).map_err(|_| Damage::BrokenOff),
            };
            return Ok(Some(Line { number: self.number, entry }));
        }
    }
}

fn parse(line: &[u8]) -> Result<Entry, String> {
    serde_json::from_slice(line).map_err(|error| {
        // The parser only sees the one line, and would call it the first.
        let text = error.to_string();
        text.split(" at line ").next().unwrap_or_default().to_owned()
    })
}

/// Reads up to a line end. Of a line that is too long, the rest is passed over.
fn read_line(input: &mut impl BufRead) -> io::Result<Option<Raw>> {
    let mut line = Vec::new();
    let most = u64::try_from(LONGEST_LINE).unwrap_or(u64::MAX).saturating_add(1);
    Read::take(&mut *input, most).read_until(b'\n', &mut line)?;
    if line.last() == Some(&b'\n') {
        line.pop();
        return Ok(Some(Raw::Whole(line)));
    }
    match line.len() {
        0 => Ok(None),
        length if length > LONGEST_LINE => {
            drop(line);
            skip_line(input)?;
            Ok(Some(Raw::TooLong))
        }
        _ => Ok(Some(Raw::BrokenOff(line))),
    }
}

fn skip_line(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffer = match input.fill_buf() {
            Ok(buffer) => buffer,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if buffer.is_empty() {
            return Ok(());
        }
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let used = end.map_or(buffer.len(), |end| end.saturating_add(1));
        input.consume(used);
        if end.is_some() {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::{Event, Seconds};

    const HEADER: &str = "{\"schema_version\":1,\"format\":\"fidokey trace\",\"fidokey\":\"0\",\
                          \"started_at\":\"x\",\"command\":\"info\"}\n";

    fn damage(text: &[u8]) -> Vec<(u64, String)> {
        let bytes = [HEADER.as_bytes(), text].concat();
        let mut reader = Reader::new(bytes.as_slice()).unwrap();
        let mut found = Vec::new();
        while let Some(Line { number, entry }) = reader.next_line().unwrap() {
            found.push((number, entry.map_or_else(|error| error.to_string(), |_| "ok".into())));
        }
        found
    }

    #[test]
    fn a_damaged_line_does_not_hide_the_next() {
        let good = "{\"time\":0.5,\"event\":\"closed\",\"key\":1}\n";
        let deep = format!("{{\"x\":{}1{}}}\n", "[".repeat(100_000), "]".repeat(100_000));
        let long = format!("\"{}\"\n", "x".repeat(LONGEST_LINE));
        for (bad, words) in [
            ("nonsense\n", "expected ident"),
            ("{\"time\":1,\"event\":\"from the future\"}\n", "unknown variant"),
            ("{\"time\":1,\"event\":\"closed\",\"key\":-1}\n", "invalid value"),
            ("{\"time\":1}\n", "missing field `event`"),
            (&deep, "recursion limit exceeded"),
            (&long, "longer than"),
        ] {
            let found = damage(format!("{good}\n{bad}{good}").as_bytes());
            let [(2, first), (4, second), (5, third)] = found.as_slice() else {
                panic!("{found:?}")
            };
            assert_eq!((first.as_str(), third.as_str()), ("ok", "ok"));
            assert!(second.contains(words) && second.len() < 200, "{second}");
        }
        assert!(damage(b"\xff\xfe{\n")[0].1.contains("expected value"));
    }

    #[test]
    fn a_trace_that_ends_in_the_middle_is_read_up_to_there() {
        let good = "{\"time\":0.5,\"event\":\"closed\",\"key\":1}";
        assert_eq!(damage(good.as_bytes()), [(2, "ok".to_owned())]);
        let cut = damage(&good.as_bytes()[..20]);
        assert_eq!(cut, [(2, "the trace breaks off in the middle of it".to_owned())]);
        let endless = damage(&vec![b'x'; 3 * LONGEST_LINE]);
        assert_eq!(endless, [(2, format!("it is longer than {LONGEST_LINE} bytes"))]);
    }

    #[test]
    fn what_is_no_trace_is_told_from_a_newer_one() {
        let newer = HEADER.replace("\":1,", "\":2,");
        let found = Reader::new(newer.as_bytes()).unwrap_err();
        assert!(matches!(found, ReadError::Newer { found: 2 }), "{found}");
        for other in ["", "\n", "notes", "{}", "[]", "{\"schema_version\":1}"] {
            let found = Reader::new(other.as_bytes()).unwrap_err();
            assert!(matches!(found, ReadError::NotATrace), "{other}: {found}");
        }
        let only_header = HEADER.trim_end().as_bytes();
        assert!(Reader::new(only_header).unwrap().next_line().unwrap().is_none());
    }

    #[test]
    fn an_entry_s_time_may_be_any_number() {
        let text = format!("{HEADER}{{\"time\":-1e300,\"event\":\"closed\",\"key\":1}}\n");
        let mut reader = Reader::new(text.as_bytes()).unwrap();
        let entry = reader.next_line().unwrap().unwrap().entry.unwrap();
        assert_eq!(entry.event, Event::Closed { key: 1 });
        assert_eq!(entry.time, Seconds(-1e300));
    }
}
