//! A desk with a key that holds credentials.

use super::{Desk, Outcome, Reaction};

/// A desk with a key that holds the accounts given, as relying party, name and display name.
pub struct Stocked {
    pub desk: Desk,
    /// The flag that gives the PIN.
    pub pin: String,
}

impl Stocked {
    pub fn with(accounts: &[(&str, &str, &str)]) -> Self {
        let (desk, _) = Desk::with_key();
        desk.set_pin("1234");
        let pin = format!("--pin-file {}", desk.file("pin", "1234"));
        let stocked = Self { desk, pin };
        for (rp, name, display_name) in accounts {
            stocked.register(rp, name, display_name, "");
        }
        stocked.desk.record.take();
        stocked
    }

    /// Three relying parties with five accounts.
    pub fn usual() -> Self {
        Self::with(&[
            ("example.com", "alice@example.com", "Alice Adams"),
            ("example.com", "bob", "bob"),
            ("login.example.org", "alice", "Alice"),
            ("login.example.org", "zoë", "Zoë 日本"),
            ("nhs.example", "carol", "Carol"),
        ])
    }

    pub fn register(&self, rp: &str, name: &str, display_name: &str, more: &str) {
        let hash = "00".repeat(32);
        let line =
            format!("register --rp {rp} --client-data-hash {hash} --resident {} {more}", self.pin);
        let command = self.desk.command(&line);
        let command = command.arg("--user").arg(name).arg("--display-name").arg(display_name);
        command.run().succeeded();
    }

    /// Runs a command line with the PIN.
    pub fn run(&self, line: &str) -> Outcome {
        self.desk.run(&format!("{line} {}", self.pin))
    }

    /// The credentials, as JSON.
    pub fn list(&self) -> Vec<serde_json::Value> {
        let outcome = self.run("credential list --json");
        outcome.succeeded();
        self.desk.record.take();
        outcome.json()["credentials"].as_array().unwrap().clone()
    }

    /// The names of all accounts, sorted.
    pub fn names(&self) -> Vec<String> {
        let name = |one: &serde_json::Value| one["user"]["name"].as_str().unwrap().to_owned();
        let mut names: Vec<String> = self.list().iter().map(name).collect();
        names.sort();
        names
    }

    /// A member of the credential of the account with this name.
    pub fn of(&self, name: &str, member: &str) -> String {
        let list = self.list();
        let one = list.iter().find(|one| one["user"]["name"] == name).unwrap();
        one[member].as_str().unwrap().to_owned()
    }

    /// The ID of the credential of the account with this name, as it is shown.
    pub fn short(&self, name: &str) -> String {
        self.of(name, "short_id")
    }

    /// Answers one subcommand of credential management with this from now on.
    pub fn answering(&self, subcommand: u8, reply: &[u8]) {
        let reply = reply.to_vec();
        self.desk.faults.requests(move |request| match manages(request, subcommand) {
            true => Reaction::Answer(reply.clone()),
            false => Reaction::Forward,
        });
    }
}

/// Whether a request is this subcommand of credential management.
pub fn manages(request: &[u8], subcommand: u8) -> bool {
    request[0] == 0x0a && request[3] == subcommand
}
