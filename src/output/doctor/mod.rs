//! What keeps keys from being used, why, and what mends it.
//!
//! For each key: what is so, why it is so, and what to do, in that order.

mod notes;
mod suspects;
mod verdict;

pub use notes::NoteView;
pub use suspects::{MachineView, SuspectView};
pub use verdict::{Examined, KeyVerdict};

use super::text::count;
use serde::Serialize;

/// Everything that was found.
#[derive(Debug, Serialize)]
pub struct DoctorView {
    all_usable: bool,
    machine: MachineView,
    keys: Vec<KeyVerdict>,
    suspects: Vec<SuspectView>,
}

impl DoctorView {
    /// Joins what was found.
    pub fn new(machine: MachineView, keys: Vec<KeyVerdict>, suspects: Vec<SuspectView>) -> Self {
        // A device that is a key by vendor and product counts as one; others only look like it.
        let are_usable = keys.iter().all(KeyVerdict::is_usable);
        let all_usable =
            !keys.is_empty() && are_usable && !suspects.iter().any(SuspectView::is_key);
        Self { all_usable, machine, keys, suspects }
    }

    /// Whether there are keys and every one can be used.
    pub fn all_usable(&self) -> bool {
        self.all_usable
    }

    /// Whether nothing was found that is a key or may be one.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.suspects.is_empty()
    }

    /// The whole, as text.
    pub fn text(&self) -> String {
        let mut parts: Vec<String> = self.keys.iter().map(KeyVerdict::text).collect();
        parts.extend(self.suspects.iter().map(SuspectView::text));
        parts.push(self.summary());
        parts.join("\n")
    }

    fn summary(&self) -> String {
        let usable = self.keys.iter().filter(|key| key.is_usable()).count();
        let is_well = self.all_usable && !self.keys.iter().any(KeyVerdict::has_warning);
        let of_keys = count(self.keys.len(), "key", "keys");
        match (usable, self.keys.len()) {
            (_, 0) => "No FIDO key is seen.\n".to_owned(),
            (1, 1) if is_well => "All is well: the key can be used.\n".to_owned(),
            (1, 1) => "The key can be used.\n".to_owned(),
            (0, 1) => "The key cannot be used.\n".to_owned(),
            (_, all) if usable == all && is_well => {
                format!("All is well: {of_keys} can be used.\n")
            }
            (_, all) if usable == all => format!("{of_keys} can be used.\n"),
            _ => format!("{usable} of {of_keys} can be used.\n"),
        }
    }
}

/// A finding as text: what is so, why, what to do, and the command that does it.
fn finding(
    what: &str,
    why: Option<&str>,
    remedy: Option<&super::remedy::RemedyView>,
    notes: &[NoteView],
) -> String {
    let mut text = format!("{what}\n");
    if let Some(why) = why {
        text.push_str(&format!("  Why:  {why}\n"));
    }
    if let Some(remedy) = remedy {
        let end = if remedy.has_command() { ':' } else { '.' };
        for (index, line) in remedy.lines().into_iter().enumerate() {
            match index {
                0 => text.push_str(&format!("  Help: {line}{end}\n")),
                _ => text.push_str(&format!("        {line}\n")),
            }
        }
    }
    for note in notes {
        text.push_str(&format!("  Note: {}\n", note.text()));
    }
    text
}
