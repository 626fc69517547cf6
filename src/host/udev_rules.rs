//! The udev rules that let the people at a machine use its keys.
//!
//! Rendered from one sorted table, `udev/keys.tsv`, into `udev/70-fidokey.rules`; a test keeps the
//! file current. Where systemd's `fido_id` runs, it has already recognised keys by their usage
//! page, and the table is not needed. Elsewhere keys are known by name: vendor and product, never
//! a vendor alone.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::LazyLock;
use thiserror::Error;

/// The name of the rules file.
///
/// It sorts before `73-seat-late.rules`, which turns the tag `uaccess` into access: a tag that is
/// set later has no effect.
pub const FILE_NAME: &str = "70-fidokey.rules";

/// The group that may open keys too, for sessions without a seat: over SSH, or from a timer.
pub const GROUP: &str = "plugdev";

/// What lets the group in.
pub(super) const GROUP_RULE: &str = "GROUP=\"plugdev\"";

/// The line by which this project's rules are known, whatever their file is called.
pub(super) const LABEL: &str = "LABEL=\"fidokey_open\"";

/// The table that comes with this version.
pub const TABLE: &str = include_str!("../../udev/keys.tsv");

/// The first line of the table.
const HEADER: &str = "vendor\tproduct\tname";

/// A key that is known by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedKey<'a> {
    /// USB vendor number.
    pub vendor_id: u16,
    /// USB product number.
    pub product_id: u16,
    /// What it is called, for people who read the rules.
    pub name: &'a str,
}

/// What is wrong with a table.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("line {line}: {problem}")]
pub struct TableError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong there.
    pub problem: &'static str,
}

/// Reads a table: a header, then vendor, product and name, separated by tabs, sorted by number.
///
/// # Errors
///
/// When a line does not read so, stands twice, or is out of order.
pub fn parse(table: &str) -> Result<Vec<ListedKey<'_>>, TableError> {
    let mut keys: Vec<ListedKey<'_>> = Vec::new();
    for (index, text) in table.lines().enumerate() {
        let line = index.saturating_add(1);
        let wrong = |problem| TableError { line, problem };
        if index == 0 {
            if text == HEADER {
                continue;
            }
            return Err(wrong("the header is missing"));
        }
        let key = row(text).map_err(wrong)?;
        let number = |key: &ListedKey<'_>| (key.vendor_id, key.product_id);
        if keys.last().is_some_and(|last| number(last) >= number(&key)) {
            return Err(wrong("not in order, or there twice"));
        }
        keys.push(key);
    }
    Ok(keys)
}

fn row(text: &str) -> Result<ListedKey<'_>, &'static str> {
    let mut columns = text.split('\t');
    let (Some(vendor), Some(product), Some(name), None) =
        (columns.next(), columns.next(), columns.next(), columns.next())
    else {
        return Err("not three columns");
    };
    if name.trim() != name || name.is_empty() || name.chars().any(char::is_control) {
        return Err("not a name");
    }
    let vendor_id = number(vendor).ok_or("not a vendor number of four hexadecimal digits")?;
    let product_id = number(product).ok_or("not a product number of four hexadecimal digits")?;
    Ok(ListedKey { vendor_id, product_id, name })
}

fn number(text: &str) -> Option<u16> {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let well_formed = text.len() == 4 && text.bytes().all(is_digit);
    well_formed.then(|| u16::from_str_radix(text, 16).ok()).flatten()
}

/// This version's table. A test sees that it can be read.
static KEYS: LazyLock<Vec<ListedKey<'static>>> = LazyLock::new(|| parse(TABLE).unwrap_or_default());

/// This version's rules, with these keys added by vendor and product where they are not among them.
///
/// Nothing that a key says of itself gets into the rules, which root will read.
pub fn rules_with(others: impl IntoIterator<Item = (u16, u16)>) -> String {
    let others: BTreeSet<(u16, u16)> = others.into_iter().collect();
    let others = others.into_iter().filter(|(vendor, product)| !is_listed(*vendor, *product));
    let added = others.map(|(vendor_id, product_id)| ListedKey {
        vendor_id,
        product_id,
        name: "Not in keys.tsv: plugged in when these rules were printed",
    });
    let keys: Vec<ListedKey<'_>> = KEYS.iter().cloned().chain(added).collect();
    render(&keys)
}

/// Whether this version's table names a key.
pub fn is_listed(vendor_id: u16, product_id: u16) -> bool {
    KEYS.binary_search_by_key(&(vendor_id, product_id), |key| (key.vendor_id, key.product_id))
        .is_ok()
}

/// The pattern of the kernel's name of a HID device: bus, vendor, product, and a running number.
pub fn pattern(vendor_id: u16, product_id: u16) -> String {
    /// The bus number of USB, which uhid devices state too.
    const BUS: u16 = 3;
    format!("{BUS:04X}:{vendor_id:04X}:{product_id:04X}.*")
}

/// Renders the rules for a table.
pub fn render(keys: &[ListedKey<'_>]) -> String {
    let mut rules = String::from(BEFORE_KEYS);
    for key in keys {
        let pattern = pattern(key.vendor_id, key.product_id);
        // Writing to a string cannot fail.
        let _ = write!(rules, "# {}\nKERNELS==\"{pattern}\", GOTO=\"fidokey_open\"\n", key.name);
    }
    let _ = write!(
        rules,
        "GOTO=\"fidokey_end\"\n\n\
         # The user at the seat gets access through the tag, sessions without a seat through the group.\n\
         {LABEL}\n\
         TAG+=\"uaccess\", {GROUP_RULE}, MODE=\"0660\"\n\n\
         LABEL=\"fidokey_end\"\n"
    );
    rules
}

/// What stands before the lines for single keys.
const BEFORE_KEYS: &str = r#"# Lets the people at this machine use its FIDO security keys.
# Generated from keys.tsv by `UPDATE_GENERATED=1 cargo test udev_rules`: do not edit.
# The file's name must sort before 73-seat-late.rules, which turns the tag into access.

ACTION=="remove", GOTO="fidokey_end"
SUBSYSTEM!="hidraw", GOTO="fidokey_end"

# systemd's fido_id has read the usage page: this is a key, whoever made it.
ENV{ID_FIDO_TOKEN}=="1", GOTO="fidokey_open"

# Without fido_id, keys are known by vendor and product. A key that also types codes has a keyboard
# of the same vendor and product, which must stay closed, or any program could read what is typed.
# The kernel makes an input device for a keyboard and never for a FIDO interface.
TEST=="device/input", GOTO="fidokey_end"
# The same by what a USB interface says of itself: a HID interface with the boot protocol of a
# keyboard or a mouse. All three keys speak of the same parent.
SUBSYSTEMS=="usb", ATTRS{bInterfaceClass}=="03", ATTRS{bInterfaceProtocol}=="01|02", GOTO="fidokey_end"

# The names are the HID devices' own, as the kernel writes them, so that they fit uhid devices, which
# have no USB parent, as well as USB devices.
"#;

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(rows: &str) -> (usize, &'static str) {
        let error = parse(&format!("{HEADER}\n{rows}")).unwrap_err();
        (error.line, error.problem)
    }

    #[test]
    fn a_table_is_read() {
        let keys = parse("vendor\tproduct\tname\n1050\t0407\tA\n1050\tabcd\tB b\n").unwrap();
        let key = |product_id, name| ListedKey { vendor_id: 0x1050, product_id, name };
        assert_eq!(keys, [key(0x0407, "A"), key(0xABCD, "B b")]);
    }

    #[test]
    fn a_careless_table_is_refused() {
        assert_eq!(parse("1050\t0407\tA").unwrap_err().line, 1);
        assert_eq!(problem("1050\t0407"), (2, "not three columns"));
        assert_eq!(problem("1050\t0407\tA\tB"), (2, "not three columns"));
        assert_eq!(problem("1050\t0407\t"), (2, "not a name"));
        assert_eq!(problem("1050\t407\tA").0, 2);
        assert_eq!(problem("*\t0407\tA").0, 2);
        assert_eq!(problem("1050\tABCD\tA").0, 2);
        assert_eq!(problem("1050\t0407\tA\n1050\t0407\tB").0, 3);
        assert_eq!(problem("1050\t0407\tA\n1050\t0406\tB").0, 3);
    }

    #[test]
    fn the_rules_let_the_group_in() {
        assert_eq!(GROUP_RULE, format!("GROUP=\"{GROUP}\""));
    }

    #[test]
    fn names_are_as_the_kernel_writes_them() {
        assert_eq!(pattern(0x1EA8, 0xFC25), "0003:1EA8:FC25.*");
    }

    #[test]
    fn listed_keys_are_found() {
        assert!(is_listed(0x1050, 0x0407));
        assert!(!is_listed(0x1050, 0xFFFF));
    }
}
