//! What people see of a run: a line for each job, the difference of those that failed, a total.

use std::time::Duration;

/// How one job went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// As its file says.
    Passed,
    /// Its file was rewritten with what came out.
    Updated,
    /// Not as its file says, or not to its end; what is wrong, and where to look.
    Failed(String),
}

impl Verdict {
    /// What is wrong; nothing if nothing is.
    pub(super) fn details(&self) -> String {
        match self {
            Verdict::Passed | Verdict::Updated => String::new(),
            Verdict::Failed(details) => details.clone(),
        }
    }
}

/// The line for one job, and what is wrong with it.
pub(crate) fn of_job(name: &str, verdict: &Verdict, took: Duration) -> String {
    let word = match verdict {
        Verdict::Passed => "ok",
        Verdict::Updated => "updated",
        Verdict::Failed(_) => "FAILED",
    };
    let details: String = verdict.details().lines().map(|line| format!("    {line}\n")).collect();
    format!("{word:<8}{name:<40}{:>6.1} s\n{details}", took.as_secs_f64())
}

/// The last line.
pub(crate) fn total(verdicts: &[Verdict], took: Duration) -> String {
    let failed = verdicts.iter().filter(|v| matches!(v, Verdict::Failed(_))).count();
    let passed = verdicts.len() - failed;
    format!("jobs: {passed} passed, {failed} failed in {:.0} s", took.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_job_shows_what_is_wrong_below_its_line() {
        let failed = Verdict::Failed("a\nb\n".to_owned());
        let said = of_job("list", &failed, Duration::from_millis(4321));
        assert_eq!(said, format!("FAILED  list{}   4.3 s\n    a\n    b\n", " ".repeat(36)));
        let total = total(&[Verdict::Passed, Verdict::Updated, failed], Duration::from_secs(9));
        assert_eq!(total, "jobs: 2 passed, 1 failed in 9 s");
    }
}
