//! Looks for PINs and tokens in the traces that a job left.
//!
//! What is looked for: the PINs that the job names, and what a key is sent instead of them (their
//! hash); the tokens that a firmware says it drew; and, from the reports of the keys, what stands at
//! the places of secrets, which a trace masks although it is encrypted.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use minicbor::Decoder;
use minicbor::data::Type;
use sha2::{Digest, Sha256};

use crate::job::{Absent, Act, Job, Key, TELL_SECRETS};
use crate::layout;

use super::wire::{self, Exchange};

/// So many bytes of a secret in a row are enough to find it.
const PART: usize = 12;

/// The line of a job that sets a PIN, if the job names none.
pub(crate) fn unnamed_pin(job: &Job) -> Option<usize> {
    const SETTERS: [&str; 4] = ["--new-pin-file", "set-pin", "change-pin", "fido2-token -S"];
    let sets_pin = |act: &Act| match act {
        Act::Run(command) | Act::Start(_, command) => {
            SETTERS.iter().any(|words| command.line.contains(words))
        }
        _ => false,
    };
    let step = job.steps.iter().find(|step| sets_pin(&step.act))?;
    job.secrets.is_empty().then_some(step.line)
}

/// Says what must not stand in the traces of a job and does, or what there is to look for and is not.
///
/// # Errors
/// If what the job left cannot be read.
pub(crate) fn difference(job: &Job, folder: &Path) -> Result<Option<String>> {
    let traces = files(&folder.join(layout::TRACES))?;
    if traces.is_empty() && keeps_traces(job) {
        return Ok(Some("fidokey was run, and there is no trace of it".to_owned()));
    }
    let secrets = Secrets::of(job, folder)?;
    if !job.secrets.is_empty() && secrets.sent.is_empty() {
        let message = "the job names a PIN, and no report holds what was made of one";
        return Ok(Some(message.to_owned()));
    }
    let tells = |key: &Key| key.firmware.switches().contains(&TELL_SECRETS);
    if !job.secrets.is_empty() && job.keys.iter().any(tells) && !secrets.has_token {
        return Ok(Some("no firmware told of a token that it drew".to_owned()));
    }
    Ok(secrets.in_traces(&traces))
}

/// Says which PINs of a job stand in its traces, where nothing else is known that must not.
///
/// # Errors
/// If what the job left cannot be read.
pub(crate) fn pins_in_traces(job: &Job, folder: &Path) -> Result<Option<String>> {
    Ok(Secrets::of(job, folder)?.in_traces(&files(&folder.join(layout::TRACES))?))
}

/// Whether a command of the job is a `fidokey` that leaves a trace.
fn keeps_traces(job: &Job) -> bool {
    !job.without.contains(&Absent::Traces)
        && job.steps.iter().any(|step| match &step.act {
            Act::Run(command) | Act::Start(_, command) => command.line.starts_with("fidokey "),
            _ => false,
        })
}

/// What must not stand in a trace.
#[derive(Debug, Default)]
struct Secrets {
    /// PINs and tokens as they are.
    known: Vec<(String, Vec<u8>)>,
    /// What was made of them and sent.
    sent: Vec<(String, Vec<u8>)>,
    /// Whether a firmware told of a token.
    has_token: bool,
}

impl Secrets {
    fn of(job: &Job, folder: &Path) -> Result<Secrets> {
        let mut secrets = Secrets::default();
        for pin in &job.secrets {
            let hash = Sha256::digest(pin.as_bytes());
            secrets.known.push((format!("the PIN {pin:?}"), pin.as_bytes().to_vec()));
            secrets.known.push((format!("the hash of the PIN {pin:?}"), hash[..16].to_vec()));
        }
        for (key, log) in files(&folder.join(layout::FIRMWARE_LOGS))? {
            let drawn = log.lines().filter_map(|line| wire::bytes(line.strip_prefix("drew ")?));
            let what = format!("a token or another secret of {key}");
            let before = secrets.known.len();
            secrets.known.extend(drawn.map(|bytes| (what.clone(), bytes)));
            secrets.has_token |= secrets.known.len() > before;
        }
        for (key, traffic) in files(&folder.join(layout::TRAFFIC))? {
            for exchange in wire::exchanges(&traffic) {
                let fields = secret_fields(&exchange).into_iter();
                secrets
                    .sent
                    .extend(fields.map(|(name, bytes)| (format!("{name} of {key}"), bytes)));
            }
        }
        Ok(secrets)
    }

    /// What of it stands in which trace.
    fn in_traces(&self, traces: &BTreeMap<String, String>) -> Option<String> {
        let found: Vec<String> = traces
            .iter()
            .flat_map(|(name, text)| {
                let found = self.found_in(text);
                found.into_iter().map(move |what| format!("the trace {name} holds {what}\n"))
            })
            .collect();
        (!found.is_empty()).then(|| found.concat())
    }

    /// What of it stands in a text.
    fn found_in(&self, text: &str) -> Vec<&str> {
        let secrets = self.known.iter().chain(&self.sent);
        let found = secrets.filter(|(_, bytes)| is_in(text, bytes)).map(|(what, _)| what.as_str());
        found.collect::<BTreeSet<_>>().into_iter().collect()
    }
}

/// Members of requests, by command and number, that prove who knows a PIN or are made of one.
const IN_REQUESTS: [(u8, i64, &str); 11] = [
    (0x01, 8, "pinUvAuthParam"),
    (0x02, 6, "pinUvAuthParam"),
    (0x06, 4, "pinUvAuthParam"),
    (0x06, 5, "newPinEnc"),
    (0x06, 6, "pinHashEnc"),
    (0x09, 5, "pinUvAuthParam"),
    (0x0a, 4, "pinUvAuthParam"),
    (0x0c, 5, "pinUvAuthParam"),
    (0x0d, 4, "pinUvAuthParam"),
    (0x40, 5, "pinUvAuthParam"),
    (0x41, 4, "pinUvAuthParam"),
];

/// The same of answers.
const IN_ANSWERS: [(u8, i64, &str); 1] = [(0x06, 2, "pinUvAuthToken")];

fn secret_fields(exchange: &Exchange) -> Vec<(&'static str, Vec<u8>)> {
    let Some((command, parameters)) = exchange.request.split_first() else { return Vec::new() };
    let answer = exchange.answer.strip_prefix(&[0]).unwrap_or_default();
    let mut found = Vec::new();
    for (map, places) in [(parameters, &IN_REQUESTS[..]), (answer, &IN_ANSWERS[..])] {
        let members = byte_strings(map).unwrap_or_default();
        let places = places.iter().filter(|(of, _, _)| of == command);
        found.extend(places.filter_map(|(_, at, name)| Some((*name, members.get(at)?.clone()))));
    }
    found
}

/// The byte strings of a map, by their numbers.
fn byte_strings(map: &[u8]) -> Option<BTreeMap<i64, Vec<u8>>> {
    let mut decoder = Decoder::new(map);
    let mut members = BTreeMap::new();
    for _ in 0..decoder.map().ok()?? {
        let number = decoder.i64().ok()?;
        if decoder.datatype().ok()? == Type::Bytes {
            members.insert(number, decoder.bytes().ok()?.to_vec());
        } else {
            decoder.skip().ok()?;
        }
    }
    Some(members)
}

/// Whether a secret stands in a text: as it is, in hexadecimal, base64, or a list of numbers; whole,
/// or a part of it.
fn is_in(text: &str, secret: &[u8]) -> bool {
    let parts = secret.windows(secret.len().clamp(1, PART));
    parts.into_iter().any(|part| forms(part).iter().any(|form| text.contains(form)))
}

fn forms(part: &[u8]) -> Vec<String> {
    let hex: String = part.iter().map(|byte| format!("{byte:02x}")).collect();
    let numbers: Vec<String> = part.iter().map(u8::to_string).collect();
    let mut forms = vec![hex.to_uppercase(), hex, numbers.join(","), numbers.join(", ")];
    forms.extend(std::str::from_utf8(part).map(str::to_owned));
    for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
        // The digits depend on where in a longer text the part begins; the first and the last one hold
        // bits of what stands beside it.
        for before in 0..3 {
            let digits = engine.encode([&[0; 2][..before], part].concat());
            let first = [0, 2, 3][before];
            let last = (before + part.len()) * 8 / 6;
            forms.push(digits[first..last].to_owned());
        }
    }
    forms
}

/// The files of a folder, by name; none if it is not there.
fn files(folder: &Path) -> Result<BTreeMap<String, String>> {
    let about = || format!("{} cannot be read", folder.display());
    let mut files = BTreeMap::new();
    if !folder.exists() {
        return Ok(files);
    }
    for entry in fs::read_dir(folder).with_context(about)? {
        let entry = entry.with_context(about)?;
        let bytes = fs::read(entry.path()).with_context(about)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        files.insert(name, String::from_utf8_lossy(&bytes).into_owned());
    }
    Ok(files)
}

#[cfg(test)]
mod tests;
