//! SIGKILL at random moments: a lasting virtual key keeps its state, whatever moment it is.
#![cfg(unix)]

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

const KILLS: u32 = 200;
const PIN: &str = "right-pin";
const WRONG: &str = "wrong-pin";

/// A person's machine with one lasting virtual key.
struct Machine {
    home: tempfile::TempDir,
}

impl Machine {
    fn new() -> Self {
        let machine = Self { home: tempfile::tempdir().unwrap() };
        machine.file("pin", PIN);
        machine.file("wrong", WRONG);
        machine.done("virtual create work");
        machine.done("pin set --new-pin-file pin -d virtual:work");
        machine
    }

    fn file(&self, name: &str, content: &str) {
        std::fs::write(self.home.path().join(name), content).unwrap();
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fidokey"));
        command
            .args(line.split_whitespace())
            .current_dir(self.home.path())
            .env("XDG_DATA_HOME", self.home.path().join("data"))
            .env("HOME", self.home.path())
            .stdin(Stdio::null());
        command
    }

    fn done(&self, line: &str) -> Output {
        let output = self.command(line).output().unwrap();
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        output
    }

    fn json(&self, line: &str) -> serde_json::Value {
        serde_json::from_slice(&self.done(line).stdout).unwrap()
    }

    fn retries(&self) -> u64 {
        let status = self.json("pin status --json -d virtual:work");
        status["retries_left"].as_u64().unwrap_or_else(|| panic!("{status}"))
    }

    fn credentials(&self) -> String {
        self.json("credential list --json --pin-file pin --last-try -d virtual:work").to_string()
    }

    /// Starts a command, kills it after a while, and gives what it said and whether it was done.
    fn killed_after(&self, line: &str, while_: Duration) -> (String, bool) {
        let mut child =
            self.command(line).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(while_);
        child.kill().unwrap();
        let output = child.wait_with_output().unwrap();
        (String::from_utf8_lossy(&output.stdout).into_owned(), output.status.success())
    }
}

/// A command killed while it tries the right PIN may cost a try, too.
const RIGHT: &str = "pin verify --pin-file pin --last-try -d virtual:work";

/// Numbers that look random, the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) % limit
    }
}

/// How long the command takes on this machine now, in microseconds, at least one millisecond.
fn length_of(machine: &Machine, line: &str) -> u64 {
    let start = std::time::Instant::now();
    let _ = machine.command(line).output().unwrap();
    u64::try_from(start.elapsed().as_micros()).unwrap().max(1000)
}

#[test]
fn two_hundred_kills_leave_the_old_state_or_the_new_one() {
    let machine = Machine::new();
    let mut dice = Dice(11);
    let register = |user: u32| {
        format!(
            "register --rp example.com --user u{user} --resident --pin-file pin --json -d virtual:work"
        )
    };
    let wrong = "pin verify --pin-file wrong -d virtual:work";
    let register_length = length_of(&machine, &register(9999)) * 5 / 4;
    let wrong_length = length_of(&machine, wrong) * 5 / 4;
    machine.done(RIGHT);
    let (mut made, mut broken_off, mut spent) = (0, 0, 0);
    for round in 0..KILLS {
        if round % 2 == 0 {
            let while_ = Duration::from_micros(dice.below(register_length));
            let (said, _) = machine.killed_after(&register(round), while_);
            match serde_json::from_str::<serde_json::Value>(&said) {
                Ok(response) => {
                    made += 1;
                    let id = response["id"].as_str().unwrap();
                    assert!(machine.credentials().contains(id), "round {round}: {id} is gone");
                }
                Err(_) => broken_off += 1,
            }
        } else {
            let before = machine.retries();
            if before <= 2 {
                machine.done(RIGHT);
                continue;
            }
            let while_ = Duration::from_micros(dice.below(wrong_length));
            let (_, _) = machine.killed_after(wrong, while_);
            let after = machine.retries();
            assert!(after <= before, "round {round}: retries rose from {before} to {after}");
            assert!(after + 1 >= before, "round {round}: one wrong PIN took more than one try");
            spent += before - after;
        }
    }
    // A run in which every kill came before or after everything proves nothing.
    assert!(
        made > 0 && broken_off > 0 && spent > 0,
        "{made} made, {broken_off} not, {spent} spent"
    );
    let state = machine.home.path().join("data/fidokey/virtual-keys");
    assert!(Path::new(&state).is_dir());
}
