//! PIN, PIN token and derived secrets are not found in the program's memory after use.
//!
//! The program runs in a process of its own, against a key in this one: what the firmware
//! remembers is none of its business. Its memory is read while it waits at the end.
#![cfg(target_os = "linux")]

use crate::harness::{Desk, Ran, Surrounded};
use fidokey::cli::terminal::{Terminal, UnixTerminal};
use fidokey::ctap::{Random, RandomError};
use fidokey::transport::{
    Bus, BusError, Clock, Connection, ConnectionError, Interrupt, KeyDescription, KeyPath,
    OpenError, ReportSizes,
};
use fidokey::virtual_key::{
    KeySettings, MonotonicClock, Nobody, Randomness, RandomnessError, SeededRandomness,
    Surroundings, Touch, VirtualKey,
};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Long and unlike anything else, so that it is not found by chance.
const PIN: &str = "Vq7#mZt!93-kL0w$Xe2";

/// Where the child finds the key, the end signal and its command line.
const SOCKET: &str = "FIDOKEY_TEST_SOCKET";
const LINE: &str = "FIDOKEY_TEST_LINE";
const REPORT: usize = 64;

/// Randomness that remembers what it gave: tokens are among it.
struct Remembering(Arc<SeededRandomness>, Mutex<Vec<Vec<u8>>>);

impl Randomness for Remembering {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomnessError> {
        self.0.fill(bytes)?;
        self.1.lock().unwrap().push(bytes.to_vec());
        Ok(())
    }
}

/// The key's side of the socket: shuttles reports until the other side is gone.
fn serve(listener: &UnixListener, key: &VirtualKey) {
    let (mut stream, _) = listener.accept().unwrap();
    stream.set_nonblocking(true).unwrap();
    let mut connection = key.open().unwrap();
    let mut report = [0; REPORT];
    let mut filled = 0;
    loop {
        match stream.read(&mut report[filled..]) {
            Ok(0) => return,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
        if filled == REPORT {
            filled = 0;
            connection.send(&report).unwrap();
        }
        let mut answer = [0; REPORT];
        if let Ok(Some(_)) = connection.receive(&mut answer, Duration::from_millis(1)) {
            stream.set_nonblocking(false).unwrap();
            stream.write_all(&answer).unwrap();
            stream.set_nonblocking(true).unwrap();
        }
    }
}

/// The program's side of the socket.
struct SocketBus(OsString);

impl Bus for SocketBus {
    fn keys(&self) -> Result<Vec<KeyDescription>, BusError> {
        Ok(vec![Desk::description(0)])
    }

    fn open(&self, _: &KeyPath) -> Result<Box<dyn Connection>, OpenError> {
        Ok(Box::new(SocketConnection(UnixStream::connect(&self.0).unwrap())))
    }

    fn wait_for_change(&self, _: Duration) {}
}

struct SocketConnection(UnixStream);

impl Connection for SocketConnection {
    fn report_sizes(&self) -> ReportSizes {
        ReportSizes::USUAL
    }

    fn send(&mut self, report: &[u8]) -> Result<(), ConnectionError> {
        self.0.write_all(report).map_err(|_| ConnectionError::Unplugged)
    }

    fn receive(
        &mut self,
        report: &mut [u8],
        timeout: Duration,
    ) -> Result<Option<usize>, ConnectionError> {
        self.0.set_read_timeout(Some(timeout.max(Duration::from_millis(1)))).unwrap();
        match self.0.read_exact(&mut report[..REPORT]) {
            Ok(()) => Ok(Some(REPORT)),
            Err(error)
                if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) =>
            {
                Ok(None)
            }
            Err(_) => Err(ConnectionError::Unplugged),
        }
    }
}

struct OsRandom;

impl Random for OsRandom {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RandomError> {
        getrandom::fill(bytes).map_err(|error| RandomError(error.to_string()))
    }
}

/// Not a test of its own: the program, when this binary is started for that.
#[test]
fn program_in_a_process_of_its_own() {
    let Some(socket) = std::env::var_os(SOCKET) else { return };
    let line = std::env::var(LINE).unwrap();
    let mut stdin = File::open("/dev/stdin").unwrap();
    let interrupt = Interrupt::new();
    let terminal =
        UnixTerminal::open(interrupt.clone()).map(|it| Box::new(it) as Box<dyn Terminal>);
    let clock: Arc<dyn Clock> = Arc::new(MonotonicClock::start());
    let surrounded = Surrounded {
        stdin: &mut stdin,
        stdin_is_terminal: false,
        terminal,
        columns: None,
        data_directory: None,
        host: fidokey::host::Host::this_machine(),
        bus: Arc::new(SocketBus(socket.clone())),
        clock,
        random: &mut OsRandom,
        interrupt,
    };
    let Ran { exit, stdout, stderr } = surrounded.run(line.split_whitespace(), false);
    let done = Path::new(&socket).with_extension("done");
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    let words = format!("{}\n{stdout}{stderr}", exit.code());
    fs::write(done.with_extension("part"), words).unwrap();
    fs::rename(done.with_extension("part"), &done).unwrap();
    // Until somebody has looked at this memory and ends the process.
    loop {
        std::thread::park();
    }
}

/// Ends the child whatever happens.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Everything that a process has in memory that it can write to.
fn memory_of(process: u32) -> Vec<Vec<u8>> {
    let maps = fs::read_to_string(format!("/proc/{process}/maps")).unwrap();
    let mut memory = File::open(format!("/proc/{process}/mem")).unwrap();
    let mut regions = Vec::new();
    for line in maps.lines() {
        let mut words = line.split_whitespace();
        let (range, rights) = (words.next().unwrap(), words.next().unwrap());
        if !rights.starts_with("rw") {
            continue;
        }
        let (start, end) = range.split_once('-').unwrap();
        let start = u64::from_str_radix(start, 16).unwrap();
        let end = u64::from_str_radix(end, 16).unwrap();
        let mut bytes = vec![0; usize::try_from(end - start).unwrap()];
        memory.seek(SeekFrom::Start(start)).unwrap();
        // Some special regions cannot be read.
        if memory.read_exact(&mut bytes).is_ok() {
            regions.push(bytes);
        }
    }
    regions
}

fn holds(regions: &[Vec<u8>], wanted: &[u8]) -> bool {
    regions.iter().any(|region| region.windows(wanted.len()).any(|window| window == wanted))
}

/// Runs a command line in a process of its own and looks for what must not be there.
fn leaves_nothing_behind(line: &str, on_terminal: bool, prepare: impl FnOnce(&Desk, &VirtualKey)) {
    let desk = Desk::empty();
    let randomness = Arc::new(Remembering(SeededRandomness::new(3), Mutex::new(Vec::new())));
    let surroundings = Surroundings {
        clock: Arc::new(MonotonicClock::start()),
        randomness: randomness.clone(),
        touch_source: Arc::new(Nobody),
    };
    let (description, settings) = (Desk::description(0), KeySettings::default());
    let key = VirtualKey::volatile(description, settings, Touch::Auto, surroundings);
    desk.keys.plug(&key).unwrap();
    desk.set_pin(PIN);
    prepare(&desk, &key);
    randomness.1.lock().unwrap().clear();

    let socket = desk.path("socket");
    let listener = UnixListener::bind(&socket).unwrap();
    let this = std::env::current_exe().unwrap();
    let name = "memory::program_in_a_process_of_its_own";
    // `setsid` takes the process away from this terminal, and gives it the one that `script` made.
    let mut command = if on_terminal {
        let mut command = Command::new("script");
        let inner = format!("{} --exact {name} --nocapture", this.display());
        command.args(["--quiet", "--return", "--command", &inner, "/dev/null"]);
        command
    } else {
        let mut command = Command::new("setsid");
        command.arg(&this).args(["--exact", name, "--nocapture"]);
        command
    };
    command.env(SOCKET, &socket).env(LINE, line);
    let mut child = Ended(
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap(),
    );
    let mut input = child.0.stdin.take().unwrap();
    let mut screen = child.0.stdout.take().unwrap();
    let typist = std::thread::spawn(move || {
        // On a terminal, what is typed before the prompt is dropped.
        let mut shown = Vec::new();
        let mut byte = [0];
        while on_terminal && !shown.ends_with(b"PIN of ") {
            screen.read_exact(&mut byte).unwrap();
            shown.extend(byte);
        }
        writeln!(input, "{PIN}").unwrap();
        let _ = screen.read_to_end(&mut shown);
        input
    });
    let bridge = {
        let key = key.clone();
        std::thread::spawn(move || serve(&listener, &key))
    };
    let done = socket.with_extension("done");
    let start = Instant::now();
    while !done.exists() {
        assert!(start.elapsed() < Duration::from_secs(60), "the program does not end");
        std::thread::sleep(Duration::from_millis(10));
    }
    let words = fs::read_to_string(&done).unwrap();
    assert!(words.starts_with("0\n"), "{line}: {words}");
    let process = program_of(child.0.id());
    let regions = memory_of(process);
    // The search itself must work: what the program still has is found.
    assert!(holds(&regions, line.as_bytes()), "the memory was not read");
    assert!(!holds(&regions, PIN.as_bytes()), "{line}: the PIN is still in memory");
    let given = randomness.1.lock().unwrap().clone();
    // Tokens have 32 bytes. So have the IDs of resident credentials, which are no secret: they are in
    // the answer.
    let is_told = |bytes: &[u8]| words.contains(&fidokey::webauthn::base64url::encode(bytes));
    let tokens: Vec<_> =
        given.iter().filter(|bytes| bytes.len() == 32 && !is_told(bytes)).collect();
    assert!(!tokens.is_empty(), "no token was made");
    for token in tokens {
        assert!(!holds(&regions, token), "{line}: a token is still in memory");
    }
    // What was to go into a file went there, and stayed nowhere else.
    for (name, secret) in secrets_in(line) {
        assert!(!holds(&regions, &secret), "{line}: {name} is still in memory");
        let text = fidokey::webauthn::base64url::encode(&secret);
        assert!(!holds(&regions, text.as_bytes()), "{line}: {name} is still there in base64url");
    }
    drop(child);
    let _ = typist.join().unwrap();
    bridge.join().unwrap();
}

/// The secrets in the file that `--secret-out` names, if it does.
fn secrets_in(line: &str) -> Vec<(String, Vec<u8>)> {
    let file = line.split_whitespace().skip_while(|word| *word != "--secret-out").nth(1);
    let Some(file) = file else { return Vec::new() };
    let secrets: serde_json::Map<_, _> = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    let secrets: Vec<_> = secrets
        .into_iter()
        .filter_map(|(name, text)| {
            Some((name, fidokey::webauthn::base64url::decode(text.as_str()?).unwrap()))
        })
        .collect();
    assert!(!secrets.is_empty(), "{line}: there is no secret");
    secrets
}

/// The process that runs the program: `script` and `setsid` may have put others before it.
fn program_of(process: u32) -> u32 {
    let children = format!("/proc/{process}/task/{process}/children");
    match fs::read_to_string(children).unwrap_or_default().split_whitespace().next() {
        Some(child) => program_of(child.parse().unwrap()),
        None => process,
    }
}

#[test]
fn after_a_listing_with_the_pin_from_standard_input() {
    leaves_nothing_behind("credential list --pin-file - --no-input", false, |desk, _| {
        let pin = desk.file("pin", PIN);
        desk.run(&format!("register --rp a.example --user al --resident --pin-file {pin}"))
            .succeeded();
    });
}

#[test]
fn after_a_registration_with_the_pin_from_standard_input() {
    leaves_nothing_behind(
        "register --rp a.example --user al --resident --pin-file - --no-input",
        false,
        |_, _| {},
    );
}

#[test]
fn after_a_registration_with_the_pin_typed_on_a_terminal() {
    leaves_nothing_behind("register --rp a.example --user al", true, |_, _| {});
}

/// What is written down of the messages is what is in them without their secrets.
#[test]
fn after_a_registration_with_a_trace() {
    let directory = tempfile::tempdir().unwrap();
    let trace = directory.path().join("trace");
    let line = "register --rp a.example --user al --resident --pin-file - --no-input --trace";
    leaves_nothing_behind(&format!("{line} {}", trace.display()), false, |_, _| {});
    assert!(fs::read_to_string(trace).unwrap().contains("\"pinHashEnc\":{\"masked\":32}"));
}

/// The key for large blobs comes in the clear, in the packets of the answer.
#[test]
fn after_a_registration_with_a_key_for_large_blobs() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("secrets").display().to_string();
    let line =
        "register --rp a.example --user al --resident --large-blob-key --pin-file - --no-input";
    leaves_nothing_behind(&format!("{line} --secret-out {out}"), false, |_, _| {});
}

#[test]
fn after_an_assertion_with_secrets() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("secrets").display().to_string();
    let salt = fidokey::webauthn::base64url::encode(&[7; 32]);
    let line = format!(
        "assert --rp a.example --large-blob-key --hmac-salt {salt} --hmac-salt2 {salt} --pin-file - \
         --no-input --secret-out {out}"
    );
    leaves_nothing_behind(&line, false, |desk, _| {
        let pin = desk.file("pin", PIN);
        let register =
            "register --rp a.example --user al --resident --large-blob-key --hmac-secret";
        desk.run(&format!("{register} --pin-file {pin} --secret-out {}", desk.path("s").display()))
            .succeeded();
    });
}
