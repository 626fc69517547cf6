//! Credential management beside other programs, and broken off.

use crate::harness::{Reaction, Stocked, manages};

/// Breaks off the first enumerations of one kind as another program's command does.
fn breaking(stocked: &Stocked, next: u8, mut times: usize) {
    stocked.desk.faults.requests(move |request: &[u8]| {
        if manages(request, next) && times > 0 {
            times -= 1;
            Reaction::Answer(vec![0x30])
        } else {
            Reaction::Forward
        }
    });
}

#[test]
fn a_broken_enumeration_is_begun_again() {
    let stocked = Stocked::usual();
    let reference = stocked.run("credential list").stdout;
    for next in [3, 5] {
        for times in [1, 2] {
            breaking(&stocked, next, times);
            assert_eq!(stocked.run("credential list").stdout, reference);
        }
    }
    breaking(&stocked, 3, 3);
    stocked.desk.record.take();
    insta::assert_snapshot!(stocked.run("credential list"));
    let begun = stocked.desk.record.take().iter().filter(|name| *name == "0a/02").count();
    assert_eq!(begun, 3);
}

#[test]
fn a_token_that_another_program_made_void_is_had_again() {
    let stocked = Stocked::usual();
    let reference = stocked.run("credential list").stdout;
    for subcommand in [2, 4] {
        let mut refused = false;
        stocked.desk.faults.requests(move |request: &[u8]| {
            let now = manages(request, subcommand) && !refused;
            refused |= now;
            if now { Reaction::Answer(vec![0x33]) } else { Reaction::Forward }
        });
        stocked.desk.record.take();
        assert_eq!(stocked.run("credential list").stdout, reference);
        // One more token and one more try, and no more retries read.
        assert_eq!(stocked.desk.record.take().len(), 6 + 3 + 5 + 2);
    }
    // One that is never taken is not a wrong PIN.
    stocked.answering(2, &[0x33]);
    insta::assert_snapshot!(stocked.run("credential list"));
}

#[test]
fn a_credential_that_is_gone_meanwhile_is_left_out() {
    let stocked = Stocked::usual();
    let mut first = true;
    stocked.desk.faults.requests(move |request: &[u8]| {
        if manages(request, 4) && std::mem::replace(&mut first, false) {
            Reaction::Answer(vec![0x2e])
        } else {
            Reaction::Forward
        }
    });
    insta::assert_snapshot!(stocked.run("credential list"));
}

#[test]
fn a_key_that_does_not_know_a_listed_credential_says_so() {
    let stocked = Stocked::usual();
    let id = stocked.short("bob");
    stocked.answering(6, &[0x2e]);
    let deleted = stocked.run(&format!("credential delete --yes {id}"));
    stocked.answering(7, &[0x2e]);
    let renamed = stocked.run(&format!("credential rename {id} --name bo"));
    insta::assert_snapshot!(format!("{deleted}\n{renamed}"));
}

#[test]
fn ctrl_c_between_two_messages_ends_a_listing() {
    let stocked = Stocked::usual();
    let interrupt = stocked.desk.interrupt.clone();
    stocked.desk.faults.replies(move |request, reply| {
        if manages(request, 3) {
            interrupt.lock().unwrap().request();
        }
        reply
    });
    let outcome = stocked.run("credential list");
    stocked.desk.faults.mend();
    stocked.desk.record.take();
    insta::assert_snapshot!(outcome);
    assert_eq!(stocked.list().len(), 5, "the key is usable");
}
