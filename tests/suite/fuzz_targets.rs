//! The targets of `tests/fuzz`, each on its seeds and on a few mutations of them: a target that does
//! not compile, or a parser that falls at once, is noticed here.

#[path = "../fuzz/src/targets/mod.rs"]
pub mod targets;

use crate::verify_mutations::{Dice, damage};
use std::panic::catch_unwind;
use std::time::{Duration, Instant};

/// How long each target is played with mutations.
const TIME: Duration = Duration::from_millis(400);
/// The most mutations of one target.
const CASES: usize = 2000;

#[test]
fn no_target_fails_on_seeds_and_their_mutations() {
    for target in targets::ALL {
        let seeds = (target.seeds)();
        assert!(!seeds.is_empty(), "{} has no seeds", target.name);
        for seed in &seeds {
            play(target, seed);
        }
        let mut dice = Dice(0x5eed_0002);
        let begin = Instant::now();
        for _ in 0..CASES {
            let mut bytes = seeds[dice.below(seeds.len())].clone();
            damage(&mut bytes, &mut dice);
            play(target, &bytes);
            if begin.elapsed() > TIME {
                break;
            }
        }
    }
}

fn play(target: &targets::Target, bytes: &[u8]) {
    let input = bytes.to_vec();
    if catch_unwind(move || (target.run)(&input)).is_err() {
        panic!("the target {} fails on {}", target.name, bytes.escape_ascii());
    }
}
