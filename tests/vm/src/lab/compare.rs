//! Holds what came out against what must: the wildcards, the difference for people, and the job file
//! rewritten with what came out.

use crate::job::{End, Job, Line, Outcome, Step};

/// How the lines of one outcome stand to those that were expected.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Pair {
    /// The pattern stands for the line.
    Kept(Line, Line),
    /// `...`, and the lines that it stands for.
    Any(Vec<Line>),
    /// Expected, and not there.
    Missing(Line),
    /// There, and not expected.
    Extra(Line),
}

/// What is wrong with a run, for people to read; `None` if it went as the job says.
pub(crate) fn difference(job: &Job, name: &str, played: &[Step]) -> Option<String> {
    let mut out = String::new();
    for (index, step) in job.steps.iter().enumerate() {
        let title = format!("{name}:{}: {}\n", step.line, step.text);
        let Some(actual) = played.get(index).filter(|actual| actual.text == step.text) else {
            out.push_str(&format!("{title}  was not played, nor was what follows\n"));
            break;
        };
        if let Some(failure) = &actual.recorded.failure {
            let lines = failure.lines().map(|line| format!("  {line}\n"));
            out.push_str(&format!("{title}{}", lines.collect::<String>()));
        }
        let lines = match (&step.recorded.outcome, &actual.recorded.outcome) {
            (Some(wanted), Some(found)) => outcome_difference(wanted, found),
            (None, Some(found)) => Some(listed('+', found)),
            (Some(wanted), None) if actual.recorded.failure.is_none() => Some(listed('-', wanted)),
            _ => None,
        };
        if let Some(lines) = lines {
            if actual.recorded.failure.is_none() {
                out.push_str(&title);
            }
            out.push_str(&lines);
        }
    }
    (!out.is_empty()).then_some(out)
}

/// Rewrites a job file with what came out; lines whose pattern still stands for what came out stay.
///
/// # Errors
/// The difference, if a step could not be played: then nothing can be learned from the run.
pub(crate) fn updated(
    job: &Job,
    name: &str,
    text: &str,
    played: &[Step],
) -> Result<String, String> {
    let whole = played.len() == job.steps.len()
        && played.iter().zip(&job.steps).all(|(found, wanted)| found.text == wanted.text)
        && played.iter().all(|step| step.recorded.failure.is_none());
    if !whole {
        return Err(difference(job, name, played).unwrap_or_default());
    }
    let lines: Vec<&str> = text.lines().collect();
    let mut out = String::new();
    let mut copied = 0;
    for (step, found) in job.steps.iter().zip(played) {
        for line in &lines[copied..step.line] {
            out.push_str(&format!("{line}\n"));
        }
        copied = step.line + step.recorded_lines;
        let Some(found) = &found.recorded.outcome else { continue };
        let wanted = step.recorded.outcome.as_ref().map_or(&[][..], |outcome| &outcome.lines);
        for pair in aligned(wanted, &found.lines) {
            match pair {
                Pair::Kept(line, _) | Pair::Extra(line) => out.push_str(&format!("{line}\n")),
                Pair::Any(_) => out.push_str("...\n"),
                Pair::Missing(_) => {}
            }
        }
        out.push_str(&format!("{}\n", found.end));
    }
    for line in &lines[copied..] {
        out.push_str(&format!("{line}\n"));
    }
    Ok(out)
}

fn listed(mark: char, outcome: &Outcome) -> String {
    let lines = outcome.lines.iter().map(|line| format!("{mark} {line}\n"));
    lines.chain([format!("{mark} {}\n", outcome.end)]).collect()
}

fn outcome_difference(wanted: &Outcome, found: &Outcome) -> Option<String> {
    let pairs = aligned(&wanted.lines, &found.lines);
    let same = pairs.iter().all(|pair| matches!(pair, Pair::Kept(..) | Pair::Any(_)));
    if same && wanted.end == found.end {
        return None;
    }
    let mut out = String::new();
    for pair in pairs {
        match pair {
            Pair::Kept(_, line) => out.push_str(&format!("  {line}\n")),
            Pair::Any(lines) => {
                lines.iter().for_each(|line| out.push_str(&format!("  {line}\n")));
            }
            Pair::Missing(line) => out.push_str(&format!("- {line}\n")),
            Pair::Extra(line) => out.push_str(&format!("+ {line}\n")),
        }
    }
    let ends = |mark: char, end: End| format!("{mark} {end}\n");
    if wanted.end == found.end {
        out.push_str(&ends(' ', found.end));
    } else {
        out.push_str(&ends('-', wanted.end));
        out.push_str(&ends('+', found.end));
    }
    Some(out)
}

/// Puts patterns and lines side by side so that as few as possible are missing or extra.
fn aligned(patterns: &[Line], lines: &[Line]) -> Vec<Pair> {
    // cost[i][j]: how many of patterns[i..] and lines[j..] are missing or extra at best.
    let mut cost = vec![vec![0_usize; lines.len() + 1]; patterns.len() + 1];
    for i in (0..=patterns.len()).rev() {
        for j in (0..=lines.len()).rev() {
            cost[i][j] = match (patterns.get(i), lines.get(j)) {
                (None, None) => 0,
                (None, Some(_)) => 1 + cost[i][j + 1],
                (Some(Line::Any), None) => cost[i + 1][j],
                (Some(Line::Any), Some(_)) => cost[i + 1][j].min(cost[i][j + 1]),
                (Some(_), None) => 1 + cost[i + 1][j],
                (Some(pattern), Some(line)) => {
                    let skipped = 1 + cost[i + 1][j].min(cost[i][j + 1]);
                    if stands_for(pattern, line) {
                        skipped.min(cost[i + 1][j + 1])
                    } else {
                        skipped
                    }
                }
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut pairs = Vec::new();
    while let (pattern, line) = (patterns.get(i), lines.get(j))
        && (pattern.is_some() || line.is_some())
    {
        match (pattern, line) {
            (Some(Line::Any), _) => {
                let from = j;
                while cost[i + 1][j] != cost[i][j] {
                    j += 1;
                }
                pairs.push(Pair::Any(lines[from..j].to_vec()));
                i += 1;
            }
            (Some(pattern), Some(line))
                if stands_for(pattern, line) && cost[i][j] == cost[i + 1][j + 1] =>
            {
                pairs.push(Pair::Kept(pattern.clone(), line.clone()));
                (i, j) = (i + 1, j + 1);
            }
            (Some(pattern), _) if cost[i][j] == 1 + cost[i + 1][j] => {
                pairs.push(Pair::Missing(pattern.clone()));
                i += 1;
            }
            (_, Some(line)) => {
                pairs.push(Pair::Extra(line.clone()));
                j += 1;
            }
            _ => break,
        }
    }
    pairs
}

/// Whether a pattern stands for a line: `[..]` in it stands for any text.
fn stands_for(pattern: &Line, line: &Line) -> bool {
    match (pattern, line) {
        (Line::Out(pattern), Line::Out(line)) | (Line::Err(pattern), Line::Err(line)) => {
            text_stands_for(pattern, line)
        }
        _ => false,
    }
}

fn text_stands_for(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split("[..]");
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests;
