//! The generated udev rules: current, well formed, and of the intended effect.

use fidokey::host::udev_rules;
use std::collections::HashMap;
use std::path::Path;
use std::{env, fs};

const RULES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/udev/70-fidokey.rules");

fn rendered() -> String {
    udev_rules::render(&udev_rules::parse(udev_rules::TABLE).unwrap())
}

#[test]
fn the_generated_file_is_current() {
    let current = rendered();
    if env::var_os("UPDATE_GENERATED").is_some() {
        fs::write(RULES, &current).unwrap();
    }
    assert_eq!(Path::new(RULES).file_name().unwrap(), udev_rules::FILE_NAME);
    assert!(
        fs::read_to_string(RULES).is_ok_and(|written| written == current),
        "udev/70-fidokey.rules is not what keys.tsv says: \
         run `UPDATE_GENERATED=1 cargo test udev_rules` and commit the result"
    );
}

#[test]
fn the_table_is_large_and_sorts_before_the_seat_rules() {
    assert!(udev_rules::parse(udev_rules::TABLE).unwrap().len() >= 100);
    assert!(udev_rules::FILE_NAME < "73-seat-late.rules");
}

/// One `KEY{attribute}operator"value"` of a rule.
#[derive(Debug)]
struct Term<'a> {
    key: &'a str,
    attribute: Option<&'a str>,
    operator: &'a str,
    value: &'a str,
}

/// Splits a rule into terms as strictly as `udevadm verify` does.
fn terms(line: &str) -> Vec<Term<'_>> {
    let mut terms = Vec::new();
    let mut rest = line;
    loop {
        let end = rest.find(|c: char| !c.is_ascii_uppercase()).expect("a key ends");
        let (key, mut after) = rest.split_at(end);
        let mut attribute = None;
        if let Some(inner) = after.strip_prefix('{') {
            let (inside, behind) = inner.split_once('}').expect("a closing brace");
            attribute = Some(inside);
            after = behind;
        }
        let operator = ["==", "!=", "+=", "="].into_iter().find(|op| after.starts_with(op));
        let operator = operator.unwrap_or_else(|| panic!("an operator in {line:?}"));
        let value = after[operator.len()..].strip_prefix('"').expect("an opening quote");
        let (value, behind) = value.split_once('"').expect("a closing quote");
        let matching = matches!(operator, "==" | "!=");
        let known = match (key, attribute.is_some()) {
            ("ACTION" | "SUBSYSTEM" | "SUBSYSTEMS" | "KERNELS" | "TEST", false) => matching,
            ("ENV" | "ATTRS", true) => matching,
            ("GOTO" | "LABEL" | "GROUP" | "MODE", false) => operator == "=",
            ("TAG", false) => operator == "+=",
            _ => false,
        };
        assert!(known, "{key} with {operator} in {line:?}");
        assert!(!value.is_empty() && !value.contains(['\\', '$', '%']), "a plain value: {line:?}");
        terms.push(Term { key, attribute, operator, value });
        match behind.strip_prefix(", ") {
            Some(next) => rest = next,
            None => break assert_eq!(behind, "", "after the last term of {line:?}"),
        }
    }
    terms
}

fn lines(rules: &str) -> Vec<Vec<Term<'_>>> {
    rules.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(terms).collect()
}

#[test]
fn every_line_is_well_formed_and_every_jump_goes_forward_to_a_label() {
    let rules = rendered();
    let lines = lines(&rules);
    let find = |key: &str, value: &str| {
        let here = |line: &Vec<Term<'_>>| line.iter().any(|t| t.key == key && t.value == value);
        let places: Vec<_> = lines.iter().enumerate().filter(|(_, line)| here(line)).collect();
        places.into_iter().map(|(index, _)| index).collect::<Vec<_>>()
    };
    for (index, line) in lines.iter().enumerate() {
        for jump in line.iter().filter(|term| term.key == "GOTO") {
            let labels = find("LABEL", jump.value);
            assert!(matches!(labels[..], [label] if label > index), "{jump:?}");
        }
    }
    assert!(rules.is_ascii() && rules.ends_with('\n'));
}

#[test]
fn no_line_opens_a_vendor() {
    for line in lines(&rendered()) {
        for term in line.iter().filter(|term| term.key == "KERNELS") {
            let name = term.value.strip_prefix("0003:").and_then(|name| name.strip_suffix(".*"));
            let (vendor, product) = name.and_then(|name| name.split_once(':')).unwrap();
            for number in [vendor, product] {
                let is_digit = |c: char| c.is_ascii_digit() || ('A'..='F').contains(&c);
                assert!(number.len() == 4 && number.chars().all(is_digit), "{term:?}");
            }
        }
    }
}

/// A device and its parents, nearest first, as rules see them.
struct Device {
    action: &'static str,
    subsystem: &'static str,
    fido_id: bool,
    has_input: bool,
    parents: Vec<Parent>,
}

struct Parent {
    kernel: &'static str,
    subsystem: &'static str,
    attributes: HashMap<&'static str, &'static str>,
}

impl Device {
    /// A hidraw device on a USB interface with this boot protocol.
    fn usb(name: &'static str, protocol: &'static str) -> Self {
        let interface = [("bInterfaceClass", "03"), ("bInterfaceProtocol", protocol)];
        let parents = vec![
            Parent { kernel: "hidraw0", subsystem: "hidraw", attributes: HashMap::new() },
            Parent { kernel: name, subsystem: "hid", attributes: HashMap::new() },
            Parent { kernel: "1-2:1.0", subsystem: "usb", attributes: interface.into() },
            Parent { kernel: "1-2", subsystem: "usb", attributes: HashMap::new() },
        ];
        Self { action: "add", subsystem: "hidraw", fido_id: false, has_input: false, parents }
    }

    /// The same through uhid, which has no USB parents.
    fn uhid(name: &'static str) -> Self {
        let mut device = Self::usb(name, "00");
        device.parents.truncate(2);
        device
    }

    /// Whether the rules open it: the assignments that they reach.
    fn opens(&self, rules: &str) -> bool {
        let mut wanted_label = None;
        let mut assigned = Vec::new();
        for line in lines(rules) {
            let first = &line[0];
            if first.key == "LABEL" {
                if wanted_label.is_none_or(|label| label == first.value) {
                    wanted_label = None;
                }
                continue;
            }
            if wanted_label.is_some() || !self.matches(&line) {
                continue;
            }
            for term in &line {
                match term.key {
                    "GOTO" => wanted_label = Some(term.value),
                    "TAG" | "GROUP" | "MODE" => assigned.push((term.key, term.value)),
                    _ => {}
                }
            }
        }
        match assigned[..] {
            [] => false,
            [("TAG", "uaccess"), ("GROUP", "plugdev"), ("MODE", "0660")] => true,
            _ => panic!("{assigned:?}"),
        }
    }

    fn matches(&self, line: &[Term<'_>]) -> bool {
        let of_parents = |key| matches!(key, "KERNELS" | "SUBSYSTEMS" | "ATTRS");
        let own = line.iter().all(|term| {
            let holds = match term.key {
                "ACTION" => term.value == self.action,
                "SUBSYSTEM" => term.value == self.subsystem,
                "TEST" => term.value == "device/input" && self.has_input,
                "ENV" => term.attribute == Some("ID_FIDO_TOKEN") && self.fido_id,
                _ => return true,
            };
            holds == (term.operator == "==")
        });
        // All of these keys have to hold for one and the same parent.
        let parent = self.parents.iter().any(|parent| {
            line.iter().filter(|term| of_parents(term.key)).all(|term| {
                assert_eq!(term.operator, "==", "what != means for parents is too subtle");
                let mut patterns = term.value.split('|');
                match term.key {
                    "SUBSYSTEMS" => patterns.any(|pattern| pattern == parent.subsystem),
                    "KERNELS" => patterns.any(|pattern| match pattern.strip_suffix('*') {
                        Some(start) => parent.kernel.starts_with(start),
                        None => parent.kernel == pattern,
                    }),
                    _ => {
                        let value = parent.attributes.get(term.attribute.unwrap());
                        value.is_some_and(|value| patterns.any(|pattern| pattern == *value))
                    }
                }
            })
        });
        own && parent
    }
}

#[test]
fn what_the_rules_open() {
    let rules = rendered();
    let opens = |device: &Device| device.opens(&rules);
    // A listed key, through USB and through uhid.
    assert!(opens(&Device::usb("0003:1050:0407.0005", "00")));
    assert!(opens(&Device::uhid("0003:1050:0407.0005")));
    // An unknown key, if fido_id knows it.
    assert!(!opens(&Device::usb("0003:DEAD:BEEF.0005", "00")));
    assert!(opens(&Device { fido_id: true, ..Device::usb("0003:DEAD:BEEF.0005", "00") }));
    // The keyboard that the same key is also: by its input device, and by its boot protocol.
    assert!(!opens(&Device { has_input: true, ..Device::usb("0003:1050:0407.0004", "00") }));
    assert!(!opens(&Device { has_input: true, ..Device::uhid("0003:1050:0407.0004") }));
    assert!(!opens(&Device::usb("0003:1050:0407.0004", "01")));
    // Another product of the same vendor, and names that only look alike.
    assert!(!opens(&Device::usb("0003:1050:0010.0004", "00")));
    assert!(!opens(&Device::usb("0003:1050:04071.0004", "00")));
    // Other kinds of device, and a key that goes.
    assert!(!opens(&Device { subsystem: "input", ..Device::usb("0003:1050:0407.0005", "00") }));
    assert!(!opens(&Device { action: "remove", ..Device::usb("0003:1050:0407.0005", "00") }));
    assert!(opens(&Device { action: "change", ..Device::usb("0003:1050:0407.0005", "00") }));
}
