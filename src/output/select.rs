//! Which of several keys it is.

use super::key_words::stated;
use super::text::escape;
use crate::authenticator::{AuthenticatorError, SelectedBy};
use crate::transport::KeyDescription;
use serde::Serialize;

/// The key that was chosen, and how it is named from now on.
#[derive(Debug, Serialize)]
pub struct SelectView<'a> {
    path: &'a str,
    product: Option<&'a str>,
    serial_number: Option<&'a str>,
    port: Option<&'a str>,
    selector: &'a str,
    selected_by: &'static str,
    left_out: Vec<LeftOut<'a>>,
}

/// A key that could not be chosen.
#[derive(Debug, Serialize)]
struct LeftOut<'a> {
    path: &'a str,
    reason: String,
}

impl<'a> SelectView<'a> {
    /// Takes the key, what `--device` takes for it, how it was chosen (not at all where it is the
    /// only one), and what could not be chosen.
    pub fn of(
        key: &'a KeyDescription,
        selector: &'a str,
        by: Option<SelectedBy>,
        left_out: &'a [(KeyDescription, AuthenticatorError)],
    ) -> Self {
        let left_out = left_out
            .iter()
            .map(|(key, error)| LeftOut { path: &key.path.0, reason: error.to_string() });
        Self {
            path: &key.path.0,
            product: key.product.as_deref(),
            serial_number: key.serial_number.as_deref(),
            port: key.port.as_deref(),
            selector,
            selected_by: match by {
                Some(SelectedBy::Touch) => "touch",
                Some(SelectedBy::Answer) => "answer",
                None => "only_key",
            },
            left_out: left_out.collect(),
        }
    }

    /// The whole, as text.
    pub fn text(&self) -> String {
        format!(
            "Key       {}\nPath      {}\nSelector  --device {}\n",
            stated(self.product),
            escape(self.path),
            escape(self.selector)
        )
    }
}
