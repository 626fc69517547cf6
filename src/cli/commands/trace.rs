//! `fidokey trace`.

use crate::cli::app::App;
use crate::cli::error::CliError;
use crate::cli::error_words;
use crate::cli::exit::Exit;
use crate::cli::inlet::Inlet;
use crate::output::text::count;
use crate::output::trace::{TraceDocument, TraceText};
use crate::output::words;
use crate::trace::{ReadError, Reader};
use clap::{Args, Subcommand};
use std::io::{BufReader, Read};
use std::path::PathBuf;

/// The longest trace that becomes one JSON document, in bytes. All of it is in memory then.
const MOST_IN_ONE_DOCUMENT: u64 = 16 * 1024 * 1024;

/// Shows what a command said to a key.
#[derive(Debug, Args)]
pub struct TraceArgs {
    /// What to do.
    #[command(subcommand)]
    command: TraceCommand,
}

#[derive(Debug, Subcommand)]
enum TraceCommand {
    /// Show a trace: every message decoded, with its time, and a summary.
    ///
    /// Lines that are damaged are named and passed over. Long byte strings are cut; with --json they
    /// are whole.
    Show(ShowArgs),
}

/// Shows a trace.
#[derive(Debug, Args)]
struct ShowArgs {
    /// The file that --trace wrote, or `-` for standard input.
    file: PathBuf,
}

/// Shows a trace.
///
/// # Errors
///
/// When there is none, or it cannot be read.
pub fn run(app: &mut App<'_>, args: &TraceArgs) -> Result<Exit, CliError> {
    let TraceCommand::Show(ShowArgs { file }) = &args.command;
    if file.as_os_str() == "-" {
        let stdin = app.read_stdin();
        return show(app, stdin, "Standard input");
    }
    let name = words::path(file);
    let input = Inlet::open(file, &app.interrupt);
    let input =
        input.map_err(|error| error_words::trace_read(&ReadError::Refused(error), &name))?;
    show(app, input, &name)
}

/// Shows what `input` holds; `name` is what errors call it, at the start of a sentence.
fn show(app: &mut App<'_>, input: impl Read, name: &str) -> Result<Exit, CliError> {
    let failed = |error| error_words::trace_read(&error, name);
    let damaged = if app.global.json {
        let mut input = BufReader::new(input.take(MOST_IN_ONE_DOCUMENT));
        let mut reader = Reader::new(&mut input).map_err(failed)?;
        let mut document = TraceDocument::new(reader.header().clone());
        while let Some(line) = reader.next_line().map_err(|error| failed(error.into()))? {
            document.add(line);
        }
        if input.get_ref().limit() == 0 {
            return Err(too_long(name));
        }
        let document = document.finish();
        app.print(&document, |_| String::new())?;
        document.damaged_lines()
    } else {
        let mut reader = Reader::new(BufReader::new(input)).map_err(failed)?;
        let mut text = TraceText::new();
        app.print_raw(&TraceText::head(reader.header()))?;
        while app.ui.is_heard()
            && let Some(line) = reader.next_line().map_err(|error| failed(error.into()))?
        {
            app.print_raw(&text.add(line))?;
        }
        app.print_raw(&text.finish())?;
        text.damaged()
    };
    if damaged > 0 {
        let lines = count(damaged, "line", "lines");
        app.ui.warning(&format!("{lines} of the trace could not be read."));
    }
    Ok(Exit::Done)
}

fn too_long(name: &str) -> CliError {
    let message = format!("{name} is too long for one document.");
    CliError::new(Exit::Usage, "input_file", message)
        .cause(format!("it is longer than {MOST_IN_ONE_DOCUMENT} bytes"))
        .hint("Leave `--json` out, or read the file itself: each of its lines is JSON.")
}
