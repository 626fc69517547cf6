//! `fidokey metadata`.

use super::trust::{check, read_blob};
use crate::cli::app::App;
use crate::cli::error::CliError;
use crate::cli::error_words;
use crate::cli::exit::Exit;
use crate::cli::files::read_stream_up_to;
use crate::output::metadata::{ImportView, ModelsView, SummaryView};
use crate::output::text::escape;
use crate::output::words;
use crate::webauthn::metadata::entry::key_identifier;
use crate::webauthn::metadata::{Date, Entry, Kept, KeptError, blob};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Keeps and shows the FIDO metadata.
#[derive(Debug, Args)]
pub struct MetadataArgs {
    /// What to do.
    #[command(subcommand)]
    command: MetadataCommand,
}

#[derive(Debug, Subcommand)]
enum MetadataCommand {
    /// Check the metadata in a file and keep it.
    ///
    /// The file is what https://mds3.fidoalliance.org hands out. Its signature is checked once, now.
    /// From then on models are named by it, and `register` and `verify registration` use it.
    Import(ImportArgs),
    /// Show what is kept: all in short, or models.
    Show(ShowArgs),
}

/// Checks and keeps metadata.
#[derive(Debug, Args)]
struct ImportArgs {
    /// The file, or `-` for standard input.
    file: PathBuf,
    /// Believe the file's signature under the roots in this PEM file, in place of the FIDO service's
    /// root.
    #[arg(long, value_name = "PEM")]
    root: Option<PathBuf>,
    /// Keep it although a newer release was due.
    #[arg(long)]
    allow_stale: bool,
    /// Keep it although a release with a higher number is kept.
    #[arg(long)]
    allow_older: bool,
}

/// Shows metadata.
#[derive(Debug, Args)]
struct ShowArgs {
    /// An AAGUID, a part of a model's name, or the key identifier of a U2F model's attestation
    /// certificate.
    model: Option<String>,
    /// Show models with this status, such as `REVOKED` or `FIDO_CERTIFIED_L2`.
    #[arg(long, value_name = "STATUS")]
    status: Option<String>,
}

/// Keeps or shows metadata.
///
/// # Errors
///
/// When the file cannot be believed, or nothing fits.
pub fn run(app: &mut App<'_>, args: &MetadataArgs) -> Result<Exit, CliError> {
    match &args.command {
        MetadataCommand::Import(args) => import(app, args),
        MetadataCommand::Show(args) => show(app, args),
    }
}

fn import(app: &mut App<'_>, args: &ImportArgs) -> Result<Exit, CliError> {
    if app.metadata_file().is_none() {
        return Err(error_words::no_place_for_metadata());
    }
    let (bytes, name) = if args.file.as_os_str() == "-" {
        let longest = u64::try_from(blob::MAX_LENGTH).unwrap_or(u64::MAX);
        let name = "Standard input";
        let read = read_stream_up_to(app.read_stdin(), longest);
        (read.map_err(|cause| error_words::unreadable_input(name, &cause))?, name.to_owned())
    } else {
        (read_blob(&args.file, &app.interrupt)?, words::path(&args.file))
    };
    let now = app.now_in_seconds();
    let kept = check(&bytes, &name, args.root.as_deref(), "--root", now, &app.interrupt)?;
    let summary = kept.summary();
    if summary.is_due(now) && !args.allow_stale {
        let hint = "`--allow-stale` keeps it all the same; what was reported since is not known.";
        return Err(error_words::metadata_expired(summary.next_update, &name, hint));
    }
    // What cannot be read is replaced, and nothing is lost with it.
    let before = app.kept_metadata().map(|before| before.summary().number);
    if let Some(before) = before.filter(|before| summary.number < *before)
        && !args.allow_older
    {
        return Err(error_words::metadata_older(summary.number, before, &name));
    }
    app.keep_metadata(&kept)?;
    let view = ImportView::of(&kept, before, now);
    app.print(&view, ImportView::text)?;
    Ok(Exit::Done)
}

fn show(app: &mut App<'_>, args: &ShowArgs) -> Result<Exit, CliError> {
    let kept = app.needed_metadata()?.ok_or_else(error_words::no_metadata)?;
    let now = app.now_in_seconds();
    let summary = kept.summary();
    if summary.is_due(now) {
        app.ui.warning(&format!(
            "A newer release of the metadata was due on {}; what was reported since is not known.",
            summary.next_update
        ));
        app.ui.hint(
            "Download it from https://mds3.fidoalliance.org, then `fidokey metadata import FILE`.",
        );
    }
    if args.model.is_none() && args.status.is_none() {
        let all = kept.all().map_err(|error| app.damaged_metadata(error))?;
        let view = SummaryView::of(&kept, &all, now);
        app.print(&view, SummaryView::text)?;
        return Ok(Exit::Done);
    }
    let mut models = match args.model.as_deref() {
        Some(model) => find(&kept, model),
        None => kept.all(),
    }
    .map_err(|error| app.damaged_metadata(error))?;
    if let Some(status) = &args.status {
        models.retain(|entry| {
            entry.status_reports.iter().any(|report| report.status.eq_ignore_ascii_case(status))
        });
    }
    if models.is_empty() {
        let wanted: Vec<String> = args
            .model
            .iter()
            .map(|model| format!("\"{}\"", escape(model)))
            .chain(args.status.iter().map(|status| format!("the status {}", escape(status))))
            .collect();
        return Err(error_words::no_such_model(&wanted.join(" and "), summary.number));
    }
    let view = ModelsView::of(summary, &models, Date::of_moment(now));
    app.print(&view, ModelsView::text)?;
    Ok(Exit::Done)
}

/// Finds models by AAGUID, key identifier or name.
fn find(kept: &Kept, wanted: &str) -> Result<Vec<Entry>, KeptError> {
    if let Ok(aaguid) = wanted.parse() {
        return Ok(kept.by_aaguid(aaguid)?.into_iter().collect());
    }
    if let Some(identifier) = key_identifier(wanted) {
        return Ok(kept.by_key(&identifier)?.into_iter().collect());
    }
    kept.by_name(wanted)
}
