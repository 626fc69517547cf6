//! What counts as the same, what a difference looks like, and what an update keeps.

use crate::job::steps;

use super::*;

const JOB: &str = "\
# Lists a key.
key work opensk uhid

> plug work
$ fidokey list
path  [..]
...
last
! note: [..] keys
[0]

# And once more.
$ fidokey info
";

fn run(record: &str) -> (Job, Vec<Step>) {
    (Job::parse(JOB).unwrap(), steps(record, 0).unwrap())
}

#[test]
fn parts_of_a_line_stand_for_any_text() {
    for (pattern, text, same) in [
        ("abc", "abc", true),
        ("abc", "abcd", false),
        ("a[..]c", "ac", true),
        ("a[..]c", "abbc", true),
        ("a[..]c", "abbcd", false),
        ("[..]", "", true),
        ("a[..]b[..]c", "a--b--c", true),
        ("a[..]b[..]c", "a--c", false),
        ("a[..]bc", "abc bc", true),
        ("ab[..]b", "ab", false),
        ("[..] b[..]", "a b", true),
    ] {
        assert_eq!(text_stands_for(pattern, text), same, "{pattern} and {text}");
    }
}

#[test]
fn a_run_that_fits_the_patterns_has_no_difference() {
    let (job, played) = run("\
> plug work
$ fidokey list
path  /dev/hidraw0
one
last
last
! note: 2 keys
[0]
$ fidokey info
[0]
");
    let said = difference(&job, "list.job", &played).unwrap();
    assert_eq!(said, "list.job:13: $ fidokey info\n+ [0]\n", "only what was never written down");
    let text = updated(&job, "list.job", JOB, &played).unwrap();
    assert_eq!(text, format!("{JOB}[0]\n"));
    assert_eq!(difference(&Job::parse(&text).unwrap(), "list.job", &played), None);
}

#[test]
fn a_difference_shows_the_lines_that_are_missing_and_extra() {
    let (job, played) = run("\
> plug work
$ fidokey list
path  /dev/hidraw0
end
! warning: slow
! note: 2 keys
[3]
$ fidokey info
[0]
");
    let said = difference(&job, "list.job", &played).unwrap();
    let list = "\
list.job:5: $ fidokey list
  path  /dev/hidraw0
  end
- last
  ! warning: slow
  ! note: 2 keys
- [0]
+ [3]
";
    let list =
        list.replace("  end\n- last\n  ! warning: slow\n", "  end\n  ! warning: slow\n- last\n");
    assert_eq!(
        said.split_inclusive("list.job:13").next().unwrap().trim_end_matches("list.job:13"),
        list
    );
    let text = updated(&job, "list.job", JOB, &played).unwrap();
    assert!(
        text.contains("path  [..]\n...\n! note: [..] keys\n[3]\n\n# And once more.\n"),
        "{text}"
    );
}

#[test]
fn what_could_not_be_played_is_said_and_nothing_is_learned_from_it() {
    let (job, played) = run("> plug work\n!! no node\n!! appeared\n");
    let said = difference(&job, "list.job", &played).unwrap();
    let wanted = "\
list.job:4: > plug work
  no node
  appeared
list.job:5: $ fidokey list
  was not played, nor was what follows
";
    assert_eq!(said, wanted);
    assert_eq!(updated(&job, "list.job", JOB, &played), Err(said));
}
