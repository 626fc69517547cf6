//! Which of several keys it is.

use super::key_words::stated;
use super::text::escape;
use crate::authenticator::SelectedBy;
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
}

impl<'a> SelectView<'a> {
    /// Takes the key, what `--device` takes for it, and how it was chosen: not at all where it is
    /// the only one.
    pub fn of(key: &'a KeyDescription, selector: &'a str, by: Option<SelectedBy>) -> Self {
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
