//! What a model is called: names for AAGUIDs.
//!
//! The names are in `table.txt`, a line for each AAGUID, sorted; where they come from and under which
//! licence is in `NOTICE` beside it. The table is searched as it is, so that a program that asks for
//! no name pays nothing for it. Names that other people sent, such as those of the FIDO metadata, go
//! before the table's.

use crate::wire::authenticator_data::Aaguid;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// `AAGUID NAME`, a line each, sorted.
const TABLE: &str = include_str!("table.txt");

/// Names of models: the table's, and others that go before them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelNames {
    others: BTreeMap<[u8; 16], String>,
}

impl ModelNames {
    /// Puts these names before the table's.
    pub fn with(others: impl IntoIterator<Item = (Aaguid, String)>) -> Self {
        Self { others: others.into_iter().map(|(aaguid, name)| (aaguid.0, name)).collect() }
    }

    /// Gives a model's name. It may be anything: it is escaped before a person reads it.
    ///
    /// `None` where nobody knows it, and for the AAGUID of zeros, which names no model.
    pub fn name(&self, aaguid: Aaguid) -> Option<&str> {
        if aaguid.is_zero() {
            return None;
        }
        let other = self.others.get(&aaguid.0).map(String::as_str);
        other.or_else(|| in_table(aaguid)).filter(|name| !name.is_empty())
    }

    /// Whether a model's name holds this text, in any case.
    pub fn holds(&self, aaguid: Aaguid, text: &str) -> bool {
        self.name(aaguid).is_some_and(|name| name.to_lowercase().contains(&text.to_lowercase()))
    }

    /// Whether any model's name holds this text, in any case.
    pub fn any_holds(&self, text: &str) -> bool {
        let wanted = text.to_lowercase();
        let of_line = |line: &'static str| line.split_once(' ').map(|(_, name)| name);
        let names = self.others.values().map(String::as_str);
        let mut names = names.chain(TABLE.lines().filter_map(of_line));
        names.any(|name| name.to_lowercase().contains(&wanted))
    }
}

/// Searches the table by halves: of each half, the line in its middle is looked at.
fn in_table(aaguid: Aaguid) -> Option<&'static str> {
    let wanted = aaguid.to_string();
    let mut rest = TABLE;
    while !rest.is_empty() {
        let to_middle = rest.as_bytes().get(..rest.len() / 2)?;
        let before = to_middle.iter().rposition(|byte| *byte == b'\n');
        let (smaller, here) = rest.split_at_checked(before.map_or(0, |at| at.saturating_add(1)))?;
        let (line, larger) = here.split_once('\n')?;
        let (known, name) = line.split_once(' ')?;
        match wanted.as_str().cmp(known) {
            Ordering::Less => rest = smaller,
            Ordering::Equal => return Some(name),
            Ordering::Greater => rest = larger,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aaguid(text: &str) -> Aaguid {
        text.parse().unwrap()
    }

    #[test]
    fn every_line_of_the_table_is_found_and_nothing_between_them() {
        let names = ModelNames::default();
        let mut last = "";
        for line in TABLE.lines() {
            assert!(last < line, "{line} is out of order");
            last = line;
            let (known, name) = line.split_once(' ').unwrap();
            assert_eq!(aaguid(known).to_string(), known);
            assert_eq!(names.name(aaguid(known)), Some(name));
            assert_eq!(name.trim(), name);
            assert!(!name.is_empty() && !name.chars().any(crate::wire::text::is_unsafe));
            let next = Aaguid((u128::from_be_bytes(aaguid(known).0) + 1).to_be_bytes());
            assert_eq!(names.name(next).is_some(), TABLE.contains(&next.to_string()));
        }
        assert!(TABLE.ends_with('\n'));
        assert_eq!(TABLE.lines().count(), 308);
        for absent in [[0; 16], [0xff; 16], [1; 16]] {
            assert_eq!(names.name(Aaguid(absent)), None);
        }
    }

    /// As Yubico's own list has it (Yubico, "YubiKey hardware FIDO2 AAGUIDs").
    #[test]
    fn a_known_model_has_its_name() {
        let names = ModelNames::default();
        let yubikey = aaguid("cb69481e-8ff7-4039-93ec-0a2729a154a8");
        assert_eq!(names.name(yubikey), Some("YubiKey 5 Series"));
        assert!(names.holds(yubikey, "yubikey 5"));
        assert!(!names.holds(yubikey, "nitrokey"));
        assert!(names.any_holds("NITROKEY 3"));
        assert!(!names.any_holds("no such key"));
    }

    #[test]
    fn names_that_were_sent_go_before_the_table() {
        let yubikey = aaguid("cb69481e-8ff7-4039-93ec-0a2729a154a8");
        let names = ModelNames::with([
            (yubikey, "Other".to_owned()),
            (Aaguid([9; 16]), "New".to_owned()),
            (Aaguid([0; 16]), "Zero".to_owned()),
        ]);
        assert_eq!(names.name(yubikey), Some("Other"));
        assert_eq!(names.name(Aaguid([9; 16])), Some("New"));
        assert_eq!(names.name(Aaguid([0; 16])), None);
        assert!(names.any_holds("other"));
    }
}
