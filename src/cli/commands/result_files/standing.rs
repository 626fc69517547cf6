//! What stands in a file that a result is to be written to.

use crate::cli::files::{MAX_FILE, read_up_to};
use crate::client::SavedRegistration;
use crate::output::{secrets, text::escape};
use crate::transport::Interrupt;
use crate::webauthn::json::{self, DocumentKind, recognise};
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use zeroize::Zeroizing;

/// What stands in a file that a result is to be written to.
pub(super) enum Standing {
    /// Nothing that would be missed: there is no file, an empty one, a stream, or an earlier result of
    /// the same kind.
    Replaceable,
    /// A registration that was saved, with whose it is, in words.
    Registration(String),
    /// Something else.
    Foreign,
}

impl Standing {
    /// Looks at the file that `flag` names.
    pub(super) fn of(flag: &str, path: &Path) -> Self {
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_file() && metadata.len() > 0 => {}
            _ => return Self::Replaceable,
        }
        // Of secrets no more is read than it takes to know them.
        if flag == "--secret-out" {
            return if holds_secrets(path) { Self::Replaceable } else { Self::Foreign };
        }
        // A file, as it is here, keeps nobody waiting.
        let waits_for_nobody = Interrupt::new();
        let Ok(bytes) = read_up_to(path, MAX_FILE, &waits_for_nobody) else { return Self::Foreign };
        match (flag, recognise(&bytes)) {
            ("--save", Ok(DocumentKind::Assertion)) => Self::Replaceable,
            ("--save", Ok(DocumentKind::SavedRegistration)) => Self::Registration(whose(&bytes)),
            ("--report", Ok(DocumentKind::Verdict)) => Self::Replaceable,
            ("--junit", _) if bytes.starts_with(b"<?xml") => Self::Replaceable,
            _ => Self::Foreign,
        }
    }
}

/// Whether `--secret-out` wrote the file.
fn holds_secrets(path: &Path) -> bool {
    let mut beginning = Zeroizing::new([0; secrets::LONGEST_BEGINNING]);
    let mut length = 0;
    let Ok(mut file) = File::open(path) else { return false };
    while let Some(room @ [_, ..]) = beginning.get_mut(length..) {
        match file.read(room) {
            Ok(0) => break,
            Ok(count) => length = length.saturating_add(count),
            Err(_) => return false,
        }
    }
    beginning.get(..length).is_some_and(secrets::begins_like)
}

/// The account and the relying party of a registration that was saved.
fn whose(bytes: &[u8]) -> String {
    match json::parse::<SavedRegistration>(bytes) {
        Ok(saved) => {
            let user = saved.user_name.as_deref().unwrap_or("an account");
            format!("{} at {}", escape(user), escape(&saved.rp_id))
        }
        Err(_) => "an account".to_owned(),
    }
}
