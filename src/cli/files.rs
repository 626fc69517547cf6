//! Bytes from flags, and files that are read and written.

use super::atomic_file;
use super::error::CliError;
use super::exit::Exit;
use super::inlet::Inlet;
use crate::output::words;
use crate::transport::Interrupt;
use crate::webauthn::base64url;
use crate::wire::authenticator_data::MAX_CREDENTIAL_ID;
use std::io::{ErrorKind, Read};
use std::path::Path;

/// The longest file that is read, in bytes. A registration has a few thousand.
pub(super) const MAX_FILE: u64 = 1_048_576;

/// Reads bytes given in base64url (padded or not, standard base64 too) as a flag.
///
/// # Errors
///
/// When the text is something else.
pub(super) fn base64_flag(flag: &str, text: &str) -> Result<Vec<u8>, CliError> {
    base64url::decode(text).map_err(|error| {
        CliError::usage(format!("`{flag}` is not base64url. Nothing was sent."))
            .cause(error.to_string())
            .hint("Base64url is made of letters, digits, `-` and `_`.")
    })
}

/// From how many digits on a text is taken for a whole credential ID in hexadecimal. Of IDs of that
/// length in base64url, not one in a hundred million million happens to have no other characters.
const WHOLE_ID: usize = 32;

/// The fewest digits at which the beginning of a credential ID is shown.
const SHORT_ID: usize = 8;

/// Reads a credential ID given as a flag: in hexadecimal, as it is shown, or in base64url, as it stands
/// in WebAuthn's documents.
///
/// # Errors
///
/// When the text is something else, may be either, or has a length that no credential ID has.
pub(super) fn credential_id_flag(flag: &str, text: &str) -> Result<Vec<u8>, CliError> {
    let is_hex = text.chars().all(|c| c.is_ascii_hexdigit());
    let id = match from_hex(text) {
        Some(id) if text.len() >= WHOLE_ID => id,
        // It would be read as another ID than the one that is meant, and nobody would notice.
        _ if is_hex && text.len() >= SHORT_ID => {
            return Err(CliError::usage(format!(
                "`{flag}` may be the beginning of a credential ID in hexadecimal, or a whole one in \
                 base64url. Nothing was sent."
            ))
            .hint(format!("Give the whole ID; `fidokey credential show {text}` shows both forms.")));
        }
        _ => base64_flag(flag, text)?,
    };
    let wrong = |what: String| {
        CliError::usage(format!("`{flag}` {what}. Nothing was sent."))
            .hint("`fidokey credential list --json` shows credential IDs in base64url as `id`.")
    };
    match id.len() {
        1..=MAX_CREDENTIAL_ID => Ok(id),
        0 => Err(wrong("is empty".to_owned())),
        length => Err(wrong(format!(
            "has {length} bytes, and a credential ID has at most {MAX_CREDENTIAL_ID}"
        ))),
    }
}

/// Reads a SHA-256 given in base64url or hexadecimal as a flag.
///
/// # Errors
///
/// When the text is not 32 bytes in one of these forms.
pub(super) fn hash_flag(flag: &str, text: &str) -> Result<[u8; 32], CliError> {
    let wrong = |message: String| {
        CliError::usage(message).hint("Give 32 bytes in base64url, or as 64 hexadecimal digits.")
    };
    let bytes = match from_hex(text) {
        Some(bytes) if bytes.len() == 32 => bytes,
        _ => base64url::decode(text).map_err(|_| {
            wrong(format!("`{flag}` is neither base64url nor 64 digits. Nothing was sent."))
        })?,
    };
    let length = bytes.len();
    bytes
        .try_into()
        .map_err(|_| wrong(format!("`{flag}` needs 32 bytes, and has {length}. Nothing was sent.")))
}

/// Reads pairs of hexadecimal digits.
fn from_hex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) {
        return None;
    }
    let digits: Option<Vec<u8>> =
        text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let digits = digits?;
    Some(
        digits.chunks(2).map(|pair| pair.iter().fold(0, |sum, digit| (sum << 4) | digit)).collect(),
    )
}

/// Reads a whole file, up to a limit.
///
/// # Errors
///
/// When it cannot be read or is too long.
pub(super) fn read(path: &Path, interrupt: &Interrupt) -> Result<Vec<u8>, CliError> {
    let name = words::path(path);
    match Inlet::open(path, interrupt) {
        Ok(file) => read_all(file, &name),
        Err(error) => Err(not_read(&name, error.to_string())),
    }
}

/// Reads a stream to its end, up to a limit; `name` is what errors call it.
///
/// # Errors
///
/// When it cannot be read or is too long.
pub(super) fn read_all(stream: impl Read, name: &str) -> Result<Vec<u8>, CliError> {
    read_stream_up_to(stream, MAX_FILE).map_err(|cause| not_read(name, cause))
}

/// Reads a whole file, up to a limit.
///
/// # Errors
///
/// Why it cannot be read, in words.
pub(super) fn read_up_to(
    path: &Path,
    longest: u64,
    interrupt: &Interrupt,
) -> Result<Vec<u8>, String> {
    let file = Inlet::open(path, interrupt).map_err(|error| error.to_string())?;
    // Of a long file, no part is copied as the room for it grows.
    let length = file.length().min(longest);
    let room = usize::try_from(length).unwrap_or_default().saturating_add(1);
    read_into(Vec::with_capacity(room), file, longest)
}

/// Reads a stream to its end, up to a limit.
///
/// # Errors
///
/// Why it cannot be read, in words.
pub(super) fn read_stream_up_to(stream: impl Read, longest: u64) -> Result<Vec<u8>, String> {
    read_into(Vec::new(), stream, longest)
}

fn read_into(mut bytes: Vec<u8>, stream: impl Read, longest: u64) -> Result<Vec<u8>, String> {
    let read = stream.take(longest.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(|error| error.to_string())?;
    match u64::try_from(bytes.len()) {
        Ok(length) if length <= longest => Ok(bytes),
        _ => Err(format!("it is longer than {longest} bytes")),
    }
}

fn not_read(name: &str, cause: String) -> CliError {
    CliError::new(Exit::Usage, "input_file", format!("{name} cannot be read. Nothing was sent."))
        .cause(cause)
        .hint("Check the name of the file, and that you may read it.")
}

/// Writes a file in one step: a reader sees the old content or the new, never a part.
///
/// # Errors
///
/// When it cannot be written.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    put(path, bytes, false)
}

/// As [`write`], for a secret: only the owner may read the file.
///
/// # Errors
///
/// When it cannot be written.
pub(super) fn write_secret(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    put(path, bytes, true)
}

/// Makes sure, before anything is sent, that a file will be writable; `secret` as for [`write_secret`].
///
/// # Errors
///
/// When it cannot be written.
pub(super) fn check_writable(path: &Path, secret: bool) -> Result<(), CliError> {
    let failed = |error| {
        let mut refused = not_written(path, &error);
        refused.message.push_str(" Nothing was sent.");
        refused
    };
    // The last part of such a path is taken for the name of a file otherwise.
    if path.as_os_str().as_encoded_bytes().ends_with(b"/") && !path.exists() {
        return Err(failed(ErrorKind::NotADirectory.into()));
    }
    atomic_file::check(path, secret).map_err(failed)
}

fn not_written(path: &Path, error: &std::io::Error) -> CliError {
    let message = format!("{} cannot be written.", words::path(path));
    CliError::new(Exit::Failed, "output_file", message)
        .cause(error.to_string())
        .hint(where_to_write(error))
}

/// What helps when a file cannot be written.
pub(super) fn where_to_write(error: &std::io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "Make room on that disk, or name a file on another one."
        }
        _ => "Name a file in a directory that is there and that you may write to.",
    }
}

fn put(path: &Path, bytes: &[u8], secret: bool) -> Result<(), CliError> {
    atomic_file::replace(path, bytes, secret).map_err(|error| not_written(path, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_read_in_both_forms() {
        let digits = "00".repeat(31) + "ff";
        let mut expected = [0; 32];
        expected[31] = 0xff;
        assert_eq!(hash_flag("--x", &digits).unwrap(), expected);
        let text = crate::webauthn::base64url::encode(&expected);
        assert_eq!(hash_flag("--x", &text).unwrap(), expected);
        assert!(hash_flag("--x", "AAAA").unwrap_err().message.contains("has 3"));
        assert!(hash_flag("--x", "%%").is_err());
    }

    #[test]
    fn a_credential_id_is_read_in_both_forms_and_never_as_another_one() {
        let id = [0xab; 32];
        let digits = "ab".repeat(32);
        for text in [digits.clone(), digits.to_uppercase(), base64url::encode(&id)] {
            assert_eq!(credential_id_flag("--allow", &text).unwrap(), id, "{text}");
        }
        assert_eq!(credential_id_flag("--allow", &"ab".repeat(16)).unwrap(), [0xab; 16]);
        // The short form that is shown, and a whole one of which the last digit is lost.
        for text in ["abababab".to_owned(), "a".repeat(31), "a".repeat(63)] {
            let refused = credential_id_flag("--allow", &text).unwrap_err();
            assert!(refused.message.contains("hexadecimal"), "{text}: {refused:?}");
        }
        // What no short form is.
        assert_eq!(credential_id_flag("--allow", "AAAA").unwrap(), [0; 3]);
    }

    #[test]
    fn a_secret_is_written_for_its_owner_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret");
        write_secret(&path, b"one").unwrap();
        write_secret(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
        assert!(write(&directory.path().join("no/such"), b"").is_err());
    }
}
