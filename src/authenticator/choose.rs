//! Which key is meant.

use crate::transport::{Bus, BusError, KeyDescription, KeyKind, KeyPath};
use thiserror::Error;

/// Why no single key is meant.
#[derive(Debug, Error)]
pub enum ChooseError {
    /// Keys could not be looked for.
    #[error(transparent)]
    Bus(#[from] BusError),
    /// There is no key.
    #[error("no FIDO key is plugged in")]
    NoKey,
    /// There are several keys and nobody said which.
    #[error("{} FIDO keys are plugged in", .0.len())]
    Several(Vec<KeyDescription>),
    /// No key fits what was said.
    #[error("no key matches {selector:?}")]
    NoMatch {
        /// What was said.
        selector: String,
        /// The keys that are there.
        keys: Vec<KeyDescription>,
    },
    /// Several keys fit what was said.
    #[error("{} keys match {selector:?}", keys.len())]
    Ambiguous {
        /// What was said.
        selector: String,
        /// The keys that fit.
        keys: Vec<KeyDescription>,
    },
}

/// What is known after looking at the keys without opening any.
#[derive(Debug)]
pub enum Choice {
    /// This one.
    One(KeyDescription),
    /// The selector may be an AAGUID or a model's name: these keys have to be asked.
    AskThese(Vec<KeyDescription>),
}

/// Chooses by what can be known without opening a key.
///
/// A selector is, in this order: a path (`virtual` and `virtual:NAME` are paths), the start of a
/// serial number, or a part of the product's name in any case. Without one, exactly one real key
/// must be there; virtual keys are only picked when named.
///
/// # Errors
///
/// [`ChooseError`] when no single key is meant and asking the keys cannot help.
pub fn choose(bus: &dyn Bus, selector: Option<&str>) -> Result<Choice, ChooseError> {
    let named = selector.map(|selector| KeyPath(selector.to_owned()));
    if let Some(key) = named.and_then(|path| bus.description_of(&path)) {
        return Ok(Choice::One(key));
    }
    choose_among(bus.keys()?, selector)
}

/// As [`choose`], among these keys.
///
/// # Errors
///
/// As [`choose`].
pub fn choose_among(
    keys: Vec<KeyDescription>,
    selector: Option<&str>,
) -> Result<Choice, ChooseError> {
    let Some(selector) = selector else {
        let mut real: Vec<_> = keys.into_iter().filter(|key| key.kind == KeyKind::Hid).collect();
        return match (real.len(), real.pop()) {
            (_, None) => Err(ChooseError::NoKey),
            (1, Some(key)) => Ok(Choice::One(key)),
            (_, Some(last)) => {
                real.push(last);
                Err(ChooseError::Several(real))
            }
        };
    };
    if let Some(key) = keys.iter().find(|key| key.path.0 == selector) {
        return Ok(Choice::One(key.clone()));
    }
    if is_path(selector) {
        // Not listed, but it may be there all the same: opening it says what is wrong.
        return Ok(Choice::One(unlisted(selector)));
    }
    let by_serial = |key: &KeyDescription| {
        key.serial_number.as_deref().is_some_and(|serial| serial.starts_with(selector))
    };
    let wanted = selector.to_lowercase();
    let by_name = |key: &KeyDescription| {
        key.product.as_deref().is_some_and(|name| name.to_lowercase().contains(&wanted))
    };
    // Virtual keys are never found by serial number or name.
    let real: Vec<_> = keys.iter().filter(|key| key.kind == KeyKind::Hid).cloned().collect();
    let rules: [&dyn Fn(&KeyDescription) -> bool; 2] = [&by_serial, &by_name];
    for rule in rules {
        let mut matching: Vec<_> = real.iter().filter(|key| rule(key)).cloned().collect();
        match (matching.len(), matching.pop()) {
            (_, None) => {}
            (1, Some(key)) => return Ok(Choice::One(key)),
            (_, Some(last)) => {
                matching.push(last);
                let selector = selector.to_owned();
                return Err(ChooseError::Ambiguous { selector, keys: matching });
            }
        }
    }
    if aaguid_digits(selector).is_some() && !real.is_empty() {
        return Ok(Choice::AskThese(real));
    }
    Err(ChooseError::NoMatch { selector: selector.to_owned(), keys })
}

/// The hexadecimal digits of what may be (the start of) an AAGUID, lower-case, without dashes.
pub fn aaguid_digits(selector: &str) -> Option<String> {
    let digits: String =
        selector.chars().filter(|c| *c != '-').map(|c| c.to_ascii_lowercase()).collect();
    let fits = (8..=32).contains(&digits.len()) && digits.chars().all(|c| c.is_ascii_hexdigit());
    fits.then_some(digits)
}

/// What `--device` takes for a key among others: its serial number where that names it alone, else
/// its path.
pub fn selector<'k>(key: &'k KeyDescription, others: &[KeyDescription]) -> &'k str {
    let KeyPath(path) = &key.path;
    let Some(serial) = key.serial_number.as_deref() else { return path };
    // A text that a shell, or the reading of selectors, would take for something else is no use.
    let is_plain = serial.len() >= 4
        && serial != "virtual"
        && !serial.starts_with('-')
        && serial.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    let is_taken = others.iter().filter(|other| other.path != key.path).any(|other| {
        other.path.0 == serial
            || other.serial_number.as_deref().is_some_and(|other| other.starts_with(serial))
    });
    if is_plain && !is_taken { serial } else { path }
}

fn is_path(selector: &str) -> bool {
    selector == "virtual"
        || selector.starts_with("virtual:")
        || selector.starts_with('/')
        || selector.starts_with("\\\\")
        || selector.starts_with("DevSrvsID:")
}

fn unlisted(selector: &str) -> KeyDescription {
    let kind = if selector.starts_with("virtual") { KeyKind::Virtual } else { KeyKind::Hid };
    KeyDescription {
        path: KeyPath(selector.to_owned()),
        kind,
        vendor_id: None,
        product_id: None,
        manufacturer: None,
        product: None,
        serial_number: None,
        port: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(path: &str, serial: Option<&str>) -> KeyDescription {
        KeyDescription { serial_number: serial.map(str::to_owned), ..unlisted(path) }
    }

    #[test]
    fn a_selector_is_the_serial_number_where_that_names_the_key_alone() {
        let keys = [
            key("/dev/hidraw0", Some("8912345")),
            key("/dev/hidraw1", Some("89123456")),
            key("/dev/hidraw2", Some("a b; rm")),
            key("/dev/hidraw3", Some("--json")),
            key("/dev/hidraw4", Some("0")),
            key("/dev/hidraw5", None),
        ];
        let selectors: Vec<&str> = keys.iter().map(|key| selector(key, &keys)).collect();
        // The first is the start of the second: it would name both.
        assert_eq!(
            selectors,
            [
                "/dev/hidraw0",
                "89123456",
                "/dev/hidraw2",
                "/dev/hidraw3",
                "/dev/hidraw4",
                "/dev/hidraw5"
            ]
        );
    }
}
