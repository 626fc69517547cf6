//! What udev knows of a device node, and which rules for keys are installed.

use super::accounts::Accounts;
use super::rules_files::{LateRules, RulesFile, late_rules};
use super::{Host, udev_rules};
use crate::transport::KeyDescription;

/// udev on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Udev {
    /// It does not run here.
    Absent,
    /// It runs, and has not written anything down about this node.
    NoRecord,
    /// It has looked at this node.
    Record(UdevRecord),
}

/// What udev's rules made of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UdevRecord {
    /// systemd's `fido_id` recognised a key by its usage page.
    pub fido_token: bool,
    /// The node is tagged `uaccess`: the user at the seat is to get access.
    pub uaccess: bool,
}

/// Which rules for keys are installed, in any of udev's directories, and not masked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstalledRules {
    /// systemd's rules that recognise keys by their usage page.
    pub fido_id: bool,
    /// systemd's rules that give recognised keys to the user at the seat.
    pub uaccess: bool,
    /// This project's rules, under any name that udev reads in time.
    pub own: OwnRules,
    /// Whether this project's rules, read at any time, open this very key to their group.
    pub own_open_to_group: bool,
    /// Somebody else's rules that give this very key to the user at the seat.
    pub named_elsewhere: bool,
    /// Rules that mean to, and are read too late to have an effect.
    pub late: Option<LateRules>,
    /// Whether the rules that come with this version know the key by its name.
    pub key_is_listed: bool,
    /// Whether there is the group that this project's rules let in.
    pub group_exists: bool,
}

/// This project's rules on this machine, where they are read in time for the user at the seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnRules {
    /// Not installed.
    Absent,
    /// Installed, and this key's name is not in them.
    WithoutKey,
    /// Installed, and this key's name is in them.
    WithKey,
}

impl InstalledRules {
    /// Whether what is installed opens this key to somebody.
    pub fn cover_key(&self) -> bool {
        match self.own {
            OwnRules::WithKey => true,
            OwnRules::WithoutKey => self.fido_id || self.named_elsewhere,
            OwnRules::Absent => (self.fido_id && self.uaccess) || self.named_elsewhere,
        }
    }

    /// Whether what is installed opens this key to a group.
    pub fn let_group_in(&self) -> bool {
        self.own_open_to_group && self.group_exists
    }

    /// Whether this key would be covered once this version's rules are installed.
    pub fn would_cover_key(&self) -> bool {
        self.fido_id || self.key_is_listed
    }
}

impl Host {
    pub(super) fn udev(&self, device_number: Option<(u32, u32)>) -> Udev {
        let runs =
            ["run/udev/control", "run/udev/data"].into_iter().any(|path| self.path(path).exists());
        if !runs {
            return Udev::Absent;
        }
        let Some((major, minor)) = device_number else { return Udev::NoRecord };
        let record = self.text(format!("run/udev/data/c{major}:{minor}"));
        if record.is_empty() { Udev::NoRecord } else { Udev::Record(UdevRecord::parse(&record)) }
    }

    /// Whether udev runs, and has not written anything down about a node or works on events now: it
    /// writes before it gives the user at the seat access.
    pub(super) fn is_udev_at_work(&self, device_number: Option<(u32, u32)>) -> bool {
        match self.udev(device_number) {
            Udev::Absent => false,
            Udev::NoRecord => true,
            Udev::Record(_) => self.path("run/udev/queue").exists(),
        }
    }

    pub(super) fn installed_rules(
        &self,
        key: &KeyDescription,
        accounts: &Accounts,
    ) -> InstalledRules {
        const FIDO_ID: &str = "60-fido-id.rules";
        const UACCESS: &str = "70-uaccess.rules";
        let files = self.rules_files();
        let lines_of = |name: &str| {
            let file = files.iter().find(|file| file.is_named(name));
            file.into_iter().flat_map(RulesFile::lines)
        };
        let ids = key.vendor_id.zip(key.product_id);
        let has_key = |file: &RulesFile| {
            ids.is_some_and(|(vendor, product)| file.has_pattern_of(vendor, product))
        };
        let own = |file: &&RulesFile| file.is_projects_own() && file.lines().next().is_some();
        let own: Vec<&RulesFile> = files.iter().filter(own).collect();
        let own_in_time = || own.iter().filter(|file| file.is_in_time());
        let others = files.iter().filter(|file| !file.is_projects_own());
        let mut others =
            others.filter(|file| ![FIDO_ID, UACCESS].into_iter().any(|name| file.is_named(name)));
        let fido_id = lines_of(FIDO_ID).any(|line| line.contains("fido_id"));
        InstalledRules {
            fido_id,
            // The tag's name since systemd 258, and the property before.
            uaccess: lines_of(UACCESS)
                .any(|line| line.contains("ID_SECURITY_TOKEN") || line.contains("security-device")),
            own: match own_in_time().next() {
                None => OwnRules::Absent,
                Some(_) if own_in_time().any(|file| has_key(file)) => OwnRules::WithKey,
                Some(_) => OwnRules::WithoutKey,
            },
            own_open_to_group: own
                .iter()
                .any(|file| file.lets_group_in() && (fido_id || has_key(file))),
            named_elsewhere: ids.is_some_and(|(vendor, product)| {
                others.any(|file| file.is_in_time() && file.names(vendor, product))
            }),
            late: ids.and_then(|(vendor, product)| late_rules(&files, vendor, product)),
            key_is_listed: ids
                .is_some_and(|(vendor, product)| udev_rules::is_listed(vendor, product)),
            group_exists: accounts.has_group(udev_rules::GROUP),
        }
    }
}

impl UdevRecord {
    /// Reads a file of udev's database: `E:` lines are properties, `G:` tags that the node has
    /// ever had, and `Q:`, in newer versions, those that it has now.
    fn parse(text: &str) -> Self {
        let has = |wanted: &str| text.lines().any(|line| line == wanted);
        let knows_current = text.lines().any(|line| line.starts_with("Q:"));
        Self {
            fido_token: has("E:ID_FIDO_TOKEN=1") || has("E:ID_SECURITY_TOKEN=1"),
            uaccess: if knows_current { has("Q:uaccess") } else { has("G:uaccess") },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_of_systemd_252_is_read() {
        // From Debian 12 with its stock rules.
        let text = "I:5273460\nE:ID_FIDO_TOKEN=1\nE:ID_SECURITY_TOKEN=1\nG:uaccess\nG:seat\n\
                    Q:uaccess\nQ:seat\nV:1\n";
        let record = UdevRecord { fido_token: true, uaccess: true };
        assert_eq!(UdevRecord::parse(text), record);
    }

    #[test]
    fn a_tag_that_was_taken_away_does_not_count() {
        let record = UdevRecord { fido_token: false, uaccess: false };
        assert_eq!(UdevRecord::parse("G:uaccess\nQ:seat\nE:ID_FIDO_TOKEN=0\n"), record);
    }

    #[test]
    fn an_old_record_has_only_lasting_tags() {
        assert!(UdevRecord::parse("G:uaccess\n").uaccess);
    }
}
