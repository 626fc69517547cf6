//! What a real process is handed over: PINs in descriptors that stand somewhere in a file, and pipes
//! into which nobody writes.
#![cfg(target_os = "linux")]

use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A person's home, with a virtual key `work` whose PIN is `1234`.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        home.file("pin", "1234\n");
        home.succeeds("fidokey virtual create work");
        home.succeeds("fidokey --device virtual:work pin set --new-pin-file pin");
        home
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn file(&self, name: &str, content: &str) {
        fs::write(self.path(name), content).unwrap();
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("XDG_DATA_HOME", self.0.path()).env("HOME", self.0.path());
        command.current_dir(self.0.path()).stdin(Stdio::null());
        command
    }

    fn fidokey(&self, line: &str) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_fidokey"));
        command.args(line.split_whitespace());
        command
    }

    /// Lets a shell run a script, in which `fidokey` is the program.
    fn shell(&self, script: &str) -> Output {
        let program = env!("CARGO_BIN_EXE_fidokey");
        let script = format!("set -e; fidokey() {{ '{program}' \"$@\"; }}; {script}");
        self.command("bash").args(["-c", &script]).output().unwrap()
    }

    fn succeeds(&self, script: &str) -> String {
        let output = self.shell(script);
        assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn retries(&self) -> u64 {
        let status = self.succeeds("fidokey --device virtual:work pin status --json");
        let status: serde_json::Value = serde_json::from_str(&status).unwrap();
        status["retries_left"].as_u64().unwrap()
    }
}

#[test]
fn a_pin_is_the_line_at_which_its_descriptor_stands() {
    let home = Home::new();
    home.file("pins", "old9999\n1234\n5678\nno PIN\n");
    home.succeeds(
        "{ read -r old <&3
           fidokey --device virtual:work pin verify --pin-fd 3
           fidokey --device virtual:work pin change --pin-file pin --new-pin-fd 3
           read -r rest <&3
           [ \"$rest\" = 'no PIN' ]; } 3<pins",
    );
    home.succeeds("echo 5678 | fidokey --device virtual:work pin verify --pin-fd 0");
    home.succeeds("fidokey --device virtual:work pin verify --pin-file <(echo 5678)");
    assert_eq!(home.retries(), 8);
}

#[test]
fn a_pin_comes_through_a_socket() {
    let home = Home::new();
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    ours.write_all(b"1234\n").unwrap();
    let output = home
        .fidokey("--device virtual:work pin verify --pin-fd 0")
        .stdin(OwnedFd::from(theirs))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Ends the child whatever happens.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Looks until something is so.
fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(30), "in vain: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn status_of(process: u32, member: &str) -> String {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(member)).unwrap();
    line.trim_start_matches(':').trim().to_owned()
}

/// Waits until a process has all its signal handlers and sleeps for good.
fn wait_until_blocked(process: u32) {
    // The last signal that it has a handler for is SIGTERM, 15.
    wait_until("handlers", || {
        u64::from_str_radix(&status_of(process, "SigCgt"), 16).unwrap() & (1 << 14) != 0
    });
    let mut asleep = 0;
    wait_until("it is blocked", || {
        let state = status_of(process, "State");
        asleep = if state.starts_with('S') { asleep + 1 } else { 0 };
        // What has ended is told from its exit code.
        asleep > 20 || state.starts_with('Z')
    });
}

/// One Ctrl-C or request to end is enough, wherever something is waited for.
#[test]
fn one_signal_ends_a_read_that_is_blocked() {
    let home = Home::new();
    home.succeeds("mkfifo fifo");
    for (line, signal) in [
        ("--device virtual:work pin verify --pin-file -", Signal::INT),
        ("--device virtual:work pin verify --pin-file fifo", Signal::TERM),
        ("--device virtual:work register --options fifo", Signal::TERM),
        ("--device virtual:work register --options -", Signal::INT),
        ("rp serve --port 0 --state fifo", Signal::TERM),
        ("trace show fifo", Signal::INT),
        ("--device virtual:work register --rp a.example --user al --roots fifo", Signal::INT),
        ("metadata import fifo", Signal::TERM),
    ] {
        let mut child = home.fidokey(line);
        child.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = Ended(child.spawn().unwrap());
        wait_until_blocked(child.0.id());
        let process = Pid::from_child(&child.0);
        kill_process(process, signal).unwrap();
        let mut status = None;
        wait_until(line, || {
            status = child.0.try_wait().unwrap();
            status.is_some()
        });
        let stderr = std::io::read_to_string(child.0.stderr.take().unwrap()).unwrap();
        assert_eq!(status.unwrap().code(), Some(130), "{line}: {stderr}");
        assert!(stderr.contains("Error: Interrupted. Nothing was changed."), "{line}: {stderr}");
    }
    assert_eq!(home.retries(), 8);
}

/// A limit of 0 is overlooked where the kernel hands dumps to a program; 1 is not (core(5)).
#[test]
fn no_core_is_dumped() {
    let home = Home::new();
    let mut child = home.fidokey("--device virtual:work pin verify --pin-file -");
    let child = Ended(child.stdin(Stdio::piped()).spawn().unwrap());
    wait_until_blocked(child.0.id());
    let limits = fs::File::open(format!("/proc/{}/limits", child.0.id())).unwrap();
    let limit = BufReader::new(limits).lines().map(Result::unwrap);
    let limit = limit.into_iter().find(|line| line.starts_with("Max core file size")).unwrap();
    let words: Vec<&str> = limit.split_whitespace().collect();
    assert_eq!(words[4..], ["1", "1", "bytes"]);
}

/// Somebody else's pipe at the place that a secret is to go to gets nothing.
#[test]
fn a_secret_does_not_go_into_the_pipe_of_somebody_else() {
    const NOBODY: u32 = 65534;
    let home = Home::new();
    let register = "fidokey --device virtual:work register --rp a.example --user al --large-blob-key \
                    --resident --pin-file pin";
    home.succeeds("mkfifo theirs ours");
    let theirs = home.path("theirs");
    let through = format!("cat ours >got & {register} --secret-out ours; wait");
    home.succeeds(&through);
    assert!(fs::read_to_string(home.path("got")).unwrap().contains("large_blob_key"));
    home.succeeds(&format!("{register} --secret-out /dev/stderr"));
    if std::os::unix::fs::chown(&theirs, Some(NOBODY), None).is_err() {
        return crate::skipped::skip("somebody else's pipe", "only root can make one");
    }
    // Somebody listens, so that it can be opened.
    let listener = fs::OpenOptions::new().read(true).write(true).open(&theirs).unwrap();
    let output = home.shell(&format!("{register} --secret-out theirs"));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("somebody else's") && stderr.contains("Nothing was sent."), "{stderr}");
    drop(listener);
    assert!(is_empty(&theirs));
}

/// Whether nothing waits in a pipe.
fn is_empty(pipe: &Path) -> bool {
    use rustix::fs::{Mode, OFlags};
    let pipe = rustix::fs::open(pipe, OFlags::RDONLY | OFlags::NONBLOCK, Mode::empty()).unwrap();
    rustix::io::read(&pipe, &mut [0; 8]) == Ok(0)
}
