//! The time that this thread had on a processor.

use std::fs;
use std::time::Duration;

/// How long this thread has run: a bound on it holds however busy the machine is, and does not see
/// waits, which the tests' clock has none of. Where the kernel does not tell, no time passes.
pub fn time_on_processor() -> Duration {
    let told = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = told.split_whitespace().next().and_then(|number| number.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or_default())
}

#[test]
#[cfg(target_os = "linux")]
fn work_takes_time_on_the_processor() {
    let start = time_on_processor();
    let mut number = 1_u64;
    // As many rounds as it takes; the harness ends a run that never does.
    while time_on_processor() == start {
        number = std::hint::black_box(number.wrapping_mul(3));
    }
    assert!(number != 0);
}
