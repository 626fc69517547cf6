//! `fidokey man`.

use crate::cli::app::App;
use crate::cli::args::Cli;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::files::write;
use crate::output::text::{count, escape};
use crate::output::words;
use clap::{Args, Command, CommandFactory};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Prints or writes manual pages.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// The command to explain, such as `credential list` (fidokey itself if absent).
    #[arg(value_name = "COMMAND")]
    command: Vec<String>,
    /// Write the pages of all commands to this directory.
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    out: Option<PathBuf>,
}

#[derive(Debug, Serialize)]
struct PageView {
    name: String,
    page: String,
}

#[derive(Debug, Serialize)]
struct PagesView {
    directory: String,
    pages: Vec<String>,
}

/// Prints a page, or writes all.
///
/// # Errors
///
/// When there is no such command, or a page cannot be written.
pub fn run(app: &mut App<'_>, args: &ManArgs) -> Result<Exit, CliError> {
    let mut root = Cli::command().disable_help_subcommand(true);
    root.build();
    if let Some(directory) = &args.out {
        return write_all(app, &root, directory);
    }
    let mut command = &root;
    for name in &args.command {
        command = command.find_subcommand(name).ok_or_else(|| no_command(&args.command))?;
    }
    let view = PageView { name: page_of(command).get_filename(), page: render(command)? };
    app.print(&view, |view| view.page.clone())?;
    Ok(Exit::Done)
}

fn write_all(app: &mut App<'_>, root: &Command, directory: &Path) -> Result<Exit, CliError> {
    std::fs::create_dir_all(directory).map_err(|error| {
        let what = format!("{} cannot be made a directory.", words::path(directory));
        CliError::new(Exit::Failed, "output_file", what)
            .cause(error.to_string())
            .hint("Name a directory that you may write to with `--out`.")
    })?;
    let mut pages = Vec::new();
    let mut commands = vec![root];
    while let Some(command) = commands.pop() {
        commands.extend(command.get_subcommands());
        let name = page_of(command).get_filename();
        write(&directory.join(&name), render(command)?.as_bytes())?;
        pages.push(name);
    }
    pages.sort();
    let directory = directory.display().to_string();
    let written = count(pages.len(), "manual page", "manual pages");
    app.ui.status(&format!("Wrote {written} to {}.", escape(&directory)));
    app.print(&PagesView { directory, pages }, |_| String::new())?;
    Ok(Exit::Done)
}

fn page_of(command: &Command) -> Man {
    let version = concat!("fidokey ", env!("CARGO_PKG_VERSION"));
    Man::new(command.clone()).source(version).manual("fidokey")
}

/// A page in the order that manual pages have, with how the command is called in one line, and exit
/// codes.
fn render(command: &Command) -> Result<String, CliError> {
    let man = page_of(command);
    let mut page = Vec::new();
    let written = man
        .render_title(&mut page)
        .and_then(|()| man.render_name_section(&mut page))
        .and_then(|()| synopsis(command).to_writer(&mut page))
        .and_then(|()| man.render_description_section(&mut page))
        .and_then(|()| man.render_options_section(&mut page))
        .and_then(|()| match command.has_subcommands() {
            true => man.render_subcommands_section(&mut page),
            false => Ok(()),
        })
        .and_then(|()| exit_status().to_writer(&mut page))
        .and_then(|()| match command.get_after_help() {
            Some(_) => man.render_extra_section(&mut page),
            None => Ok(()),
        });
    written.map_err(|error| CliError::defect(&error))?;
    let page = String::from_utf8(page).map_err(|error| CliError::defect(&error))?;
    // Every part comes with the same preamble.
    let rest = page.strip_prefix(PREAMBLE).unwrap_or(&page).replace(PREAMBLE, "");
    Ok(format!("{PREAMBLE}{rest}"))
}

/// How roff writes an apostrophe, as the library says it before each part.
const PREAMBLE: &str = ".ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '\n";

/// How the command is called: clap_mangen would list every flag, each without its value.
fn synopsis(command: &Command) -> Roff {
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage:").trim();
    let end = usage.find(['[', '<', '-']).unwrap_or(usage.len());
    let (name, rest) = usage.split_at_checked(end).unwrap_or((usage, ""));
    let mut roff = Roff::new();
    roff.control("SH", ["SYNOPSIS"]);
    roff.text([bold(name.trim_end()), roman(" "), roman(rest)]);
    roff
}

fn exit_status() -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["EXIT STATUS"]);
    for (exit, meaning) in Exit::MEANINGS {
        roff.control("TP", ["6"]);
        roff.text([bold(exit.code().to_string())]);
        roff.text([roman(meaning)]);
    }
    roff
}

fn no_command(names: &[String]) -> CliError {
    CliError::usage(format!("There is no command `{}`.", escape(&names.join(" "))))
        .hint("`fidokey --help` lists the commands.")
}
