//! The lean build (`--no-default-features`), which has no relying party.

use crate::harness::Desk;
use fidokey::cli::exit::Exit;

/// Documents tell of `rp`: who types it learns why it is not there.
#[test]
fn a_command_that_was_not_built_says_so() {
    let desk = Desk::empty();
    let mut text = String::new();
    for line in [
        "rp",
        "rp serve --port 0",
        "rp --help",
        "rp audit http://localhost:1 --json",
        "--json rp run http://localhost:1 --user a",
        "--quiet rp serve",
        "help rp",
    ] {
        let outcome = desk.run(line);
        outcome.ended(Exit::Usage);
        assert_eq!(outcome.stdout, "", "{outcome}");
        text.push_str(&format!("{outcome}\n"));
    }
    insta::assert_snapshot!(text);
    assert!(!desk.run("--help").stdout.contains("relying part"));
}
