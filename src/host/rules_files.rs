//! The rules files of this machine, as udev reads them.

use super::{Host, udev_rules};

/// Where udev looks for rules. A file in an earlier directory hides those of its name in later ones.
const DIRECTORIES: [&str; 5] = [
    "etc/udev/rules.d",
    "run/udev/rules.d",
    "usr/local/lib/udev/rules.d",
    "usr/lib/udev/rules.d",
    "lib/udev/rules.d",
];

/// The file that turns the tag `uaccess` into access: a tag that is set later has no effect.
const SEAT_RULES: &str = "73-seat-late.rules";

/// The most files that are read; a desktop has about a hundred.
const MOST_FILES: usize = 1000;

/// A rules file that is not masked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RulesFile {
    /// Its directory, from the root and without it.
    directory: &'static str,
    /// Its name, by which udev sorts.
    name: String,
    /// Its text.
    text: String,
}

/// A rules file that means to give a key to the user at the seat, and is read too late for that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LateRules {
    /// Where it is.
    pub file: String,
    /// Where it has an effect.
    pub better: String,
    /// Whether it is the administrator's own, which may be moved; another is a package's, and copied.
    pub is_own: bool,
}

impl RulesFile {
    /// The lines that are no comments.
    pub(super) fn lines(&self) -> impl Iterator<Item = &str> {
        self.text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
    }

    /// Whether this is its name.
    pub(super) fn is_named(&self, name: &str) -> bool {
        self.name == name
    }

    /// Whether udev reads it before the tag `uaccess` takes effect.
    pub(super) fn is_in_time(&self) -> bool {
        self.name.as_str() < SEAT_RULES
    }

    /// Whether these are this project's rules, be it under another name.
    pub(super) fn is_projects_own(&self) -> bool {
        self.is_named(udev_rules::FILE_NAME) || self.lines().any(|line| line == udev_rules::LABEL)
    }

    /// Whether it has the HID name of this very key, as this project's rules have it.
    pub(super) fn has_pattern_of(&self, vendor_id: u16, product_id: u16) -> bool {
        let pattern = udev_rules::pattern(vendor_id, product_id);
        self.lines().any(|line| line.contains(&pattern))
    }

    /// Whether it lets in the group that this project's rules let in.
    pub(super) fn lets_group_in(&self) -> bool {
        self.lines().any(|line| line.contains(udev_rules::GROUP_RULE))
    }

    /// Whether it gives this very key to the user at the seat: in one line, or in one that knows the
    /// key and jumps to where the tag is set.
    pub(super) fn names(&self, vendor_id: u16, product_id: u16) -> bool {
        let (vendor, product) = (format!("{vendor_id:04x}"), format!("{product_id:04x}"));
        let pattern = udev_rules::pattern(vendor_id, product_id);
        let jumps = || self.lines().any(|line| line.contains(&pattern) && line.contains("GOTO="));
        self.tagging_lines().any(|line| line.contains(&vendor) && line.contains(&product))
            || (self.tagging_lines().next().is_some() && jumps())
    }

    /// Whether a line gives keys of any kind to the user at the seat.
    fn tags_keys(&self) -> bool {
        let words = ["hidraw", "fido", "security"];
        self.tagging_lines().any(|line| words.into_iter().any(|word| line.contains(word)))
    }

    /// The lines that set the tag, in lower case.
    fn tagging_lines(&self) -> impl Iterator<Item = String> {
        let lines = self.lines().map(str::to_ascii_lowercase);
        lines.filter(|line| line.contains("\"uaccess\"") && !line.contains("tag==\"uaccess\""))
    }

    /// Where it has an effect, given the names that are taken.
    fn made_early(&self, files: &[Self]) -> LateRules {
        let rest = self.name.trim_start_matches(|c: char| c.is_ascii_digit());
        let rest = rest.trim_start_matches('-');
        let is_free = |name: &String| files.iter().all(|file| file.name != *name);
        let name = ["70", "71", "72"].into_iter().map(|number| format!("{number}-{rest}"));
        let name = name.into_iter().find(is_free).unwrap_or_else(|| format!("70-local-{rest}"));
        let [own, ..] = DIRECTORIES;
        LateRules {
            file: format!("/{}/{}", self.directory, self.name),
            better: format!("/{own}/{name}"),
            is_own: self.directory == own,
        }
    }
}

/// The file that means to give this key to the user at the seat and is read too late, if there is
/// one.
pub(super) fn late_rules(
    files: &[RulesFile],
    vendor_id: u16,
    product_id: u16,
) -> Option<LateRules> {
    let means_it = |file: &&RulesFile| file.names(vendor_id, product_id) || file.tags_keys();
    let late = files.iter().filter(|file| !file.is_in_time()).find(means_it)?;
    Some(late.made_early(files))
}

impl Host {
    /// The rules files that udev reads, in its order.
    pub(super) fn rules_files(&self) -> Vec<RulesFile> {
        let mut files: Vec<RulesFile> = Vec::new();
        let mut masked = Vec::new();
        for directory in DIRECTORIES {
            let Ok(entries) = self.path(directory).read_dir() else { continue };
            for entry in entries.flatten().take(MOST_FILES) {
                let Ok(name) = entry.file_name().into_string() else { continue };
                let is_known = files.iter().any(|file| file.name == name) || masked.contains(&name);
                if !name.ends_with(".rules") || is_known {
                    continue;
                }
                // An empty file, or a link to /dev/null, masks others of its name.
                match self.text(format!("{directory}/{name}")) {
                    text if text.is_empty() => masked.push(name),
                    text => files.push(RulesFile { directory, name, text }),
                }
            }
        }
        files.sort_by(|one, other| one.name.cmp(&other.name));
        files
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(directory: &'static str, name: &str, text: &str) -> RulesFile {
        RulesFile { directory, name: name.to_owned(), text: text.to_owned() }
    }

    const LINE: &str = "KERNELS==\"0003:1EA8:FC25.*\", TAG+=\"uaccess\"";

    #[test]
    fn a_late_file_is_given_a_name_in_time() {
        let files = [
            file("etc/udev/rules.d", "70-key.rules", "#\n"),
            file("etc/udev/rules.d", "99-key.rules", LINE),
        ];
        let late = late_rules(&files, 0x1EA8, 0xFC25).unwrap();
        assert_eq!(late.file, "/etc/udev/rules.d/99-key.rules");
        assert_eq!((late.better.as_str(), late.is_own), ("/etc/udev/rules.d/71-key.rules", true));
        let late = late_rules(&[file("usr/lib/udev/rules.d", "z.rules", LINE)], 0x1EA8, 0xFC25);
        let late = late.unwrap();
        assert_eq!((late.better.as_str(), late.is_own), ("/etc/udev/rules.d/70-z.rules", false));
    }

    #[test]
    fn this_project_s_rules_are_known_under_any_name() {
        let rules = udev_rules::rules_with([]);
        let copy = file("etc/udev/rules.d", "99-keys.rules", &rules);
        assert!(copy.is_projects_own() && copy.lets_group_in());
        assert!(copy.names(0x1050, 0x0407) && !copy.names(0xDEAD, 0xBEEF));
        assert!(!file("etc/udev/rules.d", "99-keys.rules", LINE).is_projects_own());
    }

    #[test]
    fn only_a_file_that_means_the_key_counts() {
        let late = |name: &str, text: &str| {
            late_rules(&[file("etc/udev/rules.d", name, text)], 0x1EA8, 0xFC25).is_some()
        };
        assert!(!late("70-key.rules", LINE));
        assert!(!late("99-key.rules", &format!("# {LINE}")));
        assert!(!late("99-key.rules", "KERNELS==\"0003:1050:0407.*\", TAG+=\"uaccess\""));
        assert!(late("99-key.rules", "KERNEL==\"hidraw*\", TAG+=\"uaccess\""));
        let jump = "KERNELS==\"0003:1EA8:FC25.*\", GOTO=\"open\"";
        assert!(!late("99-key.rules", jump));
        assert!(late("99-key.rules", &format!("{jump}\nLABEL=\"open\"\nTAG+=\"uaccess\"")));
        assert!(!late("99-seat.rules", "SUBSYSTEM==\"hidraw\", TAG==\"uaccess\", RUN+=\"x\""));
    }
}
