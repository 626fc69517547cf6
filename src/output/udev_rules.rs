//! The udev rules, to be piped into their place.

use crate::host::udev_rules;
use serde::Serialize;

/// The rules of this version.
#[derive(Debug, Serialize)]
pub struct RulesView {
    file_name: &'static str,
    rules: String,
}

impl RulesView {
    /// Takes the rules.
    pub fn of(rules: String) -> Self {
        Self { file_name: udev_rules::FILE_NAME, rules }
    }

    /// The rules as they are.
    pub fn text(&self) -> String {
        self.rules.clone()
    }
}
