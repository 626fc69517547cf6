//! Mutated traffic: what a key said in real conversations, changed and said again, through channel,
//! decoder, ceremony and view.
//!
//! Conversations of every command with the virtual key are recorded as packets. A case replays one
//! of them with a change in one reply: in a packet, in the bytes of a message, or in the tree of its
//! CBOR. The program's randomness is the same in every replay, so everything before the change is
//! accepted, PIN tokens included, and the change arrives where it was aimed at.
//!
//! The suite runs a few thousand cases. A million:
//!
//! ```sh
//! FIDOKEY_MUTATIONS=1000000 cargo test --release --test suite mutations -- --nocapture
//! ```

mod change;
mod record;
mod replay;
mod run;

use crate::harness::{Ran, time_on_processor};
use change::{Dice, mutate};
use fidokey::cli::exit::Exit;
use record::record;
use replay::replay;
use std::collections::BTreeMap;
use std::time::Duration;

/// The most that one case may take, on the processor: how busy the machine is does not matter.
const MOST_TIME: Duration = Duration::from_secs(5);
/// The most that one case may have in memory at once, in bytes.
const MOST_MEMORY: u64 = 16 * 1024 * 1024;

/// How far a case came, by how it ended.
fn layer(ran: &Ran, line: &str) -> &'static str {
    let words = String::from_utf8_lossy(&ran.stderr);
    let kind = serde_json::from_str::<serde_json::Value>(&words)
        .ok()
        .and_then(|error| error["error"]["kind"].as_str().map(str::to_owned));
    match (ran.exit, kind.as_deref()) {
        (Exit::Done, _) => "view, unharmed",
        (Exit::Rejected, _) => "view, rejected by verification",
        (_, Some("no_answer" | "busy" | "connection" | "unplugged")) => "channel",
        (_, Some("malformed_reply")) => "decoder",
        (_, Some(_)) => "ceremony",
        (exit, None) => panic!("{line}: exit {exit:?} without one JSON error: {words}"),
    }
}

#[test]
fn mutated_replies_are_survived() {
    let cases: usize = std::env::var("FIDOKEY_MUTATIONS")
        .map_or(3000, |text| text.parse().expect("FIDOKEY_MUTATIONS is a number"));
    let home = tempfile::tempdir().unwrap();
    let mut jobs = record(home.path());
    for job in &mut jobs {
        // Errors as JSON, so that each can be told by its kind.
        if !job.line.contains("--json") {
            job.line.push_str(" --json");
        }
        if let Some((before, after)) = job.line.clone().split_once(" -- ") {
            job.line = format!("{before} --json -- {}", after.trim_end_matches(" --json"));
        }
        // The replay itself works: unchanged, everything ends as it did.
        let ran = replay(job, job.conversation.turns.clone().into());
        let words = String::from_utf8_lossy(&ran.stderr);
        assert_eq!(ran.exit, Exit::Done, "{}: {words}", job.line);
    }
    let mut dice = Dice(0x5eed);
    let mut reached: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut slowest, mut largest) = (Duration::ZERO, 0);
    for case in 0..cases {
        let job = &jobs[dice.below(jobs.len())];
        let mut turns = job.conversation.turns.clone();
        let at = dice.below(turns.len());
        mutate(&mut turns[at], &mut dice);
        let start = time_on_processor();
        let mut ran = None;
        let memory = allocation_counter::measure(|| ran = Some(replay(job, turns.into())));
        let (ran, taken) = (ran.unwrap(), time_on_processor() - start);
        assert!(taken < MOST_TIME, "case {case} of {} took {taken:?}", job.line);
        assert!(
            memory.bytes_max < MOST_MEMORY,
            "case {case} of {} had {} bytes in memory",
            job.line,
            memory.bytes_max
        );
        (slowest, largest) = (slowest.max(taken), largest.max(memory.bytes_max));
        for text in [&ran.stdout, &ran.stderr] {
            assert!(!text.contains(&0x1b), "case {case} of {} lets an escape through", job.line);
            assert!(std::str::from_utf8(text).is_ok());
        }
        assert_ne!(ran.exit, Exit::Defect, "case {case} of {}", job.line);
        *reached.entry(layer(&ran, &job.line)).or_default() += 1;
    }
    println!("{cases} cases over {} conversations", jobs.len());
    for (layer, count) in &reached {
        println!("{:5.1} %  {layer}", 100.0 * *count as f64 / cases as f64);
    }
    println!("slowest {slowest:?}, most memory {largest} bytes");
    // A run that dies at the first byte proves nothing.
    for layer in ["channel", "decoder", "ceremony", "view, unharmed"] {
        let count = reached.get(layer).copied().unwrap_or_default();
        assert!(count * 100 >= cases * 2, "only {count} of {cases} cases reached: {layer}");
    }
}
