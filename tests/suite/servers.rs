//! Relying parties whose verification others wrote (`tests/servers`), each a process on a port of
//! its own, which ends with the test.

use crate::judges::{FOLDER, INSTALLED, python};
use crate::skipped::skip;
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdin, Command, Stdio};

const SERVERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/servers");

/// Whose verification it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Library {
    /// python-fido2.
    Fido2,
    /// py_webauthn.
    Webauthn,
    /// @simplewebauthn/server.
    SimpleWebauthn,
}

impl Library {
    fn command(self, arguments: &[&str]) -> Command {
        let mut command = match self {
            Self::Fido2 | Self::Webauthn => {
                let mut command = python();
                command.arg(format!("{SERVERS}/server.py"));
                command.arg(if self == Self::Fido2 { "fido2" } else { "webauthn" });
                command
            }
            Self::SimpleWebauthn => {
                let mut command = Command::new("node");
                command.arg(format!("{SERVERS}/server.mjs"));
                command.env("JUDGES_NODE", format!("{INSTALLED}/node"));
                command
            }
        };
        command.args(arguments);
        command
    }
}

/// Whether the libraries are installed; where they are not, `test` is skipped, loudly.
pub fn are_installed(test: &str) -> bool {
    let check = Command::new("bash").arg(format!("{FOLDER}/setup")).arg("--check").output();
    let installed = check.is_ok_and(|output| output.status.success());
    if !installed {
        skip(test, "the judges are not installed; tests/judges/setup installs them");
    }
    installed
}

/// A relying party that is ready.
pub struct Server {
    process: Child,
    /// It ends when this is closed, even if the test is killed.
    _stdin: ChildStdin,
    /// Its address, which is its origin too.
    pub url: String,
}

impl Server {
    /// Starts a relying party, without a flaw or with the one of this name.
    pub fn start(library: Library, flaw: Option<&str>) -> Self {
        Self::start_with(library, flaw.as_slice())
    }

    /// Starts a relying party over TLS, and has it write its root to this file.
    pub fn start_tls(library: Library, root: &str) -> Self {
        Self::start_with(library, &["--tls", root])
    }

    /// Starts `fidokey rp serve`.
    pub fn ours() -> Self {
        Self::ours_with(&[])
    }

    /// Starts `fidokey rp serve` with these flags too.
    pub fn ours_with(flags: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fidokey"));
        command.args(["rp", "serve", "--port", "0", "--quiet"]).args(flags);
        Self::spawn(command)
    }

    fn start_with(library: Library, arguments: &[&str]) -> Self {
        Self::spawn(library.command(arguments))
    }

    fn spawn(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().expect("a server starts");
        let stdin = process.stdin.take().unwrap();
        let mut url = String::new();
        // It says its address when it listens; if it fails, its end closes the pipe.
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut url).unwrap();
        let url = url.trim().to_owned();
        assert!(url.contains("://localhost:"), "{command:?} did not start: {url}");
        Self { process, _stdin: stdin, url }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
