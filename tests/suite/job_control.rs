//! A PIN prompt in a shell on a pseudo-terminal, stopped and continued: what is typed at it is never shown, and the shell
//! shows what is typed at its own prompt.
#![cfg(target_os = "linux")]

use crate::skipped::skip;
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

const PIN: &str = "Wachtmeister-93";
const CTRL_Z: &str = "\x1a";

/// How long the shell and the program may take, on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(60);

/// A shell with job control, and a person before it.
struct Shell {
    child: Child,
    keyboard: File,
    screen: Receiver<Vec<u8>>,
    /// Everything that was shown.
    shown: String,
    /// What of it was looked at.
    read: usize,
}

impl Shell {
    fn start(home: &Path, line: &[&str]) -> Self {
        let keyboard = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&keyboard).unwrap();
        unlockpt(&keyboard).unwrap();
        let name = ptsname(&keyboard, Vec::new()).unwrap().into_string().unwrap();
        let terminal = || OpenOptions::new().read(true).write(true).open(&name).unwrap();
        let child = Command::new("setsid")
            .arg("--ctty")
            .args(line)
            .current_dir(home)
            .env("HOME", home)
            .env("XDG_DATA_HOME", home)
            .env("PS1", "shell> ")
            .env("TERM", "dumb")
            .env("FIDOKEY", env!("CARGO_BIN_EXE_fidokey"))
            .env_remove("ENV")
            .stdin(Stdio::from(terminal()))
            .stdout(Stdio::from(terminal()))
            .stderr(Stdio::from(terminal()))
            .spawn()
            .unwrap();
        let keyboard = File::from(keyboard);
        let mut output = keyboard.try_clone().unwrap();
        let (sender, screen) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(length @ 1..) = output.read(&mut bytes) {
                if sender.send(bytes[..length].to_vec()).is_err() {
                    return;
                }
            }
        });
        let mut shell = Self { child, keyboard, screen, shown: String::new(), read: 0 };
        shell.wait_for("shell> ");
        shell
    }

    fn types(&mut self, text: &str) {
        self.keyboard.write_all(text.as_bytes()).unwrap();
    }

    /// Waits until something new on the screen holds this.
    fn wait_for(&mut self, text: &str) {
        let begun = Instant::now();
        loop {
            if let Some(at) = self.shown[self.read..].find(text) {
                self.read += at + text.len();
                return;
            }
            let left = PATIENCE.saturating_sub(begun.elapsed());
            match self.screen.recv_timeout(left) {
                Ok(bytes) => self.shown.push_str(&String::from_utf8_lossy(&bytes)),
                Err(_) => panic!("{text:?} was not shown:\n{}", self.shown),
            }
        }
    }

    /// The process in the foreground.
    fn foreground(&self) -> Pid {
        let shell = self.child.id();
        let children = std::fs::read_to_string(format!("/proc/{shell}/task/{shell}/children"));
        let children = children.unwrap();
        Pid::from_raw(children.split_whitespace().last().unwrap().parse().unwrap()).unwrap()
    }

    /// The shell is usable: it shows what is typed.
    fn shows_what_is_typed(&mut self) {
        self.types("echo vis''ible\n");
        self.wait_for("echo vis''ible");
        self.wait_for("visible");
        self.wait_for("shell> ");
    }

    fn asks_for_the_pin(&mut self) {
        self.wait_for("PIN of ");
        self.wait_for(": ");
        // What is typed before the terminal was silent would be thrown away. A pseudo-terminal's other end
        // has its modes.
        let start = Instant::now();
        while tcgetattr(&self.keyboard).unwrap().local_modes.contains(LocalModes::ECHO) {
            assert!(start.elapsed() < Duration::from_secs(30), "it is not silent");
            std::thread::yield_now();
        }
    }

    /// Types the PIN, is believed, and finds that it was never shown, not even a part of it.
    fn gives_the_pin(&mut self) {
        self.types(&format!("{PIN}\n"));
        self.wait_for("is right");
        self.wait_for("shell> ");
        self.shows_what_is_typed();
        for part in [PIN, "Wacht", "meister", "-93"] {
            assert!(!self.shown.contains(part), "{part} was shown:\n{}", self.shown);
        }
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A person's home with a virtual key that has a PIN.
fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("pin"), PIN).unwrap();
    for line in ["virtual create work", "pin set --new-pin-file pin -d virtual:work"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fidokey"));
        command.args(line.split(' ')).current_dir(home.path()).stdin(Stdio::null());
        let output = command.env("HOME", home.path()).env("XDG_DATA_HOME", home.path()).output();
        assert!(output.unwrap().status.success(), "{line}");
    }
    home
}

/// The shells of this machine that know jobs, as command lines.
fn shells(test: &str) -> Vec<&'static [&'static str]> {
    let known: [&[&str]; 3] = [
        &["bash", "--norc", "--noprofile", "-i"],
        &["bash", "--norc", "--noprofile", "--noediting", "-i"],
        &["dash", "-i"],
    ];
    let there = |program: &str| {
        std::env::var_os("PATH").is_some_and(|path| {
            std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
        })
    };
    let found = |line: &&&'static [&'static str]| there(line[0]);
    let shells: Vec<_> = known.iter().filter(found).copied().collect();
    if shells.is_empty() || !there("setsid") {
        skip(test, "there is no shell, or no `setsid`");
        return Vec::new();
    }
    shells
}

const VERIFY: &str = "$FIDOKEY pin verify -d virtual:work\n";

#[test]
fn ctrl_z_at_a_pin_prompt_gives_the_shell_its_echo_and_fg_asks_again() {
    for line in shells("ctrl_z_at_a_pin_prompt") {
        let home = home();
        let mut shell = Shell::start(home.path(), line);
        shell.types(VERIFY);
        shell.asks_for_the_pin();
        for begun in ["", "Wacht"] {
            shell.types(begun);
            shell.types(CTRL_Z);
            shell.wait_for("shell> ");
            shell.shows_what_is_typed();
            shell.types("fg\n");
            shell.asks_for_the_pin();
        }
        shell.gives_the_pin();
    }
}

#[test]
fn a_pin_prompt_that_others_stop_and_continue_stays_silent_and_asks_again() {
    for line in shells("a_pin_prompt_that_others_stop") {
        for signal in [Signal::STOP, Signal::TSTP] {
            let home = home();
            let mut shell = Shell::start(home.path(), line);
            shell.types(VERIFY);
            shell.asks_for_the_pin();
            kill_process(shell.foreground(), signal).unwrap();
            shell.wait_for("shell> ");
            shell.types("fg\n");
            shell.asks_for_the_pin();
            shell.gives_the_pin();
        }
    }
}
