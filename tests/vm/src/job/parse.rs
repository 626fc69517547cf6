//! Reads a job file.

use std::time::Duration;

use thiserror::Error;

use super::outcome::begins_step;
use super::{
    Absent, Act, Command, Condition, End, Firmware, Job, Kernel, Key, Line, Outcome, Part, Person,
    Press, Recorded, Step, Touch, USERS, Vehicle, quoted, words,
};

/// Why a job file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}: {message}")]
pub struct JobError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub message: String,
}

impl Job {
    /// Reads a job file.
    ///
    /// # Errors
    /// The first line that cannot be understood, and why; also a step that speaks of a key that the
    /// head does not name, of a terminal that nothing started, or of a gadget without the full kernel.
    pub fn parse(text: &str) -> Result<Job, JobError> {
        let head_lines = text.lines().take_while(|line| !begins_step(line)).count();
        let mut job = Job {
            about: about(text),
            kernel: Kernel::Cloud,
            user: Person { name: "pat".to_owned(), groups: Vec::new() },
            with: Vec::new(),
            without: Vec::new(),
            secrets: Vec::new(),
            limit: Duration::from_secs(60),
            bring: Vec::new(),
            keys: Vec::new(),
            steps: Vec::new(),
        };
        for (index, line) in text.lines().take(head_lines).enumerate() {
            job.head(line).map_err(|message| JobError { line: index + 1, message })?;
        }
        job.steps = steps(text, head_lines)?;
        job.check()?;
        Ok(job)
    }

    fn head(&mut self, line: &str) -> Result<(), String> {
        let line = without_comment(line);
        let words = words(line)?;
        let Some((first, rest)) = words.split_first() else { return Ok(()) };
        match first.as_str() {
            "kernel" => self.kernel = one(rest, KERNELS)?,
            "user" => self.user = person(rest)?,
            "with" => self.with.extend(each(rest, PARTS)?),
            "without" => self.without.extend(each(rest, ABSENT)?),
            "secret" => self.secrets.extend(each_secret(rest)?),
            "limit" => self.limit = Duration::from_secs(one_number(rest)?),
            "bring" => self.bring.extend(rest.iter().cloned()),
            "key" => {
                let key = key(rest)?;
                if self.keys.iter().any(|other| other.name == key.name) {
                    return Err(format!("two keys are named {}", key.name));
                }
                self.keys.push(key);
            }
            other => return Err(format!("{other} is not a line of a job's head")),
        }
        Ok(())
    }

    fn check(&self) -> Result<(), JobError> {
        if self.kernel == Kernel::Cloud && self.keys.iter().any(|k| k.vehicle == Vehicle::Gadget) {
            let message = "a gadget needs `kernel full`".to_owned();
            return Err(JobError { line: 1, message });
        }
        let mut terminals = Vec::new();
        for step in &self.steps {
            let wrong = |message: String| JobError { line: step.line, message };
            match &step.act {
                Act::Plug(key)
                | Act::Unplug(key)
                | Act::Replug(key)
                | Act::Await(key, _)
                | Act::Cut(key, _)
                | Act::Count(key)
                | Act::Touch(key, _)
                | Act::SetTouch(key, _)
                | Act::Finger(key, _) => {
                    if !self.keys.iter().any(|known| known.name == *key) {
                        return Err(wrong(format!("no key is named {key}")));
                    }
                }
                Act::Start(name, _) => {
                    if terminals.contains(&name) {
                        return Err(wrong(format!("{name} runs already")));
                    }
                    terminals.push(name);
                }
                Act::Expect(name, _) | Act::Type(name, _) | Act::Signal(name, _) => {
                    if !terminals.contains(&name) {
                        return Err(wrong(format!("no command runs under the name {name}")));
                    }
                }
                Act::End(name) => {
                    if !terminals.contains(&name) {
                        return Err(wrong(format!("no command runs under the name {name}")));
                    }
                    terminals.retain(|known| *known != name);
                }
                Act::Seat(_) | Act::As(_) | Act::Run(_) => {}
            }
        }
        Ok(())
    }
}

/// Reads the steps of a job file, or of a record, which has no head, after some lines.
///
/// # Errors
/// The first line that cannot be understood, and why.
pub fn steps(text: &str, skip: usize) -> Result<Vec<Step>, JobError> {
    let lines: Vec<&str> = text.lines().collect();
    let mut steps = Vec::new();
    let mut at = skip;
    while let Some(text) = lines.get(at) {
        let number = at + 1;
        at += 1;
        if begins_step(text) {
            let act = act(text).map_err(|message| JobError { line: number, message })?;
            let (recorded, taken) = recorded(&lines[at..], act.has_outcome());
            at += taken;
            let text = (*text).to_owned();
            steps.push(Step { text, line: number, act, recorded, recorded_lines: taken });
        } else if !text.trim().is_empty() && !text.starts_with('#') {
            let message = format!("{text} stands below no command that ends with [its exit code]");
            return Err(JobError { line: number, message });
        }
    }
    Ok(steps)
}

/// Reads what is recorded below a step and says how many lines that took.
///
/// The outcome reaches to the line with the end. If the next step comes first, there is none yet.
fn recorded(lines: &[&str], has_outcome: bool) -> (Recorded, usize) {
    let until_next = lines.iter().take_while(|line| !begins_step(line)).count();
    let end = lines[..until_next]
        .iter()
        .enumerate()
        .find_map(|(index, line)| End::parse(line).map(|end| (index, end)))
        .filter(|_| has_outcome);
    let outcome = end.map(|(index, end)| Outcome {
        lines: lines[..index].iter().map(|line| Line::parse(line)).collect(),
        end,
    });
    let mut taken = end.map_or(0, |(index, _)| index + 1);
    let failure: Vec<&str> =
        lines[taken..until_next].iter().map_while(|line| line.strip_prefix("!! ")).collect();
    taken += failure.len();
    let failure = (!failure.is_empty()).then(|| failure.join("\n"));
    (Recorded { outcome, failure }, taken)
}

fn about(text: &str) -> String {
    let comment = text.lines().map_while(|line| line.strip_prefix('#'));
    comment.map(str::trim).collect::<Vec<_>>().join(" ").trim().to_owned()
}

/// Takes a comment off a line of the head; ` #` begins one.
fn without_comment(line: &str) -> &str {
    if line.starts_with('#') { "" } else { line.split(" #").next().unwrap_or(line) }
}

fn act(text: &str) -> Result<Act, String> {
    if let Some(rest) = text.strip_prefix("> ") {
        return simple_act(&words(rest)?);
    }
    let (as_root, rest) = match text.strip_prefix("$# ") {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix("$ ").unwrap_or(text)),
    };
    let (stdin, rest) = match rest.trim().strip_prefix("< ") {
        Some(rest) => {
            let (text, rest) = quoted(rest.trim_start())?;
            (Some(text), rest)
        }
        None => (None, rest),
    };
    let rest = rest.trim();
    let (line, name) = match rest.rsplit_once(" &") {
        Some((line, name)) if is_name(name) => (line.trim_end(), Some(name)),
        _ => (rest, None),
    };
    if line.is_empty() {
        return Err("there is no command".to_owned());
    }
    let command = Command { line: line.to_owned(), as_root, stdin };
    match name {
        Some(_) if command.stdin.is_some() => {
            Err("a command on a terminal gets its text by `> type`".to_owned())
        }
        Some(name) => Ok(Act::Start(name.to_owned(), command)),
        None => Ok(Act::Run(command)),
    }
}

fn simple_act(words: &[String]) -> Result<Act, String> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let own = |word: &str| word.to_owned();
    Ok(match words.as_slice() {
        ["plug", key] => Act::Plug(own(key)),
        ["unplug", key] => Act::Unplug(own(key)),
        ["replug", key] => Act::Replug(own(key)),
        ["seat", "nobody"] => Act::Seat(None),
        ["seat", user] => Act::Seat(Some(known_user(user)?)),
        ["as", rest @ ..] => {
            Act::As(person(&rest.iter().map(|word| own(word)).collect::<Vec<_>>())?)
        }
        ["await", key, condition @ ..] => Act::Await(own(key), awaited(condition)?),
        ["cut", key, "after", reports] => Act::Cut(own(key), positive(reports)?),
        ["count", key] => Act::Count(own(key)),
        ["touch", key] => Act::Touch(own(key), Press::Short),
        ["touch", key, "long"] => Act::Touch(own(key), Press::Long),
        ["touch", key, how] => Act::SetTouch(own(key), named(how, TOUCHES)?),
        ["finger", key, how @ ("good" | "wrong" | "auto" | "none")] => {
            Act::Finger(own(key), own(how))
        }
        ["expect", name, text] if !text.is_empty() => Act::Expect(own(name), own(text)),
        ["type", name, text] => Act::Type(own(name), own(text)),
        ["signal", name, signal] => Act::Signal(own(name), own(signal)),
        ["end", name] => Act::End(own(name)),
        _ => return Err(format!("`> {}` is not an act", words.join(" "))),
    })
}

fn awaited(words: &[&str]) -> Result<Condition, String> {
    Ok(match words {
        ["touch"] => Condition::Touch,
        ["idle"] => Condition::Idle,
        ["cancel"] => Condition::Cancel,
        ["cut"] => Condition::Cut,
        ["uptime", seconds] => Condition::Uptime(positive(seconds)?),
        _ => return Err("what is awaited is touch, idle, cancel, cut or uptime SECONDS".to_owned()),
    })
}

fn positive(word: &str) -> Result<u64, String> {
    word.parse().ok().filter(|number| *number > 0).ok_or(format!("{word} is no positive number"))
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

fn known_user(name: &str) -> Result<String, String> {
    if USERS.iter().any(|(known, _)| *known == name) {
        Ok(name.to_owned())
    } else {
        Err(format!("{name} is not a user of the machine: root, pat, robin"))
    }
}

fn person(words: &[String]) -> Result<Person, String> {
    let (name, groups) = words.split_first().ok_or("a user is wanted")?;
    Ok(Person { name: known_user(name)?, groups: groups.to_vec() })
}

type Names<T> = &'static [(&'static str, T)];

const KERNELS: Names<Kernel> = &[("cloud", Kernel::Cloud), ("full", Kernel::Full)];
const PARTS: Names<Part> = &[
    ("python", Part::Python),
    ("fido2-tools", Part::Fido2Tools),
    ("second-opinion", Part::SecondOpinion),
];
const ABSENT: Names<Absent> =
    &[("fido_id", Absent::FidoId), ("udevd", Absent::Udevd), ("traces", Absent::Traces)];
const FIRMWARES: Names<Firmware> = &[
    ("opensk", Firmware::OpenSk),
    ("opensk-u2f", Firmware::OpenSkU2f),
    ("opensk-fingerprint", Firmware::OpenSkFingerprint),
    ("trussed", Firmware::Trussed),
    ("mute", Firmware::Mute),
    ("keyboard", Firmware::Keyboard),
];
const VEHICLES: Names<Vehicle> = &[("uhid", Vehicle::Uhid), ("gadget", Vehicle::Gadget)];
const TOUCHES: Names<Touch> = &[("auto", Touch::Auto), ("hold", Touch::Hold)];

fn named<T: Copy>(word: &str, names: Names<T>) -> Result<T, String> {
    names.iter().find(|(name, _)| *name == word).map(|(_, value)| *value).ok_or_else(|| {
        let known: Vec<_> = names.iter().map(|(name, _)| *name).collect();
        format!("{word} is none of {}", known.join(", "))
    })
}

fn one<T: Copy>(words: &[String], names: Names<T>) -> Result<T, String> {
    match words {
        [word] => named(word, names),
        _ => Err("one word is wanted".to_owned()),
    }
}

fn one_number(words: &[String]) -> Result<u64, String> {
    match words {
        [word] => positive(word),
        _ => Err("one number is wanted".to_owned()),
    }
}

fn each<T: Copy>(words: &[String], names: Names<T>) -> Result<Vec<T>, String> {
    words.iter().map(|word| named(word, names)).collect()
}

/// A secret that stands somewhere by chance would be found there.
const SHORTEST_SECRET: usize = 8;

fn each_secret(words: &[String]) -> Result<Vec<String>, String> {
    match words.iter().find(|word| word.len() < SHORTEST_SECRET) {
        Some(word) => {
            Err(format!("{word} is too short to be told from what stands there by chance"))
        }
        None => Ok(words.to_vec()),
    }
}

fn key(words: &[String]) -> Result<Key, String> {
    let [name, firmware, vehicle, options @ ..] = words else {
        return Err("a key has a name, a firmware and a vehicle".to_owned());
    };
    if !is_name(name) {
        return Err(format!("{name} is not a name"));
    }
    let firmware = named(firmware, FIRMWARES)?;
    let mut key = Key {
        name: name.clone(),
        firmware,
        vehicle: named(vehicle, VEHICLES)?,
        vendor_id: 0x1209,
        product_id: 0xbeee,
        serial: None,
        product: default_product(firmware).to_owned(),
        manufacturer: "Lab".to_owned(),
        beside_keyboard: false,
        touch: Touch::Auto,
    };
    for option in options {
        let (option, value) = option.split_once('=').ok_or("an option is written name=value")?;
        match option {
            "id" => (key.vendor_id, key.product_id) = usb_id(value)?,
            "serial" => key.serial = Some(value.to_owned()),
            "product" => key.product = value.to_owned(),
            "manufacturer" => key.manufacturer = value.to_owned(),
            "beside" if value == "keyboard" => key.beside_keyboard = true,
            "touch" => key.touch = named(value, TOUCHES)?,
            other => return Err(format!("a key has no option {other}")),
        }
    }
    if key.beside_keyboard && key.vehicle != Vehicle::Gadget {
        return Err("only a gadget has two interfaces".to_owned());
    }
    Ok(key)
}

fn default_product(firmware: Firmware) -> &'static str {
    match firmware {
        Firmware::OpenSk => "OpenSK",
        Firmware::OpenSkU2f => "OpenSK U2F",
        Firmware::OpenSkFingerprint => "OpenSK Bio",
        Firmware::Trussed => "Trussed",
        Firmware::Mute => "Mute",
        Firmware::Keyboard => "Keyboard",
    }
}

/// Reads `VENDOR:PRODUCT`, two hexadecimal numbers.
///
/// # Errors
/// What is wrong with it, if it is something else.
pub fn usb_id(text: &str) -> Result<(u16, u16), String> {
    let number = |digits: &str| u16::from_str_radix(digits, 16).ok();
    text.split_once(':')
        .and_then(|(vendor, product)| Some((number(vendor)?, number(product)?)))
        .ok_or_else(|| format!("{text} is not vendor:product in hexadecimal"))
}

#[cfg(test)]
mod tests;
