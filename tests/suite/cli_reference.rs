//! `docs/cli-reference.md`: the command line on one page, generated from the tree that parses it.

use clap::builder::StyledStr;
use clap::{Arg, Command, CommandFactory};
use fidokey::cli::args::Cli;
use std::fmt::Write;
use std::{env, fs};

const REFERENCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/cli-reference.md");

const HEAD: &str = "\
# The command line

Generated from the program by `UPDATE_GENERATED=1 cargo test cli_reference`: do not edit. The same
words are in `fidokey COMMAND --help` and `fidokey man COMMAND`.

";

#[test]
fn the_generated_file_is_current() {
    let current = rendered();
    if env::var_os("UPDATE_GENERATED").is_some() {
        fs::write(REFERENCE, &current).unwrap();
    }
    assert!(
        fs::read_to_string(REFERENCE).is_ok_and(|written| written == current),
        "docs/cli-reference.md is not what the program says: \
         run `UPDATE_GENERATED=1 cargo test cli_reference` and commit the result"
    );
}

#[test]
fn every_command_and_flag_is_explained() {
    let mut commands = vec![tree()];
    while let Some(command) = commands.pop() {
        let name = command.get_display_name().unwrap_or_default().to_owned();
        assert!(command.get_about().is_some(), "{name}");
        for argument in command.get_arguments() {
            assert!(argument.get_help().is_some(), "{name}: {}", argument.get_id());
        }
        commands.extend(command.get_subcommands().cloned());
    }
}

fn tree() -> Command {
    // A width that wraps nothing: the reader of the page does that.
    let mut root = Cli::command().disable_help_subcommand(true).term_width(0);
    root.build();
    root
}

fn rendered() -> String {
    let root = tree();
    let mut text = String::from(HEAD);
    let names = names(&root);
    for name in &names {
        let anchor = name.replace(' ', "-");
        writeln!(text, "- [`{name}`](#{anchor})").unwrap();
    }
    writeln!(text, "- [global options](#global-options)\n").unwrap();
    section(&root, &mut text);
    writeln!(text, "## Global options\n\nEvery command takes these, before or after its name.\n")
        .unwrap();
    root.get_arguments().filter(|it| it.is_global_set()).for_each(|it| argument(it, &mut text));
    format!("{}\n", text.trim_end())
}

/// The names of all commands as they are typed.
fn names(command: &Command) -> Vec<String> {
    let mut names = vec![typed(command)];
    names.extend(command.get_subcommands().flat_map(self::names));
    names
}

fn typed(command: &Command) -> String {
    command.get_bin_name().unwrap_or(command.get_name()).to_owned()
}

fn section(command: &Command, text: &mut String) {
    writeln!(text, "## {}\n", typed(command)).unwrap();
    let about = command.get_long_about().or(command.get_about()).map(StyledStr::to_string);
    writeln!(text, "{}\n", about.unwrap_or_default()).unwrap();
    let usage = command.clone().render_usage().to_string();
    writeln!(text, "```text\n{}\n```\n", usage.trim_start_matches("Usage: ").trim_end()).unwrap();
    let own =
        |it: &&Arg| !it.is_global_set() && !["help", "version"].contains(&it.get_id().as_str());
    command.get_positionals().filter(own).for_each(|it| argument(it, text));
    let flags = command.get_arguments().filter(|it| !it.is_positional()).filter(own);
    flags.for_each(|it| argument(it, text));
    if !text.ends_with("\n\n") {
        text.push('\n');
    }
    command.get_subcommands().for_each(|command| section(command, text));
}

/// One list item for an argument.
fn argument(argument: &Arg, text: &mut String) {
    let mut shape = argument.to_string();
    if let Some(short) = argument.get_short() {
        shape = format!("-{short}, {shape}");
    }
    let help = argument.get_long_help().or(argument.get_help()).map(StyledStr::to_string);
    let help = help.unwrap_or_default();
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    write!(text, "- `{shape}`: {}.", help.trim_end_matches('.')).unwrap();
    let values: Vec<String> = argument
        .get_possible_values()
        .iter()
        .filter(|value| !value.is_hide_set())
        .map(|value| match value.get_help() {
            Some(help) => format!("`{}` ({help})", value.get_name()),
            None => format!("`{}`", value.get_name()),
        })
        .collect();
    if !values.is_empty() && argument.get_action().takes_values() {
        write!(text, " One of {}.", values.join(", ")).unwrap();
    }
    let defaults = argument.get_default_values();
    if !defaults.is_empty() && argument.get_action().takes_values() {
        let defaults: Vec<_> = defaults.iter().map(|value| value.to_string_lossy()).collect();
        write!(text, " `{}` if absent.", defaults.join(" ")).unwrap();
    }
    text.push('\n');
}
