//! One target before libFuzzer: the one that the variable `FIDOKEY_FUZZ_TARGET` names. `tests/fuzz/run`
//! sets it.
#![no_main]

mod targets;

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use targets::Target;

static TARGET: LazyLock<&Target> = LazyLock::new(|| {
    let name = std::env::var("FIDOKEY_FUZZ_TARGET").unwrap_or_default();
    let names: Vec<&str> = targets::ALL.iter().map(|target| target.name).collect();
    let target = targets::ALL.iter().find(|target| target.name == name);
    let target = target.unwrap_or_else(|| {
        eprintln!("FIDOKEY_FUZZ_TARGET is one of: {}", names.join(" "));
        std::process::exit(2)
    });
    // Where libFuzzer begins.
    if let Ok(corpus) = std::env::var("FIDOKEY_FUZZ_CORPUS") {
        for (number, seed) in (target.seeds)().iter().enumerate() {
            std::fs::write(format!("{corpus}/seed-{number}"), seed).expect("the corpus is written");
        }
    }
    target
});

fuzz_target!(
    init: {
        let _ = LazyLock::force(&TARGET);
    },
    |bytes: &[u8]| (TARGET.run)(bytes)
);
