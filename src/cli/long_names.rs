//! Names that a key may not keep whole.

use super::app::App;
use crate::output::text::escape;
use crate::output::words::{capitalized, key_name};
use crate::transport::KeyDescription;

/// The bytes of a name that every key keeps (CTAP 2.3 section 6.1.2, WebAuthn Level 3 section
/// 6.4.1).
const LIMIT: usize = 64;

impl App<'_> {
    /// Warns of each name that is longer than a key must keep; says whether one is.
    pub(super) fn warn_of_long_names<'n>(
        &mut self,
        key: &KeyDescription,
        names: impl IntoIterator<Item = &'n String>,
    ) -> bool {
        let mut told: Vec<&str> = Vec::new();
        for name in names {
            if name.len() <= LIMIT || told.contains(&name.as_str()) {
                continue;
            }
            told.push(name);
            self.ui.warning(&format!(
                "A name has {} bytes. {} may keep only the first {LIMIT} of them: \"{}\".",
                name.len(),
                capitalized(&key_name(key)),
                escape(cut(name))
            ));
        }
        !told.is_empty()
    }
}

/// What is left of a name that is too long, without a part of a character.
fn cut(name: &str) -> &str {
    let end = (0..=LIMIT).rev().find(|end| name.is_char_boundary(*end)).unwrap_or_default();
    name.get(..end).unwrap_or_default()
}
