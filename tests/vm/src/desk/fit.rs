//! Which jobs can be played with a key that somebody has in their hand: those that need one key, one
//! user, and nothing that only a machine of their own or a key in software can give.

use super::at_hand::AtHand;
use crate::job::{Act, Condition, Job, Line, Step};

/// Why a job cannot be played with any key at hand, if so.
pub(super) fn unfit(job: &Job) -> Option<&'static str> {
    if job.keys.len() != 1 {
        return Some("it is not about one key");
    }
    if job.keys.iter().any(|key| key.firmware.program().is_none()) {
        return Some("its key is no real one");
    }
    if !job.with.is_empty() || !job.bring.is_empty() {
        return Some("it needs programs of the lab");
    }
    if !job.without.is_empty() {
        return Some("its machine lacks something");
    }
    let acts = job.steps.iter().map(|step| &step.act);
    let nexts = acts.clone().skip(1).map(Some).chain([None]);
    acts.zip(nexts).find_map(|(act, next)| unplayable(act, next))
}

fn unplayable(act: &Act, next: Option<&Act>) -> Option<&'static str> {
    match act {
        Act::Run(command) | Act::Start(_, command) if command.as_root => Some("it needs root"),
        Act::Run(command) | Act::Start(_, command) if command.line.contains("/lab/") => {
            Some("it needs programs of the lab")
        }
        Act::Seat(None) | Act::As(_) => Some("it is about other users of the machine"),
        Act::Cut(..) => Some("no key loses its power at a certain report"),
        Act::Count(_) => Some("nobody counts the reports of a real key"),
        Act::Finger(..) => Some("it needs fingerprints"),
        // What the key waits for is seen on the terminal only.
        Act::Await(_, Condition::Touch) => match next {
            Some(Act::Expect(_, text)) if text.contains("Touch") => None,
            _ => Some("nobody sees what a real key waits for"),
        },
        _ => None,
    }
}

/// Why a job cannot be played with this very key, if so.
pub(super) fn unfit_for(job: &Job, key: &AtHand) -> Option<&'static str> {
    let has_serial = job.keys.iter().any(|key| key.serial.is_some());
    if job.steps.iter().any(depends_on_serial) && has_serial != key.serial.is_some() {
        return Some(if has_serial {
            "it is about a key with a serial number"
        } else {
            "it is about a key without a serial number"
        });
    }
    unfit(job)
}

/// Whether a step goes otherwise on a key with a serial number: one without is asked for again after it
/// was unplugged, and named by its path.
fn depends_on_serial(step: &Step) -> bool {
    let resets = match &step.act {
        Act::Run(command) | Act::Start(_, command) => command.line.contains("fidokey reset"),
        _ => false,
    };
    let names_it = |line: &Line| match line {
        Line::Out(text) | Line::Err(text) => text.contains("`--device /dev"),
        Line::Any => false,
    };
    let outcome = step.recorded.outcome.iter();
    resets || outcome.flat_map(|outcome| &outcome.lines).any(names_it)
}

/// Whether a job uses `fidokey` before its key is plugged in.
pub(super) fn begins_without_key(job: &Job) -> bool {
    let mut first =
        job.steps.iter().map(|step| &step.act).take_while(|act| !matches!(act, Act::Plug(_)));
    first.any(|act| match act {
        Act::Run(command) | Act::Start(_, command) => command.line.contains("fidokey"),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(steps: &str) -> Job {
        Job::parse(&format!("key work opensk uhid serial=A1\n{steps}\n")).unwrap()
    }

    fn key(serial: Option<&str>) -> AtHand {
        AtHand::example("Key", serial)
    }

    #[test]
    fn a_job_with_one_key_and_one_user_is_fit() {
        let job = job("> seat pat\n> plug work\n$ fidokey list\n> replug work");
        assert_eq!(unfit(&job), None);
        assert_eq!(unfit_for(&job, &key(None)), None);
    }

    #[test]
    fn what_only_a_simulated_key_can_is_not() {
        for steps in ["> cut work after 3", "> count work", "> seat nobody", "$# ls"] {
            assert!(unfit(&job(steps)).is_some(), "{steps}");
        }
        let touch = "$ fidokey select &it\n> await work touch\n";
        assert!(unfit(&job(&format!("{touch}$ fidokey list"))).is_some());
        assert_eq!(unfit(&job(&format!("{touch}> expect it \"Touch\""))), None);
    }

    #[test]
    fn a_job_may_begin_without_a_key() {
        assert!(begins_without_key(&job("$ fidokey list --wait &it\n> plug work")));
        assert!(!begins_without_key(&job("$ echo 4711 > pin\n> plug work\n$ fidokey list")));
    }

    #[test]
    fn a_reset_depends_on_the_serial_number() {
        let job = job("> plug work\n$ fidokey reset --yes");
        assert_eq!(unfit_for(&job, &key(Some("1"))), None);
        assert_eq!(unfit_for(&job, &key(None)), Some("it is about a key with a serial number"));
    }
}
