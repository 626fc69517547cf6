//! Mistakes on the command line, in the words of the house.
//!
//! clap finds them; what it says of them itself is for programmers.

use super::args::Cli;
use super::error::CliError;
use crate::output::text::{escape, listed};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, CommandFactory};
use std::error::Error;
use std::ffi::OsString;

/// What people write who know tools that take a PIN as an argument.
const PIN_FLAGS: [&str; 5] = ["--pin", "-P", "-p", "--current-pin", "--new-pin"];

/// Explains why a command line cannot be read.
pub(super) fn explain(error: &clap::Error, arguments: &[OsString]) -> CliError {
    let mistake = Mistake { error };
    let path = mistake.path().unwrap_or_else(|| named(arguments).0);
    let explained = match error.kind() {
        ErrorKind::UnknownArgument => return mistake.unknown_argument(&path),
        ErrorKind::InvalidSubcommand => mistake.unknown_command(&path),
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let (path, commands) = named(arguments);
            CliError::usage(format!("\"{path}\" needs one of its commands."))
                .hint(format!("They are {}.", listed(commands)))
        }
        ErrorKind::MissingRequiredArgument => mistake.missing(),
        ErrorKind::ArgumentConflict => mistake.conflict(),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => mistake.wrong_value(),
        ErrorKind::InvalidUtf8 => CliError::usage("The command line is not text in UTF-8."),
        _ => CliError::usage(mistake.first_line()),
    };
    explained.hint(format!("`{path} --help` explains it."))
}

/// The command that a command line names, such as `fidokey credential list`, and its own commands.
fn named(arguments: &[OsString]) -> (String, Vec<String>) {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    let (mut path, mut innermost) = (vec![command.get_name().to_owned()], &command);
    let mut words = arguments.iter().skip(1).filter_map(|argument| argument.to_str());
    while let Some(word) = words.next() {
        if word.starts_with('-') {
            let wants_value = |flag: &Arg| {
                let short = flag.get_short().is_some_and(|short| word == format!("-{short}"));
                let long =
                    flag.get_long().is_some_and(|long| word.strip_prefix("--") == Some(long));
                let needed = flag.get_num_args().is_some_and(|range| range.min_values() > 0);
                (short || long) && needed && flag.get_action().takes_values()
            };
            if innermost.get_arguments().any(wants_value) {
                words.next();
            }
        } else if let Some(inner) = innermost.find_subcommand(word) {
            path.push(word.to_owned());
            innermost = inner;
        }
    }
    let commands = innermost.get_subcommands().map(|inner| inner.get_name().to_owned()).collect();
    (path.join(" "), commands)
}

/// What clap found.
struct Mistake<'e> {
    error: &'e clap::Error,
}

impl Mistake<'_> {
    /// What clap says of this besides, escaped: what was typed may have come from somebody else.
    fn all(&self, kind: ContextKind) -> Vec<String> {
        match self.error.get(kind) {
            Some(ContextValue::String(text)) => vec![escape(text)],
            Some(ContextValue::Strings(texts)) => texts.iter().map(|text| escape(text)).collect(),
            Some(ContextValue::StyledStr(text)) => vec![text.to_string()],
            _ => Vec::new(),
        }
    }

    fn one(&self, kind: ContextKind) -> String {
        self.all(kind).into_iter().next().unwrap_or_default()
    }

    /// The command that was typed, such as `fidokey credential list`, by how its usage begins.
    fn path(&self) -> Option<String> {
        let usage = self.one(ContextKind::Usage);
        let words = usage.trim().trim_start_matches("Usage:").split_whitespace();
        let path: Vec<&str> = words.take_while(|word| !word.starts_with(['[', '<', '-'])).collect();
        (!path.is_empty()).then(|| path.join(" "))
    }

    fn unknown_argument(&self, path: &str) -> CliError {
        let argument = self.one(ContextKind::InvalidArg);
        let flag = argument.split('=').next().unwrap_or_default();
        let of_pin = path.split(' ').nth(1) == Some("pin");
        if PIN_FLAGS.contains(&flag) || (of_pin && !flag.starts_with('-')) {
            return pin_as_argument(flag == "--new-pin" || path.ends_with("pin set"));
        }
        let error = if flag.starts_with('-') {
            let error = CliError::usage(format!("\"{path}\" has no flag \"{flag}\"."));
            match self.all(ContextKind::SuggestedArg).as_slice() {
                [] => error,
                flags => error.hint(format!("Did you mean {}?", choice(flags))),
            }
        } else {
            CliError::usage(format!("\"{argument}\" is more than \"{path}\" takes."))
        };
        error.hint(format!("`{path} --help` explains it."))
    }

    fn unknown_command(&self, path: &str) -> CliError {
        let name = self.one(ContextKind::InvalidSubcommand);
        let error = CliError::usage(format!("\"{path}\" has no command \"{name}\"."));
        // The likeliest stands last.
        match self.all(ContextKind::SuggestedSubcommand).last() {
            Some(likely) => error.hint(format!("Did you mean \"{path} {likely}\"?")),
            None => error,
        }
    }

    fn missing(&self) -> CliError {
        let missing = self.all(ContextKind::InvalidArg);
        let (names, verb) = match missing.split_last() {
            Some((only, [])) => match alternatives(only) {
                one if one.len() == 1 => (choice(&one), "is"),
                several => (format!("One of {}", choice(&several)), "is"),
            },
            Some((last, others)) => {
                let others = others.iter().map(|one| choice(&alternatives(one)));
                (format!("{} and {}", listed(others), choice(&alternatives(last))), "are")
            }
            None => ("Something".to_owned(), "is"),
        };
        CliError::usage(format!("{names} {verb} needed."))
    }

    fn conflict(&self) -> CliError {
        let one = flag_of(&self.one(ContextKind::InvalidArg));
        let others: Vec<String> =
            self.all(ContextKind::PriorArg).iter().map(|other| flag_of(other)).collect();
        if others.is_empty() || others.contains(&one) {
            return CliError::usage(format!("`{one}` may be given only once."));
        }
        CliError::usage(format!("`{one}` cannot be used together with {}.", choice(&others)))
            .hint("Leave one of them out.")
    }

    fn wrong_value(&self) -> CliError {
        let flag = flag_of(&self.one(ContextKind::InvalidArg));
        let value = self.one(ContextKind::InvalidValue);
        if value.is_empty() {
            return CliError::usage(format!("`{flag}` needs a value."));
        }
        let mut error = CliError::usage(format!("`{flag}` cannot be \"{value}\"."));
        if let Some(reason) = self.error.source() {
            error = error.cause(reason_of(&reason.to_string()));
        }
        let known = self.all(ContextKind::ValidValue);
        match self.all(ContextKind::SuggestedValue).last() {
            Some(likely) => error = error.hint(format!("Did you mean `{likely}`?")),
            None if known.is_empty() => {}
            None => error = error.hint(format!("It can be {}.", choice(&known))),
        }
        error
    }

    /// The beginning of clap's own text, where there is no better one.
    fn first_line(&self) -> String {
        let text = self.error.render().to_string();
        let line = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
        format!("The command line cannot be read: {}.", escape(line))
    }
}

/// Explains that a PIN is never an argument, without repeating it.
fn pin_as_argument(is_new: bool) -> CliError {
    let flag = if is_new { "--new-pin-file" } else { "--pin-file" };
    CliError::usage(
        "A PIN is never an argument: other users and programs see arguments, and shells keep them. \
         Nothing was sent.",
    )
    .hint("Leave it out, and you are asked for it.")
    .hint(format!("`{flag} FILE` reads it from a file, or from standard input with `-`."))
}

/// A flag without what stands for its value: of `--rp <ID>`, `--rp`.
fn flag_of(argument: &str) -> String {
    let name = argument.split_whitespace().next().unwrap_or_default();
    let name = name.trim_start_matches(['[', '<']).split(['=', '[', ']', '>']).next();
    let name = name.unwrap_or_default();
    name.to_owned()
}

/// Arguments of which one is needed: `--rp <ID>`, or `<--name <NAME>|--display-name <NAME>>`.
fn alternatives(argument: &str) -> Vec<String> {
    let group = argument.strip_prefix("<-").and_then(|inner| inner.strip_suffix('>'));
    let argument = group.map_or_else(|| argument.to_owned(), |inner| format!("-{inner}"));
    argument.split('|').map(|one| one.replace(['<', '>'], "")).collect()
}

/// Names of which one is meant.
fn choice(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", listed(others)),
        None => String::new(),
    }
}

/// Why a value is refused: the standard library's words for numbers are for programmers.
fn reason_of(reason: &str) -> String {
    match reason {
        "invalid digit found in string" | "cannot parse integer from empty string" => {
            "it is no whole number".to_owned()
        }
        "number too large to fit in target type" => "it is too large".to_owned(),
        "number too small to fit in target type" => "it is too small".to_owned(),
        other => {
            match other.strip_suffix(|_: char| false).unwrap_or(other).split_once(" is not in ") {
                Some((_, range)) => match range.split_once("..=") {
                    Some((least, most)) => format!("it has to be from {least} to {most}"),
                    None => escape(other),
                },
                None => escape(other),
            }
        }
    }
}
