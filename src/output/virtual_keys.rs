//! Virtual keys that last, as a list.

use super::text::{Table, count};
use super::words::moment;
use crate::virtual_key::{KeyName, LastingKey, Touch};
use serde::Serialize;

/// Every virtual key in a directory.
#[derive(Debug, Serialize)]
pub struct VirtualKeysView {
    /// Where their states are kept.
    pub directory: String,
    /// The keys, sorted by name.
    pub virtual_keys: Vec<VirtualKeyView>,
}

/// One virtual key, as far as it can be told without switching it on.
#[derive(Debug, Serialize)]
pub struct VirtualKeyView {
    name: String,
    /// What `--device` takes.
    selector: String,
    usable: bool,
    problem: Option<String>,
    #[serde(flatten)]
    state: Option<StateView>,
}

#[derive(Debug, Serialize)]
struct StateView {
    touch: String,
    created_at: Option<String>,
    pin_set: bool,
    pin_retries: u8,
    credentials: usize,
}

/// What `--device` takes for a virtual key.
pub fn selector(name: &KeyName) -> String {
    format!("virtual:{name}")
}

impl VirtualKeyView {
    /// Takes what is known of a key.
    pub fn of(key: &LastingKey) -> Self {
        let summary = key.summary.as_ref();
        Self {
            name: key.name.to_string(),
            selector: selector(&key.name),
            usable: summary.is_ok(),
            problem: summary.err().map(ToString::to_string),
            state: summary.ok().map(|summary| StateView {
                touch: summary.touch.to_string(),
                created_at: summary.created_at.and_then(moment),
                pin_set: summary.contents.pin_is_set,
                pin_retries: summary.contents.pin_retries,
                credentials: summary.contents.credentials,
            }),
        }
    }
}

impl VirtualKeysView {
    /// The list as a table; nothing where there is no key.
    pub fn text(&self) -> String {
        if self.virtual_keys.is_empty() {
            return String::new();
        }
        let mut table = Table::new(&["NAME", "TOUCH", "PIN", "CREDENTIALS", "CREATED"]);
        for key in &self.virtual_keys {
            table.row(match &key.state {
                Some(state) => vec![
                    key.name.clone(),
                    touch(&state.touch),
                    pin(state),
                    state.credentials.to_string(),
                    state.created_at.as_deref().map(date).unwrap_or_default(),
                ],
                None => vec![key.name.clone(), "cannot be used".to_owned()],
            });
        }
        table.render()
    }
}

/// A touch policy, as a person reads it.
fn touch(policy: &str) -> String {
    let is_number = policy.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { format!("after {policy} ms") } else { policy.to_owned() }
}

fn pin(state: &StateView) -> String {
    match (state.pin_set, state.pin_retries) {
        (false, _) => "not set".to_owned(),
        (true, 0) => "blocked".to_owned(),
        (true, retries) => format!("set, {} left", count(retries.into(), "try", "tries")),
    }
}

fn date(moment: &str) -> String {
    moment.split_once('T').map_or(moment, |(date, _)| date).to_owned()
}

/// One virtual key that has just been made.
#[derive(Debug, Serialize)]
pub struct CreatedView {
    name: String,
    selector: String,
    touch: String,
    protects_accounts: bool,
}

impl CreatedView {
    /// Takes what was made.
    pub fn of(name: &KeyName, touch: Touch) -> Self {
        Self {
            name: name.to_string(),
            selector: selector(name),
            touch: touch.to_string(),
            protects_accounts: false,
        }
    }
}

/// One virtual key that is no more.
#[derive(Debug, Serialize)]
pub struct DeletedView {
    /// Its name.
    pub name: String,
    /// How many credentials are lost with it; `None` where its state could not be read.
    pub credentials_lost: Option<usize>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_told_in_universal_time() {
        let created = moment(1_795_478_400).unwrap();
        assert_eq!(created, "2026-11-24T00:00:00Z");
        assert_eq!(date(&created), "2026-11-24");
    }
}
