//! What a job says of its key, said of another: names, numbers and PINs are put in their place before
//! the job is played; what differs from key to key besides is taken out of what is compared.

use super::at_hand::AtHand;
use crate::job::{Job, Line, Step};

/// Where the only key of a job is.
const NODE: &str = "/dev/hidraw0";

/// Stands for a key's name in a text that is being rewritten.
const NAME: &str = "\u{1}";

/// The PINs of jobs; real keys may want longer ones.
const PINS: [&str; 2] = ["Gurke-4711", "Gurke-4712"];

/// The PIN of a job as a key takes it that wants so many characters.
pub(super) fn pin_of(pin: &str, least: usize) -> String {
    pin.chars().cycle().take(least.max(pin.len())).collect()
}

/// The text of a job about another key.
pub(super) fn rewritten(text: &str, job: &Job, key: &AtHand) -> String {
    let Some(theirs) = job.keys.first() else { return text.to_owned() };
    let (head, steps) = text.split_at(text.find("\n> ").unwrap_or_default());
    let long = format!("{} {}", theirs.manufacturer, theirs.product);
    // Without USB strings the kernel has both in one name.
    let label = if steps.contains(&long) { &long } else { &theirs.product };
    let ids = format!("{:04x}:{:04x}", theirs.vendor_id, theirs.product_id);
    // The name of the key at hand may hold that of the job's key.
    let mut steps = steps
        .replace(&format!("{label} ({NODE})"), &format!("{NAME} ({NODE})"))
        .replace(&format!("{NODE}  {label}"), &format!("{NODE}  {NAME}"))
        .replace(&format!("Touch {label}"), &format!("Touch {NAME}"))
        .replace(&format!("PIN of {label}"), &format!("PIN of {NAME}"))
        .replace(NAME, &key.label)
        .replace(NODE, &key.path)
        .replace(&ids, &key.ids);
    for pin in PINS {
        steps = steps.replace(pin, &pin_of(pin, key.least_pin));
    }
    format!("{head}{steps}")
}

/// Takes out of a step's lines what differs from key to key.
pub(super) fn reduce(step: &mut Step) {
    if let Some(outcome) = &mut step.recorded.outcome {
        let lines = std::mem::take(&mut outcome.lines);
        outcome.lines = lines.into_iter().filter_map(reduced).collect();
    }
}

fn reduced(line: Line) -> Option<Line> {
    Some(match line {
        Line::Out(text) => Line::Out(common(&text)?),
        Line::Err(text) => Line::Err(common(&text)?),
        Line::Any => Line::Any,
    })
}

/// What a line says of every key; nothing if it is about what this one can do.
fn common(line: &str) -> Option<String> {
    /// Rows about what a key can do, by their names.
    const ROWS: [&str; 5] =
        ["Tries left ", "Length ", "Further rules ", "Fingerprint ", "Always asked "];
    /// Lines that only some keys have.
    const OPTIONAL: [&str; 3] =
        ["  Note: ", "  - whatever large blobs", "Hint: The key does not say"];

    if OPTIONAL.iter().any(|start| line.starts_with(start)) {
        return None;
    }
    if let Some(row) = ROWS.iter().find(|row| line.starts_with(*row)) {
        return Some((*row).trim_end().to_owned());
    }
    // Columns are as wide as their widest text.
    let columns: Vec<&str> =
        line.split("  ").map(str::trim).filter(|text| !text.is_empty()).collect();
    if let [path, product, ids, .., state] = columns[..]
        && path.starts_with("/dev/hidraw")
    {
        return Some([path, product, ids, state].join("  "));
    }
    let line = without_places(&columns.join("  ")).replace("All 8 tries are", "All tries are");
    if let Some((key, _)) = line.split_once(": usable (FIDO ") {
        return Some(format!("{key}: usable"));
    }
    Some(match line.find(" tries are left") {
        Some(at) => {
            let start = line[..at].rfind(' ').map_or(0, |space| space + 1);
            format!("{}{}", &line[..start], &line[at + 1..])
        }
        None => line,
    })
}

/// A line without how many places a key has.
fn without_places(line: &str) -> String {
    match line.split_once(" (") {
        Some((before, rest)) if rest.contains(" places used)") => {
            let after = rest.split_once(" places used)").map_or("", |(_, after)| after);
            format!("{before}{after}")
        }
        _ => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_speaks_of_the_key_at_hand() {
        let text = "# Of OpenSK.\nkey work opensk uhid\n\n> plug work\n$ echo Gurke-4711 > pin\n\
            $ fidokey list\n/dev/hidraw0  Lab OpenSK  1209:beee  -  FIDO 2.1  set\n[0]\n\
            $ fidokey select &it\n> expect it \"Touch Lab OpenSK\"\n";
        let job = Job::parse(text).unwrap();
        let mut key = AtHand::example("YubiKey 5", Some("1"));
        key.path = "/dev/hidraw3".into();
        key.ids = "1050:0407".into();
        key.least_pin = 12;
        let rewritten = rewritten(text, &job, &key);
        let expected = "# Of OpenSK.\nkey work opensk uhid\n\n> plug work\n$ echo Gurke-4711Gu > pin\n\
            $ fidokey list\n/dev/hidraw3  YubiKey 5  1050:0407  -  FIDO 2.1  set\n[0]\n\
            $ fidokey select &it\n> expect it \"Touch YubiKey 5\"\n";
        assert_eq!(rewritten, expected);
        Job::parse(&rewritten).unwrap();
    }

    #[test]
    fn one_name_may_begin_like_the_other() {
        let text = "key work opensk gadget product=YubiKey\n\n> plug work\n$ fidokey pin set\n\
            The PIN of YubiKey (/dev/hidraw0) is set.\n[0]\n";
        let job = Job::parse(&format!("kernel full\n{text}")).unwrap();
        let rewritten = rewritten(text, &job, &AtHand::example("YubiKey 5", None));
        assert!(rewritten.contains("The PIN of YubiKey 5 (/dev/hidraw0) is set."), "{rewritten}");
    }

    #[test]
    fn what_keys_differ_in_is_not_compared() {
        let alike = |one: &str, other: &str| assert_eq!(common(one), common(other), "{one}");
        alike(
            "/dev/hidraw0  OpenSK  1209:beee       -       FIDO 2.1  not set",
            "/dev/hidraw0  OpenSK  1209:beee  00012345  FIDO 2.3  not set",
        );
        alike("It holds 1 credential (1 of 150 places used).", "It holds 1 credential.");
        alike("It holds 1 credential (1 of 25 places used).", "It holds 1 credential.");
        alike(
            "It is wrong. 7 tries are left. [X, 0x31]",
            "It is wrong. 2 tries are left. [X, 0x31]",
        );
        alike("Length          4 to 63 characters, 63 bytes at most", "Length  6 to 63 characters");
        alike("Key (/dev/hidraw0): usable (FIDO 2.1)", "Key (/dev/hidraw0): usable (FIDO 2.0)");
        assert_eq!(common("  Note: The key has no PIN yet."), None);
    }

    #[test]
    fn what_they_do_not_differ_in_is() {
        let differ = |one: &str, other: &str| assert_ne!(common(one), common(other), "{one}");
        differ(
            "/dev/hidraw0  OpenSK  1209:beee  -  FIDO 2.1  not set",
            "/dev/hidraw0  OpenSK  1209:beee  -  FIDO 2.1  set",
        );
        differ("It holds 1 credential (1 of 150 places used).", "It holds 2 credentials.");
        differ("Key (/dev/hidraw0): usable (FIDO 2.1)", "Key (/dev/hidraw0): not usable");
        differ("PIN             set", "PIN             not set");
    }

    #[test]
    fn a_pin_is_long_enough() {
        assert_eq!(pin_of("4711", 4), "4711");
        assert_eq!(pin_of("4711", 6), "471147");
    }
}
