//! All cases, in the order in which they are tried.

mod assertion;
mod attestation;
mod both;
mod registration;

use super::case::Case;

/// All cases, in the order in which they are tried.
pub fn all() -> impl Iterator<Item = &'static Case> {
    let registration = both::REGISTRATION.iter().chain(registration::CASES);
    let assertion = both::ASSERTION.iter().chain(assertion::CASES);
    registration.chain(attestation::CASES).chain(assertion)
}

/// Changes one bit.
fn flip(bytes: Option<&mut [u8]>) {
    if let Some(last) = bytes.and_then(<[u8]>::last_mut) {
        *last ^= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::super::case::{Ceremony, Severity};
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_case_has_a_name_of_its_own_and_says_what_it_is() {
        let ids: BTreeSet<&str> = all().map(|case| case.id).collect();
        assert_eq!(ids.len(), all().count());
        assert!(ids.len() >= 70, "{}", ids.len());
        for case in all() {
            let prefix = match case.ceremony {
                Ceremony::Registration => "reg-",
                Ceremony::Assertion => "auth-",
            };
            assert!(case.id.starts_with(prefix), "{}", case.id);
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            assert!(case.id.chars().all(plain), "{}", case.id);
            assert!(
                !case.lie.ends_with('.') && case.lie.starts_with(char::is_lowercase)
                    || case.lie.starts_with(char::is_uppercase),
                "{}",
                case.lie
            );
        }
        assert!(all().filter(|case| case.severity == Severity::Must).count() >= 40);
    }
}
