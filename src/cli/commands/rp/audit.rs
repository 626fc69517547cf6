//! `fidokey rp audit`.

use super::server::ServerArgs;
use crate::cli::app::App;
use crate::cli::commands::result_files::{check_files, given};
use crate::cli::error::CliError;
use crate::cli::error_words;
use crate::cli::exit::Exit;
use crate::cli::files::{read, write, write_secret};
use crate::output::audit::{AuditView, CasesView, MakerView};
use crate::output::text::{count, escape};
use crate::output::words;
use crate::relying_party::audit::{self, Audit, Case, Severity};
use crate::relying_party::forge::ForgeError;
use crate::relying_party::forge::certificate::Maker;
use clap::Args;
use std::path::PathBuf;
use zeroize::Zeroizing;

/// What an audit leaves behind.
const STAY: &str = "The accounts that the audit has made stay on the server.";

/// Finds out whether a relying party rejects what it must.
#[derive(Debug, Args)]
pub(super) struct AuditArgs {
    /// The address below which the server has /attestation/options and the other endpoints.
    #[arg(value_name = "URL", required_unless_present_any = ["list", "maker"])]
    pub url: Option<String>,
    /// Try only this case (can be repeated).
    #[arg(long = "case", value_name = "NAME")]
    pub cases: Vec<String>,
    /// Try only what a relying party must reject, and not what it should.
    #[arg(long)]
    pub must_only: bool,
    /// List the cases and what is wrong in each; nothing is sent.
    #[arg(long)]
    pub list: bool,
    /// Hold the server to accept only keys whose maker it knows; honest keys then show theirs.
    #[arg(long)]
    pub attestation_enforced: bool,
    /// Keep the forging maker of keys in this file, which is made if it is not there.
    ///
    /// Without an address its root certificate is printed, which the server is given to trust.
    #[arg(long, value_name = "FILE", conflicts_with = "list")]
    pub maker: Option<PathBuf>,
    /// How the server is reached.
    #[command(flatten)]
    pub server: ServerArgs,
    /// Say that you may test a server that is not on this computer.
    #[arg(long)]
    pub i_may_test_this: bool,
    /// Write the verdicts as JUnit XML too.
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
}

/// Audits a relying party.
///
/// # Errors
///
/// When the flags are wrong, the server gives no answer to an honest ceremony, or the person does
/// not confirm that they may test it.
pub(super) fn run(app: &mut App<'_>, args: &AuditArgs) -> Result<Exit, CliError> {
    let cases = chosen(args)?;
    if let (None, Some(_)) = (&args.url, &args.maker) {
        let maker = maker(app, args)?;
        let view = MakerView::of(&maker).map_err(|error| error_words::audit(&error.into()))?;
        app.print(&view, MakerView::text)?;
        app.ui.hint("Give it to the server that you test, as one of the roots that it trusts.");
        return Ok(Exit::Done);
    }
    let Some(url) = args.url.as_ref().filter(|_| !args.list) else {
        app.print(&CasesView::of(&cases), CasesView::text)?;
        return Ok(Exit::Done);
    };
    let server = args.server.server(app, url)?;
    check_files(app, given([("--maker", &args.maker)]), [("--junit", &args.junit)])?;
    let maker = maker(app, args)?;
    if !server.url.is_loopback() && !args.i_may_test_this {
        let host = escape(server.url.host());
        let lies = count(cases.len(), "forged response", "forged responses");
        app.confirm(&format!(
            "{host} is not this computer. An audit sends it {lies} and some hundred honest ones, \
             and leaves accounts there. Do that only to a server that you may test. May you?"
        ))
        .map_err(permission)?;
    }
    app.ui.status(&format!(
        "Auditing {} with {}.",
        escape(&server.url.to_string()),
        count(cases.len(), "lie", "lies")
    ));
    let audit = Audit {
        url: &server.url,
        origin: &server.origin,
        session: &server.settings,
        attestation_enforced: args.attestation_enforced,
        maker: &maker,
        cases: &cases,
        clock: app.clock.as_ref(),
        now: app.now,
    };
    let ui = &mut app.ui;
    let report = audit
        .run(app.random, &mut |step| {
            ui.progress(&format!("Lie {} of {}: {}", step.number, step.total, step.case.lie));
        })
        .map_err(|error| error_words::audit(&error))?;
    app.ui.end_line();
    let view = AuditView::of(&report);
    let written = args.junit.as_deref().map_or(Ok(()), |path| {
        let xml = view.junit().map_err(|error| CliError::defect(&error))?;
        write(path, xml.as_bytes())
    });
    app.print(&view, AuditView::text)?;
    written?;
    if report.interrupted {
        app.ui.status(&format!("Interrupted. {STAY}"));
        return Ok(Exit::Interrupted);
    }
    if args.attestation_enforced && !report.opening.is_accepted() {
        app.ui.hint(
            "Does the server trust the forging maker? `--maker FILE` without an address prints its \
             root certificate.",
        );
    }
    Ok(if report.is_passed() { Exit::Done } else { Exit::Rejected })
}

/// The forging maker of keys: a new one, or the one that is kept.
fn maker(app: &mut App<'_>, args: &AuditArgs) -> Result<Maker, CliError> {
    let kept = args.maker.as_deref().filter(|path| path.exists());
    if let Some(path) = kept {
        return Maker::from_pem(&Zeroizing::new(read(path, &app.interrupt)?)).map_err(|error| {
            let name = words::path(path);
            CliError::usage(format!("{name} cannot be used for `--maker`. Nothing was sent."))
                .cause(error.to_string())
                .hint("Name a file that `fidokey rp audit --maker FILE` made, or one that is not there.")
        });
    }
    let failed = |error: ForgeError| error_words::audit(&error.into());
    let maker = Maker::new(app.now, app.random).map_err(failed)?;
    if let Some(path) = &args.maker {
        write_secret(path, maker.to_pem().map_err(failed)?.as_bytes())?;
        let name = words::path(path);
        app.ui.status(&format!(
            "A forging maker was made, and is kept in {name}. Only a server that you test should trust \
             it: it takes forged keys then."
        ));
    }
    Ok(maker)
}

/// Says how a server elsewhere may be audited without a question.
fn permission(mut error: CliError) -> CliError {
    if error.kind == "confirmation_needed" {
        error.message = "Whether you may test this server has to be confirmed, and nobody can be \
                         asked. Nothing was sent."
            .to_owned();
        error.hints = vec!["Add `--i-may-test-this` if you may.".to_owned()];
    } else {
        error.message = error.message.replace("Nothing was changed.", "Nothing was sent.");
    }
    error
}

/// The cases that the flags ask for.
fn chosen(args: &AuditArgs) -> Result<Vec<&'static Case>, CliError> {
    let all: Vec<&'static Case> = audit::all().collect();
    if let Some(unknown) =
        args.cases.iter().find(|name| !all.iter().any(|case| case.id == name.as_str()))
    {
        let message = format!("There is no case \"{}\". Nothing was sent.", escape(unknown));
        return Err(CliError::usage(message).hint("`fidokey rp audit --list` shows the cases."));
    }
    let wanted = |case: &&'static Case| {
        let named = args.cases.is_empty() || args.cases.iter().any(|name| name == case.id);
        named && (!args.must_only || case.severity == Severity::Must)
    };
    let chosen: Vec<_> = all.into_iter().filter(wanted).collect();
    if chosen.is_empty() {
        let message =
            "`--must-only` leaves none of the cases that `--case` names. Nothing was sent.";
        return Err(CliError::usage(message).hint("Leave one of the two flags out."));
    }
    Ok(chosen)
}
