//! Errors of remote relying parties, in words.

use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::output::text::escape;
use crate::relying_party::audit::AuditError;
use crate::relying_party::forge::ForgeError;
use crate::relying_party::remote::RemoteError;

/// What is done about a server that does not answer as it should.
const RUNNING: &str = "See that the address is right, and that the server runs.";

/// What is done about a path that leads nowhere.
const ADDRESS: &str = "Give the address below which the server has `/attestation/options`.";

/// What is done about a no before anything was tried.
const ACCOUNT: &str = "See that the account is one that the server knows or would make.";

/// What is done about a server that is not as it should be.
const MEND: &str = "This is for whoever runs the server to mend.";

/// Whether the server, or what stands before it, failed.
fn is_failure(status: u16) -> bool {
    status >= 500
}

/// Explains why a request to a relying party came to nothing; `after` says what is so all the same.
pub fn remote(error: &RemoteError, after: &str) -> CliError {
    let failed =
        |kind, message: String| CliError::new(Exit::Failed, kind, format!("{message} {after}"));
    match error {
        RemoteError::Unreachable { url, reason } => {
            failed("server_unreachable", format!("{} cannot be reached.", escape(url)))
                .cause(escape(reason))
                .hint(RUNNING)
        }
        RemoteError::Tls { url, reason } => failed(
            "server_not_trusted",
            format!("{} cannot be trusted to be what it claims.", escape(url)),
        )
        .cause(escape(reason))
        .hint("If its certificate comes from a private root, give that root with `--ca FILE`."),
        RemoteError::TimedOut { url, after: time } => failed(
            "server_timeout",
            format!("{} did not answer within {} s.", escape(url), time.as_secs()),
        )
        .hint(RUNNING),
        RemoteError::Interrupted => {
            CliError::new(Exit::Interrupted, "interrupted", format!("Interrupted. {after}"))
        }
        RemoteError::Redirected { url, target } => {
            let explained = failed(
                "server_redirects",
                format!("{} points elsewhere, which is not followed.", escape(url)),
            );
            match target {
                Some(target) => explained
                    .cause(format!("it points to {}", escape(target)))
                    .hint("Give the address that it points to, if that is the one you mean."),
                None => explained.hint(RUNNING),
            }
        }
        RemoteError::TooLong { url, limit } => failed(
            "server_answer_too_long",
            format!(
                "{} sent more than {limit} bytes, and was not listened to further.",
                escape(url)
            ),
        )
        .hint(RUNNING),
        RemoteError::NotJson { url, status, content_type } => {
            let kind = content_type.as_deref().map_or("something", |kind| kind);
            let explained =
                failed("server_not_json", format!("{} did not answer in JSON.", escape(url)))
                    .cause(format!("it sent {} with HTTP status {status}", escape(kind)));
            explained.hint(if is_failure(*status) { MEND } else { ADDRESS })
        }
        RemoteError::BrokenJson { url, status: _, problem } => failed(
            "server_broken_json",
            format!("{} sent an answer that cannot be read.", escape(url)),
        )
        .cause(escape(problem))
        .hint(MEND),
        RemoteError::Unclear { url, status } => {
            failed("server_unclear", format!("{} said neither yes nor no.", escape(url)))
                .cause(format!(
                    "its answer, with HTTP status {status}, has neither `status` nor `verified`"
                ))
                .hint(MEND)
        }
        RemoteError::TooManyRequests { url } => failed(
            "server_busy",
            format!("{} asks for fewer requests than were sent.", escape(url)),
        )
        .hint("Wait some minutes, and run the command again."),
        RemoteError::Refused { url, status, message } => {
            let explained = if is_failure(*status) {
                failed("server_failed", format!("{} failed.", escape(url)))
            } else {
                failed("server_refused", format!("{} said no.", escape(url)))
            };
            let explained = match message {
                Some(message) => explained.cause(format!("it says: {}", escape(message))),
                None => explained.cause(format!("it answered with HTTP status {status}")),
            };
            match status {
                500.. => explained.hint(MEND),
                // There is nothing at this path, or there is no such account.
                404 => explained.hint(ADDRESS).hint(ACCOUNT),
                405 => explained.hint(ADDRESS),
                _ => explained.hint(ACCOUNT),
            }
        }
        RemoteError::Options { url, source } => {
            failed("server_options", format!("{} sent options that cannot be used.", escape(url)))
                .cause(escape(&source.to_string()))
                .hint(MEND)
        }
    }
}

/// Explains why an audit has nothing to report.
pub fn audit(error: &AuditError) -> CliError {
    match error {
        AuditError::Remote(RemoteError::Interrupted) => CliError::new(
            Exit::Interrupted,
            "interrupted",
            "Interrupted. The accounts that the audit has made stay on the server.",
        ),
        AuditError::Remote(error) => remote(error, "Nothing was audited."),
        AuditError::Forge(ForgeError::Random(error)) => super::random(&error.0).after_changes(),
        AuditError::Forge(error @ (ForgeError::Algorithm(_) | ForgeError::Certificate(_))) => {
            CliError::defect(error)
        }
    }
}
